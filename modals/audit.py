"""The audit trail: a page of what was found in it, the filter, and the messages about its export."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from db.models import Source
from modals import blocks as b
from modals import form
from modals.form import Metadata
from modals.text import clip, count
from services.audit import words
from services.audit.export import AuditFile
from services.audit.finding import AuditWish, Mark
from services.audit.trail import AuditFilter, AuditLine, AuditPage, Choice
from services.audit.words import Change
from services.errors import InvalidError

OPEN = "audit.open"
EVERYTHING = "audit.everything"
OLDER = "audit.older"
NEWER = "audit.newer"
BACK = "audit.back"
FILTER = "audit.filter"
FIND = "audit.find"
SEARCH_CLIENTS = "audit.search_clients"
SEARCH_PEOPLE = "audit.search_people"
EXPORT = "audit.export"
TITLE = "Audit trail"
FILTER_TITLE = "Filter"
ON_ITS_WAY = "The file is on its way: it comes as a direct message."

_CHANGES = 6
_VALUE = 120
_NAME = 150


class AuditPlace(Metadata):
    """Where in the trail a person is. A button that leads to a place has it as its value; without one, it leads to the
    newest of all entries."""

    wish: AuditWish = AuditWish()
    older_than: Mark | None = None
    newer_than: Mark | None = None

    @classmethod
    def read(cls, value: str | None) -> "AuditPlace":
        """Raises GoneError for what an older version of the app has built."""
        return cls() if value is None else cls.of({"private_metadata": value})


def page(shown: AuditPage, place: AuditPlace, note: str | None = None) -> b.View:
    """`note` is what the button that led here has done."""
    wish = shown.filter.wish
    chosen = described(shown.filter)
    buttons = [b.button("Filter", FILTER)]
    if chosen:
        buttons.append(b.button("Show everything", EVERYTHING))
    if shown.lines:
        buttons.append(b.button("Export as CSV", EXPORT))
    blocks = [
        b.rich([b.bold("Shown: "), b.words(chosen or "everything")]),
        b.actions(*buttons, block_id="top"),
    ]
    if note:
        blocks.append(b.rich([b.emoji("white_check_mark"), b.words(f" {note}")]))
    for line in shown.lines:
        blocks += [b.divider(), b.rich(*entry(line))]
    if not shown.lines:
        blocks.append(b.section("Nothing was found. Change the filter: fewer choices find more."))
    turning = []
    if shown.newer is not None:
        turning.append(b.button("Newer", NEWER, value=AuditPlace(wish=wish, newer_than=shown.newer).dump()))
    if shown.older is not None:
        turning.append(b.button("Older", OLDER, value=AuditPlace(wish=wish, older_than=shown.older).dump()))
    if turning:
        blocks += [b.divider(), b.actions(*turning, block_id="pages")]
    return b.modal(TITLE, blocks, private_metadata=place.dump())


def described(chosen: AuditFilter) -> str:
    """The filter in a line; empty where there is none."""
    wish = chosen.wish
    parts = [
        chosen.client_name and clip(chosen.client_name, _NAME),
        chosen.person_name and f"by {clip(chosen.person_name, _NAME)}",
        wish.what and words.choice(wish.what),
        wish.since and f"from {_day(wish.since)}",
        wish.until and f"to {_day(wish.until)}",
    ]
    return " · ".join(part for part in parts if part)


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


def entry(line: AuditLine) -> list[list[b.Element]]:
    """What was done, by whom, and what it changed: a line each."""
    what = [b.bold(line.what)]
    if line.subject is not None:
        what.append(b.words(f": {clip(line.subject, 2 * _NAME)}"))
    who = [b.moment(line.at), b.words(f" · {clip(line.who, _NAME)} · {line.source}")]
    told = [_change(change) for change in line.changes[:_CHANGES]]
    left_out = len(line.changes) - _CHANGES
    if left_out > 0:
        told.append([b.words(f"and {count(left_out, 'more value', 'more values')}, which the CSV file has")])
    changes = [part for change in told for part in (b.words(" · "), *change)][1:]
    return [what, who, changes]


def _change(change: Change) -> list[b.Element]:
    field, before, after = change.field, change.before, change.after
    if after is None:
        return [b.words(f"{field}: was "), _value(field, before or "")]
    if before is None:
        return [b.words(f"{field}: "), _value(field, after)]
    return [b.words(f"{field}: "), _value(field, before), b.words(" → "), _value(field, after)]


def _value(field: str, value: str) -> b.Element:
    """A channel's id says nothing to people; Slack shows its name."""
    if field == words.APPROVALS_CHANNEL and re.fullmatch("[CG][A-Z0-9]+", value):
        return b.channel(value)
    return b.words(clip(value, _VALUE))


