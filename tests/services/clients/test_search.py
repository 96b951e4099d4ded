"""Finding clients: by which parts, whose, and in what order."""

import uuid
from typing import Any

import pytest

from db.models import (
    Authorisation,
    Client,
    ClientAccess,
    ClientKind,
    Colleague,
    Connection,
    ConnectionStatus,
    InvitationStatus,
    Plan,
    Provider,
    TeamMember,
)
from db.session import Database
from services.accounting.connections import ConnectionState
from services.actor import Actor
from services.clients.index import index_clients
from services.clients.search import (
    PAGE,
    ClientLine,
    ClientPage,
    ClientSearchService,
    Invited,
    Linked,
    Whose,
    Wish,
    listed,
)
from services.errors import NotPermittedError
from services.practice import get_colleague
from tests.builders import Office, add_client, client_user, created, office, to_review


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def search(database: Database) -> ClientSearchService:
    return ClientSearchService(database)


def _client(database: Database, actor: Actor, name: str, **details: Any) -> uuid.UUID:
    return created(add_client(database), actor, name, **details).client_id


def connection(database: Database, actor: Actor, client_id: uuid.UUID, name: str, legal_name: str | None) -> None:
    """Connects the client to an organisation of these names."""
    now = database.now()
    with database.begin() as session:
        row = Authorisation(
            practice_id=actor.practice_id,
            colleague_id=actor.colleague_id,
            provider=Provider.XERO,
            provider_user_id=str(client_id),
            access_token=b"",
            access_expires_at=now,
            refresh_token=b"",
            version=1,
            refreshed_at=now,
        )
        session.add(row)
        session.flush()
        session.add(
            Connection(
                client_id=client_id,
                practice_id=actor.practice_id,
                provider=Provider.XERO,
                authorisation_id=row.id,
                tenant_id=str(client_id),
                organisation_name=name,
                legal_name=legal_name,
                status=ConnectionStatus.CONNECTED,
                connected_at=now,
                refreshed_at=now,
            )
        )
        index_clients(session, [client_id])


def _names(page: ClientPage) -> list[str]:
    return [line.name for line in page.lines]


@pytest.mark.parametrize(
    "query",
    [
        "acme",
        "ACMÉ",
        "cme bak",
        "The Acme Bakery Company, Limited",
        "  acme   bakery ",
        "ac/17",
        "AC17",
        "17",
        "flour & sons",
        "FLOUR HOLDINGS",
        "Pat@Acme.example",
        "acme.exam",
    ],
)
def test_a_client_is_found_by_any_part_of_what_is_known_of_it(
    search: ClientSearchService, database: Database, birch: Office, query: str
) -> None:
    acme = _client(database, birch.ada, "Acmé Bakery Ltd", practice_code="AC/17")
    client_user(database, birch.practice_id, acme, "pat@acme.example")
    connection(database, birch.ada, acme, "Flour & Sons", "Flour Holdings plc")
    _client(database, birch.ada, "Bolt", practice_code="B-2")
    page = search.find(birch.ada, Wish(query))
    assert (_names(page), page.found, page.total) == (["Acmé Bakery Ltd"], 1, 2)


@pytest.mark.parametrize("query", ["%", "_", "\\", "acme%y", "nobody", "'; --", "é" * 5000])
def test_what_a_database_would_read_as_a_pattern_is_only_text(
    search: ClientSearchService, database: Database, birch: Office, query: str
) -> None:
    _client(database, birch.ada, "Acme Bakery")
    page = search.find(birch.ada, Wish(query))
    assert (page.lines, page.found, page.total, page.pages) == ((), 0, 1, 1)
    assert len(page.wish.query) <= 100


def test_a_line_says_how_connection_and_invitation_stand(
    search: ClientSearchService, database: Database, birch: Office
) -> None:
    service = add_client(database)
    review = to_review(
        service,
        birch.ada,
        details={"name": "Acme", "practice_code": "A"},
        invite={"invite": "now", "contact_name": "Pat", "contact_email": "pat@acme.example"},
    )
    service.create(birch.ada, review.draft_id, revision=review.revision)
    bolt = _client(database, birch.ada, "Bolt")
    connection(database, birch.ada, bolt, "Something else", None)
    with database.begin() as session:
        session.get_one(Client, bolt).deactivated_at = database.now()
    page = search.find(birch.ada, Wish())
    assert page == ClientPage(
        wish=Wish(),
        pages=1,
        found=2,
        total=2,
        lines=(
            ClientLine(
                client_id=page.lines[0].client_id,
                name="Acme",
                practice_code="A",
                state=ConnectionState.NOT_CONNECTED,
                provider=None,
                organisation=None,
                invitation=InvitationStatus.QUEUED,
                deactivated_at=None,
            ),
            ClientLine(
                client_id=bolt,
                name="Bolt",
                practice_code=None,
                state=ConnectionState.NAME_MISMATCH,
                provider=Provider.XERO,
                organisation="Something else",
                invitation=None,
                deactivated_at=database.now(),
            ),
        ),
        may_add_clients=True,
    )


def test_pages_go_by_name_and_end_where_the_clients_do(
    search: ClientSearchService, database: Database, birch: Office
) -> None:
    names = [f"Client {number:02}" for number in range(PAGE + 3)]
    for name in reversed(names):
        _client(database, birch.ada, name)
    pages = [search.find(birch.ada, Wish("client", number)) for number in (-5, 0, 1, 99)]
    assert [_names(page) for page in pages] == [names[:PAGE], names[:PAGE], names[PAGE:], names[PAGE:]]
    assert [(page.wish.page, page.pages) for page in pages] == [(0, 2), (0, 2), (1, 2), (1, 2)]


