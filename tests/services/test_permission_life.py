"""What happens to requests by themselves: a reminder, an end without a decision, and the end of what was given."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from db.models import (
    AuditEntry,
    ClientAccess,
    Colleague,
    Job,
    Lane,
    PermissionCard,
    PermissionKind,
    PermissionRequest,
    Practice,
    RequestStatus,
    Role,
    Source,
    TeamMember,
)
from db.session import Database
from services.actor import Actor
from services.errors import NotFoundError, ServiceError
from services.jobs import Claim, Jobs
from services.operator import OperatorService
from services.permissions.cards import CardService
from services.permissions.ending import PermissionEndingService, withdraw_all
from services.permissions.listing import PermissionListService, waiting_for
from services.permissions.records import Asked, Place, Term, Wish
from services.permissions.service import PermissionService
from services.practice import lock_practice
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock

ADDING = Wish(kind=PermissionKind.ADD_CLIENTS, reason="Month end")
ACME = Wish(kind=PermissionKind.CLIENT, reason="VAT", client="Acme Ltd", days=7)
GROWING = Wish(kind=PermissionKind.BUNDLE, reason="Growing", bundle=60)
NUDGED, ASKED, CLOSED = "slack.permission_nudged", "slack.permission_asked", "slack.permission_closed"
DECIDED, ENDED = "slack.permission_decided", "slack.permission_ended"


def ask(database: Database, actor: Actor, wish: Wish = ADDING) -> uuid.UUID:
    outcome = PermissionService(database).request(actor, wish)
    assert isinstance(outcome, Asked)
    return outcome.request_id


def given(database: Database, people: Office, wish: Wish, *, days: int, by: Actor | None = None) -> uuid.UUID:
    """Asked for by Sam, and approved for so long."""
    request_id = ask(database, people.sam, wish)
    PermissionService(database).decide(by or people.ada, request_id, approve=True, term=Term(days))
    return request_id


def sweep(database: Database) -> int:
    return PermissionEndingService(database).sweep()


def jobs_of(database: Database, kind: str) -> list[Claim]:
    """The jobs of a kind that are due, as a worker gets them."""
    return Jobs(database).claim(Lane.SLACK, 100, timedelta(minutes=1), {kind})


def counts(database: Database) -> dict[str, int]:
    """How many messages about permissions were put, by kind."""
    with database.read() as session:
        counted = select(Job.kind, func.count()).where(Job.kind.like("slack.permission%")).group_by(Job.kind)
        return {kind: count for kind, count in session.execute(counted)}  # noqa: C416 -- mypy can't see pairs in rows


def request(database: Database, request_id: uuid.UUID) -> PermissionRequest:
    with database.read() as session:
        return session.get_one(PermissionRequest, request_id)


def colleague(database: Database, actor: Actor) -> Colleague:
    with database.read() as session:
        return session.get_one(Colleague, actor.colleague_id)


def clients_of(database: Database, actor: Actor) -> list[uuid.UUID]:
    with database.read() as session:
        return list(
            session.scalars(select(ClientAccess.client_id).where(ClientAccess.colleague_id == actor.colleague_id))
        )


def last_entry(database: Database, subject_id: uuid.UUID) -> tuple[str, uuid.UUID | None, Source, object, object]:
    with database.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.subject_id == subject_id).order_by(AuditEntry.id.desc()).limit(1)
        ).one()
        return entry.action, entry.colleague_id, entry.source, entry.before, entry.after


def told(database: Database) -> dict[str, tuple[bool, str | None]]:
    """Who hears that something has ended: whether it was theirs, and the client's name."""
    service = PermissionEndingService(database)
    ends = [service.ended(claim) for claim in jobs_of(database, ENDED)]
    return {end.slack_user_id: (end.own, end.client_name) for end in ends}


def leave(database: Database, actor: Actor) -> None:
    with database.begin() as session:
        row = session.get_one(Colleague, actor.colleague_id)
        row.active = False


