"""What concerns the practice, its colleagues and what they ask for."""

from db.models import PartnerProgramme, PermissionKind, Plan, Region, Role
from services.audit.finding import AuditWish
from services.colleagues.access import Giving, Grantee
from services.colleagues.choosing import Chosen
from services.colleagues.handing_over import CHOSEN
from services.colleagues.records import OwnStanding
from services.colleagues.records import Wish as ColleagueWish
from services.colleagues.rights import Rights
from services.errors import ConflictError, InvalidError
from services.invitations.reminder_settings import ReminderSettings
from services.overview.records import Home
from services.people import ClientDefaults
from services.permissions.records import Stranger
from services.permissions.records import Wish as PermissionWish
from services.practice import SetUp
from services.practice_settings import Area, Details, Subscription, version_of
from tests.builders import profile
from tests.services.matrix.firm import Who
from tests.services.matrix.rules import Case, Rule, row
from tests.services.matrix.world import FOREIGN, HIDDEN, Whose

_STANDARD = Rights(role=Role.STANDARD)
_ADMIN = Rights(role=Role.PRACTICE_ADMIN)
_DETAILS = Details(name="Birch & Co", region=Region.UNITED_KINGDOM, partner_programme=PartnerProgramme.ACCOUNTANT)
_SUBSCRIPTION = Subscription(plan=Plan.ADVANCED, bundle=50, has_dhi=False)
_REMINDERS = ReminderSettings(reminds=True, days=(3, 0), hour=8, nudges_clients=False)
_SET_UP = SetUp(name="Elm", region=Region.CANADA, plan=Plan.ADVANCED, bundle=9, has_dhi=True)


def _raises_invalid(outcome: object) -> bool:
    return isinstance(outcome, InvalidError)


def _raises_conflict(outcome: object) -> bool:
    return isinstance(outcome, ConflictError)


def _is_refusing(outcome: object) -> bool:
    return isinstance(outcome, Home) and outcome.overview is None


def _grantee(case: Case) -> Grantee:
    return Grantee(case.at.standard)


def _team(case: Case) -> Grantee:
    return Grantee(case.at.team, is_team=True)


def _seen(case: Case) -> str:
    """The stamp of the own team as it is."""
    return case.services.teams.team(case.world.actor(Who.PRACTICE_ADMIN), case.mine.team).stamp


def _new_person(case: Case, rights: Rights) -> object:
    return case.services.colleagues.add(case.actor, [profile("U_NEW", "New Person")], rights)


def _stranger(case: Case) -> Stranger:
    return Stranger(case.world.own.office.slack_key, "U_STRANGER")


