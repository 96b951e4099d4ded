"""The list of organisations within reach, a page at a time, and what is chosen of them."""

import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from db.models import Choice, Solutions, Standing, SyncAction
from modals import blocks as b
from modals import form
from modals.add_client.pages import SOLUTIONS
from modals.client_sync import ids
from modals.client_sync.opening import TITLE
from modals.text import clip, count
from services.accounting.port import NAMES
from services.client_sync.records import PAGE, Chooser, Filter, Line, Wish

_BOXES = 10
"""As many as Slack allows in a group of checkboxes."""
_NO_TEAM = "none"
_TEAMS = 99
_LONGEST_QUERY = 100
_LONGEST_MATCH = 36
_FIELD = "organisations"
_STANDINGS = {
    Standing.NEW: ("new", "new"),
    Standing.SAME_NAME: ("with the name of a client that is not connected",) * 2,
    Standing.OVER_BUNDLE: ("over your bundle", "over your bundle"),
    Standing.DEMO: ("demo company", "demo companies"),
    Standing.ALREADY: ("already connected to a client", "already connected to clients"),
}
_FILTERS = {
    Filter.NEW: ("New", Standing.NEW),
    Filter.SAME_NAME: ("Same name as a client", Standing.SAME_NAME),
    Filter.OVER_BUNDLE: ("Over the bundle", Standing.OVER_BUNDLE),
    Filter.DEMO: ("Demo company", Standing.DEMO),
    Filter.ALREADY: ("Already a client", Standing.ALREADY),
}


