"""The practice's settings in Slack: each area, for each role, and the channel that is tried first."""

from typing import Any

import pytest
from sqlalchemy import update

from db.models import Colleague, PartnerProgramme, Plan, Region
from db.session import Database
from modals import audit, insights, reminders
from modals.people import ids as people
from modals.settings import ids
from sandbox.driver import Person, View
from services.people import Categorisation, ClientDefaults, PaymentStatus
from services.practice_settings import Details, PracticeSettings, Subscription
from tests.builders import Office, add_client, created, office
from tests.stack import Stack

ARRIVE = "Permission requests arrive here from now on. A Practice Admin or Client Admin decides them."
AREAS = ("Practice", "Subscription", "Client defaults", "Reminders of invitations", "Approvals")


LEADS = {"Colleagues and teams": "Colleagues", "Audit trail": "Audit trail", "Insights": "Insights"}
"""The titles that the buttons below the settings lead to."""


def _database(stack: Stack) -> Database:
    return stack.composition.database


def shown(stack: Stack, birch: Office) -> PracticeSettings:
    return stack.composition.services.practice_settings.shown(birch.ada)


@pytest.fixture
def birch(stack: Stack) -> Office:
    found = office(_database(stack))
    stack.run_due()
    return found


def opened(stack: Stack, user: str) -> tuple[Person, View]:
    person = stack.person(user)
    person.command("/clients settings")
    return person, person.wait_view(title="Settings", containing="Integrations")


def edits(view: View) -> set[str]:
    """The areas that have an Edit button."""
    buttons = [block["accessory"] for block in view.blocks if block.get("accessory", {}).get("type") == "button"]
    return {each.get("value") or each["action_id"] for each in buttons}


def edit(person: Person, area: str) -> View:
    """The form of an area. Its title has been waited for."""
    person.click(area)
    titles = {"details": "Practice", "subscription": "Subscription", "client_defaults": "Client defaults"}
    return person.wait_view(title=titles.get(area, "Approvals"))


@pytest.mark.reaches("/clients", ids.OPEN)
def test_settings_are_opened_by_command_and_come_back_from_each_form(stack: Stack, birch: Office) -> None:
    ada, view = opened(stack, "U_ADA")
    assert [line for line in view.text.splitlines() if line.strip("*") in AREAS] == [f"*{area}*" for area in AREAS]
    for area in ("details", "subscription", "client_defaults", "approvals"):
        edit(ada, area)
        ada.back()
        ada.wait_view(title="Settings", containing="Integrations")
    ada.click(reminders.SETTINGS)
    ada.wait_view(title=reminders.TITLE, containing="Before an invitation expires")
    ada.back()
    ada.wait_view(title="Settings", containing="Integrations")


@pytest.mark.parametrize(
    ("user", "able"),
    [
        ("U_ADA", {"details", "subscription", "client_defaults", "approvals", reminders.SETTINGS}),
        ("U_CLEM", {"client_defaults", "approvals", reminders.SETTINGS}),
        ("U_SAM", {reminders.SETTINGS}),
        ("U_JO", {reminders.SETTINGS}),
    ],
)
def test_each_role_edits_what_it_may_and_reads_who_can_change_the_rest(
    stack: Stack, birch: Office, user: str, able: set[str]
) -> None:
    _, view = opened(stack, user)
    assert edits(view) == able
    assert view.text.count("can change this") == 5 - len(able)
    assert "0 of 50 client accounts used" in view.text
    assert "Xero: set up" in view.text


@pytest.mark.reaches(ids.EDIT, ids.SAVE_DETAILS)
def test_a_practice_admin_changes_the_practice(stack: Stack, birch: Office) -> None:
    ada, _ = opened(stack, "U_ADA")
    assert "Add client" in edit(ada, "details").text
    ada.fill("name", "x" * 101)
    assert ada.submit().errors == {"name": "Enter the practice's name, at most 100 characters."}
    ada.fill("name", "Birch <!channel> & Rowan")
    ada.fill("region", "Canada")
    ada.fill("partner_programme", "Bookkeeper partner")
    assert not ada.submit().errors
    view = ada.wait_view(title="Settings", containing="Saved")
    assert "Name: Birch <!channel> & Rowan\nRegion: Canada\nPartner programme: Bookkeeper partner" in view.text
    assert shown(stack, birch).details == Details(
        name="Birch <!channel> & Rowan", region=Region.CANADA, partner_programme=PartnerProgramme.BOOKKEEPER
    )


