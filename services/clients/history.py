"""What happened to a client, for whoever can open it, and what it started with."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from db.session import Database
from services import policy
from services.actor import Actor
from services.audit import finding, subjects, trail
from services.audit.finding import AuditWish, Mark, Search
from services.audit.trail import AuditLine
from services.clients.visibility import get_client
from services.people import ClientDefaults
from services.practice import get_colleague
from services.zones import zone

PAGE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHistory:
    """The newest entries first. `older` is the mark to go on from, `is_newest` says that there are none before.
    `sees_trail`: the person may look through the whole audit trail."""

    client_id: uuid.UUID
    client_name: str
    lines: tuple[AuditLine, ...]
    older: Mark | None
    is_newest: bool
    sees_trail: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The client defaults as they were when the client was added."""

    client_id: uuid.UUID
    client_name: str
    created_at: datetime
    defaults: ClientDefaults


class ClientHistoryService:
    """Each is refused with NotFoundError for a client that the actor does not see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def history(self, actor: Actor, client_id: uuid.UUID, older_than: Mark | None = None) -> ClientHistory:
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            client = get_client(session, colleague, client_id)
            wanted = Search(
                practice_id=client.practice_id,
                local=zone(colleague.timezone),
                wish=AuditWish(client=client.id),
                client_name=client.name,
                person_name=None,
                subject_ids=tuple(subjects.of_client(session, client)),
                actions=(),
                start=None,
                end=None,
            )
            found = finding.older(session, wanted, older_than, PAGE + 1)
            shown = found[:PAGE]
            return ClientHistory(
                client_id=client.id,
                client_name=client.name,
                lines=trail.lines(session, wanted, shown),
                older=shown[-1].mark if len(found) > PAGE else None,
                is_newest=older_than is None,
                sees_trail=policy.is_admin(colleague),
            )

    def applied(self, actor: Actor, client_id: uuid.UUID) -> Applied:
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            return Applied(
                client_id=client.id,
                client_name=client.name,
                created_at=client.created_at,
                defaults=ClientDefaults.model_validate(client.applied_defaults),
            )
