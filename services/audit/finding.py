"""Queries over the audit trail whose cost follows what they give, not how long the trail is."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import ColumnElement, FromClause, Select, and_, or_, select, union_all
from sqlalchemy.orm import Session

from db.models import AuditEntry, Colleague, Source
from services import policy
from services.audit import subjects, words
from services.clients.visibility import get_client
from services.errors import InvalidError, NotFoundError
from services.zones import zone

_COLUMNS = (
    AuditEntry.id,
    AuditEntry.at,
    AuditEntry.colleague_id,
    AuditEntry.source,
    AuditEntry.action,
    AuditEntry.subject_id,
    AuditEntry.before,
    AuditEntry.after,
)
_YEARS = range(2000, 2101)


class AuditWish(BaseModel):
    """What is looked for. `person` is a colleague, or what acted where no colleague did. `what` is a group of actions
    or one of them. Days are in the asker's zone, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client: uuid.UUID | None = None
    person: uuid.UUID | Source | None = None
    what: str | None = None
    since: date | None = None
    until: date | None = None


class Mark(BaseModel):
    """An entry's place in the trail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the trail as it is kept."""

    id: uuid.UUID
    at: datetime
    colleague_id: uuid.UUID | None
    source: Source
    action: str
    subject_id: uuid.UUID
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def mark(self) -> Mark:
        return Mark(at=self.at, id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A wish, checked and made ready for the database."""

    practice_id: uuid.UUID
    local: tzinfo
    wish: AuditWish
    client_name: str | None
    person_name: str | None
    subject_ids: tuple[uuid.UUID, ...] | None
    actions: tuple[str, ...]
    start: datetime | None
    end: datetime | None


def search(session: Session, colleague: Colleague, wish: AuditWish) -> Search:
    """Raises NotPermittedError, NotFoundError, InvalidError at the field."""
    policy.require_see_audit(colleague)
    local = zone(colleague.timezone)
    client = None if wish.client is None else get_client(session, colleague, wish.client)
    actions = () if wish.what is None else words.actions_of(wish.what)
    if actions is None:
        raise InvalidError({"what": "Choose from the list."})
    start, end = _bounds(wish, local)
    return Search(
        practice_id=colleague.practice_id,
        local=local,
        wish=wish,
        client_name=None if client is None else client.name,
        person_name=_person_name(session, colleague.practice_id, wish.person),
        subject_ids=None if client is None else tuple(subjects.of_client(session, client)),
        actions=actions,
        start=start,
        end=end,
    )


def _person_name(session: Session, practice_id: uuid.UUID, person: uuid.UUID | Source | None) -> str | None:
    if not isinstance(person, uuid.UUID):
        return None if person is None else words.NOBODY[person]
    name = session.scalar(select(Colleague.name).where(Colleague.practice_id == practice_id, Colleague.id == person))
    if name is None:
        raise NotFoundError("There is no such colleague at this practice.")
    return name


def _bounds(wish: AuditWish, local: tzinfo) -> tuple[datetime | None, datetime | None]:
    """From the first midnight to the one after the last day."""
    problems = {
        field: "Choose a day from this century."
        for field, day in (("since", wish.since), ("until", wish.until))
        if day is not None and day.year not in _YEARS
    }
    if wish.since and wish.until and wish.until < wish.since:
        problems["until"] = "This day is before the first one. Choose a later one, or leave it out."
    if problems:
        raise InvalidError(problems)
    start = None if wish.since is None else datetime.combine(wish.since, time(), local)
    end = None if wish.until is None else datetime.combine(wish.until + timedelta(days=1), time(), local)
    return start, end


def older(session: Session, wanted: Search, mark: Mark | None, limit: int) -> list[Entry]:
    """The newest ones before the mark, newest first."""
    return _fetch(session, wanted, mark, limit, newest_first=True)


def newer(session: Session, wanted: Search, mark: Mark, limit: int) -> list[Entry]:
    """The next ones after the mark, newest first."""
    return _fetch(session, wanted, mark, limit, newest_first=False)[::-1]


def up_to(session: Session, wanted: Search, last: datetime, mark: Mark | None, limit: int) -> list[Entry]:
    """As `older`, of those that were there at `last`."""
    end = last + timedelta(microseconds=1)
    return older(session, replace(wanted, end=end if wanted.end is None else min(end, wanted.end)), mark, limit)


def _fetch(session: Session, wanted: Search, mark: Mark | None, limit: int, *, newest_first: bool) -> list[Entry]:
    found = _statement(wanted, mark, limit, newest_first=newest_first)
    return [Entry(*row) for row in session.execute(found)]


def _statement(wanted: Search, mark: Mark | None, limit: int, *, newest_first: bool) -> Select[*tuple[Any, ...]]:
    def cut(columns: FromClause | None, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
        table = AuditEntry.__table__.c if columns is None else columns.c
        chosen = _COLUMNS if columns is None else tuple(columns.c)
        order = (table.at.desc(), table.id.desc()) if newest_first else (table.at, table.id)
        return select(*chosen).where(*conditions).order_by(*order).limit(limit)

    if wanted.subject_ids is not None:
        # A client has few entries, so its subjects come first: by time, all of the practice's would be looked at.
        of_client = (
            select(*_COLUMNS, AuditEntry.practice_id)
            .where(AuditEntry.subject_id.in_(wanted.subject_ids))
            .cte("of_client")
            .prefix_with("MATERIALIZED")
        )
        kept = _conditions(wanted, mark, of_client, newest_first=newest_first)
        if wanted.actions:
            kept.append(of_client.c.action.in_(wanted.actions))
        found = cut(of_client, *kept)
        return found.with_only_columns(*(each for each in of_client.c if each.name != "practice_id"))
    conditions = _conditions(wanted, mark, AuditEntry.__table__, newest_first=newest_first)
    if not wanted.actions:
        return cut(None, *conditions)
    # One look into the index for each action: a list of them has no order by time.
    looks = [cut(None, *conditions, AuditEntry.action == action).subquery() for action in wanted.actions]
    return cut(union_all(*(select(look) for look in looks)).subquery("found"))


def _conditions(
    wanted: Search, mark: Mark | None, table: FromClause, *, newest_first: bool
) -> list[ColumnElement[bool]]:
    columns, person = table.c, wanted.wish.person
    found = [columns.practice_id == wanted.practice_id]
    if isinstance(person, uuid.UUID):
        found.append(columns.colleague_id == person)
    elif person is not None:
        found += [columns.colleague_id.is_(None), columns.source == person]
    # One bound at each end: SQLite begins at either of two, not at the nearer one.
    after = mark if not newest_first else None
    before = mark if newest_first else None
    if after is not None and (wanted.start is None or after.at >= wanted.start):
        found.append(and_(columns.at >= after.at, or_(columns.at > after.at, columns.id > after.id)))
    elif wanted.start is not None:
        found.append(columns.at >= wanted.start)
    if before is not None and (wanted.end is None or before.at < wanted.end):
        found.append(and_(columns.at <= before.at, or_(columns.at < before.at, columns.id < before.id)))
    elif wanted.end is not None:
        found.append(columns.at < wanted.end)
    return found


def who(session: Session, practice_id: uuid.UUID, entries: Sequence[Entry]) -> dict[uuid.UUID, str]:
    """The names of the colleagues who did these."""
    ids = {entry.colleague_id for entry in entries if entry.colleague_id is not None}
    query = select(Colleague.id, Colleague.name).where(Colleague.practice_id == practice_id, Colleague.id.in_(ids))
    return dict(session.execute(query).all()) if ids else {}
