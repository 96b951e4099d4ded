"""The list of clients: search, filter, pages, its export, and uploading practice codes."""

import uuid
from typing import Any

from handlers.forms import show
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from handlers.workspaces import enter
from modals import form, notices
from modals.blocks import View
from modals.clients import codes, ids, listing
from modals.clients.metadata import CodesMetadata, ListMetadata
from services.actor import Actor
from services.clients.codes import text_from
from services.clients.search import Wish
from services.container import Services
from services.errors import InvalidError


def register(router: Registry) -> None:
    router.action(ids.LIST, open_list)
    router.action(ids.SHOW, show_part)
    router.action(ids.SEARCH, search)
    router.view(ids.FIND, submit_search)
    router.action(ids.PREVIOUS, turn_page)
    router.action(ids.NEXT, turn_page)
    router.action(ids.FILTER, open_filter)
    router.view(ids.APPLY_FILTER, apply_filter)
    router.action(ids.EXPORT_LIST, export)
    router.action(ids.CODES, open_codes)
    router.view(ids.CHECK_CODES, submit_codes)


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
    show_list(caller, body, admit, services, slack, after, _place(body.get("view") or {}, action).wish)


def _place(view: dict[str, Any], action: dict[str, Any]) -> ListMetadata:
    """A card, and what it leads to, lead back to the place that it was opened from."""
    if action.get("value"):
        return ListMetadata.of({"private_metadata": action["value"]})
    return ListMetadata.of(view).place if view.get("type") == "modal" else ListMetadata()


def show_list(
    caller: Caller,
    body: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
    wish: Wish,
) -> None:
    def build(actor: Actor) -> View:
        return listing.listing(services.client_search.find(actor, wish))

    show(after, slack, caller, body, listing.TITLE, lambda: enter(caller, admit, services, slack, build))


def show_part(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    found = services.client_search.find(actor, _place(view, action).wish)
    ack()
    after(slack.update, view, listing.listing(found))


def search(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    found = services.client_search.find(actor, listing.read_search(view))
    ack()
    after(slack.update, view, listing.listing(found))


def submit_search(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    found = services.client_search.find(actor, listing.read_search(view))
    ack(response_action="update", view=listing.listing(found))


def turn_page(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = ListMetadata.of(view).model_copy(update={"page": int(action["value"])})
    found = services.client_search.find(actor, at.wish)
    ack()
    after(slack.update, view, listing.listing(found))


def open_filter(ack: Ack, view: dict[str, Any], slack: Slack, after: After) -> None:
    ack()
    after(slack.update, view, listing.filter_form(ListMetadata.of(view)))


def apply_filter(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    found = services.client_search.find(actor, listing.read_filter(view))
    ack(response_action="update", view=listing.listing(found))


def export(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    wish = ListMetadata.of(view).wish
    services.client_list_exports.request(actor, wish)
    found = services.client_search.find(actor, wish)
    ack()
    after(slack.update, view, listing.listing(found, listing.EXPORTED))


def open_codes(ack: Ack, view: dict[str, Any], slack: Slack, after: After) -> None:
    ack()
    after(slack.update, view, codes.upload(ListMetadata.of(view)))


def submit_codes(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at, raw = CodesMetadata.of(view), form.read(view)
    chosen = codes.read_file(raw) or (at.file and (at.file, at.file_name))
    if not chosen:
        ack(response_action="update", view=_pasted_codes(actor, services, at, raw.get("codes") or ""))
        return
    file, file_name = chosen
    external_id = str(uuid.uuid4())
    ack(response_action="update", view={**notices.loading(codes.TITLE), "external_id": external_id})

    def build() -> View:
        with slack.download(file) as chunks:
            text = text_from(chunks)
        checked = services.client_codes.preview(actor, text)
        if checked.digest == at.digest:
            return codes.saved(services.client_codes.save(actor, text), at)
        return codes.preview(checked, at, file=file, file_name=file_name)

    after(slack.fill, external_id, build)


def _pasted_codes(actor: Actor, services: Services, at: CodesMetadata, typed: str) -> View:
    if not typed.strip():
        raise InvalidError({"codes": "Choose a file, or paste the cells here."})
    checked = services.client_codes.preview(actor, typed)
    if checked.digest == at.digest and checked.changes:
        return codes.saved(services.client_codes.save(actor, typed), at)
    return codes.preview(checked, at, typed=typed)
