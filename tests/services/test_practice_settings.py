"""The practice's settings: who may change what, what is kept, and what can't be."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update

from db.models import (
    AuditEntry,
    Authorisation,
    Client,
    Colleague,
    Connection,
    ConnectionStatus,
    PartnerProgramme,
    Plan,
    Practice,
    Provider,
    Region,
)
from db.session import Database
from services.actor import Actor
from services.clients.index import index_clients
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from services.operator import OperatorService
from services.people import Categorisation, ClientDefaults, PaymentStatus
from services.practice_settings import (
    HOLDERS_SHOWN,
    Area,
    Details,
    Holder,
    Integration,
    PracticeSettingsService,
    Subscription,
    version_of,
)
from tests.builders import Office, add_client, created, office

ELSEWHERE = "https://billing.example"
DETAILS = Details(name="Birch & Co", region=Region.UNITED_KINGDOM, partner_programme=PartnerProgramme.NONE)
SUBSCRIPTION = Subscription(plan=Plan.ESSENTIALS, bundle=50, has_dhi=False)
DEFAULTS = ClientDefaults()
NEW_DETAILS = Details(name="Birch & Rowan", region=Region.CANADA, partner_programme=PartnerProgramme.BOOKKEEPER)
NEW_SUBSCRIPTION = Subscription(plan=Plan.ADVANCED, bundle=20, has_dhi=True)
NEW_DEFAULTS = ClientDefaults(
    payment_status=PaymentStatus.PAID,
    due_date_days=0,
    net_amounts=True,
    categorisation=Categorisation.BY_RULES,
    archive_after_publishing=False,
    share_images=False,
)
ALL = frozenset(Area)


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def settings(database: Database) -> PracticeSettingsService:
    return PracticeSettingsService(database, providers={Provider.XERO})


@dataclass(frozen=True)
class Change:
    """One area, changed to something else; `before` and `after` are what the audit trail keeps."""

    make: Callable[[PracticeSettingsService, Actor], None]
    action: str
    before: dict[str, Any]
    after: dict[str, Any]


CHANGES = {
    Area.DETAILS: Change(
        lambda settings, actor: settings.change_details(actor, NEW_DETAILS, version=version_of(DETAILS)),
        "practice.details_changed",
        {"name": "Birch & Co", "region": "uk", "partner_programme": "none"},
        {"name": "Birch & Rowan", "region": "ca", "partner_programme": "bookkeeper"},
    ),
    Area.SUBSCRIPTION: Change(
        lambda settings, actor: settings.change_subscription(actor, NEW_SUBSCRIPTION, version=version_of(SUBSCRIPTION)),
        "practice.subscription_changed",
        {"plan": "essentials", "bundle": 50, "has_dhi": False},
        {"plan": "advanced", "bundle": 20, "has_dhi": True},
    ),
    Area.CLIENT_DEFAULTS: Change(
        lambda settings, actor: settings.change_client_defaults(actor, NEW_DEFAULTS, version=version_of(DEFAULTS)),
        "practice.client_defaults_changed",
        DEFAULTS.model_dump(mode="json"),
        NEW_DEFAULTS.model_dump(mode="json"),
    ),
    Area.APPROVALS: Change(
        lambda settings, actor: settings.change_approvals_channel(actor, "C_GENERAL"),
        "practice.approvals_channel_changed",
        {"approvals_channel": None},
        {"approvals_channel": "C_GENERAL"},
    ),
}
LATER: dict[Area, Callable[[PracticeSettingsService, Actor], None]] = {
    Area.DETAILS: lambda settings, actor: settings.change_details(
        actor, DETAILS.model_copy(update={"name": "Rowan"}), version=version_of(DETAILS)
    ),
    Area.SUBSCRIPTION: lambda settings, actor: settings.change_subscription(
        actor, SUBSCRIPTION.model_copy(update={"bundle": 51}), version=version_of(SUBSCRIPTION)
    ),
    Area.CLIENT_DEFAULTS: lambda settings, actor: settings.change_client_defaults(
        actor, DEFAULTS.model_copy(update={"due_date_days": 14}), version=version_of(DEFAULTS)
    ),
}
"""Something else again, in a form that was opened before."""
MAY = {
    "ada": ALL,
    "clem": frozenset({Area.CLIENT_DEFAULTS, Area.APPROVALS}),
    "sam": frozenset[Area](),
    "jo": frozenset[Area](),
}
"""The table of product.md §1 for settings."""


def entries(database: Database) -> list[tuple[str, dict[str, Any] | None, dict[str, Any] | None]]:
    with database.read() as session:
        found = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [
            (each.action, each.before, each.after)
            for each in found
            if each.action in {change.action for change in CHANGES.values()}
        ]


def values(settings: PracticeSettingsService, actor: Actor) -> tuple[Any, ...]:
    shown = settings.shown(actor)
    return (shown.details, shown.subscription, shown.client_defaults, shown.approvals_channel)


@pytest.mark.parametrize("person", MAY)
def test_everybody_sees_the_settings_and_what_they_may_change(
    settings: PracticeSettingsService, birch: Office, person: str
) -> None:
    actor: Actor = getattr(birch, person)
    shown = settings.shown(actor)
    assert (shown.details, shown.subscription, shown.client_defaults) == (DETAILS, SUBSCRIPTION, DEFAULTS)
    assert shown.may == MAY[person]
    assert (shown.practice_admins, shown.admins) == (("U_ADA",), ("U_ADA", "U_CLEM"))
    is_admin = person in {"ada", "clem"}
    assert (shown.may_see_audit, shown.may_see_insights, shown.reminders.may_change) == (is_admin,) * 3


@pytest.mark.parametrize("area", CHANGES)
@pytest.mark.parametrize("person", MAY)
def test_each_area_is_changed_by_those_of_the_table_only_and_leaves_a_trace(
    database: Database, settings: PracticeSettingsService, birch: Office, person: str, area: Area
) -> None:
    actor: Actor = getattr(birch, person)
    change, before = CHANGES[area], values(settings, birch.ada)
    if area in MAY[person]:
        settings.shown(actor, to_change=area)
        change.make(settings, actor)
        assert entries(database) == [(change.action, change.before, change.after)]
        assert values(settings, birch.ada) != before
    else:
        with pytest.raises(NotPermittedError):
            settings.shown(actor, to_change=area)
        with pytest.raises(NotPermittedError):
            change.make(settings, actor)
        assert entries(database) == []
        assert values(settings, birch.ada) == before


@pytest.mark.parametrize("area", CHANGES)
def test_whoever_left_changes_and_sees_nothing(
    database: Database, settings: PracticeSettingsService, birch: Office, area: Area
) -> None:
    with database.begin() as session:
        session.execute(update(Colleague).where(Colleague.id == birch.clem.colleague_id).values(active=False))
    with pytest.raises(NotPermittedError, match="no longer have access"):
        CHANGES[area].make(settings, birch.clem)
    with pytest.raises(NotPermittedError, match="no longer have access"):
        settings.shown(birch.clem)
    assert settings.shown(birch.ada).admins == ("U_ADA",)


@pytest.mark.parametrize("area", CHANGES)
def test_the_same_change_twice_is_one(
    database: Database, settings: PracticeSettingsService, birch: Office, area: Area
) -> None:
    CHANGES[area].make(settings, birch.ada)
    changed = values(settings, birch.ada)
    CHANGES[area].make(settings, birch.ada)
    assert values(settings, birch.ada) == changed
    assert len(entries(database)) == 1


@pytest.mark.parametrize("area", CHANGES)
def test_another_practice_with_the_same_names_stays_as_it_is(
    database: Database, settings: PracticeSettingsService, birch: Office, area: Area
) -> None:
    other = office(database, slack_key="T_OTHER")
    before = values(settings, other.ada)
    CHANGES[area].make(settings, birch.ada)
    assert values(settings, other.ada) == before


def test_somebody_of_another_practice_is_nobody_here(settings: PracticeSettingsService, database: Database) -> None:
    birch, other = office(database), office(database, slack_key="T_OTHER")
    stranger = Actor(birch.practice_id, other.ada.colleague_id)
    with pytest.raises(NotFoundError, match="no longer a colleague"):
        settings.shown(stranger)
    for change in CHANGES.values():
        with pytest.raises(NotFoundError, match="no longer a colleague"):
            change.make(settings, stranger)
    assert entries(database) == []


def test_only_what_changed_is_in_the_trail(
    database: Database, settings: PracticeSettingsService, birch: Office
) -> None:
    wanted = DETAILS.model_copy(update={"region": Region.IRELAND, "name": "  Birch \n & Co "})
    settings.change_details(birch.ada, wanted, version=version_of(DETAILS))
    assert entries(database) == [("practice.details_changed", {"region": "uk"}, {"region": "ie"})]


@pytest.mark.parametrize("area", LATER)
def test_what_somebody_else_changed_meanwhile_is_not_written_over(
    database: Database, settings: PracticeSettingsService, birch: Office, area: Area
) -> None:
    CHANGES[area].make(settings, birch.ada)
    changed = values(settings, birch.ada)
    with pytest.raises(ConflictError, match="Somebody changed these settings"):
        LATER[area](settings, birch.ada)
    assert values(settings, birch.ada) == changed
    assert len(entries(database)) == 1


def test_of_two_admins_who_save_at_once_one_is_told(
    database: Database, settings: PracticeSettingsService, birch: Office
) -> None:
    together, outcomes = threading.Barrier(2), list[str]()

    def save(actor: Actor, days: int) -> None:
        wanted = DEFAULTS.model_copy(update={"due_date_days": days})
        together.wait()
        try:
            settings.change_client_defaults(actor, wanted, version=version_of(DEFAULTS))
            outcomes.append("saved")
        except ConflictError:
            outcomes.append("told")

    threads = [threading.Thread(target=save, args=each) for each in ((birch.ada, 7), (birch.clem, 14))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", "told"]
    assert len(entries(database)) == 1


@pytest.mark.parametrize("name", ["", " \n\t ", "x" * 101, "x" * 100_000])
def test_a_name_must_be_one(settings: PracticeSettingsService, birch: Office, name: str) -> None:
    wanted = DETAILS.model_copy(update={"name": name})
    with pytest.raises(InvalidError) as refusal:
        settings.change_details(birch.ada, wanted, version=version_of(DETAILS))
    assert refusal.value.fields == {"name": "Enter the practice's name, at most 100 characters."}


@pytest.mark.parametrize("days", [-1, 366, 10**9])
def test_due_dates_are_within_a_year(settings: PracticeSettingsService, birch: Office, days: int) -> None:
    wanted = DEFAULTS.model_copy(update={"due_date_days": days})
    with pytest.raises(InvalidError) as refusal:
        settings.change_client_defaults(birch.clem, wanted, version=version_of(DEFAULTS))
    assert refusal.value.fields == {"due_date_days": "Enter a whole number from 0 to 365."}


def test_only_values_that_exist_are_client_defaults() -> None:
    for wrong in ({"payment_status": "owed"}, {"categorisation": "by_magic"}, {"due_date_days": "soon"}):
        with pytest.raises(ValidationError):
            ClientDefaults.model_validate(wrong)
    assert ClientDefaults.model_validate({}) == DEFAULTS


@pytest.mark.parametrize("channel", ["", "U_ADA", "D_ADA", "#general", "C_GENERAL\n", "C" * 1000, "<!channel>"])
def test_requests_go_to_a_channel_and_to_nothing_else(
    database: Database, settings: PracticeSettingsService, birch: Office, channel: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        settings.change_approvals_channel(birch.ada, channel)
    assert refusal.value.fields == {"channel": "Choose a channel."}
    assert settings.shown(birch.ada).approvals_channel is None
    settings.change_approvals_channel(birch.ada, "C_GENERAL")
    settings.change_approvals_channel(birch.ada, None)
    assert settings.shown(birch.ada).approvals_channel is None


def test_the_bundle_is_lowered_to_what_is_in_use_and_no_further(
    database: Database, settings: PracticeSettingsService, birch: Office
) -> None:
    for name in ("Acme Ltd", "Basket Ltd"):
        created(add_client(database), birch.ada, name)

    def to(bundle: int) -> None:
        now = settings.shown(birch.ada).subscription
        settings.change_subscription(birch.ada, now.model_copy(update={"bundle": bundle}), version=version_of(now))

    for refused in (-5, 0, 1, 100_001):
        with pytest.raises(InvalidError) as refusal:
            to(refused)
        assert refusal.value.fields == {"bundle": "2 are in use. Enter a whole number from 2 to 100,000."}
    to(2)
    assert settings.shown(birch.ada).subscription.bundle == 2
    with database.begin() as session:
        session.execute(update(Client).values(deactivated_at=database.now()))
    with pytest.raises(InvalidError, match=r"^Enter a whole number from 1 to 100,000\.$"):
        to(0)
    to(1)
    assert (settings.shown(birch.ada).used, settings.shown(birch.ada).subscription.bundle) == (0, 1)


def test_a_bundle_that_is_too_small_already_does_not_keep_the_plan_from_changing(
    database: Database, settings: PracticeSettingsService, birch: Office
) -> None:
    for name in ("Acme Ltd", "Basket Ltd"):
        created(add_client(database), birch.ada, name)
    OperatorService(database).change_practice(birch.slack_key, bundle=1)
    now = settings.shown(birch.ada).subscription
    settings.change_subscription(birch.ada, now.model_copy(update={"plan": Plan.ADVANCED}), version=version_of(now))
    assert settings.shown(birch.ada).subscription == Subscription(plan=Plan.ADVANCED, bundle=1, has_dhi=False)


def test_a_subscription_that_is_kept_elsewhere_is_read_only(database: Database, birch: Office) -> None:
    settings = PracticeSettingsService(database, billing_url=ELSEWHERE)
    shown = settings.shown(birch.ada)
    assert (shown.billing_url, shown.may) == (ELSEWHERE, ALL - {Area.SUBSCRIPTION})
    with pytest.raises(NotPermittedError, match="billing page"):
        CHANGES[Area.SUBSCRIPTION].make(settings, birch.ada)
    assert settings.shown(birch.ada).subscription == SUBSCRIPTION


def test_teams_and_account_managers_are_counted_for_who_leaves_the_advanced_plan(
    database: Database, settings: PracticeSettingsService
) -> None:
    birch = office(database, plan=Plan.ADVANCED, teams=("North", "South"))
    office(database, slack_key="T_OTHER", plan=Plan.ADVANCED, teams=("East",))
    managed = created(add_client(database), birch.ada, "Acme Ltd")
    created(add_client(database), birch.ada, "Basket Ltd")
    with database.begin() as session:
        session.execute(
            update(Client).where(Client.id == managed.client_id).values(account_manager_id=birch.sam.colleague_id)
        )
    shown = settings.shown(birch.ada)
    assert (shown.teams, shown.managed) == (2, 1)


def test_new_accounts_begin_with_the_client_defaults_and_old_ones_keep_theirs(
    database: Database, settings: PracticeSettingsService, birch: Office
) -> None:
    before = created(add_client(database), birch.ada, "Acme Ltd")
    CHANGES[Area.CLIENT_DEFAULTS].make(settings, birch.ada)
    after = created(add_client(database), birch.ada, "Basket Ltd")
    with database.read() as session:
        kept = {row.id: row.applied_defaults for row in session.scalars(select(Client))}
    assert kept == {
        before.client_id: DEFAULTS.model_dump(mode="json"),
        after.client_id: NEW_DEFAULTS.model_dump(mode="json"),
    }


def sign_in(
    database: Database, actor: Actor, *clients: uuid.UUID, broken: int = 0, ended: bool = False, user: str = "priya"
) -> None:
    """Xero, with these clients connected, the first few of them broken."""
    now = database.now()
    with database.begin() as session:
        row = Authorisation(
            practice_id=actor.practice_id,
            colleague_id=actor.colleague_id,
            provider=Provider.XERO,
            provider_user_id=user,
            access_token=b"-",
            access_expires_at=now,
            refresh_token=b"-",
            version=1,
            refreshed_at=now,
            dead_at=now if ended else None,
        )
        session.add(row)
        session.flush()
        for number, client_id in enumerate(clients):
            session.add(
                Connection(
                    client_id=client_id,
                    practice_id=actor.practice_id,
                    provider=Provider.XERO,
                    authorisation_id=row.id,
                    tenant_id=str(client_id),
                    organisation_name="Org",
                    status=ConnectionStatus.EXPIRED if number < broken else ConnectionStatus.CONNECTED,
                    connected_at=now,
                    refreshed_at=now,
                )
            )
        index_clients(session, clients)


def test_admins_see_who_holds_the_connections_and_how_many_are_broken(
    database: Database, settings: PracticeSettingsService, birch: Office
) -> None:
    first, second, third, gone = (
        created(add_client(database), birch.ada, name).client_id for name in ("Acme", "Basket", "Cedar", "Deleted")
    )
    with database.begin() as session:
        session.execute(update(Client).where(Client.id == gone).values(deactivated_at=database.now()))
    sign_in(database, birch.clem, first, second, gone, broken=1)
    sign_in(database, birch.ada, third, ended=True, user="ada")
    sign_in(database, birch.sam, user="sam")
    other = office(database, slack_key="T_OTHER")
    elsewhere = created(add_client(database), other.ada, "Acme").client_id
    sign_in(database, other.ada, elsewhere, broken=1)
    xero = Integration(
        provider=Provider.XERO,
        configured=True,
        sign_ins=3,
        holders=(
            Holder(name="Clem Okafor", connections=2, ended=False),
            Holder(name="Ada Marsh", connections=1, ended=True),
            Holder(name="Sam Price", connections=0, ended=False),
        ),
        connections=3,
        broken=1,
    )
    sage = Integration(provider=Provider.SAGE, configured=False)
    assert settings.shown(birch.clem).integrations == (xero, sage)
    assert settings.shown(birch.sam).integrations == (Integration(provider=Provider.XERO, configured=True), sage)


def test_of_many_sign_ins_those_with_most_connections_are_named(
    database: Database, settings: PracticeSettingsService, birch: Office
) -> None:
    only = created(add_client(database), birch.ada, "Acme").client_id
    for number in range(HOLDERS_SHOWN + 4):
        sign_in(database, birch.ada, user=f"u{number}")
    sign_in(database, birch.sam, only)
    xero, _ = settings.shown(birch.ada).integrations
    assert (xero.sign_ins, len(xero.holders), xero.more) == (HOLDERS_SHOWN + 5, HOLDERS_SHOWN, 5)
    assert xero.holders[0] == Holder(name="Sam Price", connections=1, ended=False)


def test_the_practice_s_name_is_new_everywhere(
    database: Database, settings: PracticeSettingsService, birch: Office
) -> None:
    CHANGES[Area.DETAILS].make(settings, birch.ada)
    with database.read() as session:
        found = session.scalars(select(Practice).where(Practice.id == birch.practice_id)).one()
        assert (found.name, found.address) == ("Birch & Rowan", "birch-co")
