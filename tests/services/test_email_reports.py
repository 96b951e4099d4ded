"""What a mail service tells of an invitation's e-mail afterwards."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from db.models import Channel, Delivery, Invitation, InvitationLink, InvitationStatus
from db.session import Database
from services.delivery.email import RefusedError
from services.invitations.delivery import EmailEvent, EmailReport
from tests.fakes import Clock
from tests.invited import PASSWORD, Person, World

TOLD = ["slack.invitation_failed"]
BACK = "The e-mail to ada@harbour.example came back: 550 5.1.1 No such user"


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return World(database, clock)


def _report(world: World, event: EmailEvent, reason: str = "550 5.1.1\r\nNo such user") -> EmailReport:
    return EmailReport(world.outbox.emails[-1].message_id, event, reason)


def _links(world: World, person: Person) -> list[tuple[Delivery, str | None]]:
    with world.database.read() as session:
        of_invitation = select(InvitationLink).where(InvitationLink.invitation_id == person.invitation_id)
        return [(each.delivery, each.failure) for each in session.scalars(of_invitation.order_by(InvitationLink.id))]


def _with_text_message(world: World, person: Person, delivery: Delivery) -> None:
    with world.database.begin() as session:
        session.add(
            InvitationLink(
                invitation_id=person.invitation_id,
                channel=Channel.SMS,
                nonce=b"n",
                token_hash=b"h",
                delivery=delivery,
            )
        )


def test_what_was_sent_is_known_by_its_message_id(world: World) -> None:
    person, _ = world.sent()
    with world.database.read() as session:
        link = session.scalars(select(InvitationLink)).one()
        kept = (link.delivery, link.message_id, link.sent_at)
    assert kept == (Delivery.SENT, world.outbox.emails[-1].message_id, world.clock.now())
    world.deliveries.emails_reported([_report(world, EmailEvent.DELIVERED)])
    assert _links(world, person) == [(Delivery.DELIVERED, None)]
    assert world.invitation(person).status is InvitationStatus.SENT


def test_one_that_comes_back_is_a_failure_and_the_inviter_is_told_once(world: World) -> None:
    person, _ = world.sent()
    bounced = _report(world, EmailEvent.BOUNCED)

    world.deliveries.emails_reported([bounced, bounced])
    world.deliveries.emails_reported([bounced, _report(world, EmailEvent.DELIVERED)])

    invitation = world.invitation(person)
    assert (invitation.status, invitation.failure) == (InvitationStatus.FAILED, BACK)
    assert _links(world, person) == [(Delivery.FAILED, BACK)]
    assert world.told() == TOLD
    assert world.actions(person) == ["invitation.created", "invitation.sent", "invitation.failed"]


def test_ten_reports_at_once_are_one_failure(world: World) -> None:
    person, _ = world.sent()
    bounced, barrier = _report(world, EmailEvent.BOUNCED), threading.Barrier(10)

    def report(_: int) -> None:
        barrier.wait()
        world.deliveries.emails_reported([bounced])

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(report, range(10)))
    assert world.told() == TOLD
    assert world.actions(person).count("invitation.failed") == 1


def test_one_that_was_marked_as_spam_is_told_too(world: World) -> None:
    person, _ = world.sent()
    world.deliveries.emails_reported([_report(world, EmailEvent.COMPLAINED)])
    assert world.invitation(person).failure == (
        "The e-mail to ada@harbour.example was marked as spam, so others may not arrive either."
    )
    assert world.told() == TOLD


@pytest.mark.parametrize("written", ["{}", " <{}> ", "<{}>"])
def test_a_message_id_is_known_with_and_without_its_brackets(world: World, written: str) -> None:
    person, _ = world.sent()
    bare = world.outbox.emails[-1].message_id.strip("<>")
    world.deliveries.emails_reported([EmailReport(written.format(bare), EmailEvent.BOUNCED)])
    assert world.invitation(person).failure == "The e-mail to ada@harbour.example came back."


def test_what_is_not_ours_is_passed_over(world: World) -> None:
    person, _ = world.sent()
    world.deliveries.emails_reported([EmailReport("x", EmailEvent.BOUNCED), EmailReport("", EmailEvent.BOUNCED)])
    assert world.invitation(person).status is InvitationStatus.SENT


@pytest.mark.parametrize(
    "status",
    [
        InvitationStatus.OPENED,
        InvitationStatus.EXPIRED,
        InvitationStatus.REVOKED,
        InvitationStatus.SUPERSEDED,
    ],
)
def test_a_late_bounce_does_not_undo_what_came_after(world: World, status: InvitationStatus) -> None:
    person, _ = world.sent()
    world.change(person, status=status)
    world.deliveries.emails_reported([_report(world, EmailEvent.BOUNCED)])
    assert world.invitation(person).status is status
    assert world.told() == []


def test_a_bounce_after_the_acceptance_changes_nothing(world: World) -> None:
    person, token = world.sent()
    world.invitations.accept(token, PASSWORD)
    world.deliveries.emails_reported([_report(world, EmailEvent.BOUNCED)])
    assert world.invitation(person).status is InvitationStatus.ACCEPTED
    assert world.told() == ["slack.invitation_accepted"]


@pytest.mark.parametrize(
    ("other", "status"),
    [
        (Delivery.QUEUED, InvitationStatus.SENT),
        (Delivery.SENT, InvitationStatus.SENT),
        (Delivery.DELIVERED, InvitationStatus.SENT),
        (Delivery.FAILED, InvitationStatus.FAILED),
    ],
)
def test_an_invitation_has_failed_only_when_each_of_its_links_has(
    world: World, other: Delivery, status: InvitationStatus
) -> None:
    person, _ = world.sent()
    _with_text_message(world, person, other)
    world.deliveries.emails_reported([_report(world, EmailEvent.BOUNCED)])
    assert world.invitation(person).status is status
    assert world.told() == (TOLD if status is InvitationStatus.FAILED else ["slack.invitation_link_failed"])


def test_a_text_message_that_went_out_first_does_not_keep_the_e_mail_back(world: World) -> None:
    person = world.invite()
    _with_text_message(world, person, Delivery.SENT)
    world.change(person, status=InvitationStatus.SENT)
    world.invitations.send_email(world.claim())
    assert len(world.outbox.emails) == 1


def test_a_refused_address_beside_a_text_message_is_no_failure_yet(world: World) -> None:
    person = world.invite()
    _with_text_message(world, person, Delivery.SENT)
    world.outbox.answers = [RefusedError("550 No such user")]
    world.invitations.send_email(world.claim())
    invitation: Invitation = world.invitation(person)
    failure = "The mail server refused ada@harbour.example: 550 No such user"
    assert (invitation.status, invitation.failure) == (InvitationStatus.QUEUED, failure)
    assert _links(world, person)[0][0] is Delivery.FAILED
    assert world.told() == ["slack.invitation_link_failed"]
