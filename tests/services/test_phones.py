import time

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.models import Region
from services.phones import clean_mobile, mask_mobile

UK = Region.UNITED_KINGDOM
ADA = "+447911123456"


@pytest.mark.parametrize(
    "typed",
    [
        "07911 123456",
        "07911123456",
        "+447911123456",
        "+44 7911 123456",
        "+44 (0)7911 123456",
        "(+44) 7911-123-456",
        "00447911123456",
        "0044 7911.123.456",
        "(07911) 123\u2013456",
        " 07911\u00a0123\u2009456 ",
        "０７９１１　１２３４５６",
        "＋４４ ７９１１ １２３４５６",
        "٠٧٩١١١٢٣٤٥٦",
        "\u202a+44 7911 123456\u202c",
        "\ufeff07911 123456\u200b",
    ],
)
def test_every_way_to_write_a_number_gives_the_same(typed: str) -> None:
    assert clean_mobile(typed, UK) == ADA


@pytest.mark.parametrize(
    ("typed", "region", "cleaned"),
    [
        ("(202) 555-0123", Region.UNITED_STATES, "+12025550123"),
        ("1-202-555-0123", Region.UNITED_STATES, "+12025550123"),
        ("011 44 7911 123456", Region.UNITED_STATES, ADA),
        ("0044 7911 123456", Region.UNITED_STATES, ADA),
        ("604 555 0123", Region.CANADA, "+16045550123"),
        ("087 123 4567", Region.IRELAND, "+353871234567"),
        ("0412 345 678", Region.AUSTRALIA, "+61412345678"),
        ("0011 44 7911 123456", Region.AUSTRALIA, ADA),
        ("00 44 7911 123456", Region.AUSTRALIA, ADA),
        ("021 234 567", Region.NEW_ZEALAND, "+6421234567"),
        ("071 123 4567", Region.SOUTH_AFRICA, "+27711234567"),
        ("+353 87 123 4567", Region.OTHER, "+353871234567"),
        ("07700 900123", UK, "+447700900123"),
        ("07624 123456", UK, "+447624123456"),
    ],
)
def test_a_number_without_a_country_code_is_one_of_the_practices_region(
    typed: str, region: Region, cleaned: str
) -> None:
    assert clean_mobile(typed, region) == cleaned


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter a mobile number"),
        (" \u200b\ufeff ", "Enter a mobile number"),
        ("+", "in digits"),
        ("-", "in digits"),
        ("ada@example.com", "in digits only"),
        ("tel:07911123456", "in digits only"),
        ("07911 I23456", "in digits only"),
        ("07911 12345²", "in digits only"),
        ("07911 123456 ext. 5", "without an extension"),
        ("07911 123456 x5", "without an extension"),
        ("07911 123456#5", "without an extension"),
        ("07911 123456;ext=5", "without an extension"),
        ("07911 123456, 07911 123457", "one mobile number"),
        ("07911 123456; 07911 123457", "one mobile number"),
        ("07911 123456\n07911 123457", "one mobile number"),
        ("07911 123456 07911 123457", "too many digits"),
        ("+447911123456+447911123457", "only at its beginning"),
        ("07911\x00123456", "one mobile number"),
        ("07911 12345", "too few digits"),
        ("07911 1234567", "too many digits"),
        ("123", "too few digits"),
        ("999", "too few digits"),
        ("+44", "too few digits"),
        ("+999 123 456 789", "No country has this code"),
        ("0" * 30, "No country has this code"),
        ("020 7946 0000", "a landline's number"),
        ("+39 06 1234 5678", "a landline's number"),
        ("0909 879 0000", "a premium rate number"),
        ("070 1234 5678", "not a mobile number"),
        ("0800 123 4567", "not a mobile number"),
        ("0764 012 3456", "not a mobile number"),
        ("202 555 0123", r"start with \+ and its country code"),
        ("\ud800", "in digits only"),
    ],
)
def test_what_is_no_mobile_number_is_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refusal:
        clean_mobile(typed, UK)
    assert str(refusal.value).endswith(".")


def test_a_practice_elsewhere_is_asked_for_the_country_code() -> None:
    with pytest.raises(ValueError, match=r"Start with \+ and the country code"):
        clean_mobile("07911 123456", Region.OTHER)


@pytest.mark.parametrize("piece", ["7", "x", "#", "+", " ", "(", "٧", "\u200b", "x1", "ext"])
def test_a_megabyte_is_refused_at_once(piece: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match="too long"):
        clean_mobile(piece * 1_000_000, UK)
    assert time.process_time() - started < 0.5


_REGIONS = st.sampled_from(Region)
_TYPED = st.text(st.sampled_from("0123456789０٧+＋ ()-./x#,;\u200b\n²e")) | st.text()


@given(_TYPED, _REGIONS)
@example("+44 (0)7911 123456", UK)
@example("0" * 11, UK)
def test_any_text_gives_a_possible_number_or_words(text: str, region: Region) -> None:
    try:
        given = clean_mobile(text, region)
    except ValueError as refusal:
        given = str(refusal)
    assert given.endswith(".") or phonenumbers.is_possible_number(phonenumbers.parse(given))


_INTERNATIONAL = st.builds(
    "+{}{}".format,
    st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    st.text("0123456789", min_size=4, max_size=12),
)


@given(_INTERNATIONAL | _TYPED, _REGIONS, _REGIONS)
def test_a_cleaned_number_stays_as_it_is_in_every_region(text: str, region: Region, other: Region) -> None:
    try:
        number = clean_mobile(text, region)
    except ValueError:
        return
    assert clean_mobile(number, region) == clean_mobile(number, other) == number


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        (ADA, "+44 7911 ••• 456"),
        ("+12025550123", "+1 202 ••• 123"),
        ("+353871234567", "+353 87 ••• 567"),
        ("+27711234567", "+27 71 ••• 567"),
        ("+4520123456", "+45 20 ••• 456"),
        ("+5491123456789", "+54 9 ••• 789"),
        ("+6831234567", "+683 ••• 567"),
        ("+378800000", "+378 ••• 000"),
        ("", "•••"),
        ("07911 123456", "•••"),
        ("+999123456789", "•••"),
    ],
)
def test_a_masked_number_can_be_recognised_but_not_dialled(number: str, masked: str) -> None:
    assert mask_mobile(number) == masked


@given(_INTERNATIONAL)
@example("+378800000")
@example("+2616862749")
@example("+67227674")
def test_a_masked_number_hides_three_digits_at_least(number: str) -> None:
    masked = mask_mobile(number)
    digits = sum(sign.isdigit() for sign in masked)
    assert masked == "•••" or digits <= len(number) - 1 - 3
