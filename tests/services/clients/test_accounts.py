"""The people in a client account."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from db.models import AuditEntry, ClientRole, ClientUser, Invitation, InvitationStatus, Job, Publishing
from db.session import Database
from services.clients.accounts import ClientUserService
from services.clients.lifecycle import ClientLifecycleService
from services.clients.search import ClientSearchService, Wish
from services.clients.user_records import AddedUser, AddressTaken, Privileges, UserLine
from services.errors import ConflictError, InvalidError, NotFoundError, ServiceError
from services.invitations.records import NotInvitableError, Refusal
from services.invitations.renewing import InvitationActions
from tests.builders import KEYS, add_client, client_user, created, login, office

PAT = {"contact_name": "Pat Green", "contact_email": "pat@example.com", "role": "business_admin", "entry": "invited"}
CY = {"contact_name": "Cy Blue", "contact_email": "cy@example.com", "role": "standard", "entry": "invited"}
SAME = {
    "contact_name": "Cy Blue",
    "role": "standard",
    "login": ["login"],
    "privileges": [],
    "publish": "none",
}


class World:
    """A client with an owner, Pat, and a Standard user, Cy."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.people = office(database)
        self.service = ClientUserService(database, KEYS)
        self.client_id = created(add_client(database), self.people.ada).client_id
        self.pat = self.add(PAT)
        self.cy = self.add(CY)

    def add(self, raw: dict[str, Any]) -> uuid.UUID:
        added = self.service.add(self.people.ada, self.client_id, raw)
        assert isinstance(added, AddedUser)
        return self.line(added.email).client_user_id

    def line(self, email: str) -> UserLine:
        page = self.service.users(self.people.ada, self.client_id)
        return next(each for each in page.lines if each.email == email)

    def status(self, user: uuid.UUID) -> InvitationStatus | None:
        invitation = self.service.user(self.people.ada, user).user.invitation
        return None if invitation is None else invitation.status

    def entries(self, action: str) -> list[tuple[Any, Any]]:
        with self.database.read() as session:
            rows = session.execute(select(AuditEntry.before, AuditEntry.after).where(AuditEntry.action == action))
            return [(row.before, row.after) for row in rows]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_the_first_user_owns_the_account_and_the_next_has_the_role_that_was_chosen(world: World) -> None:
    page = world.service.users(world.people.clem, world.client_id)
    assert [(each.name, each.role, each.is_owner, each.has_login_access) for each in page.lines] == [
        ("Pat Green", ClientRole.BUSINESS_ADMIN, True, True),
        ("Cy Blue", ClientRole.STANDARD, False, True),
    ]
    assert (page.total, page.pages, page.client_name, page.is_active) == (2, 1, "Acme Ltd", True)
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Invitation)) == 2
        assert session.scalar(select(func.count()).where(Job.kind == "invitation.send_email")) == 2
    assert world.entries("client_user.added") == [
        (None, {"name": "Pat Green", "email": "pat@example.com", "role": "business_admin"}),
        (None, {"name": "Cy Blue", "email": "cy@example.com", "role": "standard"}),
    ]
    assert ClientSearchService(world.database).find(world.people.ada, Wish("cy@exam")).found == 1


@pytest.mark.parametrize(("entry", "access"), [("later", True), ("listed", False)])
def test_a_user_can_be_added_without_an_invitation(world: World, entry: str, access: bool) -> None:
    user = world.add({**CY, "contact_email": "di@example.com", "entry": entry})
    assert world.service.user(world.people.ada, user).user.has_login_access is access
    actions = InvitationActions(world.database, KEYS)
    if access:
        actions.invite(world.people.ada, user)
        assert world.status(user) is InvitationStatus.QUEUED
    else:
        with pytest.raises(NotInvitableError) as refusal:
            actions.invite(world.people.ada, user)
        assert refusal.value.why is Refusal.NO_LOGIN


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ({}, {"contact_name", "contact_email"}),
        ({**CY, "contact_email": "nobody"}, {"contact_email"}),
        ({**CY, "contact_email": "CY@example.com"}, {"contact_email"}),
        ({**CY, "contact_email": "di@example.com", "role": "king"}, {"role"}),
        ({**CY, "contact_email": "di@example.com", "entry": None}, {"entry"}),
        ({**CY, "contact_name": "x" * 256, "contact_email": "di@example.com"}, {"contact_name"}),
    ],
)
def test_a_user_that_can_not_be_added_is_refused_at_the_field(
    world: World, raw: dict[str, Any], fields: set[str]
) -> None:
    with pytest.raises(InvalidError) as refusal:
        world.service.add(world.people.ada, world.client_id, raw)
    assert set(refusal.value.fields) == fields


