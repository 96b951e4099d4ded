"""From a preview to clients: each once, whatever happens meanwhile, and what fails comes back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from db.models import (
    Colleague,
    ImportRun,
    ImportState,
    Lane,
    PartnerProgramme,
    Practice,
)
from db.session import Database
from services.jobs import Jobs, LostClaim
from services.uploads import importing
from services.uploads import template as the
from services.uploads.settling import Count, settle
from services.uploads.shown import running_for
from tests.builders import Office
from tests.fakes import Clock
from tests.services.uploads.desk import Desk, as_file, business, counts, set_programme

INVITED = {the.FIRST_NAME: "Pat", the.EMAIL: "pat@acme.example", the.EMAIL_INVITE: "Yes"}


def test_each_creation_and_the_import_are_in_the_audit_trail(uploads: Desk, birch: Office, database: Database) -> None:
    run = uploads.imported(birch.ada, business(1, **INVITED), business(2), {the.CODE: "x"})
    audited = uploads.audited("client.created", "client_user.added", "invitation.created")
    assert [action for action, _, _ in audited] == ["client.created", "client.created", "invitation.created"]
    after = audited[0][2] or {}
    assert (after["name"], after["practice_code"], after["import"]) == ("Client 001 Ltd", "C001", str(run.run_id))
    assert (after["contact_name"], after["contact_email"]) == ("Pat", "pat@acme.example")
    started, finished = uploads.audited("import.started", "import.finished")
    assert started[2] == {"file": "clients.csv", "clients": 2, "sources": 0, "updates": 0, "left_out": 1}
    assert (finished[2] or {})["created"] == 2
    with database.read() as session:
        run_row = session.get_one(ImportRun, run.run_id)
    assert run_row.finished_at is not None


def test_of_500_rows_with_20_bad_ones_480_are_created_and_the_others_once_they_are_mended(
    uploads: Desk, birch: Office
) -> None:
    rows = [
        business(number, **{the.EMAIL: f"pat{number}@acme.example", the.FIRST_NAME: "Pat"}) for number in range(500)
    ]
    for number in range(0, 500, 25):
        rows[number][the.EMAIL] = "nobody"

    first = uploads.imported(birch.ada, *rows)
    assert (first.problems, counts(first), uploads.count()) == (20, {"created": 480}, 480)

    back = uploads.errors(birch.ada, first)
    assert [row[the.CODE] for row in back] == [f"C{number:03}" for number in range(0, 500, 25)]
    assert all(row[the.ERRORS].startswith("Contact email: ") for row in back)
    mended = [{**row, the.EMAIL: f"{row[the.CODE]}@acme.example"} for row in back]
    second = uploads.imported(birch.ada, as_file(mended))
    assert (second.problems, counts(second), uploads.count()) == (0, {"created": 20}, 500)

    again = uploads.checked(birch.ada, *({**row, the.EMAIL: ""} for row in rows))
    assert (again.clients, again.updates, again.problems, again.unchanged) == (0, 0, 0, 500)


def test_the_same_file_of_two_admins_creates_each_client_once(uploads: Desk, birch: Office, small_chunks: None) -> None:
    rows = [business(number) for number in range(25)]
    first, second = (uploads.sent(actor, uploads.file(rows)) for actor in (birch.ada, birch.clem))
    uploads.work()
    for actor, run in ((birch.ada, first), (birch.clem, second)):
        assert uploads.uploads.confirm(actor, run.run_id).total == 25
    uploads.work()
    found = [uploads.view(run).counts for run in (first, second)]
    assert uploads.count() == 25
    assert sum(each[Count.CREATED] for each in found) == 25
    assert sum(each[Count.UNCHANGED] for each in found) == 25
    assert [each[Count.FAILED] for each in found] == [0, 0]


def test_a_process_that_dies_between_chunks_or_in_one_loses_and_doubles_nothing(
    uploads: Desk, birch: Office, clock: Clock, small_chunks: None
) -> None:
    run = uploads.checked(birch.ada, *(business(number) for number in range(35)))
    uploads.uploads.confirm(birch.ada, run.run_id)
    (kind,) = uploads.uploads.kinds()
    jobs = Jobs(uploads.database)
    lease = timedelta(minutes=1)
    (frozen,) = jobs.claim(Lane.LOCAL, 1, lease)
    clock.advance(lease)  # it died, or sleeps, and another process has the job by now
    (taken,) = jobs.claim(Lane.LOCAL, 1, lease)
    kind.run(taken)
    assert uploads.count() == 10
    with pytest.raises(LostClaim):
        kind.run(frozen)
    assert uploads.count() == 10

    uploads.work()
    assert (uploads.count(), counts(uploads.view(run))) == (35, {"created": 35})
    assert uploads.view(run).state is ImportState.FINISHED


def test_a_chunk_is_all_or_nothing(uploads: Desk, birch: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    run = uploads.checked(birch.ada, *(business(number) for number in range(5)))
    uploads.uploads.confirm(birch.ada, run.run_id)
    with monkeypatch.context() as broken:
        broken.setattr(importing, "pack_outcome", lambda *_: 1 / 0)
        uploads.work()
    assert (uploads.count(), counts(uploads.view(run))) == (0, {})
    clock.advance(timedelta(minutes=1))
    uploads.work()
    assert (uploads.count(), counts(uploads.view(run))) == (5, {"created": 5})


def test_a_chunk_that_can_t_be_done_fails_with_words_and_the_others_go_on(
    uploads: Desk, birch: Office, clock: Clock, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = uploads.checked(birch.ada, *(business(number) for number in range(25)))
    uploads.uploads.confirm(birch.ada, run.run_id)

    def poisoned(work: Any, columns: Any, kept: Any) -> Any:
        if kept[0].number == 12:
            raise RuntimeError("on purpose")
        return settle(work, columns, kept)

    monkeypatch.setattr(importing, "settle", poisoned)
    for _ in range(8):
        uploads.work()
        clock.advance(timedelta(minutes=5))
    view = uploads.view(run)
    assert (view.state, counts(view), uploads.count()) == (ImportState.FINISHED, {"created": 15, "failed": 10}, 15)
    back = uploads.errors(birch.ada, run)
    assert len(back) == 10
    assert all("Something went wrong in Clientdesk" in row[the.ERRORS] for row in back)
    monkeypatch.undo()
    assert counts(uploads.imported(birch.ada, as_file(back))) == {"created": 10}


def test_what_the_bundle_has_no_room_for_any_more_fails_with_words(
    uploads: Desk, birch: Office, database: Database, small_chunks: None
) -> None:
    run = uploads.checked(birch.ada, *(business(number) for number in range(30)))
    assert run.clients == 30
    with database.begin() as session:
        session.execute(update(Practice).values(bundle=12))
    uploads.uploads.confirm(birch.ada, run.run_id)
    uploads.work()
    view = uploads.view(run)
    assert (counts(view), uploads.count()) == ({"created": 12, "failed": 18}, 12)
    assert "Over the bundle" in view.failed[0].text
    assert len(view.failed) == 10
    assert len(uploads.errors(birch.ada, run)) == 18


def test_a_code_that_somebody_took_meanwhile_is_not_given_twice(uploads: Desk, birch: Office) -> None:
    run = uploads.checked(birch.ada, business(1), business(2))
    uploads.imported(birch.clem, {the.NAME: "Quite another", the.CODE: "c001", the.INDUSTRY: "Wholesale"})
    uploads.uploads.confirm(birch.ada, run.run_id)
    uploads.work()
    # The row stands for the client with its code by now, as it would if the file were sent again.
    assert counts(uploads.view(run)) == {"created": 1, "updated": 1}
    assert uploads.names() == ["Client 001 Ltd", "Client 002 Ltd"]


@pytest.mark.parametrize("how", ["permission", "programme", "left"])
def test_who_may_not_upload_any_more_adds_no_further_client(
    uploads: Desk, birch: Office, database: Database, small_chunks: None, how: str
) -> None:
    run = uploads.checked(birch.jo, *(business(number) for number in range(25)))
    uploads.uploads.confirm(birch.jo, run.run_id)
    (kind,) = uploads.uploads.kinds()
    (first,) = Jobs(database).claim(Lane.LOCAL, 1, timedelta(minutes=1))
    kind.run(first)
    if how == "programme":
        set_programme(database, birch, PartnerProgramme.NONE)
    else:
        changed = {"may_add_clients": False} if how == "permission" else {"active": False}
        with database.begin() as session:
            session.execute(update(Colleague).where(Colleague.id == birch.jo.colleague_id).values(**changed))
    uploads.work()
    view = uploads.view(run)
    assert (view.state, counts(view)) == (ImportState.FINISHED, {"created": 10, "failed": 15})
    assert len(uploads.errors(birch.ada, run)) == 15


def test_cancelling_stops_what_has_not_started(
    uploads: Desk, birch: Office, database: Database, small_chunks: None
) -> None:
    run = uploads.checked(birch.ada, *(business(number) for number in range(25)), {the.CODE: "x"})
    uploads.uploads.confirm(birch.ada, run.run_id)
    (kind,) = uploads.uploads.kinds()
    (first,) = Jobs(database).claim(Lane.LOCAL, 1, timedelta(minutes=1))
    kind.run(first)
    assert uploads.uploads.cancel(birch.clem, run.run_id).state is ImportState.CANCELLED
    uploads.work()
    view = uploads.view(run)
    assert (uploads.count(), counts(view), view.errors) == (10, {"created": 10}, 16)
    back = uploads.errors(birch.ada, run)
    assert [row[the.ERRORS].startswith("Not imported") for row in back] == [True] * 15 + [False]
    assert uploads.shown[-1].state is ImportState.CANCELLED
    cancelled = uploads.audited("import.cancelled")
    assert len(cancelled) == 1
    assert uploads.uploads.cancel(birch.clem, run.run_id).state is ImportState.CANCELLED
    assert uploads.audited("import.cancelled") == cancelled


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
def test_a_chunk_that_is_being_done_while_somebody_cancels_counts(
    uploads: Desk, birch: Office, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = uploads.checked(birch.ada, *(business(number) for number in range(25)))
    uploads.uploads.confirm(birch.ada, run.run_id)

    def cancelled_meanwhile(work: Any, columns: Any, kept: Any) -> Any:
        uploads.uploads.cancel(birch.clem, run.run_id)
        return settle(work, columns, kept)

    monkeypatch.setattr(importing, "settle", cancelled_meanwhile)
    uploads.work()
    view = uploads.shown[-1]
    assert (view.state, counts(view), uploads.count()) == (ImportState.CANCELLED, {"created": 10}, 10)


def test_an_import_starts_once_and_says_how_it_goes(uploads: Desk, birch: Office, small_chunks: None) -> None:
    run = uploads.checked(birch.ada, *(business(number) for number in range(25)))
    assert [uploads.uploads.confirm(birch.ada, run.run_id).state for _ in range(2)] == [ImportState.IMPORTING] * 2
    with uploads.database.read() as session:
        (line,) = running_for(session, session.get_one(Colleague, birch.ada.colleague_id), all_of_practice=False)
        clem = session.get_one(Colleague, birch.clem.colleague_id)
        assert running_for(session, clem, all_of_practice=False) == ()
        assert len(running_for(session, clem, all_of_practice=True)) == 1
    assert (line.file_name, line.total, line.done, line.mine) == ("clients.csv", 25, 0, True)
    assert uploads.uploads.open(birch.clem).running[0].uploader == "U_ADA"
    uploads.work()
    assert uploads.shown[-1].state is ImportState.FINISHED
    assert len(uploads.audited("import.started")) == 1


def test_an_import_waits_while_the_practice_has_uninstalled_the_app(
    uploads: Desk, birch: Office, database: Database, clock: Clock
) -> None:
    run = uploads.checked(birch.ada, business(1))
    uploads.uploads.confirm(birch.ada, run.run_id)
    with database.begin() as session:
        session.execute(update(Practice).values(uninstalled_at=clock.now()))
    uploads.work()
    assert uploads.count() == 0
    with database.begin() as session:
        session.execute(update(Practice).values(uninstalled_at=None))
    clock.advance(timedelta(hours=6))
    uploads.work()
    assert uploads.count() == 1
