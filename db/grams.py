"""Sets of small numbers that stand for pieces of text, and finding the rows that have all of some."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnClause,
    Dialect,
    Integer,
    Select,
    Text,
    TypeDecorator,
    column,
    func,
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


def copied(grams: Iterable[int]) -> str:
    """As PostgreSQL's COPY reads an array: the driver takes far longer to write one."""
    return f"{{{str(list(grams))[1:-1]}}}"


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


class _HowMany(FunctionElement[Any]):
    name = "how_many"
    type = Integer()
    inherit_cache = True


def how_many(held: InstrumentedAttribute[frozenset[int]], grams: frozenset[int], *, limit: int) -> _HowMany:
    """How many rows have all of them, counted up to the limit: the index alone knows."""
    names: list[ColumnClause[Any]] = [literal_column(held.class_.__tablename__), literal_column(held.key)]
    return _HowMany(*names, literal(grams, Grams()), literal(limit))


@compiles(_HasAll, "postgresql")
def _on_postgresql(element: _HasAll, compiler: Any, **options: Any) -> str:
    _, held, grams = element.clauses
    return f"{compiler.process(held, **options)} @> {compiler.process(grams, **options)}"


@compiles(_HasAll, "sqlite")
def _on_sqlite(element: _HasAll, compiler: Any, **options: Any) -> str:
    row, _, grams = element.clauses
    return str(compiler.process(row.in_(_matching(row.table.name, grams)), **options))


@compiles(_HowMany, "postgresql")
def _counted_on_postgresql(element: _HowMany, compiler: Any, **options: Any) -> str:
    whole, name, grams, limit = element.clauses
    holding: Select[Any] = select(literal_column("1")).select_from(table(whole.name)).where(name.op("@>")(grams))
    return _counted(holding, limit, compiler, options)


@compiles(_HowMany, "sqlite")
def _counted_on_sqlite(element: _HowMany, compiler: Any, **options: Any) -> str:
    whole, _, grams, limit = element.clauses
    return _counted(_matching(whole.name, grams), limit, compiler, options)


def _matching(name: str, grams: Any) -> Select[Any]:
    index = table(f"{name}_index", column("rowid"))
    return select(index.c.rowid).where(literal_column(index.name).op("MATCH")(grams))


def _counted(holding: Select[Any], limit: Any, compiler: Any, options: dict[str, Any]) -> str:
    counted = select(func.count()).select_from(holding.limit(limit).subquery())
    return str(compiler.process(counted.scalar_subquery(), **options))
