"""The list of clients as a CSV file."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from db.models import AuditEntry, ClientKind, Colleague, Job, Plan
from db.session import Database
from services.clients.access_of import ClientAccessService
from services.clients.codes import ClientCodesService
from services.clients.export import EXPORT, ClientListExportService, ClientListFile, args_of, wish_of
from services.clients.lifecycle import ClientLifecycleService
from services.clients.search import Invited, Linked, Whose, Wish
from services.errors import NotFoundError, NotPermittedError
from services.files import Asked
from tests.builders import DOMAIN, Office, add_client, created, office, to_review
from tests.fakes import Clock

ALL = Wish(active=True)


def _service(database: Database, most_rows: int = 100) -> ClientListExportService:
    return ClientListExportService(database, extract_domain=DOMAIN, most_rows=most_rows)


def _asked(database: Database, people: Office) -> Asked:
    return Asked(practice_id=people.practice_id, colleague_id=people.ada.colleague_id, at=database.now())


def _file(database: Database, people: Office, wish: Wish = ALL, **options: int) -> ClientListFile:
    service = _service(database, **options)
    return service.file(_asked(database, people), wish)


def _rows(file: ClientListFile) -> list[dict[str, str]]:
    assert file.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))


def test_the_file_tells_all_of_each_client_that_is_listed(database: Database) -> None:
    people = office(database, plan=Plan.ADVANCED)
    service = add_client(database)
    page = to_review(
        service,
        people.ada,
        details={"name": "=cmd()", "practice_code": "+1", "industry": "Wholesale"},
        invite={"invite": "now", "contact_name": "Cy", "contact_email": "cy@example.com"},
    )
    service.create(people.ada, page.draft_id, revision=page.revision)
    other = created(service, people.ada, "Söhne & Co")
    gone = created(service, people.ada, "Gone Ltd")
    ClientLifecycleService(database).deactivate(people.ada, gone.client_id)
    managers = ClientAccessService(database)
    managers.set_manager(people.ada, other.client_id, {"account_manager": str(people.sam.colleague_id)})
    file = _file(database, people)
    assert (file.rows, file.is_cut, file.file_name) == (2, False, "Clients 2026-03-02 09-00-00.csv")
    first, second = _rows(file)
    assert list(first.values())[1:] == [
        "'=cmd()",
        "'+1",
        "Business",
        "Wholesale",
        f"cmd@{DOMAIN}",
        "Cy",
        "cy@example.com",
        "Queued",
        "Not connected",
        "",
        "",
        "2026-03-02",
        "",
    ]
    assert (second["Clientdesk ID"], second["Name"], second["Account manager"], second["Invitation"]) == (
        str(other.client_id),
        "Söhne & Co",
        "Sam Price",
        "Not invited",
    )
    everybody = _rows(_file(database, people, Wish()))
    assert [row["Deactivated (Europe/London)"] for row in everybody] == ["", "2026-03-02", ""]


def test_what_does_not_fit_into_one_file_is_said(database: Database) -> None:
    people = office(database)
    for number in range(3):
        created(add_client(database), people.ada, f"Client {number}")
    file = _file(database, people, most_rows=2)
    assert (file.rows, file.is_cut, len(_rows(file))) == (2, True, 2)
    assert _file(database, people, most_rows=3).is_cut is False


def test_an_exported_file_is_taken_as_an_upload_of_codes_and_changes_nothing(database: Database) -> None:
    people = office(database)
    for number, name in enumerate(("=Acme", "Bolt", "'Cove")):
        created(add_client(database), people.ada, name, practice_code=f"@{number}")
    content = _file(database, people).content.decode()
    done = ClientCodesService(database).save(people.ada, content)
    assert (done.changes, done.unchanged, done.problems) == ((), 3, ())


def test_asked_twice_within_a_minute_it_is_one_file(database: Database, clock: Clock) -> None:
    people, service = office(database), _service(database)
    created(add_client(database), people.ada)
    for wish in (ALL, ALL, Wish(page=3, active=True), Wish("acme")):
        service.request(people.ada, wish)
    clock.advance(timedelta(minutes=2))
    service.request(people.ada, ALL)
    with database.read() as session:
        jobs = session.scalars(select(Job.args).where(Job.kind == EXPORT).order_by(Job.id)).all()
        assert session.scalar(select(func.count()).where(AuditEntry.action == "clients.exported")) == 3
    assert [wish_of(args["wish"]) for args in jobs] == [ALL, Wish("acme"), ALL]


def test_a_wish_comes_back_from_a_job_as_it_was() -> None:
    for wish in (
        Wish(),
        ALL,
        Wish("x", 0, ClientKind.SOLO, Invited.FAILED, Linked.NONE, Whose.TEAM, active=False),
    ):
        assert wish_of(args_of(wish)) == wish


def test_nothing_is_exported_of_nothing_or_by_somebody_who_left(database: Database) -> None:
    people, service = office(database), _service(database)
    created(add_client(database), people.ada)
    with pytest.raises(NotFoundError, match="nothing to export"):
        service.request(people.sam, ALL)
    with pytest.raises(NotFoundError, match="nothing to export"):
        service.request(people.ada, Wish("zzz"))
    with database.begin() as session:
        session.get_one(Colleague, people.ada.colleague_id).active = False
    with pytest.raises(NotPermittedError):
        service.request(people.ada, ALL)
    with pytest.raises(NotPermittedError):
        service.file(_asked(database, people), ALL)
