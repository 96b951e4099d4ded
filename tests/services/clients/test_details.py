"""Changing a client's name, code, industry and solutions, and its Extract address."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from db.models import AuditEntry, Client, Solutions
from db.session import Database
from services.add_client.records import Twin
from services.clients.details import ClientDetailsService, LikeOthers
from services.clients.extract import LONGEST
from services.clients.search import ClientSearchService, Wish
from services.errors import InvalidError, NotFoundError, ServiceError
from tests.builders import DOMAIN, add_client, created, office


def _service(database: Database) -> ClientDetailsService:
    return ClientDetailsService(database, extract_domain=DOMAIN)


def _told(database: Database, action: str) -> list[tuple[Any, Any]]:
    with database.read() as session:
        rows = session.execute(select(AuditEntry.before, AuditEntry.after).where(AuditEntry.action == action))
        return [(row.before, row.after) for row in rows]


def test_details_are_changed_found_and_told_in_the_audit_trail(database: Database) -> None:
    people, service = office(database, has_dhi=True), _service(database)
    client = created(add_client(database), people.ada, "Acme Ltd", practice_code="A-1")
    raw = {"name": " Zenith  Tools ", "practice_code": "Z 9", "industry": "Wholesale", "solutions": "bookkeeping_dhi"}
    assert service.save(people.clem, client.client_id, raw) is None
    found = service.details(people.ada, client.client_id)
    assert (found.name, found.practice_code, found.industry) == ("Zenith Tools", "Z 9", "Wholesale")
    assert (found.solutions, found.offers_dhi) == (Solutions.BOOKKEEPING_DHI, True)
    told = [
        (
            {"name": "Acme Ltd", "practice_code": "A-1", "industry": None, "solutions": "bookkeeping"},
            {
                "name": "Zenith Tools",
                "practice_code": "Z 9",
                "industry": "Wholesale",
                "solutions": "bookkeeping_dhi",
            },
        )
    ]
    assert _told(database, "client.details_changed") == told
    search = ClientSearchService(database)
    assert search.find(people.ada, Wish("enith")).found == 1
    assert search.find(people.ada, Wish("acme")).found == 0
    assert service.save(people.clem, client.client_id, raw) is None
    assert len(_told(database, "client.details_changed")) == 1


def test_what_is_not_offered_is_not_changed(database: Database) -> None:
    people, service = office(database), _service(database)
    client = created(add_client(database), people.ada)
    assert service.save(people.ada, client.client_id, {"name": "Acme Ltd", "solutions": "bookkeeping_dhi"}) is None
    assert service.details(people.ada, client.client_id).solutions is Solutions.BOOKKEEPING


def test_a_name_like_another_s_warns_once_and_one_s_own_does_not(database: Database) -> None:
    people, service = office(database), _service(database)
    created(add_client(database), people.ada, "Acme Ltd")
    client = created(add_client(database), people.ada, "Bolt Ltd", practice_code="B")
    typed = {"name": "Acme Limited", "practice_code": "B"}
    like = service.save(people.ada, client.client_id, typed)
    assert isinstance(like, LikeOthers)
    assert like.twins == (Twin(name="Acme Ltd", practice_code=None, deactivated=False),)
    assert service.details(people.ada, client.client_id).name == "Bolt Ltd"
    assert service.save(people.ada, client.client_id, typed, seen=like.key) is None
    assert service.save(people.ada, client.client_id, {"name": "Zeta", "practice_code": "B"}) is None
    assert service.save(people.ada, client.client_id, {"name": "Zeta Ltd", "practice_code": "B"}) is None


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "Bolt Ltd", "practice_code": "a-1"}, "practice_code"),
        ({"name": "Bolt Ltd", "practice_code": "c" * 51}, "practice_code"),
        ({"name": "Bolt Ltd", "industry": "i" * 81}, "industry"),
        ({"name": "Bolt Ltd", "solutions": "everything"}, "solutions"),
    ],
)
def test_details_that_can_not_be_are_refused_at_the_field(database: Database, raw: dict[str, Any], field: str) -> None:
    people, service = office(database, has_dhi=True), _service(database)
    created(add_client(database), people.ada, "Acme Ltd", practice_code="A-1")
    client = created(add_client(database), people.ada, "Bolt Ltd")
    with pytest.raises(InvalidError) as refusal:
        service.save(people.ada, client.client_id, raw)
    assert set(refusal.value.fields) == {field}


def test_of_two_who_take_one_code_at_the_same_moment_one_gets_it(database: Database) -> None:
    people, service = office(database), _service(database)
    clients = [created(add_client(database), people.ada, name) for name in ("Acme Ltd", "Bolt Ltd")]

    def take(number: int) -> object:
        name = clients[number].name
        try:
            return service.save(people.ada, clients[number].client_id, {"name": name, "practice_code": "ONE"})
        except ServiceError as error:
            return set(error.fields)

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(take, range(2)))
    assert sorted(map(str, outcomes)) == ["None", "{'practice_code'}"]


def test_the_local_part_is_changed_and_told(database: Database) -> None:
    people, service = office(database), _service(database)
    client = created(add_client(database), people.ada)
    assert service.extract(people.ada, client.client_id).address.costs == f"acme-ltd@{DOMAIN}"
    assert service.change_extract(people.ada, client.client_id, " Acme.Bakery_2 ") is True
    address = service.extract(people.ada, client.client_id).address
    assert (address.costs, address.sales) == (f"acme.bakery_2@{DOMAIN}", f"acme.bakery_2+sales@{DOMAIN}")
    assert service.change_extract(people.ada, client.client_id, "acme.bakery_2") is False
    told = [({"extract_address": f"acme-ltd@{DOMAIN}"}, {"extract_address": f"acme.bakery_2@{DOMAIN}"})]
    assert _told(database, "client.extract_address_changed") == told


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "söhne",
        "a..b",
        ".a",
        "a-",
        "a+sales",
        "acme@extract.example",
        "postmaster",
        "Admin",
        "<!channel>",
        "a\nb",
        "x" * (LONGEST + 1),
    ],
)
def test_a_local_part_that_no_mail_server_or_person_would_take_is_refused(database: Database, name: str) -> None:
    people, service = office(database), _service(database)
    client = created(add_client(database), people.ada)
    with pytest.raises(InvalidError) as refusal:
        service.change_extract(people.ada, client.client_id, name)
    assert set(refusal.value.fields) == {"extract_name"}


def test_an_address_is_given_once_in_the_whole_installation_however_many_ask(database: Database) -> None:
    offices = [office(database, slack_key=f"T_{number}") for number in range(6)]
    clients = [created(add_client(database), people.ada) for people in offices]
    service = _service(database)

    def take(number: int) -> object:
        try:
            return service.change_extract(offices[number].ada, clients[number].client_id, "the-one")
        except InvalidError as error:
            return set(error.fields)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(take, range(6)))
    assert outcomes.count(True) == 1
    assert outcomes.count({"extract_name"}) == 5
    with database.read() as session:
        names = list(session.scalars(select(Client.extract_name)))
    assert names.count("the-one") == 1
    assert len(set(names)) == 6


def test_a_client_that_the_colleague_does_not_see_is_not_there(database: Database) -> None:
    people, other, service = office(database), office(database, slack_key="T_ELM"), _service(database)
    client_id = created(add_client(database), people.ada).client_id
    for actor in (people.sam, other.ada):
        for ask in (
            lambda by: service.details(by, client_id),
            lambda by: service.save(by, client_id, {"name": "Mine"}),
            lambda by: service.extract(by, client_id),
            lambda by: service.change_extract(by, client_id, "mine"),
        ):
            with pytest.raises(NotFoundError):
                ask(actor)