def test_only_clients_that_the_colleague_sees_are_found(
    search: ClientSearchService, database: Database, birch: Office
) -> None:
    elm = office(database, slack_key="T_ELM")
    _client(database, elm.ada, "Acme of another practice")
    acme = _client(database, birch.ada, "Acme")
    _client(database, birch.ada, "Acme of others")
    with database.begin() as session:
        session.add(ClientAccess(client_id=acme, colleague_id=birch.sam.colleague_id))
    assert _names(search.find(birch.ada, Wish("acme"))) == ["Acme", "Acme of others"]
    page = search.find(birch.sam, Wish("acme"))
    assert (_names(page), page.total, page.may_add_clients) == (["Acme"], 1, False)
    assert search.find(birch.jo, Wish()).may_add_clients


def test_whoever_left_finds_nothing(search: ClientSearchService, database: Database, birch: Office) -> None:
    with database.begin() as session:
        session.get_one(Colleague, birch.clem.colleague_id).active = False
    with pytest.raises(NotPermittedError):
        search.find(birch.clem, Wish())


@pytest.fixture
def varied(database: Database, search: ClientSearchService) -> Office:
    """Four clients, each different in what the list can be filtered by."""
    birch = office(database, plan=Plan.ADVANCED, teams=("Tax",))
    invited = {"invite": "now", "contact_name": "Pat", "contact_email": "pat@acme.example"}
    service = add_client(database)
    review = to_review(service, birch.ada, details={"name": "Acme invited"}, invite=invited)
    service.create(birch.ada, review.draft_id, revision=review.revision)
    linked, solo, gone = (_client(database, birch.ada, f"Acme {name}") for name in ("linked", "solo", "gone"))
    connection(database, birch.ada, linked, "Acme linked", None)
    with database.begin() as session:
        session.get_one(Client, solo).kind = ClientKind.SOLO
        session.get_one(Client, gone).deactivated_at = database.now()
        session.get_one(Client, gone).account_manager_id = birch.ada.colleague_id
        session.add(TeamMember(team_id=birch.teams["Tax"], colleague_id=birch.sam.colleague_id))
        session.add(ClientAccess(client_id=linked, team_id=birch.teams["Tax"]))
        session.add(ClientAccess(client_id=solo, colleague_id=birch.sam.colleague_id))
    return birch


@pytest.mark.parametrize("query", ["", "acme", "cme"])
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"kind": ClientKind.SOLO}, ["solo"]),
        ({"kind": ClientKind.BUSINESS}, ["gone", "invited", "linked"]),
        ({"invitation": Invited.NEVER}, ["gone", "linked", "solo"]),
        ({"invitation": Invited.WAITING}, ["invited"]),
        ({"invitation": Invited.EXPIRED}, []),
        ({"connection": Linked.NONE}, ["gone", "invited", "solo"]),
        ({"connection": Linked.CONNECTED}, ["linked"]),
        ({"connection": Linked.DISCONNECTED}, []),
        ({"whose": Whose.MINE}, ["gone"]),
        ({"active": True}, ["invited", "linked", "solo"]),
        ({"active": False}, ["gone"]),
        ({"active": True, "kind": ClientKind.BUSINESS, "connection": Linked.NONE}, ["invited"]),
    ],
)
def test_filters_let_through_what_fits_with_and_without_a_query(
    search: ClientSearchService,
    database: Database,
    varied: Office,
    query: str,
    filters: dict[str, Any],
    found: list[str],
) -> None:
    wish = Wish(query, **filters)
    page = search.find(varied.ada, wish)
    expected = [f"Acme {name}" for name in found]
    assert (_names(page), page.found, page.total, page.wish) == (expected, len(found), 4, wish)
    with database.read() as session:
        ids = session.scalars(listed(get_colleague(session, varied.ada), wish)).all()
    assert ids == [line.client_id for line in page.lines]


@pytest.mark.parametrize(
    ("whose", "found"), [(Whose.MINE, ["solo"]), (Whose.TEAM, ["linked"]), (Whose.ALL, ["linked", "solo"])]
)
def test_a_colleague_s_own_clients_are_told_from_those_of_their_teams(
    search: ClientSearchService, varied: Office, whose: Whose, found: list[str]
) -> None:
    page = search.find(varied.sam, Wish("acme", whose=whose))
    assert (_names(page), page.total) == ([f"Acme {name}" for name in found], 2)


@pytest.mark.parametrize("wish", [Wish("acme", 99), Wish("", 99, kind=ClientKind.BUSINESS)])
def test_of_very_many_the_first_are_counted_and_it_is_said_that_there_are_more(
    search: ClientSearchService, database: Database, birch: Office, monkeypatch: pytest.MonkeyPatch, wish: Wish
) -> None:
    monkeypatch.setattr("services.clients.search.COUNTED", PAGE + 2)
    for number in range(PAGE + 2):
        _client(database, birch.ada, f"Acme {number:02}")
    page = search.find(birch.ada, wish)
    assert (page.found, page.is_more, page.pages, _names(page)) == (PAGE + 2, False, 2, ["Acme 10", "Acme 11"])
    _client(database, birch.ada, "Acme 12")
    page = search.find(birch.ada, wish)
    assert (page.found, page.is_more, page.total, len(page.lines)) == (PAGE + 2, True, PAGE + 3, 2)
