"""Messages that tell a colleague what happened to an invitation, and the welcome."""

from modals import blocks as b
from modals.add_client import ids as add_client
from services.invitations.service import InvitationNotice


def welcome() -> b.Message:
    return b.message(
        "Welcome to Clientdesk. Type /add-client to add your first client.",
        [
            b.header("Welcome to Clientdesk"),
            b.rich(
                [b.words("Add clients from Slack with "), b.code("/add-client"), b.words(".")],
                [b.words("They are invited by e-mail, and you hear from me here when they accept.")],
                [
                    b.words("The Home tab shows your drafts and what needs doing. "),
                    b.code("/clients help"),
                    b.words(" lists the commands."),
                ],
            ),
            b.actions(b.button("Add a client", add_client.OPEN, style="primary")),
        ],
    )


def invitation_accepted(notice: InvitationNotice) -> b.Message:
    said = f"{notice.person_name} accepted the invitation to {notice.client_name}"
    return b.message(
        said,
        [
            b.rich(
                [
                    b.words("✅ "),
                    b.bold(notice.person_name),
                    b.words(f" ({notice.email}) accepted the invitation to "),
                    b.bold(notice.client_name),
                    b.words(" and set a password."),
                ]
            )
        ],
    )


def invitation_failed(notice: InvitationNotice) -> b.Message:
    said = f"The invitation to {notice.client_name} could not be delivered to {notice.email}"
    return b.message(
        said,
        [
            b.rich(
                [
                    b.words("⚠️ The invitation for "),
                    b.bold(notice.person_name),
                    b.words(" to "),
                    b.bold(notice.client_name),
                    b.words(f" could not be delivered to {notice.email}."),
                ],
                [b.words(notice.failure or "The address was refused.")],
                [b.words("The client account is there. Check the address with your client.")],
            )
        ],
    )


def invitation_renewal_asked(notice: InvitationNotice) -> b.Message:
    said = f"{notice.person_name} asks for a new invitation to {notice.client_name}"
    return b.message(
        said,
        [
            b.rich(
                [
                    b.words("✉️ "),
                    b.bold(notice.person_name),
                    b.words(f" ({notice.email}) opened an invitation to "),
                    b.bold(notice.client_name),
                    b.words(" that has expired, and asks for a new one."),
                ]
            )
        ],
    )
