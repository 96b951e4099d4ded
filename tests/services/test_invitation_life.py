"""Whatever is done with invitations, in whatever order and whoever dies: one counts, its links alone work, and each
reminder is told once, of nothing that is over.
"""

import re
import shutil
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select, update
from typing_extensions import override

from bot.messenger import SlackMessenger
from bot.worker import LaneSettings, Worker
from db.models import LIVE, Channel, Invitation, InvitationLink, InvitationStatus, Lane, Practice, Reminder
from db.session import Database
from services import container
from services.delivery.email import Email
from services.errors import InvalidError, ServiceError
from services.invitations.delivery import EmailEvent, EmailReport
from services.invitations.records import InvitationClosedError, LinkState
from services.invitations.schedule import Rhythm, Snooze, moments, next_reminder, stage_now
from services.jobs import Kind
from services.keys import hash_token
from tests.fakes import Clock
from tests.invited import PASSWORD, Person, World
from tests.mortal import FATES, Conversation, Doom, Killed, Letterbox, Phone, Wrong

STATES = {
    InvitationStatus.ACCEPTED: {LinkState.USED},
    InvitationStatus.SUPERSEDED: {LinkState.REPLACED},
    InvitationStatus.REVOKED: {LinkState.REVOKED},
    InvitationStatus.EXPIRED: {LinkState.EXPIRED},
}
OVER = {InvitationStatus.ACCEPTED, InvitationStatus.SUPERSEDED, InvitationStatus.REVOKED}
MOBILE = "+447700900123"
LANES = (Lane.SLACK, Lane.MAIL, Lane.SMS, Lane.LOCAL)
LEASE = timedelta(minutes=1)
RHYTHM = Rhythm(days=(2, 0), hour=9, zone=UTC)
MOST_PEOPLE = 3
NUDGES = 2
MEANWHILE = ["nothing", "nothing", "accepted", "revoked", "resent", "down"]


