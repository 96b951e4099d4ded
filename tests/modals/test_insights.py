from dataclasses import replace
from datetime import timedelta

import pytest

from modals import insights
from sandbox.plain import plain
from services.accounting.connections import ConnectionState
from services.insights import Funnel, TimeToAccept
from tests.modals.insights_views import FRESH, FULL


@pytest.mark.parametrize(
    ("people", "half", "most", "said"),
    [
        (1, timedelta(seconds=5), timedelta(seconds=5), "The one who accepted did so within 1 minute."),
        (2, timedelta(minutes=59), timedelta(minutes=60), "within 59 minutes, nine in ten within 1 hour."),
        (9, timedelta(minutes=61), timedelta(hours=47), "within 2 hours, nine in ten within 47 hours."),
        (9, timedelta(hours=48), timedelta(hours=49), "within 2 days, nine in ten within 3 days."),
    ],
)
def test_the_time_to_accept_is_said_as_a_person_would_and_never_too_short(
    people: int, half: timedelta, most: timedelta, said: str
) -> None:
    shown = replace(FULL, time_to_accept=TimeToAccept(people=people, half=half, most=most))
    assert said in plain(insights.page(shown))
    assert said in insights.described(shown)


def test_neither_all_nor_none_is_said_of_what_is_nearly_so() -> None:
    shown = replace(FULL, funnel=Funnel(invited=1000, delivered=999, opened=500, accepted=1))
    table = "Invited    1,000  100%\nDelivered    999   99%\nOpened       500   50%\nAccepted       1    1%"
    assert table in plain(insights.page(shown))
    assert [bar.text for bar in insights.picture(shown).left.bars] == [
        "1,000 · 100%",
        "999 · 99%",
        "500 · 50%",
        "1 · 1%",
    ]


def test_a_picture_in_words_is_short_enough_for_slack() -> None:
    assert len(insights.described(FULL)) <= 1000


def test_without_invitations_the_picture_says_so_instead_of_bars_of_nothing() -> None:
    left = insights.picture(FRESH).left
    assert (left.bars, left.note) == ((), "Nobody has been invited yet.")


def test_connections_that_ended_lead_to_where_they_are_connected_again() -> None:
    broken = FRESH.connections | {ConnectionState.EXPIRED: 1, ConnectionState.NAME_MISMATCH: 1}
    assert "1 connection needs somebody to look.\n[Reconnect]" in plain(
        insights.page(replace(FRESH, connections=broken))
    )
    assert "Reconnect" not in plain(insights.page(FRESH))
