"""Slack's limits, one row per rule: what is just allowed and what is just too much."""

import copy
import time
from typing import Any

import pytest

from sandbox.slack.limits import Problem, check_message, check_options, check_view

Json = dict[str, Any]


def words(text: str = "Words", **more: Any) -> Json:
    return {"type": "plain_text", "text": text, **more}


def mrkdwn(text: str = "*Words*", **more: Any) -> Json:
    return {"type": "mrkdwn", "text": text, **more}


def option(value: str = "a", text: str = "A", **more: Any) -> Json:
    return {"text": words(text), "value": value, **more}


def options(count: int) -> list[Json]:
    return [option(str(number)) for number in range(count)]


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(**more: Any) -> Json:
    return {"type": "button", "text": words(), **more}


def entry(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": words("Label"), "element": element, **more}


def typed(**more: Any) -> Json:
    return {"type": "plain_text_input", **more}


def select(kind: str = "static_select", **more: Any) -> Json:
    return {"type": kind, "options": options(2), **more}


def confirm(**more: Any) -> Json:
    return {"title": words(), "text": mrkdwn(), "confirm": words(), "deny": words(), **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": words("Title"), "submit": words("Go"), "blocks": list(blocks), **more}


def home(*blocks: Json, **more: Any) -> Json:
    return {"type": "home", "blocks": list(blocks), **more}


def without(item: Json, key: str) -> Json:
    return {name: value for name, value in item.items() if name != key}


def found(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}
VIDEO = {
    "type": "video",
    "title": words(),
    "alt_text": "A film",
    "video_url": "https://v.example/v",
    "thumbnail_url": "https://v.example/t",
}
PICTURE = {"type": "image", "image_url": "https://p.example/p.png", "alt_text": "A picture"}

FINE_BLOCKS = {
    "section with text": section(),
    "section with text of 3000": section(text=mrkdwn("x" * 3000)),
    "section with ten fields of 2000": {"type": "section", "fields": [mrkdwn("x" * 2000)] * 10},
    "section with every text key": section(text=mrkdwn(verbatim=True), fields=[words(emoji=False)], expand=True),
    "button with everything": actions(
        button(
            text=words("x" * 75),
            action_id="a" * 255,
            value="v" * 2000,
            url="https://x.example",
            style="primary",
            confirm=confirm(style="danger"),
            accessibility_label="x" * 75,
        )
    ),
    "25 buttons": actions(*[button(action_id=str(number)) for number in range(25)]),
    "header of 150": {"type": "header", "text": words("x" * 150)},
    "context with ten elements": {"type": "context", "elements": [mrkdwn(), words(), PICTURE, *[mrkdwn()] * 7]},
    "divider": {"type": "divider", "block_id": "b" * 255},
    "image with a title": {**PICTURE, "title": words()},
    "image from Slack": {"type": "image", "alt_text": "x", "slack_file": {"id": "F1"}},
    "rich text": RICH,
    "video": VIDEO,
    "card": {"type": "card", "anything": "goes"},
    "alert": {"type": "alert", "anything": "goes"},
    "input with a hint": entry(typed(), hint=words("x" * 2000), optional=True, dispatch_action=False),
    "text input with everything": entry(
        typed(
            action_id="value",
            placeholder=words("x" * 150),
            initial_value="abc",
            multiline=True,
            min_length=1,
            max_length=3000,
            focus_on_load=True,
            dispatch_action_config={"trigger_actions_on": ["on_enter_pressed", "on_character_entered"]},
        )
    ),
    "100 options": entry(select(options=options(100))),
    "100 groups": entry(
        {"type": "static_select", "option_groups": [{"label": words("x" * 75), "options": options(1)}] * 100}
    ),
    "option at its limits": entry(
        select(options=[option("v" * 150, "x" * 75, description=words("d" * 75)), option("b")])
    ),
    "preselected option": entry(select(initial_option=option("1"))),
    "preselected in a group": entry(
        {
            "type": "static_select",
            "option_groups": [{"label": words(), "options": options(3)}],
            "initial_option": option("2"),
        }
    ),
    "several preselected": entry(select("multi_static_select", initial_options=options(2), max_selected_items=2)),
    "ten checkboxes in mrkdwn": entry(
        {
            "type": "checkboxes",
            "options": [{"text": mrkdwn(), "value": str(number), "description": mrkdwn()} for number in range(10)],
        }
    ),
    "ten radio buttons": entry({"type": "radio_buttons", "options": options(10), "initial_option": option("9")}),
    "overflow of five with a link": section(
        accessory={"type": "overflow", "options": [*options(4), option("x", url="https://x.example")]}
    ),
    "external select": entry({"type": "external_select", "min_query_length": 0, "initial_option": option()}),
    "external multi select": section(accessory={"type": "multi_external_select", "initial_options": options(2)}),
    "people select": actions({"type": "users_select", "initial_user": "U1", "placeholder": words()}),
    "multi people select": entry({"type": "multi_users_select", "initial_users": ["U1"], "max_selected_items": 1}),
    "conversations select": entry(
        {
            "type": "conversations_select",
            "default_to_current_conversation": True,
            "response_url_enabled": True,
            "filter": {"include": ["im", "public"], "exclude_bot_users": True},
        }
    ),
    "channels select": entry({"type": "channels_select", "initial_channel": "C1"}),
    "date": entry({"type": "datepicker", "initial_date": "2024-02-29"}),
    "time": entry({"type": "timepicker", "initial_time": "23:59", "timezone": "Europe/London"}),
    "date and time": actions({"type": "datetimepicker", "initial_date_time": 1_700_000_000}),
    "e-mail": entry({"type": "email_text_input", "initial_value": "a@b.example"}),
    "web address": entry({"type": "url_text_input", "placeholder": words()}),
    "number": entry({"type": "number_input", "is_decimal_allowed": True, "min_value": "-1.5", "max_value": "9"}),
    "rich text input": entry({"type": "rich_text_input", "initial_value": RICH}),
    "file input": entry({"type": "file_input", "filetypes": ["csv"], "max_files": 10}),
}


@pytest.mark.parametrize("block", FINE_BLOCKS.values(), ids=FINE_BLOCKS.keys())
def test_a_block_at_its_limits_is_fine_in_a_modal(block: Json) -> None:
    assert found(check_view(modal(copy.deepcopy(block)))) == []


BAD_BLOCKS: dict[str, tuple[Json, str]] = {
    "no type": ({"text": mrkdwn()}, "missing required field: type [json-pointer:/view/blocks/0]"),
    "unknown block": ({"type": "carousel"}, "unsupported type: carousel [json-pointer:/view/blocks/0]"),
    "table in a modal": (
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]},
        "unsupported type: table [json-pointer:/view/blocks/0]",
    ),
    "markdown in a modal": (
        {"type": "markdown", "text": "x"},
        "unsupported type: markdown [json-pointer:/view/blocks/0]",
    ),
    "file in a modal": (
        {"type": "file", "external_id": "x", "source": "remote"},
        "unsupported type: file [json-pointer:/view/blocks/0]",
    ),
    "unknown key": (section(colour="red"), "invalid additional property: colour [json-pointer:/view/blocks/0]"),
    "long block_id": (
        section(block_id="b" * 256),
        "must be no more than 255 characters [json-pointer:/view/blocks/0/block_id]",
    ),
    "empty block_id": (
        section(block_id=""),
        "must be no less than 1 characters [json-pointer:/view/blocks/0/block_id]",
    ),
    "block_id that is no string": (section(block_id=7), "must provide a string [json-pointer:/view/blocks/0/block_id]"),
    "section of 3001": (
        section(text=mrkdwn("x" * 3001)),
        "must be no more than 3000 characters [json-pointer:/view/blocks/0/text/text]",
    ),
    "empty section text": (
        section(text=mrkdwn("")),
        "must be more than 0 characters [json-pointer:/view/blocks/0/text/text]",
    ),
    "section without text and fields": (
        {"type": "section"},
        "must define either `text` or `fields` [json-pointer:/view/blocks/0]",
    ),
    "section text that is a string": (section(text="x"), "must provide an object [json-pointer:/view/blocks/0/text]"),
    "field of 2001": (
        section(fields=[mrkdwn("x" * 2001)]),
        "must be no more than 2000 characters [json-pointer:/view/blocks/0/fields/0/text]",
    ),
    "eleven fields": (
        section(fields=[mrkdwn()] * 11),
        "no more than 10 items allowed [json-pointer:/view/blocks/0/fields]",
    ),
    "no fields": (section(fields=[]), "no fewer than 1 items allowed [json-pointer:/view/blocks/0/fields]"),
    "emoji in mrkdwn": (
        section(text=mrkdwn(emoji=True)),
        "invalid additional property: emoji [json-pointer:/view/blocks/0/text]",
    ),
    "verbatim in plain text": (
        section(text=words(verbatim=True)),
        "invalid additional property: verbatim [json-pointer:/view/blocks/0/text]",
    ),
    "emoji that is no boolean": (
        section(text=words(emoji="yes")),
        "must provide a boolean [json-pointer:/view/blocks/0/text/emoji]",
    ),
    "header of 151": (
        {"type": "header", "text": words("x" * 151)},
        "must be no more than 150 characters [json-pointer:/view/blocks/0/text/text]",
    ),
    "header in mrkdwn": (
        {"type": "header", "text": mrkdwn()},
        "must be one of: plain_text [json-pointer:/view/blocks/0/text/type]",
    ),
    "context of eleven": (
        {"type": "context", "elements": [mrkdwn()] * 11},
        "no more than 10 items allowed [json-pointer:/view/blocks/0/elements]",
    ),
    "empty context": (
        {"type": "context", "elements": []},
        "no fewer than 1 items allowed [json-pointer:/view/blocks/0/elements]",
    ),
    "button in a context": (
        {"type": "context", "elements": [button()]},
        "unsupported type: button [json-pointer:/view/blocks/0/elements/0]",
    ),
    "26 buttons": (actions(*[button()] * 26), "no more than 25 items allowed [json-pointer:/view/blocks/0/elements]"),
    "empty actions": (actions(), "no fewer than 1 items allowed [json-pointer:/view/blocks/0/elements]"),
    "actions without elements": (
        {"type": "actions"},
        "missing required field: elements [json-pointer:/view/blocks/0]",
    ),
    "text input in actions": (
        actions(typed()),
        "unsupported type: plain_text_input [json-pointer:/view/blocks/0/elements/0]",
    ),
    "multi select in actions": (
        actions(select("multi_static_select")),
        "unsupported type: multi_static_select [json-pointer:/view/blocks/0/elements/0]",
    ),
    "button in an input": (entry(button()), "unsupported type: button [json-pointer:/view/blocks/0/element]"),
    "date and time in a section": (
        section(accessory={"type": "datetimepicker"}),
        "unsupported type: datetimepicker [json-pointer:/view/blocks/0/accessory]",
    ),
    "unknown element": (
        section(accessory={"type": "slider"}),
        "unsupported type: slider [json-pointer:/view/blocks/0/accessory]",
    ),
    "unknown key of an element": (
        actions(button(colour="red")),
        "invalid additional property: colour [json-pointer:/view/blocks/0/elements/0]",
    ),
    "button text of 76": (
        actions(button(text=words("x" * 76))),
        "must be no more than 75 characters [json-pointer:/view/blocks/0/elements/0/text/text]",
    ),
    "button text in mrkdwn": (
        actions(button(text=mrkdwn())),
        "must be one of: plain_text [json-pointer:/view/blocks/0/elements/0/text/type]",
    ),
    "button without text": (
        actions({"type": "button"}),
        "missing required field: text [json-pointer:/view/blocks/0/elements/0]",
    ),
    "button value of 2001": (
        actions(button(value="v" * 2001)),
        "must be no more than 2000 characters [json-pointer:/view/blocks/0/elements/0/value]",
    ),
    "button style": (
        actions(button(style="default")),
        "must be one of: danger, primary [json-pointer:/view/blocks/0/elements/0/style]",
    ),
    "action_id of 256": (
        actions(button(action_id="a" * 256)),
        "must be no more than 255 characters [json-pointer:/view/blocks/0/elements/0/action_id]",
    ),
    "the same action_id twice": (
        actions(button(action_id="x"), button(action_id="x")),
        "`action_id` x already exists in this block [json-pointer:/view/blocks/0/elements/1/action_id]",
    ),
    "confirm without deny": (
        actions(button(confirm=without(confirm(), "deny"))),
        "missing required field: deny [json-pointer:/view/blocks/0/elements/0/confirm]",
    ),
    "confirm title of 101": (
        actions(button(confirm=confirm(title=words("x" * 101)))),
        "must be no more than 100 characters [json-pointer:/view/blocks/0/elements/0/confirm/title/text]",
    ),
    "confirm text of 301": (
        actions(button(confirm=confirm(text=mrkdwn("x" * 301)))),
        "must be no more than 300 characters [json-pointer:/view/blocks/0/elements/0/confirm/text/text]",
    ),
    "confirm button of 31": (
        actions(button(confirm=confirm(confirm=words("x" * 31)))),
        "must be no more than 30 characters [json-pointer:/view/blocks/0/elements/0/confirm/confirm/text]",
    ),
    "confirm style": (
        actions(button(confirm=confirm(style="loud"))),
        "must be one of: danger, primary [json-pointer:/view/blocks/0/elements/0/confirm/style]",
    ),
    "label in mrkdwn": (
        entry(typed(), label=mrkdwn()),
        "must be one of: plain_text [json-pointer:/view/blocks/0/label/type]",
    ),
    "label of 2001": (
        entry(typed(), label=words("x" * 2001)),
        "must be no more than 2000 characters [json-pointer:/view/blocks/0/label/text]",
    ),
    "hint of 2001": (
        entry(typed(), hint=words("x" * 2001)),
        "must be no more than 2000 characters [json-pointer:/view/blocks/0/hint/text]",
    ),
    "input without element": (
        {"type": "input", "label": words()},
        "missing required field: element [json-pointer:/view/blocks/0]",
    ),
    "input without label": (
        {"type": "input", "element": typed()},
        "missing required field: label [json-pointer:/view/blocks/0]",
    ),
    "optional that is no boolean": (
        entry(typed(), optional="yes"),
        "must provide a boolean [json-pointer:/view/blocks/0/optional]",
    ),
    "placeholder of 151": (
        entry(typed(placeholder=words("x" * 151))),
        "must be no more than 150 characters [json-pointer:/view/blocks/0/element/placeholder/text]",
    ),
    "max_length of 3001": (
        entry(typed(max_length=3001)),
        "must be between 1 and 3000 [json-pointer:/view/blocks/0/element/max_length]",
    ),
    "min_length over max_length": (
        entry(typed(min_length=5, max_length=4)),
        "must be no more than max_length [json-pointer:/view/blocks/0/element/min_length]",
    ),
    "initial value over max_length": (
        entry(typed(initial_value="abc", max_length=2)),
        "must be no more than 2 characters [json-pointer:/view/blocks/0/element/initial_value]",
    ),
    "initial value that is null": (
        entry(typed(initial_value=None)),
        "must provide a string [json-pointer:/view/blocks/0/element/initial_value]",
    ),
    "unknown trigger": (
        entry(typed(dispatch_action_config={"trigger_actions_on": ["on_blur"]})),
        (
            "must be one of: on_character_entered, on_enter_pressed "
            "[json-pointer:/view/blocks/0/element/dispatch_action_config/trigger_actions_on]"
        ),
    ),
    "101 options": (
        entry(select(options=options(101))),
        "no more than 100 items allowed [json-pointer:/view/blocks/0/element/options]",
    ),
    "no options": (
        entry(select(options=[])),
        "no fewer than 1 items allowed [json-pointer:/view/blocks/0/element/options]",
    ),
    "neither options nor groups": (
        entry({"type": "static_select"}),
        "must define either options or option_groups [json-pointer:/view/blocks/0/element]",
    ),
    "both options and groups": (
        entry(select(option_groups=[{"label": words(), "options": options(1)}])),
        "must define either options or option_groups [json-pointer:/view/blocks/0/element]",
    ),
    "101 groups": (
        entry({"type": "static_select", "option_groups": [{"label": words(), "options": options(1)}] * 101}),
        "no more than 100 items allowed [json-pointer:/view/blocks/0/element/option_groups]",
    ),
    "group label of 76": (
        entry({"type": "static_select", "option_groups": [{"label": words("x" * 76), "options": options(1)}]}),
        "must be no more than 75 characters [json-pointer:/view/blocks/0/element/option_groups/0/label/text]",
    ),
    "empty group": (
        entry({"type": "static_select", "option_groups": [{"label": words(), "options": []}]}),
        "no fewer than 1 items allowed [json-pointer:/view/blocks/0/element/option_groups/0/options]",
    ),
    "option text of 76": (
        entry(select(options=[option(text="x" * 76)])),
        "must be no more than 75 characters [json-pointer:/view/blocks/0/element/options/0/text/text]",
    ),
    "option value of 151": (
        entry(select(options=[option("v" * 151)])),
        "must be no more than 150 characters [json-pointer:/view/blocks/0/element/options/0/value]",
    ),
    "option description of 76": (
        entry(select(options=[option(description=words("x" * 76))])),
        "must be no more than 75 characters [json-pointer:/view/blocks/0/element/options/0/description/text]",
    ),
    "option without value": (
        entry(select(options=[{"text": words()}])),
        "missing required field: value [json-pointer:/view/blocks/0/element/options/0]",
    ),
    "option text in mrkdwn": (
        entry(select(options=[{"text": mrkdwn(), "value": "a"}])),
        "must be one of: plain_text [json-pointer:/view/blocks/0/element/options/0/text/type]",
    ),
    "link in a select": (
        entry(select(options=[option(url="https://x.example")])),
        "invalid additional property: url [json-pointer:/view/blocks/0/element/options/0]",
    ),
    "preselection outside the options": (
        entry(select(initial_option=option("7"))),
        "must be one of the options [json-pointer:/view/blocks/0/element/initial_option]",
    ),
    "preselection with another text": (
        entry({"type": "radio_buttons", "options": options(2), "initial_option": option("1", "Other")}),
        "must be one of the options [json-pointer:/view/blocks/0/element/initial_option]",
    ),
    "preselections outside the options": (
        entry({"type": "checkboxes", "options": options(2), "initial_options": [option("0"), option("7")]}),
        "must be one of the options [json-pointer:/view/blocks/0/element/initial_options/1]",
    ),
    "empty preselections": (
        entry({"type": "checkboxes", "options": options(2), "initial_options": []}),
        "no fewer than 1 items allowed [json-pointer:/view/blocks/0/element/initial_options]",
    ),
    "eleven checkboxes": (
        entry({"type": "checkboxes", "options": options(11)}),
        "no more than 10 items allowed [json-pointer:/view/blocks/0/element/options]",
    ),
    "eleven radio buttons": (
        entry({"type": "radio_buttons", "options": options(11)}),
        "no more than 10 items allowed [json-pointer:/view/blocks/0/element/options]",
    ),
    "six in an overflow": (
        section(accessory={"type": "overflow", "options": options(6)}),
        "no more than 5 items allowed [json-pointer:/view/blocks/0/accessory/options]",
    ),
    "placeholder on radio buttons": (
        entry({"type": "radio_buttons", "options": options(2), "placeholder": words()}),
        "invalid additional property: placeholder [json-pointer:/view/blocks/0/element]",
    ),
    "options in an external select": (
        entry(select("external_select")),
        "invalid additional property: options [json-pointer:/view/blocks/0/element]",
    ),
    "max_selected_items of 0": (
        entry({"type": "multi_users_select", "max_selected_items": 0}),
        "must be between 1 and 100 [json-pointer:/view/blocks/0/element/max_selected_items]",
    ),
    "unknown filter": (
        entry({"type": "conversations_select", "filter": {"include": ["secret"]}}),
        "must be one of: im, mpim, private, public [json-pointer:/view/blocks/0/element/filter/include]",
    ),
    "date in another order": (
        entry({"type": "datepicker", "initial_date": "31-12-2024"}),
        "must match YYYY-MM-DD [json-pointer:/view/blocks/0/element/initial_date]",
    ),
    "hour 24": (
        entry({"type": "timepicker", "initial_time": "24:00"}),
        "must match HH:mm [json-pointer:/view/blocks/0/element/initial_time]",
    ),
    "moment in milliseconds": (
        entry({"type": "datetimepicker", "initial_date_time": 1_700_000_000_000}),
        "must be between 1000000000 and 9999999999 [json-pointer:/view/blocks/0/element/initial_date_time]",
    ),
    "number without is_decimal_allowed": (
        entry({"type": "number_input"}),
        "missing required field: is_decimal_allowed [json-pointer:/view/blocks/0/element]",
    ),
    "number as a number": (
        entry({"type": "number_input", "is_decimal_allowed": False, "min_value": 1}),
        "must be a number given as a string [json-pointer:/view/blocks/0/element/min_value]",
    ),
    "eleven files": (
        entry({"type": "file_input", "max_files": 11}),
        "must be between 1 and 10 [json-pointer:/view/blocks/0/element/max_files]",
    ),
    "image without alt_text": (
        without(PICTURE, "alt_text"),
        "missing required field: alt_text [json-pointer:/view/blocks/0]",
    ),
    "image without source": (
        without(PICTURE, "image_url"),
        "must define either image_url or slack_file [json-pointer:/view/blocks/0]",
    ),
    "video without alt_text": (
        without(VIDEO, "alt_text"),
        "missing required field: alt_text [json-pointer:/view/blocks/0]",
    ),
    "rich text of something else": (
        {"type": "rich_text", "elements": [{"type": "section"}]},
        "unsupported type: section [json-pointer:/view/blocks/0/elements/0]",
    ),
}


