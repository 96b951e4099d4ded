"""From the button in Slack to the provider's consent page and back."""

import logging
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.models import Authorisation, Connection, OAuthState, Provider, Source
from db.session import Database, twice
from services import audit, policy
from services.accounting.connections import (
    DraftConnection,
    OfferedOrganisation,
    connect,
    described,
    keep_in_draft,
    offered,
    open_draft,
    reached,
)
from services.accounting.oauth import challenge_of, new_verifier
from services.accounting.port import NAMES, AccountingProvider, Grant, Organisation, ProviderUnavailable
from services.actor import Actor
from services.clients.visibility import get_client
from services.errors import ConflictError, GoneError, NotFoundError, ServiceError
from services.keys import Keyring, hash_token
from services.practice import get_colleague

STATE_LIFETIME = timedelta(minutes=10)
TICKET_LIFETIME = timedelta(hours=1)
_REMEMBERED = timedelta(days=1)
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class PurposeKind(StrEnum):
    """What is to be connected: a client that is being added, or one that is there; or what Client Sync is to do."""

    DRAFT = "draft"
    CLIENT = "client"
    SYNC = "sync"
    RECONNECT = "reconnect"
    REASSIGN = "reassign"


_CONNECTING = frozenset({PurposeKind.DRAFT, PurposeKind.SYNC})
"""These connect organisations that were not connected before."""
_OF_ONE = frozenset({PurposeKind.DRAFT, PurposeKind.CLIENT})


class Purpose(BaseModel):
    """`id` is of the draft or client; `view` the external id of the window in Slack that waits for the return.
    `changing`: the client is to get another organisation than it has."""

    model_config = ConfigDict(frozen=True)

    kind: PurposeKind
    id: uuid.UUID | None = None
    view: str | None = None
    changing: bool = False

    @property
    def subject(self) -> uuid.UUID:
        """Raises NotFoundError for a purpose that names none."""
        if self.id is None:
            raise NotFoundError("This link is no longer good. Go back to Slack and use the button again.")
        return self.id


class _Ticket(BaseModel):
    provider: Provider
    practice_id: uuid.UUID
    colleague_id: uuid.UUID
    purpose: Purpose
    until: datetime


