"""The list of clients, with its search and its filter."""

from collections.abc import Mapping
from typing import Any

from db.models import ClientKind
from modals import blocks as b
from modals import form
from modals.add_client import ids as add_client
from modals.clients import ids
from modals.clients.metadata import ListMetadata
from modals.clients.words import INVITED, KINDS, LINKED, STATES, WHOSE
from modals.home import STATUSES
from modals.text import clip, count
from services.accounting.connections import ConnectionState
from services.accounting.port import NAMES
from services.clients.search import QUERY_LENGTH, ClientLine, ClientPage, Invited, Linked, Whose, Wish
from services.errors import InvalidError

TITLE = "Clients"
FILTER_TITLE = "Filter"
EXPORTED = "The file is on its way: it comes in your messages with Clientdesk."
_LONGEST = 200
_ACTIVE = {"active": True, "deactivated": False, "all": None}
_ACTIVE_WORDS = {"active": "Active", "deactivated": "Deactivated", "all": "Active and deactivated"}


def listing(shown: ClientPage, note: str | None = None) -> b.View:
    """`note` is what the button that was pressed has done."""
    at = ListMetadata.at(shown.wish)
    blocks = [_search(shown)] if shown.total else []
    if note:
        blocks.append(b.rich([b.emoji("white_check_mark"), b.words(f" {note}")]))
    if shown.total:
        blocks.append(_buttons(shown, at))
    blocks.append(b.section(_count(shown)) if shown.found else _nothing(shown))
    blocks += [
        b.section(_line(line), accessory=b.button("Open", ids.OPEN, value=str(line.client_id))) for line in shown.lines
    ]
    turning = _turning(shown)
    if turning:
        blocks.append(b.actions(*turning, block_id="pages"))
    if not shown.total:
        blocks.append(b.actions(b.button("Add a client", add_client.OPEN, style="primary")))
    return b.modal(
        TITLE,
        blocks,
        callback_id=ids.FIND,
        submit="Search" if shown.total else None,
        private_metadata=at.dump(),
    )


def read_search(view: Mapping[str, Any]) -> Wish:
    """The same part of the list by what is typed now, from its beginning."""
    at = ListMetadata.of(view)
    return at.model_copy(update={"query": form.read(view).get("query") or "", "page": 0}).wish


def _search(shown: ClientPage) -> b.Block:
    typed = b.text_input(shown.wish.query, placeholder="Part of a name, code, organisation or e-mail")
    found = typed | {"action_id": ids.SEARCH, "max_length": QUERY_LENGTH}
    return b.field("query", "Find a client", found, optional=True, acts=True)


def _buttons(shown: ClientPage, at: ListMetadata) -> b.Block:
    buttons = [b.button("Filter", ids.FILTER, style="primary" if _described(shown.wish) else None)]
    if _described(shown.wish):
        value = ListMetadata(query=at.query).dump()
        buttons.append(b.button("Clear the filter", ids.SHOW, value=value))
    elif not shown.found and shown.wish.active:
        value = ListMetadata(query=at.query, active=None).dump()
        buttons.append(b.button("Look among the deactivated, too", ids.SHOW, value=value))
    if shown.found:
        buttons.append(b.button("Export to CSV", ids.EXPORT_LIST))
    buttons.append(b.button("Upload practice codes", ids.CODES))
    return b.actions(*buttons, block_id="list")


def _described(wish: Wish) -> str:
    """The filter in a line; empty where there is none but that of every list."""
    parts = [
        wish.kind and KINDS[wish.kind],
        wish.invitation and f"invitation: {INVITED[wish.invitation].lower()}",
        wish.connection and f"connection: {LINKED[wish.connection].lower()}",
        WHOSE[wish.whose].lower() if wish.whose is not Whose.ALL else None,
        None if wish.active else _ACTIVE_WORDS[_active(wish)].lower(),
    ]
    return " · ".join(part for part in parts if part)


def _active(wish: Wish) -> str:
    return next(name for name, active in _ACTIVE.items() if active is wish.active)


def _count(shown: ClientPage) -> str:
    what = "More than " * shown.is_more + count(shown.found, "client", "clients")
    said = f"{what} with “{shown.wish.query}”" if shown.wish.query else f"{what} that you can open"
    if described := _described(shown.wish):
        said = f"{said} · {described}"
    return f"{said} · page {shown.wish.page + 1:,} of {shown.pages:,}" if shown.pages > 1 else said


