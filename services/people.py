"""People and their practices, from the first contact on."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Colleague, Practice
from db.session import Database, twice
from services import audit
from services.actor import Actor
from services.clients.names import fold
from services.errors import NotFoundError

LONGEST_DUE_DATE = 365
_T = TypeVar("_T")


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


class PaymentStatus(StrEnum):
    UNPAID = "unpaid"
    PAID = "paid"


class Categorisation(StrEnum):
    BY_SUPPLIER = "by_supplier"
    BY_RULES = "by_rules"
    NONE = "none"


class ClientDefaults(BaseModel):
    """What a new client account starts with; a snapshot is kept with each."""

    model_config = ConfigDict(frozen=True)

    payment_status: PaymentStatus = PaymentStatus.UNPAID
    due_date_days: int = 30
    net_amounts: bool = False
    categorisation: Categorisation = Categorisation.BY_SUPPLIER
    archive_after_publishing: bool = True
    share_images: bool = True


class PeopleService:
    def __init__(self, database: Database, *, first_admin: str | None = None) -> None:
        self._database = database
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
            return None if row is None else standing_of(row[0], row[1], self._first_admin)

    def first_contact(self, slack_key: str, practice_name: str, profile: Profile) -> Standing:
        """Makes the practice and the colleague known, once, however often and from wherever this is called.

        Slack has just answered with the workspace's token, so one that was taken for uninstalled is back.
        """

        def know() -> Standing:
            with self._database.begin() as session:
                practice, colleague = meet(session, slack_key, practice_name, profile, now=self._database.now())
                bring_back(session, practice, colleague, now=self._database.now())
                return standing_of(practice, colleague, self._first_admin)

        return twice(know)

    def slack_user_id(self, colleague_id: uuid.UUID) -> str:
        with self._database.read() as session:
            found = session.scalar(select(Colleague.slack_user_id).where(Colleague.id == colleague_id))
        if found is None:
            raise NotFoundError("This colleague is no longer here.")
        return found


def standing_of(practice: Practice, colleague: Colleague, first_admin: str | None) -> Standing:
    may = colleague.slack_user_id == first_admin if first_admin else colleague.runs_workspace
    return Standing(
        actor=Actor(practice.id, colleague.id),
        set_up=practice.set_up_at is not None,
        may_set_up=practice.set_up_at is None and may,
    )


def meet(
    session: Session, slack_key: str, practice_name: str, profile: Profile, *, now: datetime
) -> tuple[Practice, Colleague]:
    """The practice and the colleague, made now if this is their first contact."""
    practice = session.scalar(select(Practice).where(Practice.slack_key == slack_key).with_for_update(key_share=True))
    if practice is None:
        practice = Practice(
            slack_key=slack_key,
            name=practice_name,
            address=_free_address(session, practice_name),
            client_defaults=ClientDefaults().model_dump(mode="json"),
            created_at=now,
        )
        session.add(practice)
        session.flush()
    colleague = session.scalar(
        select(Colleague).where(Colleague.practice_id == practice.id, Colleague.slack_user_id == profile.slack_user_id)
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


def bring_back(session: Session, practice: Practice, colleague: Colleague, *, now: datetime) -> bool:
    """Whether the practice was taken for uninstalled, which it no longer is."""
    if practice.uninstalled_at is None:
        return False
    before = {"uninstalled_at": practice.uninstalled_at.isoformat()}
    practice.uninstalled_at = None
    actor = Actor(practice.id, colleague.id)
    audit.record(session, actor, "practice.restored", practice.id, at=now, before=before)
    return True


def _free_address(session: Session, name: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:40] or "practice"
    taken = set(session.scalars(select(Practice.address).where(Practice.address.like(f"{base}%"))))
    return next(a for a in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if a not in taken)
