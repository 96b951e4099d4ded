"""Add client: the command, the shortcut, the buttons and the pages of the wizard."""

import logging
import uuid
from typing import Any

from handlers.forms import show
from handlers.home import show_home
from handlers.ports import Ack, Admission, After, Caller, Slack, SlackOf
from handlers.registry import Registry
from handlers.workspaces import enter
from modals import form, notices
from modals.add_client import connecting, ids, openings, pages
from modals.add_client.pages import WizardMetadata
from modals.blocks import View
from services.accounting.consent import Consent
from services.actor import Actor
from services.add_client.records import Arrival, CreatedClient
from services.add_client.steps import StepName
from services.container import Services
from services.errors import InvalidError

COMMAND = "/add-client"
_log = logging.getLogger(__name__)


def register(router: Registry) -> None:
    router.command(COMMAND, open_wizard)
    router.shortcut(ids.OPEN, open_wizard)
    router.action(ids.OPEN, open_wizard)
    router.action(ids.RESUME, resume)
    router.action(ids.START_OVER, start_over)
    router.action(ids.DISCARD, discard)
    router.action(ids.BACK, back)
    router.action(ids.GO_TO, go_to)
    router.action(ids.CHOOSE_INVITE, choose_invite)
    router.action(ids.CONNECT, leave_for_provider)
    router.action(ids.CHECK_CONNECTION, check_connection)
    router.action(ids.CONNECT_ANOTHER, connect_another)
    router.view(ids.CHOOSE_ORGANISATION, choose_organisation)
    router.options(ids.SEARCH_ORGANISATIONS, search_organisations)
    router.view(ids.SUBMIT, submit_page)
    router.view(ids.CREATE, create)
    router.view(ids.FINISH_ASKING, finish_asking)
    router.options(ids.SEARCH_COLLEAGUES, search_colleagues)
    router.options(ids.SEARCH_MANAGERS, search_managers)


def open_wizard(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()

    def build(actor: Actor) -> View:
        return openings.opening(services.add_client.open(actor))

    show(after, slack, caller, body, pages.TITLE, lambda: enter(caller, admit, services, slack, build))


def resume(
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
    draft_id = uuid.UUID(action["value"])
    show(after, slack, caller, body, pages.TITLE, lambda: pages.page(services.add_client.resume(actor, draft_id)))


def start_over(ack: Ack, actor: Actor, body: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    ack()
    after(lambda: slack.update(body["view"], pages.page(services.add_client.start_over(actor))))


def discard(ack: Ack, actor: Actor, action: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    services.add_client.discard(actor, uuid.UUID(action["value"]))
    ack()
    after(show_home, actor, services, slack)


def submit_page(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = WizardMetadata.of(view)
    page = services.add_client.submit(actor, at.draft, at.step, form.read(view), changing=at.changing)
    ack(response_action="update", view=pages.page(page))


def back(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = WizardMetadata.of(view)
    if at.connecting:
        page = services.add_client.choose_software(actor, at.draft, changing=at.changing)
    elif at.source is not None:
        page = services.add_client.solo.leave_source(actor, at.draft, at.source, form.read(view), changing=at.changing)
    else:
        page = services.add_client.back(actor, at.draft, at.step, form.read(view), changing=at.changing)
    ack()
    after(slack.update, view, pages.page(page))


def choose_invite(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = WizardMetadata.of(view)
    page = services.add_client.keep(actor, at.draft, at.step, form.read(view), changing=at.changing)
    ack()
    after(slack.update, view, pages.page(page))


def leave_for_provider(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = WizardMetadata.of(view)
    services.add_client.left_for_provider(actor, at.draft, view["id"], changing=at.changing)
    ack()


def arrived(consent: Consent, services: Services, slack_of: SlackOf) -> None:
    """The window that waits for a consent moves on; where there is none, a message leads back."""
    arrival = services.add_client.arrived(consent)
    if not _moves_on(arrival, slack_of):
        services.add_client.tell_arrived(arrival)


def _moves_on(arrival: Arrival, slack_of: SlackOf) -> bool:
    if arrival.view_id is None or arrival.page is None:
        return False
    try:
        slack = slack_of(arrival.practice_id)
        return slack is not None and slack.replace(arrival.view_id, pages.page(arrival.page))
    except Exception:  # noqa: BLE001 - the message says the same
        _log.warning("A window could not be moved on after a consent", exc_info=True)
        return False


def check_connection(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = WizardMetadata.of(view)
    page = services.add_client.check_connection(actor, at.draft, changing=at.changing)
    ack()
    after(slack.update, view, pages.page(page))


def connect_another(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = WizardMetadata.of(view)
    page = services.add_client.connect_another(actor, at.draft, changing=at.changing)
    ack()
    after(slack.update, view, pages.page(page))


def choose_organisation(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = WizardMetadata.of(view)
    chosen = form.read(view).get("organisation")
    if not chosen:
        raise InvalidError({"organisation": "Choose one."})
    external_id = str(uuid.uuid4())
    ack(response_action="update", view={**notices.loading(pages.TITLE), "external_id": external_id})

    def build() -> View:
        return pages.page(services.add_client.choose_organisation(actor, at.draft, chosen, changing=at.changing))

    after(slack.fill, external_id, build)


def search_organisations(
    ack: Ack, actor: Actor, view: dict[str, Any], options: dict[str, Any], services: Services
) -> None:
    at = WizardMetadata.of(view)
    found = services.add_client.search_organisations(actor, at.draft, options.get("value") or "")
    ack(**connecting.organisation_options(found))


def go_to(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = WizardMetadata.of(view)
    page = services.add_client.go_to(actor, at.draft, StepName(action["selected_option"]["value"]))
    ack()
    after(slack.update, view, pages.page(page))


def create(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = WizardMetadata.of(view)
    outcome = services.add_client.create(actor, at.draft, revision=at.revision)
    shown = openings.result(outcome) if isinstance(outcome, CreatedClient) else pages.page(outcome)
    ack(response_action="update", view=shown)


def finish_asking(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    services.add_client.finish_asking(actor, WizardMetadata.of(view).draft)
    ack(response_action="update", view=openings.asked())


def search_colleagues(ack: Ack, actor: Actor, options: dict[str, Any], services: Services) -> None:
    ack(
        **pages.colleague_options(
            services.add_client.search_colleagues(actor, options.get("value") or "", managers=False)
        )
    )


def search_managers(ack: Ack, actor: Actor, options: dict[str, Any], services: Services) -> None:
    ack(
        **pages.colleague_options(
            services.add_client.search_colleagues(actor, options.get("value") or "", managers=True)
        )
    )
