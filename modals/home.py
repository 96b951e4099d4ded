"""App Home."""

from db.models import InvitationStatus, Role
from modals import blocks as b
from modals import invitations, set_up
from modals.add_client import ids as add_client
from modals.client_sync import ids as client_sync
from modals.clients import ids as clients
from modals.text import clip, count
from services.overview import ClientLine, Overview

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
_METER = 20
_SHOWN = (
    InvitationStatus.FAILED,
    InvitationStatus.EXPIRED,
    InvitationStatus.QUEUED,
    InvitationStatus.SENT,
    InvitationStatus.OPENED,
    InvitationStatus.ACCEPTED,
)


def overview(shown: Overview) -> b.View:
    blocks = [
        b.header(shown.practice_name),
        b.context(f"Your role: {ROLES[shown.role]}"),
        b.rich(_meter(shown)),
    ]
    # Shown to everybody: whoever may not add clients learns there what is missing, and can ask for it.
    blocks.append(
        b.actions(
            b.button("Add a client", add_client.OPEN, style="primary"),
            b.button("Client Sync", client_sync.OPEN),
            b.button("All clients", clients.LIST),
            block_id="start",  # the same on each publication, so that a press in between is not lost
        )
    )
    if shown.draft is not None:
        name = shown.draft.client_name or "a client without a name yet"
        blocks += [
            b.divider(),
            b.rich([b.bold("Your draft: "), b.words(f"{name}, last changed "), b.moment(shown.draft.updated_at)]),
            b.actions(
                b.button("Resume", add_client.RESUME, value=str(shown.draft.id)),
                b.button("Discard", add_client.DISCARD, value=str(shown.draft.id))
                | {"confirm": b.confirm("Discard the draft?", "What you typed is lost.", "Discard", "Keep it")},
                block_id="draft",
            ),
        ]
    if shown.broken:
        said = count(shown.broken, "client is", "clients are")
        words = f" {said} no longer connected to the accounting software."
        blocks += [
            b.divider(),
            b.rich([b.emoji("warning"), b.words(words)]),
            b.actions(b.button("Reconnect", client_sync.OPEN), block_id="broken"),
        ]
    listing = b.button("Invitations", invitations.LIST)
    blocks += [
        b.divider(),
        b.header("Invitations"),
        b.section(_invitations(shown), accessory=listing) | {"block_id": "invitations"},
    ]
    blocks += [b.divider(), b.header("Newest clients")]
    if shown.recent:
        blocks += [
            b.section(_client(line), accessory=b.button("Open", clients.OPEN, value=str(line.client_id)))
            | {"block_id": f"client.{line.client_id}"}
            for line in shown.recent
        ]
    else:
        hint = " Press Add a client to begin." if shown.may_add_clients else ""
        blocks.append(b.section(f"No clients that you can see yet.{hint}"))
    return b.home(blocks)


def _meter(shown: Overview) -> list[b.Element]:
    used, included = shown.bundle.used, shown.bundle.included
    filled = min(_METER, _METER * used // max(included, 1))
    return [
        b.bold("Client bundle: "),
        b.words(f"{used:,} of {included:,} used  "),
        b.code("█" * filled + "░" * (_METER - filled)),
    ]


def _invitations(shown: Overview) -> str:
    parts = [f"{shown.invitations[status]:,} {STATUSES[status]}" for status in _SHOWN if shown.invitations.get(status)]
    return " · ".join(parts) or "Nobody has been invited yet."


def _client(line: ClientLine) -> str:
    parts = [clip(line.name, 300), line.practice_code, STATUSES[line.invitation] if line.invitation else "not invited"]
    return " · ".join(part for part in parts if part)


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
