"""Putting an invitation, within the transaction of whoever invites."""

import secrets
import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import Channel, ClientUser, Invitation, InvitationLink, InvitationStatus, Lane
from services import audit, jobs
from services.actor import Actor
from services.jobs import NewJob
from services.keys import Keyring, hash_token

EMAIL_KIND = "invitation.send_email"
LIFETIME = timedelta(days=7)


def invite(
    session: Session,
    *,
    actor: Actor,
    client_user: ClientUser,
    client_id: uuid.UUID,
    practice_id: uuid.UUID,
    keys: Keyring,
    now: datetime,
) -> Invitation:
    """Adds the invitation, its e-mail link, the job that sends it and the audit entry to the caller's transaction."""
    session.flush()  # the client and its user come before what refers to them
    nonce = secrets.token_bytes(16)
    invitation = Invitation(
        id=uuid7(),
        practice_id=practice_id,
        client_id=client_id,
        client_user_id=client_user.id,
        inviter_id=actor.colleague_id,
        email=client_user.email,
        status=InvitationStatus.QUEUED,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    session.add(invitation)
    session.flush()
    session.add(
        InvitationLink(
            invitation_id=invitation.id,
            channel=Channel.EMAIL,
            nonce=nonce,
            token_hash=hash_token(keys.new_token(nonce)),
        )
    )
    jobs.put(
        session,
        NewJob(
            lane=Lane.MAIL,
            kind=EMAIL_KIND,
            key=f"invitation-email:{invitation.id}",
            practice_id=practice_id,
            args={"invitation_id": str(invitation.id)},
        ),
    )
    audit.record(
        session,
        actor,
        "invitation.created",
        invitation.id,
        at=now,
        after={"client_user_id": str(client_user.id), "email": invitation.email, "status": invitation.status},
    )
    return invitation
