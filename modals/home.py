"""App Home."""

import hashlib
import json
from collections.abc import Sequence

from db.models import InvitationStatus, Role
from modals import blocks as b
from modals import insights, invitations, set_up
from modals.add_client import ids as add_client
from modals.client_sync import ids as client_sync
from modals.clients import ids as clients
from modals.invitations import ListPlace
from modals.people import ids as people
from modals.people.taking_over import take_over_notice
from modals.permissions import ids as permissions
from modals.permissions import words
from modals.settings import ids as settings
from modals.text import clip, count
from services.client_sync.records import RunLine
from services.invitations.listing import InvitationWish, Standing
from services.overview.records import MOST_COUNTED, ClientLine, Home, Overview, Room
from services.permissions.records import Request

ROLES = {Role.PRACTICE_ADMIN: "Practice Admin", Role.CLIENT_ADMIN: "Client Admin", Role.STANDARD: "Standard"}
STATUSES = {
    InvitationStatus.QUEUED: "queued",
    InvitationStatus.SENT: "sent",
    InvitationStatus.FAILED: "could not be delivered",
    InvitationStatus.OPENED: "opened",
    InvitationStatus.ACCEPTED: "accepted",
    InvitationStatus.EXPIRED: "expired",
    InvitationStatus.SUPERSEDED: "replaced",
    InvitationStatus.REVOKED: "revoked",
}
_STANDINGS = {
    Standing.FAILED: ("invitation could not be delivered", "invitations could not be delivered"),
    Standing.EXPIRED: ("invitation has expired", "invitations have expired"),
    Standing.EXPIRING: ("invitation expires within two days", "invitations expire within two days"),
    Standing.PENDING: ("invitation waits to be accepted", "invitations wait to be accepted"),
}
"""What is to be done first comes first."""
_NOTHING = "Nothing waits for you: no invitation is open, and all connections work."
_METER = 20
_NAME = 80


def page(home: Home) -> b.View:
    if home.overview is None:
        return refused(home.refusal or "")
    return overview(home.overview, explains=home.explains)


def digest(view: b.View) -> str:
    """The same for pages that look the same."""
    return hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()


def overview(shown: Overview, *, explains: bool = False) -> b.View:
    """With `explains`, it says to somebody who is new what the app is."""
    blocks = [b.header(shown.practice_name), b.context(f"Your role: {ROLES[shown.role]}")]
    if explains:
        blocks.append(_explanation(shown))
    blocks += _meter(shown)
    blocks += _quick(shown)
    if shown.may_take_over:
        blocks += [b.divider(), *take_over_notice()]
    waiting = [
        *_draft(shown),
        *_requests(shown),
        *_syncs(shown),
        *_invitations(shown),
        *_broken(shown),
    ]
    blocks += [b.divider(), b.header("What needs doing"), *(waiting or [b.section(_NOTHING)])]
    newest = [_client(line) for line in shown.recent] or [b.section(_no_clients(shown))]
    blocks += [b.divider(), b.header("Newest clients"), *newest]
    return b.home(blocks)


def _explanation(shown: Overview) -> b.Block:
    add = "Add your practice's clients" if shown.may_add_clients else "Open the clients that you were given"
    more = ", one by one or many at once from Xero, and invite them." if shown.may_add_clients else ", and invite them."
    return b.rich(
        [b.emoji("wave"), b.bold(" Welcome to Clientdesk. "), b.words(f"{add} from Slack{more}")],
        [b.words("This page says what needs doing: drafts, requests, invitations and connections that have ended.")],
        [b.words("What cannot wait comes as a message. Type "), b.code("/clients help"), b.words(" for all there is.")],
    )


