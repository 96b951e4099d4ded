"""Names and codes of clients, folded so that the same one written differently is found."""

import re
import unicodedata
from collections.abc import Iterable

from rapidfuzz import fuzz, process

_COMPANY_WORDS = {
    "limited": "ltd",
    "incorporated": "inc",
    "corporation": "corp",
    "company": "co",
    "and": "&",
    "the": "",
}
_WORD = re.compile(r"[^\W_]+|&")
_ENDINGS = {"ltd", "inc", "corp", "co", "llc", "llp", "plc", "pty", "pte", "lp", "cic", "dac", "ulc", "gmbh"}
NEARLY = 88.0
"""Similarity (0 to 100) from which two folded names warn: one typing slip in a name of eight letters."""


def fold(text: str) -> str:
    """Case, accents and spacing do not tell two texts apart."""
    if text.isascii():  # has no accents, and is most of what there is
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    plain = " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())
    return plain or text.strip()  # an accent by itself stays


def name_key(name: str) -> str:
    """`The Acme Company, Ltd.` and `ACME Co Limited` have one key: `acme`. Never empty for a name that is not."""
    words = _WORD.findall(fold(name))
    kept = words
    if not _COMPANY_WORDS.keys().isdisjoint(words):
        kept = [plain for word in words if (plain := _COMPANY_WORDS.get(word, word))]
    while len(kept) > 1 and kept[-1] in _ENDINGS:
        kept = kept[:-1]
    return " ".join(kept or words) or fold(name)


def code_key(code: str) -> str:
    return fold(code)


def bare_code(code: str) -> str | None:
    """The letters and digits of a code: two codes that differ in the rest are easily mistaken for each other."""
    key = code_key(code)
    return key if key.isalnum() else "".join(c for c in key if c.isalnum()) or None


def near(key: str, others: Iterable[str], *, limit: int = 3) -> list[str]:
    """Those of `others` that equal or nearly equal `key`, the likest first."""
    found = process.extract(key, list(others), scorer=fuzz.ratio, score_cutoff=NEARLY, limit=limit)
    return [other for other, _score, _index in found]
