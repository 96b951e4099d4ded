"""What a person is shown of the organisations within reach, and how they choose among any number of them."""

import uuid

import pytest
from sqlalchemy import func, select

from db.models import Choice, ClientAccess, ItemState, Plan, Practice, Solutions, Standing, SyncItem, SyncRun, SyncState
from services.accounting.consent import PurposeKind
from services.client_sync.records import PAGE, Chooser, Filter, Goal, Wish
from services.errors import ConflictError, GoneError, InvalidError, NotFoundError, NotPermittedError
from tests.builders import add_client, created, office
from tests.services.client_sync.conftest import Desk, make_desk

ALL = Wish()


def shown(chooser: Chooser) -> dict[str, tuple[Standing, Choice, str | None]]:
    return {line.name: (line.standing, line.choice, line.match) for line in chooser.lines}


def test_the_preview_says_of_each_organisation_how_it_stands(desk: Desk) -> None:
    desk.finished(desk.office.ada, "Taken")
    created(add_client(desk.database), desk.office.ada, "Acme Ltd")
    with desk.database.begin() as session:
        session.get_one(Practice, desk.office.practice_id).bundle = 3
    chooser = desk.listed(desk.office.ada, "ACME limited", "Basket", "Demo Company (UK)", "Zebra")
    assert shown(chooser) == {
        "ACME limited": (Standing.SAME_NAME, Choice.LINK, "Acme Ltd"),
        "Basket": (Standing.NEW, Choice.CREATE, None),
        "Demo Company (UK)": (Standing.DEMO, Choice.LEAVE, None),
        "Zebra": (Standing.OVER_BUNDLE, Choice.LEAVE, None),
    }
    assert (chooser.total, chooser.creating, chooser.linking, chooser.places) == (5, 1, 1, 1)
    already = desk.sync.chooser(desk.office.ada, chooser.run_id, Wish(filter=Filter.ALREADY))
    assert shown(already) == {"Taken": (Standing.ALREADY, Choice.LEAVE, "Taken")}


def test_names_that_differ_only_in_case_are_two_organisations_and_link_one_client(desk: Desk) -> None:
    created(add_client(desk.database), desk.office.ada, "Acme")
    chooser = desk.listed(desk.office.ada, "ACME", "acme")
    assert sorted(standing for standing, _, _ in shown(chooser).values()) == [Standing.NEW, Standing.SAME_NAME]
    desk.sync.start(desk.office.ada, chooser.run_id)
    desk.work()
    assert len(desk.connections()) == 2


def test_a_colleague_is_not_offered_clients_that_they_cannot_open(desk: Desk) -> None:
    created(add_client(desk.database), desk.office.ada, "Acme")
    assert shown(desk.listed(desk.office.jo, "ACME")) == {"ACME": (Standing.NEW, Choice.CREATE, None)}


def test_names_with_markup_stay_as_they_are(desk: Desk) -> None:
    name = "<!channel> *bold* & _co_"
    desk.finished(desk.office.ada, name)
    assert desk.clients() == [name]


def test_any_number_is_paged_searched_and_chosen(desk: Desk) -> None:
    chooser = desk.listed(desk.office.ada, *(f"Firm {number:02}" for number in range(45)))
    ada = desk.office.ada
    assert (len(chooser.lines), chooser.pages, chooser.creating) == (PAGE, 3, 45)
    last = desk.sync.chooser(ada, chooser.run_id, Wish(page=99))
    assert (last.wish.page, [line.name for line in last.lines]) == (2, [f"Firm {n}" for n in range(40, 45)])
    desk.sync.choose_none(ada, chooser.run_id, ALL)
    search = Wish(query="  firm 1 ")
    assert desk.sync.chooser(ada, chooser.run_id, search).found == 10
    desk.sync.choose_all(ada, chooser.run_id, search)
    assert desk.sync.chooser(ada, chooser.run_id, ALL).creating == 10
    assert desk.sync.chooser(ada, chooser.run_id, Wish(filter=Filter.CHOSEN)).found == 10


def test_a_search_takes_its_text_literally(desk: Desk) -> None:
    chooser = desk.listed(desk.office.ada, "50% off", "5000 off", "a_b", "acb")
    assert [line.name for line in desk.sync.chooser(desk.office.ada, chooser.run_id, Wish(query="0%")).lines] == [
        "50% off"
    ]
    assert [line.name for line in desk.sync.chooser(desk.office.ada, chooser.run_id, Wish(query="a_")).lines] == ["a_b"]


