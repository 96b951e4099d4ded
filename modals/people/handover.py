"""Colleagues who leave: the page before, what rests on them, the message to admins, and handing over."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from db.models import Provider
from modals import blocks as b
from modals import form
from modals.client_sync import ids as client_sync
from modals.form import Metadata
from modals.people import handover_ids, ids
from modals.people.metadata import ColleagueMetadata
from modals.people.reports import left_out
from modals.people.words import ROLES
from modals.text import clip, count
from services.accounting.port import NAMES
from services.colleagues.handing_over import CHOSEN, HandedOver, Part, Step
from services.colleagues.holdings import HeldConnections, Holdings, Some
from services.colleagues.leaving import HandOverCard, Leaver, Receiver
from services.errors import InvalidError

REMOVE_TITLE = "Remove a colleague"
TITLE = "Hand over"
_NAME = 150
_TOGETHER = frozenset({Provider.XERO})
"""Where Client Sync moves connections from one sign-in to another."""


class HandOverMetadata(Metadata):
    leaver: uuid.UUID


def held(holdings: Holdings, colleague_id: uuid.UUID, *, gone: bool = False) -> list[b.Block]:
    """What rests on a colleague, for their page. Of those who left it can be handed over."""
    blocks = [_facts(holdings, "Nothing rests on them.") | {"block_id": ids.HOLDINGS}]
    if gone and (buttons := _buttons(holdings, colleague_id)):
        blocks.append(b.actions(*buttons, block_id="hand_over"))
    return blocks


def confirm(shown: Leaver, place: ColleagueMetadata) -> b.View:
    who, holdings = clip(shown.name, _NAME), shown.holdings
    lines = [
        [b.bold("You remove yourself" if shown.is_self else who), b.words(f" · {ROLES[shown.role]}")],
        [
            b.words(
                "Clientdesk does nothing for them any more, from now on. What they have done stays, and so does what "
                "rests on them until it is handed over: each admin gets a message with it."
            )
        ],
        [b.words("Their Slack account stays as it is. They can be added again.")],
    ]
    return b.modal(
        REMOVE_TITLE,
        [
            b.rich(*lines),
            b.divider(),
            _facts(holdings, "Nothing rests on them."),
            b.actions(b.button("Back", ids.OPEN, value=str(shown.colleague_id)), block_id="navigation"),
        ],
        callback_id=handover_ids.REMOVE_NOW,
        submit="Remove",
        close="Cancel",
        private_metadata=place.dump(),
    )


def removed(shown: Leaver, place: ColleagueMetadata) -> b.View:
    said = "You are" if shown.is_self else f"{clip(shown.name, _NAME)} is"
    blocks = [b.rich([b.emoji("white_check_mark"), b.words(f" {said} no longer a colleague in Clientdesk.")])]
    if shown.is_self:
        return b.modal(REMOVE_TITLE, blocks)
    blocks += [
        b.divider(),
        *held(shown.holdings, shown.colleague_id, gone=True),
        b.actions(b.button("All colleagues", ids.BACK), block_id="navigation"),
    ]
    return b.modal(REMOVE_TITLE, blocks, private_metadata=place.dump())


def card(shown: HandOverCard) -> b.Message:
    """To each admin. It is edited when something was handed over."""
    leaver, holdings = shown.leaver, shown.leaver.holdings
    how = f"removed by {clip(shown.left.by, _NAME)}" if shown.left.by else "deactivated in Slack"
    said = f"{clip(leaver.name, _NAME)} has left ({how}). {_summary(holdings, shown.handed_over)}"
    blocks = [
        b.header(f"{clip(leaver.name, 120)} has left"),
        b.rich([b.words(f"{how[0].upper()}{how[1:]}, "), b.moment(shown.left.at), b.words(".")]),
    ]
    if shown.handed_over is not None:
        blocks.append(b.rich(_handed_over(shown.handed_over)))
    nothing = (
        "Nothing rests on them any more." if shown.handed_over else "Nothing rests on them: nothing is to be done."
    )
    blocks.append(_facts(holdings, nothing))
    if buttons := _buttons(holdings, leaver.colleague_id):
        blocks += [b.section(_advice(holdings)), b.actions(*buttons)]
    return b.message(said, blocks)


def hand_over(shown: Leaver, earlier: Step | None) -> b.View:
    """Everything that can be given to somebody else is ticked."""
    holdings, done = shown.holdings, [] if earlier is None else [b.rich(_handed_over(earlier))]
    if not holdings.to_give:
        rest = "Nothing is left that could be given to somebody else."
        if holdings.connections:
            rest += " Connections move when somebody signs in for them: press Reassign to me in the message about it."
        return b.modal(TITLE, [*done, b.section(rest)])
    options = [b.option(text, part, more) for part, text, more in _parts(holdings)]
    return b.modal(
        TITLE,
        [
            b.rich([b.words("What rests on "), b.bold(clip(shown.name, _NAME)), b.words(", who has left.")]),
            *done,
            b.field("to", "Who has it from now on", b.search(handover_ids.SEARCH_RECEIVERS)),
            b.field("parts", "What", b.checkboxes(options, [str(each["value"]) for each in options])),
        ],
        callback_id=handover_ids.HAND_OVER_NOW,
        submit="Hand over",
        close="Cancel",
        private_metadata=HandOverMetadata(leaver=shown.colleague_id).dump(),
    )


def read(view: Mapping[str, Any]) -> tuple[uuid.UUID | None, frozenset[Part]]:
    """Raises InvalidError at `to` and `parts`."""
    raw = form.read(view)
    parts = raw.get("parts") or []
    if not set(parts) <= set(CHOSEN):
        raise InvalidError({"parts": "Choose from the list."})
    try:
        to = uuid.UUID(raw["to"]) if raw.get("to") else None
    except ValueError:
        raise InvalidError({"to": "Choose from the list."}) from None
    return to, frozenset(Part(each) for each in parts)


def options(found: Sequence[Receiver]) -> dict[str, Any]:
    return {"options": [b.option(each.name, str(each.colleague_id), ROLES[each.role]) for each in found]}


def handed_over(done: HandedOver) -> b.View:
    leaver, receiver = clip(done.leaver, _NAME), clip(done.receiver, _NAME)
    if done.moved:
        rows = [(_MOVED[part], _named(some)) for part, some in done.moved.items()]
        said = f" {receiver} has from {leaver}:"
        blocks = [b.rich([b.emoji("white_check_mark"), b.bold(said)]), b.facts(rows)]
    elif done.changed:
        blocks = [b.rich([b.emoji("white_check_mark"), b.words(f" {receiver} could open all of it already.")])]
    else:
        blocks = [b.rich([b.emoji("information_source"), b.words(f" Nothing of {leaver}’s has moved to {receiver}.")])]
    if done.found_nothing:
        blocks.append(b.section("There was nothing left of what you ticked."))
        if done.earlier is not None:
            blocks.append(b.rich(_handed_over(done.earlier)))
    return b.modal(TITLE, [*blocks, *left_out(done.skipped, done.receiver)])


_MOVED = {
    Part.TEAMS: "Place in teams where nobody else is left",
    Part.ACCESS: "Access",
    Part.MANAGED: "Account manager",
    Part.INVITATIONS: "Invitations to hear about",
}


def _handed_over(step: Step) -> list[b.Element]:
    who, to = clip(step.by or "Somebody", _NAME), clip(step.to or "somebody", _NAME)
    return [
        b.emoji("white_check_mark"),
        b.words(" Handed over by "),
        b.bold(who),
        b.words(" to "),
        b.bold(to),
        b.words(", "),
        b.moment(step.at),
        b.words("."),
    ]


def _facts(holdings: Holdings, nothing: str) -> b.Block:
    if holdings.is_empty:
        return b.rich([b.words(nothing)])
    rows = [(f"Connected by {_sign_ins(each)}", _named(each.clients)) for each in holdings.connections]
    if holdings.only_they.count:
        everything = holdings.only_they.count == holdings.granted.count
        only = "All of them" if everything else _named(holdings.only_they)
        rows += [("Access given", _named(holdings.granted)), ("Nobody else but the admins can open", only)]
    elif holdings.granted.count:
        rows.append(("Access given", _named(holdings.granted)))
    rows += [
        (label, _named(some))
        for label, some in (
            ("Only member of", holdings.alone_in),
            ("Account manager of", holdings.managed),
            ("Invitations not accepted yet", holdings.invitations),
        )
        if some.count
    ]
    return b.facts(rows)


def _sign_ins(each: HeldConnections) -> str:
    name = NAMES[each.provider]
    return f"their sign-in at {name}" if each.sign_ins == 1 else f"their {each.sign_ins:,} sign-ins at {name}"


def _named(some: Some) -> str:
    listed = ", ".join(clip(each, 80) for each in some.names)
    return f"{some.count:,} · {listed} and {some.more:,} more" if some.more else f"{some.count:,} · {listed}"


def _summary(holdings: Holdings, earlier: Step | None) -> str:
    if holdings.is_empty:
        return f"Handed over by {earlier.by or 'somebody'}." if earlier else "Nothing rests on them."
    parts = [
        f"{count(each.clients.count, 'connection', 'connections')} at {NAMES[each.provider]}"
        for each in holdings.connections
    ]
    parts += [
        count(some.count, one, many)
        for some, one, many in (
            (holdings.granted, "client given", "clients given"),
            (holdings.managed, "client managed", "clients managed"),
            (holdings.invitations, "invitation", "invitations"),
            (holdings.alone_in, "team", "teams"),
        )
        if some.count
    ]
    return f"What rests on them: {', '.join(parts)}."


def _advice(holdings: Holdings) -> str:
    lines = []
    for each in holdings.connections:
        name = NAMES[each.provider]
        if each.provider in _TOGETHER:
            lines.append(
                f"Reassign to me: sign in at {name} as somebody who sees these organisations, and their connections "
                "rest on your sign-in."
            )
        else:
            lines.append(
                f"Clients at {name} are connected one at a time: open each, and connect it by your own sign-in."
            )
    if holdings.to_give:
        what = "the rest" if lines else "this"
        lines.append(f"Give clients to…: choose the colleague who has {what} from now on.")
    return "\n".join(lines)


def _buttons(holdings: Holdings, leaver_id: uuid.UUID) -> list[b.Element]:
    buttons = []
    if any(each.provider in _TOGETHER for each in holdings.connections):
        buttons.append(b.button("Reassign to me", client_sync.REASSIGN))
    if holdings.to_give:
        buttons.append(b.button("Give clients to…", handover_ids.HAND_OVER, value=str(leaver_id), style="primary"))
    return buttons


def _parts(holdings: Holdings) -> list[tuple[Part, str, str | None]]:
    access, teams = holdings.granted.count, holdings.alone_in.count
    found: list[tuple[Part, str, str | None]] = []
    if access or teams:
        place = f"place in {count(teams, 'team', 'teams')} where nobody else is left" if teams else None
        text = f"Access to {count(access, 'client', 'clients')}" if access else f"The {place}"
        found.append((Part.ACCESS, text, f"And the {place}" if access and place else None))
    if holdings.managed.count:
        found.append((Part.MANAGED, f"Account manager of {count(holdings.managed.count, 'client', 'clients')}", None))
    if holdings.invitations.count:
        text = f"Hear about {count(holdings.invitations.count, 'invitation', 'invitations')} not accepted yet"
        found.append((Part.INVITATIONS, text, "Reminders, and what becomes of them"))
    return found
