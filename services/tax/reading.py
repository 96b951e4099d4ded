"""A CSV of costs and sales: its rows, and what is wrong with them."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from db.models import TaxCategories, TaxSide
from services.clients.names import fold
from services.errors import InvalidError
from services.spreadsheet import as_typed
from services.tax.categories import Category
from services.tax.items import COLUMNS, Item, read_item

SIDE = "Side"
NOTE = "#"
"""What a line of instructions begins with."""
MOST_ROWS = 10_000
FIELD = "items"
_HEADERS = f"The first row needs the headers {', '.join(COLUMNS[:-1])} and {COLUMNS[-1]}."
_SIDES = {
    TaxSide.COSTS: {"cost", "costs", "expense", "expenses"},
    TaxSide.SALES: {"sale", "sales", "income", "revenue"},
}
_WORDS = {TaxSide.COSTS: "Costs", TaxSide.SALES: "Sales"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a cell. `row` counts from 1, which is the headers where nothing stands above them."""

    row: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Entries:
    """The good rows, each with its entry key, and the problems of the others. `digest` stands for all of it."""

    items: tuple[tuple[bytes, Item], ...]
    problems: tuple[Problem, ...]
    digest: str


def read(text: str, listed: TaxCategories) -> Entries:
    """Raises InvalidError at `FIELD` for what is no such table."""
    items: list[Item] = []
    problems: list[Problem] = []
    digest = hashlib.sha256()
    for number, cells in _rows(text):
        digest.update(repr((number, sorted(cells.items()))).encode())
        try:
            items.append(_item(cells, listed))
        except InvalidError as refusal:
            problems += (Problem(number, column, said) for column, said in refusal.fields.items())
    if not items and not problems:
        raise _refusal("There are headers and nothing below them. Add a row for each cost or sale.")
    return Entries(tuple(zip(_keys(items), items, strict=True)), tuple(problems), digest.hexdigest()[:32])


def _keys(items: Iterable[Item]) -> Iterator[bytes]:
    """Equal entries of a file differ by their count in it, so that the same file again has the same keys."""
    seen = Counter[str]()
    for item in items:
        # What is invisible is not in a description: no two entries are written alike.
        said = "\n".join(
            (item.dated_on.isoformat(), item.description, item.category.code, item.side, f"{item.amount:.2f}")
        )
        seen[said] += 1
        yield hashlib.sha256(f"{said}\n{seen[said]}".encode()).digest()


def _item(cells: dict[str, str], listed: TaxCategories) -> Item:
    problems: dict[str, str] = {}
    item: Item | None = None
    try:
        item = read_item(cells, listed)
    except InvalidError as refusal:
        problems = refusal.fields
    if wrong := _wrong_side(cells.get(SIDE, ""), None if item is None else item.category):
        problems = {**problems, SIDE: wrong}
    if item is None or problems:
        raise InvalidError(problems)
    return item


def _wrong_side(text: str, category: Category | None) -> str | None:
    said = fold(text[:50])
    if not said:
        return None
    side = next((each for each, words in _SIDES.items() if said in words), None)
    if side is None:
        return "Write Costs or Sales, or leave it empty."
    if category is not None and category.side is not side:
        return f"{category.label} is under {_WORDS[category.side]}. Change one of the two, or leave this empty."
    return None


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows below the headers by column, those without anything left out. Other columns are passed over."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first = next((line for line in io.StringIO(text) if line.strip(" ,;\t\n")), "")
    if not first:
        raise _refusal(f"There is nothing in it. {_HEADERS}")
    lines = enumerate(csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count), strict=True), start=1)
    number = 0
    try:
        places: dict[str, int] | None = None
        found = 0
        for number, cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places = _places(cells)
                continue
            if cells[0].startswith(NOTE):
                continue
            found += 1
            if found > MOST_ROWS:
                raise _refusal(
                    f"There are more than {MOST_ROWS:,} rows; the first one too many is row {number:,}. "
                    "Upload them in parts."
                )
            yield number, {name: as_typed(cells[at]) for name, at in places.items() if at < len(cells)}
    except csv.Error:
        raise _refusal(
            f"The quotation marks in row {number + 1:,} don't match. Mend this row and send it again."
        ) from None


def _places(cells: Sequence[str]) -> dict[str, int]:
    names = {fold(name): name for name in (*COLUMNS, SIDE)}
    places: dict[str, int] = {}
    for at, cell in enumerate(cells):
        name = names.get(fold(cell[:50]))
        if name in places:
            raise _refusal(f"The header {name} is there more than once.")
        if name is not None:
            places[name] = at
    missing = [name for name in COLUMNS if name not in places]
    if missing:
        raise _refusal(f"{_HEADERS} Missing: {', '.join(missing)}.")
    return places


def _refusal(said: str) -> InvalidError:
    return InvalidError({FIELD: said})
