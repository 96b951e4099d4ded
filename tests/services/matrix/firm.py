"""A practice with colleagues of every kind, clients, and what all of them have."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from db.models import (
    Authorisation,
    Choice,
    Client,
    ClientRole,
    ClientUser,
    Draft,
    ImportChunk,
    ImportRun,
    ImportState,
    Invitation,
    OfferStatus,
    PartnerProgramme,
    PermissionKind,
    PermissionRequest,
    Plan,
    Practice,
    PracticeOffer,
    Provider,
    Role,
    Standing,
    SyncAction,
    SyncItem,
    SyncRun,
    SyncState,
    TaxCategories,
)
from db.session import Database
from services.actor import Actor
from services.add_client.paging import WIZARD
from services.add_client.records import CreatedClient
from services.add_client.steps import StepName
from services.colleagues.access import Giving, Grantee
from services.colleagues.choosing import Chosen
from services.colleagues.rights import Rights
from services.container import Services
from services.permissions.records import Asked, Wish
from services.uploads import template as the
from services.uploads.chunks import Kept, packed
from tests.builders import ANSWERS, KEYS, client_user, created, joined, office, profile, to_review
from tests.services.client_sync.provider import FakeXero

PRIVATE = "Private to "
ITEMS = "Date,Description,Category,Amount\n2026-01-10,First job,1,100\n"


class Who(StrEnum):
    """Colleagues by what they may do. LEFT was a Practice Admin."""

    PRACTICE_ADMIN = "Practice Admin"
    CLIENT_ADMIN = "Client Admin"
    STANDARD = "Standard"
    ADDS = "Standard with Add client accounts"
    DIRECT = "Standard with the client"
    BY_TEAM = "Standard with the client by team"
    INSIGHTS = "Standard with Practice insights"
    LEFT = "colleague who left"


@dataclass(frozen=True, kw_only=True)
class Things:
    """What can be named: first what belongs to a client, then to a person, then to the practice."""

    client: uuid.UUID
    unconnected: uuid.UUID
    client_user: uuid.UUID
    invitation: uuid.UUID

    person: uuid.UUID
    draft: uuid.UUID
    done: uuid.UUID
    sign_in: uuid.UUID
    choosing: uuid.UUID
    reassigning: uuid.UUID
    running: uuid.UUID
    request: uuid.UUID
    upload: uuid.UUID

    team: uuid.UUID
    standard: uuid.UUID
    admin: uuid.UUID
    leaver: uuid.UUID
    to_add: uuid.UUID
    to_open: uuid.UUID
    to_raise: uuid.UUID
    offer: uuid.UUID


class Firm:
    """A practice being built, and then what there is of it."""

    def __init__(self, database: Database, services: Services, xero: FakeXero, slack_key: str, client: str) -> None:
        self._database, self._services, self._xero = database, services, xero
        self.office = office(database, slack_key=slack_key, plan=Plan.ADVANCED, teams=("Payroll",))
        self.people = self._hire()
        self._rae = self._hired("U_RAE", "Rae Holt", Rights(role=Role.STANDARD))
        self._pia = self._hired("U_PIA", "Pia Vane", Rights(role=Role.PRACTICE_ADMIN))
        self._clients: dict[str, dict[str, uuid.UUID]] = {}
        self._of_pia = self._belongings(self._pia, "Pia")
        self.add_clients(client)
        self._give(client)
        self._requests = self._ask(client)
        self._offer = self._offered(slack_key)
        self._services.handover.remove(self._pia, self.people[Who.LEFT].colleague_id)
        self._of_rae = self._belongings(self._rae, "Rae")
        self._mine = {who: self._belongings(actor, who.name) for who, actor in self.people.items()}

    def things(self, who: Who | None, client: str) -> Things:
        """Of the colleague, else of Rae."""
        mine = self._of_rae if who is None else self._mine[who]
        return Things(
            **self._clients[client],
            **mine,
            team=self.office.teams["Payroll"],
            standard=self._rae.colleague_id,
            admin=self._pia.colleague_id,
            leaver=self.people[Who.LEFT].colleague_id,
            **self._requests,
            offer=self._offer,
        )

    def _hire(self) -> dict[Who, Actor]:
        made = self.office
        return {
            Who.PRACTICE_ADMIN: made.ada,
            Who.CLIENT_ADMIN: made.clem,
            Who.STANDARD: made.sam,
            Who.ADDS: made.jo,
            Who.DIRECT: self._hired("U_DEE", "Dee Ross", Rights(role=Role.STANDARD)),
            Who.BY_TEAM: self._hired("U_TIM", "Tim Shaw", Rights(role=Role.STANDARD)),
            Who.INSIGHTS: self._hired("U_INA", "Ina Wolf", Rights(role=Role.STANDARD, insights=True)),
            Who.LEFT: self._hired("U_LOU", "Lou Dean", Rights(role=Role.PRACTICE_ADMIN)),
        }

    def _hired(self, user: str, name: str, rights: Rights) -> Actor:
        self._services.colleagues.add(self.office.ada, [profile(user, name)], rights)
        standing = self._services.people.find(self.office.slack_key, user)
        assert standing is not None
        return standing.actor

    def add_clients(self, name: str) -> None:
        """One with a connection and two users, one of them invited, and one with neither but costs and sales."""
        pia, database, wizard = self._pia, self._database, self._services.add_client
        contact = {"invite": "now", "contact_name": f"{name} Owner", "contact_email": f"owner@{name}.example"}
        page = to_review(wizard, pia, details={"name": f"{name} Bakery", "practice_code": name}, invite=contact)
        client = wizard.create(pia, page.draft_id, revision=page.revision)
        page = to_review(wizard, pia, details={"name": f"{name} Barn"})
        unconnected = wizard.create(pia, page.draft_id, revision=page.revision)
        assert isinstance(client, CreatedClient)
        assert isinstance(unconnected, CreatedClient)
        client_user(database, pia.practice_id, client.client_id, f"second@{name}.example")
        organisation = f"{name} Organisation"
        self._sign_in(pia, organisation)
        self._services.connections.choose_for_client(
            pia, client.client_id, self._of_pia["sign_in"], f"{organisation}-id"
        )
        self._services.connections.refresh(pia, client.client_id)
        with database.begin() as session:
            session.get_one(Client, unconnected.client_id).tax_categories = TaxCategories.SCHEDULE_C
        self._services.tax.add(pia, unconnected.client_id, ITEMS)
        with database.read() as session:
            invitation = session.query(Invitation).where(Invitation.client_id == client.client_id).one()
            second = session.query(ClientUser).where(ClientUser.email == f"second@{name}.example").one()
        self._clients[name] = {
            "client": client.client_id,
            "unconnected": unconnected.client_id,
            "client_user": second.id,
            "invitation": invitation.id,
        }

    def _give(self, client: str) -> None:
        ids = (self._clients[client]["client"], self._clients[client]["unconnected"])
        team = self.office.teams["Payroll"]
        joined(self._database, team, self.people[Who.BY_TEAM])
        for grantee in (Grantee(self.people[Who.DIRECT].colleague_id), Grantee(team, is_team=True)):
            self._services.access.change(self._pia, grantee, Giving.ACCESS, Chosen(clients=ids))

    def _ask(self, client: str) -> dict[str, uuid.UUID]:
        roy = self._hired("U_ROY", "Roy Hale", Rights(role=Role.STANDARD))
        kinds = {
            "to_add": Wish(kind=PermissionKind.ADD_CLIENTS, reason="For the new clients"),
            "to_open": Wish(kind=PermissionKind.CLIENT, reason="For its books", client=f"{client} Bakery"),
            "to_raise": Wish(kind=PermissionKind.BUNDLE, reason="It is full", bundle=60),
        }
        asked = {name: self._services.permissions.request(roy, wish) for name, wish in kinds.items()}
        return {name: each.request_id for name, each in asked.items() if isinstance(each, Asked)}

    def _offered(self, slack_key: str) -> uuid.UUID:
        """Of an account that a third practice has."""
        elm = office(self._database, slack_key=f"{slack_key}_ELM")
        account = created(self._services.add_client, elm.ada, "Wharf")
        client_user(self._database, elm.practice_id, account.client_id, f"{slack_key}@wharf.example")
        now = self._database.now()
        with self._database.begin() as session:
            user = session.query(ClientUser).where(ClientUser.client_id == account.client_id).one()
            user.role = ClientRole.BUSINESS_ADMIN
            offer = PracticeOffer(
                practice_id=self.office.practice_id,
                from_practice_id=elm.practice_id,
                client_id=account.client_id,
                client_user_id=user.id,
                status=OfferStatus.PENDING,
                created_at=now,
                expires_at=now + timedelta(days=14),
            )
            session.add(offer)
            session.flush()
            return offer.id

    def _sign_in(self, actor: Actor, *organisations: str) -> None:
        self._xero.give(str(actor.colleague_id), *organisations)

    def _belongings(self, actor: Actor, name: str) -> dict[str, uuid.UUID]:
        """What is a person's own. Made past the services: some may not make it (any more)."""
        free = f"{PRIVATE}{name}"
        self._sign_in(actor, free)
        user, now = str(actor.colleague_id), self._database.now()
        with self._database.begin() as session:
            sign_in = Authorisation(
                practice_id=actor.practice_id,
                colleague_id=actor.colleague_id,
                provider=Provider.XERO,
                provider_user_id=user,
                access_token=KEYS.encrypt(user),
                access_expires_at=now + timedelta(days=99),
                refresh_token=KEYS.encrypt(user),
                version=1,
                refreshed_at=now,
            )
            session.add(sign_in)
            session.flush()
            chosen = {"tenant_id": f"{free}-id", "connection_id": f"link-{free}-id", "name": free}
            kept = {"provider": Provider.XERO, "authorisation_id": str(sign_in.id), "chosen": chosen}
            typed = {step: raw for step, raw in ANSWERS.items() if step is not StepName.SOLUTIONS}
            draft = Draft(
                practice_id=actor.practice_id,
                colleague_id=actor.colleague_id,
                wizard=WIZARD,
                step=StepName.REVIEW,
                answers=typed
                | {StepName.DETAILS: {"name": free}, StepName.SOFTWARE: {"software": "xero"}, "connection": kept},
                revision=7,
                created_at=now,
                updated_at=now,
            )
            runs = [
                SyncRun(
                    practice_id=actor.practice_id,
                    colleague_id=actor.colleague_id,
                    action=action,
                    provider=Provider.XERO,
                    authorisation_id=sign_in.id,
                    state=state,
                    created_at=now,
                )
                for action, state in (
                    (SyncAction.ADD, SyncState.CHOOSING),
                    (SyncAction.REASSIGN, SyncState.CHOOSING),
                    (SyncAction.ADD, SyncState.RUNNING),
                )
            ]
            request = PermissionRequest(
                practice_id=actor.practice_id,
                colleague_id=actor.colleague_id,
                kind=PermissionKind.ADD_CLIENTS,
                reason=f"{PRIVATE}{name}",
                created_at=now,
            )
            done = Draft(
                practice_id=actor.practice_id,
                colleague_id=actor.colleague_id,
                wizard=WIZARD,
                step=StepName.REVIEW,
                answers={},
                revision=7,
                created_at=now,
                updated_at=now,
                closed_at=now,
                client_id=next((each["unconnected"] for each in self._clients.values()), None),
            )
            session.get_one(Practice, actor.practice_id).partner_programme = PartnerProgramme.ACCOUNTANT
            upload = _uploaded(actor, free, now)
            session.add_all([draft, done, *runs, request, upload])
            session.flush()
            session.add_all(_chunks(upload, free))
            for run in runs:
                item = SyncItem(
                    run_id=run.id,
                    position=0,
                    tenant_id=f"{free}-id",
                    name=free,
                    folded=free.casefold(),
                    standing=Standing.NEW,
                    choice=Choice.TAKE if run.action is SyncAction.REASSIGN else Choice.CREATE,
                )
                session.add(item)
            return {
                "person": actor.colleague_id,
                "draft": draft.id,
                "done": done.id,
                "sign_in": sign_in.id,
                "choosing": runs[0].id,
                "reassigning": runs[1].id,
                "running": runs[2].id,
                "request": request.id,
                "upload": upload.id,
            }


def _uploaded(actor: Actor, name: str, now: datetime) -> ImportRun:
    """A file with one good row and one with a problem."""
    return ImportRun(
        practice_id=actor.practice_id,
        colleague_id=actor.colleague_id,
        state=ImportState.CHECKED,
        slack_file_id="F_OLD",
        file_name=f"{name}.csv",
        summary={"columns": [the.NAME, the.CODE], "clients": 1, "problems": 1, "first": [[3, the.NAME, name]]},
        created_at=now,
    )


def _chunks(upload: ImportRun, name: str) -> list[ImportChunk]:
    rows = [Kept(2, [name, "x"], {}), Kept(3, ["", name], {the.NAME: name})]
    return [
        ImportChunk(run_id=upload.id, number=number, rows=size, content=content)
        for number, (size, content) in enumerate(packed(KEYS, rows))
    ]