class InvitationLife(RuleBasedStateMachine):
    """Some client users of one inviter. What an act is about is `chosen` among all there ever were, also old ones."""

    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.home = TemporaryDirectory()
        shutil.copyfile(self.template, Path(self.home.name, "life.db"))
        self.clock, self.doom = Clock(), Doom()
        self.database = Database(f"sqlite:///{self.home.name}/life.db", now=self.clock.now)
        self.world = World(self.database, self.clock)
        self.world.outbox = Letterbox(self)
        self.world.invitations = self.world.service()
        self.practice_id = self.world.practice()
        with self.database.begin() as session:
            session.execute(update(Practice).values(nudges_clients=True))
        self.services = self._build()
        self.worker = Worker(
            self.database,
            self._kinds(),
            {lane: LaneSettings(threads=1, lease=LEASE) for lane in LANES},
            chance=lambda: 0.5,
        )
        self.people: list[Person] = []
        self.accepted: Counter[uuid.UUID] = Counter()
        self.known: set[uuid.UUID] = set()
        self.due: dict[uuid.UUID, tuple[datetime, bool]] = {}
        self.chosen: set[tuple[uuid.UUID, datetime]] = set()
        self.heard: set[uuid.UUID] = set()
        self.unwanted: set[uuid.UUID] = set()
        self.nudges: dict[uuid.UUID, Counter[str]] = {}
        self.deaths = 0
        self.grace = self.world.grace(self._add(mobile=False))

    def _build(self) -> container.Services:
        built = container.build(
            self.database,
            self.world.keys,
            self.world.outbox,
            public_url="https://desk.example.com",
            email_from="hello@desk.example.com",
            extract_domain="extract.example",
            first_admin=None,
            billing_url=None,
            providers={},
            connection_cap={},
            bulk_connections={},
            sync_window=1,
            texter=Phone(),
        )
        return replace(built, invitations=self.world.invitations)

    def _kinds(self) -> list[Kind]:
        return [
            *SlackMessenger(self.services, Conversation(self), single_token="xoxb-1").kinds(),
            *self.services.invitations.kinds(),
            *self.services.nudges.kinds(),
            *self.services.texting.kinds(),
        ]

    @override
    def teardown(self) -> None:
        try:
            self._let_end()
            self._check_told()
        finally:
            self.database.close()
            self.home.cleanup()

    # What colleagues do

    @precondition(lambda self: len(self.people) < MOST_PEOPLE)
    @rule(mobile=st.booleans())
    def invite(self, *, mobile: bool) -> None:
        self._add(mobile=mobile)

    @rule(chosen=st.integers(0, 9))
    def resend(self, chosen: int) -> None:
        with suppress(ServiceError):  # refused in words: that is an outcome too
            self.services.invitation_actions.resend(self.grace, self._invitation(chosen).id)
        self._look_for_new()

    @rule(chosen=st.integers(0, 9), mobile=st.sampled_from(["", MOBILE]))
    def change_email(self, chosen: int, mobile: str) -> None:
        with suppress(ServiceError):
            wanted = self._invitation(chosen).id
            self.services.invitation_actions.change_email(self.grace, wanted, f"p{chosen}@new.example", mobile)
        self._look_for_new()

    @rule(chosen=st.integers(0, 9))
    def revoke(self, chosen: int) -> None:
        with suppress(ServiceError):
            self.services.invitation_actions.revoke(self.grace, self._invitation(chosen).id)

    @rule(chosen=st.integers(0, 9), snooze=st.sampled_from(Snooze))
    def snooze(self, chosen: int, snooze: Snooze) -> None:
        invitation = self._invitation(chosen)
        with suppress(ServiceError):
            self.due[invitation.id] = self.services.reminders.snooze(self.grace, invitation.id, snooze), True

    @rule(chosen=st.integers(0, 9))
    def stop(self, chosen: int) -> None:
        invitation = self._invitation(chosen)
        with suppress(ServiceError):
            self.services.reminders.stop(self.grace, invitation.id)
            self.due.pop(invitation.id, None)
            self.unwanted |= {each.id for each in self._reminders() if each.invitation_id == invitation.id}

    # What clients do, with any link they ever got

    @rule(chosen=st.integers(0, 19))
    def open(self, chosen: int) -> None:
        self.services.invitations.open(self._link(chosen)[1])

    @rule(chosen=st.integers(0, 19))
    def ask_for_new(self, chosen: int) -> None:
        with suppress(InvitationClosedError):
            self.services.invitations.ask_for_new(self._link(chosen)[1])

    @rule(chosen=st.integers(0, 19), password=st.sampled_from([PASSWORD, PASSWORD, "short"]))
    def accept(self, chosen: int, password: str) -> None:
        invitation, token = self._link(chosen)
        was_open = self.services.invitations.open(token, seen=False).state is LinkState.OPEN
        try:
            self.services.invitations.accept(token, password)
        except InvitationClosedError:
            assert not was_open
        except InvalidError:
            assert (was_open, password) == (True, "short")
        else:
            assert (was_open, password) == (True, PASSWORD)
            self.accepted[invitation.client_user_id] += 1

    @rule()
    def bounce(self) -> None:
        if self.world.outbox.emails:
            report = EmailReport(self.world.outbox.emails[-1].message_id, EmailEvent.BOUNCED, "550 No such user")
            self.services.deliveries.emails_reported([report])

    # What time does, and the worker

    @rule(wait=st.sampled_from([timedelta(seconds=4), timedelta(seconds=25), LEASE, timedelta(hours=7)]))
    def wait(self, wait: timedelta) -> None:
        self.clock.advance(wait)

    @rule(days=st.integers(1, 9))
    def be_down(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))

    @rule()
    def tick(self) -> None:
        self._sweep()

    @rule(fate=st.sampled_from(FATES), meanwhile=st.sampled_from(MEANWHILE), chosen=st.integers(0, 2))
    def come_to_the_next_morning(self, fate: str, meanwhile: str, chosen: int) -> None:
        """`meanwhile` falls between choosing and sending."""
        ahead = [at for at, _ in self.due.values() if at > self.clock.now()]
        self.clock.set(min(ahead, default=self.clock.now()))
        self._sweep()
        self.clock.advance(timedelta(seconds=25))
        match meanwhile:
            case "accepted":
                self.accept(chosen, PASSWORD)
            case "revoked":
                self.revoke(chosen)
            case "resent":
                self.resend(chosen)
            case _:
                pass
        if meanwhile != "down":
            self._work(fate)

    @rule(fate=st.sampled_from(FATES))
    def work(self, fate: str) -> None:
        self._work(fate)

    @rule(count=st.integers(1, 3))
    def die_before_beginning(self, count: int) -> None:
        self.world.jobs.claim(LANES, count, LEASE)

    # What has to be so

    @invariant()
    def one_invitation_of_a_person_counts(self) -> None:
        rows = self._rows()
        for person in self.people:
            statuses = [row.status for row in rows if row.client_user_id == person.client_user_id]
            assert statuses.count(InvitationStatus.SUPERSEDED) == len(statuses) - 1
            assert statuses[-1] is not InvitationStatus.SUPERSEDED
            assert self.accepted[person.client_user_id] == statuses.count(InvitationStatus.ACCEPTED) <= 1

    @invariant()
    def one_link_of_a_channel_is_open(self) -> None:
        open_links: Counter[tuple[uuid.UUID, Channel]] = Counter()
        for invitation, token, channel in self._links():
            state = self.services.invitations.open(token, seen=False).state
            is_live = invitation.status in LIVE and self.clock.now() < invitation.expires_at
            assert state in STATES.get(invitation.status, {LinkState.OPEN if is_live else LinkState.EXPIRED})
            open_links[invitation.client_user_id, channel] += state is LinkState.OPEN
        assert set(open_links.values()) <= {0, 1}

    @invariant()
    def nothing_more_is_due_of_what_is_over(self) -> None:
        waiting = {row.id: row.next_reminder_at for row in self._rows()}
        assert {row.next_nudge_at for row in self._rows() if row.status in OVER} <= {None}
        over = {row.id for row in self._rows() if row.status in OVER}
        assert waiting == {
            each: None if each in over or each not in self.due else self.due[each][0] for each in waiting
        }

    def told(self, invitations: list[str]) -> None:
        """A message is out: each of these stands, and has a reminder that nobody has heard yet."""
        rows, reminders = {row.id: row for row in self._rows()}, self._reminders()
        for each in map(uuid.UUID, invitations):
            assert rows[each].status not in OVER
            assert not rows[each].reminders_stopped
            new = {reminder.id for reminder in reminders if reminder.invitation_id == each} - self.heard
            assert new
            self.heard |= new

    def nudged(self, email: Email) -> None:
        found = re.search(r"/i/([\w-]+)", email.text)
        assert found is not None
        with self.database.read() as session:
            of_token = select(InvitationLink.invitation_id).where(InvitationLink.token_hash == hash_token(found[1]))
            invitation = session.get_one(Invitation, session.scalars(of_token).one())
        assert invitation.status in {InvitationStatus.SENT, InvitationStatus.OPENED}
        assert self.clock.now() < invitation.expires_at
        sent = self.nudges.setdefault(invitation.id, Counter())
        sent[email.message_id] += 1
        assert len(sent) <= NUDGES
        assert sum(count - 1 for each in self.nudges.values() for count in each.values()) <= self.deaths

    def _check_told(self) -> None:
        """When all is quiet: each reminder was heard, unless its invitation was over or nobody wanted to."""
        over = {row.id for row in self._rows() if row.status in OVER}
        reminders = self._reminders()
        assert [each for each in reminders if each.told_at is None] == []
        wanted = {each.id for each in reminders if each.invitation_id not in over} - self.unwanted
        assert wanted <= self.heard

    # How it is done

    def _add(self, *, mobile: bool) -> Person:
        number = len(self.people)
        person = self.world.invite(
            self.practice_id,
            client=f"Firm {number}",
            email=f"ada@firm{number}.example",
            mobile=MOBILE if mobile else None,
        )
        self.people.append(person)
        self._look_for_new()
        return person

    def _look_for_new(self) -> None:
        for row in self._rows():
            if row.id not in self.known:
                first = next_reminder(RHYTHM, row.created_at, row.expires_at, after=row.created_at)
                assert first is not None
                self.due[row.id] = first[0], False
                self.known.add(row.id)

    def _sweep(self) -> None:
        """As a process does each minute; what has become due is chosen, once."""
        now = self.clock.now()
        for row in self._rows():
            at, snoozed = self.due.get(row.id, (None, False))
            if at is None or at > now or row.status in OVER:
                continue
            if snoozed or stage_now(RHYTHM, row.created_at, row.expires_at, now) is not None:
                self.chosen.add((row.id, at))
            later = [each for each, _ in moments(RHYTHM, row.created_at, row.expires_at) if each > now]
            del self.due[row.id]
            if later:
                self.due[row.id] = later[0], False
        self.services.invitations.expire()
        self.services.reminders.sweep()
        assert {(each.invitation_id, each.due_at) for each in self._reminders()} == self.chosen

    def _work(self, fate: str = "well") -> None:
        self.doom.now = fate
        try:
            self.worker.run_due()
        except Killed:
            self.deaths += 1
        except Wrong as wrong:
            raise AssertionError("This should not have gone out") from wrong.__cause__

    def _let_end(self) -> None:
        for _ in range(20):
            self.clock.advance(timedelta(hours=1))
            self._work()
            if all(count.due + count.waiting == 0 for count in self.world.jobs.counts().values()):
                return
        raise AssertionError("The jobs do not come to an end")

    def _rows(self) -> list[Invitation]:
        with self.database.read() as session:
            return list(session.scalars(select(Invitation).order_by(Invitation.id)))

    def _reminders(self) -> list[Reminder]:
        with self.database.read() as session:
            return list(session.scalars(select(Reminder)))

    def _links(self) -> list[tuple[Invitation, str, Channel]]:
        with self.database.read() as session:
            found = session.execute(
                select(Invitation, InvitationLink)
                .join(InvitationLink, InvitationLink.invitation_id == Invitation.id)
                .order_by(Invitation.id, InvitationLink.channel)
            )
            again = self.world.keys.token_again
            return [(row, again(link.nonce, link.token_hash), link.channel) for row, link in found]

    def _invitation(self, chosen: int) -> Invitation:
        """The latest first."""
        rows = self._rows()
        return rows[-1 - chosen % len(rows)]

    def _link(self, chosen: int) -> tuple[Invitation, str]:
        links = self._links()
        invitation, token, _ = links[-1 - chosen % len(links)]
        return invitation, token


def test_one_invitation_counts_and_each_reminder_is_told_once_whatever_happens(sqlite_template: Path) -> None:
    InvitationLife.template = sqlite_template
    run_state_machine_as_test(
        InvitationLife,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
