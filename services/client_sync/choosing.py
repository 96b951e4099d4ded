"""Which of the organisations within reach are to be added, or whose connections to be moved: kept while one chooses."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, true, update
from sqlalchemy.orm import Session, aliased

from db.models import (
    Authorisation,
    Choice,
    Client,
    Colleague,
    Connection,
    Practice,
    Provider,
    Standing,
    SyncAction,
    SyncItem,
    SyncRun,
    SyncState,
    Team,
)
from services.accounting.port import Organisation
from services.client_sync.records import PAGE, Filter, Line, Wish
from services.clients.names import fold, name_key
from services.clients.visibility import seen_by
from services.errors import ConflictError, InvalidError
from services.practice import count_bundle

_DEMO = "demo company"
"""Xero names its demo companies `Demo Company (UK)` and so on; only the organisation itself says so for sure."""
_STANDINGS = {
    Filter.NEW: Standing.NEW,
    Filter.SAME_NAME: Standing.SAME_NAME,
    Filter.OVER_BUNDLE: Standing.OVER_BUNDLE,
    Filter.DEMO: Standing.DEMO,
    Filter.ALREADY: Standing.ALREADY,
}
_TICKED = {Standing.NEW: Choice.CREATE, Standing.SAME_NAME: Choice.LINK}
_ALLOWED = {
    SyncAction.ADD: frozenset({Choice.LEAVE, Choice.CREATE, Choice.LINK}),
    SyncAction.REASSIGN: frozenset({Choice.LEAVE, Choice.TAKE}),
}


def begin_adding(
    session: Session,
    practice: Practice,
    colleague: Colleague,
    authorisation: Authorisation,
    found: Sequence[Organisation],
    now: datetime,
) -> SyncRun:
    """A new choice: all new organisations that the bundle has room for, and all that have the name of a client that is
    not connected. Of the person's earlier choice, which it replaces, everything is kept that can be."""
    earlier, choices = _earlier(session, SyncAction.ADD, colleague)
    run = _begin(session, SyncAction.ADD, colleague, authorisation, now)
    if earlier is not None:
        run.team_id, run.solutions = earlier.team_id, earlier.solutions
    taken = _taken(session, practice.id, authorisation.provider)
    unconnected = _unconnected(session, colleague)
    bundle = count_bundle(session, practice)
    room = bundle.included - bundle.used
    rows = []
    for position, each in enumerate(sorted(found, key=lambda each: (fold(each.name), each.tenant_id))):
        standing, match = Standing.NEW, None
        if each.tenant_id in taken:
            standing, match = Standing.ALREADY, taken[each.tenant_id]
        elif authorisation.provider is Provider.XERO and fold(each.name).startswith(_DEMO):
            standing = Standing.DEMO
        elif (key := name_key(each.name)) in unconnected:
            # One client can be linked once: a second organisation of the same name is a new client.
            standing, match = Standing.SAME_NAME, unconnected.pop(key)
        elif room <= 0:
            standing = Standing.OVER_BUNDLE
        choice = choices.get(each.tenant_id, _TICKED.get(standing, Choice.LEAVE))
        if standing is Standing.ALREADY or (choice is Choice.LINK and standing is not Standing.SAME_NAME):
            choice = Choice.LEAVE
        room -= choice is Choice.CREATE
        rows.append(_row(run, position, each, standing, match) | {"choice": choice})
    _insert(session, rows)
    return run


def begin_reassigning(
    session: Session,
    colleague: Colleague,
    authorisation: Authorisation,
    found: Sequence[Organisation],
    now: datetime,
) -> SyncRun:
    """The connections that rest on others' sign-ins, as far as this one reaches them. What the person chose earlier
    stays chosen."""
    _, choices = _earlier(session, SyncAction.REASSIGN, colleague)
    run = _begin(session, SyncAction.REASSIGN, colleague, authorisation, now)
    reach = {each.tenant_id: each for each in found}
    held = session.execute(
        select(Connection.tenant_id, Client.id, Client.name)
        .join(Client, Client.id == Connection.client_id)
        .join(Authorisation, Authorisation.id == Connection.authorisation_id)
        .where(
            Connection.provider == authorisation.provider,
            Authorisation.colleague_id != colleague.id,
            seen_by(colleague),
        )
    ).all()
    within = sorted((row for row in held if row.tenant_id in reach), key=lambda row: (fold(row.name), row.tenant_id))
    _insert(
        session,
        [
            _row(run, position, reach[row.tenant_id], Standing.NEW, row.id)
            | {"name": row.name, "folded": fold(row.name), "choice": choices.get(row.tenant_id, Choice.LEAVE)}
            for position, row in enumerate(within)
        ],
    )
    return run


def listed(run: SyncRun, wish: Wish) -> ColumnElement[bool]:
    """The condition for the items that the wish lists."""
    parts: list[ColumnElement[bool]] = [SyncItem.run_id == run.id]
    if wish.filter is Filter.OPEN:
        parts.append(SyncItem.standing != Standing.ALREADY)
    elif wish.filter is Filter.CHOSEN:
        parts.append(SyncItem.choice != Choice.LEAVE)
    else:
        parts.append(SyncItem.standing == _STANDINGS[wish.filter])
    if text := fold(wish.query):
        parts.append(SyncItem.folded.contains(text, autoescape=True))
    return and_(*parts)


