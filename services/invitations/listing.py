"""The invitations of a practice: how many stand how, and a page of them."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import LIVE, Client, ClientUser, Colleague, Invitation, InvitationStatus
from db.session import Database
from services import policy
from services.actor import Actor
from services.clients.search import QUERY_LENGTH
from services.clients.searching import holds
from services.clients.visibility import seen_by
from services.practice import get_colleague
from services.zones import zone

PAGE = 10
SOON = timedelta(days=2)


class Standing(StrEnum):
    """Which invitations are listed. EXPIRING are those of PENDING with two days left; NEVER are clients."""

    PENDING = "pending"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    FAILED = "failed"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    NEVER = "never"


RESENDABLE = frozenset({Standing.PENDING, Standing.EXPIRING, Standing.EXPIRED, Standing.FAILED})


@dataclass(frozen=True, slots=True)
class InvitationWish:
    """`page` counts from 0."""

    standing: Standing = Standing.PENDING
    query: str = ""
    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationLine:
    """Times are in the reader's zone. Without an invitation, `client_user_id` is who could be invited, if anybody."""

    client_id: uuid.UUID
    client_name: str
    client_user_id: uuid.UUID | None
    person_name: str | None
    email: str | None
    invitation_id: uuid.UUID | None = None
    status: InvitationStatus | None = None
    inviter: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    accepted_at: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationList:
    """`counts` are of all that the person sees, `found` of those that fit the wish; `actionable` of these can be sent
    at once."""

    wish: InvitationWish
    counts: dict[Standing, int]
    pages: int
    found: int
    actionable: int
    lines: tuple[InvitationLine, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """What sending to all that are listed does for one of them: sends the invitation anew, invites the user, or, with
    neither, nothing."""

    client_id: uuid.UUID
    invitation_id: uuid.UUID | None = None
    client_user_id: uuid.UUID | None = None


class InvitationListService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, actor: Actor, wish: InvitationWish) -> InvitationList:
        """Of clients that the actor sees and that are not deactivated. Past the last page, that one is given."""
        now = self._database.now()
        query = " ".join(wish.query.split())[:QUERY_LENGTH]
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            counts = _counts(session, colleague, now)
            listed = _listed(colleague, wish.standing, query, now)
            found = session.scalar(select(func.count()).select_from(listed.subquery())) or 0
            pages = max(-(-found // PAGE), 1)
            page = min(max(wish.page, 0), pages - 1)
            rows = session.execute(listed.order_by(*_order(wish.standing)).offset(page * PAGE).limit(PAGE)).all()
            return InvitationList(
                wish=InvitationWish(wish.standing, query, page),
                counts=counts,
                pages=pages,
                found=found,
                actionable=_actionable(session, listed, wish.standing, found),
                lines=tuple(_line(row, colleague, now) for row in rows),
            )


def targets(session: Session, colleague: Colleague, wish: InvitationWish, now: datetime) -> list[Target]:
    """All that the wish lists, on whatever page."""
    listed = _listed(colleague, wish.standing, wish.query, now)
    columns = listed.with_only_columns(Client.id, ClientUser.id, *(() if _is_never(wish) else (Invitation.id,)))
    rows = session.execute(columns.order_by(*_order(wish.standing)))
    if _is_never(wish):
        return [Target(client_id, None, client_user_id) for client_id, client_user_id in rows]
    return [Target(client_id, invitation_id, None) for client_id, _, invitation_id in rows]


def _is_never(wish: InvitationWish) -> bool:
    return wish.standing is Standing.NEVER


def fits(standing: Standing, now: datetime) -> ColumnElement[bool]:
    """The clock decides what expired, whether or not the sweep has come by."""
    status, ends = Invitation.status, Invitation.expires_at
    match standing:
        case Standing.PENDING:
            return and_(status.in_(LIVE), status != InvitationStatus.FAILED, ends > now)
        case Standing.EXPIRING:
            return and_(fits(Standing.PENDING, now), ends <= now + SOON)
        case Standing.EXPIRED:
            return or_(status == InvitationStatus.EXPIRED, and_(status.in_(LIVE), ends <= now))
        case Standing.FAILED:
            return and_(status == InvitationStatus.FAILED, ends > now)
        case Standing.ACCEPTED:
            return status == InvitationStatus.ACCEPTED
        case Standing.REVOKED:
            return status == InvitationStatus.REVOKED
        case Standing.NEVER:
            raise ValueError("There is no invitation to fit")


def _open_clients(colleague: Colleague) -> ColumnElement[bool]:
    return and_(seen_by(colleague), Client.deactivated_at.is_(None))


def _never_invited(colleague: Colleague) -> ColumnElement[bool]:
    user = aliased(ClientUser)
    return and_(
        _open_clients(colleague),
        ~exists().where(Invitation.client_id == Client.id),
        ~exists().where(user.client_id == Client.id, user.login_id.is_not(None)),
    )


def _counts(session: Session, colleague: Colleague, now: datetime) -> dict[Standing, int]:
    of_invitations = [standing for standing in Standing if standing is not Standing.NEVER]
    found = session.execute(
        select(*(func.count().filter(fits(standing, now)) for standing in of_invitations))
        .select_from(Invitation)
        .join(Client, Client.id == Invitation.client_id)
        .where(_open_clients(colleague))
    ).one()
    never = session.scalar(select(func.count()).select_from(Client).where(_never_invited(colleague))) or 0
    return dict(zip(of_invitations, found, strict=True)) | {Standing.NEVER: never}


def _listed(colleague: Colleague, standing: Standing, query: str, now: datetime) -> Select[*tuple[Any, ...]]:
    listed: Select[*tuple[Any, ...]]
    if standing is Standing.NEVER:
        listed = select(Client, ClientUser).outerjoin(
            ClientUser, and_(ClientUser.client_id == Client.id, ClientUser.is_owner)
        )
        listed = listed.where(_never_invited(colleague))
    else:
        listed = (
            select(Client, ClientUser, Invitation, Colleague.name)
            .join(ClientUser, ClientUser.client_id == Client.id)
            .join(Invitation, Invitation.client_user_id == ClientUser.id)
            .join(Colleague, Colleague.id == Invitation.inviter_id)
            .where(_open_clients(colleague), fits(standing, now))
        )
    if query:
        name = func.lower(ClientUser.name).contains(query.lower(), autoescape=True)
        listed = listed.where(or_(holds(colleague.practice_id, query), name))
    return listed


def _order(standing: Standing) -> tuple[ColumnElement[Any] | UnaryExpression[Any], ...]:
    """What is to be done first comes first."""
    match standing:
        case Standing.PENDING | Standing.EXPIRING:
            return Invitation.expires_at.asc(), Invitation.id.asc()
        case Standing.NEVER:
            return Client.name_key.asc(), Client.id.asc()
        case Standing.ACCEPTED:
            return Invitation.accepted_at.desc(), Invitation.id.desc()
        case _:
            return Invitation.expires_at.desc(), Invitation.id.desc()


def _actionable(session: Session, listed: Select[*tuple[Any, ...]], standing: Standing, found: int) -> int:
    if standing is Standing.NEVER:
        with_user = listed.with_only_columns(Client.id).where(ClientUser.id.is_not(None))
        return session.scalar(select(func.count()).select_from(with_user.subquery())) or 0
    return found if standing in RESENDABLE else 0


def _line(row: Any, colleague: Colleague, now: datetime) -> InvitationLine:
    client, user, invitation, inviter = (*row, None, None)[:4]
    zoned = zone(colleague.timezone)
    if invitation is None:
        return InvitationLine(
            client_id=client.id,
            client_name=client.name,
            client_user_id=user and user.id,
            person_name=user and user.name,
            email=user and user.email,
        )
    is_over = invitation.status in LIVE and now >= invitation.expires_at  # whether or not the sweep has come by
    return InvitationLine(
        client_id=client.id,
        client_name=client.name,
        client_user_id=user.id,
        person_name=user.name,
        email=invitation.email,
        invitation_id=invitation.id,
        status=InvitationStatus.EXPIRED if is_over else invitation.status,
        inviter=inviter,
        created_at=invitation.created_at.astimezone(zoned),
        expires_at=invitation.expires_at.astimezone(zoned),
        accepted_at=invitation.accepted_at and invitation.accepted_at.astimezone(zoned),
        failure=invitation.failure,
    )
