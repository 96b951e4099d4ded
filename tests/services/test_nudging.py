"""Clients who have not accepted are reminded by e-mail, on the third and the sixth day, as long as it makes sense."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from db.models import Client, Delivery, InvitationLink, InvitationStatus, Job, JobOutcome, Lane, Practice
from db.session import Database
from services.delivery.email import RefusedError, UndeliveredError
from services.invitations.nudging import NudgeService
from services.invitations.reminders import NUDGE, ReminderService
from services.jobs import Claim, GiveUp, Retry
from tests.fakes import Clock
from tests.invited import PASSWORD, Person, World

A_DAY = timedelta(days=1)


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return World(database, clock)


@pytest.fixture
def nudges(world: World) -> NudgeService:
    return NudgeService(
        world.database,
        world.keys,
        world.outbox,
        public_url="https://desk.example.com/",
        email_from="Clientdesk <hello@desk.example.com>",
    )


def _invited(world: World) -> tuple[Person, str]:
    """Somebody of a practice that wants its clients to be reminded."""
    practice_id = world.practice()
    _set(world, nudges_clients=True)
    return world.sent(practice_id)


def _set(world: World, **values: object) -> None:
    with world.database.begin() as session:
        session.execute(update(Practice).values(**values))


def _chosen(world: World) -> Claim:
    """The job that is there on the third day."""
    world.clock.advance(3 * A_DAY)
    ReminderService(world.database).sweep()
    claim = world.claim()
    assert claim.kind == NUDGE
    return claim


def test_a_client_who_waits_gets_two_more_e_mails_with_the_link_they_have(world: World, nudges: NudgeService) -> None:
    _, token = _invited(world)
    sweeper = ReminderService(world.database)
    days = []
    for day in range(1, 15):
        world.clock.advance(A_DAY)
        for _ in range(2):
            sweeper.sweep()
        for claim in world.jobs.claim(Lane.MAIL, 10, timedelta(minutes=1)):
            nudges.send(claim)
            world.jobs.close(claim)
            days.append(day)

    assert days == [3, 6]
    assert [re.findall(r"/i/([\w-]+)", email.text) for email in world.outbox.emails] == [[token]] * 3
    assert [email.subject for email in world.outbox.emails] == [
        "Birch & Co invites you to Clientdesk",
        *["Reminder: Birch & Co has invited you to Clientdesk"] * 2,
    ]
    assert len({email.message_id for email in world.outbox.emails}) == 3
    assert (
        "Grace Hall of Birch & Co has invited you to the account of Harbour Bakery in Clientdesk, "
        "and you have not set a password yet."
    ) in world.outbox.emails[1].text


def test_who_has_opened_it_only_is_reminded_too(world: World, nudges: NudgeService) -> None:
    _, token = _invited(world)
    world.invitations.open(token)

    nudges.send(_chosen(world))

    assert len(world.outbox.emails) == 2


def _accept(world: World, _: Person, token: str) -> None:
    world.invitations.accept(token, PASSWORD)


def _revoke(world: World, person: Person, _: str) -> None:
    world.colleague.revoke(world.grace(person), person.invitation_id)


def _resend(world: World, person: Person, _: str) -> None:
    world.colleague.resend(world.grace(person), person.invitation_id)


def _fail(world: World, person: Person, _: str) -> None:
    world.change(person, status=InvitationStatus.FAILED)


def _bounce(world: World, _person: Person, _: str) -> None:
    """While a text message has arrived."""
    with world.database.begin() as session:
        session.execute(update(InvitationLink).values(delivery=Delivery.FAILED))


def _expire(world: World, _person: Person, _: str) -> None:
    world.clock.advance(4 * A_DAY)


def _deactivate(world: World, person: Person, _: str) -> None:
    with world.database.begin() as session:
        session.get_one(Client, person.client_id).deactivated_at = world.clock.now()


def _switch_off(world: World, _person: Person, _: str) -> None:
    _set(world, nudges_clients=False)


def _uninstall(world: World, _person: Person, _: str) -> None:
    _set(world, uninstalled_at=world.clock.now())


@pytest.mark.parametrize(
    "happens", [_accept, _revoke, _resend, _fail, _bounce, _expire, _deactivate, _switch_off, _uninstall]
)
def test_what_happens_between_choosing_and_sending_counts(
    world: World, nudges: NudgeService, happens: Callable[[World, Person, str], None]
) -> None:
    person, token = _invited(world)
    claim = _chosen(world)
    happens(world, person, token)

    nudges.send(claim)

    assert [email.subject for email in world.outbox.emails] == ["Birch & Co invites you to Clientdesk"]


def test_a_mail_server_that_is_busy_is_asked_again(world: World, nudges: NudgeService) -> None:
    _invited(world)
    claim = _chosen(world)
    world.outbox.answers = [UndeliveredError("451 4.7.1 Try later")]

    with pytest.raises(Retry, match="Try later"):
        nudges.send(claim)
    nudges.send(claim)

    assert len(world.outbox.emails) == 2


def test_a_refusal_leaves_the_invitation_as_it_is(world: World, nudges: NudgeService) -> None:
    person, _ = _invited(world)
    claim = _chosen(world)
    world.outbox.answers = [RefusedError("552 5.2.2 Mailbox full")]

    with pytest.raises(GiveUp, match="Mailbox full"):
        nudges.send(claim)

    assert world.invitation(person).status == InvitationStatus.SENT
    assert world.told() == []


def test_nobody_is_reminded_where_the_practice_does_not_want_it(world: World) -> None:
    world.sent()
    world.clock.advance(3 * A_DAY)
    ReminderService(world.database).sweep()
    with world.database.read() as session:
        assert session.query(Job.outcome).where(Job.lane == Lane.MAIL).all() == [(JobOutcome.DONE,)]