# Reminding


def test_deciders_are_reminded_once_after_two_days(database: Database, clock: Clock) -> None:
    people = office(database)
    request_id = ask(database, people.sam)
    clock.advance(timedelta(days=2, seconds=-1))
    assert sweep(database) == 0
    clock.advance(timedelta(seconds=1))
    assert sweep(database) == 1
    assert sweep(database) == 0
    clock.advance(timedelta(days=11))
    assert sweep(database) == 0
    assert counts(database) == {ASKED: 2, NUDGED: 2}
    assert request(database, request_id).status is RequestStatus.PENDING


def test_a_decided_request_is_not_looked_at_again(database: Database, clock: Clock) -> None:
    people = office(database)
    decided, withdrawn = ask(database, people.sam), ask(database, people.jo, GROWING)
    PermissionService(database).decide(people.ada, decided, approve=False)
    PermissionService(database).withdraw(people.jo, withdrawn)
    assert request(database, decided).next_look_at is None
    assert request(database, withdrawn).next_look_at is None
    clock.advance(timedelta(days=30))
    assert sweep(database) == 0


def test_a_reminder_goes_to_those_who_can_decide_by_then(database: Database, clock: Clock) -> None:
    people = office(database)
    ask(database, people.sam)
    OperatorService(database).change_colleague(people.slack_key, "U_CLEM", role=Role.STANDARD)
    OperatorService(database).change_colleague(people.slack_key, "U_JO", role=Role.CLIENT_ADMIN)
    clock.advance(timedelta(days=2))
    sweep(database)
    service = CardService(database)
    reminded = [service.card(people.practice_id, uuid.UUID(each.args["card_id"])) for each in jobs_of(database, NUDGED)]
    assert {card.to for card in reminded} == {"U_ADA", "U_JO"}


def test_the_newest_card_is_the_one_that_is_closed(database: Database, clock: Clock) -> None:
    people, service = office(database), CardService(database)
    request_id = ask(database, people.sam)
    for claim in jobs_of(database, ASKED):
        card_id = uuid.UUID(claim.args["card_id"])
        service.keep_place(claim, people.practice_id, card_id, Place(channel="D", ts="1.0"))
    clock.advance(timedelta(days=2))
    sweep(database)
    first, second = jobs_of(database, NUDGED)
    service.keep_place(first, people.practice_id, uuid.UUID(first.args["card_id"]), Place(channel="D", ts="2.0"))
    PermissionService(database).decide(people.ada, request_id, approve=False)
    assert counts(database)[CLOSED] == 2
    card_id = uuid.UUID(second.args["card_id"])
    service.keep_place(second, people.practice_id, card_id, Place(channel="D", ts="3.0"))
    assert counts(database)[CLOSED] == 3
    assert service.card(people.practice_id, card_id).place == Place(channel="D", ts="3.0")


def test_a_practice_without_the_app_is_not_reminded_but_its_requests_expire(database: Database, clock: Clock) -> None:
    people = office(database)
    request_id = ask(database, people.sam)
    with database.begin() as session:
        session.get_one(Practice, people.practice_id).uninstalled_at = clock.now()
    clock.advance(timedelta(days=2))
    assert sweep(database) == 1
    clock.advance(timedelta(days=12))
    assert sweep(database) == 1
    assert request(database, request_id).status is RequestStatus.EXPIRED
    assert counts(database) == {ASKED: 2}


# Expiring


