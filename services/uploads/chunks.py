"""The rows of a run between preview and import: some hundred at a time, packed and encrypted."""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from services.keys import Keyring
from services.uploads import template as the
from services.uploads.records import Action, RawRow, Row, SourceRow

AT_ONCE = 500
Problems = Mapping[str, str]


class Kept(NamedTuple):
    """A row that is to be imported, or one with problems, which is kept for the file of errors."""

    number: int
    cells: list[str]
    problems: Problems

    @property
    def raw(self) -> RawRow:
        return RawRow(self.number, self.cells)


class Outcome(NamedTuple):
    """What became of a chunk: what was wrong with the rows that failed, by number."""

    failed: Mapping[int, Problems]


def kept(row: Row, columns: Sequence[str]) -> Kept | None:
    """None for a row of which nothing is left to do. A further income source is kept without what the row says of its
    client besides: only the source is taken of it, whatever stands above it when it is read again."""
    if row.problems:
        return Kept(row.number, row.cells, row.problems)
    if row.action in {None, Action.SKIP}:
        return None
    if isinstance(row.parsed, SourceRow):
        taken = {the.CODE, the.SOURCE_NAME, the.SOURCE_TYPE, the.METHOD, the.PERIODS}
        cells = [cell if column in taken else "" for column, cell in zip(columns, row.cells, strict=False)]
        return Kept(row.number, cells, {})
    return Kept(row.number, row.cells, {})


def packed(keys: Keyring, rows: Iterable[Kept]) -> Iterator[tuple[int, bytes]]:
    """Chunk by chunk: how many rows it has, and its content."""
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        yield len(some), _sealed(keys, some)


def unpacked(keys: Keyring, content: bytes) -> list[Kept]:
    """Raises ValueError when the key is gone."""
    return [Kept(*row) for row in _opened(keys, content)]


def pack_outcome(keys: Keyring, outcome: Outcome) -> bytes:
    return _sealed(keys, list(outcome.failed.items()))


def unpack_outcome(keys: Keyring, content: bytes) -> Outcome:
    """Raises ValueError when the key is gone."""
    return Outcome(dict(_opened(keys, content)))


def _sealed(keys: Keyring, value: Any) -> bytes:
    data = zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), 1)
    return keys.encrypt(base64.b64encode(data).decode())


def _opened(keys: Keyring, content: bytes) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(keys.decrypt(content))))
