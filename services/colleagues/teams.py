"""Teams of colleagues, which the plan Advanced has."""

import hashlib
import uuid
from collections.abc import Iterable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.models import ClientAccess, Colleague, Plan, Practice, Team, TeamMember
from db.session import Database
from services import audit, policy
from services.actor import Actor
from services.clients.names import fold
from services.colleagues.records import PAGE, QUERY_LENGTH, Member, TeamCard, TeamLine, TeamPage
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from services.practice import get_colleague, lock_practice

MOST_TEAMS = 100
MOST_MEMBERS = 100
"""As many as a Slack select can show."""
NAME_LENGTH = 60


class TeamService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, actor: Actor, page: int = 0) -> TeamPage:
        """The teams, by name. Past the last page, that one is given."""
        with self._database.read() as session:
            policy.require_manage_teams(get_colleague(session, actor))
            return _page(session, actor.practice_id, page)

    def team(self, actor: Actor, team_id: uuid.UUID) -> TeamCard:
        with self._database.read() as session:
            policy.require_manage_teams(get_colleague(session, actor))
            return _card(session, _find(session, actor.practice_id, team_id))

    def require_available(self, actor: Actor) -> None:
        """Raises NotPermittedError where no team can be made."""
        with self._database.read() as session:
            policy.require_manage_teams(get_colleague(session, actor))
            _require_on_plan(session.get_one(Practice, actor.practice_id))

    def search_members(self, actor: Actor, query: str) -> tuple[Member, ...]:
        """Colleagues to choose from, by name: as many as a select can show."""
        wanted = fold(query[:QUERY_LENGTH])
        with self._database.read() as session:
            policy.require_manage_teams(get_colleague(session, actor))
            rows = session.execute(
                select(Colleague.id, Colleague.name, Colleague.role).where(
                    Colleague.practice_id == actor.practice_id, Colleague.active
                )
            )
            found = [Member(*row) for row in rows if not query.strip() or wanted in fold(row.name)]
        return tuple(sorted(found, key=_by_name)[:MOST_MEMBERS])

    def create(self, actor: Actor, name: str, members: Iterable[uuid.UUID]) -> TeamCard:
        """Raises InvalidError at `name` and `members`, NotPermittedError."""
        with self._database.begin() as session:
            practice = self._begin(session, actor)
            _require_on_plan(practice)
            chosen = _members(session, practice, members)
            team = add_team(session, practice, name)
            session.add_all(TeamMember(team_id=team.id, colleague_id=each.colleague_id) for each in chosen)
            session.flush()
            self._record(session, actor, "team.created", team, None, _entry(team, chosen))
            return _card(session, team)

    def save(self, actor: Actor, team_id: uuid.UUID, name: str, members: Iterable[uuid.UUID], *, seen: str) -> TeamCard:
        """`seen` is the stamp of the team that the form was filled with. Members who have left stay as they are.

        Raises InvalidError at `name` and `members`, NotPermittedError, and ConflictError when somebody else has
        changed the team meanwhile.
        """
        with self._database.begin() as session:
            practice = self._begin(session, actor)
            _require_on_plan(practice)
            team = _find(session, practice.id, team_id)
            held = _of_team(session, team)
            chosen = _members(session, practice, members)
            clean = _clean_name(session, practice, name, besides=team)
            if (clean, chosen) == (team.name, held):
                return _card(session, team)
            if _stamp(team, held) != seen:
                raise ConflictError(f"The team {team.name} was changed by somebody else meanwhile. Look again.")
            before = _entry(team, held)
            team.name = clean
            gone = {each.colleague_id for each in held} - {each.colleague_id for each in chosen}
            new = [each for each in chosen if each not in held]
            session.execute(delete(TeamMember).where(TeamMember.team_id == team.id, TeamMember.colleague_id.in_(gone)))
            session.add_all(TeamMember(team_id=team.id, colleague_id=each.colleague_id) for each in new)
            session.flush()
            self._record(session, actor, "team.changed", team, before, _entry(team, chosen))
            return _card(session, team)

    def delete(self, actor: Actor, team_id: uuid.UUID) -> TeamCard:
        """Its members lose what they could open by it alone. Also where the plan has no teams (any more)."""
        with self._database.begin() as session:
            practice = self._begin(session, actor)
            team = _find(session, practice.id, team_id)
            card = _card(session, team)
            before = {**_entry(team, card.members), "clients": card.clients}
            self._record(session, actor, "team.deleted", team, before, None)
            session.delete(team)
            return card

    def _begin(self, session: Session, actor: Actor) -> Practice:
        """Changes of a practice's teams come one after another."""
        practice = lock_practice(session, actor.practice_id)
        policy.require_manage_teams(get_colleague(session, actor))
        return practice

    def _record(
        self,
        session: Session,
        actor: Actor,
        action: str,
        team: Team,
        before: dict[str, object] | None,
        after: dict[str, object] | None,
    ) -> None:
        audit.record(session, actor, action, team.id, at=self._database.now(), before=before, after=after)


