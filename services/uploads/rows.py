"""What the cells of a row say, one by one.

Those who read raise ValueError with words for the person. They run for each of thousands of rows: what is written the
usual way is recognised at once, and only the rest goes through the rules for what people type.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import cache
from typing import TypeVar

import phonenumbers
from phonenumbers import PhoneMetadata
from rapidfuzz import fuzz, process

from db.models import AccountingMethod, BusinessType, ClientKind, PeriodType, Region, Solutions
from services.add_client.steps import INDUSTRIES
from services.clients.names import fold
from services.emails import clean_email, email_key
from services.phones import COUNTRIES, clean_mobile
from services.uploads import places

Value = TypeVar("Value")

LONGEST_INDUSTRY = 80
_LIKE = 70.0
_SHOWN = 40
_MOST_KEPT = 2_000
"""Cells of one column that are remembered with what they say."""

_SPOILT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[Ee]\+?[0-9]+")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN_EMAIL = re.compile(
    rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)+[A-Za-z]{{2,63}}"
)
_LONGEST_EMAIL = 254

CLIENT_KINDS = {
    "Business": ClientKind.BUSINESS,
    "Self-employed": ClientKind.SOLO,
}
SOLUTIONS = {
    "Bookkeeping": Solutions.BOOKKEEPING,
    "Bookkeeping + Data Health & Insights": Solutions.BOOKKEEPING_DHI,
}
YES_OR_NO = {"Yes": True, "No": False}
BUSINESS_TYPES = {
    "Self-employment": BusinessType.SELF_EMPLOYMENT,
    "UK property": BusinessType.UK_PROPERTY,
}
METHODS = {
    "Cash basis": AccountingMethod.CASH,
    "Accruals": AccountingMethod.ACCRUALS,
}
PERIODS = {
    "Standard": PeriodType.STANDARD,
    "Calendar": PeriodType.CALENDAR,
}
_ALSO: dict[Enum | bool, tuple[str, ...]] = {
    ClientKind.BUSINESS: ("Business client", "Company", "Limited company"),
    ClientKind.SOLO: ("Self-employed client", "Self employed", "Selfemployed", "Solo", "Sole trader"),
    Solutions.BOOKKEEPING_DHI: (
        "Bookkeeping and Data Health & Insights",
        "Bookkeeping + Data Health and Insights",
        "Bookkeeping and Data Health and Insights",
        "Bookkeeping + DHI",
        "Bookkeeping and DHI",
        "Bookkeeping & DHI",
    ),
    True: ("Y", "True", "1", "X"),
    False: ("N", "False", "0", "-"),
    BusinessType.SELF_EMPLOYMENT: ("Self employment", "Self-employed", "Self employed", "Trade"),
    BusinessType.UK_PROPERTY: ("Property",),
    AccountingMethod.CASH: ("Cash",),
    AccountingMethod.ACCRUALS: ("Accrual", "Accruals basis", "Accrual basis", "Traditional", "Traditional accounting"),
    PeriodType.STANDARD: ("Standard periods", "Standard period"),
    PeriodType.CALENDAR: ("Calendar periods", "Calendar period"),
}


class Remembered(dict[str, Value]):
    """What the cells of a column say, each read once. What can't be read raises ValueError."""

    def __init__(self, read: Callable[[str], Value]) -> None:
        super().__init__()
        self._read = read
        self._refused: dict[str, str] = {}

    def __missing__(self, cell: str) -> Value:
        if cell in self._refused:
            raise ValueError(self._refused[cell])
        if len(self) + len(self._refused) > _MOST_KEPT:
            self.clear()
            self._refused.clear()
        try:
            said = self[cell] = self._read(cell)
        except ValueError as error:
            self._refused[cell] = str(error)
            raise
        return said


def word(words: Mapping[str, Value]) -> Remembered[Value]:
    """One of these words, whatever its case, or what else people write for it."""
    spellings = {fold(written): value for written, value in words.items()}
    for value in words.values():
        if isinstance(value, Enum | bool):
            spellings |= {fold(written): value for written in _ALSO.get(value, ())}

    def read(cell: str) -> Value:
        folded = fold(cell)
        if folded in spellings:
            return spellings[folded]
        likely = _likeliest(folded, words)
        said = f"“{shown(cell)}” is not known here. "
        raise ValueError(said + (f"Did you mean {likely}?" if likely else f"Write {' or '.join(words)}."))

    return Remembered(read)


