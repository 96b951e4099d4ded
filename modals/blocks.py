"""The few Block Kit pieces that Clientdesk uses, as plain dicts, clipped to Slack's limits.

Strings from outside go into plain_text or rich text, where Slack reads no markup: a client called `*_~` stays that.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from modals.text import clip, escape

Block = dict[str, Any]
Element = dict[str, Any]
View = dict[str, Any]
Message = dict[str, Any]


def plain(text: str, limit: int = 3000) -> Element:
    return {"type": "plain_text", "text": clip(text, limit), "emoji": False}


def section(text: str, *, accessory: Element | None = None) -> Block:
    """A paragraph without markup."""
    block: Block = {"type": "section", "text": plain(text)}
    if accessory is not None:
        block["accessory"] = accessory
    return block


def markup(text: str) -> Block:
    """A paragraph of our own words with mrkdwn; anything from outside in it has passed `text.escape`."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": clip(text, 3000)}}


def context(text: str) -> Block:
    return {"type": "context", "elements": [plain(text, 2000)]}


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text, 150)}


def divider() -> Block:
    return {"type": "divider"}


def words(text: str) -> Element:
    return {"type": "text", "text": text}


def bold(text: str) -> Element:
    return {"type": "text", "text": text, "style": {"bold": True}}


def code(text: str) -> Element:
    return {"type": "text", "text": text, "style": {"code": True}}


def emoji(name: str) -> Element:
    return {"type": "emoji", "name": name}


def link(url: str, text: str | None = None) -> Element:
    return {"type": "link", "url": url, "text": text or url}


def mention(slack_user_id: str) -> Element:
    return {"type": "user", "user_id": slack_user_id}


def channel(channel_id: str) -> Element:
    return {"type": "channel", "channel_id": channel_id}


def mentions(slack_user_ids: Sequence[str], *, most: int = 20) -> list[Element]:
    """`@Ada, @Ben`: as many as a person will read."""
    parts: list[Element] = []
    for user in slack_user_ids[:most]:
        parts += [mention(user), words(", ")]
    return parts[:-1]


def moment(at: datetime) -> Element:
    """A time, shown in the reader's own zone."""
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": "{date_short_pretty} at {time}",
        "fallback": at.strftime("%d %b %Y %H:%M %Z"),
    }


def rich(*lines: Sequence[Element]) -> Block:
    """Lines of literal text with bold, code and mentions."""
    elements = [element for line in lines if line for element in (*line, words("\n"))][:-1]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def facts(pairs: Iterable[tuple[str, str | Sequence[Element]]]) -> Block:
    """`Label: value`, a line each. Values are shown as they are."""
    return rich(
        *(
            [bold(f"{label}: "), *([words(clip(value, 1000))] if isinstance(value, str) else value)]
            for label, value in pairs
        )
    )


def button(text: str, action_id: str, *, value: str | None = None, style: str | None = None) -> Element:
    element: Element = {"type": "button", "text": plain(text, 75), "action_id": action_id}
    if value is not None:
        element["value"] = value
    if style is not None:
        element["style"] = style
    return element


def link_button(text: str, action_id: str, url: str, *, style: str | None = None) -> Element:
    """Opens the address in the browser. Slack tells the app of the click too."""
    return button(text, action_id, style=style) | {"url": url}


def confirm(title: str, text: str, yes: str, no: str = "Cancel") -> Element:
    return {
        "title": plain(title, 100),
        "text": plain(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
        "style": "danger",
    }


def actions(*elements: Element, block_id: str | None = None) -> Block:
    block: Block = {"type": "actions", "elements": list(elements)}
    if block_id is not None:
        block["block_id"] = block_id
    return block


def field(
    block_id: str,
    label: str,
    element: Element,
    *,
    hint: str | None = None,
    optional: bool = False,
    acts: bool = False,
) -> Block:
    """An input. Slack marks the optional ones itself, and asks for a value in the others.

    One that `acts` tells the app at once when it is changed, under its element's action id.
    """
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, 2000),
        "element": element,
        "optional": optional,
    }
    if acts:
        block["dispatch_action"] = True
    if hint is not None:
        block["hint"] = plain(hint, 2000)
    return block


def text_input(initial: str | None = None, *, placeholder: str | None = None, multiline: bool = False) -> Element:
    element: Element = {"type": "plain_text_input", "action_id": "value"}
    if multiline:
        element["multiline"] = True
    return _with(element, initial_value=initial or None, placeholder=placeholder and plain(placeholder, 150))


def option(text: str, value: str, description: str | None = None) -> Element:
    chosen: Element = {"text": plain(text, 75), "value": value}
    if description is not None:
        chosen["description"] = plain(description, 75)
    return chosen