PRACTICE = [
    row("practices.name", Rule.EVERYBODY, lambda c: c.services.practices.name(c.actor)),
    row("practices.raise_bundle", Rule.PRACTICE_ADMIN, lambda c: c.services.practices.raise_bundle(c.actor, 70)),
    row(
        "practices.set_up",
        Rule.NOBODY,  # more: somebody has done it
        lambda c: c.services.practices.set_up(c.actor, _SET_UP),
        denies=_raises_conflict,
    ),
    row("practice_settings.shown", Rule.EVERYBODY, lambda c: c.services.practice_settings.shown(c.actor)),
    *(
        row(
            "practice_settings.shown",
            rule,
            lambda c, area=area: c.services.practice_settings.shown(c.actor, to_change=area),  # type: ignore[misc]
            f"to change {area}",
        )
        for area, rule in {
            Area.DETAILS: Rule.PRACTICE_ADMIN,
            Area.SUBSCRIPTION: Rule.PRACTICE_ADMIN,
            Area.CLIENT_DEFAULTS: Rule.ADMIN,
            Area.APPROVALS: Rule.ADMIN,
        }.items()
    ),
    row(
        "practice_settings.change_details",
        Rule.PRACTICE_ADMIN,
        lambda c: c.services.practice_settings.change_details(
            c.actor, _DETAILS.model_copy(update={"name": "Elm"}), version=version_of(_DETAILS)
        ),
    ),
    row(
        "practice_settings.change_subscription",
        Rule.PRACTICE_ADMIN,
        lambda c: c.services.practice_settings.change_subscription(
            c.actor, _SUBSCRIPTION.model_copy(update={"has_dhi": True}), version=version_of(_SUBSCRIPTION)
        ),
    ),
    row(
        "practice_settings.change_client_defaults",
        Rule.ADMIN,
        lambda c: c.services.practice_settings.change_client_defaults(
            c.actor, ClientDefaults(net_amounts=True), version=version_of(ClientDefaults())
        ),
    ),
    row(
        "practice_settings.is_new_channel",
        Rule.ADMIN,
        lambda c: c.services.practice_settings.is_new_channel(c.actor, "C_NEW"),
    ),
    row(
        "practice_settings.change_approvals_channel",
        Rule.ADMIN,
        lambda c: c.services.practice_settings.change_approvals_channel(c.actor, "C_NEW"),
    ),
    row("reminder_settings.shown", Rule.EVERYBODY, lambda c: c.services.reminder_settings.shown(c.actor)),
    row(
        "reminder_settings.change",
        Rule.EVERYBODY,
        lambda c: c.services.reminder_settings.change(c.actor, mine=False, practice=None),
        "of their own",
    ),
    row(
        "reminder_settings.change",
        Rule.ADMIN,
        lambda c: c.services.reminder_settings.change(c.actor, mine=True, practice=_REMINDERS),
        "of the practice",
    ),
    row("overview.of", Rule.EVERYBODY, lambda c: c.services.overview.of(c.actor)),
    row("home.opened", Rule.EVERYBODY, lambda c: c.services.home.opened(c.actor), denies=_is_refusing),
    row("home.changed", Rule.EVERYBODY, lambda c: c.services.home.changed(c.actor), denies=_is_refusing),
    row("insights.figures", Rule.INSIGHTS, lambda c: c.services.insights.figures(c.actor)),
    row(
        "insights.request_picture",
        Rule.INSIGHTS,
        lambda c: c.services.insights.request_picture(c.actor),
        meets="There are no clients that you can open yet, so there is nothing to draw.",
    ),
    row("audit_trail.page", Rule.ADMIN, lambda c: c.services.audit_trail.page(c.actor, AuditWish())),
    row(
        "audit_trail.page",
        Rule.ADMIN,
        lambda c: c.services.audit_trail.page(c.actor, AuditWish(client=c.at.client)),
        "of a client",
        names=True,
    ),
    row(
        "audit_trail.filter",
        Rule.ADMIN,
        lambda c: c.services.audit_trail.filter(c.actor, AuditWish(person=c.at.standard)),
        names=True,
    ),
    row("audit_trail.search_people", Rule.ADMIN, lambda c: c.services.audit_trail.search_people(c.actor, "")),
    row("audit_exports.request", Rule.ADMIN, lambda c: c.services.audit_exports.request(c.actor, AuditWish())),
]

