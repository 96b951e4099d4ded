"""What the clients list, the card and its connection say and offer."""

from dataclasses import replace
from typing import Any

import pytest

from db.models import ConnectionStatus, Provider, StandardList, TaxCategories
from modals.blocks import View
from modals.clients import card, connecting, ids, listing
from sandbox.plain import plain
from services.accounting.connections import ConnectionState
from services.accounting.linking import NameChoice
from services.errors import ConflictError, InvalidError
from tests.modals.client_views import (
    AT,
    CARD,
    CHOICES,
    CONNECTING,
    CONNECTION,
    INFORMATION,
    NO_INFORMATION,
    NOW,
    PAGE,
    UNCONNECTED,
    state,
)


def _buttons(view: View) -> dict[str, dict[str, Any]]:
    elements = [each for block in view["blocks"] for each in block.get("elements", ())]
    elements += [block["accessory"] for block in view["blocks"] if "accessory" in block]
    return {each["action_id"]: each for each in elements if each.get("type") == "button"}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (ConnectionState.CONNECTED, "Status: Connected"),
        (ConnectionState.NAME_MISMATCH, "Status: Name mismatch"),
        (ConnectionState.EXPIRED, "Press Reconnect and sign in there again"),
        (ConnectionState.DISCONNECTED, "as somebody who has access to it"),
    ],
)
def test_a_card_says_how_the_connection_stands_and_what_to_do(found: ConnectionState, words: str) -> None:
    assert words in plain(card.card(state(found)))


@pytest.mark.parametrize("found", [ConnectionState.EXPIRED, ConnectionState.DISCONNECTED, ConnectionState.CONNECTED])
def test_reconnecting_is_what_a_broken_connection_asks_for(found: ConnectionState) -> None:
    connection = replace(CONNECTION, state=found, holder_active=True, status=ConnectionStatus.CONNECTED)
    buttons = _buttons(card.card(replace(CARD, connection=connection)))
    assert (buttons[ids.RECONNECT].get("style") == "primary") is (found is not ConnectionState.CONNECTED)


def test_a_holder_who_left_is_shown_with_the_way_to_take_the_connection_over() -> None:
    connection = replace(CONNECTION, state=ConnectionState.CONNECTED)
    shown = plain(card.card(replace(CARD, connection=connection)))
    assert "who has left the practice" in shown
    assert "have the connection rest on your own sign-in" in shown


def test_a_deactivated_client_can_be_disconnected_but_not_connected() -> None:
    offered = _buttons(card.card(replace(CARD, deactivated_at=NOW)))
    assert {ids.RECONNECT, ids.CHANGE, ids.REFRESH} & offered.keys() == set()
    assert ids.DISCONNECT in offered
    assert set(ids.CONNECT.values()) & _buttons(card.card(replace(UNCONNECTED, deactivated_at=NOW))).keys() == set()


def test_only_the_providers_that_are_set_up_are_offered() -> None:
    one = _buttons(card.card(replace(UNCONNECTED, offered=(Provider.SAGE,))))
    assert set(ids.CONNECT.values()) & one.keys() == {ids.CONNECT[Provider.SAGE]}
    connected = _buttons(card.card(replace(CARD, offered=(Provider.XERO,))))
    assert {ids.REFRESH, ids.RECONNECT, ids.CHANGE} & connected.keys() == set()
    assert "No accounting software is set up here" in plain(card.card(replace(UNCONNECTED, offered=())))
    self_employed = replace(UNCONNECTED, tax_categories=TaxCategories.SCHEDULE_C, offered=())
    assert "No accounting software is set up here" not in plain(card.card(self_employed))


def test_standard_information_is_shown_as_counts_and_dates() -> None:
    shown = plain(card.card(CARD))
    for words in ("Country: GB", "Currency: GBP", "Year end: 31 December", "Contacts: 10,000,000 in use, as of "):
        assert words in shown
    some = replace(INFORMATION.lists[0], refreshed_at=None, failure="Xero can't be reached.")
    partly = plain(card.card(replace(CARD, information=replace(INFORMATION, lists=(some,)))))
    assert some.which is StandardList.ACCOUNTS
    assert "Accounts: not fetched yet" in partly
    assert "Accounts: Xero can't be reached." in partly


@pytest.mark.parametrize(("month", "day", "words"), [(3, None, "Year end: March"), (13, 5, ""), (None, 5, "")])
def test_an_odd_year_end_is_left_out(month: int | None, day: int | None, words: str) -> None:
    assert INFORMATION.organisation is not None
    facts = replace(INFORMATION.organisation, year_end_month=month, year_end_day=day)
    shown = plain(card.card(replace(CARD, information=replace(INFORMATION, organisation=facts))))
    assert ("Year end" in shown) is bool(words)
    assert words in shown


def test_what_is_not_there_yet_is_said_to_come() -> None:
    assert "It is being fetched" in plain(card.card(replace(CARD, information=NO_INFORMATION)))
    assert "once the client is connected" in plain(card.card(UNCONNECTED))


def test_names_are_settled_only_where_they_differ() -> None:
    assert "Keep both names" in plain(card.settings(CARD, AT))
    assert "Keep both names" not in plain(card.settings(state(ConnectionState.CONNECTED), AT))
    assert [card.read_name(each) for each in (None, "organisation", "both")] == [None, *NameChoice]
    with pytest.raises(InvalidError):
        card.read_name("neither")
    with pytest.raises(ConflictError, match="not connected"):
        card.settings(UNCONNECTED, AT)


def test_a_change_warns_of_what_is_removed() -> None:
    for view in (connecting.connecting(CONNECTING), connecting.choices(CHOICES)):
        assert "are removed here: accounts, tax rates" in plain(view)
    assert "are removed here" not in plain(connecting.connecting(replace(CONNECTING, changing=False)))
    assert "are removed here" not in plain(connecting.choices(replace(CHOICES, has=None)))


def test_both_ends_of_the_list_have_one_way_to_turn() -> None:
    first, last = (replace(PAGE, wish=replace(PAGE.wish, page=page)) for page in (0, PAGE.pages - 1))
    turning = {ids.PREVIOUS, ids.NEXT}
    assert turning & _buttons(listing.listing(first)).keys() == {ids.NEXT}
    assert turning & _buttons(listing.listing(last)).keys() == {ids.PREVIOUS}


@pytest.mark.parametrize(
    ("given", "shown"), [("SOLE_TRADER", "Type: Sole trader\n"), ("Limited company", "Type: Limited company\n")]
)
def test_the_type_of_an_organisation_is_given_in_words(given: str, shown: str) -> None:
    organisation = INFORMATION.organisation
    assert organisation is not None
    information = replace(INFORMATION, organisation=replace(organisation, organisation_type=given))
    assert shown in plain(card.card(replace(CARD, information=information)))
