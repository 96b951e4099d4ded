"""Files that people open in a spreadsheet program, with nothing in them that such a program would run."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Value = str | int | Decimal | datetime | None

RUN_FROM = tuple("=+-@＝＋－＠")
"""What a formula begins with. East Asian versions take the full-width forms for the same."""

_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML has no place for."""

_LONGEST_CELL = 32_767
_WIDTHS = range(10, 61)
_TIME = "yyyy-mm-dd hh:mm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """`headings` stay in sight above the rows. Times have no zone: a spreadsheet knows none."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]


def harmless(text: str) -> str:
    """The text as a cell that no program takes for a formula, without characters that no file can hold."""
    text = _UNFIT.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    if text.lstrip().startswith(RUN_FROM):
        text = f"'{text}"
    # A spreadsheet counts UTF-16.
    return text.encode("utf-16-le", "ignore")[: 2 * _LONGEST_CELL].decode("utf-16-le", "ignore")


def xlsx(title: str, sheets: Sequence[Sheet]) -> bytes:
    """An Excel workbook. Its rows go through a temporary file, not through memory."""
    workbook = Workbook(write_only=True)
    workbook.properties.creator = "Clientdesk"
    workbook.properties.title = harmless(title)
    for sheet in sheets:
        _write(workbook.create_sheet(sheet.title), sheet)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def _write(target: WriteOnlyWorksheet, sheet: Sheet) -> None:
    # Both stand in the file before the rows.
    target.freeze_panes = "A2"
    for column, heading in enumerate(sheet.headings):
        longest = max((len(str(row[column])) for row in sheet.rows if row[column] is not None), default=0)
        width = min(max(longest, len(heading), _WIDTHS[0]), _WIDTHS[-1])
        dimensions = target.column_dimensions[get_column_letter(column + 1)]  # type: ignore[attr-defined]
        dimensions.width = width + 2
    target.append([_heading(target, each) for each in sheet.headings])
    for row in sheet.rows:
        target.append([_cell(target, value) for value in row])


def _heading(target: WriteOnlyWorksheet, text: str) -> Cell:
    cell = _cell(target, text)
    cell.font = Font(bold=True)
    return cell


def _cell(target: WriteOnlyWorksheet, value: Value) -> Cell:
    if isinstance(value, str):
        cell = WriteOnlyCell(target, harmless(value))
        cell.data_type = "s"  # openpyxl takes “#N/A” for an error
        return cell
    cell = WriteOnlyCell(target, float(value) if isinstance(value, Decimal) else value)
    if isinstance(value, datetime):
        cell.number_format = _TIME
    return cell
