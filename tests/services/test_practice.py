"""A practice's life: first contact, set-up, installations, and its end."""

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select, update

from db.base import Base
from db.models import (
    AuditEntry,
    ClientUser,
    Colleague,
    Installation,
    Job,
    Lane,
    Login,
    Plan,
    Practice,
    Region,
    Role,
    Source,
)
from db.session import Database
from services import jobs
from services.actor import Actor
from services.container import Services
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from services.jobs import NewJob
from services.keys import Keyring
from services.practice import SetUp
from services.workspaces import KEPT_AFTER_UNINSTALL
from tests.builders import add_client, all_services, joined, login, office, profile, to_review
from tests.fakes import Clock

KEYS = Keyring([Fernet.generate_key().decode()])
ADA = profile("U_ADA", "Ada Marsh", owner=True)
CLEM = profile("U_CLEM", "Clem Okafor", owner=True)
SAM = profile("U_SAM", "Sam Price")
FORM = SetUp(name="Birch & Co", region=Region.CANADA, plan=Plan.ADVANCED, bundle=25, has_dhi=True)
AT_ONCE = 10
SECOND = timedelta(seconds=1)

_T = TypeVar("_T")


@pytest.fixture
def services(database: Database) -> Services:
    return all_services(database)


def at_once(acts: Sequence[Callable[[], _T]]) -> list[_T | Exception]:
    """What came of each, all begun at the same moment."""
    begin = threading.Barrier(len(acts))

    def act(each: Callable[[], _T]) -> _T | Exception:
        begin.wait(10)
        try:
            return each()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def count(database: Database, model: type[Base]) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def actions(database: Database, practice_id: uuid.UUID) -> list[str]:
    with database.read() as session:
        entries = select(AuditEntry.action).where(AuditEntry.practice_id == practice_id).order_by(AuditEntry.id)
        return list(session.scalars(entries))


def told(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Job.kind).order_by(Job.id)))


def practice_of(database: Database, slack_key: str = "T_BIRCH") -> Practice:
    with database.read() as session:
        return session.scalars(select(Practice).where(Practice.slack_key == slack_key)).one()


def install(services: Services, slack_key: str = "T_BIRCH", token: str = "xoxb-1") -> Actor:
    return services.workspaces.installed(
        slack_key, "Birch & Co", bot_token=token, bot_user_id="U_BOT", scopes="chat:write", installer=SAM
    ).actor


# First contact


def test_nobody_is_known_before_their_first_contact(services: Services) -> None:
    services.people.first_contact("T_BIRCH", "Birch & Co", ADA)
    assert services.people.find("T_BIRCH", "U_SAM") is None
    assert services.people.find("T_OTHER", "U_ADA") is None


def test_of_ten_first_contacts_at_once_comes_one_practice_and_one_colleague(
    database: Database, services: Services
) -> None:
    met = at_once([lambda: services.people.first_contact("T_BIRCH", "Birch & Co", ADA)] * AT_ONCE)
    assert len({repr(standing) for standing in met}) == 1
    assert (count(database, Practice), count(database, Colleague)) == (1, 1)
    assert actions(database, practice_of(database).id) == ["colleague.met"]


def test_ten_people_at_once_meet_in_one_practice(database: Database, services: Services) -> None:
    people = [profile(f"U_{number}", f"Person {number}") for number in range(AT_ONCE)]
    at_once([lambda each=each: services.people.first_contact("T_BIRCH", "Birch & Co", each) for each in people])  # type: ignore[misc]
    assert (count(database, Practice), count(database, Colleague)) == (1, AT_ONCE)


def test_practices_of_one_name_begun_at_once_get_addresses_of_their_own(database: Database, services: Services) -> None:
    at_once(
        [
            lambda: services.people.first_contact("T_1", "Birch & Co", ADA),
            lambda: services.people.first_contact("T_2", "Birch & Co", ADA),
        ]
    )
    with database.read() as session:
        assert set(session.scalars(select(Practice.address))) == {"birch-co", "birch-co-2"}


