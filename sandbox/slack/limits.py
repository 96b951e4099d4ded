"""Slack's limits on views and messages: one validator for the stand-in server and for tests of the product."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import override

Surface = Literal["modal", "home"]

VIEW_BYTES = 250 * 1024
MESSAGE_TEXT = 40_000
MESSAGE_BLOCKS_TEXT = 13_000
PRIVATE_METADATA = 3000
IDENTIFIER = 255
MODAL_BLOCKS = 100
MESSAGE_BLOCKS = 50

_PLAIN = frozenset({"plain_text"})
_ANY_TEXT = frozenset({"plain_text", "mrkdwn"})
_PLAIN_KEYS = frozenset({"type", "text", "emoji"})
_MRKDWN_KEYS = frozenset({"type", "text", "verbatim"})
_STYLES = frozenset({"primary", "danger"})
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\Z")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for which Slack refuses a payload: its error code, where (a JSON pointer) and why."""

    code: str
    pointer: str
    message: str

    @override
    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"


def check_view(view: Mapping[str, Any], surface: Surface = "modal") -> list[Problem]:
    """Everything Slack would refuse in a view for this surface; an empty list when it is fine.

    What is inside must be as parsed from JSON: dicts, lists, strings, numbers, booleans.
    """
    check = _Check("invalid_arguments", surface)
    check.view(view)
    return check.problems


def check_message(payload: Mapping[str, Any]) -> list[Problem]:
    """Everything Slack would refuse in a message's text, blocks and metadata; an empty list when it is fine."""
    check = _Check("invalid_blocks", "message")
    check.message(payload)
    return check.problems


def check_options(answer: object) -> list[Problem]:
    """Everything Slack would refuse in an app's answer to an options request."""
    check = _Check("invalid_arguments", "modal")
    if not isinstance(answer, dict) or ("options" in answer) == ("option_groups" in answer):
        check.bad("", "must define either options or option_groups")
    else:
        check.options_of(answer, "", empty_allowed=True)
    return check.problems


