"""Messages to colleagues that follow from a change: put with it, sent by the Slack lane."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from db.models import Lane
from services import jobs


def tell(
    session: Session,
    kind: str,
    subject: uuid.UUID | str,
    *,
    practice_id: uuid.UUID,
    colleague_id: uuid.UUID,
    args: Mapping[str, Any],
) -> None:
    """One message of a kind about one subject, however often it is asked for. A person's messages keep one pace."""
    jobs.put(
        session,
        jobs.NewJob(
            lane=Lane.SLACK,
            kind=kind,
            key=f"{kind}:{subject}",
            practice_id=practice_id,
            args=args,
            pace=f"slack:{colleague_id}",
        ),
    )
