import re
import string
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.solo.identifiers import clean_nino, clean_postcode, clean_utr, mask_nino, mask_utr

WEIGHTS = (6, 7, 8, 9, 10, 5, 4, 3, 2)
CHECK_DIGITS = "21987654321"
ALIKE = [{0, 9}, {1, 10}]
"""Remainders that share a check digit."""

LETTERS = "ABCEGHJKLMNOPRSTWXYZ"
NEVER_GIVEN = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}
PREFIXES = [a + b for a in LETTERS for b in LETTERS if b != "O" and a + b not in NEVER_GIVEN]


def remainder(digits: str) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True)) % 11


def is_utr(number: str) -> bool:
    try:
        return clean_utr(number) == number
    except ValueError:
        return False


def is_nino(number: str) -> bool:
    try:
        return clean_nino(number) == number
    except ValueError:
        return False


nine_digits = st.text("0123456789", min_size=9, max_size=9)
utrs = nine_digits.map(lambda digits: CHECK_DIGITS[remainder(digits)] + digits)


@pytest.mark.parametrize("number", ["3282497350", "1955839661"])
def test_a_published_utr_is_taken(number: str) -> None:
    assert clean_utr(number) == number


@pytest.mark.parametrize(
    "typed",
    [
        "1955839661K",
        "K1955839661",
        "k 19558 39661",
        " 19558\u00a039661 ",
        "195-583-9661",
        "１９５５８３９６６１",
        "\u202a1955839661\u202c",
        "\ufeff19558\u200b39661",
    ],
)
def test_every_way_to_write_a_utr_gives_the_same(typed: str) -> None:
    assert clean_utr(typed) == "1955839661"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter a UTR"),
        (" \u200b", "Enter a UTR"),
        ("K", "Enter a UTR"),
        ("2955839661", "at least one digit is wrong"),
        ("195583966", "has 10 digits; this has 9"),
        ("19558396610", "has 10 digits; this has 11"),
        ("19558E9661", "in digits"),
        ("195583966²", "only letters, digits and spaces"),
        ("1955839661, 3282497350", "only letters, digits and spaces"),
        ("\ud800", "only letters, digits and spaces"),
        ("1" * 1_000_000, "too long"),
    ],
)
def test_what_is_no_utr_is_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refusal:
        clean_utr(typed)
    assert str(refusal.value).endswith(".")


@given(utrs)
def test_any_number_with_its_check_digit_is_a_utr_and_no_other_digit_will_do(number: str) -> None:
    assert [digit for digit in "0123456789" if is_utr(digit + number[1:])] == [number[0]]


@given(utrs, st.integers(1, 9), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_refused_unless_both_sums_have_the_same_check_digit(
    number: str, place: int, digit: str
) -> None:
    if number[place] == digit:
        return
    wrong = number[:place] + digit + number[place + 1 :]
    before, after = remainder(number[1:]), remainder(wrong[1:])
    assert before != after  # each weight tells all ten digits apart
    assert is_utr(wrong) == ({before, after} in ALIKE)


@pytest.mark.parametrize(
    "typed",
    [
        "AB123456C",
        "ab 12 34 56 c",
        "AB-12-34-56-C",
        "ＡＢ１２３４５６Ｃ",
        "AB\u00a0123456\u2009C",
        "\u202aAB123456C\u202c",
    ],
)
def test_every_way_to_write_a_nino_gives_the_same(typed: str) -> None:
    assert clean_nino(typed) == "AB123456C"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter a National Insurance number"),
        ("AB123456", "last letter is missing"),
        ("AB12345OC", "six digits"),
        ("AB12345C", "two letters, six digits and a letter"),
        ("123456789", "two letters, six digits and a letter"),
        ("AB123456E", "ends in A, B, C or D"),
        ("AB1234561", "ends in A, B, C or D"),
        ("QQ123456C", "begins with QQ"),
        ("AO123456C", "begins with AO"),
        ("12 A3 45 67", "temporary reference number"),
        ("AB123456Ç", "only letters, digits and spaces"),
        ("AB123456C/" * 20, "too long"),
    ],
)
def test_what_is_no_nino_is_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refusal:
        clean_nino(typed)
    assert str(refusal.value).endswith(".")


def test_exactly_the_prefixes_that_are_given_are_taken() -> None:
    letters = string.ascii_uppercase
    assert [a + b for a in letters for b in letters if is_nino(f"{a}{b}123456A")] == PREFIXES


@given(
    st.sampled_from(PREFIXES), st.text("0123456789", min_size=6, max_size=6), st.sampled_from(string.ascii_uppercase)
)
def test_a_nino_ends_in_a_to_d_whatever_its_digits(prefix: str, digits: str, suffix: str) -> None:
    assert is_nino(prefix + digits + suffix) == (suffix in "ABCD")


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("sw1a1aa", "SW1A 1AA"),
        ("M1 1AE", "M1 1AE"),
        ("b33 8th", "B33 8TH"),
        ("CR2 6XH", "CR2 6XH"),
        ("DN55  1PT", "DN55 1PT"),
        ("W1A\u00a00AX", "W1A 0AX"),
        ("EC1A 1BB", "EC1A 1BB"),
        ("N1P 1AA", "N1P 1AA"),
        ("ＳＷ１Ａ　１ＡＡ", "SW1A 1AA"),
    ],
)
def test_a_postcode_is_kept_with_its_one_space(typed: str, cleaned: str) -> None:
    assert clean_postcode(typed) == cleaned


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter a postcode"),
        ("SW1A", "whole UK postcode"),
        ("SW1A 1AAA", "whole UK postcode"),
        ("SW1A 1AC", "whole UK postcode"),
        ("QA1 1AA", "whole UK postcode"),
        ("90210", "whole UK postcode"),
        ("SW1A 1AA, London", "only letters, digits and spaces"),
    ],
)
def test_what_is_no_postcode_is_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        clean_postcode(typed)


def test_masks_show_the_last_three() -> None:
    assert (mask_nino("AB123456C"), mask_utr("1955839661")) == ("•• •• •• 56 C", "••••• ••661")


@given(st.text(max_size=20))
@example("AB123456C\n")
@example("1955839661\n")
@example("١٩٥٥٨٣٩٦٦١")
def test_masks_show_nothing_of_what_was_never_cleaned(text: str) -> None:
    if not is_nino(text):
        assert mask_nino(text) == "•••"
    if not re.fullmatch("[0-9]{10}", text):
        assert mask_utr(text) == "•••"


@given(st.text(max_size=30))
@example("ᾳ")
@example("ﬀ")
def test_any_text_is_cleaned_for_good_or_refused(text: str) -> None:
    for clean in (clean_nino, clean_utr, clean_postcode):
        try:
            cleaned = clean(text)
        except ValueError:
            continue
        assert clean(cleaned) == cleaned
        assert cleaned.isascii()


def test_a_megabyte_is_refused_at_once() -> None:
    started = time.process_time()
    for clean in (clean_nino, clean_utr, clean_postcode):
        with pytest.raises(ValueError, match="too long"):
            clean("\u200b" * 1_000_000)
    assert time.process_time() - started < 0.5
