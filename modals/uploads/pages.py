"""How an upload stands, from the check to its end: in a window, and in its message, which is edited as it goes on."""

from collections.abc import Iterator, Sequence

from db.models import ImportState
from modals import blocks as b
from modals.text import clip, count
from modals.uploads import ids
from modals.uploads.opening import TITLE
from services.uploads.settling import Count
from services.uploads.shown import Problem, RunView, UploadFile

OVER = frozenset({ImportState.REFUSED, ImportState.FINISHED, ImportState.CANCELLED})
_BAR = 20
_LONGEST = 250
_LONGEST_NAME = 80


def message(run: RunView) -> b.Message:
    return b.message(f"{_heading(run)}. {_said(run)}", _content(run))


def window(run: RunView) -> b.View:
    blocks = _content(run)
    if run.state in {ImportState.CHECKING, ImportState.IMPORTING}:
        blocks += [
            b.actions(b.button("Refresh", ids.SHOW, value=str(run.run_id)), block_id="refresh"),
            b.context("A message from Clientdesk shows how it goes on: you can close this window."),
        ]
    view = b.modal(TITLE, blocks)
    return view if run.external_id is None else view | {"external_id": run.external_id}


def template_sent() -> b.Message:
    said = "The template for your clients: a row for each, saved as CSV. The second row says what goes where."
    how = "Send it back here as a message, or choose it in /clients upload."
    return b.message(said, [b.rich([b.words(said)], [b.words(how)])])


def errors_sent(file: UploadFile) -> b.Message:
    said = "The rows that were not imported, each with what is wrong in the column Errors."
    how = "Mend them and send this file back: here as a message, or with /clients upload."
    return b.message(f"{file.title}. {said}", [b.rich([b.words(said)], [b.words(how)])])


def not_read() -> b.Message:
    """To a message that is no file, or from somebody whose practice is not set up."""
    said = "I don't read messages, but I take files: send me a CSV of clients in the template's form. "
    return b.message(
        f"{said}Type /clients help for all that I can do.",
        [b.rich([b.words(said), b.words("Type "), b.code("/clients help"), b.words(" for all that I can do.")])],
    )


def _heading(run: RunView) -> str:
    name = clip(run.file_name, _LONGEST_NAME)
    match run.state:
        case ImportState.CHECKING:
            return f"{name} is being checked"
        case ImportState.REFUSED:
            return f"{name} can't be imported"
        case ImportState.CHECKED:
            return f"{name} is checked"
        case ImportState.IMPORTING:
            return f"Importing {name}: {run.done:,} of {run.total:,}"
        case ImportState.FINISHED:
            return f"{name} is imported"
        case ImportState.CANCELLED:
            return f"The import of {name} was cancelled"


def _said(run: RunView) -> str:
    """In one line."""
    match run.state:
        case ImportState.CHECKING:
            return "This takes some seconds."
        case ImportState.REFUSED:
            return run.refusal or ""
        case ImportState.CHECKED:
            return f"{' · '.join(_found(run))}. Nothing is imported yet."
        case ImportState.CANCELLED if not run.started:
            return "Nothing was imported."
        case _:
            return f"{' · '.join(_counted(run)) or 'Nothing done yet'}."


def _content(run: RunView) -> list[b.Block]:
    blocks = [b.header(_heading(run))]
    match run.state:
        case ImportState.CHECKING | ImportState.REFUSED:
            blocks.append(b.section(_said(run)))
        case ImportState.CHECKED:
            # The choice is seen before a long list of problems.
            counted, *named = _preview(run)
            return [*blocks, counted, b.actions(*_buttons(run)), *named]
        case ImportState.IMPORTING:
            bar = [b.code(_bar(run)), b.words(f"  {run.done:,} of {run.total:,}")]
            blocks.append(b.rich(bar, [b.words(_said(run))]))
        case ImportState.FINISHED | ImportState.CANCELLED:
            blocks += _result(run)
    if buttons := _buttons(run):
        blocks.append(b.actions(*buttons))
    return blocks


