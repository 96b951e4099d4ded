"""What Slack's client does with forms: the state of inputs, their checks before a submission, the action of a click."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_URL = re.compile(r"https?://[^\s/]+\.?[^\s]*\Z", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_WHOLE = re.compile(r"-?\d+\Z")

# For each stateful element: the state's key, the element's key of its first value, and the value when there is none.
_STATE: dict[str, tuple[str, str, Any]] = {
    "plain_text_input": ("value", "initial_value", None),
    "email_text_input": ("value", "initial_value", None),
    "url_text_input": ("value", "initial_value", None),
    "number_input": ("value", "initial_value", None),
    "rich_text_input": ("rich_text_value", "initial_value", None),
    "static_select": ("selected_option", "initial_option", None),
    "external_select": ("selected_option", "initial_option", None),
    "radio_buttons": ("selected_option", "initial_option", None),
    "checkboxes": ("selected_options", "initial_options", ()),
    "multi_static_select": ("selected_options", "initial_options", ()),
    "multi_external_select": ("selected_options", "initial_options", ()),
    "users_select": ("selected_user", "initial_user", None),
    "multi_users_select": ("selected_users", "initial_users", ()),
    "conversations_select": ("selected_conversation", "initial_conversation", None),
    "multi_conversations_select": ("selected_conversations", "initial_conversations", ()),
    "channels_select": ("selected_channel", "initial_channel", None),
    "multi_channels_select": ("selected_channels", "initial_channels", ()),
    "datepicker": ("selected_date", "initial_date", None),
    "timepicker": ("selected_time", "initial_time", None),
    "datetimepicker": ("selected_date_time", "initial_date_time", None),
    "file_input": ("files", "", ()),
}


def elements_of(blocks: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Each block with each of its elements that can be acted on."""
    for block in blocks:
        kind = block["type"]
        if kind == "input":
            yield block, block["element"]
        elif kind == "actions":
            for element in block["elements"]:
                yield block, element
        elif kind == "section" and "accessory" in block:
            yield block, block["accessory"]


def find_element(blocks: Sequence[Json], block_id: str, action_id: str) -> tuple[Json, Json] | None:
    """The block and element with these ids."""
    for block, element in elements_of(blocks):
        if block.get("block_id") == block_id and element.get("action_id") == action_id:
            return block, element
    return None


def initial_state(element: Json) -> Json | None:
    """The state of an untouched element; None when it has no state (a button)."""
    rule = _STATE.get(element["type"])
    if rule is None:
        return None
    key, initial, empty = rule
    value = element.get(initial)
    return {"type": element["type"], key: (list(empty) if empty == () else empty) if value is None else value}


def state_values(blocks: Sequence[Json], given: Mapping[str, Any]) -> Json:
    """`state.values` as Slack sends it: every stateful element, as entered or else as it began."""
    values: Json = {}
    for block, element in elements_of(blocks):
        untouched = initial_state(element)
        if untouched is None:
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        entered = given.get(block_id, {}).get(action_id)
        if not isinstance(entered, Mapping) or entered.get("type") != element["type"]:
            values.setdefault(block_id, {})[action_id] = untouched
        else:
            state = dict(entered)
            key = _STATE[element["type"]][0]
            if key not in state:
                state[key] = untouched[key]
            elif state[key] == "":
                state[key] = None
            values.setdefault(block_id, {})[action_id] = state
    return values


def is_empty(state: Mapping[str, Any]) -> bool:
    key = _STATE[state["type"]][0]
    value = state.get(key)
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == []


def input_errors(blocks: Sequence[Json], values: Mapping[str, Any]) -> dict[str, str]:
    """What Slack's client says, by block, before it asks the app."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = values.get(block["block_id"], {}).get(element["action_id"])
        if state is None or is_empty(state):
            if not block.get("optional", False):
                errors[block["block_id"]] = "Please complete this required field."
            continue
        problem = _value_problem(element, state)
        if problem is not None:
            errors[block["block_id"]] = problem
    return errors


def _value_problem(element: Json, state: Mapping[str, Any]) -> str | None:
    kind = element["type"]
    value = state.get("value")
    if kind == "plain_text_input" and isinstance(value, str):
        if len(value) > element.get("max_length", 3000):
            return f"Must be no more than {element.get('max_length', 3000)} characters."
        if len(value) < element.get("min_length", 0):
            return f"Must be at least {element['min_length']} characters."
    elif kind == "email_text_input" and not _EMAIL.match(str(value)):
        return "Enter a valid email address."
    elif kind == "url_text_input" and not _URL.match(str(value)):
        return "Enter a valid URL."
    elif kind == "number_input":
        if not (_NUMBER if element["is_decimal_allowed"] else _WHOLE).match(str(value)):
            return "Enter a valid number."
        if "min_value" in element and float(str(value)) < float(element["min_value"]):
            return f"Must be {element['min_value']} or more."
        if "max_value" in element and float(str(value)) > float(element["max_value"]):
            return f"Must be {element['max_value']} or less."
    elif kind == "file_input" and len(state["files"]) > element.get("max_files", 10):
        return f"Choose no more than {element.get('max_files', 10)} files."
    return None


def action_of(element: Json, block_id: str, value: object, ts: str) -> Json:
    """The entry of a block_actions payload for acting on this element with this value (an element state)."""
    kind = element["type"]
    action: Json = {"type": kind, "action_id": element["action_id"], "block_id": block_id, "action_ts": ts}
    if kind in {"button", "workflow_button"}:
        for key in ("text", "value", "url", "style"):
            if key in element:
                action[key] = element[key]
        return action
    if kind == "overflow":
        chosen = value.get("selected_option") if isinstance(value, Mapping) else None
        if isinstance(value, str):
            chosen = next((option for option in element["options"] if option["value"] == value), None)
        action["selected_option"] = chosen
        return action
    for key in ("placeholder", "initial_option", "initial_options", "initial_date", "initial_user"):
        if key in element:
            action[key] = element[key]
    key = _STATE[kind][0]
    action[key] = value.get(key) if isinstance(value, Mapping) else value
    return action
