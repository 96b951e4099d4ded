"""Inserts that both databases know, but SQLAlchemy spells for each."""

from typing import cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.base import Base


def insert_absent(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that leaves a row alone which is already there by any of its unique keys."""
    table = cast("Table", model.__table__)
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
