"""Every view and message, with the longest content that it can get, against Slack's limits."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from db.models import (
    ClientKind,
    InvitationStatus,
    Plan,
    Provider,
    Region,
    Software,
    Solutions,
    TaxCategories,
)
from modals import blocks, cards, form, help_text, invitations, notices, set_up
from modals.add_client import connecting, openings, pages
from modals.blocks import Message, View
from sandbox.slack.limits import check_message, check_view
from services.accounting.connections import ChosenOrganisation, DraftConnection, OfferedOrganisation
from services.accounting.port import Organisation
from services.add_client.records import (
    AccessChoices,
    Choosable,
    ChosenAccess,
    Connecting,
    ConsentNotice,
    CreatedClient,
    ResumeOffer,
    Review,
    Twin,
    WizardPage,
)
from services.add_client.steps import CODE_LENGTH, NAME_LENGTH, ExistingUser, Facts, InviteChoice, StepName
from services.clients.extract import ExtractAddress
from services.errors import GoneError, InvalidError
from services.invitations.first_user import Invitable, Invited
from services.invitations.records import InvitationNotice
from services.practice import Bundle
from tests.modals import (
    audit_views,
    client_views,
    handover_views,
    home_views,
    insights_views,
    invitation_views,
    offer_views,
    people_views,
    permission_views,
    reminder_views,
    setting_views,
    solo_views,
    sync_views,
    tax_views,
    upload_views,
)

LONG = "<!channel> & *_~" + "W" * (NAME_LENGTH - 16)
CODE = "&" * CODE_LENGTH
EMAIL = "e" * 64 + "@" + "d" * 180 + ".example"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
PEOPLE = tuple(Choosable(uuid.uuid4(), LONG) for _ in range(100))
ORGANISATION = ChosenOrganisation(tenant_id=str(uuid.uuid4()), connection_id=None, name=LONG, legal_name=LONG)
MANY = tuple(f"U{number:010}" for number in range(300))
BUNDLE = Bundle(used=99_999, included=100_000)
FACTS = Facts(
    region=Region.UNITED_STATES,
    plan=Plan.ADVANCED,
    has_dhi=True,
    has_colleagues=True,
    has_teams=True,
    providers=tuple(Provider),
    texts=True,
)
REVIEW = Review(
    name=LONG,
    practice_code=CODE,
    industry="Agriculture, forestry and fishing",
    solutions=Solutions.BOOKKEEPING_DHI,
    software=Software.XERO,
    organisation=LONG,
    tax_categories=TaxCategories.SCHEDULE_C,
    access=ChosenAccess(colleagues=PEOPLE, teams=PEOPLE, account_manager=PEOPLE[0]),
    invite=InviteChoice.NOW,
    contact_name=LONG,
    contact_email=EMAIL,
    contact_mobile="+447911123456",
    existing=ExistingUser.ADD_WITHOUT_INVITATION,
)
CREATED = CreatedClient(
    practice_id=uuid.uuid4(),
    client_id=uuid.uuid4(),
    name=LONG,
    practice_code=CODE,
    extract=ExtractAddress("x" * 48, "extract." + "d" * 200 + ".example"),
    solutions=Solutions.BOOKKEEPING_DHI,
    software=Software.SAGE,
    organisation=LONG,
    tax_categories=TaxCategories.T2125,
    contact_name=LONG,
    contact_email=EMAIL,
    invitation=InvitationStatus.QUEUED,
    invited_mobile="+447911123456",
    contact_signs_in=False,
    bundle=BUNDLE,
    created_by="U_ADA",
)
NOTICE = InvitationNotice(
    invitation_id=uuid.uuid4(),
    practice_id=uuid.uuid4(),
    client_id=uuid.uuid4(),
    client_name=LONG,
    person_name=LONG,
    email=EMAIL,
    status=InvitationStatus.FAILED,
    failure="550 " + "5.1.1 " * 100,
    created_at=NOW,
    expires_at=NOW,
    sent_at=NOW,
    opened_at=NOW,
    accepted_at=NOW,
    renewal_asked_at=NOW,
)
CONSENT = ConsentNotice(
    practice_id=uuid.uuid4(),
    slack_user_id="U_ADA",
    draft_id=uuid.uuid4(),
    provider=Provider.SAGE,
    organisation=LONG,
)
RAW = {
    "kind": ClientKind.BUSINESS,
    "solutions": Solutions.BOOKKEEPING_DHI,
    "software": Software.NONE,
    "name": LONG + "W" * 2000,  # typed, and kept by Back without a check
    "practice_code": CODE,
    "industry": "Wholesale",
    "self_employed": ["yes"],
    "invite": InviteChoice.NOW,
    "contact_name": LONG,
    "contact_email": EMAIL,
    "contact_mobile": "0" * 3000,
    "existing": ExistingUser.THEY_INVITE_US,
}


def _page(step: StepName, *, too_many: bool = False, people: int = 100, **changes: Any) -> WizardPage:
    choices = AccessChoices(
        colleagues=PEOPLE[:people],
        teams=PEOPLE,
        managers=PEOPLE,
        too_many=too_many,
        chosen=ChosenAccess(colleagues=PEOPLE[:people], teams=PEOPLE, account_manager=PEOPLE[0]),
    )
    given: dict[str, Any] = {
        "draft_id": uuid.uuid4(),
        "revision": 10**9,
        "step": step,
        "number": 7,
        "steps": tuple(StepName),
        "raw": RAW,
        "answers": {StepName.SOFTWARE: {"software": Software.NONE}},
        "facts": FACTS,
        "practice_name": "P" * 100,
        "practice_address": "a" * 48,
        "account_url": "https://" + "a" * 200,
        "twins": tuple(Twin(name=LONG, practice_code=CODE, deactivated=True) for _ in range(5)),
        "email_taken": True,
        "changed": True,
        "access": choices,
        "connection": DraftConnection(provider=Provider.XERO, authorisation_id=uuid.uuid4(), chosen=ORGANISATION),
        "review": REVIEW,
    }
    return WizardPage(**given | changes)


def _connecting(free: int = 0, taken: int = 0, *, provider: Provider = Provider.XERO, **changes: Any) -> WizardPage:
    organisations = tuple(
        OfferedOrganisation(
            organisation=Organisation(tenant_id=str(uuid.uuid4()), name=LONG), taken_by=LONG if number < taken else None
        )
        for number in range(free + taken)
    )
    asked = Connecting(
        provider=provider,
        start_url="https://clientdesk.example/connect/xero/start?ticket=" + "x" * 900,
        organisations=organisations,
        problem="x" * 1000,
    )
    return _page(StepName.SOFTWARE, connecting=asked, **changes)


VIEWS: dict[str, View] = {
    **audit_views.VIEWS,
    **client_views.VIEWS,
    **handover_views.VIEWS,
    **insights_views.VIEWS,
    **{f"page {step}": pages.page(_page(step, solo=solo_views.DRAFT)) for step in StepName},
    "page details, of a business": pages.page(_page(StepName.DETAILS)),
    "page details, of a newcomer": pages.page(
        _page(StepName.DETAILS, raw={}, solo=replace(solo_views.DRAFT, nino=None, utr=None, mandate=None, changing=()))
    ),
    "page details, of somebody known": pages.page(
        _page(StepName.DETAILS, solo=replace(solo_views.DRAFT, utr=solo_views.KEPT, changing=()))
    ),
    "page sources, one": pages.page(
        _page(StepName.SOURCES, solo=replace(solo_views.DRAFT, sources=solo_views.SOURCES[:1]))
    ),
    "page sources, editing": pages.page(
        _page(StepName.SOURCES, solo=replace(solo_views.DRAFT, editing=solo_views.WARNED))
    ),
    "page review, of a self-employed client": pages.page(
        _page(StepName.REVIEW, review=replace(REVIEW, solo=solo_views.REVIEW), solo=solo_views.DRAFT)
    ),
    "result, of a self-employed client": openings.result(replace(CREATED, solo=solo_views.CARD)),
    "page access, searching": pages.page(_page(StepName.ACCESS, too_many=True)),
    "page access, few": pages.page(_page(StepName.ACCESS, people=3)),
    "page invite, skipping": pages.page(_page(StepName.INVITE, raw={"invite": InviteChoice.SKIP})),
    "first page, empty": pages.page(
        _page(StepName.DETAILS, raw={}, answers={}, number=1, twins=(), changed=False, email_taken=False)
    ),
    "page software, connecting": pages.page(_connecting(number=1, changed=False)),
    "page software, connecting Sage": pages.page(
        _connecting(provider=Provider.SAGE, answers={StepName.SOLUTIONS: {"solutions": Solutions.BOOKKEEPING_DHI}})
    ),
    "page software, few organisations": pages.page(_connecting(10, 30)),
    "page software, many organisations": pages.page(_connecting(100, 30)),
    "page software, very many organisations": pages.page(_connecting(10_000, 30)),
    "page software, all organisations taken": pages.page(_connecting(0, 10_000)),
    "page software, nothing to connect to": pages.page(
        _page(StepName.SOFTWARE, facts=replace(FACTS, providers=()), connection=None)
    ),
    "resume offer": openings.opening(
        ResumeOffer(draft_id=uuid.uuid4(), client_name=LONG, number=1, total=7, updated_at=NOW)
    ),
    "invite": invitations.form(Invitable(uuid.uuid4(), LONG, texts=True)),
    "invited": invitations.done(Invited(LONG, LONG, EMAIL, "+447911123456")),
    "result without invitation": openings.result(replace(CREATED, contact_email=None, contact_name=None)),
    "result": openings.result(CREATED),
    "asked": openings.asked(),
    "set up": set_up.form("P" * 500),
    "set up, done": set_up.done(),
    "set up, not yours": set_up.not_yours(MANY),
    "set up, nobody known": set_up.not_yours(()),
    "loading": notices.loading(),
    "problem": notices.problem("x" * 4000, reference="0" * 8),
    **sync_views.VIEWS,
    **permission_views.VIEWS,
    **people_views.VIEWS,
    **upload_views.VIEWS,
    **reminder_views.VIEWS,
    **setting_views.VIEWS,
    **solo_views.VIEWS,
    **tax_views.VIEWS,
    **invitation_views.VIEWS,
}
HOMES = home_views.HOMES
MESSAGES: dict[str, Message] = {
    **audit_views.MESSAGES,
    **client_views.MESSAGES,
    **handover_views.MESSAGES,
    **insights_views.MESSAGES,
    "result": openings.result_message(CREATED),
    "welcome": cards.welcome(),
    "consent finished": connecting.consent_finished(CONSENT),
    "consent finished, organisation to choose": connecting.consent_finished(replace(CONSENT, organisation=None)),
    "accepted": cards.invitation_accepted(NOTICE),
    "problem": notices.problem_message("x" * 4000, reference="0" * 8),
    "help": help_text.commands(),
    "unknown word": help_text.unknown("x" * 3000, "help"),
    **sync_views.MESSAGES,
    **permission_views.MESSAGES,
    **people_views.MESSAGES,
    **upload_views.MESSAGES,
    **reminder_views.MESSAGES,
    **setting_views.MESSAGES,
    **solo_views.MESSAGES,
    **tax_views.MESSAGES,
    **offer_views.MESSAGES,
    **invitation_views.MESSAGES,
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_modal_is_within_slack_s_limits(name: str) -> None:
    assert check_view(json.loads(json.dumps(VIEWS[name]))) == []


@pytest.mark.parametrize("name", HOMES)
def test_app_home_is_within_slack_s_limits(name: str) -> None:
    assert check_view(json.loads(json.dumps(HOMES[name])), "home") == []


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_within_slack_s_limits(name: str) -> None:
    assert check_message(json.loads(json.dumps(MESSAGES[name]))) == []


def _markup(block: Any) -> list[str]:
    if isinstance(block, dict):
        own = [block["text"]] if block.get("type") == "mrkdwn" else []
        return own + [text for value in block.values() for text in _markup(value)]
    return [text for each in block for text in _markup(each)] if isinstance(block, list) else []


@pytest.mark.parametrize("surface", [*VIEWS.values(), *HOMES.values(), *MESSAGES.values()])
def test_nothing_from_outside_is_read_as_markup(surface: dict[str, Any]) -> None:
    assert not [text for text in _markup(surface["blocks"]) if "channel" in text]
    assert "<!channel>" not in surface.get("text", "")


def test_a_message_s_text_says_what_its_blocks_say() -> None:
    for message in MESSAGES.values():
        assert len(message["text"]) > 20


def test_state_is_read_by_field_whatever_element_holds_it() -> None:
    chosen = {"text": {"type": "plain_text", "text": "x"}, "value": "v"}
    view = {
        "state": {
            "values": {
                "name": {"value": {"type": "plain_text_input", "value": "Ac\0me"}},
                "kind.after_solo": {"value": {"type": "radio_buttons", "selected_option": chosen}},
                "industry": {"value": {"type": "static_select", "selected_option": None}},
                "colleagues": {"add_client.search": {"type": "multi_external_select", "selected_options": [chosen]}},
                "self_employed": {"value": {"type": "checkboxes", "selected_options": []}},
                "empty": {"value": {"type": "plain_text_input"}},
            }
        }
    }
    assert form.read(view) == {
        "name": "Acme",
        "kind": "v",
        "industry": None,
        "colleagues": ["v"],
        "self_employed": [],
        "empty": None,
    }
    assert form.read({"state": None}) == {}


def test_errors_go_to_the_blocks_that_the_view_shows() -> None:
    view = {"blocks": [{"type": "input", "block_id": "kind.after_solo"}, {"type": "divider", "block_id": "x"}]}
    assert form.errors(view, {"kind": "Choose one.", "name": "Enter a name."}) == {"kind.after_solo": "Choose one."}


@pytest.mark.parametrize("metadata", ["", "{}", "not json", '{"v":1,"draft":"x"}', '{"v":1,"more":1}', None])
def test_a_form_of_an_older_version_is_refused_in_words(metadata: str | None) -> None:
    with pytest.raises(GoneError, match="older version"):
        pages.WizardMetadata.of({"private_metadata": metadata})


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ({}, {"region", "plan", "bundle"}),
        ({"name": "B", "region": "uk", "plan": "essentials", "bundle": "many"}, {"bundle"}),
        ({"name": "B", "region": "uk", "plan": "essentials", "bundle": "-1"}, {"bundle"}),
        ({"name": "B", "region": "uk", "plan": "essentials", "bundle": "٣"}, {"bundle"}),
        ({"name": "B", "region": "uk", "plan": "essentials", "bundle": "9" * 400}, {"bundle"}),
        ({"name": "B", "region": "mars", "plan": "essentials", "bundle": "5"}, {"region"}),
        ({"name": "B", "region": "uk", "plan": "gold", "bundle": "5"}, {"plan"}),
    ],
)
def test_set_up_refuses_at_the_field(raw: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(InvalidError) as refusal:
        set_up.read(raw)
    assert set(refusal.value.fields) == fields


def test_set_up_takes_a_bundle_written_with_a_comma() -> None:
    read = set_up.read({"name": "B", "region": "uk", "plan": "advanced", "bundle": " 1,000 ", "add_ons": ["dhi"]})
    assert (read.bundle, read.has_dhi) == (1000, True)


def test_texts_are_clipped_with_an_ellipsis() -> None:
    assert blocks.plain("x" * 30, 10)["text"] == "x" * 9 + "…"
