"""What every new client account needs, however it is added."""

from collections.abc import Iterator
from itertools import islice

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Client
from services.clients import extract
from services.clients.index import index_clients

_LOOKED_UP_AT_ONCE = 20


def insert_with_extract_name(session: Session, client: Client) -> None:
    """Adds the client under the first Extract name that is free in the whole installation."""
    for name in _free_names(session, client.name):
        client.extract_name = name
        try:
            with session.begin_nested():
                session.add(client)
        except IntegrityError as error:
            if "extract_name" not in str(error.orig):
                raise
            # Another practice took the name between the look and the insert: the next one.
        else:
            index_clients(session, [client.id])
            return


def _free_names(session: Session, client_name: str) -> Iterator[str]:
    names = extract.candidates(client_name)
    while True:
        some = list(islice(names, _LOOKED_UP_AT_ONCE))
        taken = set(session.scalars(select(Client.extract_name).where(Client.extract_name.in_(some))))
        yield from (name for name in some if name not in taken)
