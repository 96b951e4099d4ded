"""A practice with a client whose user is invited: the ground of the invitation's tests."""

import re
import threading
import uuid
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy import select
from typing_extensions import override
from uuid_utils.compat import uuid7

from db.models import (
    AuditEntry,
    Client,
    ClientKind,
    ClientRole,
    ClientUser,
    Colleague,
    Invitation,
    InvitationStatus,
    Job,
    Lane,
    Login,
    Practice,
    Role,
    Software,
    Solutions,
)
from db.session import Database
from services.actor import Actor
from services.clients.index import index_clients
from services.delivery.email import Email, Mailer
from services.emails import email_key
from services.invitations.delivery import DeliveryService
from services.invitations.inviting import invite
from services.invitations.renewing import InvitationActions
from services.invitations.service import InvitationService
from services.jobs import Claim, Jobs
from services.keys import Keyring
from services.logins import Passwords
from tests.fakes import Clock

PASSWORD = "correct horse battery staple"


class Outbox(Mailer):
    """Keeps what it is given. `answers` are raised in turn first; `taken` is called with each e-mail it takes."""

    def __init__(self) -> None:
        self.emails: list[Email] = []
        self.answers: list[Exception] = []

    @override
    def send(self, email: Email) -> None:
        if self.answers:
            raise self.answers.pop(0)
        self.emails.append(email)

    def token(self) -> str:
        """The token in the latest e-mail."""
        found = re.search(r"/i/([A-Za-z0-9_-]+)", self.emails[-1].text)
        assert found is not None
        return found[1]


@dataclass(frozen=True)
class Person:
    practice_id: uuid.UUID
    client_id: uuid.UUID
    client_user_id: uuid.UUID
    invitation_id: uuid.UUID


class World:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.keys = Keyring([Fernet.generate_key().decode()])
        self.outbox = Outbox()
        self.jobs = Jobs(database)
        self.invitations = self.service()
        self.colleague = InvitationActions(database, self.keys)
        self.deliveries = DeliveryService(database)
        self._lock = threading.Lock()

    def service(self) -> InvitationService:
        """Another process's."""
        return InvitationService(
            self.database,
            self.keys,
            self.outbox,
            public_url="https://desk.example.com/",
            email_from="Clientdesk <hello@desk.example.com>",
            now=self.clock.now,
            passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
        )

    def practice(self, name: str = "Birch & Co") -> uuid.UUID:
        with self.database.begin() as session:
            practice = Practice(
                id=uuid7(), slack_key=uuid.uuid4().hex, name=name, address=uuid.uuid4().hex, created_at=self.clock.now()
            )
            session.add(practice)
            session.flush()
            session.add(
                Colleague(
                    practice_id=practice.id,
                    slack_user_id="U-GRACE",
                    name="Grace Hall",
                    role=Role.PRACTICE_ADMIN,
                    created_at=self.clock.now(),
                )
            )
            return practice.id

    def invite(
        self,
        practice_id: uuid.UUID | None = None,
        *,
        client: str = "Harbour Bakery",
        name: str = "Ada Byrne",
        email: str = "ada@harbour.example",
        mobile: str | None = None,
    ) -> Person:
        practice_id = practice_id or self.practice()
        now = self.clock.now()
        with self.database.begin() as session:
            inviter = session.scalars(select(Colleague).where(Colleague.practice_id == practice_id)).one()
            row = Client(
                id=uuid7(),
                practice_id=practice_id,
                name=client,
                name_key=client.casefold(),
                kind=ClientKind.BUSINESS,
                solutions=Solutions.BOOKKEEPING,
                software=Software.NONE,
                extract_name=uuid.uuid4().hex,
                applied_defaults={},
                created_by=inviter.id,
                created_at=now,
            )
            session.add(row)
            session.flush()
            client_user = ClientUser(
                practice_id=practice_id,
                client_id=row.id,
                name=name,
                email=email,
                email_key=email_key(email),
                mobile=mobile,
                role=ClientRole.BUSINESS_ADMIN,
                is_owner=True,
                created_at=now,
            )
            session.add(client_user)
            index_clients(session, [row.id])
            invitation = invite(
                session,
                actor=Actor(practice_id, inviter.id),
                client_user=client_user,
                client_id=row.id,
                practice_id=practice_id,
                keys=self.keys,
                now=now,
            )
            return Person(practice_id, row.id, client_user.id, invitation.id)

    def grace(self, person: Person) -> Actor:
        """Who invites."""
        with self.database.read() as session:
            inviter = select(Colleague.id).where(Colleague.practice_id == person.practice_id)
            return Actor(person.practice_id, session.scalars(inviter).one())

    def standing(self, person: Person) -> list[tuple[str, InvitationStatus]]:
        """The address and status of each of the person's invitations, the oldest first."""
        with self.database.read() as session:
            of_person = select(Invitation).where(Invitation.client_user_id == person.client_user_id)
            return [(each.email, each.status) for each in session.scalars(of_person.order_by(Invitation.id))]

    def sent(self, practice_id: uuid.UUID | None = None, **options: str) -> tuple[Person, str]:
        """Somebody whose invitation was sent, and the token of its link."""
        person = self.invite(practice_id, **options)
        self.invitations.send_email(self.claim())
        return person, self.outbox.token()

    def claim(self, lane: Lane = Lane.MAIL) -> Claim:
        (claim,) = self.jobs.claim(lane, 1, timedelta(minutes=1))
        return claim

    def invitation(self, person: Person) -> Invitation:
        with self.database.read() as session:
            return session.get_one(Invitation, person.invitation_id)

    def change(self, person: Person, **values: object) -> None:
        with self.database.begin() as session:
            invitation = session.get_one(Invitation, person.invitation_id)
            for name, value in values.items():
                setattr(invitation, name, value)

    def login_of(self, person: Person) -> Login | None:
        with self.database.read() as session:
            login_id = session.get_one(ClientUser, person.client_user_id).login_id
            return session.get_one(Login, login_id) if login_id else None

    def told(self) -> list[str]:
        """The kinds of message that were put for the inviter, in order."""
        with self.database.read() as session:
            return list(session.scalars(select(Job.kind).where(Job.lane == Lane.SLACK).order_by(Job.id)))

    def actions(self, person: Person) -> list[str]:
        with self.database.read() as session:
            trail = select(AuditEntry.action).where(AuditEntry.subject_id == person.invitation_id)
            return list(session.scalars(trail.order_by(AuditEntry.id)))
