"""Every id that a view, message or the manifest carries has a handler, and the other way round."""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tests.handlers
from bot.app import routes
from bot.router import Kind
from tests.modals.test_views import HOMES, MESSAGES, VIEWS

MANIFEST = json.loads((Path(__file__).parent.parent.parent / "manifest.json").read_text())


def _elements(block: Any) -> Iterator[dict[str, Any]]:
    if isinstance(block, dict):
        if "action_id" in block:
            yield block
        for value in block.values():
            yield from _elements(value)
    elif isinstance(block, list):
        for each in block:
            yield from _elements(each)


def _inputs_only(block: dict[str, Any]) -> bool:
    return block.get("type") == "input" and not block.get("dispatch_action")


def test_every_id_that_is_shown_has_a_handler_and_every_handler_an_id() -> None:
    acting, searching = set(), set()
    surfaces = [*VIEWS.values(), *HOMES.values(), *MESSAGES.values()]
    for surface in surfaces:
        for block in surface["blocks"]:
            for element in _elements(block):
                if "external" in element["type"]:
                    searching.add(element["action_id"])
                if not _inputs_only(block):
                    acting.add(element["action_id"])
    registered = {kind: set(of_kind) for kind, of_kind in routes().routes.items()}
    assert registered[Kind.ACTION] == acting
    assert registered[Kind.OPTIONS] == searching
    assert registered[Kind.VIEW] == {view["callback_id"] for view in VIEWS.values() if "callback_id" in view}
    features = MANIFEST["features"]
    assert registered[Kind.COMMAND] == {command["command"] for command in features["slash_commands"]}
    assert registered[Kind.SHORTCUT] == {shortcut["callback_id"] for shortcut in features["shortcuts"]}
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert registered[Kind.EVENT] == {event.partition(".")[0] for event in events}  # `message.im` comes as `message`


def test_every_handler_is_reached_by_a_test() -> None:
    reached = set()
    for found in pkgutil.iter_modules(tests.handlers.__path__, "tests.handlers."):
        for _name, test in inspect.getmembers(importlib.import_module(found.name), inspect.isfunction):
            marks = getattr(test, "pytestmark", [])
            reached |= {name for mark in marks if mark.name == "reaches" for name in mark.args}
    assert {name for of_kind in routes().routes.values() for name in of_kind} == reached
