"""What concerns clients: adding them, alone or many at once, what they are connected to, and their invitations."""

from db.models import ItemState, Provider
from services.accounting.consent import Purpose, PurposeKind
from services.add_client.records import PermissionMissing
from services.add_client.steps import StepName
from services.client_sync.records import Goal
from services.client_sync.records import Wish as SyncWish
from services.clients.search import Wish as ClientWish
from services.invitations.listing import InvitationWish
from services.invitations.schedule import Snooze
from tests.services.matrix.firm import PRIVATE
from tests.services.matrix.rules import Rule, row
from tests.services.matrix.world import GIVEN, Whose

_CONTACT = {"contact_name": "New Owner", "contact_email": "new@owner.example"}
_CLIENT = {"name": "New client"}


ADDING = [
    row(
        "add_client.open",
        Rule.ADDS_CLIENTS,
        lambda c: c.services.add_client.open(c.actor),
        denies=lambda outcome: isinstance(outcome, PermissionMissing),
    ),
    row("add_client.start_over", Rule.ADDS_CLIENTS, lambda c: c.services.add_client.start_over(c.actor)),
    row("add_client.resume", Rule.OWN_AND_ADDS, lambda c: c.services.add_client.resume(c.actor, c.at.draft)),
    row("add_client.discard", Rule.OWN, lambda c: c.services.add_client.discard(c.actor, c.at.draft)),
    row("add_client.finish_asking", Rule.OWN, lambda c: c.services.add_client.finish_asking(c.actor, c.at.draft)),
    row(
        "add_client.left_for_provider",
        Rule.OWN,
        lambda c: c.services.add_client.left_for_provider(c.actor, c.at.draft, "V1"),
    ),
    row(
        "add_client.submit",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.submit(c.actor, c.at.draft, StepName.DETAILS, _CLIENT),
    ),
    row(
        "add_client.back",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.back(c.actor, c.at.draft, StepName.DETAILS, _CLIENT),
    ),
    row(
        "add_client.keep",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.keep(c.actor, c.at.draft, StepName.DETAILS, _CLIENT),
    ),
    row(
        "add_client.go_to",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.go_to(c.actor, c.at.draft, StepName.ACCESS),
    ),
    row(
        "add_client.create",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.create(c.actor, c.at.draft, revision=7),
    ),
    row(
        "add_client.create",
        Rule.OWN,
        lambda c: c.services.add_client.create(c.actor, c.at.done, revision=7),
        "a second time",
        sees=(f"{GIVEN} Barn",),  # what they have just created
    ),
    row(
        "add_client.choose_software",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.choose_software(c.actor, c.at.draft),
    ),
    row(
        "add_client.connect_another",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.connect_another(c.actor, c.at.draft),
    ),
    row(
        "add_client.check_connection",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.check_connection(c.actor, c.at.draft),
    ),
    row(
        "add_client.choose_organisation",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.choose_organisation(c.actor, c.at.draft, c.free),
    ),
    row(
        "add_client.search_organisations",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.search_organisations(c.actor, c.at.draft, ""),
    ),
    row(
        "add_client.search_colleagues",
        Rule.ADDS_CLIENTS,
        lambda c: c.services.add_client.search_colleagues(c.actor, "", managers=True),
    ),
    row(
        "add_client.arrived",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.add_client.arrived(c.consent(Purpose(kind=PurposeKind.DRAFT, id=c.at.draft))),
    ),
    row(
        "connections.choose_for_draft",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.connections.choose_for_draft(c.actor, c.at.draft, c.free),
    ),
]