def _nothing(shown: ClientPage) -> b.Block:
    if described := _described(shown.wish):
        return b.section(f"None of your {count(shown.total, 'client', 'clients')} fits: {described}.")
    if shown.total and shown.wish.query:
        return b.section(
            f"None of your {count(shown.total, 'client', 'clients')} has “{shown.wish.query}” in its name, code, "
            "organisation or e-mail. Search for a shorter part, or empty the field to list all."
        )
    if shown.total:
        return b.section(f"Your {count(shown.total, 'client is', 'clients are')} deactivated.")
    if shown.may_add_clients:
        return b.section("There are no clients yet. Press Add a client to begin, or type /client-sync to add many.")
    return b.section(
        "There are no clients that you can open. Ask a Practice Admin or a Client Admin for access to yours, "
        "or press Add a client to ask for the permission to add them."
    )


def _line(line: ClientLine) -> str:
    name = clip(line.name, _LONGEST)
    first = f"{name} · {line.practice_code}" if line.practice_code else name
    parts = [f"{first} (deactivated)" if line.deactivated_at else first, _connection(line)]
    parts.append(f"Invitation {STATUSES[line.invitation]}" if line.invitation else "Not invited")
    return f"{parts[0]}\n{' · '.join(parts[1:])}"


def _connection(line: ClientLine) -> str:
    if line.state is ConnectionState.NOT_CONNECTED or line.provider is None:
        return STATES[ConnectionState.NOT_CONNECTED]
    return f"{NAMES[line.provider]}: {STATES[line.state]}, {clip(str(line.organisation), _LONGEST)}"


def _turning(shown: ClientPage) -> list[b.Element]:
    page = shown.wish.page
    buttons = []
    if page > 0:
        buttons.append(b.button("Previous", ids.PREVIOUS, value=str(page - 1)))
    if page < shown.pages - 1:
        buttons.append(b.button("Next", ids.NEXT, value=str(page + 1)))
    return buttons


def filter_form(at: ListMetadata) -> b.View:
    wish = at.wish
    blocks = [
        _choice("kind", "Client type", KINDS, wish.kind),
        _choice("invitation", "Invitation of the owner", INVITED, wish.invitation),
        _choice("connection", "Connection", LINKED, wish.connection),
        b.field(
            "whose",
            "Whose",
            b.radios([b.option(text, value, _WHOSE_HINTS[value]) for value, text in WHOSE.items()], wish.whose),
        ),
        b.field(
            "active",
            "Show",
            b.radios([b.option(text, value) for value, text in _ACTIVE_WORDS.items()], _active(wish)),
        ),
        b.actions(b.button("Back", ids.LIST, value=at.dump()), block_id="navigation"),
    ]
    return b.modal(FILTER_TITLE, blocks, callback_id=ids.APPLY_FILTER, submit="Show", private_metadata=at.dump())


_WHOSE_HINTS = {
    Whose.MINE: "You are account manager, or were given them by name",
    Whose.TEAM: "They were given to a team that you are in",
    Whose.ALL: None,
}


def _choice(field: str, label: str, words: Mapping[Any, str], chosen: str | None) -> b.Block:
    options = [b.option(text, value) for value, text in words.items()]
    return b.field(field, label, b.select(options, chosen, placeholder="Any"), optional=True)


def read_filter(view: Mapping[str, Any]) -> Wish:
    """With what was searched for before. Raises InvalidError at the field."""
    raw = form.read(view)
    problems = {}
    chosen: dict[str, Any] = {}
    for field, kind in _FIELDS.items():
        try:
            chosen[field] = kind(raw[field]) if raw.get(field) else None
        except ValueError:
            problems[field] = "Choose from the list."
    if (raw.get("active") or "active") not in _ACTIVE:
        problems["active"] = "Choose from the list."
    if problems:
        raise InvalidError(problems)
    active = _ACTIVE[raw.get("active") or "active"]
    return Wish(
        query=ListMetadata.of(view).query,
        kind=chosen["kind"],
        invitation=chosen["invitation"],
        connection=chosen["connection"],
        whose=chosen["whose"] or Whose.ALL,
        active=active,
    )


_FIELDS = {"kind": ClientKind, "invitation": Invited, "connection": Linked, "whose": Whose}
