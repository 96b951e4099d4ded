"""Blocks, and which of them each surface takes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.slack.limits.elements import IN_ACTIONS, IN_CONTEXT, IN_INPUT, IN_SECTION, Elements, names
from sandbox.slack.limits.parts import ANY_TEXT, IDENTIFIER


class Blocks(Elements):
    """Judges blocks."""

    __slots__ = ()

    def section(self, item: Mapping[str, Any], at: str) -> None:
        if "text" not in item and "fields" not in item:
            self.bad(at, "must define either `text` or `fields`")
        if "text" in item:
            self.text(item["text"], f"{at}/text", 3000, ANY_TEXT)
        if "fields" in item:
            for index, field in enumerate(self.items(item, "fields", at, 10)):
                self.text(field, f"{at}/fields/{index}", 2000, ANY_TEXT)
        if "accessory" in item:
            self.element(item["accessory"], f"{at}/accessory", IN_SECTION, set())
        self.boolean(item, "expand", at)

    def header(self, item: Mapping[str, Any], at: str) -> None:
        self.maybe_text(item, "text", at, 150)

    def context(self, item: Mapping[str, Any], at: str) -> None:
        for index, element in enumerate(self.items(item, "elements", at, 10)):
            here = f"{at}/elements/{index}"
            if isinstance(element, dict) and element.get("type") == "image":
                self.element(element, here, IN_CONTEXT, set())
            elif isinstance(element, dict) and element.get("type") not in ANY_TEXT:
                self.bad(here, f"unsupported type: {element.get('type')}")
            else:
                self.text(element, here, 3000, ANY_TEXT)

    def actions(self, item: Mapping[str, Any], at: str) -> None:
        action_ids: set[str] = set()
        for index, element in enumerate(self.items(item, "elements", at, 25)):
            self.element(element, f"{at}/elements/{index}", IN_ACTIONS, action_ids)

    def input(self, item: Mapping[str, Any], at: str) -> None:
        self.maybe_text(item, "label", at, 2000)
        self.maybe_text(item, "hint", at, 2000)
        self.boolean(item, "optional", at)
        self.boolean(item, "dispatch_action", at)
        if "element" in item:
            self.element(item["element"], f"{at}/element", IN_INPUT, set())

    def image(self, item: Mapping[str, Any], at: str) -> None:
        self.picture(item, at)
        self.maybe_text(item, "title", at, 2000)

    def video(self, item: Mapping[str, Any], at: str) -> None:
        self.maybe_text(item, "title", at, 200)
        self.maybe_text(item, "description", at, 200)
        self.string(item, "alt_text", at, 2000, 1)
        self.string(item, "author_name", at, 50)
        for key in ("title_url", "video_url", "thumbnail_url", "provider_icon_url"):
            self.string(item, key, at, 3000, 1)

    def file(self, item: Mapping[str, Any], at: str) -> None:
        self.string(item, "external_id", at, IDENTIFIER, 1)
        if item.get("source", "remote") != "remote":
            self.bad(f"{at}/source", "must be one of: remote")

    def markdown(self, item: Mapping[str, Any], at: str) -> None:
        self.string(item, "text", at, 12_000, 1)

    def table(self, item: Mapping[str, Any], at: str) -> None:
        self.tables += 1
        if self.tables > 1:
            self.bad(at, "no more than 1 table allowed")
        for row, cells in enumerate(self.items(item, "rows", at, 100)):
            here = f"{at}/rows/{row}"
            if not isinstance(cells, list):
                self.bad(here, "must provide an array")
                continue
            if not 1 <= len(cells) <= 20:
                self.bad(here, "no more than 20 items allowed" if cells else "no fewer than 1 items allowed")
            for column, cell in enumerate(cells):
                kind = cell.get("type") if isinstance(cell, dict) else None
                if kind == "rich_text":
                    self.rich_text(cell, f"{here}/{column}")
                elif kind == "raw_text":
                    self.keys(cell, f"{here}/{column}", frozenset({"type", "text"}), ("text",))
                else:
                    self.bad(f"{here}/{column}", f"unsupported type: {kind}")
        self.items(item, "column_settings", at, 20, 0)

    def block(self, item: object, at: str) -> None:
        if not isinstance(item, dict):
            self.bad(at, "must provide an object")
            return
        kind = item.get("type")
        if not isinstance(kind, str) or kind not in _ON_SURFACE[self.surface]:
            self.bad(at, f"unsupported type: {kind}" if kind is not None else "missing required field: type")
            return
        block_id = item.get("block_id")
        if block_id is not None or "block_id" in item:
            self.string(item, "block_id", at, IDENTIFIER, 1)
            if block_id in self.block_ids:
                self.bad(f"{at}/block_id", f"`block_id` {block_id} already exists")
            elif isinstance(block_id, str):
                self.block_ids.add(block_id)
        rule = _BLOCKS.get(kind)
        if rule is not None:
            keys, required, judge = rule
            self.keys(item, at, keys, required)
            if judge is not None:
                judge(self, item, at)

    def blocks(self, item: Mapping[str, Any], at: str, high: int, low: int) -> Sequence[Any]:
        found = self.items(item, "blocks", at, high, low)
        for index, block in enumerate(found):
            self.block(block, f"{at}/blocks/{index}")
        return found


_Rule = tuple[frozenset[str], tuple[str, ...], Callable[[Blocks, Mapping[str, Any], str], None] | None]


def _rule(required: str, optional: str, judge: Callable[[Blocks, Mapping[str, Any], str], None] | None) -> _Rule:
    return names(f"type {required} {optional}"), tuple(required.split()), judge


_BLOCKS: dict[str, _Rule] = {
    "actions": _rule("elements", "block_id", Blocks.actions),
    "context": _rule("elements", "block_id", Blocks.context),
    "divider": _rule("", "block_id", None),
    "header": _rule("text", "block_id", Blocks.header),
    "image": _rule("alt_text", "block_id image_url slack_file title", Blocks.image),
    "input": _rule("label element", "block_id hint optional dispatch_action", Blocks.input),
    "rich_text": _rule("elements", "block_id", Blocks.rich_text),
    "section": _rule("", "block_id text fields accessory expand", Blocks.section),
    "video": _rule(
        "title alt_text video_url thumbnail_url",
        "block_id author_name description provider_icon_url provider_name title_url",
        Blocks.video,
    ),
    "file": _rule("external_id source", "block_id", Blocks.file),
    "markdown": _rule("text", "block_id", Blocks.markdown),
    "table": _rule("rows", "block_id column_settings", Blocks.table),
}

_ON_MODAL = names("actions alert card context divider header image input rich_text section video")
_ON_SURFACE: dict[str, frozenset[str]] = {
    "modal": _ON_MODAL,
    "home": _ON_MODAL | {"table"},
    "message": _ON_MODAL | {"table", "file", "markdown"},
}
