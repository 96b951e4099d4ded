"""Workspaces that install the app and leave it, and how each is reached."""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import ClientUser, Colleague, Installation, Job, Login, Practice, Source
from db.session import Database, twice
from services import audit, notices
from services.actor import Actor
from services.errors import NotFoundError
from services.keys import Keyring
from services.people import Profile, Standing, bring_back, meet, standing_of

KEPT_AFTER_UNINSTALL = timedelta(days=30)

_EVENT_TIME = timedelta(seconds=1)  # Slack gives whole seconds
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """`bot_token` is None where one token serves the whole installation."""

    practice_id: uuid.UUID
    slack_key: str
    bot_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallNotice:
    """What the installer is told. `first_admin` is the one person who may set up, where the operator named one."""

    practice_id: uuid.UUID
    practice_name: str
    slack_user_id: str
    set_up: bool
    may_set_up: bool
    first_admin: str | None


class WorkspaceService:
    def __init__(self, database: Database, keys: Keyring, *, first_admin: str | None = None) -> None:
        self._database = database
        self._keys = keys
        self._first_admin = first_admin

    def installed(
        self, slack_key: str, practice_name: str, *, bot_token: str, bot_user_id: str, scopes: str, installer: Profile
    ) -> Standing:
        """Keeps the token of a workspace that installed the app, or installed it again. The installer may set it up,
        and is told so in Slack."""

        def install() -> Standing:
            with self._database.begin() as session:
                practice, colleague = meet(session, slack_key, practice_name, installer, now=self._database.now())
                is_back = bring_back(session, practice, colleague, now=self._database.now())
                colleague.runs_workspace = True
                row = session.scalar(select(Installation).where(Installation.practice_id == practice.id))
                is_new = row is None
                if row is None:
                    row = Installation(practice_id=practice.id)
                    session.add(row)
                row.bot_token = self._keys.encrypt(bot_token)
                row.bot_user_id, row.scopes, row.installed_by = bot_user_id, scopes, installer.slack_user_id
                row.installed_at = self._database.now()
                actor = Actor(practice.id, colleague.id)
                audit.record(
                    session,
                    actor,
                    "practice.installed",
                    practice.id,
                    at=row.installed_at,
                    after={"scopes": scopes, "bot_user_id": bot_user_id},
                )
                if is_new or is_back or practice.set_up_at is None:
                    notices.tell(
                        session,
                        "slack.installed",
                        uuid7(),
                        practice_id=practice.id,
                        colleague_id=colleague.id,
                        args={"colleague_id": str(colleague.id)},
                    )
                return standing_of(practice, colleague, self._first_admin)

        return twice(install)

    def uninstalled(self, slack_key: str, *, at: datetime | None = None) -> None:
        """Stops all messages to the workspace. Slack may tell more than once, in any order, and so late that the app
        is installed again: what happened before that, at `at`, counts no more."""
        with self._database.begin() as session:
            practice = session.scalar(select(Practice).where(Practice.slack_key == slack_key).with_for_update())
            if practice is None:
                return
            row = session.scalar(select(Installation).where(Installation.practice_id == practice.id))
            if at is None or row is None or at + _EVENT_TIME > row.installed_at:
                self._end(session, practice)

    def token_refused(self, practice_id: uuid.UUID, bot_token: str | None) -> None:
        """Slack knows the token no more. Counts as uninstalled, unless the workspace has a newer token by now."""
        with self._database.begin() as session:
            practice = session.scalar(select(Practice).where(Practice.id == practice_id).with_for_update())
            row = session.scalar(select(Installation).where(Installation.practice_id == practice_id))
            if practice is not None and (row is None or self._keys.decrypt(row.bot_token) == bot_token):
                self._end(session, practice)

    def _end(self, session: Session, practice: Practice) -> None:
        if practice.uninstalled_at is not None:
            return
        practice.uninstalled_at = self._database.now()
        audit.record_without_colleague(
            session, practice.id, Source.SLACK, "practice.uninstalled", practice.id, at=practice.uninstalled_at
        )

    def purge(self, kept: timedelta = KEPT_AFTER_UNINSTALL) -> int:
        """Deletes all data of the practices that were uninstalled longer ago than `kept`; says how many."""
        last = self._database.now() - kept
        with self._database.read() as session:
            gone = session.scalars(select(Practice.id).where(Practice.uninstalled_at < last)).all()
        return sum(self._purge(practice_id, last) for practice_id in gone)

    def _purge(self, practice_id: uuid.UUID, last: datetime) -> bool:
        with self._database.begin() as session:
            practice = session.scalar(select(Practice).where(Practice.id == practice_id).with_for_update())
            if practice is None or practice.uninstalled_at is None or practice.uninstalled_at >= last:
                return False
            used = select(ClientUser.login_id).where(ClientUser.practice_id == practice_id)
            # Locked, so that nobody begins to use a login elsewhere while it is found to be in use nowhere.
            logins = session.scalars(select(Login.id).where(Login.id.in_(used)).with_for_update()).all()
            session.execute(delete(Job).where(Job.practice_id == practice_id))
            session.execute(delete(Practice).where(Practice.id == practice_id))  # and all that hangs on it
            elsewhere = exists().where(ClientUser.login_id == Login.id)
            session.execute(delete(Login).where(Login.id.in_(logins), ~elsewhere))
        _log.info("Deleted the data of a practice that uninstalled the app", extra={"practice": practice_id})
        return True

    def workspace(self, practice_id: uuid.UUID) -> Workspace | None:
        """How to reach the practice in Slack; None once it uninstalled the app."""
        with self._database.read() as session:
            row = session.execute(
                select(Practice.slack_key, Installation.bot_token)
                .join(Installation, Installation.practice_id == Practice.id, isouter=True)
                .where(Practice.id == practice_id, Practice.uninstalled_at.is_(None))
            ).one_or_none()
        if row is None:
            return None
        token = None if row.bot_token is None else self._keys.decrypt(row.bot_token)
        return Workspace(practice_id=practice_id, slack_key=row.slack_key, bot_token=token)

    def bot_token(self, slack_key: str) -> str | None:
        """For an answer to the workspace's own request, hence even when it is taken for uninstalled: Slack decides."""
        with self._database.read() as session:
            found = session.scalar(
                select(Installation.bot_token)
                .join(Practice, Practice.id == Installation.practice_id)
                .where(Practice.slack_key == slack_key)
            )
        return None if found is None else self._keys.decrypt(found)

    def install_notice(self, colleague_id: uuid.UUID) -> InstallNotice:
        """Raises NotFoundError."""
        with self._database.read() as session:
            row = session.execute(
                select(Practice, Colleague)
                .join(Colleague, Colleague.practice_id == Practice.id)
                .where(Colleague.id == colleague_id)
            ).one_or_none()
            if row is None:
                raise NotFoundError("This colleague is no longer here.")
            standing = standing_of(row[0], row[1], self._first_admin)
            return InstallNotice(
                practice_id=row[0].id,
                practice_name=row[0].name,
                slack_user_id=row[1].slack_user_id,
                set_up=standing.set_up,
                may_set_up=standing.may_set_up,
                first_admin=self._first_admin,
            )
