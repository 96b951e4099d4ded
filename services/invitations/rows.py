"""An invitation with what stands around it, found, locked and changed inside a transaction."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models import (
    LIVE,
    Client,
    ClientUser,
    Colleague,
    Invitation,
    InvitationLink,
    InvitationStatus,
    Login,
    Practice,
    Source,
)
from services import audit, notices, policy
from services.actor import Actor
from services.emails import email_key
from services.invitations.records import InvitationClosedError, InvitationPage, LinkState
from services.keys import hash_token

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_OVER = frozenset({InvitationStatus.ACCEPTED, InvitationStatus.REVOKED, InvitationStatus.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class InvitationRows:
    """An invitation and what stands around it. Stays inside its transaction."""

    invitation: Invitation
    client_user: ClientUser
    client: Client
    practice: Practice
    inviter: Colleague
    login: Login | None

    def state(self, now: datetime) -> LinkState:
        """The clock decides what expired, whether or not the sweep has come by."""
        match self.invitation.status:
            case InvitationStatus.ACCEPTED:
                return LinkState.USED
            case InvitationStatus.SUPERSEDED:
                return LinkState.REPLACED
            case InvitationStatus.REVOKED:
                return LinkState.REVOKED
            case _ if self.client.deactivated_at is not None:
                return LinkState.REVOKED
            case InvitationStatus.EXPIRED:
                return LinkState.EXPIRED
            case _:
                return LinkState.OPEN if now < self.invitation.expires_at else LinkState.EXPIRED

    def page(self, now: datetime) -> InvitationPage:
        return InvitationPage(
            state=self.state(now),
            practice_name=self.practice.name,
            client_name=self.client.name,
            person_name=self.client_user.name,
            email=self.invitation.email,
            has_login=self.login is not None,
            renewal_asked=self.invitation.renewal_asked_at is not None,
        )


def find(session: Session, invitation_id: uuid.UUID, *, lock: bool = False) -> InvitationRows | None:
    """The invitation, locked before it is read if it is to be changed."""
    if lock:
        session.execute(select(Invitation.id).where(Invitation.id == invitation_id).with_for_update())
    return _read(session, Invitation.id == invitation_id)


def find_by_token(session: Session, token: str, *, lock: bool = False) -> InvitationRows | None:
    """One look by an index, whether there is such a link or not: how long it takes tells nothing."""
    if not _TOKEN.fullmatch(token):
        return None
    if lock:
        invitation_id = session.scalar(_by_token(token))
        return find(session, invitation_id, lock=True) if invitation_id is not None else None
    return _read(session, Invitation.id == _by_token(token).scalar_subquery())


def _by_token(token: str) -> Select[uuid.UUID]:
    return select(InvitationLink.invitation_id).where(InvitationLink.token_hash == hash_token(token))


def _read(session: Session, which: ColumnElement[bool]) -> InvitationRows | None:
    # In one statement: an acceptance in between could show as a login that came from nowhere.
    found = session.execute(
        select(Invitation, ClientUser, Client, Practice, Colleague, Login)
        .join(ClientUser, ClientUser.id == Invitation.client_user_id)
        .join(Client, Client.id == Invitation.client_id)
        .join(Practice, Practice.id == Invitation.practice_id)
        .join(Colleague, Colleague.id == Invitation.inviter_id)
        .outerjoin(Login, Login.email_key == ClientUser.email_key)
        .where(which)
    ).one_or_none()
    return None if found is None else InvitationRows(*found)


def page_of(rows: InvitationRows | None, now: datetime) -> InvitationPage:
    return rows.page(now) if rows is not None else InvitationPage(state=LinkState.UNKNOWN)


def require_open(rows: InvitationRows | None, now: datetime) -> InvitationRows:
    if rows is None or rows.state(now) != LinkState.OPEN:
        raise InvitationClosedError(page_of(rows, now))
    return rows


def lock_all_of_person(session: Session, token: str) -> list[Invitation]:
    """This invitation and the practice's other live ones to the same person, all of which one acceptance settles.

    Client users are locked before their invitations, each in the order of their ids, so that neither two acceptances
    nor one and a resend can wait for each other.
    """
    # Columns only: a row read before the lock would stay in the session as it was then.
    if not _TOKEN.fullmatch(token) or (invitation_id := session.scalar(_by_token(token))) is None:
        return []
    known = select(Invitation.practice_id, Invitation.client_user_id, Invitation.email)
    practice_id, client_user_id, address = session.execute(known.where(Invitation.id == invitation_id)).one()
    same_person = session.scalars(
        select(ClientUser.id)
        .where(
            ClientUser.practice_id == practice_id,
            or_(ClientUser.email_key == email_key(address), ClientUser.id == client_user_id),
        )
        .order_by(ClientUser.id)
        .with_for_update()
    ).all()
    locked = (
        select(Invitation)
        .where(
            Invitation.practice_id == practice_id,
            Invitation.status.in_(LIVE),
            Invitation.client_user_id.in_(same_person),
        )
        .order_by(Invitation.id)
        .with_for_update()
    )
    return list(session.scalars(locked))


def change(
    session: Session,
    invitation: Invitation,
    status: InvitationStatus,
    by: Source | Actor,
    now: datetime,
    **details: str,
) -> None:
    """`by` is a colleague, or what acts without one. Nobody is reminded of an invitation that is over."""
    before, invitation.status = invitation.status, status
    if status in _OVER:
        invitation.next_reminder_at = invitation.next_stage = invitation.next_nudge_at = None
    action, was, is_now = f"invitation.{status}", {"status": before}, {"status": status, **details}
    if isinstance(by, Actor):
        audit.record(session, by, action, invitation.id, at=now, before=was, after=is_now)
    else:
        audit.record_without_colleague(
            session, invitation.practice_id, by, action, invitation.id, at=now, before=was, after=is_now
        )


def tell_inviter(session: Session, invitation: Invitation, kind: str) -> None:
    """Or whoever answers for the invitation once its inviter has left."""
    inviter = session.get_one(Colleague, invitation.inviter_id)
    manager_id = session.scalar(select(Client.account_manager_id).where(Client.id == invitation.client_id))
    for colleague_id in answerable(session, inviter, manager_id):
        notices.tell(
            session,
            kind,
            f"{invitation.id}:{colleague_id}",
            practice_id=invitation.practice_id,
            colleague_id=colleague_id,
            args={"invitation_id": str(invitation.id), "colleague_id": str(colleague_id)},
        )


def answerable(
    session: Session,
    inviter: Colleague,
    manager_id: uuid.UUID | None,
    *conditions: ColumnElement[bool] | InstrumentedAttribute[bool],
) -> Sequence[uuid.UUID]:
    """The inviter; once they have left, the client's account manager, else the admins, as far as they fulfil the
    `conditions` on Colleague."""
    if inviter.active:
        return (inviter.id,)
    others = select(Colleague.id).where(Colleague.practice_id == inviter.practice_id, Colleague.active, *conditions)
    manager = session.scalars(others.where(Colleague.id == manager_id)).all()
    return manager or session.scalars(others.where(Colleague.role.in_(policy.ADMIN_ROLES))).all()
