"""Reminders of quarterly updates: on the days that the rules give, one message to each person in their own morning.

One reminder day at a time is planned, by a job of its own for as long as the day lasts somewhere; its message to a
person is a job named after the person and the day. After downtime, a day that nobody has planned is caught up on.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from db.models import Client, Colleague, IncomeSource, Lane, PeriodType, Practice, Role, SoloDetails
from db.session import Database
from services import jobs
from services.clients.visibility import seen_by
from services.invitations.schedule import Rhythm
from services.jobs import Claim, Kind, NewJob
from services.solo.periods import next_reminder
from services.solo.standing import updates_since
from services.zones import zone

PLAN = "solo.deadlines"
DIGEST = "slack.solo_deadlines"
SHOWN = 20
"""As many clients as a message names."""

_DAY = timedelta(days=1)
_BEGINS = timedelta(hours=-14)
_ENDS = timedelta(hours=36)
"""When a day begins and ends somewhere, as seen from its midnight in UTC."""
_CAUGHT_UP = timedelta(days=5)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class DueClient:
    client_id: uuid.UUID
    name: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DueDay:
    due: date
    clients: tuple[DueClient, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineDigest:
    """What one person is told of on one day: `days` name the first clients, in order; `more` counts the others."""

    practice_id: uuid.UUID
    slack_user_id: str
    days: tuple[DueDay, ...]
    clients: int
    more: int
    overdue: bool


@dataclass(frozen=True, slots=True)
class _Source:
    client_id: uuid.UUID
    client_name: str
    manager_id: uuid.UUID | None
    creator_id: uuid.UUID
    name: str
    period_type: PeriodType
    income: Decimal | None


class DeadlineService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def tick(self) -> None:
        """Has the reminder day planned that it is time for. For the clock, in any number of processes; on other days it
        asks the database nothing."""
        now = self._database.now()
        for day in _days_around(now):
            midnight = datetime.combine(day, time(), UTC)
            if not midnight + _BEGINS <= now < midnight + _CAUGHT_UP or _following(day) <= now.date():
                continue
            # The first job by this name is the only one once the day is over, and if it was done by then, there is
            # nothing to catch up on. While the day lasts, who has become concerned meanwhile is found each hour.
            keys = [f"{PLAN}:{day}"]
            if now < midnight + _ENDS:
                keys.append(f"{PLAN}:{day}:{now:%dT%H}")
            with self._database.begin() as session:
                jobs.put(
                    session, *(NewJob(lane=Lane.LOCAL, kind=PLAN, key=key, args={"day": str(day)}) for key in keys)
                )

    def kinds(self) -> list[Kind]:
        return [Kind(name=PLAN, lane=Lane.LOCAL, run=self._plan)]

    def digest(self, claim: Claim) -> DeadlineDigest | None:
        """What the job's message tells of now; None when that is nothing, or a later reminder day has come."""
        day, colleague_id = date.fromisoformat(claim.args["day"]), uuid.UUID(claim.args["colleague_id"])
        with self._database.read() as session:
            found = session.execute(
                select(Colleague, Practice)
                .join(Practice, Practice.id == Colleague.practice_id)
                .where(Colleague.id == colleague_id, Colleague.practice_id == claim.practice_id)
            ).one_or_none()
            if found is None:
                return None
            colleague, practice = found
            today = self._database.now().astimezone(zone(colleague.timezone)).date()
            is_wanted = practice.reminds and practice.uninstalled_at is None and colleague.active and colleague.reminded
            if not is_wanted or _following(day) <= today:
                return None
            told = _told(session, practice, day, only=colleague).get(colleague.id, [])
        return _digest(colleague, told, today) if told else None

    def _plan(self, claim: Claim) -> None:
        """Puts the messages of a day, practice by practice."""
        day, after = date.fromisoformat(claim.args["day"]), uuid.UUID(int=0)
        while True:
            with self._database.begin() as session:
                practices = session.scalars(
                    select(Practice)
                    .where(
                        Practice.id > after,
                        Practice.reminds,
                        Practice.uninstalled_at.is_(None),
                        select(IncomeSource.id)
                        .where(IncomeSource.practice_id == Practice.id, IncomeSource.active)
                        .exists(),
                    )
                    .order_by(Practice.id)
                    .limit(_AT_ONCE)
                ).all()
                for practice in practices:
                    self._put_digests(session, practice, day)
            if len(practices) < _AT_ONCE:
                return
            after = practices[-1].id

    def _put_digests(self, session: Session, practice: Practice, day: date) -> None:
        now, told = self._database.now(), _told(session, practice, day)
        if not told:
            return
        people = session.scalars(select(Colleague).where(Colleague.id.in_(told), Colleague.reminded))
        jobs.put(
            session,
            *(
                NewJob(
                    lane=Lane.SLACK,
                    kind=DIGEST,
                    key=f"{DIGEST}:{colleague.id}:{day}",
                    practice_id=practice.id,
                    args={"colleague_id": str(colleague.id), "day": str(day)},
                    pace=f"slack:{colleague.id}",
                    due=_morning(practice, colleague, day, now),
                )
                for colleague in people
            ),
        )


