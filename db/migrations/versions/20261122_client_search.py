"""what clients are found by, for those there already too."""

import re
import unicodedata
import uuid
import zlib

import sqlalchemy as sa
from alembic import op

import db.grams

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AT_ONCE = 1000
_ADD = "INSERT INTO client_search_index (rowid, grams) VALUES (new.number, new.grams);"
_REMOVE = (
    "INSERT INTO client_search_index (client_search_index, rowid, grams) VALUES ('delete', old.number, old.grams);"
)
_SQLITE = (
    """CREATE VIRTUAL TABLE client_search_index USING fts5 (grams, content='client_search', content_rowid='number',
    tokenize='ascii', detail=none, columnsize=0)""",
    f"CREATE TRIGGER client_search_added AFTER INSERT ON client_search BEGIN {_ADD} END",
    f"CREATE TRIGGER client_search_removed AFTER DELETE ON client_search BEGIN {_REMOVE} END",
    f"CREATE TRIGGER client_search_changed AFTER UPDATE OF grams ON client_search BEGIN {_REMOVE} {_ADD} END",
)


def upgrade() -> None:
    searched = op.create_table(
        "client_search",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("grams", db.grams.Grams(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_search_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_client_search")),
        sa.UniqueConstraint("client_id", name=op.f("uq_client_search_client_id")),
    )
    op.create_index("ix_client_search_practice_id_name", "client_search", ["practice_id", "name"])
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in _SQLITE:
            op.execute(statement)
    _fill(connection, searched)
    if connection.dialect.name == "postgresql":
        op.create_index(
            "ix_client_search_grams",
            "client_search",
            ["grams"],
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 256},
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE client_search_index")
    op.drop_table("client_search")


def _fill(connection: sa.Connection, searched: sa.Table) -> None:
    """With the rules of this day: those of the product may change, and the migrations to come with them."""
    client = sa.table("client", *map(sa.column, ("name", "practice_code")), _id("id"), _id("practice_id"))
    user = sa.table("client_user", sa.column("email"), _id("id"), _id("client_id"))
    linked = sa.table("connection", *map(sa.column, ("organisation_name", "legal_name")), _id("client_id"))
    last = None
    while True:
        some = sa.select(client).order_by(client.c.id).limit(_AT_ONCE)
        clients = connection.execute(some if last is None else some.where(client.c.id > last)).all()
        if not clients:
            return
        ids = [row.id for row in clients]
        last = ids[-1]
        parts = {row.id: [row.name, row.practice_code or "", _bare(row.practice_code or "")] for row in clients}
        for row in connection.execute(sa.select(linked).where(linked.c.client_id.in_(ids))):
            parts[row.client_id] += [row.organisation_name, row.legal_name or ""]
        for row in connection.execute(sa.select(user).where(user.c.client_id.in_(ids)).order_by(user.c.id)):
            parts[row.client_id].append(row.email)
        connection.execute(
            sa.insert(searched), [_row(row.id, row.practice_id, row.name, parts[row.id]) for row in clients]
        )


def _id(name: str) -> sa.ColumnClause[uuid.UUID]:
    return sa.column(name, sa.Uuid())


def _row(client_id: uuid.UUID, practice_id: uuid.UUID, name: str, parts: list[str]) -> dict[str, object]:
    words = dict.fromkeys(re.findall(r"[^\W_]+", _fold("\n".join(parts))))
    seed = zlib.crc32(practice_id.bytes, int(client_id.int % 64 == 0))
    return {
        "client_id": client_id,
        "practice_id": practice_id,
        "name": _fold(name)[:100],
        "text": "".join(f" {word}" for word in words),
        "grams": frozenset(number for word in words for number in _grams(word, seed)),
    }


def _grams(word: str, seed: int) -> list[int]:
    letters, start = word.encode("utf-32-le"), zlib.crc32(b"^", seed)
    pieces = [letters[at : at + size] for size in (12, 16) for at in range(0, len(letters) - size + 1, 4)]
    starts = [zlib.crc32(letters[:end], start) >> 1 for end in (4, 8, 12, 16)]
    return starts + [zlib.crc32(piece, seed) >> 1 for piece in pieces]


def _bare(code: str) -> str:
    return "".join(c for c in _fold(code) if c.isalnum())


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split()) or text.strip()
