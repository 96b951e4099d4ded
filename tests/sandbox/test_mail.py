import asyncio
import smtplib
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.mail import KEPT_MESSAGES, MESSAGE_BYTES, Mailroom


@pytest.fixture
def room() -> Iterator[Mailroom]:
    room = Mailroom("127.0.0.1", 0, lambda: 1_795_000_000.0)
    room.start()
    yield room
    room.stop()


class Web:
    """Asks the mailbox's routes, from a thread without an event loop (Playwright keeps one in the main thread)."""

    def __init__(self, room: Mailroom) -> None:
        self._app = Starlette(routes=room.routes())

    def get(self, path: str) -> httpx.Response:
        return self._run("GET", path)

    def post(self, path: str, json: object) -> httpx.Response:
        return self._run("POST", path, json)

    def delete(self, path: str) -> httpx.Response:
        return self._run("DELETE", path)

    def _run(self, method: str, path: str, json: object = None) -> httpx.Response:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(self._ask(method, path, json))).result()

    async def _ask(self, method: str, path: str, json: object = None) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            return await client.request(method, path, json=json)


@pytest.fixture
def web(room: Mailroom) -> Web:
    return Web(room)


def invitation(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in {
        "From": "Birch & Co <hello@birch.example>",
        "To": "pat@acme.example",
        "Subject": "Your invitation – Ünïcode",
        "Message-ID": "<job-1@birch.example>",
        **headers,
    }.items():
        message[name] = value
    message.set_content("Open https://birch.example/i/abc to set a password.\n")
    message.add_alternative('<p>Open <a href="https://birch.example/i/abc">the link</a>.</p>', subtype="html")
    return message


def send(room: Mailroom, message: EmailMessage | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", room.port, timeout=5) as client:
        client.send_message(message or invitation())


def test_a_sent_mail_is_listed_with_both_its_parts(room: Mailroom, web: Web) -> None:
    send(room)

    assert web.get("/sandbox/mail").json() == [
        {
            "id": "1",
            "from": "Birch & Co <hello@birch.example>",
            "to": "pat@acme.example",
            "recipients": ["pat@acme.example"],
            "subject": "Your invitation – Ünïcode",
            "text": "Open https://birch.example/i/abc to set a password.\n",
            "html": '<p>Open <a href="https://birch.example/i/abc">the link</a>.</p>\n',
            "message_id": "<job-1@birch.example>",
            "received": "2026-11-18T11:06:40+00:00",
            "encrypted": False,
            "attachments": [],
        }
    ]


def test_the_newest_mail_comes_first_and_can_be_asked_for_by_recipient(room: Mailroom, web: Web) -> None:
    send(room, invitation(Subject="First"))
    send(room, invitation(Subject="Second", To="jo@acme.example"))

    assert [mail["subject"] for mail in web.get("/sandbox/mail").json()] == ["Second", "First"]
    assert [mail["subject"] for mail in web.get("/sandbox/mail?to=PAT@acme.example").json()] == ["First"]


def test_starttls_can_be_verified_and_any_login_is_accepted(room: Mailroom) -> None:
    context = ssl.create_default_context(cadata=room.certificate)
    with smtplib.SMTP("localhost", room.port, timeout=5) as client:
        client.starttls(context=context)
        client.login("somebody", "secret")
        client.send_message(invitation())

    assert [mail.encrypted for mail in room.messages] == [True]


@pytest.mark.parametrize(("code", "text"), [(550, b"5.1.1"), (451, b"4.3.0")])
def test_a_fault_refuses_matching_recipients_as_often_as_asked(
    room: Mailroom, web: Web, code: int, text: bytes
) -> None:
    web.post("/sandbox/mail/faults", json={"address_pattern": "*@acme.example", "code": code, "times": 2})

    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(room)
        answer = refused.value.recipients["pat@acme.example"]
        assert answer[0] == code
        assert answer[1].startswith(text)
    send(room)
    assert len(room.messages) == 1


def test_a_fault_leaves_other_recipients_alone(room: Mailroom) -> None:
    room.fault("pat@acme.example", 550)

    send(room, invitation(To="jo@acme.example"))

    assert [mail.to for mail in room.messages] == ["jo@acme.example"]


def test_a_connection_can_be_dropped(room: Mailroom) -> None:
    room.fault("*", "drop")

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(room)
    send(room)
    assert len(room.messages) == 1


def test_faults_can_be_taken_back(room: Mailroom, web: Web) -> None:
    room.fault("*", 550, times=100)

    assert web.delete("/sandbox/mail/faults").json() == {"ok": True}

    send(room)
    assert len(room.messages) == 1


def test_a_fault_without_an_smtp_code_is_refused(web: Web) -> None:
    assert web.post("/sandbox/mail/faults", json={"address_pattern": "*", "code": 200}).status_code == 400


def test_a_mail_over_the_size_limit_is_refused(room: Mailroom) -> None:
    with smtplib.SMTP("127.0.0.1", room.port, timeout=20) as client, pytest.raises(smtplib.SMTPException) as refused:
        client.sendmail("a@birch.example", ["pat@acme.example"], b"x" * (MESSAGE_BYTES + 1))

    assert "552" in str(refused.value)
    assert not room.messages


def test_only_the_newest_thousand_are_kept(room: Mailroom) -> None:
    with smtplib.SMTP("127.0.0.1", room.port, timeout=5) as client:
        for number in range(KEPT_MESSAGES + 2):
            client.sendmail("a@birch.example", ["pat@acme.example"], f"Subject: {number}\r\n\r\nHello")

    assert len(room.messages) == KEPT_MESSAGES
    assert room.messages[0].subject == "2"


def test_mail_in_an_unknown_charset_is_still_shown(room: Mailroom) -> None:
    with smtplib.SMTP("127.0.0.1", room.port, timeout=5) as client:
        client.sendmail("a@b.example", ["c@d.example"], b"Content-Type: text/plain; charset=klingon\r\n\r\nHello \xff")

    assert room.messages[0].text == "Hello �\n"


def test_the_mailbox_lists_mails_and_escapes_what_they_say(room: Mailroom, web: Web) -> None:
    send(room, invitation(Subject="<script>alert(1)</script>"))

    page = web.get("/mail").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert 'href="/mail/1"' in page


def test_the_html_part_is_shown_in_a_frame_that_runs_nothing(room: Mailroom, web: Web) -> None:
    send(room)

    page = web.get("/mail/1").text

    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "&lt;a href=&#34;https://birch.example/i/abc&#34;&gt;" in page
    assert '<a href="https://birch.example/i/abc"' in page


def test_a_mail_that_is_not_there_is_said_so(web: Web) -> None:
    answer = web.get("/mail/99")

    assert answer.status_code == 404
    assert "No such message" in answer.text


def test_an_empty_mailbox_says_so(web: Web) -> None:
    assert "No messages received" in web.get("/mail").text


def test_stopping_frees_the_port_and_ends_the_thread(room: Mailroom) -> None:
    with smtplib.SMTP("127.0.0.1", room.port, timeout=5) as client:
        client.noop()
        room.stop()
        room.stop()

    assert f"mailroom-{room.port}" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(OSError, match="refused"):
        smtplib.SMTP("127.0.0.1", room.port, timeout=5)
