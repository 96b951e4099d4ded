"""The words of the invitation's e-mail."""

from dataclasses import dataclass
from datetime import datetime
from html import escape

from services.delivery.email import one_line

_NAME_LIMIT = 100  # a name is a greeting, not a place for a letter of one's own


@dataclass(frozen=True, slots=True)
class InvitationText:
    subject: str
    text: str
    html: str


def invitation_text(
    *, practice: str, client: str, person: str, inviter: str, link: str, expires_at: datetime
) -> InvitationText:
    practice, client, person, inviter = (one_line(name, _NAME_LIMIT) for name in (practice, client, person, inviter))
    until = f"{expires_at:%A} {expires_at.day} {expires_at:%B %Y, %H:%M %Z}"
    invitation = f"{inviter} of {practice} invites you to the account of {client} in Clientdesk."
    what = "Open the link and set a password. It works once, until "
    unexpected = (
        "Not expecting this? Ignore this e-mail: without you nothing happens, and the link stops working by itself."
    )
    text = f"""Hello {person},

{invitation}

{what}{until}:

{link}

{unexpected}
"""
    html = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{escape(practice)}</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em">
<p>Hello {escape(person)},</p>
<p>{escape(invitation)}</p>
<p>{what}{until}:</p>
<p><a href="{escape(link)}" style="display:inline-block;padding:.7em 1.2em;border-radius:6px;background:#1d4ed8;\
color:#ffffff;text-decoration:none">Accept the invitation</a></p>
<p style="font-size:14px">If the button doesn't work, copy this address into your browser:<br>{escape(link)}</p>
<p style="font-size:14px">{unexpected}</p>
</body>
</html>
"""
    return InvitationText(f"{practice} invites you to Clientdesk", text, html)
