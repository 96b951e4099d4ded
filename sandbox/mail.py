"""A mail server and its mailbox: speaks SMTP to the product, shows a person what arrived."""

import asyncio
import datetime as dt
import email
import email.policy
import fnmatch
import ipaddress
import socket
import ssl
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

KEPT_MESSAGES = 1000
MESSAGE_BYTES = 10 * 1024 * 1024

Clock = Callable[[], float]


@dataclass(frozen=True)
class Mail:
    """One received e-mail. `recipients` are those of the envelope; `to` is what the header says."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    received: dt.datetime
    encrypted: bool
    attachments: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "from": self.sender,
            "to": self.to,
            "recipients": list(self.recipients),
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "message_id": self.message_id,
            "received": self.received.isoformat(),
            "encrypted": self.encrypted,
            "attachments": list(self.attachments),
        }


@dataclass
class MailFault:
    """What happens to the next `times` recipients that match: an SMTP refusal, or the connection breaks off."""

    address_pattern: str
    code: int | Literal["drop"]
    times: int = 1


@dataclass
class Mailroom:
    """An SMTP server on a thread of its own, and what it received, newest last. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 0
    clock: Clock = time.time
    messages: deque[Mail] = field(default_factory=lambda: deque(maxlen=KEPT_MESSAGES))
    faults: list[MailFault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None
        self.certificate = ""
        """The server's self-signed certificate in PEM, for a client that wants to verify STARTTLS."""

    def start(self) -> None:
        """Listen; returns once connections are accepted."""
        context, self.certificate = _tls_context(self.host)
        loop = asyncio.new_event_loop()
        handler = _Handler(self)

        def session() -> SMTP:
            return SMTP(
                handler,
                data_size_limit=MESSAGE_BYTES,
                enable_SMTPUTF8=True,
                hostname="sandbox",
                ident="Sandbox mail",
                tls_context=context,
                authenticator=_let_in,
                auth_require_tls=False,
                loop=loop,
            )

        listening = socket.create_server((self.host, self.port))
        self.port = listening.getsockname()[1]
        self._loop = loop
        self._thread = threading.Thread(target=loop.run_forever, name=f"mailroom-{self.port}", daemon=True)
        self._thread.start()
        opening = asyncio.run_coroutine_threadsafe(loop.create_server(session, sock=listening), loop)
        self._server = opening.result(timeout=10)

    def stop(self) -> None:
        """Stop listening and break off open sessions. Harmless when it does not run."""
        loop, thread, server = self._loop, self._thread, self._server
        if loop is None or thread is None or server is None:
            return
        self._loop = self._thread = self._server = None
        asyncio.run_coroutine_threadsafe(_wind_up(server), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()

    def newest_first(self) -> list[Mail]:
        with self._lock:
            return list(reversed(self.messages))

    def find(self, mail_id: str) -> Mail | None:
        return next((mail for mail in self.newest_first() if mail.id == mail_id), None)

    def fault(self, address_pattern: str, code: int | Literal["drop"], times: int = 1) -> None:
        """Refuse the next `times` recipients that match the pattern (`*@bounce.example`) with this code."""
        with self._lock:
            self.faults.append(MailFault(address_pattern, code, times))

    def reset(self) -> None:
        with self._lock:
            self.messages.clear()
            self.faults.clear()

    def take_fault(self, address: str) -> MailFault | None:
        """The fault this recipient meets, one use of it spent."""
        with self._lock:
            for fault in self.faults:
                if fnmatch.fnmatch(address.lower(), fault.address_pattern.lower()):
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None

    def receive(self, envelope: Envelope, *, encrypted: bool) -> None:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = email.message_from_bytes(content, policy=email.policy.default)
        text, html = (_body(message, kind) for kind in ("plain", "html"))
        with self._lock:
            self._count += 1
            self.messages.append(
                Mail(
                    id=str(self._count),
                    sender=str(message.get("From", envelope.mail_from or "")),
                    recipients=tuple(envelope.rcpt_tos),
                    to=str(message.get("To", ", ".join(envelope.rcpt_tos))),
                    subject=str(message.get("Subject", "")),
                    text=text,
                    html=html,
                    message_id=str(message.get("Message-ID", "")),
                    received=dt.datetime.fromtimestamp(self.clock(), dt.UTC),
                    encrypted=encrypted,
                    attachments=tuple(part.get_filename() or "unnamed" for part in message.iter_attachments()),
                    headers=tuple((name, str(value)) for name, value in message.items()),
                )
            )

    def routes(self) -> list[Route]:
        """The JSON for tests and the mailbox for people."""
        return [
            Route("/sandbox/mail", self._list_json, methods=["GET"]),
            Route("/sandbox/mail/faults", self._change_faults, methods=["POST", "DELETE"]),
            Route("/mail", self._list_page, methods=["GET"]),
            Route("/mail/{mail_id}", self._mail_page, methods=["GET"]),
        ]

    async def _list_json(self, request: Request) -> Response:
        wanted = request.query_params.get("to", "").lower()
        return JSONResponse(
            [
                mail.as_json()
                for mail in self.newest_first()
                if not wanted or wanted in {address.lower() for address in mail.recipients}
            ]
        )

    async def _change_faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            with self._lock:
                self.faults.clear()
            return JSONResponse({"ok": True})
        wish = await request.json()
        code = wish.get("code")
        if code != "drop" and not (isinstance(code, int) and 400 <= code <= 599):
            return JSONResponse({"ok": False, "error": "code is 400 to 599, or drop"}, status_code=400)
        self.fault(str(wish["address_pattern"]), code, int(wish.get("times", 1)))
        return JSONResponse({"ok": True})

    async def _list_page(self, _request: Request) -> Response:
        return HTMLResponse(_LIST.render(mails=self.newest_first()))

    async def _mail_page(self, request: Request) -> Response:
        mail = self.find(request.path_params["mail_id"])
        if mail is None:
            return HTMLResponse(_MISSING.render(), status_code=404)
        return HTMLResponse(_MAIL.render(mail=mail, framed=_in_new_tabs(mail.html)))


class _Handler:
    """aiosmtpd's hooks."""

    def __init__(self, room: Mailroom) -> None:
        self._room = room

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        fault = self._room.take_fault(address)
        if fault is None:
            envelope.rcpt_tos.append(address)
            return "250 OK"
        if fault.code == "drop":
            cast("asyncio.Transport", server.transport).abort()
            return "421 Gone"
        kind = "5.1.1 Mailbox unavailable" if fault.code >= 500 else "4.3.0 Try again later"
        return f"{fault.code} {kind}"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        self._room.receive(envelope, encrypted=session.ssl is not None)
        return "250 Accepted"


def _let_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, _data: Any) -> AuthResult:
    return AuthResult(success=True)


async def _wind_up(server: asyncio.Server) -> None:
    server.close()
    me = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not me]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)


