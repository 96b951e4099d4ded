import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db.models import Provider
from modals import connections
from modals.blocks import Message
from modals.client_sync import ids as client_sync
from modals.clients import ids as clients
from sandbox.plain import plain
from sandbox.slack.limits import check_message
from services.accounting.upkeep import UpkeepNotice

ONE = UpkeepNotice(
    practice_id=uuid.uuid4(),
    slack_user_id="U_ADA",
    provider=Provider.XERO,
    clients=("<!channel> & *_~",),
    more=0,
    lapses_at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
)
MANY = replace(ONE, provider=Provider.SAGE, clients=tuple(f"{n} {'long ' * 60}" for n in range(20)), more=9_980)
NONE = replace(ONE, clients=())
CARDS = [connections.authorisation_ended, connections.authorisation_lapsing, connections.connections_ended]


@pytest.mark.parametrize("notice", [ONE, MANY, NONE], ids=["one", "many", "none"])
@pytest.mark.parametrize("card", CARDS)
def test_each_card_keeps_to_slacks_limits_and_says_what_to_do(
    card: Callable[[UpkeepNotice], Message], notice: UpkeepNotice
) -> None:
    message = card(notice)
    assert check_message(message) == []
    words = "choose Reconnect all" if notice.provider is Provider.XERO else "open one of these clients, press Reconnect"
    assert words in plain(message)
    assert [each["action_id"] for each in message["blocks"][-1]["elements"]] == [
        client_sync.OPEN if notice.provider is Provider.XERO else clients.LIST
    ]


@pytest.mark.parametrize("card", CARDS)
def test_the_clients_concerned_are_named_as_they_are(card: Callable[[UpkeepNotice], Message]) -> None:
    assert "<!channel> & *_~" in plain(card(ONE))
    assert "and 9,980 more" in plain(card(MANY))
    assert "<!channel>" not in card(ONE)["text"]


@pytest.mark.parametrize(
    ("notice", "words"),
    [
        (ONE, "A client is no longer connected to Xero."),
        (MANY, "10,000 clients are no longer connected to Sage Accounting."),
    ],
)
def test_it_is_said_how_many_connections_ended(notice: UpkeepNotice, words: str) -> None:
    assert connections.connections_ended(notice)["text"] == words


def test_it_is_said_when_a_sign_in_will_end() -> None:
    block = connections.authorisation_lapsing(ONE)["blocks"][0]
    parts = block["elements"][0]["elements"]
    assert [part["timestamp"] for part in parts if part["type"] == "date"] == [int(ONE.lapses_at.timestamp())]
