"""The mobile that a colleague may enter beside the e-mail, wherever somebody is invited."""

import json
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from db.models import AuditEntry, Channel, ClientUser, Invitation, InvitationLink, InvitationStatus, Practice, Region
from db.session import Database
from services.add_client.records import CreatedClient, WizardPage
from services.add_client.service import AddClientService
from services.add_client.steps import StepName
from services.errors import InvalidError
from services.invitations.first_user import FirstUserService, Invitable, Invited
from services.invitations.records import Renewed, Subject
from services.invitations.renewing import InvitationActions
from tests.builders import DOMAIN, KEYS, Office, add_client, created, office, to_review
from tests.fakes import Clock

CONTACT = {"invite": "now", "contact_name": "Cy", "contact_email": "cy@example.com"}
TYPED = CONTACT | {"contact_mobile": " 07911\u00a0123 456\u200b"}
CY = "+447911123456"


def _wizard(database: Database, *, texts: bool = True) -> AddClientService:
    return AddClientService(database, KEYS, extract_domain=DOMAIN, texts=texts)


def _create(service: AddClientService, people: Office, page: WizardPage) -> CreatedClient:
    outcome = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(outcome, CreatedClient)
    return outcome


def _kept(database: Database) -> tuple[str | None, list[str | None], list[Channel]]:
    """The user's mobile, those of their invitations, and the links of the newest."""
    with database.read() as session:
        user = session.scalars(select(ClientUser.mobile)).one()
        invitations = session.scalars(select(Invitation).order_by(Invitation.id)).all()
        links = select(InvitationLink.channel).where(InvitationLink.invitation_id == invitations[-1].id)
        channels = session.scalars(links.order_by(InvitationLink.channel)).all()
        return user, [each.mobile for each in invitations], list(channels)


def _trail(database: Database) -> str:
    with database.read() as session:
        return json.dumps([[each.before, each.after] for each in session.scalars(select(AuditEntry))])


BOTH = [Channel.EMAIL, Channel.SMS]


def test_the_wizard_takes_a_mobile_and_invites_by_it(database: Database) -> None:
    people, service = office(database), _wizard(database)
    page = to_review(service, people.ada, invite=TYPED)
    assert page.review is not None
    assert page.review.contact_mobile == CY

    _create(service, people, page)

    assert _kept(database) == (CY, [CY], BOTH)
    assert "+44 7911 \\u2022\\u2022\\u2022 456" in _trail(database)
    assert "7911123456" not in _trail(database)


@pytest.mark.parametrize("typed", [None, "", " \t"])
def test_none_is_needed(database: Database, typed: object) -> None:
    people, service = office(database), _wizard(database)
    _create(service, people, to_review(service, people.ada, invite=CONTACT | {"contact_mobile": typed}))
    assert _kept(database) == (None, [None], [Channel.EMAIL])


def test_a_number_without_a_country_code_is_one_of_the_practices_region(database: Database) -> None:
    people, service = office(database, region=Region.IRELAND), _wizard(database)
    _create(service, people, to_review(service, people.ada, invite=CONTACT | {"contact_mobile": "087 123 4567"}))
    assert _kept(database) == ("+353871234567", ["+353871234567"], BOTH)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("020 7946 0000", "a landline's number"),
        ("0800 123 4567", "not a mobile number"),
        ("07911 12345", "too few digits"),
        ("+999 123 456 789", "No country has this code"),
        ("cy@example.com", "in digits only"),
        ("07911 123456 x5", "without an extension"),
        ("07911 123456, 07911 123457", "one mobile number"),
        ("07911\x07123456", "one mobile number"),
        ("\ud83d\ude00", "in digits"),
        ("<!channel>", "in digits only"),
        ("7" * 3_000, "too long"),
    ],
)
def test_what_is_no_mobile_is_refused_at_its_field(database: Database, typed: str, words: str) -> None:
    people, service = office(database), _wizard(database)
    page = to_review(service, people.ada)
    submit = partial(service.submit, people.ada, page.draft_id, StepName.INVITE)
    with pytest.raises(InvalidError) as refusal:
        submit(CONTACT | {"contact_mobile": typed})
    assert set(refusal.value.fields) == {"contact_mobile"}
    assert words in refusal.value.fields["contact_mobile"]

    with pytest.raises(InvalidError) as refusal:
        submit({"invite": "now", "contact_email": "cy@", "contact_mobile": typed})
    assert set(refusal.value.fields) == {"contact_name", "contact_email", "contact_mobile"}

    assert submit({"invite": "skip", "contact_mobile": typed}).step == StepName.REVIEW