def test_select_all_links_those_of_the_same_name_and_never_takes_what_is_a_client_already(desk: Desk) -> None:
    desk.finished(desk.office.ada, "Taken")
    created(add_client(desk.database), desk.office.ada, "Acme")
    chooser = desk.listed(desk.office.ada, "ACME", "Demo Company (US)")
    for wish in (ALL, Wish(filter=Filter.ALREADY)):
        desk.sync.choose_none(desk.office.ada, chooser.run_id, wish)
        desk.sync.choose_all(desk.office.ada, chooser.run_id, wish)
    again = desk.sync.chooser(desk.office.ada, chooser.run_id, ALL)
    assert (again.creating, again.linking) == (1, 1)
    assert desk.sync.chooser(desk.office.ada, chooser.run_id, Wish(filter=Filter.ALREADY)).lines[0].choice is (
        Choice.LEAVE
    )


def test_one_of_the_same_name_can_be_created_instead_or_left_out(desk: Desk) -> None:
    created(add_client(desk.database), desk.office.ada, "Acme")
    chooser = desk.listed(desk.office.ada, "ACME", "Other")
    acme, other = chooser.lines
    keep(desk, chooser, {acme.item_id: Choice.CREATE, other.item_id: Choice.LEAVE})
    desk.sync.start(desk.office.ada, chooser.run_id)
    desk.work()
    assert desk.clients() == ["ACME", "Acme"]


def test_what_cannot_be_chosen_is_left_alone(desk: Desk) -> None:
    desk.finished(desk.office.ada, "Taken")
    chooser = desk.listed(desk.office.ada, "New")
    [taken] = desk.sync.chooser(desk.office.ada, chooser.run_id, Wish(filter=Filter.ALREADY)).lines
    [new] = chooser.lines
    keep(desk, chooser, {taken.item_id: Choice.CREATE, new.item_id: Choice.LINK, uuid.uuid4(): Choice.CREATE})
    after = desk.sync.chooser(desk.office.ada, chooser.run_id, ALL)
    assert (after.creating, after.linking) == (1, 0)
    with pytest.raises(ConflictError):
        keep(desk, chooser, {new.item_id: Choice.TAKE})


def test_starting_with_nothing_chosen_is_refused(desk: Desk) -> None:
    chooser = desk.listed(desk.office.ada, "Acme")
    desk.sync.choose_none(desk.office.ada, chooser.run_id, ALL)
    with pytest.raises(InvalidError) as refused:
        desk.sync.start(desk.office.ada, chooser.run_id)
    assert refused.value.fields == {"organisations": "Choose at least one organisation."}


def test_starting_with_more_than_the_bundle_has_room_for_is_refused_and_loses_nothing(desk: Desk) -> None:
    with desk.database.begin() as session:
        session.get_one(Practice, desk.office.practice_id).bundle = 2
    chooser = desk.listed(desk.office.ada, *"ABCD")
    desk.sync.choose_all(desk.office.ada, chooser.run_id, ALL)
    with pytest.raises(InvalidError) as refused:
        desk.sync.start(desk.office.ada, chooser.run_id)
    assert refused.value.fields == {
        "organisations": "Your bundle has room for 2 more and you chose 4 to create. "
        "Choose fewer, or have the bundle raised first."
    }
    assert desk.sync.chooser(desk.office.ada, chooser.run_id, ALL).creating == 4


def test_a_sign_in_that_reaches_nothing_gives_an_empty_list(desk: Desk) -> None:
    chooser = desk.listed(desk.office.ada)
    assert (chooser.total, chooser.lines, chooser.pages) == (0, (), 1)


def test_listing_again_replaces_the_open_choice_and_the_old_window_says_so(desk: Desk) -> None:
    first = desk.listed(desk.office.ada, "A")
    second = desk.listed(desk.office.ada, "B")
    with pytest.raises(GoneError):
        desk.sync.chooser(desk.office.ada, first.run_id, ALL)
    assert second.total == 2
    with desk.database.read() as session:
        assert session.scalars(select(SyncRun.id)).all() == [second.run_id]
        assert session.scalar(select(func.count()).select_from(SyncItem)) == 2


def test_connecting_another_organisation_keeps_what_was_chosen(desk: Desk) -> None:
    first = desk.listed(desk.office.ada, "A", "B")
    keep(desk, first, {first.lines[0].item_id: Choice.LEAVE})
    second = desk.listed(desk.office.ada, "C")
    assert {name: choice for name, (_, choice, _) in shown(second).items()} == {
        "A": Choice.LEAVE,
        "B": Choice.CREATE,
        "C": Choice.CREATE,
    }


def test_a_choice_to_link_is_forgotten_when_the_client_was_connected_meanwhile(desk: Desk) -> None:
    created(add_client(desk.database), desk.office.ada, "Acme")
    desk.listed(desk.office.ada, "ACME")
    desk.started(desk.office.clem, "Acme")
    desk.work()
    assert shown(desk.listed(desk.office.ada)) == {"ACME": (Standing.NEW, Choice.LEAVE, None)}


