"""Costs and sales on the card of a self-employed client, the list of its categories, and its Tax summary."""

from db.models import TaxSide
from modals import blocks as b
from modals.clients import ids as clients
from modals.clients.metadata import ClientMetadata
from modals.tax import ids, words
from modals.text import count
from services.tax.categories import CATEGORIES, NAMES
from services.tax.records import TaxCard, TaxClient, TaxFile, YearPage, YearTotals
from services.tax.summary import Line

TITLE = "Tax summary"


def section(tax: TaxCard, *, deactivated: bool = False) -> list[b.Block]:
    totals = [tax.current, *([tax.before] if tax.before else [])]
    buttons = [b.button("Tax summary", ids.SUMMARY), b.button("Categories", ids.CATEGORIES)]
    if not deactivated:
        buttons.insert(0, b.button("Upload items", ids.UPLOAD))
    return [
        b.header(f"Self-employed: {NAMES[tax.listed]}"),
        b.facts([(str(each.year), _totals(each)) for each in totals]),
        b.actions(*buttons, block_id="tax"),
    ]


def _totals(year: YearTotals) -> str:
    if not year.items:
        return "no items yet"
    name, net = words.net(year.net)
    parts = (
        count(year.items, "item", "items"),
        f"sales {words.dollars(year.sales)}",
        f"costs {words.dollars(year.costs)}",
        f"{name.lower()} {net}",
    )
    return " · ".join(parts)


def categories(client: TaxClient, at: ClientMetadata) -> b.View:
    listed = CATEGORIES[client.listed]
    blocks = [b.rich([b.bold(client.name), b.words(f" · {NAMES[client.listed]}")])]
    for side in (TaxSide.SALES, TaxSide.COSTS):
        lines = [[b.code(each.code), b.words(f" {each.name}")] for each in listed if each.side is side]
        blocks += [b.header(words.SIDES[side]), b.rich(*lines)]
    blocks += [
        b.context("In a file of items, write the number of a line or its name under Category."),
        b.actions(b.button("Back", clients.BACK), block_id="navigation"),
    ]
    return b.modal("Categories", blocks, private_metadata=_place(at))


def year(page: YearPage, at: ClientMetadata, *, note: str | None = None) -> b.View:
    """`note` is what the button that was pressed has done."""
    made = page.summary
    blocks = [b.rich([b.bold(page.client.name), b.words(f" · {NAMES[made.listed]} · tax year {made.year}")])]
    if note:
        blocks.append(b.rich([b.emoji("white_check_mark"), b.words(f" {note}")]))
    others = [each for each in page.years if each[0] != made.year]
    if others:
        blocks.append(_years(page))
    if page.items:
        blocks += _summary(page)
    else:
        blocks.append(b.section(f"There are no items in {made.year}."))
    blocks.append(b.actions(*_buttons(page), block_id="navigation"))
    return b.modal(TITLE, blocks, private_metadata=_place(at))


def sent(file: TaxFile) -> b.Message:
    form = "CSV" if file.file_name.endswith("csv") else "Excel"
    said = f"The Tax summary of {file.client_name} for {file.year} ({NAMES[file.listed]}), as {form}."
    return b.message(said, [b.section(said)])


def template_sent(file: TaxFile) -> b.Message:
    said = (
        f"The template for items of {NAMES[file.listed]}. Fill in a row for each cost or sale, save it as CSV, and "
        "upload it from the client's card."
    )
    return b.message(said, [b.section(said)])


def _place(at: ClientMetadata) -> str:
    return ClientMetadata.of_client(at, at.client).dump()


def _years(page: YearPage) -> b.Block:
    shown = page.summary.year
    known = dict(page.years)
    known.setdefault(shown, 0)
    options = [
        b.option(f"{each}: {count(known[each], 'item', 'items')}", str(each)) for each in sorted(known, reverse=True)
    ]
    chooser = b.select(options, str(shown), placeholder="Tax year") | {"action_id": ids.YEAR}
    # Another block id for each year, or Slack would keep showing what was chosen before.
    return b.actions(chooser, block_id=f"year.{shown}")


def _summary(page: YearPage) -> list[b.Block]:
    made = page.summary
    name, net = words.net(made.net)
    return [
        b.header("Costs"),
        b.rich(*_lines(made.costs), _total("Total costs", words.dollars(made.total_costs))),
        b.header("Sales"),
        b.rich(*_lines(made.sales), _total("Total sales", words.dollars(made.total_sales))),
        b.rich([b.bold(f"{name}: {net}")]),
        b.context("Lines without items are left out here; the files have them all."),
    ]


def _lines(lines: tuple[Line, ...]) -> list[list[b.Element]]:
    return [
        [
            b.code(each.category.code),
            b.words(f" {each.category.name}: {words.dollars(each.total)} ({count(each.items, 'item', 'items')})"),
        ]
        for each in lines
        if each.items
    ]


def _total(label: str, amount: str) -> list[b.Element]:
    return [b.bold(f"{label}: {amount}")]


def _buttons(page: YearPage) -> list[b.Element]:
    shown = page.summary.year
    buttons = [b.button("Back", clients.BACK)]
    if page.client.is_active:
        buttons.insert(0, b.button("Upload items", ids.UPLOAD))
    if not page.items:
        return buttons
    send = b.button("Send as Excel and CSV", ids.SEND, value=str(shown), style="primary")
    if not page.client.is_active:
        return [send, *buttons]
    text = f"{count(page.items, 'item', 'items')} of {shown} will be gone. You can upload the files again."
    confirm = b.confirm(f"Delete all items of {shown}?", text, "Delete", "Keep them")
    delete = b.button(f"Delete all items of {shown}", ids.DELETE, value=str(shown), style="danger")
    return [send, *buttons, delete | {"confirm": confirm}]
