"""The category lists of US Schedule C and Canada T2125."""

import re
import string
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from db.models import TaxCategories, TaxSide
from services.clients.names import fold

NAMES = {TaxCategories.SCHEDULE_C: "Schedule C", TaxCategories.T2125: "T2125"}
_LIKE = 80.0
"""Similarity (0 to 100) from which a category is suggested. That all words of one are in the other is enough."""
_FILLING = frozenset({"and", "or"})
_SUGGESTED = 3
_LETTERS = string.ascii_lowercase
_LONGEST = 200
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Category:
    """A line of the form, known by its code."""

    code: str
    name: str
    side: TaxSide = TaxSide.COSTS

    @property
    def label(self) -> str:
        """`24b Meals`."""
        return f"{self.code} {self.name}"


CATEGORIES: dict[TaxCategories, tuple[Category, ...]] = {
    TaxCategories.SCHEDULE_C: (
        # Form 1040, Schedule C, Part I. Returns and allowances are negative amounts here.
        Category("1", "Gross receipts or sales", TaxSide.SALES),
        # Part II.
        Category("8", "Advertising"),
        Category("9", "Car and truck"),
        Category("10", "Commissions and fees"),
        Category("11", "Contract labor"),
        Category("12", "Depletion"),
        Category("13", "Depreciation and section 179"),
        Category("14", "Employee benefit programs"),
        Category("15", "Insurance"),
        Category("16a", "Interest: mortgage"),
        Category("16b", "Interest: other"),
        Category("17", "Legal and professional"),
        Category("18", "Office expense"),
        Category("19", "Pension and profit-sharing"),
        Category("20a", "Rent or lease: vehicles, machinery and equipment"),
        Category("20b", "Rent or lease: other business property"),
        Category("21", "Repairs and maintenance"),
        Category("22", "Supplies"),
        Category("23", "Taxes and licenses"),
        Category("24a", "Travel"),
        Category("24b", "Meals"),
        Category("25", "Utilities"),
        Category("26", "Wages"),
        # 27a on some years' forms, 27b on others.
        Category("27", "Other"),
    ),
    TaxCategories.T2125: (
        # Form T2125, Part 3C: sales after GST/HST, returns and discounts.
        Category("8000", "Adjusted gross sales", TaxSide.SALES),
        # Part 4.
        Category("8521", "Advertising"),
        Category("8523", "Meals and entertainment"),
        Category("8590", "Bad debts"),
        Category("8690", "Insurance"),
        Category("8710", "Interest and bank charges"),
        Category("8760", "Business taxes, licences and memberships"),
        Category("8810", "Office expenses"),
        Category("8811", "Office stationery and supplies"),
        Category("8860", "Professional fees"),
        Category("8871", "Management and administration fees"),
        Category("8910", "Rent"),
        Category("8960", "Repairs and maintenance"),
        Category("9060", "Salaries, wages and benefits"),
        Category("9180", "Property taxes"),
        Category("9200", "Travel"),
        Category("9220", "Utilities"),
        Category("9224", "Fuel costs"),
        Category("9275", "Delivery, freight and express"),
        Category("9281", "Motor vehicle expenses"),
        Category("9936", "Capital cost allowance"),
        Category("9270", "Other expenses"),
    ),
}

_BY_CODE = {listed: {each.code: each for each in lines} for listed, lines in CATEGORIES.items()}


def by_code(listed: TaxCategories, code: str) -> Category:
    """Raises KeyError for a code that is not of this list."""
    return _BY_CODE[listed][code]


def find(listed: TaxCategories, text: str) -> Category:
    """The category of a code (`8`, `line 24b`), a name, or both. Case, accents and punctuation don't matter.

    Raises ValueError with words that name those like it.
    """
    if len(text) > _LONGEST:
        raise ValueError("This is too long for a category. Enter its code or its name.")
    key = _words(text).removeprefix("line ")
    if not key:
        raise ValueError(f"Enter a category of {NAMES[listed]}: its code or its name.")
    found = _KEYS[listed].get(key)
    if found is not None:
        return found
    problem = f"{NAMES[listed]} has no category “{_shown(text)}”."
    suggested = _like(listed, key)
    if suggested:
        *others, last = (each.label for each in suggested)
        meant = f"{', '.join(others)} or {last}" if others else last
        raise ValueError(f"{problem} Did you mean {meant}?")
    raise ValueError(f"{problem} Enter the code or the name of one of its lines.")


def _words(text: str) -> str:
    words = re.findall(r"[^\W_]+|&", fold(text))
    return " ".join("and" if word == "&" else word for word in words)


def _telling(words: str) -> str:
    return " ".join(word for word in words.split() if word not in _FILLING)


def _shown(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


def _like(listed: TaxCategories, key: str) -> list[Category]:
    """The lines of this number if only the letter after it is wrong, or those whose names are like it."""
    lines = CATEGORIES[listed]
    if re.fullmatch("[0-9]+[a-z]?", key):
        return [each for each in lines if each.code.rstrip(_LETTERS) == key.rstrip(_LETTERS)]
    names = [_telling(_words(each.name)) for each in lines]
    found = process.extract(_telling(key), names, scorer=fuzz.token_set_ratio, score_cutoff=_LIKE, limit=_SUGGESTED)
    return [lines[index] for _name, _score, index in found]


_KEYS = {
    listed: {_words(way): each for each in lines for way in (each.code, each.name, each.label)}
    for listed, lines in CATEGORIES.items()
}
