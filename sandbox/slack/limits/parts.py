"""The small parts of views and messages: texts, options, confirm dialogs, and how one object is judged."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sandbox.slack.limits.problem import Problem

IDENTIFIER = 255
PLAIN = frozenset({"plain_text"})
ANY_TEXT = frozenset({"plain_text", "mrkdwn"})
STYLES = frozenset({"primary", "danger"})
_PLAIN_KEYS = frozenset({"type", "text", "emoji"})
_MRKDWN_KEYS = frozenset({"type", "text", "verbatim"})
_CONFIRM_KEYS = frozenset({"title", "text", "confirm", "deny", "style"})
_OPTION_KEYS = frozenset({"text", "value", "description"})
_LINK_OPTION_KEYS = _OPTION_KEYS | {"url"}
_GROUP_KEYS = frozenset({"label", "options"})


class Parts:
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

    def text(self, item: object, at: str, limit: int, kinds: frozenset[str] = PLAIN) -> None:
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

    def maybe_text(self, item: Mapping[str, Any], key: str, at: str, limit: int, kinds: frozenset[str] = PLAIN) -> None:
        if key in item:
            self.text(item[key], f"{at}/{key}", limit, kinds)

    def confirm(self, item: object, at: str) -> None:
        if not isinstance(item, dict):
            self.bad(at, "must provide an object")
            return
        self.keys(item, at, _CONFIRM_KEYS, ("title", "text", "confirm", "deny"))
        self.maybe_text(item, "title", at, 100)
        self.maybe_text(item, "text", at, 300, ANY_TEXT)
        self.maybe_text(item, "confirm", at, 30)
        self.maybe_text(item, "deny", at, 30)
        self.one_of(item, "style", at, STYLES)

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
        kinds: frozenset[str] = PLAIN,
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
