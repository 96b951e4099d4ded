"""The views and messages of Client Sync, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from db.models import Choice, ItemState, Provider, Solutions, Standing, SyncAction, SyncState
from modals.blocks import Message, View
from modals.client_sync import chooser, inviting, opening, progress, results
from services.add_client.records import Choosable, PermissionMissing
from services.client_sync.records import (
    NAMED,
    PAGE,
    Chooser,
    Confirmation,
    Filter,
    Goal,
    InvitablePage,
    Line,
    Opening,
    Outcome,
    OutcomePage,
    Reassigned,
    Reconnected,
    RunLine,
    RunView,
    SignIn,
    Unreached,
    Wish,
)
from services.permissions.records import Asked
from services.practice import Bundle

LONG = "<!channel> & *_~" + "W" * 134
NOW = datetime(2026, 11, 21, tzinfo=UTC)
MANY = tuple(f"U{number:010}" for number in range(300))
ASKED = Asked(request_id=uuid.uuid4(), admins=MANY, asked_at=NOW, repeated=True)
URL = "https://clientdesk.example/connect/xero/start?ticket=" + "x" * 900
COUNTS = {
    Standing.NEW: 9_000,
    Standing.SAME_NAME: 400,
    Standing.OVER_BUNDLE: 300,
    Standing.DEMO: 200,
    Standing.ALREADY: 100,
}
OUTCOME = Outcome(name=LONG, reason="x" * 1000)
RUN_LINE = RunLine(
    run_id=uuid.uuid4(),
    state=SyncState.RUNNING,
    mine=False,
    starter=MANY[0],
    total=10_000,
    settled=5_000,
    at=NOW,
)
SIGN_IN = SignIn(
    goal=Goal.ADD,
    provider=Provider.XERO,
    start_url=URL,
    external_id=str(uuid.uuid4()),
    bulk=False,
    signed_in=False,
)


def line(standing: Standing = Standing.NEW, choice: Choice = Choice.CREATE, holder: str | None = None) -> Line:
    match = None if standing is Standing.NEW and choice is not Choice.TAKE else LONG
    return Line(item_id=uuid.uuid4(), name=LONG, standing=standing, choice=choice, match=match, holder=holder)


def listed(lines: tuple[Line, ...], **changes: Any) -> Chooser:
    given: dict[str, Any] = {
        "run_id": uuid.uuid4(),
        "action": SyncAction.ADD,
        "provider": Provider.XERO,
        "wish": Wish(page=249, query='"&<!channel>' + "💰" * 88),
        "found": 10_000,
        "pages": 500,
        "lines": lines,
        "total": 10_000,
        "counts": COUNTS,
        "creating": 9_900,
        "linking": 100,
        "taking": 0,
        "bundle": Bundle(used=99_999, included=100_000),
        "may_raise_bundle": False,
        "team_choices": tuple(Choosable(uuid.uuid4(), LONG) for _ in range(300)),
        "team_id": None,
        "solutions": Solutions.BOOKKEEPING_DHI,
        "start_url": URL,
        "external_id": str(uuid.uuid4()),
        "bulk": True,
    }
    return Chooser(**given | changes)


def _filtered(standing: Standing, wanted: Filter, choice: Choice = Choice.LEAVE) -> View:
    lines = tuple(line(standing, choice) for _ in range(PAGE))
    return chooser.page(listed(lines, wish=Wish(filter=wanted)), revision=10**6)


def reassigning(**changes: Any) -> Chooser:
    lines = tuple(line(choice=Choice.TAKE, holder=MANY[number]) for number in range(PAGE))
    return listed(
        lines, **{"action": SyncAction.REASSIGN, "taking": 20, "team_choices": (), "solutions": None} | changes
    )


RUN = RunView(
    run_id=uuid.uuid4(),
    practice_id=uuid.uuid4(),
    slack_user_id=MANY[0],
    provider=Provider.XERO,
    state=SyncState.RUNNING,
    round=1,
    cancelled=False,
    counts=dict.fromkeys(ItemState, 100_000),
    information_total=200_000,
    information_done=100_000,
    information_failed=50_000,
    skipped=(OUTCOME,) * NAMED,
    failed=(OUTCOME,) * NAMED,
    invitable=10_000,
    waits_until=NOW,
    place=("D1", "1.2"),
)
OUTCOME_COUNTS = {
    ItemState.CREATED: 9_000,
    ItemState.LINKED: 500,
    ItemState.SKIPPED: 300,
    ItemState.FAILED: 100,
    ItemState.CANCELLED: 100,
}
FINISHED = replace(RUN, state=SyncState.FINISHED, counts=OUTCOME_COUNTS, information_total=9_500, waits_until=None)
RECONNECTED = Reconnected(
    provider=Provider.XERO,
    reconnected=(LONG,) * 50,
    reconnected_count=10_000,
    unreached=(Unreached(client_name=LONG, holder=MANY[0]),) * 50,
    unreached_count=10_000,
)
CONFIRMATION = Confirmation(
    run_id=uuid.uuid4(), provider=Provider.XERO, lines=(line(choice=Choice.TAKE, holder=MANY[0]),) * 40, count=10_000
)
REASSIGNED = Reassigned(provider=Provider.XERO, moved=(LONG,) * 50, moved_count=10_000, skipped=(OUTCOME,) * NAMED)
OUTCOMES = OutcomePage(
    run_id=uuid.uuid4(), state=ItemState.FAILED, page=1, pages=334, found=10_000, lines=(OUTCOME,) * 30
)
INVITABLE = InvitablePage(
    run_id=uuid.uuid4(),
    clients=tuple(Choosable(uuid.uuid4(), LONG) for _ in range(8)),
    left=10_000,
    invited=8,
)
OPENING = Opening(
    providers=tuple(Provider),
    choosing=replace(RUN_LINE, state=SyncState.CHOOSING, mine=True),
    running=(RUN_LINE, *(replace(RUN_LINE, run_id=uuid.uuid4(), mine=True) for _ in range(20))),
)

VIEWS: dict[str, View] = {
    "sync, opening": opening.opening(OPENING),
    "sync, may not add": opening.opening(replace(OPENING, missing=PermissionMissing(admins=MANY))),
    "sync, asked to add": opening.opening(replace(OPENING, missing=PermissionMissing(admins=MANY, asked=ASKED))),
    "sync, without Xero": opening.opening(Opening(providers=(Provider.SAGE,), choosing=None, running=())),
    "sync, without providers": opening.opening(Opening(providers=(), choosing=None, running=())),
    **{f"sync, sign in to {goal}": opening.sign_in(replace(SIGN_IN, goal=goal)) for goal in Goal},
    **{
        f"sync, signed in to {goal}": opening.sign_in(
            replace(SIGN_IN, goal=goal, signed_in=True, bulk=True), problem="x" * 1000
        )
        for goal in Goal
    },
    "sync, list": chooser.page(listed(tuple(line() for _ in range(PAGE)))),
    "sync, list chosen": _filtered(Standing.SAME_NAME, Filter.CHOSEN, Choice.CREATE),
    "sync, list one by one": _filtered(Standing.SAME_NAME, Filter.SAME_NAME, Choice.LINK),
    "sync, list demo": _filtered(Standing.DEMO, Filter.DEMO),
    "sync, list over the bundle": _filtered(Standing.OVER_BUNDLE, Filter.OVER_BUNDLE),
    "sync, list already": _filtered(Standing.ALREADY, Filter.ALREADY),
    "sync, list, nothing fits": chooser.page(listed((), found=0, pages=1, wish=Wish(query="x"), may_raise_bundle=True)),
    "sync, list, one": chooser.page(
        listed((line(),), found=1, total=1, pages=1, wish=Wish(), creating=1, team_choices=(), solutions=None)
    ),
    "sync, list empty": chooser.page(listed((), total=0)),
    "sync, reassign": chooser.page(reassigning()),
    "sync, reassign, nothing": chooser.page(reassigning(total=0)),
    "sync, running": progress.window(RUN),
    "sync, finished": progress.window(FINISHED),
    "sync, outcomes": results.outcomes(OUTCOMES),
    "sync, outcomes, none": results.outcomes(replace(OUTCOMES, page=0, pages=1, found=0, lines=())),
    "sync, reconnected": results.reconnected(RECONNECTED),
    "sync, reconnected, nothing": results.reconnected(
        Reconnected(provider=Provider.XERO, reconnected=(), reconnected_count=0, unreached=(), unreached_count=0)
    ),
    "sync, confirm reassign": results.confirmation(CONFIRMATION),
    "sync, reassigned": results.reassigned(REASSIGNED),
    "sync, reassigned, nothing": results.reassigned(replace(REASSIGNED, moved=(), moved_count=0)),
    "sync, invite": inviting.page(INVITABLE),
    "sync, invite, last": inviting.page(replace(INVITABLE, left=8)),
    "sync, invited": inviting.page(replace(INVITABLE, clients=(), left=0)),
    "sync, invited, some left": inviting.page(replace(INVITABLE, clients=()), passed=10_000),
}
MESSAGES: dict[str, Message] = {
    "sync, begun": progress.message(replace(RUN, counts={ItemState.WAITING: 1}, information_total=0)),
    "sync, running": progress.message(RUN),
    "sync, lists follow": progress.message(replace(FINISHED, state=SyncState.RUNNING, waits_until=NOW)),
    "sync, finished": progress.message(FINISHED),
    "sync, cancelled": progress.message(replace(FINISHED, cancelled=True)),
    **{f"sync, arrived to {goal}": results.arrived(goal) for goal in Goal},
}
