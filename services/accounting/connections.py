"""Which organisation a client is connected to."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Authorisation, Client, Colleague, Connection, ConnectionStatus, Draft, Provider
from db.session import Database
from services import audit, policy
from services.accounting.calls import ProviderCalls
from services.accounting.port import (
    NAMES,
    AccountingProvider,
    Limited,
    NotAuthorised,
    Offline,
    Organisation,
    OrganisationFacts,
    ProviderUnavailable,
)
from services.actor import Actor
from services.clients.visibility import get_client
from services.errors import ConflictError, GoneError, NotFoundError
from services.practice import get_colleague

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCard:
    """A client's connection as its card shows it. `holder` is the Slack id of whose sign-in it rests on."""

    provider: Provider
    status: ConnectionStatus
    organisation_name: str
    legal_name: str | None
    holder: str
    connected_at: datetime
    refreshed_at: datetime


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
        provider = self._own(actor, authorisation_id).provider
        chosen = self._chosen(actor, authorisation_id, tenant_id)
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            wanted = DraftConnection(provider=provider, authorisation_id=authorisation_id, chosen=chosen)
            connect(session, actor, client, wanted, self._database.now())
            return _card(session, client.id)

    def card(self, actor: Actor, client_id: uuid.UUID) -> ConnectionCard | None:
        """None while the client is not connected."""
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            row = session.scalar(select(Connection.id).where(Connection.client_id == client.id))
            return None if row is None else _card(session, client.id)

    def refresh(self, actor: Actor, client_id: uuid.UUID) -> ConnectionCard:
        """Asks the provider how the organisation is, and keeps the answer; closed to us, it is Disconnected."""
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
            return _card(session, client_id)

    def disconnect(self, actor: Actor, client_id: uuid.UUID) -> None:
        """Ends the connection at the provider too, as far as it can be reached."""
        with self._database.read() as session:
            connection = _connection(session, actor, client_id)
        organisation = Organisation(
            tenant_id=connection.tenant_id,
            name=connection.organisation_name,
            connection_id=connection.provider_connection_id,
        )
        provider = self._provider(connection.provider)
        if connection.status is ConnectionStatus.CONNECTED:
            self._calls.call(connection.authorisation_id, lambda token: provider.disconnect(token, organisation))
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            row = session.scalar(select(Connection).where(Connection.id == connection.id))
            if row is not None and row.tenant_id == connection.tenant_id:
                session.delete(row)
                audit.record(
                    session,
                    actor,
                    "client.disconnected",
                    client.id,
                    at=self._database.now(),
                    before={"provider": row.provider, "organisation": row.organisation_name},
                )

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
            _change_status(session, actor, row, status, now)
            if facts is not None:
                row.organisation_name, row.legal_name, row.refreshed_at = facts.name, facts.legal_name, now

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
        _require_free(session, actor.practice_id, connection.provider, connection.chosen, client_id=None)
    draft.answers = {**draft.answers, DRAFT_KEY: connection.model_dump(mode="json")}
    draft.revision += 1
    draft.updated_at = now


def connect(session: Session, actor: Actor, client: Client, wanted: DraftConnection, now: datetime) -> None:
    """Connects the client in the caller's transaction, instead of any organisation that it had.

    Raises ConflictError naming the client that has this one.
    """
    chosen = wanted.chosen
    if chosen is None:
        raise NotFoundError("Choose the organisation first.")
    _require_free(session, client.practice_id, wanted.provider, chosen, client_id=client.id)
    row = session.scalar(select(Connection).where(Connection.client_id == client.id).with_for_update())
    before = None if row is None else {"provider": row.provider, "organisation": row.organisation_name}
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
        _require_free(session, client.practice_id, wanted.provider, chosen, client_id=client.id)
        raise
    audit.record(
        session,
        actor,
        "client.connected",
        client.id,
        at=now,
        before=before,
        after={"provider": wanted.provider, "organisation": chosen.name, "tenant_id": chosen.tenant_id},
    )


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
            _change_status(session, actor, row, ConnectionStatus.CONNECTED, now)
        elif whole and row.status is ConnectionStatus.CONNECTED:
            _change_status(session, actor, row, ConnectionStatus.DISCONNECTED, now)


def _change_status(session: Session, actor: Actor, row: Connection, status: ConnectionStatus, now: datetime) -> None:
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


def _require_free(
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


def _connection(session: Session, actor: Actor, client_id: uuid.UUID) -> Connection:
    client = get_client(session, get_colleague(session, actor), client_id)
    row = session.scalar(select(Connection).where(Connection.client_id == client.id))
    if row is None:
        raise NotFoundError("This client is not connected to accounting software.")
    return row


def _card(session: Session, client_id: uuid.UUID) -> ConnectionCard:
    row, holder = session.execute(
        select(Connection, Colleague.slack_user_id)
        .join(Authorisation, Authorisation.id == Connection.authorisation_id)
        .join(Colleague, Colleague.id == Authorisation.colleague_id)
        .where(Connection.client_id == client_id)
    ).one()
    return ConnectionCard(
        provider=row.provider,
        status=row.status,
        organisation_name=row.organisation_name,
        legal_name=row.legal_name,
        holder=holder,
        connected_at=row.connected_at,
        refreshed_at=row.refreshed_at,
    )
