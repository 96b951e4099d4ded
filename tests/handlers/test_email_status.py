"""What the mail service says of an e-mail, over real HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from db.models import Invitation, InvitationStatus
from handlers.pages import email_status
from sandbox.running import RunningSandbox
from services.invitations.first_user import FirstUserService
from tests.builders import add_client, created, office
from tests.stack import SOON, Stack

SECRET = "a-long-secret"
BOUNCED = {"message_id": "<1@desk.example>", "event": "bounced", "reason": "550 No such user"}


@pytest.fixture
def told(database_url: str, running_sandbox: RunningSandbox) -> Iterator[Stack]:
    with Stack(database_url, running_sandbox, settings={"EMAIL_WEBHOOK_SECRET": SECRET}) as stack:
        yield stack


def _post(stack: Stack, content: bytes, authorization: str = f"Bearer {SECRET}") -> int:
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    answer = httpx.post(stack.url + email_status.PATH, content=content, headers=headers, timeout=SOON, trust_env=False)
    return answer.status_code


def test_a_bounce_reaches_the_inviter_with_a_way_on(told: Stack) -> None:
    people = office(told.composition.database)
    told.run_due()
    client = created(add_client(told.composition.database), people.ada)
    services = told.composition.services
    first_users: FirstUserService = services.first_users
    first_users.invite(people.ada, client.client_id, {"contact_name": "Cy", "contact_email": "cy@gone.example"})
    told.run_due()
    message_id = told.sandbox.wait_mail("cy@gone.example")["message_id"]

    assert _post(told, json.dumps([{**BOUNCED, "message_id": message_id, "more": 1}]).encode()) == 204
    assert _post(told, json.dumps({**BOUNCED, "message_id": message_id}).encode()) == 204
    told.run_due()

    message = told.person("U_ADA").wait_message("could not be delivered to cy@gone.example", "app_dm")
    assert "came back: 550 No such user" in message.text
    with told.composition.database.read() as session:
        assert session.query(Invitation).one().status is InvitationStatus.FAILED


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (BOUNCED, 204),
        ([], 204),
        ([BOUNCED] * 200, 204),
        ({**BOUNCED, "event": "opened"}, 204),
        ({**BOUNCED, "reason": None}, 204),
        ({**BOUNCED, "reason": "\x00\u2028'; DROP TABLE job"}, 204),
        ("x", 400),
        (None, 400),
        (7, 400),
        ({}, 400),
        ([BOUNCED, None], 400),
        ({**BOUNCED, "message_id": 5}, 400),
        ({**BOUNCED, "message_id": "\x00"}, 400),
        ({**BOUNCED, "message_id": "x" * 2000}, 400),
        ({**BOUNCED, "reason": "x" * 300_000}, 413),
    ],
)
def test_whatever_is_posted_gets_its_answer(told: Stack, content: Any, status: int) -> None:
    assert _post(told, json.dumps(content).encode()) == status


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"message_id=1&event=bounced"])
def test_what_is_no_json_is_refused(told: Stack, content: bytes) -> None:
    assert _post(told, content) == 400


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", SECRET, f"bearer {SECRET}", f"Bearer {SECRET}x"]
)
def test_without_the_secret_nothing_is_read(told: Stack, authorization: str) -> None:
    assert _post(told, b"[" * 300_000, authorization) == 403


def test_it_is_off_unless_a_secret_is_set(stack: Stack) -> None:
    assert _post(stack, json.dumps(BOUNCED).encode()) == 404
