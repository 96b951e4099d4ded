"""What the Slack lane does: direct messages that follow from a commit, each sent once."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import home
from bot.file_messages import FileMessages
from bot.leaving_messages import LeavingMessages
from bot.offer_messages import OfferMessages
from bot.permission_messages import PermissionMessages
from bot.slack_api import SlackClient, SlackTransport, UploadError, retry_after
from bot.solo_messages import SoloMessages
from bot.upload_messages import UploadMessages
from db.models import Lane, SyncState
from modals import cards, connections, invitation_list, reminders
from modals.add_client import connecting, openings
from modals.blocks import Message
from modals.client_sync import progress, results
from modals.clients import connecting as client_connecting
from modals.people import told
from services.accounting.tokens import ENDED
from services.accounting.upkeep import CONNECTIONS_ENDED, LAPSING, UpkeepNotice
from services.client_sync.records import Goal, RunView
from services.client_sync.running import PROGRESS
from services.client_sync.service import ARRIVED
from services.clients.connecting import FINISHED
from services.colleagues.records import RightsNotice
from services.colleagues.service import CHANGED, WELCOME
from services.container import Services
from services.errors import ServiceError
from services.invitations.bulk import BULK_DONE
from services.invitations.delivery import LINK_FAILED
from services.invitations.records import InvitationNotice
from services.invitations.reminders import DIGEST
from services.jobs import Claim, GiveUp, Kind, Retry
from services.overview.watching import REFRESH
from services.permissions.records import Place

_UNREACHABLE = {
    "account_inactive",
    "channel_not_found",
    "invalid_auth",
    "is_archived",
    "message_not_found",
    "messages_tab_disabled",
    "missing_scope",
    "not_authed",
    "token_revoked",
    "user_disabled",
    "user_not_found",
}
"""Slack's answers that will not change by asking again."""

_LOST = frozenset({"account_inactive", "invalid_auth", "token_revoked"})
"""Of these, the ones that mean that the app is not installed any more."""

_NOT_TO_BE_EDITED = frozenset({"cant_update_message", "edit_window_closed", "message_not_found"})

_METADATA = "clientdesk_job"
_LOOKED_BACK = 100


