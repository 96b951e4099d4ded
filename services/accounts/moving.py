"""A client account goes from one practice to another; nothing of the one's work with it is the other's to see."""

import uuid
from collections.abc import Mapping, Set
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from db.models import (
    LIVE,
    Client,
    ClientAccess,
    ClientUser,
    Colleague,
    Connection,
    ConnectionStatus,
    Draft,
    IncomeSource,
    Invitation,
    InvitationStatus,
    Lane,
    PermissionCard,
    PermissionRequest,
    Practice,
    PracticeOffer,
    Provider,
    RequestStatus,
    Solutions,
    Source,
    SyncItem,
    TaxItem,
)
from db.session import Database
from services import audit, jobs, notices, policy
from services.accounting import information
from services.accounting.calls import ProviderCalls
from services.accounting.outcomes import job_outcome
from services.accounting.port import AccountingProvider, Organisation
from services.actor import Actor
from services.clients.index import index_clients
from services.invitations.rows import change
from services.jobs import Claim, Kind, NewJob

MOVED_AWAY = "slack.account_moved_away"
CARD_GONE = "slack.account_request_gone"
DISCONNECT = "provider.account_disconnect"


def lock_account(session: Session, client_id: uuid.UUID) -> Client:
    """The client with what others hold while they reach for it, in the order in which they do."""
    for rows in (
        select(ClientUser).where(ClientUser.client_id == client_id).order_by(ClientUser.id),
        select(Invitation).where(Invitation.client_id == client_id).order_by(Invitation.id),
        select(PermissionRequest).where(PermissionRequest.client_id == client_id).order_by(PermissionRequest.id),
        select(SyncItem)
        .where(or_(SyncItem.client_id == client_id, SyncItem.match_id == client_id))
        .order_by(SyncItem.id),
        select(Client).where(Client.id == client_id),
    ):
        session.scalars(rows.with_for_update(), execution_options={"populate_existing": True}).all()
    return session.get_one(Client, client_id)


def move(session: Session, actor: Actor, client: Client, to: Practice, offer_id: uuid.UUID, now: datetime) -> None:
    """The client is locked by `lock_account`; the practice's row is locked, and has a place.

    Users, settings of the account, income sources and tax items go with it. Access, invitations, requests, the
    connection and what was fetched over it belong to the old practice's work, and end.
    """
    old = client.practice_id
    told = _end_access(session, client, now)
    _end_invitations(session, client, now)
    _disconnect(session, client, now)
    audit.record_without_colleague(
        session,
        old,
        Source.WEB,
        "client.moved_away",
        client.id,
        at=now,
        before={"name": client.name, "practice_code": client.practice_code, "solutions": client.solutions},
    )
    session.execute(delete(Draft).where(Draft.client_id == client.id))
    session.execute(
        delete(PracticeOffer).where(PracticeOffer.client_id == client.id, PracticeOffer.id != offer_id),
    )
    for column in (SyncItem.client_id, SyncItem.match_id):
        session.execute(update(SyncItem).where(column == client.id).values({column: None}))
    _hand_over(session, actor, client, to)
    session.flush()
    index_clients(session, [client.id])
    audit.record(
        session,
        actor,
        "client.moved_here",
        client.id,
        at=now,
        after={
            "name": client.name,
            "practice_code": client.practice_code,
            "kind": client.kind,
            "solutions": client.solutions,
            "extract_name": client.extract_name,
            "defaults": to.client_defaults,
        },
    )
    for colleague_id in told:
        notices.tell(
            session,
            MOVED_AWAY,
            f"{offer_id}:{colleague_id}",
            practice_id=old,
            colleague_id=colleague_id,
            args={"colleague_id": str(colleague_id), "client_id": str(client.id)},
        )


class MovedConnections:
    """Ends at the provider what ended here."""

    def __init__(
        self, database: Database, calls: ProviderCalls, providers: Mapping[Provider, AccountingProvider]
    ) -> None:
        self._database = database
        self._calls = calls
        self._providers = providers

    def kinds(self) -> list[Kind]:
        return [
            Kind(
                name=DISCONNECT,
                lane=Lane.PROVIDER,
                run=self.disconnect,
                max_attempts=5,
                backoff=timedelta(minutes=1),
            )
        ]

    def disconnect(self, claim: Claim) -> None:
        """Nothing when the old practice is connected to the organisation again, for another client."""
        provider = Provider(claim.args["provider"])
        again = exists().where(
            Connection.practice_id == claim.practice_id,
            Connection.provider == provider,
            Connection.tenant_id == claim.args["tenant_id"],
        )
        with self._database.read() as session:
            if session.scalar(select(again)):
                return
        asked = self._providers.get(provider)
        if asked is None:
            return
        organisation = Organisation(
            tenant_id=claim.args["tenant_id"], name="", connection_id=claim.args["connection_id"]
        )
        with job_outcome():
            self._calls.call(
                uuid.UUID(claim.args["authorisation_id"]), lambda token: asked.disconnect(token, organisation)
            )


