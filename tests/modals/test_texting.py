"""Where invitations go out as text messages, forms ask for a mobile, and messages name what did not get through."""

import json
from dataclasses import replace

import pytest

from db.models import InvitationStatus
from modals import cards, invitations
from modals.add_client import pages
from modals.blocks import Block
from sandbox.plain import plain
from services.add_client.steps import InviteChoice, StepName
from services.invitations.first_user import Invitable, Invited
from tests.modals.invitation_views import METADATA, NOTICE, RENEWED
from tests.modals.test_views import FACTS, REVIEW, _page


def _fields(blocks: list[Block]) -> list[str]:
    return [block["block_id"] for block in blocks if block["type"] == "input"]


@pytest.mark.parametrize("texts", [True, False])
def test_a_mobile_is_asked_for_only_where_text_messages_go_out(texts: bool) -> None:
    invite = _page(StepName.INVITE, facts=replace(FACTS, texts=texts), email_taken=False)
    assert ("contact_mobile" in _fields(pages.page(invite)["blocks"])) is texts
    form = invitations.form(Invitable(RENEWED.client_id, "Acme", texts=texts))
    assert _fields(form["blocks"]) == ["contact_name", "contact_email", *["contact_mobile"] * texts]
    changing = invitations.change_form(replace(RENEWED, texts=texts), METADATA)
    assert _fields(changing["blocks"]) == ["email", *["mobile"] * texts]


def test_the_mobile_may_stay_empty_and_keeps_what_was_typed() -> None:
    raw = {"invite": InviteChoice.NOW, "contact_mobile": "07911 123456"}
    blocks = pages.page(_page(StepName.INVITE, raw=raw))["blocks"]
    [field] = [block for block in blocks if block.get("block_id") == "contact_mobile"]
    assert (field["optional"], field["element"]["initial_value"]) == (True, "07911 123456")


def test_the_number_is_shown_masked() -> None:
    review = replace(REVIEW, contact_name="Cy", contact_email="cy@acme.example", existing=None)
    shown = pages.page(_page(StepName.REVIEW, review=review))
    assert "by e-mail to Cy <cy@acme.example> and by text message to +44 7911 ••• 456" in plain(shown)
    done = invitations.done(Invited("Acme", "Cy", "cy@acme.example", "+447911123456"))
    assert "Cy is being invited to Acme at cy@acme.example and +44 7911 ••• 456." in plain(done)
    assert "7911123456" not in json.dumps([shown, done])


def test_a_way_that_failed_is_told_while_the_other_is_open() -> None:
    failure = "The text message to +44 7911 ••• 456 was not sent. This is not a mobile number."
    notice = replace(NOTICE, client_name="Acme", person_name="Cy", failure=failure)
    told = {status for status in InvitationStatus if cards.invitation_link_failed(replace(notice, status=status))}
    assert told == {InvitationStatus.QUEUED, InvitationStatus.SENT}
    message = cards.invitation_link_failed(replace(notice, status=InvitationStatus.SENT))
    assert message is not None
    assert message["text"] == "The invitation to Acme reaches Cy one way only"
    assert f"The invitation for Cy to Acme goes out one way only.\n{failure}\n" in plain(message)
