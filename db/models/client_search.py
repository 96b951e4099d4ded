"""What each client is found by, folded and in pieces."""

import uuid

from sqlalchemy import DDL, BigInteger, ForeignKey, Index, Integer, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.grams import Grams


class ClientSearch(Base):
    """One row a client. `name` is folded; `text` has every word that the client is found by, each after a blank;
    `grams` stand for the pieces of these, in this practice.

    `number` is what SQLite's full-text index calls a row.
    """

    __tablename__ = "client_search"
    __table_args__ = (
        UniqueConstraint("client_id"),
        Index("ix_client_search_practice_id_name", "practice_id", "name"),
        # What is added waits in a list that each search reads whole, so this is kept short.
        Index(
            "ix_client_search_grams",
            "grams",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 256},
        ).ddl_if(dialect="postgresql"),
    )

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    practice_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"))
    text: Mapped[str]
    grams: Mapped[frozenset[int]] = mapped_column(Grams())


_ADD = "INSERT INTO client_search_index (rowid, grams) VALUES (new.number, new.grams);"
_REMOVE = (
    "INSERT INTO client_search_index (client_search_index, rowid, grams) VALUES ('delete', old.number, old.grams);"
)
_SQLITE_INDEX = (
    """CREATE VIRTUAL TABLE client_search_index USING fts5 (grams, content='client_search', content_rowid='number',
    tokenize='ascii', detail=none, columnsize=0)""",
    f"CREATE TRIGGER client_search_added AFTER INSERT ON client_search BEGIN {_ADD} END",
    f"CREATE TRIGGER client_search_removed AFTER DELETE ON client_search BEGIN {_REMOVE} END",
    f"CREATE TRIGGER client_search_changed AFTER UPDATE OF grams ON client_search BEGIN {_REMOVE} {_ADD} END",
)
"""An index over the grams, which keeps itself. On PostgreSQL it is the GIN index above."""

for _statement in _SQLITE_INDEX:
    event.listen(ClientSearch.__table__, "after_create", DDL(_statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]