def radios(options: Sequence[Element], initial: str | None = None, *, action_id: str = "value") -> Element:
    return _with(
        {"type": "radio_buttons", "action_id": action_id, "options": list(options)},
        initial_option=next((o for o in options if o["value"] == initial), None),
    )


def checkboxes(options: Sequence[Element], initial: Sequence[str] = ()) -> Element:
    return _with(
        {"type": "checkboxes", "action_id": "value", "options": list(options)},
        initial_options=[o for o in options if o["value"] in initial] or None,
    )


def select(options: Sequence[Element], initial: str | None = None, *, placeholder: str = "Choose") -> Element:
    return _with(
        {
            "type": "static_select",
            "action_id": "value",
            "options": list(options),
            "placeholder": plain(placeholder, 150),
        },
        initial_option=next((o for o in options if o["value"] == initial), None),
    )


def multi_select(options: Sequence[Element], initial: Sequence[str] = (), *, placeholder: str = "Choose") -> Element:
    return _with(
        {
            "type": "multi_static_select",
            "action_id": "value",
            "options": list(options),
            "placeholder": plain(placeholder, 150),
        },
        initial_options=[o for o in options if o["value"] in initial] or None,
    )


def overflow(options: Sequence[Element], *, action_id: str) -> Element:
    """A menu behind three dots, of up to five entries."""
    return {"type": "overflow", "action_id": action_id, "options": list(options)}


def search(action_id: str, initial: Element | None = None, *, placeholder: str = "Type a name") -> Element:
    """A select whose options are looked up as the person types."""
    return _with(
        {
            "type": "external_select",
            "action_id": action_id,
            "min_query_length": 0,
            "placeholder": plain(placeholder, 150),
        },
        initial_option=initial,
    )


def multi_search(action_id: str, initial: Sequence[Element] = (), *, placeholder: str = "Type a name") -> Element:
    return _with(
        {
            "type": "multi_external_select",
            "action_id": action_id,
            "min_query_length": 0,
            "placeholder": plain(placeholder, 150),
        },
        initial_options=list(initial) or None,
    )


def file_input(filetypes: Sequence[str], *, most: int = 1) -> Element:
    """`filetypes` are what Slack offers first; a person can choose others all the same."""
    return {"type": "file_input", "action_id": "value", "filetypes": list(filetypes), "max_files": most}


def people(initial: Sequence[str] = (), *, most: int, placeholder: str = "Choose people") -> Element:
    """A select of the workspace's people, by Slack's ids."""
    return _with(
        {
            "type": "multi_users_select",
            "action_id": "value",
            "max_selected_items": most,
            "placeholder": plain(placeholder, 150),
        },
        initial_users=list(initial) or None,
    )


def own_channel(initial: str | None = None) -> Element:
    """A select of the workspace's channels, without those that other companies share."""
    return _with(
        {
            "type": "conversations_select",
            "action_id": "value",
            "filter": {"include": ["public", "private"], "exclude_external_shared_channels": True},
            "placeholder": plain("Choose a channel", 150),
        },
        initial_conversation=initial,
    )


def day(initial: date | None = None) -> Element:
    return _with(
        {"type": "datepicker", "action_id": "value", "placeholder": plain("Choose a day", 150)},
        initial_date=initial and initial.isoformat(),
    )


def modal(
    title: str,
    blocks: Sequence[Block],
    *,
    callback_id: str | None = None,
    submit: str | None = None,
    close: str = "Close",
    private_metadata: str | None = None,
) -> View:
    return _with(
        {"type": "modal", "title": plain(title, 24), "close": plain(close, 24), "blocks": list(blocks)[:100]},
        callback_id=callback_id,
        submit=submit and plain(submit, 24),
        private_metadata=private_metadata,
    )


def home(blocks: Sequence[Block]) -> View:
    return {"type": "home", "blocks": list(blocks)[:100]}


def message(text: str, blocks: Sequence[Block]) -> Message:
    """`text` says in one line what the blocks say: it is what notifications and screen readers give."""
    return {"text": clip(escape(text), 3000), "blocks": list(blocks)[:50]}


def settled(message: Mapping[str, Any], block_id: str, outcome: Block) -> Message:
    """The same message with what has become of a part of it in place of that part's buttons."""
    blocks: Sequence[Block] = message.get("blocks") or ()
    return {
        "text": str(message.get("text") or ""),
        "blocks": [outcome if each.get("block_id") == block_id else each for each in blocks],
    }


def _with(element: Element, **more: Any) -> Element:
    return element | {name: value for name, value in more.items() if value is not None}
