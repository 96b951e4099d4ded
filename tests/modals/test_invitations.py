"""What the invitations' list offers, and what a message says once its button was pressed."""

from dataclasses import replace
from typing import Any

import pytest

from db.models import InvitationStatus
from modals import cards, invitation_list, invitations
from modals.blocks import View
from modals.clients import card
from sandbox.plain import plain
from services.clients.card import Owner
from services.errors import InvalidError
from services.invitations.listing import InvitationLine, InvitationWish, Standing
from tests.modals.client_views import CARD, INVITATION
from tests.modals.invitation_views import ACCEPTED, FAILED, LINE, NEVER, NOBODY, NOTICE, RENEWED, REPORT, page

LIVE = [InvitationStatus.QUEUED, InvitationStatus.SENT, InvitationStatus.OPENED, InvitationStatus.FAILED]


def _entries(line: InvitationLine) -> list[str]:
    (section,) = [block for block in _listed(Standing.PENDING, line)["blocks"] if "accessory" in block]
    return [option["text"]["text"] for option in section["accessory"]["options"]]


def _listed(standing: Standing, *lines: InvitationLine) -> View:
    return invitation_list.listing(page(standing, *lines))


def _buttons(view: View) -> set[str]:
    return {
        element["action_id"]
        for block in view["blocks"]
        for element in block.get("elements", ())
        if "action_id" in element
    }


@pytest.mark.parametrize(
    ("line", "entries"),
    [
        *((replace(LINE, status=each), ["Resend", "Change e-mail…", "Revoke…", "Open client"]) for each in LIVE),
        (replace(LINE, status=InvitationStatus.EXPIRED), ["Resend", "Change e-mail…", "Revoke…", "Open client"]),
        (replace(LINE, status=InvitationStatus.REVOKED), ["Resend", "Change e-mail…", "Open client"]),
        (ACCEPTED, ["Open client"]),
        (NEVER, ["Invite", "Open client"]),
        (NOBODY, ["Invite…", "Open client"]),
    ],
)
def test_a_line_s_menu_offers_what_can_be_done(line: InvitationLine, entries: list[str]) -> None:
    assert _entries(line) == entries


def test_a_line_says_how_it_stands_when_and_by_whom() -> None:
    line = replace(LINE, client_name="Acme", person_name="Cy", email="cy@acme.example", inviter="Ada", failure=None)
    told = {
        InvitationStatus.SENT: "sent · invited Sat 21 Nov 2026, 00:00 by Ada · expires Sat 21 Nov 2026, 00:00",
        InvitationStatus.EXPIRED: "expired · invited Sat 21 Nov 2026, 00:00 by Ada · expired Sat 21 Nov 2026, 00:00",
        InvitationStatus.REVOKED: "revoked · invited Sat 21 Nov 2026, 00:00 by Ada",
    }
    for status, words in told.items():
        assert f"Acme\nCy <cy@acme.example>\n{words}" in plain(_listed(Standing.PENDING, replace(line, status=status)))
    assert "Acme\nNobody to invite yet" in plain(_listed(Standing.NEVER, replace(NOBODY, client_name="Acme")))


def test_all_listed_are_sent_only_where_that_means_something() -> None:
    def confirmed(standing: Standing, *lines: InvitationLine) -> str | None:
        for block in _listed(standing, *lines)["blocks"]:
            for element in block.get("elements", ()):
                if element.get("action_id") == invitation_list.SEND_ALL:
                    return f"{element['confirm']['title']['text']} {element['confirm']['text']['text']}"
        return None

    assert confirmed(Standing.ACCEPTED, ACCEPTED) is None
    assert confirmed(Standing.EXPIRED) is None
    assert confirmed(Standing.EXPIRED, LINE) == (
        "Send 88,888 invitations again? Each gets a new link with another week. "
        "The links that were sent before stop working."
    )
    assert confirmed(Standing.NEVER, NEVER) == (
        "Send 88,888 invitations? 88,888 clients get an e-mail with a link. "
        "Left out: 11,111 clients with nobody to invite yet."
    )


