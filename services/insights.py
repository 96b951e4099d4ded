"""How a practice gets on with its clients: who was invited and came, what is connected, how many were added."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from math import ceil
from statistics import median

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session

from db.models import (
    Client,
    Colleague,
    Connection,
    ConnectionStatus,
    Delivery,
    Invitation,
    InvitationLink,
)
from db.session import Database
from services import files, policy
from services.accounting.connections import ConnectionState, state_of
from services.actor import Actor
from services.clients.visibility import seen_by
from services.errors import NotFoundError
from services.files import Asked
from services.practice import get_colleague
from services.zones import zone

PICTURE = "slack.insights_picture"
WEEKS = 12
NEWEST = 5_000
"""How many acceptances, the newest ones, the time to accept is measured from."""
_SENT = "insights.picture_sent"
_ARRIVED = (Delivery.SENT, Delivery.DELIVERED)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """People, each counted once however often they were invited. Whoever accepted counts as reached and as opened."""

    invited: int
    delivered: int
    opened: int
    accepted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToAccept:
    """From a person's first invitation: within `half` one of two of them accepted, within `most` nine of ten."""

    people: int
    half: timedelta
    most: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    begins: date
    added: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Insights:
    """Of the clients that a person sees. `clients` counts them, `active` those that are not deactivated: only these
    are in `connections`. `at` and `weeks`, which begin on Mondays, the oldest first, are in the person's zone."""

    at: datetime
    clients: int
    active: int
    may_add_clients: bool
    funnel: Funnel
    time_to_accept: TimeToAccept | None
    connections: dict[ConnectionState, int]
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightsPicture:
    """What a picture is made of. `file_name` is the same for each try of one request, and another for each request."""

    file_name: str
    insights: Insights


class InsightsService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def figures(self, actor: Actor) -> Insights:
        """Raises NotPermittedError."""
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_see_insights(colleague)
            return _insights(session, colleague, self._database.now())

    def request_picture(self, actor: Actor) -> None:
        """Has the picture sent to the actor. Asked again within a minute, it is one picture.

        Raises NotFoundError when there is nothing to show yet, NotPermittedError.
        """
        with self._database.begin() as session:
            colleague = get_colleague(session, actor, lock=True)
            policy.require_see_insights(colleague)
            _require_clients(session, colleague)
            files.ask(
                session, actor, PICTURE, action=_SENT, subject_id=actor.practice_id, args={}, now=self._database.now()
            )

    def picture(self, asked: Asked) -> InsightsPicture:
        """Raises NotFoundError or NotPermittedError when the colleague may not have it any more."""
        with self._database.read() as session:
            colleague = get_colleague(session, asked.actor)
            policy.require_see_insights(colleague)
            _require_clients(session, colleague)
            local = asked.at.astimezone(zone(colleague.timezone))
            return InsightsPicture(
                file_name=f"Insights {local:%Y-%m-%d %H-%M-%S}.png",
                insights=_insights(session, colleague, self._database.now()),
            )


def _require_clients(session: Session, colleague: Colleague) -> None:
    if not session.scalar(select(exists().where(seen_by(colleague)))):
        raise NotFoundError("There are no clients that you can open yet, so there is nothing to draw.")


def _insights(session: Session, colleague: Colleague, now: datetime) -> Insights:
    local = zone(colleague.timezone)
    clients, active = session.execute(
        select(func.count(), func.count().filter(Client.deactivated_at.is_(None)))
        .select_from(Client)
        .where(seen_by(colleague))
    ).one()
    return Insights(
        at=now.astimezone(local),
        clients=clients,
        active=active,
        may_add_clients=policy.may_add_clients(colleague),
        funnel=_funnel(session, colleague),
        time_to_accept=_time_to_accept(session, colleague),
        connections=_connections(session, colleague, active),
        weeks=_weeks(session, colleague, now, local),
    )


