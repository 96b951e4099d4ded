"""A client's card: the account, its connection, and what is kept of its organisation."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.models import (
    Client,
    ClientAccess,
    ClientKind,
    ClientUser,
    Colleague,
    Plan,
    Practice,
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
from services.clients.invited import InvitationSummary, invitations_of
from services.clients.visibility import get_client
from services.keys import Keyring
from services.practice import get_colleague
from services.solo.records import SoloCard
from services.solo.sources import solo_card
from services.tax.records import TaxCard
from services.tax.totals import tax_card
from services.zones import zone


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
    """`users` counts the people in the account, `colleagues` and `teams` those that it was given to, besides the
    admins. `account_manager` is None where nobody is, or the plan has none. `offered` are the providers that this
    installation can connect to. `problem` is what the last action met. `solo` is None for a business, `tax` for a
    client without tax categories."""

    client_id: uuid.UUID
    kind: ClientKind
    name: str
    practice_code: str | None
    industry: str | None
    solutions: Solutions
    software: Software
    tax_categories: TaxCategories | None
    extract: ExtractAddress
    deactivated_at: datetime | None
    users: int
    owner: Owner | None
    colleagues: int
    teams: int
    account_manager: str | None
    connection: ConnectionCard | None
    information: InformationSummary
    offered: tuple[Provider, ...]
    problem: str | None = None
    solo: SoloCard | None = None
    tax: TaxCard | None = None


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
            colleague = get_colleague(session, actor)
            client = get_client(session, colleague, client_id)
            today = self._database.now().astimezone(zone(colleague.timezone)).date()
            return replace(self._card(session, client, information), tax=tax_card(session, client, today))

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

    def _card(self, session: Session, client: Client, information: InformationSummary) -> ClientCard:
        now = self._database.now()
        owner = session.scalar(select(ClientUser).where(ClientUser.client_id == client.id, ClientUser.is_owner))
        users = select(func.count()).where(ClientUser.client_id == client.id)
        colleagues, teams, manager = _access(session, client, now)
        return ClientCard(
            client_id=client.id,
            kind=client.kind,
            name=client.name,
            practice_code=client.practice_code,
            industry=client.industry,
            solutions=client.solutions,
            software=client.software,
            tax_categories=client.tax_categories,
            extract=ExtractAddress(client.extract_name, self._extract_domain),
            deactivated_at=client.deactivated_at,
            users=session.scalar(users) or 0,
            owner=None if owner is None else _owner(session, owner, now),
            colleagues=colleagues,
            teams=teams,
            account_manager=manager,
            connection=card_of(session, client),
            information=information,
            offered=() if client.is_self_employed else self._connections.offered,
            solo=solo_card(session, self._keys, client, now) if client.kind is ClientKind.SOLO else None,
        )


def _owner(session: Session, owner: ClientUser, now: datetime) -> Owner:
    return Owner(
        client_user_id=owner.id,
        name=owner.name,
        email=owner.email,
        invitation=invitations_of(session, [owner.id], now).get(owner.id),
        signs_in=owner.login_id is not None,
    )


def _access(session: Session, client: Client, now: datetime) -> tuple[int, int, str | None]:
    """Colleagues and teams that the client was given to, and its account manager."""
    given = ClientAccess.client_id == client.id
    colleagues = session.scalar(
        select(func.count())
        .select_from(ClientAccess)
        .join(Colleague, Colleague.id == ClientAccess.colleague_id)
        .where(given, Colleague.active, or_(ClientAccess.until.is_(None), ClientAccess.until > now))
    )
    teams = session.scalar(select(func.count()).where(given, ClientAccess.team_id.is_not(None)))
    manager = session.scalar(
        select(Colleague.name)
        .join(Practice, Practice.id == Colleague.practice_id)
        .where(
            Colleague.id == client.account_manager_id, Practice.id == client.practice_id, Practice.plan == Plan.ADVANCED
        )
    )
    return colleagues or 0, teams or 0, manager
