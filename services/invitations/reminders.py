"""Reminders of invitations: chosen by the clock when they fall due, told as one message to each person a morning."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, cast, func, select, update
from sqlalchemy.orm import Session

from db.insert import insert_absent
from db.models import (
    LIVE,
    Client,
    ClientUser,
    Colleague,
    Invitation,
    InvitationStatus,
    Lane,
    Practice,
    Reminder,
    ReminderStage,
    Source,
)
from db.session import Database
from services import audit, jobs
from services.actor import Actor
from services.clients.visibility import get_client, seen_by
from services.errors import ConflictError, NotFoundError
from services.invitations.rows import answerable
from services.invitations.schedule import NUDGED_AFTER, Rhythm, Snooze, next_reminder, snoozed_until, stage_now
from services.jobs import Claim, NewJob
from services.practice import get_colleague
from services.zones import zone

DIGEST = "slack.reminders"
NUDGE = "invitation.nudge"
GATHERED = timedelta(seconds=20)
"""So long a message waits for others of the same morning."""
SHOWN = 10
"""As many invitations as a message holds with their buttons."""

_AT_ONCE = 500
_OVER = (InvitationStatus.ACCEPTED, InvitationStatus.REVOKED, InvitationStatus.SUPERSEDED)
_NUDGED = (InvitationStatus.SENT, InvitationStatus.OPENED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderLine:
    invitation_id: uuid.UUID
    client_id: uuid.UUID
    client_name: str
    person_name: str
    email: str
    status: InvitationStatus
    failure: str | None
    expires_at: datetime
    expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What one person is told of at once: `lines` are the first of those that still matter, `more` how many others
    do."""

    practice_id: uuid.UUID
    slack_user_id: str
    lines: tuple[ReminderLine, ...]
    more: int


@dataclass(frozen=True, slots=True)
class _Due:
    invitation: Invitation
    inviter: Colleague
    practice: Practice
    manager_id: uuid.UUID | None