PEOPLE = [
    row(
        "colleagues.page",
        Rule.ADMIN,
        lambda c: c.services.colleagues.page(c.actor, ColleagueWish()),
        denies=lambda outcome: isinstance(outcome, OwnStanding),
    ),
    row(
        "colleagues.page", Rule.EVERYBODY, lambda c: c.services.colleagues.page(c.actor, ColleagueWish()), "of oneself"
    ),
    row("colleagues.card", Rule.ADMIN, lambda c: c.services.colleagues.card(c.actor, c.at.standard), names=True),
    row(
        "colleagues.edit_form",
        Rule.ADMIN,
        lambda c: c.services.colleagues.edit_form(c.actor, c.at.standard),
        names=True,
    ),
    row(
        "colleagues.edit_form",
        Rule.PRACTICE_ADMIN,
        lambda c: c.services.colleagues.edit_form(c.actor, c.at.admin),
        "of a Practice Admin",
        names=True,
    ),
    row(
        "colleagues.change",
        Rule.ADMIN,
        lambda c: c.services.colleagues.change(
            c.actor, c.at.standard, Rights(role=Role.CLIENT_ADMIN), seen=_STANDARD.stamp
        ),
        names=True,
    ),
    row(
        "colleagues.change",
        Rule.PRACTICE_ADMIN,
        lambda c: c.services.colleagues.change(c.actor, c.at.standard, _ADMIN, seen=_STANDARD.stamp),
        "to Practice Admin",
        names=True,
    ),
    row(
        "colleagues.change",
        Rule.PRACTICE_ADMIN,
        lambda c: c.services.colleagues.change(c.actor, c.at.admin, _STANDARD, seen=_ADMIN.stamp),
        "of a Practice Admin",
        names=True,
    ),
    row("colleagues.add_form", Rule.ADMIN, lambda c: c.services.colleagues.add_form(c.actor)),
    row(
        "colleagues.add_form",
        Rule.ADMIN,
        lambda c: c.services.colleagues.add_form(c.actor, c.at.leaver),
        "again",
        names=True,
    ),
    row(
        "colleagues.require_may_add",
        Rule.ADMIN,
        lambda c: c.services.colleagues.require_may_add(c.actor, 1, _STANDARD),
    ),
    row(
        "colleagues.require_may_add",
        Rule.PRACTICE_ADMIN,
        lambda c: c.services.colleagues.require_may_add(c.actor, 1, _ADMIN),
        "as Practice Admin",
    ),
    row("colleagues.add", Rule.ADMIN, lambda c: _new_person(c, _STANDARD)),
    row("colleagues.add", Rule.PRACTICE_ADMIN, lambda c: _new_person(c, _ADMIN), "as Practice Admin"),
    row(
        "colleagues.take_over",
        Rule.EVERYBODY,  # who runs the workspace; but there is a Practice Admin
        lambda c: c.services.colleagues.take_over(c.actor, runs_workspace=True),
        succeeds=False,
    ),
    row(
        "colleagues.take_over",
        Rule.NOBODY,
        lambda c: c.services.colleagues.take_over(c.actor, runs_workspace=False),
        "without running the workspace",
    ),
    row("teams.page", Rule.ADMIN, lambda c: c.services.teams.page(c.actor)),
    row("teams.require_available", Rule.ADMIN, lambda c: c.services.teams.require_available(c.actor)),
    row("teams.search_members", Rule.ADMIN, lambda c: c.services.teams.search_members(c.actor, "")),
    row(
        "teams.create",
        Rule.ADMIN,
        lambda c: c.services.teams.create(c.actor, "Tax", [c.at.standard]),
        names=True,
        denies=_raises_invalid,
    ),
    row("teams.team", Rule.ADMIN, lambda c: c.services.teams.team(c.actor, c.at.team), names=True),
    row(
        "teams.save",
        Rule.ADMIN,
        lambda c: c.services.teams.save(c.actor, c.at.team, "Tax", [c.mine.standard], seen=_seen(c)),
        names=True,
    ),
    row("teams.delete", Rule.ADMIN, lambda c: c.services.teams.delete(c.actor, c.at.team), names=True),
    row("access.form", Rule.ADMIN, lambda c: c.services.access.form(c.actor, _grantee(c)), names=True),
    row("access.form", Rule.ADMIN, lambda c: c.services.access.form(c.actor, _team(c)), "of a team", names=True),
    *(
        row(
            "access.change",
            Rule.ADMIN,
            lambda c, grantee=grantee: c.services.access.change(  # type: ignore[misc]
                c.actor, grantee(c), Giving.ACCESS, Chosen(clients=(c.at.client,), pasted=f"{HIDDEN} Bakery")
            ),
            variant,
            names=True,
        )
        for variant, grantee in {"": _grantee, "of a team": _team}.items()
    ),
    row(
        "access.change",
        Rule.ADMIN,  # who is told that there is no such client
        lambda c: c.services.access.change(
            c.actor,
            Grantee(c.mine.standard),
            Giving.ACCESS,
            Chosen(clients=(c.world.things(c.who, Whose.FOREIGN).client,), pasted=f"{FOREIGN} Bakery"),
        ),
        "to another practice's client",
        sees=(f"{FOREIGN} Bakery",),  # as typed
    ),
    row("handover.holdings", Rule.OWN_OR_ADMIN, lambda c: c.services.handover.holdings(c.actor, c.at.person)),
    row("handover.leaver", Rule.ADMIN, lambda c: c.services.handover.leaver(c.actor, c.at.standard), names=True),
    row(
        "handover.leaver",
        Rule.PRACTICE_ADMIN,
        lambda c: c.services.handover.leaver(c.actor, c.at.admin),
        "who is Practice Admin",
        names=True,
    ),
    row("handover.remove", Rule.ADMIN, lambda c: c.services.handover.remove(c.actor, c.at.standard), names=True),
    row(
        "handover.remove",
        Rule.PRACTICE_ADMIN,
        lambda c: c.services.handover.remove(c.actor, c.at.admin),
        "a Practice Admin",
        names=True,
    ),
    row(
        "handover.handing_over",
        Rule.ADMIN,
        lambda c: c.services.handover.handing_over(c.actor, c.at.leaver),
        names=True,
    ),
    row("handover.search_receivers", Rule.ADMIN, lambda c: c.services.handover.search_receivers(c.actor, "")),
    row(
        "handover.hand_over",
        Rule.ADMIN,
        lambda c: c.services.handover.hand_over(c.actor, c.at.leaver, c.mine.standard, CHOSEN),
        names=True,
    ),
]