class ConsentCancelledError(ServiceError):
    """The person said no at the provider. Nothing has changed."""

    def __init__(self, provider: Provider, actor: Actor, purpose: Purpose) -> None:
        super().__init__(f"You cancelled at {NAMES[provider]}. Nothing has changed. Go back to Slack to try again.")
        self.provider = provider
        self.actor = actor
        self.purpose = purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What came of a consent. `chosen` is set when it left nothing to choose from, and is kept already; else the
    person picks one of `organisations`."""

    provider: Provider
    actor: Actor
    purpose: Purpose
    authorisation_id: uuid.UUID
    organisations: tuple[OfferedOrganisation, ...]
    chosen: DraftConnection | None


@dataclass(frozen=True, slots=True)
class _Begun:
    actor: Actor
    purpose: Purpose
    verifier: str


class ConsentService:
    """`connection_cap` is how many organisations the provider lets this installation connect."""

    def __init__(
        self,
        database: Database,
        keys: Keyring,
        providers: Mapping[Provider, AccountingProvider],
        *,
        public_url: str,
        connection_cap: Mapping[Provider, int],
    ) -> None:
        self._database = database
        self._keys = keys
        self._providers = providers
        self._public_url = public_url
        self._connection_cap = connection_cap

    def start_url(self, actor: Actor, provider: Provider, purpose: Purpose) -> str:
        """Where the button in Slack leads; good for an hour, for this person and purpose. Nothing is stored."""
        ticket = _Ticket(
            provider=provider,
            practice_id=actor.practice_id,
            colleague_id=actor.colleague_id,
            purpose=purpose,
            until=self._database.now() + TICKET_LIFETIME,
        )
        sealed = self._keys.encrypt(ticket.model_dump_json()).decode()
        return f"{self._public_url}/connect/{provider}/start?ticket={sealed}"

    def start(self, provider: Provider, ticket: str, *, browser: str) -> str:
        """The provider's consent page, for the browser that holds this secret.

        Raises NotFoundError for a ticket that is no good (any more), GoneError, NotPermittedError, ConflictError at
        the cap on connections.
        """
        found = self._open_ticket(provider, ticket)
        actor = Actor(found.practice_id, found.colleague_id, Source.WEB)
        state, verifier = secrets.token_urlsafe(32), new_verifier()
        with self._database.begin() as session:
            _require_allowed(session, actor, found.purpose)
            self._require_place(session, provider, found.purpose)
            session.add(
                OAuthState(
                    state_hash=_hash(browser, state),
                    practice_id=actor.practice_id,
                    colleague_id=actor.colleague_id,
                    provider=provider,
                    purpose=found.purpose.model_dump(mode="json"),
                    verifier=self._keys.encrypt(verifier),
                    expires_at=self._database.now() + STATE_LIFETIME,
                )
            )
        return self._of(provider).authorise_url(state, challenge_of(verifier), self.redirect_uri(provider))

    def finish(
        self, provider: Provider, *, browser: str, state: str, code: str | None = None, error: str | None = None
    ) -> Consent:
        """What the provider's redirect brought, in the same browser. Asks the provider.

        Raises NotFoundError for a state that is forged, too old or another browser's, ConflictError for one that was
        used or an organisation that is taken, ConsentCancelledError, GoneError, NotPermittedError, ProviderError.
        """
        adapter = self._of(provider)
        begun = self._use(provider, browser, state)
        if code is None:
            if error == "access_denied":
                raise ConsentCancelledError(provider, begun.actor, begun.purpose)
            _log.warning("%s broke a consent off: %.100s", NAMES[provider], error)
            raise ProviderUnavailable(provider)
        asked_at = self._database.now()
        grant = adapter.exchange(code, begun.verifier, self.redirect_uri(provider))
        authorisation_id = twice(lambda: self._keep(provider, begun, grant, asked_at))
        token = grant.tokens.access_token
        added = adapter.organisations(token, grant.consent_id) if grant.consent_id else ()
        found = added or adapter.organisations(token)
        return self._arrive(adapter, begun, authorisation_id, token, found, whole=not added)

    def prune(self) -> None:
        """Forgets what is of no use any more. For the clock."""
        with self._database.begin() as session:
            session.execute(delete(OAuthState).where(OAuthState.expires_at < self._database.now() - _REMEMBERED))

    def redirect_uri(self, provider: Provider) -> str:
        return f"{self._public_url}/connect/{provider}/callback"

    def _open_ticket(self, provider: Provider, ticket: str) -> _Ticket:
        try:
            found = _Ticket.model_validate_json(self._keys.decrypt(ticket.encode()))
        except (ValueError, ValidationError):
            found = None
        if found is None or found.provider is not provider or found.until <= self._database.now():
            raise NotFoundError("This link is no longer good. Go back to Slack and use the button again.")
        return found

    def _require_place(self, session: Session, provider: Provider, purpose: Purpose) -> None:
        """One place is kept free: at the cap, even connecting the same organisation again can fail."""
        cap = self._connection_cap.get(provider)
        if cap is None or purpose.kind not in _CONNECTING:
            return
        used = session.scalar(select(func.count()).where(Connection.provider == provider)) or 0
        if used >= cap - 1:
            raise ConflictError(
                f"{NAMES[provider]} lets this installation of Clientdesk connect {cap:,} organisations, and they are "
                "used up. Ask whoever runs it to raise the limit."
            )

    def _use(self, provider: Provider, browser: str, state: str) -> _Begun:
        """Ends the attempt, whatever comes of it."""
        now = self._database.now()
        with self._database.begin() as session:
            row = session.scalar(
                select(OAuthState).where(OAuthState.state_hash == _hash(browser, state)).with_for_update()
            )
            if row is None or row.provider is not provider or row.expires_at <= now:
                raise NotFoundError(
                    f"This sign-in at {NAMES[provider]} was begun too long ago, or by somebody else. "
                    "Go back to Slack and use the button again."
                )
            if row.used_at is not None:
                raise ConflictError("This sign-in was finished already, or broken off. Go back to Slack.")
            row.used_at = now
            actor = Actor(row.practice_id, row.colleague_id, Source.WEB)
            begun = _Begun(actor, Purpose.model_validate(row.purpose), self._keys.decrypt(row.verifier))
        with self._database.read() as session:
            policy.require_active(get_colleague(session, actor))
        return begun

    def _keep(self, provider: Provider, begun: _Begun, grant: Grant, asked_at: datetime) -> uuid.UUID:
        """The authorisation with the consent's tokens; whoever signed in last holds it."""
        with self._database.begin() as session:
            now = self._database.now()
            row = session.scalar(
                select(Authorisation)
                .where(
                    Authorisation.practice_id == begun.actor.practice_id,
                    Authorisation.provider == provider,
                    Authorisation.provider_user_id == grant.provider_user_id,
                )
                .with_for_update()
            )
            before = None if row is None else {"colleague": str(row.colleague_id), "ended": row.dead_at is not None}
            if row is None:
                row = Authorisation(
                    practice_id=begun.actor.practice_id,
                    provider=provider,
                    provider_user_id=grant.provider_user_id,
                    version=0,
                )
                session.add(row)
            row.colleague_id = begun.actor.colleague_id
            row.access_token = self._keys.encrypt(grant.tokens.access_token)
            row.access_expires_at = asked_at + grant.tokens.expires_in
            row.refresh_token = self._keys.encrypt(grant.refresh_token)
            row.previous_refresh_token = row.previous_until = None
            row.version += 1
            row.refreshed_at = now
            row.refreshing_until = row.refresh_sent_at = row.dead_at = row.checked_at = None
            session.flush()
            audit.record(
                session,
                begun.actor,
                "authorisation.given",
                row.id,
                at=now,
                before=before,
                after={"provider": provider, "colleague": str(row.colleague_id)},
            )
            if begun.purpose.kind is PurposeKind.DRAFT:
                waiting = DraftConnection(provider=provider, authorisation_id=row.id)
                _keep_if_open(session, begun, waiting, now)
            return row.id

    def _arrive(
        self,
        adapter: AccountingProvider,
        begun: _Begun,
        authorisation_id: uuid.UUID,
        token: str,
        found: tuple[Organisation, ...],
        *,
        whole: bool,
    ) -> Consent:
        """Where it is plain which organisation the person meant, it is connected unless it is taken."""
        actor, purpose, provider = begun.actor, begun.purpose, adapter.provider
        with self._database.begin() as session:
            now = self._database.now()
            if purpose.kind is not PurposeKind.RECONNECT:  # else it comes next, and says which they were
                reached(session, actor, authorisation_id, found, now, whole=whole)
            choices = offered(session, actor.practice_id, provider, found)
            meant = _meant(session, actor, purpose, provider, found)
        chosen = None
        if meant is not None:
            chosen = DraftConnection(
                provider=provider, authorisation_id=authorisation_id, chosen=described(adapter, token, meant)
            )
        with self._database.begin() as session:
            if purpose.kind is PurposeKind.DRAFT:
                open_draft(session, actor, purpose.subject)
                if chosen is not None:
                    keep_in_draft(session, actor, purpose.subject, chosen, now)
            elif purpose.kind is PurposeKind.CLIENT and chosen is not None:
                client = get_client(session, get_colleague(session, actor), purpose.subject, lock=True)
                connect(session, actor, client, chosen, now)
        return Consent(
            provider=provider,
            actor=actor,
            purpose=purpose,
            authorisation_id=authorisation_id,
            organisations=choices,
            chosen=chosen,
        )

    def _of(self, provider: Provider) -> AccountingProvider:
        found = self._providers.get(provider)
        if found is None:
            raise NotFoundError(f"This installation is not set up for {NAMES[provider]}.")
        return found


