"""The Tax summary: what a client's costs and sales of a tax year add up to, line by line of its form."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from db.models import TaxCategories, TaxSide
from services.tax.categories import CATEGORIES, Category
from services.tax.items import Item

_ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Line:
    category: Category
    items: int
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`costs` and `sales` have every line of the form, in its order. `outside` are the items that are not of the year,
    the earliest first: they count nowhere."""

    listed: TaxCategories
    year: int
    costs: tuple[Line, ...]
    sales: tuple[Line, ...]
    outside: tuple[Item, ...]

    @property
    def total_costs(self) -> Decimal:
        return sum((line.total for line in self.costs), _ZERO)

    @property
    def total_sales(self) -> Decimal:
        return sum((line.total for line in self.sales), _ZERO)

    @property
    def net(self) -> Decimal:
        """Sales less costs."""
        return self.total_sales - self.total_costs


def summary(items: Iterable[Item], listed: TaxCategories, year: int) -> Summary:
    """Adds up. A tax year is a calendar year in both countries.

    Raises KeyError for an item of another list's category.
    """
    counts = dict.fromkeys(CATEGORIES[listed], 0)
    totals = dict.fromkeys(CATEGORIES[listed], _ZERO)
    outside: list[Item] = []
    for item in items:
        # Also for one outside the year: a category of another list is a mistake of ours in any year.
        total = totals[item.category]
        if item.dated_on.year != year:
            outside.append(item)
            continue
        counts[item.category] += 1
        totals[item.category] = total + item.amount
    lines = [Line(each, counts[each], totals[each]) for each in CATEGORIES[listed]]
    return Summary(
        listed=listed,
        year=year,
        costs=tuple(line for line in lines if line.category.side is TaxSide.COSTS),
        sales=tuple(line for line in lines if line.category.side is TaxSide.SALES),
        outside=tuple(sorted(outside, key=lambda item: item.dated_on)),
    )
