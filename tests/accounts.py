"""Two practices, Birch & Co and Cedar LLP, and clients of Birch's whose users sign in."""

import uuid
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select

from db.models import AuditEntry, Client, ClientRole, ClientUser, Job, Lane, Login, OfferStatus, Practice, PracticeOffer
from db.session import Database
from services.accounts.deciding import OfferService
from services.accounts.offering import AccountService
from services.accounts.sessions import SessionService
from services.clients.index import index_clients
from services.emails import email_key
from services.logins import Passwords
from tests.builders import Office, add_client, created, office

PASSWORD = "correct horse battery staple"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PAT = "pat@acme.example"


@dataclass(frozen=True)
class Held:
    """An account, and its Business Admin, who is signed in with `token`."""

    client_id: uuid.UUID
    user_id: uuid.UUID
    token: str


class World:
    def __init__(self, database: Database, *, bundle: int = 50) -> None:
        self.database = database
        self.birch = office(database)
        self.cedar = office(database, slack_key="T_CEDAR", bundle=bundle)
        self._name(self.cedar, "Cedar LLP", "cedar")
        self.sessions = SessionService(database, passwords=Passwords(QUICK))
        self.accounts = AccountService(database)
        self.offers = OfferService(database)

    def held(self, name: str = "Acme Ltd", email: str = PAT, of: Office | None = None, **details: Any) -> Held:
        practice = of or self.birch
        client = created(add_client(self.database), practice.ada, name, **details)
        user_id = self.user(client.client_id, email)
        return Held(client.client_id, user_id, self.sessions.sign_in(email, PASSWORD).token)

    def user(
        self, client_id: uuid.UUID, email: str, role: ClientRole = ClientRole.BUSINESS_ADMIN, **values: Any
    ) -> uuid.UUID:
        """Somebody who has a login, in this account."""
        now = self.database.now()
        with self.database.begin() as session:
            login = session.scalar(select(Login).where(Login.email_key == email_key(email)))
            if login is None:
                login = Login(
                    email=email, email_key=email_key(email), password_hash=QUICK.hash(PASSWORD), created_at=now
                )
                session.add(login)
                session.flush()
            user = ClientUser(
                practice_id=session.get_one(Client, client_id).practice_id,
                client_id=client_id,
                login_id=login.id,
                name="Pat Doe",
                email=email,
                email_key=email_key(email),
                role=role,
                created_at=now,
                **values,
            )
            session.add(user)
            index_clients(session, [client_id])
            session.flush()
            return user.id

    def offer(self, held: Held, to: Office | None = None) -> uuid.UUID:
        self.accounts.offer(held.token, held.user_id, (to or self.cedar).practice_id)
        return self.pending(held)

    def pending(self, held: Held) -> uuid.UUID:
        with self.database.read() as session:
            wanted = select(PracticeOffer.id).where(PracticeOffer.status == OfferStatus.PENDING)
            return session.scalars(wanted.where(PracticeOffer.client_id == held.client_id)).one()

    def status(self, offer_id: uuid.UUID) -> OfferStatus:
        with self.database.read() as session:
            return session.get_one(PracticeOffer, offer_id).status

    def practice_of(self, held: Held) -> uuid.UUID:
        with self.database.read() as session:
            return session.get_one(Client, held.client_id).practice_id

    def change(self, held: Held, **values: object) -> None:
        """The user."""
        with self.database.begin() as session:
            user = session.get_one(ClientUser, held.user_id)
            for name, value in values.items():
                setattr(user, name, value)

    def jobs(self, lane: Lane) -> list[str]:
        """The kinds of what was put since the practices were set up, in order."""
        with self.database.read() as session:
            kinds = session.scalars(select(Job.kind).where(Job.lane == lane).order_by(Job.id))
            return [kind for kind in kinds if "account" in kind]

    def trail(self, practice: Office, start: str) -> list[str]:
        """The practice's entries whose action begins so."""
        with self.database.read() as session:
            actions = select(AuditEntry.action).where(AuditEntry.practice_id == practice.practice_id)
            return [each for each in session.scalars(actions.order_by(AuditEntry.id)) if each.startswith(start)]

    def _name(self, practice: Office, name: str, address: str) -> None:
        with self.database.begin() as session:
            row = session.get_one(Practice, practice.practice_id)
            row.name, row.address = name, address
