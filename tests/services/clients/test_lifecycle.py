"""Deactivating a client and bringing it back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from db.models import AuditEntry, Client, ClientUser, Invitation, InvitationStatus
from db.session import Database
from services.clients.lifecycle import ClientLifecycleService, Lifecycle, months_after
from services.clients.search import ClientSearchService, Wish
from services.errors import BundleFullError, ConflictError, NotFoundError, ServiceError
from services.invitations.renewing import InvitationActions
from services.practice import Bundle
from tests.builders import KEYS, Office, add_client, created, office, to_review
from tests.fakes import Clock

INVITE = {"invite": "now", "contact_name": "Cy", "contact_email": "cy@example.com"}


def _invited(database: Database, people: Office) -> None:
    service = add_client(database)
    page = to_review(service, people.ada, invite=INVITE)
    service.create(people.ada, page.draft_id, revision=page.revision)


def _only(database: Database) -> Client:
    with database.read() as session:
        return session.scalars(select(Client)).one()


def _actions(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_deactivated_client_gives_its_place_back_and_its_invitations_end(database: Database, clock: Clock) -> None:
    people, service = office(database, bundle=1), ClientLifecycleService(database)
    _invited(database, people)
    client = _only(database)
    before = service.lifecycle(people.ada, client.id)
    assert before == Lifecycle(
        client_id=client.id,
        name="Acme Ltd",
        deactivated_at=None,
        returns_at=None,
        may_return=False,
        waiting_invitations=1,
        is_connected=False,
        bundle=Bundle(used=1, included=1),
    )
    service.deactivate(people.clem, client.id)
    service.deactivate(people.ada, client.id)
    after = service.lifecycle(people.ada, client.id)
    assert (after.deactivated_at, after.waiting_invitations) == (clock.now(), 0)
    assert after.bundle == Bundle(used=0, included=1)
    with database.read() as session:
        invitation = session.scalars(select(Invitation)).one()
    assert (invitation.status, invitation.next_reminder_at) == (InvitationStatus.REVOKED, None)
    assert [each for each in _actions(database) if each in {"client.deactivated", "invitation.revoked"}] == [
        "invitation.revoked",
        "client.deactivated",
    ]
    search = ClientSearchService(database)
    assert [search.find(people.ada, Wish(active=active)).found for active in (True, False, None)] == [0, 1, 1]
    assert created(add_client(database), people.ada, "Bolt Ltd").name == "Bolt Ltd"


def test_nobody_is_reminded_of_an_invitation_that_expired_before(database: Database, clock: Clock) -> None:
    people, service = office(database), ClientLifecycleService(database)
    _invited(database, people)
    with database.begin() as session:
        invitation = session.scalars(select(Invitation)).one()
        invitation.status = InvitationStatus.EXPIRED
        invitation.next_reminder_at = invitation.next_nudge_at = clock.now()
    service.deactivate(people.ada, _only(database).id)
    with database.read() as session:
        invitation = session.scalars(select(Invitation)).one()
    assert (invitation.status, invitation.next_reminder_at, invitation.next_nudge_at) == (
        InvitationStatus.EXPIRED,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 7, 2, 9, tzinfo=UTC)),
        (datetime(2026, 10, 31, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC)),
        (datetime(2027, 10, 31, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)),
        (datetime(2026, 8, 31, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)),
    ],
)
def test_four_months_end_on_the_same_day_or_the_month_s_last(start: datetime, end: datetime) -> None:
    assert months_after(start, 4) == end


def test_a_client_comes_back_after_four_months_and_not_before(database: Database, clock: Clock) -> None:
    people, service = office(database), ClientLifecycleService(database)
    client = created(add_client(database), people.ada)
    service.deactivate(people.ada, client.client_id)
    clock.set(datetime(2026, 7, 2, 8, 59, tzinfo=UTC))
    with pytest.raises(ConflictError, match="from 2 July 2026 at 10:00"):
        service.reactivate(people.ada, client.client_id)
    assert service.lifecycle(people.ada, client.client_id).may_return is False
    clock.advance(timedelta(minutes=1))
    assert service.lifecycle(people.ada, client.client_id).may_return is True
    service.reactivate(people.ada, client.client_id)
    service.reactivate(people.ada, client.client_id)
    assert _only(database).deactivated_at is None
    assert _actions(database).count("client.reactivated") == 1


def test_the_last_place_is_taken_once_however_many_come_back(database: Database, clock: Clock) -> None:
    people, service = office(database, bundle=6), ClientLifecycleService(database)
    clients = [created(add_client(database), people.ada, f"Client {number}").client_id for number in range(6)]
    for client_id in clients:
        service.deactivate(people.ada, client_id)
    clock.advance(timedelta(days=200))
    for number in range(5):
        created(add_client(database), people.ada, f"Newer {number}")

    def come_back(number: int) -> object:
        try:
            service.reactivate(people.ada, clients[number])
        except ServiceError as error:
            return type(error)
        return None

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(come_back, range(6)))
    assert outcomes.count(None) == 1
    assert outcomes.count(BundleFullError) == 5
    assert service.lifecycle(people.ada, clients[0]).bundle == Bundle(used=6, included=6)


def test_resending_and_deactivating_at_once_never_wait_for_each_other(database: Database) -> None:
    people, service = office(database), ClientLifecycleService(database)
    _invited(database, people)
    with database.read() as session:
        invitation_id = session.scalars(select(Invitation.id)).one()
        client_id = session.scalars(select(Client.id)).one()
    actions = InvitationActions(database, KEYS)

    def resend() -> object:
        try:
            return actions.change_email(people.ada, invitation_id, "new@example.com")
        except ServiceError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        resent, ended = pool.submit(resend), pool.submit(service.deactivate, people.ada, client_id)
        resent.result()
        ended.result()
    assert _only(database).deactivated_at is not None
    with database.read() as session:
        assert session.scalars(select(ClientUser)).one().email in {"cy@example.com", "new@example.com"}


def test_a_client_that_the_colleague_does_not_see_is_not_there(database: Database) -> None:
    people, other = office(database), office(database, slack_key="T_ELM")
    service = ClientLifecycleService(database)
    client_id = created(add_client(database), people.ada).client_id
    for actor in (people.sam, other.ada):
        for ask in (service.lifecycle, service.deactivate, service.reactivate):
            with pytest.raises(NotFoundError):
                ask(actor, client_id)
    assert _only(database).deactivated_at is None