@pytest.mark.parametrize(("block", "message"), BAD_BLOCKS.values(), ids=BAD_BLOCKS.keys())
def test_a_block_over_a_limit_is_refused_with_a_pointer(block: Json, message: str) -> None:
    assert found(check_view(modal(block))) == [message]


VIEWS: dict[str, tuple[Json, list[str]]] = {
    "everything at its limit": (
        modal(
            section(),
            title=words("t" * 24),
            submit=words("s" * 24),
            close=words("c" * 24),
            private_metadata="m" * 3000,
            callback_id="c" * 255,
            external_id="e" * 255,
            clear_on_close=True,
            notify_on_close=True,
            submit_disabled=False,
        ),
        [],
    ),
    "100 blocks": (modal(*[{"type": "divider"}] * 100), []),
    "101 blocks": (modal(*[{"type": "divider"}] * 101), ["no more than 100 items allowed [json-pointer:/view/blocks]"]),
    "no blocks": (modal(), ["no fewer than 1 items allowed [json-pointer:/view/blocks]"]),
    "title of 25": (
        modal(section(), title=words("t" * 25)),
        ["must be no more than 24 characters [json-pointer:/view/title/text]"],
    ),
    "submit of 25": (
        modal(section(), submit=words("t" * 25)),
        ["must be no more than 24 characters [json-pointer:/view/submit/text]"],
    ),
    "close of 25": (
        modal(section(), close=words("t" * 25)),
        ["must be no more than 24 characters [json-pointer:/view/close/text]"],
    ),
    "title in mrkdwn": (
        modal(section(), title=mrkdwn()),
        ["must be one of: plain_text [json-pointer:/view/title/type]"],
    ),
    "metadata of 3001": (
        modal(section(), private_metadata="m" * 3001),
        ["must be no more than 3000 characters [json-pointer:/view/private_metadata]"],
    ),
    "metadata that is no string": (
        modal(section(), private_metadata={"id": 1}),
        ["must provide a string [json-pointer:/view/private_metadata]"],
    ),
    "callback_id of 256": (
        modal(section(), callback_id="c" * 256),
        ["must be no more than 255 characters [json-pointer:/view/callback_id]"],
    ),
    "external_id of 256": (
        modal(section(), external_id="c" * 256),
        ["must be no more than 255 characters [json-pointer:/view/external_id]"],
    ),
    "an input without submit": (
        without(modal(entry(typed())), "submit"),
        ["missing required field: submit (the view has an input block) [json-pointer:/view]"],
    ),
    "no title": (without(modal(section()), "title"), ["missing required field: title [json-pointer:/view]"]),
    "no blocks key": (without(modal(), "blocks"), ["missing required field: blocks [json-pointer:/view]"]),
    "unknown key": (modal(section(), color="red"), ["invalid additional property: color [json-pointer:/view]"]),
    "what only Slack sets": (modal(section(), id="V1"), ["invalid additional property: id [json-pointer:/view]"]),
    "home as a modal": (
        {**modal(section()), "type": "home"},
        ["must be modal [json-pointer:/view/type]"],
    ),
    "the same block_id twice": (
        modal(section(block_id="x"), section(block_id="x")),
        ["`block_id` x already exists [json-pointer:/view/blocks/1/block_id]"],
    ),
    "the same action_id in two blocks": (
        modal(actions(button(action_id="x")), actions(button(action_id="x"))),
        [],
    ),
    "focus twice": (
        modal(entry(typed(focus_on_load=True)), entry(typed(focus_on_load=True))),
        ["only one element can have focus_on_load [json-pointer:/view/blocks/1/element/focus_on_load]"],
    ),
    "a block that is a string": (modal("text"), ["must provide an object [json-pointer:/view/blocks/0]"]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("view", "messages"), VIEWS.values(), ids=VIEWS.keys())
def test_a_modal_is_judged_as_a_whole(view: Json, messages: list[str]) -> None:
    assert found(check_view(view)) == messages


def test_a_view_of_over_250_kb_is_too_large() -> None:
    blocks = [section(text=mrkdwn("x" * 3000), block_id=str(number)) for number in range(90)]

    assert check_view(modal(*blocks)) == [
        Problem("view_too_large", "/view", "must be no more than 256000 bytes"),
    ]


def test_a_view_just_under_250_kb_is_fine_whatever_its_alphabet() -> None:
    blocks = [section(text=mrkdwn("ä" * 2800), block_id=str(number)) for number in range(44)]

    assert check_view(modal(*blocks)) == []


def test_a_home_allows_tables_but_no_title_and_no_files() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}

    assert check_view(home(table, entry(typed())), "home") == []
    assert check_view(home(), "home") == []
    assert found(check_view(home(title=words()), "home")) == ["invalid additional property: title [json-pointer:/view]"]
    assert found(check_view(home(entry({"type": "file_input"})), "home")) == [
        "unsupported type: file_input [json-pointer:/view/blocks/0/element]"
    ]