def _days_around(now: datetime) -> Iterator[date]:
    """The reminder days that may have begun somewhere and are not long over."""
    day = now.date() - _CAUGHT_UP
    while (day := _following(day)) <= now.date() + _DAY:
        yield day


def _morning(practice: Practice, colleague: Colleague, day: date, now: datetime) -> datetime:
    """The person's morning of that day; if that is over, now, or their next working morning once the day is over."""
    rhythm = Rhythm((), practice.reminder_hour, zone(colleague.timezone))
    if now.astimezone(rhythm.zone).date() > day:
        return rhythm.at_or_after(now).astimezone(UTC)
    return max(rhythm.morning(day).astimezone(UTC), now)


def _told(
    session: Session, practice: Practice, day: date, *, only: Colleague | None = None
) -> dict[uuid.UUID, list[tuple[date, _Source]]]:
    """What is due by whom it is told to: the account manager, else who created the client if they can still open it,
    else the Practice Admins. `only` looks for one person's."""
    due = [(at, each) for each in _sources(session, practice, only) if (at := _due_date(day, each))]
    if not due:
        return {}
    wanted = {person for _, each in due for person in (each.manager_id, each.creator_id) if person is not None}
    clients = {each.client_id for _, each in due}
    opens = _openers(session, practice, wanted, clients)
    admins = session.scalars(
        select(Colleague.id).where(
            Colleague.practice_id == practice.id, Colleague.active, Colleague.role == Role.PRACTICE_ADMIN
        )
    ).all()
    told: dict[uuid.UUID, list[tuple[date, _Source]]] = defaultdict(list)
    for at, each in due:
        asked = [person for person in (each.manager_id, each.creator_id) if person is not None]
        ours = [person for person in asked if (person, each.client_id) in opens]
        for person in ours[:1] or admins:
            told[person].append((at, each))
    return told


def _due_date(day: date, source: _Source) -> date | None:
    """By when the update of this source is due that the day reminds of."""
    since = updates_since(source.income)
    return None if since is None else _due_after(day, source.period_type, since)


@lru_cache(maxsize=100)
def _due_after(day: date, period_type: PeriodType, since: date) -> date | None:
    found = next_reminder(day - _DAY, period_type, mandated_from=since)
    return found.quarter.due if found.day == day else None


def _following(day: date) -> date:
    """The first reminder day after this one. Updates are due on the same days for both period types."""
    return next_reminder(day, PeriodType.STANDARD).day


def _sources(session: Session, practice: Practice, only: Colleague | None) -> Iterable[_Source]:
    query = (
        select(
            Client.id,
            Client.name,
            Client.account_manager_id,
            Client.created_by,
            IncomeSource.name,
            IncomeSource.period_type,
            SoloDetails.qualifying_income,
        )
        .join(Client, Client.id == IncomeSource.client_id)
        .outerjoin(SoloDetails, SoloDetails.client_id == Client.id)
        .where(
            IncomeSource.practice_id == practice.id,
            IncomeSource.active,
            Client.practice_id == practice.id,
            Client.deactivated_at.is_(None),
        )
        .order_by(Client.name_key, Client.id, IncomeSource.id)
    )
    if only is not None and only.role is not Role.PRACTICE_ADMIN:
        query = query.where(or_(Client.account_manager_id == only.id, Client.created_by == only.id))
    return [_Source(*row) for row in session.execute(query)]


def _openers(
    session: Session, practice: Practice, people: set[uuid.UUID], clients: set[uuid.UUID]
) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Which of the people, as far as they are active, can open which of the clients."""
    found = set()
    colleagues = session.scalars(
        select(Colleague).where(Colleague.practice_id == practice.id, Colleague.active, Colleague.id.in_(people))
    )
    for colleague in colleagues.all():
        seen = session.scalars(
            select(Client.id).join(IncomeSource, IncomeSource.client_id == Client.id).where(seen_by(colleague))
        )
        found |= {(colleague.id, client_id) for client_id in seen if client_id in clients}
    return found


def _digest(colleague: Colleague, told: list[tuple[date, _Source]], today: date) -> DeadlineDigest:
    grouped: dict[tuple[date, uuid.UUID], list[_Source]] = defaultdict(list)
    for due, each in sorted(told, key=lambda pair: pair[0]):
        grouped[due, each.client_id].append(each)
    shown = list(grouped.items())[:SHOWN]
    days: dict[date, list[DueClient]] = defaultdict(list)
    for (due, client_id), sources in shown:
        days[due].append(DueClient(client_id, sources[0].client_name, tuple(each.name for each in sources)))
    return DeadlineDigest(
        practice_id=colleague.practice_id,
        slack_user_id=colleague.slack_user_id,
        days=tuple(DueDay(due, tuple(clients)) for due, clients in days.items()),
        clients=len(grouped),
        more=len(grouped) - len(shown),
        overdue=any(due < today for due in days),
    )
