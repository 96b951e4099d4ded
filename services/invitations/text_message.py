"""The words of the invitation's text message."""

import unicodedata

from services.delivery.email import one_line

_GSM = frozenset(
    "\n !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    "¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ"
)
_GSM_TWICE = frozenset("[\\]^{|}~€")
_GSM_ROOM, _UNICODE_ROOM = 2 * 153 - 1, 2 * 67 - 1
"""What two parts hold. Of each alphabet the longest characters may leave one place empty where the first part ends."""
_SHORTEST_NAME = 20
_LONGEST_NAME = 100
_PLAIN = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2010": "-", "\u2011": "-", "\u2013": "-"}
    | {"\u2014": "-", "\u2026": "...", "\u00b4": "'", "`": "'"}
)


def text_message(*, practice: str, link: str, app_url: str | None) -> str:
    """In two parts, if need be with a shorter name. Names of other alphabets need more."""
    name = unicodedata.normalize("NFC", one_line(practice, _LONGEST_NAME)).translate(_PLAIN)
    said = f" invites you to Clientdesk. Set up your access: {link}"
    if app_url:
        said += f"\nGet the app: {app_url}"
    room = _GSM_ROOM if _is_gsm(name + said) else _UNICODE_ROOM
    return _shortened(name, room - _length(said)) + said


def _shortened(name: str, room: int) -> str:
    room = max(room, _SHORTEST_NAME)
    if _length(name) <= room:
        return name
    while _length(name) > room - len("..."):
        name = name[:-1]
    return name.rstrip() + "..."


def _is_gsm(text: str) -> bool:
    return all(sign in _GSM or sign in _GSM_TWICE for sign in text)


def _length(text: str) -> int:
    """In the alphabet that the text needs."""
    if _is_gsm(text):
        return sum(1 + (sign in _GSM_TWICE) for sign in text)
    return sum(1 + (ord(sign) > 0xFFFF) for sign in text)
