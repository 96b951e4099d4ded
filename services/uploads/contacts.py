"""The people whom the rows of a file name: added to their clients, and invited where that is asked."""

import secrets
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import (
    LIVE,
    Channel,
    ClientRole,
    ClientUser,
    Delivery,
    Invitation,
    InvitationLink,
    InvitationStatus,
    Lane,
    Login,
    Publishing,
    ReminderStage,
)
from services import jobs
from services.audit.masking import MASK
from services.invitations.inviting import EMAIL_KIND, LIFETIME, SMS_KIND
from services.invitations.reminders import rhythm_of
from services.invitations.schedule import NUDGED_AFTER, next_reminder
from services.jobs import NewJob
from services.keys import hash_token
from services.uploads import rows
from services.uploads.adding import Import
from services.uploads.records import ClientRow


class Contact(NamedTuple):
    """The first user of a client. `by_email` and `by_sms` are how they are to be invited, if at all."""

    client_id: uuid.UUID
    user_id: uuid.UUID
    name: str
    email: str
    email_key: str
    mobile: str | None
    by_email: bool
    by_sms: bool

    @property
    def is_invited(self) -> bool:
        return self.by_email or self.by_sms


class Invited(NamedTuple):
    """`left` have a login already, or an invitation to another client, with which they accept all: they get none."""

    invited: int
    left: int


def contact_of(row: ClientRow, client_id: uuid.UUID) -> Contact | None:
    if row.contact_email is None:
        return None
    address, key = rows.email(row.contact_email)
    return Contact(
        client_id,
        uuid7(),
        row.contact_name or row.name,
        address,
        key,
        row.contact_mobile,
        row.invite_by_email,
        row.invite_by_sms,
    )


def told(contact: Contact) -> dict[str, Any]:
    """What the entry of a client's creation tells of its owner, who needs no entry then."""
    mobile = {} if contact.mobile is None else {"contact_mobile": _masked(contact.mobile)}
    return {"contact_name": contact.name, "contact_email": contact.email, **mobile}


def record_added(work: Import, contact: Contact) -> None:
    """For the owner of a client that there was."""
    mobile = {} if contact.mobile is None else {"mobile": _masked(contact.mobile)}
    work.record("client_user.added", contact.user_id, {"name": contact.name, "email": contact.email, **mobile})


def add_contacts(work: Import, contacts: Sequence[Contact]) -> Invited:
    """Adds the owners of clients that have none, and invites them. That they are added is recorded by the caller."""
    logins = _logins(work.session, {contact.email_key for contact in contacts})
    for contact in contacts:
        work.add(
            ClientUser,
            id=contact.user_id,
            practice_id=work.practice.id,
            client_id=contact.client_id,
            login_id=logins.get(contact.email_key),
            name=contact.name,
            email=contact.email,
            email_key=contact.email_key,
            mobile=contact.mobile,
            role=ClientRole.BUSINESS_ADMIN,
            is_owner=True,
            has_login_access=True,
            may_manage_documents=False,
            may_create_expense_claims=False,
            may_publish=Publishing.NONE,
            created_at=work.now,
        )
    return invite_contacts(work, contacts, logins=logins)


def invite_contacts(
    work: Import,
    contacts: Sequence[Contact],
    *,
    logins: Mapping[str, uuid.UUID] | None = None,
) -> Invited:
    """Invites those who are to be, in a few statements. One person is invited once, however many clients are theirs."""
    wanted = [contact for contact in contacts if contact.is_invited]
    if not wanted:
        return Invited(0, 0)
    keys = {contact.email_key for contact in wanted}
    left_out = set(_logins(work.session, keys) if logins is None else logins) | _invited(work, keys)
    again = next_reminder(rhythm_of(work.practice, work.uploader), work.now, work.now + LIFETIME, after=work.now)
    put: list[NewJob] = []
    for contact in wanted:
        if contact.email_key in left_out:
            continue
        left_out.add(contact.email_key)
        put += _invite(work, contact, *(again or (None, None)))
    jobs_put = len({job.args["invitation_id"] for job in put})
    work.insert()  # the invitations come before the jobs that send them
    jobs.put(work.session, *put)
    return Invited(jobs_put, len(wanted) - jobs_put)


def _invite(work: Import, contact: Contact, reminded_at: datetime | None, stage: ReminderStage | None) -> list[NewJob]:
    invitation_id = uuid7()
    by_sms = contact.by_sms and work.texts and contact.mobile is not None
    mobile = contact.mobile if by_sms else None
    work.add(
        Invitation,
        id=invitation_id,
        practice_id=work.practice.id,
        client_id=contact.client_id,
        client_user_id=contact.user_id,
        inviter_id=work.actor.colleague_id,
        email=contact.email,
        mobile=mobile,
        status=InvitationStatus.QUEUED,
        created_at=work.now,
        expires_at=work.now + LIFETIME,
        next_reminder_at=reminded_at,
        next_stage=stage,
        reminders_stopped=False,
        next_nudge_at=work.now + NUDGED_AFTER[0] if work.practice.nudges_clients else None,
        nudges=0,
    )
    work.record(
        "invitation.created",
        invitation_id,
        {
            "client_user_id": str(contact.user_id),
            "email": contact.email,
            **({"mobile": _masked(mobile)} if mobile else {}),
            "status": InvitationStatus.QUEUED,
        },
    )
    ways = []
    if contact.by_email or not by_sms:
        ways.append((Channel.EMAIL, Lane.MAIL, EMAIL_KIND, "invitation-email"))
    if by_sms:
        ways.append((Channel.SMS, Lane.SMS, SMS_KIND, "invitation-sms"))
    put = []
    for channel, lane, kind, name in ways:
        nonce = secrets.token_bytes(16)
        work.add(
            InvitationLink,
            id=uuid7(),
            invitation_id=invitation_id,
            channel=channel,
            nonce=nonce,
            token_hash=hash_token(work.keys.new_token(nonce)),
            delivery=Delivery.QUEUED,
        )
        put.append(
            NewJob(
                lane=lane,
                kind=kind,
                key=f"{name}:{invitation_id}",
                practice_id=work.practice.id,
                args={"invitation_id": str(invitation_id)},
            )
        )
    return put


def _masked(mobile: str) -> str:
    """Without its groups, which take longer to find for many than all else that is done for them."""
    return f"{MASK} {mobile[-3:]}"


def _logins(session: Session, keys: Collection[str]) -> dict[str, uuid.UUID]:
    if not keys:
        return {}
    found = session.execute(select(Login.email_key, Login.id).where(Login.email_key.in_(keys)))
    return dict(found.all())


def _invited(work: Import, keys: Collection[str]) -> set[str]:
    """Those of them who have an invitation of this practice that can still be accepted."""
    lives = exists().where(
        Invitation.client_user_id == ClientUser.id, Invitation.status.in_(LIVE), Invitation.expires_at > work.now
    )
    found = select(ClientUser.email_key).where(
        ClientUser.practice_id == work.practice.id, ClientUser.email_key.in_(keys), lives
    )
    return set(work.session.scalars(found))
