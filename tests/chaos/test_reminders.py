"""Many colleagues are to hear of many invitations in one minute, and workers are killed meanwhile: each hears once."""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations
from typing import Any

import psutil
import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import (
    Client,
    ClientKind,
    ClientRole,
    ClientUser,
    Colleague,
    Invitation,
    InvitationStatus,
    Job,
    JobOutcome,
    Lane,
    Practice,
    Reminder,
    ReminderStage,
    Role,
    Software,
    Solutions,
)
from db.session import Database
from sandbox.app import SandboxConfig
from sandbox.driver import Sandbox
from sandbox.running import RunningSandbox
from sandbox.slack.seed import DEFAULT_SEED
from services import notices
from services.invitations.reminders import DIGEST
from tests.chaos.nursery import Nursery, nursery
from tests.conftest import create_tables
from tests.postgresql import PostgresServer
from tests.processes.conftest import environment

pytestmark = pytest.mark.chaos

INVITATIONS = 10_000
INVITERS = 300
OVER_ALREADY = 20
"""So many of them are accepted after they have been chosen, before anybody is told."""
CHATTY = 6
"""So many messages the first inviter gets besides, at once, from workers that are all there."""
WORKERS = 4
REFUSALS = 10
BURST = 3
PATIENCE = 60.0
RENEWAL = "slack.invitation_renewal_asked"


@dataclass
class Scene:
    """A practice on PostgreSQL whose invitations are all due, its Slack, and workers."""

    database: Database
    sandbox: Sandbox
    settings: dict[str, str]
    nursery: Nursery
    chance: random.Random
    practice_id: uuid.UUID = field(default_factory=uuid7)
    inviters: dict[uuid.UUID, str] = field(default_factory=dict)
    invitations: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    workers: list[psutil.Process] = field(default_factory=list)

    def fill(self) -> None:
        """Each inviter has invited as many, and each of those is to be reminded of now."""
        with self.database.begin() as session:
            now = self.database.time(session)
            session.add(
                Practice(id=self.practice_id, slack_key="T_BIRCH", name="Birch & Co", address="birch", created_at=now)
            )
            session.flush()
            self.inviters = {uuid7(): user for user in people()}
            practice, made = {"practice_id": self.practice_id}, {"created_at": now - timedelta(days=20)}
            session.execute(
                insert(Colleague),
                [
                    practice | made | {"id": each, "slack_user_id": user, "name": user, "role": Role.PRACTICE_ADMIN}
                    for each, user in self.inviters.items()
                ],
            )
            client = Client(
                id=uuid7(),
                name="Acme",
                name_key="acme",
                kind=ClientKind.BUSINESS,
                solutions=Solutions.BOOKKEEPING,
                software=Software.NONE,
                extract_name="acme",
                applied_defaults={},
                created_by=next(iter(self.inviters)),
                **practice,
                **made,
            )
            session.add(client)
            session.flush()
            of_client = practice | made | {"client_id": client.id}
            emails = {uuid7(): f"pat{number}@firm.example" for number in range(INVITATIONS)}
            person = {"name": "Pat", "role": ClientRole.STANDARD}
            session.execute(
                insert(ClientUser),
                [of_client | person | {"id": each, "email": mail, "email_key": mail} for each, mail in emails.items()],
            )
            inviters = list(self.inviters)
            rows: list[dict[str, Any]] = [
                of_client
                | {
                    "id": uuid7(),
                    "client_user_id": client_user_id,
                    "inviter_id": inviters[number % INVITERS],
                    "email": email,
                    "status": InvitationStatus.EXPIRED,
                    "expires_at": now - timedelta(days=13),
                    "next_reminder_at": now - timedelta(minutes=1) * (number / INVITATIONS),
                    "next_stage": ReminderStage.SNOOZED,  # so that it is one on a Sunday, too
                }
                for number, (client_user_id, email) in enumerate(emails.items())
            ]
            session.execute(insert(Invitation), rows)
            self.invitations = {row["id"]: row["inviter_id"] for row in rows}

    def chat(self, inviter: uuid.UUID, accepted: set[uuid.UUID]) -> None:
        """Other messages for the same person, of invitations that are not over."""
        theirs = [each for each, by in self.invitations.items() if by == inviter and each not in accepted][:CHATTY]
        with self.database.begin() as session:
            for each in theirs:
                args = {"invitation_id": str(each), "colleague_id": str(inviter)}
                notices.tell(session, RENEWAL, each, practice_id=self.practice_id, colleague_id=inviter, args=args)

    def accept_some(self) -> set[uuid.UUID]:
        accepted = set(self.chance.sample(list(self.invitations), OVER_ALREADY))
        with self.database.begin() as session:
            over = update(Invitation).where(Invitation.id.in_(accepted))
            session.execute(over.values(status=InvitationStatus.ACCEPTED, next_reminder_at=None, next_stage=None))
        return accepted

    def gather_no_longer(self) -> None:
        with self.database.begin() as session:
            now = self.database.time(session)
            session.execute(update(Job).where(Job.kind == DIGEST, Job.attempt == 0).values(due=now))

    def restart_workers(self) -> None:
        """The living end what they have in hand; then the leases of the dead are over."""
        for worker in self.workers:
            worker.terminate()
        psutil.wait_procs(self.workers, timeout=PATIENCE)
        self.workers.clear()
        with self.database.begin() as session:
            now = self.database.time(session)
            leased = Job.due > now + timedelta(seconds=30)
            session.execute(update(Job).where(Job.lane == Lane.SLACK, leased).values(due=now))
        for _ in range(WORKERS):
            self.start_worker()

    def start_worker(self) -> None:
        self.workers.append(self.nursery.start_worker(self.settings))

    def kill_worker(self) -> None:
        """One of them, and another takes its place."""
        victim = self.workers.pop(self.chance.randrange(len(self.workers)))
        victim.kill()
        psutil.wait_procs([victim])
        self.start_worker()

    def _wait_until(self, is_so: Callable[[Session], bool]) -> None:
        end, pause = time.monotonic() + PATIENCE, threading.Event()
        while True:
            with self.database.read() as session:
                if is_so(session):
                    return
            assert time.monotonic() < end, "It never came"
            pause.wait(0.02)

    def wait_until_chosen(self, count: int) -> None:
        query = select(func.count()).select_from(Reminder)
        self._wait_until(lambda session: session.scalars(query).one() >= count)

    def wait_until_told(self, people: int) -> None:
        query = select(func.count(Reminder.colleague_id.distinct())).where(Reminder.told_at.is_not(None))
        self._wait_until(lambda session: session.scalars(query).one() >= people)

    def wait_until_over(self) -> None:
        query = select(Job.id).where(Job.lane == Lane.SLACK, Job.due.is_not(None)).limit(1)
        self._wait_until(lambda session: session.scalar(query) is None)


