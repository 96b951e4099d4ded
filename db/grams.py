"""Sets of small numbers that stand for pieces of text, and finding the rows that have all of some."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    Dialect,
    Integer,
    Text,
    TypeDecorator,
    column,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine
from typing_extensions import override


class Grams(TypeDecorator[frozenset[int]]):
    """An array on PostgreSQL; on SQLite a text whose words the full-text index reads."""

    impl = Text
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Integer()) if dialect.name == "postgresql" else Text())

    @override
    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> list[int] | str | None:
        if value is None:
            return None
        return list(value) if dialect.name == "postgresql" else " ".join([f"{each:x}" for each in value])

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[int] | None:
        if value is None:
            return None
        return frozenset(value if dialect.name == "postgresql" else (int(each, 16) for each in value.split()))


class _HasAll(FunctionElement[Any]):
    name = "has_all"
    type = NullType()  # as a Boolean it would be compared with 1 on SQLite, which no index knows
    inherit_cache = True


def has_all(
    row: InstrumentedAttribute[int], held: InstrumentedAttribute[frozenset[int]], grams: frozenset[int]
) -> _HasAll:
    """Whether the row, whose number is `row`, has all of the grams in `held`, by the index of both databases: a GIN
    index, or the FTS5 table that is named like the row's table with `_index`."""
    return _HasAll(row, held, literal(grams, Grams()))


@compiles(_HasAll, "postgresql")
def _on_postgresql(element: _HasAll, compiler: Any, **options: Any) -> str:
    _, held, grams = element.clauses
    return f"{compiler.process(held, **options)} @> {compiler.process(grams, **options)}"


@compiles(_HasAll, "sqlite")
def _on_sqlite(element: _HasAll, compiler: Any, **options: Any) -> str:
    row, _, grams = element.clauses
    index = table(f"{row.table.name}_index", column("rowid"))
    holding = select(index.c.rowid).where(literal_column(index.name).op("MATCH")(grams))
    return str(compiler.process(row.in_(holding), **options))