@pytest.mark.parametrize("name", ["", "日本", "&&&", "x" * 300])
def test_any_name_gives_an_address(database: Database, services: Services, name: str) -> None:
    services.people.first_contact("T_1", name, ADA)
    services.people.first_contact("T_2", name, ADA)
    with database.read() as session:
        addresses = session.scalars(select(Practice.address)).all()
    assert len(set(addresses)) == 2
    assert all(addresses)


# Set-up


def test_the_one_who_sets_up_becomes_the_practice_admin_and_is_welcomed(database: Database, services: Services) -> None:
    ada = services.people.first_contact("T_BIRCH", "birch", ADA)
    assert (ada.set_up, ada.may_set_up) == (False, True)
    services.practices.set_up(ada.actor, FORM)
    practice = practice_of(database)
    assert (practice.name, practice.region, practice.plan) == ("Birch & Co", Region.CANADA, Plan.ADVANCED)
    assert (practice.bundle, practice.has_dhi) == (25, True)
    standing = services.people.find("T_BIRCH", "U_ADA")
    assert standing is not None
    assert (standing.set_up, standing.may_set_up) == (True, False)
    with database.read() as session:
        assert session.get_one(Colleague, ada.actor.colleague_id).role is Role.PRACTICE_ADMIN
    assert told(database) == ["slack.welcome"]


def test_of_two_owners_who_set_up_at_once_one_wins_and_the_other_is_told(
    database: Database, services: Services
) -> None:
    people = [services.people.first_contact("T_BIRCH", "birch", each).actor for each in (ADA, CLEM)]
    outcomes = at_once([lambda actor=actor: services.practices.set_up(actor, FORM) for actor in people])  # type: ignore[misc]
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError", "NoneType"]
    with database.read() as session:
        roles = session.scalars(select(Colleague.role)).all()
    assert sorted(roles) == [Role.PRACTICE_ADMIN, Role.STANDARD]
    assert told(database) == ["slack.welcome"]


def test_a_member_who_does_not_run_the_workspace_may_not_set_up(services: Services) -> None:
    sam = services.people.first_contact("T_BIRCH", "birch", SAM)
    assert not sam.may_set_up
    with pytest.raises(NotPermittedError):
        services.practices.set_up(sam.actor, FORM)


def test_where_the_operator_named_the_first_admin_nobody_else_may_set_up(database: Database) -> None:
    services = all_services(database, first_admin="U_SAM")
    ada, sam = (services.people.first_contact("T_BIRCH", "birch", each) for each in (ADA, SAM))
    assert (ada.may_set_up, sam.may_set_up) == (False, True)
    assert services.practices.may_set_up(lambda: ("U_ADA",)) == ("U_SAM",)
    with pytest.raises(NotPermittedError):
        services.practices.set_up(ada.actor, FORM)
    services.practices.set_up(sam.actor, FORM)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"bundle": 0}, "bundle"),
        ({"bundle": 100_001}, "bundle"),
    ],
)
def test_what_can_not_be_is_refused_at_its_field(
    database: Database, services: Services, changes: dict[str, Any], field: str
) -> None:
    ada = services.people.first_contact("T_BIRCH", "birch", ADA)
    with pytest.raises(InvalidError) as refusal:
        services.practices.set_up(ada.actor, FORM.model_copy(update=changes))
    assert set(refusal.value.fields) == {field}
    assert practice_of(database).set_up_at is None


def test_nobody_sets_up_another_practice(services: Services) -> None:
    ada = services.people.first_contact("T_BIRCH", "birch", ADA).actor
    other = services.people.first_contact("T_OTHER", "other", CLEM).actor
    with pytest.raises(NotFoundError):
        services.practices.set_up(Actor(other.practice_id, ada.colleague_id), FORM)


# Installations


def test_the_installer_may_set_up_and_is_told_so_in_the_same_transaction(
    database: Database, services: Services
) -> None:
    sam = install(services)
    standing = services.people.find("T_BIRCH", "U_SAM")
    assert standing is not None
    assert standing.may_set_up
    assert told(database) == ["slack.installed"]
    notice = services.workspaces.install_notice(sam.colleague_id)
    assert (notice.slack_user_id, notice.set_up, notice.may_set_up) == ("U_SAM", False, True)
    services.practices.set_up(sam, FORM)
    with database.read() as session:
        assert session.get_one(Colleague, sam.colleague_id).role is Role.PRACTICE_ADMIN


