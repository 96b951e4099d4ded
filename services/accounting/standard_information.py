"""Keeps what we have of each organisation up to date: on request, and once a day."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.insert import insert_absent
from db.models import (
    Authorisation,
    Client,
    Connection,
    ConnectionStatus,
    Lane,
    ListRefresh,
    OrganisationInformation,
    Practice,
    Provider,
    Source,
    StandardList,
)
from db.session import Database
from services import audit, jobs, notices
from services.accounting.calls import ProviderCalls
from services.accounting.information import (
    FACTS,
    LISTS,
    REFRESH,
    Fetched,
    InformationSummary,
    ListSummary,
    fetch,
    refresh_job,
    since_last,
    store_lists,
    store_organisation,
)
from services.accounting.outcomes import job_outcome
from services.accounting.port import NAMES, AccountingProvider, NotAuthorised, OrganisationFacts
from services.accounting.upkeep import CONNECTIONS_ENDED
from services.actor import Actor
from services.clients.index import index_clients
from services.clients.visibility import get_client
from services.jobs import Claim, GiveUp, Kind, Retry
from services.practice import get_colleague

_REFRESHED_EVERY = timedelta(days=1)
_SPREAD = timedelta(hours=3)
_WHOLE_EVERY = 7
_NOT_REFRESHED = "The last refresh did not work. Refresh again."


class InformationService:
    def __init__(
        self, database: Database, calls: ProviderCalls, providers: Mapping[Provider, AccountingProvider]
    ) -> None:
        self._database = database
        self._calls = calls
        self._providers = providers

    def kinds(self) -> list[Kind]:
        return [
            Kind(
                name=REFRESH,
                lane=Lane.PROVIDER,
                run=self._refresh,
                max_attempts=5,
                backoff=timedelta(minutes=1),
                on_failure=_note_failure,
            )
        ]

    def summary(self, actor: Actor, client_id: uuid.UUID) -> InformationSummary:
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            row = session.get(OrganisationInformation, client.id)
            lists = {
                each.list_name: ListSummary(
                    which=each.list_name, active=each.active, refreshed_at=each.refreshed_at, failure=each.failure
                )
                for each in session.scalars(select(ListRefresh).where(ListRefresh.client_id == client.id))
            }
        return InformationSummary(
            organisation=None if row is None else OrganisationFacts(**{name: getattr(row, name) for name in FACTS}),
            refreshed_at=None if row is None else row.refreshed_at,
            lists=tuple(lists.get(which, ListSummary(which=which)) for which in LISTS),
        )

    def refresh_daily(self) -> None:
        """Has the lists fetched that were not for a day, over the next hours; once a week, all of their rows, so that
        what went away at the provider goes here too. For the clock."""
        with self._database.begin() as session:
            now = self._database.time(session)
            oldest = (
                select(ListRefresh.client_id, func.min(ListRefresh.refreshed_at).label("refreshed_at"))
                .group_by(ListRefresh.client_id)
                .having(func.count(ListRefresh.refreshed_at) == len(LISTS))
                .subquery()
            )
            rows = session.execute(
                select(Connection.id, Connection.practice_id, Connection.client_id)
                .join(Client, Client.id == Connection.client_id)
                .join(Practice, Practice.id == Connection.practice_id)
                .outerjoin(oldest, oldest.c.client_id == Connection.client_id)
                .where(
                    Connection.status == ConnectionStatus.CONNECTED,
                    Connection.refreshes_daily,
                    Connection.provider.in_(self._providers),
                    Client.deactivated_at.is_(None),
                    Practice.uninstalled_at.is_(None),
                    # What connected the client has all lists fetched, which may take a while.
                    func.coalesce(oldest.c.refreshed_at, Connection.connected_at) <= now - _REFRESHED_EVERY,
                )
                .order_by(Connection.id)
            ).all()
            jobs.put(
                session,
                *(
                    refresh_job(
                        practice_id,
                        client_id,
                        f"{connection_id}:{now:%Y-%m-%d}",
                        whole=(connection_id.int + now.toordinal()) % _WHOLE_EVERY == 0,
                        due=now + _SPREAD * number / len(rows),
                    )
                    for number, (connection_id, practice_id, client_id) in enumerate(rows)
                ),
            )

    def _refresh(self, claim: Claim) -> None:
        client_id = uuid.UUID(claim.args["client_id"])
        with self._database.read() as session:
            asked = session.scalar(
                select(Connection).where(Connection.client_id == client_id, Connection.practice_id == claim.practice_id)
            )
            since = {} if claim.args["whole"] else since_last(session, client_id)
            # What came at an earlier try is here already.
            wanted = (_failed(session, client_id) if claim.tries > 1 else ()) or LISTS
        if asked is None:
            return
        provider = self._providers.get(asked.provider)
        if provider is None:
            raise GiveUp(f"This installation is not set up for {NAMES[asked.provider]}")
        asked_at = self._database.now()
        with job_outcome():
            try:
                fetched = self._calls.call(
                    asked.authorisation_id,
                    lambda token: fetch(provider, token, asked.tenant_id, since, only=wanted),
                    tenant_id=asked.tenant_id,
                    calls=1 + len(wanted),
                )
            except NotAuthorised:
                self._disconnect(claim, asked, asked_at)
            else:
                self._store(claim, asked, asked_at, fetched)

    def _store(self, claim: Claim, asked: Connection, asked_at: datetime, fetched: Fetched) -> None:
        failures = [answer.failure for answer in fetched.lists.values() if answer.failure is not None]
        with self._database.begin() as session:
            row = _locked(session, asked)
            if row is None:
                return
            if row.refreshed_at <= asked_at:
                row.organisation_name, row.legal_name = fetched.facts.name, fetched.facts.legal_name
                index_clients(session, [row.client_id])
                row.refreshed_at = asked_at
                if row.status is ConnectionStatus.DISCONNECTED:
                    self._change_status(session, row, ConnectionStatus.CONNECTED)
                store_organisation(session, row.client_id, fetched.facts, asked_at)
            store_lists(session, row.client_id, fetched.lists, asked_at)
            if not failures:
                jobs.finish(session, claim)
        if failures:
            raise Retry(failures[0])

    def _disconnect(self, claim: Claim, asked: Connection, asked_at: datetime) -> None:
        """Tells the holder, once for as long as the client is connected to this organisation."""
        with self._database.begin() as session:
            row = _locked(session, asked)
            if row is None or row.status is not ConnectionStatus.CONNECTED or row.refreshed_at > asked_at:
                return
            self._change_status(session, row, ConnectionStatus.DISCONNECTED)
            holder = session.scalars(
                select(Authorisation.colleague_id).where(Authorisation.id == row.authorisation_id)
            ).one()
            notices.tell(
                session,
                CONNECTIONS_ENDED,
                f"{row.id}/{row.connected_at:%Y-%m-%dT%H:%M:%S}",
                practice_id=row.practice_id,
                colleague_id=holder,
                args={"authorisation_id": str(row.authorisation_id), "connection_ids": [str(row.id)]},
            )
            jobs.finish(session, claim)

    def _change_status(self, session: Session, row: Connection, status: ConnectionStatus) -> None:
        before, row.status = row.status, status
        audit.record_without_colleague(
            session,
            row.practice_id,
            Source.WORKER,
            "client.connection_changed",
            row.client_id,
            at=self._database.now(),
            before={"status": before},
            after={"status": status},
        )


def _locked(session: Session, asked: Connection) -> Connection | None:
    """The connection, while it is to the organisation that was asked for. The client first, as others lock them."""
    session.execute(
        select(Client.id).where(Client.id == asked.client_id).with_for_update(read=True, key_share=True)
    ).first()
    return session.scalar(
        select(Connection)
        .where(
            Connection.id == asked.id,
            Connection.tenant_id == asked.tenant_id,
            Connection.connected_at == asked.connected_at,
        )
        .with_for_update()
    )


def _failed(session: Session, client_id: uuid.UUID) -> tuple[StandardList, ...]:
    which = select(ListRefresh.list_name).where(ListRefresh.client_id == client_id, ListRefresh.failure.is_not(None))
    return tuple(session.scalars(which))


def _note_failure(session: Session, claim: Claim, _: str) -> None:
    """What is here stays, with a word that it is no longer up to date."""
    client_id = uuid.UUID(claim.args["client_id"])
    if session.get(Client, client_id) is None:
        return
    rows = [{"client_id": client_id, "list_name": which, "active": 0} for which in LISTS]
    session.execute(insert_absent(session, ListRefresh), rows)
    session.execute(
        update(ListRefresh)
        .where(ListRefresh.client_id == client_id, ListRefresh.failure.is_(None))
        .values(failure=_NOT_REFRESHED)
    )
