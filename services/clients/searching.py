"""Which clients have what was typed, the likeliest first, without a look at all of them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import Session

from db.grams import has_all, how_many
from db.models import Client, ClientAccess, ClientSearch, Colleague
from services import policy
from services.clients.index import grams_of, pieces_of, words_of
from services.clients.names import fold, name_key
from services.clients.visibility import grants_of

_FEW = 10_000
"""Up to so many granted clients are read one by one; of more, it is asked whether they were granted."""
_MANY = 1_000
_COMMON = 4_000
"""As often a piece counts as is in the sample more than _MANY times."""
_WORTH = 50
"""So many entries of the index are read in the time that one client takes to be checked."""
_LAST = "\U0010ffff"
_Row = Row[uuid.UUID, str, str]
_Rows = Select[uuid.UUID, str, str]


@dataclass(frozen=True, slots=True)
class Typed:
    """`short` are the words that only a word's beginning is searched for, `long` those that are found anywhere."""

    name: str
    short: tuple[str, ...]
    long: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Typed":
        words = dict.fromkeys(words_of(text))
        short = tuple(word for word in words if len(word) < 3)
        return cls(fold(text), short, tuple(word for word in words if len(word) >= 3))

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.short, *self.long)


def hits(
    session: Session, colleague: Colleague, text: str, *, limit: int, fits: ColumnElement[bool] | None = None
) -> list[uuid.UUID]:
    """At most `limit` clients that the colleague sees, and which have every word of `text` and fit, a condition on
    Client. Those whose name begins with it come first, then those with words that do, each by name.

    Of more than `limit` of a kind, it is left open which ones are found, but for those that begin with it.
    """
    for typed in _readings(text):
        found = _hits(session, colleague, typed, limit, fits)
        if found:
            return found
    return []


def holds(practice_id: uuid.UUID, text: str) -> ColumnElement[bool]:
    """The condition for clients that `hits` finds by the same text."""
    ways = []
    for typed in _readings(text):
        if not typed.words:
            way = _begins(practice_id, typed.name)
        else:
            pieces = pieces_of(typed.short, typed.long)
            looks = (_has(practice_id, pieces, sampled=sampled) for sampled in (True, False))
            way = and_(or_(*looks), *_texts(typed.short, typed.long))
        ways.append(select(ClientSearch.client_id).where(_of(practice_id), way))
    return or_(*(Client.id.in_(way) for way in ways))


def _readings(text: str) -> list[Typed]:
    """As it was typed, and with the company words as they are folded away: `Acme Limited` may be kept as `Acme Ltd`."""
    typed, shorter = Typed.of(text), Typed.of(name_key(text))
    return [typed, shorter] if shorter.words and shorter.words != typed.words else [typed]


def _hits(
    session: Session, colleague: Colleague, typed: Typed, limit: int, fits: ColumnElement[bool] | None
) -> list[uuid.UUID]:
    found = select(ClientSearch.client_id, ClientSearch.name, ClientSearch.text)
    if fits is not None:
        found = found.join(Client, Client.id == ClientSearch.client_id).where(fits)
    if policy.sees_all_clients(colleague):
        rows = _among_all(session, colleague.practice_id, typed, limit, found)
    elif _has_few(session, colleague):
        granted = select(ClientAccess.client_id).where(grants_of(colleague))
        some = found.where(ClientSearch.client_id.in_(granted), _of(colleague.practice_id))
        holding = and_(*_texts(typed.short, typed.long)) if typed.words else _begins(colleague.practice_id, typed.name)
        rows = list(session.execute(some.where(holding)))
    else:
        granted_one = exists().where(ClientAccess.client_id == ClientSearch.client_id, grants_of(colleague))
        rows = _among_all(session, colleague.practice_id, typed, limit, found.where(granted_one))
    likely = sorted({row.client_id: row for row in rows}.values(), key=lambda row: (_kind(typed, row), row.name))
    return [row.client_id for row in likely[:limit]]


