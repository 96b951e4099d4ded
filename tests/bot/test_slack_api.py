from typing import Any

import pytest

from bot.errors import ErrorMapper
from bot.slack_api import PracticeSlack, SlackTransport
from modals import notices
from tests.canned import CannedSlack


def test_a_view_that_our_answer_shows_is_filled_once_slack_has_the_answer() -> None:
    waits: list[float] = []
    with CannedSlack(views_update={"ok": False, "error": "not_found"}) as slack:

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:  # the answer has arrived
                slack.answers["views.update"] = {}

        transport = SlackTransport(slack.api_url)
        PracticeSlack(transport.client("xoxb-1"), ErrorMapper(), wait=wait).fill("shown-by-us", notices.loading)
        transport.close()
    assert slack.calls == ["views.update"] * 3
    assert waits == sorted(waits)


def test_a_view_that_stays_away_was_closed() -> None:
    waits: list[float] = []
    with CannedSlack(views_update={"ok": False, "error": "not_found"}) as slack:
        transport = SlackTransport(slack.api_url)
        PracticeSlack(transport.client("xoxb-1"), ErrorMapper(), wait=waits.append).fill("gone", notices.loading)
        transport.close()
    assert slack.calls == ["views.update"] * len(waits)
    assert 2 < sum(waits) < 4


@pytest.mark.parametrize(("answer", "moved"), [({}, True), ({"ok": False, "error": "not_found"}, False)])
def test_a_view_that_waits_moves_on_if_it_is_still_there(answer: dict[str, Any], moved: bool) -> None:
    with CannedSlack(views_update=answer) as slack:
        transport = SlackTransport(slack.api_url)
        practice = PracticeSlack(transport.client("xoxb-1"), ErrorMapper())
        assert practice.move_on("waits", notices.loading()) is moved
        transport.close()
    assert slack.calls == ["views.update"]
