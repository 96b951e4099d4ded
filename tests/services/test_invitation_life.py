"""Whatever is done with an invitation, in whatever order: one counts, and its link alone works."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from db.models import LIVE, Invitation, InvitationLink, InvitationStatus, Lane
from db.session import Database
from services.errors import ServiceError
from services.invitations.delivery import EmailEvent, EmailReport
from services.invitations.records import LinkState
from tests.fakes import Clock
from tests.invited import PASSWORD, Person, World

STATES = {
    InvitationStatus.ACCEPTED: {LinkState.USED},
    InvitationStatus.SUPERSEDED: {LinkState.REPLACED},
    InvitationStatus.REVOKED: {LinkState.REVOKED},
    InvitationStatus.EXPIRED: {LinkState.EXPIRED},
}
OVER = {InvitationStatus.ACCEPTED, InvitationStatus.SUPERSEDED, InvitationStatus.REVOKED}


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return World(database, clock)


class _Life:
    """One client user; `chosen` says which of their invitations an act is about, also an old one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.person: Person = world.invite()
        self.grace = world.grace(self.person)
        self.accepted = 0

    def rows(self) -> list[Invitation]:
        with self.world.database.read() as session:
            of_person = select(Invitation).where(Invitation.client_user_id == self.person.client_user_id)
            return list(session.scalars(of_person.order_by(Invitation.id)))

    def token(self, invitation: Invitation) -> str:
        with self.world.database.read() as session:
            link = session.scalars(select(InvitationLink).where(InvitationLink.invitation_id == invitation.id)).one()
            return self.world.keys.token_again(link.nonce, link.token_hash)

    def act(self, name: str, chosen: int) -> None:
        rows = self.rows()
        invitation = rows[chosen % len(rows)]
        acts: dict[str, Callable[[], object]] = {
            "resend": lambda: self.world.colleague.resend(self.grace, invitation.id),
            "change": lambda: self.world.colleague.change_email(self.grace, invitation.id, f"p{chosen}@new.example"),
            "revoke": lambda: self.world.colleague.revoke(self.grace, invitation.id),
            "open": lambda: self.world.invitations.open(self.token(invitation)),
            "ask": lambda: self.world.invitations.ask_for_new(self.token(invitation)),
            "accept": lambda: self._accept(invitation),
            "send": self._send,
            "bounce": self._bounce,
            "seconds": lambda: self.world.clock.advance(timedelta(seconds=4 + chosen)),
            "days": lambda: self.world.clock.advance(timedelta(days=chosen)),
            "sweep": self.world.invitations.expire,
        }
        with suppress(ServiceError):  # refused in words: that is an outcome too
            acts[name]()

    def _accept(self, invitation: Invitation) -> None:
        self.world.invitations.accept(self.token(invitation), PASSWORD)
        self.accepted += 1

    def _send(self) -> None:
        for claim in self.world.jobs.claim(Lane.MAIL, 50, timedelta(minutes=1)):
            self.world.invitations.send_email(claim)

    def _bounce(self) -> None:
        if self.world.outbox.emails:
            report = EmailReport(self.world.outbox.emails[-1].message_id, EmailEvent.BOUNCED, "550 No such user")
            self.world.deliveries.emails_reported([report])

    def check(self) -> None:
        rows = self.rows()
        statuses = [row.status for row in rows]
        assert statuses.count(InvitationStatus.SUPERSEDED) == len(rows) - 1
        assert statuses[-1] is not InvitationStatus.SUPERSEDED
        assert self.accepted == statuses.count(InvitationStatus.ACCEPTED) <= 1
        for row in rows:
            state = self.world.invitations.open(self.token(row), seen=False).state
            is_open = row.status in LIVE and self.world.clock.now() < row.expires_at
            assert state in STATES.get(row.status, {LinkState.OPEN if is_open else LinkState.EXPIRED})
            if row.status in OVER:
                assert (row.next_reminder_at, row.next_stage, row.next_nudge_at) == (None, None, None)
            elif row.status in LIVE:
                assert row.next_reminder_at is not None


ACTS = ["resend", "change", "revoke", "open", "ask", "accept", "send", "bounce", "seconds", "days", "sweep"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 9)), min_size=8, max_size=20))
def test_one_invitation_of_a_person_counts_whatever_happens(world: World, acts: list[tuple[str, int]]) -> None:
    life = _Life(world)
    for name, chosen in acts:
        life.act(name, chosen)
        life.check()
