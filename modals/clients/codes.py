"""Uploading practice codes of many clients: the form, what it would do, and what it has done."""

from collections.abc import Mapping
from typing import Any

from modals import blocks as b
from modals.clients import ids
from modals.clients.metadata import CodesMetadata, ListMetadata
from modals.text import clip, count
from services.clients.codes import CodeChange, CodesPreview, Problem

TITLE = "Practice codes"
_LISTED = 15
_LONGEST = 3000  # what Slack lets a text field hold


def upload(at: ListMetadata) -> b.View:
    blocks = [
        b.section(
            "Give many clients their practice codes at once. The table needs the headers “Clientdesk ID” or “Name”, "
            "and “Practice code”. Export the list to CSV, fill in the codes, and upload it here: what stands in its "
            "other columns changes nothing, and an empty code leaves the client as it is."
        ),
        b.field("file", "CSV file", b.file_input(["csv", "txt"]), optional=True),
        _pasted(None),
        _back(at),
    ]
    metadata = CodesMetadata(**at.place.model_dump())
    return b.modal(TITLE, blocks, callback_id=ids.CHECK_CODES, submit="Check", private_metadata=metadata.dump())


def _pasted(typed: str | None) -> b.Block:
    element = b.text_input(typed, placeholder="Name,Practice code", multiline=True) | {"max_length": _LONGEST}
    return b.field("codes", "Or paste the cells here", element, optional=True)


def _back(at: ListMetadata) -> b.Block:
    return b.actions(b.button("Back", ids.LIST, value=at.place.dump()), block_id="navigation")


def preview(
    shown: CodesPreview,
    at: ListMetadata,
    *,
    typed: str | None = None,
    file: str | None = None,
    file_name: str | None = None,
) -> b.View:
    """Of what was `typed`, or of Slack's `file`. Sent again as it is, it is saved."""
    blocks = [b.rich([b.bold(_summary(shown))])]
    if file_name:
        blocks.append(b.context(f"From {clip(file_name, 200)}"))
    if shown.changes:
        blocks.append(b.rich(*_changes(shown.changes)))
    if shown.problems:
        blocks.append(b.rich([b.emoji("warning"), b.bold(" These rows are left out:")], *_problems(shown.problems)))
    if typed is not None:
        blocks.append(_pasted(typed))
    blocks.append(_back(at))
    metadata = CodesMetadata(**at.place.model_dump(), digest=shown.digest, file=file, file_name=file_name)
    submit = f"Save {count(len(shown.changes), 'code', 'codes')}" if shown.changes else None
    if submit is None and typed is not None:
        submit = "Check again"
    return b.modal(
        TITLE,
        blocks,
        callback_id=ids.CHECK_CODES if submit else None,
        submit=submit,
        private_metadata=metadata.dump(),
    )


def saved(done: CodesPreview, at: ListMetadata) -> b.View:
    blocks = [
        b.rich([b.emoji("white_check_mark"), b.words(f" {count(len(done.changes), 'code is', 'codes are')} saved.")])
    ]
    if done.problems:
        blocks.append(b.rich([b.emoji("warning"), b.bold(" These rows were left out:")], *_problems(done.problems)))
    blocks.append(b.actions(b.button("All clients", ids.LIST, value=at.place.dump()), block_id="navigation"))
    return b.modal(TITLE, blocks, private_metadata=at.place.dump())


def read_file(raw: Mapping[str, Any]) -> tuple[str, str] | None:
    """Slack's id and the name of the file that was chosen."""
    files = raw.get("file") or []
    return (files[0].id, files[0].name) if files else None


def _summary(shown: CodesPreview) -> str:
    parts = [f"{count(len(shown.changes), 'code', 'codes')} to save"]
    if shown.unchanged:
        parts.append(f"{shown.unchanged:,} as before")
    if shown.blank:
        parts.append(f"{count(shown.blank, 'row', 'rows')} without a code")
    if shown.problems:
        parts.append(count(len(shown.problems), "row with a problem", "rows with a problem"))
    return " · ".join(parts)


def _changes(changes: tuple[CodeChange, ...]) -> list[list[b.Element]]:
    lines: list[list[b.Element]] = []
    for each in changes[:_LISTED]:
        before = f"{each.before} → " if each.before else ""
        lines.append([b.words(f"{clip(each.client_name, 80)}: {before}"), b.bold(each.code)])
    more = len(changes) - _LISTED
    return [*lines, [b.words(f"and {more:,} more")]] if more > 0 else lines


def _problems(problems: tuple[Problem, ...]) -> list[list[b.Element]]:
    lines: list[list[b.Element]] = [[b.words(f"Row {each.row}: {clip(each.text, 200)}")] for each in problems[:_LISTED]]
    more = len(problems) - _LISTED
    return [*lines, [b.words(f"and {more:,} more")]] if more > 0 else lines
