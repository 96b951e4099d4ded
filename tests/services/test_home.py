"""When App Home is built anew: once for each change, for those who may be looking at it."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from db.models import Colleague, Job, Lane, Practice, SyncRun, SyncState
from db.session import Database
from services import jobs
from services.actor import Actor
from services.add_client.steps import StepName
from services.errors import NotFoundError
from services.jobs import Claim, Jobs
from services.overview.records import Home
from services.overview.watching import OVERLAP, REFRESH, STALE, WATCHED, HomeService
from services.people import PeopleService
from tests.builders import Office, add_client, created, office, profile, to_review
from tests.fakes import Clock
from tests.services.test_overview import sync

TICK = timedelta(seconds=5)
SETTLED = 3 * OVERLAP
"""After so long, what happened before is not looked for once more."""


class Desk:
    """A practice whose homes are looked after. `built` are the people whose page was built by a job, and `published`
    those of them whose page had changed, in turn."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.people = office(database)
        self.home = HomeService(database)
        self.built: list[str] = []
        self.published: list[str] = []

    def open(self, *actors: Actor) -> None:
        for actor in actors:
            page = self.home.opened(actor)
            assert page is not None
            self.home.shown(page, look_of(page))

    def settle(self) -> None:
        """Until nothing that has happened so far is new."""
        self.pass_time(SETTLED)
        self.built.clear()
        self.published.clear()

    def pass_time(self, by: timedelta) -> None:
        end = self.clock.now() + by
        while self.clock.now() < end:
            self.clock.advance(TICK)
            self.tick()

    def tick(self) -> None:
        self.home.look()
        for claim in self.claims():
            self.run(claim)

    def claims(self) -> list[Claim]:
        return Jobs(self.database).claim(Lane.SLACK, 100, timedelta(minutes=1), [REFRESH])

    def run(self, claim: Claim) -> None:
        page = self.home.refreshed(claim)
        if page is not None:
            self.built.append(page.slack_user_id)
            if look_of(page) != page.digest:
                self.published.append(page.slack_user_id)
                self.home.shown(page, look_of(page))
        self.home.finish(claim)

    def waiting(self) -> int:
        """How many jobs there are."""
        with self.database.read() as session:
            return len(session.scalars(select(Job.id).where(Job.kind == REFRESH)).all())

    def colleague(self, actor: Actor, **values: object) -> None:
        with self.database.begin() as session:
            session.execute(update(Colleague).where(Colleague.id == actor.colleague_id).values(**values))

    def practice(self, **values: object) -> None:
        with self.database.begin() as session:
            session.execute(update(Practice).where(Practice.id == self.people.practice_id).values(**values))

    def kept(self, actor: Actor) -> tuple[datetime | None, str | None]:
        with self.database.read() as session:
            row = session.get_one(Colleague, actor.colleague_id)
            return row.home_built_at, row.home_digest


def look_of(page: Home) -> str:
    """What stands for the page's digest here: the page itself."""
    return f"{page.explains} {page.overview} {page.refusal}"


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    return Desk(database, clock)


def test_the_first_page_explains_the_app_until_it_is_opened_again(desk: Desk) -> None:
    ada = desk.people.ada
    first = desk.home.opened(ada)
    assert first is not None
    assert (first.explains, first.digest, first.slack_user_id) == (True, None, "U_ADA")
    desk.home.shown(first, "a page")
    assert desk.home.changed(ada) == replace(first, digest="a page")
    again = desk.home.opened(ada)
    assert again == replace(first, explains=False, digest="a page")


def test_a_page_that_somebody_reads_for_the_first_time_keeps_its_explanation_when_it_changes(desk: Desk) -> None:
    desk.open(desk.people.ada)
    desk.settle()
    created(add_client(desk.database), desk.people.clem)
    desk.pass_time(TICK)
    assert desk.published == ["U_ADA"]
    assert (desk.kept(desk.people.ada)[1] or "").startswith("explains:True ")


def test_a_client_that_another_colleague_adds_shows_within_seconds(desk: Desk) -> None:
    desk.open(desk.people.ada, desk.people.clem, desk.people.sam)
    desk.settle()
    created(add_client(desk.database), desk.people.jo, "New Ltd")
    desk.pass_time(TICK)
    # Sam does not see the client, so nothing has changed there; Jo has never opened a home.
    assert sorted(desk.published) == ["U_ADA", "U_CLEM"]
    desk.pass_time(SETTLED)
    assert len(desk.published) == 2