def _meter(shown: Overview) -> list[b.Block]:
    lines: list[list[b.Element]] = []
    if shown.bundle is not None:
        used, included = shown.bundle.used, shown.bundle.included
        filled = min(_METER, _METER * used // max(included, 1))
        lines.append(
            [
                b.bold("Client bundle: "),
                b.words(f"{used:,} of {included:,} used  "),
                b.code("█" * filled + "░" * (_METER - filled)),
            ]
        )
    if shown.room in {Room.LITTLE, Room.NONE}:
        lines.append([b.emoji("warning"), b.words(f" {_room(shown)}")])
    return [b.rich(*lines)] if lines else []


def _room(shown: Overview) -> str:
    is_admin = shown.role is Role.PRACTICE_ADMIN
    who = "Raise it in Settings" if is_admin else "Ask a Practice Admin to raise it"
    if shown.room is Room.NONE:
        return f"The client bundle is full. {who} before you add the next client."
    if shown.bundle is None:
        return f"The client bundle is nearly full. {who} in good time."
    left = count(shown.bundle.included - shown.bundle.used, "place", "places")
    return f"The client bundle has {left} left. {who} in good time."


def _quick(shown: Overview) -> list[b.Block]:
    """Adding is offered to everybody: whoever may not learns there what is missing, and can ask for it. The names of
    the blocks stay from one publication to the next, so that no press in between is lost."""
    more = [
        b.button("Requests", permissions.LIST),
        b.button("Team", people.TEAM),
        b.button("Settings", settings.OPEN),
    ]
    if shown.may_see_insights:
        more.append(b.button("Insights", insights.OPEN))
    return [
        b.actions(
            b.button("Add a client", add_client.OPEN, style="primary"),
            b.button("Client Sync", client_sync.OPEN),
            b.button("All clients", clients.LIST),
            b.button("Invitations", invitations.LIST),
            block_id="start",
        ),
        b.actions(*more, block_id="more"),
    ]


def _no_clients(shown: Overview) -> str:
    if shown.may_add_clients and shown.bundle is not None:
        return "There are no clients yet. Press Add a client for the first one, or Client Sync to bring many from Xero."
    hint = (
        "You see those that you add yourself."
        if shown.may_add_clients
        else "To add clients yourself, press Add a client."
    )
    return f"You see no clients yet. An admin of your practice can give you access to some. {hint}"


def _draft(shown: Overview) -> list[b.Block]:
    if shown.draft is None:
        return []
    name = shown.draft.client_name or "a client without a name yet"
    value = str(shown.draft.id)
    discard = b.confirm("Discard the draft?", "What you typed is lost.", "Discard", "Keep it")
    return [
        b.rich(
            [b.bold("Your draft: "), b.words(f"{clip(name, 300)}, last changed "), b.moment(shown.draft.updated_at)]
        ),
        b.actions(
            b.button("Resume", add_client.RESUME, value=value),
            b.button("Discard", add_client.DISCARD, value=value) | {"confirm": discard},
            block_id="draft",
        ),
    ]


def _requests(shown: Overview) -> list[b.Block]:
    found, blocks = shown.requests, []
    if found.waiting:
        said = count(found.waiting, "request waits", "requests wait")
        lines = [[b.words("• "), b.bold(clip(each.requester_name, _NAME)), *_asks(each)] for each in found.first]
        show = b.button("Show", permissions.LIST)
        blocks.append(_item(f"{said} for your decision", show, block_id="requests"))
        blocks.append(b.rich(*lines, _more(found.waiting - len(found.first))))
    if found.mine:
        lines = [[b.words("• "), *_asked(each)] for each in found.mine]
        blocks.append(b.rich([b.bold("Not decided yet: ")], *lines))
    return blocks


def _asks(request: Request) -> list[b.Element]:
    return [b.words(f" asks for {words.what(request)} · "), b.moment(request.created_at)]


def _asked(request: Request) -> list[b.Element]:
    return [b.words(f"You asked for {words.what(request)} · "), b.moment(request.created_at)]


def _syncs(shown: Overview) -> list[b.Block]:
    found, blocks = shown.syncs, []
    if found.choosing is not None:
        go_on = b.button("Go on choosing", client_sync.GO_ON, value=str(found.choosing.run_id))
        blocks.append(_item("You have begun to choose among organisations at Xero", go_on, block_id="choosing"))
    for line in found.running:
        show = b.button("Show progress", client_sync.SHOW, value=str(line.run_id))
        blocks += [b.rich(_running(line)), b.actions(show, block_id=f"sync.{line.run_id}")]
    if found.more:
        show_all = b.button("Show all", client_sync.OPEN)
        blocks.append(_item(f"and {count(found.more, 'other sync', 'other syncs')}", show_all, block_id="syncs"))
    return blocks


def _running(line: RunLine) -> list[b.Element]:
    filled = _METER * line.settled // max(line.total, 1)
    who = b.words("you") if line.mine else b.mention(line.starter)
    follow = ", their lists follow" if line.settled >= line.total else ""
    return [
        b.bold("Client Sync by "),
        who,
        b.words(f": {line.settled:,} of {count(line.total, 'organisation', 'organisations')}{follow}  "),
        b.code("█" * filled + "░" * (_METER - filled)),
    ]


def _invitations(shown: Overview) -> list[b.Block]:
    blocks = []
    for standing, (one, many) in _STANDINGS.items():
        if found := shown.invitations.get(standing):
            value = ListPlace.at(InvitationWish(standing)).dump()
            show = b.button("Show", invitations.LIST, value=value)
            blocks.append(_item(_counted(found, one, many), show, block_id=f"invitations.{standing}"))
    return blocks


def _broken(shown: Overview) -> list[b.Block]:
    found = shown.broken
    if not found.count:
        return []
    said = _counted(found.count, "client is", "clients are")
    named = ", ".join(clip(name, _NAME) for name in found.names)
    return [
        _item(
            f"{said} no longer connected to the accounting software",
            b.button("Reconnect", client_sync.OPEN),
            block_id="broken",
        ),
        b.context(f"{named}{_and_more(found.count - len(found.names), capped=found.count > MOST_COUNTED)}"),
    ]


def _client(line: ClientLine) -> b.Block:
    parts = [clip(line.name, 300), line.practice_code, STATUSES[line.invitation] if line.invitation else "not invited"]
    said = " · ".join(part for part in parts if part)
    return b.section(said, accessory=b.button("Open", clients.OPEN, value=str(line.client_id))) | {
        "block_id": f"client.{line.client_id}"
    }


def _item(said: str, button: b.Element | None = None, *, block_id: str | None = None) -> b.Block:
    """A line of our own words that says what is to be done."""
    block = b.markup(f"*{said}*")
    if button is not None:
        block["accessory"] = button
    return block if block_id is None else block | {"block_id": block_id}


def _counted(number: int, one: str, many: str) -> str:
    return f"{MOST_COUNTED:,}+ {many}" if number > MOST_COUNTED else count(number, one, many)


def _more(number: int) -> Sequence[b.Element]:
    return [b.words(f"and {number:,} more")] if number > 0 else []


def _and_more(number: int, *, capped: bool) -> str:
    if number <= 0:
        return ""
    return " and many more" if capped else f" and {number:,} more"


def not_set_up(may_set_up: bool) -> b.View:
    blocks = [
        b.header("Welcome to Clientdesk"),
        b.section("Add your practice's clients from Slack, invite them, and see here what needs doing."),
    ]
    if may_set_up:
        blocks.append(b.actions(b.button("Set up Clientdesk", set_up.OPEN, style="primary")))
    else:
        blocks.append(b.section("An owner or admin of this workspace sets it up first. Ask them to type /add-client."))
    return b.home(blocks)


def refused(text: str) -> b.View:
    return b.home([b.section(text)])
