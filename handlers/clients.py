"""`/clients`, the root command."""

import difflib
from typing import Any

from handlers.ports import Ack
from handlers.registry import Registry
from modals import help_text

COMMAND = "/clients"


def register(router: Registry) -> None:
    router.command(COMMAND, root)


def root(ack: Ack, command: dict[str, Any]) -> None:
    word = (command.get("text") or "").strip().partition(" ")[0].lower()
    if word in {"", "help"}:
        ack(response_type="ephemeral", **help_text.commands())
        return
    likely = difflib.get_close_matches(word, help_text.WORDS, n=1)
    ack(response_type="ephemeral", **help_text.unknown(word, likely[0] if likely else None))
