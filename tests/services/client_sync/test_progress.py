"""The one message of a sync is edited now and then, and shows at last how it ended."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from db.models import ItemState, Job, Lane, SyncState
from services.client_sync.records import InvitablePage
from services.client_sync.running import PROGRESS
from services.errors import InvalidError
from services.jobs import Claim, Jobs
from tests.services.client_sync.conftest import Desk

TWO_SECONDS = timedelta(seconds=2)


def next_edit(desk: Desk) -> Claim | None:
    claims = Jobs(desk.database).claim(Lane.SLACK, 1, timedelta(minutes=1), [PROGRESS])
    return claims[0] if claims else None


def test_it_is_edited_again_two_seconds_later_while_the_sync_goes_on(desk: Desk) -> None:
    run = desk.started(desk.office.ada, "A")
    claim = next_edit(desk)
    assert claim is not None
    assert desk.sync.progress_shown(claim, run.run_id, desk.sync.view(desk.office.ada, run.run_id))
    assert next_edit(desk) is None
    desk.clock.advance(TWO_SECONDS)
    assert next_edit(desk) is not None


def test_what_was_shown_too_late_is_shown_once_more(desk: Desk) -> None:
    run = desk.started(desk.office.ada, "A")
    claim = next_edit(desk)
    assert claim is not None
    stale = desk.sync.view(desk.office.ada, run.run_id)
    desk.work()
    assert not desk.sync.progress_shown(claim, run.run_id, stale)
    ended = desk.sync.view(desk.office.ada, run.run_id)
    assert ended.state is SyncState.FINISHED
    assert desk.sync.progress_shown(claim, run.run_id, ended)


def test_the_end_is_shown_by_a_job_of_its_own(desk: Desk) -> None:
    run = desk.finished(desk.office.ada, "A")
    with desk.database.read() as session:
        keys = session.scalars(select(Job.key).where(Job.kind == PROGRESS, Job.due.is_(None))).all()
    assert f"{PROGRESS}:{run.run_id}:1:end" in keys


def test_the_clients_of_a_sync_are_invited_a_few_at_a_time(desk: Desk) -> None:
    run = desk.finished(desk.office.ada, *(f"Firm {number:02}" for number in range(10)))
    page = desk.sync.invitable(desk.office.ada, run.run_id)
    assert ([each.name for each in page.clients], page.left) == ([f"Firm {n:02}" for n in range(8)], 10)
    first, second = page.clients[:2]
    after = desk.sync.invite(
        desk.office.ada,
        run.run_id,
        {
            first.id: {"contact_name": "Pat", "contact_email": "pat@firm.example"},
            second.id: {"contact_name": "", "contact_email": None},
        },
        passed=7,
    )
    assert after == InvitablePage(run_id=run.run_id, clients=after.clients, left=9, invited=1)
    assert [each.name for each in after.clients] == ["Firm 08", "Firm 09"]
    assert desk.sync.view(desk.office.ada, run.run_id).invitable == 9


def test_one_wrong_address_invites_nobody_and_is_named_at_its_field(desk: Desk) -> None:
    run = desk.finished(desk.office.ada, "A", "B")
    a, b = desk.sync.invitable(desk.office.ada, run.run_id).clients
    with pytest.raises(InvalidError) as refused:
        desk.sync.invite(
            desk.office.ada,
            run.run_id,
            {
                a.id: {"contact_name": "Pat", "contact_email": "pat@firm.example"},
                b.id: {"contact_name": "Sue", "contact_email": "PAT@firm.example"},
            },
        )
    assert refused.value.fields == {
        f"contact_email-{b.id}": "This e-mail already belongs to a user. Ask them to invite your practice."
    }
    assert desk.sync.invitable(desk.office.ada, run.run_id).left == 2


def test_what_failed_is_listed_page_by_page(desk: Desk) -> None:
    names = [f"Firm {number:02}" for number in range(35)]
    desk.sign_in(desk.office.ada, *names)
    run = desk.started(desk.office.ada)
    desk.xero.reach.clear()
    desk.work()
    page = desk.sync.outcomes(desk.office.ada, run.run_id, ItemState.FAILED, 9)
    assert (page.page, page.pages, page.found, [line.name for line in page.lines]) == (1, 2, 35, names[30:])
