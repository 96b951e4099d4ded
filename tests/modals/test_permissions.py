import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from db.models import PermissionKind, RequestStatus
from modals.add_client import ids as add_client
from modals.add_client import openings
from modals.blocks import Message, View
from modals.clients import ids as clients
from modals.permissions import asking, cards, ids, page
from sandbox.driver import plain
from services.add_client.records import BundleFull, PermissionMissing
from services.errors import GoneError, InvalidError
from services.permissions.records import (
    AlreadyPermitted,
    Asked,
    Ended,
    Request,
    RequestForm,
    RequestPage,
    Term,
    Wish,
)
from services.practice import Bundle

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
PENDING = Request(
    id=uuid.UUID(int=31),
    kind=PermissionKind.ADD_CLIENTS,
    status=RequestStatus.PENDING,
    requester_name="Sam <Price> & *_~",
    requester_slack_user_id="U_SAM",
    created_at=NOW,
    reason="Month end",
    days=30,
)
APPROVED = replace(PENDING, status=RequestStatus.APPROVED, decider_name="Ada Marsh", decided_at=NOW, granted_until=NOW)
DECLINED = replace(APPROVED, status=RequestStatus.DECLINED, granted_until=None, decision_reason="Ask Clem to add them")
EXPIRED = replace(PENDING, status=RequestStatus.EXPIRED, decided_at=NOW)
CLIENT = replace(PENDING, kind=PermissionKind.CLIENT, client_id=uuid.UUID(int=43), client_name="Acme Ltd")
BUNDLE = replace(PENDING, kind=PermissionKind.BUNDLE, days=None, bundle=60)
ASKED = Asked(request_id=PENDING.id, admins=("U_ADA", "U_CLEM"), asked_at=NOW, repeated=False)


def elements(surface: View | Message) -> dict[str, dict[str, Any]]:
    """The buttons and menus, by action id."""
    return {
        element["action_id"]: element
        for block in surface["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    }


def inputs(view: View) -> list[str]:
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


def submitted(at: PermissionKind = PermissionKind.ADD_CLIENTS, **typed: str | None) -> dict[str, Any]:
    """What Slack sends of the form; `term` is one of its radio buttons."""
    values: dict[str, Any] = {}
    for name, text in typed.items():
        if name in {"term", "kind"}:
            element = {"type": "radio_buttons", "selected_option": text and {"value": text}}
        else:
            element = {"type": "plain_text_input", "value": text}
        values[name] = {"value": element}
    return {"state": {"values": values}, "private_metadata": asking.RequestMetadata(kind=at).dump()}


def test_the_dead_end_offers_to_request_access_and_then_to_withdraw() -> None:
    missing = PermissionMissing(admins=("U_ADA", "U_CLEM"))
    assert elements(openings.opening(missing))[ids.REQUEST]["value"] == "add_clients"
    asked = openings.opening(replace(missing, asked=ASKED))
    assert elements(asked)[ids.WITHDRAW]["value"] == str(ASKED.request_id)
    assert "You asked for it on" in plain(asked)


def test_a_full_bundle_offers_to_ask_a_practice_admin_and_then_to_withdraw() -> None:
    full = BundleFull(bundle=Bundle(used=50, included=50), may_raise=False, billing_url=None, admins=("U_ADA",))
    shown = openings.opening(full)
    assert elements(shown)[ids.REQUEST]["value"] == "bundle"
    assert "50 of 50 client accounts" in plain(shown)
    asked = openings.opening(replace(full, asked=ASKED))
    assert list(elements(asked)) == [ids.WITHDRAW]


@pytest.mark.parametrize(
    ("outcome", "words", "ways_on"),
    [
        (ASKED, "are told. You get a message", [ids.WITHDRAW]),
        (replace(ASKED, admins=("U_ADA",)), "is told. You get a message", [ids.WITHDRAW]),
        (replace(ASKED, repeated=True), "You asked for it on", [ids.WITHDRAW]),
        (replace(ASKED, admins=()), "Nobody here can decide it now", [ids.WITHDRAW]),
        (AlreadyPermitted(PermissionKind.ADD_CLIENTS), "already", [add_client.OPEN]),
        (AlreadyPermitted(PermissionKind.BUNDLE), "already", []),
    ],
)
def test_what_came_of_asking_is_said(outcome: Asked | AlreadyPermitted, words: str, ways_on: list[str]) -> None:
    view = asking.asked(outcome)
    assert words in plain(view)
    assert list(elements(view)) == ways_on


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (PermissionKind.ADD_CLIENTS, ["kind", "term", "days", "reason"]),
        (PermissionKind.CLIENT, ["kind", "client", "term", "days", "reason"]),
        (PermissionKind.BUNDLE, ["kind", "bundle", "reason"]),
    ],
)
def test_the_form_asks_for_what_the_kind_needs(kind: PermissionKind, fields: list[str]) -> None:
    assert inputs(asking.request_form(RequestForm(kinds=tuple(PermissionKind), kind=kind, included=50))) == fields


