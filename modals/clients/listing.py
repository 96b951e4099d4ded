"""The list of clients, with its search."""

from modals import blocks as b
from modals.add_client import ids as add_client
from modals.clients import ids
from modals.clients.metadata import ListMetadata
from modals.clients.words import STATES
from modals.home import STATUSES
from modals.text import clip, count
from services.accounting.connections import ConnectionState
from services.accounting.port import NAMES
from services.clients.search import QUERY_LENGTH, ClientLine, ClientPage

TITLE = "Clients"
_LONGEST = 200


def listing(shown: ClientPage) -> b.View:
    blocks = [_search(shown)] if shown.total else []
    blocks.append(b.section(_count(shown)) if shown.found else _nothing(shown))
    blocks += [
        b.section(_line(line), accessory=b.button("Open", ids.OPEN, value=str(line.client_id))) for line in shown.lines
    ]
    turning = _turning(shown)
    if turning:
        blocks.append(b.actions(*turning, block_id="pages"))
    if not shown.total:
        blocks.append(b.actions(b.button("Add a client", add_client.OPEN, style="primary")))
    return b.modal(
        TITLE,
        blocks,
        callback_id=ids.FIND,
        submit="Search" if shown.total else None,
        private_metadata=ListMetadata.at(shown.wish).dump(),
    )


def _search(shown: ClientPage) -> b.Block:
    typed = b.text_input(shown.wish.query, placeholder="Part of a name, code, organisation or e-mail")
    found = typed | {"action_id": ids.SEARCH, "max_length": QUERY_LENGTH}
    return b.field("query", "Find a client", found, optional=True, acts=True)


def _count(shown: ClientPage) -> str:
    what = count(shown.found, "client", "clients")
    said = f"{what} with “{shown.wish.query}”" if shown.wish.query else f"{what} that you can open"
    return f"{said} · page {shown.wish.page + 1:,} of {shown.pages:,}" if shown.pages > 1 else said


def _nothing(shown: ClientPage) -> b.Block:
    if shown.total:
        return b.section(
            f"None of your {count(shown.total, 'client', 'clients')} has “{shown.wish.query}” in its name, code, "
            "organisation or e-mail. Search for a shorter part, or empty the field to list all."
        )
    if shown.may_add_clients:
        return b.section("There are no clients yet. Press Add a client to begin, or type /client-sync to add many.")
    return b.section(
        "There are no clients that you can open. Ask a Practice Admin or a Client Admin for access to yours, "
        "or press Add a client to ask for the permission to add them."
    )


def _line(line: ClientLine) -> str:
    name = clip(line.name, _LONGEST)
    first = f"{name} · {line.practice_code}" if line.practice_code else name
    parts = [f"{first} (deactivated)" if line.deactivated_at else first, _connection(line)]
    parts.append(f"Invitation {STATUSES[line.invitation]}" if line.invitation else "Not invited")
    return f"{parts[0]}\n{' · '.join(parts[1:])}"


def _connection(line: ClientLine) -> str:
    if line.state is ConnectionState.NOT_CONNECTED or line.provider is None:
        return STATES[ConnectionState.NOT_CONNECTED]
    return f"{NAMES[line.provider]}: {STATES[line.state]}, {clip(str(line.organisation), _LONGEST)}"


def _turning(shown: ClientPage) -> list[b.Element]:
    page = shown.wish.page
    buttons = []
    if page > 0:
        buttons.append(b.button("Previous", ids.PREVIOUS, value=str(page - 1)))
    if page < shown.pages - 1:
        buttons.append(b.button("Next", ids.NEXT, value=str(page + 1)))
    return buttons