class _Check:
    """Walks one payload and collects the problems."""

    __slots__ = ("block_ids", "code", "focused", "problems", "surface", "tables")

    def __init__(self, code: str, surface: Literal["modal", "home", "message"]) -> None:
        self.code = code
        self.surface = surface
        self.problems: list[Problem] = []
        self.block_ids: set[str] = set()
        self.focused = False
        self.tables = 0

    def bad(self, at: str, message: str, code: str | None = None) -> None:
        self.problems.append(Problem(code or self.code, at, message))

    # Small parts

    def keys(self, item: Mapping[str, Any], at: str, allowed: frozenset[str], required: tuple[str, ...]) -> None:
        for key in required:
            if key not in item:
                self.bad(at, f"missing required field: {key}")
        if not allowed.issuperset(item):
            for key in sorted(set(item) - allowed):
                self.bad(at, f"invalid additional property: {key}")

    def string(self, item: Mapping[str, Any], key: str, at: str, limit: int, minimum: int = 0) -> None:
        value = item.get(key)
        if value is None:
            if key in item:
                self.bad(f"{at}/{key}", "must provide a string")
        elif not isinstance(value, str):
            self.bad(f"{at}/{key}", "must provide a string")
        elif len(value) > limit:
            self.bad(f"{at}/{key}", f"must be no more than {limit} characters")
        elif len(value) < minimum:
            self.bad(f"{at}/{key}", f"must be no less than {minimum} characters")

    def boolean(self, item: Mapping[str, Any], key: str, at: str) -> None:
        if key in item and not isinstance(item[key], bool):
            self.bad(f"{at}/{key}", "must provide a boolean")

    def whole(self, item: Mapping[str, Any], key: str, at: str, low: int, high: int) -> None:
        if key in item:
            value = item[key]
            if not isinstance(value, int) or isinstance(value, bool):
                self.bad(f"{at}/{key}", "must provide an integer")
            elif not low <= value <= high:
                self.bad(f"{at}/{key}", f"must be between {low} and {high}")

    def one_of(self, item: Mapping[str, Any], key: str, at: str, values: frozenset[str]) -> None:
        if key in item and item[key] not in values:
            self.bad(f"{at}/{key}", f"must be one of: {', '.join(sorted(values))}")

    def items(self, item: Mapping[str, Any], key: str, at: str, high: int, low: int = 1) -> Sequence[Any]:
        """The list under a key if it is one of an allowed length; its length is judged here."""
        value = item.get(key)
        if not isinstance(value, list):
            if key in item:
                self.bad(f"{at}/{key}", "must provide an array")
            return ()
        if len(value) > high:
            self.bad(f"{at}/{key}", f"no more than {high} items allowed")
        elif len(value) < low:
            self.bad(f"{at}/{key}", f"no fewer than {low} items allowed")
        return value

    def text(self, item: object, at: str, limit: int, kinds: frozenset[str] = _PLAIN) -> None:
        if not isinstance(item, dict):
            self.bad(at, "must provide an object")
            return
        kind = item.get("type")
        if kind == "plain_text" and len(item) == 2 and type(said := item.get("text")) is str and 0 < len(said) <= limit:
            return  # most texts of most views
        if kind not in kinds:
            self.bad(f"{at}/type", f"must be one of: {', '.join(sorted(kinds))}")
        value = item.get("text")
        if value is None:
            self.bad(at, "missing required field: text")
        elif not isinstance(value, str):
            self.bad(f"{at}/text", "must provide a string")
        elif len(value) > limit:
            self.bad(f"{at}/text", f"must be no more than {limit} characters")
        elif not value:
            self.bad(f"{at}/text", "must be more than 0 characters")
        allowed = _MRKDWN_KEYS if kind == "mrkdwn" else _PLAIN_KEYS
        if not allowed.issuperset(item):
            for key in sorted(set(item) - allowed):
                self.bad(at, f"invalid additional property: {key}")
        if "emoji" in item:
            self.boolean(item, "emoji", at)
        if "verbatim" in item:
            self.boolean(item, "verbatim", at)

    def maybe_text(
        self, item: Mapping[str, Any], key: str, at: str, limit: int, kinds: frozenset[str] = _PLAIN
    ) -> None:
        if key in item:
            self.text(item[key], f"{at}/{key}", limit, kinds)

    def confirm(self, item: object, at: str) -> None:
        if not isinstance(item, dict):
            self.bad(at, "must provide an object")
            return
        self.keys(item, at, _CONFIRM_KEYS, ("title", "text", "confirm", "deny"))
        self.maybe_text(item, "title", at, 100)
        self.maybe_text(item, "text", at, 300, _ANY_TEXT)
        self.maybe_text(item, "confirm", at, 30)
        self.maybe_text(item, "deny", at, 30)
        self.one_of(item, "style", at, _STYLES)

    def option(self, item: object, at: str, kinds: frozenset[str], *, link: bool = False) -> None:
        if not isinstance(item, dict):
            self.bad(at, "must provide an object")
            return
        self.keys(item, at, _LINK_OPTION_KEYS if link else _OPTION_KEYS, ("text", "value"))
        if "text" in item:
            self.text(item["text"], f"{at}/text", 75, kinds)
        self.string(item, "value", at, 150)
        if "description" in item:
            self.text(item["description"], f"{at}/description", 75, kinds)
        if "url" in item:
            self.string(item, "url", at, 3000, 1)

    def options(
        self,
        item: Mapping[str, Any],
        at: str,
        high: int,
        kinds: frozenset[str] = _PLAIN,
        *,
        link: bool = False,
        low: int = 1,
    ) -> list[Any]:
        found = self.items(item, "options", at, high, low)
        for index, option in enumerate(found):
            self.option(option, f"{at}/options/{index}", kinds, link=link)
        return list(found)

    def options_of(self, item: Mapping[str, Any], at: str, *, empty_allowed: bool = False) -> list[Any]:
        """The options of a select, loose or in groups."""
        low = 0 if empty_allowed else 1
        found = self.options(item, at, 100, low=low) if "options" in item else []
        if "option_groups" in item:
            for index, group in enumerate(self.items(item, "option_groups", at, 100, low)):
                here = f"{at}/option_groups/{index}"
                if not isinstance(group, dict):
                    self.bad(here, "must provide an object")
                    continue
                self.keys(group, here, _GROUP_KEYS, ("label", "options"))
                self.maybe_text(group, "label", here, 75)
                found += self.options(group, here, 100)
        return found

    def initial(self, item: Mapping[str, Any], at: str, options: list[Any] | None, kinds: frozenset[str]) -> None:
        """Preselected options must be well formed and, for a fixed list, be in it."""
        chosen: list[tuple[str, Any]] = []
        if "initial_option" in item:
            chosen.append((f"{at}/initial_option", item["initial_option"]))
        if "initial_options" in item:
            chosen += [
                (f"{at}/initial_options/{index}", option)
                for index, option in enumerate(self.items(item, "initial_options", at, 100))
            ]
        for here, option in chosen:
            if options is None:
                self.option(option, here, kinds)
            elif option not in options:
                self.bad(here, "must be one of the options")

    # Elements

    def element(self, item: object, at: str, allowed: frozenset[str], action_ids: set[str]) -> None:
        if not isinstance(item, dict):
            self.bad(at, "must provide an object")
            return
        kind = item.get("type")
        rule = _ELEMENTS.get(kind) if isinstance(kind, str) else None
        if rule is None or kind not in allowed:
            self.bad(at, f"unsupported type: {kind}" if kind is not None else "missing required field: type")
            return
        keys, required, judge = rule
        self.keys(item, at, keys, required)
        if "action_id" in item:
            action_id = item["action_id"]
            self.string(item, "action_id", at, IDENTIFIER, 1)
            if action_id in action_ids:
                self.bad(f"{at}/action_id", f"`action_id` {action_id} already exists in this block")
            elif isinstance(action_id, str):
                action_ids.add(action_id)
        if "confirm" in item:
            self.confirm(item["confirm"], f"{at}/confirm")
        if "placeholder" in item:
            self.text(item["placeholder"], f"{at}/placeholder", 150)
        if "focus_on_load" in item:
            self.boolean(item, "focus_on_load", at)
            if item["focus_on_load"] is True:
                if self.focused:
                    self.bad(f"{at}/focus_on_load", "only one element can have focus_on_load")
                self.focused = True
        if judge is not None:
            judge(self, item, at)

    def button(self, item: Mapping[str, Any], at: str) -> None:
        self.maybe_text(item, "text", at, 75)
        self.string(item, "value", at, 2000)
        self.string(item, "url", at, 3000, 1)
        self.one_of(item, "style", at, _STYLES)
        self.string(item, "accessibility_label", at, 75)

    def workflow_button(self, item: Mapping[str, Any], at: str) -> None:
        self.maybe_text(item, "text", at, 75)
        self.one_of(item, "style", at, _STYLES)
        self.string(item, "accessibility_label", at, 75)

    def checkboxes(self, item: Mapping[str, Any], at: str) -> None:
        self.initial(item, at, self.options(item, at, 10, _ANY_TEXT), _ANY_TEXT)

    def overflow(self, item: Mapping[str, Any], at: str) -> None:
        self.options(item, at, 5, link=True)

    def static_select(self, item: Mapping[str, Any], at: str) -> None:
        if ("options" in item) == ("option_groups" in item):
            self.bad(at, "must define either options or option_groups")
        self.initial(item, at, self.options_of(item, at), _PLAIN)
        self.whole(item, "max_selected_items", at, 1, 100)

    def external_select(self, item: Mapping[str, Any], at: str) -> None:
        self.initial(item, at, None, _PLAIN)
        self.whole(item, "min_query_length", at, 0, 3000)
        self.whole(item, "max_selected_items", at, 1, 100)

    def workspace_select(self, item: Mapping[str, Any], at: str) -> None:
        """The selects of people, conversations and channels."""
        self.whole(item, "max_selected_items", at, 1, 100)
        for key in ("initial_user", "initial_conversation", "initial_channel"):
            self.string(item, key, at, IDENTIFIER, 1)
        for key in ("initial_users", "initial_conversations", "initial_channels"):
            for index, value in enumerate(self.items(item, key, at, 100)):
                if not isinstance(value, str):
                    self.bad(f"{at}/{key}/{index}", "must provide a string")
        self.boolean(item, "default_to_current_conversation", at)
        self.boolean(item, "response_url_enabled", at)
        if "filter" in item:
            given = item["filter"]
            if not isinstance(given, dict) or not given:
                self.bad(f"{at}/filter", "must provide an object with at least one field")
            else:
                self.keys(given, f"{at}/filter", _FILTER_KEYS, ())
                for kind in self.items(given, "include", f"{at}/filter", 4):
                    if kind not in {"im", "mpim", "private", "public"}:
                        self.bad(f"{at}/filter/include", "must be one of: im, mpim, private, public")

    def datepicker(self, item: Mapping[str, Any], at: str) -> None:
        value = item.get("initial_date")
        if "initial_date" in item and not (isinstance(value, str) and _DATE.match(value)):
            self.bad(f"{at}/initial_date", "must match YYYY-MM-DD")

    def timepicker(self, item: Mapping[str, Any], at: str) -> None:
        value = item.get("initial_time")
        if "initial_time" in item and not (isinstance(value, str) and _TIME.match(value)):
            self.bad(f"{at}/initial_time", "must match HH:mm")
        self.string(item, "timezone", at, IDENTIFIER, 1)

    def datetimepicker(self, item: Mapping[str, Any], at: str) -> None:
        self.whole(item, "initial_date_time", at, 1_000_000_000, 9_999_999_999)

    def plain_text_input(self, item: Mapping[str, Any], at: str) -> None:
        self.boolean(item, "multiline", at)
        self.whole(item, "min_length", at, 0, 3000)
        self.whole(item, "max_length", at, 1, 3000)
        low, high = item.get("min_length"), item.get("max_length")
        if isinstance(low, int) and isinstance(high, int) and low > high:
            self.bad(f"{at}/min_length", "must be no more than max_length")
        self.string(item, "initial_value", at, high if isinstance(high, int) and 1 <= high <= 3000 else 3000)
        self.dispatch_config(item, at)

    def line_input(self, item: Mapping[str, Any], at: str) -> None:
        """The inputs of e-mail and web addresses."""
        self.string(item, "initial_value", at, 3000)
        self.dispatch_config(item, at)

    def number_input(self, item: Mapping[str, Any], at: str) -> None:
        self.boolean(item, "is_decimal_allowed", at)
        for key in ("initial_value", "min_value", "max_value"):
            if key in item and not _is_number(item[key], decimal=item.get("is_decimal_allowed") is True):
                self.bad(f"{at}/{key}", "must be a number given as a string")
        self.dispatch_config(item, at)

    def dispatch_config(self, item: Mapping[str, Any], at: str) -> None:
        if "dispatch_action_config" not in item:
            return
        here = f"{at}/dispatch_action_config"
        given = item["dispatch_action_config"]
        if not isinstance(given, dict):
            self.bad(here, "must provide an object")
            return
        self.keys(given, here, frozenset({"trigger_actions_on"}), ())
        for trigger in self.items(given, "trigger_actions_on", here, 2):
            if trigger not in {"on_enter_pressed", "on_character_entered"}:
                self.bad(f"{here}/trigger_actions_on", "must be one of: on_character_entered, on_enter_pressed")

    def file_input(self, item: Mapping[str, Any], at: str) -> None:
        if self.surface != "modal":
            self.bad(at, "unsupported type: file_input")
        for index, value in enumerate(self.items(item, "filetypes", at, 100)):
            if not isinstance(value, str):
                self.bad(f"{at}/filetypes/{index}", "must provide a string")
        self.whole(item, "max_files", at, 1, 10)

    def rich_text_input(self, item: Mapping[str, Any], at: str) -> None:
        if "initial_value" in item:
            value = item["initial_value"]
            if not isinstance(value, dict) or value.get("type") != "rich_text":
                self.bad(f"{at}/initial_value", "must be a rich_text block")
            else:
                self.rich_text(value, f"{at}/initial_value")
        self.dispatch_config(item, at)

    def picture(self, item: Mapping[str, Any], at: str) -> None:
        if ("image_url" in item) == ("slack_file" in item):
            self.bad(at, "must define either image_url or slack_file")
        self.string(item, "image_url", at, 3000, 1)
        self.string(item, "alt_text", at, 2000, 1)
        if "slack_file" in item:
            file = item["slack_file"]
            if not isinstance(file, dict) or len(file) != 1 or not {"id", "url"}.issuperset(file):
                self.bad(f"{at}/slack_file", "must define either id or url")

    # Blocks

    def section(self, item: Mapping[str, Any], at: str) -> None:
        if "text" not in item and "fields" not in item:
            self.bad(at, "must define either `text` or `fields`")
        if "text" in item:
            self.text(item["text"], f"{at}/text", 3000, _ANY_TEXT)
        if "fields" in item:
            for index, field in enumerate(self.items(item, "fields", at, 10)):
                self.text(field, f"{at}/fields/{index}", 2000, _ANY_TEXT)
        if "accessory" in item:
            self.element(item["accessory"], f"{at}/accessory", _IN_SECTION, set())
        self.boolean(item, "expand", at)

    def header(self, item: Mapping[str, Any], at: str) -> None:
        self.maybe_text(item, "text", at, 150)

    def context(self, item: Mapping[str, Any], at: str) -> None:
        for index, element in enumerate(self.items(item, "elements", at, 10)):
            here = f"{at}/elements/{index}"
            if isinstance(element, dict) and element.get("type") == "image":
                self.element(element, here, _IN_CONTEXT, set())
            elif isinstance(element, dict) and element.get("type") not in _ANY_TEXT:
                self.bad(here, f"unsupported type: {element.get('type')}")
            else:
                self.text(element, here, 3000, _ANY_TEXT)

    def actions(self, item: Mapping[str, Any], at: str) -> None:
        action_ids: set[str] = set()
        for index, element in enumerate(self.items(item, "elements", at, 25)):
            self.element(element, f"{at}/elements/{index}", _IN_ACTIONS, action_ids)

    def input(self, item: Mapping[str, Any], at: str) -> None:
        self.maybe_text(item, "label", at, 2000)
        self.maybe_text(item, "hint", at, 2000)
        self.boolean(item, "optional", at)
        self.boolean(item, "dispatch_action", at)
        if "element" in item:
            self.element(item["element"], f"{at}/element", _IN_INPUT, set())

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

    def rich_text(self, item: Mapping[str, Any], at: str) -> None:
        for index, element in enumerate(self.items(item, "elements", at, 100)):
            here = f"{at}/elements/{index}"
            kind = element.get("type") if isinstance(element, dict) else None
            if kind not in _RICH_TEXT:
                self.bad(here, f"unsupported type: {kind}")
            elif not isinstance(element.get("elements"), list):
                self.bad(here, "missing required field: elements")

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

    # Surfaces

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


