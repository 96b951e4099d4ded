"""Files that colleagues ask for: each is made and sent by a worker, to whoever asked, once."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import AuditEntry
from services import audit, notices
from services.actor import Actor
from services.audit.masking import masked
from services.jobs import Claim

FAILED = "slack.file_failed"
_DOUBLE_CLICK = timedelta(minutes=1)
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asked for a file, and when, by the job that makes it."""

    practice_id: uuid.UUID
    colleague_id: uuid.UUID
    at: datetime

    @property
    def actor(self) -> Actor:
        return Actor(self.practice_id, self.colleague_id)


def ask(
    session: Session,
    actor: Actor,
    kind: str,
    *,
    action: str,
    subject_id: uuid.UUID,
    told: Mapping[str, Any] | None = None,
    args: Mapping[str, Any],
    now: datetime,
) -> None:
    """Puts the job of `kind`, and the audit entry `action` with `told` that says who took what away.

    The same asked for again within a minute is one file. The caller holds a lock on the actor's row or the subject's.
    """
    if _is_asked(session, actor, action, subject_id, told, since=now - _DOUBLE_CLICK):
        return
    audit.record(session, actor, action, subject_id, at=now, after=told)
    notices.tell(
        session,
        kind,
        uuid.uuid4(),
        practice_id=actor.practice_id,
        colleague_id=actor.colleague_id,
        args={**args, "colleague_id": str(actor.colleague_id), "asked_at": now.isoformat()},
    )


def asked_by(claim: Claim) -> Asked | None:
    if claim.practice_id is None:
        return None
    return Asked(
        practice_id=claim.practice_id,
        colleague_id=uuid.UUID(claim.args["colleague_id"]),
        at=datetime.fromisoformat(claim.args["asked_at"]),
    )


def gave_up(session: Session, claim: Claim, _: str) -> None:
    """Has the person told that their file won't come. Part of the transaction that gives it up."""
    if (asked := asked_by(claim)) is not None:
        notices.tell(
            session,
            FAILED,
            claim.id,
            practice_id=asked.practice_id,
            colleague_id=asked.colleague_id,
            args={"colleague_id": str(asked.colleague_id), "kind": claim.kind, "job_id": str(claim.id)},
        )


def fit_for_disks(name: str) -> str:
    """Without what file systems, or Slack, give a meaning."""
    kept = " ".join(re.sub(r"[^\w .,()-]+", " ", name).split())
    return kept[:_LONGEST_NAME].strip(" .") or "Client"


def _is_asked(
    session: Session,
    actor: Actor,
    action: str,
    subject_id: uuid.UUID,
    told: Mapping[str, Any] | None,
    *,
    since: datetime,
) -> bool:
    asked = session.scalars(
        select(AuditEntry.after).where(
            AuditEntry.practice_id == actor.practice_id,
            AuditEntry.colleague_id == actor.colleague_id,
            AuditEntry.action == action,
            AuditEntry.subject_id == subject_id,
            AuditEntry.at > since,
        )
    )
    return any(each == (told and masked(told)) for each in asked)
