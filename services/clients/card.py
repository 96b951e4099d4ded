"""A client's card: the account, its connection, and what is kept of its organisation."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import (
    LIVE,
    Client,
    ClientKind,
    ClientUser,
    Colleague,
    Invitation,
    InvitationStatus,
    Provider,
    Software,
    Solutions,
    TaxCategories,
)
from db.session import Database
from services.accounting.information import InformationSummary
from services.accounting.linking import ConnectionCard, ConnectionService, NameChoice, card_of
from services.accounting.port import NAMES, ProviderError
from services.accounting.standard_information import InformationService
from services.actor import Actor
from services.clients.extract import ExtractAddress
from services.clients.visibility import get_client
from services.keys import Keyring
from services.practice import get_colleague
from services.solo.records import SoloCard
from services.solo.sources import solo_card


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationSummary:
    """The invitation that counts. `inviter` is a Slack user id."""

    invitation_id: uuid.UUID
    status: InvitationStatus
    failure: str | None
    inviter: str
    created_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    accepted_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The account's owner. `invitation` is None for one whom nobody has invited."""

    client_user_id: uuid.UUID
    name: str
    email: str
    invitation: InvitationSummary | None
    signs_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCard:
    """`offered` are the providers that this installation can connect to. `problem` is what the last action met.
    `solo` is None for a business."""

    client_id: uuid.UUID
    name: str
    practice_code: str | None
    industry: str | None
    solutions: Solutions
    software: Software
    tax_categories: TaxCategories | None
    extract: ExtractAddress
    deactivated_at: datetime | None
    owner: Owner | None
    connection: ConnectionCard | None
    information: InformationSummary
    offered: tuple[Provider, ...]
    problem: str | None = None
    solo: SoloCard | None = None


class ClientCardService:
    def __init__(
        self,
        database: Database,
        connections: ConnectionService,
        information: InformationService,
        *,
        keys: Keyring,
        extract_domain: str,
    ) -> None:
        self._database = database
        self._keys = keys
        self._connections = connections
        self._information = information
        self._extract_domain = extract_domain

    def card(self, actor: Actor, client_id: uuid.UUID) -> ClientCard:
        """Raises NotFoundError for a client that the actor does not see."""
        information = self._information.summary(actor, client_id)
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            owner = session.scalar(select(ClientUser).where(ClientUser.client_id == client.id, ClientUser.is_owner))
            invitation = None if owner is None else _invitation(session, owner, self._database.now())
            card = self._card(client, owner, invitation, card_of(session, client), information)
            if client.kind is not ClientKind.SOLO:
                return card
            return replace(card, solo=solo_card(session, self._keys, client, self._database.now()))

    def refresh(self, actor: Actor, client_id: uuid.UUID) -> ClientCard:
        """Asks the provider for the organisation; its lists follow. What is in the way is on the card."""
        problem = None
        try:
            self._connections.refresh(actor, client_id)
        except ProviderError as refusal:
            problem = refusal.message
        return replace(self.card(actor, client_id), problem=problem)

    def disconnect(self, actor: Actor, client_id: uuid.UUID) -> ClientCard:
        """Ends the connection here, and at the provider if that can be reached; if not, the card says so."""
        provider = self._connections.disconnect(actor, client_id)
        problem = None
        if provider is not None:
            name = NAMES[provider]
            problem = (
                f"{name} could not be told that this client is disconnected. Clientdesk no longer uses the connection; "
                f"to end it there too, remove Clientdesk from the organisation's connected apps at {name}."
            )
        return replace(self.card(actor, client_id), problem=problem)

    def change_settings(
        self, actor: Actor, client_id: uuid.UUID, *, refreshes_daily: bool, name: NameChoice | None
    ) -> ClientCard:
        self._connections.change_settings(actor, client_id, refreshes_daily=refreshes_daily, name=name)
        return self.card(actor, client_id)

    def _card(
        self,
        client: Client,
        owner: ClientUser | None,
        invitation: InvitationSummary | None,
        connection: ConnectionCard | None,
        information: InformationSummary,
    ) -> ClientCard:
        return ClientCard(
            client_id=client.id,
            name=client.name,
            practice_code=client.practice_code,
            industry=client.industry,
            solutions=client.solutions,
            software=client.software,
            tax_categories=client.tax_categories,
            extract=ExtractAddress(client.extract_name, self._extract_domain),
            deactivated_at=client.deactivated_at,
            owner=None
            if owner is None
            else Owner(
                client_user_id=owner.id,
                name=owner.name,
                email=owner.email,
                invitation=invitation,
                signs_in=owner.login_id is not None,
            ),
            connection=connection,
            information=information,
            offered=self._connections.offered,
        )


def _invitation(session: Session, owner: ClientUser, now: datetime) -> InvitationSummary | None:
    found = session.execute(
        select(Invitation, Colleague.slack_user_id)
        .join(Colleague, Colleague.id == Invitation.inviter_id)
        .where(Invitation.client_user_id == owner.id, Invitation.status != InvitationStatus.SUPERSEDED)
    ).one_or_none()
    if found is None:
        return None
    row, inviter = found
    is_over = row.status in LIVE and now >= row.expires_at  # whether or not the sweep has come by
    return InvitationSummary(
        invitation_id=row.id,
        status=InvitationStatus.EXPIRED if is_over else row.status,
        failure=row.failure,
        inviter=inviter,
        created_at=row.created_at,
        sent_at=row.sent_at,
        opened_at=row.opened_at,
        accepted_at=row.accepted_at,
        expires_at=row.expires_at,
    )
