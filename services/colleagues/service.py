"""Colleagues: the list, one of them, and what admins change."""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import Colleague, Practice, Role, Team, TeamMember
from db.session import Database
from services import audit, notices, policy
from services.actor import Actor
from services.clients.names import fold
from services.colleagues.records import (
    PAGE,
    QUERY_LENGTH,
    Added,
    AddForm,
    ColleagueCard,
    ColleagueLine,
    ColleaguePage,
    EditForm,
    OwnStanding,
    RightsNotice,
    Wish,
)
from services.colleagues.rights import Rights, audited, change_rights, entry, require_valid, rights_of
from services.colleagues.standing import may_take_over
from services.errors import ConflictError, InvalidError, NotFoundError
from services.people import Profile
from services.practice import admins, get_colleague, lock_practice

CHANGED = "slack.rights_changed"
WELCOME = "slack.colleague_added"
MOST_AT_ONCE = 20


class ColleagueService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, actor: Actor, wish: Wish) -> ColleaguePage | OwnStanding:
        """The colleagues, by name, for those who manage them; for the others how they themselves stand."""
        query = " ".join(wish.query.split())[:QUERY_LENGTH]
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            if not policy.is_admin(colleague):
                return _own_standing(session, colleague)
            rows = session.scalars(select(Colleague).where(Colleague.practice_id == actor.practice_id)).all()
            fits = [row for row in rows if row.active is not wish.left and _holds(row, query)]
            fits.sort(key=lambda row: (fold(row.name), row.id))
            pages = max(-(-len(fits) // PAGE), 1)
            page = min(max(wish.page, 0), pages - 1)
            listed = fits[page * PAGE : (page + 1) * PAGE]
            teams = _teams(session, [row.id for row in listed])
            here = sum(row.active for row in rows)
            return ColleaguePage(
                wish=Wish(query, page, wish.left),
                pages=pages,
                found=len(fits),
                here=here,
                gone=len(rows) - here,
                lines=tuple(_line(row, teams.get(row.id, ())) for row in listed),
            )

    def card(self, actor: Actor, colleague_id: uuid.UUID) -> ColleagueCard:
        with self._database.read() as session:
            who = get_colleague(session, actor)
            policy.require_manage_colleagues(who)
            return _card(session, who, find_colleague(session, actor, colleague_id))

    def edit_form(self, actor: Actor, colleague_id: uuid.UUID) -> EditForm:
        with self._database.read() as session:
            who, colleague = get_colleague(session, actor), find_colleague(session, actor, colleague_id)
            _require_here(colleague)
            policy.require_edit_colleague(who, held=colleague.role)
            return EditForm(card=_card(session, who, colleague), roles=_roles(who))

    def change(self, actor: Actor, colleague_id: uuid.UUID, wanted: Rights, *, seen: str) -> ColleagueCard:
        """`seen` is the stamp of the rights that the form was filled with.

        Raises InvalidError at `until`, NotPermittedError, and ConflictError when the last Practice Admin would be
        lost or somebody else has changed the same person meanwhile.
        """
        now = self._database.now()
        with self._database.begin() as session:
            practice = lock_practice(session, actor.practice_id)
            who = get_colleague(session, actor)
            policy.require_manage_colleagues(who)
            colleague = find_colleague(session, actor, colleague_id, lock=True)
            policy.require_edit_colleague(who, held=colleague.role, wanted=wanted.role)
            _require_here(colleague)
            held = rights_of(colleague)
            require_valid(wanted, now.date(), held=held)
            if wanted != held:
                if held.stamp != seen:
                    raise ConflictError(f"{colleague.name} was changed by somebody else meanwhile. Look again.")
                before = change_rights(session, practice, colleague, wanted)
                after = audited(colleague, before)
                audit.record(session, actor, "colleague.changed", colleague.id, at=now, before=before, after=after)
                if colleague.id != who.id:
                    _tell(session, CHANGED, colleague, who)
            return _card(session, who, colleague)

    def add_form(self, actor: Actor, again: uuid.UUID | None = None) -> AddForm:
        """`again` is a colleague who left."""
        with self._database.read() as session:
            who = get_colleague(session, actor)
            policy.require_manage_colleagues(who)
            left = None if again is None else find_colleague(session, actor, again).slack_user_id
            return AddForm(roles=_roles(who), again=left)

    def require_may_add(self, actor: Actor, people: int, wanted: Rights) -> None:
        """What `add` would refuse as a whole, before Slack is asked about the people."""
        with self._database.read() as session:
            _require_may_add(get_colleague(session, actor), people, wanted, self._database.now())

    def add(self, actor: Actor, people: Iterable[Profile], wanted: Rights, refused: tuple[str, ...] = ()) -> Added:
        """Makes them colleagues, or brings them back; whoever is here already stays as they are.

        `refused` says of whom Slack's record already said that they can't be one.
        """
        now, profiles = self._database.now(), tuple(people)
        added, back, left_out = list[str](), list[str](), list(refused)
        with self._database.begin() as session:
            practice = lock_practice(session, actor.practice_id)
            who = get_colleague(session, actor)
            _require_may_add(who, len(profiles) + len(refused), wanted, now)
            known = _known(session, practice, profiles)
            for profile in profiles:
                colleague = known.get(profile.slack_user_id)
                if colleague is not None and (why := _why_not(who, colleague)):
                    left_out.append(why)
                    continue
                names, action = (added, "colleague.added") if colleague is None else (back, "colleague.brought_back")
                before = None if colleague is None else {"active": False}
                colleague = colleague or Colleague(practice_id=practice.id, created_at=now)
                _take_in(session, practice, colleague, profile, wanted)
                known[profile.slack_user_id] = colleague
                after = {"active": True, "name": colleague.name, **entry(colleague)}
                audit.record(session, actor, action, colleague.id, at=now, before=before, after=after)
                _tell(session, WELCOME, colleague, who)
                names.append(colleague.name)
        return Added(rights=wanted, added=tuple(added), back=tuple(back), refused=tuple(left_out))

    def take_over(self, actor: Actor, *, runs_workspace: bool) -> None:
        """Makes whoever runs the Slack workspace Practice Admin where no other is left; Slack has just said whether
        the actor does. Raises NotPermittedError, ConflictError."""
        now = self._database.now()
        with self._database.begin() as session:
            practice = lock_practice(session, actor.practice_id)
            colleague = get_colleague(session, actor, lock=True)
            colleague.runs_workspace = runs_workspace
            policy.require_take_over(colleague)
            if not may_take_over(session, colleague):
                raise ConflictError("This practice has a Practice Admin. Ask them for the role.")
            wanted = replace(rights_of(colleague), role=Role.PRACTICE_ADMIN)
            before = change_rights(session, practice, colleague, wanted)
            audit.record(
                session,
                actor,
                "colleague.took_over",
                colleague.id,
                at=now,
                before=before,
                after=audited(colleague, before),
            )

    def notice(self, practice_id: uuid.UUID, colleague_id: uuid.UUID, by: uuid.UUID) -> RightsNotice | None:
        """None once the colleague has left."""
        with self._database.read() as session:
            colleague = session.get_one(Colleague, colleague_id)
            if not colleague.active:
                return None
            return RightsNotice(
                practice_id=practice_id,
                practice_name=session.get_one(Practice, practice_id).name,
                slack_user_id=colleague.slack_user_id,
                by=session.get_one(Colleague, by).name,
                rights=rights_of(colleague),
            )


def find_colleague(session: Session, actor: Actor, colleague_id: uuid.UUID, *, lock: bool = False) -> Colleague:
    """Also one who left. Raises NotFoundError for anybody who is not of the actor's practice."""
    query = select(Colleague).where(Colleague.id == colleague_id, Colleague.practice_id == actor.practice_id)
    colleague = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if colleague is None:
        raise NotFoundError("There is no such colleague at this practice.")
    return colleague


def _own_standing(session: Session, colleague: Colleague) -> OwnStanding:
    return OwnStanding(
        rights=rights_of(colleague),
        teams=_teams(session, [colleague.id]).get(colleague.id, ()),
        admins=admins(session, colleague.practice_id, policy.ADMIN_ROLES),
        may_take_over=may_take_over(session, colleague),
    )


def _holds(colleague: Colleague, query: str) -> bool:
    wanted = fold(query)
    return not query or wanted in fold(colleague.name) or wanted in fold(colleague.email or "")


def _teams(session: Session, colleague_ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[str, ...]]:
    rows = session.execute(
        select(TeamMember.colleague_id, Team.name)
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.colleague_id.in_(colleague_ids))
        .order_by(Team.name)
    ).all()
    return {each: tuple(row.name for row in rows if row.colleague_id == each) for each in colleague_ids}


def _line(colleague: Colleague, teams: tuple[str, ...]) -> ColleagueLine:
    return ColleagueLine(
        colleague_id=colleague.id,
        name=colleague.name,
        email=colleague.email,
        rights=rights_of(colleague),
        teams=teams,
        left_at=colleague.left_at,
    )


def _card(session: Session, who: Colleague, colleague: Colleague) -> ColleagueCard:
    return ColleagueCard(
        colleague_id=colleague.id,
        slack_user_id=colleague.slack_user_id,
        name=colleague.name,
        email=colleague.email,
        rights=rights_of(colleague),
        teams=_teams(session, [colleague.id])[colleague.id],
        active=colleague.active,
        left_at=colleague.left_at,
        may_edit=colleague.role in _roles(who),
    )


def _roles(who: Colleague) -> tuple[Role, ...]:
    """The roles that an admin may give, and whose holders they may change."""
    return tuple(role for role in Role if policy.may_edit_colleague(who, held=role))


def _require_here(colleague: Colleague) -> None:
    if not colleague.active:
        raise ConflictError(f"{colleague.name} has left. Add them again first.")


def _require_may_add(who: Colleague, people: int, wanted: Rights, now: datetime) -> None:
    policy.require_edit_colleague(who, held=Role.STANDARD, wanted=wanted.role)
    require_valid(wanted, now.date())
    if not 1 <= people <= MOST_AT_ONCE:
        raise InvalidError({"people": f"Choose people to add, at most {MOST_AT_ONCE} at once."})


def _known(session: Session, practice: Practice, people: Iterable[Profile]) -> dict[str, Colleague]:
    rows = session.scalars(
        select(Colleague)
        .where(
            Colleague.practice_id == practice.id, Colleague.slack_user_id.in_([each.slack_user_id for each in people])
        )
        .with_for_update()
    )
    return {row.slack_user_id: row for row in rows}


def _why_not(who: Colleague, colleague: Colleague) -> str | None:
    """Why somebody who is known already is not added."""
    if colleague.active:
        return f"{colleague.name} is a colleague already."
    if not policy.may_edit_colleague(who, held=colleague.role):
        return f"{colleague.name} left as a Practice Admin: only a Practice Admin can add them again."
    return None


def _take_in(session: Session, practice: Practice, colleague: Colleague, profile: Profile, wanted: Rights) -> None:
    colleague.slack_user_id = profile.slack_user_id
    colleague.name, colleague.email, colleague.timezone = profile.name, profile.email, profile.timezone
    colleague.runs_workspace = profile.runs_workspace
    colleague.active, colleague.left_at = True, None
    colleague.role, colleague.may_add_clients, colleague.may_add_clients_until = Role.STANDARD, False, None
    colleague.may_see_insights = False
    session.add(colleague)
    session.flush()
    change_rights(session, practice, colleague, wanted)


def _tell(session: Session, kind: str, colleague: Colleague, by: Colleague) -> None:
    """Each change is told, so its subject is new each time."""
    notices.tell(
        session,
        kind,
        uuid7(),
        practice_id=colleague.practice_id,
        colleague_id=colleague.id,
        args={"colleague_id": str(colleague.id), "by": str(by.id)},
    )