def _is_number(value: object, *, decimal: bool) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?" if decimal else r"-?\d+", value) is not None


_Judge = Callable[[_Check, Mapping[str, Any], str], None]
_Rule = tuple[frozenset[str], tuple[str, ...], _Judge | None]


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _rule(required: str, optional: str, judge: _Judge | None) -> _Rule:
    needed = tuple(required.split())
    return frozenset({"type", *needed, *optional.split()}), needed, judge


_CONFIRM_KEYS = frozenset({"title", "text", "confirm", "deny", "style"})
_OPTION_KEYS = frozenset({"text", "value", "description"})
_LINK_OPTION_KEYS = _OPTION_KEYS | {"url"}
_GROUP_KEYS = frozenset({"label", "options"})
_FILTER_KEYS = frozenset({"include", "exclude_external_shared_channels", "exclude_bot_users"})
_HOME_KEYS = frozenset({"type", "blocks", "private_metadata", "callback_id", "external_id"})
_MODAL_KEYS = _HOME_KEYS | {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}
_RICH_TEXT = frozenset({"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"})

_ACTING = "action_id confirm focus_on_load"
_TYPING = "action_id placeholder focus_on_load initial_value dispatch_action_config"
_CHOOSING = f"{_ACTING} placeholder"
_ELEMENTS: dict[str, _Rule] = {
    "button": _rule("text", "action_id url value style confirm accessibility_label", _Check.button),
    "workflow_button": _rule("text workflow", "action_id style accessibility_label", _Check.workflow_button),
    "checkboxes": _rule("options", f"{_ACTING} initial_options", _Check.checkboxes),
    "radio_buttons": _rule("options", f"{_ACTING} initial_option", _Check.checkboxes),
    "overflow": _rule("options", "action_id confirm", _Check.overflow),
    "static_select": _rule("", f"{_CHOOSING} options option_groups initial_option", _Check.static_select),
    "multi_static_select": _rule(
        "", f"{_CHOOSING} options option_groups initial_options max_selected_items", _Check.static_select
    ),
    "external_select": _rule("", f"{_CHOOSING} initial_option min_query_length", _Check.external_select),
    "multi_external_select": _rule(
        "", f"{_CHOOSING} initial_options min_query_length max_selected_items", _Check.external_select
    ),
    "users_select": _rule("", f"{_CHOOSING} initial_user", _Check.workspace_select),
    "multi_users_select": _rule("", f"{_CHOOSING} initial_users max_selected_items", _Check.workspace_select),
    "conversations_select": _rule(
        "",
        f"{_CHOOSING} initial_conversation default_to_current_conversation response_url_enabled filter",
        _Check.workspace_select,
    ),
    "multi_conversations_select": _rule(
        "",
        f"{_CHOOSING} initial_conversations default_to_current_conversation max_selected_items filter",
        _Check.workspace_select,
    ),
    "channels_select": _rule("", f"{_CHOOSING} initial_channel response_url_enabled", _Check.workspace_select),
    "multi_channels_select": _rule("", f"{_CHOOSING} initial_channels max_selected_items", _Check.workspace_select),
    "datepicker": _rule("", f"{_CHOOSING} initial_date", _Check.datepicker),
    "timepicker": _rule("", f"{_CHOOSING} initial_time timezone", _Check.timepicker),
    "datetimepicker": _rule("", f"{_ACTING} initial_date_time", _Check.datetimepicker),
    "plain_text_input": _rule("", f"{_TYPING} multiline min_length max_length", _Check.plain_text_input),
    "email_text_input": _rule("", _TYPING, _Check.line_input),
    "url_text_input": _rule("", _TYPING, _Check.line_input),
    "number_input": _rule("is_decimal_allowed", f"{_TYPING} min_value max_value", _Check.number_input),
    "rich_text_input": _rule("", _TYPING, _Check.rich_text_input),
    "file_input": _rule("", "action_id filetypes max_files", _Check.file_input),
    "image": _rule("alt_text", "image_url slack_file", _Check.picture),
}