class SlackMessenger:
    def __init__(self, services: Services, transport: SlackTransport, *, single_token: str | None) -> None:
        self._services = services
        self._transport = transport
        self._single_token = single_token

    def kinds(self) -> list[Kind]:
        asking_permission = PermissionMessages(self._services, self._send, self._asking)
        files = FileMessages(self._services, self._transport, self._asking, self._send)
        leaving = LeavingMessages(self._services, self._send, self._asking, _find_sent)
        uploads = UploadMessages(self._services, self._asking, self._send)
        return [
            _kind("slack.installed", self._installed),
            _kind("slack.welcome", self._welcome),
            *uploads.kinds(_kind),
            _kind("slack.client_created", self._client_created),
            _kind("slack.consent_finished", self._consent_finished),
            _kind(FINISHED, self._client_consent_finished),
            self._about_invitation("slack.invitation_accepted", cards.invitation_accepted),
            self._about_invitation("slack.invitation_failed", cards.invitation_failed),
            self._about_invitation(LINK_FAILED, cards.invitation_link_failed),
            self._about_invitation("slack.invitation_renewal_asked", cards.invitation_renewal_asked),
            _kind(ENDED, self._authorisation_ended),
            _kind(LAPSING, self._authorisation_lapsing),
            _kind(CONNECTIONS_ENDED, self._connections_ended),
            *(_kind(name, run) for name, run in asking_permission.runs().items()),
            *(_kind(name, run) for name, run in leaving.runs().items()),
            _kind(CHANGED, self._about_rights(told.rights_changed)),
            _kind(WELCOME, self._about_rights(told.colleague_added)),
            *(_kind(name, run) for name, run in SoloMessages(self._services, self._send).runs().items()),
            *(_kind(name, run) for name, run in OfferMessages(self._services, self._send, self._asking).runs().items()),
            _kind(PROGRESS, self._sync_progress),
            _kind(ARRIVED, self._sync_arrived),
            replace(_kind(DIGEST, self._reminders), on_failure=self._services.reminders.gave_up),
            _kind(BULK_DONE, self._invitations_sent),
            *files.kinds(_kind),
            replace(
                _kind(REFRESH, home.refreshing(self._services, self._asking)), on_failure=self._services.home.gave_up
            ),
        ]

    def _installed(self, claim: Claim) -> None:
        notice = self._services.workspaces.install_notice(uuid.UUID(claim.args["colleague_id"]))
        self._send(claim, notice.practice_id, notice.slack_user_id, cards.installed(notice))

    def _welcome(self, claim: Claim) -> None:
        user = self._services.people.slack_user_id(uuid.UUID(claim.args["colleague_id"]))
        self._send(claim, _practice(claim), user, cards.welcome())

    def _client_created(self, claim: Claim) -> None:
        created = self._services.add_client.created(_practice(claim), uuid.UUID(claim.args["client_id"]))
        self._send(claim, created.practice_id, created.created_by, openings.result_message(created))

    def _consent_finished(self, claim: Claim) -> None:
        draft_id = uuid.UUID(claim.args["draft_id"])
        notice = self._services.add_client.consent_notice(_practice(claim), draft_id)
        self._send(claim, notice.practice_id, notice.slack_user_id, connecting.consent_finished(notice))

    def _client_consent_finished(self, claim: Claim) -> None:
        client_id, colleague_id, authorisation_id = (
            uuid.UUID(claim.args[name]) for name in ("client_id", "colleague_id", "authorisation_id")
        )
        notice = self._services.client_connecting.notice(
            _practice(claim), client_id, colleague_id, authorisation_id, chosen=claim.args["chosen"]
        )
        self._send(claim, notice.practice_id, notice.slack_user_id, client_connecting.consent_finished(notice))

    def _authorisation_ended(self, claim: Claim) -> None:
        notice = self._services.upkeep.ended_notice(_practice(claim), _authorisation(claim), _reader(claim))
        self._tell_holder(claim, notice, connections.authorisation_ended)

    def _authorisation_lapsing(self, claim: Claim) -> None:
        notice = self._services.upkeep.lapsing_notice(_practice(claim), _authorisation(claim), _reader(claim))
        self._tell_holder(claim, notice, connections.authorisation_lapsing)

    def _connections_ended(self, claim: Claim) -> None:
        ended = [uuid.UUID(each) for each in claim.args["connection_ids"]]
        notice = self._services.upkeep.connections_ended_notice(
            _practice(claim), _authorisation(claim), ended, _reader(claim)
        )
        self._tell_holder(claim, notice, connections.connections_ended)

    def _tell_holder(self, claim: Claim, notice: UpkeepNotice | None, card: Callable[[UpkeepNotice], Message]) -> None:
        """Nothing when what was found is no longer so."""
        if notice is not None:
            self._send(claim, notice.practice_id, notice.slack_user_id, card(notice))

    def _about_invitation(self, name: str, card: Callable[[InvitationNotice], Message | None]) -> Kind:
        def run(claim: Claim) -> None:
            notice = self._services.invitations.notice(uuid.UUID(claim.args["invitation_id"]))
            user = self._services.people.slack_user_id(uuid.UUID(claim.args["colleague_id"]))
            self._send(claim, notice.practice_id, user, card(notice))

        return _kind(name, run)

    def _about_rights(self, card: Callable[[RightsNotice], Message]) -> Callable[[Claim], None]:
        def run(claim: Claim) -> None:
            colleague_id, by = uuid.UUID(claim.args["colleague_id"]), uuid.UUID(claim.args["by"])
            notice = self._services.colleagues.notice(_practice(claim), colleague_id, by)
            if notice is not None:
                self._send(claim, notice.practice_id, notice.slack_user_id, card(notice))

        return run

    def _sync_progress(self, claim: Claim) -> None:
        """One message, edited as the sync goes on. It is asked again until the last edit shows how the sync ended."""
        practice_id, run_id = _practice(claim), uuid.UUID(claim.args["run_id"])
        shown = False
        while not shown:
            run = self._services.client_sync.progress(practice_id, run_id)
            if not self._edit(practice_id, run):
                place = self._send(claim, practice_id, run.slack_user_id, progress.message(run))
                if place is not None:
                    self._services.client_sync.keep_place(practice_id, run_id, place)
            shown = self._services.client_sync.progress_shown(claim, run_id, run)

    def _edit(self, practice_id: uuid.UUID, run: RunView) -> bool:
        """False when there is no message to edit and the person is to get one. Whoever has deleted it while the sync
        runs wants to hear the end only."""
        if run.place is None:
            return False
        channel, ts = run.place
        with self._asking(practice_id) as client:
            try:
                client.chat_update(channel=channel, ts=ts, **progress.message(run))
            except SlackApiError as error:
                if error.response["error"] not in _NOT_TO_BE_EDITED:
                    raise
                return run.state is not SyncState.FINISHED
        return True

    def _sync_arrived(self, claim: Claim) -> None:
        user = self._services.people.slack_user_id(uuid.UUID(claim.args["colleague_id"]))
        self._send(claim, _practice(claim), user, results.arrived(Goal(claim.args["goal"])))

    def _invitations_sent(self, claim: Claim) -> None:
        done = self._services.bulk_inviting.report(_practice(claim), claim.args)
        self._send(claim, done.practice_id, done.slack_user_id, invitation_list.report(done))

    def _reminders(self, claim: Claim) -> None:
        digest = self._services.reminders.digest(claim)
        if digest is None:
            return
        self._send(claim, digest.practice_id, digest.slack_user_id, reminders.digest(digest) if digest.lines else None)
        self._services.reminders.told(claim)

    def _send(self, claim: Claim, practice_id: uuid.UUID, user_id: str, message: Message | None) -> Place | None:
        """Where the message is now. Without one, nothing is sent: only what an earlier try has sent is looked for."""
        metadata = {"event_type": _METADATA, "event_payload": {"key": claim.key}}
        with self._asking(practice_id) as client:
            # The answer to an earlier try may have been lost after Slack took the message.
            if claim.attempt > 1 and (place := _find_sent(client, user_id, claim.key)) is not None:
                return place
            if message is None:
                return None
            posted = client.chat_postMessage(channel=user_id, metadata=metadata, **message)
            return Place(channel=str(posted["channel"]), ts=str(posted["ts"]))

    @contextmanager
    def _asking(self, practice_id: uuid.UUID) -> Iterator[SlackClient]:
        """The practice's Slack; what it refuses is turned into what becomes of the job."""
        workspace = self._services.workspaces.workspace(practice_id)
        if workspace is None:
            raise GiveUp("The workspace has uninstalled the app")
        token = self._single_token or workspace.bot_token
        try:
            yield self._transport.client(token)
        except SlackApiError as error:
            if error.response["error"] in _LOST:
                self._services.workspaces.token_refused(practice_id, token)
            raise _what_now(error) from error
        except UploadError as error:
            raise Retry(f"Slack: {error}") from error


