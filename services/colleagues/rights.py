"""A colleague's role and additional permissions, and how they are changed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from db.models import Colleague, Practice, Role
from services.colleagues.standing import give_role
from services.errors import InvalidError
from services.zones import zone

LONGEST = timedelta(days=731)
"""How far ahead a permission may end."""


class Given(StrEnum):
    """Whether a colleague has *Add client accounts*, and for how long."""

    NO = "no"
    UNTIL = "until"
    PERMANENTLY = "permanently"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """A colleague's role and additional permissions. `last_day` is the last one of *Add client accounts*, in the
    colleague's own zone, for `Given.UNTIL`."""

    role: Role
    add_clients: Given = Given.NO
    last_day: date | None = None
    insights: bool = False

    @property
    def stamp(self) -> str:
        """Differs when they do."""
        return f"{self.role} {self.add_clients} {self.last_day} {self.insights}"


def rights_of(colleague: Colleague) -> Rights:
    until = colleague.may_add_clients_until
    given = Given.NO
    if colleague.may_add_clients:
        given = Given.PERMANENTLY if until is None else Given.UNTIL
    # Until the very end of a day is until the first moment of the next one.
    last = None if until is None else (until - timedelta(microseconds=1)).astimezone(zone(colleague.timezone)).date()
    return Rights(
        role=colleague.role,
        add_clients=given,
        last_day=last if given is Given.UNTIL else None,
        insights=colleague.may_see_insights,
    )


def entry(colleague: Colleague) -> dict[str, Any]:
    """As the audit trail keeps them."""
    until = colleague.may_add_clients_until
    return {
        "role": colleague.role,
        "may_add_clients": colleague.may_add_clients,
        "may_add_clients_until": None if until is None else until.isoformat(),
        "may_see_insights": colleague.may_see_insights,
    }


def change_rights(session: Session, practice_locked: Practice, colleague: Colleague, wanted: Rights) -> dict[str, Any]:
    """What the change was before, for the audit trail; empty when nothing changes. The caller has checked `wanted`.

    Raises ConflictError when the last Practice Admin would be lost.
    """
    before, held = entry(colleague), rights_of(colleague)
    give_role(session, practice_locked, colleague, wanted.role)
    colleague.may_see_insights = wanted.insights
    if (wanted.add_clients, wanted.last_day) != (held.add_clients, held.last_day):
        colleague.may_add_clients = wanted.add_clients is not Given.NO
        colleague.may_add_clients_until = None if wanted.last_day is None else _end(wanted.last_day, colleague)
    after = entry(colleague)
    return {name: value for name, value in before.items() if value != after[name]}


def audited(colleague: Colleague, before: dict[str, Any]) -> dict[str, Any]:
    """The same values after the change."""
    return {name: value for name, value in entry(colleague).items() if name in before}


def require_valid(wanted: Rights, today: date, *, held: Rights | None = None) -> None:
    """Raises InvalidError at `until`. What is `held` already may stay, though its last day is today."""
    if wanted.add_clients is not Given.UNTIL:
        return
    if wanted.last_day is None:
        raise InvalidError({"until": "Choose the last day, or another answer above."})
    if held is not None and wanted.last_day == held.last_day:
        return
    if wanted.last_day <= today:
        raise InvalidError({"until": "Choose a later day than today."})
    if wanted.last_day > today + LONGEST:
        raise InvalidError({"until": "Choose a day within two years, or give the permission permanently."})


def _end(last_day: date, colleague: Colleague) -> datetime:
    return datetime.combine(last_day + timedelta(days=1), time(), zone(colleague.timezone)).astimezone(UTC)
