"""A sync as it is shown, read from its items."""

from dataclasses import replace

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.models import (
    Choice,
    ClientUser,
    Colleague,
    InformationState,
    ItemState,
    Practice,
    SyncAction,
    SyncItem,
    SyncRun,
    SyncState,
)
from db.session import database_of
from services import pace, policy
from services.add_client.lookups import team_choices
from services.client_sync import choosing
from services.client_sync.records import NAMED, PAGE, Chooser, Outcome, OutcomePage, RunLine, RunView, Wish
from services.practice import count_bundle

OUTCOMES_PAGE = 30
_SHOWN_RUNS = 5
_UNSETTLED = (ItemState.WAITING, ItemState.QUEUED)


def chooser_view(
    session: Session,
    colleague: Colleague,
    run: SyncRun,
    wish: Wish,
    *,
    start_url: str,
    external_id: str,
    bulk: bool,
) -> Chooser:
    which = choosing.listed(run, wish)
    found = choosing.count(session, which)
    pages = max(-(-found // PAGE), 1)
    wish = replace(wish, page=min(max(wish.page, 0), pages - 1))
    standings, choices = choosing.count_standings(session, run), choosing.count_choices(session, run)
    practice = session.get_one(Practice, run.practice_id)
    is_adding = run.action is SyncAction.ADD
    return Chooser(
        run_id=run.id,
        action=run.action,
        provider=run.provider,
        wish=wish,
        found=found,
        pages=pages,
        lines=choosing.lines(session, which, offset=wish.page * PAGE),
        total=sum(standings.values()),
        counts=standings,
        creating=choices.get(Choice.CREATE, 0),
        linking=choices.get(Choice.LINK, 0),
        taking=choices.get(Choice.TAKE, 0),
        bundle=count_bundle(session, practice),
        may_raise_bundle=policy.may_change_subscription(colleague),
        team_choices=team_choices(session, practice) if is_adding else (),
        team_id=run.team_id,
        solutions=run.solutions if is_adding and practice.has_dhi else None,
        start_url=start_url,
        external_id=external_id,
        bulk=bulk,
    )


def run_view(session: Session, run: SyncRun) -> RunView:
    counts = _count_states(session, run)
    rows = session.execute(
        select(SyncItem.information, func.count())
        .where(SyncItem.run_id == run.id, SyncItem.information.is_not(None))
        .group_by(SyncItem.information)
    ).all()
    information = {state: count for state, count in rows}  # noqa: C416 -- mypy can't see pairs in rows
    invitable = session.scalar(
        select(func.count())
        .select_from(SyncItem)
        .outerjoin(ClientUser, ClientUser.client_id == SyncItem.client_id)
        .where(SyncItem.run_id == run.id, SyncItem.client_id.is_not(None), ClientUser.id.is_(None))
    )
    until = pace.held_until(session, f"{run.provider}:app") if run.state is SyncState.RUNNING else None
    place = None if run.channel is None or run.message_ts is None else (run.channel, run.message_ts)
    return RunView(
        run_id=run.id,
        practice_id=run.practice_id,
        slack_user_id=session.scalars(select(Colleague.slack_user_id).where(Colleague.id == run.colleague_id)).one(),
        provider=run.provider,
        state=run.state,
        round=run.round,
        cancelled=run.cancelled_at is not None,
        counts=counts,
        information_total=sum(information.values()),
        information_done=information.get(InformationState.DONE, 0),
        information_failed=information.get(InformationState.FAILED, 0),
        skipped=_outcomes(session, run, ItemState.SKIPPED, NAMED, 0),
        failed=_outcomes(session, run, ItemState.FAILED, NAMED, 0),
        invitable=invitable or 0,
        waits_until=until if until is not None and until > database_of(session).now() else None,
        place=place,
    )


def outcome_page(session: Session, run: SyncRun, state: ItemState, page: int) -> OutcomePage:
    found = _count_states(session, run).get(state, 0)
    pages = max(-(-found // OUTCOMES_PAGE), 1)
    page = min(max(page, 0), pages - 1)
    return OutcomePage(
        run_id=run.id,
        state=state,
        page=page,
        pages=pages,
        found=found,
        lines=_outcomes(session, run, state, OUTCOMES_PAGE, page * OUTCOMES_PAGE),
    )


def run_lines(session: Session, colleague: Colleague, which: ColumnElement[bool]) -> tuple[RunLine, ...]:
    """The latest runs of the practice for which `which` holds."""
    rows = session.execute(
        select(SyncRun, Colleague.slack_user_id)
        .join(Colleague, Colleague.id == SyncRun.colleague_id)
        .where(SyncRun.practice_id == colleague.practice_id, SyncRun.action == SyncAction.ADD, which)
        .order_by(SyncRun.id.desc())
        .limit(_SHOWN_RUNS)
    ).all()
    lines = []
    for run, starter in rows:
        counts = _count_states(session, run)
        total = sum(counts.values())
        lines.append(
            RunLine(
                run_id=run.id,
                state=run.state,
                mine=run.colleague_id == colleague.id,
                starter=starter,
                total=total,
                settled=total - sum(counts.get(state, 0) for state in _UNSETTLED),
                at=run.started_at or run.created_at,
            )
        )
    return tuple(lines)


def _count_states(session: Session, run: SyncRun) -> dict[ItemState, int]:
    rows = session.execute(
        select(SyncItem.state, func.count()).where(SyncItem.run_id == run.id).group_by(SyncItem.state)
    ).all()
    return {state: count for state, count in rows if state is not None}


def _outcomes(session: Session, run: SyncRun, state: ItemState, limit: int, offset: int) -> tuple[Outcome, ...]:
    rows = session.execute(
        select(SyncItem.name, SyncItem.reason)
        .where(SyncItem.run_id == run.id, SyncItem.state == state)
        .order_by(SyncItem.position)
        .limit(limit)
        .offset(offset)
    )
    return tuple(Outcome(name=row.name, reason=row.reason or "") for row in rows)