def test_an_owner_needs_login_access(world: World) -> None:
    empty = created(add_client(world.database), world.people.ada, "Bolt Ltd").client_id
    with pytest.raises(InvalidError) as refusal:
        world.service.add(world.people.ada, empty, {**PAT, "contact_email": "o@example.com", "entry": "listed"})
    assert set(refusal.value.fields) == {"entry"}


def test_an_address_that_somebody_has_warns_and_is_added_with_the_login_it_has(world: World) -> None:
    known = login(world.database, "di@example.com")
    raw = {**CY, "contact_name": "Di", "contact_email": "DI@example.com"}
    warning = world.service.add(world.people.ada, world.client_id, raw)
    assert isinstance(warning, AddressTaken)
    with pytest.raises(InvalidError) as refusal:
        world.service.add(world.people.ada, world.client_id, raw, seen=warning.key)
    assert set(refusal.value.fields) == {"existing"}
    other = {**raw, "contact_email": "cy2@example.com", "existing": ["yes"]}
    client_user(world.database, world.people.practice_id, world.client_id, "zoe@example.com")
    assert isinstance(
        world.service.add(world.people.ada, world.client_id, other, seen=warning.key), AddedUser
    )  # nobody has this one, so they are invited as usual
    added = world.service.add(world.people.ada, world.client_id, {**raw, "existing": ["yes"]}, seen=warning.key)
    assert added == AddedUser(name="Di", email="DI@example.com", is_invited=False)
    with world.database.read() as session:
        assert (
            session.scalars(
                select(ClientUser.login_id).where(ClientUser.name == "Di", ClientUser.email_key == "di@example.com")
            ).one()
            == known
        )


def test_one_person_added_by_many_at_once_is_one_user(world: World) -> None:
    def add(_: int) -> object:
        try:
            return world.service.add(world.people.ada, world.client_id, {**CY, "contact_email": "di@example.com"})
        except ServiceError as error:
            return set(error.fields)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(add, range(6)))
    assert len([each for each in outcomes if isinstance(each, AddedUser)]) == 1
    assert outcomes.count({"contact_email"}) == 5


def test_role_and_privileges_are_changed_and_told(world: World) -> None:
    raw = {
        **SAME,
        "contact_name": "Cyan Blue",
        "privileges": ["manage_documents", "create_expense_claims"],
        "publish": "expense_claims",
    }
    card = world.service.change(world.people.clem, world.cy, raw)
    assert card.privileges == Privileges(
        manage_documents=True, create_expense_claims=True, publish=Publishing.EXPENSE_CLAIMS
    )
    assert (card.user.name, card.is_last_admin) == ("Cyan Blue", False)
    world.service.change(world.people.clem, world.cy, raw)
    assert world.entries("client_user.changed") == [
        (
            {
                "name": "Cy Blue",
                "may_manage_documents": False,
                "may_create_expense_claims": False,
                "may_publish": "none",
            },
            {
                "name": "Cyan Blue",
                "may_manage_documents": True,
                "may_create_expense_claims": True,
                "may_publish": "expense_claims",
            },
        )
    ]