def test_a_form_for_something_pending_has_nothing_to_fill_in() -> None:
    form = RequestForm(kinds=tuple(PermissionKind), kind=PermissionKind.BUNDLE, included=50, pending=ASKED)
    view = asking.request_form(form)
    assert inputs(view) == []
    assert "submit" not in view
    assert list(elements(view)) == [ids.KIND, ids.WITHDRAW]


def test_asking_again_begins_with_what_was_asked_before() -> None:
    form = RequestForm(kinds=(PermissionKind.CLIENT,), kind=PermissionKind.CLIENT, included=50, like=CLIENT)
    shown = {
        block["block_id"]: block["element"].get("initial_value")
        or block["element"].get("initial_option", {}).get("value")
        for block in asking.request_form(form)["blocks"]
        if block["type"] == "input"
    }
    assert shown == {"client": "Acme Ltd", "term": "days", "days": "30", "reason": "Month end"}


def test_what_was_filled_in_is_read_by_kind() -> None:
    assert asking.read_wish(submitted(term="days", days=" 30 ", reason="Month end")) == Wish(
        kind=PermissionKind.ADD_CLIENTS, reason="Month end", days=30, bundle=0
    )
    typed = submitted(kind="client", term="permanent", client="acme", days=None, reason=None)
    assert asking.read_wish(typed) == Wish(kind=PermissionKind.CLIENT, reason="", client="acme", bundle=0)
    typed = submitted(PermissionKind.BUNDLE, bundle="1,000", reason="x")
    assert asking.read_wish(typed) == Wish(kind=PermissionKind.BUNDLE, reason="x", bundle=1000)


@pytest.mark.parametrize("days", ["", "x", "-1", "1.5", "٣", "9" * 400])
def test_a_number_of_days_that_is_none_is_left_to_be_refused(days: str) -> None:
    assert asking.read_wish(submitted(term="days", days=days, reason="x")).days == 0


def test_days_beside_permanently_are_asked_about() -> None:
    with pytest.raises(InvalidError) as refusal:
        asking.read_wish(submitted(term="permanent", days="30", reason="x"))
    assert set(refusal.value.fields) == {"days"}


@pytest.mark.parametrize(
    ("value", "opening"),
    [
        ("client", (PermissionKind.CLIENT, None)),
        (str(PENDING.id), (None, PENDING.id)),
        (None, (None, None)),
        ("root", (None, None)),
    ],
)
def test_the_button_says_what_the_form_begins_with(value: str | None, opening: tuple[object, object]) -> None:
    assert asking.read_opening(value) == opening


def test_a_pending_card_says_who_what_why_and_for_how_long_and_can_be_decided() -> None:
    card = cards.card(PENDING)
    assert card["text"] == "Sam &lt;Price&gt; &amp; *_~ asks for the permission “Add client accounts”"
    said = plain(card)
    assert "Why: Month end" in said
    assert "For how long: 30 days" in said
    shown = elements(card)
    assert list(shown) == [ids.APPROVE, ids.APPROVE_FOR, ids.DECLINE]
    assert shown[ids.APPROVE]["value"] == shown[ids.DECLINE]["value"] == str(PENDING.id)
    terms = [cards.read_term({"selected_option": option}) for option in shown[ids.APPROVE_FOR]["options"]]
    assert terms == [(PENDING.id, Term(days)) for days in (7, 30, 90, None)]


