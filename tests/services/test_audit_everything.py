"""Changes that follow from another one are in the audit trail, too."""

from datetime import timedelta

from sqlalchemy import select

from db.models import AuditEntry, ClientUser, Source
from db.session import Database
from services.invitations.reminders import ReminderService
from tests.builders import office
from tests.fakes import Clock
from tests.invited import PASSWORD, World


def entries(database: Database, action: str) -> list[AuditEntry]:
    with database.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_whoever_gets_a_login_by_another_s_invitation_is_told_of(database: Database, clock: Clock) -> None:
    world = World(database, clock)
    person, token = world.sent(email="ada@harbour.example")
    other = world.invite(person.practice_id, client="Quay Café", email="ada@harbour.example")
    world.colleague.revoke(world.grace(person), other.invitation_id)
    elsewhere = world.invite(email="ada@harbour.example")
    world.invitations.accept(token, PASSWORD)
    with database.read() as session:
        signing_in = set(session.scalars(select(ClientUser.id).where(ClientUser.login_id.is_not(None))))
    assert signing_in == {person.client_user_id, other.client_user_id}
    assert elsewhere.client_user_id not in signing_in
    assert [each.subject_id for each in entries(database, "invitation.accepted")] == [person.invitation_id]
    [entry] = entries(database, "client_user.login_given")
    assert (entry.practice_id, entry.subject_id, entry.source) == (
        person.practice_id,
        other.client_user_id,
        Source.WEB,
    )


def test_an_invitation_that_is_accepted_by_another_needs_no_entry_beside_its_own(
    database: Database, clock: Clock
) -> None:
    world = World(database, clock)
    person, token = world.sent(email="ada@harbour.example")
    other = world.invite(person.practice_id, client="Quay Café", email="ada@harbour.example")
    world.invitations.accept(token, PASSWORD)
    assert {each.subject_id for each in entries(database, "invitation.accepted")} == {
        person.invitation_id,
        other.invitation_id,
    }
    assert entries(database, "client_user.login_given") == []


def test_a_zone_that_slack_tells_of_is_kept_with_the_one_before(database: Database, clock: Clock) -> None:
    birch = office(database)
    clock.advance(timedelta(minutes=1))
    for _ in range(2):
        ReminderService(database).zone_changed("T_BIRCH", "U_SAM", "America/New_York")
    [entry] = entries(database, "colleague.zone_changed")
    assert (entry.subject_id, entry.colleague_id, entry.source, entry.at, entry.before, entry.after) == (
        birch.sam.colleague_id,
        None,
        Source.SLACK,
        clock.now(),
        {"timezone": "Europe/London"},
        {"timezone": "America/New_York"},
    )
