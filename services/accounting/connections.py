"""Which organisation a client is connected to: what is read and changed in the caller's transaction."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import exists, or_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import (
    Client,
    Connection,
    ConnectionStatus,
    Draft,
    ListRefresh,
    OrganisationInformation,
    Provider,
    Software,
)
from services import audit
from services.accounting import information
from services.accounting.port import (
    AccountingProvider,
    Limited,
    Offline,
    Organisation,
    OrganisationFacts,
    ProviderUnavailable,
)
from services.actor import Actor
from services.clients.index import index_clients
from services.clients.names import name_key, near
from services.colleagues.telling import connections_moved
from services.errors import ConflictError, GoneError, NotFoundError

DRAFT_KEY = "connection"
"""Where a draft's answers keep a DraftConnection, beside those of the steps."""


class ChosenOrganisation(BaseModel):
    model_config = ConfigDict(frozen=True)

    tenant_id: str
    connection_id: str | None
    name: str
    legal_name: str | None = None
    country_code: str | None = None
    currency: str | None = None
    is_demo: bool = False


class DraftConnection(BaseModel):
    """What a consent gave the client to be. Until one of several organisations is picked, `chosen` is None."""

    model_config = ConfigDict(frozen=True)

    provider: Provider
    authorisation_id: uuid.UUID
    chosen: ChosenOrganisation | None = None

    @classmethod
    def of(cls, answers: Mapping[str, Any]) -> "DraftConnection | None":
        found = answers.get(DRAFT_KEY)
        return None if found is None else cls.model_validate(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedOrganisation:
    """`taken_by` is the name of the client that it is connected to already."""

    organisation: Organisation
    taken_by: str | None = None


class ConnectionState(StrEnum):
    """How a client's connection stands, for people."""

    NOT_CONNECTED = "not_connected"
    CONNECTED = "connected"
    NAME_MISMATCH = "name_mismatch"
    EXPIRED = "expired"
    DISCONNECTED = "disconnected"


def state_of(client_name: str, connection: Connection | None) -> ConnectionState:
    """Names differ where neither of the organisation's is nearly the client's, and nobody has accepted that."""
    if connection is None:
        return ConnectionState.NOT_CONNECTED
    if connection.status is not ConnectionStatus.CONNECTED:
        return ConnectionState(connection.status)
    if connection.accepted_name == connection.organisation_name:
        return ConnectionState.CONNECTED
    names = [name_key(each) for each in (connection.organisation_name, connection.legal_name) if each]
    return ConnectionState.CONNECTED if near(name_key(client_name), names) else ConnectionState.NAME_MISMATCH


def described(provider: AccountingProvider, access_token: str, organisation: Organisation) -> ChosenOrganisation:
    """With what the provider tells of it, unless it can't be asked now; the name is known anyway."""
    try:
        facts = provider.organisation(access_token, organisation.tenant_id)
    except (Offline, Limited, ProviderUnavailable):
        facts = OrganisationFacts(name=organisation.name)
    return ChosenOrganisation(
        tenant_id=organisation.tenant_id,
        connection_id=organisation.connection_id,
        name=facts.name,
        legal_name=facts.legal_name,
        country_code=facts.country_code,
        currency=facts.currency,
        is_demo=facts.is_demo,
    )


def offered(
    session: Session, practice_id: uuid.UUID, provider: Provider, found: tuple[Organisation, ...]
) -> tuple[OfferedOrganisation, ...]:
    taken = dict(
        session.execute(
            select(Connection.tenant_id, Client.name)
            .join(Client, Client.id == Connection.client_id)
            .where(Connection.practice_id == practice_id, Connection.provider == provider)
        ).all()
    )
    return tuple(OfferedOrganisation(organisation=each, taken_by=taken.get(each.tenant_id)) for each in found)


def open_draft(session: Session, actor: Actor, draft_id: uuid.UUID, *, lock: bool = False) -> Draft:
    """The actor's own draft. Raises GoneError when it is closed."""
    query = select(Draft).where(
        Draft.id == draft_id,
        Draft.practice_id == actor.practice_id,
        Draft.colleague_id == actor.colleague_id,
        Draft.closed_at.is_(None),
    )
    draft = session.scalar(query.with_for_update() if lock else query)
    if draft is None:
        raise GoneError("The client you were adding is no longer a draft. Start again with /add-client.")
    return draft


def keep_in_draft(
    session: Session, actor: Actor, draft_id: uuid.UUID, connection: DraftConnection, now: datetime
) -> None:
    """Raises ConflictError naming the client that has the organisation, GoneError."""
    draft = open_draft(session, actor, draft_id, lock=True)
    if connection.chosen is not None:
        require_free(session, actor.practice_id, connection.provider, connection.chosen, client_id=None)
    draft.answers = {**draft.answers, DRAFT_KEY: connection.model_dump(mode="json")}
    draft.revision += 1
    draft.updated_at = now


def connect(
    session: Session, actor: Actor, client: Client, wanted: DraftConnection, now: datetime, *, lists: bool = True
) -> None:
    """Connects the client in the caller's transaction, instead of any organisation that it had: what was kept of that
    goes. The new one's lists are fetched afterwards, unless `lists` says that the caller sees to it.

    Raises ConflictError naming the client that has this one.
    """
    chosen = wanted.chosen
    if chosen is None:
        raise NotFoundError("Choose the organisation first.")
    require_free(session, client.practice_id, wanted.provider, chosen, client_id=client.id)
    row = session.scalar(select(Connection).where(Connection.client_id == client.id).with_for_update())
    before = None if row is None else {"provider": row.provider, "organisation": row.organisation_name}
    held = None if row is None else row.authorisation_id
    stays = row is not None and (row.provider, row.tenant_id) == (wanted.provider, chosen.tenant_id)
    try:
        with session.begin_nested():
            if row is None:
                row = Connection(client_id=client.id, practice_id=client.practice_id)
                session.add(row)
            row.provider, row.authorisation_id = wanted.provider, wanted.authorisation_id
            row.tenant_id, row.provider_connection_id = chosen.tenant_id, chosen.connection_id
            row.organisation_name, row.legal_name = chosen.name, chosen.legal_name
            row.status, row.connected_at, row.refreshed_at = ConnectionStatus.CONNECTED, now, now
    except IntegrityError:
        require_free(session, client.practice_id, wanted.provider, chosen, client_id=client.id)
        raise
    index_clients(session, [client.id])
    if held is not None and held != wanted.authorisation_id:
        connections_moved(session, [held], now)
    client.software = Software(wanted.provider.value)
    if not stays and _has_information(session, client.id):
        information.forget(session, client.id)
    if lists:
        key = f"{row.id}:{now.isoformat()}"
        information.put_refresh(session, practice_id=client.practice_id, client_id=client.id, key=key, whole=not stays)
    audit.record(
        session,
        actor,
        "client.connected",
        client.id,
        at=now,
        before=before,
        after={"provider": wanted.provider, "organisation": chosen.name, "tenant_id": chosen.tenant_id},
    )


def _has_information(session: Session, client_id: uuid.UUID) -> bool:
    """A new client has none, and a Client Sync adds thousands of those."""
    asked = (
        select(model.client_id).where(model.client_id == client_id) for model in (OrganisationInformation, ListRefresh)
    )
    return bool(session.scalar(select(or_(*(exists(each) for each in asked)))))


def reached(
    session: Session,
    actor: Actor,
    authorisation_id: uuid.UUID,
    found: tuple[Organisation, ...],
    now: datetime,
    *,
    whole: bool,
) -> None:
    """What a list of organisations says of the connections that rest on the authorisation: those within its reach
    work; with the `whole` list, the others are Disconnected."""
    tenants = {each.tenant_id for each in found}
    for row in session.scalars(
        select(Connection).where(Connection.authorisation_id == authorisation_id).with_for_update()
    ):
        if row.tenant_id in tenants:
            change_status(session, actor, row, ConnectionStatus.CONNECTED, now)
        elif whole and row.status is ConnectionStatus.CONNECTED:
            change_status(session, actor, row, ConnectionStatus.DISCONNECTED, now)


def change_status(session: Session, actor: Actor, row: Connection, status: ConnectionStatus, now: datetime) -> None:
    if row.status is status:
        return
    before, row.status = row.status, status
    audit.record(
        session,
        actor,
        "client.connection_changed",
        row.client_id,
        at=now,
        before={"status": before},
        after={"status": status},
    )


def require_free(
    session: Session,
    practice_id: uuid.UUID,
    provider: Provider,
    chosen: ChosenOrganisation,
    *,
    client_id: uuid.UUID | None,
) -> None:
    taken_by = session.scalar(
        select(Client.name)
        .join(Connection, Connection.client_id == Client.id)
        .where(
            Connection.practice_id == practice_id,
            Connection.provider == provider,
            Connection.tenant_id == chosen.tenant_id,
            Client.id != client_id if client_id else true(),
        )
    )
    if taken_by is not None:
        raise ConflictError(
            f"{chosen.name} is already connected to your client {taken_by}. Choose another organisation."
        )
