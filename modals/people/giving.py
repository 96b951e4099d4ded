"""Giving many clients at once to a colleague or a team: the form, and what came of it."""

import uuid
from collections.abc import Mapping
from typing import Any

from modals import blocks as b
from modals import form
from modals.people import handover_ids, ids
from modals.people.metadata import ColleagueMetadata, TeamMetadata
from modals.people.reports import left_out, named
from modals.people.words import note
from modals.text import clip, count
from services.colleagues.access import LISTED, Giving, GivingForm, GivingReport, Grantee
from services.colleagues.choosing import PASTED_LENGTH, Chosen
from services.errors import InvalidError

TITLE = "Give clients"
At = ColleagueMetadata | TeamMetadata
"""The page that the form was opened from, which Back leads to."""

_TEAM = "team:"
_NAME = 150
_OFFERED = {
    Giving.ACCESS: ("Give access", "They can open these clients, and do everything in them"),
    Giving.MANAGER: ("Make account manager", "In place of whoever it is now. Includes access"),
    Giving.TAKE_BACK: ("Take back", "Access that was given to them, and the part of account manager"),
}
_OFFERED_TO_TEAM = {
    Giving.ACCESS: ("Give access", "Everybody in the team can open these clients"),
    Giving.TAKE_BACK: ("Take back", "The team can't open these clients any more"),
}


def team_button(team_id: uuid.UUID) -> b.Element:
    """For a team's page; a colleague's has one with the colleague's id."""
    return b.button("Give clients…", ids.GIVE, value=f"{_TEAM}{team_id}")


def read_grantee(value: str) -> Grantee:
    """Whom a button is about."""
    return Grantee(uuid.UUID(value.removeprefix(_TEAM)), is_team=value.startswith(_TEAM))


def at(view: Mapping[str, Any], grantee: Grantee) -> At:
    return TeamMetadata.of(view) if grantee.is_team else ColleagueMetadata.of(view)


def grantee_of(view: Mapping[str, Any]) -> tuple[Grantee, At]:
    """Whom a form is about, and where Back leads."""
    if view.get("private_metadata") and '"team"' in view["private_metadata"]:
        team = TeamMetadata.of(view)
        if team.team is not None:
            return Grantee(team.team, is_team=True), team
    colleague = ColleagueMetadata.of(view)
    return Grantee(colleague.colleague), colleague


def page(shown: GivingForm, place: At, fresh: str = "") -> b.View:
    """`fresh` differs each time that it is opened: Slack would keep what was typed the last time."""
    who, back = clip(shown.name, _NAME), b.actions(_back(shown.grantee), block_id="navigation")
    if not shown.offered:
        said = f"{who} can open every client, as every Practice Admin and Client Admin can. There is nothing to give."
        return b.modal(TITLE, [b.section(said), back], private_metadata=place.dump())
    words = _OFFERED_TO_TEAM if shown.grantee.is_team else _OFFERED
    offered = [b.option(words[each][0], each, words[each][1]) for each in shown.offered]
    chosen = b.multi_search(handover_ids.SEARCH_CLIENTS, placeholder="Type a part of a name or code")
    pasted = b.text_input(multiline=True, placeholder="Acme Ltd\nBEE-01") | {"max_length": PASTED_LENGTH}
    blocks = [b.rich([b.words("For the team " if shown.grantee.is_team else "For "), b.bold(who)])]
    if shown.sees_all:
        blocks.append(b.context("An admin: every client is open to them anyway."))
    blocks += [
        b.field(f"giving.{fresh}", "What to do", b.radios(offered, shown.offered[0])),
        b.field(f"clients.{fresh}", "Clients", chosen | {"max_selected_items": LISTED}, optional=True),
        b.field(
            f"pasted.{fresh}",
            "Or paste names or practice codes",
            pasted,
            optional=True,
            hint="One a line. You are told which of them could not be found.",
        ),
        back,
    ]
    return b.modal(
        TITLE,
        blocks,
        callback_id=handover_ids.GIVE_NOW,
        submit="Go on",
        close="Cancel",
        private_metadata=place.dump(),
    )


def read(view: Mapping[str, Any]) -> tuple[Giving, Chosen]:
    """Raises InvalidError at `giving` and `clients`."""
    raw = form.read(view)
    giving = str(raw.get("giving"))
    if giving not in set(Giving):
        raise InvalidError({"giving": "Choose one."})
    try:
        clients = tuple(uuid.UUID(each) for each in dict.fromkeys(raw.get("clients") or ()))
    except ValueError:
        raise InvalidError({"clients": "Choose from the list."}) from None
    return Giving(giving), Chosen(clients=clients, pasted=raw.get("pasted") or "")


def report(done: GivingReport, place: At) -> b.View:
    number, who = len(done.done), clip(done.name, _NAME)
    if not number:
        blocks = [b.rich([b.emoji("information_source"), b.words(" Nothing has changed.")])]
    else:
        blocks = note(_done(done.giving, who, number)) + named(done.done)
    blocks += left_out(done.skipped, done.name)
    blocks.append(b.actions(_back(done.grantee), block_id="navigation"))
    return b.modal(TITLE, blocks, private_metadata=place.dump())


def _done(giving: Giving, who: str, number: int) -> str:
    clients = count(number, "client", "clients")
    match giving:
        case Giving.ACCESS:
            return f"{who} can open {clients} more."
        case Giving.MANAGER:
            return f"{who} is account manager of {clients} more."
        case Giving.TAKE_BACK:
            return f"{who} can’t open {clients} any more."


def _back(grantee: Grantee) -> b.Element:
    opened = ids.TEAM_OPEN if grantee.is_team else ids.OPEN
    return b.button("Back", opened, value=str(grantee.id))
