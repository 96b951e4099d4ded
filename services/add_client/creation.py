"""From a draft to the client account."""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import (
    Client,
    ClientAccess,
    ClientKind,
    ClientUser,
    Colleague,
    Connection,
    Draft,
    Invitation,
    Login,
    Practice,
)
from services import audit, notices, policy
from services.accounting.connections import connect
from services.actor import Actor
from services.add_client.connecting import PROVIDERS, chosen_connection
from services.add_client.lookups import review_of
from services.add_client.records import ChosenAccess, CreatedClient, Review
from services.add_client.steps import ExistingUser, Facts, InviteChoice
from services.clients import extract
from services.clients.creating import insert_with_extract_name
from services.clients.names import bare_code, code_key, name_key
from services.clients.users import add_owner
from services.invitations.inviting import invite
from services.keys import Keyring
from services.practice import count_bundle
from services.solo.sources import lay_down, solo_card


def insert_client(
    session: Session,
    keys: Keyring,
    actor: Actor,
    colleague: Colleague,
    practice: Practice,
    facts: Facts,
    draft: Draft,
    now: datetime,
) -> Client:
    """Adds the account with all that belongs to it, under the lock on the practice's row that the caller holds."""
    review = review_of(session, practice, keys, facts, draft.answers)
    client = Client(
        practice_id=practice.id,
        name=review.name,
        name_key=name_key(review.name),
        practice_code=review.practice_code,
        code_key=code_key(review.practice_code) if review.practice_code else None,
        bare_code=bare_code(review.practice_code) if review.practice_code else None,
        industry=review.industry,
        kind=review.kind,
        solutions=review.solutions,
        software=review.software,
        tax_categories=review.tax_categories,
        applied_defaults=practice.client_defaults,
        draft_id=draft.id,
        created_by=actor.colleague_id,
        created_at=now,
    )
    insert_with_extract_name(session, client)
    _grant(session, colleague, client, review.access)
    audit.record(
        session,
        actor,
        "client.created",
        client.id,
        at=now,
        after={
            "name": client.name,
            "practice_code": client.practice_code,
            "kind": client.kind,
            "solutions": client.solutions,
            "software": client.software,
            "extract_name": client.extract_name,
            "colleagues": [colleague.name for colleague in review.access.colleagues],
            "teams": [team.name for team in review.access.teams],
            "account_manager": review.access.account_manager and review.access.account_manager.name,
            "defaults": practice.client_defaults,
        },
    )
    if review.solo is not None:
        lay_down(session, actor, keys, client, review.solo.numbers, review.solo.sources, now)
    connection = chosen_connection(draft.answers) if client.software in PROVIDERS else None
    if connection is not None:
        connect(session, actor, client, connection, now)
    if review.invite is InviteChoice.NOW:
        _add_contact(session, keys, actor, practice, client, review, now)
    notices.tell(
        session,
        "slack.client_created",
        client.id,
        practice_id=practice.id,
        colleague_id=actor.colleague_id,
        args={"client_id": str(client.id)},
    )
    return client


def _add_contact(
    session: Session, keys: Keyring, actor: Actor, practice: Practice, client: Client, review: Review, now: datetime
) -> None:
    user = add_owner(
        session,
        actor,
        client,
        name=str(review.contact_name),
        email=str(review.contact_email),
        mobile=review.contact_mobile,
        now=now,
    )
    if review.existing is ExistingUser.ADD_WITHOUT_INVITATION:
        user.login_id = session.scalar(select(Login.id).where(Login.email_key == user.email_key))
    if review.existing is None:
        invite(
            session,
            actor=actor,
            client_user=user,
            client_id=client.id,
            practice_id=practice.id,
            keys=keys,
            now=now,
        )


def created_client(
    session: Session,
    practice: Practice,
    client_id: uuid.UUID,
    *,
    keys: Keyring,
    extract_domain: str,
    now: datetime,
) -> CreatedClient:
    """The result of a creation as it stands now."""
    client = session.scalars(select(Client).where(Client.id == client_id, Client.practice_id == practice.id)).one()
    owner = session.scalar(select(ClientUser).where(ClientUser.client_id == client_id, ClientUser.is_owner))
    invitation = session.scalar(
        select(Invitation).where(Invitation.client_id == client_id).order_by(Invitation.id.desc()).limit(1)
    )
    connection = None
    if client.software in PROVIDERS:
        connection = session.scalar(select(Connection).where(Connection.client_id == client_id))
    return CreatedClient(
        practice_id=practice.id,
        client_id=client.id,
        name=client.name,
        practice_code=client.practice_code,
        extract=extract.ExtractAddress(client.extract_name, extract_domain),
        solutions=client.solutions,
        software=client.software,
        organisation=None if connection is None else connection.legal_name or connection.organisation_name,
        tax_categories=client.tax_categories,
        contact_name=owner.name if owner else None,
        contact_email=owner.email if owner else None,
        invitation=invitation.status if invitation else None,
        invited_mobile=invitation.mobile if invitation else None,
        contact_signs_in=owner is not None and owner.login_id is not None,
        bundle=count_bundle(session, practice),
        created_by=session.scalars(select(Colleague.slack_user_id).where(Colleague.id == client.created_by)).one(),
        solo=solo_card(session, keys, client, now) if client.kind is ClientKind.SOLO else None,
    )


def _grant(session: Session, creator: Colleague, client: Client, access: ChosenAccess) -> None:
    people = {colleague.id for colleague in access.colleagues}
    if not policy.sees_all_clients(creator):
        people.add(creator.id)  # whoever adds a client can open it
    if access.account_manager:
        client.account_manager_id = access.account_manager.id
        people.add(access.account_manager.id)
    session.add_all(ClientAccess(client_id=client.id, colleague_id=person) for person in people)
    session.add_all(ClientAccess(client_id=client.id, team_id=team.id) for team in access.teams)
