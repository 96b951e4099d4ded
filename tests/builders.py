"""Things to test with, made through the product's own doors wherever there is one."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet

from db.models import ClientRole, ClientUser, Login, Plan, Region, Role, Team, TeamMember
from db.session import Database
from services import container
from services.actor import Actor
from services.add_client.records import CreatedClient, WizardPage
from services.add_client.service import AddClientService
from services.add_client.steps import StepName
from services.clients.index import index_clients
from services.container import Services
from services.delivery.email import Email
from services.files import Asked
from services.keys import Keyring
from services.operator import OperatorService
from services.people import PeopleService, Profile
from services.practice import PracticeService, SetUp

KEYS = Keyring([Fernet.generate_key().decode()])
DOMAIN = "extract.example"


@dataclass(frozen=True)
class Office:
    """A practice that is set up: Ada is Practice Admin, Clem Client Admin, Sam and Jo are Standard, and Jo may add."""

    slack_key: str
    practice_id: uuid.UUID
    ada: Actor
    clem: Actor
    sam: Actor
    jo: Actor
    teams: dict[str, uuid.UUID] = field(default_factory=dict)


def profile(user: str, name: str, *, owner: bool = False) -> Profile:
    return Profile(
        slack_user_id=user,
        name=name,
        email=f"{user.lower()}@birch.example",
        timezone="Europe/London",
        runs_workspace=owner,
    )


def office(
    database: Database,
    *,
    slack_key: str = "T_BIRCH",
    region: Region = Region.UNITED_KINGDOM,
    plan: Plan = Plan.ESSENTIALS,
    bundle: int = 50,
    has_dhi: bool = False,
    teams: tuple[str, ...] = (),
) -> Office:
    met = PeopleService(database)
    people = {
        user: met.first_contact(slack_key, "Birch & Co", profile(user, name, owner=user == "U_ADA")).actor
        for user, name in (
            ("U_ADA", "Ada Marsh"),
            ("U_CLEM", "Clem Okafor"),
            ("U_SAM", "Sam Price"),
            ("U_JO", "Jo Lind"),
        )
    }
    PracticeService(database).set_up(
        people["U_ADA"], SetUp(name="Birch & Co", region=region, plan=plan, bundle=bundle, has_dhi=has_dhi)
    )
    operator = OperatorService(database)
    operator.change_practice(slack_key, new_teams=teams)
    operator.change_colleague(slack_key, "U_CLEM", role=Role.CLIENT_ADMIN)
    operator.change_colleague(slack_key, "U_JO", may_add_clients=True)
    with database.read() as session:
        known = {
            team.name: team.id for team in session.query(Team).where(Team.practice_id == people["U_ADA"].practice_id)
        }
    return Office(
        slack_key,
        people["U_ADA"].practice_id,
        people["U_ADA"],
        people["U_CLEM"],
        people["U_SAM"],
        people["U_JO"],
        known,
    )


class Mute:
    """A mail server to which nothing is sent."""

    def send(self, email: Email) -> None:
        raise AssertionError(f"nobody expects an e-mail to {email.recipient.address}")


def all_services(database: Database, *, first_admin: str | None = None) -> Services:
    return container.build(
        database,
        KEYS,
        Mute(),
        public_url="https://desk.example",
        email_from="hello@clientdesk.example",
        extract_domain=DOMAIN,
        first_admin=first_admin,
        billing_url=None,
        providers={},
        connection_cap={},
        bulk_connections={},
        sync_window=4,
    )


def joined(database: Database, team_id: uuid.UUID, actor: Actor) -> None:
    with database.begin() as session:
        session.add(TeamMember(team_id=team_id, colleague_id=actor.colleague_id))


def add_client(database: Database) -> AddClientService:
    return AddClientService(database, KEYS, extract_domain=DOMAIN)


ANSWERS: dict[StepName, dict[str, Any]] = {
    StepName.CLIENT_TYPE: {"kind": "business"},
    StepName.SOLUTIONS: {"solutions": "bookkeeping"},
    StepName.SOFTWARE: {"software": "later"},
    StepName.DETAILS: {"name": "Acme Ltd"},
    StepName.ACCESS: {},
    StepName.INVITE: {"invite": "skip"},
}
"""What the wizard's pages are filled in with where a test does not say."""


def to_review(service: AddClientService, actor: Actor, **answers: dict[str, Any]) -> WizardPage:
    """Walks a new draft to its last page. `answers` are by step; warnings are passed over."""
    page = service.start_over(actor)
    for _ in range(20):
        if page.step in {StepName.REVIEW, StepName.ASK}:
            return page
        page = service.submit(actor, page.draft_id, page.step, ANSWERS[page.step] | answers.get(page.step, {}))
    raise AssertionError(f"the wizard does not move on from {page.step}")


def created(service: AddClientService, actor: Actor, name: str = "Acme Ltd", **details: Any) -> CreatedClient:
    page = to_review(service, actor, details={"name": name, **details})
    outcome = service.create(actor, page.draft_id, revision=page.revision)
    assert isinstance(outcome, CreatedClient)
    return outcome


def login(database: Database, email: str) -> uuid.UUID:
    """Somebody who signs in already, at whatever practice."""
    with database.begin() as session:
        row = Login(email=email, email_key=email.lower(), password_hash="-", created_at=database.now())
        session.add(row)
        session.flush()
        return row.id


def client_user(database: Database, practice_id: uuid.UUID, client_id: uuid.UUID, email: str) -> None:
    with database.begin() as session:
        session.add(
            ClientUser(
                practice_id=practice_id,
                client_id=client_id,
                name="Pat",
                email=email,
                email_key=email.lower(),
                role=ClientRole.STANDARD,
                created_at=database.now(),
            )
        )
        index_clients(session, [client_id])


def asked(actor: Actor, at: datetime) -> Asked:
    """A file that the actor asks for."""
    return Asked(practice_id=actor.practice_id, colleague_id=actor.colleague_id, at=at)
