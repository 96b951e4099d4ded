"""The list of invitations, and sending to all that are listed."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from typing_extensions import override

from bot.worker import LaneSettings, Worker
from db.models import Client, ClientAccess, ClientUser, Colleague, Invitation, InvitationStatus, Job, Lane
from db.session import Database
from services.actor import Actor
from services.clients.users import add_owner
from services.errors import ConflictError
from services.invitations.bulk import BULK_DONE, NAMED, BulkInviting, BulkReport, Skipped
from services.invitations.first_user import FirstUserService
from services.invitations.listing import (
    InvitationLine,
    InvitationListService,
    InvitationWish,
    Standing,
    Target,
)
from services.jobs import Jobs
from tests.builders import KEYS, Office, add_client, created, login, office
from tests.fakes import Clock

LATER = timedelta(minutes=1)
PENDING, NEVER = InvitationWish(), InvitationWish(Standing.NEVER)


@pytest.fixture
def people(database: Database) -> Office:
    return office(database, bundle=200)


def _client(database: Database, people: Office, name: str, *, invited: bool = True) -> uuid.UUID:
    client_id = created(add_client(database), people.ada, name).client_id
    if invited:
        contact = {"contact_name": f"{name}'s owner", "contact_email": f"{name.partition(' ')[0].lower()}@mail.example"}
        FirstUserService(database, KEYS).invite(people.ada, client_id, contact)
    return client_id


def _user(database: Database, people: Office, client_id: uuid.UUID, email: str) -> uuid.UUID:
    with database.begin() as session:
        client = session.get_one(Client, client_id)
        return add_owner(session, people.ada, client, name="Cy", email=email, now=database.now()).id


def _change(database: Database, client_id: uuid.UUID, **values: object) -> None:
    with database.begin() as session:
        invitation = session.scalars(select(Invitation).where(Invitation.client_id == client_id)).one()
        for name, value in values.items():
            setattr(invitation, name, value)


def _names(database: Database, actor: Actor, standing: Standing, query: str = "") -> list[str]:
    shown = InvitationListService(database).page(actor, InvitationWish(standing, query))
    assert shown.found == len(shown.lines)
    return [line.client_name for line in shown.lines]


def _worker(database: Database, bulk: BulkInviting) -> Worker:
    return Worker(database, bulk.kinds(), {Lane.LOCAL: LaneSettings(threads=1)})


def _told(database: Database, people: Office, bulk: BulkInviting) -> list[BulkReport]:
    with database.read() as session:
        jobs = session.scalars(select(Job).where(Job.kind == BULK_DONE).order_by(Job.id)).all()
        return [bulk.report(people.practice_id, job.args) for job in jobs]


def _sent_mails(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(Job.id).where(Job.lane == Lane.MAIL)).all())


def test_each_invitation_is_counted_and_listed_where_it_stands(
    database: Database, people: Office, clock: Clock
) -> None:
    now = clock.now()
    standings: dict[str, dict[str, object]] = {
        "Queued": {},
        "Sent": {"status": InvitationStatus.SENT},
        "Opened": {"status": InvitationStatus.OPENED, "expires_at": now + timedelta(days=2)},
        "Failed": {"status": InvitationStatus.FAILED},
        "Swept": {"status": InvitationStatus.EXPIRED, "expires_at": now - timedelta(days=1)},
        "Unswept": {"status": InvitationStatus.SENT, "expires_at": now},
        "Unswept failure": {"status": InvitationStatus.FAILED, "expires_at": now - LATER},
        "Accepted": {"status": InvitationStatus.ACCEPTED, "accepted_at": now},
        "Revoked": {"status": InvitationStatus.REVOKED},
    }
    for number, (name, values) in enumerate(standings.items()):
        client_id = created(add_client(database), people.ada, f"{name} {'x' * number}").client_id
        contact = {"contact_name": "Cy", "contact_email": f"cy{number}@mail.example"}
        FirstUserService(database, KEYS).invite(people.ada, client_id, contact)
        _change(database, client_id, **values)
    _client(database, people, "Never", invited=False)
    signs_in = _client(database, people, "Signs in without", invited=False)
    user_id = _user(database, people, signs_in, "in@mail.example")
    login_id = login(database, "in@mail.example")
    with database.begin() as session:
        session.get_one(ClientUser, user_id).login_id = login_id

    shown = InvitationListService(database).page(people.ada, PENDING)

    assert shown.counts == {
        Standing.PENDING: 3,
        Standing.EXPIRING: 1,
        Standing.EXPIRED: 3,
        Standing.FAILED: 1,
        Standing.ACCEPTED: 1,
        Standing.REVOKED: 1,
        Standing.NEVER: 1,
    }
    listed = {
        standing: {name.split(" x")[0] for name in _names(database, people.ada, standing)} for standing in Standing
    }
    assert listed == {
        Standing.PENDING: {"Queued", "Sent", "Opened"},
        Standing.EXPIRING: {"Opened"},
        Standing.EXPIRED: {"Swept", "Unswept", "Unswept failure"},
        Standing.FAILED: {"Failed"},
        Standing.ACCEPTED: {"Accepted"},
        Standing.REVOKED: {"Revoked"},
        Standing.NEVER: {"Never"},
    }
    unswept = InvitationListService(database).page(people.ada, InvitationWish(Standing.EXPIRED)).lines
    assert {line.status for line in unswept} == {InvitationStatus.EXPIRED}


def test_a_line_has_all_that_is_told_in_the_reader_s_own_time(database: Database, people: Office, clock: Clock) -> None:
    client_id = _client(database, people, "Acme Ltd")
    with database.begin() as session:
        session.get_one(Colleague, people.clem.colleague_id).timezone = "Asia/Kathmandu"
        invitation = session.scalars(select(Invitation)).one()
        ids = (invitation.id, invitation.client_user_id)
    (line,) = InvitationListService(database).page(people.clem, PENDING).lines
    assert line == InvitationLine(
        client_id=client_id,
        client_name="Acme Ltd",
        client_user_id=ids[1],
        person_name="Acme Ltd's owner",
        email="acme@mail.example",
        invitation_id=ids[0],
        status=InvitationStatus.QUEUED,
        inviter="Ada Marsh",
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(days=7),
    )
    assert line.created_at is not None
    assert f"{line.created_at:%H:%M}" == "14:45"


@pytest.mark.parametrize("query", ["acme", "ACME@mail", "acme ltd's owner", "A-7", " acme  ltd "])
def test_an_invitation_is_found_by_its_client_its_person_and_its_address(
    database: Database, people: Office, query: str
) -> None:
    client_id = created(add_client(database), people.ada, "Acme Ltd", practice_code="A-7").client_id
    contact = {"contact_name": "Acme Ltd's owner", "contact_email": "acme@mail.example"}
    FirstUserService(database, KEYS).invite(people.ada, client_id, contact)
    _client(database, people, "Bolt Ltd")
    assert _names(database, people.ada, Standing.PENDING, query) == ["Acme Ltd"]
    assert _names(database, people.ada, Standing.PENDING, "%") == []


def test_what_ends_first_comes_first_and_past_the_end_there_is_the_last_page(
    database: Database, people: Office, clock: Clock
) -> None:
    for number in range(12):
        _client(database, people, f"Client{number:02} x")
        clock.advance(LATER)
    lists = InvitationListService(database)
    first = lists.page(people.ada, PENDING)
    assert [line.client_name for line in first.lines] == [f"Client{number:02} x" for number in range(10)]
    assert (first.pages, first.found, first.actionable) == (2, 12, 12)
    last = lists.page(people.ada, InvitationWish(page=99))
    assert (last.wish.page, [line.client_name for line in last.lines]) == (1, ["Client10 x", "Client11 x"])


def test_a_colleague_gets_only_what_they_see(database: Database, people: Office, clock: Clock) -> None:
    acme = _client(database, people, "Acme Ltd")
    _client(database, people, "Bolt Ltd")
    _client(database, people, "Coal Ltd", invited=False)
    elm = office(database, slack_key="T_ELM")
    _client(database, elm, "Elm's own")
    lists, bulk = InvitationListService(database), BulkInviting(database, KEYS)
    assert (lists.page(people.sam, PENDING).counts[Standing.PENDING], _names(database, people.sam, Standing.NEVER)) == (
        0,
        [],
    )
    with pytest.raises(ConflictError, match="nothing here"):
        bulk.start(people.sam, PENDING)
    with database.begin() as session:
        session.add(ClientAccess(client_id=acme, colleague_id=people.sam.colleague_id))
    clock.advance(LATER)
    assert _names(database, people.sam, Standing.PENDING) == ["Acme Ltd"]
    assert bulk.start(people.sam, PENDING) == 1
    assert _names(database, people.ada, Standing.PENDING) == ["Acme Ltd", "Bolt Ltd"]


@pytest.mark.parametrize("standing", [Standing.ACCEPTED, Standing.REVOKED])
def test_what_was_accepted_or_revoked_is_not_sent_in_bulk(
    database: Database, people: Office, standing: Standing
) -> None:
    client_id = _client(database, people, "Acme Ltd")
    _change(database, client_id, status=InvitationStatus(standing.value))
    with pytest.raises(ConflictError):
        BulkInviting(database, KEYS).start(people.ada, InvitationWish(standing))


def test_all_are_sent_and_each_that_is_left_out_is_named_with_the_reason(
    database: Database, people: Office, clock: Clock
) -> None:
    names = ["Acme Ltd", "Bolt Ltd", "Coal Ltd", "Dust Ltd"]
    _, bolt, coal, _ = (_client(database, people, name) for name in names)
    clock.advance(LATER)
    bulk = BulkInviting(database, KEYS)
    assert bulk.start(people.ada, PENDING) == 4
    _change(database, bolt, status=InvitationStatus.ACCEPTED)
    with database.begin() as session:
        session.get_one(Client, coal).deactivated_at = clock.now()
    assert _worker(database, bulk).run_due() == 1

    assert _told(database, people, bulk) == [
        BulkReport(
            practice_id=people.practice_id,
            slack_user_id="U_ADA",
            sent=2,
            skipped=(
                Skipped("Bolt Ltd", "The person has accepted the invitation."),
                Skipped("Coal Ltd", "The client is deactivated."),
            ),
            more=0,
            unfinished=False,
        )
    ]


def test_a_run_that_died_half_way_sends_the_rest_and_nothing_twice(
    database: Database, people: Office, clock: Clock
) -> None:
    for name in ("Acme Ltd", "Bolt Ltd", "Coal Ltd"):
        _client(database, people, name)
    before = _sent_mails(database)
    clock.advance(LATER)

    class Dying(BulkInviting):
        left = 2

        @override
        def _send(self, actor: Actor, target: Target, since: object) -> None:
            if not self.left:
                raise RuntimeError("killed")
            self.left -= 1
            super()._send(actor, target, since)  # type: ignore[arg-type]

    dying, bulk = Dying(database, KEYS), BulkInviting(database, KEYS)
    assert dying.start(people.ada, PENDING) == 3
    assert _worker(database, dying).run_due() == 1
    assert _sent_mails(database) == before + 2
    clock.advance(timedelta(minutes=5))
    assert _worker(database, bulk).run_due() == 1

    assert _sent_mails(database) == before + 3
    assert [(report.sent, report.skipped) for report in _told(database, people, bulk)] == [(3, ())]


def test_a_run_that_never_gets_through_is_told(database: Database, people: Office, clock: Clock) -> None:
    _client(database, people, "Acme Ltd")
    clock.advance(LATER)
    bulk = BulkInviting(database, KEYS)
    bulk.start(people.ada, PENDING)
    (kind,) = bulk.kinds()
    (claim,) = Jobs(database).claim(Lane.LOCAL, 1, LATER)
    Jobs(database).fail(claim, "broken", kind.on_failure)
    assert [report.unfinished for report in _told(database, people, bulk)] == [True]
    assert bulk.start(people.ada, PENDING) == 1


def test_many_that_are_left_out_are_named_up_to_a_number(database: Database, people: Office, clock: Clock) -> None:
    for number in range(NAMED + 3):
        _client(database, people, f"Client{number:02} x", invited=False)
    acme = _client(database, people, "Acme Ltd", invited=False)
    _user(database, people, acme, "cy@mail.example")
    bulk = BulkInviting(database, KEYS)
    page = InvitationListService(database).page(people.ada, NEVER)
    assert (page.found, page.actionable) == (NAMED + 4, 1)
    assert bulk.start(people.ada, NEVER) == 1
    _worker(database, bulk).run_due()
    (report,) = _told(database, people, bulk)
    assert (report.sent, len(report.skipped), report.more) == (1, NAMED, 3)
    assert report.skipped[0] == Skipped("Client00 x", "The client has nobody to invite yet.")


def test_two_clicks_at_once_are_one_run(database: Database, people: Office, clock: Clock) -> None:
    _client(database, people, "Acme Ltd")
    clock.advance(LATER)
    bulk, barrier = BulkInviting(database, KEYS), threading.Barrier(4)

    def start(_: int) -> int | str:
        barrier.wait()
        try:
            return bulk.start(people.ada, PENDING)
        except ConflictError as refusal:
            return refusal.message

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(start, range(4)))
    said = "Your last ones are still being sent. You get a message when that is done."
    assert sorted(map(str, outcomes)) == ["1", *[said] * 3]
