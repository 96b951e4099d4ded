"""What the holder of a sign-in at Xero hears in Slack when something ends there."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from db.models import Provider
from services.accounting.consent import Purpose, PurposeKind
from tests.builders import created, office
from tests.fakes import Clock
from tests.stack import Stack

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def organisation(timed_stack: Stack) -> str:
    """The name of an organisation that Ada's client Acme is connected to."""
    stack = timed_stack
    services = stack.composition.services
    ada = office(stack.composition.database).ada
    client_id = created(services.add_client, ada, "Acme <& Co>").client_id
    name = str(stack.sandbox.xero.organisations()[0]["name"])
    link = services.consent.start_url(ada, Provider.XERO, Purpose(kind=PurposeKind.CLIENT, id=client_id))
    [ticket] = parse_qs(urlsplit(link).query)["ticket"]
    back = stack.sandbox.xero.consent(services.consent.start(Provider.XERO, ticket, browser="b"), "priya", [name])
    given = parse_qs(urlsplit(back).query)
    services.consent.finish(Provider.XERO, browser="b", state=given["state"][0], code=given["code"][0])
    stack.run_due()
    return name


def check(stack: Stack, clock: Clock) -> None:
    for _ in range(3):
        stack.composition.services.upkeep.check()
        stack.run_due()
        clock.advance(timedelta(days=1))


def messages(stack: Stack, words: str) -> list[str]:
    return [each.text for each in stack.person("U_ADA").messages("app_dm") if words in each.text]


def test_an_ended_connection_is_told_to_the_holder_once(timed_stack: Stack, organisation: str, clock: Clock) -> None:
    xero = timed_stack.sandbox.xero
    xero.revoke(xero.tenant(organisation))
    check(timed_stack, clock)
    [text] = messages(timed_stack, "no longer connected to Xero")
    assert "Acme <& Co>" in text


def test_an_ended_sign_in_is_told_to_the_holder_once(timed_stack: Stack, organisation: str, clock: Clock) -> None:
    timed_stack.sandbox.xero.kill("priya")
    clock.advance(timedelta(hours=1))
    check(timed_stack, clock)
    [text] = messages(timed_stack, "Your sign-in at Xero has ended")
    assert "Acme <& Co>" in text
