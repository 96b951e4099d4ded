"""Files that colleagues asked for, on their way to them."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.files import send_file
from bot.permission_messages import Asking, Send
from bot.slack_api import SlackTransport
from modals import audit, exports, files, insights
from modals.blocks import Message
from modals.clients import files as client_files
from modals.tax import card as tax
from modals.uploads import pages
from services import pictures
from services.audit.export import EXPORT as AUDIT_EXPORT
from services.audit.finding import AuditWish
from services.clients.export import EXPORT as LIST_EXPORT
from services.clients.export import wish_of
from services.container import Services
from services.errors import ServiceError
from services.exports import EXPORT as CLIENT_EXPORT
from services.files import FAILED, Asked, asked_by, gave_up
from services.insights import PICTURE
from services.jobs import Claim, GiveUp, Kind
from services.tax.exporting import Form
from services.tax.service import SUMMARY, TEMPLATE
from services.uploads.runs import ERRORS as UPLOAD_ERRORS
from services.uploads.runs import TEMPLATE as UPLOAD_TEMPLATE

_ATTEMPTS = 5
"""Somebody waits for it: told soon when it does not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """`name` is the same for each try of one request. `alt` is what a picture says to those who do not see it."""

    message: Message
    name: str
    title: str
    content: bytes
    alt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sort:
    """`what` begins the sentence that says that it won't come, `again` is the one that says how to ask once more."""

    make: Callable[[Asked, Claim], File]
    what: str
    again: str


class FileMessages:
    def __init__(self, services: Services, transport: SlackTransport, asking: Asking, send: Send) -> None:
        self._services = services
        self._transport = transport
        self._asking = asking
        self._send = send
        self._sorts: Mapping[str, _Sort] = {
            CLIENT_EXPORT: _Sort(
                make=self._client_export, what="The Excel file", again="Export it again from the client's card."
            ),
            AUDIT_EXPORT: _Sort(
                make=self._audit_export,
                what="The file of the audit trail",
                again="Export it again from /clients audit.",
            ),
            LIST_EXPORT: _Sort(
                make=self._list_export, what="The list of clients", again="Export it again from /clients list."
            ),
            PICTURE: _Sort(
                make=self._picture,
                what="The picture of the insights",
                again="Type /clients insights to see the figures, and press Send picture again.",
            ),
            UPLOAD_TEMPLATE: _Sort(
                make=self._upload_template, what="The template", again="Ask for it again from /clients upload."
            ),
            UPLOAD_ERRORS: _Sort(
                make=self._upload_errors, what="The error file", again="Press Get the error file again."
            ),
            TEMPLATE: _Sort(
                make=self._tax_template,
                what="The template for items",
                again="Press Get the template again, where items are uploaded.",
            ),
            SUMMARY: _Sort(
                make=self._tax_summary,
                what="The Tax summary",
                again="Send it again from Tax summary on the client's card.",
            ),
        }

    def kinds(self, kind: Callable[..., Kind]) -> list[Kind]:
        """`kind` makes one of a name, what it does and more."""
        return [
            *(kind(name, self._deliver, max_attempts=_ATTEMPTS, on_failure=gave_up) for name in self._sorts),
            kind(FAILED, self._failed),
        ]

    def _deliver(self, claim: Claim) -> None:
        asked, sort = _asked(claim), self._sorts[claim.kind]
        user = self._services.people.slack_user_id(asked.colleague_id)
        try:
            file = sort.make(asked, claim)
        except ServiceError as refusal:
            self._send(claim, asked.practice_id, user, files.refused(sort.what, refusal.message))
            return
        with self._asking(asked.practice_id) as client:
            send_file(
                self._transport,
                client,
                user,
                file.message,
                key=claim.key,
                again=claim.attempt > 1,
                name=file.name,
                title=file.title,
                content=file.content,
                alt=file.alt,
            )

    def _failed(self, claim: Claim) -> None:
        if claim.practice_id is None:
            raise GiveUp("The job names no practice")
        sort = self._sorts[claim.args["kind"]]
        user = self._services.people.slack_user_id(uuid.UUID(claim.args["colleague_id"]))
        message = files.failed(sort.what, sort.again, reference=claim.args["job_id"])
        self._send(claim, claim.practice_id, user, message)

    def _client_export(self, asked: Asked, claim: Claim) -> File:
        made = self._services.exports.workbook(asked, uuid.UUID(claim.args["client_id"]))
        return File(message=exports.sent(made), name=made.file_name, title=made.title, content=made.content)

    def _list_export(self, asked: Asked, claim: Claim) -> File:
        made = self._services.client_list_exports.file(asked, wish_of(claim.args["wish"]))
        return File(
            message=client_files.sent(made), name=made.file_name, title=client_files.TITLE, content=made.content
        )

    def _audit_export(self, asked: Asked, claim: Claim) -> File:
        made = self._services.audit_exports.file(asked, AuditWish.model_validate(claim.args["wish"]))
        return File(message=audit.sent(made), name=made.file_name, title=audit.TITLE, content=made.content)

    def _tax_template(self, asked: Asked, claim: Claim) -> File:
        made = self._services.tax.template(asked, uuid.UUID(claim.args["client_id"]))
        return File(message=tax.template_sent(made), name=made.file_name, title=made.title, content=made.content)

    def _tax_summary(self, asked: Asked, claim: Claim) -> File:
        args = claim.args
        made = self._services.tax.summary(asked, uuid.UUID(args["client_id"]), args["year"], Form(args["form"]))
        return File(message=tax.sent(made), name=made.file_name, title=made.title, content=made.content)

    def _upload_template(self, asked: Asked, _: Claim) -> File:
        made = self._services.uploads.template(asked.actor)
        return File(message=pages.template_sent(), name=made.name, title=made.title, content=made.content)

    def _upload_errors(self, asked: Asked, claim: Claim) -> File:
        made = self._services.uploads.errors(asked.actor, uuid.UUID(claim.args["run_id"]))
        return File(message=pages.errors_sent(made), name=made.name, title=made.title, content=made.content)

    def _picture(self, asked: Asked, _: Claim) -> File:
        made = self._services.insights.picture(asked)
        return File(
            message=insights.message(made),
            name=made.file_name,
            title=insights.TITLE,
            content=pictures.draw(insights.picture(made.insights)),
            alt=insights.described(made.insights),
        )


def _asked(claim: Claim) -> Asked:
    asked = asked_by(claim)
    if asked is None:
        raise GiveUp("The job names no practice")
    return asked
