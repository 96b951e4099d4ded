"""What clients are found by, compared with what is known of them."""

from sqlalchemy import select

from db.models import Client, ClientSearch
from db.session import Database
from services.clients.index import findables, row_of


def unfound(database: Database) -> list[str]:
    """The names of clients that are not found by all that is known of them, or by what no longer is."""
    with database.read() as session:
        kept = {row.client_id: row for row in session.scalars(select(ClientSearch))}
        fresh = {
            row["client_id"]: row for row in map(row_of, findables(session, session.scalars(select(Client.id)).all()))
        }
        return [
            row["name"]
            for client_id, row in fresh.items()
            if client_id not in kept or {name: getattr(kept[client_id], name) for name in row} != row
        ]