def _funnel(session: Session, colleague: Colleague) -> Funnel:
    arrived = exists().where(InvitationLink.invitation_id == Invitation.id, InvitationLink.delivery.in_(_ARRIVED))
    accepted = Invitation.accepted_at.is_not(None)
    opened = Invitation.opened_at.is_not(None) | accepted
    person = (
        select(
            _any(arrived | opened).label("delivered"), _any(opened).label("opened"), _any(accepted).label("accepted")
        )
        .join(Client, Client.id == Invitation.client_id)
        .where(Invitation.practice_id == colleague.practice_id, seen_by(colleague))
        .group_by(Invitation.client_user_id)
        .subquery()
    )
    columns = (person.c.delivered, person.c.opened, person.c.accepted)
    invited, *further = session.execute(
        select(func.count(), *(func.count().filter(each == 1) for each in columns)).select_from(person)
    ).one()
    return Funnel(invited=invited, delivered=further[0], opened=further[1], accepted=further[2])


def _any(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """1 for a group in one of whose rows it holds, else 0."""
    return func.max(case((condition, 1), else_=0))


def _time_to_accept(session: Session, colleague: Colleague) -> TimeToAccept | None:
    accepted = func.max(Invitation.accepted_at)
    rows = session.execute(
        select(func.min(Invitation.created_at), accepted)
        .join(Client, Client.id == Invitation.client_id)
        .where(Invitation.practice_id == colleague.practice_id, seen_by(colleague))
        .group_by(Invitation.client_user_id)
        .having(accepted.is_not(None))
        .order_by(accepted.desc())
        .limit(NEWEST)
    ).all()
    if not rows:
        return None
    took = sorted((accepted_at - invited_at).total_seconds() for invited_at, accepted_at in rows if accepted_at)
    most = took[ceil(len(took) * 0.9) - 1]
    return TimeToAccept(people=len(took), half=timedelta(seconds=median(took)), most=timedelta(seconds=most))


def _connections(session: Session, colleague: Colleague, active: int) -> dict[ConnectionState, int]:
    """All states, those without a client too."""
    of_clients = (Client.id == Connection.client_id, seen_by(colleague), Client.deactivated_at.is_(None))
    connected = Connection.status == ConnectionStatus.CONNECTED
    # What needs no look at how like two names are: with thousands of clients, these are most of them.
    plain = (Connection.organisation_name == Client.name) | (
        Connection.organisation_name == func.coalesce(Connection.accepted_name, "")
    )
    counted: Counter[ConnectionState] = Counter()
    rows = session.execute(select(Connection.status, func.count()).where(*of_clients).group_by(Connection.status))
    for status, number in rows:
        counted[ConnectionState(status)] += number
    others = select(Client.name, Connection).where(*of_clients, connected, ~plain)
    for name, connection in session.execute(others.execution_options(yield_per=_AT_ONCE)):
        if state_of(name, connection) is ConnectionState.NAME_MISMATCH:
            counted[ConnectionState.NAME_MISMATCH] += 1
            counted[ConnectionState.CONNECTED] -= 1
    counted[ConnectionState.NOT_CONNECTED] = max(active - sum(counted.values()), 0)
    return {state: counted[state] for state in ConnectionState}


def _weeks(session: Session, colleague: Colleague, now: datetime, local: tzinfo) -> tuple[Week, ...]:
    today = now.astimezone(local).date()
    this = today - timedelta(days=today.weekday())
    mondays = [this - timedelta(weeks=back) for back in reversed(range(-1, WEEKS))]
    # Each midnight by itself: where clocks are changed, a week is not seven times 24 hours.
    ends = [datetime.combine(monday, time(), local) for monday in mondays]
    added = session.execute(
        select(
            *(func.count().filter(Client.created_at >= begin, Client.created_at < end) for begin, end in pairwise(ends))
        ).where(seen_by(colleague), Client.created_at >= ends[0])
    ).one()
    return tuple(Week(begins=monday, added=number) for monday, number in zip(mondays, added, strict=False))