def test_where_nothing_happens_nothing_is_published_and_little_is_built(desk: Desk) -> None:
    desk.open(desk.people.ada, desk.people.clem)
    desk.settle()
    desk.pass_time(STALE - 2 * SETTLED)
    assert desk.built == []
    desk.pass_time(2 * SETTLED)
    assert (sorted(desk.built), desk.published, desk.waiting()) == (["U_ADA", "U_CLEM"], [], 0)


def test_the_person_s_own_draft_shows_though_it_is_in_no_audit_trail(desk: Desk) -> None:
    jo, wizard = desk.people.jo, add_client(desk.database)
    page = to_review(wizard, jo, details={"name": "First name"})
    desk.open(jo, desk.people.ada)
    desk.settle()
    wizard.submit(jo, page.draft_id, StepName.DETAILS, {"name": "Second name"})
    desk.pass_time(TICK)
    assert (desk.built, desk.published) == (["U_JO"], ["U_JO"])


def test_a_running_sync_shows_how_far_it_is_until_it_has_ended(desk: Desk) -> None:
    desk.open(desk.people.ada, desk.people.sam)
    desk.settle()
    run_id = sync(desk.database, desk.people.jo, SyncState.RUNNING, {None: 1})
    desk.pass_time(TICK)
    assert desk.published == ["U_ADA"]
    with desk.database.begin() as session:
        ended = {"state": SyncState.FINISHED, "finished_at": desk.clock.now()}
        session.execute(update(SyncRun).where(SyncRun.id == run_id).values(**ended))
    desk.pass_time(TICK)
    assert desk.published == ["U_ADA", "U_ADA"]


def test_what_only_the_clock_changes_shows_after_some_minutes(desk: Desk) -> None:
    desk.open(desk.people.ada)
    desk.settle()
    desk.practice(name="Renamed behind its back")
    desk.pass_time(STALE)
    assert desk.published == ["U_ADA"]


def test_a_page_is_looked_after_for_some_hours_after_it_was_opened(desk: Desk) -> None:
    desk.open(desk.people.ada)
    desk.clock.advance(WATCHED)
    created(add_client(desk.database), desk.people.clem)
    desk.pass_time(SETTLED)
    assert desk.built == []


@pytest.mark.parametrize("since", ["before the look", "before the job"])
def test_a_practice_that_has_uninstalled_the_app_is_left_in_peace(desk: Desk, since: str) -> None:
    desk.open(desk.people.ada)
    desk.settle()
    created(add_client(desk.database), desk.people.clem)
    desk.clock.advance(TICK)
    if since == "before the job":
        assert desk.home.look() == 1
    desk.practice(uninstalled_at=desk.clock.now())
    desk.tick()
    assert (desk.home.look(), desk.published) == (0, [])


def test_looks_of_many_workers_at_once_make_one_page(desk: Desk) -> None:
    desk.open(desk.people.ada)
    desk.settle()
    created(add_client(desk.database), desk.people.clem)
    desk.clock.advance(TICK)
    barrier = threading.Barrier(8)

    def look(_: int) -> int:
        barrier.wait()
        return HomeService(desk.database).look()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(look, range(8))) == {1}
    assert desk.waiting() == 1


def test_a_job_that_comes_after_the_person_s_own_opening_does_nothing(desk: Desk) -> None:
    desk.open(desk.people.ada)
    desk.settle()
    created(add_client(desk.database), desk.people.clem)
    desk.clock.advance(TICK)
    desk.home.look()
    desk.open(desk.people.ada)
    [claim] = desk.claims()
    assert desk.home.refreshed(claim) is None


def test_a_second_try_publishes_what_the_first_one_could_not(desk: Desk) -> None:
    desk.open(desk.people.ada)
    desk.settle()
    created(add_client(desk.database), desk.people.clem)
    desk.clock.advance(TICK)
    desk.home.look()
    [claim] = desk.claims()
    lost = desk.home.refreshed(claim)
    assert lost is not None
    desk.clock.advance(TICK)
    desk.run(replace(claim, attempt=2))
    assert desk.published == ["U_ADA"]


