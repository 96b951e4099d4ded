"""In how many parts a text message travels, and is charged."""

from dataclasses import dataclass
from typing import Literal

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Segments:
    encoding: Literal["GSM-7", "UCS-2"]
    count: int


def segments(body: str) -> Segments:
    """One character outside GSM-7's alphabet makes the whole message UCS-2."""
    if all(sign in _GSM or sign in _GSM_ESCAPED for sign in body):
        return Segments("GSM-7", _parts([1 + (sign in _GSM_ESCAPED) for sign in body], 160, 153))
    return Segments("UCS-2", _parts([1 + (ord(sign) > 0xFFFF) for sign in body], 70, 67))


def _parts(lengths: list[int], whole: int, part: int) -> int:
    """A character is never split between two parts."""
    if sum(lengths) <= whole:
        return 1
    count, room = 1, part
    for length in lengths:
        if length > room:
            count, room = count + 1, part
        room -= length
    return count