def test_a_modal_is_no_home() -> None:
    assert "must be home [json-pointer:/view/type]" in found(check_view(modal(section()), "home"))


CELL = {"type": "raw_text", "text": "x"}
TABLE = {"type": "table", "rows": [[CELL] * 20] * 100}
MESSAGES: dict[str, tuple[Json, list[tuple[str, str]]]] = {
    "text": ({"text": "x" * 40_000}, []),
    "text of 40,001": ({"text": "x" * 40_001}, [("msg_too_long", "/text")]),
    "nothing": ({}, [("no_text", "/text")]),
    "empty text and no blocks": ({"text": "", "blocks": []}, [("no_text", "/text")]),
    "blocks without text": ({"blocks": [section()]}, []),
    "50 blocks": ({"text": "x", "blocks": [{"type": "divider"}] * 50}, []),
    "51 blocks": ({"text": "x", "blocks": [{"type": "divider"}] * 51}, [("invalid_blocks", "/blocks")]),
    "blocks' text of 13,000": (
        {"blocks": [*[section(text=mrkdwn("x" * 3000))] * 4, section(text=mrkdwn("x" * 1000))]},
        [],
    ),
    "blocks' text of 13,001": (
        {"blocks": [*[section(text=mrkdwn("x" * 3000))] * 4, section(text=mrkdwn("x" * 1001))]},
        [("msg_blocks_too_long", "/blocks")],
    ),
    "a table of 100 rows and 20 cells": ({"text": "x", "blocks": [TABLE]}, []),
    "two tables": ({"text": "x", "blocks": [TABLE, TABLE]}, [("invalid_blocks", "/blocks/1")]),
    "101 rows": (
        {"text": "x", "blocks": [{"type": "table", "rows": [[CELL]] * 101}]},
        [("invalid_blocks", "/blocks/0/rows")],
    ),
    "21 cells": (
        {"text": "x", "blocks": [{"type": "table", "rows": [[CELL] * 21]}]},
        [("invalid_blocks", "/blocks/0/rows/0")],
    ),
    "a cell of an unknown kind": (
        {"text": "x", "blocks": [{"type": "table", "rows": [[mrkdwn()]]}]},
        [("invalid_blocks", "/blocks/0/rows/0/0")],
    ),
    "markdown": ({"blocks": [{"type": "markdown", "text": "x" * 12_000}]}, []),
    "a remote file": ({"text": "x", "blocks": [{"type": "file", "external_id": "x", "source": "remote"}]}, []),
    "a bad block": ({"text": "x", "blocks": [{"type": "section"}]}, [("invalid_blocks", "/blocks/0")]),
    "blocks that are an object": ({"text": "x", "blocks": {}}, [("invalid_blocks", "/blocks")]),
    "text that is a number": ({"text": 7}, [("invalid_arguments", "/text")]),
    "metadata": ({"text": "x", "metadata": {"event_type": "e", "event_payload": {}}}, []),
    "metadata without payload": (
        {"text": "x", "metadata": {"event_type": "e"}},
        [("invalid_metadata_format", "/metadata")],
    ),
    "an attachment alone": ({"attachments": [{"text": "x", "blocks": [section()]}]}, []),
    "a bad block in an attachment": (
        {"attachments": [{"blocks": [{"type": "section"}]}]},
        [("invalid_blocks", "/attachments/0/blocks/0")],
    ),
}


