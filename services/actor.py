"""Who asks. Ids only: roles and permissions are read in the transaction that needs them."""

import uuid
from dataclasses import dataclass

from db.models import Source


@dataclass(frozen=True, slots=True)
class Actor:
    practice_id: uuid.UUID
    colleague_id: uuid.UUID
    source: Source = Source.SLACK
