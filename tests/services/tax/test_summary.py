from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.models import TaxCategories, TaxSide
from services.tax.categories import CATEGORIES, by_code
from services.tax.items import Item
from services.tax.summary import Line, Summary, summary

US, CANADA = TaxCategories.SCHEDULE_C, TaxCategories.T2125


def item(day: str, code: str, amount: str, listed: TaxCategories = US) -> Item:
    return Item(date.fromisoformat(day), f"{code} on {day}", by_code(listed, code), Decimal(amount))


def used(lines: tuple[Line, ...]) -> list[tuple[str, int, str]]:
    return [(line.category.label, line.items, str(line.total)) for line in lines if line.items]


def items_of(listed: TaxCategories) -> st.SearchStrategy[list[Item]]:
    return st.lists(
        st.builds(
            lambda day, category, cents: Item(day, "Something", category, Decimal(cents) / 100),
            st.dates(date(2025, 12, 1), date(2027, 1, 31)),
            st.sampled_from(CATEGORIES[listed]),
            st.integers(-999_999_999_999, 999_999_999_999) | st.integers(-500, 500),
        ),
        max_size=25,
    )


def cents(amount: Decimal) -> int:
    return int(amount * 100)


def test_a_summary_can_be_added_up_by_hand() -> None:
    before, after = item("2025-12-31", "8", "99.99"), item("2027-01-01", "1", "0.01")
    found = summary(
        [
            after,
            item("2026-01-01", "1", "1200.10"),
            item("2026-12-31", "1", "0.20"),
            item("2026-06-01", "1", "-100.00"),
            item("2026-03-01", "24b", "0.10"),
            item("2026-03-02", "24b", "0.20"),
            item("2026-03-03", "8", "250.00"),
            before,
        ],
        US,
        2026,
    )
    assert used(found.sales) == [("1 Gross receipts or sales", 3, "1100.30")]
    assert used(found.costs) == [("8 Advertising", 1, "250.00"), ("24b Meals", 2, "0.30")]
    assert [str(total) for total in (found.total_sales, found.total_costs, found.net)] == [
        "1100.30",
        "250.30",
        "850.00",
    ]
    assert found.outside == (before, after)


def test_without_items_each_line_is_there_with_nothing() -> None:
    nothing = Decimal("0.00")
    assert summary([], CANADA, 2026) == Summary(
        listed=CANADA,
        year=2026,
        costs=tuple(Line(each, 0, nothing) for each in CATEGORIES[CANADA] if each.side is TaxSide.COSTS),
        sales=(Line(by_code(CANADA, "8000"), 0, nothing),),
        outside=(),
    )
    assert str(summary([], CANADA, 2026).net) == "0.00"


@pytest.mark.parametrize("day", ["2026-05-01", "2024-05-01"])
def test_an_item_of_the_other_list_is_a_mistake(day: str) -> None:
    with pytest.raises(KeyError):
        summary([item(day, "8521", "1.00", CANADA)], US, 2026)


@settings(max_examples=50)
@given(st.data(), st.sampled_from(TaxCategories))
def test_totals_are_those_of_whole_cents_and_no_item_is_lost(data: st.DataObject, listed: TaxCategories) -> None:
    items = data.draw(items_of(listed))
    found = summary(items, listed, 2026)
    of_year = [each for each in items if each.dated_on.year == 2026]
    for side, lines, total in (
        (TaxSide.COSTS, found.costs, found.total_costs),
        (TaxSide.SALES, found.sales, found.total_sales),
    ):
        for line in lines:
            its = [each for each in of_year if each.category == line.category]
            assert (line.items, cents(line.total)) == (len(its), sum(cents(each.amount) for each in its))
        assert cents(total) == sum(cents(each.amount) for each in of_year if each.side is side)
    assert found.net == found.total_sales - found.total_costs
    assert sum(line.items for line in (*found.costs, *found.sales)) + len(found.outside) == len(items)
    assert all(each.dated_on.year != 2026 for each in found.outside)
