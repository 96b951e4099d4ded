"""What goes with an account to another practice, and what of the old one's work ends."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import Column, Table, func, select

from db.base import Base
from db.models import (
    Account,
    AccountingMethod,
    AuditEntry,
    Authorisation,
    BusinessType,
    Choice,
    Client,
    ClientAccess,
    ClientRole,
    ClientUser,
    Connection,
    ConnectionStatus,
    Draft,
    IncomeSource,
    Invitation,
    InvitationStatus,
    Job,
    Lane,
    ListRefresh,
    Login,
    OfferStatus,
    OrganisationInformation,
    PeriodType,
    PermissionCard,
    PermissionKind,
    PermissionRequest,
    Practice,
    PracticeOffer,
    Provider,
    RequestStatus,
    SoloDetails,
    Solutions,
    StandardList,
    Standing,
    SyncAction,
    SyncItem,
    SyncRun,
    TaxItem,
    TaxSide,
)
from db.session import Database
from services.accounting.calls import ProviderCalls
from services.accounting.tokens import TokenManager
from services.accounts.letters import OfferLetters
from services.accounts.moving import DISCONNECT, MovedConnections
from services.accounts.records import MovedAway
from services.clients.accounts import ClientUserService
from services.clients.index import index_clients
from services.clients.search import ClientSearchService, Wish
from services.errors import ConflictError, NotFoundError
from services.invitations.inviting import invite
from services.invitations.records import LinkState, NotInvitableError
from services.invitations.renewing import InvitationActions
from services.invitations.service import InvitationService
from services.jobs import Jobs
from services.workspaces import WorkspaceService
from tests.accounts import PAT, Held, World
from tests.builders import KEYS, Office
from tests.fakes import Clock
from tests.invited import Outbox
from tests.services.client_sync.provider import FakeXero

TENANT = "acme-tenant"
KEEPS_BOTH = {"practice_offer.from_practice_id"}
"""Who had the account: for the client's eyes."""


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def fill(world: World, held: Held) -> None:
    """Every kind of row that a client can have."""
    now, birch, client_id = world.database.now(), world.birch, held.client_id
    of_client = {"practice_id": birch.practice_id, "client_id": client_id}
    with world.database.begin() as session:
        client = session.get_one(Client, client_id)
        client.account_manager_id = birch.sam.colleague_id
        sign_in = Authorisation(
            practice_id=birch.practice_id,
            colleague_id=birch.ada.colleague_id,
            provider=Provider.XERO,
            provider_user_id="ada",
            access_token=KEYS.encrypt("ada"),
            access_expires_at=now + timedelta(days=999),
            refresh_token=KEYS.encrypt("ada"),
            version=1,
            refreshed_at=now,
        )
        request = PermissionRequest(
            **of_client,
            colleague_id=birch.sam.colleague_id,
            kind=PermissionKind.CLIENT,
            status=RequestStatus.PENDING,
            created_at=now,
        )
        declined = PermissionRequest(
            **of_client,
            colleague_id=birch.jo.colleague_id,
            kind=PermissionKind.CLIENT,
            status=RequestStatus.DECLINED,
            created_at=now,
            decided_at=now,
            decided_by=birch.ada.colleague_id,
        )
        session.add_all([sign_in, request, declined])
        session.flush()
        run = SyncRun(
            practice_id=birch.practice_id,
            colleague_id=birch.ada.colleague_id,
            action=SyncAction.ADD,
            provider=Provider.XERO,
            authorisation_id=sign_in.id,
            created_at=now,
        )
        session.add(run)
        session.flush()
        items = [
            SyncItem(
                run_id=run.id,
                position=position,
                tenant_id=TENANT,
                name="Acme",
                folded="acme",
                standing=Standing.SAME_NAME,
                choice=Choice.LINK,
                **{which: client_id},
            )
            for position, which in enumerate(("client_id", "match_id"))
        ]
        session.add_all(
            [
                *items,
                ClientAccess(client_id=client_id, colleague_id=birch.jo.colleague_id),
                PermissionCard(request_id=request.id, colleague_id=birch.ada.colleague_id, channel="D1", ts="1.0"),
                PermissionCard(request_id=request.id, colleague_id=birch.clem.colleague_id),
                Connection(
                    **of_client,
                    provider=Provider.XERO,
                    authorisation_id=sign_in.id,
                    provider_connection_id="link",
                    tenant_id=TENANT,
                    organisation_name="Acme Organisation",
                    status=ConnectionStatus.CONNECTED,
                    connected_at=now,
                    refreshed_at=now,
                ),
                OrganisationInformation(client_id=client_id, name="Acme", is_demo=False, refreshed_at=now),
                ListRefresh(client_id=client_id, list_name=StandardList.ACCOUNTS, active=1, refreshed_at=now),
                Account(client_id=client_id, external_id="a", name="Sales", active=True),
                SoloDetails(client_id=client_id, postcode="AB1 2CD"),
                IncomeSource(
                    **of_client,
                    name="Trade",
                    name_key="trade",
                    business_type=BusinessType.SELF_EMPLOYMENT,
                    accounting_method=AccountingMethod.CASH,
                    period_type=PeriodType.STANDARD,
                    created_at=now,
                ),
                TaxItem(
                    **of_client,
                    dated_on=date(2026, 1, 2),
                    description="Fuel",
                    side=TaxSide.COSTS,
                    line="9",
                    amount=Decimal("12.50"),
                    entry_key=b"1",
                    created_by=birch.ada.colleague_id,
                    created_at=now,
                ),
                PracticeOffer(
                    practice_id=world.birch.practice_id,
                    client_id=client_id,
                    client_user_id=held.user_id,
                    status=OfferStatus.DECLINED,
                    created_at=now,
                    expires_at=now,
                    decided_at=now,
                    decided_by=birch.ada.colleague_id,
                ),
            ]
        )
        newcomer = ClientUser(
            **of_client,
            name="Kim",
            email="kim@acme.example",
            email_key="kim@acme.example",
            role=ClientRole.STANDARD,
            created_at=now,
        )
        session.add(newcomer)
        index_clients(session, [client_id])
        invite(
            session,
            actor=birch.ada,
            client_user=newcomer,
            client_id=client_id,
            practice_id=birch.practice_id,
            keys=KEYS,
            now=now,
        )


