"""Sending an invitation anew, to another address, and taking it back; also while it is being accepted."""

import dataclasses
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from db.models import (
    AuditEntry,
    Client,
    ClientUser,
    Colleague,
    Invitation,
    InvitationStatus,
    Lane,
    Practice,
    Role,
)
from db.session import Database
from services.actor import Actor
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, ServiceError
from services.invitations.records import (
    Accepted,
    InvitationClosedError,
    LinkState,
    NotInvitableError,
    Refusal,
    Renewed,
    Subject,
)
from tests.fakes import Clock
from tests.invited import PASSWORD, Person, World

LATER = timedelta(minutes=1)
ACCEPTED, EXPIRED, FAILED = InvitationStatus.ACCEPTED, InvitationStatus.EXPIRED, InvitationStatus.FAILED
QUEUED, REVOKED, SENT = InvitationStatus.QUEUED, InvitationStatus.REVOKED, InvitationStatus.SENT
SUPERSEDED = InvitationStatus.SUPERSEDED
ADDRESS = "ada@harbour.example"


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return World(database, clock)


def _now(world: World, person: Person, invitation_id: uuid.UUID) -> Person:
    """The person with the invitation that took the place of the first."""
    return dataclasses.replace(person, invitation_id=invitation_id)


def _resend(world: World, person: Person) -> Renewed:
    return world.colleague.resend(world.grace(person), person.invitation_id)


def test_resending_starts_a_new_week_and_ends_the_old_link(world: World) -> None:
    person, token = world.sent()
    world.clock.advance(timedelta(days=5))

    renewed = _resend(world, person)

    assert renewed == Renewed(
        invitation_id=renewed.invitation_id,
        client_id=person.client_id,
        client_name="Harbour Bakery",
        person_name="Ada Byrne",
        email=ADDRESS,
        repeated=False,
    )
    assert world.standing(person) == [(ADDRESS, SUPERSEDED), (ADDRESS, QUEUED)]
    assert world.invitations.open(token).state == LinkState.REPLACED
    world.invitations.send_email(world.claim())
    new = world.invitation(_now(world, person, renewed.invitation_id))
    assert (new.status, new.expires_at) == (SENT, world.clock.now() + timedelta(days=7))
    assert world.outbox.token() != token
    assert world.invitations.open(world.outbox.token()).state == LinkState.OPEN


def test_each_step_is_in_the_audit_trail_with_who_did_it(world: World) -> None:
    person, _ = world.sent()
    world.clock.advance(LATER)
    grace = world.grace(person)

    renewed = world.colleague.change_email(grace, person.invitation_id, "Ada.B@Harbour.example")
    world.colleague.revoke(grace, renewed.invitation_id)

    with world.database.read() as session:
        trail = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        told = [(each.action, each.colleague_id, each.before, each.after) for each in trail][2:]
    assert told == [
        (
            "client_user.email_changed",
            grace.colleague_id,
            {"email": ADDRESS},
            {"email": "Ada.B@Harbour.example"},
        ),
        ("invitation.superseded", grace.colleague_id, {"status": "sent"}, {"status": "superseded"}),
        (
            "invitation.created",
            grace.colleague_id,
            None,
            {
                "client_user_id": str(person.client_user_id),
                "email": "Ada.B@Harbour.example",
                "status": "queued",
                "replaces": str(person.invitation_id),
            },
        ),
        ("invitation.revoked", grace.colleague_id, {"status": "queued"}, {"status": "revoked"}),
    ]


@pytest.mark.parametrize("status", [QUEUED, SENT, InvitationStatus.OPENED, FAILED, EXPIRED, REVOKED])
def test_whatever_was_not_accepted_can_be_sent_anew(world: World, status: InvitationStatus) -> None:
    person = world.invite()
    world.change(person, status=status)
    world.clock.advance(LATER)

    _resend(world, person)

    assert world.standing(person) == [(ADDRESS, SUPERSEDED), (ADDRESS, QUEUED)]


