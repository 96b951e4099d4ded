import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Job, JobOutcome, Lane
from db.session import Database
from services import jobs, pace
from services.jobs import Claim, Jobs, LaneCount, LostClaim, NewJob, Progress
from tests.fakes import Clock

LEASE = timedelta(minutes=1)
NONE = LaneCount(due=0, waiting=0, failed=0, overdue=timedelta())


def mail(key: str, **options: object) -> NewJob:
    return NewJob(lane=Lane.MAIL, kind="test.mail", key=key, **options)  # type: ignore[arg-type]


def put(database: Database, *new: NewJob) -> None:
    with database.begin() as session:
        jobs.put(session, *new)


def claim(database: Database) -> Claim:
    [claim] = Jobs(database).claim(Lane.MAIL, 1, LEASE)
    return claim


def finish(database: Database, claim: Claim) -> None:
    with database.begin() as session:
        jobs.finish(session, claim)


def outcomes(database: Database) -> dict[str, JobOutcome | None]:
    with database.read() as session:
        return {key: outcome for key, outcome in session.execute(select(Job.key, Job.outcome))}  # noqa: C416


def test_a_claim_carries_what_was_put(database: Database) -> None:
    practice, batch = uuid.uuid4(), uuid.uuid4()
    put(database, mail("one", practice_id=practice, args={"invitation": "i1"}, batch=batch, pace="scope"))

    got = claim(database)

    assert got == Claim(
        id=got.id,
        lane=Lane.MAIL,
        kind="test.mail",
        practice_id=practice,
        args={"invitation": "i1"},
        key="one",
        attempt=1,
        tries=1,
        batch=batch,
        pace="scope",
        slot=None,
    )