def referring(to: str) -> Iterator[tuple[Table, Column[uuid.UUID]]]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table.name == to for key in column.foreign_keys):
                yield table, column


def strangers(world: World, client_id: uuid.UUID, practice_id: uuid.UUID) -> set[str]:
    """Columns of the client and of all that refers to it that lead to another practice, straight or by a row of it."""
    found = set()
    client = Base.metadata.tables["client"]
    with world.database.read() as session:
        for table, column in [(client, client.c.id), *referring("client")]:
            owned = column == client_id
            if "practice_id" in table.c:
                practices = set(session.scalars(select(table.c.practice_id).where(owned)))
                if practices - {practice_id}:
                    found.add(f"{table.name}.practice_id")
            for other in table.columns:
                for key in other.foreign_keys:
                    target = key.column.table
                    place = target.c.id if target.name == "practice" else target.c.get("practice_id")
                    if place is None:
                        continue
                    reached = select(place).join_from(table, target, other == key.column).where(owned)
                    if set(session.scalars(reached)) - {practice_id}:
                        found.add(f"{table.name}.{other.name}")
    return found


def test_every_kind_of_row_that_a_client_has_leaves_the_old_practice(world: World) -> None:
    held = world.held(practice_code="AC1")
    fill(world, held)
    offer_id = world.offer(held)
    with world.database.read() as session:
        empty = {
            table.name
            for table, column in referring("client")
            if not session.scalar(select(func.count()).select_from(table).where(column == held.client_id))
        }
    assert empty == {"contact", "currency", "tax_rate", "tracking_category"}  # like account
    assert strangers(world, held.client_id, world.birch.practice_id) == {"practice_offer.practice_id"}  # Cedar

    world.offers.accept(world.cedar.ada, offer_id)
    assert strangers(world, held.client_id, world.cedar.practice_id) == KEEPS_BOTH
    with world.database.read() as session:
        kept = {
            table.name
            for table, column in referring("client")
            if session.scalar(select(func.count()).select_from(table).where(column == held.client_id))
        }
    assert kept == {"client_search", "client_user", "income_source", "practice_offer", "solo_details", "tax_item"}


