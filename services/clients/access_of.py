"""Which colleagues and teams can open a client, and who manages its account."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.insert import insert_absent
from db.models import Client, ClientAccess, Colleague, Plan, Practice, Role, Team, TeamMember
from db.session import Database
from services import audit, policy
from services.actor import Actor
from services.add_client.lookups import LISTED, grantable, team_choices
from services.add_client.records import Choosable
from services.clients.visibility import get_client
from services.errors import ConflictError, InvalidError
from services.forms import Form, Raw, read
from services.practice import get_colleague
from services.zones import zone

PAGE = 30
_NO_MANAGERS = "Account managers are part of the Advanced plan."


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a colleague, or a team with its active `members`, was given. `until` ends it, in the reader's time zone."""

    access_id: uuid.UUID
    name: str
    is_team: bool
    members: tuple[str, ...]
    is_own: bool
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPage:
    """Who can open a client besides the admins: colleagues first, then teams. `manager` is the account manager, and
    None where the plan has none. `page` counts from 0."""

    client_id: uuid.UUID
    client_name: str
    grants: tuple[Grant, ...]
    page: int
    pages: int
    total: int
    has_managers: bool
    manager: Choosable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivingForm:
    """Whom access can be given to, and who can be account manager. `too_many` for a list: the form searches."""

    client_id: uuid.UUID
    client_name: str
    colleagues: tuple[Choosable, ...]
    teams: tuple[Choosable, ...]
    too_many: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerForm:
    client_id: uuid.UUID
    client_name: str
    managers: tuple[Choosable, ...]
    chosen: Choosable | None
    too_many: bool


def _list(value: object) -> object:
    return value or ()


class _Giving(Form):
    colleagues: Annotated[tuple[uuid.UUID, ...], BeforeValidator(_list)] = ()
    teams: Annotated[tuple[uuid.UUID, ...], BeforeValidator(_list)] = ()
    until: date | None = None


class _Managing(Form):
    account_manager: uuid.UUID | None = None


