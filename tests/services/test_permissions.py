import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from db.models import (
    AuditEntry,
    ClientAccess,
    Colleague,
    Job,
    JobOutcome,
    Lane,
    PermissionKind,
    PermissionRequest,
    Practice,
    RequestStatus,
    Role,
    Source,
)
from db.session import Database
from services.actor import Actor
from services.add_client.records import BundleFull, PermissionMissing, WizardPage
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, ServiceError
from services.jobs import Claim, Jobs
from services.operator import OperatorService
from services.permissions.cards import CardService
from services.permissions.records import AlreadyPermitted, Asked, Card, Place, Request, Stranger, Term, Wish
from services.permissions.service import PermissionService
from tests.builders import Office, add_client, created, office, to_review
from tests.fakes import Clock

ADDING = Wish(kind=PermissionKind.ADD_CLIENTS, reason="Month end")


def requested(database: Database, actor: Actor, wish: Wish = ADDING) -> uuid.UUID:
    """Asks, and gives the pending request's id."""
    outcome = PermissionService(database).request(actor, wish)
    assert isinstance(outcome, Asked)
    return outcome.request_id


def access(database: Database, actor: Actor) -> dict[uuid.UUID, datetime | None]:
    """The clients that were given to a colleague, and until when."""
    with database.read() as session:
        rows = session.execute(
            select(ClientAccess.client_id, ClientAccess.until).where(ClientAccess.colleague_id == actor.colleague_id)
        )
        return {client_id: until for client_id, until in rows}  # noqa: C416 -- mypy can't see pairs in rows


def until(database: Database, actor: Actor) -> datetime | None:
    with database.read() as session:
        return session.get_one(Colleague, actor.colleague_id).may_add_clients_until


def bundle(database: Database, people: Office) -> int:
    with database.read() as session:
        return session.get_one(Practice, people.practice_id).bundle


def standing(database: Database, request_id: uuid.UUID) -> tuple[RequestStatus, bool]:
    """The request's status, and whether its requester may add clients."""
    with database.read() as session:
        request = session.get_one(PermissionRequest, request_id)
        return request.status, session.get_one(Colleague, request.colleague_id).may_add_clients


def messages(database: Database) -> dict[str, int]:
    """How many messages about permissions were put, by kind."""
    with database.read() as session:
        counted = select(Job.kind, func.count()).where(Job.kind.like("slack.permission%")).group_by(Job.kind)
        return {kind: count for kind, count in session.execute(counted)}  # noqa: C416 -- mypy can't see pairs in rows


def trail(database: Database, subject_id: uuid.UUID) -> list[tuple[str, uuid.UUID | None, object, object]]:
    with database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.subject_id == subject_id).order_by(AuditEntry.id))
        return [(entry.action, entry.colleague_id, entry.before, entry.after) for entry in entries]


def claimed(database: Database) -> list[Claim]:
    """The jobs that post cards, as a worker gets them."""
    return Jobs(database).claim(Lane.SLACK, 100, timedelta(minutes=1), {"slack.permission_asked"})


def post(database: Database, claim: Claim, ts: str) -> None:
    """What the messenger does once Slack has taken a card."""
    assert claim.practice_id is not None
    place = Place(channel="D1", ts=ts)
    CardService(database).keep_place(claim, claim.practice_id, uuid.UUID(claim.args["card_id"]), place)


def cards_of(database: Database, people: Office) -> list[Card]:
    """The cards that wait to be posted, as they would be now."""
    service = CardService(database)
    return [service.card(people.practice_id, uuid.UUID(claim.args["card_id"])) for claim in claimed(database)]


def set_active(database: Database, actor: Actor, active: bool) -> None:
    with database.begin() as session:
        session.get_one(Colleague, actor.colleague_id).active = active


def test_a_request_puts_a_card_for_each_admin(database: Database, clock: Clock) -> None:
    people, service = office(database), PermissionService(database)
    outcome = service.request(people.sam, replace(ADDING, days=30))
    assert isinstance(outcome, Asked)
    assert outcome == Asked(
        request_id=outcome.request_id, admins=("U_ADA", "U_CLEM"), asked_at=clock.now(), repeated=False
    )
    cards = cards_of(database, people)
    assert {card.to: (card.wanted, card.place) for card in cards} == {
        "U_ADA": (True, None),
        "U_CLEM": (True, None),
    }
    assert {card.request.requester_name for card in cards} == {"Sam Price"}
    assert trail(database, cards[0].request.id) == [
        (
            "permission.requested",
            people.sam.colleague_id,
            None,
            {"kind": "add_clients", "client": None, "bundle": None, "days": 30, "reason": "Month end"},
        )
    ]


