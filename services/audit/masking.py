"""What the audit trail never holds: secrets, and numbers by which others know a person. E-mail addresses stay."""

import re
from collections.abc import Mapping
from typing import Any

from services.phones import mask_mobile

MASK = "•••"

_SECRET_PARTS = (
    "password",
    "passphrase",
    "passwd",
    "secret",
    "token",
    "authorization",
    "credential",
    "cookie",
    "apikey",
    "privatekey",
    "nationalinsurance",
    "ninumber",
    "taxreference",
)
_SECRET_WORDS = frozenset({"nino", "utr", "nonce", "verifier", "otp", "pin", "ticket", "jwt"})
_PHONE_WORDS = frozenset({"mobile", "mobiles", "phone", "phones", "telephone"})

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SECRETS = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]+|xapp-[\w-]+"  # Slack's tokens
    r"|\b(?:Bearer|Basic)\s+(?=\S*\d)[\w.~+/=-]{16,}"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # a JSON Web Token
    r"|\bgAAAA[\w=-]{20,}"  # what is encrypted with our own keys
    r"|(?<=/i/)[\w-]{16,}"  # an invitation's link
    r"|(?<=//)[^\s/:@]+:[^\s/@]+(?=@)"  # who signs in, in an address
)
_NINO = re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d{2}){3} ?[A-D]\b", re.IGNORECASE)
_MOBILE = re.compile(r"(?<![\w+])\+[1-9](?:[ ()-]{0,2}\d){6,14}(?!\d)")


def masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same with secrets and identifiers unreadable. That there was none, and answers of yes or no, stay."""
    return {key: _under(key, value) for key, value in values.items()}


def _under(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    words = {word.lower() for word in _WORDS.findall(key)}
    joined = re.sub(r"[^a-z]", "", key.lower())
    if not words.isdisjoint(_SECRET_WORDS) or any(part in joined for part in _SECRET_PARTS):
        return MASK
    return _phone(value) if not words.isdisjoint(_PHONE_WORDS) else _anywhere(value)


def _phone(value: Any) -> Any:
    match value:
        case str():
            return value if not value or MASK in value else mask_mobile(re.sub(r"[ ()-]", "", value))
        case list() | tuple():
            return [_phone(each) for each in value]
        case _:
            return MASK


def _anywhere(value: Any) -> Any:
    match value:
        case str():
            return _in_text(value)
        case Mapping():
            return {key: _under(str(key), inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_anywhere(inner) for inner in value]
        case _:
            return value


def _in_text(text: str) -> str:
    """For what a person or another side wrote: a reason, a failure."""
    text = _NINO.sub(MASK, _SECRETS.sub(MASK, text))
    return _MOBILE.sub(lambda found: mask_mobile(re.sub(r"[ ()-]", "", found[0])), text)
