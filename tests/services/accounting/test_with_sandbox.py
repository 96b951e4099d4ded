"""The services against the sandbox's Xero and Sage, through their consent pages."""

from datetime import timedelta

import pytest

from db.models import ConnectionStatus
from services.accounting.consent import ConsentCancelledError, Purpose, PurposeKind
from services.accounting.port import (
    AuthorisationDead,
    ClientRejected,
    Limited,
    NotAuthorised,
    Offline,
    ProviderUnavailable,
)
from services.errors import NotFoundError
from tests.builders import add_client
from tests.fakes import Clock
from tests.services.accounting.conftest import SAGE, XERO, World

AN_HOUR = timedelta(hours=1)


def test_one_organisation_is_ticked_and_chosen(world: World, names: list[str]) -> None:
    draft_id = add_client(world.database).start_over(world.ada).draft_id
    url = world.begin(XERO, Purpose(kind=PurposeKind.DRAFT, id=draft_id))
    got = world.finish(XERO, world.sandbox.xero.consent(url, "priya", [names[1]]))
    assert got.chosen is not None
    assert got.chosen.chosen is not None
    assert (got.chosen.chosen.name, got.chosen.chosen.tenant_id) == (names[1], world.sandbox.xero.tenant(names[1]))
    assert got.chosen.chosen.legal_name


def test_each_further_consent_offers_what_it_added(world: World, names: list[str]) -> None:
    first, second = world.connected(names[0]), world.connected(names[1])
    assert [world.card(each).organisation_name for each in (first, second)] == names[:2]


def test_of_several_organisations_one_is_picked(world: World, names: list[str]) -> None:
    world.sandbox.xero.change_settings(bulk=True)
    draft_id = add_client(world.database).start_over(world.ada).draft_id
    url = world.begin(XERO, Purpose(kind=PurposeKind.DRAFT, id=draft_id))
    got = world.finish(XERO, world.sandbox.xero.consent(url, "priya", "all"))
    assert got.chosen is None
    assert sorted(each.organisation.name for each in got.organisations) == sorted(names)
    picked = world.connections.choose_for_draft(world.ada, draft_id, world.sandbox.xero.tenant(names[2]))
    assert picked.chosen is not None
    assert picked.chosen.name == names[2]


def test_a_consent_is_cancelled(world: World) -> None:
    url = world.begin(XERO, Purpose(kind=PurposeKind.CLIENT, id=world.client()))
    with pytest.raises(ConsentCancelledError):
        world.finish(XERO, world.sandbox.xero.consent(url, cancel=True))


def test_an_access_token_that_expired_is_refreshed_on_the_way(world: World, names: list[str]) -> None:
    client_id = world.connected(names[0])
    world.sandbox.xero.expire("priya")
    assert world.connections.refresh(world.ada, client_id).status is ConnectionStatus.CONNECTED
    assert len(world.sandbox.xero.calls(kind="token", path="refresh_token")) == 1


def test_a_lost_answer_costs_one_more_call_with_the_same_token(world: World, names: list[str], clock: Clock) -> None:
    client_id = world.connected(names[0])
    clock.advance(AN_HOUR)
    world.sandbox.xero.fault("lost_refresh", times=1)
    world.connections.refresh(world.ada, client_id)
    calls = world.sandbox.xero.calls(kind="token", path="refresh_token")
    assert [call["outcome"] for call in calls] == ["lost", "ok"]
    assert len({call["token"] for call in calls}) == 1