def test_a_request_that_nobody_decides_expires_after_fourteen_days(database: Database, clock: Clock) -> None:
    people = office(database)
    request_id = ask(database, people.sam)
    clock.advance(timedelta(days=2))
    sweep(database)
    clock.advance(timedelta(days=12))
    assert sweep(database) == 1
    expired = PermissionService(database).find(people.practice_id, request_id)
    assert (expired.status, expired.decided_at, expired.decider_name) == ("expired", clock.now(), None)
    assert counts(database) == {ASKED: 2, NUDGED: 2, DECIDED: 1}
    assert last_entry(database, request_id) == (
        "permission.expired",
        None,
        Source.WORKER,
        {"status": "pending"},
        {"status": "expired"},
    )
    assert sweep(database) == 0
    assert ask(database, people.sam) != request_id


def test_after_a_long_stop_a_request_expires_without_a_reminder(database: Database, clock: Clock) -> None:
    people = office(database)
    ask(database, people.sam)
    clock.advance(timedelta(days=100))
    assert sweep(database) == 1
    assert counts(database) == {ASKED: 2, DECIDED: 1}


# What was given for a time


def test_a_permission_for_a_time_ends_on_the_day_and_both_are_told(database: Database, clock: Clock) -> None:
    people = office(database)
    request_id = given(database, people, ADDING, days=30, by=people.clem)
    ends_at = clock.now() + timedelta(days=30)
    clock.set(ends_at - timedelta(seconds=1))
    assert sweep(database) == 0
    assert colleague(database, people.sam).may_add_clients
    clock.set(ends_at)
    assert sweep(database) == 1
    sam = colleague(database, people.sam)
    assert (sam.may_add_clients, sam.may_add_clients_until) == (False, None)
    assert request(database, request_id).ended_at == ends_at
    assert told(database) == {"U_SAM": (True, None), "U_CLEM": (False, None)}
    assert last_entry(database, sam.id) == (
        "colleague.changed",
        None,
        Source.WORKER,
        {"may_add_clients": True, "may_add_clients_until": ends_at.isoformat()},
        {"may_add_clients": False, "may_add_clients_until": None},
    )
    assert sweep(database) == 0


def test_access_to_a_client_for_a_time_ends_and_the_end_names_the_client(database: Database, clock: Clock) -> None:
    people = office(database)
    client_id = created(add_client(database), people.ada).client_id
    request_id = given(database, people, ACME, days=7)
    assert clients_of(database, people.sam) == [client_id]
    clock.advance(timedelta(days=7))
    assert sweep(database) == 1
    assert clients_of(database, people.sam) == []
    assert request(database, request_id).ended_at == clock.now()
    assert told(database) == {"U_SAM": (True, "Acme Ltd"), "U_ADA": (False, "Acme Ltd")}
    assert last_entry(database, client_id) == (
        "client.access_ended",
        None,
        Source.WORKER,
        {"colleague": "Sam Price", "until": clock.now().isoformat()},
        None,
    )


def test_once_who_approved_has_left_the_deciders_are_told(database: Database, clock: Clock) -> None:
    people = office(database)
    given(database, people, ADDING, days=7, by=people.clem)
    leave(database, people.clem)
    OperatorService(database).change_colleague(people.slack_key, "U_JO", role=Role.CLIENT_ADMIN)
    clock.advance(timedelta(days=7))
    sweep(database)
    assert set(told(database)) == {"U_SAM", "U_ADA", "U_JO"}


def test_the_longest_of_what_was_given_counts(database: Database, clock: Clock) -> None:
    people = office(database)
    first = given(database, people, ADDING, days=7)
    second = given(database, people, ADDING, days=30, by=people.clem)
    clock.advance(timedelta(days=7))
    assert sweep(database) == 0
    clock.advance(timedelta(days=23))
    assert sweep(database) == 1
    assert request(database, first).ended_at == request(database, second).ended_at == clock.now()
    assert set(told(database)) == {"U_SAM", "U_CLEM"}


def test_what_became_permanent_does_not_end(database: Database, clock: Clock) -> None:
    people = office(database)
    created(add_client(database), people.ada)
    for wish in (ADDING, ACME):
        given(database, people, wish, days=7)
        again = ask(database, people.sam, replace(wish, days=None))
        PermissionService(database).decide(people.ada, again, approve=True)
    clock.advance(timedelta(days=400))
    assert sweep(database) == 0
    assert colleague(database, people.sam).may_add_clients
    assert len(clients_of(database, people.sam)) == 1


