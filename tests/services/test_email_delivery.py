"""SmtpMailer against a real SMTP server."""

import asyncio
import datetime as dt
import email.policy
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from services.delivery.email import (
    Email,
    Mailbox,
    RefusedError,
    SmtpMailer,
    UndeliveredError,
    message_id_for,
    one_line,
    render,
)

EMAIL = Email(
    sender=Mailbox("Clientdesk", "hello@desk.example.com"),
    recipient=Mailbox("Ada Byrne", "ada@harbour.example"),
    subject="Birch & Co invites you to Clientdesk",
    text="Hello Ada,\n\nhttps://desk.example.com/i/" + "x" * 43 + "\n",
    html="<p>Hello Ada – hier ist <a href='https://desk.example.com/i/" + "x" * 43 + "'>der Link</a></p>",
    message_id=message_id_for("invitation-email:1", "desk.example.com"),
    date=dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC),
)


@dataclass
class Received:
    envelope: Any
    tls: bool
    login: str | None


@dataclass
class Mailroom:
    """Takes all e-mail, unless there is an answer to give to RCPT or DATA first."""

    received: list[Received] = field(default_factory=list)
    to_mail: list[str] = field(default_factory=list)
    to_rcpt: list[str] = field(default_factory=list)
    to_data: list[str] = field(default_factory=list)

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if self.to_mail:
            return self.to_mail.pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if self.to_rcpt:
            return self.to_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.to_data:
            return self.to_data.pop(0)
        self.received.append(Received(envelope, session.ssl is not None, session.auth_data))
        return "250 OK"

    def content(self) -> bytes:
        content = self.received[-1].envelope.content
        assert isinstance(content, bytes)
        return content

    def message(self) -> EmailMessage:
        message = email.message_from_bytes(self.content(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


def read_mailbox(content: bytes, header: str) -> tuple[str, str]:
    """Name and address. The email package's newer parser puts spaces between the encoded words of a name."""
    name, address = parseaddr(email.message_from_bytes(content)[header])
    return str(make_header(decode_header(name))) if "=?" in content.decode().partition("Subject:")[0] else name, address


@contextmanager
def listening(mailroom: Mailroom, *, implicit: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """Serves the mail room on a thread of its own, and gives the port."""
    loop = asyncio.new_event_loop()

    async def start() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(mailroom, hostname="mx.test", loop=loop, **options), "127.0.0.1", 0, ssl=implicit
        )

    async def stop(server: asyncio.Server) -> None:
        server.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result(timeout=10)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


@dataclass(frozen=True)
class Tls:
    context: ssl.SSLContext
    cafile: Path


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate for `localhost` that no public authority signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    cafile, keyfile = folder / "certificate.pem", folder / "key.pem"
    cafile.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    keyfile.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cafile, keyfile)
    return Tls(context, cafile)


@pytest.fixture
def mailroom() -> Mailroom:
    return Mailroom()


@pytest.fixture
def mailer(mailroom: Mailroom) -> Iterator[SmtpMailer]:
    with listening(mailroom) as port:
        yield SmtpMailer.from_url(f"smtp://127.0.0.1:{port}?tls=none")


def test_an_e_mail_arrives_with_both_parts_and_its_headers(mailroom: Mailroom, mailer: SmtpMailer) -> None:
    mailer.send(EMAIL)

    (received,) = mailroom.received
    assert received.envelope.mail_from == "hello@desk.example.com"
    assert received.envelope.rcpt_tos == ["ada@harbour.example"]
    message = mailroom.message()
    assert dict(message.items()) == {
        "From": "Clientdesk <hello@desk.example.com>",
        "To": "Ada Byrne <ada@harbour.example>",
        "Subject": "Birch & Co invites you to Clientdesk",
        "Date": "Mon, 02 Mar 2026 09:00:00 +0000",
        "Message-ID": EMAIL.message_id,
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
    }
    text, html = message.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), text.get_content().replace("\r\n", "\n")) == ("text/plain", EMAIL.text)
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", EMAIL.html)


def test_the_message_id_follows_from_the_key_alone() -> None:
    one = message_id_for("invitation-email:1", "example.com")

    assert one == message_id_for("invitation-email:1", "example.com")
    assert one != message_id_for("invitation-email:2", "example.com")