def test_a_token_is_kept_encrypted(database: Database, services: Services) -> None:
    actor = install(services, token="xoxb-secret")
    with database.read() as session:
        kept = session.scalars(select(Installation.bot_token)).one()
    assert b"xoxb" not in kept
    workspace = services.workspaces.workspace(actor.practice_id)
    assert workspace is not None
    assert workspace.bot_token == services.workspaces.bot_token("T_BIRCH") == "xoxb-secret"


def test_two_installations_at_once_are_one(database: Database, services: Services) -> None:
    at_once([lambda: install(services)] * 5)
    assert (count(database, Practice), count(database, Installation)) == (1, 1)


def test_giving_more_scopes_replaces_the_token_and_disturbs_nobody(database: Database, services: Services) -> None:
    sam = install(services)
    services.practices.set_up(sam, FORM)
    before = told(database)
    install(services, token="xoxb-2")
    assert services.workspaces.bot_token("T_BIRCH") == "xoxb-2"
    assert told(database) == before


def test_an_uninstall_ends_it_once_however_often_slack_tells(
    database: Database, services: Services, clock: Clock
) -> None:
    actor = install(services)
    clock.advance(SECOND * 5)
    for _ in range(3):
        services.workspaces.uninstalled("T_BIRCH", at=clock.now())
    assert services.workspaces.workspace(actor.practice_id) is None
    assert services.people.find("T_BIRCH", "U_SAM") is None
    assert actions(database, actor.practice_id).count("practice.uninstalled") == 1


def test_an_uninstall_of_nobody_is_nothing(services: Services) -> None:
    services.workspaces.uninstalled("T_NOBODY")


def test_a_reinstall_restores_everything(database: Database, services: Services, clock: Clock) -> None:
    birch = office(database)
    install(services)
    services.workspaces.uninstalled("T_BIRCH")
    clock.advance(timedelta(days=29))
    services.workspaces.purge()
    install(services, token="xoxb-2")
    standing = services.people.find("T_BIRCH", "U_ADA")
    assert standing is not None
    assert (standing.actor, standing.set_up) == (birch.ada, True)
    workspace = services.workspaces.workspace(birch.practice_id)
    assert workspace is not None
    assert workspace.bot_token == "xoxb-2"
    assert told(database).count("slack.installed") == 2
    clock.advance(timedelta(days=60))
    assert services.workspaces.purge() == 0


def test_news_of_an_uninstall_that_comes_after_the_reinstall_changes_nothing(services: Services, clock: Clock) -> None:
    actor = install(services)
    clock.advance(SECOND * 60)
    left = clock.now()
    clock.advance(SECOND * 60)
    install(services, token="xoxb-2")
    services.workspaces.uninstalled("T_BIRCH", at=left)
    assert services.workspaces.workspace(actor.practice_id) is not None


def test_a_refused_token_counts_as_an_uninstall(services: Services) -> None:
    actor = install(services)
    services.workspaces.token_refused(actor.practice_id, "xoxb-1")
    assert services.workspaces.workspace(actor.practice_id) is None


def test_the_refusal_of_an_older_token_counts_for_nothing(services: Services) -> None:
    actor = install(services)
    install(services, token="xoxb-2")
    services.workspaces.token_refused(actor.practice_id, "xoxb-1")
    assert services.workspaces.workspace(actor.practice_id) is not None


def test_a_practice_that_slack_answers_for_is_back(database: Database, services: Services) -> None:
    birch = office(database)
    services.workspaces.token_refused(birch.practice_id, "xoxb-1")
    assert services.people.find("T_BIRCH", "U_ADA") is None
    standing = services.people.first_contact("T_BIRCH", "Birch & Co", ADA)
    assert (standing.actor, standing.set_up) == (birch.ada, True)
    assert services.workspaces.workspace(birch.practice_id) is not None
    assert actions(database, birch.practice_id)[-1] == "practice.restored"


