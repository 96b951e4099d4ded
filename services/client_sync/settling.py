"""What becomes of one organisation of a sync, in the transaction of the job that has asked the provider for it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models import (
    Choice,
    Client,
    ClientAccess,
    ClientKind,
    Colleague,
    Connection,
    ConnectionStatus,
    InformationState,
    ItemState,
    Provider,
    Software,
    Source,
    SyncItem,
    SyncRun,
)
from services import audit, policy
from services.accounting.information import store_organisation
from services.accounting.port import OrganisationFacts
from services.actor import Actor
from services.add_client.steps import NAME_LENGTH
from services.clients.creating import insert_with_extract_name
from services.clients.index import index_clients
from services.clients.names import name_key
from services.clients.visibility import seen_by
from services.practice import count_bundle, get_colleague, lock_practice

_SOFTWARE = {Provider.XERO: Software.XERO, Provider.SAGE: Software.SAGE}


@dataclass(frozen=True, slots=True)
class Settled:
    state: ItemState
    client: Client | None = None
    reason: str | None = None


def settle(session: Session, run: SyncRun, item: SyncItem, facts: OrganisationFacts, now: datetime) -> None:
    """Creates or links the client, once: the practice's row is locked against all others that add clients.

    Raises NotPermittedError when the person may not add clients any more.
    """
    actor = Actor(run.practice_id, run.colleague_id, Source.WORKER)
    colleague = get_colleague(session, actor)
    policy.require_add_clients(colleague)
    practice = lock_practice(session, run.practice_id)
    settled = _taken(session, run, item)
    if settled is None and item.choice is Choice.LINK:
        settled = _link(session, colleague, item)
    elif settled is None:
        bundle = count_bundle(session, practice)
        if bundle.is_full:
            words = f"Your client bundle is full: {bundle.used:,} of {bundle.included:,} used."
            settled = Settled(ItemState.FAILED, reason=words)
        else:
            client = _create(session, actor, colleague, run, item, facts, practice.client_defaults, now)
            settled = Settled(ItemState.CREATED, client)
    item.state, item.reason = settled.state, settled.reason
    if settled.client is not None:
        _connect(session, actor, run, item, settled.client, facts, now)
        item.client_id = settled.client.id
        item.information = InformationState.WAITING


def _taken(session: Session, run: SyncRun, item: SyncItem) -> Settled | None:
    taken_by = session.scalar(
        select(Client.name)
        .join(Connection, Connection.client_id == Client.id)
        .where(
            Connection.practice_id == run.practice_id,
            Connection.provider == run.provider,
            Connection.tenant_id == item.tenant_id,
        )
    )
    if taken_by is None:
        return None
    return Settled(ItemState.SKIPPED, reason=f"Already connected to your client {taken_by}.")


def _link(session: Session, colleague: Colleague, item: SyncItem) -> Settled:
    client = session.scalar(
        select(Client).where(Client.id == item.match_id, seen_by(colleague)).with_for_update(of=Client)
    )
    if client is None:
        return Settled(ItemState.SKIPPED, reason="The client to link it to is no longer there.")
    if session.scalar(select(exists().where(Connection.client_id == client.id))):
        return Settled(ItemState.SKIPPED, reason=f"Your client {client.name} was connected meanwhile.")
    return Settled(ItemState.LINKED, client)


def _create(
    session: Session,
    actor: Actor,
    colleague: Colleague,
    run: SyncRun,
    item: SyncItem,
    facts: OrganisationFacts,
    defaults: dict[str, object],
    now: datetime,
) -> Client:
    name = " ".join(facts.name.split())[:NAME_LENGTH] or item.name[:NAME_LENGTH]
    client = Client(
        practice_id=run.practice_id,
        name=name,
        name_key=name_key(name),
        industry=facts.line_of_business,
        kind=ClientKind.BUSINESS,
        solutions=run.solutions,
        software=_SOFTWARE[run.provider],
        applied_defaults=defaults,
        created_by=actor.colleague_id,
        created_at=now,
    )
    insert_with_extract_name(session, client)
    if not policy.sees_all_clients(colleague):
        session.add(ClientAccess(client_id=client.id, colleague_id=colleague.id))
    if run.team_id is not None:
        session.add(ClientAccess(client_id=client.id, team_id=run.team_id))
    audit.record(
        session,
        actor,
        "client.created",
        client.id,
        at=now,
        after={
            "name": client.name,
            "solutions": client.solutions,
            "software": client.software,
            "extract_name": client.extract_name,
            "team_id": run.team_id and str(run.team_id),
            "defaults": defaults,
            "client_sync": str(run.id),
        },
    )
    return client


def _connect(
    session: Session,
    actor: Actor,
    run: SyncRun,
    item: SyncItem,
    client: Client,
    facts: OrganisationFacts,
    now: datetime,
) -> None:
    session.add(
        Connection(
            client_id=client.id,
            practice_id=run.practice_id,
            provider=run.provider,
            authorisation_id=run.authorisation_id,
            tenant_id=item.tenant_id,
            provider_connection_id=item.provider_connection_id,
            organisation_name=facts.name,
            legal_name=facts.legal_name,
            status=ConnectionStatus.CONNECTED,
            connected_at=now,
            refreshed_at=now,
        )
    )
    index_clients(session, [client.id])
    if client.software is not _SOFTWARE[run.provider]:
        client.software = _SOFTWARE[run.provider]
    with session.no_autoflush:  # all that was added goes together, at the end
        store_organisation(session, client.id, facts, now)
    audit.record(
        session,
        actor,
        "client.connected",
        client.id,
        at=now,
        after={"provider": run.provider, "organisation": facts.name, "tenant_id": item.tenant_id},
    )
