import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from db.models import (
    AuditEntry,
    Client,
    ClientAccess,
    ClientUser,
    Colleague,
    Draft,
    Invitation,
    InvitationStatus,
    Job,
    Plan,
    Region,
    TaxCategories,
)
from db.session import Database
from services.add_client.records import (
    BundleFull,
    CreatedClient,
    PermissionMissing,
    ResumeOffer,
    Twin,
    WizardPage,
)
from services.add_client.steps import StepName
from services.errors import BundleFullError, ConflictError, GoneError, InvalidError, NotPermittedError, ServiceError
from services.operator import OperatorService
from services.overview.service import OverviewService
from services.people import PeopleService
from tests.builders import add_client, client_user, created, joined, login, office, profile, to_review
from tests.fakes import Clock


def _count(database: Database, model: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def _steps(page: object) -> list[str]:
    assert isinstance(page, WizardPage)
    return [str(step) for step in page.steps]


@pytest.mark.parametrize(
    ("facts", "steps"),
    [
        ({"region": Region.UNITED_KINGDOM}, ["client_type", "software", "details", "access", "invite", "review"]),
        ({"region": Region.IRELAND}, ["software", "details", "access", "invite", "review"]),
        (
            {"region": Region.UNITED_STATES, "has_dhi": True},
            ["solutions", "software", "details", "access", "invite", "review"],
        ),
    ],
)
def test_the_steps_are_those_that_apply_to_the_practice(
    database: Database, facts: dict[str, Any], steps: list[str]
) -> None:
    people = office(database, **facts)
    assert _steps(add_client(database).open(people.ada)) == steps


def test_the_access_step_is_left_out_when_there_is_nobody_to_list(database: Database) -> None:
    people = office(database, region=Region.IRELAND)
    with database.begin() as session:
        for actor in (people.sam, people.jo):
            session.get_one(Colleague, actor.colleague_id).active = False
    assert _steps(add_client(database).open(people.ada)) == ["software", "details", "invite", "review"]


def test_a_client_is_created_with_all_that_was_chosen(database: Database, clock: Clock) -> None:
    people = office(database, plan=Plan.ADVANCED, has_dhi=True, teams=("Tax",))
    service = add_client(database)
    joined(database, people.teams["Tax"], people.jo)
    page = to_review(
        service,
        people.ada,
        solutions={"solutions": "bookkeeping_dhi"},
        software={"software": "none"},
        details={"name": "  Acme   Ltd ", "practice_code": " A-1 ", "industry": "Wholesale"},
        access={
            "colleagues": [str(people.sam.colleague_id)],
            "teams": [str(people.teams["Tax"])],
            "account_manager": str(people.clem.colleague_id),
        },
        invite={"invite": "now", "contact_name": "Cy Client", "contact_email": "Cy@Example.com"},
    )
    outcome = service.create(people.ada, page.draft_id, revision=page.revision)

    assert isinstance(outcome, CreatedClient)
    assert (outcome.name, outcome.practice_code, outcome.contact_name, outcome.invitation) == (
        "Acme Ltd",
        "A-1",
        "Cy Client",
        InvitationStatus.QUEUED,
    )
    assert outcome.extract.costs == "acme-ltd@extract.example"
    assert outcome.bundle.used == 1
    with database.read() as session:
        client = session.get_one(Client, outcome.client_id)
        assert client.account_manager_id == people.clem.colleague_id
        assert client.applied_defaults["due_date_days"] == 30
        access = session.execute(select(ClientAccess.colleague_id, ClientAccess.team_id)).all()
        assert set(access) == {
            (people.sam.colleague_id, None),
            (people.clem.colleague_id, None),
            (None, people.teams["Tax"]),
        }
        user = session.scalars(select(ClientUser)).one()
        assert (user.email_key, user.is_owner, user.role) == ("cy@example.com", True, "business_admin")
        assert session.scalars(select(Invitation.expires_at)).one() - clock.now() == timedelta(days=7)
        kinds = set(session.scalars(select(Job.kind).where(Job.kind != "slack.welcome")))
        assert kinds == {"invitation.send_email", "slack.client_created"}
        actions = set(session.scalars(select(AuditEntry.action)))
        assert {"client.created", "client_user.added", "invitation.created"} <= actions


def test_submitting_create_ten_times_creates_one_client(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_review(service, people.ada)
    outcomes = [service.create(people.ada, page.draft_id, revision=page.revision) for _ in range(10)]
    assert {outcome.client_id for outcome in outcomes if isinstance(outcome, CreatedClient)} == {
        outcomes[0].client_id if isinstance(outcomes[0], CreatedClient) else None
    }
    assert _count(database, Client) == 1


def _all_at_once(work: Callable[[int], object], times: int) -> list[object]:
    start = threading.Barrier(times)

    def run(number: int) -> object:
        start.wait()
        try:
            return work(number)
        except ServiceError as error:
            return error

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_the_last_place_of_a_bundle_goes_to_one_of_many(database: Database) -> None:
    people, service = office(database, bundle=1), add_client(database)
    pages = [(actor, to_review(service, actor)) for actor in (people.ada, people.clem, people.jo)]

    def create(number: int) -> object:
        actor, page = pages[number % 3]
        return service.create(actor, page.draft_id, revision=page.revision)

    outcomes = _all_at_once(create, 12)
    winners = {outcome.client_id for outcome in outcomes if isinstance(outcome, CreatedClient)}
    assert len(winners) == 1
    assert all(isinstance(outcome, CreatedClient | BundleFullError) for outcome in outcomes)
    assert _count(database, Client) == 1


def test_opening_twice_at_once_gives_one_draft(database: Database) -> None:
    people, service = office(database), add_client(database)
    pages = _all_at_once(lambda _: service.open(people.ada), 8)
    assert len({page.draft_id for page in pages if isinstance(page, WizardPage)}) == 1
    assert _count(database, Draft) == 1


def test_a_draft_in_which_nothing_was_typed_is_not_offered(database: Database) -> None:
    people, service = office(database), add_client(database)
    first, again = service.open(people.ada), service.open(people.ada)
    assert first == again
    assert isinstance(first, WizardPage)
    overview = OverviewService(database)
    assert overview.of(people.ada).draft is None
    service.submit(people.ada, first.draft_id, StepName.CLIENT_TYPE, {"kind": "business"})
    assert overview.of(people.ada).draft is not None


def test_back_from_an_answer_that_is_being_changed_leads_to_the_review(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_review(service, people.ada)
    changing = service.go_to(people.ada, page.draft_id, StepName.DETAILS)
    assert changing.changing
    typed = {"name": "Another Ltd"}
    back = service.back(people.ada, page.draft_id, StepName.DETAILS, typed, changing=changing.changing)
    assert back.step is StepName.REVIEW
    assert back.review is not None
    assert back.review.name == "Another Ltd"


def test_a_contact_who_was_invited_before_is_not_said_to_have_a_login(database: Database) -> None:
    people, service = office(database), add_client(database)
    contact = {"invite": "now", "contact_name": "Pat", "contact_email": "pat@example.com"}
    for existing in (None, "add_without_invitation"):
        page = to_review(service, people.ada, invite={**contact, "existing": existing})
        outcome = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(outcome, CreatedClient)
    assert (outcome.invitation, outcome.contact_signs_in, outcome.contact_email) == (None, False, "pat@example.com")


def test_a_full_bundle_stops_the_flow_at_its_start(database: Database) -> None:
    people, service = office(database, bundle=1), add_client(database)
    created(service, people.ada)
    for actor, may_raise in ((people.ada, True), (people.jo, False)):
        full = service.open(actor)
        assert isinstance(full, BundleFull)
        assert (full.bundle.used, full.bundle.included, full.may_raise, full.admins) == (1, 1, may_raise, ("U_ADA",))


def test_a_deactivated_client_gives_its_place_back(database: Database) -> None:
    people, service = office(database, bundle=1), add_client(database)
    first = created(service, people.ada)
    with database.begin() as session:
        session.get_one(Client, first.client_id).deactivated_at = database.now()
    assert isinstance(service.open(people.ada), WizardPage)


def test_a_colleague_without_the_permission_learns_who_can_give_it(database: Database) -> None:
    people, service = office(database), add_client(database)
    assert service.open(people.sam) == PermissionMissing(admins=("U_ADA", "U_CLEM"))
    with pytest.raises(NotPermittedError):
        service.start_over(people.sam)


def test_the_permission_is_checked_again_when_the_client_is_created(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_review(service, people.jo)
    OperatorService(database).change_colleague("T_BIRCH", "U_JO", may_add_clients=False)
    with pytest.raises(NotPermittedError):
        service.create(people.jo, page.draft_id, revision=page.revision)
    assert _count(database, Client) == 0


def test_whoever_adds_a_client_without_being_an_admin_can_open_it(database: Database) -> None:
    people = office(database)
    created(add_client(database), people.jo)
    with database.read() as session:
        assert session.scalars(select(ClientAccess.colleague_id)).all() == [people.jo.colleague_id]


def test_a_draft_is_offered_again_at_the_step_where_it_was_left(database: Database) -> None:
    people, service = office(database, region=Region.OTHER), add_client(database)
    page = service.open(people.ada)
    assert isinstance(page, WizardPage)
    service.submit(people.ada, page.draft_id, StepName.SOFTWARE, {"software": "none"})
    service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Acme"})
    offer = service.open(people.ada)
    assert isinstance(offer, ResumeOffer)
    assert (offer.client_name, offer.number, offer.total) == ("Acme", 3, 5)
    resumed = service.resume(people.ada, offer.draft_id)
    assert (resumed.step, resumed.answers["details"]["name"]) == (StepName.ACCESS, "Acme")


def test_back_keeps_what_was_typed_even_when_it_is_wrong(database: Database) -> None:
    people, service = office(database, region=Region.OTHER), add_client(database)
    page = service.start_over(people.ada)
    page = service.submit(people.ada, page.draft_id, StepName.SOFTWARE, {"software": "none"})
    before = service.back(people.ada, page.draft_id, StepName.DETAILS, {"name": "x" * 300, "practice_code": "A"})
    assert (before.step, before.raw) == (StepName.SOFTWARE, {"software": "none"})
    again = service.submit(people.ada, page.draft_id, StepName.SOFTWARE, {"software": "none"})
    assert (again.step, again.raw["name"]) == (StepName.DETAILS, "x" * 300)


def test_skipping_the_invitation_keeps_the_contact_that_was_typed(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_review(service, people.ada)
    page = service.back(people.ada, page.draft_id, StepName.REVIEW, {})
    contact = {"invite": "now", "contact_name": "Cy", "contact_email": "cy@example.com"}
    service.keep(people.ada, page.draft_id, StepName.INVITE, contact)
    service.keep(people.ada, page.draft_id, StepName.INVITE, {"invite": "skip"})
    page = service.keep(people.ada, page.draft_id, StepName.INVITE, {"invite": "now"})
    assert page.raw["contact_email"] == "cy@example.com"


@pytest.mark.parametrize(
    ("step", "raw", "fields"),
    [
        (StepName.DETAILS, {"name": ""}, {"name"}),
        (StepName.DETAILS, {"name": " \u00a0\t "}, {"name"}),
        (StepName.DETAILS, {"name": "x" * 300}, {"name"}),
        (StepName.DETAILS, {"name": "a\u0000b"}, {"name"}),
        (StepName.DETAILS, {"name": "Acme", "practice_code": "9" * 51}, {"practice_code"}),
        (StepName.DETAILS, {"name": None, "practice_code": "9" * 51}, {"name", "practice_code"}),
        (StepName.CLIENT_TYPE, {"kind": None}, {"kind"}),
        (StepName.CLIENT_TYPE, {"kind": "charity"}, {"kind"}),
        (StepName.CLIENT_TYPE, {}, {"kind"}),
        (StepName.SOLUTIONS, {"solutions": "bookkeeping_dhi"}, {"solutions"}),
        (StepName.SOFTWARE, {"software": "abacus"}, {"software"}),
        (StepName.ACCESS, {"colleagues": ["not-an-id"]}, {"colleagues"}),
        (StepName.ACCESS, {"colleagues": [str(uuid.uuid4())]}, {"colleagues"}),
        (StepName.ACCESS, {"teams": [str(uuid.uuid4())]}, {"teams"}),
        (StepName.ACCESS, {"account_manager": str(uuid.uuid4())}, {"account_manager"}),
        (StepName.INVITE, {"invite": None}, {"invite"}),
        (StepName.INVITE, {"invite": "now"}, {"contact_name", "contact_email"}),
        (StepName.INVITE, {"invite": "now", "contact_name": "Cy", "contact_email": "cy@"}, {"contact_email"}),
        (StepName.INVITE, {"invite": "now", "contact_name": "Cy", "contact_email": "a@b c.example"}, {"contact_email"}),
        (StepName.INVITE, {"invite": "now", "contact_name": "Cy", "contact_email": "c" * 900}, {"contact_email"}),
    ],
)
def test_what_can_not_be_taken_is_refused_at_its_field(
    database: Database, step: StepName, raw: dict[str, Any], fields: set[str]
) -> None:
    people, service = office(database), add_client(database)
    page = service.start_over(people.ada)
    with pytest.raises(InvalidError) as refusal:
        service.submit(people.ada, page.draft_id, step, raw)
    assert set(refusal.value.fields) == fields
    assert all(refusal.value.fields.values())


def test_a_code_that_is_used_is_refused_and_its_holder_named(database: Database) -> None:
    people, service = office(database), add_client(database)
    created(service, people.ada, "Acme Ltd", practice_code="A-1")
    page = service.start_over(people.ada)
    with pytest.raises(InvalidError) as refusal:
        service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Other", "practice_code": "a-1"})
    assert refusal.value.fields == {"practice_code": "This code is already used by Acme Ltd. Choose another."}


def test_the_same_code_is_free_at_another_practice(database: Database) -> None:
    service = add_client(database)
    created(service, office(database).ada, practice_code="A-1")
    other = office(database, slack_key="T_OTHER")
    assert created(service, other.ada, practice_code="A-1").practice_code == "A-1"


def test_a_code_taken_while_the_draft_waited_leads_back_to_the_page(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_review(service, people.ada, details={"name": "Late", "practice_code": "A-1"})
    created(service, people.jo, "Early", practice_code="A-1")
    outcome = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(outcome, WizardPage)
    assert (outcome.step, outcome.changed, outcome.raw["practice_code"]) == (StepName.DETAILS, True, "A-1")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ACME Limited", None),
        ("Acme", None),
        ("Acmé Ltd.", None),
        ("The Acme Company", None),
        ("Something else", "A1"),
    ],
)
def test_a_twin_warns_once_and_names_the_client(database: Database, name: str, code: str | None) -> None:
    people, service = office(database), add_client(database)
    created(service, people.ada, "Acme Ltd", practice_code="A-1")
    page = service.start_over(people.ada)
    typed = {"name": name, "practice_code": code}
    warned = service.submit(people.ada, page.draft_id, StepName.DETAILS, typed)
    assert (warned.step, warned.twins) == (
        StepName.DETAILS,
        (Twin(name="Acme Ltd", practice_code="A-1", deactivated=False),),
    )
    assert service.submit(people.ada, page.draft_id, StepName.DETAILS, typed).step is StepName.ACCESS


def test_another_name_after_the_warning_is_looked_at_anew(database: Database) -> None:
    people, service = office(database), add_client(database)
    created(service, people.ada, "Acme Ltd")
    created(service, people.ada, "Birkenhead Bakery")
    page = service.start_over(people.ada)
    service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Acme"})
    warned = service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Birkenhed Bakery"})
    assert [twin.name for twin in warned.twins] == ["Birkenhead Bakery"]


def test_twins_at_other_practices_are_nobody_s_business(database: Database) -> None:
    service = add_client(database)
    created(service, office(database).ada, "Acme Ltd")
    other = office(database, slack_key="T_OTHER")
    page = to_review(service, other.ada, details={"name": "Acme Ltd"})
    assert page.step is StepName.REVIEW


@pytest.mark.parametrize("where", ["a login of another practice", "a user of this practice"])
def test_an_email_that_belongs_to_a_user_offers_the_two_right_ways(database: Database, where: str) -> None:
    people, service = office(database), add_client(database)
    first = created(service, people.ada, "First")
    if where == "a user of this practice":
        client_user(database, people.practice_id, first.client_id, "pat@example.com")
    else:
        login(database, "pat@example.com")
    typed = {"invite": "now", "contact_name": "Pat", "contact_email": " PAT@example.com"}
    page = service.start_over(people.ada)
    page = service.submit(people.ada, page.draft_id, StepName.INVITE, typed)
    assert (page.step, page.email_taken) == (StepName.INVITE, True)
    with pytest.raises(InvalidError) as refusal:
        service.submit(people.ada, page.draft_id, StepName.INVITE, {**typed, "existing": None})
    assert set(refusal.value.fields) == {"existing"}

    asking = service.submit(people.ada, page.draft_id, StepName.INVITE, {**typed, "existing": "they_invite_us"})
    assert asking.steps[-1] is StepName.ASK


def test_a_page_that_came_to_apply_later_is_asked_for_before_the_review(database: Database) -> None:
    people, service = office(database, region=Region.OTHER), add_client(database)
    page = to_review(service, people.ada)
    OperatorService(database).change_practice("T_BIRCH", has_dhi=True)
    for shown in (
        service.resume(people.ada, page.draft_id),
        service.submit(people.ada, page.draft_id, StepName.INVITE, {"invite": "skip"}),
        service.create(people.ada, page.draft_id, revision=page.revision),
    ):
        assert isinstance(shown, WizardPage)
        assert shown.step is StepName.SOLUTIONS


def test_a_client_who_invites_us_is_not_created_now(database: Database) -> None:
    people, service = office(database), add_client(database)
    login(database, "pat@example.com")
    typed = {"invite": "now", "contact_name": "Pat", "contact_email": "pat@example.com", "existing": "they_invite_us"}
    page = to_review(service, people.ada, invite=typed)
    assert page.step is StepName.ASK
    for _ in range(2):
        service.finish_asking(people.ada, page.draft_id)
    assert _count(database, Client) == 0
    assert isinstance(service.open(people.ada), WizardPage)


def test_a_user_with_a_login_is_added_without_an_invitation(database: Database) -> None:
    people, service = office(database), add_client(database)
    login_id = login(database, "pat@example.com")
    typed = {"invite": "now", "contact_name": "Pat", "contact_email": "pat@example.com"}
    page = to_review(service, people.ada, invite={**typed, "existing": "add_without_invitation"})
    outcome = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(outcome, CreatedClient)
    assert (outcome.invitation, outcome.contact_signs_in) == (None, True)
    with database.read() as session:
        user = session.scalars(select(ClientUser)).one()
        assert (user.login_id, user.is_owner) == (login_id, True)
    assert _count(database, Invitation) == 0


def test_an_email_that_got_a_login_while_the_draft_waited_leads_back_to_the_page(database: Database) -> None:
    people, service = office(database), add_client(database)
    typed = {"invite": "now", "contact_name": "Pat", "contact_email": "pat@example.com"}
    page = to_review(service, people.ada, invite=typed)
    login(database, "pat@example.com")
    outcome = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(outcome, WizardPage)
    assert (outcome.step, outcome.email_taken, outcome.changed) == (StepName.INVITE, True, True)
    assert _count(database, Client) == 0


@pytest.mark.parametrize(
    ("region", "software", "categories"),
    [
        (Region.UNITED_STATES, "none", TaxCategories.SCHEDULE_C),
        (Region.CANADA, "none", TaxCategories.T2125),
        (Region.CANADA, "later", None),
        (Region.UNITED_KINGDOM, "none", None),
    ],
)
def test_the_self_employed_switch_lays_down_the_region_s_categories(
    database: Database, region: Region, software: str, categories: TaxCategories | None
) -> None:
    people, service = office(database, region=region), add_client(database)
    page = to_review(
        service, people.ada, software={"software": software}, details={"name": "Sole", "self_employed": ["yes"]}
    )
    outcome = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(outcome, CreatedClient)
    assert outcome.tax_categories is categories


def test_a_review_that_shows_something_else_than_the_draft_is_shown_again(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_review(service, people.ada, details={"name": "Seen"})
    service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Changed in another window"})
    outcome = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(outcome, WizardPage)
    assert (outcome.step, outcome.changed) == (StepName.REVIEW, True)
    assert outcome.review is not None
    assert outcome.review.name == "Changed in another window"
    assert isinstance(service.create(people.ada, page.draft_id, revision=outcome.revision), CreatedClient)


def test_a_draft_closed_in_another_window_says_so(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = service.start_over(people.ada)
    service.discard(people.ada, page.draft_id)
    for again in (
        lambda: service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Acme"}),
        lambda: service.back(people.ada, page.draft_id, StepName.DETAILS, {}),
        lambda: service.resume(people.ada, page.draft_id),
        lambda: service.discard(people.ada, page.draft_id),
        lambda: service.create(people.ada, page.draft_id, revision=page.revision),
    ):
        with pytest.raises(GoneError):
            again()


def test_a_draft_is_its_owner_s_alone(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_review(service, people.ada)
    with pytest.raises(GoneError):
        service.create(people.clem, page.draft_id, revision=page.revision)
    with pytest.raises(GoneError):
        service.create(office(database, slack_key="T_OTHER").ada, page.draft_id, revision=page.revision)


def test_the_last_pages_take_no_answers(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_review(service, people.ada)
    with pytest.raises(ConflictError):
        service.submit(people.ada, page.draft_id, StepName.REVIEW, {})


def test_clients_with_one_name_get_extract_addresses_of_their_own(database: Database) -> None:
    service = add_client(database)
    people, other = office(database), office(database, slack_key="T_OTHER")
    addresses = [created(service, actor, "Acme").extract.costs for actor in (people.ada, other.ada, people.clem)]
    assert addresses == [f"acme{end}@extract.example" for end in ("", "-2", "-3")]


def test_two_practices_creating_one_name_at_once_both_get_an_address(database: Database) -> None:
    service = add_client(database)
    actors = [office(database, slack_key=f"T_{number}").ada for number in range(6)]
    pages = [to_review(service, actor, details={"name": "Same"}) for actor in actors]
    outcomes = _all_at_once(
        lambda n: service.create(actors[n], pages[n].draft_id, revision=pages[n].revision), len(actors)
    )
    names = {outcome.extract.name for outcome in outcomes if isinstance(outcome, CreatedClient)}
    assert names == {"same", *(f"same-{n}" for n in range(2, 7))}


def test_a_practice_too_large_to_list_is_searched(database: Database) -> None:
    people, service = office(database, region=Region.OTHER), add_client(database)
    met = PeopleService(database)
    for number in range(101):
        met.first_contact("T_BIRCH", "", profile(f"U_{number}", f"Person {number:03}"))
    page = service.start_over(people.ada)
    page = service.submit(people.ada, page.draft_id, StepName.SOFTWARE, {"software": "none"})
    page = service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Acme"})
    assert page.access is not None
    assert page.access.too_many
    found = service.search_colleagues(people.ada, "ON 09", managers=False)
    assert [choice.name for choice in found] == [f"Person {number:03}" for number in range(90, 100)]
    assert service.search_colleagues(people.ada, "%", managers=False) == ()
