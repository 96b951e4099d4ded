"""Inserts that both databases know, but SQLAlchemy spells for each."""

from functools import cache
from typing import cast

from sqlalchemy import Table, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.base import Base


def insert_absent(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that leaves a row alone which is already there by any of its unique keys."""
    table = cast("Table", model.__table__)
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def upsert(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT of whole rows. One that is there by its primary key is replaced, or left alone if nothing differs."""
    return _upsert(model, session.get_bind().dialect.name)


@cache
def _upsert(model: type[Base], dialect: str) -> postgresql.Insert | sqlite.Insert:
    table = cast("Table", model.__table__)
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    keys = list(table.primary_key.columns)
    given = {each.name: statement.excluded[each.name] for each in table.columns if not each.primary_key}
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in given.items()))
    return statement.on_conflict_do_update(index_elements=keys, set_=given, where=differs)