@pytest.mark.reaches(ids.SAVE_SUBSCRIPTION)
def test_a_practice_admin_changes_the_subscription_but_not_below_what_is_used(stack: Stack, birch: Office) -> None:
    for name in ("Acme Ltd", "Basket Ltd"):
        created(add_client(_database(stack)), birch.ada, name)
    ada, _ = opened(stack, "U_ADA")
    assert "2 client accounts are in use" in edit(ada, "subscription").text
    for wrong in ("1", "-3", "many", "9" * 50):
        ada.fill("bundle", wrong)
        assert set(ada.submit().errors) == {"bundle"}
    ada.fill("bundle", "2")
    ada.fill("plan", "Advanced")
    ada.fill("add_ons", ["Data Health & Insights"])
    assert not ada.submit().errors
    ada.wait_view(title="Settings", containing="2 of 2 client accounts used")
    assert shown(stack, birch).subscription == Subscription(plan=Plan.ADVANCED, bundle=2, has_dhi=True)


def test_who_leaves_the_advanced_plan_reads_what_can_t_be_changed_then(stack: Stack) -> None:
    birch = office(_database(stack), plan=Plan.ADVANCED, teams=("North", "South"))
    ada, _ = opened(stack, "U_ADA")
    assert "On Essentials, 2 teams can't be changed any more. Nobody loses access" in edit(ada, "subscription").text
    ada.fill("plan", "Essentials")
    ada.submit()
    ada.wait_view(title="Settings", containing="Plan: Essentials")
    assert "On Essentials" not in edit(ada, "subscription").text
    assert shown(stack, birch).teams == 2


@pytest.mark.reaches(ids.SAVE_CLIENT_DEFAULTS)
def test_a_client_admin_changes_the_client_defaults(stack: Stack, birch: Office) -> None:
    clem, _ = opened(stack, "U_CLEM")
    edit(clem, "client_defaults")
    for wrong in ("366", "soon", "-1", "1.5", "٣"):
        clem.fill("due_date_days", wrong)
        assert clem.submit().errors == {"due_date_days": "Enter a whole number from 0 to 365."}
    clem.fill("due_date_days", "14")
    clem.fill("payment_status", "Paid")
    clem.fill("categorisation", "By rules")
    clem.fill("more", ["Net amounts", "Share images"])
    assert not clem.submit().errors
    clem.wait_view(title="Settings", containing="Due date: 14 days after the invoice")
    assert shown(stack, birch).client_defaults == ClientDefaults(
        payment_status=PaymentStatus.PAID,
        due_date_days=14,
        net_amounts=True,
        categorisation=Categorisation.BY_RULES,
        archive_after_publishing=False,
        share_images=True,
    )


@pytest.mark.reaches(ids.SAVE_APPROVALS)
def test_a_channel_is_kept_once_the_app_has_written_in_it(stack: Stack, birch: Office) -> None:
    channel = stack.sandbox.make_channel("approvals", "U_ADA", "U_CLEM", is_private=True)
    ada, _ = opened(stack, "U_ADA")
    edit(ada, "approvals")
    ada.fill("where", "In a channel")
    assert ada.submit().errors == {"channel": "Choose a channel, or direct messages above."}
    ada.fill("channel", "approvals")
    ada.submit()
    refused = ada.wait_view(containing="Clientdesk is not in this channel. Write /invite @Clientdesk there")
    assert refused.values["channel"]["value"]["selected_conversation"] == channel
    assert shown(stack, birch).approvals_channel is None

    ada.command("/invite @Clientdesk", "approvals")
    ada.submit()
    ada.wait_view(title="Settings", containing="Saved")
    assert shown(stack, birch).approvals_channel == channel
    assert [message.text.splitlines()[0] for message in ada.messages(channel)] == [ARRIVE]

    edit(ada, "approvals")
    ada.submit()
    ada.wait_view(title="Settings", containing="Saved")
    assert len(ada.messages(channel)) == 1

    edit(ada, "approvals")
    ada.fill("where", "By direct message")
    ada.submit()
    ada.wait_view(title="Settings", containing="By direct message to each who can decide them")
    assert shown(stack, birch).approvals_channel is None


def test_an_archived_channel_is_refused_in_words(stack: Stack, birch: Office) -> None:
    stack.sandbox.make_channel("old", "U_CLEM", "U_BOT", is_archived=True)
    clem, _ = opened(stack, "U_CLEM")
    edit(clem, "approvals")
    clem.fill("where", "In a channel")
    clem.fill("channel", "old")
    clem.submit()
    clem.wait_view(containing="This channel is archived. Choose another one.")
    assert shown(stack, birch).approvals_channel is None


