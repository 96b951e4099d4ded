"""Leaving: what ends at once, what admins are told, and what is handed over."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from db.models import (
    Colleague,
    Invitation,
    InvitationStatus,
    PermissionCard,
    PermissionKind,
    PermissionRequest,
    Plan,
    ReminderStage,
    RequestStatus,
    Role,
    Source,
    TeamMember,
)
from db.session import Database
from services.colleagues.choosing import Skip
from services.colleagues.handing_over import CHOSEN, HandedOver, Part
from services.colleagues.holdings import Some
from services.colleagues.leaving import HandoverService
from services.colleagues.telling import LEFT, LEFT_CHANGED
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, ServiceError
from services.invitations.reminders import ReminderService
from services.operator import OperatorService
from services.people import PeopleService
from services.permissions.rows import CLOSED
from services.permissions.service import PermissionService
from tests.builders import Office, joined, office, profile
from tests.fakes import Clock
from tests.services.colleagues.holding import (
    access_of,
    clients,
    colleague,
    connect,
    deactivate,
    entries,
    give,
    invite,
    jobs,
    manage,
    managed_by,
    statements,
)

ALL = frozenset(CHOSEN)


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database, plan=Plan.ADVANCED, teams=("Tax", "Payroll"))


@pytest.fixture
def service(database: Database) -> HandoverService:
    return HandoverService(database)


def some(*names: str, more: int = 0) -> Some:
    return Some(names=names, more=more)


def ask(database: Database, birch: Office, requester: uuid.UUID, decider: uuid.UUID) -> uuid.UUID:
    """A pending request, whose card has been posted."""
    with database.begin() as session:
        request = PermissionRequest(
            practice_id=birch.practice_id,
            colleague_id=requester,
            kind=PermissionKind.ADD_CLIENTS,
            created_at=database.now(),
        )
        session.add(request)
        session.flush()
        session.add(PermissionCard(request_id=request.id, colleague_id=decider, channel="D1", ts=str(uuid.uuid4())))
        return request.id


def teams_of(database: Database, colleague_id: uuid.UUID) -> set[uuid.UUID]:
    with database.read() as session:
        return set(session.scalars(select(TeamMember.team_id).where(TeamMember.colleague_id == colleague_id)))


def inviter(database: Database, invitation_id: uuid.UUID) -> uuid.UUID:
    with database.read() as session:
        return session.get_one(Invitation, invitation_id).inviter_id


def test_whoever_is_removed_can_do_nothing_more_and_keeps_what_is_handed_over(
    database: Database, birch: Office, service: HandoverService, clock: Clock
) -> None:
    ids = clients(database, birch, "Acme")
    give(database, ids.values(), to=birch.jo)
    manage(database, birch.jo, ids["Acme"])
    joined(database, birch.teams["Tax"], birch.jo)
    with database.begin() as session:
        until = {"may_add_clients_until": clock.now() + timedelta(days=3), "may_see_insights": True}
        session.execute(update(Colleague).where(Colleague.id == birch.jo.colleague_id).values(until))
    leaver = service.remove(birch.clem, birch.jo.colleague_id)
    assert (leaver.name, leaver.is_self, leaver.holdings.granted) == ("Jo Lind", False, some("Acme"))
    row = colleague(database, birch.jo)
    assert (row.active, row.left_at, row.role) == (False, clock.now(), Role.STANDARD)
    assert (row.may_add_clients, row.may_add_clients_until, row.may_see_insights) == (False, None, False)
    assert access_of(database, birch.jo) == managed_by(database, birch.jo) == {"Acme"}
    assert teams_of(database, birch.jo.colleague_id) == {birch.teams["Tax"]}
    [(_, who, source, before, after)] = entries(database, "colleague.left")
    assert (who, source, before["active"], before["may_add_clients"]) == (
        birch.clem.colleague_id,
        Source.SLACK,
        True,
        True,
    )
    assert (after["active"], after["may_add_clients"]) == (False, False)


def test_each_active_admin_is_told_once(database: Database, birch: Office, service: HandoverService) -> None:
    service.remove(birch.ada, birch.sam.colleague_id)
    service.remove(birch.clem, birch.sam.colleague_id)
    assert not service.deactivated(birch.slack_key, "U_SAM")
    readers = {job.args["reader_id"] for job in jobs(database, LEFT)}
    assert readers == {str(birch.ada.colleague_id), str(birch.clem.colleague_id)}
    assert len(jobs(database, LEFT)) == 2
    assert len(entries(database, "colleague.left")) == 1


def test_a_deactivation_in_slack_has_the_same_effect_without_a_colleague_behind_it(
    database: Database, birch: Office, service: HandoverService
) -> None:
    assert service.deactivated(birch.slack_key, "U_SAM")
    assert not service.deactivated(birch.slack_key, "U_SAM")
    assert not colleague(database, birch.sam).active
    [(_, who, source, *_)] = entries(database, "colleague.left")
    assert (who, source) == (None, Source.SLACK)
    assert len(jobs(database, LEFT)) == 2
    card = service.card(birch.practice_id, birch.sam.colleague_id, birch.ada.colleague_id)
    assert card is not None
    assert (card.reader, card.left.by, card.handed_over) == ("U_ADA", None, None)


def test_an_event_about_somebody_else_is_nothing(database: Database, birch: Office, service: HandoverService) -> None:
    other = office(database, slack_key="T_OTHER")
    assert not service.deactivated(birch.slack_key, "U_NOBODY")
    assert not service.deactivated("T_UNKNOWN", "U_SAM")
    assert service.deactivated("T_OTHER", "U_SAM")
    assert (colleague(database, birch.sam).active, colleague(database, other.sam).active) == (True, False)
    assert {job.practice_id for job in jobs(database, LEFT)} == {other.practice_id}


def test_slack_takes_the_last_practice_admin_too(database: Database, birch: Office, service: HandoverService) -> None:
    assert service.deactivated(birch.slack_key, "U_ADA")
    assert not colleague(database, birch.ada).active
    assert [job.args["reader_id"] for job in jobs(database, LEFT)] == [str(birch.clem.colleague_id)]


def test_the_last_practice_admin_is_not_removed_and_does_not_remove_themselves(
    database: Database, birch: Office, service: HandoverService
) -> None:
    for ask_or_do in (service.leaver, service.remove):
        with pytest.raises(ConflictError, match="last Practice Admin"):
            ask_or_do(birch.ada, birch.ada.colleague_id)
    OperatorService(database).change_colleague(birch.slack_key, "U_CLEM", role=Role.PRACTICE_ADMIN)
    assert service.leaver(birch.ada, birch.ada.colleague_id).is_self
    service.remove(birch.ada, birch.ada.colleague_id)
    with pytest.raises(ConflictError, match="last Practice Admin"):
        service.remove(birch.clem, birch.clem.colleague_id)
    with pytest.raises(NotPermittedError):
        service.remove(birch.ada, birch.clem.colleague_id)


def test_of_two_admins_who_remove_each_other_at_once_one_stays(
    database: Database, birch: Office, service: HandoverService
) -> None:
    OperatorService(database).change_colleague(birch.slack_key, "U_CLEM", role=Role.PRACTICE_ADMIN)

    def remove(pair: tuple[Any, Any]) -> str:
        try:
            return service.remove(pair[0], pair[1].colleague_id).name
        except ServiceError as refusal:
            return type(refusal).__name__

    with ThreadPoolExecutor(2) as pool:
        outcomes = set(pool.map(remove, [(birch.ada, birch.clem), (birch.clem, birch.ada)]))
    assert len(outcomes) == 2
    assert outcomes & {"Ada Marsh", "Clem Okafor"}
    assert [colleague(database, each).active for each in (birch.ada, birch.clem)].count(True) == 1


def test_only_those_who_may_edit_somebody_remove_them(
    database: Database, birch: Office, service: HandoverService
) -> None:
    other = office(database, slack_key="T_OTHER")
    for actor, whom, refusal in (
        (birch.sam, birch.jo, NotPermittedError),
        (birch.jo, birch.jo, NotPermittedError),
        (birch.clem, birch.ada, NotPermittedError),
        (other.ada, birch.sam, NotFoundError),
    ):
        for ask_or_do in (service.leaver, service.remove):
            with pytest.raises(refusal):
                ask_or_do(actor, whom.colleague_id)
    assert entries(database, "colleague.left") == []


def test_requests_of_a_leaver_are_withdrawn_and_those_asked_of_them_close(
    database: Database, birch: Office, service: HandoverService
) -> None:
    mine = ask(database, birch, birch.clem.colleague_id, birch.ada.colleague_id)
    theirs = ask(database, birch, birch.sam.colleague_id, birch.clem.colleague_id)
    service.remove(birch.ada, birch.clem.colleague_id)
    with database.read() as session:
        statuses = {each.id: each.status for each in session.scalars(select(PermissionRequest))}
    assert statuses == {mine: RequestStatus.WITHDRAWN, theirs: RequestStatus.PENDING}
    assert len(jobs(database, CLOSED)) == 2


def test_a_decision_and_a_leaving_at_once_both_end(database: Database, birch: Office, service: HandoverService) -> None:
    permissions = PermissionService(database)

    def decide(request_id: uuid.UUID) -> None:
        try:
            permissions.decide(birch.ada, request_id, approve=True)
        except ServiceError:
            return

    for number in range(8):
        user = f"U_{number}"
        actor = PeopleService(database).first_contact(birch.slack_key, "Birch & Co", profile(user, user)).actor
        request_id = ask(database, birch, actor.colleague_id, birch.ada.colleague_id)
        with ThreadPoolExecutor(2) as pool:
            deciding = pool.submit(decide, request_id)
            assert pool.submit(service.deactivated, birch.slack_key, user).result()
            deciding.result()
        row = colleague(database, actor)
        assert (row.active, row.may_add_clients) == (False, False)


def test_everything_is_handed_over_and_the_card_says_by_whom(
    database: Database, birch: Office, service: HandoverService, clock: Clock
) -> None:
    ids = clients(database, birch, "Acme", "Basket", "Chandler", "Dairy")
    give(database, [ids["Acme"], ids["Basket"]], to=birch.sam)
    give(database, [ids["Dairy"]], team=birch.teams["Payroll"])
    for team in birch.teams.values():
        joined(database, team, birch.sam)
    manage(database, birch.sam, ids["Chandler"])
    invitation = invite(database, birch.sam, ids["Acme"])
    service.remove(birch.ada, birch.sam.colleague_id)
    clock.advance(timedelta(minutes=5))
    done = service.hand_over(birch.clem, birch.sam.colleague_id, birch.jo.colleague_id, ALL)
    assert done == HandedOver(
        leaver="Sam Price",
        receiver="Jo Lind",
        moved={
            Part.TEAMS: some("Payroll"),
            Part.ACCESS: some("Acme", "Basket"),
            Part.MANAGED: some("Chandler"),
            Part.INVITATIONS: some("Acme"),
        },
        skipped={},
    )
    assert access_of(database, birch.jo) == {"Acme", "Basket", "Chandler"}
    assert managed_by(database, birch.jo) == {"Chandler"}
    assert teams_of(database, birch.jo.colleague_id) == {birch.teams["Payroll"]}
    assert inviter(database, invitation) == birch.jo.colleague_id
    assert access_of(database, birch.sam) == managed_by(database, birch.sam) == set()
    assert teams_of(database, birch.sam.colleague_id) == set()
    card = service.card(birch.practice_id, birch.sam.colleague_id, birch.ada.colleague_id)
    assert card is not None
    assert card.leaver.holdings.is_empty
    assert card.left.by == "Ada Marsh"
    assert card.handed_over is not None
    assert (card.handed_over.by, card.handed_over.to, card.handed_over.at) == ("Clem Okafor", "Jo Lind", clock.now())
    assert len(jobs(database, LEFT_CHANGED)) == 2
    [(*_, after)] = entries(database, "colleague.handed_over")
    assert after == {"to": "Jo Lind", "teams": 1, "access": 2, "managed": 1, "invitations": 1}


def test_the_second_hand_over_finds_nothing_and_names_the_first(
    database: Database, birch: Office, service: HandoverService
) -> None:
    give(database, clients(database, birch, "Acme").values(), to=birch.sam)
    service.remove(birch.ada, birch.sam.colleague_id)
    service.hand_over(birch.ada, birch.sam.colleague_id, birch.jo.colleague_id, ALL)
    leaver, earlier = service.handing_over(birch.clem, birch.sam.colleague_id)
    assert (leaver.holdings.to_give, earlier and earlier.by) == (False, "Ada Marsh")
    second = service.hand_over(birch.clem, birch.sam.colleague_id, birch.clem.colleague_id, ALL)
    assert (second.found_nothing, second.changed, second.earlier) == (True, False, earlier)
    assert access_of(database, birch.jo) == {"Acme"}
    assert len(entries(database, "colleague.handed_over")) == 1


def test_of_two_admins_who_hand_over_at_once_one_does(
    database: Database, birch: Office, service: HandoverService
) -> None:
    ids = clients(database, birch, *(f"Client {number}" for number in range(20)))
    give(database, ids.values(), to=birch.sam)
    manage(database, birch.sam, *ids.values())
    standard = PeopleService(database).first_contact(birch.slack_key, "Birch", profile("U_NEW", "Nia New")).actor
    service.remove(birch.ada, birch.sam.colleague_id)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(
            pool.map(
                lambda pair: service.hand_over(pair[0], birch.sam.colleague_id, pair[1].colleague_id, ALL),
                [(birch.ada, birch.jo), (birch.clem, standard)],
            )
        )
    assert sorted(each.found_nothing for each in outcomes) == [False, True]
    winner = next(each for each in outcomes if each.changed)
    assert {part: found.count for part, found in winner.moved.items()} == {Part.ACCESS: 20, Part.MANAGED: 20}
    loser = next(each for each in outcomes if not each.changed)
    assert loser.earlier is not None
    assert loser.earlier.to == winner.receiver
    assert sorted(len(access_of(database, each)) for each in (birch.jo, standard)) == [0, 20]


def test_only_what_is_ticked_moves(database: Database, birch: Office, service: HandoverService) -> None:
    ids = clients(database, birch, "Acme", "Basket")
    give(database, [ids["Acme"]], to=birch.sam)
    manage(database, birch.sam, ids["Basket"])
    service.remove(birch.ada, birch.sam.colleague_id)
    done = service.hand_over(birch.ada, birch.sam.colleague_id, birch.jo.colleague_id, {Part.MANAGED})
    assert done.moved == {Part.MANAGED: some("Basket")}
    assert (access_of(database, birch.sam), access_of(database, birch.jo)) == ({"Acme"}, {"Basket"})


def test_each_that_does_not_move_is_named_with_the_reason(
    database: Database, birch: Office, service: HandoverService
) -> None:
    ids = clients(database, birch, "Closed", "Jo has it", "By team", "Not Jo’s")
    give(database, [ids[each] for each in ("Closed", "Jo has it", "By team")], to=birch.sam)
    give(database, [ids["Jo has it"]], to=birch.jo)
    give(database, [ids["By team"]], team=birch.teams["Tax"])
    joined(database, birch.teams["Tax"], birch.jo)
    stays = invite(database, birch.sam, ids["Not Jo’s"])
    moves = invite(database, birch.sam, ids["By team"], InvitationStatus.EXPIRED)
    deactivate(database, ids["Closed"])
    service.remove(birch.ada, birch.sam.colleague_id)
    done = service.hand_over(birch.ada, birch.sam.colleague_id, birch.jo.colleague_id, ALL)
    assert done.moved == {Part.INVITATIONS: some("By team")}
    assert done.skipped == {
        Skip.DEACTIVATED: ("Closed",),
        Skip.HAS_ALREADY: ("Jo has it",),
        Skip.BY_TEAM: ("By team",),
        Skip.CANT_OPEN: ("Not Jo’s",),
    }
    assert access_of(database, birch.sam) == {"Closed"}
    assert (inviter(database, stays), inviter(database, moves)) == (birch.sam.colleague_id, birch.jo.colleague_id)


def test_an_admin_who_takes_it_all_needs_no_access(database: Database, birch: Office, service: HandoverService) -> None:
    ids = clients(database, birch, "Acme", "Basket")
    give(database, ids.values(), to=birch.sam)
    service.remove(birch.ada, birch.sam.colleague_id)
    done = service.hand_over(birch.ada, birch.sam.colleague_id, birch.clem.colleague_id, ALL)
    assert (done.moved, done.skipped, done.changed) == ({}, {Skip.SEES_ALL: ("Acme", "Basket")}, True)
    leaver, earlier = service.handing_over(birch.ada, birch.sam.colleague_id)
    assert (leaver.holdings.is_empty, earlier and earlier.to) == (True, "Clem Okafor")


def test_reminders_follow_to_the_morning_of_who_hears_of_them_now(
    database: Database, birch: Office, service: HandoverService, clock: Clock
) -> None:
    ids = clients(database, birch, "Acme")
    give(database, ids.values(), to=birch.sam)
    invitation = invite(database, birch.sam, ids["Acme"])
    with database.begin() as session:
        row = session.get_one(Invitation, invitation)
        row.next_reminder_at, row.next_stage = clock.now(), ReminderStage.AHEAD
        session.get_one(Colleague, birch.jo.colleague_id).timezone = "Asia/Tokyo"
    service.remove(birch.ada, birch.sam.colleague_id)
    service.hand_over(birch.ada, birch.sam.colleague_id, birch.jo.colleague_id, ALL)
    with database.read() as session:
        following = session.get_one(Invitation, invitation).next_reminder_at
    assert following is not None
    assert (following - clock.now(), following.hour) == (timedelta(days=3, hours=15), 0)  # 9 in Tokyo, on Friday


def test_reminders_of_an_inviter_who_left_go_to_the_account_manager_else_to_the_admins(
    database: Database, birch: Office, service: HandoverService, clock: Clock
) -> None:
    ids = clients(database, birch, "Managed", "Nobody’s")
    give(database, ids.values(), to=birch.jo)
    manage(database, birch.jo, ids["Managed"])
    for each in ids.values():
        invitation = invite(database, birch.sam, each)
        with database.begin() as session:
            row = session.get_one(Invitation, invitation)
            row.created_at, row.next_reminder_at = clock.now() - timedelta(days=6), clock.now()
            row.expires_at, row.next_stage = clock.now() + timedelta(hours=20), ReminderStage.AHEAD
    service.deactivated(birch.slack_key, "U_SAM")
    ReminderService(database).sweep()
    told = {job.args["colleague_id"] for job in jobs(database, "slack.reminders")}
    assert told == {str(each.colleague_id) for each in (birch.jo, birch.ada, birch.clem)}


@pytest.mark.parametrize(
    ("to", "parts", "field"),
    [
        (lambda birch: None, ALL, "to"),
        (lambda birch: birch.jo.colleague_id, frozenset(), "parts"),
        (lambda birch: birch.sam.colleague_id, ALL, "to"),
        (lambda birch: uuid.uuid4(), ALL, "to"),
    ],
    ids=["nobody", "nothing", "the leaver", "a stranger"],
)
def test_a_hand_over_to_nobody_or_of_nothing_is_refused_at_the_field(
    birch: Office,
    service: HandoverService,
    to: Callable[[Office], uuid.UUID | None],
    parts: frozenset[Part],
    field: str,
) -> None:
    service.remove(birch.ada, birch.sam.colleague_id)
    with pytest.raises(InvalidError) as refusal:
        service.hand_over(birch.ada, birch.sam.colleague_id, to(birch), parts)
    assert set(refusal.value.fields) == {field}


def test_only_admins_of_the_practice_hand_over_and_only_of_those_who_left(
    database: Database, birch: Office, service: HandoverService
) -> None:
    other = office(database, slack_key="T_OTHER")
    sam, jo = birch.sam.colleague_id, birch.jo.colleague_id
    with pytest.raises(ConflictError, match="Sam Price has not left"):
        service.hand_over(birch.ada, sam, jo, ALL)
    service.remove(birch.ada, sam)
    for actor, refusal in ((birch.jo, NotPermittedError), (birch.sam, NotPermittedError), (other.ada, NotFoundError)):
        with pytest.raises(refusal):
            service.handing_over(actor, sam)
        with pytest.raises(refusal):
            service.hand_over(actor, sam, jo, ALL)
    with pytest.raises(NotPermittedError):
        service.search_receivers(birch.jo, "")
    with pytest.raises(InvalidError):
        service.hand_over(birch.ada, sam, other.jo.colleague_id, ALL)


def test_receivers_are_active_colleagues(database: Database, birch: Office, service: HandoverService) -> None:
    office(database, slack_key="T_OTHER")
    service.remove(birch.ada, birch.sam.colleague_id)
    assert [each.name for each in service.search_receivers(birch.ada, "")] == ["Ada Marsh", "Clem Okafor", "Jo Lind"]
    assert [(each.name, each.role) for each in service.search_receivers(birch.ada, " JO ")] == [
        ("Jo Lind", Role.STANDARD)
    ]
    assert service.search_receivers(birch.ada, "%") == ()


def test_a_card_is_for_admins_and_about_those_who_left(
    database: Database, birch: Office, service: HandoverService, clock: Clock
) -> None:
    sam, ada = birch.sam.colleague_id, birch.ada.colleague_id
    other = office(database, slack_key="T_OTHER")
    assert service.card(birch.practice_id, sam, ada) is None
    service.remove(birch.ada, sam)
    assert service.card(birch.practice_id, sam, birch.jo.colleague_id) is None
    assert service.card(other.practice_id, sam, other.ada.colleague_id) is None
    clock.advance(timedelta(days=1))
    with database.begin() as session:
        session.execute(update(Colleague).where(Colleague.id == sam).values(active=True, left_at=None))
    assert service.card(birch.practice_id, sam, ada) is None
    service.remove(birch.ada, sam)
    assert service.card(birch.practice_id, sam, ada) is not None
    assert len(jobs(database, LEFT)) == 4


def test_a_thousand_clients_are_handed_over_in_few_statements(
    database: Database, birch: Office, service: HandoverService
) -> None:
    ids = clients(database, birch, *(f"Client {number}" for number in range(1_000)))
    give(database, ids.values(), to=birch.sam)
    manage(database, birch.sam, *ids.values())
    connect(database, birch.sam, *ids.values())
    service.remove(birch.ada, birch.sam.colleague_id)
    with statements(database) as sent:
        done = service.hand_over(birch.ada, birch.sam.colleague_id, birch.jo.colleague_id, ALL)
    assert {part: found.count for part, found in done.moved.items()} == {Part.ACCESS: 1_000, Part.MANAGED: 1_000}
    assert len(sent) <= 45
    assert len(access_of(database, birch.jo)) == len(managed_by(database, birch.jo)) == 1_000
