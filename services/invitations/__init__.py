"""What lets a client user create a password: made with the client, sent by e-mail, used on a web page."""

from services.invitations.service import (
    EMAIL_KIND,
    Accepted,
    InvitationClosedError,
    InvitationNotice,
    InvitationPage,
    InvitationService,
    LinkState,
    invite,
)

__all__ = [
    "EMAIL_KIND",
    "Accepted",
    "InvitationClosedError",
    "InvitationNotice",
    "InvitationPage",
    "InvitationService",
    "LinkState",
    "invite",
]
