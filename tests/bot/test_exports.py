"""A client's standard information on its way to Slack: once, and told when it does not come."""

import io
import os
import urllib.request
import uuid
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from bot.files import send_file
from db.models import Colleague, Contact, Job, JobOutcome, ListRefresh, OrganisationInformation, StandardList
from modals import notices
from sandbox.driver import Message
from tests.builders import Office, created, office
from tests.fakes import Clock
from tests.stack import Stack

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAME = "Acme <& Co>"


@pytest.fixture
def stack(timed_stack: Stack) -> Stack:
    return timed_stack


@pytest.fixture
def birch(stack: Stack) -> Office:
    return office(stack.composition.database)


@pytest.fixture
def acme(stack: Stack, birch: Office) -> uuid.UUID:
    """A client with one contact; nothing else is waiting to be sent."""
    database = stack.composition.database
    now = database.now()
    client_id = created(stack.composition.services.add_client, birch.ada, NAME).client_id
    with database.begin() as session:
        session.add(OrganisationInformation(client_id=client_id, name="Acme", is_demo=False, refreshed_at=now))
        session.add(ListRefresh(client_id=client_id, list_name=StandardList.CONTACTS, active=1, refreshed_at=now))
        session.add(
            Contact(
                client_id=client_id,
                external_id="k1",
                name="Zoe",
                active=True,
                is_customer=True,
                is_supplier=False,
            )
        )
    stack.run_due()
    return client_id


def ask(stack: Stack, birch: Office, client_id: uuid.UUID) -> None:
    stack.composition.services.exports.request(birch.ada, client_id)


def job(stack: Stack) -> Job:
    with stack.composition.database.read() as session:
        return session.scalars(select(Job).where(Job.kind == "slack.client_export")).one()


def files(stack: Stack, user_id: str = "U_ADA") -> list[Message]:
    return [each for each in stack.person(user_id).messages() if each.files]


def told(stack: Stack) -> list[str]:
    return [
        each.text for each in stack.person("U_ADA").messages("app_dm") if "Excel file" in each.text and not each.files
    ]


def let_time_pass(stack: Stack, clock: Clock) -> None:
    for _ in range(8):
        stack.run_due()
        clock.advance(timedelta(hours=2))


def test_the_file_comes_as_a_direct_message_of_the_one_who_asked(
    stack: Stack, birch: Office, acme: uuid.UUID, clock: Clock
) -> None:
    ask(stack, birch, acme)
    let_time_pass(stack, clock)

    [message] = files(stack)
    [file] = message.files
    assert (file["name"], file["title"]) == ("Acme Co 2026-03-02 09-00-00.xlsx", f"{NAME}: standard information")
    assert f"The standard information of {NAME} as an Excel file" in message.text
    workbook = load_workbook(io.BytesIO(stack.person("U_ADA").download(file["id"])))
    assert workbook["Contacts"]["A2"].value == "Zoe"
    assert [files(stack, other) for other in ("U_CLEM", "U_SAM", "U_JO")] == [[], [], []]
    assert (job(stack).outcome, job(stack).tries) == (JobOutcome.DONE, 1)
    assert told(stack) == []