def test_a_double_click_sends_one(world: World) -> None:
    person, _ = world.sent()
    world.clock.advance(LATER)

    first = _resend(world, person)
    world.clock.advance(timedelta(seconds=4))
    second = _resend(world, person)

    assert second == dataclasses.replace(first, repeated=True)
    assert len(world.standing(person)) == 2
    assert world.jobs.counts()[Lane.MAIL].due == 1


def test_who_presses_later_hears_that_a_newer_one_was_sent(world: World) -> None:
    person, _ = world.sent()
    world.clock.advance(LATER)
    _resend(world, person)
    world.clock.advance(LATER)

    grace = world.grace(person)
    for act in (
        partial(world.colleague.resend, grace, person.invitation_id),
        partial(world.colleague.revoke, grace, person.invitation_id),
        partial(world.colleague.change_email, grace, person.invitation_id, "new@harbour.example"),
        partial(world.colleague.subject, grace, person.invitation_id),
    ):
        with pytest.raises(NotInvitableError, match="A newer invitation has been sent to Ada Byrne") as caught:
            act()
        assert caught.value.why is Refusal.REPLACED


def test_an_accepted_one_is_left_as_it_is(world: World) -> None:
    person, token = world.sent()
    world.invitations.accept(token, PASSWORD)
    world.clock.advance(LATER)

    for act in (_resend, lambda world, person: world.colleague.revoke(world.grace(person), person.invitation_id)):
        with pytest.raises(NotInvitableError, match="Ada Byrne has accepted the invitation"):
            act(world, person)
    assert world.standing(person) == [(ADDRESS, ACCEPTED)]


def test_who_signs_in_through_another_client_needs_no_invitation(world: World) -> None:
    practice_id = world.practice()
    bakery, _ = world.sent(practice_id)
    world.change(bakery, status=EXPIRED)
    _, token = world.sent(practice_id, client="Mill")
    world.invitations.accept(token, PASSWORD)
    world.clock.advance(LATER)

    with pytest.raises(NotInvitableError, match="signs in already"):
        _resend(world, bakery)


def test_a_deactivated_client_s_user_is_not_invited(world: World) -> None:
    person, _ = world.sent()
    with world.database.begin() as session:
        session.get_one(Client, person.client_id).deactivated_at = world.clock.now()
    world.clock.advance(LATER)

    with pytest.raises(NotInvitableError, match="Harbour Bakery is deactivated"):
        _resend(world, person)


def test_only_colleagues_who_see_the_client_may(world: World) -> None:
    person, _ = world.sent()
    elsewhere = world.grace(world.invite(world.practice("Elm LLP"), email="eve@elm.example"))
    with world.database.begin() as session:
        standard = Colleague(
            practice_id=person.practice_id,
            slack_user_id="U-SAM",
            name="Sam",
            role=Role.STANDARD,
            created_at=world.clock.now(),
        )
        session.add(standard)
        session.flush()
        sam = Actor(person.practice_id, standard.id)
    world.clock.advance(LATER)

    for actor in (elsewhere, sam):
        for act in (world.colleague.resend, world.colleague.revoke, world.colleague.subject):
            with pytest.raises(NotFoundError):
                act(actor, person.invitation_id)
        with pytest.raises(NotFoundError):
            world.colleague.change_email(actor, person.invitation_id, "new@harbour.example")
        with pytest.raises(NotFoundError):
            world.colleague.invite(actor, person.client_user_id)
    with world.database.begin() as session:
        session.get_one(Colleague, sam.colleague_id).active = False
    with pytest.raises(NotPermittedError):
        world.colleague.resend(sam, person.invitation_id)
    with pytest.raises(NotFoundError):
        world.colleague.resend(elsewhere, uuid.uuid4())
    assert world.standing(person) == [(ADDRESS, SENT)]


