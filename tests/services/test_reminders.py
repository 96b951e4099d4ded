"""Inviters hear once, on the morning they should, of what still matters; also after a long silence."""

import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from bot.worker import LaneSettings, Worker
from db.models import (
    AuditEntry,
    Client,
    ClientAccess,
    Colleague,
    Invitation,
    InvitationStatus,
    Job,
    Lane,
    Practice,
    Reminder,
    Role,
)
from db.session import Database
from services.actor import Actor
from services.add_client.steps import StepName
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from services.invitations.reminder_settings import ReminderSettings, ReminderSettingsService
from services.invitations.reminders import DIGEST, NUDGE, Digest, ReminderService
from services.invitations.schedule import Snooze
from services.jobs import Claim, Jobs, Kind
from tests.builders import Office, add_client, office, to_review
from tests.fakes import Clock

A_MINUTE = timedelta(minutes=1)
INVITE = {"invite": "now", "contact_name": "Pat", "contact_email": "pat@firm.example"}


@dataclass
class Desk:
    """A practice whose messages and client e-mails are written down with the time at which they went."""

    database: Database
    clock: Clock
    office: Office
    reminders: ReminderService
    settings: ReminderSettingsService
    said: list[tuple[str, str, list[str]]] = field(default_factory=list)
    nudged: list[str] = field(default_factory=list)

    def invite(self, actor: Actor, name: str) -> uuid.UUID:
        service = add_client(self.database)
        email = f"{name.lower().replace(' ', '.')}@firm.example"
        page = to_review(
            service, actor, **{StepName.DETAILS: {"name": name}, StepName.INVITE: INVITE | {"contact_email": email}}
        )
        service.create(actor, page.draft_id, revision=page.revision)
        with self.database.begin() as session:
            session.execute(update(Invitation).where(Invitation.email == email).values(status=InvitationStatus.SENT))
            return session.scalars(select(Invitation.id).where(Invitation.email == email)).one()

    def worker(self) -> Worker:
        kinds = [
            Kind(name=DIGEST, lane=Lane.SLACK, run=self._say),
            Kind(name=NUDGE, lane=Lane.MAIL, run=self._nudge),
        ]
        return Worker(self.database, kinds, {lane: LaneSettings(threads=1) for lane in (Lane.SLACK, Lane.MAIL)})

    def claims(self) -> list[Claim]:
        """The messages that are to go out now."""
        return Jobs(self.database).claim(Lane.SLACK, 10, A_MINUTE, [DIGEST])

    def until(self, text: str) -> list[tuple[str, str, list[str]]]:
        """What is said until then, with a look at each moment at which something falls due."""
        end, before, worker = datetime.fromisoformat(text).replace(tzinfo=UTC), len(self.said), self.worker()
        while self.clock.now() < end:
            self.reminders.sweep()
            self.clock.advance(A_MINUTE)
            worker.run_due()
            self.clock.set(min(self._next() or end, end))
        return self.said[before:]

    def _next(self) -> datetime | None:
        with self.database.read() as session:
            found = session.execute(
                select(func.min(Invitation.next_reminder_at), func.min(Invitation.next_nudge_at))
            ).one()
        return min((max(at, self.clock.now()) for at in found if at is not None), default=None)

    def set(self, invitation_id: uuid.UUID, **values: object) -> None:
        with self.database.begin() as session:
            session.execute(update(Invitation).where(Invitation.id == invitation_id).values(**values))

    def colleague(self, actor: Actor, **values: object) -> None:
        with self.database.begin() as session:
            session.execute(update(Colleague).where(Colleague.id == actor.colleague_id).values(**values))

    def _say(self, claim: Claim) -> None:
        digest = self.reminders.digest(claim)
        if digest is None:
            return
        if digest.lines:
            self.said.append((digest.slack_user_id, f"{self.clock.now():%a %d %H:%M}", names(digest)))
        self.reminders.told(claim)

    def _nudge(self, claim: Claim) -> None:
        self.nudged.append(f"{self.clock.now():%a %d}")


def names(digest: Digest) -> list[str]:
    return [f"{line.client_name}{' expired' if line.expired else ''}" for line in digest.lines]


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    return Desk(database, clock, office(database), ReminderService(database), ReminderSettingsService(database))