def test_every_step_goes_through_the_connections_that_are_kept(
    stack: Stack, birch: Office, acme: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport, asked = stack.composition.transport, list[str]()
    request = transport.request

    def watched(url: str, *rest: Any) -> Any:
        asked.append("upload" if "/files/upload/" in url else url.removeprefix(transport.api_url))
        return request(url, *rest)

    def unexpected(*_: object, **__: object) -> None:
        raise AssertionError("a connection of its own was opened")

    monkeypatch.setattr(transport, "request", watched)
    monkeypatch.setattr(urllib.request.OpenerDirector, "open", unexpected)
    ask(stack, birch, acme)
    stack.run_due()
    assert asked == [
        "conversations.open",
        "files.getUploadURLExternal",
        "upload",
        "files.completeUploadExternal",
    ]
    assert len(files(stack)) == 1


def test_a_file_whose_answer_was_lost_is_not_sent_twice(
    stack: Stack, birch: Office, acme: uuid.UUID, clock: Clock
) -> None:
    ask(stack, birch, acme)
    stack.run_due()
    clock.advance(timedelta(minutes=1))
    with stack.composition.database.begin() as session:
        # As if the process had died between Slack's answer and the commit.
        session.execute(
            update(Job)
            .where(Job.kind == "slack.client_export")
            .values(due=stack.composition.database.now(), outcome=None, finished_at=None)
        )
    stack.run_due()
    assert (job(stack).outcome, job(stack).attempt) == (JobOutcome.DONE, 2)
    assert len(files(stack)) == 1


def test_an_earlier_file_of_the_same_client_is_not_taken_for_the_lost_one(
    stack: Stack, birch: Office, acme: uuid.UUID, clock: Clock
) -> None:
    ask(stack, birch, acme)
    stack.run_due()
    clock.advance(timedelta(minutes=2))
    stack.sandbox.fault("files.completeUploadExternal", "drop")
    ask(stack, birch, acme)
    let_time_pass(stack, clock)
    assert len(files(stack)) == 2


@pytest.mark.parametrize(
    "step", ["conversations.open", "files.getUploadURLExternal", "files.upload", "files.completeUploadExternal"]
)
def test_what_slack_does_not_take_is_sent_later(
    stack: Stack, birch: Office, acme: uuid.UUID, clock: Clock, step: str
) -> None:
    stack.sandbox.fault(step, "http500", times=2)
    ask(stack, birch, acme)
    stack.run_due()
    assert files(stack) == []
    let_time_pass(stack, clock)
    assert (len(files(stack)), told(stack), job(stack).tries) == (1, [], 3)


def test_slacks_rate_limit_is_waited_out(stack: Stack, birch: Office, acme: uuid.UUID, clock: Clock) -> None:
    stack.sandbox.fault("files.completeUploadExternal", "ratelimited", times=1, retry_after=30)
    ask(stack, birch, acme)
    stack.run_due()
    assert (job(stack).due, job(stack).tries) == (clock.now() + timedelta(seconds=30), 0)
    clock.advance(timedelta(seconds=30))
    stack.run_due()
    assert len(files(stack)) == 1


def test_a_file_that_slack_never_takes_is_told_once_with_what_to_do(
    stack: Stack, birch: Office, acme: uuid.UUID, clock: Clock
) -> None:
    stack.sandbox.fault("files.upload", "http500", times=100)
    ask(stack, birch, acme)
    let_time_pass(stack, clock)
    assert (job(stack).outcome, job(stack).error) == (JobOutcome.FAILED, "Slack: an upload was answered with 500")
    [text] = told(stack)
    assert "The Excel file that you asked for could not be sent." in text
    assert f"Reference {job(stack).id}" in text
    assert files(stack) == []


def test_a_workspace_that_has_not_allowed_files_is_told_at_once(
    stack: Stack, birch: Office, acme: uuid.UUID, clock: Clock
) -> None:
    clock.advance(timedelta(minutes=1))
    world = stack.running.world
    allowed = world.scopes
    assert allowed is not None
    world.scopes = allowed - {"files:write"}
    try:
        ask(stack, birch, acme)
        stack.run_due()
    finally:
        world.scopes = allowed
    assert (job(stack).error, job(stack).tries) == ("Slack: missing_scope", 1)
    assert len(told(stack)) == 1


def test_access_that_ended_meanwhile_is_told_instead_of_the_file(stack: Stack, birch: Office, acme: uuid.UUID) -> None:
    ask(stack, birch, acme)
    with stack.composition.database.begin() as session:
        session.execute(update(Colleague).where(Colleague.slack_user_id == "U_ADA").values(role="standard"))
    stack.run_due()
    [text] = told(stack)
    assert "There is no such client, or you can't open it." in text
    assert NAME not in text
    assert files(stack) == []


def test_a_large_file_arrives_whole(stack: Stack) -> None:
    content = os.urandom(20_000_000)
    transport = stack.composition.transport
    send_file(
        transport,
        transport.client("xoxb-sandbox-T_BIRCH"),
        "U_ADA",
        notices.problem_message("Here it is"),
        key="k",
        again=False,
        name="large.xlsx",
        title="Large",
        content=content,
    )
    [message] = files(stack)
    assert stack.person("U_ADA").download(message.files[0]["id"]) == content
