from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.models import TaxCategories, TaxSide
from services.errors import InvalidError
from services.tax.categories import CATEGORIES, Category, by_code
from services.tax.items import AMOUNT, CATEGORY, COLUMNS, DATE, DESCRIPTION, Item, clean_date, read_item

US, CANADA = TaxCategories.SCHEDULE_C, TaxCategories.T2125
THIRTIETH = date(2026, 4, 30)

days = st.dates(date(1900, 1, 1), date(2199, 12, 31))


def row(dated: str, description: str, category: str, amount: str) -> dict[str, str]:
    return dict(zip(COLUMNS, (dated, description, category, amount), strict=True))


def test_a_row_becomes_an_item_on_the_side_of_its_category() -> None:
    cost = read_item(row("04/30/2026", "  Flyers\nfor the fair ", "line 8", "$1,234.50"), US)
    assert cost == Item(THIRTIETH, "Flyers for the fair", by_code(US, "8"), Decimal("1234.50"))
    sale = read_item(row("2026-04-30", "Invoice 7", "8000", "99"), CANADA)
    assert (cost.side, sale.side) == (TaxSide.COSTS, TaxSide.SALES)


def test_all_that_is_wrong_with_a_row_is_named_by_column() -> None:
    with pytest.raises(InvalidError) as refusal:
        read_item(row("03/04/2026", " \u0000 ", "Advertizing", "12,5"), CANADA)
    assert refusal.value.fields == {
        DATE: "03/04/2026 may be 3 April or 4 March. Write 2026-04-03 or 2026-03-04.",
        DESCRIPTION: "Enter what this was for.",
        CATEGORY: "T2125 has no category “Advertizing”. Did you mean 8521 Advertising?",
        AMOUNT: "Write a point before the cents, and commas only between thousands, such as 1,234.50.",
    }


def test_a_missing_column_is_an_empty_one() -> None:
    with pytest.raises(InvalidError) as refusal:
        read_item({DATE: "2026-04-30", CATEGORY: "8"}, US)
    assert list(refusal.value.fields) == [DESCRIPTION, AMOUNT]


def test_a_description_has_300_characters_at_most() -> None:
    longest = "é" * 300
    assert read_item(row("2026-04-30", longest, "8", "1"), US).description == longest
    with pytest.raises(InvalidError, match="300 characters is the most"):
        read_item(row("2026-04-30", longest + "!", "8", "1"), US)


@pytest.mark.parametrize("listed", TaxCategories)
@pytest.mark.parametrize(
    "written",
    [
        "2026-04-30",
        "2026-4-30",
        "2026/04/30",
        "2026.04.30",
        "2026-04-30 00:00:00",
        "2026-04-30T00:00",
        "４/30/2026",
        "04-30-2026",
    ],
)
def test_a_day_that_can_only_be_one_is_read(written: str, listed: TaxCategories) -> None:
    assert clean_date(written, listed) == THIRTIETH


@pytest.mark.parametrize(
    ("written", "listed", "day"),
    [
        ("3/4/2026", US, date(2026, 3, 4)),
        ("12/1/2026", US, date(2026, 12, 1)),
        ("30/4/2026", CANADA, THIRTIETH),
        ("4/30/2026 0:00", CANADA, THIRTIETH),
        ("04/4/2026", CANADA, date(2026, 4, 4)),
        ("2024-02-29", CANADA, date(2024, 2, 29)),
    ],
)
def test_a_day_is_read_as_the_country_writes_it(written: str, listed: TaxCategories, day: date) -> None:
    assert clean_date(written, listed) == day


@pytest.mark.parametrize(
    ("written", "listed", "words"),
    [
        ("", US, "Enter a date, such as 04/30/2026 or 2026-04-30."),
        ("", CANADA, "Enter a date, such as 2026-04-30."),
        ("30/4/2026", US, "There is no day 30/4/2026. Check the day and the month."),
        ("2026-02-29", US, "There is no day 2026-02-29. Check the day and the month."),
        ("13/14/2026", CANADA, "There is no day 13/14/2026. Check the day and the month."),
        ("0/4/2026", CANADA, "There is no day 0/4/2026. Check the day and the month."),
        ("12/1/2026", CANADA, "12/1/2026 may be 12 January or 1 December. Write 2026-01-12 or 2026-12-01."),
        ("4/30/26", US, "Write the year with four digits, such as 04/30/2026 or 2026-04-30."),
        ("0206-04-30", US, "Check the year of 0206-04-30."),
        (
            "46142",
            CANADA,
            "This is a number, not a date. Format its column as a date, such as 2026-04-30.",
        ),
        ("30 April 2026", CANADA, "Write the date in digits, such as 2026-04-30."),
        ("2026-04/30", CANADA, "Write the date in digits, such as 2026-04-30."),
        ("2026-04-30 10:15", CANADA, "Write the date in digits, such as 2026-04-30."),
        (
            "1" * 1_000_000 + "x",
            CANADA,
            "This is too long for a date. Write it in digits, such as 2026-04-30.",
        ),
    ],
)
def test_what_is_no_day_or_may_be_two_is_refused_in_words(written: str, listed: TaxCategories, words: str) -> None:
    with pytest.raises(ValueError, match=r"date|day|year|may be") as refusal:
        clean_date(written, listed)
    assert str(refusal.value) == words


@given(days)
def test_each_day_is_read_back_in_every_form_of_its_country(day: date) -> None:
    month_first = f"{day.month}/{day.day}/{day.year}"
    assert [clean_date(day.isoformat(), listed) for listed in TaxCategories] == [day, day]
    assert clean_date(month_first, US) == day
    if day.day > 12 or day.day == day.month:
        assert [clean_date(way, CANADA) for way in (month_first, f"{day:%d/%m/%Y}")] == [day, day]
    else:
        with pytest.raises(ValueError, match="may be"):
            clean_date(month_first, CANADA)


@given(st.sampled_from(TaxCategories), st.tuples(*[st.text(max_size=20)] * 4))
@example(US, ("٢٠٢٦-٠٤-٣٠", "\ud800", "8", "1"))
def test_any_row_is_an_item_or_refused_by_column(listed: TaxCategories, cells: tuple[str, str, str, str]) -> None:
    try:
        item = read_item(row(*cells), listed)
    except InvalidError as refusal:
        blamed = set(refusal.fields)
    else:
        assert item.category in CATEGORIES[listed]
        return
    assert blamed
    assert blamed <= set(COLUMNS)


@pytest.mark.parametrize("amount", ["0.001", "10000000000", "NaN"])
def test_an_item_is_never_less_exact_than_a_cent(amount: str) -> None:
    with pytest.raises(ValueError, match="whole cents"):
        Item(THIRTIETH, "Flyers", Category("8", "Advertising"), Decimal(amount))
