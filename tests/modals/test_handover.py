"""What the report of many clients names, and what admins read of somebody else's sign-in."""

import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from modals import connections
from modals.blocks import Message
from modals.people import giving, reports
from modals.people.metadata import ColleagueMetadata, PeoplePlace
from sandbox.plain import plain
from sandbox.slack.limits import check_message
from services.accounting.upkeep import UpkeepNotice
from services.colleagues.access import LISTED, Giving, GivingReport, Grantee
from services.colleagues.choosing import PASTED_LENGTH, Skip
from tests.modals.test_connections import MANY, ONE

SAM = Grantee(uuid.uuid4())
PLACE = ColleagueMetadata.of_colleague(SAM.id, PeoplePlace())
CARDS = [connections.authorisation_ended, connections.authorisation_lapsing, connections.connections_ended]


def test_all_that_can_be_chosen_and_pasted_at_once_is_named_when_it_is_left_out() -> None:
    pasted = tuple(f"{number:04}" for number in range(PASTED_LENGTH // 5))
    chosen = tuple(f"Client {number} {'of the long name ' * 5}" for number in range(LISTED))
    skipped = {Skip.UNKNOWN: pasted, Skip.HAS_ALREADY: chosen}
    shown = plain(
        giving.report(GivingReport(grantee=SAM, name="Sam", giving=Giving.ACCESS, done=(), skipped=skipped), PLACE)
    )
    assert [line for line in (*pasted, *(each[:90] for each in chosen)) if f"• {line}" not in shown] == []
    assert "Left out: 700" in shown
    assert "Sam has been given it already · 100" in shown


def test_of_more_than_a_window_holds_it_is_said_how_many_there_are() -> None:
    view = {"blocks": reports.left_out({Skip.DEACTIVATED: ("x" * 100,) * 10_000, Skip.CANT_OPEN: ("Acme",)}, "Sam")}
    shown = plain(view)
    assert "Left out: 10,001" in shown
    assert "and 9,700 more" in shown
    assert shown.count("\n• " + "x" * 100) == 300
    assert "and 1 more" in shown


def test_every_reason_has_words() -> None:
    assert set(reports.SKIPS) == set(Skip)


@pytest.mark.parametrize("notice", [ONE, MANY], ids=["Xero", "Sage"])
@pytest.mark.parametrize("card", CARDS)
def test_an_admin_reads_whose_sign_in_it_is_and_what_to_do(
    card: Callable[[UpkeepNotice], Message], notice: UpkeepNotice
) -> None:
    message = card(replace(notice, holder="Sam <!channel> " + "W" * 500))
    assert check_message(message) == []
    said = plain(message)
    assert "Sam <!channel> W" in said
    assert "has left. To put it right, " in said
    assert "our sign-in at" not in said
