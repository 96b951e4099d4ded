"""National Insurance numbers, UTRs and postcodes as people type them, as they are kept, and as they are shown.

Those who clean raise ValueError with words for the person who typed it.
"""

import re
import unicodedata

from stdnum.gb import utr

_LONGEST = 100
"""Of what is looked at, with all that a copied number has around it."""

_SEPARATORS = frozenset("./\u00ad\u00b7\u2010\u2011\u2012\u2013\u2014\u2015\u2212-")

_NINO = re.compile(r"[A-Z]{2}[0-9]{6}[A-D]")
_NINO_LIKE = "such as QQ 12 34 56 C"
_NOT_IN_PREFIX = frozenset("DFIQUV")
_PREFIXES_NOT_GIVEN = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
_TEMPORARY = re.compile(r"[0-9]{2}[A-Z][0-9]{5}")

_UTR = re.compile(r"[0-9]{10}")

_POSTCODE = re.compile(
    r"(?P<outward>[A-PR-UWYZ](?:[A-HK-Y]?[0-9]{1,2}|[0-9][A-HJKPSTUW]|[A-HK-Y][0-9][ABEHMNPRVWXY]))"
    r"(?P<inward>[0-9][ABD-HJLNP-UW-Z]{2})"
)


def clean_nino(text: str) -> str:
    """The number as `AB123456C`."""
    number = _characters(text, "a National Insurance number")
    if not number:
        raise ValueError("Enter a National Insurance number.")
    if _TEMPORARY.fullmatch(number):
        raise ValueError(
            "This is a temporary reference number. Leave this empty until there is a National Insurance number."
        )
    if re.fullmatch(r"[A-Z]{2}[0-9]{6}", number):
        raise ValueError("The last letter is missing: A, B, C or D.")
    if len(number) != 9 or not number[:2].isalpha():
        raise ValueError(f"A National Insurance number is two letters, six digits and a letter, {_NINO_LIKE}.")
    if not number[2:8].isdigit():
        raise ValueError(f"Between the letters, a National Insurance number has six digits, {_NINO_LIKE}.")
    if not _NINO.fullmatch(number):
        raise ValueError("A National Insurance number ends in A, B, C or D. Check the last letter.")
    prefix = number[:2]
    if not _NOT_IN_PREFIX.isdisjoint(prefix) or prefix[1] == "O" or prefix in _PREFIXES_NOT_GIVEN:
        raise ValueError(f"No National Insurance number begins with {prefix}. Check the first two letters.")
    return number


def mask_nino(number: str) -> str:
    """Enough of a cleaned number to recognise it: `•• •• •• 56 C`."""
    return f"•• •• •• {number[6:8]} {number[8]}" if _NINO.fullmatch(number) else "•••"


def clean_utr(text: str) -> str:
    """The ten digits, without the K that some letters have at an end.

    A wrong digit is found by the check digit, with two exceptions: it can't tell remainders 0 and 9 of the sum from
    each other, nor 1 and 10.
    """
    number = _characters(text, "a UTR").removeprefix("K").removesuffix("K")
    if not number:
        raise ValueError("Enter a UTR.")
    if not number.isdigit():
        raise ValueError("Enter the UTR in digits, such as 12345 67890.")
    if not _UTR.fullmatch(number):
        raise ValueError(f"A UTR has 10 digits; this has {len(number)}.")
    if number[0] != utr.calc_check_digit(number[1:]):
        raise ValueError("This is no UTR: at least one digit is wrong. Compare it with a letter from HMRC.")
    return number


def mask_utr(number: str) -> str:
    """Enough of a cleaned number to recognise it: `••••• ••661`."""
    return f"••••• ••{number[-3:]}" if _UTR.fullmatch(number) else "•••"


def clean_postcode(text: str) -> str:
    """The postcode as `SW1A 1AA`. Only its form is checked: which ones are in use is in Royal Mail's file alone, and
    a library without that file knows no more than this pattern."""
    bare = _characters(text, "a postcode")
    if not bare:
        raise ValueError("Enter a postcode.")
    found = _POSTCODE.fullmatch(bare)
    if found is None:
        raise ValueError("Enter a whole UK postcode, such as SW1A 1AA.")
    return f"{found['outward']} {found['inward']}"


def _characters(text: str, what: str) -> str:
    """Letters in upper case and digits, in ASCII, without what stands between and around them."""
    if len(text) > _LONGEST:
        raise ValueError(f"This is too long for {what}. Enter one, with nothing else.")
    return "".join(_character(sign) for sign in text)


def _character(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(sign)
    # What surrounds a copied number is often invisible.
    if category == "Cf" or sign.isspace() or sign in _SEPARATORS:
        return ""
    plain = unicodedata.normalize("NFKC", sign) if category in {"Lu", "Ll"} else ""
    if len(plain) == 1 and plain.isascii():
        return plain.upper()
    raise ValueError("Use only letters, digits and spaces.")