class ReminderService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def sweep(self) -> int:
        """Puts what is due into messages and moves each invitation on to its next reminder; says how many were due. For
        the clock, in any number of processes."""
        swept = 0
        while True:
            with self._database.begin() as session:
                count = self._sweep_some(session)
            swept += count
            if count < _AT_ONCE:
                return swept + self._nudge()

    def digest(self, claim: Claim) -> Digest | None:
        """What the job's message tells of now; None when that is nothing. Read just before it is sent: what was
        accepted, revoked or replaced since it fell due is left out. Another try settles the same reminders: what fell
        due since then is not in a message that the first try may have sent."""
        colleague_id = uuid.UUID(claim.args["colleague_id"])
        with self._database.begin() as session:
            colleague = session.scalar(
                select(Colleague).where(Colleague.id == colleague_id, Colleague.practice_id == claim.practice_id)
            )
            if not (reminders := _held_by(session, claim)):
                _change(session, claim, None, message=claim.key)
                reminders = _held_by(session, claim)
            if colleague is None or not reminders:
                return None
            lines = _lines(session, colleague, reminders, self._database.now()) if colleague.active else []
            return Digest(
                practice_id=colleague.practice_id,
                slack_user_id=colleague.slack_user_id,
                lines=tuple(lines[:SHOWN]),
                more=max(len(lines) - SHOWN, 0),
            )

    def told(self, claim: Claim) -> None:
        """Ends the job of a message that is out, or that had nothing to say."""
        with self._database.begin() as session:
            jobs.finish(session, claim)
            _change(session, claim, claim.key, told_at=self._database.now())

    def gave_up(self, session: Session, claim: Claim, _error: str) -> None:
        """For the transaction that marks the job failed: what it held is in the message of the next morning."""
        _change(session, claim, claim.key, message=None)

    def snooze(self, actor: Actor, invitation_id: uuid.UUID, snooze: Snooze) -> datetime:
        """When the actor hears of it again. Raises NotFoundError, ConflictError when the invitation is over."""
        with self._database.begin() as session:
            colleague = get_colleague(session, actor)
            invitation = _open_invitation(session, colleague, invitation_id)
            practice = session.get_one(Practice, actor.practice_id)
            again = snoozed_until(rhythm_of(practice, colleague), snooze, self._database.now())
            before = invitation.next_reminder_at
            invitation.next_reminder_at, invitation.next_stage = again, ReminderStage.SNOOZED
            invitation.reminders_stopped = False
            audit.record(
                session,
                actor,
                "invitation.snoozed",
                invitation.id,
                at=self._database.now(),
                before={"next_reminder_at": before and before.isoformat()},
                after={"next_reminder_at": again.isoformat()},
            )
            return again

    def stop(self, actor: Actor, invitation_id: uuid.UUID) -> None:
        """No more reminders of it. Raises NotFoundError, ConflictError when the invitation is over."""
        with self._database.begin() as session:
            invitation = _open_invitation(session, get_colleague(session, actor), invitation_id)
            if invitation.reminders_stopped:
                return
            invitation.reminders_stopped = True
            invitation.next_reminder_at = invitation.next_stage = None
            audit.record(session, actor, "invitation.reminders_stopped", invitation.id, at=self._database.now())

    def zone_changed(self, slack_key: str, slack_user_id: str, timezone: str) -> None:
        """The colleague's mornings are elsewhere from now on, and their reminders follow."""
        with self._database.begin() as session:
            colleague = session.scalar(
                select(Colleague)
                .join(Practice, Practice.id == Colleague.practice_id)
                .where(Practice.slack_key == slack_key, Colleague.slack_user_id == slack_user_id)
                .with_for_update(of=Colleague)
            )
            if colleague is None or colleague.timezone == timezone:
                return
            before, colleague.timezone = colleague.timezone, timezone
            now = self._database.now()
            audit.record_without_colleague(
                session,
                colleague.practice_id,
                Source.SLACK,
                "colleague.zone_changed",
                colleague.id,
                at=now,
                before={"timezone": before},
                after={"timezone": timezone},
            )
            session.flush()
            reschedule(session, colleague.practice_id, now, inviter_id=colleague.id)

    def _sweep_some(self, session: Session) -> int:
        now = self._database.time(session)
        due = _due(session, now)
        rows, told = [], set()
        for each in due:
            recipients = _recipients(session, each) if _is_wanted(each, now) else ()
            for colleague_id in recipients:
                rows.append(
                    {
                        "practice_id": each.practice.id,
                        "invitation_id": each.invitation.id,
                        "colleague_id": colleague_id,
                        "stage": each.invitation.next_stage,
                        "due_at": each.invitation.next_reminder_at,
                    }
                )
                told.add((each.practice.id, colleague_id))
            schedule(each.invitation, rhythm_of(each.practice, each.inviter), now)
        if rows:
            session.execute(insert_absent(session, Reminder), rows)
            _put_digests(session, told, now)
        return len(due)

    def _nudge(self) -> int:
        """Reminds clients themselves, by e-mail, of what they have not accepted."""
        nudged = 0
        while True:
            with self._database.begin() as session:
                count = self._nudge_some(session)
            nudged += count
            if count < _AT_ONCE:
                return nudged

    def _nudge_some(self, session: Session) -> int:
        now = self._database.time(session)
        rows = session.execute(
            select(Invitation, Practice)
            .join(Practice, Practice.id == Invitation.practice_id)
            .where(Invitation.next_nudge_at <= now)
            .order_by(Invitation.next_nudge_at, Invitation.id)
            .limit(_AT_ONCE)
            .with_for_update(of=Invitation, skip_locked=True)
        ).all()
        for invitation, practice in rows:
            number = invitation.nudges + 1
            wanted = practice.nudges_clients and practice.uninstalled_at is None
            if wanted and invitation.status in _NUDGED and now < invitation.expires_at:
                jobs.put(
                    session,
                    NewJob(
                        lane=Lane.MAIL,
                        kind=NUDGE,
                        key=f"{NUDGE}:{invitation.id}:{number}",
                        practice_id=practice.id,
                        args={"invitation_id": str(invitation.id)},
                    ),
                )
            invitation.nudges = number
            later = [invitation.created_at + each for each in NUDGED_AFTER if invitation.created_at + each > now]
            invitation.next_nudge_at = later[0] if later and invitation.status in LIVE else None
        return len(rows)


def rhythm_of(practice: Practice, colleague: Colleague) -> Rhythm:
    return Rhythm(tuple(practice.reminder_days), practice.reminder_hour, zone(colleague.timezone))


def schedule(invitation: Invitation, rhythm: Rhythm, now: datetime) -> None:
    """Sets when the invitation is reminded of next, after `now`."""
    found = next_reminder(rhythm, invitation.created_at, invitation.expires_at, after=now)
    if found is None or invitation.reminders_stopped or invitation.status in _OVER:
        invitation.next_reminder_at = invitation.next_stage = None
    else:
        invitation.next_reminder_at, invitation.next_stage = found


def reschedule(session: Session, practice_id: uuid.UUID, now: datetime, *, inviter_id: uuid.UUID | None = None) -> None:
    """After a change of what mornings are. What was snoozed stays where it is."""
    query = (
        select(Invitation, Colleague, Practice)
        .join(Colleague, Colleague.id == Invitation.inviter_id)
        .join(Practice, Practice.id == Invitation.practice_id)
        .where(
            Invitation.practice_id == practice_id,
            Invitation.next_reminder_at.is_not(None),
            Invitation.next_stage != ReminderStage.SNOOZED,
        )
        .with_for_update(of=Invitation)
    )
    if inviter_id is not None:
        query = query.where(Invitation.inviter_id == inviter_id)
    for invitation, inviter, practice in session.execute(query):
        schedule(invitation, rhythm_of(practice, inviter), now)