def test_line_breaks_in_names_and_subjects_add_no_header(mailroom: Mailroom, mailer: SmtpMailer) -> None:
    attack = "Ada\r\nBcc: all@example.com\r\n\r\nHello\x00\u2028\u202e"
    mailer.send(
        replace(
            EMAIL,
            recipient=Mailbox(attack, EMAIL.recipient.address),
            subject=attack,
            sender=replace(EMAIL.sender, name=attack),
        )
    )

    (received,) = mailroom.received
    assert received.envelope.rcpt_tos == ["ada@harbour.example"]
    message = mailroom.message()
    assert message["Bcc"] is None
    assert message["Subject"] == "Ada Bcc: all@example.com Hello"
    assert read_mailbox(mailroom.content(), "To")[0] == "Ada Bcc: all@example.com Hello"
    assert message["Date"] is not None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Müller, Anna", "Müller, Anna"),
        ("Ада Байрон " * 8, ("Ада Байрон " * 8).strip()),
        ("名前 " * 20, ("名前 " * 20).strip()),
        ('Ada "the Countess" \\Byrne', 'Ada "the Countess" \\Byrne'),
        ("O'Neill; <x@y.z>", "O'Neill; <x@y.z>"),
        ("a" * 300, "a" * 99 + "…"),
        ("word " * 19, ("word " * 19).strip()),
        ("👩‍💻 Ada", "👩‍💻 Ada"),
        ("=?utf-8?q?x=0D=0ABcc:y?=", "=?utf-8?q?x=0D=0ABcc:y?="),
        ("", ""),
    ],
)
def test_names_of_all_kinds_reach_the_to_header(mailroom: Mailroom, mailer: SmtpMailer, name: str, shown: str) -> None:
    mailer.send(replace(EMAIL, recipient=Mailbox(name, EMAIL.recipient.address)))

    assert read_mailbox(mailroom.content(), "To") == (shown, "ada@harbour.example")


@given(st.text(max_size=120), st.text(max_size=250))
@example("", "é" + " x" * 90)
@example("a" + "\u0301" * 90, "=?utf-8?q?x?= ?=")
def test_any_name_and_subject_reads_as_sent_and_breaks_no_header(name: str, subject: str) -> None:
    sent = render(replace(EMAIL, recipient=Mailbox(name, "ada@harbour.example"), subject=subject))

    assert sent.isascii()
    assert max(len(line) for line in sent.split(b"\r\n")) <= 998
    assert read_mailbox(sent, "To") == (one_line(name, 100), "ada@harbour.example")
    message = email.message_from_bytes(sent)
    assert str(make_header(decode_header(message["Subject"] or ""))) == one_line(subject)
    assert message.keys() == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]


def test_an_international_domain_is_sent_to_in_its_ascii_form(mailroom: Mailroom, mailer: SmtpMailer) -> None:
    mailer.send(replace(EMAIL, recipient=Mailbox("Ada", "ada@bücher.example")))

    assert mailroom.received[0].envelope.rcpt_tos == ["ada@xn--bcher-kva.example"]
    assert mailroom.message()["To"].addresses[0].addr_spec == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize("answer", ["550 5.1.1 No such user", "553 Not here", "554 5.7.1 Refused"])
def test_a_recipient_refused_for_good_is_refused(mailroom: Mailroom, mailer: SmtpMailer, answer: str) -> None:
    mailroom.to_rcpt = [answer]

    with pytest.raises(RefusedError) as caught:
        mailer.send(EMAIL)

    assert str(caught.value) == answer


def test_a_message_refused_for_good_is_refused(mailroom: Mailroom, mailer: SmtpMailer) -> None:
    mailroom.to_data = ["554 5.7.1 Looks like spam"]

    with pytest.raises(RefusedError, match=r"554 5\.7\.1 Looks like spam"):
        mailer.send(EMAIL)


@pytest.mark.parametrize("moment", ["to_mail", "to_rcpt", "to_data"])
@pytest.mark.parametrize("answer", ["421 Closing", "450 4.2.1 Busy", "451 4.7.1 Greylisted"])
def test_a_server_that_answers_4xx_can_be_tried_again(
    mailroom: Mailroom, mailer: SmtpMailer, moment: str, answer: str
) -> None:
    setattr(mailroom, moment, [answer])

    with pytest.raises(UndeliveredError, match=re.escape(answer)):
        mailer.send(EMAIL)
    mailer.send(EMAIL)

    assert len(mailroom.received) == 1


def test_a_sender_the_server_refuses_is_not_the_recipients_fault(mailroom: Mailroom, mailer: SmtpMailer) -> None:
    mailroom.to_mail = ["553 5.7.1 Sender not allowed"]

    with pytest.raises(UndeliveredError, match="553"):
        mailer.send(EMAIL)


