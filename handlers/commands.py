"""`/clients`, whose first word says what is wanted."""

import difflib
from collections.abc import Callable
from functools import partial
from typing import Any

from handlers import audit, client_list, insights, invitations, people, permissions, settings, uploads
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from modals import help_text
from modals.audit import AuditPlace
from services.clients.search import Wish
from services.container import Services
from services.invitations.listing import InvitationWish

COMMAND = "/clients"
Page = Callable[[Caller, dict[str, Any], Admission, Services, Slack, After], None]


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
        _PAGES[word](rest)(caller, body, admit, services, slack, after)
    elif word in {"", "help"}:
        ack(response_type="ephemeral", **help_text.commands())
    else:
        likely = difflib.get_close_matches(word, (*_PAGES, "help"), n=1)
        ack(response_type="ephemeral", **help_text.unknown(word, likely[0] if likely else None))


_PAGES: dict[str, Callable[[str], Page]] = {
    "list": lambda _: partial(client_list.show_list, wish=Wish(active=True)),
    "find": lambda text: partial(client_list.show_list, wish=Wish(text, active=True)),
    "invitations": lambda _: partial(invitations.show_list, wish=InvitationWish()),
    "insights": lambda _: insights.show_insights,
    "requests": lambda _: permissions.show_list,
    "team": lambda _: people.show_list,
    "audit": lambda _: partial(audit.show_trail, place=AuditPlace()),
    "settings": lambda _: settings.show_settings,
    "upload": lambda _: uploads.show_upload,
}
"""What each word shows, by the rest of the line."""
