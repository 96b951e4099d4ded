import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from db.models import PermissionKind, RequestStatus
from modals import permissions
from modals.add_client import ids, openings
from modals.blocks import Message, View
from sandbox.driver import plain
from sandbox.slack.limits import check_message, check_view
from services.add_client.records import PermissionMissing
from services.permissions.records import AlreadyPermitted, Asked, Request

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
PENDING = Request(
    id=uuid.uuid4(),
    kind=PermissionKind.ADD_CLIENTS,
    status=RequestStatus.PENDING,
    requester_name="Sam <Price> & *_~",
    requester_slack_user_id="U_SAM",
    created_at=NOW,
)
APPROVED = replace(PENDING, status=RequestStatus.APPROVED, decider_name="Ada Marsh", decided_at=NOW)
DECLINED = replace(APPROVED, status=RequestStatus.DECLINED)


def buttons(surface: View | Message) -> dict[str, dict[str, Any]]:
    return {
        element["action_id"]: element
        for block in surface["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    }


def test_the_dead_end_offers_to_request_access_until_one_has_asked() -> None:
    missing = PermissionMissing(admins=("U_ADA", "U_CLEM"))
    assert list(buttons(openings.opening(missing))) == [permissions.REQUEST]
    asked = openings.opening(replace(missing, asked_at=NOW))
    assert buttons(asked) == {}
    assert "You asked for it on" in plain(asked)


@pytest.mark.parametrize(
    ("outcome", "words", "ways_on"),
    [
        (Asked(admins=("U_ADA", "U_CLEM"), asked_at=NOW, repeated=False), "are told. You get a message", []),
        (Asked(admins=("U_ADA",), asked_at=NOW, repeated=False), "is told. You get a message", []),
        (Asked(admins=("U_ADA",), asked_at=NOW, repeated=True), "You asked for it on", []),
        (AlreadyPermitted(), "already", [ids.OPEN]),
    ],
)
def test_what_came_of_asking_is_said(outcome: Asked | AlreadyPermitted, words: str, ways_on: list[str]) -> None:
    view = permissions.asked(outcome)
    assert check_view(json.loads(json.dumps(view))) == []
    assert words in plain(view)
    assert list(buttons(view)) == ways_on


def test_a_pending_card_can_be_decided_and_declining_is_confirmed() -> None:
    card = permissions.card(PENDING)
    assert check_message(json.loads(json.dumps(card))) == []
    assert card["text"] == "Sam &lt;Price&gt; &amp; *_~ asks for the permission “Add client accounts”"
    shown = buttons(card)
    assert {name: button["value"] for name, button in shown.items()} == {
        permissions.APPROVE: str(PENDING.id),
        permissions.DECLINE: str(PENDING.id),
    }
    assert "confirm" not in shown[permissions.APPROVE]
    assert "Sam <Price> & *_~ is told" in shown[permissions.DECLINE]["confirm"]["text"]["text"]


@pytest.mark.parametrize(
    ("request_", "words"), [(APPROVED, "Approved by Ada Marsh"), (DECLINED, "Declined by Ada Marsh")]
)
def test_a_decided_card_keeps_the_outcome_and_loses_its_buttons(request_: Request, words: str) -> None:
    card = permissions.card(request_)
    assert check_message(json.loads(json.dumps(card))) == []
    assert words in plain(card)
    assert buttons(card) == {}


@pytest.mark.parametrize(
    ("request_", "words", "ways_on"),
    [(APPROVED, "Ada Marsh approved your request", [ids.OPEN]), (DECLINED, "Ada Marsh declined your request", [])],
)
def test_the_requester_is_told_who_decided_and_what_to_do(request_: Request, words: str, ways_on: list[str]) -> None:
    message = permissions.decided(request_)
    assert check_message(json.loads(json.dumps(message))) == []
    assert words in plain(message)
    assert list(buttons(message)) == ways_on