def test_a_channel_is_not_kept_when_slack_can_t_be_asked(stack: Stack, birch: Office) -> None:
    ada, _ = opened(stack, "U_ADA")
    edit(ada, "approvals")
    ada.fill("where", "In a channel")
    ada.fill("channel", "general")
    stack.sandbox.fault("chat.postMessage", "http500")
    ada.submit()
    ada.wait_view(containing="Something went wrong on our side")
    assert shown(stack, birch).approvals_channel is None


@pytest.mark.parametrize("forged", ["U_SAM", "D_ADA", "#general", "C" * 1000])
def test_only_a_channel_s_id_is_taken_for_a_channel(stack: Stack, birch: Office, forged: str) -> None:
    ada, _ = opened(stack, "U_ADA")
    view = edit(ada, "approvals")
    answer = submitted(
        stack,
        view,
        {
            "where": {"value": {"type": "radio_buttons", "selected_option": {"value": "channel"}}},
            "channel": {"value": {"type": "conversations_select", "selected_conversation": forged}},
        },
    )
    assert answer == {"channel": "Choose a channel."}
    assert shown(stack, birch).approvals_channel is None


def submitted(stack: Stack, view: View, state: dict[str, Any], user: str = "U_ADA") -> Any:
    """What the app says at the fields to state that Slack's client would not send."""
    return stack.sandbox.post("submit", {"user": user, "view_id": view.id, "state": state})["errors"]


def test_values_that_are_not_offered_are_refused_at_the_field(stack: Stack, birch: Office) -> None:
    def chosen(value: str) -> dict[str, Any]:
        return {"value": {"type": "static_select", "selected_option": {"value": value}}}

    ada, _ = opened(stack, "U_ADA")
    view = edit(ada, "details")
    errors = submitted(stack, view, {"region": chosen("mars"), "partner_programme": chosen("all of them")})
    assert errors == {"region": "Choose from the list.", "partner_programme": "Choose from the list."}


def test_what_somebody_else_saved_meanwhile_is_not_written_over(stack: Stack, birch: Office) -> None:
    ada, _ = opened(stack, "U_ADA")
    clem, _ = opened(stack, "U_CLEM")
    for person in (ada, clem):
        edit(person, "client_defaults")
        person.fill("due_date_days", "7" if person is ada else "14")
    ada.submit()
    ada.wait_view(title="Settings", containing="Saved")
    clem.submit()
    clem.wait_view(containing="Somebody changed these settings while you had them open.")
    clem.close()
    assert clem.wait_view(title="Client defaults").values["due_date_days"]["value"]["value"] == "14"
    assert shown(stack, birch).client_defaults.due_date_days == 7


def test_whoever_may_no_longer_change_them_is_refused_when_saving_and_when_opening(stack: Stack, birch: Office) -> None:
    clem, _ = opened(stack, "U_CLEM")
    edit(clem, "client_defaults")
    with _database(stack).begin() as session:
        session.execute(update(Colleague).where(Colleague.id == birch.clem.colleague_id).values(role="standard"))
    clem.fill("due_date_days", "7")
    clem.submit()
    clem.wait_view(containing="Only a Practice Admin or a Client Admin can change the client defaults.")
    assert shown(stack, birch).client_defaults.due_date_days == 30


@pytest.mark.reaches(ids.BILLING)
def test_with_a_billing_page_the_subscription_is_read_only(
    database_url: str, running_sandbox: Any, request: pytest.FixtureRequest
) -> None:
    settings = {"BILLING_URL": "https://billing.example/birch"}
    with Stack(database_url, running_sandbox, settings=settings) as stack:
        office(_database(stack))
        ada, view = opened(stack, "U_ADA")
        assert "subscription" not in edits(view)
        [button] = [
            block["accessory"] for block in view.blocks if block.get("accessory", {}).get("action_id") == ids.BILLING
        ]
        assert button["url"] == "https://billing.example/birch"
        assert ada.click("Billing page").ok


@pytest.mark.reaches(people.TEAM, audit.OPEN, insights.OPEN)
def test_settings_lead_to_colleagues_the_audit_trail_and_insights(stack: Stack, birch: Office) -> None:
    for button, title in LEADS.items():
        ada, _ = opened(stack, "U_ADA")
        ada.click(button)
        ada.wait_view(title=title)
        ada.close_all()
    _, view = opened(stack, "U_SAM")
    assert "[Audit trail]" not in view.text
    assert "[Insights]" not in view.text


def test_somebody_of_another_company_sees_no_settings(stack: Stack, birch: Office) -> None:
    eve = stack.person("U_EVE")
    eve.command("/clients settings", "shared-with-other")
    view = eve.wait_view(containing="another company")
    assert "Birch" not in view.text