def _body(message: EmailMessage, kind: Literal["plain", "html"]) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, ValueError):
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return content.replace("\r\n", "\n")


def _in_new_tabs(html: str) -> str:
    """The frame may not navigate itself to other sites' pages, so links that name no target get a new tab."""
    return f'<base target="_blank">{html}'


def _tls_context(host: str) -> tuple[ssl.SSLContext, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox mail")])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    if host not in {"localhost", "127.0.0.1"}:
        names.append(x509.DNSName(host))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        chain = Path(directory, "chain.pem")
        chain.touch(mode=0o600)
        chain.write_bytes(secret + pem)
        context.load_cert_chain(chain)
    return context, pem.decode()


_PAGES = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)

_FRAME = _PAGES.from_string("""\
<!doctype html>
<html lang="en-GB">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{% block title %}Mailbox{% endblock %}</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/style.css">
    {% block script %}{% endblock %}
  </head>
  <body>
    <main class="mailbox">
{% block main %}{% endblock %}
    </main>
  </body>
</html>
""")

_LIST = _PAGES.from_string("""\
{% extends frame %}
{% block script %}<script type="module" src="/refresh.js"></script>{% endblock %}
{% block main %}
<h1>Mailbox</h1>
<p class="lead" role="status">
{{ mails | length or "No" }} {{ "message" if mails | length == 1 else "messages" }} received, newest first.
Nothing sent here leaves this machine.
</p>
{% if mails %}
<ol class="mail-list" aria-label="Messages">
{% for mail in mails %}
<li><a href="/mail/{{ mail.id }}">
<span class="mail-subject">{{ mail.subject or "(no subject)" }}</span>
<time datetime="{{ mail.received.isoformat() }}">{{ mail.received.strftime("%d %b %H:%M:%S") }} UTC</time>
<span class="mail-people">To {{ mail.to }} · from {{ mail.sender }}</span>
</a></li>
{% endfor %}
</ol>
{% endif %}
{% endblock %}
""")

_MAIL = _PAGES.from_string("""\
{% extends frame %}
{% block title %}{{ mail.subject or "(no subject)" }} · Mailbox{% endblock %}
{% block main %}
<p><a href="/mail">Back to the mailbox</a></p>
<h1>{{ mail.subject or "(no subject)" }}</h1>
<dl class="mail-headers">
<dt>From</dt><dd>{{ mail.sender }}</dd>
<dt>To</dt><dd>{{ mail.to }}</dd>
<dt>Received</dt><dd>{{ mail.received.strftime("%d %b %Y %H:%M:%S") }} UTC</dd>
<dt>Transport</dt><dd>{{ "Encrypted (STARTTLS)" if mail.encrypted else "Not encrypted" }}</dd>
{% if mail.attachments %}<dt>Attachments</dt><dd>{{ mail.attachments | join(", ") }}</dd>{% endif %}
</dl>
{% if mail.html %}
<h2>Message</h2>
<iframe title="Message as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="{{ framed }}"></iframe>
{% endif %}
{% if mail.text %}
<h2>Text part</h2>
<pre tabindex="0" aria-label="Message as text">{{ mail.text | urlize(target="_blank", rel="noopener") }}</pre>
{% endif %}
<details>
<summary>All headers</summary>
<pre tabindex="0" aria-label="All headers">{% for name, value in mail.headers %}{{ name }}: {{ value }}
{% endfor %}</pre>
</details>
{% endblock %}
""")

_MISSING = _PAGES.from_string("""\
{% extends frame %}
{% block title %}No such message · Mailbox{% endblock %}
{% block main %}
<h1>No such message</h1>
<p class="lead">It may have made room for newer ones. <a href="/mail">Back to the mailbox</a></p>
{% endblock %}
""")

_PAGES.globals["frame"] = _FRAME
