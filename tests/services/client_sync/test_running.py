"""A sync creates each chosen organisation's client once, whatever happens meanwhile."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import select, update

from db.models import (
    Account,
    AuditEntry,
    Choice,
    Client,
    Connection,
    Contact,
    ItemState,
    Job,
    JobOutcome,
    Provider,
    Source,
    SyncState,
)
from services.accounting.port import AuthorisationDead, Limited, LimitScope, NotAuthorised, Offline
from services.client_sync.records import Outcome, Wish
from tests.builders import add_client, created
from tests.services.client_sync.conftest import Desk

NAMES = [f"Firm {number:02}" for number in range(11)]


def test_every_chosen_organisation_becomes_a_connected_client_with_its_lists(desk: Desk) -> None:
    run = desk.finished(desk.office.ada, *NAMES)
    assert (run.state, run.counts, run.information_done) == (SyncState.FINISHED, {ItemState.CREATED: 11}, 11)
    assert desk.connections() == {name: (name, str(desk.office.ada.colleague_id)) for name in NAMES}
    with desk.database.read() as session:
        assert len(session.scalars(select(Account)).all()) == 11
        assert len(session.scalars(select(Contact)).all()) == 22
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "client.created")).all()
    assert {(entry.source, entry.colleague_id) for entry in entries} == {(Source.WORKER, desk.office.ada.colleague_id)}


def test_all_organisations_come_before_all_lists(desk: Desk) -> None:
    desk.xero.before = lambda _: desk.clock.advance(timedelta(milliseconds=1))  # jobs of one moment have no order
    desk.finished(desk.office.ada, *NAMES)
    first = [tenant for _, tenant in desk.xero.asked[:11]]
    assert sorted(first) == [f"{name}-id" for name in NAMES]


def test_a_sync_has_few_jobs_at_a_time_so_that_another_gets_its_turn(desk: Desk) -> None:
    desk.started(desk.office.ada, *NAMES)
    desk.started(desk.office.clem, "Late A", "Late B")
    desk.work()
    tenants = [tenant for _, tenant in desk.xero.asked]
    assert tenants.index("Late B-id") < tenants.index("Firm 09-id")


def test_starting_twice_starts_once(desk: Desk) -> None:
    run = desk.started(desk.office.ada, *NAMES)
    again = desk.sync.start(desk.office.ada, run.run_id)
    assert (again.round, again.total) == (1, 11)
    desk.work()
    assert Counter(desk.clients()) == Counter(NAMES)


def test_two_colleagues_who_sync_the_same_organisations_get_each_once(desk: Desk) -> None:
    first = desk.started(desk.office.ada, *NAMES)
    second = desk.started(desk.office.clem, *NAMES)
    desk.work()
    assert Counter(desk.clients()) == Counter(NAMES)
    outcomes = Counter(
        state
        for run, actor in ((first, desk.office.ada), (second, desk.office.clem))
        for state, _ in desk.states(run.run_id).values()
    )
    assert outcomes == {ItemState.CREATED: 11, ItemState.SKIPPED: 11}
    said = {reason for state, reason in desk.states(second.run_id).values() if state is ItemState.SKIPPED}
    assert all(reason is not None and reason.startswith("Already connected to your client Firm") for reason in said)


def test_each_request_is_made_with_the_starters_own_token(desk: Desk) -> None:
    desk.started(desk.office.ada, "Ours A", "Ours B")
    desk.started(desk.office.clem, "Theirs A", "Theirs B")
    desk.work()
    assert {(user, tenant.split()[0]) for user, tenant in desk.xero.asked} == {
        (str(desk.office.ada.colleague_id), "Ours"),
        (str(desk.office.clem.colleague_id), "Theirs"),
    }


def test_an_organisation_with_the_name_of_an_unconnected_client_is_linked(desk: Desk) -> None:
    acme = created(add_client(desk.database), desk.office.ada, "Acme Ltd")
    run = desk.finished(desk.office.ada, "ACME Limited", "Other")
    assert run.counts == {ItemState.LINKED: 1, ItemState.CREATED: 1}
    assert desk.connections()["Acme Ltd"][0] == "ACME Limited"
    with desk.database.read() as session:
        assert session.scalars(select(Connection.client_id).where(Connection.tenant_id == "ACME Limited-id")).one() == (
            acme.client_id
        )


def test_a_client_connected_meanwhile_is_not_linked_again(desk: Desk) -> None:
    created(add_client(desk.database), desk.office.ada, "Acme Ltd")
    first = desk.started(desk.office.ada, "Acme")
    second = desk.started(desk.office.clem, "ACME")
    desk.work()
    assert desk.states(first.run_id) == {"Acme": (ItemState.LINKED, None)}
    assert desk.states(second.run_id) == {"ACME": (ItemState.SKIPPED, "Your client Acme Ltd was connected meanwhile.")}


def test_a_bundle_full_half_way_fails_the_rest_which_can_be_tried_again(desk: Desk) -> None:
    run = desk.started(desk.office.ada, *NAMES)
    with desk.database.begin() as session:
        from db.models import Practice

        session.get_one(Practice, desk.office.practice_id).bundle = 5
    desk.work()
    stopped = desk.sync.view(desk.office.ada, run.run_id)
    assert stopped.counts == {ItemState.CREATED: 5, ItemState.FAILED: 6}
    assert stopped.failed[0] == Outcome(name="Firm 05", reason="Your client bundle is full: 5 of 5 used.")
    with desk.database.begin() as session:
        session.get_one(Practice, desk.office.practice_id).bundle = 50
    again = desk.sync.retry_failed(desk.office.ada, run.run_id)
    assert (again.state, again.round) == (SyncState.RUNNING, 2)
    desk.work()
    assert desk.sync.view(desk.office.ada, run.run_id).counts == {ItemState.CREATED: 11}
    assert Counter(desk.clients()) == Counter(NAMES)


def test_an_organisation_that_xero_no_longer_opens_fails_alone(desk: Desk) -> None:
    desk.sign_in(desk.office.ada, *NAMES)
    desk.xero.failures["Firm 03-id"] = [NotAuthorised(Provider.XERO)]
    run = desk.finished(desk.office.ada)
    assert run.counts == {ItemState.CREATED: 10, ItemState.FAILED: 1}
    assert run.failed == (
        Outcome(name="Firm 03", reason="Xero no longer gives access to this organisation. Connect it again."),
    )


def test_one_that_is_offline_for_a_while_is_created_later(desk: Desk) -> None:
    desk.sign_in(desk.office.ada, *NAMES)
    desk.xero.failures["Firm 03-id"] = [Offline(Provider.XERO)] * 3
    assert desk.finished(desk.office.ada).counts == {ItemState.CREATED: 11}


def test_a_limit_half_way_makes_it_wait_and_go_on(desk: Desk) -> None:
    desk.sign_in(desk.office.ada, *NAMES)
    wait = timedelta(minutes=1)
    for number in (4, 5):
        desk.xero.failures[f"Firm {number:02}-id"] = [Limited(Provider.XERO, wait, LimitScope.APP)] * 9
    began = desk.clock.now()
    assert desk.finished(desk.office.ada).counts == {ItemState.CREATED: 11}
    assert desk.clock.now() - began > 5 * wait


def test_a_sign_in_that_ends_half_way_fails_what_is_left(desk: Desk) -> None:
    desk.sign_in(desk.office.ada, *NAMES)
    for name in NAMES[6:]:
        desk.xero.failures[f"{name}-id"] = [AuthorisationDead(Provider.XERO)]
    run = desk.finished(desk.office.ada)
    assert run.counts == {ItemState.CREATED: 6, ItemState.FAILED: 5}
    assert run.failed[0].reason == "The sign-in at Xero has ended. Connect Xero again."


def test_cancelling_stops_what_has_not_started_and_lists_still_follow(desk: Desk) -> None:
    run = desk.started(desk.office.ada, *NAMES)
    done: list[str] = []

    def cancel_at_the_third(tenant: str) -> None:
        done.append(tenant)
        if len(done) == 3:
            desk.sync.cancel(desk.office.clem, run.run_id)

    desk.xero.before = cancel_at_the_third
    desk.work()
    ended = desk.sync.view(desk.office.ada, run.run_id)
    assert ended.counts == {ItemState.CREATED: 2, ItemState.CANCELLED: 9}
    assert (ended.state, ended.cancelled, ended.information_done) == (SyncState.FINISHED, True, 2)


def test_cancelling_before_anything_began_ends_it_at_once(desk: Desk) -> None:
    run = desk.started(desk.office.ada, *NAMES)
    ended = desk.sync.cancel(desk.office.ada, run.run_id)
    assert (ended.state, ended.counts) == (SyncState.FINISHED, {ItemState.CANCELLED: 11})
    desk.work()
    assert (desk.clients(), desk.xero.asked) == ([], [])


def test_a_person_who_may_not_add_clients_any_more_creates_none(desk: Desk) -> None:
    run = desk.started(desk.office.jo, "Acme")
    with desk.database.begin() as session:
        from db.models import Colleague

        session.get_one(Colleague, desk.office.jo.colleague_id).may_add_clients = False
    desk.work()
    assert desk.clients() == []
    assert desk.states(run.run_id)["Acme"][0] is ItemState.FAILED


def test_a_standard_colleague_can_open_what_they_created(desk: Desk) -> None:
    run = desk.finished(desk.office.jo, "Acme")
    [client] = desk.sync.invitable(desk.office.jo, run.run_id).clients
    assert client.name == "Acme"


def test_lists_that_fail_are_tried_again_without_another_client(desk: Desk) -> None:
    desk.sign_in(desk.office.ada, "Acme")
    desk.xero.list_failures["Acme-id"] = [NotAuthorised(Provider.XERO)]
    run = desk.finished(desk.office.ada)
    assert (run.counts, run.information_failed) == ({ItemState.CREATED: 1}, 1)
    desk.sync.retry_failed(desk.office.ada, run.run_id)
    desk.work()
    again = desk.sync.view(desk.office.ada, run.run_id)
    assert (again.information_done, again.information_failed, desk.clients()) == (1, 0, ["Acme"])


def test_a_client_connected_to_something_else_meanwhile_keeps_out_the_lists(desk: Desk) -> None:
    run = desk.started(desk.office.ada, "Acme")

    def change_once_it_is_there(_: str) -> None:
        with desk.database.begin() as session:
            session.execute(update(Connection).values(tenant_id="other"))

    desk.xero.before = change_once_it_is_there
    desk.work()
    assert desk.sync.view(desk.office.ada, run.run_id).information_failed == 1
    with desk.database.read() as session:
        assert session.scalars(select(Contact)).all() == []


def test_something_unexpected_is_told_in_plain_words(desk: Desk) -> None:
    desk.sign_in(desk.office.ada, "Acme")
    desk.xero.failures["Acme-id"] = [ValueError("secret detail")] * 9
    run = desk.finished(desk.office.ada)
    assert [each.reason for each in run.failed] == [
        "Something went wrong in Clientdesk. Try again; if it happens again, tell whoever runs it."
    ]


def test_a_sync_with_nothing_in_hand_goes_on_by_itself(desk: Desk) -> None:
    run = desk.started(desk.office.ada, *NAMES)
    with desk.database.begin() as session:
        for job in session.scalars(select(Job).where(Job.batch == run.run_id)):
            job.due, job.outcome, job.finished_at = None, JobOutcome.CANCELLED, desk.clock.now()
    desk.sync.runner.tend()
    desk.work()
    assert desk.sync.view(desk.office.ada, run.run_id).counts == {ItemState.CREATED: 11}


def test_no_client_is_created_that_was_left_out(desk: Desk) -> None:
    chooser = desk.listed(desk.office.ada, *NAMES)
    desk.sync.choose_none(desk.office.ada, chooser.run_id, Wish())
    desk.sync.keep(
        desk.office.ada, chooser.run_id, {chooser.lines[2].item_id: Choice.CREATE}, team_id=None, solutions=None
    )
    desk.sync.start(desk.office.ada, chooser.run_id)
    desk.work()
    assert desk.clients() == ["Firm 02"]
    with desk.database.read() as session:
        assert session.scalars(select(Client.industry)).one() is None
