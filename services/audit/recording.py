"""Entries of the audit trail, each written in the transaction of the change it tells of."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from db.models import AuditEntry, Source
from services.actor import Actor
from services.audit.masking import masked


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject_id: uuid.UUID,
    *,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """`action` has its words in `services.audit.words`. Secrets and identifiers in `before` and `after` are masked."""
    _add(session, actor.practice_id, actor.colleague_id, actor.source, action, subject_id, at, before, after)


def record_without_colleague(
    session: Session,
    practice_id: uuid.UUID,
    source: Source,
    action: str,
    subject_id: uuid.UUID,
    *,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """For what a client does on the web page, a worker by itself, or an operator."""
    _add(session, practice_id, None, source, action, subject_id, at, before, after)


def _add(
    session: Session,
    practice_id: uuid.UUID,
    colleague_id: uuid.UUID | None,
    source: Source,
    action: str,
    subject_id: uuid.UUID,
    at: datetime,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    session.add(
        AuditEntry(
            practice_id=practice_id,
            at=at,
            colleague_id=colleague_id,
            source=source,
            action=action,
            subject_id=subject_id,
            before=None if before is None else masked(before),
            after=None if after is None else masked(after),
        )
    )
