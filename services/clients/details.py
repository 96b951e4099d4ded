"""Changing what a client is called, and where its documents are e-mailed to."""

import uuid
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Client, Practice, Solutions
from db.session import Database
from services import audit
from services.actor import Actor
from services.add_client.lookups import find_twins, require_free_code, twin_key
from services.add_client.records import Twin
from services.add_client.steps import DetailsForm, SolutionsForm
from services.clients.extract import ExtractAddress, clean_name
from services.clients.index import index_clients
from services.clients.names import bare_code, code_key, name_key
from services.clients.visibility import get_client
from services.errors import InvalidError
from services.forms import Raw, read
from services.practice import get_colleague

_CODE_TAKEN = "Another client has got this code at this moment. Choose another."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDetails:
    """`offers_dhi`: Data Health & Insights can be chosen."""

    client_id: uuid.UUID
    name: str
    practice_code: str | None
    industry: str | None
    solutions: Solutions
    offers_dhi: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeOthers:
    """What was typed equals or nearly equals other clients. Saved again with `key`, it is meant."""

    key: str
    twins: tuple[Twin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractSettings:
    client_id: uuid.UUID
    client_name: str
    address: ExtractAddress


class ClientDetailsService:
    """Each is refused with NotFoundError for a client that the actor does not see."""

    def __init__(self, database: Database, *, extract_domain: str) -> None:
        self._database = database
        self._extract_domain = extract_domain

    def details(self, actor: Actor, client_id: uuid.UUID) -> ClientDetails:
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            return ClientDetails(
                client_id=client.id,
                name=client.name,
                practice_code=client.practice_code,
                industry=client.industry,
                solutions=client.solutions,
                offers_dhi=_offers_dhi(session.get_one(Practice, client.practice_id), client),
            )

    def save(self, actor: Actor, client_id: uuid.UUID, raw: Raw, *, seen: str | None = None) -> LikeOthers | None:
        """None once it is saved. `seen` is the key of the likeness that the person was shown.

        Raises InvalidError at `name`, `practice_code`, `industry`, `solutions`.
        """
        details = read(DetailsForm, raw)
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            practice = session.get_one(Practice, client.practice_id)
            wanted = {
                "name": details.name,
                "practice_code": details.practice_code,
                "industry": details.industry,
                "solutions": _solutions(practice, client, raw),
            }
            changed = {field: value for field, value in wanted.items() if value != getattr(client, field)}
            if not changed:
                return None
            key = twin_key(details)
            is_new = bool(changed.keys() & {"name", "practice_code"}) and key != seen
            twins = find_twins(session, practice, details, but=client.id) if is_new else ()
            # After the look for twins, so that a code taken in between is refused and not warned of.
            if "practice_code" in changed:
                require_free_code(session, practice, details.practice_code, but=client.id)
            if twins:
                return LikeOthers(key=key, twins=twins)
            before = {field: getattr(client, field) for field in changed}
            _apply(session, client, details, wanted["solutions"])
            index_clients(session, [client.id])
            audit.record(
                session,
                actor,
                "client.details_changed",
                client.id,
                at=self._database.now(),
                before=before,
                after=changed,
            )
            return None

    def extract(self, actor: Actor, client_id: uuid.UUID) -> ExtractSettings:
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            return ExtractSettings(
                client_id=client.id,
                client_name=client.name,
                address=ExtractAddress(client.extract_name, self._extract_domain),
            )

    def change_extract(self, actor: Actor, client_id: uuid.UUID, name: str) -> bool:
        """Gives the client another local part; False for the one it has. Raises InvalidError at `extract_name`."""
        try:
            wanted = clean_name(name)
        except ValueError as problem:
            raise InvalidError({"extract_name": str(problem)}) from None
        taken = InvalidError({"extract_name": f"“{wanted}” is already in use. Choose another."})
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            before = client.extract_name
            if wanted == before:
                return False
            if session.scalar(select(exists().where(Client.extract_name == wanted))):
                raise taken
            client.extract_name = wanted
            try:
                session.flush()
            except IntegrityError:  # somebody, perhaps elsewhere, took it at the same moment
                raise taken from None
            audit.record(
                session,
                actor,
                "client.extract_address_changed",
                client.id,
                at=self._database.now(),
                before={"extract_address": f"{before}@{self._extract_domain}"},
                after={"extract_address": f"{wanted}@{self._extract_domain}"},
            )
            return True


def _offers_dhi(practice: Practice, client: Client) -> bool:
    return practice.has_dhi or client.solutions is Solutions.BOOKKEEPING_DHI


def _solutions(practice: Practice, client: Client, raw: Raw) -> Solutions:
    if not _offers_dhi(practice, client) or raw.get("solutions") is None:
        return client.solutions
    return read(SolutionsForm, raw).solutions


def _apply(session: Session, client: Client, details: DetailsForm, solutions: object) -> None:
    code = details.practice_code
    client.name, client.name_key = details.name, name_key(details.name)
    client.practice_code, client.industry = code, details.industry
    client.code_key, client.bare_code = (code_key(code), bare_code(code)) if code else (None, None)
    client.solutions = Solutions(str(solutions))
    try:
        session.flush()
    except IntegrityError as error:
        if "code_key" not in str(error.orig):
            raise
        raise InvalidError({"practice_code": _CODE_TAKEN}) from None
