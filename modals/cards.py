"""Messages that tell a colleague what happened to an invitation, and the welcome."""

from db.models import InvitationStatus
from modals import blocks as b
from modals import invitations, set_up
from modals.add_client import ids as add_client
from services.invitations.records import InvitationNotice
from services.workspaces import InstallNotice

_ON_ITS_WAY = frozenset({InvitationStatus.QUEUED, InvitationStatus.SENT})
_OVER = frozenset({InvitationStatus.ACCEPTED, InvitationStatus.REVOKED, InvitationStatus.SUPERSEDED})


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
                    b.emoji("white_check_mark"),
                    b.words(" "),
                    b.bold(notice.person_name),
                    b.words(f" ({notice.email}) accepted the invitation to "),
                    b.bold(notice.client_name),
                    b.words(" and set a password."),
                ]
            )
        ],
    )


def invitation_failed(notice: InvitationNotice) -> b.Message | None:
    """None once it is sent anew, or needs to be no more."""
    if notice.status is not InvitationStatus.FAILED:
        return None
    said = f"The invitation to {notice.client_name} could not be delivered to {notice.email}"
    return b.message(
        said,
        [
            b.rich(
                [
                    b.emoji("warning"),
                    b.words(" The invitation for "),
                    b.bold(notice.person_name),
                    b.words(" to "),
                    b.bold(notice.client_name),
                    b.words(f" could not be delivered to {notice.email}."),
                ],
                [b.words(notice.failure or "The address was refused.")],
                [b.words("The client account is there. Check the address with your client.")],
            ),
            invitations.message_buttons(notice.invitation_id),
        ],
    )


def invitation_link_failed(notice: InvitationNotice) -> b.Message | None:
    """One of its two links did not get through. None once it is opened, sent anew or over, or if neither did."""
    if notice.status not in _ON_ITS_WAY or not notice.failure:
        return None
    said = f"The invitation to {notice.client_name} reaches {notice.person_name} one way only"
    return b.message(
        said,
        [
            b.rich(
                [
                    b.emoji("warning"),
                    b.words(" The invitation for "),
                    b.bold(notice.person_name),
                    b.words(" to "),
                    b.bold(notice.client_name),
                    b.words(" goes out one way only."),
                ],
                [b.words(notice.failure)],
                [
                    b.words(
                        "It can be accepted by the other one. To correct what was wrong, change it: both are sent anew."
                    )
                ],
            ),
            invitations.message_buttons(notice.invitation_id),
        ],
    )


def invitation_renewal_asked(notice: InvitationNotice) -> b.Message | None:
    """None once it is sent anew, or needs to be no more."""
    if notice.status in _OVER:
        return None
    said = f"{notice.person_name} asks for a new invitation to {notice.client_name}"
    return b.message(
        said,
        [
            b.rich(
                [
                    b.emoji("email"),
                    b.words(" "),
                    b.bold(notice.person_name),
                    b.words(f" ({notice.email}) opened an invitation to "),
                    b.bold(notice.client_name),
                    b.words(" that has expired, and asks for a new one."),
                ]
            ),
            invitations.message_buttons(notice.invitation_id),
        ],
    )


def installed(notice: InstallNotice) -> b.Message:
    """To whoever installed the app: what to do next."""
    if notice.set_up:
        return b.message(
            "Clientdesk is back. Everything is as you left it.",
            [
                b.rich(
                    [b.bold("Clientdesk is back.")],
                    [b.words(f"Everything at {notice.practice_name} is as you left it.")],
                )
            ],
        )
    lines = [[b.words("Thank you for installing Clientdesk at "), b.bold(notice.practice_name), b.words(".")]]
    if notice.may_set_up:
        lines.append([b.words("Set it up now: it takes a minute, and makes you the first Practice Admin.")])
        return b.message(
            "Thank you for installing Clientdesk. Set it up to begin: press the button, or type /add-client.",
            [b.header("One step to go"), b.rich(*lines), b.actions(b.button("Set up", set_up.OPEN, style="primary"))],
        )
    able = [b.mention(notice.first_admin)] if notice.first_admin else [b.words("An owner or admin")]
    lines.append([*able, b.words(" can set it up. Ask them to type "), b.code("/add-client"), b.words(".")])
    return b.message("Thank you for installing Clientdesk. It is not set up yet.", [b.rich(*lines)])
