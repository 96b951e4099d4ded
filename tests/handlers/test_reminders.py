"""Reminders in Slack: the message of the morning, and what can be done from it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from db.models import Colleague, Invitation, Job
from db.session import Database
from modals import reminders
from sandbox.driver import Message
from services.actor import Actor
from services.add_client.steps import StepName
from services.invitations.reminders import DIGEST
from tests.builders import Office, office, to_review
from tests.fakes import Clock
from tests.stack import Stack

PAST = datetime(2026, 1, 5, 9, tzinfo=UTC)


def _database(stack: Stack) -> Database:
    return stack.composition.database


def invited(stack: Stack, actor: Actor, name: str) -> Invitation:
    service = stack.composition.services.add_client
    invite = {"invite": "now", "contact_name": "Pat", "contact_email": f"{name.lower()}@firm.example"}
    page = to_review(service, actor, **{StepName.DETAILS: {"name": name}, StepName.INVITE: invite})
    service.create(actor, page.draft_id, revision=page.revision)
    with _database(stack).read() as session:
        return session.scalars(select(Invitation).where(Invitation.email == invite["contact_email"])).one()


def reminded(stack: Stack, clock: Clock, user: str) -> Message:
    """The morning comes."""
    stack.run_due()
    with _database(stack).begin() as session:
        session.execute(
            update(Invitation).values(
                next_reminder_at=PAST, created_at=PAST - timedelta(days=5), expires_at=PAST - timedelta(days=1)
            )
        )
    stack.composition.services.reminders.sweep()
    with _database(stack).begin() as session:
        session.execute(update(Job).where(Job.kind == DIGEST, Job.due.is_not(None)).values(due=PAST))
    clock.advance(timedelta(minutes=1))  # so that Slack's pace lets it go
    stack.run_due()
    return stack.person(user).wait_message(containing=" a look")


@pytest.fixture
def stack(timed_stack: Stack) -> Stack:
    return timed_stack


@pytest.fixture
def birch(stack: Stack) -> Office:
    found = office(_database(stack))
    stack.run_due()
    return found


@pytest.mark.reaches(reminders.SNOOZE, reminders.STOP)
def test_several_come_as_one_message_and_each_is_snoozed_or_stopped_there(
    stack: Stack, clock: Clock, birch: Office
) -> None:
    acme, basket = invited(stack, birch.ada, "Acme"), invited(stack, birch.ada, "Basket")
    ada = stack.person("U_ADA")
    message = reminded(stack, clock, "U_ADA")
    assert "2 invitations need a look" in message.text
    assert "Acme" in message.text
    assert "Basket" in message.text
    ada.click("Stop reminders")
    stack.settle()
    said = ada.wait_message(containing="No more reminders of this invitation.")
    assert said.ts == message.ts
    ada.click("3 days")
    stack.settle()
    assert ada.wait_message(containing="Snoozed: you hear of it again on").ts == message.ts
    with _database(stack).read() as session:
        rows = {row.id: row for row in session.scalars(select(Invitation))}
    assert [rows[each.id].reminders_stopped for each in (acme, basket)].count(True) == 1
    assert len([each for each in ada.messages() if " a look" in each.text]) == 1


@pytest.mark.reaches(reminders.SETTINGS, reminders.SAVE)
def test_an_admin_sets_when_reminders_come_and_a_colleague_whether(stack: Stack, clock: Clock, birch: Office) -> None:
    invited(stack, birch.ada, "Acme")
    reminded(stack, clock, "U_ADA")
    ada = stack.person("U_ADA")
    ada.click("Reminder settings")
    ada.wait_view(title=reminders.TITLE, containing="Before an invitation expires")
    ada.fill("hour", "15:00")
    ada.fill("days", ["On the last day", "3 days before"])
    ada.submit()
    ada.wait_view(title="Settings", containing="Saved")
    shown = stack.composition.services.reminder_settings.shown(birch.ada)
    assert (shown.practice.days, shown.practice.hour) == ((3, 0), 15)


@pytest.mark.reaches("/clients", reminders.SAVE)
def test_a_standard_colleague_turns_their_own_reminders_off(stack: Stack, birch: Office) -> None:
    sam = stack.person("U_SAM")
    sam.command("/clients settings")
    sam.wait_view(title="Settings", containing="For you: On")
    sam.click(reminders.SETTINGS)
    sam.wait_view(title=reminders.TITLE, containing="A Practice Admin or Client Admin can change that.")
    sam.fill("mine", [])
    sam.submit()
    sam.wait_view(title="Settings", containing="For you: Off")
    assert not stack.composition.services.reminder_settings.shown(birch.sam).mine


@pytest.mark.reaches("user_change")
def test_mornings_follow_what_slack_says_of_a_persons_zone(stack: Stack, birch: Office) -> None:
    stack.sandbox.change_user("U_ADA", tz="Asia/Tokyo")
    with _database(stack).read() as session:
        assert session.scalars(select(Colleague.timezone).where(Colleague.id == birch.ada.colleague_id)).one() == (
            "Asia/Tokyo"
        )
