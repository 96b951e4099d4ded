"""Practice codes of many clients at once, from a file or pasted cells: first what would change, then the change."""

import csv
import hashlib
import io
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Client, Colleague
from db.session import Database
from services import audit, policy
from services.actor import Actor
from services.add_client.steps import CODE_LENGTH
from services.clients.export import CODE, ID, NAME
from services.clients.index import index_clients
from services.clients.names import bare_code, code_key, fold, name_key
from services.clients.visibility import seen_by
from services.errors import ConflictError, InvalidError
from services.forms import optional
from services.practice import get_colleague
from services.spreadsheet import RUN_FROM
from services.uploads.decoding import text_of

MOST_ROWS = 10_000
_AT_ONCE = 500
_NAMES = {fold(NAME), fold("Business name"), fold("Client")}
_HEADERS = f"The first row needs the headers “{ID}” or “{NAME}”, and “{CODE}”."
_SHOWN = 60
_clean_code = optional(CODE_LENGTH)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Problem:
    """`row` counts from 1, which is the headers."""

    row: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeChange:
    client_id: uuid.UUID
    client_name: str
    before: str | None
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesPreview:
    """What an upload would do, or has done. `digest` stands for what was uploaded."""

    changes: tuple[CodeChange, ...]
    unchanged: int
    blank: int
    problems: tuple[Problem, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    client_id: str
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class _Known:
    id: uuid.UUID
    name: str
    practice_code: str | None
    code_key: str | None


class ClientCodesService:
    """Changes clients that the actor sees. The others count as not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def preview(self, actor: Actor, text: str) -> CodesPreview:
        """Raises InvalidError at `codes` for what is no such table."""
        rows = list(_read(text))
        with self._database.read() as session:
            return _plan(session, get_colleague(session, actor), rows, digest(text))

    def save(self, actor: Actor, text: str) -> CodesPreview:
        """Changes what has no problem, and says what that was. The same again changes nothing.

        Raises InvalidError at `codes`, or ConflictError when somebody gave one of the codes away at this moment.
        """
        rows = list(_read(text))
        now = self._database.now()
        with self._database.begin() as session:
            colleague = get_colleague(session, actor)
            for some in _parts([each.client_id for each in _plan(session, colleague, rows, "").changes]):
                locked = select(Client.id).where(Client.id.in_(some)).order_by(Client.id)
                session.execute(locked.with_for_update(key_share=True))
            done = _plan(session, colleague, rows, digest(text))
            try:
                _apply(session, done.changes)
            except IntegrityError:
                raise ConflictError("Somebody changed a code at the same moment. Look at the preview again.") from None
            index_clients(session, [each.client_id for each in done.changes])
            for each in done.changes:
                audit.record(
                    session,
                    actor,
                    "client.details_changed",
                    each.client_id,
                    at=now,
                    before={"practice_code": each.before},
                    after={"practice_code": each.code},
                )
            return done


def text_from(chunks: Iterable[bytes]) -> str:
    """What a file says. Raises UnreadableFileError."""
    return "".join(text_of(chunks))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _read(text: str) -> Iterator[_Row]:
    text = text.strip("\ufeff\r\n").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InvalidError({"codes": f"There is nothing in it. {_HEADERS}"})
    lines = io.StringIO(text)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        yield from _rows(reader)
    except csv.Error:
        raise InvalidError({"codes": "This is not a CSV table: a quotation in it never ends."}) from None


def _rows(reader: Iterator[list[str]]) -> Iterator[_Row]:
    headers = [fold(cell.strip()) for cell in next(reader)]
    code, by_id = (headers.index(fold(each)) if fold(each) in headers else None for each in (CODE, ID))
    by_name = next((place for place, header in enumerate(headers) if header in _NAMES), None)
    if code is None or (by_id is None and by_name is None):
        raise InvalidError({"codes": _HEADERS})
    count = 0
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise InvalidError({"codes": f"There are more than {MOST_ROWS:,} rows. Upload them in parts."})
        yield _Row(number, _cell(cells, by_id), _cell(cells, by_name), _cell(cells, code))


def _cell(cells: Sequence[str], place: int | None) -> str:
    text = cells[place].strip() if place is not None and place < len(cells) else ""
    # As our own files write what a spreadsheet program would run.
    return text[1:] if text.startswith("'") and text[1:].lstrip().startswith(RUN_FROM) else text


def _plan(session: Session, colleague: Colleague, rows: Sequence[_Row], key: str) -> CodesPreview:
    policy.require_active(colleague)
    clients = _Clients(session, colleague, rows)
    problems: list[Problem] = []
    wanted: dict[uuid.UUID, tuple[_Row, _Known, str]] = {}
    given: dict[str, int] = {}
    blank = 0
    for row in rows:
        try:
            code = _clean_code(row.code)
            if code is None:
                blank += 1
                continue
            client = clients.find(row)
        except ValueError as problem:
            problems.append(Problem(row.number, str(problem)))
            continue
        if client.id in wanted:
            above = wanted[client.id][0].number
            problems.append(Problem(row.number, f"{_short(client.name)} is in row {above} already."))
        elif code_key(code) in given:
            above = given[code_key(code)]
            problems.append(Problem(row.number, f"The code {code} is in row {above} already."))
        else:
            wanted[client.id] = (row, client, code)
            given[code_key(code)] = row.number
    holders = _holders(session, colleague, given)
    # Codes move between clients of one upload; a holder who keeps theirs is in the way, which may leave another so.
    while stuck := [
        client_id
        for client_id, (_, _, code) in wanted.items()
        if code_key(code) in holders and (holder := holders[code_key(code)]).id != client_id and holder.id not in wanted
    ]:
        for client_id in stuck:
            row, _, code = wanted.pop(client_id)
            holder = holders[code_key(code)]
            problems.append(Problem(row.number, f"The code {code} is already used by {_short(holder.name)}."))
    changes = tuple(
        CodeChange(client_id=client.id, client_name=client.name, before=client.practice_code, code=code)
        for _, client, code in wanted.values()
        if client.practice_code != code
    )
    return CodesPreview(
        changes=changes,
        unchanged=len(wanted) - len(changes),
        blank=blank,
        problems=tuple(sorted(problems, key=lambda each: each.row)),
        digest=key,
    )


class _Clients:
    """Those that the rows are about, as far as the colleague sees them."""

    def __init__(self, session: Session, colleague: Colleague, rows: Sequence[_Row]) -> None:
        columns = select(Client.id, Client.name, Client.practice_code, Client.code_key).where(seen_by(colleague))
        ids = {found for row in rows if (found := _id(row.client_id)) is not None}
        self._by_id = {
            row.id: _Known(*row)
            for some in _parts(list(ids))
            for row in session.execute(columns.where(Client.id.in_(some)))
        }
        keys = {name_key(row.name) for row in rows if not row.client_id and row.name}
        self._by_name: dict[str, list[_Known]] = {}
        for some in _parts(list(keys)):
            for row in session.execute(columns.where(Client.name_key.in_(some))):
                self._by_name.setdefault(name_key(row.name), []).append(_Known(*row))

    def find(self, row: _Row) -> _Known:
        """Raises ValueError with words for the person."""
        if row.client_id:
            client_id = _id(row.client_id)
            found = None if client_id is None else self._by_id.get(client_id)
            if found is None:
                raise ValueError(f"There is no client with the {ID} {_short(row.client_id)} that you can open.")
            return found
        if not row.name:
            raise ValueError(f"It has neither a {ID} nor a name.")
        alike = self._by_name.get(name_key(row.name), [])
        same = [each for each in alike if fold(each.name) == fold(row.name)] or alike
        if not same:
            raise ValueError(f"There is no client called {_short(row.name)} that you can open.")
        if len(same) > 1:
            raise ValueError(f"{len(same)} clients are called {_short(row.name)}. Give the {ID} instead.")
        return same[0]


def _holders(session: Session, colleague: Colleague, keys: Iterable[str]) -> dict[str, _Known]:
    """Who in the practice has one of the codes now, seen by the colleague or not."""
    columns = select(Client.id, Client.name, Client.practice_code, Client.code_key)
    found = chain.from_iterable(
        session.execute(columns.where(Client.practice_id == colleague.practice_id, Client.code_key.in_(some)))
        for some in _parts(list(keys))
    )
    return {str(row.code_key): _Known(*row) for row in found}


def _apply(session: Session, changes: Sequence[CodeChange]) -> None:
    # First all go without: a code may pass from one of them to another.
    for some in _parts([each.client_id for each in changes if each.before is not None]):
        session.execute(
            update(Client).where(Client.id.in_(some)).values(code_key=None),
            execution_options={"synchronize_session": False},
        )
    if changes:
        session.execute(
            update(Client),
            [
                {
                    "id": each.client_id,
                    "practice_code": each.code,
                    "code_key": code_key(each.code),
                    "bare_code": bare_code(each.code),
                }
                for each in changes
            ],
        )


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _parts(items: list[_T]) -> Iterator[list[_T]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