class ChooserMetadata(form.Metadata):
    """`shown` are the items that the page asks about. `revision` counts the pages that the window has shown: Slack
    keeps what is entered in a block whose id stays."""

    run: uuid.UUID
    page: int
    filter: Filter
    query: str
    shown: tuple[uuid.UUID, ...]
    revision: int

    @property
    def wish(self) -> Wish:
        return Wish(page=self.page, filter=self.filter, query=self.query)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What is ticked on the page, and chosen for all."""

    choices: Mapping[uuid.UUID, Choice]
    team_id: uuid.UUID | None
    solutions: Solutions | None


def page(shown: Chooser, *, revision: int = 0) -> b.View:
    if shown.total == 0:
        return _nothing(shown)
    name, suffix = NAMES[shown.provider], f"{shown.run_id.hex[-8:]}-{revision}"
    adding = shown.action is SyncAction.ADD
    asks = shown.wish.filter is not Filter.ALREADY
    blocks = [b.rich(*_summary(shown)), _search(shown), _filters(shown, suffix)]
    if not shown.lines:
        blocks.append(b.section(_none(shown)))
    elif not asks:
        blocks.append(b.rich(*(_named(line) for line in shown.lines)))
    elif shown.wish.filter is Filter.SAME_NAME:
        blocks += _one_by_one(shown.lines, suffix)
    else:
        blocks += _tick_boxes(shown, suffix)
        if any(line.standing is Standing.SAME_NAME for line in shown.lines):
            blocks.append(b.context(f"To create a client instead of linking, list “{_FILTERS[Filter.SAME_NAME][0]}”."))
    if turning := _turning(shown):
        blocks.append(b.actions(*turning))
    if shown.team_choices and _able(shown):
        blocks.append(_team(shown))
    if shown.solutions is not None and _able(shown):
        options = [b.option(text, value) for value, text in SOLUTIONS.items()]
        blocks.append(b.field("solutions", "Solutions of those that are created", b.radios(options, shown.solutions)))
    blocks += _another(shown, name)
    metadata = ChooserMetadata(
        run=shown.run_id,
        page=shown.wish.page,
        filter=shown.wish.filter,
        query=shown.wish.query[:_LONGEST_QUERY],
        shown=tuple(line.item_id for line in shown.lines) if asks else (),
        revision=revision,
    )
    view = b.modal(
        TITLE,
        blocks,
        callback_id=ids.START if adding else ids.CONFIRM_REASSIGN,
        submit="Create accounts" if adding else "Reassign…",
        private_metadata=metadata.dump(),
    )
    return view | {"external_id": shown.external_id}


def read(view: Mapping[str, Any]) -> Entered:
    """What the page was left with. An item that it shows and that is not ticked is left out."""
    values = form.read(view)
    choices = dict.fromkeys(ChooserMetadata.of(view).shown, Choice.LEAVE)
    for field, value in values.items():
        if field.partition("-")[0] == _FIELD:
            for each in value if isinstance(value, list) else [value]:
                if each is not None:
                    choice, _, item_id = each.partition(":")
                    choices[uuid.UUID(item_id)] = Choice(choice)
    team, solutions = values.get("team"), values.get("solutions")
    return Entered(
        choices=choices,
        team_id=None if team in {None, _NO_TEAM} else uuid.UUID(team),
        solutions=None if solutions is None else Solutions(solutions),
    )


def query(view: Mapping[str, Any]) -> str:
    """What was typed to search for."""
    return (form.read(view).get("query") or "").strip()[:_LONGEST_QUERY]


def _nothing(shown: Chooser) -> b.View:
    name = NAMES[shown.provider]
    if shown.action is SyncAction.ADD:
        said = f"Your sign-in at {name} reaches no organisation. Sign in there as somebody who can see your clients'."
    else:
        said = (
            f"Your sign-in at {name} reaches no connection that rests on a colleague's sign-in: there is nothing to "
            "take over. Sign in there as somebody who can see the organisations in question."
        )
    view = b.modal(TITLE, [b.section(said), b.actions(b.link_button(f"Sign in at {name}", ids.LEAVE, shown.start_url))])
    return view | {"external_id": shown.external_id}


def _summary(shown: Chooser) -> Iterator[list[b.Element]]:
    name = NAMES[shown.provider]
    if shown.action is SyncAction.REASSIGN:
        yield [
            b.bold(f"Your sign-in at {name} reaches {count(shown.total, 'connection', 'connections')} of colleagues."),
            b.words(f" {shown.taking:,} chosen."),
        ]
        return
    parts = [count(shown.counts[each], *words) for each, words in _STANDINGS.items() if shown.counts.get(each)]
    yield [
        b.bold(f"{count(shown.total, 'organisation', 'organisations')} at {name}: "),
        b.words(f"{' · '.join(parts)}."),
    ]
    chosen = shown.creating + shown.linking
    yield [
        b.bold(f"{chosen:,} chosen: "),
        b.words(
            f"{shown.creating:,} to create, {shown.linking:,} to link. "
            f"Your bundle has room for {count(shown.places, 'more client', 'more clients')}."
        ),
    ]
    if shown.creating > shown.places:
        able = "Raise the bundle" if shown.may_raise_bundle else "Ask a Practice Admin to raise it"
        over = shown.creating - shown.places
        verb = "finds" if over == 1 else "find"
        yield [
            b.emoji("warning"),
            b.words(f" {over:,} of them {verb} no room in your bundle. {able}, or choose fewer."),
        ]


def _search(shown: Chooser) -> b.Block:
    typing = b.text_input(shown.wish.query, placeholder="Part of a name") | {
        "action_id": ids.SEARCH,
        "max_length": _LONGEST_QUERY,
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    # Another id only once something else is searched for: what is being typed stays while pages are turned.
    block_id = f"query.{zlib.crc32(shown.wish.query.encode()):x}"
    return b.field(block_id, "Search, then press Enter", typing, optional=True, acts=True)


def _filters(shown: Chooser, suffix: str) -> b.Block:
    if shown.action is SyncAction.REASSIGN:
        options = [b.option("All", Filter.OPEN), b.option(f"Chosen ({shown.taking:,})", Filter.CHOSEN)]
    else:
        options = [
            b.option(f"All that can be added ({_able(shown):,})", Filter.OPEN),
            b.option(f"Chosen ({shown.creating + shown.linking:,})", Filter.CHOSEN),
        ]
        for each, (label, standing) in _FILTERS.items():
            number = shown.counts.get(standing, 0)
            if number or shown.wish.filter is each:
                options.append(b.option(f"{label} ({number:,})", each))
    listed = b.select(options, shown.wish.filter) | {"action_id": ids.FILTER}
    if shown.wish.filter is Filter.ALREADY or not shown.found:
        return b.actions(listed, block_id=f"list.{suffix}")
    all_of_them = f"Select all {shown.found:,}" if shown.found > 1 else "Select all"
    return b.actions(
        listed,
        b.button(all_of_them, ids.SELECT_ALL),
        b.button("Select none", ids.SELECT_NONE),
        block_id=f"list.{suffix}",
    )


def _able(shown: Chooser) -> int:
    return shown.total - shown.counts.get(Standing.ALREADY, 0)


def _none(shown: Chooser) -> str:
    if shown.wish.query:
        return "Nothing here fits. Empty the search and press Enter, or list something else."
    if not _able(shown):
        return "All of them are clients already. Connect another organisation, or list those that are."
    return "There is none of these. List something else."


def _tick_boxes(shown: Chooser, suffix: str) -> Iterator[b.Block]:
    """Of a page for Reassign, those of one holder together: a person can be mentioned beside a list, not in it."""
    first = shown.wish.page * PAGE + 1
    number = 0
    for holder, held in groupby(shown.lines, key=lambda line: line.holder):
        lines = list(held)
        if shown.action is SyncAction.REASSIGN and holder is not None:
            yield b.rich([b.words("Held by "), b.mention(holder)])
        for start in range(0, len(lines), _BOXES):
            group = lines[start : start + _BOXES]
            options = [_option(shown.action, line) for line in group]
            ticked = [
                option["value"] for option, line in zip(options, group, strict=True) if line.choice is not Choice.LEAVE
            ]
            last = first + len(group) - 1
            label = f"{first:,} of {shown.found:,}" if first == last else f"{first:,} to {last:,} of {shown.found:,}"
            yield b.field(f"{_field(number)}.{suffix}", label, b.checkboxes(options, ticked), optional=True)
            number, first = number + 1, last + 1


def _option(action: SyncAction, line: Line) -> b.Element:
    if action is SyncAction.REASSIGN:
        return b.option(line.match or line.name, _value(Choice.TAKE, line))
    choice = line.choice
    if choice is Choice.LEAVE:
        choice = Choice.LINK if line.standing is Standing.SAME_NAME else Choice.CREATE
    return b.option(line.name, _value(choice, line), _standing(line, choice))


def _standing(line: Line, choice: Choice) -> str | None:
    match line.standing:
        case Standing.SAME_NAME if choice is Choice.LINK:
            return f"Same name as your client {_match(line)}: will be linked"
        case Standing.SAME_NAME:
            return f"Same name as {_match(line)}: another is created"
        case Standing.DEMO:
            return "A demo company"
        case Standing.OVER_BUNDLE:
            return "More than your bundle has room for"
        case _:
            return None


def _one_by_one(lines: Sequence[Line], suffix: str) -> Iterator[b.Block]:
    for number, line in enumerate(lines):
        options = [
            b.option(f"Link it to your client {_match(line)}", _value(Choice.LINK, line)),
            b.option("Create another client", _value(Choice.CREATE, line)),
            b.option("Leave it out", _value(Choice.LEAVE, line)),
        ]
        yield b.field(f"{_field(number)}.{suffix}", clip(line.name, 200), b.select(options, _value(line.choice, line)))


def _named(line: Line) -> list[b.Element]:
    parts = [b.words("• "), b.bold(clip(line.name, 200))]
    return [*parts, b.words(f" · {clip(line.match, 200)}")] if line.match else parts


def _turning(shown: Chooser) -> list[b.Element]:
    at, found = shown.wish.page, []
    if at > 0:
        found.append(b.button("Previous", ids.PREVIOUS, value=str(at - 1)))
    if at + 1 < shown.pages:
        found.append(b.button(f"Next (page {at + 2:,} of {shown.pages:,})", ids.NEXT, value=str(at + 1)))
    return found


def _team(shown: Chooser) -> b.Block:
    options = [b.option("No team", _NO_TEAM), *(b.option(t.name, str(t.id)) for t in shown.team_choices[:_TEAMS])]
    chosen = _NO_TEAM if shown.team_id is None else str(shown.team_id)
    return b.field("team", "Team that gets access to those that are created", b.select(options, chosen), optional=True)


def _another(shown: Chooser, name: str) -> list[b.Block]:
    bulk = f" {name} lets you tick several at once there." if shown.bulk else ""
    return [
        b.actions(b.link_button("Connect another organisation", ids.CONNECT_ANOTHER, shown.start_url)),
        b.context(f"Not here? Sign in at {name} and connect it.{bulk} This window moves on by itself."),
    ]


def _field(number: int) -> str:
    """The first has the name by which the list is refused."""
    return f"{_FIELD}-{number}" if number else _FIELD


def _value(choice: Choice, line: Line) -> str:
    return f"{choice}:{line.item_id}"


def _match(line: Line) -> str:
    return clip(line.match or line.name, _LONGEST_MATCH)