def test_whoever_can_go_on_anyway_hears_of_no_end(database: Database, clock: Clock) -> None:
    people = office(database, teams=("Tax",))
    client_id = created(add_client(database), people.ada).client_id
    given(database, people, ACME, days=7)
    given(database, people, ADDING, days=7)
    with database.begin() as session:
        session.add(TeamMember(team_id=people.teams["Tax"], colleague_id=people.sam.colleague_id))
        session.add(ClientAccess(client_id=client_id, team_id=people.teams["Tax"]))
        session.get_one(Colleague, people.sam.colleague_id).role = Role.CLIENT_ADMIN
    clock.advance(timedelta(days=7))
    assert sweep(database) == 2
    assert told(database) == {}


def test_who_left_hears_of_no_end(database: Database, clock: Clock) -> None:
    people = office(database)
    given(database, people, ADDING, days=7)
    leave(database, people.sam)
    clock.advance(timedelta(days=7))
    assert sweep(database) == 1
    assert told(database) == {}


def test_an_end_is_told_of_people_of_the_same_practice_only(database: Database, clock: Clock) -> None:
    people, others = office(database), office(database, slack_key="T_OTHER")
    given(database, people, ADDING, days=7)
    clock.advance(timedelta(days=7))
    sweep(database)
    claim = jobs_of(database, ENDED)[0]
    with pytest.raises(NotFoundError):
        PermissionEndingService(database).ended(replace(claim, practice_id=others.practice_id))


def test_any_number_of_sweeps_at_once_do_each_thing_once(database: Database, clock: Clock) -> None:
    people = office(database)
    for number in range(5):
        created(add_client(database), people.ada, name=f"Client number {number}")
        wish = replace(ACME, client=f"Client number {number}")
        given(database, people, wish, days=7)
    given(database, people, ADDING, days=7)
    ask(database, people.clem, GROWING)
    clock.advance(timedelta(days=7))
    assert sum(at_once(*[partial(sweep, database)] * 8)) == 7
    assert counts(database)[NUDGED] == 1
    assert counts(database)[ENDED] == 12
    with database.read() as session:
        ended = select(func.count()).where(AuditEntry.action.in_(["client.access_ended", "colleague.changed"]))
        assert session.scalar(ended.where(AuditEntry.source == Source.WORKER)) == 6


def test_more_than_a_batch_is_swept_at_once(database: Database, clock: Clock) -> None:
    people = office(database)
    with database.begin() as session:
        rows = [
            Colleague(
                practice_id=people.practice_id,
                slack_user_id=f"U{number}",
                name=f"Colleague {number}",
                may_add_clients=True,
                may_add_clients_until=clock.now(),
                created_at=clock.now(),
            )
            for number in range(201)
        ]
        session.add_all(rows)
    assert sweep(database) == 201
    with database.read() as session:
        assert session.scalar(select(func.count()).where(Colleague.may_add_clients_until.is_not(None))) == 0


# Leaving


def test_the_requests_of_somebody_who_leaves_are_withdrawn_and_all_their_cards_closed(
    database: Database, clock: Clock
) -> None:
    people, service = office(database), CardService(database)
    own, other = ask(database, people.clem, GROWING), ask(database, people.sam)
    for number, claim in enumerate(jobs_of(database, ASKED)):
        card_id = uuid.UUID(claim.args["card_id"])
        service.keep_place(claim, people.practice_id, card_id, Place(channel="D", ts=f"{number}.0"))
    leave(database, people.clem)
    with database.begin() as session:
        assert withdraw_all(session, people.clem.colleague_id, clock.now(), actor=people.ada) == 1
    assert request(database, own).status is RequestStatus.WITHDRAWN
    assert request(database, other).status is RequestStatus.PENDING
    assert last_entry(database, own)[:3] == ("permission.withdrawn", people.ada.colleague_id, Source.SLACK)
    closed = [service.card(people.practice_id, uuid.UUID(each.args["card_id"])) for each in jobs_of(database, CLOSED)]
    assert {(card.to, card.request.id, card.wanted) for card in closed} == {
        ("U_ADA", own, False),
        ("U_CLEM", other, False),
    }


