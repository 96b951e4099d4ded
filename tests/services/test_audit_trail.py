"""Searching the audit trail."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from db.models import Client, Colleague, PermissionKind, PermissionRequest, RequestStatus, Source
from db.session import Database
from services import audit
from services.actor import Actor
from services.add_client.steps import StepName
from services.audit.finding import AuditWish, Mark
from services.audit.trail import AuditPage, AuditTrailService, Choice
from services.audit.words import Change
from services.errors import InvalidError, NotFoundError, NotPermittedError
from tests.audited import everything, record
from tests.builders import Office, add_client, created, office, to_review
from tests.fakes import Clock

SECOND = timedelta(seconds=1)


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def trail(database: Database) -> AuditTrailService:
    return AuditTrailService(database)


def invited(database: Database, by: Actor, name: str, email: str) -> uuid.UUID:
    service = add_client(database)
    invite = {"invite": "now", "contact_name": "Pat", "contact_email": email, "contact_mobile": ""}
    page = to_review(service, by, **{StepName.DETAILS: {"name": name}, StepName.INVITE: invite})
    outcome = service.create(by, page.draft_id, revision=page.revision)
    return outcome.client_id  # type: ignore[union-attr]


def actions(page: AuditPage) -> list[str]:
    return [line.action for line in page.lines]


def test_an_entry_is_told_in_plain_words(
    database: Database, birch: Office, trail: AuditTrailService, clock: Clock
) -> None:
    clock.advance(SECOND)
    client = created(add_client(database), birch.clem, "Acme Ltd").client_id
    clock.advance(SECOND)
    record(database, birch.ada, "client.renamed", client, before={"name": "Acme"}, after={"name": "Acme Ltd"})
    newest, before = trail.page(birch.ada, AuditWish()).lines[:2]
    assert (newest.at, newest.who, newest.source, newest.action, newest.what, newest.subject, newest.changes) == (
        clock.now(),
        "Ada Marsh",
        "Slack",
        "client.renamed",
        "Client renamed",
        "Acme Ltd",
        (Change("Name", "Acme", "Acme Ltd"),),
    )
    assert (before.who, before.what, before.subject) == ("Clem Okafor", "Client added", "Acme Ltd")


def test_each_kind_of_subject_has_its_name(database: Database, birch: Office, trail: AuditTrailService) -> None:
    client = invited(database, birch.clem, "Acme Ltd", "pat@acme.example")
    with database.begin() as session:
        request = PermissionRequest(
            practice_id=birch.practice_id,
            colleague_id=birch.sam.colleague_id,
            kind=PermissionKind.CLIENT,
            client_id=client,
            status=RequestStatus.PENDING,
            reason="",
            created_at=database.now(),
        )
        session.add(request)
        session.flush()
        audit.record(session, birch.sam, "permission.requested", request.id, at=database.now())
    record(database, birch.ada, "team.deleted", before={"name": "Payroll"})
    record(database, birch.ada, "client_sync.started")
    record(database, birch.ada, "practice.changed")
    found = {line.action: line.subject for line in everything(trail, birch.ada, AuditWish())}
    assert found == {
        "client.created": "Acme Ltd",
        "client_user.added": "Pat (Acme Ltd)",
        "invitation.created": "pat@acme.example (Acme Ltd)",
        "permission.requested": "Sam Price (Acme Ltd)",
        "team.deleted": "Payroll",
        "client_sync.started": None,
        "practice.set_up": None,
        "practice.changed": None,
        "colleague.changed": "Clem Okafor",
        "colleague.met": "Ada Marsh",
    }


def test_what_no_colleague_did_says_what_did_it(database: Database, birch: Office, trail: AuditTrailService) -> None:
    for source in Source:
        record(database, source, "practice.uninstalled", practice=birch)
        [line, *_] = trail.page(birch.ada, AuditWish(person=source)).lines
        told = {
            Source.SLACK: ("Somebody in Slack", "Slack"),
            Source.WEB: ("A client", "web page"),
            Source.WORKER: ("Clientdesk itself", "background"),
            Source.OPERATOR: ("The operator", "server"),
        }
        assert (line.who, line.source, line.action) == (*told[source], "practice.uninstalled")


def test_a_worker_that_acts_for_a_colleague_is_not_taken_for_acting_by_itself(
    database: Database, birch: Office, trail: AuditTrailService
) -> None:
    record(database, Actor(birch.practice_id, birch.jo.colleague_id, Source.WORKER))
    assert trail.page(birch.ada, AuditWish(person=Source.WORKER)).lines == ()
    [line, *_] = trail.page(birch.ada, AuditWish(person=birch.jo.colleague_id)).lines
    assert (line.who, line.source) == ("Jo Lind", "background")


def test_by_client_what_concerns_its_users_invitations_and_requests_is_found_too(
    database: Database, birch: Office, trail: AuditTrailService
) -> None:
    client = invited(database, birch.clem, "Acme Ltd", "pat@acme.example")
    invited(database, birch.clem, "Zenith Ltd", "pat@zenith.example")
    with database.read() as session:
        draft = session.get_one(Client, client).draft_id
    assert draft is not None
    record(database, birch.clem, "client.asked_to_invite", draft)
    wish = AuditWish(client=client)
    found = everything(trail, birch.ada, wish)
    assert sorted(line.action for line in found) == [
        "client.asked_to_invite",
        "client.created",
        "client_user.added",
        "invitation.created",
    ]
    assert not [line for line in found if "Zenith" in str(line)]
    assert actions(trail.page(birch.ada, AuditWish(client=client, what="invitations"))) == ["invitation.created"]
    assert actions(trail.page(birch.ada, AuditWish(client=client, person=birch.ada.colleague_id))) == []
    named = trail.filter(birch.ada, AuditWish(client=client, person=Source.WEB))
    assert (named.client_name, named.person_name) == ("Acme Ltd", "A client")


def test_filters_narrow_each_other(database: Database, birch: Office, trail: AuditTrailService, clock: Clock) -> None:
    clock.advance(SECOND)
    for by in (birch.ada, birch.clem):
        for action in ("invitation.sent", "invitation.revoked", "practice.bundle_raised"):
            record(database, by, action)
    only = AuditWish(person=birch.clem.colleague_id, since=date(2026, 3, 2), until=date(2026, 3, 2))
    group = actions(trail.page(birch.ada, only.model_copy(update={"what": "invitations"})))
    assert sorted(group) == ["invitation.revoked", "invitation.sent"]
    assert actions(trail.page(birch.ada, only.model_copy(update={"what": "invitation.sent"}))) == ["invitation.sent"]
    assert actions(trail.page(birch.ada, AuditWish(what="reports"))) == []


def test_days_are_those_of_the_askers_zone(database: Database, birch: Office, trail: AuditTrailService) -> None:
    with database.begin() as session:
        session.execute(
            update(Colleague).where(Colleague.id == birch.ada.colleague_id).values(timezone="Pacific/Auckland")
        )
    # In Auckland, 1 July begins at noon of 30 June in UTC.
    noon = datetime(2026, 6, 30, 12, tzinfo=UTC)
    for at in (noon - timedelta(microseconds=1), noon, noon + timedelta(days=1) - timedelta(microseconds=1)):
        record(database, birch.jo, at=at)
    record(database, birch.jo, at=noon + timedelta(days=1))
    day = date(2026, 7, 1)

    def count(by: Actor, **days: date) -> int:
        return len(trail.page(by, AuditWish(person=birch.jo.colleague_id, what="client.renamed", **days)).lines)

    assert count(birch.ada, since=day, until=day) == 2
    assert count(birch.ada, since=day) == 3
    assert count(birch.ada, until=day) == 3
    assert count(birch.clem, since=day, until=day) == 2
    assert count(birch.clem, since=date(2026, 6, 30), until=date(2026, 6, 30)) == 2


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"since": date(2026, 3, 2), "until": date(2026, 3, 1)}, "until"),
        ({"since": date.min}, "since"),
        ({"until": date.max}, "until"),
    ],
)
def test_impossible_days_are_refused_at_the_field(
    birch: Office, trail: AuditTrailService, days: dict[str, date], field: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        trail.page(birch.ada, AuditWish(**days))
    assert list(refusal.value.fields) == [field]


def test_an_action_that_there_is_not_is_refused_at_the_field(birch: Office, trail: AuditTrailService) -> None:
    with pytest.raises(InvalidError) as refusal:
        trail.page(birch.ada, AuditWish(what="x'; DROP TABLE audit_entry"))
    assert list(refusal.value.fields) == ["what"]


def test_only_admins_see_it(database: Database, birch: Office, trail: AuditTrailService) -> None:
    for wanted in (birch.sam, birch.jo):
        with pytest.raises(NotPermittedError, match="can see the audit trail"):
            trail.page(wanted, AuditWish())
        with pytest.raises(NotPermittedError):
            trail.filter(wanted, AuditWish())
        with pytest.raises(NotPermittedError):
            trail.search_people(wanted, "")
    assert trail.page(birch.clem, AuditWish()).lines
    with database.begin() as session:
        session.execute(update(Colleague).where(Colleague.id == birch.ada.colleague_id).values(active=False))
    with pytest.raises(NotPermittedError):
        trail.page(birch.ada, AuditWish())


def test_another_practice_is_not_in_it(database: Database, birch: Office, trail: AuditTrailService) -> None:
    oak = office(database, slack_key="T_OAK")
    theirs = invited(database, oak.ada, "Acme Ltd", "pat@acme.example")
    for wish in (AuditWish(), AuditWish(what="clients"), AuditWish(person=Source.OPERATOR)):
        assert not {line.entry_id for line in everything(trail, birch.ada, wish)} & {
            line.entry_id for line in everything(trail, oak.ada, wish)
        }
    assert trail.page(birch.ada, AuditWish(what="clients")).lines == ()
    with pytest.raises(NotFoundError, match="no such client"):
        trail.page(birch.ada, AuditWish(client=theirs))
    with pytest.raises(NotFoundError, match="no such colleague"):
        trail.page(birch.ada, AuditWish(person=oak.sam.colleague_id))
    newest = trail.page(oak.ada, AuditWish()).lines[0]
    beyond = Mark(at=newest.at + SECOND, id=newest.entry_id)
    assert trail.page(birch.ada, AuditWish(), older_than=beyond).lines == trail.page(birch.ada, AuditWish()).lines
    assert [choice.text for choice in trail.search_people(birch.ada, "price")] == ["Sam Price"]


def test_people_are_looked_up_as_somebody_types(database: Database, birch: Office, trail: AuditTrailService) -> None:
    with database.begin() as session:
        session.execute(update(Colleague).where(Colleague.id == birch.sam.colleague_id).values(active=False))
    assert trail.search_people(birch.ada, "u_sam@BIRCH") == (Choice(str(birch.sam.colleague_id), "Sam Price (left)"),)
    assert trail.search_people(birch.ada, "operator") == (Choice("operator", "The operator"),)
    assert [each.text for each in trail.search_people(birch.ada, "")] == [
        "Somebody in Slack",
        "A client",
        "Clientdesk itself",
        "The operator",
        "Ada Marsh",
        "Clem Okafor",
        "Jo Lind",
        "Sam Price (left)",
    ]
