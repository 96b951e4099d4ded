"""Inviting the first user of a client, and what is done with an invitation that is out."""

import uuid
from collections.abc import Mapping
from typing import Any

from modals import blocks as b
from modals.clients import ids as clients
from modals.clients.metadata import ListMetadata
from modals.form import Metadata
from services.invitations.first_user import Invitable, Invited
from services.invitations.listing import InvitationWish, Standing
from services.invitations.records import Renewed, Subject
from services.phones import mask_mobile

OPEN = "invitations.open"
SUBMIT = "invitations.submit"
INVITE_USER = "invitations.invite_user"
RESEND = "invitations.resend"
CHANGE_EMAIL = "invitations.change_email"
SAVE_EMAIL = "invitations.save_email"
REVOKE = "invitations.revoke"
CONFIRM_REVOKE = "invitations.confirm_revoke"
LIST = "invitations.list"
TITLE = "Invite the client"
OUTCOME = "Invitation"


class ClientMetadata(Metadata):
    client: uuid.UUID


class ListPlace(Metadata):
    """Which part of the invitations' list a person looks at."""

    standing: Standing = Standing.PENDING
    query: str = ""
    page: int = 0

    @property
    def wish(self) -> InvitationWish:
        return InvitationWish(self.standing, self.query, self.page)

    @classmethod
    def at(cls, wish: InvitationWish) -> "ListPlace":
        return cls(standing=wish.standing, query=wish.query, page=wish.page)


class MessagePlace(Metadata):
    """The block of a message's buttons."""

    channel: str
    ts: str
    block: str


class InvitationMetadata(Metadata):
    """An invitation, and where the person came from: the list, a message whose buttons go away then, or else the
    client's card and, in the list of clients, `at`."""

    invitation: uuid.UUID
    place: ListPlace | None = None
    message: MessagePlace | None = None
    at: ListMetadata | None = None


def open_button(client_id: uuid.UUID) -> b.Element:
    return b.button(TITLE, OPEN, value=str(client_id), style="primary")


def contact_fields(
    name: str | None = None, email: str | None = None, mobile: str | None = None, *, texts: bool
) -> list[b.Block]:
    """The mobile is asked for where `texts` go out."""
    fields = [
        b.field("contact_name", "Client's name", b.text_input(name, placeholder="First and last name")),
        b.field("contact_email", "Client's e-mail", b.text_input(email, placeholder="name@example.com")),
    ]
    if texts:
        fields.append(_mobile_field("contact_mobile", "Client's mobile", mobile))
    return fields


def _mobile_field(block_id: str, label: str, mobile: str | None) -> b.Block:
    hint = "For a text message with the link and the app."
    return b.field(block_id, label, b.text_input(mobile), hint=hint, optional=True)


def form(shown: Invitable) -> b.View:
    return b.modal(
        TITLE,
        [
            b.rich(
                [b.words("They get an e-mail with a link, and become the owner of "), b.bold(shown.name), b.words(".")]
            ),
            *contact_fields(texts=shown.texts),
        ],
        callback_id=SUBMIT,
        submit="Invite",
        private_metadata=ClientMetadata(client=shown.client_id).dump(),
    )


def done(invited: Invited) -> b.View:
    texted = f" and {mask_mobile(invited.contact_mobile)}" if invited.contact_mobile else ""
    said = f"{invited.contact_name} is being invited to {invited.client_name} at {invited.contact_email}{texted}."
    return b.modal(TITLE, [b.section(f"{said} You hear from me when they accept.")])


def change_form(subject: Subject, metadata: InvitationMetadata) -> b.View:
    return b.modal(
        "Change e-mail",
        [
            b.rich(
                [
                    b.words("The invitation of "),
                    b.bold(subject.person_name),
                    b.words(" to "),
                    b.bold(subject.client_name),
                    b.words(" is sent anew, with another week. The link that was sent before stops working."),
                ]
            ),
            b.field("email", "E-mail", b.text_input(subject.email, placeholder="name@example.com")),
            *([_mobile_field("mobile", "Mobile", subject.mobile)] if subject.texts else []),
        ],
        callback_id=SAVE_EMAIL,
        submit="Save and send",
        close="Cancel",
        private_metadata=metadata.dump(),
    )


def revoke_form(subject: Subject, metadata: InvitationMetadata) -> b.View:
    return b.modal(
        "Revoke the invitation",
        [
            b.rich(
                [
                    b.words("The link that was sent to "),
                    b.bold(subject.person_name),
                    b.words(f" ({subject.email}) for "),
                    b.bold(subject.client_name),
                    b.words(" stops working. You can send a new invitation at any time."),
                ]
            )
        ],
        callback_id=CONFIRM_REVOKE,
        submit="Revoke",
        close="Keep it",
        private_metadata=metadata.dump(),
    )


def renewed(outcome: Renewed) -> b.View:
    """For whoever came from a message."""
    open_client = b.button("Open client", clients.OPEN, value=str(outcome.client_id))
    return b.modal(OUTCOME, [b.section(sent(outcome)), b.actions(open_client, b.button("Invitations", LIST))])


def sent(outcome: Renewed) -> str:
    if outcome.repeated:
        return f"The invitation of {outcome.person_name} was sent to {outcome.email} a moment ago."
    return f"A new invitation of {outcome.person_name} is on its way to {outcome.email}. It works for 7 days."


def withdrawn(subject: Subject) -> str:
    return f"The invitation of {subject.person_name} is revoked: its link no longer works."


def message_buttons(invitation_id: uuid.UUID) -> b.Block:
    value = str(invitation_id)
    return b.actions(
        b.button("Resend", RESEND, value=value, style="primary"),
        b.button("Change e-mail", CHANGE_EMAIL, value=value),
        block_id=f"invitation.{invitation_id}",
    )


def settled(message: Mapping[str, Any], block_id: str, outcome: Renewed) -> b.Message:
    """The same message with what has become of an invitation in place of its buttons."""
    return b.settled(message, block_id, b.rich([b.emoji("white_check_mark"), b.words(f" {sent(outcome)}")]))
