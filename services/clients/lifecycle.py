"""Deactivating a client, which gives its place in the bundle back, and bringing it back later."""

import calendar
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import LIVE, Client, ClientUser, Colleague, Connection, Invitation, InvitationStatus, Practice
from db.session import Database
from services import audit
from services.actor import Actor
from services.clients.visibility import get_client
from services.errors import BundleFullError, ConflictError, NotFoundError
from services.invitations.rows import change
from services.practice import Bundle, count_bundle, get_colleague, lock_practice
from services.zones import zone

MONTHS_AWAY = 4
"""A client that was deactivated stays so for this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """What deactivating or reactivating would do. `returns_at` is from when a deactivated client can come back."""

    client_id: uuid.UUID
    name: str
    deactivated_at: datetime | None
    returns_at: datetime | None
    may_return: bool
    waiting_invitations: int
    is_connected: bool
    bundle: Bundle


class ClientLifecycleService:
    """Each is refused with NotFoundError for a client that the actor does not see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lifecycle(self, actor: Actor, client_id: uuid.UUID) -> Lifecycle:
        now = self._database.now()
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            waiting = select(func.count()).where(Invitation.client_id == client.id, Invitation.status.in_(LIVE))
            connection = select(Connection.id).where(Connection.client_id == client.id)
            returns_at = None if client.deactivated_at is None else months_after(client.deactivated_at, MONTHS_AWAY)
            return Lifecycle(
                client_id=client.id,
                name=client.name,
                deactivated_at=client.deactivated_at,
                returns_at=returns_at,
                may_return=returns_at is not None and now >= returns_at,
                waiting_invitations=session.scalar(waiting) or 0,
                is_connected=session.scalar(connection) is not None,
                bundle=count_bundle(session, session.get_one(Practice, client.practice_id)),
            )

    def deactivate(self, actor: Actor, client_id: uuid.UUID) -> None:
        """Its place is free at once; its invitations are revoked, nobody is reminded of it, and its connection is kept
        without being refreshed. Twice is once."""
        now = self._database.now()
        with self._database.begin() as session:
            colleague = get_colleague(session, actor)
            get_client(session, colleague, client_id)
            # Users first, then invitations: the order of all who change both.
            session.execute(
                select(ClientUser.id).where(ClientUser.client_id == client_id).order_by(ClientUser.id).with_for_update()
            )
            client = _lock(session, actor, client_id)
            if client.deactivated_at is not None:
                return
            client.deactivated_at = now
            revoked = _end_invitations(session, actor, client, now)
            audit.record(
                session,
                actor,
                "client.deactivated",
                client.id,
                at=now,
                before={"name": client.name},
                after={"revoked_invitations": revoked},
            )

    def reactivate(self, actor: Actor, client_id: uuid.UUID) -> None:
        """Takes a place in the bundle. Twice is once. Raises ConflictError before its time, BundleFullError."""
        now = self._database.now()
        with self._database.begin() as session:
            practice = lock_practice(session, actor.practice_id)
            colleague = get_colleague(session, actor)
            client = get_client(session, colleague, client_id, lock=True)
            if client.deactivated_at is None:
                return
            returns_at = months_after(client.deactivated_at, MONTHS_AWAY)
            if now < returns_at:
                raise ConflictError(_too_early(colleague, client, returns_at))
            bundle = count_bundle(session, practice)
            if bundle.is_full:
                raise BundleFullError(
                    f"All {bundle.included:,} client accounts of your subscription are in use, so {client.name} has no "
                    "place. Deactivate another client, or ask a Practice Admin to raise the bundle."
                )
            before, client.deactivated_at = client.deactivated_at, None
            audit.record(
                session,
                actor,
                "client.reactivated",
                client.id,
                at=now,
                before={"deactivated_at": before.isoformat()},
                after={"name": client.name},
            )


def months_after(start: datetime, months: int) -> datetime:
    """The same day and time so many months later, or the last day of a month that is shorter."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


def _lock(session: Session, actor: Actor, client_id: uuid.UUID) -> Client:
    """So that what refers to the client can be added meanwhile: whoever invites holds the rows that come next."""
    # The practice once more: the account may have gone to another one while this waited.
    wanted = select(Client).where(Client.id == client_id, Client.practice_id == actor.practice_id)
    client = session.scalar(wanted.with_for_update(key_share=True), execution_options={"populate_existing": True})
    if client is None:
        raise NotFoundError("There is no such client, or you can't open it.")
    return client


def _end_invitations(session: Session, actor: Actor, client: Client, now: datetime) -> int:
    """Revokes those that are out, and has nobody reminded of one that expired."""
    of_client = select(Invitation).where(Invitation.client_id == client.id).order_by(Invitation.id).with_for_update()
    revoked = 0
    for invitation in session.scalars(of_client.where(Invitation.status.in_((*LIVE, InvitationStatus.EXPIRED)))):
        if invitation.status is InvitationStatus.EXPIRED:
            invitation.next_reminder_at = invitation.next_stage = invitation.next_nudge_at = None
        else:
            change(session, invitation, InvitationStatus.REVOKED, actor, now)
            revoked += 1
    return revoked


def _too_early(colleague: Colleague, client: Client, returns_at: datetime) -> str:
    day = returns_at.astimezone(zone(colleague.timezone))
    return (
        f"{client.name} was deactivated less than four months ago. It can be reactivated from "
        f"{day:%-d %B %Y} at {day:%H:%M}."
    )