OFFERS = [
    row("offers.accept", Rule.ADMIN, lambda c: c.services.offers.accept(c.actor, c.at.offer), names=True),
    row("offers.decline", Rule.ADMIN, lambda c: c.services.offers.decline(c.actor, c.at.offer), names=True),
]

REQUESTS = [
    row("permissions.form", Rule.EVERYBODY, lambda c: c.services.permissions.form(c.actor)),
    row(
        "permissions.form",
        Rule.OWN,
        lambda c: c.services.permissions.form(c.actor, like=c.at.request),
        "like an earlier one",
    ),
    row(
        "permissions.request",
        Rule.EVERYBODY,
        lambda c: c.services.permissions.request(
            c.actor, PermissionWish(kind=PermissionKind.CLIENT, reason="For its books", client=f"{HIDDEN} Bakery")
        ),
    ),
    row("permissions.withdraw", Rule.OWN, lambda c: c.services.permissions.withdraw(c.actor, c.at.request)),
    *(
        row(method, rule, lambda c, call=call, which=which: call(c, getattr(c.at, which)), variant, names=True)  # type: ignore[misc]
        for method, call in {
            "permissions.deciding": lambda c, request: c.services.permissions.deciding(c.actor, request),
            "permissions.decide": lambda c, request: c.services.permissions.decide(c.actor, request, approve=True),
        }.items()
        for which, rule, variant in (
            ("to_add", Rule.ADMIN, ""),
            ("to_open", Rule.ADMIN, "for a client"),
            ("to_raise", Rule.PRACTICE_ADMIN, "for the bundle"),
            ("request", Rule.NOBODY, "of one's own"),
        )
    ),
    row(
        "permissions.deciding",
        Rule.NOBODY,
        lambda c: c.services.permissions.deciding(_stranger(c), c.at.to_add),
        "by a stranger",
    ),
    row(
        "permissions.decide",
        Rule.NOBODY,
        lambda c: c.services.permissions.decide(_stranger(c), c.at.to_add, approve=True),
        "by a stranger",
    ),
    row("permission_list.page", Rule.EVERYBODY, lambda c: c.services.permission_list.page(c.actor)),
]
