"""The error mapper: what a person is told when something fails, and what the log keeps of it."""

import logging
import secrets
import threading
from typing import Any

from modals import form, notices
from modals.blocks import View
from services.errors import GoneError, ServiceError

_log = logging.getLogger(__name__)


class ErrorMapper:
    """One for the process. `unexpected` counts the failures that got a reference."""

    def __init__(self) -> None:
        self.unexpected = 0
        self._lock = threading.Lock()

    def explain(self, error: Exception) -> tuple[str, str | None]:
        """The words for the person, and the reference under which an unexpected failure is in the log."""
        if isinstance(error, ServiceError):
            return error.message, None
        return notices.unexpected(), self.log(error)

    def log(self, error: Exception) -> str:
        """Logs an unexpected failure under a new reference."""
        reference = secrets.token_hex(4)
        with self._lock:
            self.unexpected += 1
        _log.error("Unexpected failure, reference %s", reference, exc_info=error)
        return reference

    def as_view(self, error: Exception) -> View:
        text, reference = self.explain(error)
        return notices.problem(text, reference=reference)

    def as_submission_answer(self, error: Exception, view: dict[str, Any]) -> dict[str, Any]:
        """The answer to a submitted form: at the fields, or else on top of it, so that nothing typed is lost."""
        if isinstance(error, ServiceError):
            at_fields = form.errors(view, error.fields)
            if at_fields and len(at_fields) == len(error.fields):
                return {"response_action": "errors", "errors": at_fields}
        action = "update" if isinstance(error, GoneError) else "push"
        return {"response_action": action, "view": self.as_view(error)}