def test_nobody_else_reaches_a_persons_choice(desk: Desk) -> None:
    chooser = desk.listed(desk.office.ada, "A")
    elm = office(desk.database, slack_key="T_ELM")
    for other in (desk.office.clem, elm.ada):
        with pytest.raises(GoneError):
            desk.sync.chooser(other, chooser.run_id, ALL)
        with pytest.raises(GoneError):
            desk.sync.start(other, chooser.run_id)
        with pytest.raises(GoneError):
            desk.sync.choose_all(other, chooser.run_id, ALL)
    with pytest.raises(GoneError):
        desk.sync.progress(elm.practice_id, chooser.run_id)


def test_only_the_starter_and_admins_manage_a_running_sync(desk: Desk) -> None:
    run = desk.started(desk.office.ada, "A")
    assert desk.sync.view(desk.office.clem, run.run_id).total == 1
    for refused in (desk.sync.cancel, desk.sync.retry_failed, desk.sync.view, desk.sync.invitable):
        with pytest.raises(NotPermittedError):
            refused(desk.office.jo, run.run_id)


def test_without_the_permission_nothing_is_listed_or_started(desk: Desk) -> None:
    desk.sign_in(desk.office.sam, "A")
    with pytest.raises(NotPermittedError):
        desk.sync.list_organisations(desk.office.sam, Goal.ADD)
    with pytest.raises(NotPermittedError):
        desk.sync.sign_in(desk.office.sam, Goal.ADD)
    missing = desk.sync.open(desk.office.sam).missing
    assert missing is not None
    assert missing.admins == ("U_ADA", "U_CLEM")


def test_without_a_sign_in_the_person_is_led_to_one(desk: Desk) -> None:
    assert not desk.sync.sign_in(desk.office.ada, Goal.ADD).signed_in
    with pytest.raises(NotFoundError):
        desk.sync.list_organisations(desk.office.ada, Goal.ADD)
    desk.sign_in(desk.office.clem, "A")
    assert not desk.sync.sign_in(desk.office.ada, Goal.RECONNECT).signed_in
    desk.sign_in(desk.office.ada)
    assert desk.sync.sign_in(desk.office.ada, Goal.ADD).signed_in
    assert {goal.value for goal in Goal} < {kind.value for kind in PurposeKind} | {"add"}


def test_the_opening_tells_of_the_open_choice_and_of_what_runs(desk: Desk) -> None:
    desk.started(desk.office.ada, "A", "B")
    chooser = desk.listed(desk.office.ada, "C")
    opening = desk.sync.open(desk.office.ada)
    assert opening.choosing is not None
    assert (opening.choosing.run_id, opening.choosing.state) == (chooser.run_id, SyncState.CHOOSING)
    assert [(line.total, line.settled, line.mine) for line in opening.running] == [(2, 0, True)]
    assert [line.mine for line in desk.sync.open(desk.office.clem).running] == [False]
    assert desk.sync.open(desk.office.jo).running == ()


@pytest.fixture
def advanced(desk: Desk) -> Desk:
    return make_desk(desk.database, desk.clock, slack_key="T_OAK", plan=Plan.ADVANCED, has_dhi=True, teams=("Payroll",))


def test_the_advanced_plan_assigns_the_new_clients_to_a_team(advanced: Desk) -> None:
    chooser = advanced.listed(advanced.office.ada, "Acme")
    [team] = chooser.team_choices
    advanced.sync.keep(advanced.office.ada, chooser.run_id, {}, team_id=team.id, solutions=Solutions.BOOKKEEPING_DHI)
    advanced.sync.start(advanced.office.ada, chooser.run_id)
    advanced.work()
    with advanced.database.read() as session:
        assert session.scalars(select(ClientAccess.team_id)).all() == [team.id]


def test_a_team_of_another_practice_is_refused(advanced: Desk) -> None:
    elm = office(advanced.database, slack_key="T_ELM", plan=Plan.ADVANCED, teams=("Theirs",))
    chooser = advanced.listed(advanced.office.ada, "Acme")
    with pytest.raises(InvalidError):
        advanced.sync.keep(advanced.office.ada, chooser.run_id, {}, team_id=elm.teams["Theirs"], solutions=None)


def test_a_name_longer_than_ours_may_be_is_cut(desk: Desk) -> None:
    run = desk.finished(desk.office.ada, "N" * 3000)
    assert (run.counts, [len(name) for name in desk.clients()]) == ({ItemState.CREATED: 1}, [255])


def test_ten_thousand_organisations_are_listed(desk: Desk) -> None:
    chooser = desk.listed(desk.office.ada, *(f"Firm {number:05}" for number in range(10_000)))
    assert (chooser.total, chooser.creating, chooser.counts[Standing.OVER_BUNDLE]) == (10_000, 50, 9_950)


def keep(desk: Desk, chooser: Chooser, choices: dict[uuid.UUID, Choice]) -> None:
    desk.sync.keep(desk.office.ada, chooser.run_id, choices, team_id=None, solutions=None)
