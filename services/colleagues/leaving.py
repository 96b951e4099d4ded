"""Colleagues who leave: what ends at once, and what is handed over to somebody who stays."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import AuditEntry, Colleague, Practice, Role, Source
from db.session import Database
from services import audit, policy
from services.actor import Actor
from services.colleagues.handing_over import HandedOver, Part, Step, move
from services.colleagues.holdings import Holdings, holdings_of
from services.colleagues.rights import entry
from services.colleagues.service import find_colleague
from services.colleagues.standing import require_admin_remains
from services.colleagues.telling import tell_admins, update_messages
from services.errors import ConflictError, InvalidError
from services.permissions.cards import close_cards_to
from services.permissions.ending import withdraw_all
from services.practice import get_colleague, lock_practice

LISTED = 100
_LEFT, _HANDED_OVER = "colleague.left", "colleague.handed_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaver:
    """Somebody who leaves or has left. `is_self`: the actor."""

    colleague_id: uuid.UUID
    name: str
    slack_user_id: str
    role: Role
    is_self: bool
    holdings: Holdings


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Somebody to whom things can be handed over."""

    colleague_id: uuid.UUID
    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverCard:
    """What an admin is told of somebody who left, as it is now. `handed_over` is the last time somebody did that."""

    practice_id: uuid.UUID
    reader: str
    leaver: Leaver
    left: Step
    handed_over: Step | None


class HandoverService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def holdings(self, actor: Actor, colleague_id: uuid.UUID) -> Holdings:
        """What rests on a colleague: for those who manage colleagues, and for everybody on themselves."""
        with self._database.read() as session:
            who = get_colleague(session, actor)
            policy.require_active(who)
            colleague = find_colleague(session, actor, colleague_id)
            if colleague.id != who.id:
                policy.require_manage_colleagues(who)
            return holdings_of(session, colleague, self._database.now())

    def leaver(self, actor: Actor, colleague_id: uuid.UUID) -> Leaver:
        """Before somebody is removed. Raises as `remove` does."""
        with self._database.read() as session:
            practice = session.get_one(Practice, actor.practice_id)
            colleague = _removable(session, actor, practice, colleague_id)
            return _leaver(session, actor, colleague, self._database.now())

    def remove(self, actor: Actor, colleague_id: uuid.UUID) -> Leaver:
        """They can do nothing more here, and each admin is told what they hold. Whoever has left already stays so.

        Raises NotFoundError, NotPermittedError, and ConflictError for the last Practice Admin.
        """
        now = self._database.now()
        with self._database.begin() as session:
            practice = lock_practice(session, actor.practice_id)
            colleague = _removable(session, actor, practice, colleague_id, lock=True)
            if colleague.active:
                _leave(session, colleague, now, actor)
            return _leaver(session, actor, colleague, now)

    def deactivated(self, slack_key: str, slack_user_id: str) -> bool:
        """Slack has deactivated a person. False for somebody whom the practice does not know, or who has left."""
        with self._database.read() as session:
            found = session.execute(
                select(Practice.id, Colleague.id)
                .join(Colleague, Colleague.practice_id == Practice.id)
                .where(Practice.slack_key == slack_key, Colleague.slack_user_id == slack_user_id, Colleague.active)
            ).one_or_none()
        if found is None:
            return False
        practice_id, colleague_id = found
        with self._database.begin() as session:
            lock_practice(session, practice_id)
            colleague = session.scalars(
                select(Colleague).where(Colleague.id == colleague_id).with_for_update(key_share=True)
            ).one()
            if not colleague.active:
                return False
            _leave(session, colleague, self._database.now(), None)
            return True

    def card(self, practice_id: uuid.UUID, leaver_id: uuid.UUID, reader_id: uuid.UUID) -> HandOverCard | None:
        """None when it is not for the reader any more, or the colleague is back."""
        with self._database.read() as session:
            colleagues = {
                each.id: each
                for each in session.scalars(
                    select(Colleague).where(
                        Colleague.practice_id == practice_id, Colleague.id.in_([leaver_id, reader_id])
                    )
                )
            }
            leaver, reader = colleagues.get(leaver_id), colleagues.get(reader_id)
            if leaver is None or leaver.active or reader is None or not policy.is_admin(reader):
                return None
            left, handed_over = _steps(session, leaver)
            actor = Actor(practice_id, reader_id)
            return HandOverCard(
                practice_id=practice_id,
                reader=reader.slack_user_id,
                leaver=_leaver(session, actor, leaver, self._database.now()),
                left=left,
                handed_over=handed_over,
            )

    def handing_over(self, actor: Actor, leaver_id: uuid.UUID) -> tuple[Leaver, Step | None]:
        """What can be given to somebody else now, and who was the last to hand something over.

        Raises ConflictError for a colleague who is (again) one.
        """
        with self._database.read() as session:
            policy.require_manage_colleagues(get_colleague(session, actor))
            leaver = find_colleague(session, actor, leaver_id)
            _require_gone(leaver)
            return _leaver(session, actor, leaver, self._database.now()), _steps(session, leaver)[1]

    def search_receivers(self, actor: Actor, text: str) -> tuple[Receiver, ...]:
        """Active colleagues, the first by name."""
        query = " ".join(text.split())
        with self._database.read() as session:
            policy.require_manage_colleagues(get_colleague(session, actor))
            found = select(Colleague.id, Colleague.name, Colleague.role).where(
                Colleague.practice_id == actor.practice_id, Colleague.active
            )
            if query:
                found = found.where(Colleague.name.icontains(query, autoescape=True))
            rows = session.execute(found.order_by(Colleague.name, Colleague.id).limit(LISTED))
            return tuple(Receiver(colleague_id=row.id, name=row.name, role=row.role) for row in rows)

    def hand_over(
        self, actor: Actor, leaver_id: uuid.UUID, to: uuid.UUID | None, parts: Collection[Part]
    ) -> HandedOver:
        """Gives what the leaver still holds to a colleague; what somebody else has handed over before is not there
        any more. Raises InvalidError at `to` and `parts`, NotFoundError, NotPermittedError, ConflictError."""
        if to is None:
            raise InvalidError({"to": "Choose a colleague."})
        if not parts:
            raise InvalidError({"parts": "Tick at least one."})
        now = self._database.now()
        with self._database.begin() as session:
            policy.require_manage_colleagues(get_colleague(session, actor))
            leaver = find_colleague(session, actor, leaver_id)
            people = {
                each.id: each
                for each in session.scalars(
                    select(Colleague)
                    .where(Colleague.practice_id == actor.practice_id, Colleague.id.in_([leaver_id, to]))
                    .order_by(Colleague.id)
                    .with_for_update(key_share=True),
                    execution_options={"populate_existing": True},
                )
            }
            _require_gone(leaver)
            receiver = people.get(to)
            if receiver is None or not receiver.active:
                raise InvalidError({"to": "This person is no longer a colleague. Choose somebody else."})
            earlier = _steps(session, leaver)[1]
            done = replace(move(session, actor, leaver, receiver, parts, now), earlier=earlier)
            if done.changed:
                after: dict[str, Any] = {"to": receiver.name}
                after |= {part: some.count for part, some in done.moved.items()}
                audit.record(session, actor, _HANDED_OVER, leaver.id, at=now, after=after)
                update_messages(session, leaver, now)
            return done