def _meant(
    session: Session, actor: Actor, purpose: Purpose, provider: Provider, found: tuple[Organisation, ...]
) -> Organisation | None:
    """The only one given; for a client that is connected, the one that it has, unless it is to get another."""
    if purpose.kind not in _OF_ONE:
        return None
    has = None
    if purpose.kind is PurposeKind.CLIENT:
        has = session.scalar(
            select(Connection.tenant_id).where(
                Connection.client_id == purpose.subject,
                Connection.practice_id == actor.practice_id,
                Connection.provider == provider,
            )
        )
    if has is not None and not purpose.changing:
        return next((each for each in found if each.tenant_id == has), None)
    others = [each for each in found if each.tenant_id != has]
    return others[0] if len(others) == 1 else None


def _keep_if_open(session: Session, begun: _Begun, connection: DraftConnection, now: datetime) -> None:
    try:
        keep_in_draft(session, begun.actor, begun.purpose.subject, connection, now)
    except GoneError:
        _log.info("A draft was closed while its accounting software was being connected")


def _require_allowed(session: Session, actor: Actor, purpose: Purpose) -> None:
    colleague = get_colleague(session, actor)
    policy.require_active(colleague)
    if purpose.kind is PurposeKind.DRAFT:
        policy.require_add_clients(colleague)
        open_draft(session, actor, purpose.subject)
    elif purpose.kind is PurposeKind.CLIENT:
        get_client(session, colleague, purpose.subject)
    elif purpose.kind is PurposeKind.SYNC:
        policy.require_add_clients(colleague)


def _hash(browser: str, state: str) -> bytes:
    return hash_token(f"{browser}.{state}")
