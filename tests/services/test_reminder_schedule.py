"""Reminders come on the inviter's own working mornings, whatever their zone and the season."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from db.models import ReminderStage
from services.invitations.schedule import Rhythm, Snooze, moments, next_reminder, snoozed_until, stage_now

LONDON = ZoneInfo("Europe/London")
WEEK = timedelta(days=7)
AHEAD, LAST_DAY, EXPIRED = ReminderStage.AHEAD, ReminderStage.LAST_DAY, ReminderStage.EXPIRED
ZONES = ["UTC", "Europe/London", "America/St_Johns", "Pacific/Auckland", "Asia/Kathmandu", "Pacific/Apia"]

rhythms = st.builds(
    lambda days, hour, name: Rhythm(tuple(days), hour, ZoneInfo(name)),
    st.lists(st.integers(0, 6), max_size=4, unique=True),
    st.integers(0, 23),
    st.sampled_from(ZONES),
)
START = datetime(2025, 1, 1, tzinfo=UTC)
times = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def usual(created: str) -> list[tuple[str, ReminderStage]]:
    at = london(created)
    found = moments(Rhythm((2, 0), 9, LONDON), at, at + WEEK)
    return [(f"{moment.astimezone(LONDON):%a %d %b %H:%M}", stage) for moment, stage in found]


def test_two_days_before_on_the_last_day_and_when_it_expired() -> None:
    assert usual("2026-03-04 14:00") == [
        ("Mon 09 Mar 09:00", AHEAD),
        ("Wed 11 Mar 09:00", LAST_DAY),
        ("Thu 12 Mar 09:00", EXPIRED),
    ]


def test_a_weekend_moves_them_before_the_end_and_the_last_one_after_it() -> None:
    assert usual("2026-03-07 14:00") == [
        ("Thu 12 Mar 09:00", AHEAD),
        ("Fri 13 Mar 09:00", LAST_DAY),
        ("Mon 16 Mar 09:00", EXPIRED),
    ]


def test_two_that_fall_on_one_morning_are_one() -> None:
    assert usual("2026-03-08 14:00")[:2] == [("Fri 13 Mar 09:00", LAST_DAY), ("Mon 16 Mar 09:00", EXPIRED)]


def test_one_that_ends_on_the_very_morning_is_reminded_of_before_it() -> None:
    assert usual("2026-03-03 09:00") == [
        ("Fri 06 Mar 09:00", AHEAD),
        ("Mon 09 Mar 09:00", LAST_DAY),
        ("Tue 10 Mar 09:00", EXPIRED),
    ]


def test_the_morning_stays_nine_o_clock_when_the_clocks_change() -> None:
    assert usual("2026-03-24 14:00") == [
        ("Fri 27 Mar 09:00", AHEAD),
        ("Tue 31 Mar 09:00", LAST_DAY),
        ("Wed 01 Apr 09:00", EXPIRED),
    ]


@given(rhythms, times)
def test_each_is_a_working_morning_in_order_and_on_its_side_of_the_end(rhythm: Rhythm, created: datetime) -> None:
    expires = created + WEEK
    found = moments(rhythm, created, expires)
    ats = [at for at, _ in found]
    assert ats == sorted(set(ats))
    for at, stage in found:
        local = at.astimezone(rhythm.zone)
        assert local.weekday() < 5
        assert created < at
        assert (at >= expires) is (stage is EXPIRED)
    assert [stage for _, stage in found].count(EXPIRED) == 1
    assert found[-1][0] - expires < timedelta(days=3, hours=2)


@given(rhythms, times, st.integers(0, 24 * 14))
def test_what_is_said_late_is_still_true(rhythm: Rhythm, created: datetime, hours: int) -> None:
    expires, now = created + WEEK, created + timedelta(hours=hours)
    stage = stage_now(rhythm, created, expires, now)
    assert stage is None or (stage is EXPIRED) is (now >= expires)
    following = next_reminder(rhythm, created, expires, after=now)
    assert following is None or following[0] > now
    assert following is not None or stage is EXPIRED


def test_snoozing_waits_for_a_working_morning() -> None:
    rhythm = Rhythm((2, 0), 9, LONDON)
    friday = london("2026-03-13 09:05")
    wanted = {Snooze.ONE_DAY: "Mon 16", Snooze.THREE_DAYS: "Mon 16", Snooze.MONDAY: "Mon 16"}
    assert {snooze: f"{snoozed_until(rhythm, snooze, friday):%a %d}" for snooze in Snooze} == wanted
    monday = london("2026-03-16 09:05")
    wanted = {Snooze.ONE_DAY: "Tue 17", Snooze.THREE_DAYS: "Thu 19", Snooze.MONDAY: "Mon 23"}
    assert {snooze: f"{snoozed_until(rhythm, snooze, monday):%a %d}" for snooze in Snooze} == wanted
