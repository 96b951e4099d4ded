import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from db.models import (
    AuditEntry,
    Authorisation,
    Channel,
    Client,
    ClientAccess,
    ClientRole,
    ClientUser,
    Colleague,
    Connection,
    ConnectionStatus,
    Delivery,
    Invitation,
    InvitationLink,
    InvitationStatus,
    Job,
    Provider,
)
from db.session import Database
from services.accounting.connections import ConnectionState
from services.actor import Actor
from services.clients.index import index_clients
from services.errors import NotFoundError, NotPermittedError
from services.insights import Funnel, Insights, InsightsService, TimeToAccept, Week
from tests.builders import Office, add_client, asked, created, office
from tests.fakes import Clock

HOUR = timedelta(hours=1)
NOBODY = Funnel(invited=0, delivered=0, opened=0, accepted=0)


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def insights(database: Database) -> InsightsService:
    return InsightsService(database)


def client(database: Database, birch: Office, name: str, **changes: Any) -> uuid.UUID:
    client_id = created(add_client(database), birch.ada, name).client_id
    if changes:
        with database.begin() as session:
            session.execute(update(Client).where(Client.id == client_id).values(**changes))
    return client_id


def person(database: Database, birch: Office, client_id: uuid.UUID) -> uuid.UUID:
    email = f"{uuid.uuid4().hex}@example.com"
    with database.begin() as session:
        user = ClientUser(
            practice_id=birch.practice_id,
            client_id=client_id,
            name="Pat",
            email=email,
            email_key=email,
            role=ClientRole.STANDARD,
            created_at=database.now(),
        )
        session.add(user)
        session.flush()
        index_clients(session, [client_id])
        return user.id


def invite(
    database: Database,
    birch: Office,
    client_id: uuid.UUID,
    user_id: uuid.UUID | None = None,
    *links: Delivery,
    at: datetime | None = None,
    opened_after: timedelta | None = None,
    accepted_after: timedelta | None = None,
) -> uuid.UUID:
    """An invitation with a link for each delivery; of somebody new unless a user is given."""
    user_id = user_id or person(database, birch, client_id)
    at = at or database.now()
    with database.begin() as session:
        invitation = Invitation(
            practice_id=birch.practice_id,
            client_id=client_id,
            client_user_id=user_id,
            inviter_id=birch.ada.colleague_id,
            email="pat@example.com",
            status=InvitationStatus.ACCEPTED if accepted_after else InvitationStatus.SUPERSEDED,
            created_at=at,
            expires_at=at + timedelta(days=7),
            opened_at=None if opened_after is None else at + opened_after,
            accepted_at=None if accepted_after is None else at + accepted_after,
        )
        session.add(invitation)
        session.flush()
        session.add_all(
            InvitationLink(
                invitation_id=invitation.id,
                channel=channel,
                nonce=b"",
                token_hash=uuid.uuid4().bytes,
                delivery=delivery,
            )
            for channel, delivery in zip(Channel, links, strict=False)
        )
    return user_id


def authorisation(database: Database, birch: Office) -> uuid.UUID:
    with database.begin() as session:
        row = Authorisation(
            practice_id=birch.practice_id,
            colleague_id=birch.ada.colleague_id,
            provider=Provider.XERO,
            provider_user_id="priya",
            access_token=b"",
            access_expires_at=database.now(),
            refresh_token=b"",
            version=1,
            refreshed_at=database.now(),
        )
        session.add(row)
        session.flush()
        return row.id


def connect(
    database: Database, birch: Office, held: uuid.UUID, client_id: uuid.UUID, organisation: str, **more: Any
) -> None:
    with database.begin() as session:
        session.add(
            Connection(
                client_id=client_id,
                practice_id=birch.practice_id,
                provider=Provider.XERO,
                authorisation_id=held,
                tenant_id=uuid.uuid4().hex,
                organisation_name=organisation,
                connected_at=database.now(),
                refreshed_at=database.now(),
                **{"status": ConnectionStatus.CONNECTED, **more},
            )
        )
        index_clients(session, [client_id])


def states(**counts: int) -> dict[ConnectionState, int]:
    return {state: counts.get(state.value, 0) for state in ConnectionState}