_SINGLE = _names(
    "static_select external_select users_select conversations_select channels_select checkboxes radio_buttons "
    "datepicker timepicker"
)
_MULTI = _names(
    "multi_static_select multi_external_select multi_users_select multi_conversations_select multi_channels_select"
)
_IN_SECTION = _SINGLE | _MULTI | _names("button workflow_button overflow image")
_IN_ACTIONS = _SINGLE | _names("button workflow_button overflow datetimepicker")
_IN_CONTEXT = _names("image")
_IN_INPUT = (
    _SINGLE
    | _MULTI
    | _names("datetimepicker plain_text_input email_text_input url_text_input number_input rich_text_input file_input")
)

_BLOCKS: dict[str, _Rule] = {
    "actions": _rule("elements", "block_id", _Check.actions),
    "context": _rule("elements", "block_id", _Check.context),
    "divider": _rule("", "block_id", None),
    "header": _rule("text", "block_id", _Check.header),
    "image": _rule("alt_text", "block_id image_url slack_file title", _Check.image),
    "input": _rule("label element", "block_id hint optional dispatch_action", _Check.input),
    "rich_text": _rule("elements", "block_id", _Check.rich_text),
    "section": _rule("", "block_id text fields accessory expand", _Check.section),
    "video": _rule(
        "title alt_text video_url thumbnail_url",
        "block_id author_name description provider_icon_url provider_name title_url",
        _Check.video,
    ),
    "file": _rule("external_id source", "block_id", _Check.file),
    "markdown": _rule("text", "block_id", _Check.markdown),
    "table": _rule("rows", "block_id column_settings", _Check.table),
}

_ON_MODAL = _names("actions alert card context divider header image input rich_text section video")
_ON_SURFACE: dict[str, frozenset[str]] = {
    "modal": _ON_MODAL,
    "home": _ON_MODAL | {"table"},
    "message": _ON_MODAL | {"table", "file", "markdown"},
}