class ClientAccessService:
    """Each is refused with NotFoundError for a client that the actor does not see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def access(self, actor: Actor, client_id: uuid.UUID, page: int = 0) -> AccessPage:
        """Past the last page, that one is given."""
        with self._database.read() as session:
            reader = get_colleague(session, actor)
            client = get_client(session, reader, client_id)
            practice = session.get_one(Practice, client.practice_id)
            grants = _grants(session, reader, client, self._database.now())
            pages = max(-(-len(grants) // PAGE), 1)
            shown = min(max(page, 0), pages - 1)
            return AccessPage(
                client_id=client.id,
                client_name=client.name,
                grants=tuple(grants[shown * PAGE : (shown + 1) * PAGE]),
                page=shown,
                pages=pages,
                total=len(grants),
                has_managers=practice.plan is Plan.ADVANCED,
                manager=_manager(session, client) if practice.plan is Plan.ADVANCED else None,
            )

    def giving(self, actor: Actor, client_id: uuid.UUID) -> GivingForm:
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            practice = session.get_one(Practice, client.practice_id)
            colleagues = grantable(session, practice, actor, managers=False)
            return GivingForm(
                client_id=client.id,
                client_name=client.name,
                colleagues=colleagues[:LISTED],
                teams=team_choices(session, practice),
                too_many=len(colleagues) > LISTED,
            )

    def give(self, actor: Actor, client_id: uuid.UUID, raw: Raw) -> int:
        """To colleagues until the end of the day `until` in the actor's time zone, or for good, and to teams for good;
        how many got more than they had. Raises InvalidError at `colleagues`, `teams`, `until`."""
        form = read(_Giving, raw)
        if not form.colleagues and not form.teams:
            raise InvalidError({"colleagues" if "colleagues" in raw else "teams": "Choose at least one."})
        now = self._database.now()
        with self._database.begin() as session:
            giver = get_colleague(session, actor)
            client = get_client(session, giver, client_id, lock=True)
            until = None if form.until is None else _end_of(form.until, giver)
            if until is not None and until <= now:
                raise InvalidError({"until": "Choose today or a later day, or leave it empty."})
            people = _colleagues(session, client, form.colleagues)
            teams = _teams(session, client, form.teams)
            given = 0
            for colleague in people:
                key = {"client_id": client.id, "colleague_id": colleague.id}
                if _grant(session, key, until):
                    told: dict[str, Any] = {"colleague": colleague.name}
                    if until is not None:
                        told["until"] = until.isoformat()
                    audit.record(session, actor, "client.access_given", client.id, at=now, after=told)
                    given += 1
            for team in teams:
                if _grant(session, {"client_id": client.id, "team_id": team.id}, None):
                    audit.record(session, actor, "client.access_given", client.id, at=now, after={"team": team.name})
                    given += 1
            return given

    def take(self, actor: Actor, client_id: uuid.UUID, access_id: uuid.UUID) -> str | None:
        """Takes back what was given to a colleague or team, and says to whom; None when it was gone already. Access of
        one's own is kept. Raises ConflictError."""
        now = self._database.now()
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            wanted = select(ClientAccess).where(ClientAccess.id == access_id, ClientAccess.client_id == client.id)
            row = session.scalar(wanted.with_for_update())
            if row is None:
                return None
            if row.colleague_id == actor.colleague_id:
                raise ConflictError("This is your own access. Ask a colleague to take it back.")
            names = select(Colleague.name).where(Colleague.id == row.colleague_id)
            if row.team_id is not None:
                names = select(Team.name).where(Team.id == row.team_id)
            name = session.scalars(names).one()
            session.delete(row)
            before = {"team" if row.team_id is not None else "colleague": name}
            audit.record(session, actor, "client.access_taken", client.id, at=now, before=before)
            return name

    def managing(self, actor: Actor, client_id: uuid.UUID) -> ManagerForm:
        """Raises ConflictError unless the plan has account managers."""
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            practice = session.get_one(Practice, client.practice_id)
            _require_managers(practice)
            managers = grantable(session, practice, actor, managers=True)
            return ManagerForm(
                client_id=client.id,
                client_name=client.name,
                managers=managers[:LISTED],
                chosen=_manager(session, client),
                too_many=len(managers) > LISTED,
            )

    def set_manager(self, actor: Actor, client_id: uuid.UUID, raw: Raw) -> None:
        """An account manager can open the client. Without one chosen, nobody manages it.

        Raises InvalidError at `account_manager`, ConflictError unless the plan has account managers.
        """
        form = read(_Managing, raw)
        now = self._database.now()
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            _require_managers(session.get_one(Practice, client.practice_id))
            if client.account_manager_id == form.account_manager:
                return
            before = _manager(session, client)
            manager = None
            if form.account_manager is not None:
                manager = session.scalar(_active(client, (form.account_manager,)))
                if manager is None:
                    raise InvalidError({"account_manager": "This person is no longer a colleague. Choose again."})
            client.account_manager_id = manager and manager.id
            audit.record(
                session,
                actor,
                "client.manager_changed",
                client.id,
                at=now,
                before={"account_manager": before and before.name},
                after={"account_manager": manager and manager.name},
            )
            if manager is None or policy.sees_all_clients(manager):
                return
            if _grant(session, {"client_id": client.id, "colleague_id": manager.id}, None):
                told = {"colleague": manager.name}
                audit.record(session, actor, "client.access_given", client.id, at=now, after=told)


