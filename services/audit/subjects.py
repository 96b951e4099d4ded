"""What entries of the audit trail are about: the name of each subject, and the subjects that belong to a client."""

import uuid
from collections.abc import Iterable
from typing import Any, Protocol

from sqlalchemy import Row, Select, select, union_all
from sqlalchemy.orm import Session

from db.models import (
    Authorisation,
    Client,
    ClientAccess,
    ClientUser,
    Colleague,
    Connection,
    Draft,
    Invitation,
    PermissionRequest,
    SyncRun,
    Team,
)
from services.accounting.port import NAMES


class Entry(Protocol):
    @property
    def action(self) -> str: ...
    @property
    def subject_id(self) -> uuid.UUID: ...
    @property
    def before(self) -> dict[str, Any] | None: ...
    @property
    def after(self) -> dict[str, Any] | None: ...


def of_client(session: Session, client: Client) -> list[uuid.UUID]:
    """The client itself, its users, invitations, connection, access, requests for access, and the draft it was."""
    owned = (ClientUser, Invitation, ClientAccess, Connection, Draft, PermissionRequest)
    found = session.scalars(union_all(*(select(table.id).where(table.client_id == client.id) for table in owned)))
    return list(dict.fromkeys([client.id, *([client.draft_id] if client.draft_id else []), *found]))


def names(session: Session, practice_id: uuid.UUID, entries: Iterable[Entry]) -> dict[uuid.UUID, str]:
    """What the subjects are called now, or else, for what is no longer there, were called in the entry."""
    wanted: dict[str, set[uuid.UUID]] = {}
    found: dict[uuid.UUID, str] = {}
    for entry in entries:
        kind = _ELSEWHERE.get(entry.action) or entry.action.partition(".")[0]
        wanted.setdefault(kind, set()).add(entry.subject_id)
        recorded = (entry.after or {}).get("name") or (entry.before or {}).get("name")
        if isinstance(recorded, str) and not entry.action.startswith("practice."):
            found.setdefault(entry.subject_id, recorded)
    for kind, ids in wanted.items():
        if kind in _QUERIES:
            query, name = _QUERIES[kind]
            for row in session.execute(query(practice_id, ids)):
                found[row[0]] = name(row)
    return found


def _clients(practice_id: uuid.UUID, ids: set[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return select(Client.id, Client.name).where(Client.practice_id == practice_id, Client.id.in_(ids))


def _client_users(practice_id: uuid.UUID, ids: set[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return (
        select(ClientUser.id, ClientUser.name, Client.name)
        .join(Client, Client.id == ClientUser.client_id)
        .where(ClientUser.practice_id == practice_id, ClientUser.id.in_(ids))
    )


def _invitations(practice_id: uuid.UUID, ids: set[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return (
        select(Invitation.id, Invitation.email, Client.name)
        .join(Client, Client.id == Invitation.client_id)
        .where(Invitation.practice_id == practice_id, Invitation.id.in_(ids))
    )


def _colleagues(practice_id: uuid.UUID, ids: set[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return select(Colleague.id, Colleague.name).where(Colleague.practice_id == practice_id, Colleague.id.in_(ids))


def _teams(practice_id: uuid.UUID, ids: set[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return select(Team.id, Team.name).where(Team.practice_id == practice_id, Team.id.in_(ids))


def _requests(practice_id: uuid.UUID, ids: set[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return (
        select(PermissionRequest.id, Colleague.name, Client.name)
        .join(Colleague, Colleague.id == PermissionRequest.colleague_id)
        .outerjoin(Client, Client.id == PermissionRequest.client_id)
        .where(PermissionRequest.practice_id == practice_id, PermissionRequest.id.in_(ids))
    )


def _authorisations(practice_id: uuid.UUID, ids: set[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return (
        select(Authorisation.id, Colleague.name, Authorisation.provider)
        .join(Colleague, Colleague.id == Authorisation.colleague_id)
        .where(Authorisation.practice_id == practice_id, Authorisation.id.in_(ids))
    )


def _runs(practice_id: uuid.UUID, ids: set[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return (
        select(SyncRun.id, Colleague.name)
        .join(Colleague, Colleague.id == SyncRun.colleague_id)
        .where(SyncRun.practice_id == practice_id, SyncRun.id.in_(ids))
    )


def _drafts(practice_id: uuid.UUID, ids: set[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return select(Draft.id, Draft.answers).where(Draft.practice_id == practice_id, Draft.id.in_(ids))


def _plain(row: Row[*tuple[Any, ...]]) -> str:
    return str(row[1])


def _with_client(row: Row[*tuple[Any, ...]]) -> str:
    return f"{row[1]} ({row[2]})" if row[2] else str(row[1])


def _at_provider(row: Row[*tuple[Any, ...]]) -> str:
    return f"{row[1]} ({NAMES[row[2]]})"


def _typed_name(row: Row[*tuple[Any, ...]]) -> str:
    return str((row[1].get("details") or {}).get("name") or "without a name yet")


_QUERIES = {
    "client": (_clients, _plain),
    "client_user": (_client_users, _with_client),
    "invitation": (_invitations, _with_client),
    "colleague": (_colleagues, _plain),
    "team": (_teams, _plain),
    "permission": (_requests, _with_client),
    "authorisation": (_authorisations, _at_provider),
    "client_sync": (_runs, _plain),
    "draft": (_drafts, _typed_name),
}
"""By an action's first word, save for those below."""

_ELSEWHERE = {"client.asked_to_invite": "draft"}
