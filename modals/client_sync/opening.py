"""What Client Sync shows first: what can be done with each provider, and the way to its consent page."""

from db.models import Provider
from modals import blocks as b
from modals.add_client import ids as add_client
from modals.client_sync import ids
from modals.permissions import asking
from modals.text import count
from services.accounting.port import NAMES
from services.add_client.records import PermissionMissing
from services.client_sync.records import Goal, Opening, RunLine, SignIn

TITLE = "Client Sync"
_LISTED = 10
_PURPOSES = {
    Goal.ADD: "Sign in there as somebody who can see your clients' organisations, and allow access.",
    Goal.RECONNECT: (
        "Sign in there as somebody who can see the organisations that are no longer connected. "
        "Each of them that this sign-in reaches is connected again."
    ),
    Goal.REASSIGN: (
        "Sign in there as somebody who can see the organisations that you take over from a colleague. "
        "You choose among them next."
    ),
}


def opening(shown: Opening) -> b.View:
    blocks: list[b.Block] = []
    for provider in shown.providers:
        blocks += [
            b.header(NAMES[provider]),
            *(_xero(shown) if provider is Provider.XERO else _one_at_a_time(provider)),
        ]
    if Provider.XERO not in shown.providers:
        said = "This installation of Clientdesk is not set up for Xero. Ask whoever runs it to set it up."
        blocks += [b.header(NAMES[Provider.XERO]), b.section(said)]
    if shown.running:
        blocks += [b.divider(), b.header("Running now")]
        for line in shown.running[:_LISTED]:
            blocks += [
                b.rich(_running(line)),
                b.actions(b.button("Show progress", ids.SHOW, value=str(line.run_id)), block_id=f"run-{line.run_id}"),
            ]
        if len(shown.running) > _LISTED:
            blocks.append(b.context(f"and {len(shown.running) - _LISTED:,} more"))
    return b.modal(TITLE, blocks)


def _xero(shown: Opening) -> list[b.Block]:
    blocks = [
        b.section(
            "Add clients: choose among your organisations at Xero, and each becomes a client account.\n"
            "Reconnect all: sign in again for the clients whose connection has ended.\n"
            "Reassign clients: take over connections that rest on a colleague's sign-in."
        )
    ]
    buttons = [b.button("Reconnect all", ids.RECONNECT), b.button("Reassign clients", ids.REASSIGN)]
    if shown.missing is None:
        buttons.insert(0, b.button("Add clients", ids.ADD, style="primary"))
    blocks.append(b.actions(*buttons))
    if shown.missing is not None:
        blocks += _missing(shown.missing)
    elif shown.choosing is not None:
        blocks += [
            b.rich(
                [
                    b.words("You have begun to choose among organisations that were listed on "),
                    b.moment(shown.choosing.at),
                    b.words("."),
                ]
            ),
            b.actions(b.button("Go on choosing", ids.GO_ON, value=str(shown.choosing.run_id))),
        ]
    return blocks


def _missing(missing: PermissionMissing) -> list[b.Block]:
    what = [b.words("To add clients, you need the permission “Add client accounts”.")]
    if missing.asked is not None:
        return asking.pending(missing.asked, what)
    who = [b.words("It can be given to you by "), *b.mentions(missing.admins), b.words(".")]
    return [b.rich(what, who), b.actions(asking.request_button())]


def _one_at_a_time(provider: Provider) -> list[b.Block]:
    return [
        b.section(f"{NAMES[provider]} is connected one client at a time, while you add the client or from its card."),
        b.actions(b.button("Add a client", add_client.OPEN)),
    ]


def _running(line: RunLine) -> list[b.Element]:
    who = b.words("You") if line.mine else b.mention(line.starter)
    done = "the lists of each client follow" if line.settled >= line.total else f"{line.settled:,} done"
    return [
        who,
        b.words(f" · {count(line.total, 'organisation', 'organisations')}, {done} · begun on "),
        b.moment(line.at),
    ]


def sign_in(shown: SignIn, *, problem: str | None = None) -> b.View:
    """`problem` is why the sign-in that there is did not do."""
    goal, name = shown.goal, NAMES[shown.provider]
    blocks: list[b.Block] = []
    if problem is not None:
        blocks.append(b.rich([b.emoji("warning"), b.words(f" {problem}")]))
    blocks.append(b.section(f"{name} opens in your browser. {_PURPOSES[goal]}"))
    if goal is not Goal.REASSIGN or not shown.bulk:
        blocks.append(b.section(_how_many(name, bulk=shown.bulk)))
    label = f"Sign in at {name} again" if shown.signed_in else f"Sign in at {name}"
    buttons = [b.link_button(label, ids.LEAVE, shown.start_url, style=None if shown.signed_in else "primary")]
    if shown.signed_in:
        use = "Try again" if problem else "Use my sign-in"
        buttons.insert(0, b.button(use, ids.USE_SIGN_IN, value=goal, style="primary"))
    blocks += [
        b.actions(*buttons),
        b.context("This window moves on by itself when you are back."),
        b.actions(b.button("Back", ids.OPEN), block_id="navigation"),
    ]
    return b.modal(TITLE, blocks) | {"external_id": shown.external_id}


def _how_many(name: str, *, bulk: bool) -> str:
    if bulk:
        return f"{name} shows all organisations of that person: tick them all and press Continue with n organisations."
    return f"{name} connects one organisation each time; repeat it for each that is not connected yet."
