"""When a practice has its people reminded of invitations, and whether one of them wants to be."""

from dataclasses import asdict, dataclass

from sqlalchemy import select

from db.models import Practice
from db.session import Database
from services import audit, policy
from services.actor import Actor
from services.errors import InvalidError
from services.invitations.reminders import reschedule
from services.practice import get_colleague, lock_practice

MOST_DAYS_AHEAD = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderSettings:
    """`days` before an invitation expires, 0 being its last; `hour` of the person's own working morning."""

    reminds: bool
    days: tuple[int, ...]
    hour: int
    nudges_clients: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSettings:
    """`mine`: the person wants reminders. Without `may_change` they see the practice's settings only."""

    practice: ReminderSettings
    mine: bool
    may_change: bool


class ReminderSettingsService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def shown(self, actor: Actor) -> ShownSettings:
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            practice = session.scalars(select(Practice).where(Practice.id == actor.practice_id)).one()
            return ShownSettings(
                practice=settings_of(practice), mine=colleague.reminded, may_change=colleague.role in policy.ADMIN_ROLES
            )

    def change(self, actor: Actor, *, mine: bool, practice: ReminderSettings | None) -> None:
        """`practice` None leaves the practice's. Raises InvalidError at `days` and `hour`, NotPermittedError."""
        now = self._database.now()
        with self._database.begin() as session:
            row = lock_practice(session, actor.practice_id)
            colleague = get_colleague(session, actor, lock=True)
            policy.require_active(colleague)
            if colleague.reminded is not mine:
                colleague.reminded = mine
                audit.record(
                    session,
                    actor,
                    "colleague.reminders_changed",
                    colleague.id,
                    at=now,
                    before={"reminded": not mine},
                    after={"reminded": mine},
                )
            if practice is None:
                return
            policy.require_change_reminders(colleague)
            _require_valid(practice)
            before = settings_of(row)
            if practice == before:
                return
            row.reminds, row.reminder_hour = practice.reminds, practice.hour
            row.reminder_days, row.nudges_clients = sorted(practice.days, reverse=True), practice.nudges_clients
            audit.record(
                session,
                actor,
                "practice.reminders_changed",
                row.id,
                at=now,
                before=asdict(before),
                after=asdict(practice),
            )
            session.flush()
            reschedule(session, row.id, now)


def settings_of(practice: Practice) -> ReminderSettings:
    return ReminderSettings(
        reminds=practice.reminds,
        days=tuple(practice.reminder_days),
        hour=practice.reminder_hour,
        nudges_clients=practice.nudges_clients,
    )


def _require_valid(settings: ReminderSettings) -> None:
    problems = {}
    if not set(settings.days) <= set(range(MOST_DAYS_AHEAD + 1)):
        problems["days"] = f"Choose days from the last one to {MOST_DAYS_AHEAD} days before."
    if not 0 <= settings.hour <= 23:
        problems["hour"] = "Choose an hour."
    if problems:
        raise InvalidError(problems)
