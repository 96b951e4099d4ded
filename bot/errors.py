"""The error mapper: what a person is told when something fails, and what the log keeps of it."""

import logging
import secrets
from typing import Any

from modals import form, notices
from modals.blocks import View
from services.errors import GoneError, ServiceError

_log = logging.getLogger(__name__)


def explain(error: Exception) -> tuple[str, str | None]:
    """The words for the person, and the reference under which an unexpected failure is in the log."""
    if isinstance(error, ServiceError):
        return error.message, None
    reference = secrets.token_hex(4)
    _log.error("Unexpected failure, reference %s", reference, exc_info=error)
    return notices.unexpected(), reference


def as_view(error: Exception) -> View:
    text, reference = explain(error)
    return notices.problem(text, reference=reference)


def as_submission_answer(error: Exception, view: dict[str, Any]) -> dict[str, Any]:
    """The answer to a submitted form: at the fields, or else on top of it, so that nothing typed is lost."""
    if isinstance(error, ServiceError):
        at_fields = form.errors(view, error.fields)
        if at_fields and len(at_fields) == len(error.fields):
            return {"response_action": "errors", "errors": at_fields}
    action = "update" if isinstance(error, GoneError) else "push"
    return {"response_action": action, "view": as_view(error)}
