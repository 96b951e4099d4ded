"""Giving many clients at once to a colleague or a team, and taking them back, with a word on each that was left out."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from db.insert import insert_absent
from db.models import Client, ClientAccess, Colleague, Plan, Practice, Team, TeamMember
from db.session import Database
from services import audit, policy
from services.actor import Actor
from services.colleagues.choosing import Chosen, Found, Skip, Skipped, active_only, lines_of, resolve
from services.colleagues.holdings import lasting
from services.errors import ConflictError, NotFoundError
from services.practice import get_colleague

LISTED = 100
"""As many options as a Slack select can show, and as many clients as can be chosen in one."""

NO_ADVANCED = "Teams and account managers come with the Advanced plan. A Practice Admin can change the plan."


class Giving(StrEnum):
    """What is done. MANAGER: they become account manager, which includes access. TAKE_BACK ends both."""

    ACCESS = "access"
    MANAGER = "manager"
    TAKE_BACK = "take_back"


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who is given clients: a colleague, or a team."""

    id: uuid.UUID
    is_team: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GivingForm:
    """`sees_all`: an admin, who can open every client anyway."""

    grantee: Grantee
    name: str
    sees_all: bool
    offered: tuple[Giving, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivingReport:
    """`done` are the names of the clients that were given or taken back; every other one is in `skipped`."""

    grantee: Grantee
    name: str
    giving: Giving
    done: tuple[str, ...]
    skipped: Mapping[Skip, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Receiver:
    """A grantee as they were when their row was locked."""

    grantee: Grantee
    name: str
    sees_all: bool


class AccessService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def form(self, actor: Actor, grantee: Grantee) -> GivingForm:
        """Raises NotFoundError, NotPermittedError, ConflictError for a colleague who left or a team without plan."""
        with self._database.read() as session:
            policy.require_manage_colleagues(get_colleague(session, actor))
            plan = _plan(session, actor)
            receiver = _receiver(session, actor, grantee, plan)
            managers = not grantee.is_team and plan is Plan.ADVANCED
            offered = []
            if not receiver.sees_all:
                offered.append(Giving.ACCESS)
            if managers:
                offered.append(Giving.MANAGER)
            if offered:
                offered.append(Giving.TAKE_BACK)
            return GivingForm(grantee=grantee, name=receiver.name, sees_all=receiver.sees_all, offered=tuple(offered))

    def change(self, actor: Actor, grantee: Grantee, giving: Giving, chosen: Chosen) -> GivingReport:
        """All at once, and again without effect. Raises InvalidError at a field, NotFoundError, NotPermittedError,
        ConflictError for a colleague who left, and for teams and account managers without the plan."""
        lines = lines_of(chosen)
        now = self._database.now()
        with self._database.begin() as session:
            giver = get_colleague(session, actor)
            policy.require_manage_colleagues(giver)
            plan = _plan(session, actor)
            receiver = _receiver(session, actor, grantee, plan, lock=True)
            if giving is Giving.MANAGER and (grantee.is_team or plan is not Plan.ADVANCED):
                raise ConflictError(NO_ADVANCED)
            skipped = Skipped()
            found = resolve(session, giver, chosen.clients, lines, skipped)
            if giving is Giving.TAKE_BACK:
                done = _take_back(session, actor, receiver, found, skipped, now)
            else:
                done = _give(session, actor, receiver, found, skipped, now, manager=giving is Giving.MANAGER)
            return GivingReport(
                grantee=grantee,
                name=receiver.name,
                giving=giving,
                done=tuple(each.name for each in done),
                skipped=skipped.by_reason(),
            )


def grant(
    session: Session, actor: Actor, receiver: Receiver, clients: Sequence[Found], skipped: Skipped, now: datetime
) -> list[Found]:
    """Access for good to those of the clients that the receiver can't open, or for a time only. Gives back which."""
    grantee = receiver.grantee
    if receiver.sees_all:
        for each in clients:
            skipped.add(Skip.SEES_ALL, each.name)
        return []
    directly, by_team = opened(session, grantee, [each.id for each in clients], now)
    given = []
    for each in clients:
        if each.id in directly and directly[each.id] is None:
            skipped.add(Skip.HAS_ALREADY, each.name)
        elif each.id in by_team:
            skipped.add(Skip.BY_TEAM, each.name)
        else:
            given.append(each)
    if ending := [each.id for each in given if each.id in directly]:
        session.execute(
            update(ClientAccess).where(_of(grantee), ClientAccess.client_id.in_(ending)).values(until=None),
            execution_options={"synchronize_session": False},
        )
    column = "team_id" if grantee.is_team else "colleague_id"
    if rows := [{"client_id": each.id, column: grantee.id} for each in given if each.id not in directly]:
        session.execute(insert_absent(session, ClientAccess), rows)
    for each in given:
        audit.record(session, actor, "client.access_given", each.id, at=now, after=_named(receiver))
    return given


def opened(
    session: Session, grantee: Grantee, clients: Collection[uuid.UUID], now: datetime
) -> tuple[dict[uuid.UUID, datetime | None], set[uuid.UUID]]:
    """Which of the clients are given to the grantee, with the end of that, and which to one of a colleague's teams."""
    rows = session.execute(
        select(ClientAccess.client_id, ClientAccess.until).where(_of(grantee), ClientAccess.client_id.in_(clients))
    )
    directly = {row.client_id: row.until for row in rows}
    if grantee.is_team:
        return directly, set()
    teams = select(TeamMember.team_id).where(TeamMember.colleague_id == grantee.id)
    by_team = session.scalars(
        select(ClientAccess.client_id).where(
            ClientAccess.team_id.in_(teams), ClientAccess.client_id.in_(clients), lasting(now)
        )
    )
    return directly, set(by_team)


def make_manager(
    session: Session, actor: Actor, receiver: Receiver, clients: Sequence[Found], skipped: Skipped, now: datetime
) -> list[Found]:
    """Of clients that others, or nobody, managed until now. An account manager can open them."""
    given = []
    for each in clients:
        if each.manager_id == receiver.grantee.id:
            skipped.add(Skip.MANAGES_ALREADY, each.name)
        else:
            given.append(each)
    _set_manager(session, actor, given, receiver, now)
    grant(session, actor, receiver, clients, Skipped(), now)
    return given


def _plan(session: Session, actor: Actor) -> Plan:
    return session.scalars(select(Practice.plan).where(Practice.id == actor.practice_id)).one()


def _receiver(session: Session, actor: Actor, grantee: Grantee, plan: Plan, *, lock: bool = False) -> Receiver:
    """With `lock`, what is given to one happens one after the other."""
    if grantee.is_team:
        teams = select(Team).where(Team.id == grantee.id, Team.practice_id == actor.practice_id)
        team = session.scalar(teams.with_for_update(key_share=True) if lock else teams)
        if team is None:
            raise NotFoundError("This team is no longer there.")
        if plan is not Plan.ADVANCED:
            raise ConflictError(NO_ADVANCED)
        return Receiver(grantee, team.name, sees_all=False)
    people = select(Colleague).where(Colleague.id == grantee.id, Colleague.practice_id == actor.practice_id)
    query = people.with_for_update(key_share=True) if lock else people
    # The giver may be the same person, whose row was read before.
    colleague = session.scalar(query, execution_options={"populate_existing": lock})
    if colleague is None:
        raise NotFoundError("There is no such colleague at your practice.")
    if not colleague.active:
        raise ConflictError(f"{colleague.name} is no longer a colleague, so they can't be given clients.")
    return Receiver(grantee, colleague.name, policy.sees_all_clients(colleague))


def _give(
    session: Session,
    actor: Actor,
    receiver: Receiver,
    clients: Sequence[Found],
    skipped: Skipped,
    now: datetime,
    *,
    manager: bool,
) -> list[Found]:
    wanted = active_only(clients, skipped)
    return (make_manager if manager else grant)(session, actor, receiver, wanted, skipped, now)


def _take_back(
    session: Session, actor: Actor, receiver: Receiver, clients: Sequence[Found], skipped: Skipped, now: datetime
) -> list[Found]:
    """Also the part of account manager. What else opens the client to them is said."""
    grantee = receiver.grantee
    directly, by_team = opened(session, grantee, [each.id for each in clients], now)
    taken = [each for each in clients if each.id in directly]
    if taken:
        session.execute(
            delete(ClientAccess).where(_of(grantee), ClientAccess.client_id.in_(directly)),
            execution_options={"synchronize_session": False},
        )
    for each in taken:
        audit.record(session, actor, "client.access_taken", each.id, at=now, before=_named(receiver))
    managed = [each for each in clients if each.manager_id == grantee.id]
    _set_manager(session, actor, managed, None, now)
    done = []
    for each in clients:
        is_manager = each.manager_id == grantee.id
        if receiver.sees_all and not is_manager:
            skipped.add(Skip.SEES_ALL, each.name)
        elif each.id in by_team:
            skipped.add(Skip.STILL_BY_TEAM, each.name)
        elif is_manager or each.id in directly:
            done.append(each)
        else:
            skipped.add(Skip.HAS_NONE, each.name)
    return done


def _set_manager(
    session: Session, actor: Actor, clients: Sequence[Found], receiver: Receiver | None, now: datetime
) -> None:
    if clients:
        session.execute(
            update(Client)
            .where(Client.id.in_([each.id for each in clients]))
            .values(account_manager_id=receiver and receiver.grantee.id),
            execution_options={"synchronize_session": False},
        )
    after = {"account_manager": receiver and receiver.name}
    for each in clients:
        before = {"account_manager": each.manager_name}
        audit.record(session, actor, "client.manager_changed", each.id, at=now, before=before, after=after)


def _named(receiver: Receiver) -> dict[str, str]:
    return {"team" if receiver.grantee.is_team else "colleague": receiver.name}


def _of(grantee: Grantee) -> ColumnElement[bool]:
    return ClientAccess.team_id == grantee.id if grantee.is_team else ClientAccess.colleague_id == grantee.id
