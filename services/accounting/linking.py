"""What a colleague does about a connection that the provider must be asked for."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Authorisation, Client, Colleague, Connection, ConnectionStatus, Provider
from db.session import Database
from services import audit, policy
from services.accounting import information
from services.accounting.calls import ProviderCalls
from services.accounting.connections import (
    ChosenOrganisation,
    ConnectionState,
    DraftConnection,
    OfferedOrganisation,
    change_status,
    connect,
    described,
    keep_in_draft,
    offered,
    open_draft,
    reached,
    state_of,
)
from services.accounting.port import (
    NAMES,
    AccountingProvider,
    NotAuthorised,
    Organisation,
    OrganisationFacts,
    ProviderError,
)
from services.actor import Actor
from services.add_client.steps import NAME_LENGTH
from services.clients.index import index_clients
from services.clients.names import name_key
from services.clients.visibility import get_client
from services.errors import NotFoundError
from services.practice import get_colleague


class NameChoice(StrEnum):
    """What to do where a client and its organisation have different names."""

    ORGANISATION = "organisation"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCard:
    """A client's connection as its card shows it. `holder` is the Slack id of whose sign-in it rests on."""

    provider: Provider
    status: ConnectionStatus
    state: ConnectionState
    organisation_name: str
    legal_name: str | None
    holder: str
    holder_active: bool
    connected_at: datetime
    refreshed_at: datetime
    refreshes_daily: bool


class ConnectionService:
    def __init__(
        self, database: Database, calls: ProviderCalls, providers: Mapping[Provider, AccountingProvider]
    ) -> None:
        self._database = database
        self._calls = calls
        self._providers = providers

    @property
    def offered(self) -> tuple[Provider, ...]:
        """The providers that this installation can connect to."""
        return tuple(self._providers)

    def organisations(self, actor: Actor, authorisation_id: uuid.UUID) -> tuple[OfferedOrganisation, ...]:
        """All that the actor's own sign-in reaches. Asks the provider. Raises NotFoundError, ProviderError."""
        provider = self._own(actor, authorisation_id)
        found = self._calls.call(authorisation_id, provider.organisations)
        with self._database.begin() as session:
            reached(session, actor, authorisation_id, found, self._database.now(), whole=True)
            return offered(session, actor.practice_id, provider.provider, found)

    def choose_for_draft(self, actor: Actor, draft_id: uuid.UUID, tenant_id: str) -> DraftConnection:
        """Keeps one of the organisations of the draft's consent. Asks the provider.

        Raises ConflictError naming the client that has it, GoneError, NotFoundError, ProviderError.
        """
        with self._database.read() as session:
            policy.require_add_clients(get_colleague(session, actor))
            kept = DraftConnection.of(open_draft(session, actor, draft_id).answers)
        if kept is None:
            raise NotFoundError("Connect your accounting software first.")
        chosen = self._chosen(actor, kept.authorisation_id, tenant_id)
        with self._database.begin() as session:
            policy.require_add_clients(get_colleague(session, actor))
            connection = DraftConnection(provider=kept.provider, authorisation_id=kept.authorisation_id, chosen=chosen)
            keep_in_draft(session, actor, draft_id, connection, self._database.now())
        return connection

    def choose_for_client(
        self, actor: Actor, client_id: uuid.UUID, authorisation_id: uuid.UUID, tenant_id: str
    ) -> ConnectionCard:
        """Connects the client to the organisation, instead of any other. Asks the provider.

        Raises ConflictError naming the client that has it, NotFoundError, ProviderError.
        """
        with self._database.read() as session:
            get_client(session, get_colleague(session, actor), client_id)
        provider = self._own(actor, authorisation_id).provider
        chosen = self._chosen(actor, authorisation_id, tenant_id)
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            wanted = DraftConnection(provider=provider, authorisation_id=authorisation_id, chosen=chosen)
            connect(session, actor, client, wanted, self._database.now())
            return _card(session, client)

    def card(self, actor: Actor, client_id: uuid.UUID) -> ConnectionCard | None:
        """None while the client is not connected."""
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            return card_of(session, client)

    def refresh(self, actor: Actor, client_id: uuid.UUID) -> ConnectionCard:
        """Asks the provider how the organisation is, and keeps the answer; closed to us, it is Disconnected. Its lists
        are fetched again afterwards."""
        with self._database.read() as session:
            connection = _connection(session, actor, client_id)
        provider = self._provider(connection.provider)
        try:
            facts = self._calls.call(
                connection.authorisation_id,
                lambda token: provider.organisation(token, connection.tenant_id),
                tenant_id=connection.tenant_id,
            )
        except NotAuthorised:
            self._note(actor, connection, None)
            raise
        self._note(actor, connection, facts)
        with self._database.read() as session:
            return _card(session, get_client(session, get_colleague(session, actor), client_id))

    def disconnect(self, actor: Actor, client_id: uuid.UUID) -> Provider | None:
        """Ends the connection here, and at the provider if that can be reached; else gives that one back. What was
        fetched of the organisation stays."""
        with self._database.read() as session:
            connection = _connection(session, actor, client_id)
        ended = connection.status is not ConnectionStatus.CONNECTED or self._end(connection)
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            row = session.scalar(select(Connection).where(Connection.id == connection.id))
            if row is not None and row.tenant_id == connection.tenant_id:
                session.delete(row)
                index_clients(session, [client.id])
                audit.record(
                    session,
                    actor,
                    "client.disconnected",
                    client.id,
                    at=self._database.now(),
                    before={"provider": row.provider, "organisation": row.organisation_name},
                )
        return None if ended else connection.provider

    def change_settings(
        self, actor: Actor, client_id: uuid.UUID, *, refreshes_daily: bool, name: NameChoice | None = None
    ) -> None:
        """`name` says what becomes of names that differ; it is overlooked where they don't (any more)."""
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            row = _connection(session, actor, client_id, lock=True)
            now = self._database.now()
            if row.refreshes_daily != refreshes_daily:
                row.refreshes_daily = refreshes_daily
                audit.record(
                    session,
                    actor,
                    "client.connection_settings",
                    client.id,
                    at=now,
                    before={"refreshes_daily": not refreshes_daily},
                    after={"refreshes_daily": refreshes_daily},
                )
            if name is not None and state_of(client.name, row) is ConnectionState.NAME_MISMATCH:
                _settle_names(session, actor, client, row, name, now)

    def _end(self, connection: Connection) -> bool:
        organisation = Organisation(
            tenant_id=connection.tenant_id,
            name=connection.organisation_name,
            connection_id=connection.provider_connection_id,
        )
        provider = self._providers.get(connection.provider)
        if provider is None:
            return False
        try:
            self._calls.call(connection.authorisation_id, lambda token: provider.disconnect(token, organisation))
        except NotAuthorised:
            return True  # ended there already
        except ProviderError:
            return False
        return True

    def _note(self, actor: Actor, connection: Connection, facts: OrganisationFacts | None) -> None:
        """Nothing when the client is connected to something else by now."""
        with self._database.begin() as session:
            row = session.scalar(
                select(Connection)
                .where(Connection.id == connection.id, Connection.tenant_id == connection.tenant_id)
                .with_for_update()
            )
            if row is None:
                return
            now = self._database.now()
            status = ConnectionStatus.DISCONNECTED if facts is None else ConnectionStatus.CONNECTED
            change_status(session, actor, row, status, now)
            if facts is not None:
                row.organisation_name, row.legal_name, row.refreshed_at = facts.name, facts.legal_name, now
                index_clients(session, [row.client_id])
                information.store_organisation(session, row.client_id, facts, now)
                # Pressed again within the minute, it is the same wish.
                key = f"{row.id}:asked:{now:%Y-%m-%dT%H:%M}"
                information.put_refresh(session, practice_id=row.practice_id, client_id=row.client_id, key=key)

    def _chosen(self, actor: Actor, authorisation_id: uuid.UUID, tenant_id: str) -> ChosenOrganisation:
        provider = self._own(actor, authorisation_id)
        reached = self._calls.call(authorisation_id, provider.organisations)
        found = next((each for each in reached if each.tenant_id == tenant_id), None)
        if found is None:
            raise NotFoundError(
                f"Your sign-in at {NAMES[provider.provider]} does not reach this organisation. Choose again."
            )
        return self._calls.call(
            authorisation_id,
            lambda token: described(provider, token, found),
            tenant_id=tenant_id,
        )

    def _own(self, actor: Actor, authorisation_id: uuid.UUID) -> AccountingProvider:
        with self._database.read() as session:
            policy.require_active(get_colleague(session, actor))
            found = session.scalar(
                select(Authorisation.provider).where(
                    Authorisation.id == authorisation_id,
                    Authorisation.practice_id == actor.practice_id,
                    Authorisation.colleague_id == actor.colleague_id,
                )
            )
        if found is None:
            raise NotFoundError("This sign-in is no longer yours. Connect again.")
        return self._provider(found)

    def _provider(self, provider: Provider) -> AccountingProvider:
        found = self._providers.get(provider)
        if found is None:
            raise NotFoundError(f"This installation is not set up for {NAMES[provider]}.")
        return found


