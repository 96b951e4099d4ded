"""Practices: set-up, and what the subscription includes."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from db.models import (
    Client,
    Colleague,
    Plan,
    Practice,
    Region,
    Role,
    Team,
    TeamMember,
)
from db.session import Database
from services import audit, notices, policy
from services.actor import Actor
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError

LARGEST_BUNDLE = 100_000


class SetUp(BaseModel):
    """What the set-up form gives."""

    model_config = ConfigDict(frozen=True)

    name: str
    region: Region
    plan: Plan
    bundle: int
    has_dhi: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    used: int
    included: int

    @property
    def is_full(self) -> bool:
        return self.used >= self.included


class PracticeService:
    def __init__(self, database: Database, *, first_admin: str | None = None, billing_url: str | None = None) -> None:
        self._database = database
        self._billing_url = billing_url
        self._first_admin = first_admin

    def set_up(self, actor: Actor, form: SetUp) -> None:
        """Sets the practice up and makes the actor its first Practice Admin.

        Raises InvalidError at a field, NotPermittedError, or ConflictError when somebody has set it up already.
        """
        problems: dict[str, str] = {}
        try:
            name = clean_name(form.name)
        except InvalidError as invalid:
            name, problems = "", dict(invalid.fields)
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
            raise_bundle_to(session, actor, practice, included, self._database.now())
            return count_bundle(session, practice)

    def name(self, actor: Actor) -> str:
        with self._database.read() as session:
            policy.require_active(get_colleague(session, actor))
            return session.scalars(select(Practice.name).where(Practice.id == actor.practice_id)).one()

    def may_set_up(self, owners: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        """The Slack ids of those who can set a practice up; `owners` asks Slack for the workspace's own."""
        return (self._first_admin,) if self._first_admin else owners()


def clean_name(text: str) -> str:
    """A practice's name as it is kept. Raises InvalidError at `name`."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= 100:
        raise InvalidError({"name": "Enter the practice's name, at most 100 characters."})
    return name


def raise_bundle_to(session: Session, actor: Actor, practice: Practice, included: int, now: datetime) -> None:
    """The practice's row is locked, and the actor may change the subscription."""
    before, practice.bundle = practice.bundle, included
    audit.record(
        session,
        actor,
        "practice.bundle_raised",
        practice.id,
        at=now,
        before={"bundle": before},
        after={"bundle": included},
    )


def lock_practice(session: Session, practice_id: uuid.UUID) -> Practice:
    """The practice's row, locked until the transaction ends.

    Rows that refer to it can still be added by others: nearly every transaction writes some, and one that waits for
    this lock while it holds another could wait for ever.
    """
    return session.scalars(select(Practice).where(Practice.id == practice_id).with_for_update(key_share=True)).one()


def get_colleague(session: Session, actor: Actor, *, lock: bool = False) -> Colleague:
    """The actor's own row. Raises NotFoundError when it is not of the actor's practice."""
    query = select(Colleague).where(Colleague.id == actor.colleague_id, Colleague.practice_id == actor.practice_id)
    colleague = session.scalar(query.with_for_update(key_share=True) if lock else query)
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
