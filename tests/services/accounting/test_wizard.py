"""Add client with a connection: from the consent to the row beside the client."""

from typing import Any

import pytest
from sqlalchemy import func, select

from db.models import Client, Connection, Draft, Job, Software
from db.models import Provider as Name
from db.session import Database
from services.accounting.consent import ConsentService, Purpose, PurposeKind
from services.accounting.linking import ConnectionService
from services.actor import Actor
from services.add_client.records import Arrival, CreatedClient, WizardPage
from services.add_client.service import AddClientService
from services.add_client.steps import StepName
from services.errors import GoneError, InvalidError, NotFoundError
from tests.builders import ANSWERS, DOMAIN, KEYS, Office
from tests.services.accounting.provider import CONNECTIONS, Provider, Reply
from tests.services.accounting.test_connections import organisation
from tests.services.accounting.test_consent import consented

XERO = {"software": "xero"}


@pytest.fixture
def wizard(database: Database, consent: ConsentService, connections: ConnectionService) -> AddClientService:
    return AddClientService(database, KEYS, extract_domain=DOMAIN, consent=consent, connections=connections)


@pytest.fixture
def provider(provider: Provider) -> Provider:
    provider.organisations["ada-at-xero"] = ["acme"]
    provider.organisations["clem-at-xero"] = ["acme"]
    provider.organisations["several"] = ["acme", "bolt"]
    return provider


def fill_in(wizard: AddClientService, actor: Actor, page: WizardPage, **answers: dict[str, Any]) -> WizardPage:
    """On to the last page, or to where there is something to connect."""
    while page.step is not StepName.REVIEW and page.connecting is None:
        page = wizard.submit(actor, page.draft_id, page.step, ANSWERS[page.step] | answers.get(page.step, {}))
    return page


def to_connecting(wizard: AddClientService, actor: Actor) -> WizardPage:
    return fill_in(wizard, actor, wizard.start_over(actor), software=XERO)


def arrive(
    wizard: AddClientService, consent: ConsentService, actor: Actor, page: WizardPage, user: str = "ada-at-xero"
) -> Arrival:
    return wizard.arrived(consented(consent, actor, Purpose(kind=PurposeKind.DRAFT, id=page.draft_id), user=user))


def review(wizard: AddClientService, consent: ConsentService, actor: Actor, user: str = "ada-at-xero") -> WizardPage:
    arrival = arrive(wizard, consent, actor, to_connecting(wizard, actor), user)
    assert arrival.page is not None
    return fill_in(wizard, actor, arrival.page)


def connections_of(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Connection.tenant_id)))


def test_the_software_page_waits_until_something_is_connected(
    wizard: AddClientService, birch: Office, provider: Provider
) -> None:
    page = to_connecting(wizard, birch.ada)
    assert (page.step, page.number) == (StepName.SOFTWARE, 2)
    assert page.connecting is not None
    assert page.connecting.provider is Name.XERO
    again = wizard.check_connection(birch.ada, page.draft_id)
    assert again.connecting is not None
    assert again.connecting.problem == "Xero is not connected yet."
    assert wizard.resume(birch.ada, page.draft_id).connecting is not None


def test_the_client_is_created_with_its_connection(
    wizard: AddClientService, consent: ConsentService, database: Database, birch: Office, provider: Provider
) -> None:
    page = review(wizard, consent, birch.ada)
    assert page.review is not None
    assert page.review.software is Software.XERO
    created = wizard.create(birch.ada, page.draft_id, revision=page.revision)
    assert isinstance(created, CreatedClient)
    assert created.organisation == page.review.organisation
    with database.read() as session:
        row = session.scalars(select(Connection)).one()
    assert (row.client_id, row.provider, row.tenant_id) == (created.client_id, Name.XERO, "acme")
    assert wizard.created(birch.practice_id, created.client_id).organisation == created.organisation


def test_an_organisation_that_was_taken_meanwhile_leads_back_and_nothing_is_created(
    wizard: AddClientService, consent: ConsentService, database: Database, birch: Office, provider: Provider
) -> None:
    first, second = review(wizard, consent, birch.ada), review(wizard, consent, birch.clem, "clem-at-xero")
    assert isinstance(wizard.create(birch.ada, first.draft_id, revision=first.revision), CreatedClient)
    page = wizard.create(birch.clem, second.draft_id, revision=second.revision)
    assert isinstance(page, WizardPage)
    assert page.step is StepName.SOFTWARE
    assert page.connecting is not None
    assert "already connected to your client Acme Ltd" in str(page.connecting.problem)
    assert connections_of(database) == ["acme"]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Client)) == 1


def test_one_of_several_is_chosen_and_the_others_are_forgotten(
    wizard: AddClientService, consent: ConsentService, database: Database, birch: Office, provider: Provider
) -> None:
    page = to_connecting(wizard, birch.ada)
    arrival = arrive(wizard, consent, birch.ada, page, "several")
    assert arrival.page is not None
    assert arrival.page.connecting is not None
    assert [each.organisation for each in arrival.page.connecting.organisations] == [
        organisation("acme"),
        organisation("bolt"),
    ]
    found = wizard.search_organisations(birch.ada, page.draft_id, "BOL")
    assert found == (organisation("bolt"),)
    chosen = wizard.choose_organisation(birch.ada, page.draft_id, "bolt")
    assert chosen.step is StepName.DETAILS
    assert chosen.connection is not None
    assert chosen.connection.chosen is not None
    assert chosen.connection.chosen.tenant_id == "bolt"
    assert wizard.search_organisations(birch.ada, page.draft_id, "") == ()