def _preview(run: RunView) -> Iterator[b.Block]:
    lines = [[b.words(f"{' · '.join(_found(run))}.")]]
    if run.over:
        over = count(run.over, "row is", "rows are")
        lines.append(
            [b.emoji("warning"), b.words(f" {over} over your client bundle. Raise it and send the file again.")]
        )
    yield b.rich(*lines)
    if run.first:
        yield b.rich(*_named("What is wrong:", run.first, run.problems))
    if run.noted:
        yield b.rich(*_named("Worth a look, and imported all the same:", run.noted))
    if not run.total:
        wrong = "Get the error file, mend it and send it again." if run.problems else "All rows are there already."
        yield b.section(f"There is nothing to import. {wrong}")
    elif run.problems:
        yield b.context("Rows with a problem are left out. The error file has them, to be mended and sent again.")


def _result(run: RunView) -> Iterator[b.Block]:
    lines = [[b.words(_said(run))]]
    if run.state is ImportState.CANCELLED and run.started:
        left = run.total - run.done
        lines.append([b.words(f"{count(left, 'row was', 'rows were')} not started.")])
    if invited := run.counts.get(Count.INVITED, 0):
        lines.append([b.words(f"{count(invited, 'person is', 'people are')} being invited.")])
    if left := run.counts.get(Count.LEFT, 0):
        people = count(left, "person has", "people have")
        lines.append(
            [b.words(f"{people} a login already, or an invitation to another client: no new invitation is sent.")]
        )
    yield b.rich(*lines)
    if run.failed:
        yield b.rich(*_named("Failed while they were imported:", run.failed, run.counts.get(Count.FAILED, 0)))
    if run.errors:
        yield b.context("To try these rows again, mend them in the error file and send it. Nothing is added twice.")


def _found(run: RunView) -> list[str]:
    """What the check has found."""
    parts = [
        (run.clients, "new client", "new clients"),
        (run.sources, "further income source", "further income sources"),
        (run.updates, "to update", "to update"),
        (run.unchanged, "unchanged", "unchanged"),
        (run.problems, "row with a problem", "rows with a problem"),
    ]
    return [count(number, *words) for number, *words in parts if number]


def _counted(run: RunView) -> list[str]:
    """What the import has done; in the end with the rows that were left out."""
    over = run.state in OVER
    counts = run.counts
    parts = [
        (counts.get(Count.CREATED, 0), "created"),
        (counts.get(Count.SOURCES, 0), "income sources added"),
        (counts.get(Count.UPDATED, 0), "updated"),
        (counts.get(Count.UNCHANGED, 0) + (run.unchanged if over else 0), "unchanged"),
        (counts.get(Count.FAILED, 0) + (run.problems if over else 0), "not imported" if over else "failed"),
    ]
    return [f"{number:,} {words}" for number, words in parts if number]


def _named(heading: str, problems: Sequence[Problem], counted: int = 0) -> Iterator[list[b.Element]]:
    yield [b.bold(heading)]
    for each in problems:
        where = f"Row {each.row:,}" + (f", {each.column}" if each.column else "")
        yield [b.words("• "), b.bold(where), b.words(f": {clip(each.text, _LONGEST)}")]
    named = len({each.row for each in problems})
    if counted > named:
        yield [b.words(f"and {count(counted - named, 'more row', 'more rows')}")]


def _bar(run: RunView) -> str:
    filled = _BAR * run.done // max(run.total, 1)
    return "█" * filled + "░" * (_BAR - filled)


def _buttons(run: RunView) -> list[b.Element]:
    value = str(run.run_id)
    found = []
    if run.state is ImportState.CHECKED and run.total:
        label = f"Import {count(run.total, 'row', 'rows')}"
        found.append(b.button(label, ids.IMPORT, value=value, style="primary"))
    if run.errors and run.state is not ImportState.IMPORTING:  # more may come
        found.append(b.button("Get the error file", ids.ERRORS, value=value))
    if run.state is ImportState.IMPORTING:
        found.append(
            b.button("Cancel", ids.CANCEL, value=value, style="danger")
            | {
                "confirm": b.confirm(
                    "Cancel this import?",
                    "Rows that were not started are left out. Clients that are there already stay.",
                    "Cancel the import",
                    "Go on",
                )
            }
        )
    elif run.state not in OVER:
        found.append(b.button("Cancel", ids.CANCEL, value=value))
    else:
        found.append(b.button("Upload another file", ids.OPEN))
    return found