def test_a_card_about_the_bundle_has_no_time_limit_and_leads_to_the_billing_page() -> None:
    card = cards.card(BUNDLE, billing_url="https://billing.example/")
    assert list(elements(card)) == [ids.APPROVE, ids.DECLINE]
    assert "asks for a client bundle of 60" in plain(card)
    assert "billing page" in plain(card)
    assert "billing page" not in plain(cards.card(BUNDLE))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (APPROVED, "Approved by Ada Marsh"),
        (DECLINED, "Declined by Ada Marsh"),
        (EXPIRED, "nobody decided it within 14 days"),
        (replace(EXPIRED, status=RequestStatus.WITHDRAWN), "Withdrawn"),
    ],
)
def test_a_card_that_is_over_keeps_the_outcome_and_loses_its_buttons(request_: Request, words: str) -> None:
    card = cards.card(request_)
    assert words in plain(card)
    assert elements(card) == {}


def test_a_card_that_is_not_the_reader_s_to_decide_has_no_buttons() -> None:
    assert elements(cards.card(PENDING, decides=False)) == {}
    assert elements(cards.moved_on(PENDING)) == {}


@pytest.mark.parametrize("value", ["", "x", "30", f"31 {PENDING.id}", "30 x", None])
def test_a_forged_menu_is_refused_in_words(value: str | None) -> None:
    with pytest.raises(GoneError, match="another version"):
        cards.read_term({"selected_option": {"value": value}} if value is not None else {})


@pytest.mark.parametrize(
    ("request_", "words", "way_on"),
    [
        (APPROVED, "Ada Marsh approved your request", (add_client.OPEN, None)),
        (replace(APPROVED, draft_id=CLIENT.client_id), "Until", (add_client.RESUME, str(CLIENT.client_id))),
        (
            replace(APPROVED, kind=PermissionKind.CLIENT, client_id=CLIENT.client_id, client_name="Acme Ltd"),
            "your request for access to Acme Ltd",
            (clients.OPEN, str(CLIENT.client_id)),
        ),
        (DECLINED, "Reason: Ask Clem to add them", None),
        (EXPIRED, "You can ask again", (ids.REQUEST, str(PENDING.id))),
    ],
)
def test_the_requester_is_told_what_was_decided_and_how_to_go_on(
    request_: Request, words: str, way_on: tuple[str, str | None] | None
) -> None:
    message = cards.decided(request_)
    assert words in plain(message)
    shown = [(name, element.get("value")) for name, element in elements(message).items()]
    assert shown == ([] if way_on is None else [way_on])


def test_both_are_told_of_an_end_and_the_one_who_had_it_can_ask_again() -> None:
    end = Ended(
        kind=PermissionKind.CLIENT,
        request_id=PENDING.id,
        client_name="Acme Ltd",
        person_name="Sam Price",
        slack_user_id="U_SAM",
        own=True,
    )
    assert "You no longer have access to Acme Ltd" in plain(cards.ended(end))
    assert elements(cards.ended(end))[ids.REQUEST]["value"] == str(PENDING.id)
    other = cards.ended(replace(end, own=False))
    assert "Sam Price no longer has access to Acme Ltd" in plain(other)
    assert elements(other) == {}


def test_the_list_can_be_decided_withdrawn_and_turned() -> None:
    shown = RequestPage(
        decides=True, asks=True, found=6, page=0, pages=2, waiting=(PENDING,), own=(CLIENT, APPROVED), billing_url=None
    )
    view = page.requests(shown)
    assert list(elements(view)) == [
        ids.APPROVE,
        ids.APPROVE_FOR,
        ids.DECLINE,
        ids.NEXT,
        ids.WITHDRAW,
        ids.REQUEST,
    ]
    assert asking.read_withdrawal(elements(view)[ids.WITHDRAW]) == (CLIENT.id, 0)
    assert asking.read_withdrawal(elements(asking.asked(ASKED))[ids.WITHDRAW]) == (ASKED.request_id, None)
    own = page.requests(replace(shown, decides=False, waiting=(), own=()))
    assert list(elements(own)) == [ids.REQUEST]
    assert "Waiting for your decision" not in plain(own)
    everything = plain(page.requests(replace(shown, asks=False, own=())))
    assert "Your requests" not in everything