def filter_form(shown: AuditFilter, place: AuditPlace) -> b.View:
    wish = shown.wish
    client = None if shown.client_name is None else b.option(shown.client_name, str(wish.client))
    person = None if shown.person_name is None else b.option(shown.person_name, str(wish.person))
    blocks = [
        b.field("client", "Client", b.search(SEARCH_CLIENTS, client, placeholder="Any client"), optional=True),
        b.field("person", "Done by", b.search(SEARCH_PEOPLE, person, placeholder="Anybody"), optional=True),
        b.field("what", "What was done", _actions(wish.what), optional=True),
        b.field("since", "From", b.day(wish.since), optional=True),
        b.field("until", "To", b.day(wish.until), optional=True, hint="Days are those of your own time zone."),
        b.actions(b.button("Back", BACK, value=place.dump())),
    ]
    return b.modal(FILTER_TITLE, blocks, callback_id=FIND, submit="Show", close="Close", private_metadata=place.dump())


def _actions(chosen: str | None) -> b.Element:
    groups = []
    initial = None
    for key, (title, actions) in words.GROUPS.items():
        options = [b.option(f"{title}: all", key), *(b.option(said, action) for action, said in actions.items())]
        groups.append({"label": b.plain(title, 75), "options": options})
        initial = initial or next((option for option in options if option["value"] == chosen), None)
    element: b.Element = {
        "type": "static_select",
        "action_id": "value",
        "option_groups": groups,
        "placeholder": b.plain("Anything"),
    }
    return element if initial is None else element | {"initial_option": initial}


def read(view: Mapping[str, Any]) -> AuditWish:
    """Raises InvalidError at the field."""
    raw = form.read(view)
    problems: dict[str, str] = {}
    days = {}
    for field in ("since", "until"):
        try:
            days[field] = date.fromisoformat(raw[field]) if raw.get(field) else None
        except (TypeError, ValueError):
            problems[field] = "Choose a day."
    person = raw.get("person")
    try:
        return AuditWish(
            client=raw.get("client"),
            person=Source(person) if person in set(Source) else person,
            what=raw.get("what"),
            **days,
        )
    except ValueError:
        problems.setdefault("client", "Choose from the list.")
    raise InvalidError(problems)


def choices(found: Sequence[Choice]) -> dict[str, Any]:
    return {"options": [b.option(each.text, each.value) for each in found]}


def sent(file: AuditFile) -> b.Message:
    """What stands above the file."""
    chosen = described(file.filter)
    lines = [
        [
            b.words("The audit trail as a CSV file: "),
            b.bold(count(file.rows, "entry", "entries")),
            b.words(", newest first." if file.rows > 1 else "."),
        ],
        [b.words(f"Found by: {chosen}")] if chosen else [],
    ]
    if file.cut_at is not None:
        lines.append(
            [
                b.emoji("warning"),
                b.words(" There are more, which one file does not hold. The oldest in it is of "),
                b.moment(file.cut_at),
                b.words(". For those before, export again with that day as the last one."),
            ]
        )
    return b.message(f"The audit trail as a CSV file: {count(file.rows, 'entry', 'entries')}", [b.rich(*lines)])
