"""From the button in Slack to the provider and back: who may, once, in time, and in the same browser."""

import logging
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import (
    AuditEntry,
    Authorisation,
    Colleague,
    Connection,
    ConnectionStatus,
    Draft,
    OAuthState,
    Provider,
    Source,
)
from db.session import Database
from services.accounting.connections import ChosenOrganisation, DraftConnection, OfferedOrganisation
from services.accounting.consent import (
    STATE_LIFETIME,
    TICKET_LIFETIME,
    Consent,
    ConsentCancelledError,
    ConsentService,
    Purpose,
    PurposeKind,
)
from services.accounting.oauth import challenge_of
from services.accounting.port import ClientRejected, CodeRefused, Organisation, ProviderUnavailable
from services.accounting.tokens import TokenManager
from services.actor import Actor
from services.errors import ConflictError, GoneError, NotFoundError, NotPermittedError
from tests.builders import KEYS, Office, add_client, created, office
from tests.fakes import Clock
from tests.services.accounting import provider as stand_in
from tests.services.accounting.conftest import CAP, PUBLIC_URL, Providers
from tests.services.accounting.provider import CONNECTIONS, ORGANISATION, TOKEN, Reply
from tests.services.accounting.test_tokens import connected

XERO = Provider.XERO
BROWSER = "browser of the person"


def draft_of(database: Database, actor: Actor) -> Purpose:
    return Purpose(kind=PurposeKind.DRAFT, id=add_client(database).start_over(actor).draft_id)


def ticket_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["ticket"][0]


def begin(consent: ConsentService, actor: Actor, purpose: Purpose, *, browser: str = BROWSER) -> str:
    """The state of a consent that was begun."""
    ticket = ticket_of(consent.start_url(actor, XERO, purpose))
    return parse_qs(urlsplit(consent.start(XERO, ticket, browser=browser)).query)["state"][0]


def consented(consent: ConsentService, actor: Actor, purpose: Purpose, *, user: str = "ada-at-xero") -> Consent:
    return consent.finish(XERO, browser=BROWSER, state=begin(consent, actor, purpose), code=f"code-{user}")


def kept_in(database: Database, purpose: Purpose) -> DraftConnection | None:
    with database.read() as session:
        return DraftConnection.of(session.get_one(Draft, purpose.id).answers)


@pytest.fixture
def purpose(database: Database, birch: Office) -> Purpose:
    return draft_of(database, birch.ada)


@pytest.fixture
def provider(provider: stand_in.Provider) -> stand_in.Provider:
    provider.organisations["ada-at-xero"] = ["acme"]
    return provider