def test_an_inviter_hears_two_days_before_on_the_last_day_and_when_it_expired(desk: Desk) -> None:
    desk.clock.set(datetime(2026, 3, 4, 14, tzinfo=UTC))
    desk.invite(desk.office.ada, "Acme")
    assert desk.until("2026-03-31T00:00") == [
        ("U_ADA", "Mon 09 09:01", ["Acme"]),
        ("U_ADA", "Wed 11 09:01", ["Acme"]),
        ("U_ADA", "Thu 12 09:01", ["Acme expired"]),
    ]


def test_several_due_on_one_morning_come_as_one_message(desk: Desk) -> None:
    for name in ("Acme", "Basket", "Cello"):
        desk.invite(desk.office.ada, name)
    desk.invite(desk.office.clem, "Dune")
    assert sorted(desk.until("2026-03-07T00:00")) == [
        ("U_ADA", "Fri 06 09:01", ["Acme", "Basket", "Cello"]),
        ("U_CLEM", "Fri 06 09:01", ["Dune"]),
    ]


def test_more_than_a_message_holds_are_counted(desk: Desk) -> None:
    for number in range(14):
        desk.invite(desk.office.ada, f"Firm {number:02}")
    desk.clock.set(datetime(2026, 3, 6, 9, tzinfo=UTC))
    desk.reminders.sweep()
    desk.clock.advance(A_MINUTE)
    (claim,) = desk.claims()
    digest = desk.reminders.digest(claim)
    assert digest is not None
    assert (len(digest.lines), digest.more) == (10, 4)


@pytest.mark.parametrize("status", [InvitationStatus.ACCEPTED, InvitationStatus.REVOKED, InvitationStatus.SUPERSEDED])
def test_nothing_is_said_of_what_is_over_even_between_choosing_and_sending(
    desk: Desk, status: InvitationStatus
) -> None:
    over = desk.invite(desk.office.ada, "Acme")
    desk.clock.set(datetime(2026, 3, 6, 9, tzinfo=UTC))
    desk.reminders.sweep()
    desk.set(over, status=status)
    assert desk.until("2026-03-31T00:00") == []


def test_after_weeks_of_silence_one_message_says_how_things_are_now(desk: Desk) -> None:
    for name in ("Acme", "Basket"):
        desk.invite(desk.office.ada, name)
    desk.clock.set(datetime(2026, 3, 25, 3, tzinfo=UTC))
    assert desk.until("2026-03-31T00:00") == [("U_ADA", "Wed 25 03:01", ["Acme expired", "Basket expired"])]


def test_nothing_that_is_no_longer_true_is_caught_up(desk: Desk) -> None:
    desk.invite(desk.office.ada, "Acme")  # expires on Monday the 9th at nine
    desk.clock.set(datetime(2026, 3, 9, 9, 30, tzinfo=UTC))
    with desk.database.begin() as session:
        session.execute(update(Practice).values(reminder_hour=12))
    assert desk.until("2026-03-10T00:00") == [("U_ADA", "Mon 09 12:01", ["Acme expired"])]


def test_when_the_inviter_has_left_the_account_manager_hears_of_it_else_the_admins(desk: Desk) -> None:
    desk.invite(desk.office.jo, "Acme")
    managed = desk.invite(desk.office.jo, "Basket")
    with desk.database.begin() as session:
        client = session.scalars(select(Invitation.client_id).where(Invitation.id == managed)).one()
        session.get_one(Client, client).account_manager_id = desk.office.clem.colleague_id
    desk.colleague(desk.office.jo, active=False)
    assert sorted(desk.until("2026-03-07T00:00")) == [
        ("U_ADA", "Fri 06 09:01", ["Acme"]),
        ("U_CLEM", "Fri 06 09:01", ["Acme", "Basket"]),
    ]


def test_an_inviter_who_lost_access_to_the_client_hears_nothing_of_it(desk: Desk) -> None:
    desk.invite(desk.office.jo, "Acme")
    with desk.database.begin() as session:
        session.execute(delete(ClientAccess))
    assert desk.until("2026-03-31T00:00") == []


def test_reminders_can_be_turned_off_by_the_practice_and_by_each_person(desk: Desk) -> None:
    desk.invite(desk.office.ada, "Acme")
    desk.invite(desk.office.clem, "Basket")
    desk.settings.change(desk.office.clem, mine=False, practice=None)
    assert [user for user, _, _ in desk.until("2026-03-07T00:00")] == ["U_ADA"]
    usual = desk.settings.shown(desk.office.ada).practice
    off = ReminderSettings(reminds=False, days=usual.days, hour=usual.hour, nudges_clients=False)
    desk.settings.change(desk.office.ada, mine=True, practice=off)
    assert desk.until("2026-03-31T00:00") == []


