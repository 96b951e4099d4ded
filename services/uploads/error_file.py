"""The rows that were not taken, to be mended and sent again."""

from collections.abc import Iterable, Iterator, Sequence

from services.uploads.reading import LONGEST_CELL
from services.uploads.records import Row
from services.uploads.template import ERRORS
from services.uploads.written import written


def error_file(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """The file in pieces: those of the rows that have problems, as they were, and what is wrong with them."""
    return written([*columns, ERRORS], (_with_errors(row, columns) for row in rows if row.problems))


def _with_errors(row: Row, columns: Sequence[str]) -> list[str]:
    texts = [f"{column}: {text}" if column else text for column, text in row.problems.items()]
    if more := row.cells[len(columns) :]:
        texts.append(f"Left out here: {', '.join(more)}")
    errors = "\n".join(texts)
    if len(errors) > LONGEST_CELL:
        errors = f"{errors[: LONGEST_CELL - 1]}…"
    return [*row.cells[: len(columns)], errors]
