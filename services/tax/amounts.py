"""Amounts of money as people and spreadsheets write them, exact to the cent."""

import re
import unicodedata
from decimal import Decimal

LARGEST = Decimal("9999999999.99")
CENT = Decimal("0.01")
_LONGEST = 100
_MINUS = frozenset("-\u2010\u2011\u2012\u2013\u2212")
_IN_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:(,| )[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]*)?")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_SHORTENED = re.compile(r"[0-9.,]+e[+-]?[0-9]+", re.IGNORECASE)
_LIKE = "such as 1,234.50"


def clean_amount(text: str, *, symbol: str = "$") -> Decimal:
    """`1,234.5`, `$1 234.50`, `-12`, `(12.00)`: two decimals. Raises ValueError with words for the person."""
    if len(text) > _LONGEST:
        raise ValueError("This is too long for an amount.")
    # Files given back carry an apostrophe before what a spreadsheet would take for a formula.
    written = "".join(filter(None, map(_sign, text))).strip().removeprefix("'").strip()
    if not written:
        raise ValueError(f"Enter an amount, {_LIKE}.")
    number, is_negative = _unsigned(written, symbol)
    if _SHORTENED.fullmatch(number):
        raise ValueError(f"A spreadsheet shortened this amount. Format its column as a number, {_LIKE}.")
    if not re.fullmatch(r"[0-9., ]*[0-9][0-9., ]*", number):
        raise ValueError(f"Enter an amount in digits, {_LIKE}.")
    if not _PLAIN.fullmatch(number) and not _IN_THOUSANDS.fullmatch(number):
        raise ValueError(f"Write a point before the cents, and commas only between thousands, {_LIKE}.")
    if len(number.partition(".")[2]) > 2:
        raise ValueError("An amount has two decimals at most.")
    amount = Decimal(re.sub("[, ]", "", number))
    if amount > LARGEST:
        raise ValueError(f"This amount is too large: {LARGEST:,} is the most.")
    amount = amount.quantize(CENT)
    return -amount if is_negative else amount


def is_exact(amount: Decimal) -> bool:
    """Whether it has whole cents, and can be kept."""
    return amount.is_finite() and abs(amount) <= LARGEST and amount == amount.quantize(CENT)


def _unsigned(written: str, symbol: str) -> tuple[str, bool]:
    """What is left without the currency and the one sign, and whether that makes it negative."""
    bare = _without(written, symbol)
    if bare.startswith("(") and bare.endswith(")"):
        return _without(bare[1:-1].strip(), symbol), True
    outside = written[:1] if written[0] in "+-" else ""
    inner = _without(written.removeprefix(outside).strip(), symbol)
    if not outside and inner[:1] in {"+", "-"}:
        return inner[1:].strip(), inner[0] == "-"
    return inner, outside == "-"


def _without(text: str, symbol: str) -> str:
    return text.removeprefix(symbol).strip()


def _sign(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    if sign in _MINUS:
        return "-"
    if sign.isspace():
        return " "
    if unicodedata.category(sign) == "Cf":
        return ""
    return unicodedata.normalize("NFKC", sign) if unicodedata.east_asian_width(sign) == "F" else sign
