"""Insights as people see them: the figures, the picture, and what stands there while there is nothing to show."""

import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from db.models import Colleague, Job, JobOutcome
from modals import insights
from sandbox.driver import Message, Person
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock
from tests.stack import Stack

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ALT = (
    "Insights of 2 clients that you can open · 2 Mar 2026, 09:01. Invitations: 1 invited, 1 delivered, 0 opened, "
    "0 accepted. Nobody has accepted yet. Connections: 0 connected, 0 name mismatch, 0 expired, 0 disconnected, "
    "2 not connected. Clients added in the weeks that began on 15 Dec: 0, 22 Dec: 0, 29 Dec: 0, 5 Jan: 0, 12 Jan: 0, "
    "19 Jan: 0, 26 Jan: 0, 2 Feb: 0, 9 Feb: 0, 16 Feb: 0, 23 Feb: 0, 2 Mar: 2."
)


@pytest.fixture
def birch(timed_stack: Stack) -> Office:
    return office(timed_stack.composition.database)


@pytest.fixture
def ada(timed_stack: Stack, birch: Office) -> Person:
    return timed_stack.person("U_ADA")


@pytest.fixture
def clients(timed_stack: Stack, birch: Office, clock: Clock) -> None:
    """Two, of whom one was invited; nothing else is waiting to be sent, or has been within the last minute."""
    database = timed_stack.composition.database
    acme = created(add_client(database), birch.ada, "Acme Ltd").client_id
    created(add_client(database), birch.ada, "Bolt Ltd")
    contact = {"contact_name": "Cy", "contact_email": "cy@acme.example"}
    timed_stack.composition.services.first_users.invite(birch.ada, acme, contact)
    timed_stack.run_due()
    clock.advance(timedelta(minutes=1))


def _job(stack: Stack) -> Job:
    with stack.composition.database.read() as session:
        return session.scalars(select(Job).where(Job.kind == "slack.insights_picture")).one()


def _pictures(person: Person) -> list[Message]:
    return [each for each in person.messages("app_dm") if each.files]


def _told(person: Person) -> list[str]:
    return [each.text for each in person.messages("app_dm") if "picture of the insights" in each.text]


def _change(stack: Stack, user_id: str, **values: Any) -> None:
    with stack.composition.database.begin() as session:
        session.execute(update(Colleague).where(Colleague.slack_user_id == user_id).values(**values))


@pytest.mark.reaches("/clients", insights.OPEN, insights.SEND)
@pytest.mark.usefixtures("clients")
def test_the_figures_are_shown_and_sent_as_a_picture_that_says_them_too(timed_stack: Stack, ada: Person) -> None:
    assert ada.command("/clients insights").ok
    view = ada.wait_view(title="Insights", containing="2 clients that you can open")
    assert "Invited    1  100%\nDelivered  1  100%\nOpened     0    0%\nAccepted   0    0%" in view.text
    assert "Not connected  2  100%" in view.text
    assert "Week of 23 Feb  0\nWeek of 2 Mar   2" in view.text
    ada.click("Send picture")
    ada.wait_view(title="Insights", containing="The picture is on its way")
    ada.click("Send picture")
    timed_stack.run_due()

    [message] = _pictures(ada)
    [file] = message.files
    assert "Insights of 2 clients that you can open · 2 Mar 2026, 09:01." in message.text
    assert (file["name"], file["title"], file["alt"]) == ("Insights 2026-03-02 09-01-00.png", "Insights", ALT)
    assert Image.open(io.BytesIO(ada.download(file["id"]))).size == (1200, 1110)
    assert [_pictures(timed_stack.person(other)) for other in ("U_CLEM", "U_SAM", "U_JO")] == [[], [], []]

    ada.close_all()
    ada.click("Open the figures")
    ada.wait_view(title="Insights", containing="2 clients that you can open")


def test_a_practice_without_clients_is_told_how_to_begin(timed_stack: Stack, ada: Person) -> None:
    ada.command("/clients insights")
    view = ada.wait_view(title="Insights", containing="There is nothing to show yet.")
    assert "[Add a client]" in view.text
    assert "[Send picture]" not in view.text


@pytest.mark.usefixtures("clients")
def test_a_colleague_without_the_permission_is_told_which_one_it_takes(timed_stack: Stack) -> None:
    sam = timed_stack.person("U_SAM")
    sam.command("/clients insights")
    sam.wait_view(containing="You need the permission “Practice insights” to see this.")
    _change(timed_stack, "U_SAM", may_see_insights=True)
    sam.close_all()
    sam.command("/clients insights")
    sam.wait_view(title="Insights", containing="there are no clients that you can open")


@pytest.mark.usefixtures("clients")
def test_a_permission_taken_before_the_picture_is_made_is_told_instead(
    timed_stack: Stack, birch: Office, ada: Person
) -> None:
    timed_stack.composition.services.insights.request_picture(birch.ada)
    _change(timed_stack, "U_ADA", role="standard")
    timed_stack.run_due()
    [text] = _told(ada)
    assert "was not made. You need the permission “Practice insights” to see this." in text
    assert _pictures(ada) == []


@pytest.mark.usefixtures("clients")
def test_a_picture_whose_answer_was_lost_is_not_sent_twice(
    timed_stack: Stack, birch: Office, ada: Person, clock: Clock
) -> None:
    timed_stack.composition.services.insights.request_picture(birch.ada)
    timed_stack.run_due()
    clock.advance(timedelta(minutes=1))
    with timed_stack.composition.database.begin() as session:
        # As if the process had died between Slack's answer and the commit.
        again = {"due": clock.now(), "outcome": None, "finished_at": None}
        session.execute(update(Job).where(Job.kind == "slack.insights_picture").values(again))
    timed_stack.run_due()
    assert (_job(timed_stack).outcome, _job(timed_stack).attempt) == (JobOutcome.DONE, 2)
    assert len(_pictures(ada)) == 1


@pytest.mark.usefixtures("clients")
def test_a_picture_that_slack_never_takes_is_told_once_with_what_to_do(
    timed_stack: Stack, birch: Office, ada: Person, clock: Clock
) -> None:
    timed_stack.sandbox.fault("files.upload", "http500", times=100)
    timed_stack.composition.services.insights.request_picture(birch.ada)
    for _ in range(8):
        timed_stack.run_due()
        clock.advance(timedelta(hours=2))
    [text] = _told(ada)
    assert "Type /clients insights to see the figures" in text
    assert f"Reference {_job(timed_stack).id}" in text
    assert _pictures(ada) == []
