"""Alembic's entry: which database, and which tables it should have."""

import os

from alembic import context

import db.models
from db.base import Base
from db.session import Database


def _is_ours(_: object, name: str | None, *__: object) -> bool:
    """The tables of SQLite's full-text index are its own, and the index that it stands for is PostgreSQL's."""
    if name == "ix_client_search_grams":
        return connection.dialect.name == "postgresql"
    return name is None or not name.startswith("client_search_index")


database = Database(context.config.attributes.get("database_url") or os.environ["DATABASE_URL"], pool_size=1)
with database.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        include_object=_is_ours,
        user_module_prefix="db.base.",
    )
    with context.begin_transaction():
        context.run_migrations()
database.close()

__all__ = ["db"]
