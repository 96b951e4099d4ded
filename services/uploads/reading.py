"""From the bytes of a CSV to its rows, as they come. No more is held than a chunk and a row."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from rapidfuzz import fuzz, process

from db.models import Region
from services.clients.names import fold
from services.spreadsheet import RUN_FROM
from services.uploads.decoding import text_of
from services.uploads.records import RawRow, Table, UnreadableFileError
from services.uploads.template import CLIENT_TYPE, COLUMNS, ERRORS, NAME, NOTE, required

MOST_ROWS = 10_000
LONGEST_CELL = 1_000
_LONGEST_ROW = 200_000
"""Characters: far more than all cells of a row may have. It ends a quotation that nobody closes."""
_DELIMITERS = ",;\t"
_SEPARATOR = "sep="
"""How Excel may be told the delimiter, in a line above the headers."""
_LIKE = 75.0
_NAMED = 5
_SHOWN = 60
_TEMPLATE = "Get the template, and leave its headers as they are."


def read(chunks: Iterable[bytes], region: Region) -> Table:
    """The header is read at once, the rows as they are asked for. Both raise UnreadableFileError."""
    lines = _Lines(text_of(chunks))
    header = lines.header()
    reader = csv.reader(lines.after(header), delimiter=_delimiter(header, lines.separator), strict=True)
    headers = _headers(_first(reader, lines), region)
    return Table(tuple(name for name in headers if name != ERRORS), _rows(reader, lines, headers))


class _Lines:
    """The lines of the text, one after another, for csv. `row` is the number of the row that is being read, `length`
    what of it has been read so far."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._lines = _split(pieces)
        self.separator: str | None = None
        self.row = 0
        self.length = 0

    def header(self) -> str:
        """The first line with something in it. Sets `separator` where a line above names it."""
        for line in self._lines:
            self.row += 1
            if line[:4].lower() == _SEPARATOR and line[4:5] in _DELIMITERS and not line[5:].strip():
                self.separator = line[4]
            elif line.strip(' \n"' + _DELIMITERS):
                return line
        raise UnreadableFileError(f"This file is empty. {_TEMPLATE}")

    def after(self, header: str) -> Iterator[str]:
        for line in chain([header], self._lines):
            self.length += len(line)
            if self.length > _LONGEST_ROW:
                raise UnreadableFileError(_too_long(self.row))
            yield line


def _split(pieces: Iterator[str]) -> Iterator[str]:
    rest = ""
    for piece in pieces:
        whole, end, rest = (rest + piece).rpartition("\n")
        yield from io.StringIO(whole + end, newline="\n")
        if len(rest) > _LONGEST_ROW:
            break  # it is too long for whoever reads it, too
    if rest:
        yield rest


def _first(reader: Iterator[list[str]], lines: _Lines) -> list[str]:
    try:
        return next(reader)
    except csv.Error as error:
        raise _unparsable(error, lines.row) from None


def _delimiter(header: str, separator: str | None) -> str:
    """The one that makes most headers of the line."""
    if separator is not None:
        return separator

    def found(delimiter: str) -> tuple[int, int]:
        names = [name.strip().strip('"') for name in header.split(delimiter)]
        return len(set(names) & set(COLUMNS)), len(names)

    return max(_DELIMITERS, key=found)


def _headers(header: list[str], region: Region) -> list[str]:
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()
    known = [name for name in names if name in COLUMNS]
    if not known:
        raise UnreadableFileError(f"The first row has none of the template's headers. {_TEMPLATE}")
    problems = []
    if "" in names:
        problems.append(f"Column {names.index('') + 1} has no header.")
    doubled = [name for name, count in Counter(names).items() if count > 1 and name in {*COLUMNS, ERRORS}]
    if doubled:
        problems.append(f"More than once: {_listed(doubled)}.")
    missing = [name for name in required(region) if name not in known]
    unknown = [name for name in dict.fromkeys(names) if name not in {*COLUMNS, ERRORS, ""}]
    if unknown:
        problems.append(
            f"Not in the template: {_listed([_with_likely(name, known) for name in unknown], quoted=False)}."
        )
    if missing:
        problems.append(f"Missing: {_listed(missing)}.")
    if problems:
        raise UnreadableFileError(f"The headers are not those of the template. {' '.join(problems)} {_TEMPLATE}")
    return names


def _listed(names: list[str], *, quoted: bool = True) -> str:
    shown = [f"“{name}”" if quoted else name for name in names[:_NAMED]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _with_likely(name: str, known: list[str]) -> str:
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    free = {column: fold(column) for column in COLUMNS if column not in known}
    likely = process.extractOne(fold(shown), free, scorer=fuzz.ratio, score_cutoff=_LIKE)
    return f"“{shown}” (write “{likely[2]}”)" if likely else f"“{shown}”"


def _rows(reader: Iterator[list[str]], lines: _Lines, headers: list[str]) -> Iterator[RawRow]:
    width = len(headers)
    kept = [index for index, name in enumerate(headers) if name != ERRORS]
    columns = tuple(headers[index] for index in kept)
    notes_at = {0, columns.index(CLIENT_TYPE)}
    header_row = lines.row
    found = 0
    while True:
        lines.row += 1
        lines.length = 0
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise _unparsable(error, lines.row) from None
        if len(cells) != width:
            cells = _squared(cells, width)
        if len(kept) != width:
            cells = [cells[index] for index in kept] + cells[width:]
        whole = "".join(cells)
        if not whole or whole.isspace():
            continue
        if len(whole) > LONGEST_CELL:
            _require_short(cells, columns, lines.row)
        if "'" in whole:
            cells = [_as_typed(cell) for cell in cells]
        if lines.row == header_row + 1 and any(cells[at].startswith(NOTE) for at in notes_at):
            continue
        found += 1
        if found > MOST_ROWS:
            raise UnreadableFileError(
                f"This file has more than {MOST_ROWS:,} rows. The first one too many is row {lines.row:,}, "
                f"{_name_of(cells, columns)}. Split the file into several and send each."
            )
        yield RawRow(lines.row, cells)
    if not found:
        raise UnreadableFileError("This file has the headers and nothing below them. Add a row for each client.")


def _squared(cells: list[str], width: int) -> list[str]:
    """As many cells as there are columns; more only where something is in them."""
    if len(cells) < width:
        return cells + [""] * (width - len(cells))
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _require_short(cells: list[str], columns: tuple[str, ...], row: int) -> None:
    for index, cell in enumerate(cells):
        if len(cell) > LONGEST_CELL:
            column = f" in {columns[index]}" if index < len(columns) else ""
            raise UnreadableFileError(
                f"Row {row:,} has more than {LONGEST_CELL:,} characters{column}. Perhaps a quotation mark is missing: "
                "mend this row and send the file again."
            )


def _as_typed(cell: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from running a cell."""
    return cell[1:] if cell[:1] == "'" and cell[1:].lstrip().startswith(RUN_FROM) else cell


def _name_of(cells: list[str], columns: tuple[str, ...]) -> str:
    name = " ".join(cells[columns.index(NAME)].split())
    return f"“{name[:_SHOWN]}”" if name else "which has no name"


def _too_long(row: int) -> str:
    return (
        f"Row {row:,} is too long for a row of the template. Perhaps a quotation mark is missing: mend this row and "
        "send the file again."
    )


def _unparsable(error: csv.Error, row: int) -> UnreadableFileError:
    if "limit" in str(error):
        return UnreadableFileError(_too_long(row))
    return UnreadableFileError(
        f"The quotation marks in row {row:,} don't match. Mend this row, or save the file anew as CSV from your "
        "spreadsheet program, and send it again."
    )
