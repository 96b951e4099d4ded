"""Setting up a practice at first contact."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from db.models import Plan, Region
from modals import blocks as b
from modals import subscription
from modals.add_client import ids as add_client
from modals.text import clip
from services.errors import InvalidError
from services.practice import SetUp

OPEN = "set_up.open"
SUBMIT = "set_up.submit"
TITLE = "Set up Clientdesk"

REGIONS = {
    Region.UNITED_KINGDOM: "United Kingdom",
    Region.UNITED_STATES: "United States",
    Region.CANADA: "Canada",
    Region.IRELAND: "Ireland",
    Region.AUSTRALIA: "Australia",
    Region.NEW_ZEALAND: "New Zealand",
    Region.SOUTH_AFRICA: "South Africa",
    Region.OTHER: "Another country",
}
PLANS = {Plan.ESSENTIALS: "Essentials", Plan.ADVANCED: "Advanced"}
PLAN_OPTIONS = (
    b.option(PLANS[Plan.ESSENTIALS], Plan.ESSENTIALS),
    b.option(PLANS[Plan.ADVANCED], Plan.ADVANCED, "With Teams and Account managers"),
)
DHI = "dhi"
ADD_ON_OPTIONS = (b.option("Data Health & Insights", DHI),)


def form(practice_name: str) -> b.View:
    return b.modal(
        TITLE,
        [
            b.section("This takes a minute and is done once. You become the first Practice Admin."),
            b.field("name", "Practice's name", b.text_input(clip(practice_name, 100))),
            b.field("region", "Region", b.select([b.option(text, value) for value, text in REGIONS.items()])),
            b.field("plan", "Plan", b.radios(PLAN_OPTIONS, Plan.ESSENTIALS)),
            b.field(
                "bundle",
                "Client bundle",
                b.text_input(placeholder="50"),
                hint="How many client accounts your subscription includes.",
            ),
            b.field("add_ons", "Add-ons", b.checkboxes(ADD_ON_OPTIONS), optional=True),
        ],
        callback_id=SUBMIT,
        submit="Set up",
    )


def read(raw: dict[str, Any]) -> SetUp:
    """Raises InvalidError at the fields."""
    problems: dict[str, str] = {}
    bundle = 0
    try:
        bundle = subscription.read_bundle(raw)
    except InvalidError as invalid:
        problems |= invalid.fields
    wanted = {"region": "Choose the practice's region.", "plan": "Choose the plan."}
    problems |= {name: words for name, words in wanted.items() if raw.get(name) is None}
    if problems:
        raise InvalidError(problems)
    try:
        return SetUp(
            name=str(raw.get("name") or ""),
            region=raw["region"],
            plan=raw["plan"],
            bundle=bundle,
            has_dhi=DHI in (raw.get("add_ons") or ()),
        )
    except ValidationError as invalid:
        raise InvalidError({str(e["loc"][0]): "Choose again." for e in invalid.errors()}) from None


def done() -> b.View:
    return b.modal(
        TITLE,
        [
            b.rich([b.emoji("white_check_mark"), b.words(" Clientdesk is ready, and you are its Practice Admin.")]),
            b.actions(b.button("Add a client", add_client.OPEN, style="primary")),
        ],
    )


def not_yours(able: Sequence[str]) -> b.View:
    """For somebody who can't set the practice up: who can."""
    parts = [b.words("Clientdesk is not set up here yet. An owner or admin of this Slack workspace can do it")]
    if able:
        parts += [b.words(": "), *b.mentions(able)]
    return b.modal(TITLE, [b.rich([*parts, b.words(". Ask them to type /add-client.")])])