def _settle_names(
    session: Session, actor: Actor, client: Client, row: Connection, name: NameChoice, now: datetime
) -> None:
    if name is NameChoice.BOTH:
        row.accepted_name = row.organisation_name
        audit.record(
            session, actor, "client.names_accepted", client.id, at=now, after={"organisation": row.organisation_name}
        )
        return
    before, client.name = client.name, row.organisation_name[:NAME_LENGTH]
    client.name_key = name_key(client.name)
    index_clients(session, [client.id])
    audit.record(
        session, actor, "client.renamed", client.id, at=now, before={"name": before}, after={"name": client.name}
    )


def _connection(session: Session, actor: Actor, client_id: uuid.UUID, *, lock: bool = False) -> Connection:
    client = get_client(session, get_colleague(session, actor), client_id)
    query = select(Connection).where(Connection.client_id == client.id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFoundError("This client is not connected to accounting software.")
    return row


def _card(session: Session, client: Client) -> ConnectionCard:
    card = card_of(session, client)
    if card is None:
        raise NotFoundError("This client is not connected to accounting software any more.")
    return card


def card_of(session: Session, client: Client) -> ConnectionCard | None:
    """None while the client is not connected."""
    found = session.execute(
        select(Connection, Colleague.slack_user_id, Colleague.active)
        .join(Authorisation, Authorisation.id == Connection.authorisation_id)
        .join(Colleague, Colleague.id == Authorisation.colleague_id)
        .where(Connection.client_id == client.id)
    ).one_or_none()
    if found is None:
        return None
    row, holder, active = found
    return ConnectionCard(
        provider=row.provider,
        status=row.status,
        state=state_of(client.name, row),
        organisation_name=row.organisation_name,
        legal_name=row.legal_name,
        holder=holder,
        holder_active=active,
        connected_at=row.connected_at,
        refreshed_at=row.refreshed_at,
        refreshes_daily=row.refreshes_daily,
    )
