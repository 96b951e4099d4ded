"""A person's numbers while they wait in a draft: sealed as they were typed, and shown masked once they are right."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.forms import Raw
from services.keys import Keyring
from services.solo.identifiers import clean_nino, clean_utr, mask_nino, mask_utr

NUMBERS = ("nino", "utr")
_SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class KeptNumber:
    """`masked` is None for one that is still to be mended: that is `typed`."""

    masked: str | None
    typed: str | None = field(default=None, repr=False)


def seal(keys: Keyring, raw: Raw) -> dict[str, Any]:
    """What was typed, with the numbers in it encrypted. What is sealed already stays as it is."""
    return {name: _sealed(keys, value) if name in NUMBERS else value for name, value in raw.items()}


def unseal(keys: Keyring, raw: Raw) -> dict[str, Any]:
    """What was typed, all of it. A number whose key is gone is as if it was never typed."""
    return {name: _opened(keys, value) if name in NUMBERS else value for name, value in raw.items()}


def is_sealed(value: object) -> bool:
    return isinstance(value, dict) and _SEALED in value


def kept_nino(typed: object) -> KeptNumber | None:
    return _kept(typed, clean_nino, mask_nino)


def kept_utr(typed: object) -> KeptNumber | None:
    return _kept(typed, clean_utr, mask_utr)


def _kept(typed: object, clean: Callable[[str], str], mask: Callable[[str], str]) -> KeptNumber | None:
    text = str(typed or "").strip()
    if not text:
        return None
    try:
        return KeptNumber(mask(clean(text)))
    except ValueError:
        return KeptNumber(None, text)


def _sealed(keys: Keyring, value: object) -> object:
    return {_SEALED: keys.encrypt(value).decode()} if isinstance(value, str) and value.strip() else value


def _opened(keys: Keyring, value: Any) -> object:
    if not is_sealed(value):
        return value
    try:
        return keys.decrypt(value[_SEALED].encode())
    except ValueError:
        return None
