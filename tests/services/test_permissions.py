import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from db.models import AuditEntry, Colleague, Job, JobOutcome, Lane, PermissionRequest, RequestStatus, Role, Source
from db.session import Database
from services.actor import Actor
from services.add_client.records import PermissionMissing, WizardPage
from services.errors import ConflictError, NotFoundError, NotPermittedError, ServiceError
from services.jobs import Claim, Jobs
from services.operator import OperatorService
from services.permissions.records import AlreadyPermitted, Asked, Place, Request, Stranger
from services.permissions.service import PermissionService
from tests.builders import Office, add_client, office
from tests.fakes import Clock


def requested(database: Database, actor: Actor) -> uuid.UUID:
    """Asks, and gives the pending request's id."""
    PermissionService(database).request_add_clients(actor)
    with database.read() as session:
        return session.scalars(
            select(PermissionRequest.id).where(
                PermissionRequest.colleague_id == actor.colleague_id, PermissionRequest.status == RequestStatus.PENDING
            )
        ).one()


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
    PermissionService(database).keep_place(claim, claim.practice_id, uuid.UUID(claim.args["card_id"]), place)


def set_active(database: Database, actor: Actor, active: bool) -> None:
    with database.begin() as session:
        session.get_one(Colleague, actor.colleague_id).active = active


def test_a_request_puts_a_card_for_each_admin(database: Database, clock: Clock) -> None:
    people, service = office(database), PermissionService(database)
    outcome = service.request_add_clients(people.sam)
    assert outcome == Asked(admins=("U_ADA", "U_CLEM"), asked_at=clock.now(), repeated=False)
    cards = [service.card(people.practice_id, uuid.UUID(claim.args["card_id"])) for claim in claimed(database)]
    assert {card.slack_user_id: (card.wanted, card.place) for card in cards} == {
        "U_ADA": (True, None),
        "U_CLEM": (True, None),
    }
    assert {card.request.requester_name for card in cards} == {"Sam Price"}
    assert trail(database, cards[0].request.id) == [
        ("permission.requested", people.sam.colleague_id, None, {"kind": "add_clients"})
    ]


def test_asking_again_while_it_is_pending_changes_nothing_and_says_so(database: Database, clock: Clock) -> None:
    people, service = office(database), PermissionService(database)
    asked_at = clock.now()
    request_id = requested(database, people.sam)
    clock.advance(timedelta(days=1))
    again = service.request_add_clients(people.sam)
    assert again == Asked(admins=("U_ADA", "U_CLEM"), asked_at=asked_at, repeated=True)
    assert messages(database) == {"slack.permission_asked": 2}
    assert len(trail(database, request_id)) == 1
    opening = add_client(database).open(people.sam)
    assert opening == PermissionMissing(admins=("U_ADA", "U_CLEM"), asked_at=asked_at)


def test_of_many_requests_at_once_one_is_made(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    outcomes = at_once([partial(service.request_add_clients, people.sam)] * 8)
    assert [outcome.repeated for outcome in outcomes if isinstance(outcome, Asked)].count(False) == 1
    assert messages(database) == {"slack.permission_asked": 2}


@pytest.mark.parametrize("who", ["ada", "clem", "jo"])
def test_whoever_may_add_clients_has_nothing_to_ask_for(database: Database, who: str) -> None:
    people = office(database)
    assert PermissionService(database).request_add_clients(getattr(people, who)) == AlreadyPermitted()
    assert messages(database) == {}


def test_an_approval_gives_the_permission_and_tells_the_requester(database: Database, clock: Clock) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    clock.advance(timedelta(minutes=5))
    decided = service.decide(people.ada, request_id, approve=True)
    assert (decided.status, decided.decider_name, decided.decided_at) == ("approved", "Ada Marsh", clock.now())
    assert decided == service.request(people.practice_id, request_id)
    assert isinstance(add_client(database).open(people.sam), WizardPage)
    assert messages(database)["slack.permission_decided"] == 1
    ada = people.ada.colleague_id
    assert trail(database, request_id)[1:] == [
        ("permission.approved", ada, {"status": "pending"}, {"status": "approved"})
    ]
    assert trail(database, people.sam.colleague_id)[-1] == (
        "colleague.changed",
        ada,
        {"may_add_clients": False},
        {"may_add_clients": True},
    )


def test_after_a_decline_a_colleague_may_ask_again(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    assert service.decide(people.clem, request_id, approve=False).status is RequestStatus.DECLINED
    assert standing(database, request_id) == (RequestStatus.DECLINED, False)
    again = service.request_add_clients(people.sam)
    assert isinstance(again, Asked)
    assert not again.repeated
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


def test_of_twenty_decisions_at_once_one_takes_effect(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    request_id = requested(database, people.sam)
    for number, claim in enumerate(claimed(database)):
        post(database, claim, f"{number}.0")
    outcomes = at_once(
        [
            partial(service.decide, (people.ada, people.clem)[number % 2], request_id, approve=number % 4 < 2)
            for number in range(20)
        ]
    )
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Request)]
    assert [type(outcome) for outcome in outcomes].count(ConflictError) == 19
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
        service.request(others.practice_id, request_id)
    assert standing(database, request_id) == (RequestStatus.PENDING, False)


def test_a_deactivated_colleague_can_t_ask(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    set_active(database, people.sam, False)
    with pytest.raises(NotPermittedError, match="no longer have access") as refusal:
        service.request_add_clients(people.sam)
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
    late = service.card(people.practice_id, uuid.UUID(second.args["card_id"]))
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
    places = {service.card(people.practice_id, uuid.UUID(claim.args["card_id"])).place for claim in claims}
    assert places == {Place(channel="D1", ts="0.0"), Place(channel="D1", ts="1.0")}


def test_a_card_is_no_longer_wanted_by_who_may_not_decide_any_more(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    requested(database, people.sam)
    demoted(database, people)
    cards = [service.card(people.practice_id, uuid.UUID(claim.args["card_id"])) for claim in claimed(database)]
    assert {card.slack_user_id: card.wanted for card in cards} == {"U_ADA": True, "U_CLEM": False}


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