def test_a_withdrawal_by_nobody_is_recorded_with_its_source(database: Database, clock: Clock) -> None:
    people = office(database)
    request_id = ask(database, people.sam)
    with database.begin() as session:
        withdraw_all(session, people.sam.colleague_id, clock.now(), source=Source.OPERATOR)
    assert last_entry(database, request_id)[:3] == ("permission.withdrawn", None, Source.OPERATOR)


def test_whatever_ends_a_request_at_the_same_moment_it_ends_once(database: Database, clock: Clock) -> None:
    people, service = office(database), PermissionService(database)
    sam = people.sam.colleague_id
    request_id = ask(database, people.sam)
    clock.advance(timedelta(days=14))

    def refusing(act: Callable[[], object]) -> int:
        try:
            act()
        except ServiceError:
            return 0
        return 1

    def remove() -> int:
        with database.begin() as session:
            lock_practice(session, people.practice_id)
            session.scalars(select(Colleague).where(Colleague.id == sam).with_for_update()).one()
            return withdraw_all(session, sam, clock.now())

    ways: list[Callable[[], int]] = [
        lambda: refusing(partial(service.decide, people.ada, request_id, approve=True)),
        lambda: refusing(partial(service.decide, people.clem, request_id, approve=False)),
        lambda: refusing(partial(service.withdraw, people.sam, request_id)),
        remove,
        lambda: sweep(database),
    ]
    assert sum(at_once(*(ways * 6))) == 1
    with database.read() as session:
        entries = session.scalars(select(AuditEntry.action).where(AuditEntry.subject_id == request_id)).all()
    assert sorted(entries) == sorted(["permission.requested", f"permission.{request(database, request_id).status}"])


# Where cards go


def test_with_an_approvals_channel_one_card_goes_there(database: Database, clock: Clock) -> None:
    people, service = channelled(database), CardService(database)
    ask(database, people.sam)
    (claim,) = jobs_of(database, ASKED)
    card = service.card(people.practice_id, uuid.UUID(claim.args["card_id"]))
    assert (card.to, card.in_channel, card.wanted) == ("C_APPROVALS", True, True)
    service.keep_place(claim, people.practice_id, uuid.UUID(claim.args["card_id"]), Place(channel="C", ts="1.0"))
    clock.advance(timedelta(days=2))
    sweep(database)
    assert [each.args for each in jobs_of(database, NUDGED)] == [claim.args]


def test_a_channel_that_takes_no_card_is_replaced_by_direct_messages_and_said_once(database: Database) -> None:
    people, service = channelled(database), CardService(database)
    ask(database, people.sam)
    ask(database, people.jo, replace(GROWING))
    for claim in jobs_of(database, ASKED):
        service.fall_back(claim, people.practice_id, uuid.UUID(claim.args["card_id"]))
    with database.read() as session:
        cards = session.scalars(select(PermissionCard.colleague_id).order_by(PermissionCard.id)).all()
        failed = select(func.count()).where(Job.kind == "slack.approvals_channel_failed")
        assert session.scalar(failed) == 2
    ada, clem = people.ada.colleague_id, people.clem.colleague_id
    assert sorted(map(str, cards)) == sorted(map(str, [ada, clem, ada]))
    assert len(jobs_of(database, ASKED)) == 3