@pytest.mark.parametrize(("payload", "problems"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_message_is_judged_as_a_whole(payload: Json, problems: list[tuple[str, str]]) -> None:
    assert [(problem.code, problem.pointer) for problem in check_message(payload)] == problems


def test_an_options_answer_has_up_to_100_options_or_groups() -> None:
    assert check_options({"options": []}) == []
    assert check_options({"options": options(100)}) == []
    assert check_options({"option_groups": [{"label": words(), "options": options(1)}]}) == []
    assert found(check_options({"options": options(101)})) == ["no more than 100 items allowed [json-pointer:/options]"]
    assert found(check_options({})) == ["must define either options or option_groups [json-pointer:]"]
    assert found(check_options(None)) == ["must define either options or option_groups [json-pointer:]"]


def test_checking_a_modal_of_40_blocks_takes_well_below_a_millisecond() -> None:
    blocks = [
        entry(select(action_id="value") if number % 4 == 0 else typed(action_id="value"), block_id=f"b{number}")
        for number in range(40)
    ]
    view = modal(*blocks)

    def elapsed() -> float:
        began = time.perf_counter()
        assert check_view(view) == []
        return time.perf_counter() - began

    # The quickest of many: what the machine does besides isn't the validator's.
    assert min(elapsed() for _ in range(50)) < 0.001
