"""Clients to choose from while somebody types."""

from collections.abc import Sequence
from typing import Any

from modals import blocks as b
from modals.text import clip
from services.clients.search import ClientOption


def options(found: Sequence[ClientOption]) -> dict[str, Any]:
    return {"options": [b.option(_label(each), str(each.client_id)) for each in found]}


def _label(client: ClientOption) -> str:
    return f"{clip(client.name, 50)} · {clip(client.practice_code, 20)}" if client.practice_code else client.name
