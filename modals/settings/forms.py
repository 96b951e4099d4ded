"""A form for each area of the settings, and what it gives."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from db.models import Plan
from modals import blocks as b
from modals import set_up, subscription
from modals.form import Metadata
from modals.settings import ids
from modals.settings.words import CATEGORISATIONS, PAYMENTS, PROGRAMMES
from modals.text import clip, count
from services.errors import InvalidError
from services.people import LONGEST_DUE_DATE, ClientDefaults
from services.practice_settings import Area, Details, PracticeSettings, Subscription, version_of

_DIRECT = "direct"
_CHANNEL = "channel"
_ON = "on"
_Values = TypeVar("_Values", bound=BaseModel)


class SettingsMetadata(Metadata):
    """`version` is of the values that the form was filled with."""

    version: str


def page(area: Area, shown: PracticeSettings) -> b.View:
    match area:
        case Area.DETAILS:
            return details(shown)
        case Area.SUBSCRIPTION:
            return subscribed(shown)
        case Area.CLIENT_DEFAULTS:
            return client_defaults(shown)
        case Area.APPROVALS:
            return approvals(shown.approvals_channel)


def details(shown: PracticeSettings) -> b.View:
    now = shown.details
    blocks = [
        b.field("name", "Practice's name", b.text_input(clip(now.name, 100)), hint="Clients read it in invitations."),
        b.field(
            "region",
            "Region",
            b.select([b.option(text, value) for value, text in set_up.REGIONS.items()], now.region),
            hint="A change of region changes the steps of Add client and the country of mobile numbers that are typed "
            "without one. Clients that are there stay as they are.",
        ),
        b.field(
            "partner_programme",
            "Partner programme",
            b.select([b.option(text, value) for value, text in PROGRAMMES.items()], now.partner_programme),
        ),
    ]
    return _form("Practice", blocks, ids.SAVE_DETAILS, now)


def read_details(raw: Mapping[str, Any]) -> Details:
    """Raises InvalidError at the fields."""
    given = {"region": raw.get("region"), "partner_programme": raw.get("partner_programme")}
    return _valid(Details, {"name": str(raw.get("name") or ""), **given}, {})


def subscribed(shown: PracticeSettings) -> b.View:
    now = shown.subscription
    used = count(shown.used, "client account is", "client accounts are")
    blocks = [
        b.field("plan", "Plan", b.radios(set_up.PLAN_OPTIONS, now.plan), hint=_leaving(shown)),
        b.field(
            "bundle",
            "Client bundle",
            b.text_input(str(now.bundle)),
            hint=f"How many client accounts your subscription includes. {used} in use; it can't be less than that.",
        ),
        b.field(
            "add_ons",
            "Add-ons",
            b.checkboxes(set_up.ADD_ON_OPTIONS, [set_up.DHI] if now.has_dhi else []),
            optional=True,
            hint="Without it, new clients can't be given it; clients that have it keep it.",
        ),
    ]
    return _form("Subscription", blocks, ids.SAVE_SUBSCRIPTION, now)


def _leaving(shown: PracticeSettings) -> str | None:
    """What going from Advanced to Essentials means, where there is something to lose."""
    parts = []
    if shown.teams:
        parts.append(count(shown.teams, "team", "teams"))
    if shown.managed:
        parts.append(count(shown.managed, "client's account manager", "clients' account managers"))
    if shown.subscription.plan is not Plan.ADVANCED or not parts:
        return None
    kept = " and ".join(parts)
    return f"On Essentials, {kept} can't be changed any more. Nobody loses access: what a team sees, it still sees."


def read_subscription(raw: Mapping[str, Any]) -> Subscription:
    """Raises InvalidError at the fields."""
    problems: dict[str, str] = {}
    bundle = 0
    try:
        bundle = subscription.read_bundle(dict(raw))
    except InvalidError as invalid:
        problems = dict(invalid.fields)
    has_dhi = set_up.DHI in (raw.get("add_ons") or ())
    return _valid(Subscription, {"plan": raw.get("plan"), "bundle": bundle, "has_dhi": has_dhi}, problems)


def client_defaults(shown: PracticeSettings) -> b.View:
    now = shown.client_defaults
    blocks = [
        b.section("These apply to client accounts created afterwards. Clients that are there stay as they are."),
        b.field(
            "payment_status",
            "Payment status",
            b.radios([b.option(text, value) for value, text in PAYMENTS.items()], now.payment_status),
        ),
        b.field(
            "due_date_days",
            "Due date",
            b.text_input(str(now.due_date_days)),
            hint=f"Days after the invoice, from 0 to {LONGEST_DUE_DATE}.",
        ),
        b.field(
            "categorisation",
            "Categorisation",
            b.radios([b.option(text, value) for value, text in CATEGORISATIONS.items()], now.categorisation),
        ),
        b.field(
            "more",
            "More",
            b.checkboxes(
                [
                    b.option("Net amounts", "net_amounts", "Amounts are without tax"),
                    b.option("Archive after publishing", "archive_after_publishing"),
                    b.option("Share images", "share_images"),
                ],
                [name for name in ("net_amounts", "archive_after_publishing", "share_images") if getattr(now, name)],
            ),
            optional=True,
        ),
    ]
    return _form("Client defaults", blocks, ids.SAVE_CLIENT_DEFAULTS, now)


def read_client_defaults(raw: Mapping[str, Any]) -> ClientDefaults:
    """Raises InvalidError at the fields."""
    days = str(raw.get("due_date_days") or "").strip()
    is_number = days.isascii() and days.isdigit() and len(days) <= 4
    problems = {} if is_number else {"due_date_days": f"Enter a whole number from 0 to {LONGEST_DUE_DATE}."}
    more = raw.get("more") or ()
    given = {
        "payment_status": raw.get("payment_status"),
        "due_date_days": int(days) if is_number else 0,
        "categorisation": raw.get("categorisation"),
        "net_amounts": "net_amounts" in more,
        "archive_after_publishing": "archive_after_publishing" in more,
        "share_images": "share_images" in more,
    }
    return _valid(ClientDefaults, given, problems)


def approvals(channel: str | None, *, problem: str | None = None) -> b.View:
    """`problem` is why the channel can't be it."""
    blocks: list[b.Block] = []
    if problem is not None:
        blocks.append(b.rich([b.emoji("warning"), b.words(f" {problem}")]))
    blocks += [
        b.field(
            "where",
            "Permission requests arrive",
            b.radios(
                [
                    b.option("By direct message", _DIRECT, "To each who can decide them"),
                    b.option("In a channel", _CHANNEL, "Everybody there reads them; admins decide"),
                ],
                _DIRECT if channel is None else _CHANNEL,
            ),
        ),
        b.field(
            "channel",
            "Channel",
            b.own_channel(channel),
            optional=True,
            hint="Clientdesk has to be in it: write /invite @Clientdesk there first. It writes there once to try. "
            "Channels shared with other companies can't be chosen.",
        ),
    ]
    return _modal("Approvals", blocks, ids.SAVE_APPROVALS)