SYNC = [
    row("client_sync.open", Rule.EVERYBODY, lambda c: c.services.client_sync.open(c.actor)),
    row(
        "client_sync.sign_in", Rule.ADDS_CLIENTS, lambda c: c.services.client_sync.sign_in(c.actor, Goal.ADD), "to add"
    ),
    row(
        "client_sync.sign_in",
        Rule.EVERYBODY,
        lambda c: c.services.client_sync.sign_in(c.actor, Goal.RECONNECT),
        "to reconnect",
    ),
    row("client_sync.tell_arrived", Rule.EVERYBODY, lambda c: c.services.client_sync.tell_arrived(c.actor, Goal.ADD)),
    row(
        "client_sync.list_organisations",
        Rule.OWN_AND_ADDS,
        lambda c: c.services.client_sync.list_organisations(c.actor, Goal.ADD, authorisation_id=c.at.sign_in),
        "to add",
    ),
    row(
        "client_sync.list_organisations",
        Rule.OWN,
        lambda c: c.services.client_sync.list_organisations(c.actor, Goal.REASSIGN, authorisation_id=c.at.sign_in),
        "to reassign",
    ),
    row(
        "client_sync.reconnect_all",
        Rule.OWN,
        lambda c: c.services.client_sync.reconnect_all(c.actor, authorisation_id=c.at.sign_in),
    ),
    row(
        "client_sync.chooser",
        Rule.OWN,
        lambda c: c.services.client_sync.chooser(c.actor, c.at.choosing, SyncWish()),
    ),
    row(
        "client_sync.keep",
        Rule.OWN,
        lambda c: c.services.client_sync.keep(c.actor, c.at.choosing, {}, team_id=c.at.team, solutions=None),
    ),
    row(
        "client_sync.choose_all",
        Rule.OWN,
        lambda c: c.services.client_sync.choose_all(c.actor, c.at.choosing, SyncWish()),
    ),
    row(
        "client_sync.choose_none",
        Rule.OWN,
        lambda c: c.services.client_sync.choose_none(c.actor, c.at.choosing, SyncWish()),
    ),
    row("client_sync.start", Rule.OWN_AND_ADDS, lambda c: c.services.client_sync.start(c.actor, c.at.choosing)),
    row(
        "client_sync.start",
        Rule.OWN,
        lambda c: c.services.client_sync.start(c.actor, c.at.running),
        "a second time",
    ),
    row("client_sync.cancel", Rule.OWN_OR_ADMIN, lambda c: c.services.client_sync.cancel(c.actor, c.at.running)),
    row(
        "client_sync.retry_failed",
        Rule.OWN_OR_ADMIN,
        lambda c: c.services.client_sync.retry_failed(c.actor, c.at.running),
    ),
    row("client_sync.view", Rule.OWN_OR_ADMIN, lambda c: c.services.client_sync.view(c.actor, c.at.running)),
    row(
        "client_sync.outcomes",
        Rule.OWN_OR_ADMIN,
        lambda c: c.services.client_sync.outcomes(c.actor, c.at.running, ItemState.FAILED, 0),
    ),
    row("client_sync.invitable", Rule.OWN_OR_ADMIN, lambda c: c.services.client_sync.invitable(c.actor, c.at.running)),
    row("client_sync.invite", Rule.OWN_OR_ADMIN, lambda c: c.services.client_sync.invite(c.actor, c.at.running, {})),
    row(
        "client_sync.confirm_reassign",
        Rule.OWN,
        lambda c: c.services.client_sync.confirm_reassign(c.actor, c.at.reassigning),
    ),
    row("client_sync.reassign", Rule.OWN, lambda c: c.services.client_sync.reassign(c.actor, c.at.reassigning)),
]

