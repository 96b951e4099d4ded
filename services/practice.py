"""Practices and the people who work there: first contact, set-up, what the subscription includes."""

import logging
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import (
    Client,
    ClientUser,
    Colleague,
    Installation,
    Job,
    Login,
    Plan,
    Practice,
    Region,
    Role,
    Source,
    Team,
    TeamMember,
)
from db.session import Database
from services import audit, notices, policy
from services.actor import Actor
from services.clients.names import fold
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from services.keys import Keyring

LARGEST_BUNDLE = 100_000
KEPT_AFTER_UNINSTALL = timedelta(days=30)

_EVENT_TIME = timedelta(seconds=1)  # Slack gives whole seconds
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What Slack says of a person. `timezone` is an IANA name."""

    slack_user_id: str
    name: str
    email: str | None
    timezone: str
    runs_workspace: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a person stands with the app at this moment."""

    actor: Actor
    set_up: bool
    may_set_up: bool


class SetUp(BaseModel):
    """What the set-up form gives."""

    model_config = ConfigDict(frozen=True)

    name: str
    region: Region
    plan: Plan
    bundle: int
    has_dhi: bool


class ClientDefaults(BaseModel):
    """What a new client account starts with; a snapshot is kept with each."""

    model_config = ConfigDict(frozen=True)

    payment_status: str = "unpaid"
    due_date_days: int = 30
    net_amounts: bool = False
    categorisation: str = "by_supplier"
    archive_after_publishing: bool = True
    share_images: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    used: int
    included: int

    @property
    def is_full(self) -> bool:
        return self.used >= self.included