def test_a_server_that_is_not_there_can_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(UndeliveredError):
        SmtpMailer.from_url(f"smtp://127.0.0.1:{port}?tls=none").send(EMAIL)


def test_a_server_that_says_nothing_is_given_up_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(UndeliveredError, match="timed out"):
            SmtpMailer.from_url(f"smtp://127.0.0.1:{port}?tls=none", timeout=0.2).send(EMAIL)


def test_a_server_that_hangs_up_can_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        port = rude.getsockname()[1]

        def hang_up() -> None:
            connection, _ = rude.accept()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(UndeliveredError):
            SmtpMailer.from_url(f"smtp://127.0.0.1:{port}?tls=none").send(EMAIL)
        thread.join(timeout=10)


def test_starttls_encrypts_with_a_trusted_certificate(mailroom: Mailroom, tls: Tls) -> None:
    with listening(mailroom, tls_context=tls.context, require_starttls=True) as port:
        SmtpMailer.from_url(f"smtp://localhost:{port}?tls=starttls&cafile={tls.cafile}").send(EMAIL)

    assert mailroom.received[0].tls


def test_tls_from_the_start_is_spoken(mailroom: Mailroom, tls: Tls) -> None:
    with listening(mailroom, implicit=tls.context) as port:
        SmtpMailer.from_url(f"smtps://localhost:{port}?cafile={tls.cafile}").send(EMAIL)

    assert len(mailroom.received) == 1


@pytest.mark.parametrize("url", ["smtp://localhost:{port}", "smtp://127.0.0.1:{port}?cafile={cafile}"])
def test_a_certificate_that_is_not_trusted_or_anothers_is_refused(mailroom: Mailroom, tls: Tls, url: str) -> None:
    with listening(mailroom, tls_context=tls.context) as port:
        mailer = SmtpMailer.from_url(url.format(port=port, cafile=tls.cafile))
        with pytest.raises(UndeliveredError, match=r"(?i)certificate"):
            mailer.send(EMAIL)

    assert mailroom.received == []


def test_a_server_without_starttls_gets_nothing_in_clear(mailroom: Mailroom) -> None:
    with listening(mailroom) as port, pytest.raises(UndeliveredError, match="STARTTLS"):
        SmtpMailer.from_url(f"smtp://127.0.0.1:{port}").send(EMAIL)

    assert mailroom.received == []


@pytest.mark.parametrize(("password", "delivered"), [("p%40ss%2Fw", 1), ("wrong", 0)])
def test_user_and_password_come_from_the_url(mailroom: Mailroom, tls: Tls, password: str, delivered: int) -> None:
    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"desk@x", b"p@ss/w"), handled=False)

    with listening(mailroom, tls_context=tls.context, auth_required=True, authenticator=authenticate) as port:
        mailer = SmtpMailer.from_url(f"smtp://desk%40x:{password}@localhost:{port}?cafile={tls.cafile}")
        if delivered:
            mailer.send(EMAIL)
        else:
            with pytest.raises(UndeliveredError, match="535"):
                mailer.send(EMAIL)

    assert len(mailroom.received) == delivered


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:25",
        "http://user:s3cret@host",
        "smtp://",
        "smtp://user:s3cret@host:99999",
        "smtp://user:s3cret@host:port",
        "smtp://user:s3cret@host?tls=maybe",
        "smtps://user:s3cret@host?tls=none",
        "smtp://user:s3cret@host?tls=none",
        "smtp://user:s3cret@host?tsl=none",
        "smtp://user:s3crét@host",
        "smtp://user:s3cret@host?cafile=/nowhere.pem",
    ],
)
def test_a_wrong_url_is_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL") as caught:
        SmtpMailer.from_url(url)

    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("hello@desk.example.com", Mailbox("", "hello@desk.example.com")),
        ("Clientdesk <hello@desk.example.com>", Mailbox("Clientdesk", "hello@desk.example.com")),
        ('"Birch & Co, Ltd" <hello@desk.example.com>', Mailbox("Birch & Co, Ltd", "hello@desk.example.com")),
    ],
)
def test_a_sender_is_read_with_and_without_a_name(text: str, mailbox: Mailbox) -> None:
    assert Mailbox.parse(text) == mailbox


@pytest.mark.parametrize("text", ["", "Clientdesk", "hello@", "Clientdesk <hello>", "hello@localhost"])
def test_a_sender_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"[.+]$"):
        Mailbox.parse(text)
