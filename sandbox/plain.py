"""Views and messages as readable text, for the tour, for failures and for searching what people see."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]


def plain(surface: Mapping[str, Any]) -> str:
    """A view or a message as lines of text, the way a person reads it."""
    lines: list[str] = []
    values = surface.get("state", {}).get("values", {})
    title = surface.get("title")
    if surface.get("type") == "modal" and title:
        lines.append(f"== {text_of(title)} ==")
    blocks = surface.get("blocks") or []
    for block in blocks:
        lines += _block(block, values)
    if not blocks and surface.get("text"):
        lines.append(surface["text"])
    buttons = [f"[{text_of(surface[key])}]" for key in ("close", "submit") if surface.get(key)]
    if buttons:
        lines.append(" ".join(buttons))
    return "\n".join(lines)


def text_of(item: Any) -> str:
    """The words of a text object, an option or an element."""
    if isinstance(item, Mapping):
        inner = item.get("text", item.get("alt_text", ""))
        return inner if isinstance(inner, str) else text_of(inner)
    return str(item or "")


def _block(block: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    kind = block["type"]
    state = values.get(block.get("block_id", ""), {})
    if kind == "header":
        return [f"# {text_of(block['text'])}"]
    if kind == "divider":
        return ["---"]
    if kind == "section":
        lines = [text_of(block["text"])] if "text" in block else []
        lines += [text_of(field) for field in block.get("fields", [])]
        return lines + ([_element(block["accessory"], state)] if "accessory" in block else [])
    if kind == "context":
        return ["  ".join(text_of(element) for element in block["elements"])]
    if kind == "actions":
        return [" ".join(_element(element, state) for element in block["elements"])]
    if kind == "input":
        mark = " (optional)" if block.get("optional") else ""
        hint = [f"  {text_of(block['hint'])}"] if "hint" in block else []
        return [f"{text_of(block['label'])}{mark}: {_element(block['element'], state)}", *hint]
    if kind == "image":
        return [f"[image: {block['alt_text']}]"]
    if kind == "rich_text":
        return [_rich(block)]
    if kind == "table":
        return [" | ".join(_rich(cell) for cell in row) for row in block["rows"]]
    if kind == "markdown":
        return [block["text"]]
    return [f"[{kind}]"]


def _rich(item: Any) -> str:
    if isinstance(item, Mapping):
        if "elements" in item:
            joint = "\n" if item["type"] in {"rich_text", "rich_text_list"} else ""
            return joint.join(_rich(element) for element in item["elements"])
        if item["type"] == "emoji":
            return f":{item['name']}:"
        kinds = ("text", "url", "user_id", "channel_id", "fallback")
        return next((str(item[kind]) for kind in kinds if item.get(kind)), "")
    return ""


def _element(element: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    kind = element["type"]
    if kind in {"button", "workflow_button"}:
        return f"[{text_of(element)}]"
    if kind == "image":
        return f"[image: {element['alt_text']}]"
    if kind == "overflow":
        return f"[⋯ {', '.join(text_of(option) for option in element['options'])}]"
    entered = state.get(element.get("action_id", ""), {})
    if kind in {"checkboxes", "radio_buttons"}:
        chosen = entered.get("selected_options") or [entered.get("selected_option")]
        values = {option["value"] for option in chosen if option}
        marks = ("[x]", "[ ]") if kind == "checkboxes" else ("(•)", "( )")
        return "  ".join(
            f"{marks[0] if option['value'] in values else marks[1]} {text_of(option)}" for option in element["options"]
        )
    return f"‹{_entered(entered) or text_of(element.get('placeholder'))}›"


def _entered(state: Mapping[str, Any]) -> str:
    for key, value in state.items():
        if key == "type" or value is None:
            continue
        if isinstance(value, Sequence) and not isinstance(value, str):
            return ", ".join(_name(each) for each in value)
        return _name(value)
    return ""


def _name(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value["name"]) if "name" in value else text_of(value) or _rich(value)
    return str(value)