def read_approvals(raw: Mapping[str, Any]) -> str | None:
    """The channel, or None for direct messages. Raises InvalidError at the fields."""
    if raw.get("where") == _DIRECT:
        return None
    if not raw.get("channel"):
        raise InvalidError({"channel": "Choose a channel, or direct messages above."})
    return str(raw["channel"])


def trying(external_id: str) -> b.View:
    """While the app writes in the channel for the first time."""
    return b.modal("Approvals", [b.section("Trying the channel…")]) | {"external_id": external_id}


def refused(code: str) -> str:
    """Why Slack did not take the message in the channel, and what to do."""
    match code:
        case "not_in_channel" | "channel_not_found":
            return "Clientdesk is not in this channel. Write /invite @Clientdesk there, then save again."
        case "is_archived":
            return "This channel is archived. Choose another one."
        case _:
            return f"Slack does not let Clientdesk write in this channel ({code}). Choose another one."


def first_message() -> b.Message:
    said = "Permission requests arrive here from now on. A Practice Admin or Client Admin decides them."
    return b.message(said, [b.section(said)])


def _form(title: str, blocks: list[b.Block], callback_id: str, values: BaseModel) -> b.View:
    return _modal(title, blocks, callback_id, SettingsMetadata(version=version_of(values)).dump())


def _modal(title: str, blocks: list[b.Block], callback_id: str, private_metadata: str | None = None) -> b.View:
    back = b.actions(b.button("Back", ids.OPEN), block_id="navigation")
    return b.modal(
        title,
        [*blocks, back],
        callback_id=callback_id,
        submit="Save",
        close="Cancel",
        private_metadata=private_metadata,
    )


def _valid(kind: type[_Values], given: Mapping[str, Any], problems: Mapping[str, str]) -> _Values:
    found = dict(problems)
    try:
        values = kind.model_validate(given)
    except ValidationError as invalid:
        found |= {str(e["loc"][0]): "Choose from the list." for e in invalid.errors()}
    if found:
        raise InvalidError(found)
    return values
