"""Inviting the first user of a client."""

import uuid

from modals import blocks as b
from modals.form import Metadata
from services.invitations.first_user import Invitable, Invited

OPEN = "invitations.open"
SUBMIT = "invitations.submit"
RESEND = "invitations.resend"
CHANGE_EMAIL = "invitations.change_email"
TITLE = "Invite the client"


class ClientMetadata(Metadata):
    client: uuid.UUID


def open_button(client_id: uuid.UUID) -> b.Element:
    return b.button(TITLE, OPEN, value=str(client_id), style="primary")


def contact_fields(name: str | None = None, email: str | None = None) -> list[b.Block]:
    return [
        b.field("contact_name", "Client's name", b.text_input(name, placeholder="First and last name")),
        b.field("contact_email", "Client's e-mail", b.text_input(email, placeholder="name@example.com")),
    ]


def form(shown: Invitable) -> b.View:
    return b.modal(
        TITLE,
        [
            b.rich(
                [b.words("They get an e-mail with a link, and become the owner of "), b.bold(shown.name), b.words(".")]
            ),
            *contact_fields(),
        ],
        callback_id=SUBMIT,
        submit="Invite",
        private_metadata=ClientMetadata(client=shown.client_id).dump(),
    )


def done(invited: Invited) -> b.View:
    said = f"{invited.contact_name} is being invited to {invited.client_name} at {invited.contact_email}."
    return b.modal(TITLE, [b.section(f"{said} You hear from me when they accept.")])
