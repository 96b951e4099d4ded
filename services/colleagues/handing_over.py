"""Moving what rests on a colleague who left to one who stays."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, delete, select, update
from sqlalchemy.orm import Session

from db.insert import insert_absent
from db.models import Client, ClientAccess, Colleague, Invitation, Team, TeamMember
from services import audit, policy
from services.actor import Actor
from services.clients.visibility import seen_by
from services.colleagues.access import Grantee, Receiver, grant, make_manager
from services.colleagues.choosing import Skip, Skipped, active_only, locked
from services.colleagues.holdings import NAMED, NOT_ACCEPTED, Some, granted_to, teams_alone
from services.invitations.reminders import reschedule


class Part(StrEnum):
    """What can be handed over. INVITATIONS: whoever hears about them."""

    ACCESS = "access"
    MANAGED = "managed"
    INVITATIONS = "invitations"
    TEAMS = "teams"


CHOSEN = (Part.ACCESS, Part.MANAGED, Part.INVITATIONS)
"""The parts that are chosen. Teams in which nobody else is left go with the access."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a colleague has done about somebody who left. `by` is None where Slack told of it."""

    by: str | None
    to: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What has moved, by part; every other client of the parts is in `skipped`. `earlier` is when somebody handed
    over before."""

    leaver: str
    receiver: str
    moved: Mapping[Part, Some]
    skipped: Mapping[Skip, tuple[str, ...]]
    earlier: Step | None = None

    @property
    def changed(self) -> bool:
        """Access that the receiver has anyway is taken from the leaver, too."""
        return bool(self.moved) or not _HAS_ANYWAY.isdisjoint(self.skipped)

    @property
    def found_nothing(self) -> bool:
        return not (self.moved or self.skipped)


_HAS_ANYWAY = frozenset({Skip.SEES_ALL, Skip.HAS_ALREADY, Skip.BY_TEAM})


def move(
    session: Session,
    actor: Actor,
    leaver: Colleague,
    receiver: Colleague,
    parts: Collection[Part],
    now: datetime,
) -> HandedOver:
    """Both are locked. What is left out stays with the leaver, except what the receiver has anyway."""
    to = Receiver(Grantee(receiver.id), receiver.name, policy.sees_all_clients(receiver))
    skipped = Skipped()
    moved: dict[Part, Some] = {}
    if Part.ACCESS in parts:
        moved[Part.TEAMS] = _join_teams(session, actor, leaver, to, now)
        moved[Part.ACCESS] = _give_access(session, actor, leaver, to, skipped, now)
    if Part.MANAGED in parts:
        moved[Part.MANAGED] = _give_managed(session, actor, leaver, to, skipped, now)
    if Part.INVITATIONS in parts:
        moved[Part.INVITATIONS] = _give_invitations(session, actor, leaver, receiver, skipped, now)
    return HandedOver(
        leaver=leaver.name,
        receiver=receiver.name,
        moved={part: some for part, some in moved.items() if some.count},
        skipped=skipped.by_reason(),
    )


def _join_teams(session: Session, actor: Actor, leaver: Colleague, to: Receiver, now: datetime) -> Some:
    """Where nobody else is left the receiver takes the leaver's place; every other team goes on without the leaver."""
    alone = [] if to.sees_all else session.scalars(teams_alone(leaver).order_by(Team.name)).all()
    if alone:
        rows = [{"team_id": team.id, "colleague_id": to.grantee.id} for team in alone]
        session.execute(insert_absent(session, TeamMember), rows)
    for team in alone:
        audit.record(session, actor, "team.joined", team.id, at=now, after={"colleague": to.name})
    session.execute(
        delete(TeamMember).where(TeamMember.colleague_id == leaver.id), execution_options={"synchronize_session": False}
    )
    return _some([team.name for team in alone])


def _give_access(
    session: Session, actor: Actor, leaver: Colleague, to: Receiver, skipped: Skipped, now: datetime
) -> Some:
    of_practice = Client.practice_id == leaver.practice_id
    held = select(ClientAccess.client_id).where(granted_to(leaver.id))
    active = active_only(locked(session, and_(of_practice, Client.id.in_(held))), skipped)
    given = grant(session, actor, to, active, skipped, now)
    of_active = select(Client.id).where(of_practice, Client.deactivated_at.is_(None))
    session.execute(
        delete(ClientAccess).where(granted_to(leaver.id), ClientAccess.client_id.in_(of_active)),
        execution_options={"synchronize_session": False},
    )
    for each in active:
        audit.record(session, actor, "client.access_taken", each.id, at=now, before={"colleague": leaver.name})
    return _some([each.name for each in given])


def _give_managed(
    session: Session, actor: Actor, leaver: Colleague, to: Receiver, skipped: Skipped, now: datetime
) -> Some:
    of_practice = Client.practice_id == leaver.practice_id
    active = active_only(locked(session, and_(of_practice, Client.account_manager_id == leaver.id)), skipped)
    given = make_manager(session, actor, to, active, skipped, now)
    return _some([each.name for each in given])


def _give_invitations(
    session: Session, actor: Actor, leaver: Colleague, receiver: Colleague, skipped: Skipped, now: datetime
) -> Some:
    """Whoever can't open the client would hear nothing of it."""
    sees = seen_by(receiver)
    rows = session.execute(
        select(Invitation.id, Client.name, Client.deactivated_at, sees.label("sees"))
        .join(Client, Client.id == Invitation.client_id)
        .where(
            Invitation.practice_id == leaver.practice_id,
            Invitation.inviter_id == leaver.id,
            Invitation.status.in_(NOT_ACCEPTED),
        )
        .order_by(Invitation.id)
        .with_for_update(of=Invitation, key_share=True)
    ).all()
    given = []
    for row in rows:
        if row.deactivated_at is not None:
            skipped.add(Skip.DEACTIVATED, row.name)
        elif not row.sees:
            skipped.add(Skip.CANT_OPEN, row.name)
        else:
            given.append(row)
    if given:
        session.execute(
            update(Invitation).where(Invitation.id.in_([row.id for row in given])).values(inviter_id=receiver.id),
            execution_options={"synchronize_session": False},
        )
        before, after = {"inviter": leaver.name}, {"inviter": receiver.name}
        for row in given:
            audit.record(session, actor, "invitation.passed_on", row.id, at=now, before=before, after=after)
        reschedule(session, leaver.practice_id, now, inviter_id=receiver.id)
    return _some([row.name for row in given])


def _some(names: Sequence[str]) -> Some:
    return Some(names=tuple(names[:NAMED]), more=len(names[NAMED:]))