def _removable(
    session: Session, actor: Actor, practice: Practice, colleague_id: uuid.UUID, *, lock: bool = False
) -> Colleague:
    who = get_colleague(session, actor)
    policy.require_manage_colleagues(who)
    colleague = find_colleague(session, actor, colleague_id, lock=lock)
    policy.require_edit_colleague(who, held=colleague.role)
    require_admin_remains(session, practice, colleague)
    return colleague


def _leave(session: Session, colleague: Colleague, now: datetime, actor: Actor | None) -> None:
    """The practice's and the colleague's row are locked. What they hold stays theirs until it is handed over."""
    before = {"active": True, **entry(colleague)}
    colleague.active, colleague.left_at = False, now
    colleague.may_add_clients, colleague.may_add_clients_until, colleague.may_see_insights = False, None, False
    colleague.home_watched_until = None
    after = {"active": False, **entry(colleague)}
    if actor is None:
        audit.record_without_colleague(
            session, colleague.practice_id, Source.SLACK, _LEFT, colleague.id, at=now, before=before, after=after
        )
    else:
        audit.record(session, actor, _LEFT, colleague.id, at=now, before=before, after=after)
    session.flush()
    withdraw_all(session, colleague.id, now, actor=actor)
    close_cards_to(session, colleague.id)
    tell_admins(session, colleague)


def _require_gone(colleague: Colleague) -> None:
    if colleague.active:
        raise ConflictError(
            f"{colleague.name} has not left, so there is nothing to hand over. To give clients, open /clients team."
        )


def _leaver(session: Session, actor: Actor, colleague: Colleague, now: datetime) -> Leaver:
    return Leaver(
        colleague_id=colleague.id,
        name=colleague.name,
        slack_user_id=colleague.slack_user_id,
        role=colleague.role,
        is_self=colleague.id == actor.colleague_id,
        holdings=holdings_of(session, colleague, now),
    )


def _steps(session: Session, leaver: Colleague) -> tuple[Step, Step | None]:
    """Who ended it, and who was the last to hand something over since."""
    rows = session.execute(
        select(AuditEntry.action, AuditEntry.at, AuditEntry.after, Colleague.name)
        .outerjoin(Colleague, Colleague.id == AuditEntry.colleague_id)
        .where(
            AuditEntry.practice_id == leaver.practice_id,
            AuditEntry.subject_id == leaver.id,
            AuditEntry.action.in_([_LEFT, _HANDED_OVER]),
            AuditEntry.at >= leaver.left_at,
        )
        .order_by(AuditEntry.at, AuditEntry.id)
    ).all()
    steps = {row.action: Step(by=row.name, to=(row.after or {}).get("to"), at=row.at) for row in rows}
    left = steps.get(_LEFT) or Step(by=None, to=None, at=leaver.left_at or leaver.created_at)
    return left, steps.get(_HANDED_OVER)
