"""Excel workbooks, by openpyxl. It loads numpy and Pillow where they are, which takes a tenth of a second: only who
writes a workbook imports this."""

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from services.spreadsheet import Money, Sheet, Value, harmless

_WIDTHS = range(10, 61)
_TIME = "yyyy-mm-dd hh:mm"
_DAY = "yyyy-mm-dd"
_MONEY = "#,##0.00"


def write(title: str, sheets: Sequence[Sheet]) -> bytes:
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
    if isinstance(value, Money):
        cell = WriteOnlyCell(target, float(value.amount))
        cell.number_format = _MONEY
        return cell
    if isinstance(value, date) and not isinstance(value, datetime):
        cell = WriteOnlyCell(target, datetime(value.year, value.month, value.day))  # noqa: DTZ001 - sheets know no zones
        cell.number_format = _DAY
        return cell
    cell = WriteOnlyCell(target, float(value) if isinstance(value, Decimal) else value)
    if isinstance(value, datetime):
        cell.number_format = _TIME
    return cell