def _kind(name: str, run: Callable[[Claim], None], **how: Any) -> Kind:
    def guarded(claim: Claim) -> None:
        try:
            run(claim)
        except ServiceError as refusal:
            raise GiveUp(refusal.message) from refusal

    return Kind(name=name, lane=Lane.SLACK, run=guarded, **how)


def _practice(claim: Claim) -> uuid.UUID:
    if claim.practice_id is None:
        raise GiveUp("The job names no practice")
    return claim.practice_id


def _authorisation(claim: Claim) -> uuid.UUID:
    return uuid.UUID(claim.args["authorisation_id"])


def _reader(claim: Claim) -> uuid.UUID | None:
    """Whoever is told in place of the holder."""
    reader = claim.args.get("reader_id")
    return uuid.UUID(reader) if reader else None


def _find_sent(client: WebClient, user_id: str, key: str) -> Place | None:
    channel: dict[str, Any] = client.conversations_open(users=user_id)["channel"]
    history = client.conversations_history(channel=channel["id"], limit=_LOOKED_BACK, include_all_metadata=True)
    messages: list[dict[str, Any]] = history["messages"]
    for message in messages:
        if message.get("metadata", {}).get("event_payload", {}).get("key") == key:
            return Place(channel=str(channel["id"]), ts=str(message["ts"]))
    return None


def _what_now(error: SlackApiError) -> Exception:
    """Waits as long as Slack says; gives up where asking again can't help; else the usual back-off."""
    code = str(error.response["error"])
    if (seconds := retry_after(error)) is not None:
        return Retry("Slack's rate limit", after=timedelta(seconds=seconds))
    return GiveUp(f"Slack: {code}") if code in _UNREACHABLE else Retry(f"Slack: {code}")
