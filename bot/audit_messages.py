"""The audit trail as a file, on its way to whoever asked for it."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from slack_sdk import WebClient

from bot.files import send_file
from bot.slack_api import SlackTransport
from modals import audit
from modals.blocks import Message
from services.audit.finding import AuditWish
from services.container import Services
from services.errors import ServiceError
from services.jobs import Claim, GiveUp

Asking = Callable[[uuid.UUID], AbstractContextManager[WebClient]]


class Send(Protocol):
    def __call__(self, claim: Claim, practice_id: uuid.UUID, user_id: str, message: Message | None, /) -> Any: ...


def exporting(services: Services, transport: SlackTransport, asking: Asking, send: Send) -> Callable[[Claim], None]:
    """Makes the file and sends it; says so where the person may not have it any more."""

    def export(claim: Claim) -> None:
        practice_id, colleague_id = _person(claim)
        wish, asked_at = AuditWish.model_validate(claim.args["wish"]), datetime.fromisoformat(claim.args["asked_at"])
        try:
            file = services.audit_exports.file(practice_id, colleague_id, wish, asked_at)
        except ServiceError as refusal:
            send(claim, practice_id, services.people.slack_user_id(colleague_id), audit.refused(refusal.message))
            return
        with asking(practice_id) as client:
            send_file(
                transport,
                client,
                file.slack_user_id,
                audit.sent(file),
                key=claim.key,
                again=claim.attempt > 1,
                name=file.file_name,
                title=audit.TITLE,
                content=file.content,
            )

    return export


def export_failed(services: Services, send: Send) -> Callable[[Claim], None]:
    def tell(claim: Claim) -> None:
        practice_id, colleague_id = _person(claim)
        user = services.people.slack_user_id(colleague_id)
        send(claim, practice_id, user, audit.failed(reference=claim.args["job_id"]))

    return tell


def _person(claim: Claim) -> tuple[uuid.UUID, uuid.UUID]:
    if claim.practice_id is None:
        raise GiveUp("The job names no practice")
    return claim.practice_id, uuid.UUID(claim.args["colleague_id"])
