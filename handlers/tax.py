"""Costs and sales of self-employed clients in the US and Canada, from the client card."""

import uuid
from typing import Any

from handlers.ports import Ack, After, Slack
from handlers.registry import Registry
from modals import form, notices
from modals.blocks import View
from modals.clients.metadata import ClientMetadata
from modals.tax import card, ids, uploading
from modals.tax.uploading import UploadMetadata
from modals.text import count
from services.actor import Actor
from services.container import Services
from services.errors import InvalidError
from services.tax.reading import FIELD
from services.uploads.decoding import text_of

_SENT = "The Tax summary is on its way: it comes in your messages with Clientdesk, as Excel and as CSV."


def register(router: Registry) -> None:
    router.action(ids.CATEGORIES, show_categories)
    router.action(ids.UPLOAD, open_upload)
    router.action(ids.TEMPLATE, send_template)
    router.view(ids.CHECK, submit_items)
    router.action(ids.SUMMARY, open_summary)
    router.action(ids.YEAR, choose_year)
    router.action(ids.SEND, send_summary)
    router.action(ids.DELETE, delete_year)


def show_categories(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = ClientMetadata.of(view)
    client = services.tax.client(actor, at.client)
    ack()
    after(slack.update, view, card.categories(client, at))


def open_upload(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    client = services.tax.to_upload(actor, at.client)
    ack()
    after(slack.update, view, uploading.form(client, at))


def send_template(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    services.tax.request_template(actor, at.client)
    client = services.tax.to_upload(actor, at.client)
    ack()
    after(slack.update, view, uploading.form(client, at, note=uploading.TEMPLATE_SENT))


def submit_items(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at, raw = UploadMetadata.of(view), form.read(view)
    file = uploading.read_file(raw) or (at.file and (at.file, at.file_name))
    if not file:
        ack(response_action="update", view=_checked(actor, services, at, raw.get("items") or ""))
        return
    file_id, file_name = file
    external_id = str(uuid.uuid4())
    ack(response_action="update", view={**notices.loading(uploading.TITLE), "external_id": external_id})

    def build() -> View:
        with slack.download(file_id) as chunks:
            text = "".join(text_of(chunks))
        checked = services.tax.preview(actor, at.client, text)
        if checked.digest == at.digest:
            return uploading.added(services.tax.add(actor, at.client, text, file_name=file_name), at)
        return uploading.preview(checked, at, file=file_id, file_name=file_name)

    after(slack.fill, external_id, build)


def _checked(actor: Actor, services: Services, at: UploadMetadata, typed: str) -> View:
    if not typed.strip():
        raise InvalidError({FIELD: uploading.NOTHING_GIVEN})
    checked = services.tax.preview(actor, at.client, typed)
    if checked.digest == at.digest and (checked.items or not checked.problems):
        return uploading.added(services.tax.add(actor, at.client, typed), at)
    return uploading.preview(checked, at, typed=typed)


def open_summary(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    page = services.tax.year(actor, at.client)
    ack()
    after(slack.update, view, card.year(page, at))


def choose_year(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = ClientMetadata.of(view)
    page = services.tax.year(actor, at.client, int(action["selected_option"]["value"]))
    ack()
    after(slack.update, view, card.year(page, at))


def send_summary(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at, year = ClientMetadata.of(view), int(action["value"])
    services.tax.request_summary(actor, at.client, year)
    page = services.tax.year(actor, at.client, year)
    ack()
    after(slack.update, view, card.year(page, at, note=_SENT))


def delete_year(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at, year = ClientMetadata.of(view), int(action["value"])
    deleted = services.tax.delete_year(actor, at.client, year)
    page = services.tax.year(actor, at.client, year)
    ack()
    after(slack.update, view, card.year(page, at, note=f"{count(deleted, 'item', 'items')} of {year} deleted."))
