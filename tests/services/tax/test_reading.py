"""A CSV of costs and sales, row by row."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import TaxCategories
from services.errors import InvalidError
from services.tax.categories import by_code
from services.tax.items import Item
from services.tax.reading import MOST_ROWS, Problem, read

US = TaxCategories.SCHEDULE_C


def items(text: str) -> tuple[Item, ...]:
    return tuple(item for _, item in read(text, US).items)


def keys(text: str) -> list[bytes]:
    return [key for key, _ in read(text, US).items]


ONE = Item(date(2026, 4, 30), "Leaflets", by_code(US, "8"), Decimal("120.00"))


@pytest.mark.parametrize(
    "text",
    [
        "Date,Description,Category,Amount\n2026-04-30,Leaflets,8,120\n",
        "\ufeffdate;DESCRIPTION;Category;Amount;Side\r\n04/30/2026;Leaflets;advertising;$120.00;costs\r\n",
        "\n\t\t\t\nAmount\tCategory\tBalance\tDescription\tDate\r120.00\tline 8\t7\tLeaflets\t2026-04-30",
        "Date,Description,Category,Amount\n# such as,,,\n\n2026-04-30,Leaflets,8,120\n",
    ],
)
def test_a_table_is_read_whatever_program_wrote_it(text: str) -> None:
    assert items(text) == (ONE,)


def test_every_problem_is_named_by_row_and_column_and_the_good_rows_stay() -> None:
    found = read(
        "Date,Description,Category,Amount,Side\n"
        "2026-04-30,Leaflets,8,120,\n"
        "30.04.2026,,Advertizing,12.345,x\n"
        "2026-04-30,Leaflets,8,120,Sales\n"
        "2026-04-30\n",
        US,
    )
    assert [item for _, item in found.items] == [ONE]
    assert [(each.row, each.column) for each in found.problems] == [
        (3, "Date"),
        (3, "Description"),
        (3, "Category"),
        (3, "Amount"),
        (3, "Side"),
        (4, "Side"),
        (5, "Description"),
        (5, "Category"),
        (5, "Amount"),
    ]
    assert found.problems[5] == Problem(
        4, "Side", "8 Advertising is under Costs. Change one of the two, or leave this empty."
    )


def test_what_a_spreadsheet_was_kept_from_running_is_read_as_it_was_typed() -> None:
    (item,) = items("Date,Description,Category,Amount\n2026-04-30,'=1+1,8,'-5\n")
    assert (item.description, item.amount) == ("=1+1", Decimal("-5.00"))


def test_equal_rows_of_a_file_are_several_entries_and_the_same_again_are_the_same() -> None:
    head, row = "Date,Description,Category,Amount\n", "2026-04-30,Leaflets,8,120\n"
    once, twice = keys(head + row), keys(head + row + row)
    assert len(set(twice)) == 2
    assert twice[0] == once[0] == keys(head + "04/30/2026, Leaflets ,Advertising,$120.00\n")[0]
    assert keys(head + row.replace("120", "121"))[0] not in twice


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is nothing in it."),
        ("\n ,;\t \n", "There is nothing in it."),
        ("Date,Description,Amount\n", "Missing: Category."),
        ("Date,Description,Category,Amount,date\n", "The header Date is there more than once."),
        ("Date,Description,Category,Amount\n\n", "There are headers and nothing below them."),
        ('Date,Description,Category,Amount\n2026-04-30,"Leaf,8,1\n', "The quotation marks in row 2 don't match."),
    ],
)
def test_what_is_no_such_table_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        read(text, US)
    assert said in refusal.value.fields["items"]


def test_one_row_too_many_is_refused_by_its_number() -> None:
    head, row = "Date,Description,Category,Amount\n", "2026-04-30,Leaflets,8,120\n"
    assert len(items(head + row * MOST_ROWS)) == MOST_ROWS
    with pytest.raises(InvalidError, match="the first one too many is row 10,002"):
        read(head + row * (MOST_ROWS + 1), US)


@given(st.text() | st.text(alphabet=",;\"\n\r\t'=8 Date").map("Date,Description,Category,Amount\n{}".format))
def test_any_text_gives_entries_or_a_refusal(text: str) -> None:
    refused: tuple[str, ...] = ()
    try:
        found = read(text, US)
    except InvalidError as refusal:
        refused = tuple(refusal.fields)
    else:
        assert found.items or found.problems
        assert len({key for key, _ in found.items}) == len(found.items)
    assert refused in {(), ("items",)}