def lines(session: Session, which: ColumnElement[bool], *, limit: int = PAGE, offset: int = 0) -> tuple[Line, ...]:
    holder = aliased(Colleague)
    rows = session.execute(
        select(SyncItem, Client.name, holder.slack_user_id)
        .outerjoin(Client, Client.id == SyncItem.match_id)
        .outerjoin(Connection, Connection.client_id == SyncItem.match_id)
        .outerjoin(Authorisation, Authorisation.id == Connection.authorisation_id)
        .outerjoin(holder, holder.id == Authorisation.colleague_id)
        .where(which)
        .order_by(SyncItem.position)
        .limit(limit)
        .offset(offset)
    )
    return tuple(
        Line(item_id=i.id, name=i.name, standing=i.standing, choice=i.choice, match=match, holder=by)
        for i, match, by in rows
    )


def count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(SyncItem).where(which)) or 0


def count_standings(session: Session, run: SyncRun) -> dict[Standing, int]:
    rows = session.execute(
        select(SyncItem.standing, func.count()).where(SyncItem.run_id == run.id).group_by(SyncItem.standing)
    )
    return dict(rows.all())


def count_choices(session: Session, run: SyncRun) -> dict[Choice, int]:
    rows = session.execute(
        select(SyncItem.choice, func.count()).where(SyncItem.run_id == run.id).group_by(SyncItem.choice)
    )
    return dict(rows.all())


def keep(session: Session, run: SyncRun, choices: Mapping[uuid.UUID, Choice]) -> None:
    """What is not of this run is left alone, and so is what can't be chosen. Raises ConflictError for a choice that
    the run does not have."""
    if not set(choices.values()) <= _ALLOWED[run.action]:
        raise ConflictError("This can't be chosen here. Start again with /client-sync.")
    for choice in Choice:
        ids = [item_id for item_id, chosen in choices.items() if chosen is choice]
        if not ids:
            continue
        possible = SyncItem.standing == Standing.SAME_NAME if choice is Choice.LINK else true()
        session.execute(
            update(SyncItem)
            .where(
                SyncItem.run_id == run.id,
                SyncItem.id.in_(ids),
                SyncItem.standing != Standing.ALREADY,
                SyncItem.choice != choice,
                possible,
            )
            .values(choice=choice),
            execution_options={"synchronize_session": False},
        )


def choose(session: Session, run: SyncRun, wish: Wish, *, chosen: bool) -> None:
    """All that the wish lists, on every page."""
    which = and_(listed(run, wish), SyncItem.standing != Standing.ALREADY)
    if not chosen:
        _set(session, which, Choice.LEAVE)
    elif run.action is SyncAction.REASSIGN:
        _set(session, which, Choice.TAKE)
    else:
        left = and_(which, SyncItem.choice == Choice.LEAVE)
        _set(session, and_(left, SyncItem.standing == Standing.SAME_NAME), Choice.LINK)
        _set(session, and_(left, SyncItem.standing != Standing.SAME_NAME), Choice.CREATE)


def keep_team(session: Session, run: SyncRun, team_id: uuid.UUID | None) -> None:
    """Raises InvalidError at `team`."""
    if team_id is not None and not session.scalar(
        select(Team.id).where(Team.id == team_id, Team.practice_id == run.practice_id)
    ):
        raise InvalidError({"team": "This team is no longer there. Choose again."})
    run.team_id = team_id


def _earlier(session: Session, action: SyncAction, colleague: Colleague) -> tuple[SyncRun | None, dict[str, Choice]]:
    """The person's open choice and what it says, by tenant."""
    run = session.scalar(
        select(SyncRun).where(
            SyncRun.colleague_id == colleague.id, SyncRun.action == action, SyncRun.state == SyncState.CHOOSING
        )
    )
    if run is None:
        return None, {}
    rows = session.execute(select(SyncItem.tenant_id, SyncItem.choice).where(SyncItem.run_id == run.id))
    return run, dict(rows.all())


def _begin(
    session: Session, action: SyncAction, colleague: Colleague, authorisation: Authorisation, now: datetime
) -> SyncRun:
    session.execute(
        delete(SyncRun).where(
            SyncRun.colleague_id == colleague.id, SyncRun.action == action, SyncRun.state == SyncState.CHOOSING
        )
    )
    run = SyncRun(
        practice_id=colleague.practice_id,
        colleague_id=colleague.id,
        action=action,
        provider=authorisation.provider,
        authorisation_id=authorisation.id,
        created_at=now,
    )
    session.add(run)
    session.flush()
    return run


def _row(
    run: SyncRun, position: int, organisation: Organisation, standing: Standing, match: uuid.UUID | None
) -> dict[str, object]:
    return {
        "run_id": run.id,
        "position": position,
        "tenant_id": organisation.tenant_id,
        "name": organisation.name,
        "folded": fold(organisation.name),
        "provider_connection_id": organisation.connection_id,
        "standing": standing,
        "match_id": match,
    }


def _insert(session: Session, rows: list[dict[str, object]]) -> None:
    if rows:
        session.execute(insert(SyncItem), rows)


def _set(session: Session, which: ColumnElement[bool], choice: Choice) -> None:
    session.execute(
        update(SyncItem).where(which).values(choice=choice), execution_options={"synchronize_session": False}
    )


def _taken(session: Session, practice_id: uuid.UUID, provider: Provider) -> dict[str, uuid.UUID]:
    rows = session.execute(
        select(Connection.tenant_id, Connection.client_id).where(
            Connection.practice_id == practice_id, Connection.provider == provider
        )
    )
    return dict(rows.all())


def _unconnected(session: Session, colleague: Colleague) -> dict[str, uuid.UUID]:
    """The clients that an organisation could be linked to, by their folded names; the older of two alike."""
    rows = session.execute(
        select(Client.name_key, Client.id)
        .outerjoin(Connection, Connection.client_id == Client.id)
        .where(seen_by(colleague), Client.deactivated_at.is_(None), Connection.id.is_(None))
        .order_by(Client.id.desc())
    )
    return dict(rows.all())
