"""Adding people of the Slack workspace as colleagues."""

from collections.abc import Mapping
from typing import Any

from db.models import Role
from modals import blocks as b
from modals import form
from modals.people import ids
from modals.people.colleague import fields
from modals.people.words import ROLES, permissions
from modals.text import clip, count
from services.colleagues.records import Added, AddForm
from services.colleagues.rights import Rights
from services.colleagues.service import MOST_AT_ONCE
from services.errors import InvalidError

TITLE = "Add colleagues"


def add_form(shown: AddForm) -> b.View:
    chosen = [shown.again] if shown.again else []
    people = b.field(
        "people",
        "People",
        b.people(chosen, most=MOST_AT_ONCE),
        hint=f"Members of this Slack workspace, at most {MOST_AT_ONCE} at once. Each gets a message from Clientdesk.",
    )
    return b.modal(
        TITLE,
        [
            people,
            *fields(shown.roles, Rights(role=Role.STANDARD)),
            b.actions(b.button("Back", ids.TEAM), block_id="navigation"),
        ],
        callback_id=ids.ADD_SUBMIT,
        submit="Add",
        close="Cancel",
    )


def read_people(view: Mapping[str, Any]) -> tuple[str, ...]:
    """Slack ids, each once. Raises InvalidError at `people`."""
    chosen = tuple(dict.fromkeys(str(each) for each in form.read(view).get("people") or ()))
    if not 1 <= len(chosen) <= MOST_AT_ONCE:
        raise InvalidError({"people": f"Choose people to add, at most {MOST_AT_ONCE} at once."})
    return chosen


def added(done: Added) -> b.View:
    blocks = list[b.Block]()
    if done.added:
        said = f" {count(len(done.added), 'colleague was', 'colleagues were')} added: "
        blocks.append(b.rich([b.emoji("white_check_mark"), b.words(said), *_names(done.added)]))
    if done.back:
        verb = "is" if len(done.back) == 1 else "are"
        blocks.append(
            b.rich(
                [b.emoji("white_check_mark"), b.words(" "), *_names(done.back), b.words(f" {verb} back.")],
                [b.words("Clients and teams that nobody has taken over from them are theirs again.")],
            )
        )
    if done.added or done.back:
        role = ROLES[done.rights.role]
        blocks.append(b.facts([("Role", role), ("Permissions", permissions(done.rights))]))
    if done.refused:
        lines = [[b.words(f"• {clip(each, 300)}")] for each in done.refused]
        blocks.append(b.rich([b.emoji("warning"), b.bold(" Not added:")], *lines))
    blocks.append(b.actions(b.button("All colleagues", ids.TEAM), b.button("Add more", ids.ADD), block_id="navigation"))
    return b.modal(TITLE, blocks)


def _names(listed: tuple[str, ...]) -> list[b.Element]:
    parts = list[b.Element]()
    for name in listed:
        parts += [b.bold(clip(name, 150)), b.words(", ")]
    return parts[:-1]
