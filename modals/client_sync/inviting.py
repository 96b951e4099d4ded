"""Inviting the clients that a sync has added, some at a time."""

import uuid
from collections.abc import Mapping
from typing import Any

from modals import blocks as b
from modals import form
from modals.client_sync import ids
from modals.text import clip, count
from services.client_sync.records import InvitablePage

TITLE = "Invite these clients"
_FIELDS = ("contact_name", "contact_email")


class InvitingMetadata(form.Metadata):
    """`passed` counts those that were shown and left."""

    run: uuid.UUID
    clients: tuple[uuid.UUID, ...]
    passed: int


def page(shown: InvitablePage, *, passed: int = 0) -> b.View:
    said = f"{count(shown.invited, 'client is', 'clients are')} being invited. " if shown.invited else ""
    if not shown.clients:
        return _done(shown, said)
    left = shown.left - passed
    blocks = [
        b.section(
            f"{said}{count(left, 'client has', 'clients have')} nobody yet. Enter who is to be invited: they get an "
            "e-mail with a link, and become the owner. Leave both lines empty to pass a client over."
        )
    ]
    for client in shown.clients:
        blocks += [
            b.rich([b.bold(clip(client.name, 200))]),
            b.field(
                f"contact_name-{client.id}", "Name", b.text_input(placeholder="First and last name"), optional=True
            ),
            b.field(
                f"contact_email-{client.id}", "E-mail", b.text_input(placeholder="name@example.com"), optional=True
            ),
        ]
    metadata = InvitingMetadata(run=shown.run_id, clients=tuple(each.id for each in shown.clients), passed=passed)
    return b.modal(
        TITLE,
        blocks,
        callback_id=ids.SUBMIT_INVITES,
        submit="Invite" if len(shown.clients) == left else "Invite, then the next",
        private_metadata=metadata.dump(),
    )


def read(view: Mapping[str, Any]) -> dict[uuid.UUID, dict[str, str]]:
    """What was entered, for each client of the page that is not left empty."""
    values = form.read(view)
    found = {}
    for client_id in InvitingMetadata.of(view).clients:
        entered = {field: str(values.get(f"{field}-{client_id}") or "").strip() for field in _FIELDS}
        if any(entered.values()):
            found[client_id] = entered
    return found


def _done(shown: InvitablePage, said: str) -> b.View:
    if not shown.left:
        return b.modal(TITLE, [b.section(f"{said}All clients of this sync have somebody now.")])
    left = count(shown.left, "client still has", "clients still have")
    return b.modal(
        TITLE,
        [
            b.section(f"{said}{left} nobody."),
            b.actions(b.button("Show them", ids.INVITE, value=str(shown.run_id))),
        ],
    )
