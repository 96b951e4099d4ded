from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import TaxCategories, TaxSide
from services.tax.categories import CATEGORIES, Category, by_code, find

US, CANADA = TaxCategories.SCHEDULE_C, TaxCategories.T2125
EVERY = [(listed, each) for listed, lines in CATEGORIES.items() for each in lines]
every_category = st.sampled_from(EVERY)


def labels(listed: TaxCategories, side: TaxSide) -> list[str]:
    return [each.label for each in CATEGORIES[listed] if each.side is side]


def test_the_lines_of_schedule_c() -> None:
    assert labels(US, TaxSide.COSTS) == [
        "8 Advertising",
        "9 Car and truck",
        "10 Commissions and fees",
        "11 Contract labor",
        "12 Depletion",
        "13 Depreciation and section 179",
        "14 Employee benefit programs",
        "15 Insurance",
        "16a Interest: mortgage",
        "16b Interest: other",
        "17 Legal and professional",
        "18 Office expense",
        "19 Pension and profit-sharing",
        "20a Rent or lease: vehicles, machinery and equipment",
        "20b Rent or lease: other business property",
        "21 Repairs and maintenance",
        "22 Supplies",
        "23 Taxes and licenses",
        "24a Travel",
        "24b Meals",
        "25 Utilities",
        "26 Wages",
        "27 Other",
    ]
    assert labels(US, TaxSide.SALES) == ["1 Gross receipts or sales"]


def test_the_lines_of_t2125() -> None:
    assert labels(CANADA, TaxSide.COSTS) == [
        "8521 Advertising",
        "8523 Meals and entertainment",
        "8590 Bad debts",
        "8690 Insurance",
        "8710 Interest and bank charges",
        "8760 Business taxes, licences and memberships",
        "8810 Office expenses",
        "8811 Office stationery and supplies",
        "8860 Professional fees",
        "8871 Management and administration fees",
        "8910 Rent",
        "8960 Repairs and maintenance",
        "9060 Salaries, wages and benefits",
        "9180 Property taxes",
        "9200 Travel",
        "9220 Utilities",
        "9224 Fuel costs",
        "9275 Delivery, freight and express",
        "9281 Motor vehicle expenses",
        "9936 Capital cost allowance",
        "9270 Other expenses",
    ]
    assert labels(CANADA, TaxSide.SALES) == ["8000 Adjusted gross sales"]


@pytest.mark.parametrize(
    ("listed", "typed", "code"),
    [
        (US, "8", "8"),
        (US, "line 8", "8"),
        (US, "Line 24B:", "24b"),
        (US, "meals", "24b"),
        (US, "24b Meals", "24b"),
        (US, "24b – Meals", "24b"),
        (US, "Line 20b, Rent or lease - other business property", "20b"),
        (US, " REPAIRS & MAINTENANCE ", "21"),
        (US, "Pension and profit sharing", "19"),
        (US, "Other", "27"),
        (US, "gross receipts or sales", "1"),
        (CANADA, "8521", "8521"),
        (CANADA, "８５２１", "8521"),
        (CANADA, "Salaries, wages & benefits", "9060"),
        (CANADA, "adjusted gross sales", "8000"),
    ],
)
def test_a_category_is_found_by_its_code_its_name_or_both(listed: TaxCategories, typed: str, code: str) -> None:
    assert find(listed, typed) == by_code(listed, code)


@given(every_category, st.sampled_from([str.upper, str.lower, str.title]), st.sampled_from(["", " ", "line "]))
def test_each_category_is_found_in_any_case(
    one: tuple[TaxCategories, Category], case: Callable[[str], str], before: str
) -> None:
    listed, category = one
    for way in (category.code, category.name, category.label):
        assert find(listed, before + case(way)) == category


@pytest.mark.parametrize(
    ("listed", "typed", "words"),
    [
        (US, "", "Enter a category of Schedule C: its code or its name."),
        (US, "and", "Schedule C has no category “and”. Enter the code or the name of one of its lines."),
        (US, "line", "Schedule C has no category “line”. Enter the code or the name of one of its lines."),
        (US, "8521", "Schedule C has no category “8521”. Enter the code or the name of one of its lines."),
        (US, "Advertizing", "Schedule C has no category “Advertizing”. Did you mean 8 Advertising?"),
        (US, "Deductible meals", "Schedule C has no category “Deductible meals”. Did you mean 24b Meals?"),
        (US, "9 Meals", "Schedule C has no category “9 Meals”. Did you mean 24b Meals?"),
        (US, "27b", "Schedule C has no category “27b”. Did you mean 27 Other?"),
        (
            US,
            "16",
            "Schedule C has no category “16”. Did you mean 16a Interest: mortgage or 16b Interest: other?",
        ),
        (
            US,
            "interest",
            "Schedule C has no category “interest”. Did you mean 16a Interest: mortgage or 16b Interest: other?",
        ),
        (CANADA, "8", "T2125 has no category “8”. Enter the code or the name of one of its lines."),
        (CANADA, "Meals", "T2125 has no category “Meals”. Did you mean 8523 Meals and entertainment?"),
        (
            CANADA,
            "fees",
            (
                "T2125 has no category “fees”. Did you mean 8860 Professional fees or "
                "8871 Management and administration fees?"
            ),
        ),
        (
            CANADA,
            "z" * 200,
            f"T2125 has no category “{'z' * 60}…”. Enter the code or the name of one of its lines.",
        ),
        (CANADA, "z" * 201, "This is too long for a category. Enter its code or its name."),
    ],
)
def test_an_unknown_category_is_refused_and_those_like_it_named(listed: TaxCategories, typed: str, words: str) -> None:
    with pytest.raises(ValueError, match="category") as refusal:
        find(listed, typed)
    assert str(refusal.value) == words


@given(st.sampled_from(TaxCategories), st.text(max_size=30))
def test_any_text_is_a_category_or_refused(listed: TaxCategories, text: str) -> None:
    try:
        found = find(listed, text)
    except ValueError:
        return
    assert found in CATEGORIES[listed]


def test_a_code_of_the_other_list_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        by_code(US, "8521")
