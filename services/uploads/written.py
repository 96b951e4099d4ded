"""CSV files as they are given to people: they open in Excel with all their letters, and run nothing there."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from services.spreadsheet import harmless

_AT_ONCE = 500
_BOM = b"\xef\xbb\xbf"


class _Lines(list[str]):
    """What csv writes to."""

    write = list.append


def written(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The file in pieces, some hundred rows each."""
    lines = _Lines()
    writer = csv.writer(lines)
    writer.writerow(columns)
    yield _BOM + "".join(lines).encode()
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        lines.clear()
        writer.writerows([harmless(cell) for cell in row] for row in some)
        yield "".join(lines).encode()