def pictures(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return list(session.scalars(select(Job.args).where(Job.kind == "slack.insights_picture").order_by(Job.id)))


def test_a_practice_without_clients_has_nothing_to_show(birch: Office, insights: InsightsService) -> None:
    assert insights.figures(birch.ada) == Insights(
        at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        clients=0,
        active=0,
        may_add_clients=True,
        funnel=NOBODY,
        time_to_accept=None,
        connections=states(),
        weeks=tuple(Week(begins=date(2025, 12, 15) + timedelta(weeks=each), added=0) for each in range(12)),
    )


def test_people_are_counted_once_however_often_they_were_invited_and_by_how_far_they_came(
    database: Database, birch: Office, insights: InsightsService
) -> None:
    acme = client(database, birch, "Acme Ltd")
    bounced = invite(database, birch, acme, None, Delivery.FAILED)
    invite(database, birch, acme, bounced, Delivery.QUEUED)
    invite(database, birch, acme, None, Delivery.FAILED, Delivery.SENT)
    resent = invite(database, birch, acme, None, Delivery.DELIVERED, opened_after=HOUR)
    invite(database, birch, acme, resent, Delivery.FAILED)
    # The mail server says that it came back, and the person opened it all the same.
    invite(database, birch, acme, None, Delivery.FAILED, opened_after=HOUR)
    invite(database, birch, client(database, birch, "Bolt Ltd", deactivated_at=database.now()), accepted_after=HOUR)
    assert insights.figures(birch.ada).funnel == Funnel(invited=5, delivered=4, opened=3, accepted=1)


@pytest.mark.parametrize(
    ("hours", "half", "most"),
    [
        ([5], 5, 5),
        ([1, 4], 2.5, 4),
        ([9, 1, 3], 3, 9),
        (range(1, 11), 5.5, 9),
        (range(1, 12), 6, 10),
    ],
)
def test_the_time_to_accept_is_that_of_half_and_of_nine_in_ten(
    database: Database, birch: Office, insights: InsightsService, hours: list[int], half: float, most: int
) -> None:
    acme = client(database, birch, "Acme Ltd")
    for each in hours:
        invite(database, birch, acme, accepted_after=each * HOUR)
    invite(database, birch, acme)
    assert insights.figures(birch.ada).time_to_accept == TimeToAccept(
        people=len(hours), half=half * HOUR, most=most * HOUR
    )


def test_the_time_to_accept_begins_with_a_person_s_first_invitation(
    database: Database, birch: Office, insights: InsightsService
) -> None:
    acme, now = client(database, birch, "Acme Ltd"), database.now()
    pat = invite(database, birch, acme, at=now - 100 * HOUR)
    invite(database, birch, acme, pat, at=now - 10 * HOUR, accepted_after=4 * HOUR)
    assert insights.figures(birch.ada).time_to_accept == TimeToAccept(people=1, half=94 * HOUR, most=94 * HOUR)


def test_connections_are_counted_by_how_the_client_s_card_says_they_stand(
    database: Database, birch: Office, insights: InsightsService
) -> None:
    held = authorisation(database, birch)
    for name, organisation, more in (
        ("Acme Ltd", "Acme Ltd", {}),
        ("Bolt Ltd", "BOLT Limited", {}),
        ("Coal Ltd", "Holding 7", {"legal_name": "Coal Limited"}),
        ("Dune Ltd", "Sand", {"accepted_name": "Sand"}),
        ("Echo Ltd", "Foxtrot", {"accepted_name": "Golf"}),
        ("Hotel Ltd", "India", {}),
        ("Juliett Ltd", "Juliett Ltd", {"status": ConnectionStatus.EXPIRED}),
        ("Kilo Ltd", "Lima", {"status": ConnectionStatus.DISCONNECTED}),
    ):
        connect(database, birch, held, client(database, birch, name), organisation, **more)
    client(database, birch, "Mike Ltd")
    gone = client(database, birch, "Oscar Ltd", deactivated_at=database.now())
    connect(database, birch, held, gone, "Oscar Ltd")
    shown = insights.figures(birch.ada)
    assert (shown.clients, shown.active) == (10, 9)
    assert shown.connections == states(connected=4, name_mismatch=2, expired=1, disconnected=1, not_connected=1)


def test_weeks_begin_on_monday_at_midnight_where_the_person_is(
    database: Database, birch: Office, insights: InsightsService, clock: Clock
) -> None:
    clock.set(datetime(2026, 4, 1, 9, tzinfo=UTC))
    for name, at in (
        ("Acme Ltd", datetime(2026, 1, 11, 23, 59, tzinfo=UTC)),  # before the first week
        ("Bolt Ltd", datetime(2026, 1, 12, 0, 0, tzinfo=UTC)),
        ("Coal Ltd", datetime(2026, 3, 29, 22, 59, tzinfo=UTC)),
        ("Dune Ltd", datetime(2026, 3, 29, 23, 0, tzinfo=UTC)),  # Monday in London, whose clocks went forward that day
    ):
        client(database, birch, name, created_at=at)
    client(database, birch, "Echo Ltd", deactivated_at=clock.now())

    def added(actor: Actor) -> dict[date, int]:
        weeks = insights.figures(actor).weeks
        assert len(weeks) == 12
        return {each.begins: each.added for each in weeks if each.added}

    assert added(birch.ada) == {date(2026, 1, 12): 1, date(2026, 3, 23): 1, date(2026, 3, 30): 2}
    with database.begin() as session:
        of_clem = Colleague.id == birch.clem.colleague_id
        session.execute(update(Colleague).where(of_clem).values(timezone="America/New_York"))
    assert added(birch.clem) == {date(2026, 3, 23): 2, date(2026, 3, 30): 1}
    assert insights.figures(birch.clem).at.isoformat() == "2026-04-01T05:00:00-04:00"


def test_only_the_clients_that_a_person_sees_are_in_the_figures(
    database: Database, birch: Office, insights: InsightsService
) -> None:
    held = authorisation(database, birch)
    mine, other = client(database, birch, "Acme Ltd"), client(database, birch, "Bolt Ltd")
    invite(database, birch, mine, None, Delivery.SENT)
    for each in (mine, other):
        invite(database, birch, each, accepted_after=HOUR)
        connect(database, birch, held, each, "Sand")
    elsewhere = office(database, slack_key="T_OAK")
    invite(database, elsewhere, client(database, elsewhere, "Acme Ltd"), accepted_after=HOUR)
    with database.begin() as session:
        session.execute(update(Colleague).where(Colleague.id == birch.sam.colleague_id).values(may_see_insights=True))
        session.add(ClientAccess(client_id=mine, colleague_id=birch.sam.colleague_id))

    seen = insights.figures(birch.sam)
    whole = insights.figures(birch.clem)

    assert (seen.clients, seen.funnel, seen.weeks[-1].added) == (
        1,
        Funnel(invited=2, delivered=2, opened=1, accepted=1),
        1,
    )
    assert seen.time_to_accept == TimeToAccept(people=1, half=HOUR, most=HOUR)
    assert seen.connections == states(name_mismatch=1)
    assert (whole.clients, whole.funnel.invited, whole.connections) == (2, 3, states(name_mismatch=2))
    assert (insights.figures(elsewhere.ada).clients, insights.figures(elsewhere.ada).funnel.invited) == (1, 1)


def test_a_standard_colleague_needs_the_permission(
    database: Database, birch: Office, insights: InsightsService
) -> None:
    client(database, birch, "Acme Ltd")
    for act in (insights.figures, insights.request_picture):
        with pytest.raises(NotPermittedError, match="Practice insights"):
            act(birch.sam)
    assert pictures(database) == []


def test_the_number_of_questions_to_the_database_does_not_follow_that_of_clients(
    database: Database, birch: Office, insights: InsightsService
) -> None:
    asked = list[str]()
    held = authorisation(database, birch)

    def note(*given: Any) -> None:
        asked.append(given[2])

    def questions() -> int:
        asked.clear()
        insights.figures(birch.ada)
        return len(asked)

    event.listen(database.engine, "before_cursor_execute", note)
    client(database, birch, "Acme Ltd")
    few = questions()
    for number in range(20):
        each = client(database, birch, f"Client number {number}")
        invite(database, birch, each, accepted_after=HOUR)
        connect(database, birch, held, each, "Sand")
    assert questions() == few


def test_a_picture_is_asked_for_once_by_a_double_click_and_is_in_the_audit_trail(
    database: Database, birch: Office, insights: InsightsService, clock: Clock
) -> None:
    client(database, birch, "Acme Ltd")
    insights.request_picture(birch.ada)
    clock.advance(timedelta(seconds=59))
    insights.request_picture(birch.ada)
    insights.request_picture(birch.clem)
    clock.advance(timedelta(seconds=1))
    insights.request_picture(birch.ada)
    assert pictures(database) == [
        {"colleague_id": str(actor.colleague_id), "asked_at": f"2026-03-02T09:{at}+00:00"}
        for actor, at in ((birch.ada, "00:00"), (birch.clem, "00:59"), (birch.ada, "01:00"))
    ]
    with database.read() as session:
        trail = session.scalars(select(AuditEntry).where(AuditEntry.action == "insights.picture_sent"))
        assert {(each.practice_id, each.subject_id) for each in trail} == {(birch.practice_id, birch.practice_id)}


def test_a_picture_is_of_the_figures_when_it_is_drawn_and_named_by_when_it_was_asked_for(
    database: Database, birch: Office, insights: InsightsService, clock: Clock
) -> None:
    client(database, birch, "Acme Ltd")
    clock.set(datetime(2026, 7, 1, 8, 0, 7, tzinfo=UTC))
    made = insights.picture(asked(birch.ada, clock.now() - timedelta(minutes=3)))
    assert made.file_name == "Insights 2026-07-01 08-57-07.png"
    assert made.insights == insights.figures(birch.ada)


def test_without_clients_no_picture_is_drawn(birch: Office, insights: InsightsService, database: Database) -> None:
    with pytest.raises(NotFoundError, match="nothing to draw"):
        insights.request_picture(birch.ada)
    with pytest.raises(NotFoundError, match="nothing to draw"):
        insights.picture(asked(birch.ada, database.now()))
    assert pictures(database) == []
