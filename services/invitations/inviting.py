"""Putting an invitation, within the transaction of whoever invites."""

import secrets
import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import (
    Channel,
    ClientUser,
    Colleague,
    Invitation,
    InvitationLink,
    InvitationStatus,
    Lane,
    Practice,
)
from services import audit, jobs
from services.actor import Actor
from services.invitations.reminders import rhythm_of, schedule
from services.invitations.schedule import NUDGED_AFTER
from services.jobs import NewJob
from services.keys import Keyring, hash_token
from services.phones import mask_mobile

EMAIL_KIND = "invitation.send_email"
SMS_KIND = "invitation.send_sms"
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
    replaces: uuid.UUID | None = None,
) -> Invitation:
    """Adds the invitation, a link by e-mail and, to a mobile, one by text message, the jobs that send them and the
    audit entry to the caller's transaction.

    The client user's earlier invitation, if there is one, is over by then; `replaces` names it.
    """
    session.flush()  # the client and its user come before what refers to them
    invitation = Invitation(
        id=uuid7(),
        practice_id=practice_id,
        client_id=client_id,
        client_user_id=client_user.id,
        inviter_id=actor.colleague_id,
        email=client_user.email,
        mobile=client_user.mobile,
        status=InvitationStatus.QUEUED,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    practice, inviter = session.get_one(Practice, practice_id), session.get_one(Colleague, actor.colleague_id)
    schedule(invitation, rhythm_of(practice, inviter), now)
    if practice.nudges_clients:
        invitation.next_nudge_at = now + NUDGED_AFTER[0]
    session.add(invitation)
    session.flush()
    _add_link(session, invitation, Channel.EMAIL, keys)
    _put(session, invitation, Lane.MAIL, EMAIL_KIND, "invitation-email")
    if invitation.mobile is not None:
        _add_link(session, invitation, Channel.SMS, keys)
        _put(session, invitation, Lane.SMS, SMS_KIND, "invitation-sms")
    audit.record(
        session,
        actor,
        "invitation.created",
        invitation.id,
        at=now,
        after={
            "client_user_id": str(client_user.id),
            "email": invitation.email,
            **({"mobile": mask_mobile(invitation.mobile)} if invitation.mobile else {}),
            "status": invitation.status,
            "replaces": replaces and str(replaces),
        },
    )
    return invitation


def _put(session: Session, invitation: Invitation, lane: Lane, kind: str, name: str) -> None:
    jobs.put(
        session,
        NewJob(
            lane=lane,
            kind=kind,
            key=f"{name}:{invitation.id}",
            practice_id=invitation.practice_id,
            args={"invitation_id": str(invitation.id)},
        ),
    )


def _add_link(session: Session, invitation: Invitation, channel: Channel, keys: Keyring) -> None:
    nonce = secrets.token_bytes(16)
    link = InvitationLink(
        invitation_id=invitation.id, channel=channel, nonce=nonce, token_hash=hash_token(keys.new_token(nonce))
    )
    session.add(link)
