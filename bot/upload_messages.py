"""Uploads of clients in Slack: the file comes in, its message and window show what becomes of it."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

from slack_sdk.errors import SlackApiError

from bot.downloads import DownloadError
from bot.permission_messages import Send
from bot.slack_api import SlackClient
from db.models import ImportState, Lane
from modals.blocks import Message
from modals.uploads import pages
from services.container import Services
from services.errors import ServiceError
from services.jobs import Claim, GiveUp, Kind, Retry
from services.uploads.importing import PROGRESS
from services.uploads.runs import CHECK, WINDOW
from services.uploads.shown import RunView

Asking = Callable[[uuid.UUID], AbstractContextManager[SlackClient]]
"""A practice's Slack; what it refuses becomes of the job."""

_ATTEMPTS = 5
"""Somebody waits for it: told soon when it does not come."""
_WAITS = 3
"""So often a window is looked for that the person's own Slack may be about to show."""
_CLOSED = frozenset({"not_found", "view_not_found"})
_ENDED = frozenset({ImportState.FINISHED, ImportState.CANCELLED})
_NOT_TO_BE_EDITED = frozenset({"cant_update_message", "edit_window_closed", "message_not_found"})


class UploadMessages:
    def __init__(self, services: Services, asking: Asking, send: Send) -> None:
        self._services = services
        self._asking = asking
        self._send = send

    def kinds(self, kind: Callable[..., Kind]) -> list[Kind]:
        """`kind` makes one of a name, what it does and more."""
        check = kind(CHECK, self._check, max_attempts=_ATTEMPTS, on_failure=self._services.uploads.gave_up)
        return [
            replace(check, lane=Lane.LOCAL),
            kind(PROGRESS, self._show_progress),
            kind(WINDOW, self._show_window),
        ]

    def _check(self, claim: Claim) -> None:
        practice_id, run_id = _practice(claim), _run(claim)
        file_id = self._services.uploads.to_check(practice_id, run_id)
        if file_id is None:
            return
        try:
            with self._asking(practice_id) as client, client.download(file_id) as content:
                self._services.uploads.check(claim, run_id, content)
        except ServiceError as refusal:
            self._services.uploads.refuse(claim, run_id, refusal.message)
        except DownloadError as error:
            raise Retry(f"Slack: {error}") from error

    def _show_progress(self, claim: Claim) -> None:
        """One message, edited from the check to the end of the import."""
        practice_id, run_id = _practice(claim), _run(claim)
        shown = False
        while not shown:
            run = self._services.uploads.progress(practice_id, run_id)
            message = pages.message(run)
            if run.place is None or not self._edit(practice_id, run.place, message, over=run.state in pages.OVER):
                place = self._send(claim, practice_id, run.slack_user_id, message)
                if place is not None:
                    self._services.uploads.keep_place(practice_id, run_id, place)
            if run.state in _ENDED and run.external_id is not None:
                self._end_window(practice_id, run.external_id, run)
            shown = self._services.uploads.progress_shown(claim, run_id, run)

    def _edit(self, practice_id: uuid.UUID, place: tuple[str, str], message: Message, *, over: bool) -> bool:
        """False when there is none to edit and the person is to get one: whoever has deleted it wants to hear the end
        only."""
        channel, ts = place
        with self._asking(practice_id) as client:
            try:
                client.chat_update(channel=channel, ts=ts, **message)
            except SlackApiError as error:
                if error.response["error"] not in _NOT_TO_BE_EDITED:
                    raise
                return not over
        return True

    def _end_window(self, practice_id: uuid.UUID, external_id: str, run: RunView) -> None:
        """Whoever still looks at the import sees its result, too."""
        with self._asking(practice_id) as client:
            try:
                client.views_update(external_id=external_id, view=pages.window(run))
            except SlackApiError as error:
                if error.response["error"] not in _CLOSED:
                    raise

    def _show_window(self, claim: Claim) -> None:
        """What has been found, in the window that waits for it, unless it was closed."""
        practice_id, run_id = _practice(claim), _run(claim)
        run = self._services.uploads.progress(practice_id, run_id)
        if run.state is ImportState.CHECKING or run.external_id is None:
            return
        with self._asking(practice_id) as client:
            try:
                client.views_update(external_id=run.external_id, view=pages.window(run))
            except SlackApiError as error:
                if error.response["error"] not in _CLOSED:
                    raise
                if claim.attempt <= _WAITS:  # the answer that shows it may not have reached Slack yet
                    raise Retry("The window is not there yet", after=timedelta(seconds=1)) from error


def _practice(claim: Claim) -> uuid.UUID:
    if claim.practice_id is None:
        raise GiveUp("The job names no practice")
    return claim.practice_id


def _run(claim: Claim) -> uuid.UUID:
    return uuid.UUID(claim.args["run_id"])
