"""Listing, changing, adding and bringing back colleagues."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from db.models import AuditEntry, Colleague, Job, Role
from db.session import Database
from services.actor import Actor
from services.colleagues.records import Added, AddForm, ColleaguePage, OwnStanding, RightsNotice, Wish
from services.colleagues.rights import Given, Rights, rights_of
from services.colleagues.service import CHANGED, MOST_AT_ONCE, WELCOME, ColleagueService
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, ServiceError
from services.operator import OperatorService
from services.people import PeopleService
from tests.builders import Office, joined, office, profile
from tests.fakes import Clock

ADMIN, CLIENT_ADMIN = Rights(role=Role.PRACTICE_ADMIN), Rights(role=Role.CLIENT_ADMIN)
STANDARD = Rights(role=Role.STANDARD)
ADDS = Rights(role=Role.STANDARD, add_clients=Given.PERMANENTLY)
FRIDAY = Rights(role=Role.STANDARD, add_clients=Given.UNTIL, last_day=date(2026, 3, 6))


@pytest.fixture
def people(database: Database) -> Office:
    return office(database)


@pytest.fixture
def service(database: Database) -> ColleagueService:
    return ColleagueService(database)


def held(database: Database, actor: Actor) -> Rights:
    with database.read() as session:
        return rights_of(session.get_one(Colleague, actor.colleague_id))


def row(database: Database, actor: Actor) -> Colleague:
    with database.read() as session:
        return session.get_one(Colleague, actor.colleague_id)


def leave(database: Database, actor: Actor) -> None:
    with database.begin() as session:
        session.execute(
            update(Colleague)
            .where(Colleague.id == actor.colleague_id)
            .values(active=False, left_at=database.now(), may_add_clients=False)
        )


def entries(database: Database, *actions: str) -> list[tuple[str, uuid.UUID | None, Any, Any]]:
    with database.read() as session:
        found = session.scalars(
            select(AuditEntry).where(AuditEntry.action.in_(actions), AuditEntry.source != "operator")
        )
        return [(each.action, each.colleague_id, each.before, each.after) for each in found]


def told(database: Database, kind: str) -> list[tuple[str, str]]:
    with database.read() as session:
        jobs = session.scalars(select(Job).where(Job.kind == kind))
        return [(job.args["colleague_id"], job.args["by"]) for job in jobs]


def change(service: ColleagueService, by: Actor, whom: Actor, wanted: Rights, seen: Rights | None = None) -> Rights:
    before = seen or service.card(by, whom.colleague_id).rights
    return service.change(by, whom.colleague_id, wanted, seen=before.stamp).rights


def listed(shown: ColleaguePage | OwnStanding) -> list[str]:
    assert isinstance(shown, ColleaguePage)
    return [line.name for line in shown.lines]


def test_admins_find_colleagues_by_a_part_of_name_or_address_written_in_any_way(
    database: Database, people: Office, service: ColleagueService
) -> None:
    PeopleService(database).first_contact("T_BIRCH", "Birch & Co", profile("U_ZOE", "Zoë Öberg"))
    assert listed(service.page(people.clem, Wish())) == [
        "Ada Marsh",
        "Clem Okafor",
        "Jo Lind",
        "Sam Price",
        "Zoë Öberg",
    ]
    assert listed(service.page(people.ada, Wish("  ZOE   ober"))) == ["Zoë Öberg"]
    assert listed(service.page(people.ada, Wish("u_sam@birch"))) == ["Sam Price"]
    nobody = service.page(people.ada, Wish("%"))
    assert nobody == ColleaguePage(wish=Wish("%"), pages=1, found=0, here=5, gone=0, lines=())


def test_the_list_has_pages_of_ten_and_those_who_left_are_listed_apart(
    database: Database, people: Office, service: ColleagueService
) -> None:
    for number in range(10):
        PeopleService(database).first_contact("T_BIRCH", "Birch & Co", profile(f"U_N{number}", f"Nan {number}"))
    leave(database, people.jo)
    first = service.page(people.ada, Wish())
    assert isinstance(first, ColleaguePage)
    assert (len(first.lines), first.pages, first.found, first.here, first.gone) == (10, 2, 13, 13, 1)
    assert listed(service.page(people.ada, Wish(page=99))) == ["Nan 8", "Nan 9", "Sam Price"]
    assert listed(service.page(people.ada, Wish(page=-5))) == [line.name for line in first.lines]
    assert listed(service.page(people.ada, Wish(left=True))) == ["Jo Lind"]


def test_a_standard_colleague_sees_who_the_admins_are_and_their_own_standing_only(
    database: Database, service: ColleagueService
) -> None:
    people = office(database, teams=("Payroll",))
    joined(database, people.teams["Payroll"], people.jo)
    assert service.page(people.jo, Wish("ada")) == OwnStanding(
        rights=ADDS, teams=("Payroll",), admins=("U_ADA", "U_CLEM"), may_take_over=False
    )
    refused: list[Any] = [
        lambda: service.card(people.jo, people.sam.colleague_id),
        lambda: service.edit_form(people.jo, people.jo.colleague_id),
        lambda: service.change(people.jo, people.jo.colleague_id, CLIENT_ADMIN, seen=ADDS.stamp),
        lambda: service.add_form(people.jo),
        lambda: service.require_may_add(people.jo, 1, STANDARD),
        lambda: service.add(people.jo, [profile("U_NEW", "New")], STANDARD),
        lambda: service.take_over(people.jo, runs_workspace=True),
    ]
    for attempt in refused:
        with pytest.raises((NotPermittedError, ConflictError)):
            attempt()
    assert held(database, people.jo) == ADDS


def test_whoever_left_sees_nothing(database: Database, people: Office, service: ColleagueService) -> None:
    leave(database, people.clem)
    with pytest.raises(NotPermittedError):
        service.page(people.clem, Wish())
    with pytest.raises(NotPermittedError):
        service.change(people.clem, people.sam.colleague_id, ADDS, seen=STANDARD.stamp)


def test_a_changed_colleague_is_told_and_the_change_is_kept_with_before_and_after(
    database: Database, people: Office, service: ColleagueService
) -> None:
    assert change(service, people.ada, people.sam, CLIENT_ADMIN) == CLIENT_ADMIN
    assert entries(database, "colleague.changed") == [
        ("colleague.changed", people.ada.colleague_id, {"role": "standard"}, {"role": "client_admin"})
    ]
    ids = (str(people.sam.colleague_id), str(people.ada.colleague_id))
    assert told(database, CHANGED) == [ids]
    assert service.notice(people.practice_id, people.sam.colleague_id, people.ada.colleague_id) == RightsNotice(
        practice_id=people.practice_id,
        practice_name="Birch & Co",
        slack_user_id="U_SAM",
        by="Ada Marsh",
        rights=CLIENT_ADMIN,
    )
    change(service, people.ada, people.sam, STANDARD)
    assert told(database, CHANGED) == [ids, ids]
    leave(database, people.sam)
    assert service.notice(people.practice_id, people.sam.colleague_id, people.ada.colleague_id) is None


def test_a_form_sent_twice_changes_once(database: Database, people: Office, service: ColleagueService) -> None:
    for _ in range(2):
        assert change(service, people.ada, people.sam, ADDS, seen=STANDARD) == ADDS
    assert len(entries(database, "colleague.changed")) == len(told(database, CHANGED)) == 1


def test_a_form_filled_before_somebody_else_s_change_is_refused(
    database: Database, people: Office, service: ColleagueService
) -> None:
    change(service, people.ada, people.sam, CLIENT_ADMIN)
    with pytest.raises(ConflictError, match="Sam Price was changed by somebody else meanwhile"):
        change(service, people.clem, people.sam, ADDS, seen=STANDARD)
    assert held(database, people.sam) == CLIENT_ADMIN


def test_a_permission_ends_with_its_last_day_where_the_colleague_is(
    database: Database, people: Office, service: ColleagueService
) -> None:
    with database.begin() as session:
        session.get_one(Colleague, people.sam.colleague_id).timezone = "America/New_York"
    assert change(service, people.ada, people.sam, FRIDAY) == FRIDAY
    sam = row(database, people.sam)
    assert (sam.may_add_clients, sam.may_add_clients_until) == (True, datetime(2026, 3, 7, 5, 0, tzinfo=UTC))
    assert entries(database, "colleague.changed")[-1][3] == {
        "may_add_clients": True,
        "may_add_clients_until": "2026-03-07T05:00:00+00:00",
    }


@pytest.mark.parametrize("wanted", [ADDS, STANDARD])
def test_giving_a_permission_for_good_or_taking_it_clears_its_end(
    database: Database, people: Office, service: ColleagueService, wanted: Rights
) -> None:
    change(service, people.ada, people.sam, FRIDAY)
    assert change(service, people.ada, people.sam, wanted) == wanted
    sam = row(database, people.sam)
    assert (sam.may_add_clients, sam.may_add_clients_until) == (wanted is ADDS, None)


def test_an_end_within_its_day_stays_when_something_else_is_changed(
    database: Database, people: Office, service: ColleagueService, clock: Clock
) -> None:
    until = clock.now() + timedelta(hours=3)
    with database.begin() as session:
        sam = session.get_one(Colleague, people.sam.colleague_id)
        sam.may_add_clients, sam.may_add_clients_until = True, until
    today = Rights(role=Role.STANDARD, add_clients=Given.UNTIL, last_day=date(2026, 3, 2), insights=True)
    assert change(service, people.ada, people.sam, today) == today
    assert row(database, people.sam).may_add_clients_until == until


@pytest.mark.parametrize(
    ("last_day", "said"),
    [
        (None, "Choose the last day"),
        (date(2026, 3, 2), "later day than today"),
        (date.min, "later day than today"),
        (date(2028, 3, 3), "within two years"),
        (date.max, "within two years"),
    ],
)
def test_a_last_day_that_makes_no_sense_is_refused_at_its_field(
    database: Database, people: Office, service: ColleagueService, last_day: date | None, said: str
) -> None:
    wanted = Rights(role=Role.STANDARD, add_clients=Given.UNTIL, last_day=last_day)
    for attempt in (
        lambda: change(service, people.ada, people.sam, wanted),
        lambda: service.add(people.ada, [profile("U_NEW", "New")], wanted),
    ):
        with pytest.raises(InvalidError, match=said) as refusal:
            attempt()
        assert set(refusal.value.fields) == {"until"}
    assert held(database, people.sam) == STANDARD


def test_a_client_admin_can_not_touch_a_practice_admin_nor_make_one(
    database: Database, people: Office, service: ColleagueService
) -> None:
    assert service.edit_form(people.clem, people.sam.colleague_id).roles == (Role.CLIENT_ADMIN, Role.STANDARD)
    assert service.card(people.clem, people.ada.colleague_id).may_edit is False
    with pytest.raises(NotPermittedError, match="Only a Practice Admin"):
        service.edit_form(people.clem, people.ada.colleague_id)
    for whom, wanted in ((people.ada, STANDARD), (people.sam, ADMIN), (people.clem, ADMIN)):
        with pytest.raises(NotPermittedError, match="Only a Practice Admin"):
            change(service, people.clem, whom, wanted)
    with pytest.raises(NotPermittedError, match="Only a Practice Admin"):
        service.add(people.clem, [profile("U_NEW", "New")], ADMIN)
    assert [held(database, each) for each in (people.ada, people.clem, people.sam)] == [ADMIN, CLIENT_ADMIN, STANDARD]
    change(service, people.clem, people.sam, CLIENT_ADMIN)
    assert change(service, people.clem, people.clem, STANDARD) == STANDARD
    assert [each[0] for each in told(database, CHANGED)] == [str(people.sam.colleague_id)]


def test_colleagues_of_another_practice_are_not_there(database: Database, service: ColleagueService) -> None:
    ours, theirs = office(database), office(database, slack_key="T_OTHER")
    attempts: list[Any] = [
        lambda: service.card(ours.ada, theirs.sam.colleague_id),
        lambda: service.edit_form(ours.ada, theirs.sam.colleague_id),
        lambda: service.change(ours.ada, theirs.sam.colleague_id, ADMIN, seen=STANDARD.stamp),
        lambda: service.change(ours.ada, uuid.uuid4(), ADMIN, seen=STANDARD.stamp),
        lambda: service.add_form(ours.ada, theirs.sam.colleague_id),
    ]
    for attempt in attempts:
        with pytest.raises(NotFoundError):
            attempt()
    service.add(ours.ada, [profile("U_SAM2", "Sam Price")], CLIENT_ADMIN)
    assert held(database, theirs.sam) == STANDARD
    assert listed(service.page(theirs.ada, Wish("sam"))) == ["Sam Price"]


def test_people_are_added_with_role_and_permissions_and_welcomed(
    database: Database, people: Office, service: ColleagueService
) -> None:
    assert service.add_form(people.clem) == AddForm(roles=(Role.CLIENT_ADMIN, Role.STANDARD))
    both = [profile("U_ANN", "Ann Lee"), profile("U_BEN", "Ben Ray", owner=True)]
    done = service.add(people.clem, [*both, profile("U_SAM", "Sam Price")], FRIDAY, ("Olly Ray is a guest.",))
    assert done == Added(
        rights=FRIDAY,
        added=("Ann Lee", "Ben Ray"),
        back=(),
        refused=("Olly Ray is a guest.", "Sam Price is a colleague already."),
    )
    with database.read() as session:
        rows = session.scalars(select(Colleague).where(Colleague.slack_user_id.in_(["U_ANN", "U_BEN"]))).all()
    ann, ben = sorted(rows, key=lambda each: each.name)
    assert (ann.email, ann.timezone, rights_of(ann), ben.runs_workspace) == (
        "u_ann@birch.example",
        "Europe/London",
        FRIDAY,
        True,
    )
    by = str(people.clem.colleague_id)
    assert told(database, WELCOME) == [(str(ann.id), by), (str(ben.id), by)]
    after = {
        "active": True,
        "name": "Ann Lee",
        "role": "standard",
        "may_add_clients": True,
        "may_add_clients_until": "2026-03-07T00:00:00+00:00",
        "may_see_insights": False,
    }
    assert entries(database, "colleague.added")[0] == ("colleague.added", people.clem.colleague_id, None, after)
    assert held(database, people.sam) == STANDARD


def test_adding_the_same_people_again_adds_nobody(
    database: Database, people: Office, service: ColleagueService
) -> None:
    ann = profile("U_ANN", "Ann Lee")
    service.add(people.ada, [ann], STANDARD)
    again = service.add(people.ada, [ann, ann], CLIENT_ADMIN)
    assert again.refused == ("Ann Lee is a colleague already.",) * 2
    assert len(told(database, WELCOME)) == len(entries(database, "colleague.added")) == 1


def test_one_person_named_twice_is_added_once(database: Database, people: Office, service: ColleagueService) -> None:
    done = service.add(people.ada, [profile("U_ANN", "Ann Lee")] * 2, STANDARD)
    assert (done.added, done.refused) == (("Ann Lee",), ("Ann Lee is a colleague already.",))


def test_whoever_left_is_brought_back_with_what_is_given_now_and_as_slack_knows_them_now(
    database: Database, people: Office, service: ColleagueService
) -> None:
    leave(database, people.jo)
    assert service.add_form(people.ada, people.jo.colleague_id).again == "U_JO"
    insights = Rights(role=Role.STANDARD, insights=True)
    done = service.add(people.ada, [profile("U_JO", "Jo Lind-Berg")], insights)
    assert done == Added(rights=insights, added=(), back=("Jo Lind-Berg",), refused=())
    jo = row(database, people.jo)
    assert (jo.active, jo.left_at, jo.name, rights_of(jo)) == (True, None, "Jo Lind-Berg", insights)
    assert [each[:3] for each in entries(database, "colleague.brought_back")] == [
        ("colleague.brought_back", people.ada.colleague_id, {"active": False})
    ]
    assert PeopleService(database).find("T_BIRCH", "U_JO") is not None


def test_a_practice_admin_who_left_is_brought_back_by_a_practice_admin_only(
    database: Database, people: Office, service: ColleagueService
) -> None:
    OperatorService(database).change_colleague("T_BIRCH", "U_JO", role=Role.PRACTICE_ADMIN)
    leave(database, people.jo)
    refused = service.add(people.clem, [profile("U_JO", "Jo Lind")], STANDARD).refused
    assert refused == ("Jo Lind left as a Practice Admin: only a Practice Admin can add them again.",)
    assert service.add(people.ada, [profile("U_JO", "Jo Lind")], STANDARD).back == ("Jo Lind",)
    assert held(database, people.jo) == STANDARD


def test_those_who_left_can_not_be_changed(database: Database, people: Office, service: ColleagueService) -> None:
    leave(database, people.sam)
    for attempt in (
        lambda: service.edit_form(people.ada, people.sam.colleague_id),
        lambda: service.change(people.ada, people.sam.colleague_id, ADDS, seen=STANDARD.stamp),
    ):
        with pytest.raises(ConflictError, match="Sam Price has left"):
            attempt()


@pytest.mark.parametrize("number", [0, MOST_AT_ONCE + 1])
def test_nobody_and_too_many_at_once_are_refused(people: Office, service: ColleagueService, number: int) -> None:
    crowd = [profile(f"U_N{each}", f"Nan {each}") for each in range(number)]
    for attempt in (
        lambda: service.require_may_add(people.ada, number, STANDARD),
        lambda: service.add(people.ada, crowd, STANDARD),
    ):
        with pytest.raises(InvalidError) as refusal:
            attempt()
        assert set(refusal.value.fields) == {"people"}


def test_the_operator_follows_the_same_rules(database: Database, people: Office, service: ColleagueService) -> None:
    change(service, people.ada, people.sam, FRIDAY)
    operator = OperatorService(database)
    operator.change_colleague("T_BIRCH", "U_SAM", may_add_clients=True)
    assert held(database, people.sam) == ADDS
    operator.change_colleague("T_BIRCH", "U_SAM", may_add_clients=False, role=Role.CLIENT_ADMIN)
    assert held(database, people.sam) == CLIENT_ADMIN
    with pytest.raises(ServiceError, match="Ada Marsh is the last Practice Admin"):
        operator.change_colleague("T_BIRCH", "U_ADA", role=Role.STANDARD)