@pytest.mark.parametrize(
    ("values", "wish"),
    [
        ({}, InvitationWish(Standing.EXPIRED)),
        ({"standing": "failed", "query": None}, InvitationWish(Standing.FAILED)),
        ({"standing": "never", "query": "acme"}, InvitationWish(Standing.NEVER, "acme")),
    ],
)
def test_what_the_form_asks_for_begins_at_its_first_page(values: dict[str, str | None], wish: InvitationWish) -> None:
    def element(name: str, value: str | None) -> dict[str, Any]:
        if name == "query":
            return {"type": "plain_text_input", "value": value}
        return {"type": "static_select", "selected_option": {"value": value}}

    state = {name: {"x": element(name, value)} for name, value in values.items()}
    view = {
        "private_metadata": invitations.ListPlace(standing=Standing.EXPIRED, page=3).dump(),
        "state": {"values": state},
    }
    assert invitation_list.read_wish(view) == wish
    with pytest.raises(InvalidError):
        invitation_list.read_wish({**view, "state": {"values": {"standing": {"x": element("standing", "lost")}}}})


def test_a_message_s_buttons_give_way_to_what_has_become_of_it() -> None:
    buttons = FAILED["blocks"][-1]
    assert [each["text"]["text"] for each in buttons["elements"]] == ["Resend", "Change e-mail"]
    settled = invitations.settled(
        FAILED, buttons["block_id"], replace(RENEWED, person_name="Cy", email="cy@acme.example")
    )
    assert settled["blocks"][:-1] == FAILED["blocks"][:-1]
    assert "A new invitation of Cy is on its way to cy@acme.example. It works for 7 days." in plain(settled)
    assert "actions" not in {block["type"] for block in settled["blocks"]}
    assert invitations.settled({}, "gone", RENEWED) == {"text": "", "blocks": []}


def test_nothing_is_told_of_one_that_is_over_meanwhile() -> None:
    for status in (InvitationStatus.ACCEPTED, InvitationStatus.REVOKED, InvitationStatus.SUPERSEDED):
        assert cards.invitation_failed(replace(NOTICE, status=status)) is None
        assert cards.invitation_renewal_asked(replace(NOTICE, status=status)) is None


def test_who_was_left_out_is_named_up_to_a_number() -> None:
    message = invitation_list.report(REPORT)
    assert message["text"].endswith("100,019 clients were left out.")
    assert "And 99,999 more." in plain(message)


@pytest.mark.parametrize("status", InvitationStatus)
def test_the_card_offers_what_can_be_done_with_the_invitation(status: InvitationStatus) -> None:
    assert CARD.owner is not None
    shown = _buttons(card.card(replace(CARD, owner=replace(CARD.owner, invitation=replace(INVITATION, status=status)))))
    offered = {invitations.RESEND, invitations.CHANGE_EMAIL, invitations.REVOKE}
    expected = {
        InvitationStatus.ACCEPTED: set[str](),
        InvitationStatus.REVOKED: {invitations.RESEND, invitations.CHANGE_EMAIL},
    }.get(status, offered)
    assert shown & {*offered, invitations.INVITE_USER, invitations.OPEN} == expected


def test_the_card_of_a_client_whom_nobody_has_invited_offers_to() -> None:
    def offered(owner: Owner | None, **changes: Any) -> set[str]:
        shown = _buttons(card.card(replace(CARD, owner=owner, **changes)))
        return shown & {invitations.OPEN, invitations.INVITE_USER, invitations.RESEND}

    assert CARD.owner is not None
    assert offered(None) == {invitations.OPEN}
    assert offered(replace(CARD.owner, invitation=None)) == {invitations.INVITE_USER}
    assert offered(replace(CARD.owner, invitation=None, signs_in=True)) == set()
    assert offered(CARD.owner, deactivated_at=INVITATION.created_at) == set()