@pytest.mark.parametrize("round_", range(4))
def test_whoever_acts_for_the_old_practice_at_the_same_moment_leaves_nothing_of_it(world: World, round_: int) -> None:
    held, start = world.held(), Barrier(3)
    with world.database.begin() as session:
        kim = ClientUser(
            practice_id=world.birch.practice_id,
            client_id=held.client_id,
            name="Kim",
            email="kim@acme.example",
            email_key="kim@acme.example",
            role=ClientRole.STANDARD,
            created_at=world.database.now(),
        )
        session.add(kim)
        index_clients(session, [held.client_id])
    offer_id, actor = world.offer(held), world.birch.ada
    acts: list[Callable[[], object]] = [
        lambda: world.offers.accept(world.cedar.ada, offer_id),
        lambda: InvitationActions(world.database, KEYS).invite(actor, kim.id),
        lambda: ClientUserService(world.database, KEYS).deactivate(actor, kim.id),
    ]

    def act(number: int) -> bool:
        start.wait()
        try:
            acts[(number + round_) % 3]()
        except (ConflictError, NotFoundError, NotInvitableError):
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(act, range(3)))
    assert done[-round_ % 3]
    assert strangers(world, held.client_id, world.cedar.practice_id) == KEEPS_BOTH


def test_what_the_new_practice_gets_is_as_it_was_and_its_own(world: World) -> None:
    held = world.held(practice_code="AC1")
    fill(world, held)
    with world.database.read() as session:
        before = session.get_one(Client, held.client_id)
    with world.database.begin() as session:
        session.get_one(Practice, world.cedar.practice_id).client_defaults = {"due_date_days": 7}
    world.offers.accept(world.cedar.clem, world.offer(held))
    with world.database.read() as session:
        client = session.get_one(Client, held.client_id)
        users = session.scalars(select(ClientUser.name).where(ClientUser.practice_id == world.cedar.practice_id)).all()
    assert (client.name, client.practice_code, client.extract_name, client.created_at) == (
        before.name,
        "AC1",
        before.extract_name,
        before.created_at,
    )
    assert (client.created_by, client.account_manager_id, client.draft_id, client.applied_defaults) == (
        world.cedar.clem.colleague_id,
        None,
        None,
        {"due_date_days": 7},
    )
    assert sorted(users) == ["Kim", "Pat Doe"]


def test_only_the_new_practice_finds_it(world: World) -> None:
    held, search = world.held("Zebra Ltd"), ClientSearchService(world.database)

    def found(practice: Office) -> list[str]:
        return [line.name for line in search.find(practice.ada, Wish(query="ebra")).lines]

    assert (found(world.birch), found(world.cedar)) == (["Zebra Ltd"], [])
    world.offers.accept(world.cedar.ada, world.offer(held))
    assert (found(world.birch), found(world.cedar)) == ([], ["Zebra Ltd"])


def test_a_code_that_is_taken_there_goes_and_one_that_is_free_stays(world: World) -> None:
    world.held("Cedar's own", "own@acme.example", world.cedar, practice_code="ac1")
    taken, free = world.held(practice_code="AC1"), world.held("Free", "free@acme.example", practice_code="AC2")
    for held in (taken, free):
        world.offers.accept(world.cedar.ada, world.offer(held))
    with world.database.read() as session:
        codes = [
            (client.practice_code, client.code_key, client.bare_code)
            for client in (session.get_one(Client, held.client_id) for held in (taken, free))
        ]
    assert codes == [(None, None, None), ("AC2", "ac2", "ac2")]