def test_a_request_that_was_decided_meanwhile_does_not_fall_back(database: Database) -> None:
    people, service = channelled(database), CardService(database)
    request_id = ask(database, people.sam)
    (claim,) = jobs_of(database, ASKED)
    PermissionService(database).decide(people.ada, request_id, approve=False)
    service.fall_back(claim, people.practice_id, uuid.UUID(claim.args["card_id"]))
    assert counts(database) == {ASKED: 1, DECIDED: 1}


def channelled(database: Database) -> Office:
    people = office(database)
    with database.begin() as session:
        session.get_one(Practice, people.practice_id).approvals_channel = "C_APPROVALS"
    return people


# Looking


def test_what_waits_is_listed_for_those_who_may_decide_it_the_oldest_first(database: Database) -> None:
    people, others = office(database), office(database, slack_key="T_OTHER")
    ask(database, others.sam)
    adding, growing, own = (
        ask(database, people.sam),
        ask(database, people.jo, GROWING),
        ask(database, people.clem, GROWING),
    )
    pages = {who: PermissionListService(database).page(getattr(people, who)) for who in ("ada", "clem", "sam")}
    assert {who: [each.id for each in page.waiting] for who, page in pages.items()} == {
        "ada": [adding, growing, own],
        "clem": [adding],
        "sam": [],
    }
    assert {who: (page.decides, page.found) for who, page in pages.items()} == {
        "ada": (True, 3),
        "clem": (True, 1),
        "sam": (False, 0),
    }
    assert {who: [each.id for each in page.own] for who, page in pages.items()} == {
        "ada": [],
        "clem": [own],
        "sam": [adding],
    }
    with database.read() as session:
        ada = session.get_one(Colleague, people.ada.colleague_id)
        count, first = waiting_for(session, ada, 1)
        assert (count, [each.id for each in first]) == (3, [adding])


def test_pages_are_of_five_and_past_the_last_one_that_one_is_given(database: Database) -> None:
    people = office(database)
    ids = []
    for number in range(7):
        created(add_client(database), people.ada, name=f"Client number {number}")
        ids.append(ask(database, people.sam, replace(ACME, client=f"Client number {number}")))
    service = PermissionListService(database)
    assert [each.id for each in service.page(people.ada).waiting] == ids[:5]
    for number in (1, 2, 10**6):
        page = service.page(people.ada, number)
        assert (page.page, page.pages, [each.id for each in page.waiting]) == (1, 2, ids[5:])
    assert service.page(people.ada, -5).page == 0


def test_a_colleague_s_own_list_holds_the_newest_ten(database: Database) -> None:
    people, service = office(database), PermissionService(database)
    for _ in range(12):
        service.withdraw(people.sam, ask(database, people.sam))
    last = ask(database, people.sam)
    own = PermissionListService(database).page(people.sam).own
    assert (len(own), own[0].id) == (10, last)


# The database's own rules


@pytest.mark.parametrize("kind", [PermissionKind.ADD_CLIENTS, PermissionKind.CLIENT])
def test_the_database_keeps_one_pending_request_for_each_thing(database: Database, kind: PermissionKind) -> None:
    people = office(database)
    client_id = created(add_client(database), people.ada).client_id
    request_id = ask(database, people.sam, replace(ACME if kind is PermissionKind.CLIENT else ADDING))

    def insert() -> None:
        with database.begin() as session:
            session.add(
                PermissionRequest(
                    practice_id=people.practice_id,
                    colleague_id=people.sam.colleague_id,
                    kind=kind,
                    client_id=client_id if kind is PermissionKind.CLIENT else None,
                    status=RequestStatus.PENDING,
                    created_at=database.now(),
                )
            )

    with pytest.raises(IntegrityError):
        insert()
    PermissionService(database).withdraw(people.sam, request_id)
    insert()


def at_once(*tasks: Callable[[], int]) -> list[int]:
    """Does all of them at the same moment."""
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], int]) -> int:
        start.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))