def add_team(session: Session, practice_locked: Practice, name: str) -> Team:
    """Raises InvalidError at `name`."""
    team = Team(practice_id=practice_locked.id, name=_clean_name(session, practice_locked, name))
    session.add(team)
    session.flush()
    return team


def require_room(session: Session, team: Team) -> None:
    """Before one more joins. Raises ConflictError."""
    if len(_of_team(session, team)) >= MOST_MEMBERS:
        raise ConflictError(f"The team {team.name} has {MOST_MEMBERS} members, and that is as many as it can have.")


def _clean_name(session: Session, practice: Practice, text: str, *, besides: Team | None = None) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= NAME_LENGTH:
        raise InvalidError({"name": f"Enter the team's name, at most {NAME_LENGTH} characters."})
    others = session.execute(select(Team.id, Team.name).where(Team.practice_id == practice.id)).all()
    others = [each for each in others if besides is None or each.id != besides.id]
    if len(others) >= MOST_TEAMS:
        raise InvalidError({"name": f"There are {MOST_TEAMS} teams, and that is as many as a practice can have."})
    for each in others:
        if fold(each.name) == fold(name):
            raise InvalidError({"name": f"There is a team called {each.name}. Choose another name."})
    return name


def _require_on_plan(practice: Practice) -> None:
    if practice.plan is not Plan.ADVANCED:
        raise NotPermittedError("Teams are part of the plan Advanced, and this practice has Essentials.")


def _members(session: Session, practice: Practice, colleague_ids: Iterable[uuid.UUID]) -> tuple[Member, ...]:
    wanted = set(colleague_ids)
    if len(wanted) > MOST_MEMBERS:
        raise InvalidError({"members": f"A team has at most {MOST_MEMBERS} members."})
    rows = session.execute(
        select(Colleague.id, Colleague.name, Colleague.role).where(
            Colleague.practice_id == practice.id, Colleague.active, Colleague.id.in_(wanted)
        )
    )
    found = tuple(sorted((Member(*row) for row in rows), key=_by_name))
    if len(found) != len(wanted):
        raise InvalidError({"members": "Somebody you chose is no longer a colleague. Choose again."})
    return found


def _of_team(session: Session, team: Team) -> tuple[Member, ...]:
    rows = session.execute(
        select(Colleague.id, Colleague.name, Colleague.role)
        .join(TeamMember, TeamMember.colleague_id == Colleague.id)
        .where(TeamMember.team_id == team.id, Colleague.active)
    )
    return tuple(sorted((Member(*row) for row in rows), key=_by_name))


def _by_name(member: Member) -> tuple[str, uuid.UUID]:
    return fold(member.name), member.colleague_id


def _find(session: Session, practice_id: uuid.UUID, team_id: uuid.UUID) -> Team:
    team = session.scalar(select(Team).where(Team.id == team_id, Team.practice_id == practice_id))
    if team is None:
        raise NotFoundError("This team is no longer there.")
    return team


def _page(session: Session, practice_id: uuid.UUID, page: int) -> TeamPage:
    rows = session.execute(select(Team.id, Team.name).where(Team.practice_id == practice_id)).all()
    teams = sorted(rows, key=lambda row: (fold(row.name), row.id))
    pages = max(-(-len(teams) // PAGE), 1)
    page = min(max(page, 0), pages - 1)
    listed = teams[page * PAGE : (page + 1) * PAGE]
    ids = [each.id for each in listed]
    members = session.execute(
        select(TeamMember.team_id, func.count())
        .join(Colleague, Colleague.id == TeamMember.colleague_id)
        .where(TeamMember.team_id.in_(ids), Colleague.active)
        .group_by(TeamMember.team_id)
    )
    clients = session.execute(
        select(ClientAccess.team_id, func.count()).where(ClientAccess.team_id.in_(ids)).group_by(ClientAccess.team_id)
    )
    of_members, of_clients = dict(members.all()), dict(clients.all())
    return TeamPage(
        page=page,
        pages=pages,
        found=len(teams),
        lines=tuple(
            TeamLine(each.id, each.name, of_members.get(each.id, 0), of_clients.get(each.id, 0)) for each in listed
        ),
        on_plan=session.get_one(Practice, practice_id).plan is Plan.ADVANCED,
    )


def _card(session: Session, team: Team) -> TeamCard:
    members = _of_team(session, team)
    return TeamCard(
        team_id=team.id,
        name=team.name,
        members=members,
        clients=session.scalar(select(func.count()).where(ClientAccess.team_id == team.id)) or 0,
        stamp=_stamp(team, members),
        on_plan=session.get_one(Practice, team.practice_id).plan is Plan.ADVANCED,
    )


def _stamp(team: Team, members: Iterable[Member]) -> str:
    ids = sorted(str(each.colleague_id) for each in members)
    return hashlib.sha256("\n".join([team.name, *ids]).encode()).hexdigest()[:16]


def _entry(team: Team, members: Iterable[Member]) -> dict[str, object]:
    return {"name": team.name, "members": [each.name for each in members]}