def test_a_choice_that_fails_can_be_made_again(
    wizard: AddClientService, consent: ConsentService, birch: Office, provider: Provider
) -> None:
    page = to_connecting(wizard, birch.ada)
    arrive(wizard, consent, birch.ada, page, "several")
    provider.script(CONNECTIONS, Reply(500))
    failed = wizard.choose_organisation(birch.ada, page.draft_id, "bolt")
    assert failed.connecting is not None
    assert "can't be reached" in str(failed.connecting.problem)
    assert len(failed.connecting.organisations) == 2
    unknown = wizard.choose_organisation(birch.ada, page.draft_id, "elsewhere")
    assert unknown.connecting is not None
    assert "does not reach this organisation" in str(unknown.connecting.problem)
    assert wizard.choose_organisation(birch.ada, page.draft_id, "acme").step is StepName.DETAILS


def test_only_the_window_from_which_the_person_left_is_moved_on(
    wizard: AddClientService, consent: ConsentService, birch: Office, provider: Provider
) -> None:
    page = to_connecting(wizard, birch.ada)
    assert arrive(wizard, consent, birch.ada, page).view_id is None
    page = to_connecting(wizard, birch.ada)
    wizard.left_for_provider(birch.ada, page.draft_id, "V1")
    arrival = arrive(wizard, consent, birch.ada, page)
    assert arrival.view_id == "V1"
    assert arrival.page is not None
    assert arrival.page.step is StepName.DETAILS


def test_a_consent_says_what_is_wanted_though_the_person_went_on(
    wizard: AddClientService, consent: ConsentService, database: Database, birch: Office, provider: Provider
) -> None:
    page = to_connecting(wizard, birch.ada)
    wizard.left_for_provider(birch.ada, page.draft_id, "V1")
    page = wizard.choose_software(birch.ada, page.draft_id)
    assert page.connecting is None
    page = fill_in(wizard, birch.ada, wizard.submit(birch.ada, page.draft_id, page.step, {"software": "none"}))
    arrival = arrive(wizard, consent, birch.ada, page)
    assert (arrival.view_id, arrival.page) == (None, None)
    changed = wizard.create(birch.ada, page.draft_id, revision=page.revision)
    assert isinstance(changed, WizardPage)
    assert changed.review is not None
    assert changed.review.software is Software.XERO
    assert isinstance(wizard.create(birch.ada, page.draft_id, revision=changed.revision), CreatedClient)
    assert connections_of(database) == ["acme"]


def test_a_client_that_is_to_be_connected_later_is_not_connected(
    wizard: AddClientService, consent: ConsentService, database: Database, birch: Office, provider: Provider
) -> None:
    page = review(wizard, consent, birch.ada)
    page = wizard.go_to(birch.ada, page.draft_id, StepName.SOFTWARE)
    page = wizard.submit(birch.ada, page.draft_id, StepName.SOFTWARE, {"software": "later"}, changing=True)
    assert page.step is StepName.REVIEW
    created = wizard.create(birch.ada, page.draft_id, revision=page.revision)
    assert isinstance(created, CreatedClient)
    assert (created.software, created.organisation) == (Software.LATER, None)
    assert connections_of(database) == []


def test_the_message_names_what_was_connected(
    wizard: AddClientService, consent: ConsentService, database: Database, birch: Office, provider: Provider
) -> None:
    arrival = arrive(wizard, consent, birch.ada, to_connecting(wizard, birch.ada))
    wizard.tell_arrived(arrival)
    wizard.tell_arrived(arrival)  # another consent for the same draft
    with database.read() as session:
        jobs = session.scalars(select(Job).where(Job.kind == "slack.consent_finished")).all()
    assert [job.args for job in jobs] == [{"draft_id": str(arrival.draft_id)}] * 2
    notice = wizard.consent_notice(birch.practice_id, arrival.draft_id)
    assert (notice.slack_user_id, notice.provider) == ("U_ADA", Name.XERO)
    assert notice.organisation
    wizard.discard(birch.ada, arrival.draft_id)
    with pytest.raises(GoneError):
        wizard.consent_notice(birch.practice_id, arrival.draft_id)


def test_another_organisation_takes_the_place_of_the_first(
    wizard: AddClientService, consent: ConsentService, database: Database, birch: Office, provider: Provider
) -> None:
    page = wizard.start_over(birch.ada)
    with pytest.raises(NotFoundError):
        wizard.connect_another(birch.ada, page.draft_id)
    page = review(wizard, consent, birch.ada)
    page = wizard.connect_another(birch.ada, page.draft_id, changing=True)
    assert page.connecting is not None
    # Nothing came of it: the first one is still there.
    assert wizard.check_connection(birch.ada, page.draft_id, changing=True).step is StepName.REVIEW
    wizard.connect_another(birch.ada, page.draft_id, changing=True)
    wizard.left_for_provider(birch.ada, page.draft_id, "V1", changing=True)
    provider.organisations["ada-at-xero"] = ["bolt"]
    arrival = arrive(wizard, consent, birch.ada, page)
    assert arrival.page is not None
    assert arrival.page.step is StepName.REVIEW
    wizard.create(birch.ada, page.draft_id, revision=arrival.page.revision)
    assert connections_of(database) == ["bolt"]


def test_what_is_not_set_up_can_t_be_chosen(database: Database, birch: Office) -> None:
    service = AddClientService(database, KEYS, extract_domain=DOMAIN)
    page = service.start_over(birch.ada)
    assert page.facts.providers == ()
    with pytest.raises(InvalidError, match="Xero can't be connected here"):
        service.submit(birch.ada, page.draft_id, StepName.SOFTWARE, XERO)
    with database.read() as session:
        assert session.get_one(Draft, page.draft_id).answers == {}