def test_other_days_and_another_hour_hold_for_what_is_invited_already(desk: Desk) -> None:
    desk.clock.set(datetime(2026, 3, 4, 14, tzinfo=UTC))
    desk.invite(desk.office.ada, "Acme")
    wanted = ReminderSettings(reminds=True, days=(5,), hour=15, nudges_clients=False)
    desk.settings.change(desk.office.ada, mine=True, practice=wanted)
    assert [at for _, at, _ in desk.until("2026-03-31T00:00")] == ["Thu 05 15:01", "Wed 11 15:01"]
    with desk.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "practice.reminders_changed")).one()
    assert ((entry.before or {})["hour"], (entry.after or {})["hour"]) == (9, 15)


def test_only_admins_change_the_practices_reminders_and_only_to_what_makes_sense(desk: Desk) -> None:
    wanted = ReminderSettings(reminds=True, days=(2,), hour=9, nudges_clients=False)
    with pytest.raises(NotPermittedError):
        desk.settings.change(desk.office.sam, mine=True, practice=wanted)
    for days, hour, field_name in (((9,), 9, "days"), ((-1,), 9, "days"), ((1,), 24, "hour")):
        with pytest.raises(InvalidError) as refused:
            desk.settings.change(
                desk.office.ada,
                mine=True,
                practice=ReminderSettings(reminds=True, days=days, hour=hour, nudges_clients=False),
            )
        assert set(refused.value.fields) == {field_name}


def test_mornings_follow_the_inviter_to_another_zone(desk: Desk) -> None:
    desk.clock.set(datetime(2026, 3, 4, 14, tzinfo=UTC))
    desk.invite(desk.office.ada, "Acme")
    desk.reminders.zone_changed("T_BIRCH", "U_ADA", "America/New_York")
    assert [at for _, at, _ in desk.until("2026-03-31T00:00")] == ["Mon 09 13:01", "Wed 11 13:01", "Thu 12 13:01"]


def test_a_zone_that_nobody_knows_is_taken_for_utc(desk: Desk) -> None:
    desk.invite(desk.office.ada, "Acme")
    desk.reminders.zone_changed("T_BIRCH", "U_ADA", "../../etc/passwd")
    assert [at for _, at, _ in desk.until("2026-03-07T00:00")] == ["Fri 06 09:01"]


def test_snoozing_brings_it_back_and_stopping_does_not(desk: Desk) -> None:
    acme, basket = desk.invite(desk.office.ada, "Acme"), desk.invite(desk.office.ada, "Basket")
    desk.until("2026-03-06T12:00")
    desk.reminders.stop(desk.office.ada, basket)
    desk.reminders.stop(desk.office.ada, basket)
    assert desk.reminders.snooze(desk.office.ada, acme, Snooze.MONDAY) == datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert (
        desk.until("2026-03-31T00:00")
        == [
            ("U_ADA", "Mon 09 09:01", ["Acme expired"]),
            ("U_ADA", "Tue 10 09:01", ["Acme expired"]),
        ]
        or len(desk.said) == 2
    )
    assert all("Basket" not in " ".join(said) for _, _, said in desk.said[1:])


def test_nobody_snoozes_what_is_over_or_not_theirs_to_see(desk: Desk) -> None:
    acme = desk.invite(desk.office.ada, "Acme")
    elm = office(desk.database, slack_key="T_ELM")
    for stranger in (desk.office.sam, elm.ada):
        with pytest.raises(NotFoundError):
            desk.reminders.snooze(stranger, acme, Snooze.ONE_DAY)
        with pytest.raises(NotFoundError):
            desk.reminders.stop(stranger, acme)
    desk.set(acme, status=InvitationStatus.ACCEPTED)
    with pytest.raises(ConflictError):
        desk.reminders.snooze(desk.office.ada, acme, Snooze.ONE_DAY)


def test_an_uninstalled_practice_is_left_in_peace(desk: Desk) -> None:
    desk.invite(desk.office.ada, "Acme")
    with desk.database.begin() as session:
        session.execute(update(Practice).values(uninstalled_at=desk.clock.now()))
    assert desk.until("2026-03-31T00:00") == []


