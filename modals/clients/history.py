"""What happened to a client, and what it started with."""

from modals import audit
from modals import blocks as b
from modals.clients import ids
from modals.clients.metadata import ClientMetadata, ListMetadata
from modals.settings.overview import defaults_facts
from services.audit.finding import AuditWish, Mark
from services.clients.history import Applied, ClientHistory

TITLE = "History"
APPLIED_TITLE = "What was applied"


def history(shown: ClientHistory, at: ListMetadata) -> b.View:
    blocks = [b.rich([b.words("What happened to "), b.bold(shown.client_name)])]
    for line in shown.lines:
        blocks += [b.divider(), b.rich(*audit.entry(line))]
    buttons = []
    if not shown.is_newest:
        buttons.append(b.button("Newest", ids.HISTORY))
    if shown.older is not None:
        buttons.append(b.button("Older", ids.OLDER_HISTORY, value=shown.older.model_dump_json()))
    if shown.sees_trail:
        value = audit.AuditPlace(wish=AuditWish(client=shown.client_id)).dump()
        buttons.append(b.button(audit.TITLE, audit.OPEN, value=value))
    blocks += [b.divider(), b.actions(*buttons, b.button("Back", ids.BACK), block_id="navigation")]
    return b.modal(TITLE, blocks, private_metadata=ClientMetadata.of_client(at, shown.client_id).dump())


def read_mark(value: str) -> Mark:
    return Mark.model_validate_json(value)


def applied(shown: Applied, at: ListMetadata) -> b.View:
    blocks = [
        b.rich(
            [
                b.words("What "),
                b.bold(shown.client_name),
                b.words(" started with: the practice's client defaults of "),
                b.moment(shown.created_at),
                b.words("."),
            ]
        ),
        b.facts(defaults_facts(shown.defaults)),
        b.context("Later changes of the client defaults apply to clients that are added afterwards."),
        b.actions(b.button("Back", ids.BACK), block_id="navigation"),
    ]
    return b.modal(APPLIED_TITLE, blocks, private_metadata=ClientMetadata.of_client(at, shown.client_id).dump())
