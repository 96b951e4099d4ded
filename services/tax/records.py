"""What is shown of a self-employed client's costs and sales, and the files that are made of them."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from db.models import TaxCategories
from services.tax.items import Item
from services.tax.reading import Problem
from services.tax.summary import Summary

MOST_ITEMS = 100_000
"""Of one client."""


@dataclass(frozen=True, slots=True)
class YearTotals:
    year: int
    items: int
    sales: Decimal
    costs: Decimal

    @property
    def net(self) -> Decimal:
        return self.sales - self.costs


@dataclass(frozen=True, slots=True)
class TaxCard:
    """`before` is the year before the current one, where there is something in it."""

    listed: TaxCategories
    current: YearTotals
    before: YearTotals | None


@dataclass(frozen=True, slots=True)
class TaxClient:
    client_id: uuid.UUID
    name: str
    listed: TaxCategories
    is_active: bool


@dataclass(frozen=True, slots=True)
class YearPage:
    """`years` are those to choose from, the newest first, with the number of their items."""

    client: TaxClient
    years: tuple[tuple[int, int], ...]
    summary: Summary

    @property
    def items(self) -> int:
        return sum(line.items for line in (*self.summary.costs, *self.summary.sales))


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What an upload would add, or has added. `known` counts the rows that were there already, `digest` stands for
    what was uploaded."""

    client: TaxClient
    items: tuple[Item, ...]
    known: int
    problems: tuple[Problem, ...]
    digest: str

    @property
    def bad_rows(self) -> int:
        return len({each.row for each in self.problems})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxFile:
    """`file_name` is the same for each try of one request, and another for each request of a person."""

    client_name: str
    listed: TaxCategories
    year: int | None
    file_name: str
    title: str
    content: bytes