def _end_access(session: Session, client: Client, now: datetime) -> Set[uuid.UUID]:
    """Whoever loses something: the admins, those who had the client, and those who asked for it."""
    admins = select(Colleague.id).where(
        Colleague.practice_id == client.practice_id, Colleague.role.in_(policy.ADMIN_ROLES)
    )
    access = select(ClientAccess.colleague_id).where(ClientAccess.client_id == client.id)
    losing = {*session.scalars(admins), *session.scalars(access)}
    losing.add(client.account_manager_id)
    session.execute(delete(ClientAccess).where(ClientAccess.client_id == client.id))
    for request in session.scalars(select(PermissionRequest).where(PermissionRequest.client_id == client.id)):
        if request.status is RequestStatus.PENDING:
            losing.add(request.colleague_id)
            _withdraw(session, request, now)
        session.delete(request)
    return set(session.scalars(select(Colleague.id).where(Colleague.id.in_(losing), Colleague.active)))


def _withdraw(session: Session, request: PermissionRequest, now: datetime) -> None:
    audit.record_without_colleague(
        session,
        request.practice_id,
        Source.WEB,
        "permission.withdrawn",
        request.id,
        at=now,
        before={"status": RequestStatus.PENDING},
        after={"status": RequestStatus.WITHDRAWN},
    )
    posted = PermissionCard.request_id == request.id, PermissionCard.ts.is_not(None)
    for card in session.scalars(select(PermissionCard).where(*posted)):
        notices.tell(
            session,
            CARD_GONE,
            card.id,
            practice_id=request.practice_id,
            colleague_id=card.colleague_id or request.practice_id,
            args={"channel": card.channel, "ts": card.ts},
        )


def _end_invitations(session: Session, client: Client, now: datetime) -> None:
    of_client = select(Invitation).where(Invitation.client_id == client.id).order_by(Invitation.id)
    for invitation in session.scalars(of_client):
        if invitation.status in (*LIVE, InvitationStatus.EXPIRED):
            change(session, invitation, InvitationStatus.REVOKED, Source.WEB, now)
    session.flush()
    session.execute(delete(Invitation).where(Invitation.client_id == client.id))


def _disconnect(session: Session, client: Client, now: datetime) -> None:
    row = session.scalar(select(Connection).where(Connection.client_id == client.id).with_for_update())
    information.forget(session, client.id)
    if row is None:
        return
    audit.record_without_colleague(
        session,
        client.practice_id,
        Source.WEB,
        "client.disconnected",
        client.id,
        at=now,
        before={"provider": row.provider, "organisation": row.organisation_name},
    )
    if row.status is ConnectionStatus.CONNECTED:
        jobs.put(
            session,
            NewJob(
                lane=Lane.PROVIDER,
                kind=DISCONNECT,
                key=f"{DISCONNECT}:{row.id}",
                practice_id=client.practice_id,
                args={
                    "provider": row.provider,
                    "authorisation_id": str(row.authorisation_id),
                    "tenant_id": row.tenant_id,
                    "connection_id": row.provider_connection_id,
                },
            ),
        )
    session.delete(row)


def _hand_over(session: Session, actor: Actor, client: Client, to: Practice) -> None:
    taken = exists().where(Client.practice_id == to.id, Client.code_key == client.code_key)
    if client.code_key is not None and session.scalar(select(taken)):
        client.practice_code = client.code_key = client.bare_code = None
    if client.solutions is Solutions.BOOKKEEPING_DHI and not to.has_dhi:
        client.solutions = Solutions.BOOKKEEPING
    client.practice_id, client.created_by = to.id, actor.colleague_id
    client.account_manager_id = client.draft_id = None
    client.applied_defaults = to.client_defaults
    of_client = {"practice_id": to.id}
    for model in (ClientUser, IncomeSource):
        session.execute(update(model).where(model.client_id == client.id).values(of_client))
    session.execute(
        update(TaxItem).where(TaxItem.client_id == client.id).values(of_client | {"created_by": actor.colleague_id})
    )
