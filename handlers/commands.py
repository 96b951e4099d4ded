"""`/clients`, whose first word says what is wanted."""

import difflib
from collections.abc import Callable
from typing import Any

from handlers import clients, invitations, reminders
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from modals import help_text
from services.clients.search import Wish
from services.container import Services
from services.invitations.listing import InvitationWish

COMMAND = "/clients"
Page = Callable[[str, Caller, dict[str, Any], Admission, Services, Slack, After], None]
"""Shows what a word asks for; the first argument is the rest of the line."""


def register(router: Registry) -> None:
    router.command(COMMAND, root)


def root(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    command: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    word, _, rest = (command.get("text") or "").strip().partition(" ")
    word = word.lower()
    if word in _PAGES:
        ack()
        _PAGES[word](rest, caller, body, admit, services, slack, after)
    elif word in {"", "help"}:
        ack(response_type="ephemeral", **help_text.commands())
    else:
        likely = difflib.get_close_matches(word, (*_PAGES, "help"), n=1)
        ack(response_type="ephemeral", **help_text.unknown(word, likely[0] if likely else None))


def _list(_: str, *asked: Any) -> None:
    clients.show_list(*asked, Wish())


def _find(text: str, *asked: Any) -> None:
    clients.show_list(*asked, Wish(text))


def _invitations(_: str, *asked: Any) -> None:
    invitations.show_list(*asked, InvitationWish())


def _settings(_: str, *asked: Any) -> None:
    reminders.show_settings(*asked)


_PAGES: dict[str, Page] = {"list": _list, "find": _find, "invitations": _invitations, "settings": _settings}
