"""Which clients somebody means by what they picked and pasted, and why some are left out."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from db.models import Client, Colleague
from services.clients.names import code_key, fold, name_key
from services.clients.visibility import seen_by
from services.errors import InvalidError

PASTED_LENGTH = 3000


class Skip(StrEnum):
    """Why a client was left out."""

    UNKNOWN = "unknown"
    SEVERAL = "several"
    TWICE = "twice"
    DEACTIVATED = "deactivated"
    HAS_ALREADY = "has_already"
    BY_TEAM = "by_team"
    SEES_ALL = "sees_all"
    MANAGES_ALREADY = "manages_already"
    HAS_NONE = "has_none"
    STILL_BY_TEAM = "still_by_team"
    CANT_OPEN = "cant_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Clients picked from the list, and pasted names or practice codes, one a line."""

    clients: tuple[uuid.UUID, ...] = ()
    pasted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A client as it was when it was locked."""

    id: uuid.UUID
    name: str
    name_key: str
    code_key: str | None
    deactivated: bool
    manager_id: uuid.UUID | None
    manager_name: str | None

    def fits(self, line: str) -> bool:
        return self.name_key == name_key(line) or self.code_key == code_key(line)

    def fits_exactly(self, line: str) -> bool:
        return fold(line) in {fold(self.name), self.code_key}


@dataclass(slots=True)
class Skipped:
    """Gathers why clients are left out, each reason's in their order."""

    names: dict[Skip, list[str]] = field(default_factory=dict)

    def add(self, why: Skip, name: str) -> None:
        self.names.setdefault(why, []).append(name)

    def by_reason(self) -> dict[Skip, tuple[str, ...]]:
        return {why: tuple(names) for why, names in self.names.items()}


def lines_of(chosen: Chosen) -> list[str]:
    """What was pasted, a line each. Raises InvalidError."""
    if len(chosen.pasted) > PASTED_LENGTH:
        raise InvalidError({"pasted": f"Paste at most {PASTED_LENGTH:,} characters at a time."})
    lines = [" ".join(line.split()) for line in chosen.pasted.splitlines()]
    found = [line for line in lines if line]
    if not found and not chosen.clients:
        raise InvalidError({"clients": "Choose clients here, or paste their names below."})
    return found


def resolve(
    session: Session, giver: Colleague, ids: Sequence[uuid.UUID], lines: Sequence[str], skipped: Skipped
) -> list[Found]:
    """The clients that were meant, each once and locked: chosen ones first, then those pasted, in their order."""
    codes, names = {code_key(line) for line in lines}, {name_key(line) for line in lines}
    which = or_(Client.id.in_(ids), Client.code_key.in_(codes), Client.name_key.in_(names))
    known = {each.id: each for each in locked(session, and_(seen_by(giver), which))}
    by_key = _by_key(known.values())
    meant: dict[uuid.UUID, Found] = {}
    for client_id in ids:
        if client_id in known:
            meant[client_id] = known[client_id]
        else:
            skipped.add(Skip.UNKNOWN, "A client that you chose")
    for line in lines:
        fits = _fitting(line, by_key)
        if len(fits) != 1:
            skipped.add(Skip.SEVERAL if fits else Skip.UNKNOWN, line)
        elif fits[0].id in meant:
            skipped.add(Skip.TWICE, line)
        else:
            meant[fits[0].id] = fits[0]
    return list(meant.values())


def active_only(clients: Iterable[Found], skipped: Skipped) -> list[Found]:
    kept = []
    for each in clients:
        if each.deactivated:
            skipped.add(Skip.DEACTIVATED, each.name)
        else:
            kept.append(each)
    return kept


def locked(session: Session, which: ColumnElement[bool]) -> list[Found]:
    """All locks are taken in one order."""
    rows = session.execute(
        select(
            Client.id, Client.name, Client.name_key, Client.code_key, Client.deactivated_at, Client.account_manager_id
        )
        .where(which)
        .order_by(Client.id)
        .with_for_update(key_share=True)
    ).all()
    # Not joined above: after waiting for a lock, PostgreSQL would give the name of who was manager before.
    managers = select(Colleague.id, Colleague.name).where(Colleague.id.in_({row.account_manager_id for row in rows}))
    names = {row.id: row.name for row in session.execute(managers)}
    return [
        Found(
            id=row.id,
            name=row.name,
            name_key=row.name_key,
            code_key=row.code_key,
            deactivated=row.deactivated_at is not None,
            manager_id=row.account_manager_id,
            manager_name=names.get(row.account_manager_id),
        )
        for row in rows
    ]


def _by_key(clients: Iterable[Found]) -> dict[str, list[Found]]:
    found: dict[str, list[Found]] = {}
    for each in clients:
        for key in {each.name_key, each.code_key} - {None}:
            found.setdefault(str(key), []).append(each)
    return found


def _fitting(line: str, by_key: Mapping[str, Sequence[Found]]) -> list[Found]:
    """By code or by name. Of several, the one that is called exactly that: Acme Ltd is not Acme plc."""
    keys = (code_key(line), name_key(line))
    fits = {each.id: each for key in keys for each in by_key.get(key, ()) if each.fits(line)}
    exactly = [each for each in fits.values() if each.fits_exactly(line)]
    return exactly if len(exactly) == 1 else list(fits.values())
