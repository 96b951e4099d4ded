"""From a file to its preview: who may, once, and what is refused."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from db.models import (
    Client,
    ClientAccess,
    Colleague,
    ImportChunk,
    ImportRun,
    ImportState,
    Job,
    JobOutcome,
    PartnerProgramme,
    Plan,
    Region,
)
from db.session import Database
from services.errors import ConflictError, GoneError, NotPermittedError
from services.uploads import template as the
from services.uploads.settling import Count
from services.uploads.shown import Problem
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock
from tests.services.uploads.desk import Desk, business, desk, set_programme


def test_a_file_is_previewed_and_nothing_is_imported_before_it_is_confirmed(uploads: Desk, birch: Office) -> None:
    run = uploads.checked(
        birch.ada,
        business(1),
        business(2, **{the.EMAIL: "nobody", the.FIRST_NAME: "Pat"}),
        business(3),
        {the.CODE: "C004"},
    )

    assert (run.state, run.clients, run.updates, run.unchanged, run.problems) == (ImportState.CHECKED, 2, 0, 0, 2)
    assert [(each.row, each.column) for each in run.first] == [(3, the.EMAIL), (5, the.NAME)]
    assert (run.total, run.errors, run.done) == (2, 2, 0)
    assert uploads.count() == 0
    assert [view.state for view in uploads.shown] == [ImportState.CHECKED] * 2


def test_the_first_ten_problems_are_named_and_all_are_counted(uploads: Desk, birch: Office) -> None:
    run = uploads.checked(birch.ada, *({the.CODE: f"C{number}"} for number in range(30)))
    assert run.first == tuple(Problem(row=2 + n, column=the.NAME, text="Enter the client's name.") for n in range(10))
    assert (run.problems, run.total) == (30, 0)


def test_a_row_that_is_there_already_is_told_from_one_that_changes_something(uploads: Desk, birch: Office) -> None:
    uploads.imported(birch.ada, business(1), business(2))
    run = uploads.checked(birch.ada, business(1), business(2, **{the.INDUSTRY: "Wholesale"}), business(3))
    assert (run.clients, run.updates, run.unchanged, run.problems) == (1, 1, 1, 0)


def test_rows_over_the_bundle_are_counted(database: Database, clock: Clock) -> None:
    small = office(database, bundle=2)
    run = desk(database, clock, small).checked(small.ada, *(business(number) for number in range(5)))
    assert (run.clients, run.problems, run.over) == (2, 3, 3)


def test_one_file_is_one_run_however_often_slack_tells_of_it(uploads: Desk, birch: Office) -> None:
    content = uploads.file([business(1)])
    first = uploads.sent(birch.ada, content, file_id="F1")
    assert uploads.sent(birch.ada, content, file_id="F1").run_id == first.run_id
    uploads.work()
    assert uploads.sent(birch.ada, content, file_id="F1").run_id == first.run_id
    assert uploads.count(ImportRun) == 1
    assert uploads.sent(birch.clem, content, file_id="F1").run_id != first.run_id


def test_a_file_that_is_sent_again_long_after_it_was_imported_is_another_run(
    uploads: Desk, birch: Office, clock: Clock
) -> None:
    first = uploads.imported(birch.ada, business(1))
    clock.advance(timedelta(hours=2))
    assert uploads.sent(birch.ada, uploads.files["F0"], file_id="F0").run_id != first.run_id


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "This file is empty"),
        (b"PK\x03\x04xxxxxxxx", "This is a spreadsheet, not a CSV file"),
        (b"%PDF-1.7 xxxxxx", "This is a PDF"),
        (b"\x89PNG\r\n\x1a\nxxxx", "This is a picture"),
        (b"a,b,c\n1,2,3\n", "none of the template's headers"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_words(uploads: Desk, birch: Office, content: bytes, words: str) -> None:
    run = uploads.checked(birch.ada, content)
    assert run.state is ImportState.REFUSED
    assert words in (run.refusal or "")
    assert uploads.count(ImportChunk) == 0
    with pytest.raises(ConflictError, match="No row of"):
        uploads.errors(birch.ada, run)
    assert uploads.uploads.confirm(birch.ada, run.run_id).state is ImportState.REFUSED


def test_a_check_that_breaks_down_is_told_with_a_reference(uploads: Desk, birch: Office, clock: Clock) -> None:
    def break_down() -> None:
        raise OSError("on purpose")

    uploads.on_check = break_down
    run = uploads.sent(birch.ada, uploads.file([business(1)]))
    uploads.work()
    clock.advance(timedelta(hours=1))
    uploads.work()
    run = uploads.view(run)
    with uploads.database.read() as session:
        job = session.scalars(select(Job).where(Job.outcome == JobOutcome.FAILED)).one()
    assert run.state is ImportState.REFUSED
    assert str(job.id) in (run.refusal or "")
    assert uploads.shown[-1].state is ImportState.REFUSED


def test_uploading_is_for_partners_and_for_those_who_may_add_clients(
    uploads: Desk, birch: Office, database: Database
) -> None:
    opening = uploads.uploads.open(birch.sam)
    assert (opening.is_partner, opening.missing and opening.missing.asked) == (True, None)
    assert opening.missing is not None
    with pytest.raises(NotPermittedError, match="Add client accounts"):
        uploads.sent(birch.sam, b"")
    assert uploads.uploads.open(birch.jo).missing is None
    set_programme(database, birch, PartnerProgramme.NONE)
    opening = uploads.uploads.open(birch.ada)
    assert (opening.is_partner, opening.admins) == (False, ("U_ADA",))
    with pytest.raises(NotPermittedError, match="partner programme"):
        uploads.sent(birch.ada, b"")
    with pytest.raises(NotPermittedError, match="partner programme"):
        uploads.uploads.send_template(birch.ada)
    with pytest.raises(NotPermittedError, match="partner programme"):
        uploads.uploads.template(birch.ada)


def test_whoever_loses_the_permission_before_the_check_is_refused(
    uploads: Desk, birch: Office, database: Database
) -> None:
    run = uploads.sent(birch.jo, uploads.file([business(1)]))
    with database.begin() as session:
        session.execute(update(Colleague).values(may_add_clients=False))
    uploads.work()
    run = uploads.view(run)
    assert (run.state, "Add client accounts" in (run.refusal or "")) == (ImportState.REFUSED, True)


@pytest.mark.parametrize("region", Region)
def test_the_template_is_the_region_s(database: Database, clock: Clock, region: Region) -> None:
    there = office(database, region=region)
    file = desk(database, clock, there).uploads.template(there.ada)
    assert file.name == f"clientdesk-clients-{region}.csv"
    assert file.content == the.template(region, Plan.ESSENTIALS)


def test_another_practice_s_run_is_not_there(uploads: Desk, birch: Office, database: Database, clock: Clock) -> None:
    run = uploads.checked(birch.ada, business(1), {the.CODE: "x"})
    elm = office(database, slack_key="T_ELM")
    other = desk(database, clock, elm).uploads
    for act in (other.view, other.confirm, other.cancel, other.send_errors):
        with pytest.raises(GoneError):
            act(elm.ada, run.run_id)
    with pytest.raises(GoneError):
        other.errors(elm.ada, run.run_id)
    with pytest.raises(GoneError):
        other.progress(elm.practice_id, run.run_id)
    with pytest.raises(GoneError):
        other.view(birch.ada, uuid.uuid4())
    assert uploads.view(run).state is ImportState.CHECKED


def test_a_run_is_its_uploader_s_and_admins_may_stop_it(uploads: Desk, birch: Office) -> None:
    run = uploads.checked(birch.jo, business(1), {the.CODE: "x"})
    with pytest.raises(NotPermittedError):
        uploads.uploads.view(birch.sam, run.run_id)
    with pytest.raises(NotPermittedError):
        uploads.uploads.cancel(birch.sam, run.run_id)
    with pytest.raises(NotPermittedError, match="Only the person who uploaded"):
        uploads.uploads.confirm(birch.ada, run.run_id)
    assert len(uploads.errors(birch.ada, run)) == 1
    assert uploads.uploads.cancel(birch.ada, run.run_id).state is ImportState.CANCELLED
    assert uploads.uploads.confirm(birch.jo, run.run_id).state is ImportState.CANCELLED
    assert uploads.work() > 0
    assert uploads.count() == 0
    assert uploads.audited("import.cancelled") == [("import.cancelled", None, {"file": "clients.csv"})]


def test_a_file_that_is_cancelled_while_it_is_checked_stays_cancelled(uploads: Desk, birch: Office) -> None:
    run = uploads.sent(birch.ada, uploads.file([business(1)]))

    def cancel() -> None:
        uploads.uploads.cancel(birch.ada, run.run_id)

    uploads.on_check = cancel
    uploads.work()
    assert uploads.view(run).state is ImportState.CANCELLED
    assert uploads.count(ImportChunk) == 0


def test_clients_that_the_uploader_can_t_open_are_not_changed(uploads: Desk, birch: Office, database: Database) -> None:
    uploads.imported(birch.ada, business(1))
    run = uploads.checked(birch.jo, business(1, **{the.INDUSTRY: "Wholesale"}), business(2))
    assert (run.clients, run.updates, run.problems) == (1, 0, 1)
    assert [(each.column, "can't open" in each.text) for each in run.first] == [(the.CODE, True)]
    with database.begin() as session:
        client = session.scalars(select(Client)).one()
        session.add(ClientAccess(client_id=client.id, colleague_id=birch.jo.colleague_id))
    run = uploads.checked(birch.jo, business(1, **{the.INDUSTRY: "Wholesale"}))
    assert (run.updates, run.problems) == (1, 0)


def test_nothing_of_a_file_can_be_read_in_the_database(uploads: Desk, birch: Office, database: Database) -> None:
    run = uploads.imported(birch.ada, business(1), business(2, **{the.UTR: "3282497350"}))
    with database.read() as session:
        chunks = session.scalars(select(ImportChunk).where(ImportChunk.run_id == run.run_id)).all()
    stored = b"".join(part for chunk in chunks for part in (chunk.content, chunk.outcome or b""))
    assert b"Client" not in stored
    assert b"3282497350" not in stored


def test_rows_are_deleted_a_week_after_the_end(uploads: Desk, birch: Office, clock: Clock) -> None:
    run = uploads.imported(birch.ada, business(1), {the.CODE: "x"})
    left = uploads.checked(birch.ada, business(2))
    clock.advance(timedelta(days=7) - timedelta(seconds=1))
    assert uploads.uploads.prune() == 0
    assert uploads.view(run).errors == 1
    clock.advance(timedelta(seconds=1))
    assert uploads.uploads.prune() == 2
    assert uploads.count(ImportChunk) == 0
    view = uploads.view(run)
    assert (view.state, view.errors, view.first, view.counts[Count.CREATED]) == (ImportState.FINISHED, 0, (), 1)
    assert uploads.view(left).state is ImportState.CANCELLED
    with pytest.raises(ConflictError, match="deleted 7 days after"):
        uploads.uploads.send_errors(birch.ada, run.run_id)
    assert uploads.uploads.prune() == 0


def test_a_client_that_another_way_has_added_is_found(uploads: Desk, birch: Office, database: Database) -> None:
    created(add_client(database), birch.ada, "Acme Ltd", practice_code="A1")
    run = uploads.checked(birch.ada, {the.NAME: "Acme Ltd", the.CODE: "a1"}, {the.NAME: "ACME Limited"})
    assert (run.clients, run.unchanged, run.problems) == (0, 1, 1)
