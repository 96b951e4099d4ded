"""What clients are found by, kept true: every change of a name, code, address or organisation is noted here."""

import re
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db.insert import insert_many
from db.models import Client, ClientSearch, ClientUser, Connection
from db.session import before_commit
from services.clients.names import bare_code, fold

_AT_ONCE = 500
_NAME = 100
"""As much of a name as clients are sorted by."""
_LETTERS = "utf-32-le"
"""Four bytes each."""
_START = b"^"
SAMPLE = 64
"""One client of so many is in the sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findable:
    """What is known of a client."""

    client_id: uuid.UUID
    practice_id: uuid.UUID
    name: str
    practice_code: str | None = None
    emails: Sequence[str] = ()
    organisations: Sequence[str] = ()


def index_clients(session: Session, client_ids: Iterable[uuid.UUID]) -> None:
    """To be called by whoever adds clients or changes what they are found by. It is done as the transaction's last
    step, so that what else changes in it counts too."""
    session.info.setdefault("index_clients", set()).update(client_ids)
    before_commit(session, _index)


def index_new(session: Session, clients: Iterable[Findable]) -> None:
    """The same for many that were just inserted, of which all is known."""
    insert_many(session, ClientSearch, [row_of(each) for each in clients])


def _index(session: Session) -> None:
    client_ids = sorted(session.info.pop("index_clients", ()))
    session.flush()
    for some in _parts(client_ids):
        # Whoever changes another part of the same client at the same moment waits here, and then sees this change.
        found = select(
            ClientSearch.client_id,
            ClientSearch.practice_id,
            ClientSearch.number,
            ClientSearch.text,
            ClientSearch.name,
        )
        there = {
            row.client_id: row
            for row in session.execute(
                found.where(ClientSearch.client_id.in_(some)).order_by(ClientSearch.number).with_for_update()
            )
        }
        new, changed = [], []
        for row in map(row_of, findables(session, some)):
            old = there.get(row["client_id"])
            if old is None:
                new.append(row)
            elif (old.practice_id, old.text, old.name) != (row["practice_id"], row["text"], row["name"]):
                changed.append(row | {"number": old.number})
        if new:
            session.execute(insert(ClientSearch), new)
        if changed:
            session.execute(update(ClientSearch), changed)


def findables(session: Session, client_ids: Collection[uuid.UUID]) -> Iterator[Findable]:
    """What is known of the clients now."""
    rows = session.execute(
        select(
            Client.id,
            Client.practice_id,
            Client.name,
            Client.practice_code,
            Connection.organisation_name,
            Connection.legal_name,
            ClientUser.email,
        )
        .outerjoin(Connection, Connection.client_id == Client.id)
        .outerjoin(ClientUser, ClientUser.client_id == Client.id)
        .where(Client.id.in_(client_ids))
        .order_by(Client.id, ClientUser.id)
    )
    known: dict[uuid.UUID, list[Any]] = {}
    for row in rows:
        known.setdefault(row.id, []).append(row)
    for client_id, each in known.items():
        first = each[0]
        yield Findable(
            client_id=client_id,
            practice_id=first.practice_id,
            name=first.name,
            practice_code=first.practice_code,
            emails=[row.email for row in each if row.email],
            organisations=[name for name in (first.organisation_name, first.legal_name) if name],
        )


def row_of(client: Findable) -> dict[str, Any]:
    """The row of ClientSearch for the client."""
    code = client.practice_code or ""
    parts = [client.name, code, bare_code(code) or "", *client.organisations, *client.emails]
    words = dict.fromkeys(words_of("\n".join(parts)))
    seed = _seed(client.practice_id, sampled=client.client_id.int % SAMPLE == 0)
    return {
        "client_id": client.client_id,
        "practice_id": client.practice_id,
        "name": fold(client.name)[:_NAME],
        "text": "".join([f" {word}" for word in words]),
        "grams": frozenset().union(*(_grams_of(seed, word) for word in words)),
    }


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", fold(text))


def pieces_of(starts: Iterable[str], parts: Iterable[str] = ()) -> list[str]:
    """What clients have in which words start with `starts`, and which have `parts`, of three letters or more, anywhere.
    Pieces that overlap are left out: they say little more."""
    pieces = {f"^{word[:4]}": None for word in starts}
    for fours in (*(_fours(word)[1:] for word in starts), *(_fours(word) or [word] for word in parts)):
        pieces.update(dict.fromkeys((*fours[::4], *fours[-1:])))
    return list(pieces)


def grams_of(practice_id: uuid.UUID, pieces: Iterable[str], *, sampled: bool) -> frozenset[int]:
    """As they are kept for the clients that are in the sample, or for the others."""
    seed = _seed(practice_id, sampled=sampled)
    return frozenset(_number(seed, piece) for piece in pieces)


@lru_cache(maxsize=4096)  # most names share their words
def _grams_of(seed: int, word: str) -> frozenset[int]:
    letters, start = word.encode(_LETTERS), zlib.crc32(_START, seed)
    numbers = [zlib.crc32(letters[:end], start) >> 1 for end in (4, 8, 12, 16)]
    numbers += [zlib.crc32(letters[at : at + 12], seed) >> 1 for at in range(0, len(letters) - 11, 4)]
    numbers += [zlib.crc32(letters[at : at + 16], seed) >> 1 for at in range(0, len(letters) - 15, 4)]
    return frozenset(numbers)


def _number(seed: int, piece: str) -> int:
    """Of a piece, among those of its word; it fits into 32 bits with a sign."""
    if piece.startswith("^"):
        piece, seed = piece[1:], zlib.crc32(_START, seed)
    return zlib.crc32(piece.encode(_LETTERS), seed) >> 1


def _seed(practice_id: uuid.UUID, *, sampled: bool) -> int:
    """Each practice has numbers of its own, so that a search reads nothing of another's."""
    return zlib.crc32(practice_id.bytes, int(sampled))


def _fours(word: str) -> list[str]:
    return [word[at : at + 4] for at in range(len(word) - 3)]


def _parts(ids: list[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
