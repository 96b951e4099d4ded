"""Signing in on the web page."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from db.models import LoginSession
from db.session import Database
from services.accounts.records import AccountPage
from services.accounts.sessions import SignedOutError
from services.errors import InvalidError
from tests.accounts import PASSWORD, PAT, World
from tests.fakes import Clock


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_whoever_signs_in_stays_so_for_half_a_day(world: World, clock: Clock) -> None:
    held = world.held()
    assert world.accounts.page(held.token).email == PAT
    clock.advance(timedelta(hours=12) - timedelta(seconds=1))
    assert world.sessions.is_signed_in(held.token)
    clock.advance(timedelta(seconds=1))
    assert not world.sessions.is_signed_in(held.token)
    with pytest.raises(SignedOutError):
        world.accounts.page(held.token)


def test_an_unknown_address_and_a_wrong_password_are_answered_alike(world: World) -> None:
    world.held()
    said = []
    for email, password in (("nobody@acme.example", PASSWORD), (PAT, "another password"), ("", ""), ("\0", "\0")):
        with pytest.raises(InvalidError) as refused:
            world.sessions.sign_in(email, password)
        said.append(refused.value.fields)
    assert said == [said[0]] * 4
    assert said[0].keys() == {"password"}


def test_each_sign_in_is_a_session_of_its_own_and_ends_alone(world: World) -> None:
    held = world.held()
    other = world.sessions.sign_in(f" {PAT.upper()} ", PASSWORD)
    assert other.token != held.token
    world.sessions.sign_out(held.token)
    world.sessions.sign_out(held.token)
    assert not world.sessions.is_signed_in(held.token)
    assert world.sessions.is_signed_in(other.token)


def test_of_a_session_only_a_hash_is_kept_and_that_only_while_it_lasts(world: World, clock: Clock) -> None:
    held = world.held()
    with world.database.read() as session:
        assert held.token.encode() not in session.scalars(select(LoginSession.token_hash)).one()
    clock.advance(timedelta(hours=13))
    fresh = world.sessions.sign_in(PAT, PASSWORD)
    assert world.sessions.prune() == 1
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(LoginSession)) == 1
    assert world.sessions.is_signed_in(fresh.token)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\0" * 43, "é" * 43, "x" * 100_000])
def test_what_is_no_session_is_none(world: World, token: str) -> None:
    assert not world.sessions.is_signed_in(token)
    with pytest.raises(SignedOutError):
        world.accounts.page(token)


def test_somebody_who_is_in_no_account_any_more_sees_none(world: World) -> None:
    held = world.held()
    world.change(held, deactivated_at=world.database.now())
    assert world.accounts.page(held.token) == AccountPage(email=PAT, accounts=())
    world.change(held, deactivated_at=None, has_login_access=False)
    assert world.accounts.page(held.token) == AccountPage(email=PAT, accounts=())