def test_asking_again_while_it_is_pending_changes_nothing_and_says_so(database: Database, clock: Clock) -> None:
    people, service = office(database), PermissionService(database)
    asked_at = clock.now()
    request_id = requested(database, people.sam)
    clock.advance(timedelta(days=1))
    again = service.request(people.sam, ADDING)
    asked = Asked(request_id=request_id, admins=("U_ADA", "U_CLEM"), asked_at=asked_at, repeated=True)
    assert again == asked == service.form(people.sam).pending
    assert messages(database) == {"slack.permission_asked": 2}
    assert len(trail(database, request_id)) == 1
    opening = add_client(database).open(people.sam)
    assert opening == PermissionMissing(admins=("U_ADA", "U_CLEM"), asked=asked)


def test_of_many_requests_at_once_one_is_made(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    outcomes = at_once([partial(service.request, people.sam, ADDING)] * 8)
    assert [outcome.repeated for outcome in outcomes if isinstance(outcome, Asked)].count(False) == 1
    assert messages(database) == {"slack.permission_asked": 2}


@pytest.mark.parametrize("who", ["ada", "clem", "jo"])
def test_whoever_may_add_clients_has_nothing_to_ask_for(database: Database, who: str) -> None:
    people = office(database)
    assert PermissionService(database).request(getattr(people, who), ADDING) == AlreadyPermitted(
        PermissionKind.ADD_CLIENTS
    )
    assert messages(database) == {}


def test_an_approval_gives_the_permission_and_tells_the_requester(database: Database, clock: Clock) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    clock.advance(timedelta(minutes=5))
    decided = service.decide(people.ada, request_id, approve=True)
    assert (decided.status, decided.decider_name, decided.decided_at) == ("approved", "Ada Marsh", clock.now())
    assert decided == service.find(people.practice_id, request_id)
    assert isinstance(add_client(database).open(people.sam), WizardPage)
    assert messages(database)["slack.permission_decided"] == 1
    ada = people.ada.colleague_id
    assert trail(database, request_id)[1:] == [
        ("permission.approved", ada, {"status": "pending"}, {"status": "approved", "until": None, "reason": None})
    ]
    assert trail(database, people.sam.colleague_id)[-1] == (
        "colleague.changed",
        ada,
        {"may_add_clients": False, "may_add_clients_until": None},
        {"may_add_clients": True, "may_add_clients_until": None},
    )


def test_after_a_decline_a_colleague_may_ask_again(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    assert service.decide(people.clem, request_id, approve=False).status is RequestStatus.DECLINED
    assert standing(database, request_id) == (RequestStatus.DECLINED, False)
    assert requested(database, people.sam) != request_id
    assert messages(database) == {"slack.permission_asked": 4, "slack.permission_decided": 1}


def test_the_second_of_two_decisions_is_refused_and_names_the_first(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    service.decide(people.clem, request_id, approve=False)
    with pytest.raises(ConflictError, match="Clem Okafor has already declined this request"):
        service.decide(people.ada, request_id, approve=True)
    with pytest.raises(ConflictError, match="You have already declined this request"):
        service.decide(people.clem, request_id, approve=True)
    assert standing(database, request_id) == (RequestStatus.DECLINED, False)


def test_of_a_hundred_decisions_at_once_one_takes_effect(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    for number, claim in enumerate(claimed(database)):
        post(database, claim, f"{number}.0")
    outcomes = at_once(
        [
            partial(service.decide, (people.ada, people.clem)[number % 2], request_id, approve=number % 4 < 2)
            for number in range(100)
        ]
    )
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Request)]
    assert [type(outcome) for outcome in outcomes].count(ConflictError) == 99
    approved = winner.status is RequestStatus.APPROVED
    assert standing(database, request_id) == (winner.status, approved)
    assert [action for action, *_ in trail(database, request_id)] == [
        "permission.requested",
        f"permission.{winner.status}",
    ]
    assert messages(database) == {
        "slack.permission_asked": 2,
        "slack.permission_closed": 2,
        "slack.permission_decided": 1,
    }


def demoted(database: Database, people: Office) -> Actor:
    OperatorService(database).change_colleague(people.slack_key, "U_CLEM", role=Role.STANDARD)
    return people.clem


def deactivated(database: Database, people: Office) -> Actor:
    set_active(database, people.clem, False)
    return people.clem


def requester(_: Database, people: Office) -> Actor:
    return people.sam


def promoted_requester(database: Database, people: Office) -> Actor:
    OperatorService(database).change_colleague(people.slack_key, "U_SAM", role=Role.PRACTICE_ADMIN)
    return people.sam


def standard_colleague(_: Database, people: Office) -> Actor:
    return people.jo


@pytest.mark.parametrize(
    ("decider", "words"),
    [
        (demoted, "Only a Practice Admin or a Client Admin"),
        (deactivated, "no longer have access"),
        (requester, "your own request"),
        (promoted_requester, "your own request"),
        (standard_colleague, "Only a Practice Admin or a Client Admin"),
    ],
)
@pytest.mark.parametrize("approve", [True, False])
def test_who_may_not_decide_is_refused_and_the_try_is_recorded(
    database: Database, decider: Callable[[Database, Office], Actor], words: str, approve: bool
) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    actor = decider(database, people)
    with pytest.raises(NotPermittedError, match=words) as refusal:
        service.decide(actor, request_id, approve=approve)
    assert standing(database, request_id) == (RequestStatus.PENDING, False)
    assert messages(database) == {"slack.permission_asked": 2}
    reason = {"wanted": "approve" if approve else "decline", "reason": refusal.value.message}
    assert trail(database, request_id)[1:] == [("permission.refused", actor.colleague_id, None, reason)]


def test_a_stranger_is_refused_and_recorded_by_their_slack_id(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    with pytest.raises(NotPermittedError, match="of this practice"):
        service.decide(Stranger(people.slack_key, "U_EVE"), request_id, approve=True)
    assert standing(database, request_id) == (RequestStatus.PENDING, False)
    with database.read() as session:
        refused = session.scalars(select(AuditEntry).where(AuditEntry.action == "permission.refused")).one()
    assert (refused.practice_id, refused.colleague_id, refused.source) == (people.practice_id, None, Source.SLACK)
    assert refused.after is not None
    assert refused.after["slack_user_id"] == "U_EVE"


def test_an_admin_of_another_practice_finds_no_request(database: Database) -> None:
    people, others = office(database), office(database, slack_key="T_OTHER")
    service, request_id = PermissionService(database), requested(database, people.sam)
    with pytest.raises(NotFoundError):
        service.decide(others.ada, request_id, approve=True)
    with pytest.raises(NotFoundError):
        service.decide(Stranger("T_NOWHERE", "U_EVE"), request_id, approve=True)
    with pytest.raises(NotFoundError):
        service.find(others.practice_id, request_id)
    assert standing(database, request_id) == (RequestStatus.PENDING, False)


def test_a_deactivated_colleague_can_t_ask(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    set_active(database, people.sam, False)
    with pytest.raises(NotPermittedError, match="no longer have access") as refusal:
        service.request(people.sam, ADDING)
    assert messages(database) == {}
    sam = people.sam.colleague_id
    assert trail(database, sam)[-1] == (
        "permission.refused",
        sam,
        None,
        {"wanted": "request", "reason": refusal.value.message},
    )


def test_a_decision_closes_the_cards_that_were_posted(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    first, second = claimed(database)
    post(database, first, "1.0")
    service.decide(people.ada, request_id, approve=True)
    assert messages(database)["slack.permission_closed"] == 1
    late = CardService(database).card(people.practice_id, uuid.UUID(second.args["card_id"]))
    assert (late.wanted, late.place) == (False, None)
    with database.read() as session:
        assert session.get_one(Job, first.id).outcome is JobOutcome.DONE


def test_a_card_that_was_on_its_way_at_the_decision_is_closed_too(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    claims = claimed(database)
    service.decide(people.ada, request_id, approve=True)
    assert "slack.permission_closed" not in messages(database)
    for number, claim in enumerate(claims):
        post(database, claim, f"{number}.0")
    assert messages(database)["slack.permission_closed"] == 2
    places = {
        CardService(database).card(people.practice_id, uuid.UUID(claim.args["card_id"])).place for claim in claims
    }
    assert places == {Place(channel="D1", ts="0.0"), Place(channel="D1", ts="1.0")}


def test_a_card_is_no_longer_wanted_by_who_may_not_decide_any_more(database: Database) -> None:
    people = office(database)
    requested(database, people.sam)
    demoted(database, people)
    assert {card.to: card.wanted for card in cards_of(database, people)} == {"U_ADA": True, "U_CLEM": False}


def test_a_request_needs_a_reason_of_a_length_that_is_read(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    for reason in ("", "  \n ", "x" * 501, "x" * 1_000_000):
        with pytest.raises(InvalidError) as refusal:
            service.request(people.sam, replace(ADDING, reason=reason))
        assert set(refusal.value.fields) == {"reason"}
    assert messages(database) == {}
    requested(database, people.sam, replace(ADDING, reason=" " + "x" * 500))


@pytest.mark.parametrize("days", [0, -1, 366, 10**9])
def test_a_number_of_days_is_from_1_to_365(database: Database, days: int) -> None:
    people, service = office(database), PermissionService(database)
    with pytest.raises(InvalidError) as refusal:
        service.request(people.sam, replace(ADDING, days=days))
    assert set(refusal.value.fields) == {"days"}
    request_id = requested(database, people.sam)
    with pytest.raises(InvalidError):
        service.decide(people.ada, request_id, approve=True, term=Term(days))
    assert standing(database, request_id) == (RequestStatus.PENDING, False)


def test_all_that_is_wrong_is_said_at_once(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    with pytest.raises(InvalidError) as refusal:
        service.request(people.sam, Wish(kind=PermissionKind.CLIENT, reason="", days=0, client=" "))
    assert set(refusal.value.fields) == {"reason", "days", "client"}


def test_a_request_remembers_the_client_that_was_being_added(database: Database) -> None:
    people, service = office(database, bundle=1), PermissionService(database)
    draft_id = to_review(add_client(database), people.jo, details={"name": "Acme Ltd"}).draft_id
    request_id = requested(database, people.jo, Wish(kind=PermissionKind.BUNDLE, reason="Growing", bundle=5))
    assert service.find(people.practice_id, request_id).draft_id == draft_id
    add_client(database).discard(people.jo, draft_id)
    assert service.find(people.practice_id, request_id).draft_id is None


def test_an_approval_lasts_as_long_as_was_asked_unless_the_decider_says_otherwise(
    database: Database, clock: Clock
) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam, replace(ADDING, days=30))
    decided = service.decide(people.ada, request_id, approve=True)
    assert decided.granted_until == until(database, people.sam) == clock.now() + timedelta(days=30)
    request_id = requested(database, people.sam, replace(ADDING, days=90))
    decided = service.decide(people.ada, request_id, approve=True, term=Term(60))
    assert decided.granted_until == until(database, people.sam) == clock.now() + timedelta(days=60)


def test_what_lasts_longer_already_is_not_cut_short(database: Database, clock: Clock) -> None:
    people, service = office(database), PermissionService(database)
    in_90_days = clock.now() + timedelta(days=90)
    service.decide(people.ada, requested(database, people.sam), approve=True, term=Term(90))
    shorter = service.decide(people.ada, requested(database, people.sam), approve=True, term=Term(7))
    assert shorter.granted_until == until(database, people.sam) == in_90_days
    waiting = requested(database, people.sam)
    OperatorService(database).change_colleague(people.slack_key, "U_SAM", may_add_clients=True)
    with database.begin() as session:
        session.get_one(Colleague, people.sam.colleague_id).may_add_clients_until = None
    late = service.decide(people.ada, waiting, approve=True, term=Term(7))
    assert late.granted_until is None
    assert until(database, people.sam) is None


def test_a_temporary_permission_can_become_a_permanent_one(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    service.decide(people.ada, requested(database, people.sam), approve=True, term=Term(7))
    service.decide(people.clem, requested(database, people.sam, replace(ADDING, days=7)), approve=True, term=Term())
    assert until(database, people.sam) is None
    assert service.request(people.sam, ADDING) == AlreadyPermitted(PermissionKind.ADD_CLIENTS)


@pytest.mark.parametrize("typed", ["Acme Ltd", "  the ACME limited ", "a-1", "A-1"])
def test_access_to_a_client_is_asked_for_by_its_name_or_code(database: Database, clock: Clock, typed: str) -> None:
    people, service = office(database), PermissionService(database)
    client = created(add_client(database), people.ada, practice_code="A-1").client_id
    created(add_client(database), people.ada, name="Birch Ltd")
    request_id = requested(database, people.sam, Wish(kind=PermissionKind.CLIENT, reason="VAT", client=typed, days=7))
    decided = service.decide(people.clem, request_id, approve=True, reason=" Only the VAT. ")
    assert (decided.client_id, decided.client_name) == (client, "Acme Ltd")
    assert decided.decision_reason == "Only the VAT."
    in_a_week = clock.now() + timedelta(days=7)
    assert access(database, people.sam) == {client: in_a_week}
    assert trail(database, client)[-1] == (
        "client.access_given",
        people.clem.colleague_id,
        None,
        {"colleague": "Sam Price", "until": in_a_week.isoformat()},
    )
    again = requested(database, people.sam, Wish(kind=PermissionKind.CLIENT, reason="VAT", client=typed))
    service.decide(people.clem, again, approve=True)
    assert access(database, people.sam) == {client: None}


def test_a_client_that_none_or_several_fit_or_that_one_sees_is_refused_at_the_field(database: Database) -> None:
    people, others, service = office(database), office(database, slack_key="T_OTHER"), PermissionService(database)
    adding = add_client(database)
    created(adding, others.ada, name="Cedar Ltd")
    created(adding, people.ada, name="Acme Ltd", practice_code="A1")
    page = to_review(adding, people.ada, details={"name": "Acme Limited", "practice_code": "A2"})
    adding.create(people.ada, page.draft_id, revision=page.revision)
    created(adding, people.jo, name="Jo's own")
    said = {"Cedar Ltd": "No client", "Acm": "No client", "acme": "Several clients", "x" * 10_000: "No client"}
    for typed, words in said.items():
        with pytest.raises(InvalidError, match=words) as refusal:
            service.request(people.sam, Wish(kind=PermissionKind.CLIENT, reason="x", client=typed))
        assert set(refusal.value.fields) == {"client"}
    with pytest.raises(InvalidError, match="You can open Jo's own already"):
        service.request(people.jo, Wish(kind=PermissionKind.CLIENT, reason="x", client="Jo's own"))


def test_a_colleague_may_ask_for_several_clients_but_once_for_each(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    for name in ("Acme Ltd", "Birch Ltd"):
        created(add_client(database), people.ada, name=name)
    first = requested(database, people.sam, Wish(kind=PermissionKind.CLIENT, reason="x", client="Acme"))
    second = requested(database, people.sam, Wish(kind=PermissionKind.CLIENT, reason="x", client="Birch"))
    assert first != second
    again = service.request(people.sam, Wish(kind=PermissionKind.CLIENT, reason="y", client="acme ltd"))
    assert isinstance(again, Asked)
    assert (again.request_id, again.repeated) == (first, True)


GROWING = Wish(kind=PermissionKind.BUNDLE, reason="Growing", bundle=60)


def test_only_practice_admins_are_asked_for_a_larger_bundle_and_may_give_it(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.jo, GROWING)
    assert [card.to for card in cards_of(database, people)] == ["U_ADA"]
    with pytest.raises(NotPermittedError, match="Only a Practice Admin"):
        service.decide(people.clem, request_id, approve=True)
    assert bundle(database, people) == 50
    with pytest.raises(InvalidError, match="for good"):
        service.decide(people.ada, request_id, approve=True, term=Term(7))
    service.decide(people.ada, request_id, approve=True)
    assert bundle(database, people) == 60
    assert trail(database, people.practice_id)[-1] == (
        "practice.bundle_raised",
        people.ada.colleague_id,
        {"bundle": 50},
        {"bundle": 60},
    )


@pytest.mark.parametrize("number", [None, 0, 50, -1, 100_001, 10**12])
def test_a_bundle_that_is_not_larger_is_refused_at_the_field(database: Database, number: int | None) -> None:
    people, service = office(database), PermissionService(database)
    with pytest.raises(InvalidError, match="from 51 to 100,000") as refusal:
        service.request(people.clem, replace(GROWING, bundle=number))
    assert set(refusal.value.fields) == {"bundle"}


def test_an_approval_does_not_make_a_bundle_smaller_that_grew_meanwhile(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.clem, GROWING)
    OperatorService(database).change_practice(people.slack_key, bundle=100)
    assert service.decide(people.ada, request_id, approve=True).status is RequestStatus.APPROVED
    assert bundle(database, people) == 100


def test_with_a_billing_page_a_bundle_is_approved_once_it_was_raised_there(database: Database) -> None:
    people, service = office(database), PermissionService(database, billing_url="https://billing.example/")
    request_id = requested(database, people.jo, GROWING)
    with pytest.raises(ConflictError, match="on the billing page"):
        service.decide(people.ada, request_id, approve=True)
    assert standing(database, request_id)[0] is RequestStatus.PENDING
    OperatorService(database).change_practice(people.slack_key, bundle=60)
    service.decide(people.ada, request_id, approve=True)
    assert bundle(database, people) == 60


def test_whoever_meets_a_full_bundle_sees_what_they_asked_for(database: Database) -> None:
    people, service = office(database, bundle=1), PermissionService(database)
    created(add_client(database), people.ada)
    asked = service.request(people.jo, replace(GROWING, bundle=2))
    assert isinstance(asked, Asked)
    full = add_client(database).open(people.jo)
    assert isinstance(full, BundleFull)
    assert full.asked == replace(asked, repeated=True)


def test_the_form_offers_what_one_does_not_have_and_begins_with_an_earlier_request(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    everything = tuple(PermissionKind)
    assert {who: service.form(getattr(people, who)).kinds for who in ("ada", "clem", "sam", "jo")} == {
        "ada": (),
        "clem": (PermissionKind.BUNDLE,),
        "sam": everything,
        "jo": everything[1:],
    }
    request_id = requested(database, people.sam, replace(ADDING, days=5))
    service.decide(people.ada, request_id, approve=False)
    again = service.form(people.sam, like=request_id)
    assert (again.kind, again.like, again.pending) == (
        PermissionKind.ADD_CLIENTS,
        service.find(people.practice_id, request_id),
        None,
    )
    with pytest.raises(NotFoundError):
        service.form(people.jo, like=request_id)


def test_a_request_can_be_withdrawn_by_its_requester_while_it_is_pending(database: Database, clock: Clock) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    for number, claim in enumerate(claimed(database)):
        post(database, claim, f"{number}.0")
    for actor in (people.jo, people.ada):
        with pytest.raises(NotFoundError):
            service.withdraw(actor, request_id)
    withdrawn = service.withdraw(people.sam, request_id)
    assert (withdrawn.status, withdrawn.decided_at, withdrawn.decider_name) == ("withdrawn", clock.now(), None)
    assert messages(database) == {"slack.permission_asked": 2, "slack.permission_closed": 2}
    with pytest.raises(ConflictError, match="was withdrawn"):
        service.decide(people.ada, request_id, approve=True)
    with pytest.raises(ConflictError, match="was withdrawn"):
        service.withdraw(people.sam, request_id)
    assert standing(database, request_id) == (RequestStatus.WITHDRAWN, False)
    assert requested(database, people.sam) != request_id


def test_the_request_of_somebody_who_left_is_withdrawn_by_the_try_to_decide_it(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    set_active(database, people.sam, False)
    with pytest.raises(ConflictError, match="Sam Price has left the practice"):
        service.decide(people.ada, request_id, approve=True)
    assert standing(database, request_id) == (RequestStatus.WITHDRAWN, False)
    assert messages(database) == {"slack.permission_asked": 2}


def test_a_decline_keeps_its_reason_if_it_is_not_too_long(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    with pytest.raises(InvalidError) as refusal:
        service.decide(people.ada, request_id, approve=False, reason="x" * 501)
    assert set(refusal.value.fields) == {"reason"}
    assert service.decide(people.ada, request_id, approve=False, reason=" No. ").decision_reason == "No."
    assert trail(database, request_id)[-1][3] == {"status": "declined", "until": None, "reason": "No."}


def test_who_may_not_decide_is_refused_the_form_and_the_try_is_recorded(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    assert service.deciding(people.ada, request_id).status is RequestStatus.PENDING
    for who in (people.jo, people.sam, Stranger(people.slack_key, "U_EVE")):
        with pytest.raises(NotPermittedError):
            service.deciding(who, request_id)
    assert [action for action, *_ in trail(database, request_id)][1:] == ["permission.refused"] * 3
    service.decide(people.clem, request_id, approve=False)
    with pytest.raises(ConflictError, match="Clem Okafor has already declined"):
        service.deciding(people.ada, request_id)


def at_once(tasks: Sequence[Callable[[], object]]) -> list[object]:
    """Does all of them at the same moment; an expected failure counts as an outcome."""
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> object:
        start.wait()
        try:
            return task()
        except ServiceError as error:
            return error

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))