@pytest.mark.parametrize(("has_dhi", "solutions"), [(True, "bookkeeping_dhi"), (False, "bookkeeping")])
def test_an_add_on_that_the_new_practice_has_not_ends(world: World, has_dhi: bool, solutions: str) -> None:
    held = world.held()
    with world.database.begin() as session:
        session.get_one(Client, held.client_id).solutions = Solutions.BOOKKEEPING_DHI
        session.get_one(Practice, world.cedar.practice_id).has_dhi = has_dhi
    world.offers.accept(world.cedar.ada, world.offer(held))
    with world.database.read() as session:
        assert session.get_one(Client, held.client_id).solutions == solutions


def test_the_trail_of_each_practice_tells_its_own_side(world: World, clock: Clock) -> None:
    held = world.held()
    fill(world, held)
    offer_id = world.offer(held)
    clock.advance(timedelta(minutes=1))
    start = clock.now()
    world.offers.accept(world.cedar.ada, offer_id)
    with world.database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.at == start).order_by(AuditEntry.id)).all()
    told = [(each.practice_id == world.cedar.practice_id, each.action, each.colleague_id) for each in entries]
    ada = world.cedar.ada.colleague_id
    assert told == [
        (True, "offer.accepted", ada),
        (False, "permission.withdrawn", None),
        (False, "invitation.revoked", None),
        (False, "client.disconnected", None),
        (False, "client.moved_away", None),
        (True, "client.moved_here", ada),
    ]
    kept = " ".join(str((each.before, each.after)) for each in entries if each.practice_id == world.birch.practice_id)
    assert "Cedar" not in kept
    assert all(str(each.before).find("Birch") < 0 for each in entries)


def test_everybody_who_loses_something_is_told_once_and_by_the_name_they_knew(world: World, clock: Clock) -> None:
    held = world.held()
    fill(world, held)
    world.offers.accept(world.cedar.ada, world.offer(held))
    with world.database.begin() as session:
        session.get_one(Client, held.client_id).name = "Renamed by Cedar"
        index_clients(session, [held.client_id])
        jobs = session.scalars(select(Job).where(Job.kind == "slack.account_moved_away")).all()
    people = {uuid.UUID(job.args["colleague_id"]) for job in jobs}
    birch = world.birch
    assert len(jobs) == len(people)
    # Ada and Clem as admins, Jo had access, Sam asked for it.
    assert people == {each.colleague_id for each in (birch.ada, birch.clem, birch.sam, birch.jo)}
    assert {job.practice_id for job in jobs} == {birch.practice_id}
    told = world.offers.moved_away(birch.practice_id, birch.sam.colleague_id, held.client_id)
    assert told == MovedAway(slack_user_id="U_SAM", client_name="Acme Ltd", at=clock.now())
    with pytest.raises(NotFoundError):
        world.offers.moved_away(world.cedar.practice_id, world.cedar.ada.colleague_id, held.client_id)
    with world.database.read() as session:
        (gone,) = session.scalars(select(Job.args).where(Job.kind == "slack.account_request_gone"))
    assert gone == {"channel": "D1", "ts": "1.0"}  # the card that was posted


def test_an_invitation_that_was_out_opens_nothing(world: World) -> None:
    held = world.held()
    fill(world, held)
    outbox = Outbox()
    invitations = InvitationService(
        world.database,
        KEYS,
        outbox,
        public_url="https://desk.example",
        email_from="hello@clientdesk.example",
        now=world.database.now,
    )
    (claim,) = Jobs(world.database).claim(Lane.MAIL, 1, timedelta(minutes=1))
    invitations.send_email(claim)
    assert invitations.open(outbox.token()).state is LinkState.OPEN
    world.offers.accept(world.cedar.ada, world.offer(held))
    assert invitations.open(outbox.token()).state is LinkState.UNKNOWN
    with world.database.read() as session:
        revoked = session.scalar(select(AuditEntry.after).where(AuditEntry.action == "invitation.revoked"))
    assert revoked == {"status": InvitationStatus.REVOKED}


