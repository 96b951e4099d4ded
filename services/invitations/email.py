"""The words of the e-mails about an invitation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from services.delivery.email import one_line

_NAME_LIMIT = 100  # a name is a greeting, not a place for a letter of one's own
_UNEXPECTED = (
    "Not expecting this? Ignore this e-mail: without you nothing happens, and the link stops working by itself."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What an e-mail about an invitation is made of."""

    practice: str
    client: str
    person: str
    inviter: str
    link: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationText:
    subject: str
    text: str
    html: str


Words = Callable[[Letter], InvitationText]


def invitation_text(letter: Letter) -> InvitationText:
    letter = _trimmed(letter)
    return _written(
        letter,
        subject=f"{letter.practice} invites you to Clientdesk",
        said=f"{letter.inviter} of {letter.practice} invites you to the account of {letter.client} in Clientdesk.",
        what="Open the link and set a password. It works once, until ",
    )


def nudge_text(letter: Letter) -> InvitationText:
    """For somebody who was invited days ago."""
    letter = _trimmed(letter)
    return _written(
        letter,
        subject=f"Reminder: {letter.practice} has invited you to Clientdesk",
        said=f"{letter.inviter} of {letter.practice} has invited you to the account of {letter.client} in Clientdesk, "
        "and you have not set a password yet.",
        what="The link is the one that you got before. It works once, until ",
    )


def _trimmed(letter: Letter) -> Letter:
    def name(text: str) -> str:
        return one_line(text, _NAME_LIMIT)

    return replace(
        letter,
        practice=name(letter.practice),
        client=name(letter.client),
        person=name(letter.person),
        inviter=name(letter.inviter),
    )


def _written(letter: Letter, *, subject: str, said: str, what: str) -> InvitationText:
    practice, person, link = escape(letter.practice), escape(letter.person), escape(letter.link)
    until = f"{letter.expires_at:%A} {letter.expires_at.day} {letter.expires_at:%B %Y, %H:%M %Z}"
    text = f"""Hello {letter.person},

{said}

{what}{until}:

{letter.link}

{_UNEXPECTED}
"""
    html = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{practice}</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em">
<p>Hello {person},</p>
<p>{escape(said)}</p>
<p>{what}{until}:</p>
<p><a href="{link}" style="display:inline-block;padding:.7em 1.2em;border-radius:6px;background:#1d4ed8;\
color:#ffffff;text-decoration:none">Accept the invitation</a></p>
<p style="font-size:14px">If the button doesn't work, copy this address into your browser:<br>{link}</p>
<p style="font-size:14px">{_UNEXPECTED}</p>
</body>
</html>
"""
    return InvitationText(subject, text, html)
