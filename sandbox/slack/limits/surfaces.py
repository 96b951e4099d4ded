"""Views and messages as a whole."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.slack.limits.blocks import Blocks
from sandbox.slack.limits.parts import IDENTIFIER

VIEW_BYTES = 250 * 1024
MESSAGE_TEXT = 40_000
MESSAGE_BLOCKS_TEXT = 13_000
PRIVATE_METADATA = 3000
MODAL_BLOCKS = 100
MESSAGE_BLOCKS = 50

_HOME_KEYS = frozenset({"type", "blocks", "private_metadata", "callback_id", "external_id"})
_MODAL_KEYS = _HOME_KEYS | {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}


class Surfaces(Blocks):
    """Judges views and messages."""

    __slots__ = ()

    def view(self, view: Mapping[str, Any]) -> None:
        if not isinstance(view, Mapping):
            self.bad("/view", "must provide an object")
            return
        kind = view.get("type")
        if kind != self.surface:
            self.bad("/view/type", f"must be {self.surface}")
        modal = self.surface == "modal"
        required = ("type", "title", "blocks") if modal else ("type", "blocks")
        self.keys(view, "/view", _MODAL_KEYS if modal else _HOME_KEYS, required)
        found = self.blocks(view, "/view", MODAL_BLOCKS, 1 if modal else 0)
        if modal:
            for key in ("title", "submit", "close"):
                if key in view and not (key != "title" and view[key] is None):
                    self.text(view[key], f"/view/{key}", 24)
            for key in ("clear_on_close", "notify_on_close", "submit_disabled"):
                self.boolean(view, key, "/view")
            if not view.get("submit") and any(isinstance(b, dict) and b.get("type") == "input" for b in found):
                self.bad("/view", "missing required field: submit (the view has an input block)")
        self.string(view, "private_metadata", "/view", PRIVATE_METADATA)
        self.string(view, "callback_id", "/view", IDENTIFIER)
        self.string(view, "external_id", "/view", IDENTIFIER)
        if not self.problems:
            # Escaped characters only make the estimate larger, so most views are counted once.
            size = len(json.dumps(dict(view)))
            if size > VIEW_BYTES and len(json.dumps(dict(view), ensure_ascii=False).encode()) > VIEW_BYTES:
                self.bad("/view", f"must be no more than {VIEW_BYTES} bytes", "view_too_large")

    def message(self, payload: Mapping[str, Any]) -> None:
        text = payload.get("text")
        if text is not None and not isinstance(text, str):
            self.bad("/text", "must provide a string", "invalid_arguments")
        elif text and len(text) > MESSAGE_TEXT:
            self.bad("/text", f"must be no more than {MESSAGE_TEXT} characters", "msg_too_long")
        found: Sequence[Any] = ()
        if payload.get("blocks") is not None:
            found = self.blocks(payload, "", MESSAGE_BLOCKS, 0)
        attachments = payload.get("attachments")
        if attachments is not None:
            self.attachments(attachments)
        if not text and not found and not attachments:
            self.bad("/text", "must provide text, blocks or attachments", "no_text")
        if found and _text_length(found) > MESSAGE_BLOCKS_TEXT:
            self.bad(
                "/blocks", f"must have no more than {MESSAGE_BLOCKS_TEXT} characters of text", "msg_blocks_too_long"
            )
        metadata = payload.get("metadata")
        if metadata is not None and not (
            isinstance(metadata, dict)
            and isinstance(metadata.get("event_type"), str)
            and isinstance(metadata.get("event_payload"), dict)
        ):
            self.bad("/metadata", "must have event_type and event_payload", "invalid_metadata_format")

    def attachments(self, attachments: object) -> None:
        if not isinstance(attachments, list):
            self.bad("/attachments", "must provide an array", "invalid_attachments")
            return
        if len(attachments) > 100:
            self.bad("/attachments", "no more than 100 items allowed", "too_many_attachments")
        for index, attachment in enumerate(attachments):
            if not isinstance(attachment, dict):
                self.bad(f"/attachments/{index}", "must provide an object", "invalid_attachments")
            elif "blocks" in attachment:
                self.blocks(attachment, f"/attachments/{index}", MESSAGE_BLOCKS, 0)


def _text_length(item: Any) -> int:
    """The characters of all text in a tree of blocks; what is only an id, a value or an address isn't text."""
    if isinstance(item, dict):
        total = 0
        for key, value in item.items():
            if isinstance(value, str):
                if key == "text":
                    total += len(value)
            elif isinstance(value, dict | list):
                total += _text_length(value)
        return total
    if isinstance(item, list):
        return sum(_text_length(each) for each in item)
    return 0