def _kind(typed: Typed, row: _Row) -> int:
    if row.name.startswith(typed.name):
        return 0
    return 1 if all(f" {word}" in row.text for word in typed.words) else 2


def _among_all(session: Session, practice_id: uuid.UUID, typed: Typed, limit: int, found: _Rows) -> list[_Row]:
    """All there are, or `limit` and more of the likeliest kinds."""
    rows = list(session.execute(found.where(_begins(practice_id, typed.name)).order_by(ClientSearch.name).limit(limit)))
    if len(rows) >= limit or not typed.words:
        return rows
    counts: dict[str, int] = {}
    anywhere = _look_twice(session, practice_id, typed.short, typed.long, limit, found, counts)
    rows += anywhere
    if len(anywhere) >= limit and typed.long and sum(_kind(typed, row) < 2 for row in anywhere) < limit:
        rows += _look_twice(session, practice_id, typed.words, (), limit, found, counts)
    return rows


def _look_twice(
    session: Session,
    practice_id: uuid.UUID,
    starts: tuple[str, ...],
    parts: tuple[str, ...],
    limit: int,
    found: _Rows,
    counts: dict[str, int],
) -> list[_Row]:
    """In the sample first. It has enough of what is common; what is rare costs little to look for in the rest."""
    holding = found.where(_of(practice_id), *_texts(starts, parts)).limit(limit)
    pieces = pieces_of(starts, parts)
    rows = list(session.execute(holding.where(_has(practice_id, pieces, sampled=True))))
    if len(rows) < limit:
        telling = _telling(session, practice_id, pieces, counts)
        rows += session.execute(holding.where(_has(practice_id, telling, sampled=False)))
    return rows


def _telling(session: Session, practice_id: uuid.UUID, pieces: list[str], counts: dict[str, int]) -> list[str]:
    """The pieces worth looking for in the rest: reading who has a common one takes longer than a check of those who
    have the rare ones. `counts` keeps how many of the sample have each."""
    if len(pieces) == 1:
        return pieces
    new = [piece for piece in pieces if piece not in counts]
    if new:
        each = (grams_of(practice_id, [piece], sampled=True) for piece in new)
        counted_now = select(*(how_many(ClientSearch.grams, grams, limit=_MANY) for grams in each))
        counts.update(zip(new, session.execute(counted_now).one(), strict=True))
    counted = sorted((counts[piece], piece) for piece in pieces)
    left = counted[0][0] + 1
    telling = [counted[0][1]]
    for count, piece in counted[1:]:
        if (count if count < _MANY else _COMMON) > _WORTH * left:
            break
        telling.append(piece)
        left = max(left // 4, 1)
    return telling


def _has(practice_id: uuid.UUID, pieces: Iterable[str], *, sampled: bool) -> ColumnElement[Any]:
    return has_all(ClientSearch.number, ClientSearch.grams, grams_of(practice_id, pieces, sampled=sampled))


def _has_few(session: Session, colleague: Colleague) -> bool:
    some = select(ClientAccess.client_id).where(grants_of(colleague)).limit(_FEW + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) <= _FEW


def _of(practice_id: uuid.UUID) -> ColumnElement[bool]:
    """A check, and no way to look: a database that takes it for one reads all of the practice's clients."""
    return (ClientSearch.practice_id == practice_id).is_(true())


def _begins(practice_id: uuid.UUID, name: str) -> ColumnElement[bool]:
    if not name:
        return false()
    return and_(
        ClientSearch.practice_id == practice_id, ClientSearch.name >= name, ClientSearch.name < f"{name}{_LAST}"
    )


def _texts(starts: tuple[str, ...], parts: tuple[str, ...]) -> list[ColumnElement[bool]]:
    """What the grams say nearly."""
    return [
        *(ClientSearch.text.contains(f" {word}") for word in starts),
        *(ClientSearch.text.contains(word) for word in parts),
    ]
