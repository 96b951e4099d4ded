"""What an organisation keeps at its provider, fetched and kept here: itself and its lists."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from operator import attrgetter
from typing import cast

from sqlalchemy import Table, delete, func, select
from sqlalchemy.orm import Session

from db.base import Base
from db.insert import upsert
from db.models import (
    Account,
    Contact,
    Currency,
    Lane,
    ListRefresh,
    OrganisationInformation,
    StandardList,
    TaxRate,
    TrackingCategory,
)
from services import jobs
from services.accounting.port import AccountingProvider, OrganisationFacts, ProviderUnavailable
from services.accounting.standard import ListAnswer
from services.jobs import NewJob

REFRESH = "accounting.information"
LISTS = tuple(StandardList)
CALLS = 1 + len(LISTS)
"""How many calls a fetch makes at least."""

FACTS = tuple(each.name for each in fields(OrganisationFacts))
# The provider's clock may be behind ours. What is told twice costs nothing.
_OVERLAP = timedelta(minutes=5)
_AT_ONCE = 500

_MODELS: Mapping[StandardList, type[Base]] = {
    StandardList.ACCOUNTS: Account,
    StandardList.TAX_RATES: TaxRate,
    StandardList.TRACKING_CATEGORIES: TrackingCategory,
    StandardList.CURRENCIES: Currency,
    StandardList.CONTACTS: Contact,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    facts: OrganisationFacts
    lists: Mapping[StandardList, ListAnswer]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSummary:
    """`active` is how many are in use. `failure` is why the list was not fetched since `refreshed_at`, or ever."""

    which: StandardList
    active: int = 0
    refreshed_at: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationSummary:
    """What is here of a client's organisation; `lists` are all that there can be."""

    organisation: OrganisationFacts | None
    refreshed_at: datetime | None
    lists: tuple[ListSummary, ...]


def put_refresh(
    session: Session, *, practice_id: uuid.UUID, client_id: uuid.UUID, key: str, whole: bool = False
) -> None:
    """Has the client's organisation and lists fetched after the commit, once for each `key`.

    `whole`: all rows, also where the provider can tell what changed.
    """
    jobs.put(session, refresh_job(practice_id, client_id, key, whole=whole))


def fetch(
    provider: AccountingProvider,
    token: str,
    tenant_id: str,
    since: Mapping[StandardList, datetime | None],
    *,
    only: Collection[StandardList] = LISTS,
) -> Fetched:
    """The organisation and its lists. Raises ProviderError."""
    facts = provider.organisation(token, tenant_id)
    return Fetched(facts=facts, lists=fetch_lists(provider, token, tenant_id, since, only=only))


def fetch_lists(
    provider: AccountingProvider,
    token: str,
    tenant_id: str,
    since: Mapping[StandardList, datetime | None],
    *,
    only: Collection[StandardList] = LISTS,
) -> dict[StandardList, ListAnswer]:
    """The lists, one after the other: what changed `since`, or all where that is None or not given.

    A list that can't be read is an answer with its failure. Raises ProviderError for what concerns them all.
    """
    answers: dict[StandardList, ListAnswer] = {}
    for which in only:
        try:
            answers[which] = provider.standard_list(token, tenant_id, which, since=since.get(which))
        except ProviderUnavailable as failure:
            answers[which] = ListAnswer(failure=failure.message)
            # Two of two: it is not the list, and each further one might take as long to fail.
            if len(answers) == 2 and all(each.failure for each in answers.values()):
                raise
    return answers


def since_last(session: Session, client_id: uuid.UUID) -> dict[StandardList, datetime | None]:
    """From when on a client's lists may have changed, as `fetch_lists` takes it."""
    rows = session.execute(
        select(ListRefresh.list_name, ListRefresh.refreshed_at).where(ListRefresh.client_id == client_id)
    )
    return {which: None if at is None else at - _OVERLAP for which, at in rows}


def store_organisation(session: Session, client_id: uuid.UUID, facts: OrganisationFacts, now: datetime) -> None:
    row = {
        "client_id": client_id,
        "refreshed_at": now,
        **{name: getattr(facts, name) for name in FACTS},
    }
    session.execute(upsert(session, OrganisationInformation), [row])


def store_list(
    session: Session, client_id: uuid.UUID, which: StandardList, answer: ListAnswer, asked_at: datetime
) -> None:
    """As `store_lists`, for one."""
    store_lists(session, client_id, {which: answer}, asked_at)


def store_lists(
    session: Session, client_id: uuid.UUID, answers: Mapping[StandardList, ListAnswer], asked_at: datetime
) -> None:
    """Keeps the rows; of a whole list, those that it lacks are removed. An answer that is older than what is here
    changes nothing, one that failed only says so."""
    query = select(ListRefresh.list_name, ListRefresh.active, ListRefresh.refreshed_at)
    before = {
        which: (active, at) for which, active, at in session.execute(query.where(ListRefresh.client_id == client_id))
    }
    refreshes = []
    for which, answer in answers.items():
        active, refreshed_at = before.get(which, (0, None))
        if refreshed_at is not None and refreshed_at > asked_at:
            continue
        if answer.failure is None:
            active = _keep(session, client_id, which, answer, is_first=which not in before)
            refreshed_at = asked_at
        row = {"client_id": client_id, "list_name": which, "active": active, "refreshed_at": refreshed_at}
        refreshes.append({**row, "failure": answer.failure})
    if refreshes:
        session.execute(upsert(session, ListRefresh), refreshes)


def forget(session: Session, client_id: uuid.UUID) -> None:
    """Removes all that was kept of the client's organisation: it is connected to another one."""
    models: tuple[type[Base], ...] = (OrganisationInformation, ListRefresh, *_MODELS.values())
    for model in models:
        table = cast("Table", model.__table__)
        session.execute(delete(table).where(table.c.client_id == client_id))


def _keep(session: Session, client_id: uuid.UUID, which: StandardList, answer: ListAnswer, *, is_first: bool) -> int:
    """How many are in use then."""
    model = _MODELS[which]
    table = cast("Table", model.__table__)
    of_client = table.c.client_id == client_id
    rows = {each.external_id: each for each in answer.rows}
    if answer.whole and not is_first:
        gone = sorted(set(session.scalars(select(table.c.external_id).where(of_client))) - rows.keys())
        for start in range(0, len(gone), _AT_ONCE):
            session.execute(delete(table).where(of_client, table.c.external_id.in_(gone[start : start + _AT_ONCE])))
    if rows:
        names = [each.name for each in table.columns if each.name != "client_id"]
        values = attrgetter(*names)
        # In the order of their ids, so that two transactions with the same rows can't wait for each other.
        session.execute(
            upsert(session, model),
            [{"client_id": client_id, **dict(zip(names, values(rows[id_]), strict=True))} for id_ in sorted(rows)],
        )
    if answer.whole:
        return sum(each.active for each in rows.values())
    return session.scalar(select(func.count()).select_from(table).where(of_client, table.c.active)) or 0


def refresh_job(
    practice_id: uuid.UUID, client_id: uuid.UUID, key: str, *, whole: bool, due: datetime | None = None
) -> NewJob:
    return NewJob(
        lane=Lane.PROVIDER,
        kind=REFRESH,
        key=f"{REFRESH}:{key}",
        practice_id=practice_id,
        args={"client_id": str(client_id), "whole": whole},
        due=due,
    )