def test_another_address_gets_the_new_link_and_is_the_user_s_from_now_on(world: World) -> None:
    person, token = world.sent()
    world.clock.advance(LATER)

    renewed = world.colleague.change_email(world.grace(person), person.invitation_id, " new@harbour.example ")

    assert renewed.email == "new@harbour.example"
    assert world.standing(person) == [(ADDRESS, SUPERSEDED), ("new@harbour.example", QUEUED)]
    assert world.invitations.open(token).state == LinkState.REPLACED
    world.invitations.send_email(world.claim())
    assert world.outbox.emails[-1].recipient.address == "new@harbour.example"
    accepted = world.invitations.accept(world.outbox.token(), PASSWORD)
    assert accepted.email == "new@harbour.example"
    login = world.login_of(person)
    assert login is not None
    assert login.email_key == "new@harbour.example"


def test_the_same_address_in_other_letters_is_kept_as_it_is_typed(world: World) -> None:
    person, _ = world.sent()
    world.clock.advance(LATER)
    world.colleague.change_email(world.grace(person), person.invitation_id, "ADA@harbour.example")
    with world.database.read() as session:
        user = session.get_one(ClientUser, person.client_user_id)
        assert (user.email, user.email_key) == ("ADA@harbour.example", ADDRESS)


def test_saving_an_address_twice_sends_one(world: World) -> None:
    person, _ = world.sent()
    world.clock.advance(LATER)
    change = partial(world.colleague.change_email, world.grace(person), person.invitation_id, "new@harbour.example")

    assert change() == dataclasses.replace(change(), repeated=False)
    assert len(world.standing(person)) == 2


@pytest.mark.parametrize(
    "email", ["", "no", "ada@", "x" * 300 + "@harbour.example", "taken@mill.example", "in@use.example"]
)
def test_an_address_that_can_not_be_used_is_refused_at_the_field(world: World, email: str) -> None:
    practice_id = world.practice()
    _, token = world.sent(world.practice("Elm LLP"), email="in@use.example")
    world.invitations.accept(token, PASSWORD)
    person, _ = world.sent(practice_id)
    world.invite(practice_id, client="Mill", email="TAKEN@mill.example")
    world.clock.advance(LATER)

    with pytest.raises(InvalidError) as caught:
        world.colleague.change_email(world.grace(person), person.invitation_id, email)

    assert set(caught.value.fields) == {"email"}
    assert world.standing(person) == [(ADDRESS, SENT)]


def test_a_revoked_link_ends_and_can_be_taken_back_only_before_it_was_used(world: World) -> None:
    person, token = world.sent()
    grace = world.grace(person)
    expected = Subject(
        invitation_id=person.invitation_id,
        client_id=person.client_id,
        client_name="Harbour Bakery",
        person_name="Ada Byrne",
        email=ADDRESS,
    )
    assert world.colleague.subject(grace, person.invitation_id) == expected
    for _ in range(2):
        world.colleague.revoke(grace, person.invitation_id)
    assert world.invitations.open(token).state == LinkState.REVOKED
    assert world.standing(person) == [(ADDRESS, REVOKED)]
    assert world.actions(person) == ["invitation.created", "invitation.sent", "invitation.revoked"]


def test_a_user_who_was_never_invited_is_invited_once(world: World) -> None:
    person = world.invite()
    grace = world.grace(person)
    with world.database.begin() as session:
        session.delete(session.get_one(Invitation, person.invitation_id))

    first = world.colleague.invite(grace, person.client_user_id)
    assert world.colleague.invite(grace, person.client_user_id) == dataclasses.replace(first, repeated=True)
    world.clock.advance(LATER)
    with pytest.raises(NotInvitableError, match="Ada Byrne has been invited already"):
        world.colleague.invite(grace, person.client_user_id)
    assert world.standing(person) == [(ADDRESS, QUEUED)]