def _grants(session: Session, reader: Colleague, client: Client, now: datetime) -> list[Grant]:
    """Of people who are there: what a leaver was given is handed over elsewhere."""
    local = zone(reader.timezone)
    people = session.execute(
        select(ClientAccess.id, ClientAccess.until, Colleague.id.label("colleague_id"), Colleague.name)
        .join(Colleague, Colleague.id == ClientAccess.colleague_id)
        .where(ClientAccess.client_id == client.id, Colleague.active)
        .order_by(Colleague.name, Colleague.id)
    )
    grants = [
        Grant(
            access_id=row.id,
            name=row.name,
            is_team=False,
            members=(),
            is_own=row.colleague_id == reader.id,
            until=row.until and row.until.astimezone(local),
        )
        for row in people
        if row.until is None or row.until > now
    ]
    teams = session.execute(
        select(ClientAccess.id, ClientAccess.team_id, Team.name)
        .join(Team, Team.id == ClientAccess.team_id)
        .where(ClientAccess.client_id == client.id)
        .order_by(Team.name)
    ).all()
    members: dict[uuid.UUID, list[str]] = {}
    found = session.execute(
        select(TeamMember.team_id, Colleague.name)
        .join(Colleague, Colleague.id == TeamMember.colleague_id)
        .where(TeamMember.team_id.in_([row.team_id for row in teams]), Colleague.active)
        .order_by(Colleague.name)
    )
    for row in found:
        members.setdefault(row.team_id, []).append(row.name)
    return grants + [
        Grant(
            access_id=row.id,
            name=row.name,
            is_team=True,
            members=tuple(members.get(row.team_id, ())),
            is_own=False,
            until=None,
        )
        for row in teams
    ]


def _manager(session: Session, client: Client) -> Choosable | None:
    if client.account_manager_id is None:
        return None
    row = session.execute(
        select(Colleague.id, Colleague.name).where(
            Colleague.id == client.account_manager_id, Colleague.practice_id == client.practice_id
        )
    ).one_or_none()
    return None if row is None else Choosable(row.id, row.name)


def _require_managers(practice: Practice) -> None:
    if practice.plan is not Plan.ADVANCED:
        raise ConflictError(_NO_MANAGERS)


def _active(client: Client, ids: Sequence[uuid.UUID]) -> Any:
    """Locked, so that whoever leaves at this moment is either told of it or no longer chosen."""
    return (
        select(Colleague)
        .where(Colleague.practice_id == client.practice_id, Colleague.active, Colleague.id.in_(ids))
        .order_by(Colleague.id)
        .with_for_update(key_share=True)
    )


def _colleagues(session: Session, client: Client, ids: Sequence[uuid.UUID]) -> list[Colleague]:
    if not ids:
        return []
    found = list(session.scalars(_active(client, ids)))
    if len(found) != len(set(ids)):
        raise InvalidError({"colleagues": "Somebody you chose is no longer a colleague. Choose again."})
    return [each for each in found if each.role is Role.STANDARD]  # others can open every client


def _teams(session: Session, client: Client, ids: Sequence[uuid.UUID]) -> list[Team]:
    if not ids:
        return []
    practice = session.get_one(Practice, client.practice_id)
    wanted = select(Team).where(Team.practice_id == client.practice_id, Team.id.in_(ids)).order_by(Team.id)
    found = list(session.scalars(wanted.with_for_update(key_share=True))) if practice.plan is Plan.ADVANCED else []
    if len(found) != len(set(ids)):
        raise InvalidError({"teams": "A team you chose is no longer there. Choose again."})
    return found


def _grant(session: Session, key: Mapping[str, uuid.UUID], until: datetime | None) -> bool:
    """False for who had the same, or more, already: access for good is not shortened by this."""
    row = {**key, "until": until}
    if session.scalar(insert_absent(session, ClientAccess).values(row).returning(ClientAccess.id)) is not None:
        return True
    there = select(ClientAccess).where(*(getattr(ClientAccess, name) == value for name, value in key.items()))
    access = session.scalars(there.with_for_update()).one()
    if access.until is None or access.until == until:
        return False
    access.until = until
    return True


def _end_of(day: date, colleague: Colleague) -> datetime:
    local = zone(colleague.timezone)
    try:
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=local).astimezone(UTC)
    except OverflowError:
        raise InvalidError({"until": "Choose an earlier day."}) from None
