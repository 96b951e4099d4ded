from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.tax.amounts import LARGEST, clean_amount, is_exact

cents = st.integers(-999_999_999_999, 999_999_999_999)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12", "12.00"),
        ("12.5", "12.50"),
        ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("$1,234.50", "1234.50"),
        ("$ 1,234,567.89", "1234567.89"),
        ("1 234.50", "1234.50"),
        ("1\u00a0234\u202f567.00", "1234567.00"),
        (".50", "0.50"),
        ("0.05", "0.05"),
        ("12.", "12.00"),
        ("+12", "12.00"),
        ("-12", "-12.00"),
        ("\u221212", "-12.00"),
        ("-$12", "-12.00"),
        ("$-12", "-12.00"),
        ("(12.00)", "-12.00"),
        ("($1,234.50)", "-1234.50"),
        ("$(12.00)", "-12.00"),
        ("'-12.00", "-12.00"),
        ("-0.00", "0.00"),
        ("(0)", "0.00"),
        ("＄１，２３４．５０", "1234.50"),
        ("\ufeff12.00\u200b", "12.00"),
        ("9,999,999,999.99", "9999999999.99"),
    ],
)
def test_an_amount_as_people_and_spreadsheets_write_it(typed: str, amount: str) -> None:
    assert str(clean_amount(typed)) == amount


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter an amount"),
        ("'", "Enter an amount"),
        ("$", "in digits"),
        ("free", "in digits"),
        ("€12.00", "in digits"),
        ("12.00 CAD", "in digits"),
        ("--12", "in digits"),
        ("(-12)", "in digits"),
        ("-(12)", "in digits"),
        ("(12", "in digits"),
        ("=1+1", "in digits"),
        ("NaN", "in digits"),
        ("Infinity", "in digits"),
        ("12²", "in digits"),
        ("1234,5", "point before the cents"),
        ("12,50", "point before the cents"),
        ("0,125", "point before the cents"),
        ("1.234,50", "point before the cents"),
        ("1,2345", "point before the cents"),
        ("1,234 567", "point before the cents"),
        ("1.2.3", "point before the cents"),
        ("12.345", "two decimals at most"),
        ("12.000", "two decimals at most"),
        ("4.47E+11", "spreadsheet shortened"),
        ("1e5", "spreadsheet shortened"),
        ("10,000,000,000.00", "too large: 9,999,999,999.99"),
        ("9" * 90, "too large"),
        ("9" * 1_000_000, "too long"),
    ],
)
def test_what_is_no_amount_is_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refusal:
        clean_amount(typed)
    assert str(refusal.value).endswith(".")


@given(cents)
def test_what_is_written_to_the_cent_is_read_to_the_cent(whole: int) -> None:
    amount = Decimal(whole) / 100
    ways = [f"{amount:.2f}", f"{amount:,.2f}", f"${amount:,.2f}", f"{amount:,.2f}".replace(",", " ")]
    if whole < 0:
        ways.append(f"({-amount:,.2f})")
    assert [clean_amount(way) for way in ways] == [amount] * len(ways)


@given(st.text("0123456789.,-+$()' eE", max_size=16) | st.text(max_size=16))
@example("\ud800")
def test_any_text_is_an_exact_amount_or_refused(text: str) -> None:
    try:
        amount = clean_amount(text)
    except ValueError:
        return
    assert is_exact(amount)
    assert clean_amount(str(amount)) == amount
    assert str(amount)[-3] == "."


@pytest.mark.parametrize(
    "amount", [Decimal("0.005"), LARGEST + 1, Decimal("1E+30"), Decimal("NaN"), Decimal("-Infinity")]
)
def test_parts_of_a_cent_and_what_is_too_large_are_not_exact(amount: Decimal) -> None:
    assert not is_exact(amount)