def test_who_is_invited_through_another_client_is_not_invited_a_second_time(world: World) -> None:
    practice_id = world.practice()
    world.invite(practice_id)
    person = world.invite(practice_id, client="Mill")
    with world.database.begin() as session:
        session.delete(session.get_one(Invitation, person.invitation_id))
    with pytest.raises(NotInvitableError, match="One login opens both"):
        world.colleague.invite(world.grace(person), person.client_user_id)


def test_a_reminder_is_due_for_what_is_out_and_for_nothing_that_is_over(world: World) -> None:
    practice_id = world.practice()
    with world.database.begin() as session:
        session.get_one(Practice, practice_id).nudges_clients = True
    person = world.invite(practice_id)
    start = world.clock.now()

    def due(each: Person) -> tuple[object, ...]:
        row = world.invitation(each)
        return row.next_reminder_at, row.next_stage is None, row.next_nudge_at

    # A Monday at nine; the week ends on the next one, before which there is a weekend.
    assert due(person) == (start + timedelta(days=4), False, start + timedelta(days=3))
    world.clock.advance(LATER)
    renewed = _now(world, person, _resend(world, person).invitation_id)
    assert due(person) == (None, True, None)
    assert due(renewed)[0] == start + timedelta(days=4)
    world.colleague.revoke(world.grace(person), renewed.invitation_id)
    assert due(renewed) == (None, True, None)
    other = world.invite(practice_id, client="Mill", email="mo@mill.example")
    world.clock.advance(timedelta(days=7))
    assert world.invitations.expire() == 1
    assert due(other)[1] is False


def test_of_simultaneous_resends_one_is_live(world: World) -> None:
    person, _ = world.sent()
    world.clock.advance(LATER)

    outcomes = _at_once([partial(_resend, world, person)] * 8)

    assert [type(each) for each in outcomes] == [Renewed] * 8
    assert len({each.invitation_id for each in outcomes if isinstance(each, Renewed)}) == 1
    assert world.standing(person) == [(ADDRESS, SUPERSEDED), (ADDRESS, QUEUED)]


@pytest.mark.parametrize("round_", range(3))
def test_a_resend_and_an_acceptance_at_once_agree(world: World, round_: int) -> None:
    practice_id = world.practice()
    person, token = world.sent(practice_id)
    world.sent(practice_id, client="Mill")
    world.clock.advance(LATER)
    change = partial(world.colleague.change_email, world.grace(person), person.invitation_id, "new@harbour.example")

    resent, accepted, _ = _at_once(
        [partial(_resend, world, person), partial(world.invitations.accept, token, PASSWORD), change]
    )

    statuses = [status for _, status in world.standing(person)]
    if isinstance(accepted, Accepted):
        assert statuses == [ACCEPTED]
        assert isinstance(resent, ConflictError)
        assert world.login_of(person) is not None
    else:
        assert isinstance(accepted, InvitationClosedError)
        assert accepted.page.state is LinkState.REPLACED
        assert statuses[-1] is QUEUED
        assert set(statuses[:-1]) == {SUPERSEDED}
        assert world.login_of(person) is None


def test_of_two_users_who_want_one_address_at_once_no_link_is_lost(world: World) -> None:
    practice_id = world.practice()
    people = [world.sent(practice_id, client=f"Client {n}", email=f"p{n}@harbour.example")[0] for n in range(4)]
    world.clock.advance(LATER)

    outcomes = _at_once(
        [
            partial(
                world.colleague.change_email, world.grace(each), each.invitation_id, f"p{(n + 1) % 4}@harbour.example"
            )
            for n, each in enumerate(people)
        ]
    )

    assert all(isinstance(each, Renewed | InvalidError) for each in outcomes), outcomes
    for person in people:
        assert [status for _, status in world.standing(person)].count(SUPERSEDED) == len(world.standing(person)) - 1


def _at_once(tasks: Sequence[Callable[[], object]]) -> list[object]:
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return task()
        except ServiceError as error:
            return error

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))