def test_the_button_leads_to_us_and_we_lead_to_the_consent_page(
    consent: ConsentService, database: Database, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    url = consent.start_url(birch.ada, XERO, purpose)
    assert url.startswith(f"{PUBLIC_URL}/connect/xero/start?ticket=")
    assert len(url) < 1000

    page = consent.start(XERO, ticket_of(url), browser=BROWSER)

    assert page.startswith(f"{provider.url}/identity/connect/authorize?")
    asked = {name: value for name, [value] in parse_qs(urlsplit(page).query).items()}
    assert asked["redirect_uri"] == f"{PUBLIC_URL}/connect/xero/callback"
    with database.read() as session:
        [row] = session.scalars(select(OAuthState))
    assert asked["code_challenge"] == challenge_of(KEYS.decrypt(row.verifier))
    assert asked["state"].encode() not in row.state_hash
    assert (row.practice_id, row.colleague_id) == (birch.practice_id, birch.ada.colleague_id)


def test_one_organisation_is_chosen_by_itself(
    consent: ConsentService, database: Database, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    got = consented(consent, birch.ada, purpose)

    chosen = ChosenOrganisation(
        tenant_id="acme",
        connection_id="link-acme",
        name="Acme Ltd",
        legal_name="Acme Ltd (legal)",
        country_code="GB",
        currency="GBP",
    )
    acme = Organisation(tenant_id="acme", name="Acme Ltd", connection_id="link-acme")
    assert got == Consent(
        provider=XERO,
        actor=Actor(birch.practice_id, birch.ada.colleague_id, Source.WEB),
        purpose=purpose,
        authorisation_id=got.authorisation_id,
        organisations=(OfferedOrganisation(organisation=acme),),
        chosen=DraftConnection(provider=XERO, authorisation_id=got.authorisation_id, chosen=chosen),
    )
    assert kept_in(database, purpose) == got.chosen
    assert [dict(asked.query) for asked in provider.asked(CONNECTIONS)] == [{"authEventId": "event"}]


def test_the_tokens_are_kept_encrypted_for_the_colleague_and_the_user_at_the_provider(
    consent: ConsentService, database: Database, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    got = consented(consent, birch.ada, purpose)

    with database.read() as session:
        [row] = session.scalars(select(Authorisation))
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "authorisation.given"))
    assert (row.id, row.colleague_id, row.provider_user_id) == (
        got.authorisation_id,
        birch.ada.colleague_id,
        "ada-at-xero",
    )
    assert KEYS.decrypt(row.access_token) == provider.asked(CONNECTIONS)[0].bearer
    assert KEYS.decrypt(row.refresh_token).encode() not in row.refresh_token
    assert (entry.source, entry.colleague_id, entry.before) == (Source.WEB, birch.ada.colleague_id, None)


def test_of_several_organisations_the_person_picks_one(
    consent: ConsentService, database: Database, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    provider.organisations["ada-at-xero"] = ["acme", "bolt"]
    got = consented(consent, birch.ada, purpose)
    assert got.chosen is None
    assert [each.organisation.tenant_id for each in got.organisations] == ["acme", "bolt"]
    assert kept_in(database, purpose) == DraftConnection(provider=XERO, authorisation_id=got.authorisation_id)


def test_a_consent_without_an_organisation_is_kept_all_the_same(
    consent: ConsentService, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    provider.organisations["ada-at-xero"] = []
    got = consented(consent, birch.ada, purpose)
    assert (got.organisations, got.chosen) == ((), None)


def test_an_organisation_of_an_earlier_consent_can_be_picked_when_this_one_added_none(
    consent: ConsentService, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    provider.script(CONNECTIONS, Reply(200, []))
    got = consented(consent, birch.ada, purpose)
    assert [each.organisation.tenant_id for each in got.organisations] == ["acme"]


def test_an_organisation_that_is_taken_is_refused_by_the_name_of_its_client(
    consent: ConsentService, database: Database, birch: Office, provider: stand_in.Provider
) -> None:
    first = consented(consent, birch.ada, draft_of(database, birch.ada))
    connected(database, birch.clem, first.authorisation_id, "acme")
    purpose = draft_of(database, birch.ada)
    with pytest.raises(ConflictError, match=r"Acme Ltd is already connected to your client Client of acme\."):
        consented(consent, birch.ada, purpose)
    assert kept_in(database, purpose) == DraftConnection(provider=XERO, authorisation_id=first.authorisation_id)


def test_an_organisation_whose_details_can_not_be_had_now_is_chosen_by_its_name(
    consent: ConsentService, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    provider.script(ORGANISATION, Reply(503, {"Detail": "organisation is offline"}))
    got = consented(consent, birch.ada, purpose)
    assert got.chosen is not None
    assert got.chosen.chosen == ChosenOrganisation(tenant_id="acme", connection_id="link-acme", name="Acme Ltd")


def test_what_was_consented_to_is_kept_even_if_the_organisations_can_not_be_listed(
    consent: ConsentService, database: Database, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    provider.script(CONNECTIONS, Reply(200, b"<h1>Oops</h1>"))
    with pytest.raises(ProviderUnavailable):
        consented(consent, birch.ada, purpose)
    with database.read() as session:
        [row] = session.scalars(select(Authorisation))
    assert kept_in(database, purpose) == DraftConnection(provider=XERO, authorisation_id=row.id)


def test_a_consent_for_a_client_connects_it(
    consent: ConsentService, database: Database, birch: Office, provider: stand_in.Provider
) -> None:
    client = created(add_client(database), birch.ada, "Acme")
    got = consented(consent, birch.ada, Purpose(kind=PurposeKind.CLIENT, id=client.client_id))
    with database.read() as session:
        [row] = session.scalars(select(Connection))
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "client.connected"))
    assert (row.client_id, row.tenant_id, row.status) == (client.client_id, "acme", ConnectionStatus.CONNECTED)
    assert (row.authorisation_id, row.legal_name) == (got.authorisation_id, "Acme Ltd (legal)")
    assert entry.after == {"provider": "xero", "organisation": "Acme Ltd", "tenant_id": "acme"}


def test_consenting_again_revives_the_authorisation_and_the_connections_it_reaches(
    consent: ConsentService,
    database: Database,
    birch: Office,
    provider: stand_in.Provider,
    clock: Clock,
    providers: Providers,
) -> None:
    first = consented(consent, birch.ada, draft_of(database, birch.ada))
    connected(database, birch.clem, first.authorisation_id, "bolt", ConnectionStatus.EXPIRED)
    connected(database, birch.clem, first.authorisation_id, "lost", ConnectionStatus.EXPIRED)
    with database.begin() as session:
        session.get_one(Authorisation, first.authorisation_id).dead_at = clock.now()
    provider.organisations["ada-at-xero"] = ["acme", "bolt"]

    again = consented(consent, birch.clem, draft_of(database, birch.clem))

    assert again.authorisation_id == first.authorisation_id
    with database.read() as session:
        row = session.get_one(Authorisation, first.authorisation_id)
        states = dict(session.execute(select(Connection.tenant_id, Connection.status)).all())
    assert (row.dead_at, row.colleague_id, row.version) == (None, birch.clem.colleague_id, 2)
    assert states == {"bolt": ConnectionStatus.CONNECTED, "lost": ConnectionStatus.EXPIRED}
    assert TokenManager(database, KEYS, providers).access_token(row.id) == KEYS.decrypt(row.access_token)


def test_a_cancelled_consent_changes_nothing_and_is_over(
    consent: ConsentService, database: Database, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    state = begin(consent, birch.ada, purpose)
    with pytest.raises(ConsentCancelledError, match=r"You cancelled at Xero\. Nothing has changed") as caught:
        consent.finish(XERO, browser=BROWSER, state=state, error="access_denied")
    assert caught.value.purpose == purpose
    assert kept_in(database, purpose) is None
    with pytest.raises(ConflictError, match="finished already"):
        consent.finish(XERO, browser=BROWSER, state=state, code="code-ada-at-xero")
    assert provider.asked() == []


@pytest.mark.parametrize("error", ["server_error", None])
def test_a_consent_that_the_provider_broke_off_is_not_called_cancelled(
    consent: ConsentService, birch: Office, purpose: Purpose, error: str | None
) -> None:
    state = begin(consent, birch.ada, purpose)
    with pytest.raises(ProviderUnavailable, match="Try again in a few minutes"):
        consent.finish(XERO, browser=BROWSER, state=state, error=error)


def _forged(consent: ConsentService, _: str, __: Clock) -> None:
    consent.finish(XERO, browser=BROWSER, state="forged", code="c")


def _another_browser(consent: ConsentService, state: str, _: Clock) -> None:
    consent.finish(XERO, browser="somebody else's", state=state, code="c")


def _another_provider(consent: ConsentService, state: str, _: Clock) -> None:
    consent.finish(Provider.SAGE, browser=BROWSER, state=state, code="c")


def _late(consent: ConsentService, state: str, clock: Clock) -> None:
    clock.advance(STATE_LIFETIME)
    consent.finish(XERO, browser=BROWSER, state=state, code="c")


@pytest.mark.parametrize("come_back", [_forged, _another_browser, _another_provider, _late])
def test_a_state_that_is_forged_foreign_or_too_old_is_refused_in_words(
    consent: ConsentService,
    birch: Office,
    purpose: Purpose,
    provider: stand_in.Provider,
    clock: Clock,
    come_back: Callable[[ConsentService, str, Clock], None],
) -> None:
    state = begin(consent, birch.ada, purpose)
    with pytest.raises(NotFoundError, match="too long ago, or by somebody else"):
        come_back(consent, state, clock)
    assert provider.asked() == []


def test_a_state_is_used_once(
    consent: ConsentService, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    state = begin(consent, birch.ada, purpose)
    consent.finish(XERO, browser=BROWSER, state=state, code="code-ada-at-xero")
    with pytest.raises(ConflictError, match="finished already"):
        consent.finish(XERO, browser=BROWSER, state=state, code="code-ada-at-xero")
    assert len(provider.asked(TOKEN)) == 1


@pytest.mark.parametrize(("error", "failure"), [("invalid_grant", CodeRefused), ("invalid_client", ClientRejected)])
def test_a_code_that_is_refused_ends_the_attempt(
    consent: ConsentService,
    birch: Office,
    purpose: Purpose,
    provider: stand_in.Provider,
    error: str,
    failure: type[Exception],
    caplog: pytest.LogCaptureFixture,
) -> None:
    state = begin(consent, birch.ada, purpose)
    provider.script(TOKEN, Reply(400, {"error": error}))
    with pytest.raises(failure):
        consent.finish(XERO, browser=BROWSER, state=state, code="old")
    alerts = [each for each in caplog.records if each.levelno == logging.CRITICAL]
    assert len(alerts) == (failure is ClientRejected)
    with pytest.raises(ConflictError):
        consent.finish(XERO, browser=BROWSER, state=state, code="code-ada-at-xero")


def test_a_ticket_is_good_for_an_hour_and_one_provider(
    consent: ConsentService, birch: Office, purpose: Purpose, clock: Clock
) -> None:
    ticket = ticket_of(consent.start_url(birch.ada, XERO, purpose))
    with pytest.raises(NotFoundError, match="no longer good"):
        consent.start(Provider.SAGE, ticket, browser=BROWSER)
    with pytest.raises(NotFoundError, match="no longer good"):
        consent.start(XERO, "forged", browser=BROWSER)
    clock.advance(TICKET_LIFETIME - timedelta(seconds=1))
    consent.start(XERO, ticket, browser=BROWSER)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(NotFoundError, match="no longer good"):
        consent.start(XERO, ticket, browser=BROWSER)


def test_only_who_may_add_clients_begins_one_for_a_draft(
    consent: ConsentService, database: Database, birch: Office
) -> None:
    purpose = draft_of(database, birch.jo)
    url = consent.start_url(birch.jo, XERO, purpose)
    _change(database, birch.jo, lambda session, jo: setattr(jo, "may_add_clients", False))
    with pytest.raises(NotPermittedError, match="Add client accounts"):
        consent.start(XERO, ticket_of(url), browser=BROWSER)


def test_nobody_begins_one_for_what_is_not_theirs(consent: ConsentService, database: Database, birch: Office) -> None:
    elm = office(database, slack_key="T_ELM")
    drafts = draft_of(database, birch.clem)
    client = created(add_client(database), birch.ada, "Acme")
    for actor, purpose, failure in (
        (birch.ada, drafts, GoneError),
        (elm.ada, drafts, GoneError),
        (birch.sam, Purpose(kind=PurposeKind.CLIENT, id=client.client_id), NotFoundError),
        (elm.ada, Purpose(kind=PurposeKind.CLIENT, id=client.client_id), NotFoundError),
    ):
        with pytest.raises(failure):
            consent.start(XERO, ticket_of(consent.start_url(actor, XERO, purpose)), browser=BROWSER)


def test_a_colleague_who_left_meanwhile_does_not_finish(
    consent: ConsentService, database: Database, birch: Office, provider: stand_in.Provider
) -> None:
    state = begin(consent, birch.clem, draft_of(database, birch.clem))
    _change(database, birch.clem, lambda session, clem: setattr(clem, "active", False))
    with pytest.raises(NotPermittedError, match="no longer have access"):
        consent.finish(XERO, browser=BROWSER, state=state, code="code-ada-at-xero")
    assert provider.asked() == []


def test_a_draft_that_was_discarded_meanwhile_is_told_and_the_sign_in_kept(
    consent: ConsentService, database: Database, birch: Office, purpose: Purpose, provider: stand_in.Provider
) -> None:
    state = begin(consent, birch.ada, purpose)
    add_client(database).discard(birch.ada, purpose.subject)
    with pytest.raises(GoneError, match="no longer a draft"):
        consent.finish(XERO, browser=BROWSER, state=state, code="code-ada-at-xero")
    with database.read() as session:
        assert len(session.scalars(select(Authorisation)).all()) == 1


def test_at_the_cap_no_new_client_is_begun_and_one_place_is_left_for_those_there_are(
    database: Database, birch: Office, providers: Providers, consent: ConsentService, provider: stand_in.Provider
) -> None:
    first = consented(consent, birch.ada, draft_of(database, birch.ada))
    client_id = connected(database, birch.clem, first.authorisation_id, "bolt")
    capped = ConsentService(database, KEYS, providers, public_url=PUBLIC_URL, connection_cap={XERO: 2})
    with pytest.raises(ConflictError, match="connect 2 organisations, and they are used up"):
        begin(capped, birch.ada, draft_of(database, birch.ada))
    begin(capped, birch.ada, Purpose(kind=PurposeKind.CLIENT, id=client_id))
    assert CAP > 2


def test_states_are_forgotten_a_day_after_they_expired(
    consent: ConsentService, database: Database, birch: Office, purpose: Purpose, clock: Clock
) -> None:
    begin(consent, birch.ada, purpose)
    clock.advance(timedelta(days=1))
    begin(consent, birch.ada, purpose)
    clock.advance(timedelta(minutes=11))
    consent.prune()
    with database.read() as session:
        assert len(session.scalars(select(OAuthState)).all()) == 1


def test_an_installation_without_the_provider_says_so(database: Database, birch: Office, purpose: Purpose) -> None:
    bare = ConsentService(database, KEYS, {}, public_url=PUBLIC_URL, connection_cap={})
    with pytest.raises(NotFoundError, match="not set up for Xero"):
        bare.start(XERO, ticket_of(bare.start_url(birch.ada, XERO, purpose)), browser=BROWSER)


def _change(database: Database, actor: Actor, change: Callable[[Session, Colleague], None]) -> None:
    with database.begin() as session:
        change(session, session.get_one(Colleague, actor.colleague_id))
