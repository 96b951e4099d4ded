"""Giving many clients at once, and taking them back, with a word on each that was left out."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.models import Client, ClientAccess, Plan, Role, Source
from db.session import Database
from services.clients.search import ClientSearchService, Wish
from services.colleagues.access import AccessService, Giving, GivingForm, GivingReport, Grantee
from services.colleagues.choosing import PASTED_LENGTH, Chosen, Skip
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from services.operator import OperatorService
from tests.builders import Office, joined, office
from tests.services.colleagues.holding import (
    access_of,
    clients,
    colleague,
    deactivate,
    entries,
    give,
    manage,
    managed_by,
    statements,
)


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database, plan=Plan.ADVANCED, teams=("Tax",))


@pytest.fixture
def service(database: Database) -> AccessService:
    return AccessService(database)


def sam_of(birch: Office) -> Grantee:
    return Grantee(birch.sam.colleague_id)


def chosen(*ids: uuid.UUID, pasted: str = "") -> Chosen:
    return Chosen(clients=ids, pasted=pasted)


def test_clients_are_given_by_choice_and_by_pasted_names_and_codes(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids = clients(database, birch, "Acme Ltd", "Basket & Co", "Çelik Träger GmbH", "Dot", codes=True)
    report = service.change(
        birch.clem,
        sam_of(birch),
        Giving.ACCESS,
        chosen(ids["Acme Ltd"], pasted="  celik trager \r\n\n\tc-004\nBASKET and company limited\n"),
    )
    assert report == GivingReport(
        grantee=sam_of(birch),
        name="Sam Price",
        giving=Giving.ACCESS,
        done=("Acme Ltd", "Çelik Träger GmbH", "Dot", "Basket & Co"),
        skipped={},
    )
    assert access_of(database, birch.sam) == set(ids)
    assert ClientSearchService(database).find(birch.sam, Wish()).found == 4
    assert (
        entries(database, "client.access_given")
        == [("client.access_given", birch.clem.colleague_id, Source.SLACK, None, {"colleague": "Sam Price"})] * 4
    )


def test_each_client_that_is_left_out_is_named_with_the_reason(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids = clients(database, birch, "Acme Ltd", "Acme Limited", "Basket", "Closed", "Given", "By team", codes=True)
    deactivate(database, ids["Closed"])
    give(database, [ids["Given"]], to=birch.sam)
    give(database, [ids["By team"]], team=birch.teams["Tax"])
    joined(database, birch.teams["Tax"], birch.sam)
    elsewhere = clients(database, office(database, slack_key="T_OTHER"), "Other practice")["Other practice"]
    report = service.change(
        birch.ada,
        sam_of(birch),
        Giving.ACCESS,
        chosen(
            ids["Basket"],
            elsewhere,
            pasted="Acme\nAcme Ltd\nNobody & Sons\nbasket\nClosed\nGiven\nBy team\nOther practice\nC-003",
        ),
    )
    assert report.done == ("Basket", "Acme Ltd")
    assert report.skipped == {
        Skip.UNKNOWN: ("A client that you chose", "Nobody & Sons", "Other practice"),
        Skip.SEVERAL: ("Acme",),
        Skip.TWICE: ("basket", "C-003"),
        Skip.DEACTIVATED: ("Closed",),
        Skip.HAS_ALREADY: ("Given",),
        Skip.BY_TEAM: ("By team",),
    }
    assert access_of(database, birch.sam) == {"Basket", "Acme Ltd", "Given"}


def test_the_same_again_changes_nothing(database: Database, birch: Office, service: AccessService) -> None:
    ids = clients(database, birch, "Acme", "Basket")
    service.change(birch.ada, sam_of(birch), Giving.ACCESS, chosen(*ids.values()))
    again = service.change(birch.ada, sam_of(birch), Giving.ACCESS, chosen(*ids.values()))
    assert (again.done, again.skipped) == ((), {Skip.HAS_ALREADY: ("Acme", "Basket")})
    assert len(entries(database, "client.access_given")) == 2


def test_access_for_a_time_becomes_access_for_good(database: Database, birch: Office, service: AccessService) -> None:
    ids = clients(database, birch, "Ending", "Ended")
    give(database, [ids["Ending"]], to=birch.sam, until=database.now() + timedelta(days=3))
    give(database, [ids["Ended"]], to=birch.sam, until=database.now() - timedelta(minutes=1))
    assert service.change(birch.ada, sam_of(birch), Giving.ACCESS, chosen(*ids.values())).done == ("Ending", "Ended")
    with database.read() as session:
        assert session.scalars(select(ClientAccess.until)).all() == [None, None]


def test_an_account_manager_can_open_the_client_and_replaces_the_one_before(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids = clients(database, birch, "Acme", "Basket", "Mine")
    manage(database, birch.jo, ids["Acme"])
    manage(database, birch.sam, ids["Mine"])
    report = service.change(birch.ada, sam_of(birch), Giving.MANAGER, chosen(*ids.values()))
    assert (report.done, report.skipped) == (("Acme", "Basket"), {Skip.MANAGES_ALREADY: ("Mine",)})
    assert managed_by(database, birch.sam) == access_of(database, birch.sam) == set(ids)
    changes = [(before, after) for *_, before, after in entries(database, "client.manager_changed")]
    assert changes == [
        ({"account_manager": "Jo Lind"}, {"account_manager": "Sam Price"}),
        ({"account_manager": None}, {"account_manager": "Sam Price"}),
    ]


def test_admins_open_every_client_anyway_but_can_be_account_managers(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids, clem = clients(database, birch, "Acme"), Grantee(birch.clem.colleague_id)
    assert service.form(birch.ada, clem) == GivingForm(
        grantee=clem, name="Clem Okafor", sees_all=True, offered=(Giving.MANAGER, Giving.TAKE_BACK)
    )
    report = service.change(birch.ada, clem, Giving.ACCESS, chosen(ids["Acme"]))
    assert (report.done, report.skipped) == ((), {Skip.SEES_ALL: ("Acme",)})
    assert service.change(birch.ada, clem, Giving.MANAGER, chosen(ids["Acme"])).done == ("Acme",)
    assert access_of(database, birch.clem) == set()


def test_taking_back_ends_access_and_the_part_of_account_manager(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids = clients(database, birch, "Both", "Managed", "Given", "By team", "Not theirs")
    give(database, [ids["Both"], ids["Given"]], to=birch.sam)
    manage(database, birch.sam, ids["Both"], ids["Managed"])
    give(database, [ids["By team"]], team=birch.teams["Tax"])
    joined(database, birch.teams["Tax"], birch.sam)
    report = service.change(birch.ada, sam_of(birch), Giving.TAKE_BACK, chosen(*ids.values()))
    assert report.done == ("Both", "Managed", "Given")
    assert report.skipped == {Skip.STILL_BY_TEAM: ("By team",), Skip.HAS_NONE: ("Not theirs",)}
    assert access_of(database, birch.sam) == managed_by(database, birch.sam) == set()
    taken = entries(database, "client.access_taken")
    assert [(before, after) for *_, before, after in taken] == [({"colleague": "Sam Price"}, None)] * 2
    assert len(entries(database, "client.manager_changed")) == 2


def test_a_team_is_given_clients_and_they_are_taken_back(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids, tax = clients(database, birch, "Acme", "Basket"), Grantee(birch.teams["Tax"], is_team=True)
    joined(database, birch.teams["Tax"], birch.sam)
    assert service.form(birch.ada, tax).offered == (Giving.ACCESS, Giving.TAKE_BACK)
    assert service.change(birch.ada, tax, Giving.ACCESS, chosen(*ids.values())).done == ("Acme", "Basket")
    assert ClientSearchService(database).find(birch.sam, Wish()).found == 2
    assert service.change(birch.ada, tax, Giving.TAKE_BACK, chosen(ids["Acme"])).done == ("Acme",)
    assert ClientSearchService(database).find(birch.sam, Wish()).found == 1
    assert entries(database, "client.access_given", "client.access_taken")[-1][3:] == ({"team": "Tax"}, None)
    with pytest.raises(ConflictError, match="Advanced"):
        service.change(birch.ada, tax, Giving.MANAGER, chosen(ids["Acme"]))


def test_teams_and_account_managers_need_the_plan(database: Database, birch: Office, service: AccessService) -> None:
    ids, tax = clients(database, birch, "Acme"), Grantee(birch.teams["Tax"], is_team=True)
    OperatorService(database).change_practice(birch.slack_key, plan=Plan.ESSENTIALS)
    assert service.form(birch.ada, sam_of(birch)).offered == (Giving.ACCESS, Giving.TAKE_BACK)
    assert service.form(birch.ada, Grantee(birch.clem.colleague_id)).offered == ()
    for grantee, giving in ((tax, Giving.ACCESS), (sam_of(birch), Giving.MANAGER)):
        with pytest.raises(ConflictError, match="come with the Advanced plan"):
            service.change(birch.ada, grantee, giving, chosen(ids["Acme"]))


@pytest.mark.parametrize("who", ["sam", "jo"])
def test_standard_colleagues_give_nothing(database: Database, birch: Office, service: AccessService, who: str) -> None:
    ids, actor = clients(database, birch, "Acme"), getattr(birch, who)
    give(database, ids.values(), to=actor)
    for refused in (
        lambda: service.form(actor, sam_of(birch)),
        lambda: service.change(actor, sam_of(birch), Giving.ACCESS, chosen(*ids.values())),
    ):
        with pytest.raises(NotPermittedError):
            refused()


def test_an_admin_who_left_gives_nothing(database: Database, birch: Office, service: AccessService) -> None:
    ids = clients(database, birch, "Acme")
    with database.begin() as session:
        session.merge(colleague(database, birch.clem)).active = False
    with pytest.raises(NotPermittedError, match="no longer have access"):
        service.change(birch.clem, sam_of(birch), Giving.ACCESS, chosen(*ids.values()))
    with pytest.raises(ConflictError, match="Clem Okafor is no longer a colleague"):
        service.change(birch.ada, Grantee(birch.clem.colleague_id), Giving.MANAGER, chosen(*ids.values()))


def test_nobody_of_another_practice_is_given_anything(
    database: Database, birch: Office, service: AccessService
) -> None:
    other = office(database, slack_key="T_OTHER", plan=Plan.ADVANCED, teams=("Tax",))
    ids = clients(database, birch, "Acme")
    for grantee in (
        Grantee(other.sam.colleague_id),
        Grantee(other.teams["Tax"], is_team=True),
        Grantee(birch.sam.colleague_id, is_team=True),
        Grantee(uuid.uuid4()),
    ):
        with pytest.raises(NotFoundError):
            service.form(birch.ada, grantee)
        with pytest.raises(NotFoundError):
            service.change(birch.ada, grantee, Giving.ACCESS, chosen(*ids.values()))


@pytest.mark.parametrize(
    ("given", "field"),
    [({}, "clients"), ({"pasted": " \n\u2028\t"}, "clients"), ({"pasted": "x" * (PASTED_LENGTH + 1)}, "pasted")],
)
def test_nothing_and_too_much_are_refused_at_the_field(
    birch: Office, service: AccessService, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        service.change(birch.ada, sam_of(birch), Giving.ACCESS, Chosen(**given))
    assert set(refusal.value.fields) == {field}


@pytest.mark.parametrize(
    "line",
    [
        "%",
        "_",
        "' OR 1=1 --",
        "<!channel>",
        "=HYPERLINK(1)",
        "\u202eemcA",
        "A\u0301\u0301",
        "🧾" * 700,
        "\\",
        "a;b\x1f",
    ],
)
def test_whatever_is_pasted_is_only_ever_a_name(
    database: Database, birch: Office, service: AccessService, line: str
) -> None:
    clients(database, birch, "Acme", "Basket")
    report = service.change(birch.ada, sam_of(birch), Giving.ACCESS, chosen(pasted=line))
    assert report.done == ()
    assert [len(names) for names in report.skipped.values()] == [len(line.splitlines())]
    assert access_of(database, birch.sam) == set()


def test_every_pasted_line_comes_back_in_the_report(database: Database, birch: Office, service: AccessService) -> None:
    clients(database, birch, "Acme")
    report = service.change(birch.ada, sam_of(birch), Giving.ACCESS, chosen(pasted="x\n" * (PASTED_LENGTH // 2)))
    assert report.skipped == {Skip.UNKNOWN: ("x",) * (PASTED_LENGTH // 2)}


def test_a_thousand_clients_take_as_few_statements_as_one(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids = list(clients(database, birch, *(f"Client {number}" for number in range(1_001))).values())
    for giving in (Giving.MANAGER, Giving.TAKE_BACK):
        with statements(database) as one:
            service.change(birch.ada, sam_of(birch), giving, chosen(ids[0]))
        with statements(database) as many:
            report = service.change(birch.ada, sam_of(birch), giving, chosen(*ids[1:]))
        assert len(report.done) == 1_000
        # The entries of the audit trail go in by the thousand.
        assert len(one) <= len(many) <= len(one) + 4 <= 24
    assert access_of(database, birch.sam) == set()


def test_two_admins_who_give_the_same_clients_at_once_give_them_once(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids = clients(database, birch, *(f"Client {number}" for number in range(20)))
    with ThreadPoolExecutor(4) as pool:
        reports = list(
            pool.map(
                lambda actor: service.change(actor, sam_of(birch), Giving.MANAGER, chosen(*ids.values())),
                [birch.ada, birch.clem] * 2,
            )
        )
    assert sorted(len(each.done) for each in reports) == [0, 0, 0, 20]
    assert access_of(database, birch.sam) == set(ids)
    assert len(entries(database, "client.access_given")) == len(entries(database, "client.manager_changed")) == 20


def test_a_client_has_one_manager_however_many_are_named_at_once(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids = clients(database, birch, *(f"Client {number}" for number in range(20)))
    people = [birch.sam, birch.jo, birch.clem, birch.ada]
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda whom: service.change(
                    birch.ada, Grantee(whom.colleague_id), Giving.MANAGER, chosen(*reversed(ids.values()))
                ),
                people,
            )
        )
    before = [before["account_manager"] for *_, before, _ in entries(database, "client.manager_changed")]
    assert before.count(None) == 20
    with database.read() as session:
        assert len(set(session.scalars(select(Client.account_manager_id)))) == 1


def test_somebody_who_is_made_an_admin_meanwhile_needs_no_access(
    database: Database, birch: Office, service: AccessService
) -> None:
    ids = clients(database, birch, "Acme")
    OperatorService(database).change_colleague(birch.slack_key, "U_SAM", role=Role.CLIENT_ADMIN)
    report = service.change(birch.ada, sam_of(birch), Giving.ACCESS, chosen(*ids.values()))
    assert report.skipped == {Skip.SEES_ALL: ("Acme",)}
