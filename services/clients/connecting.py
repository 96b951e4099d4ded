"""Connecting a client that is there: from its card to the provider, back, and to the organisation that is its own."""

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Authorisation, Client, Connection, Provider
from db.session import Database
from services import notices
from services.accounting.connections import OfferedOrganisation
from services.accounting.consent import Consent, ConsentService, Purpose, PurposeKind
from services.accounting.linking import ConnectionService
from services.accounting.port import NAMES, ProviderError
from services.actor import Actor
from services.clients.card import ClientCard, ClientCardService
from services.clients.names import fold
from services.clients.visibility import get_client
from services.errors import ConflictError, NotFoundError
from services.practice import get_colleague

FINISHED = "slack.client_consent_finished"
LISTED = 100
"""As many organisations as can be chosen from at once."""
NAMED = 20
"""As many taken organisations as are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConnecting:
    """The way to the provider. `has` names the organisation that the client is connected to now.

    `links` lead to the consent pages; `external_id` names the window that waits for the return. `changing`: the client
    is to get another organisation than it has. `authorisation_id` is of a sign-in whose organisations can be looked at
    once more.
    """

    client_id: uuid.UUID
    client_name: str
    has: str | None
    changing: bool
    links: tuple[tuple[Provider, str], ...]
    external_id: str
    problem: str | None = None
    authorisation_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChoices:
    """The organisations that a sign-in reaches. `free` are the first that fit the query, of `found`; `taken` are the
    first of those that other clients have, of `taken_count`. `has` names the one that the client has now."""

    client_id: uuid.UUID
    client_name: str
    has: str | None
    provider: Provider
    authorisation_id: uuid.UUID
    query: str
    found: int
    total: int
    free: tuple[OfferedOrganisation, ...]
    taken: tuple[OfferedOrganisation, ...]
    taken_count: int
    start_url: str
    external_id: str
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConsentNotice:
    """For the message after a consent whose window was closed. `organisation` is None while there is one to choose,
    among those that the sign-in `authorisation_id` reaches."""

    practice_id: uuid.UUID
    slack_user_id: str
    client_id: uuid.UUID
    client_name: str
    provider: Provider
    authorisation_id: uuid.UUID
    organisation: str | None


Window = ClientCard | ClientChoices | ClientConnecting


class ClientConnectingService:
    def __init__(
        self, database: Database, consent: ConsentService, connections: ConnectionService, cards: ClientCardService
    ) -> None:
        self._database = database
        self._consent = consent
        self._connections = connections
        self._cards = cards

    def begin(
        self, actor: Actor, client_id: uuid.UUID, provider: Provider, *, changing: bool = False
    ) -> ClientConnecting:
        """The way to the provider; when `changing`, to any that there is. Raises ConflictError, NotFoundError."""
        if provider not in self._connections.offered:
            raise NotFoundError(f"This installation is not set up for {NAMES[provider]}.")
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            if client.deactivated_at is not None:
                raise ConflictError(f"{client.name} is deactivated, and so can't be connected.")
            if client.is_self_employed:
                raise ConflictError(f"{client.name} is self-employed, and so kept without accounting software.")
            has = _organisation_of(session, client)
        others = (each for each in self._connections.offered if each is not provider)
        external_id = str(uuid.uuid4())
        purpose = Purpose(kind=PurposeKind.CLIENT, id=client.id, view=external_id, changing=changing)
        return ClientConnecting(
            client_id=client.id,
            client_name=client.name,
            has=has,
            changing=changing,
            links=tuple(
                (each, self._consent.start_url(actor, each, purpose))
                for each in ((provider, *others) if changing else (provider,))
            ),
            external_id=external_id,
        )

    def choices(
        self, actor: Actor, client_id: uuid.UUID, authorisation_id: uuid.UUID, query: str = ""
    ) -> ClientChoices:
        """All that the actor's sign-in reaches. Asks the provider. Raises NotFoundError, ProviderError."""
        with self._database.read() as session:
            get_client(session, get_colleague(session, actor), client_id)
        organisations = self._connections.organisations(actor, authorisation_id)
        return self._choices(actor, client_id, authorisation_id, organisations, query)

    def choose(self, actor: Actor, client_id: uuid.UUID, authorisation_id: uuid.UUID, tenant_id: str) -> Window:
        """Connects the client to the organisation. Asks the provider. What is in the way is in the window."""
        try:
            self._connections.choose_for_client(actor, client_id, authorisation_id, tenant_id)
        except ConflictError as refusal:
            return replace(self.choices(actor, client_id, authorisation_id), problem=refusal.message)
        except ProviderError as refusal:
            waiting = self.begin(actor, client_id, refusal.provider)
            return replace(waiting, problem=refusal.message, authorisation_id=authorisation_id)
        return self._cards.card(actor, client_id)

    def arrived(self, consent: Consent) -> Window:
        """What the window that waited shows after a consent."""
        actor, client_id = consent.actor, consent.purpose.subject
        if consent.chosen is not None:
            return self._cards.card(actor, client_id)
        if consent.organisations:
            return self._choices(actor, client_id, consent.authorisation_id, consent.organisations, "")
        waiting = self.begin(actor, client_id, consent.provider, changing=consent.purpose.changing)
        said = f"You signed in at {NAMES[consent.provider]}, but it gave us no organisation. Sign in as somebody else."
        return replace(waiting, problem=said)

    def tell_arrived(self, consent: Consent) -> None:
        """Leads back by a message: no window waits for the consent any more."""
        if consent.chosen is None and not consent.organisations:
            return
        actor = consent.actor
        with self._database.begin() as session:
            notices.tell(
                session,
                FINISHED,
                uuid.uuid4(),
                practice_id=actor.practice_id,
                colleague_id=actor.colleague_id,
                args={
                    "client_id": str(consent.purpose.subject),
                    "colleague_id": str(actor.colleague_id),
                    "authorisation_id": str(consent.authorisation_id),
                    "chosen": consent.chosen is not None,
                },
            )

    def notice(
        self,
        practice_id: uuid.UUID,
        client_id: uuid.UUID,
        colleague_id: uuid.UUID,
        authorisation_id: uuid.UUID,
        *,
        chosen: bool,
    ) -> ClientConsentNotice:
        """Raises NotFoundError when the colleague no longer sees the client."""
        actor = Actor(practice_id, colleague_id)
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            client = get_client(session, colleague, client_id)
            return ClientConsentNotice(
                practice_id=practice_id,
                slack_user_id=colleague.slack_user_id,
                client_id=client.id,
                client_name=client.name,
                provider=_provider_of(session, actor, authorisation_id),
                authorisation_id=authorisation_id,
                organisation=_organisation_of(session, client) if chosen else None,
            )

    def _choices(
        self,
        actor: Actor,
        client_id: uuid.UUID,
        authorisation_id: uuid.UUID,
        organisations: tuple[OfferedOrganisation, ...],
        query: str,
    ) -> ClientChoices:
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            provider = _provider_of(session, actor, authorisation_id)
            has = session.scalar(
                select(Connection.tenant_id).where(Connection.client_id == client.id, Connection.provider == provider)
            )
            named = _organisation_of(session, client)
        own = [replace(each, taken_by=None) if each.organisation.tenant_id == has else each for each in organisations]
        wanted = fold(query)
        fitting = [each for each in own if wanted in fold(each.organisation.name)]
        free = [each for each in fitting if each.taken_by is None]
        taken = [each for each in fitting if each.taken_by is not None]
        external_id = str(uuid.uuid4())
        purpose = Purpose(kind=PurposeKind.CLIENT, id=client.id, view=external_id, changing=has is not None)
        return ClientChoices(
            client_id=client.id,
            client_name=client.name,
            has=named,
            provider=provider,
            authorisation_id=authorisation_id,
            query=query,
            found=len(free),
            total=len(own),
            free=tuple(free[:LISTED]),
            taken=tuple(taken[:NAMED]),
            taken_count=len(taken),
            start_url=self._consent.start_url(actor, provider, purpose),
            external_id=external_id,
        )


def _organisation_of(session: Session, client: Client) -> str | None:
    return session.scalar(select(Connection.organisation_name).where(Connection.client_id == client.id))


def _provider_of(session: Session, actor: Actor, authorisation_id: uuid.UUID) -> Provider:
    found = session.scalar(
        select(Authorisation.provider).where(
            Authorisation.id == authorisation_id, Authorisation.practice_id == actor.practice_id
        )
    )
    if found is None:
        raise NotFoundError("This sign-in is no longer there. Connect again.")
    return found