def disconnect(world: World, xero: FakeXero) -> None:
    """What was put for the provider."""
    calls = ProviderCalls(world.database, TokenManager(world.database, KEYS, {Provider.XERO: xero}))
    service = MovedConnections(world.database, calls, {Provider.XERO: xero})
    (kind,) = service.kinds()
    (claim,) = Jobs(world.database).claim(Lane.PROVIDER, 1, timedelta(minutes=1), [DISCONNECT])
    assert kind.name == claim.kind
    kind.run(claim)


def test_the_connection_ends_at_the_provider_too(world: World) -> None:
    held, xero = world.held(), FakeXero()
    fill(world, held)
    xero.reach["ada"] = {TENANT: "Acme Organisation", "other": "Other"}
    world.offers.accept(world.cedar.ada, world.offer(held))
    disconnect(world, xero)
    assert xero.reach["ada"] == {"other": "Other"}


def test_an_organisation_that_the_old_practice_has_connected_again_meanwhile_stays(world: World) -> None:
    held, other, xero = world.held(), world.held("Other", "other@acme.example"), FakeXero()
    fill(world, held)
    xero.reach["ada"] = {TENANT: "Acme Organisation"}
    world.offers.accept(world.cedar.ada, world.offer(held))
    now = world.database.now()
    with world.database.begin() as session:
        session.add(
            Connection(
                client_id=other.client_id,
                practice_id=world.birch.practice_id,
                provider=Provider.XERO,
                authorisation_id=session.scalars(select(Authorisation.id)).one(),
                tenant_id=TENANT,
                organisation_name="Acme Organisation",
                status=ConnectionStatus.CONNECTED,
                connected_at=now,
                refreshed_at=now,
            )
        )
        index_clients(session, [other.client_id])
    disconnect(world, xero)
    assert xero.reach["ada"] == {TENANT: "Acme Organisation"}


@pytest.mark.parametrize(
    ("end", "subject", "text"),
    [
        ("accept", "Cedar LLP has accepted your invitation", "Birch & Co no longer has access."),
        ("decline", "Cedar LLP has declined your invitation", "Birch & Co has the account as before."),
        ("expire", "Your invitation to Cedar LLP has expired", "did not answer"),
    ],
)
def test_whoever_invited_the_practice_is_written_to(
    world: World, clock: Clock, end: str, subject: str, text: str
) -> None:
    held, outbox = world.held(), Outbox()
    offer_id = world.offer(held)
    if end == "expire":
        clock.advance(timedelta(days=15))
        world.offers.expire()
    else:
        getattr(world.offers, end)(world.cedar.ada, offer_id)
    letters = OfferLetters(
        world.database, outbox, public_url="https://desk.example/", email_from="hello@clientdesk.example"
    )
    (kind,) = letters.kinds()
    (claim,) = Jobs(world.database).claim(Lane.MAIL, 1, timedelta(minutes=1), [kind.name])
    kind.run(claim)
    (email,) = outbox.emails
    assert (email.subject, email.recipient.address) == (subject, PAT)
    assert text in email.text
    assert "https://desk.example/account" in email.text
    assert "Acme Ltd" in email.html


def test_the_old_practice_s_end_takes_nothing_of_the_account_with_it(world: World, clock: Clock) -> None:
    held = world.held()
    fill(world, held)
    world.offers.accept(world.cedar.ada, world.offer(held))
    with world.database.begin() as session:
        session.get_one(Practice, world.birch.practice_id).uninstalled_at = clock.now()
    clock.advance(timedelta(days=31))
    assert WorkspaceService(world.database, KEYS, first_admin=None).purge() == 1
    with world.database.read() as session:
        assert session.get_one(Client, held.client_id).practice_id == world.cedar.practice_id
        assert session.scalars(select(Login.email)).one() == PAT
        assert session.scalars(select(Draft)).all() == []
        assert session.scalars(select(Invitation)).all() == []
