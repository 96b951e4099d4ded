"""An invitation with what stands around it, found, locked and changed inside a transaction."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

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
from services import audit, notices
from services.emails import email_key
from services.invitations.records import InvitationClosedError, InvitationPage, LinkState
from services.keys import hash_token

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


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
    address = session.scalar(select(Invitation.email).where(Invitation.id == invitation_id))
    if address is None:
        return None
    # Before the invitation: an acceptance in between then shows as one, and not as a login that came from nowhere.
    login = session.scalar(select(Login).where(Login.email_key == email_key(address)))
    found = session.execute(
        select(Invitation, ClientUser, Client, Practice, Colleague)
        .join(ClientUser, ClientUser.id == Invitation.client_user_id)
        .join(Client, Client.id == Invitation.client_id)
        .join(Practice, Practice.id == Invitation.practice_id)
        .join(Colleague, Colleague.id == Invitation.inviter_id)
        .where(Invitation.id == invitation_id)
    ).one_or_none()
    if found is None:
        return None
    invitation, client_user, client, practice, inviter = found
    return InvitationRows(invitation, client_user, client, practice, inviter, login)


def find_by_token(session: Session, token: str, *, lock: bool = False) -> InvitationRows | None:
    invitation_id = _id_by_token(session, token)
    return find(session, invitation_id, lock=lock) if invitation_id is not None else None


def _id_by_token(session: Session, token: str) -> uuid.UUID | None:
    if not _TOKEN.fullmatch(token):
        return None
    by_hash = select(InvitationLink.invitation_id).where(InvitationLink.token_hash == hash_token(token))
    return session.execute(by_hash).scalar_one_or_none()


def page_of(rows: InvitationRows | None, now: datetime) -> InvitationPage:
    return rows.page(now) if rows is not None else InvitationPage(state=LinkState.UNKNOWN)


def require_open(rows: InvitationRows | None, now: datetime) -> InvitationRows:
    if rows is None or rows.state(now) != LinkState.OPEN:
        raise InvitationClosedError(page_of(rows, now))
    return rows


def lock_all_of_person(session: Session, token: str) -> list[Invitation]:
    """This invitation and the practice's other live ones to the same person, all of which one acceptance settles.

    Locked in the order of their ids, so that two acceptances can't wait for each other.
    """
    # Columns only: a row read before the lock would stay in the session as it was then.
    invitation_id = _id_by_token(session, token)
    known = select(Invitation.practice_id, Invitation.email).where(Invitation.id == invitation_id)
    if (found := session.execute(known).one_or_none()) is None:
        return []
    practice_id, address = found
    same_person = select(ClientUser.id).where(
        ClientUser.practice_id == practice_id, ClientUser.email_key == email_key(address)
    )
    locked = (
        select(Invitation)
        .where(
            Invitation.practice_id == practice_id,
            Invitation.status.in_(LIVE),
            or_(Invitation.id == invitation_id, Invitation.client_user_id.in_(same_person)),
        )
        .order_by(Invitation.id)
        .with_for_update()
    )
    return list(session.scalars(locked))


def change(
    session: Session,
    invitation: Invitation,
    status: InvitationStatus,
    source: Source,
    now: datetime,
    **details: str,
) -> None:
    before, invitation.status = invitation.status, status
    audit.record_without_colleague(
        session,
        invitation.practice_id,
        source,
        f"invitation.{status}",
        invitation.id,
        at=now,
        before={"status": before},
        after={"status": status, **details},
    )


def tell_inviter(session: Session, invitation: Invitation, kind: str) -> None:
    notices.tell(
        session,
        kind,
        invitation.id,
        practice_id=invitation.practice_id,
        colleague_id=invitation.inviter_id,
        args={"invitation_id": str(invitation.id)},
    )