def test_a_job_of_a_transaction_that_rolls_back_never_was(database: Database) -> None:
    def put_and_fail() -> None:
        with database.begin() as session:
            jobs.put(session, mail("one"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        put_and_fail()

    assert outcomes(database) == {}


def test_a_key_put_twice_is_one_job(database: Database) -> None:
    put(database, mail("one", args={"n": 1}), mail("one", args={"n": 2}), mail("two"))
    put(database, mail("two"), mail("three"))

    assert outcomes(database).keys() == {"one", "two", "three"}
    assert claim(database).args in ({"n": 1}, {})


def test_a_finished_key_put_again_stays_finished(database: Database) -> None:
    put(database, mail("one"))
    finish(database, claim(database))

    put(database, mail("one"))

    assert outcomes(database) == {"one": JobOutcome.DONE}
    assert Jobs(database).claim(Lane.MAIL, 1, LEASE) == []


def test_no_job_is_claimed_before_it_is_due(database: Database, clock: Clock) -> None:
    put(database, mail("later", due=clock.now() + timedelta(hours=1)), mail("now"))

    assert [claim.key for claim in Jobs(database).claim(Lane.MAIL, 10, LEASE)] == ["now"]
    clock.advance(timedelta(hours=1))
    assert "later" in [claim.key for claim in Jobs(database).claim(Lane.MAIL, 10, LEASE)]


def test_the_longest_due_is_claimed_first_and_no_more_than_asked_for(database: Database, clock: Clock) -> None:
    times = {"c": 3, "a": 30, "d": 2, "b": 20}
    put(database, *[mail(key, due=clock.now() - timedelta(minutes=minutes)) for key, minutes in times.items()])

    assert {claim.key for claim in Jobs(database).claim(Lane.MAIL, 2, LEASE)} == {"a", "b"}
    assert {claim.key for claim in Jobs(database).claim(Lane.MAIL, 2, LEASE)} == {"c", "d"}
    assert Jobs(database).claim(Lane.MAIL, 2, LEASE) == []


def test_a_claim_takes_only_its_lanes_and_known_kinds(database: Database) -> None:
    put(
        database,
        mail("mail"),
        NewJob(lane=Lane.SMS, kind="test.sms", key="sms"),
        NewJob(lane=Lane.SLACK, kind="test.slack", key="slack"),
        NewJob(lane=Lane.MAIL, kind="test.newer", key="of a newer version"),
    )

    claims = Jobs(database).claim([Lane.MAIL, Lane.SLACK], 10, LEASE, ["test.mail", "test.slack"])

    assert {claim.key for claim in claims} == {"mail", "slack"}
    assert {claim.key for claim in Jobs(database).claim(Lane.MAIL, 10, LEASE)} == {"of a newer version"}


def test_a_dead_workers_job_falls_due_again_when_its_lease_ends(database: Database, clock: Clock) -> None:
    put(database, mail("one"))
    first = claim(database)
    assert Jobs(database).claim(Lane.MAIL, 1, LEASE) == []

    clock.advance(LEASE)

    second = claim(database)
    assert (second.id, second.attempt, second.tries) == (first.id, 2, 2)


def test_a_renewed_lease_keeps_the_job(database: Database, clock: Clock) -> None:
    put(database, mail("one"))
    held = claim(database)
    clock.advance(LEASE * 0.9)

    assert Jobs(database).renew([held], LEASE) == 1

    clock.advance(LEASE * 0.9)
    assert Jobs(database).claim(Lane.MAIL, 1, LEASE) == []


def test_a_lost_lease_is_not_renewed(database: Database, clock: Clock) -> None:
    put(database, mail("one"))
    lost = claim(database)
    clock.advance(LEASE)
    claim(database)

    assert Jobs(database).renew([lost], LEASE) == 0


def test_renewing_does_not_bring_forward_a_job_that_was_given_back(database: Database, clock: Clock) -> None:
    put(database, mail("one"))
    held = claim(database)
    Jobs(database).retry(held, "busy", timedelta(hours=1))

    Jobs(database).renew([held], LEASE)

    clock.advance(LEASE)
    assert Jobs(database).claim(Lane.MAIL, 1, LEASE) == []


def test_a_late_finish_takes_its_effects_back(database: Database, clock: Clock) -> None:
    put(database, mail("one"))
    frozen = claim(database)
    clock.advance(LEASE)
    second = claim(database)

    def take_effect(claim: Claim, effect: str) -> None:
        with database.begin() as session:
            jobs.put(session, mail(effect))
            jobs.finish(session, claim)

    with pytest.raises(LostClaim):
        take_effect(frozen, "effect of the frozen one")
    take_effect(second, "effect of the second")

    assert outcomes(database) == {"one": JobOutcome.DONE, "effect of the second": None}


def test_a_late_finish_holds_while_nobody_else_has_claimed_the_job(database: Database, clock: Clock) -> None:
    put(database, mail("one"))
    frozen = claim(database)
    clock.advance(LEASE * 2)

    finish(database, frozen)

    assert outcomes(database) == {"one": JobOutcome.DONE}


def test_a_job_is_finished_once(database: Database) -> None:
    put(database, mail("one"))
    held = claim(database)
    finish(database, held)

    with pytest.raises(LostClaim):
        finish(database, held)
    with pytest.raises(LostClaim):
        Jobs(database).retry(held, "late", timedelta(0))
    with pytest.raises(LostClaim):
        Jobs(database).fail(held, "late")


def test_cancelling_stops_open_jobs_only(database: Database) -> None:
    batch = uuid.uuid4()
    put(database, mail("done", batch=batch))
    finish(database, claim(database))
    put(database, mail("one", batch=batch), mail("two", batch=batch), mail("three"), mail("four"))

    with database.begin() as session:
        assert jobs.cancel(session, batch=batch) == 2
        assert jobs.cancel(session, keys=["three", "unknown"]) == 1
        assert jobs.cancel(session) == 0

    assert [claim.key for claim in Jobs(database).claim(Lane.MAIL, 10, LEASE)] == ["four"]
    assert outcomes(database) == {
        "done": JobOutcome.DONE,
        "one": JobOutcome.CANCELLED,
        "two": JobOutcome.CANCELLED,
        "three": JobOutcome.CANCELLED,
        "four": None,
    }


def test_a_job_cancelled_while_it_is_done_counts_as_done_if_it_succeeds(database: Database) -> None:
    put(database, mail("one"))
    held = claim(database)
    with database.begin() as session:
        jobs.cancel(session, keys=["one"])

    finish(database, held)

    assert outcomes(database) == {"one": JobOutcome.DONE}


def test_a_job_cancelled_while_it_is_done_is_not_tried_again(database: Database) -> None:
    put(database, mail("one"))
    held = claim(database)
    with database.begin() as session:
        jobs.cancel(session, keys=["one"])

    with pytest.raises(LostClaim):
        Jobs(database).retry(held, "busy", timedelta(0))

    assert outcomes(database) == {"one": JobOutcome.CANCELLED}


def test_what_follows_a_failure_commits_with_it(database: Database) -> None:
    put(database, mail("one"))

    def tell(session: Session, claim: Claim, error: str) -> None:
        jobs.put(session, mail(f"tell about {claim.key}", args={"error": error}))

    Jobs(database).fail(claim(database), "no such address", tell)

    assert outcomes(database) == {"one": JobOutcome.FAILED, "tell about one": None}
    assert claim(database).args == {"error": "no such address"}


def test_the_operator_sees_failed_jobs_and_runs_them_again(database: Database, clock: Clock) -> None:
    put(database, mail("one"))
    held = claim(database)
    Jobs(database).retry(held, "busy", timedelta(0))
    held = claim(database)
    Jobs(database).fail(held, "broken")

    [failed] = Jobs(database).failed(10)
    assert (failed.key, failed.tries, failed.error, failed.failed_at) == ("one", 2, "broken", clock.now())
    assert Jobs(database).run_again(failed.id)
    assert not Jobs(database).run_again(failed.id)
    assert Jobs(database).failed(10) == []
    again = claim(database)
    assert (again.attempt, again.tries) == (3, 1)


def test_a_batch_tells_its_progress_and_runs_what_failed_again(database: Database) -> None:
    batch = uuid.uuid4()
    put(database, *[mail(f"{n}", batch=batch) for n in range(5)], mail("other"))
    claims = [claim for claim in Jobs(database).claim(Lane.MAIL, 6, LEASE) if claim.batch == batch]
    finish(database, claims[0])
    Jobs(database).fail(claims[1], "broken")
    Jobs(database).fail(claims[2], "broken")
    with database.begin() as session:
        jobs.cancel(session, keys=[claims[3].key])

    progress = Jobs(database).progress(batch)
    assert progress == Progress(open=1, done=1, failed=2, cancelled=1)
    assert progress.total == 5

    with database.begin() as session:
        assert jobs.run_failed_again(session, batch) == 2
    assert Jobs(database).progress(batch) == Progress(open=3, done=1, failed=0, cancelled=1)


def test_the_counts_tell_of_every_lane(database: Database, clock: Clock) -> None:
    put(database, mail("one"), mail("two"), mail("later", due=clock.now() + timedelta(hours=1)))
    Jobs(database).fail(claim(database), "broken")
    clock.advance(timedelta(minutes=5))

    counts = Jobs(database).counts()

    assert counts == {
        **dict.fromkeys(Lane, NONE),
        Lane.MAIL: LaneCount(due=1, waiting=1, failed=1, overdue=timedelta(minutes=5)),
    }


def test_pruning_forgets_what_ended_long_ago(database: Database, clock: Clock) -> None:
    put(database, mail("old"))
    finish(database, claim(database))
    put(database, mail("open"))
    clock.advance(timedelta(days=2))
    put(database, mail("new", due=clock.now() - timedelta(days=3)))
    finish(database, claim(database))

    assert Jobs(database).prune(timedelta(days=1)) == 1

    assert outcomes(database).keys() == {"open", "new"}


def test_five_thousand_jobs_are_put_at_once(database: Database) -> None:
    put(database, *[mail(f"{n}") for n in range(5_000)])

    assert Jobs(database).counts()[Lane.MAIL].due == 5_000


def test_claimers_at_the_same_time_never_share_a_job(database: Database) -> None:
    put(database, *[mail(f"{n}") for n in range(200)])
    claimed: list[str] = []

    def take() -> None:
        while claims := Jobs(database).claim(Lane.MAIL, 7, LEASE):
            claimed.extend(claim.key for claim in claims)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(claimed) == sorted(f"{n}" for n in range(200))


def test_listeners_hear_of_a_put_after_its_commit_only(database: Database) -> None:
    heard: list[tuple[frozenset[str], int]] = []

    def listen(topics: frozenset[str]) -> None:
        heard.append((topics, len(outcomes(database))))

    database.subscribe(listen)
    with database.begin() as session:
        jobs.put(session, mail("one"))
        with session.begin_nested():
            jobs.put(session, NewJob(lane=Lane.SMS, kind="test.sms", key="two"))
        assert heard == []
    assert heard == [(frozenset({"mail", "sms"}), 2)]

    def put_and_fail() -> None:
        with database.begin() as session:
            jobs.put(session, mail("three"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        put_and_fail()
    with database.begin():
        pass
    database.unsubscribe(listen)
    put(database, mail("four"))
    assert heard == [(frozenset({"mail", "sms"}), 2)]


def test_without_a_clock_of_ours_the_databases_decides(database_url: str) -> None:
    database = Database(database_url)
    put(database, mail("now"), mail("later", due=database.now() + timedelta(hours=1)))

    assert claim(database).key == "now"
    assert Jobs(database).claim(Lane.MAIL, 1, LEASE) == []
    database.close()


def test_a_pace_gives_out_slots_in_a_row(database: Database, clock: Clock) -> None:
    def reserve(burst: int = 1) -> timedelta:
        with database.begin() as session:
            return pace.reserve(session, "channel", timedelta(seconds=1), clock.now(), burst=burst) - clock.now()

    assert [reserve().total_seconds() for _ in range(4)] == [0, 1, 2, 3]
    clock.advance(timedelta(seconds=10))
    assert [reserve(burst=3).total_seconds() for _ in range(5)] == [0, 0, 0, 1, 2]


def test_a_held_pace_lets_nobody_go_before(database: Database, clock: Clock) -> None:
    with database.begin() as session:
        pace.hold(session, "channel", clock.now() + timedelta(seconds=30), clock.now())
        start = pace.reserve(session, "channel", timedelta(seconds=1), clock.now(), burst=3)
        other = pace.reserve(session, "other", timedelta(seconds=1), clock.now())

    assert start == clock.now() + timedelta(seconds=30)
    assert other == clock.now()
