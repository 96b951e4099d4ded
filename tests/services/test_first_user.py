from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from db.models import Invitation
from db.session import Database
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, ServiceError
from services.invitations.first_user import FirstUserService, Invitable, Invited
from services.practice import PracticeService
from tests.builders import KEYS, add_client, created, login, office

CONTACT = {"contact_name": "Cy", "contact_email": "cy@example.com"}


def _service(database: Database) -> FirstUserService:
    return FirstUserService(database, KEYS)


def test_the_first_user_is_invited_once_however_many_ask(database: Database) -> None:
    people, service = office(database), _service(database)
    client = created(add_client(database), people.ada)
    assert service.invitable(people.ada, client.client_id) == Invitable(client.client_id, "Acme Ltd")

    def ask(number: int) -> object:
        try:
            return service.invite(people.ada, client.client_id, {**CONTACT, "contact_email": f"cy{number}@example.com"})
        except ServiceError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(8)))
    assert len([outcome for outcome in outcomes if isinstance(outcome, Invited)]) == 1
    assert len([outcome for outcome in outcomes if isinstance(outcome, ConflictError)]) == 7
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Invitation)) == 1


def test_a_client_that_the_colleague_does_not_see_is_not_there(database: Database) -> None:
    people, service = office(database), _service(database)
    other = office(database, slack_key="T_OTHER")
    client = created(add_client(database), people.ada)
    for actor in (people.sam, other.ada):
        with pytest.raises(NotFoundError):
            service.invitable(actor, client.client_id)
        with pytest.raises(NotFoundError):
            service.invite(actor, client.client_id, CONTACT)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ({}, {"contact_name", "contact_email"}),
        ({"contact_name": "Cy", "contact_email": "no"}, {"contact_email"}),
        ({"contact_name": "Cy", "contact_email": "pat@example.com"}, {"contact_email"}),
    ],
)
def test_a_contact_that_can_not_be_invited_is_refused_at_the_field(
    database: Database, raw: dict[str, Any], fields: set[str]
) -> None:
    people = office(database)
    login(database, "pat@example.com")
    client = created(add_client(database), people.ada)
    with pytest.raises(InvalidError) as refusal:
        _service(database).invite(people.ada, client.client_id, raw)
    assert set(refusal.value.fields) == fields


def test_only_a_practice_admin_raises_the_bundle_and_only_upwards(database: Database) -> None:
    people, practices = office(database, bundle=10), PracticeService(database)
    for actor in (people.clem, people.jo):
        with pytest.raises(NotPermittedError):
            practices.raise_bundle(actor, 20)
    for included in (-1, 0, 10, 100_001):
        with pytest.raises(InvalidError):
            practices.raise_bundle(people.ada, included)
    assert practices.raise_bundle(people.ada, 20).included == 20
    elsewhere = PracticeService(database, billing_url="https://billing.example")
    with pytest.raises(NotPermittedError):
        elsewhere.raise_bundle(people.ada, 30)
