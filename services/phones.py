"""Mobile numbers as people type them, as they are kept, and as they are shown."""

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from db.models import Region

COUNTRIES = {
    Region.UNITED_KINGDOM: "GB",
    Region.UNITED_STATES: "US",
    Region.CANADA: "CA",
    Region.IRELAND: "IE",
    Region.AUSTRALIA: "AU",
    Region.NEW_ZEALAND: "NZ",
    Region.SOUTH_AFRICA: "ZA",
}
_LONGEST = 40
"""Of any number with its brackets, spaces and dashes."""
_LONGEST_LOOKED_AT = 200
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SEPARATORS = frozenset(".()[]-/\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00b7")
_EXTENSION = re.compile(r"(?:;?ext|x|#|~)\W*\d+\W*$", re.IGNORECASE)
_NOT_MOBILE = {
    PhoneNumberType.FIXED_LINE: "This is a landline's number, not a mobile's.",
    PhoneNumberType.PREMIUM_RATE: "This is a premium rate number, not a mobile's.",
}
_UNREADABLE = {
    NumberParseException.INVALID_COUNTRY_CODE: ValidationResult.INVALID_COUNTRY_CODE,
    NumberParseException.TOO_SHORT_AFTER_IDD: ValidationResult.TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: ValidationResult.TOO_SHORT,
    NumberParseException.TOO_LONG: ValidationResult.TOO_LONG,
    NumberParseException.NOT_A_NUMBER: ValidationResult.TOO_SHORT,
}
_ABROAD = "For a number of another country, start with + and its country code."


def clean_mobile(text: str, region: Region) -> str:
    """The number in E.164 (`+447911123456`). Without a country code it is one of the practice's region.

    Raises ValueError with words for the person who typed it.
    """
    dialled = _dialled(text, region)
    number = _parse(dialled, region)
    if not _is_mobile(number):
        raise _refusal(_NOT_MOBILE.get(phonenumbers.number_type(number), "This is not a mobile number."), dialled)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def mask_mobile(number: str) -> str:
    """Enough of a cleaned number to recognise it: `+44 7911 ••• 456`."""
    if not _E164.fullmatch(number):
        return "•••"
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return "•••"
    shown = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    code, *groups = re.split(r"[^+0-9]+", shown)
    # At least three digits stay hidden. The number's own are counted: some countries' way to write it adds to them.
    own = number.removeprefix(code)
    hideable = len(own) - 6
    if hideable < 0:
        return f"{code} •••"
    first = f"{groups[0]} " if len(groups[0]) <= hideable and own.startswith(groups[0]) else ""
    return f"{code} {first}••• {number[-3:]}"


def _dialled(text: str, region: Region) -> str:
    """Digits in ASCII, with a + before them where the country code comes first."""
    if len(text) > _LONGEST_LOOKED_AT:
        raise ValueError("This is too long for a number. Enter one mobile number.")
    # What surrounds a number copied from a phone's contacts is invisible.
    bare = "".join(c for c in text if unicodedata.category(c) != "Cf").strip()
    if not bare:
        raise ValueError("Enter a mobile number.")
    if _EXTENSION.search(bare):
        raise ValueError("Enter the number without an extension.")
    if len(bare) > _LONGEST or any(c in ",;&|" or unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in bare):
        raise ValueError("Enter one mobile number, with nothing else.")
    dialled = "".join(filter(None, map(_dialled_sign, bare)))
    if "+" in dialled[1:]:
        raise ValueError("Enter one mobile number: a + is only at its beginning.")
    if not dialled.lstrip("+"):
        raise ValueError("Enter the number in digits, such as 07911 123456 or +44 7911 123456.")
    # 0011 is how Australia dials out; 00 is everybody else's, and what people write anywhere.
    if dialled.startswith("00") and not (region is Region.AUSTRALIA and dialled.startswith("0011")):
        return "+" + dialled[2:]
    return dialled


def _dialled_sign(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", sign)
    if plain == "+":
        return "+"
    if plain.isspace() or plain in _SEPARATORS:
        return ""
    raise ValueError("Enter the number in digits only, such as 07911 123456 or +44 7911 123456.")


def _parse(dialled: str, region: Region) -> PhoneNumber:
    country = COUNTRIES.get(region)
    if country is None and not dialled.startswith("+"):
        raise ValueError("Start with + and the country code, such as +44 7911 123456.")
    try:
        number = phonenumbers.parse(dialled, country)
        reason = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    except NumberParseException as error:
        reason = _UNREADABLE.get(error.error_type, ValidationResult.INVALID_LENGTH)
    match reason:
        case ValidationResult.IS_POSSIBLE:
            return number
        case ValidationResult.INVALID_COUNTRY_CODE:
            raise ValueError("No country has this code. Check what follows the +.")
        case ValidationResult.TOO_LONG:
            problem = "This number has too many digits."
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            problem = "This number has too few digits."
        case _:
            problem = "This is not a mobile number."
    raise _refusal(problem, dialled)


def _refusal(problem: str, dialled: str) -> ValueError:
    return ValueError(problem if dialled.startswith("+") else f"{problem} {_ABROAD}")


def _is_mobile(number: PhoneNumber) -> bool:
    kind = phonenumbers.number_type(number)
    if kind != PhoneNumberType.UNKNOWN:
        return kind in {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
    # Outside the ranges known to be in use. They grow, so it passes if it begins as the country's mobile numbers do.
    country = phonenumbers.region_code_for_country_code(number.country_code or 0)
    example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    first = phonenumbers.national_significant_number(number)[:1]
    return example is not None and phonenumbers.national_significant_number(example).startswith(first)