def test_the_region_may_change_while_the_draft_waits(database: Database) -> None:
    people, service = office(database), _wizard(database)
    page = to_review(service, people.ada, invite=TYPED)
    with database.begin() as session:
        session.get_one(Practice, people.practice_id).region = Region.OTHER
    again = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(again, WizardPage)
    assert (again.step, again.changed) == (StepName.INVITE, True)


def test_where_text_messages_are_off_a_mobile_in_a_draft_is_left_out(database: Database) -> None:
    people = office(database)
    page = to_review(_wizard(database), people.ada, invite=TYPED)
    off = _wizard(database, texts=False)
    _create(off, people, off.resume(people.ada, page.draft_id))
    assert _kept(database) == (None, [None], [Channel.EMAIL])


def test_a_first_user_is_invited_by_their_mobile_too(database: Database) -> None:
    people, service = office(database), FirstUserService(database, KEYS, texts=True)
    client = created(add_client(database), people.ada)
    assert service.invitable(people.ada, client.client_id) == Invitable(client.client_id, "Acme Ltd", texts=True)
    with pytest.raises(InvalidError) as refusal:
        service.invite(people.ada, client.client_id, TYPED | {"contact_mobile": "1"})
    assert set(refusal.value.fields) == {"contact_mobile"}

    invited = service.invite(people.ada, client.client_id, TYPED)

    assert invited == Invited("Acme Ltd", "Cy", "cy@example.com", CY)
    assert _kept(database) == (CY, [CY], BOTH)


def test_where_they_are_off_a_first_users_mobile_is_not_looked_at(database: Database) -> None:
    people, service = office(database), FirstUserService(database, KEYS)
    client = created(add_client(database), people.ada)
    service.invite(people.ada, client.client_id, TYPED | {"contact_mobile": "1"})
    assert _kept(database) == (None, [None], [Channel.EMAIL])


# Changed later


def _invited(database: Database, people: Office) -> Invitation:
    service = _wizard(database)
    _create(service, people, to_review(service, people.ada, invite=TYPED))
    with database.read() as session:
        return session.scalars(select(Invitation)).one()


def test_a_wrong_number_is_corrected_and_both_links_sent_anew(database: Database) -> None:
    people = office(database)
    actions, invitation = InvitationActions(database, KEYS, texts=True), _invited(database, people)
    assert actions.subject(people.ada, invitation.id) == Subject(
        invitation_id=invitation.id,
        client_id=invitation.client_id,
        client_name="Acme Ltd",
        person_name="Cy",
        email="cy@example.com",
        mobile=CY,
        texts=True,
    )

    renewed = actions.change_email(people.ada, invitation.id, "cy@example.com", "07911 123457")

    assert isinstance(renewed, Renewed)
    assert not renewed.repeated
    assert _kept(database) == ("+447911123457", [CY, "+447911123457"], BOTH)
    with database.read() as session:
        trail = select(AuditEntry).where(AuditEntry.action == "client_user.mobile_changed")
        entry = session.scalars(trail).one()
        assert (entry.before, entry.after) == ({"mobile": "+44 7911 ••• 456"}, {"mobile": "+44 7911 ••• 457"})
        assert session.get_one(Invitation, invitation.id).status is InvitationStatus.SUPERSEDED
    again = actions.change_email(people.ada, invitation.id, "cy@example.com", "+447911123457")
    assert (again.invitation_id, again.repeated) == (renewed.invitation_id, True)


def test_a_number_can_be_taken_away(database: Database) -> None:
    people = office(database)
    actions, invitation = InvitationActions(database, KEYS, texts=True), _invited(database, people)
    actions.change_email(people.ada, invitation.id, "new@example.com", " ")
    assert _kept(database) == (None, [CY, None], [Channel.EMAIL])


def test_every_wrong_field_is_named(database: Database) -> None:
    people = office(database)
    actions, invitation = InvitationActions(database, KEYS, texts=True), _invited(database, people)
    with pytest.raises(InvalidError) as refusal:
        actions.change_email(people.ada, invitation.id, "no", "020 7946 0000")
    assert set(refusal.value.fields) == {"email", "mobile"}
    assert _kept(database) == (CY, [CY], BOTH)


def test_where_they_are_off_the_number_stays_as_it_is(database: Database, clock: Clock) -> None:
    people = office(database)
    actions, invitation = InvitationActions(database, KEYS), _invited(database, people)
    clock.advance(timedelta(minutes=1))
    assert actions.subject(people.ada, invitation.id).mobile is None
    actions.change_email(people.ada, invitation.id, "new@example.com")
    assert _kept(database)[0] == CY