def test_answers_lost_for_longer_than_the_grace_end_the_sign_in_unasked(
    world: World, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    clock.advance(AN_HOUR)
    world.sandbox.xero.fault("lost_refresh")
    with pytest.raises(ProviderUnavailable):
        world.connections.refresh(world.ada, client_id)
    clock.advance(timedelta(minutes=31))
    with pytest.raises(AuthorisationDead):
        world.connections.refresh(world.ada, client_id)
    assert len(world.sandbox.xero.calls(kind="token", path="refresh_token")) == 2
    assert world.card(client_id).status is ConnectionStatus.EXPIRED


def test_a_dead_sign_in_expires_its_connections_and_a_new_consent_revives_them(
    world: World, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    clock.advance(AN_HOUR)
    world.sandbox.xero.kill("priya")
    with pytest.raises(AuthorisationDead):
        world.connections.refresh(world.ada, client_id)
    assert world.card(client_id).status is ConnectionStatus.EXPIRED

    url = world.begin(XERO, Purpose(kind=PurposeKind.CLIENT, id=client_id))
    world.finish(XERO, world.sandbox.xero.consent(url, "priya", [names[0]]))

    assert world.card(client_id).status is ConnectionStatus.CONNECTED
    world.connections.refresh(world.ada, client_id)


def test_a_revoked_organisation_is_disconnected_alone(world: World, names: list[str]) -> None:
    first, second = world.connected(names[0]), world.connected(names[1])
    world.sandbox.xero.revoke(world.sandbox.xero.tenant(names[0]))
    with pytest.raises(NotAuthorised):
        world.connections.refresh(world.ada, first)
    assert world.card(first).status is ConnectionStatus.DISCONNECTED
    assert world.connections.refresh(world.ada, second).status is ConnectionStatus.CONNECTED


def test_our_own_secret_refused_expires_nothing(world: World, names: list[str], clock: Clock) -> None:
    client_id = world.connected(names[0])
    clock.advance(AN_HOUR)
    world.sandbox.xero.fault("invalid_client", times=1)
    with pytest.raises(ClientRejected):
        world.connections.refresh(world.ada, client_id)
    assert world.connections.refresh(world.ada, client_id).status is ConnectionStatus.CONNECTED


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ("offline", Offline),
        ("http500", ProviderUnavailable),
        ("html", ProviderUnavailable),
        ("drop", ProviderUnavailable),
        ("limited", Limited),
        ("unknown_enum", None),
        ("new_token_field", None),
    ],
)
def test_what_goes_wrong_for_a_while_leaves_the_client_connected(
    world: World, names: list[str], clock: Clock, fault: str, failure: type[Exception] | None
) -> None:
    client_id = world.connected(names[0])
    clock.advance(AN_HOUR)
    world.sandbox.xero.fault(fault, times=1)
    if failure is not None:
        with pytest.raises(failure):
            world.connections.refresh(world.ada, client_id)
        clock.advance(timedelta(minutes=1))
    assert world.connections.refresh(world.ada, client_id).status is ConnectionStatus.CONNECTED


def test_a_client_is_disconnected_at_xero_too(world: World, names: list[str]) -> None:
    client_id = world.connected(names[0])
    world.connections.disconnect(world.ada, client_id)
    assert world.sandbox.xero.connections() == []


def test_a_sage_business_is_connected_and_its_single_use_tokens_keep_it_so(world: World, clock: Clock) -> None:
    [first, *_] = world.sandbox.sage.businesses()
    client_id = world.client()
    url = world.begin(SAGE, Purpose(kind=PurposeKind.CLIENT, id=client_id))
    got = world.finish(SAGE, world.sandbox.sage.consent(url, "omar"))
    assert got.chosen is not None
    assert world.card(client_id).organisation_name == first["name"]
    for _ in range(3):
        clock.advance(AN_HOUR)
        assert world.connections.refresh(world.ada, client_id).status is ConnectionStatus.CONNECTED
    calls = world.sandbox.sage.calls(kind="token", path="refresh_token")
    assert [call["outcome"] for call in calls] == ["ok"] * 3
    assert len({call["token"] for call in calls}) == 3


def test_a_sage_business_without_subscription_is_told(world: World) -> None:
    client_id = world.client()
    url = world.begin(SAGE, Purpose(kind=PurposeKind.CLIENT, id=client_id))
    world.finish(SAGE, world.sandbox.sage.consent(url, "omar"))
    world.sandbox.sage.fault("no_subscription", times=1)
    with pytest.raises(NotAuthorised, match="no active subscription"):
        world.connections.refresh(world.ada, client_id)


def test_a_state_of_one_consent_is_no_good_for_another(world: World, names: list[str]) -> None:
    url = world.begin(XERO, Purpose(kind=PurposeKind.CLIENT, id=world.client()))
    back = world.sandbox.xero.consent(url, "priya", [names[0]])
    with pytest.raises(NotFoundError):
        world.finish(XERO, back.replace("state=", "state=x"))
