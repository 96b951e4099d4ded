"""The clients that a list shows, on all of its pages, as a CSV file for the colleague who asks for it."""

import csv
import io
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from db.models import Client, ClientKind, ClientUser, Colleague, Connection, InvitationStatus
from db.session import Database
from services import files, policy
from services.accounting.connections import ConnectionState, state_of
from services.actor import Actor
from services.clients.extract import ExtractAddress
from services.clients.search import Invited, Linked, Whose, Wish, listed
from services.clients.users import owner_invitations
from services.errors import NotFoundError
from services.files import Asked
from services.practice import get_colleague
from services.spreadsheet import harmless
from services.zones import zone

EXPORT = "slack.client_list_export"
MOST_ROWS = 100_000
_EXPORTED = "clients.exported"
_BATCH = 500
ID, NAME, CODE = "Clientdesk ID", "Name", "Practice code"
"""What an upload of practice codes reads."""

_KINDS = {ClientKind.BUSINESS: "Business", ClientKind.SOLO: "Self-employed (Solo)"}
_CONNECTIONS = {
    ConnectionState.NOT_CONNECTED: "Not connected",
    ConnectionState.CONNECTED: "Connected",
    ConnectionState.NAME_MISMATCH: "Name mismatch",
    ConnectionState.EXPIRED: "Expired",
    ConnectionState.DISCONNECTED: "Disconnected",
}
_INVITATIONS = {InvitationStatus.SUPERSEDED: "Replaced"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientListFile:
    """`file_name` is the same for each try of one request, and another for each request of a person. `is_cut`: there
    are more clients than one file holds."""

    file_name: str
    rows: int
    is_cut: bool
    content: bytes


class ClientListExportService:
    def __init__(self, database: Database, *, extract_domain: str, most_rows: int = MOST_ROWS) -> None:
        self._database = database
        self._extract_domain = extract_domain
        self._most_rows = most_rows

    def request(self, actor: Actor, wish: Wish) -> None:
        """Has the file sent to the actor. Asked again for the same within a minute, it is one file.

        Raises NotFoundError when nothing is listed, or NotPermittedError.
        """
        with self._database.begin() as session:
            colleague = get_colleague(session, actor, lock=True)
            policy.require_active(colleague)
            if session.scalar(listed(colleague, wish).limit(1)) is None:
                raise NotFoundError("The list is empty, so there is nothing to export.")
            files.ask(
                session,
                actor,
                EXPORT,
                action=_EXPORTED,
                subject_id=actor.practice_id,
                told=args_of(wish),
                args={"wish": args_of(wish)},
                now=self._database.now(),
            )

    def file(self, asked: Asked, wish: Wish) -> ClientListFile:
        """Raises NotFoundError or NotPermittedError when the colleague may not have it any more."""
        with self._database.read() as session:
            colleague = get_colleague(session, asked.actor)
            policy.require_active(colleague)
            client_ids = session.scalars(listed(colleague, wish).limit(self._most_rows + 1)).all()
        local = zone(colleague.timezone)
        content = io.BytesIO()
        # The mark tells Excel that it is UTF-8.
        text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(_headings(local))
        wanted = client_ids[: self._most_rows]
        rows = 0
        for start in range(0, len(wanted), _BATCH):
            for cells in self._rows(asked.practice_id, wanted[start : start + _BATCH], local):
                writer.writerow([harmless(cell) for cell in cells])
                rows += 1
        text.detach()
        return ClientListFile(
            file_name=f"Clients {asked.at.astimezone(local):%Y-%m-%d %H-%M-%S}.csv",
            rows=rows,
            is_cut=len(client_ids) > self._most_rows,
            content=content.getvalue(),
        )

    def _rows(
        self, practice_id: uuid.UUID, client_ids: Sequence[uuid.UUID], local: tzinfo
    ) -> Iterator[tuple[str, ...]]:
        """In the order of the ids."""
        manager = aliased(Colleague)
        query = (
            select(Client, Connection, ClientUser.name, ClientUser.email, manager.name)
            .outerjoin(Connection, Connection.client_id == Client.id)
            .outerjoin(ClientUser, (ClientUser.client_id == Client.id) & ClientUser.is_owner)
            .outerjoin(manager, manager.id == Client.account_manager_id)
            .where(Client.practice_id == practice_id, Client.id.in_(client_ids))
        )
        with self._database.read() as session:
            found: dict[uuid.UUID, Any] = {row[0].id: row for row in session.execute(query)}
            invitations = owner_invitations(session, client_ids)
        for client_id in client_ids:
            if client_id not in found:  # gone since the list was made
                continue
            client, connection, owner, email, managed_by = found[client_id]
            yield (
                str(client.id),
                client.name,
                client.practice_code or "",
                _KINDS[client.kind],
                client.industry or "",
                ExtractAddress(client.extract_name, self._extract_domain).costs,
                owner or "",
                email or "",
                _invitation(invitations.get(client.id)),
                _CONNECTIONS[state_of(client.name, connection)],
                "" if connection is None else connection.organisation_name,
                managed_by or "",
                _day(client.created_at, local),
                "" if client.deactivated_at is None else _day(client.deactivated_at, local),
            )


def args_of(wish: Wish) -> dict[str, Any]:
    """What of the wish differs from all clients, as a job keeps it."""
    return {name: value for name, value in asdict(wish).items() if value not in {None, ""} and name != "page"}


def wish_of(args: Mapping[str, Any]) -> Wish:
    return Wish(
        query=args.get("query", ""),
        kind=ClientKind(args["kind"]) if "kind" in args else None,
        invitation=Invited(args["invitation"]) if "invitation" in args else None,
        connection=Linked(args["connection"]) if "connection" in args else None,
        whose=Whose(args.get("whose", Whose.ALL)),
        active=args.get("active"),
    )


def _headings(local: tzinfo) -> tuple[str, ...]:
    return (
        ID,
        NAME,
        CODE,
        "Type",
        "Industry",
        "Extract address",
        "Owner",
        "Owner's e-mail",
        "Invitation",
        "Connection",
        "Organisation",
        "Account manager",
        f"Created ({local})",
        f"Deactivated ({local})",
    )


def _invitation(status: InvitationStatus | None) -> str:
    return "Not invited" if status is None else _INVITATIONS.get(status) or status.value.capitalize()


def _day(at: datetime, local: tzinfo) -> str:
    return f"{at.astimezone(local):%Y-%m-%d}"