def test_of_two_that_publish_at_once_the_page_is_made_afresh(desk: Desk) -> None:
    ada = desk.people.ada
    desk.open(ada)
    desk.settle()
    slow = desk.home.opened(ada)
    desk.clock.advance(timedelta(seconds=1))
    created(add_client(desk.database), desk.people.clem)
    quick = desk.home.changed(ada)
    assert slow is not None
    desk.home.shown(quick, look_of(quick))
    desk.home.shown(slow, look_of(slow))  # Slack may have what is older now
    desk.pass_time(SETTLED)
    assert desk.published == ["U_ADA"]


def test_a_home_that_slack_refuses_is_given_up_until_it_is_opened(desk: Desk) -> None:
    desk.open(desk.people.ada)
    desk.settle()
    created(add_client(desk.database), desk.people.clem)
    desk.clock.advance(TICK)
    desk.home.look()
    [claim] = desk.claims()
    Jobs(desk.database).fail(claim, "Slack: user_not_found", desk.home.gave_up)
    desk.pass_time(STALE + SETTLED)
    assert desk.published == []
    desk.open(desk.people.ada)
    desk.settle()
    created(add_client(desk.database), desk.people.clem, "Another Ltd")
    desk.pass_time(TICK)
    assert desk.published == ["U_ADA"]


def test_who_is_taken_off_is_shown_a_refusal_once(desk: Desk) -> None:
    desk.open(desk.people.clem)
    desk.settle()
    desk.colleague(desk.people.clem, active=False)
    desk.pass_time(STALE)
    assert desk.published == ["U_CLEM"]
    page = desk.home.opened(desk.people.clem)
    assert page is not None
    assert (page.overview, page.refusal) == (
        None,
        "You no longer have access to Clientdesk at this practice. Ask a Practice Admin.",
    )
    desk.pass_time(STALE + SETTLED)
    assert desk.published == ["U_CLEM"]


def test_whoever_waits_for_the_set_up_gets_the_first_page_by_itself(desk: Desk) -> None:
    met = PeopleService(desk.database).first_contact("T_ELM", "Elm", profile("U_EVE", "Eve", owner=True)).actor
    assert desk.home.opened(met) is None
    desk.pass_time(TICK)
    assert desk.published == []
    with desk.database.begin() as session:
        session.get_one(Practice, met.practice_id).set_up_at = desk.clock.now()
    desk.pass_time(TICK)
    assert desk.published == ["U_EVE"]
    assert (desk.kept(met)[1] or "").startswith("explains:")


def test_nobody_opens_a_home_of_another_practice(desk: Desk) -> None:
    elsewhere = office(desk.database, slack_key="T_ELM")
    with pytest.raises(NotFoundError):
        desk.home.opened(Actor(elsewhere.practice_id, desk.people.ada.colleague_id))
    desk.open(desk.people.ada)
    desk.settle()
    created(add_client(desk.database), elsewhere.ada)
    desk.pass_time(TICK)
    assert desk.built == []


def test_a_job_with_another_practice_s_name_finds_nobody(desk: Desk) -> None:
    desk.open(desk.people.ada)
    with desk.database.begin() as session:
        args = {"colleague_id": str(desk.people.ada.colleague_id), "built_at": "never"}
        jobs.put(
            session,
            jobs.NewJob(lane=Lane.SLACK, kind=REFRESH, key="forged", practice_id=uuid.uuid4(), args=args),
        )
    [claim] = desk.claims()
    assert desk.home.refreshed(replace(claim, attempt=2)) is None


def test_a_large_practice_takes_no_other_one_s_turn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.overview.watching._MOST_OF_PRACTICE", 3)
    monkeypatch.setattr("services.overview.watching._MOST_AT_ONCE", 3)
    elsewhere = office(desk.database, slack_key="T_ELM")
    everybody: Callable[[Office], tuple[Actor, ...]] = lambda of: (of.ada, of.clem, of.sam, of.jo)  # noqa: E731
    desk.open(*everybody(desk.people))
    desk.clock.advance(TICK)
    desk.open(*everybody(elsewhere))
    desk.clock.advance(STALE)
    assert desk.home.look() == 3
    with desk.database.read() as session:
        practices = session.scalars(select(Job.practice_id).where(Job.kind == REFRESH)).all()
    assert set(practices) == {desk.people.practice_id, elsewhere.practice_id}
