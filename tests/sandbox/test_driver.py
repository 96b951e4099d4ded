"""The driver's hands and eyes: every kind of element, what isn't there, and how things read as text."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient

from sandbox.driver import Person, Sandbox, SandboxError, plain
from sandbox.running import RunningSandbox
from tests.sandbox.apps import AppServer, actions, bolt, button, entry, modal, section, words

Json = dict[str, Any]
KINDS = [{"text": words("Limited"), "value": "ltd"}, {"text": words("Sole trader"), "value": "sole"}]


def show(running: RunningSandbox, *views: Json) -> None:
    """Open views for Ada, one on the other."""
    team = running.world.teams["T_BIRCH"]
    for view in views:
        running.world.show_view(team, "U_ADA", view, on_top=True)


@pytest.fixture
def ada(sandbox: Sandbox) -> Person:
    return sandbox.person("U_ADA")


@pytest.fixture
def submitted(running: RunningSandbox, app_server: AppServer) -> list[Json]:
    """The values of each submission that reaches the app."""
    received: list[Json] = []
    app: App = bolt(running)

    @app.view("form")
    def keep(ack: Any, view: Json) -> None:
        received.append(view["state"]["values"])
        ack()

    app.action("value")(lambda ack: ack())
    app_server.serve(app)
    running.bot_url = app_server.url
    return received


FILLED: dict[str, tuple[Json, Any, Json]] = {
    "text": ({"type": "plain_text_input"}, "Birch", {"value": "Birch"}),
    "number": ({"type": "number_input", "is_decimal_allowed": False}, 7, {"value": "7"}),
    "select by text": ({"type": "static_select", "options": KINDS}, "Sole trader", {"selected_option": KINDS[1]}),
    "select by value": ({"type": "static_select", "options": KINDS}, "ltd", {"selected_option": KINDS[0]}),
    "grouped select": (
        {"type": "static_select", "option_groups": [{"label": words("All"), "options": KINDS}]},
        "sole",
        {"selected_option": KINDS[1]},
    ),
    "radio": ({"type": "radio_buttons", "options": KINDS}, "ltd", {"selected_option": KINDS[0]}),
    "several": ({"type": "multi_static_select", "options": KINDS}, ["ltd", "sole"], {"selected_options": KINDS}),
    "checkboxes": ({"type": "checkboxes", "options": KINDS}, ["sole"], {"selected_options": [KINDS[1]]}),
    "a lone checkbox": ({"type": "checkboxes", "options": KINDS[:1]}, True, {"selected_options": KINDS[:1]}),
    "person by name": ({"type": "users_select"}, "Clem Okafor", {"selected_user": "U_CLEM"}),
    "people by id": ({"type": "multi_users_select"}, ["U_JO", "U_SAM"], {"selected_users": ["U_JO", "U_SAM"]}),
    "conversation": ({"type": "conversations_select"}, "general", {"selected_conversation": "C_GENERAL"}),
    "channels": ({"type": "multi_channels_select"}, ["general"], {"selected_channels": ["C_GENERAL"]}),
    "date": ({"type": "datepicker"}, date(2024, 2, 29), {"selected_date": "2024-02-29"}),
    "time": ({"type": "timepicker"}, time(9, 5), {"selected_time": "09:05"}),
    "moment": (
        {"type": "datetimepicker"},
        datetime(2024, 1, 1, tzinfo=UTC),
        {"selected_date_time": 1_704_067_200},
    ),
    "rich text": (
        {"type": "rich_text_input"},
        "Hi",
        {
            "rich_text_value": {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "Hi"}]}],
            }
        },
    ),
}


@pytest.mark.parametrize(("element", "value", "state"), FILLED.values(), ids=FILLED.keys())
def test_every_kind_of_element_is_filled_as_slack_would(
    running: RunningSandbox, ada: Person, submitted: list[Json], element: Json, value: Any, state: Json
) -> None:
    show(running, modal("Form", entry("field", "Field", element)))

    ada.fill("Field", value)

    assert ada.submit().ok
    assert submitted == [{"field": {"value": {"type": element["type"], **state}}}]


def test_a_chosen_file_is_uploaded_and_can_be_read_by_the_app(
    running: RunningSandbox, ada: Person, submitted: list[Json], client: WebClient
) -> None:
    show(running, modal("Form", entry("list", "List", {"type": "file_input", "max_files": 1})))
    ada.fill("List", [("a.csv", b"a"), ("b.csv", b"b")])
    assert ada.submit().errors == {"list": "Choose no more than 1 files."}

    ada.fill("List", [("a.csv", b"name\nBirch")])
    assert ada.submit().ok

    (file,) = submitted[0]["list"]["value"]["files"]
    assert (file["name"], file["size"], file["user"]) == ("a.csv", 10, "U_ADA")
    assert client.files_info(file=file["id"])["file"]["mimetype"] == "text/csv"


def test_an_input_is_found_by_block_label_or_the_beginning_of_its_block(running: RunningSandbox, ada: Person) -> None:
    show(running, modal("Form", entry("name_step_2", "Name"), entry("vat", "VAT number", optional=True)))

    ada.fill("name", "Birch")
    ada.fill("VAT number", "GB1")

    view = ada.view
    assert view is not None
    assert view.values["name_step_2"]["value"]["value"] == "Birch"
    assert view.values["vat"]["value"]["value"] == "GB1"


def test_what_is_not_there_fails_with_what_is_seen(running: RunningSandbox, ada: Person) -> None:
    with pytest.raises(SandboxError, match="U_ADA has no view open"):
        ada.submit()
    with pytest.raises(SandboxError, match=r"waited 0\.05 s for a view with"):
        ada.wait_view(title="Form", timeout=0.05)
    show(running, modal("Form", entry("kind", "Kind", {"type": "static_select", "options": KINDS})))
    with pytest.raises(SandboxError, match=r"no input 'Name' in the view:\n== Form =="):
        ada.fill("Name", "x")
    with pytest.raises(SandboxError, match=r"has no option 'Charity' but \['Limited', 'Sole trader'\]"):
        ada.fill("Kind", "Charity")
    with pytest.raises(SandboxError, match="sees no button 'Delete'"):
        ada.click("Delete")
    with pytest.raises(SandboxError, match="sees no conversation 'secret'"):
        ada.say("x", "secret")
    with pytest.raises(SandboxError, match="no mail to nobody@"):
        ada._sandbox.wait_mail("nobody@x.example", timeout=0)


def test_a_click_looks_in_the_top_view_then_in_messages_and_in_the_home_when_told(
    running: RunningSandbox, ada: Person, app_server: AppServer, client: WebClient
) -> None:
    clicked: list[str] = []
    app = bolt(running)

    def keep(ack: Any, body: Json) -> None:
        ack()
        clicked.append(body["actions"][0].get("value") or body["actions"][0]["selected_option"]["value"])

    for action_id in ("go", "more"):
        app.action(action_id)(keep)
    app_server.serve(app)
    running.bot_url = app_server.url
    client.chat_postMessage(channel="U_ADA", text="old", blocks=[actions(button("Go", "go", value="old message"))])
    client.chat_postMessage(channel="U_ADA", text="new", blocks=[actions(button("Go", "go", value="new message"))])
    home = {"type": "home", "blocks": [actions(button("Go", "go", value="home"))]}
    client.views_publish(user_id="U_ADA", view=home)
    menu = {"type": "overflow", "action_id": "more", "options": [{"text": words("Archive"), "value": "archive"}]}

    ada.click("Go")
    ada.click("old message")
    ada.click("Go", home=True)
    show(running, modal("Form", actions(button("Go", "go", value="view")), section("Row", accessory=menu)))
    ada.click("go")
    ada.click("Archive")

    assert clicked == ["new message", "old message", "home", "view", "archive"]


def test_waiting_ends_as_soon_as_it_is_there(running: RunningSandbox, ada: Person, client: WebClient) -> None:
    posted = client.chat_postMessage(channel="C_GENERAL", text="Here it is")

    assert ada.wait_message("Here", "general", timeout=0).ts == posted["ts"]
    assert ada.wait_message("Here").conversation == "C_GENERAL"


def test_surfaces_read_as_text() -> None:
    view = modal(
        "Add client",
        {"type": "header", "text": words("Details")},
        section("*Who?*", accessory=button("Change", "change")),
        {"type": "section", "fields": [words("left"), words("right")]},
        {"type": "context", "elements": [words("Step 1 of 7")]},
        {"type": "divider"},
        entry("name", "Name", {"type": "plain_text_input", "placeholder": words("as registered")}),
        entry("kind", "Kind", {"type": "radio_buttons", "options": KINDS}, hint=words("You can change it")),
        entry("all", "All", {"type": "checkboxes", "options": KINDS}, optional=True),
        actions(button("Back", "back"), button("Skip", "skip")),
        {"type": "image", "image_url": "https://p.example", "alt_text": "A tree"},
        {"type": "novelty"},
        close=words("Cancel"),
    )
    view["state"] = {
        "values": {
            "name": {"value": {"type": "plain_text_input", "value": "Birch"}},
            "kind": {"value": {"type": "radio_buttons", "selected_option": KINDS[1]}},
            "all": {"value": {"type": "checkboxes", "selected_options": KINDS[:1]}},
        }
    }

    assert plain(view).splitlines() == [
        "== Add client ==",
        "# Details",
        "*Who?*",
        "[Change]",
        "left",
        "right",
        "Step 1 of 7",
        "---",
        "Name: ‹Birch›",
        "Kind: ( ) Limited  (•) Sole trader",
        "  You can change it",
        "All (optional): [x] Limited  [ ] Sole trader",
        "[Back] [Skip]",
        "[image: A tree]",
        "[novelty]",
        "[Cancel] [Next]",
    ]
    assert plain({"text": "Only text", "blocks": []}) == "Only text"
