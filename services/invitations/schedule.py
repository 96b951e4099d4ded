"""When an inviter is reminded of an invitation: on their own working mornings. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from db.models import ReminderStage

_DAY = timedelta(days=1)
_SATURDAY = 5
_MONDAY = 0
_LONGEST_WEEKEND = 4  # days to look at until a working one is found
NUDGED_AFTER = (timedelta(days=3), timedelta(days=6))


class Snooze(StrEnum):
    ONE_DAY = "one_day"
    THREE_DAYS = "three_days"
    MONDAY = "monday"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`days` are those before the end on which to remind, `hour` the inviter's own (0 to 23) in their `zone`."""

    days: tuple[int, ...]
    hour: int
    zone: tzinfo

    def morning(self, day: date) -> datetime:
        return datetime.combine(day, time(self.hour), self.zone)

    def at_or_before(self, moment: datetime) -> datetime:
        """The last working morning that is not later."""
        day = moment.astimezone(self.zone).date()
        return next(m for m in self._mornings(day, -_DAY) if m <= moment)

    def at_or_after(self, moment: datetime) -> datetime:
        """The first working morning that is not earlier."""
        day = moment.astimezone(self.zone).date()
        return next(m for m in self._mornings(day, _DAY) if m >= moment)

    def _mornings(self, day: date, step: timedelta) -> Iterable[datetime]:
        for _ in range(_LONGEST_WEEKEND):
            if day.weekday() < _SATURDAY:
                yield self.morning(day)
            day += step


def moments(rhythm: Rhythm, created_at: datetime, expires_at: datetime) -> list[tuple[datetime, ReminderStage]]:
    """All reminders of an invitation in their order. Before the end, a weekend moves one to the morning before; one
    that would come before the invitation is left out. Of two on one morning the later stage stays."""
    ahead = {
        rhythm.at_or_before(expires_at - max(days * _DAY, timedelta.resolution)): ReminderStage.AHEAD
        if days
        else ReminderStage.LAST_DAY
        for days in sorted(rhythm.days, reverse=True)
    }
    found = [(at, stage) for at, stage in ahead.items() if created_at < at < expires_at]
    return [*sorted(found), (rhythm.at_or_after(expires_at), ReminderStage.EXPIRED)]


def next_reminder(
    rhythm: Rhythm, created_at: datetime, expires_at: datetime, *, after: datetime
) -> tuple[datetime, ReminderStage] | None:
    """The first one later than `after`; None when all are over."""
    return next((each for each in moments(rhythm, created_at, expires_at) if each[0] > after), None)


def stage_now(rhythm: Rhythm, created_at: datetime, expires_at: datetime, now: datetime) -> ReminderStage | None:
    """What is to be said now, however long ago it fell due: the latest that still holds, or nothing."""
    due = [stage for at, stage in moments(rhythm, created_at, expires_at) if at <= now]
    latest = due[-1] if due else None
    return None if now >= expires_at and latest is not ReminderStage.EXPIRED else latest


def snoozed_until(rhythm: Rhythm, snooze: Snooze, now: datetime) -> datetime:
    """The working morning on which to remind again."""
    today = now.astimezone(rhythm.zone).date()
    until_monday = (_MONDAY - today.weekday()) % 7 or 7
    ahead = {Snooze.ONE_DAY: 1, Snooze.THREE_DAYS: 3, Snooze.MONDAY: until_monday}[snooze]
    return rhythm.at_or_after(rhythm.morning(today + ahead * _DAY))
