"""Invitations, from Slack: inviting, the list, and what is done with one that is out."""

import uuid
from functools import partial
from typing import Any

from handlers.forms import message_place, show
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from handlers.workspaces import enter
from modals import form, invitation_list, invitations
from modals.blocks import View
from modals.clients import card
from modals.clients.metadata import ClientMetadata
from modals.invitations import InvitationMetadata, ListPlace, MessagePlace
from services.actor import Actor
from services.container import Services
from services.errors import GoneError
from services.invitations.listing import InvitationWish
from services.invitations.records import Subject


def register(router: Registry) -> None:
    router.action(invitations.OPEN, open_form)
    router.view(invitations.SUBMIT, submit_form)
    router.action(invitations.INVITE_USER, invite_user)
    router.action(invitations.RESEND, resend)
    router.action(invitations.CHANGE_EMAIL, open_change)
    router.view(invitations.SAVE_EMAIL, save_email)
    router.action(invitations.REVOKE, revoke)
    router.view(invitations.CONFIRM_REVOKE, confirm_revoke)
    router.action(invitations.LIST, open_list)
    router.action(invitation_list.FILTER, search)
    router.action(invitation_list.SEARCH, search)
    router.view(invitation_list.FIND, submit_search)
    router.action(invitation_list.PREVIOUS, turn_page)
    router.action(invitation_list.NEXT, turn_page)
    router.action(invitation_list.MENU, choose)
    router.action(invitation_list.SEND_ALL, send_all)


def open_form(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()
    client_id = uuid.UUID(action["value"])
    show(
        after,
        slack,
        caller,
        body,
        invitations.TITLE,
        lambda: invitations.form(services.first_users.invitable(actor, client_id)),
    )


def submit_form(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    client_id = invitations.ClientMetadata.of(view).client
    invited = services.first_users.invite(actor, client_id, form.read(view))
    ack(response_action="update", view=invitations.done(invited))


def invite_user(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    outcome = services.invitation_actions.invite(actor, uuid.UUID(action["value"]))
    shown = _card(actor, view, services, outcome, invitations.sent(outcome))
    ack()
    after(slack.update, view, shown)


def resend(
    ack: Ack, actor: Actor, body: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    outcome = services.invitation_actions.resend(actor, uuid.UUID(action["value"]))
    if view := body.get("view"):
        shown = _card(actor, view, services, outcome, invitations.sent(outcome))
        ack()
        after(slack.update, view, shown)
    else:
        ack()
        place = _place(body, action)
        settled = invitations.settled(body["message"], place.block, outcome)
        after(slack.update_message, place.channel, place.ts, settled)


def open_change(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()
    invitation_id, view = uuid.UUID(action["value"]), body.get("view")
    at = ClientMetadata.of(view) if view else None
    message = None if view else _place(body, action)
    metadata = InvitationMetadata(invitation=invitation_id, message=message, at=at and at.place)

    def build() -> View:
        return invitations.change_form(services.invitation_actions.subject(actor, invitation_id), metadata)

    show(after, slack, caller, body, invitations.OUTCOME, build)


def save_email(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    origin = InvitationMetadata.of(view)
    typed = form.read(view)
    outcome = services.invitation_actions.change_email(
        actor, origin.invitation, typed.get("email") or "", typed.get("mobile") or ""
    )
    if origin.message is not None:
        ack(response_action="update", view=invitations.renewed(outcome))
        place = origin.message
        change = partial(invitations.settled, block_id=place.block, outcome=outcome)
        after(slack.edit_message, place.channel, place.ts, change)
    elif origin.place is not None:
        shown = _listing(actor, services, origin.place.wish, invitations.sent(outcome))
        ack(response_action="update", view=shown)
    else:
        client = services.client_cards.card(actor, outcome.client_id)
        ack(response_action="update", view=card.card(client, origin.at, note=invitations.sent(outcome)))


def revoke(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    subject = services.invitation_actions.revoke(actor, uuid.UUID(action["value"]))
    shown = _card(actor, view, services, subject, invitations.withdrawn(subject))
    ack()
    after(slack.update, view, shown)


def confirm_revoke(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    origin = InvitationMetadata.of(view)
    subject = services.invitation_actions.revoke(actor, origin.invitation)
    place = origin.place or ListPlace()
    ack(response_action="update", view=_listing(actor, services, place.wish, invitations.withdrawn(subject)))


def open_list(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()
    value = action.get("value")
    place = ListPlace.of({"private_metadata": value}) if value else ListPlace()
    show_list(caller, body, admit, services, slack, after, place.wish)


def show_list(
    caller: Caller,
    body: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
    wish: InvitationWish,
) -> None:
    def build(actor: Actor) -> View:
        return _listing(actor, services, wish)

    show(after, slack, caller, body, invitation_list.TITLE, lambda: enter(caller, admit, services, slack, build))


def search(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    shown = _listing(actor, services, invitation_list.read_wish(view))
    ack()
    after(slack.update, view, shown)


def submit_search(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    ack(response_action="update", view=_listing(actor, services, invitation_list.read_wish(view)))


def turn_page(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    wish = ListPlace.of(view).wish
    shown = _listing(actor, services, InvitationWish(wish.standing, wish.query, int(action["value"])))
    ack()
    after(slack.update, view, shown)


def choose(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    verb, chosen = invitation_list.read_entry(action)
    shown = _chosen(actor, services, ListPlace.of(view), verb, chosen)
    ack()
    after(slack.update, view, shown)


def _chosen(actor: Actor, services: Services, place: ListPlace, verb: str, chosen: uuid.UUID) -> View:
    actions = services.invitation_actions
    match verb:
        case invitation_list.RESEND:
            return _listing(actor, services, place.wish, invitations.sent(actions.resend(actor, chosen)))
        case invitation_list.INVITE:
            return _listing(actor, services, place.wish, invitations.sent(actions.invite(actor, chosen)))
        case invitation_list.CHANGE:
            metadata = InvitationMetadata(invitation=chosen, place=place)
            return invitations.change_form(actions.subject(actor, chosen), metadata)
        case invitation_list.REVOKE:
            metadata = InvitationMetadata(invitation=chosen, place=place)
            return invitations.revoke_form(actions.subject(actor, chosen), metadata)
        case invitation_list.ENTER:
            return invitations.form(services.first_users.invitable(actor, chosen))
        case invitation_list.OPEN:
            return card.card(services.client_cards.card(actor, chosen))
        case _:
            raise GoneError("This list is from another version of Clientdesk. Close it and open it again.")


def send_all(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    number = services.bulk_inviting.start(actor, ListPlace.of(view).wish)
    ack()
    after(slack.update, view, invitation_list.sending(number))


def _listing(actor: Actor, services: Services, wish: InvitationWish, note: str | None = None) -> View:
    return invitation_list.listing(services.invitation_list.page(actor, wish), note)


def _card(actor: Actor, view: dict[str, Any], services: Services, subject: Subject, note: str) -> View:
    return card.card(services.client_cards.card(actor, subject.client_id), ClientMetadata.of(view), note=note)


def _place(body: dict[str, Any], action: dict[str, Any]) -> MessagePlace:
    channel, ts = message_place(body)
    return MessagePlace(channel=channel, ts=ts, block=action["block_id"])