@dataclass(frozen=True)
class Post:
    """A message that Slack was asked to post. `count` is of how many invitations it tells; `key` its job's."""

    user: str
    at: float
    taken: bool
    key: str
    count: int


def posts(sandbox: Sandbox) -> list[Post]:
    found = []
    for call in sandbox.calls("chat.postMessage"):
        given = call["args"]
        if not call["ok"] and "metadata" not in given:
            continue  # whoever sent it died before it was whole
        key, said = given["metadata"]["event_payload"]["key"], str(given["text"]).partition(" invitations need a look")
        count = int(said[0]) if said[1] else 0
        found.append(Post(str(given["channel"]), call["at"], bool(call["ok"]), key, count))
    return found


def people() -> list[str]:
    return [f"U_{number:04}" for number in range(INVITERS)]


def with_people() -> dict[str, Any]:
    """The usual workspace, with all those who invite."""
    users = [
        {"id": user, "team_id": "T_BIRCH", "name": user.lower(), "real_name": user, "email": f"{user}@birch.example"}
        for user in people()
    ]
    return {**DEFAULT_SEED, "users": [*DEFAULT_SEED["users"], *users]}


@pytest.fixture
def scene(postgresql: PostgresServer) -> Iterator[Scene]:
    seed = random.randrange(1_000_000)
    print(f"chance is seeded with {seed}")
    with ExitStack() as stack:
        running = stack.enter_context(RunningSandbox(SandboxConfig(seed=with_people())))
        sandbox = stack.enter_context(Sandbox(running.url))
        url = stack.enter_context(postgresql.database("reminded"))
        create_tables(url)
        database = Database(url, pool_size=2)
        stack.callback(database.close)
        settings = environment(
            url, SLACK_API_URL=running.api_url, SLACK_BOT_TOKEN="xoxb-sandbox-T_BIRCH", LOG_LEVEL="ERROR"
        )
        scene = Scene(database, sandbox, settings, stack.enter_context(nursery()), random.Random(seed))
        yield scene
        for worker in scene.workers:
            worker.kill()
        psutil.wait_procs(scene.workers)


def test_thousands_of_reminders_due_in_a_minute_are_told_once_each_though_workers_are_killed(scene: Scene) -> None:
    scene.fill()
    chatty = next(iter(scene.inviters))
    for _ in range(WORKERS):
        scene.start_worker()
    scene.wait_until_chosen(INVITATIONS // 4)
    scene.kill_worker()
    scene.wait_until_chosen(INVITATIONS)
    accepted = scene.accept_some()
    scene.sandbox.fault("chat.postMessage", "ratelimited", times=REFUSALS, retry_after=1)
    scene.gather_no_longer()
    scene.wait_until_told(INVITERS // 4)
    scene.kill_worker()
    scene.wait_until_told(INVITERS // 2)
    scene.restart_workers()
    scene.chat(chatty, accepted)
    scene.wait_until_over()

    asked = posts(scene.sandbox)
    taken = [post for post in asked if post.taken]
    assert {key: times for key, times in Counter(post.key for post in taken).items() if times > 1} == {}
    told = Counter({post.user: post.count for post in taken if post.count})
    live = Counter(scene.inviters[by] for each, by in scene.invitations.items() if each not in accepted)
    assert told == live
    per_person = Counter(post.user for post in taken)
    assert per_person == Counter(people()) + Counter({scene.inviters[chatty]: CHATTY})
    check_pace([post.at for post in taken if post.user == scene.inviters[chatty]])
    check_waits(asked)
    with scene.database.read() as session:
        assert set(session.scalars(select(Job.outcome))) == {JobOutcome.DONE}
        assert session.scalars(select(func.count(Reminder.told_at))).one() == INVITATIONS


def check_pace(times: list[float]) -> None:
    """One a second after the first few; one more where a late one is followed by one in time."""
    times.sort()
    for first, last in combinations(range(len(times)), 2):
        assert last - first + 1 <= BURST + 1 + times[last] - times[first]


def check_waits(asked: list[Post]) -> None:
    """What Slack refused is asked again after the second that it asked for."""
    refused = [post for post in asked if not post.taken]
    assert REFUSALS - WORKERS <= len(refused) <= REFUSALS
    for each in refused:
        assert all(abs(later.at - each.at) >= 1 for later in asked if later.key == each.key and later.at > each.at)
