"""Uploading costs and sales: the form, what it would add, and what it has added."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from modals import blocks as b
from modals.clients import ids as clients
from modals.clients.metadata import ClientMetadata
from modals.tax import ids, words
from modals.text import clip, count
from services.tax.categories import NAMES
from services.tax.items import Item
from services.tax.reading import Problem
from services.tax.records import TaxClient, Upload

TITLE = "Upload items"
TEMPLATE_SENT = "The template is on its way: it comes in your messages with Clientdesk."
NOTHING_GIVEN = "Choose a file, or paste the cells here."
_SHOWN_ITEMS = 5
_SHOWN_YEARS = 4
_SHOWN_PROBLEMS = 20
_LONGEST_NAME = 200
_LONGEST = 3000  # what Slack lets a text field hold


class UploadMetadata(ClientMetadata):
    """`digest` stands for what the preview is of, `file` for where that came from, if it was not typed."""

    digest: str | None = None
    file: str | None = None
    file_name: str | None = None


def form(client: TaxClient, at: ClientMetadata, *, note: str | None = None) -> b.View:
    """`note` is what the button that was pressed has done."""
    blocks = [
        b.rich([b.bold(client.name), b.words(f" · {NAMES[client.listed]}")]),
        b.section(
            "A CSV file with a row for each cost or sale, and the headers Date, Description, Category and Amount. "
            "You see what would be added before anything is."
        ),
        b.actions(b.button("Get the template", ids.TEMPLATE), block_id="template"),
    ]
    if note:
        blocks.append(b.context(note))
    blocks += [
        b.field(
            "file",
            "CSV file",
            b.file_input(["csv", "txt"]),
            hint="At most 10,000 rows. Rows that were added before are not added again. To change some, delete their "
            "year in the Tax summary and upload it anew.",
            optional=True,
        ),
        _pasted(None),
        _back(),
    ]
    metadata = UploadMetadata(**at.place.model_dump(), client=at.client)
    return b.modal(TITLE, blocks, callback_id=ids.CHECK, submit="Check", private_metadata=metadata.dump())


def preview(
    shown: Upload,
    at: ClientMetadata,
    *,
    typed: str | None = None,
    file: str | None = None,
    file_name: str | None = None,
) -> b.View:
    """Of what was `typed`, or of Slack's `file`. Sent again as it is, it is added."""
    blocks = [b.rich([b.bold(shown.client.name)], [b.words(_summary(shown))])]
    if file_name:
        blocks.append(b.context(f"From {clip(file_name, _LONGEST_NAME)}"))
    if shown.items:
        blocks.append(b.rich([b.bold("To add:")], *_items(shown.items)))
    if shown.problems:
        blocks.append(_problems(shown.problems, "These rows are left out:"))
    if typed is not None:
        blocks.append(_pasted(typed))
    blocks.append(_back())
    metadata = UploadMetadata(
        **at.place.model_dump(),
        client=at.client,
        digest=shown.digest,
        file=file,
        file_name=file_name and clip(file_name, _LONGEST_NAME),
    )
    submit = f"Add {count(len(shown.items), 'item', 'items')}" if shown.items else None
    if submit is None and typed is not None:
        submit = "Check again"
    return b.modal(
        TITLE, blocks, callback_id=ids.CHECK if submit else None, submit=submit, private_metadata=metadata.dump()
    )


def added(done: Upload, at: ClientMetadata) -> b.View:
    number = len(done.items)
    said = f"{count(number, 'item is', 'items are')} added." if number else "Nothing was added."
    if done.known:
        said += f" {count(done.known, 'row was', 'rows were')} there already."
    blocks = [b.rich([b.emoji("white_check_mark"), b.words(" "), b.bold(done.client.name)], [b.words(said)])]
    if done.problems:
        blocks += [
            _problems(done.problems, "These rows were left out:"),
            b.section("Mend them in your file and upload it again: what was added is not added twice."),
        ]
    blocks.append(
        b.actions(
            b.button("Tax summary", ids.SUMMARY, style="primary"),
            b.button("Upload more", ids.UPLOAD),
            b.button("Back to the client", clients.BACK),
            block_id="navigation",
        )
    )
    return b.modal(TITLE, blocks, private_metadata=ClientMetadata.of_client(at, at.client).dump())


def read_file(raw: Mapping[str, Any]) -> tuple[str, str] | None:
    """Slack's id and the name of the file that was chosen."""
    chosen = raw.get("file") or []
    return (chosen[0].id, chosen[0].name) if chosen else None


def _pasted(typed: str | None) -> b.Block:
    element = b.text_input(typed, placeholder="Date,Description,Category,Amount", multiline=True)
    return b.field(
        "items", "Or paste the cells here, with the headers", element | {"max_length": _LONGEST}, optional=True
    )


def _back() -> b.Block:
    return b.actions(b.button("Back", clients.BACK), block_id="navigation")


def _summary(shown: Upload) -> str:
    parts = [f"{count(len(shown.items), 'item', 'items')} to add"]
    for side, name in words.SIDES.items():
        if amounts := [each.amount for each in shown.items if each.side is side]:
            parts.append(f"{name.lower()} {words.dollars(sum(amounts[1:], amounts[0]))}")
    years = Counter(each.dated_on.year for each in shown.items)
    if len(years) > 1:
        parts += [f"{count(years[year], 'item', 'items')} of {year}" for year in sorted(years)[-_SHOWN_YEARS:]]
    if shown.known:
        parts.append(f"{shown.known:,} there already")
    if shown.bad_rows:
        parts.append(count(shown.bad_rows, "row with a problem", "rows with a problem"))
    return " · ".join(parts)


def _items(items: tuple[Item, ...]) -> list[list[b.Element]]:
    lines: list[list[b.Element]] = [
        [
            b.words(
                f"{each.dated_on} · {clip(each.description, 80)} · {each.category.label} · {words.dollars(each.amount)}"
            )
        ]
        for each in items[:_SHOWN_ITEMS]
    ]
    more = len(items) - _SHOWN_ITEMS
    return [*lines, [b.words(f"and {more:,} more")]] if more > 0 else lines


def _problems(problems: tuple[Problem, ...], heading: str) -> b.Block:
    lines: list[list[b.Element]] = [
        [b.words(f"Row {each.row:,}, {each.column}: {clip(each.text, 250)}")] for each in problems[:_SHOWN_PROBLEMS]
    ]
    more = len(problems) - _SHOWN_PROBLEMS
    if more > 0:
        lines.append([b.words(f"and {more:,} more")])
    return b.rich([b.emoji("warning"), b.bold(f" {heading}")], *lines)
