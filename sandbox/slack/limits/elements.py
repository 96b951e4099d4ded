"""The elements of blocks: buttons, selects, pickers, inputs, pictures."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.slack.limits.parts import ANY_TEXT, IDENTIFIER, PLAIN, STYLES, Parts

_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\Z")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")
_FILTER_KEYS = frozenset({"include", "exclude_external_shared_channels", "exclude_bot_users"})
_RICH_TEXT = frozenset({"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"})


class Elements(Parts):
    """Judges elements."""

    __slots__ = ()

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
        self.one_of(item, "style", at, STYLES)
        self.string(item, "accessibility_label", at, 75)

    def workflow_button(self, item: Mapping[str, Any], at: str) -> None:
        self.maybe_text(item, "text", at, 75)
        self.one_of(item, "style", at, STYLES)
        self.string(item, "accessibility_label", at, 75)

    def checkboxes(self, item: Mapping[str, Any], at: str) -> None:
        self.initial(item, at, self.options(item, at, 10, ANY_TEXT), ANY_TEXT)

    def overflow(self, item: Mapping[str, Any], at: str) -> None:
        self.options(item, at, 5, link=True)

    def static_select(self, item: Mapping[str, Any], at: str) -> None:
        if ("options" in item) == ("option_groups" in item):
            self.bad(at, "must define either options or option_groups")
        self.initial(item, at, self.options_of(item, at), PLAIN)
        self.whole(item, "max_selected_items", at, 1, 100)

    def external_select(self, item: Mapping[str, Any], at: str) -> None:
        self.initial(item, at, None, PLAIN)
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

    def rich_text(self, item: Mapping[str, Any], at: str) -> None:
        for index, element in enumerate(self.items(item, "elements", at, 100)):
            here = f"{at}/elements/{index}"
            kind = element.get("type") if isinstance(element, dict) else None
            if kind not in _RICH_TEXT:
                self.bad(here, f"unsupported type: {kind}")
            elif not isinstance(element.get("elements"), list):
                self.bad(here, "missing required field: elements")

    def picture(self, item: Mapping[str, Any], at: str) -> None:
        if ("image_url" in item) == ("slack_file" in item):
            self.bad(at, "must define either image_url or slack_file")
        self.string(item, "image_url", at, 3000, 1)
        self.string(item, "alt_text", at, 2000, 1)
        if "slack_file" in item:
            file = item["slack_file"]
            if not isinstance(file, dict) or len(file) != 1 or not {"id", "url"}.issuperset(file):
                self.bad(f"{at}/slack_file", "must define either id or url")


def _is_number(value: object, *, decimal: bool) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?" if decimal else r"-?\d+", value) is not None


_Rule = tuple[frozenset[str], tuple[str, ...], Callable[[Elements, Mapping[str, Any], str], None] | None]


def names(words: str) -> frozenset[str]:
    """A set of names, written as words."""
    return frozenset(words.split())


def _rule(required: str, optional: str, judge: Callable[[Elements, Mapping[str, Any], str], None]) -> _Rule:
    return names(f"type {required} {optional}"), tuple(required.split()), judge


_ACTING = "action_id confirm focus_on_load"
_TYPING = "action_id placeholder focus_on_load initial_value dispatch_action_config"
_CHOOSING = f"{_ACTING} placeholder"
_ELEMENTS: dict[str, _Rule] = {
    "button": _rule("text", "action_id url value style confirm accessibility_label", Elements.button),
    "workflow_button": _rule("text workflow", "action_id style accessibility_label", Elements.workflow_button),
    "checkboxes": _rule("options", f"{_ACTING} initial_options", Elements.checkboxes),
    "radio_buttons": _rule("options", f"{_ACTING} initial_option", Elements.checkboxes),
    "overflow": _rule("options", "action_id confirm", Elements.overflow),
    "static_select": _rule("", f"{_CHOOSING} options option_groups initial_option", Elements.static_select),
    "multi_static_select": _rule(
        "", f"{_CHOOSING} options option_groups initial_options max_selected_items", Elements.static_select
    ),
    "external_select": _rule("", f"{_CHOOSING} initial_option min_query_length", Elements.external_select),
    "multi_external_select": _rule(
        "", f"{_CHOOSING} initial_options min_query_length max_selected_items", Elements.external_select
    ),
    "users_select": _rule("", f"{_CHOOSING} initial_user", Elements.workspace_select),
    "multi_users_select": _rule("", f"{_CHOOSING} initial_users max_selected_items", Elements.workspace_select),
    "conversations_select": _rule(
        "",
        f"{_CHOOSING} initial_conversation default_to_current_conversation response_url_enabled filter",
        Elements.workspace_select,
    ),
    "multi_conversations_select": _rule(
        "",
        f"{_CHOOSING} initial_conversations default_to_current_conversation max_selected_items filter",
        Elements.workspace_select,
    ),
    "channels_select": _rule("", f"{_CHOOSING} initial_channel response_url_enabled", Elements.workspace_select),
    "multi_channels_select": _rule("", f"{_CHOOSING} initial_channels max_selected_items", Elements.workspace_select),
    "datepicker": _rule("", f"{_CHOOSING} initial_date", Elements.datepicker),
    "timepicker": _rule("", f"{_CHOOSING} initial_time timezone", Elements.timepicker),
    "datetimepicker": _rule("", f"{_ACTING} initial_date_time", Elements.datetimepicker),
    "plain_text_input": _rule("", f"{_TYPING} multiline min_length max_length", Elements.plain_text_input),
    "email_text_input": _rule("", _TYPING, Elements.line_input),
    "url_text_input": _rule("", _TYPING, Elements.line_input),
    "number_input": _rule("is_decimal_allowed", f"{_TYPING} min_value max_value", Elements.number_input),
    "rich_text_input": _rule("", _TYPING, Elements.rich_text_input),
    "file_input": _rule("", "action_id filetypes max_files", Elements.file_input),
    "image": _rule("alt_text", "image_url slack_file", Elements.picture),
}

_SINGLE = names(
    "static_select external_select users_select conversations_select channels_select checkboxes radio_buttons "
    "datepicker timepicker"
)
_MULTI = names(
    "multi_static_select multi_external_select multi_users_select multi_conversations_select multi_channels_select"
)
IN_SECTION = _SINGLE | _MULTI | names("button workflow_button overflow image")
IN_ACTIONS = _SINGLE | names("button workflow_button overflow datetimepicker")
IN_CONTEXT = names("image")
IN_INPUT = (
    _SINGLE
    | _MULTI
    | names("datetimepicker plain_text_input email_text_input url_text_input number_input rich_text_input file_input")
)