def _due(session: Session, now: datetime) -> list[_Due]:
    rows = session.execute(
        select(Invitation, Colleague, Practice, Client.account_manager_id)
        .join(Colleague, Colleague.id == Invitation.inviter_id)
        .join(Practice, Practice.id == Invitation.practice_id)
        .join(Client, Client.id == Invitation.client_id)
        .where(Invitation.next_reminder_at <= now)
        .order_by(Invitation.next_reminder_at, Invitation.id)
        .limit(_AT_ONCE)
        .with_for_update(of=Invitation, skip_locked=True)
    )
    return [_Due(*row) for row in rows]


def _is_wanted(each: _Due, now: datetime) -> bool:
    invitation, practice = each.invitation, each.practice
    if not practice.reminds or practice.uninstalled_at is not None or invitation.reminders_stopped:
        return False
    if invitation.status in _OVER:
        return False
    if invitation.next_stage is ReminderStage.SNOOZED:
        return True
    rhythm = rhythm_of(practice, each.inviter)
    return stage_now(rhythm, invitation.created_at, invitation.expires_at, now) is not None


def _recipients(session: Session, each: _Due) -> Sequence[uuid.UUID]:
    if each.inviter.active and not each.inviter.reminded:
        return ()
    return answerable(session, each.inviter, each.manager_id, Colleague.reminded)


def _put_digests(session: Session, told: Collection[tuple[uuid.UUID, uuid.UUID]], now: datetime) -> None:
    """One message for each person who has something to hear: named after the first thing and the day, so that what
    comes in the same moment joins it, and what a failed message held is in that of the next morning."""
    of = {colleague_id: practice_id for practice_id, colleague_id in told}
    first = session.execute(
        select(Reminder.colleague_id, func.min(cast(Reminder.id, String)))
        .where(Reminder.colleague_id.in_(of), Reminder.told_at.is_(None), Reminder.message.is_(None))
        .group_by(Reminder.colleague_id)
    )
    jobs.put(
        session,
        *(
            NewJob(
                lane=Lane.SLACK,
                kind=DIGEST,
                key=f"{DIGEST}:{colleague_id}:{reminder}:{now:%Y-%m-%d}",
                practice_id=of[colleague_id],
                args={"colleague_id": str(colleague_id)},
                pace=f"slack:{colleague_id}",
                due=now + GATHERED,
            )
            for colleague_id, reminder in first
        ),
    )


def _held_by(session: Session, claim: Claim) -> Sequence[Reminder]:
    return session.scalars(select(Reminder).where(_untold(claim, claim.key)).order_by(Reminder.id)).all()


def _change(session: Session, claim: Claim, message_now: str | None, **values: object) -> None:
    session.execute(
        update(Reminder).where(_untold(claim, message_now)).values(**values),
        execution_options={"synchronize_session": False},
    )


def _untold(claim: Claim, message: str | None) -> ColumnElement[bool]:
    """What the job's person has not been told of, in this message or, without one, in none."""
    return and_(
        Reminder.colleague_id == uuid.UUID(claim.args["colleague_id"]),
        Reminder.told_at.is_(None),
        Reminder.message.is_not_distinct_from(message),
    )


def _lines(session: Session, colleague: Colleague, reminders: Sequence[Reminder], now: datetime) -> list[ReminderLine]:
    wanted = list(dict.fromkeys(row.invitation_id for row in reminders))
    found: dict[uuid.UUID, ReminderLine] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        rows = session.execute(
            select(Invitation, Client, ClientUser)
            .join(Client, Client.id == Invitation.client_id)
            .join(ClientUser, ClientUser.id == Invitation.client_user_id)
            .where(
                Invitation.id.in_(wanted[start : start + _AT_ONCE]),
                Invitation.status.not_in(_OVER),
                Invitation.reminders_stopped.is_(False),
                Client.deactivated_at.is_(None),
                seen_by(colleague),
            )
        )
        for invitation, client, user in rows:
            found[invitation.id] = ReminderLine(
                invitation_id=invitation.id,
                client_id=client.id,
                client_name=client.name,
                person_name=user.name,
                email=invitation.email,
                status=invitation.status,
                failure=invitation.failure,
                expires_at=invitation.expires_at,
                expired=now >= invitation.expires_at,
            )
    return [found[each] for each in wanted if each in found]


def _open_invitation(session: Session, colleague: Colleague, invitation_id: uuid.UUID) -> Invitation:
    invitation = session.scalar(
        select(Invitation)
        .where(Invitation.id == invitation_id, Invitation.practice_id == colleague.practice_id)
        .with_for_update()
    )
    if invitation is None:
        raise NotFoundError("This invitation is not there any more.")
    get_client(session, colleague, invitation.client_id)
    if invitation.status in _OVER:
        raise ConflictError(f"This invitation was {invitation.status} meanwhile, so nobody is reminded of it any more.")
    return invitation