def country() -> Remembered[str]:
    how = "Write its name in English, or its two letters."
    return Remembered(lambda cell: _place(cell, places.countries(), places.country_names(), how))


def currency() -> Remembered[str]:
    how = "Write its three letters, such as GBP or USD."
    return Remembered(lambda cell: _place(cell, places.currencies(), (), how))


def industry() -> Remembered[str]:
    listed = {fold(name): name for name in INDUSTRIES}
    words = text(LONGEST_INDUSTRY)

    def read(cell: str) -> str:
        return listed.get(fold(cell)) or words(cell)

    return Remembered(read)


def text(longest: int) -> Callable[[str], str]:
    """Words on one line."""

    def read(cell: str) -> str:
        plain = " ".join(cell.split())
        if len(plain) > longest:
            raise ValueError(f"Use at most {longest} characters; this has {len(plain)}.")
        if not plain.isprintable():
            raise ValueError("Remove the characters that can't be printed.")
        return plain

    return read


def code(longest: int) -> Callable[[str], str]:
    words = text(longest)

    def read(cell: str) -> str:
        if is_spoilt(cell.strip()):
            raise ValueError(f"Excel changed this code to {cell.strip()}. {AS_TEXT}")
        return words(cell)

    return read


def email(cell: str) -> tuple[str, str]:
    """The address, and what it is compared by."""
    if len(cell) <= _LONGEST_EMAIL and _PLAIN_EMAIL.fullmatch(cell):
        return cell, cell.lower()
    address = clean_email(cell)
    return address, email_key(address)


def mobile(cell: str, region: Region) -> str:
    """In E.164. What Excel has made of it is named, with what it may have been."""
    written = cell.strip()
    if is_spoilt(written):
        raise ValueError(f"Excel changed this number to {written}. {AS_TEXT}")
    if written.startswith("+"):
        return clean_mobile(written, region)
    number = _international(written, region)
    if written.isdigit() and not written.startswith("0"):
        raise ValueError(f"Excel may have taken the + or 0 off this number. Format the column as text, write {number}.")
    raise ValueError(f"Write it in international form: {number}. Format the column as text.")


def is_spoilt(cell: str) -> bool:
    """A long number as a spreadsheet shows it, with its digits gone: `4.47E+11`."""
    return ("E" in cell or "e" in cell) and _SPOILT.fullmatch(cell) is not None


def addresses(cell: str) -> list[str]:
    """E-mail addresses in one cell, one after another."""
    return [found for found in re.split(r"[;,\s]+", cell) if found]


def shown(cell: str) -> str:
    plain = " ".join(cell.split())
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


AS_TEXT = "Format the column as text and enter it again."


def _place(cell: str, codes: Mapping[str, str], names: Sequence[str], how: str) -> str:
    folded = fold(cell)
    if folded in codes:
        return codes[folded]
    likely = _likeliest(folded, names)
    raise ValueError(f"“{shown(cell)}” is not known here. " + (f"Did you mean {likely}?" if likely else how))


def _likeliest(folded: str, of: Iterable[str]) -> str | None:
    found = process.extractOne(folded, {name: fold(name) for name in of}, scorer=fuzz.ratio, score_cutoff=_LIKE)
    return found and found[2]


def _international(written: str, region: Region) -> str:
    """What a number is that does not begin with a +."""
    try:
        return clean_mobile(written, region)
    except ValueError:
        with suppress(ValueError):
            return clean_mobile(f"+{written}", region)
        raise


@cache
def plain_mobile(region: Region) -> re.Pattern[str]:
    """Numbers of the region in E.164 that are mobiles and nothing else, as `clean_mobile` would find, too."""
    country = COUNTRIES.get(region, "GB")
    known = PhoneMetadata.metadata_for_region(country)
    if known is None or known.mobile is None:
        return re.compile(r"(?!)")
    kinds = ("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail")
    others = (getattr(known, kind) for kind in kinds)
    not_mobile = "|".join(other.national_number_pattern for other in others if other and other.national_number_pattern)
    prefix = phonenumbers.country_code_for_region(country)
    without = f"(?!(?:{not_mobile})$)" if not_mobile else ""
    return re.compile(rf"\+{prefix}{without}(?:{known.mobile.national_number_pattern})")