def test_without_login_access_an_invitation_ends(world: World) -> None:
    card = world.service.change(world.people.ada, world.cy, {**SAME, "login": []})
    assert card.user.has_login_access is False
    assert world.status(world.cy) is InvitationStatus.REVOKED


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({**SAME, "role": "standard"}, "role"),
        ({**SAME, "role": "business_admin", "login": []}, "login"),
        ({**SAME, "contact_name": " "}, "contact_name"),
        ({**SAME, "role": "business_admin", "publish": "what"}, "publish"),
    ],
)
def test_an_account_keeps_an_owner_and_a_business_admin_who_can_sign_in(
    world: World, raw: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        world.service.change(world.people.ada, world.pat, raw)
    assert set(refusal.value.fields) == {field}
    assert world.service.user(world.people.ada, world.pat).is_last_admin


def test_the_account_is_handed_over_to_a_business_admin_only(world: World) -> None:
    with pytest.raises(ConflictError, match="Only a Business Admin"):
        world.service.hand_over(world.people.ada, world.cy)
    world.service.change(world.people.ada, world.cy, {**SAME, "role": "business_admin"})
    world.service.hand_over(world.people.ada, world.cy)
    world.service.hand_over(world.people.ada, world.cy)
    lines = world.service.users(world.people.ada, world.client_id).lines
    assert [(each.name, each.is_owner) for each in lines] == [("Cy Blue", True), ("Pat Green", False)]
    assert world.entries("client.owner_changed") == [({"owner": "Pat Green"}, {"owner": "Cy Blue"})]
    world.service.change(world.people.ada, world.pat, {**SAME, "contact_name": "Pat", "role": "user_admin"})


def test_the_owner_stays_and_others_can_be_deactivated_and_brought_back(world: World) -> None:
    with pytest.raises(ConflictError, match="owns the account"):
        world.service.deactivate(world.people.ada, world.pat)
    world.service.deactivate(world.people.ada, world.cy)
    card = world.service.deactivate(world.people.ada, world.cy)
    assert card.user.deactivated_at is not None
    assert world.status(world.cy) is InvitationStatus.REVOKED
    with pytest.raises(NotInvitableError) as refusal:
        InvitationActions(world.database, KEYS).invite(world.people.ada, world.cy)
    assert refusal.value.why is Refusal.USER_DEACTIVATED
    assert world.service.reactivate(world.people.ada, world.cy).user.deactivated_at is None
    assert len(world.entries("client_user.deactivated")) == len(world.entries("client_user.reactivated")) == 1


def test_two_admins_can_not_both_go(world: World) -> None:
    world.service.change(world.people.ada, world.cy, {**SAME, "role": "business_admin"})
    di = world.add({**PAT, "contact_name": "Di", "contact_email": "di@example.com"})
    world.service.hand_over(world.people.ada, di)
    world.service.change(world.people.ada, di, {**SAME, "contact_name": "Di", "role": "standard"})

    def go(user: uuid.UUID) -> object:
        try:
            return world.service.deactivate(world.people.ada, user).user.deactivated_at is not None
        except ServiceError as error:
            return type(error)

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(go, [world.pat, world.cy]))
    assert sorted(map(str, outcomes)) == ["<class 'services.errors.ConflictError'>", "True"]


def test_a_deactivated_client_gets_no_new_users(world: World) -> None:
    world.service.deactivate(world.people.ada, world.cy)
    ClientLifecycleService(world.database).deactivate(world.people.ada, world.client_id)
    for ask in (
        lambda: world.service.adding(world.people.ada, world.client_id),
        lambda: world.service.add(world.people.ada, world.client_id, {**CY, "contact_email": "di@example.com"}),
        lambda: world.service.reactivate(world.people.ada, world.cy),
    ):
        with pytest.raises(ConflictError, match="is deactivated"):
            ask()


def test_many_users_come_in_pages_with_the_owner_first(world: World) -> None:
    for number in range(24):
        client_user(world.database, world.people.practice_id, world.client_id, f"a{number}@example.com")
    first, last = (world.service.users(world.people.ada, world.client_id, page) for page in (0, 99))
    assert (first.total, first.pages, len(first.lines), first.lines[0].name) == (26, 2, 20, "Pat Green")
    assert (last.page, len(last.lines)) == (1, 6)


def test_users_of_a_client_that_the_colleague_does_not_see_are_not_there(database: Database) -> None:
    world, elm = World(database), office(database, slack_key="T_ELM")
    for actor in (world.people.sam, elm.ada):
        for ask in (
            lambda by: world.service.users(by, world.client_id),
            lambda by: world.service.user(by, world.cy),
            lambda by: world.service.adding(by, world.client_id),
            lambda by: world.service.add(by, world.client_id, CY),
            lambda by: world.service.change(by, world.cy, SAME),
            lambda by: world.service.hand_over(by, world.cy),
            lambda by: world.service.deactivate(by, world.cy),
            lambda by: world.service.reactivate(by, world.cy),
            lambda by: world.service.user(by, uuid.uuid4()),
        ):
            with pytest.raises(NotFoundError):
                ask(actor)
