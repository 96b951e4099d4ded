"""What the operator of an installation may change without Slack."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Colleague, Plan, Practice, Region, Role, Source, Team, TeamMember
from db.session import Database
from services import audit
from services.clients.names import fold
from services.colleagues.rights import Given, audited, change_rights, rights_of
from services.colleagues.teams import add_team, require_room
from services.errors import InvalidError, NotFoundError
from services.practice import LARGEST_BUNDLE, count_bundle


class OperatorService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def practices(self) -> list[str]:
        """A line for each practice."""
        with self._database.read() as session:
            lines = []
            for practice in session.scalars(select(Practice).order_by(Practice.name)):
                used = count_bundle(session, practice).used
                state = "uninstalled" if practice.uninstalled_at else "set up" if practice.set_up_at else "not set up"
                lines.append(
                    f"{practice.slack_key}  {practice.name}: {practice.region}, {practice.plan}, "
                    f"{used} of {practice.bundle} clients, {state}"
                )
            return lines

    def change_practice(
        self,
        slack_key: str,
        *,
        region: Region | None = None,
        plan: Plan | None = None,
        bundle: int | None = None,
        has_dhi: bool | None = None,
        new_teams: Sequence[str] = (),
    ) -> None:
        """Changes what is given. Raises NotFoundError, InvalidError."""
        if bundle is not None and not 1 <= bundle <= LARGEST_BUNDLE:
            raise InvalidError({"bundle": f"The bundle is a whole number from 1 to {LARGEST_BUNDLE:,}."})
        with self._database.begin() as session:
            practice = _practice(session, slack_key)
            wanted = {"region": region, "plan": plan, "bundle": bundle, "has_dhi": has_dhi}
            changes = dict[str, Any]()
            for name, value in wanted.items():
                if value is not None and value != getattr(practice, name):
                    changes[name] = value
            before = {name: getattr(practice, name) for name in changes}
            for name, value in changes.items():
                setattr(practice, name, value)
            there = {fold(name) for name in session.scalars(select(Team.name).where(Team.practice_id == practice.id))}
            added = list[str]()
            for name in new_teams:
                if fold(name) not in there:
                    there.add(fold(name))
                    added.append(add_team(session, practice, name).name)
            if added:
                changes["new_teams"] = added
            if changes:
                self._record(session, practice, "practice.changed", practice.id, before, changes)

    def change_colleague(
        self,
        slack_key: str,
        slack_user_id: str,
        *,
        role: Role | None = None,
        may_add_clients: bool | None = None,
        join: str | None = None,
    ) -> None:
        """Changes what is given of somebody who has used the app. Raises NotFoundError, ConflictError."""
        with self._database.begin() as session:
            practice = _practice(session, slack_key)
            colleague = session.scalar(
                select(Colleague).where(Colleague.practice_id == practice.id, Colleague.slack_user_id == slack_user_id)
            )
            if colleague is None:
                raise NotFoundError(f"{slack_user_id} has not used Clientdesk at {practice.name} yet.")
            held = rights_of(colleague)
            wanted = replace(held, role=role or held.role)
            if may_add_clients is not None:
                given = Given.PERMANENTLY if may_add_clients else Given.NO
                wanted = replace(wanted, add_clients=given, last_day=None)
            before = change_rights(session, practice, colleague, wanted)
            after = audited(colleague, before)
            if join is not None:
                _join(session, practice, colleague, join)
                after["joined"] = join
            self._record(session, practice, "colleague.changed", colleague.id, before, after)

    def _record(
        self,
        session: Session,
        practice: Practice,
        action: str,
        subject: uuid.UUID,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        audit.record_without_colleague(
            session,
            practice.id,
            Source.OPERATOR,
            action,
            subject,
            at=self._database.now(),
            before=before,
            after=after,
        )


def _practice(session: Session, slack_key: str) -> Practice:
    practice = session.scalar(select(Practice).where(Practice.slack_key == slack_key).with_for_update(key_share=True))
    if practice is None:
        raise NotFoundError(f"No practice has the Slack id {slack_key}.")
    return practice


def _join(session: Session, practice: Practice, colleague: Colleague, team_name: str) -> None:
    team = session.scalar(select(Team).where(Team.practice_id == practice.id, Team.name == team_name))
    if team is None:
        raise NotFoundError(f"{practice.name} has no team called {team_name}.")
    if session.get(TeamMember, (team.id, colleague.id)) is None:
        require_room(session, team)
        session.add(TeamMember(team_id=team.id, colleague_id=colleague.id))