# The end


def everything(database: Database) -> dict[str, set[str]]:
    with database.read() as session:
        return {
            table.name: {repr(row) for row in session.execute(select(table))} for table in Base.metadata.sorted_tables
        }


def furnish(database: Database, services: Services, slack_key: str, shared: uuid.UUID) -> uuid.UUID:
    """A practice with something of everything."""
    firm = office(database, slack_key=slack_key, plan=Plan.ADVANCED, teams=("North",))
    joined(database, firm.teams["North"], firm.sam)
    service = add_client(database)
    domain = f"{slack_key.lower().replace('_', '-')}.example"
    for email in (f"pat@{domain}", f"shared@{domain}"):
        invite = {"invite": "now", "contact_name": "Pat", "contact_email": email}
        page = to_review(service, firm.ada, details={"name": email}, invite=invite)
        service.create(firm.ada, page.draft_id, revision=page.revision)
    own = login(database, f"pat@{domain}")
    with database.begin() as session:
        for address, used in (("pat", own), ("shared", shared)):
            which = ClientUser.email == f"{address}@{domain}"
            session.execute(update(ClientUser).where(which).values(login_id=used))
        jobs.put(session, NewJob(lane=Lane.LOCAL, kind="test", key=f"test:{slack_key}", practice_id=firm.practice_id))
    to_review(service, firm.jo, details={"name": "Not yet"})
    install(services, slack_key, token=f"xoxb-{slack_key}")
    return firm.practice_id


def test_a_purge_deletes_all_of_a_practice_and_only_that(database: Database, services: Services, clock: Clock) -> None:
    shared = login(database, "shared@people.example")
    furnish(database, services, "T_STAYS", shared)
    stays = everything(database)
    furnish(database, services, "T_LEAVES", shared)
    services.workspaces.uninstalled("T_LEAVES")
    clock.advance(KEPT_AFTER_UNINSTALL)
    assert services.workspaces.purge() == 0
    clock.advance(SECOND)
    assert services.workspaces.purge() == 1
    assert everything(database) == stays
    assert services.workspaces.purge() == 0


def test_of_purges_at_once_each_practice_is_deleted_by_one(
    database: Database, services: Services, clock: Clock
) -> None:
    shared = login(database, "shared@people.example")
    for number in range(3):
        furnish(database, services, f"T_{number}", shared)
        services.workspaces.uninstalled(f"T_{number}")
    clock.advance(KEPT_AFTER_UNINSTALL + SECOND)
    outcomes = at_once([services.workspaces.purge] * 4)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert sum(outcome for outcome in outcomes if isinstance(outcome, int)) == 3
    assert (count(database, Practice), count(database, Login)) == (0, 0)


def test_what_belongs_to_a_practice_goes_with_it() -> None:
    """For tables to come: each hangs on the practice, or is named here with a reason."""
    own_life = {
        "practice",
        "job",  # deleted by name
        "login",  # a person's, for all practices; deleted with the last
        "login_session",  # the login's, and deleted with it
        "pace",  # of no practice, and forgets by itself
        "install_state",  # the same
    }
    hanging = {"practice"}
    tables = {table.name: table for table in Base.metadata.sorted_tables}
    while more := {
        name
        for name, table in tables.items()
        if name not in hanging
        and any(key.ondelete == "CASCADE" and key.column.table.name in hanging for key in table.foreign_keys)
    }:
        hanging |= more
    assert set(tables) - hanging == own_life - {"practice"}


def test_the_source_of_an_uninstall_is_slack(database: Database, services: Services) -> None:
    actor = install(services)
    services.workspaces.uninstalled("T_BIRCH")
    with database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "practice.uninstalled")).one()
    assert (entry.source, entry.colleague_id, entry.subject_id) == (Source.SLACK, None, actor.practice_id)


def test_setting_up_again_is_refused(services: Services) -> None:
    ada, clem = (services.people.first_contact("T_BIRCH", "birch", each).actor for each in (ADA, CLEM))
    services.practices.set_up(ada, FORM)
    with pytest.raises(ConflictError):
        services.practices.set_up(clem, FORM)
