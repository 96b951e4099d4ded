"""What the holder of a sign-in at Xero hears in Slack when something ends there."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from db.models import Provider
from services.accounting.consent import Purpose, PurposeKind
from services.actor import Actor
from tests.builders import created, office
from tests.fakes import Clock
from tests.stack import Stack

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Acme:
    """Ada's client, and the name of the organisation that it is connected to."""

    ada: Actor
    client_id: uuid.UUID
    organisation: str


@pytest.fixture
def acme(timed_stack: Stack) -> Acme:
    stack = timed_stack
    ada = office(stack.composition.database).ada
    client_id = created(stack.composition.services.add_client, ada, "Acme <& Co>").client_id
    acme = Acme(ada, client_id, str(stack.sandbox.xero.organisations()[0]["name"]))
    connect(stack, acme)
    stack.run_due()
    return acme


def connect(stack: Stack, acme: Acme) -> None:
    services, purpose = stack.composition.services, Purpose(kind=PurposeKind.CLIENT, id=acme.client_id)
    link = services.consent.start_url(acme.ada, Provider.XERO, purpose)
    [ticket] = parse_qs(urlsplit(link).query)["ticket"]
    url = services.consent.start(Provider.XERO, ticket, browser="b")
    back = stack.sandbox.xero.consent(url, "priya", [acme.organisation])
    given = parse_qs(urlsplit(back).query)
    services.consent.finish(Provider.XERO, browser="b", state=given["state"][0], code=given["code"][0])


def check(stack: Stack, clock: Clock) -> None:
    for _ in range(3):
        stack.composition.services.upkeep.check()
        stack.run_due()
        clock.advance(timedelta(days=1))


def messages(stack: Stack, words: str) -> list[str]:
    return [each.text for each in stack.person("U_ADA").messages("app_dm") if words in each.text]


def test_an_ended_connection_is_told_to_the_holder_once(timed_stack: Stack, acme: Acme, clock: Clock) -> None:
    xero = timed_stack.sandbox.xero
    xero.revoke(xero.tenant(acme.organisation))
    check(timed_stack, clock)
    [text] = messages(timed_stack, "no longer connected to Xero")
    assert "Acme <& Co>" in text


def test_an_ended_sign_in_is_told_to_the_holder_once(timed_stack: Stack, acme: Acme, clock: Clock) -> None:
    timed_stack.sandbox.xero.kill("priya")
    clock.advance(timedelta(hours=1))
    check(timed_stack, clock)
    [text] = messages(timed_stack, "Your sign-in at Xero has ended")
    assert "Acme <& Co>" in text


def test_nothing_is_told_of_what_is_well_again_by_then(timed_stack: Stack, acme: Acme, clock: Clock) -> None:
    stack, xero = timed_stack, timed_stack.sandbox.xero
    xero.revoke(xero.tenant(acme.organisation))
    stack.sandbox.fault("chat.postMessage", "ratelimited", times=1, retry_after=30)
    stack.composition.services.upkeep.check()
    stack.run_due()
    connect(stack, acme)
    clock.advance(timedelta(minutes=1))
    assert stack.run_due() == 1
    assert messages(stack, "no longer connected to Xero") == []
