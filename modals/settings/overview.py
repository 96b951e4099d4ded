"""The settings on one page: what holds, who can change it, and where."""

from collections.abc import Sequence

from modals import audit, insights, reminders, set_up
from modals import blocks as b
from modals.client_sync import ids as client_sync
from modals.people import ids as people
from modals.settings import ids
from modals.settings.words import CATEGORISATIONS, PAYMENTS, PROGRAMMES
from modals.text import clip, count
from services.accounting.port import NAMES
from services.people import ClientDefaults
from services.practice_settings import Area, Integration, PracticeSettings

TITLE = "Settings"
_PRACTICE_ADMINS = "A Practice Admin"
_ADMINS = "A Practice Admin or Client Admin"


def page(shown: PracticeSettings, *, saved: bool = False) -> b.View:
    # Each area begins with a line; the first one needs none unless something stands above it.
    said = [b.rich([b.emoji("white_check_mark"), b.words(" "), b.bold("Saved")])] if saved else []
    blocks = [*said, *_details(shown)[0 if saved else 1 :]]
    blocks += _subscription(shown)
    blocks += _client_defaults(shown)
    blocks += _reminders(shown)
    blocks += _approvals(shown)
    blocks += _integrations(shown)
    blocks += _elsewhere(shown)
    return b.modal(TITLE, blocks)


def _details(shown: PracticeSettings) -> list[b.Block]:
    details = shown.details
    facts: list[tuple[str, str | Sequence[b.Element]]] = [
        ("Name", details.name),
        ("Region", set_up.REGIONS[details.region]),
        ("Partner programme", PROGRAMMES[details.partner_programme]),
        ("Clientdesk address", [b.code(shown.address), b.words(" (clients with an account invite you by it)")]),
    ]
    return _area(shown, Area.DETAILS, "Practice", b.facts(facts), _PRACTICE_ADMINS, shown.practice_admins)


def _subscription(shown: PracticeSettings) -> list[b.Block]:
    subscription = shown.subscription
    facts = b.facts(
        [
            ("Plan", set_up.PLANS[subscription.plan]),
            ("Client bundle", f"{shown.used:,} of {subscription.bundle:,} client accounts used"),
            ("Add-ons", "Data Health & Insights" if subscription.has_dhi else "None"),
        ]
    )
    if shown.billing_url is None:
        return _area(shown, Area.SUBSCRIPTION, "Subscription", facts, _PRACTICE_ADMINS, shown.practice_admins)
    button = b.link_button("Billing page", ids.BILLING, shown.billing_url)
    return [
        b.divider(),
        _title("Subscription", button),
        facts,
        b.context("The subscription is changed on the billing page."),
    ]


def _client_defaults(shown: PracticeSettings) -> list[b.Block]:
    facts = b.facts(defaults_facts(shown.client_defaults))
    return _area(shown, Area.CLIENT_DEFAULTS, "Client defaults", facts, _ADMINS, shown.admins)


def defaults_facts(defaults: ClientDefaults) -> list[tuple[str, str]]:
    days = defaults.due_date_days
    return [
        ("Payment status", PAYMENTS[defaults.payment_status]),
        ("Due date", f"{count(days, 'day', 'days')} after the invoice" if days else "The day of the invoice"),
        ("Net amounts", "Yes" if defaults.net_amounts else "No"),
        ("Categorisation", CATEGORISATIONS[defaults.categorisation]),
        ("Archive after publishing", "Yes" if defaults.archive_after_publishing else "No"),
        ("Share images", "Yes" if defaults.share_images else "No"),
    ]


def _reminders(shown: PracticeSettings) -> list[b.Block]:
    kept = shown.reminders
    lines = [*reminders.described(kept.practice), [b.bold("For you: "), b.words("On" if kept.mine else "Off")]]
    blocks = [
        b.divider(),
        _title("Reminders of invitations", _edit("Edit reminders", reminders.SETTINGS)),
        b.rich(*lines),
    ]
    return blocks if kept.may_change else [*blocks, _who(_ADMINS, shown.admins, "change it for the whole practice")]


def _approvals(shown: PracticeSettings) -> list[b.Block]:
    if shown.approvals_channel is None:
        where = [b.words("By direct message to each who can decide them")]
    else:
        where = [b.words("In "), b.channel(shown.approvals_channel)]
    facts = b.facts([("Permission requests arrive", where)])
    return _area(shown, Area.APPROVALS, "Approvals", facts, _ADMINS, shown.admins)


def _integrations(shown: PracticeSettings) -> list[b.Block]:
    blocks = [b.divider(), _title("Integrations"), *(b.rich(*_integration(each)) for each in shown.integrations)]
    if any(each.broken for each in shown.integrations):
        blocks.append(b.actions(b.button("Reconnect", client_sync.OPEN), block_id="reconnect"))
    return blocks


def _integration(shown: Integration) -> list[list[b.Element]]:
    name = [b.bold(f"{NAMES[shown.provider]}: ")]
    if not shown.configured:
        state = "not set up. Whoever runs Clientdesk can do it."
    elif shown.sign_ins:
        state = f"{count(shown.sign_ins, 'sign-in', 'sign-ins')}, "
        state += count(shown.connections, "client", "clients")
    else:
        state = "set up"
    lines = [[*name, b.words(state)]]
    if shown.holders:
        held = ", ".join(_holder(each.name, each.connections, ended=each.ended) for each in shown.holders)
        lines.append([b.words(f"{held} and {shown.more:,} more" if shown.more else held)])
    if shown.broken:
        said = count(shown.broken, "connection is broken", "connections are broken")
        lines.append([b.emoji("warning"), b.words(f" {said}.")])
    return lines


def _holder(name: str, connections: int, *, ended: bool) -> str:
    state = f"{connections:,}, sign-in ended" if ended else f"{connections:,}"
    return f"{clip(name, 80)} ({state})"


def _elsewhere(shown: PracticeSettings) -> list[b.Block]:
    buttons = [b.button("Colleagues and teams", people.TEAM)]
    if shown.may_see_audit:
        buttons.append(b.button("Audit trail", audit.OPEN))
    if shown.may_see_insights:
        buttons.append(b.button("Insights", insights.OPEN))
    return [b.divider(), _title("More"), b.actions(*buttons, block_id="elsewhere")]


def _area(
    shown: PracticeSettings, area: Area, title: str, facts: b.Block, changed_by: str, able: Sequence[str]
) -> list[b.Block]:
    if area in shown.may:
        return [b.divider(), _title(title, _edit(f"Edit {title.lower()}", ids.EDIT, area)), facts]
    return [b.divider(), _title(title), facts, _who(changed_by, able, "change this")]


def _title(title: str, button: b.Element | None = None) -> b.Block:
    block = b.markup(f"*{title}*")
    return block if button is None else block | {"accessory": button}


def _edit(label: str, action_id: str, area: Area | None = None) -> b.Element:
    return b.button("Edit", action_id, value=area) | {"accessibility_label": label}


def _who(who: str, able: Sequence[str], to_do: str) -> b.Block:
    asked = [b.words(": "), *b.mentions(able)] if able else []
    return b.rich([b.words(f"{who} can {to_do}"), *asked, b.words(".")])
