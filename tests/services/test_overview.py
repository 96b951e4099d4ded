"""What each role finds on App Home."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, update

from db.models import (
    Authorisation,
    Client,
    ClientAccess,
    Colleague,
    Connection,
    ConnectionStatus,
    Invitation,
    InvitationStatus,
    ItemState,
    PermissionKind,
    PermissionRequest,
    Practice,
    Provider,
    Role,
    SyncAction,
    SyncItem,
    SyncRun,
    SyncState,
)
from db.models.sync_run import Choice
from db.models.sync_run import Standing as Listed
from db.session import Database
from services.actor import Actor
from services.client_sync.records import RunLine
from services.clients.index import index_clients
from services.errors import NotFoundError, NotPermittedError
from services.invitations.first_user import FirstUserService
from services.invitations.listing import Standing
from services.overview import service
from services.overview.records import Broken, Overview, Requests, Room, Syncs
from services.overview.service import OverviewService
from services.practice import Bundle
from tests.builders import KEYS, Office, add_client, created, office, to_review
from tests.fakes import Clock


@pytest.fixture
def people(database: Database) -> Office:
    return office(database, bundle=20)


def of(database: Database, actor: Actor) -> Overview:
    return OverviewService(database).of(actor)


def client(database: Database, people: Office, name: str, *, seen_by: Actor | None = None) -> uuid.UUID:
    client_id = created(add_client(database), people.ada, name).client_id
    if seen_by is not None:
        with database.begin() as session:
            session.add(ClientAccess(client_id=client_id, colleague_id=seen_by.colleague_id))
    return client_id


def invite(database: Database, actor: Actor, client_id: uuid.UUID) -> None:
    contact = {"contact_name": "Pat", "contact_email": f"pat-{client_id}@mail.example"}
    FirstUserService(database, KEYS).invite(actor, client_id, contact)


def change_invitation(database: Database, client_id: uuid.UUID, **values: object) -> None:
    with database.begin() as session:
        session.execute(update(Invitation).where(Invitation.client_id == client_id).values(**values))


def sign_in(database: Database, actor: Actor) -> uuid.UUID:
    now = database.now()
    with database.begin() as session:
        row = Authorisation(
            practice_id=actor.practice_id,
            colleague_id=actor.colleague_id,
            provider=Provider.XERO,
            provider_user_id=uuid.uuid4().hex,
            access_token=b"",
            access_expires_at=now,
            refresh_token=b"",
            version=1,
            refreshed_at=now,
        )
        session.add(row)
        session.flush()
        return row.id


def connect(database: Database, actor: Actor, client_id: uuid.UUID, status: ConnectionStatus) -> None:
    authorisation_id, now = sign_in(database, actor), database.now()
    with database.begin() as session:
        session.add(
            Connection(
                client_id=client_id,
                practice_id=actor.practice_id,
                provider=Provider.XERO,
                authorisation_id=authorisation_id,
                tenant_id=uuid.uuid4().hex,
                organisation_name="An organisation",
                status=status,
                connected_at=now,
                refreshed_at=now,
            )
        )
        index_clients(session, [client_id])


def sync(database: Database, actor: Actor, state: SyncState, items: Mapping[ItemState | None, int]) -> uuid.UUID:
    authorisation_id, now = sign_in(database, actor), database.now()
    with database.begin() as session:
        run = SyncRun(
            practice_id=actor.practice_id,
            colleague_id=actor.colleague_id,
            action=SyncAction.ADD,
            provider=Provider.XERO,
            authorisation_id=authorisation_id,
            state=state,
            created_at=now,
        )
        session.add(run)
        session.flush()
        states = [state for state, count in items.items() for _ in range(count)]
        session.add_all(
            SyncItem(
                run_id=run.id,
                position=position,
                tenant_id=str(position),
                name="An organisation",
                folded="an organisation",
                standing=Listed.NEW,
                choice=Choice.CREATE,
                state=state,
            )
            for position, state in enumerate(states)
        )
        return run.id


def ask(database: Database, actor: Actor, kind: PermissionKind, **values: object) -> uuid.UUID:
    with database.begin() as session:
        request = PermissionRequest(
            practice_id=actor.practice_id,
            colleague_id=actor.colleague_id,
            kind=kind,
            created_at=database.now(),
            **values,
        )
        session.add(request)
        session.flush()
        return request.id


def test_a_new_practice_has_nothing_to_do_yet(database: Database, people: Office) -> None:
    assert of(database, people.ada) == Overview(
        practice_name="Birch & Co",
        role=Role.PRACTICE_ADMIN,
        may_add_clients=True,
        may_see_insights=True,
        may_take_over=False,
        bundle=Bundle(used=0, included=20),
        room=Room.PLENTY,
        draft=None,
        syncs=Syncs(choosing=None, running=(), more=0),
        requests=Requests(waiting=0, first=(), mine=()),
        invitations={},
        broken=Broken(count=0, names=()),
        recent=(),
    )


def test_a_standard_colleague_finds_only_what_is_of_their_clients(
    database: Database, people: Office, clock: Clock
) -> None:
    theirs = client(database, people, "Theirs Ltd", seen_by=people.sam)
    others = client(database, people, "Others Ltd")
    for each in (theirs, others):
        invite(database, people.ada, each)
        connect(database, people.ada, each, ConnectionStatus.EXPIRED)
    to_review(add_client(database), people.ada, details={"name": "A draft of Ada's"})
    sync(database, people.ada, SyncState.RUNNING, {ItemState.QUEUED: 3})
    ask(database, people.jo, PermissionKind.ADD_CLIENTS)
    found = of(database, people.sam)
    [line] = found.recent
    assert replace(found, recent=()) == Overview(
        practice_name="Birch & Co",
        role=Role.STANDARD,
        may_add_clients=False,
        may_see_insights=False,
        may_take_over=False,
        bundle=None,
        room=None,
        draft=None,
        syncs=Syncs(choosing=None, running=(), more=0),
        requests=Requests(waiting=0, first=(), mine=()),
        invitations={Standing.PENDING: 1},
        broken=Broken(count=1, names=("Theirs Ltd",)),
        recent=(),
    )
    assert (line.client_id, line.name, line.invitation) == (theirs, "Theirs Ltd", InvitationStatus.QUEUED)
    admins = of(database, people.clem)
    assert (admins.invitations, admins.broken) == (
        {Standing.PENDING: 2},
        Broken(count=2, names=("Others Ltd", "Theirs Ltd")),
    )


def test_nothing_of_another_practice_is_found(database: Database, people: Office) -> None:
    empty = of(database, people.ada)
    elsewhere = office(database, slack_key="T_ELM", bundle=20)
    client_id = client(database, elsewhere, "Elm's client", seen_by=elsewhere.sam)
    invite(database, elsewhere.ada, client_id)
    connect(database, elsewhere.ada, client_id, ConnectionStatus.DISCONNECTED)
    to_review(add_client(database), elsewhere.ada)
    sync(database, elsewhere.ada, SyncState.RUNNING, {ItemState.QUEUED: 3})
    ask(database, elsewhere.sam, PermissionKind.ADD_CLIENTS)
    assert of(database, people.ada) == empty
    with pytest.raises(NotFoundError):
        of(database, Actor(people.practice_id, elsewhere.ada.colleague_id))


def test_invitations_are_counted_by_what_is_to_be_done(database: Database, people: Office, clock: Clock) -> None:
    now = clock.now()
    stands: list[dict[str, object]] = [
        {"status": InvitationStatus.SENT},
        {"status": InvitationStatus.OPENED, "expires_at": now + timedelta(days=2)},
        {"status": InvitationStatus.SENT, "expires_at": now + timedelta(days=2, seconds=1)},
        {"status": InvitationStatus.SENT, "expires_at": now},
        {"status": InvitationStatus.EXPIRED, "expires_at": now - timedelta(days=1)},
        {"status": InvitationStatus.FAILED},
        {"status": InvitationStatus.ACCEPTED},
        {"status": InvitationStatus.SUPERSEDED},
        {"status": InvitationStatus.REVOKED},
        {"status": InvitationStatus.SENT},
    ]
    for number, values in enumerate(stands):
        client_id = client(database, people, f"Client {number}")
        invite(database, people.ada, client_id)
        change_invitation(database, client_id, **values)
    with database.begin() as session:
        session.execute(update(Client).where(Client.id == client_id).values(deactivated_at=now))
    assert of(database, people.clem).invitations == {
        Standing.PENDING: 3,
        Standing.EXPIRING: 1,
        Standing.EXPIRED: 2,
        Standing.FAILED: 1,
    }


def test_a_long_list_is_counted_only_so_far(
    database: Database, people: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_COUNTED", 6)
    for number in range(8):
        client_id = client(database, people, f"Client {number}")
        invite(database, people.ada, client_id)
        connect(database, people.ada, client_id, ConnectionStatus.EXPIRED)
    found = of(database, people.ada)
    assert found.invitations == {Standing.PENDING: 7}
    assert found.broken == Broken(count=7, names=tuple(f"Client {number}" for number in range(5)))
    assert [line.name for line in found.recent] == [f"Client {number}" for number in (7, 6, 5, 4, 3)]


def test_whoever_may_add_clients_is_warned_from_nine_tenths_of_the_bundle_on(
    database: Database, people: Office
) -> None:
    for number in range(9):
        client(database, people, f"Client {number}")
    for included, room in ((11, Room.PLENTY), (10, Room.LITTLE), (9, Room.NONE), (8, Room.NONE)):
        with database.begin() as session:
            session.get_one(Practice, people.practice_id).bundle = included
        found = [of(database, each) for each in (people.ada, people.clem, people.jo, people.sam)]
        assert [each.room for each in found] == [room, room, room, None]
        counted = Bundle(used=9, included=included)
        assert [each.bundle for each in found] == [counted, counted, None, None]


def test_a_request_waits_for_those_who_may_decide_it_and_shows_to_its_own(
    database: Database, people: Office, clock: Clock
) -> None:
    sams = ask(database, people.sam, PermissionKind.ADD_CLIENTS, days=30)
    clems = ask(database, people.clem, PermissionKind.BUNDLE, bundle=100)

    def shown(actor: Actor) -> tuple[int, list[uuid.UUID], list[uuid.UUID]]:
        requests = of(database, actor).requests
        return requests.waiting, [each.id for each in requests.first], [each.id for each in requests.mine]

    assert shown(people.ada) == (2, [sams, clems], [])
    assert shown(people.clem) == (1, [sams], [clems])
    assert shown(people.sam) == (0, [], [sams])
    assert shown(people.jo) == (0, [], [])
    for _ in range(3):
        clock.advance(timedelta(seconds=1))
        ask(database, people.jo, PermissionKind.CLIENT, client_id=client(database, people, f"{clock.now()}"))
    assert shown(people.ada)[0] == 5
    assert len(shown(people.ada)[1]) == 3


def test_running_syncs_show_to_admins_and_to_who_began_them(database: Database, people: Office) -> None:
    run_id = sync(
        database, people.jo, SyncState.RUNNING, {ItemState.QUEUED: 2, ItemState.WAITING: 1, ItemState.CREATED: 4}
    )
    sync(database, people.ada, SyncState.FINISHED, {ItemState.CREATED: 1})
    choice = sync(database, people.jo, SyncState.CHOOSING, {None: 3})
    line = RunLine(
        run_id=run_id,
        state=SyncState.RUNNING,
        mine=True,
        starter="U_JO",
        total=7,
        settled=4,
        at=database.now(),
    )
    jos = of(database, people.jo).syncs
    assert (jos.running, jos.choosing and jos.choosing.run_id, jos.more) == ((line,), choice, 0)
    assert of(database, people.clem).syncs == Syncs(choosing=None, running=(replace(line, mine=False),), more=0)
    assert of(database, people.sam).syncs == Syncs(choosing=None, running=(), more=0)
    for _ in range(6):
        sync(database, people.ada, SyncState.RUNNING, {ItemState.QUEUED: 1})
    ada = of(database, people.ada).syncs
    assert (len(ada.running), ada.more) == (5, 2)


def test_only_the_person_s_own_draft_shows_once_something_was_typed(database: Database, people: Office) -> None:
    to_review(add_client(database), people.jo, details={"name": "Half done"})
    draft = of(database, people.jo).draft
    assert draft is not None
    assert (draft.client_name, draft.updated_at) == ("Half done", database.now())
    assert of(database, people.ada).draft is None


def test_somebody_who_has_left_finds_nothing(database: Database, people: Office) -> None:
    with database.begin() as session:
        session.execute(update(Colleague).where(Colleague.id == people.clem.colleague_id).values(active=False))
    with pytest.raises(NotPermittedError):
        of(database, people.clem)


def test_when_no_practice_admin_is_left_whoever_runs_the_workspace_may_take_over(
    database: Database, people: Office
) -> None:
    with database.begin() as session:
        of_practice = update(Colleague).where(Colleague.practice_id == people.practice_id)
        session.execute(of_practice.where(Colleague.id == people.ada.colleague_id).values(active=False))
        session.execute(of_practice.where(Colleague.id == people.jo.colleague_id).values(runs_workspace=True))
    assert [of(database, each).may_take_over for each in (people.jo, people.clem)] == [True, False]


def test_a_page_takes_a_few_queries_whatever_there_is(database: Database, people: Office) -> None:
    asked: list[str] = []

    def count(*args: object) -> None:
        asked.append(str(args[2]))

    for number in range(12):
        client_id = client(database, people, f"Client {number}")
        invite(database, people.ada, client_id)
        connect(database, people.ada, client_id, ConnectionStatus.EXPIRED)
    event.listen(database.engine, "before_cursor_execute", count)
    try:
        of(database, people.ada)
    finally:
        event.remove(database.engine, "before_cursor_execute", count)
    assert len([each for each in asked if each.startswith("SELECT")]) <= 14
