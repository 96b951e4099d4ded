"""Files that people open in a spreadsheet program, with nothing in them that such a program would run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, shown to the cent."""

    amount: Decimal

    @override
    def __str__(self) -> str:
        return f"{self.amount:,.2f}"


Value = str | int | Decimal | Money | date | datetime | None

RUN_FROM = tuple("=+-@＝＋－＠")
"""What a formula begins with. East Asian versions take the full-width forms for the same."""

_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML has no place for."""

_LONGEST_CELL = 32_767


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


def as_typed(text: str) -> str:
    """A cell that comes back, without the apostrophe that `harmless` puts before what a program would run."""
    return text[1:] if text[:1] == "'" and text[1:].lstrip().startswith(RUN_FROM) else text


def xlsx(title: str, sheets: Sequence[Sheet]) -> bytes:
    """An Excel workbook. Its rows go through a temporary file, not through memory."""
    from services import workbook  # for whoever writes one only

    return workbook.write(title, sheets)