CLIENTS = [
    row("client_search.find", Rule.EVERYBODY, lambda c: c.services.client_search.find(c.actor, ClientWish())),
    row(
        "client_search.find",
        Rule.EVERYBODY,
        lambda c: c.services.client_search.find(c.actor, ClientWish("Bakery")),
        "by name",
    ),
    row("client_cards.card", Rule.OPENS_CLIENT, lambda c: c.services.client_cards.card(c.actor, c.at.client)),
    row(
        "client_cards.change_settings",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_cards.change_settings(c.actor, c.at.client, refreshes_daily=False, name=None),
    ),
    row("client_cards.refresh", Rule.OPENS_CLIENT, lambda c: c.services.client_cards.refresh(c.actor, c.at.client)),
    row(
        "client_cards.disconnect",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_cards.disconnect(c.actor, c.at.client),
    ),
    row("connections.card", Rule.OPENS_CLIENT, lambda c: c.services.connections.card(c.actor, c.at.client)),
    row("connections.refresh", Rule.OPENS_CLIENT, lambda c: c.services.connections.refresh(c.actor, c.at.client)),
    row(
        "connections.disconnect",
        Rule.OPENS_CLIENT,
        lambda c: c.services.connections.disconnect(c.actor, c.at.client),
    ),
    row(
        "connections.change_settings",
        Rule.OPENS_CLIENT,
        lambda c: c.services.connections.change_settings(c.actor, c.at.client, refreshes_daily=False),
    ),
    row(
        "connections.choose_for_client",
        Rule.OPENS_CLIENT,
        lambda c: c.services.connections.choose_for_client(c.actor, c.at.client, c.mine.sign_in, c.free),
    ),
    row(
        "connections.choose_for_client",
        Rule.NOBODY,
        lambda c: c.services.connections.choose_for_client(
            c.actor, c.at.client, c.world.things(c.who, Whose.OTHERS).sign_in, f"{PRIVATE}Rae-id"
        ),
        "with somebody else's sign-in",
    ),
    row(
        "connections.organisations",
        Rule.OWN,
        lambda c: c.services.connections.organisations(c.actor, c.at.sign_in),
    ),
    row(
        "client_connecting.begin",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_connecting.begin(c.actor, c.at.client, Provider.XERO),
    ),
    row(
        "client_connecting.choices",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_connecting.choices(c.actor, c.at.client, c.mine.sign_in),
    ),
    row(
        "client_connecting.choose",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_connecting.choose(c.actor, c.at.client, c.mine.sign_in, c.free),
    ),
    row(
        "client_connecting.arrived",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_connecting.arrived(c.consent(Purpose(kind=PurposeKind.CLIENT, id=c.at.client))),
    ),
    row("information.summary", Rule.OPENS_CLIENT, lambda c: c.services.information.summary(c.actor, c.at.client)),
    row("exports.request", Rule.OPENS_CLIENT, lambda c: c.services.exports.request(c.actor, c.at.client)),
]

INVITATIONS = [
    row(
        "first_users.invitable",
        Rule.OPENS_CLIENT,
        lambda c: c.services.first_users.invitable(c.actor, c.at.unconnected),
    ),
    row(
        "first_users.invite",
        Rule.OPENS_CLIENT,
        lambda c: c.services.first_users.invite(c.actor, c.at.unconnected, _CONTACT),
    ),
    row(
        "invitation_actions.subject",
        Rule.OPENS_CLIENT,
        lambda c: c.services.invitation_actions.subject(c.actor, c.at.invitation),
    ),
    row(
        "invitation_actions.resend",
        Rule.OPENS_CLIENT,
        lambda c: c.services.invitation_actions.resend(c.actor, c.at.invitation),
    ),
    row(
        "invitation_actions.change_email",
        Rule.OPENS_CLIENT,
        lambda c: c.services.invitation_actions.change_email(c.actor, c.at.invitation, "new@owner.example"),
    ),
    row(
        "invitation_actions.revoke",
        Rule.OPENS_CLIENT,
        lambda c: c.services.invitation_actions.revoke(c.actor, c.at.invitation),
    ),
    row(
        "invitation_actions.invite",
        Rule.OPENS_CLIENT,
        lambda c: c.services.invitation_actions.invite(c.actor, c.at.client_user),
    ),
    row(
        "invitation_list.page",
        Rule.EVERYBODY,
        lambda c: c.services.invitation_list.page(c.actor, InvitationWish()),
    ),
    row("bulk_inviting.start", Rule.EVERYBODY, lambda c: c.services.bulk_inviting.start(c.actor, InvitationWish())),
    row(
        "reminders.snooze",
        Rule.OPENS_CLIENT,
        lambda c: c.services.reminders.snooze(c.actor, c.at.invitation, Snooze.ONE_DAY),
    ),
    row("reminders.stop", Rule.OPENS_CLIENT, lambda c: c.services.reminders.stop(c.actor, c.at.invitation)),
]