class PracticeService:
    def __init__(
        self, database: Database, keys: Keyring, *, first_admin: str | None = None, billing_url: str | None = None
    ) -> None:
        self._database = database
        self._billing_url = billing_url
        self._keys = keys
        self._first_admin = first_admin

    def find(self, slack_key: str, slack_user_id: str) -> Standing | None:
        """The person's standing, or None before their first contact and after the app was uninstalled."""
        with self._database.read() as session:
            row = session.execute(
                select(Practice, Colleague)
                .join(Colleague, Colleague.practice_id == Practice.id)
                .where(
                    Practice.slack_key == slack_key,
                    Practice.uninstalled_at.is_(None),
                    Colleague.slack_user_id == slack_user_id,
                )
            ).one_or_none()
            return None if row is None else self._standing(row[0], row[1])

    def first_contact(self, slack_key: str, practice_name: str, profile: Profile) -> Standing:
        """Makes the practice and the colleague known, once, however often and from wherever this is called.

        Slack has just answered with the workspace's token, so one that was taken for uninstalled is back.
        """

        def meet() -> Standing:
            with self._database.begin() as session:
                practice, colleague = self._meet(session, slack_key, practice_name, profile)
                self._bring_back(session, practice, colleague)
                return self._standing(practice, colleague)

        return _twice(meet)

    def _meet(
        self, session: Session, slack_key: str, practice_name: str, profile: Profile
    ) -> tuple[Practice, Colleague]:
        now = self._database.now()
        practice = session.scalar(select(Practice).where(Practice.slack_key == slack_key).with_for_update())
        if practice is None:
            practice = Practice(
                slack_key=slack_key,
                name=practice_name,
                address=_free_address(session, practice_name),
                client_defaults=ClientDefaults().model_dump(),
                created_at=now,
            )
            session.add(practice)
            session.flush()
        colleague = session.scalar(
            select(Colleague).where(
                Colleague.practice_id == practice.id, Colleague.slack_user_id == profile.slack_user_id
            )
        )
        if colleague is None:
            colleague = Colleague(
                practice_id=practice.id,
                slack_user_id=profile.slack_user_id,
                name=profile.name,
                email=profile.email,
                timezone=profile.timezone,
                runs_workspace=profile.runs_workspace,
                created_at=now,
            )
            session.add(colleague)
            session.flush()
            audit.record(
                session,
                Actor(practice.id, colleague.id),
                "colleague.met",
                colleague.id,
                at=now,
                after={"name": profile.name, "role": colleague.role},
            )
        return practice, colleague

    def _bring_back(self, session: Session, practice: Practice, colleague: Colleague) -> bool:
        if practice.uninstalled_at is None:
            return False
        before = {"uninstalled_at": practice.uninstalled_at.isoformat()}
        practice.uninstalled_at = None
        actor = Actor(practice.id, colleague.id)
        audit.record(session, actor, "practice.restored", practice.id, at=self._database.now(), before=before)
        return True

    def set_up(self, actor: Actor, form: SetUp) -> None:
        """Sets the practice up and makes the actor its first Practice Admin.

        Raises InvalidError at a field, NotPermittedError, or ConflictError when somebody has set it up already.
        """
        problems = {}
        name = " ".join(form.name.split())
        if not 1 <= len(name) <= 100:
            problems["name"] = "Enter the practice's name, at most 100 characters."
        if not 1 <= form.bundle <= LARGEST_BUNDLE:
            problems["bundle"] = f"Enter a whole number from 1 to {LARGEST_BUNDLE:,}."
        if problems:
            raise InvalidError(problems)
        now = self._database.now()
        with self._database.begin() as session:
            practice = lock_practice(session, actor.practice_id)
            colleague = get_colleague(session, actor)
            if practice.set_up_at is not None:
                raise ConflictError(
                    "Somebody has already set up Clientdesk for this practice. Type /add-client to begin."
                )
            policy.require_set_up(colleague, self._first_admin)
            before = {"role": colleague.role}
            practice.name, practice.region, practice.plan = name, form.region, form.plan
            practice.bundle, practice.has_dhi, practice.set_up_at = form.bundle, form.has_dhi, now
            colleague.role = Role.PRACTICE_ADMIN
            audit.record(
                session,
                actor,
                "practice.set_up",
                practice.id,
                at=now,
                before=before,
                after={**form.model_dump(mode="json"), "name": name, "role": colleague.role},
            )
            notices.tell(
                session,
                "slack.welcome",
                practice.id,
                practice_id=practice.id,
                colleague_id=colleague.id,
                args={"colleague_id": str(colleague.id)},
            )

    def raise_bundle(self, actor: Actor, included: int) -> Bundle:
        """Sets how many client accounts the subscription includes, when that is more than now.

        Raises InvalidError at `bundle`, NotPermittedError.
        """
        with self._database.begin() as session:
            practice = lock_practice(session, actor.practice_id)
            policy.require_change_subscription(get_colleague(session, actor))
            if self._billing_url is not None:
                raise NotPermittedError("The bundle is changed on the billing page.")
            if not practice.bundle < included <= LARGEST_BUNDLE:
                raise InvalidError(
                    {"bundle": f"Enter a whole number from {practice.bundle + 1:,} to {LARGEST_BUNDLE:,}."}
                )
            before, practice.bundle = practice.bundle, included
            audit.record(
                session,
                actor,
                "practice.bundle_raised",
                practice.id,
                at=self._database.now(),
                before={"bundle": before},
                after={"bundle": included},
            )
            return count_bundle(session, practice)

    def installed(
        self, slack_key: str, practice_name: str, *, bot_token: str, bot_user_id: str, scopes: str, installer: Profile
    ) -> Standing:
        """Keeps the token of a workspace that installed the app, or installed it again. The installer may set it up,
        and is told so in Slack."""

        def install() -> Standing:
            with self._database.begin() as session:
                practice, colleague = self._meet(session, slack_key, practice_name, installer)
                is_back = self._bring_back(session, practice, colleague)
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
                return self._standing(practice, colleague)

        return _twice(install)

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

    def name(self, actor: Actor) -> str:
        with self._database.read() as session:
            return session.scalars(select(Practice.name).where(Practice.id == actor.practice_id)).one()

    def may_set_up(self, owners: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        """The Slack ids of those who can set a practice up; `owners` asks Slack for the workspace's own."""
        return (self._first_admin,) if self._first_admin else owners()

    def workspace(self, practice_id: uuid.UUID) -> "Workspace | None":
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

    def install_notice(self, colleague_id: uuid.UUID) -> "InstallNotice":
        """Raises NotFoundError."""
        with self._database.read() as session:
            row = session.execute(
                select(Practice, Colleague)
                .join(Colleague, Colleague.practice_id == Practice.id)
                .where(Colleague.id == colleague_id)
            ).one_or_none()
            if row is None:
                raise NotFoundError("This colleague is no longer here.")
            standing = self._standing(row[0], row[1])
            return InstallNotice(
                practice_id=row[0].id,
                practice_name=row[0].name,
                slack_user_id=row[1].slack_user_id,
                set_up=standing.set_up,
                may_set_up=standing.may_set_up,
                first_admin=self._first_admin,
            )

    def slack_user_id(self, colleague_id: uuid.UUID) -> str:
        with self._database.read() as session:
            found = session.scalar(select(Colleague.slack_user_id).where(Colleague.id == colleague_id))
        if found is None:
            raise NotFoundError("This colleague is no longer here.")
        return found

    def _standing(self, practice: Practice, colleague: Colleague) -> Standing:
        named = self._first_admin
        may = colleague.slack_user_id == named if named else colleague.runs_workspace
        return Standing(
            actor=Actor(practice.id, colleague.id),
            set_up=practice.set_up_at is not None,
            may_set_up=practice.set_up_at is None and may,
        )


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


def lock_practice(session: Session, practice_id: uuid.UUID) -> Practice:
    """The practice's row, locked until the transaction ends."""
    return session.scalars(select(Practice).where(Practice.id == practice_id).with_for_update()).one()


def get_colleague(session: Session, actor: Actor, *, lock: bool = False) -> Colleague:
    """The actor's own row. Raises NotFoundError when it is not of the actor's practice."""
    query = select(Colleague).where(Colleague.id == actor.colleague_id, Colleague.practice_id == actor.practice_id)
    colleague = session.scalar(query.with_for_update() if lock else query)
    if colleague is None:
        raise NotFoundError("You are no longer a colleague at this practice.")
    return colleague


def count_bundle(session: Session, practice: Practice) -> Bundle:
    """Deactivated clients give their place back."""
    used = session.scalar(
        select(func.count()).where(Client.practice_id == practice.id, Client.deactivated_at.is_(None))
    )
    return Bundle(used=used or 0, included=practice.bundle)


def admins(session: Session, practice_id: uuid.UUID, roles: frozenset[Role]) -> tuple[str, ...]:
    """The Slack ids of those who hold one of the roles."""
    return tuple(
        session.scalars(
            select(Colleague.slack_user_id)
            .where(Colleague.practice_id == practice_id, Colleague.active, Colleague.role.in_(roles))
            .order_by(Colleague.name)
        )
    )


def has_grantees(session: Session, practice: Practice, actor: Actor) -> tuple[bool, bool]:
    """Whether there are colleagues, and teams, whom access to a client can be given to."""
    colleagues = session.scalar(
        select(
            exists().where(
                Colleague.practice_id == practice.id,
                Colleague.active,
                Colleague.role == Role.STANDARD,
                Colleague.id != actor.colleague_id,
            )
        )
    )
    if practice.plan is not Plan.ADVANCED:
        return bool(colleagues), False
    teams = session.scalar(select(exists().where(Team.practice_id == practice.id, TeamMember.team_id == Team.id)))
    return bool(colleagues), bool(teams)


def _twice(act: Callable[[], _T]) -> _T:
    """Once more when another process met the same person, or the workspace's first one, at the same moment."""
    try:
        return act()
    except IntegrityError:
        return act()


def _free_address(session: Session, name: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:40] or "practice"
    taken = set(session.scalars(select(Practice.address).where(Practice.address.like(f"{base}%"))))
    return next(a for a in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if a not in taken)
