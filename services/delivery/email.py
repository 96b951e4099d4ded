"""Sending e-mail over SMTP."""

import contextlib
import hashlib
import smtplib
import ssl
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Literal, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from services.emails import ascii_email, clean_email

_Tls = Literal["implicit", "starttls", "none"]
_REORDERS_TEXT = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name, possibly empty, and an address."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """Reads `name@example.com` or `Name <name@example.com>`. Raises ValueError when it is neither."""
        name, address = parseaddr(text)
        return cls(one_line(name), clean_email(address))

    @property
    def domain(self) -> str:
        return ascii_email(self.address).rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Email:
    """`message_id` is the same on every try, so that mail servers can recognise a repeat."""

    sender: Mailbox
    recipient: Mailbox
    subject: str
    text: str
    html: str
    message_id: str
    date: datetime


class RefusedError(Exception):
    """The mail server will never take this e-mail to this address. The text is the server's reason."""


class UndeliveredError(Exception):
    """Not delivered, as far as is known, and worth another try later."""


class Mailer(Protocol):
    def send(self, email: Email) -> None:
        """Returns once a mail server has taken the e-mail. Raises RefusedError or UndeliveredError."""


class SmtpMailer:
    """Hands each e-mail to one mail server, over a connection of its own. Certificates are checked."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: _Tls = "starttls",
        user: str | None = None,
        password: str | None = None,
        cafile: str | None = None,
        timeout: float = 20,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._credentials = (user, password or "") if user else None
        self._context = None if tls == "none" else ssl.create_default_context(cafile=cafile)
        self._timeout = timeout

    @classmethod
    def from_url(cls, url: str, *, timeout: float = 20) -> "SmtpMailer":
        """Reads `smtp://user:password@host:587?tls=starttls` (or `none`) and `smtps://…`, both with `cafile=`.

        Raises ValueError in words that don't repeat the password.
        """
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        host, user, password = parts.hostname, unquote(parts.username or ""), unquote(parts.password or "")
        try:
            port = parts.port
        except ValueError:
            raise ValueError("SMTP_URL: the port is not a number from 1 to 65535") from None
        if parts.scheme not in {"smtp", "smtps"} or not host:
            raise ValueError("SMTP_URL reads smtp://user:password@host:587?tls=starttls, or smtps://…")
        if unknown := sorted(options.keys() - {"tls", "cafile"}):
            raise ValueError(f"SMTP_URL: unknown option {unknown[0]}; there are tls and cafile")
        if not (user + password).isascii():
            raise ValueError("SMTP_URL: user and password have to be ASCII")
        tls: _Tls
        match parts.scheme, options.get("tls"):
            case "smtps", None:
                tls = "implicit"
            case "smtp", None | "starttls":
                tls = "starttls"
            case "smtp", "none":
                tls = "none"
            case "smtps", _:
                raise ValueError("SMTP_URL: smtps:// is TLS from the start and takes no option tls")
            case _:
                raise ValueError("SMTP_URL: tls is starttls or none")
        if tls == "none" and user and not _is_this_machine(host):
            raise ValueError("SMTP_URL: with tls=none the password would cross the network unencrypted")
        try:
            return cls(
                host,
                port or (465 if tls == "implicit" else 587),
                tls=tls,
                user=user,
                password=password,
                cafile=options.get("cafile"),
                timeout=timeout,
            )
        except OSError as error:
            raise ValueError(f"SMTP_URL: cafile can't be read: {error}") from None

    def send(self, email: Email) -> None:
        sender, recipient = ascii_email(email.sender.address), ascii_email(email.recipient.address)
        message = render(email)
        try:
            with self._connected(email.sender.domain) as server:
                server.sendmail(sender, [recipient], message)
        except smtplib.SMTPRecipientsRefused as error:
            raise _failure(*error.recipients[recipient]) from error
        except smtplib.SMTPDataError as error:
            raise _failure(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPResponseException as error:
            # A sender or a login that the server refuses is the operator's to mend, not the recipient's fault.
            raise UndeliveredError(_reply(error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise UndeliveredError(one_line(str(error)) or type(error).__name__) from error

    def check(self) -> str:
        """Greets the mail server and signs in. Raises OSError or smtplib.SMTPException."""
        with self._connected("localhost") as server:
            server.noop()
        return f"{self._host}:{self._port}, tls {self._tls}"

    @contextlib.contextmanager
    def _connected(self, local_hostname: str) -> Iterator[smtplib.SMTP]:
        # smtplib would look its own host's name up in the DNS, which can hang; the sender's domain does as well.
        if self._tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, local_hostname, timeout=self._timeout, context=self._context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, local_hostname, timeout=self._timeout)
        try:
            if self._tls == "starttls":
                server.starttls(context=self._context)
            if self._credentials:
                server.login(*self._credentials)
            yield server
            # The e-mail is delivered by now: a server that hangs up without a goodbye changes nothing.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()


def message_id_for(key: str, domain: str) -> str:
    """The Message-ID of the e-mail that the job `key` sends, on each of its tries."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def render(email: Email) -> bytes:
    """The e-mail as it travels. Names and subjects can't add headers: control characters become spaces."""
    message = EmailMessage(policy=SMTP)
    message["Date"] = email.date
    message["Message-ID"] = email.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(email.text, cte="quoted-printable")
    message.add_alternative(email.html, subtype="html", cte="quoted-printable")
    # EmailMessage loses spaces where it folds long subjects of other scripts, and decodes what only looks encoded.
    head = (
        f"From: {_with_name(email.sender)}\r\n"
        f"To: {_with_name(email.recipient)}\r\n"
        f"Subject: {_unstructured(one_line(email.subject), 'Subject')}\r\n"
    )
    return head.encode("ascii") + message.as_bytes()


def one_line(text: str, limit: int = 200) -> str:
    """`text` without line breaks, control characters and marks that reorder what follows."""
    kept = "".join(
        " " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} else c for c in text if c not in _REORDERS_TEXT
    )
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _with_name(mailbox: Mailbox) -> str:
    name, address = one_line(mailbox.name, 100), ascii_email(mailbox.address)
    if not name:
        return address
    if _is_plain(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        name = _unstructured(name, "From")
    return f"{name} <{address}>" if len(name) + len(address) < 70 else f"{name}\r\n <{address}>"


def _unstructured(text: str, header: str) -> str:
    return Header(text, "us-ascii" if _is_plain(text) else "utf-8", header_name=header).encode(linesep="\r\n")


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text


def _failure(code: int, reason: bytes | str) -> RefusedError | UndeliveredError:
    return (RefusedError if 500 <= code < 600 else UndeliveredError)(_reply(code, reason))


def _reply(code: int, reason: bytes | str) -> str:
    text = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
    return one_line(f"{code} {text}")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
