"""The audit trail: looking through it, the filter, and its export."""

from typing import Any

from handlers.forms import show
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from handlers.workspaces import enter
from modals import audit
from modals.audit import AuditPlace
from modals.blocks import View
from modals.clients import choosing
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    for leading in (audit.OPEN, audit.EVERYTHING, audit.OLDER, audit.NEWER, audit.BACK):
        router.action(leading, open_trail)
    router.action(audit.FILTER, open_filter)
    router.view(audit.FIND, find)
    router.options(audit.SEARCH_CLIENTS, search_clients)
    router.options(audit.SEARCH_PEOPLE, search_people)
    router.action(audit.EXPORT, export)


def open_trail(
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
    show_trail(caller, body, admit, services, slack, after, AuditPlace.read(action.get("value")))


def show_trail(
    caller: Caller,
    body: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
    place: AuditPlace,
) -> None:
    def build(actor: Actor) -> View:
        return _page(actor, services, place)

    show(after, slack, caller, body, audit.TITLE, lambda: enter(caller, admit, services, slack, build))


def open_filter(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    place = AuditPlace.of(view)
    shown = audit.filter_form(services.audit_trail.filter(actor, place.wish), place)
    ack()
    after(slack.update, view, shown)


def find(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    shown = _page(actor, services, AuditPlace(wish=audit.read(view)))
    ack(response_action="update", view=shown)


def search_clients(ack: Ack, actor: Actor, options: dict[str, Any], services: Services) -> None:
    ack(**choosing.options(services.client_search.options(actor, options.get("value") or "")))


def search_people(ack: Ack, actor: Actor, options: dict[str, Any], services: Services) -> None:
    ack(**audit.choices(services.audit_trail.search_people(actor, options.get("value") or "")))


def export(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    place = AuditPlace.of(view)
    services.audit_exports.request(actor, place.wish)
    shown = _page(actor, services, place, audit.ON_ITS_WAY)
    ack()
    after(slack.update, view, shown)


def _page(actor: Actor, services: Services, place: AuditPlace, note: str | None = None) -> View:
    found = services.audit_trail.page(actor, place.wish, older_than=place.older_than, newer_than=place.newer_than)
    return audit.page(found, place, note)