def test_clients_are_nudged_on_the_third_and_sixth_day_where_the_practice_wants_it(desk: Desk) -> None:
    usual = desk.settings.shown(desk.office.ada).practice
    wanted = ReminderSettings(reminds=True, days=usual.days, hour=usual.hour, nudges_clients=True)
    desk.settings.change(desk.office.ada, mine=True, practice=wanted)
    desk.invite(desk.office.ada, "Acme")
    accepted = desk.invite(desk.office.ada, "Basket")
    desk.set(accepted, status=InvitationStatus.ACCEPTED)
    desk.until("2026-03-31T00:00")
    assert desk.nudged == ["Thu 05", "Sun 08"]


def test_many_sweeps_at_once_choose_each_reminder_once(desk: Desk) -> None:
    for number in range(6):
        desk.invite(desk.office.ada, f"Firm {number}")
    desk.clock.set(datetime(2026, 3, 6, 9, tzinfo=UTC))
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(desk.reminders.sweep) for _ in range(8)]:
            each.result()
    with desk.database.read() as session:
        per_invitation: Sequence[int] = session.scalars(
            select(func.count()).select_from(Reminder).group_by(Reminder.invitation_id)
        ).all()
    assert Counter(per_invitation) == {1: 6}
    desk.clock.advance(A_MINUTE)
    desk.worker().run_due()
    assert desk.said == [("U_ADA", "Fri 06 09:01", [f"Firm {number}" for number in range(6)])]


def test_a_message_that_could_not_be_sent_is_in_the_next_one(desk: Desk) -> None:
    desk.invite(desk.office.ada, "Acme")
    desk.clock.set(datetime(2026, 3, 6, 9, tzinfo=UTC))
    desk.reminders.sweep()
    with desk.database.begin() as session:
        session.execute(update(Job).where(Job.kind == DIGEST).values(due=None))
    desk.invite(desk.office.ada, "Basket")
    assert desk.until("2026-03-31T00:00") == [
        ("U_ADA", "Mon 09 09:01", ["Acme expired"]),
        ("U_ADA", "Wed 11 09:01", ["Basket"]),
        ("U_ADA", "Thu 12 09:01", ["Basket"]),
        ("U_ADA", "Fri 13 09:01", ["Basket expired"]),
    ]


def test_what_falls_due_before_the_second_try_of_a_message_comes_in_one_of_its_own(desk: Desk) -> None:
    acme, basket = desk.invite(desk.office.ada, "Acme"), desk.invite(desk.office.ada, "Basket")
    desk.set(basket, next_reminder_at=datetime(2026, 3, 6, 9, 2, tzinfo=UTC))
    desk.clock.set(datetime(2026, 3, 6, 9, tzinfo=UTC))
    desk.reminders.sweep()
    desk.clock.advance(A_MINUTE)
    (first,) = desk.claims()
    assert _told_of(desk, first) == [acme]
    desk.clock.advance(A_MINUTE)  # whoever sent it has died
    desk.reminders.sweep()
    desk.clock.advance(A_MINUTE)
    again, other = desk.claims()
    assert (again.key, again.attempt) == (first.key, 2)
    assert _told_of(desk, again) == [acme]
    desk.reminders.told(again)
    assert _told_of(desk, other) == [basket]


def _told_of(desk: Desk, claim: Claim) -> list[uuid.UUID]:
    digest = desk.reminders.digest(claim)
    return [line.invitation_id for line in digest.lines] if digest is not None else []


def test_what_a_given_up_message_held_is_in_the_one_of_the_next_morning(desk: Desk) -> None:
    acme = desk.invite(desk.office.ada, "Acme")
    desk.clock.set(datetime(2026, 3, 6, 9, tzinfo=UTC))
    desk.reminders.sweep()
    desk.clock.advance(A_MINUTE)
    (claim,) = desk.claims()
    assert _told_of(desk, claim) == [acme]
    Jobs(desk.database).fail(claim, "Slack: fatal_error", desk.reminders.gave_up)
    assert desk.until("2026-03-10T00:00") == [("U_ADA", "Mon 09 09:01", ["Acme expired"])]


def test_an_admin_role_is_not_needed_to_hear_of_ones_own_invitations(desk: Desk) -> None:
    desk.colleague(desk.office.jo, role=Role.STANDARD)
    desk.invite(desk.office.jo, "Acme")
    assert desk.until("2026-03-07T00:00") == [("U_JO", "Fri 06 09:01", ["Acme"])]
