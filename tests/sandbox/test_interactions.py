"""What the app receives and what people see of its answers, with a real Bolt app behind HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from slack_bolt import App
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from sandbox.app import SandboxConfig
from sandbox.driver import Person, Sandbox
from sandbox.running import RunningSandbox
from tests.sandbox.apps import AppServer, ManualClock, actions, bolt, button, entry, modal, section, words

Json = dict[str, Any]


@pytest.fixture
def app(running: RunningSandbox, app_server: AppServer) -> App:
    app = bolt(running)
    app_server.serve(app)
    running.bot_url = app_server.url
    return app


@pytest.fixture
def ada(sandbox: Sandbox, app: App) -> Person:
    return sandbox.person("U_ADA")


@pytest.fixture
def impatient(running: RunningSandbox) -> Iterator[None]:
    """A deadline that tests can wait for."""
    dispatcher = running.parts.slack.dispatcher
    dispatcher.ack_seconds, usual = 0.1, dispatcher.ack_seconds
    yield
    dispatcher.ack_seconds = usual


def keeps(received: list[Json]) -> Callable[..., None]:
    """A listener that acknowledges and keeps what it got."""

    def listener(ack: Any, body: Json) -> None:
        ack()
        received.append(body)

    return listener


def opens(app: App, *views: Json) -> list[Json]:
    """/add-client opens the first view; each submission answers with the next; returns the submissions."""
    received: list[Json] = []
    rest = list(views[1:])

    @app.command("/add-client")
    def open_first(ack: Any, body: Json, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=views[0])

    @app.view("form")
    def go_on(ack: Any, body: Json) -> None:
        received.append(body)
        if rest:
            ack(response_action="update", view=rest.pop(0))
        else:
            ack()

    return received


def answers(app: App, answer: Callable[[Any, Json], None]) -> None:
    """/add-client opens a form with a name, whose submission is answered so."""
    opens_form = modal("Form", entry("name", "Name"))

    @app.command("/add-client")
    def open_form(ack: Any, body: Json, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=opens_form)

    @app.view("form")
    def submitted(ack: Any, body: Json) -> None:
        answer(ack, body)


# Slash commands


def test_a_command_arrives_signed_with_slacks_fields(ada: Person, app: App, app_server: AppServer) -> None:
    app.command("/add-client")(lambda ack: ack())

    answer = ada.command("/add-client  Birch Bakery ")

    body, headers = app_server.requests[-1]
    fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
    verifier = SignatureVerifier(SandboxConfig.signing_secret)
    assert answer.ok
    assert verifier.is_valid_request(body, headers)
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert fields.pop("trigger_id")
    assert fields.pop("response_url").startswith("http://127.0.0.1:")
    assert fields.pop("token")
    assert fields == {
        "team_id": "T_BIRCH",
        "team_domain": "birch",
        "channel_id": "C_GENERAL",
        "channel_name": "general",
        "user_id": "U_ADA",
        "user_name": "ada",
        "command": "/add-client",
        "text": "Birch Bakery",
        "api_app_id": "A_CLIENTDESK",
        "is_enterprise_install": "false",
    }


def test_the_body_of_a_commands_ack_is_an_ephemeral_message(ada: Person, app: App, sandbox: Sandbox) -> None:
    app.command("/add-client")(lambda ack: ack("Only you see this"))
    app.command("/clients")(lambda ack: ack(text="All see this", response_type="in_channel"))

    ada.command("/add-client")
    ada.command("/clients")

    assert [(each.text, each.ephemeral) for each in ada.messages("general")] == [
        ("Only you see this", True),
        ("All see this", False),
    ]
    assert [each.text for each in sandbox.person("U_CLEM").messages("general")] == ["All see this"]


def test_an_outsiders_command_comes_from_the_shared_channel(sandbox: Sandbox, app: App, app_server: AppServer) -> None:
    app.command("/add-client")(lambda ack: ack())

    sandbox.person("U_EVE").command("/add-client")

    fields = parse_qs(app_server.requests[-1][0])
    assert (fields["team_id"], fields["user_id"], fields["channel_id"]) == (["T_BIRCH"], ["U_EVE"], ["C_SHARED"])


def test_a_late_ack_is_a_time_out_the_person_sees(
    ada: Person, app: App, app_server: AppServer, impatient: None
) -> None:
    release = threading.Event()
    app.command("/add-client")(lambda: release.wait(5))

    answer = ada.command("/add-client")
    release.set()

    assert (answer.ok, answer.error) == (False, "operation_timeout")
    assert answer.ack_ms >= 100
    assert ada.toasts == ["/add-client failed with the error operation_timeout"]


def test_an_app_that_is_down_or_answers_an_error_is_a_failed_dispatch(
    ada: Person, app: App, running: RunningSandbox, app_server: AppServer
) -> None:
    refused = ada.command("/add-client")
    running.bot_url = "http://127.0.0.1:9"
    down = ada.command("/clients")
    running.bot_url = app_server.url

    assert (refused.error, down.error) == ("dispatch_failed", "dispatch_failed")
    assert ada.toasts == [
        "/add-client failed with the error dispatch_failed",
        "/clients failed with the error dispatch_failed",
    ]


def test_a_wrong_signing_secret_is_refused_by_the_app(
    ada: Person, running: RunningSandbox, app_server: AppServer
) -> None:
    other = App(
        client=WebClient(token="xoxb-sandbox-T_BIRCH", base_url=running.api_url),
        signing_secret="another",
        process_before_response=True,
    )
    app_server.serve(other)

    assert ada.command("/add-client").error == "dispatch_failed"


def test_a_command_outside_the_manifest_does_not_reach_the_app(app_server: AppServer) -> None:
    manifest = {"features": {"slash_commands": [{"command": "/clients", "description": "Find"}]}}
    with (
        RunningSandbox(SandboxConfig(manifest=manifest, bot_url=app_server.url)) as running,
        Sandbox(running.url) as sandbox,
    ):
        app_server.requests.clear()
        ada = sandbox.person("U_ADA")

        assert ada.command("/add-client").error == "unknown_command"
        assert ada.toasts == ["/add-client is not a valid command."]
        assert ada.state()["commands"] == [{"command": "/clients", "description": "Find", "usage_hint": ""}]
        assert app_server.requests == []


# Submissions


def test_a_submission_has_the_whole_view_and_every_stateful_element(ada: Person, app: App) -> None:
    kinds = {"type": "static_select", "options": [{"text": words("Ltd"), "value": "ltd"}], "action_id": "kind"}
    received = opens(
        app,
        modal(
            "Form",
            entry("name", "Name"),
            entry("since", "Since", {"type": "datepicker", "initial_date": "2024-01-31"}, optional=True),
            entry("boxes", "Boxes", {"type": "checkboxes", "options": kinds["options"]}, optional=True),
            section("Kind", block_id="kind", accessory=kinds),
            private_metadata="draft-1",
        ),
    )
    ada.command("/add-client")
    opened = ada.wait_view(title="Form")
    ada.fill("Name", "Birch Bakery")

    assert ada.submit().ok

    body = received[0]
    view = body["view"]
    assert body["type"] == "view_submission"
    assert body["team"] == {"id": "T_BIRCH", "domain": "birch"}
    assert body["user"] == {"id": "U_ADA", "username": "ada", "name": "ada", "team_id": "T_BIRCH"}
    assert (body["api_app_id"], body["is_enterprise_install"], body["enterprise"]) == ("A_CLIENTDESK", False, None)
    assert body["response_urls"] == []
    assert body["trigger_id"]
    assert (view["id"], view["hash"], view["private_metadata"]) == (opened.id, opened.hash, "draft-1")
    assert view["state"]["values"] == {
        "name": {"value": {"type": "plain_text_input", "value": "Birch Bakery"}},
        "since": {"value": {"type": "datepicker", "selected_date": "2024-01-31"}},
        "boxes": {"value": {"type": "checkboxes", "selected_options": []}},
        "kind": {"kind": {"type": "static_select", "selected_option": None}},
    }
    assert ada.view is None


def test_slacks_client_checks_inputs_before_it_asks_the_app(ada: Person, app: App) -> None:
    received = opens(
        app,
        modal(
            "Form",
            entry("name", "Name", {"type": "plain_text_input", "max_length": 5, "min_length": 2}),
            entry("email", "E-mail", {"type": "email_text_input"}),
            entry("site", "Site", {"type": "url_text_input"}, optional=True),
            entry("size", "Size", {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}),
        ),
    )
    ada.command("/add-client")
    ada.wait_view(title="Form")

    assert set(ada.submit().errors) == {"name", "email", "size"}
    for block, value in {"name": "too long", "email": "nobody", "site": "ftp:x", "size": "0"}.items():
        ada.fill(block, value)
    assert ada.submit().errors == {
        "name": "Must be no more than 5 characters.",
        "email": "Enter a valid email address.",
        "site": "Enter a valid URL.",
        "size": "Must be 1 or more.",
    }
    for block, value in {"name": "x", "email": "a@b.example", "site": "https://b.example", "size": "1.5"}.items():
        ada.fill(block, value)
    assert ada.submit().errors == {"name": "Must be at least 2 characters.", "size": "Enter a valid number."}
    assert received == []
    ada.fill("name", "Birch")
    ada.fill("size", 3)
    assert ada.submit().errors == {}
    assert len(received) == 1


def test_errors_show_at_their_fields_and_the_view_stays(ada: Person, app: App) -> None:
    answers(app, lambda ack, _: ack(response_action="errors", errors={"name": "Taken"}))
    ada.command("/add-client")
    ada.wait_view(title="Form")
    ada.fill("Name", "Birch")

    answer = ada.submit()

    assert (answer.ok, answer.errors, ada.errors) == (True, {"name": "Taken"}, {"name": "Taken"})
    view = ada.view
    assert view is not None
    assert view.values["name"]["value"]["value"] == "Birch"


def test_errors_for_a_block_that_is_no_input_are_a_bug_the_person_sees(ada: Person, app: App) -> None:
    answers(app, lambda ack, _: ack(response_action="errors", errors={"nothing": "x"}))
    ada.command("/add-client")
    ada.wait_view(title="Form")
    ada.fill("Name", "Birch")

    answer = ada.submit()

    assert (answer.ok, answer.error) == (False, "invalid_response")
    assert "must be the block_id of an input [json-pointer:/errors/nothing]" in ada.toasts[-1]


def test_update_push_and_clear_move_through_the_stack(ada: Person, app: App) -> None:
    steps: list[Callable[[Any], None]] = [
        lambda ack: ack(response_action="update", view=modal("Second", entry("b", "B"))),
        lambda ack: ack(response_action="push", view=modal("Third", entry("c", "C"))),
        lambda ack: ack(response_action="clear"),
    ]
    answers(app, lambda ack, _: steps.pop(0)(ack))
    ada.command("/add-client")
    first = ada.wait_view(title="Form")
    ada.fill("Name", "x")
    ada.submit()
    second = ada.wait_view(title="Second")
    ada.fill("B", "x")
    ada.submit()
    third = ada.wait_view(title="Third")
    ada.fill("C", "x")
    ada.submit()

    ada.wait_no_view()
    assert second.id == first.id
    assert second.hash != first.hash
    assert (third.raw["previous_view_id"], third.raw["root_view_id"]) == (first.id, first.id)


def test_a_view_in_the_ack_is_held_to_the_limits(ada: Person, app: App) -> None:
    answers(app, lambda ack, _: ack(response_action="update", view=modal("x" * 25, entry("b", "B"))))
    ada.command("/add-client")
    ada.wait_view(title="Form")
    ada.fill("Name", "x")

    answer = ada.submit()

    assert answer.error == "invalid_response"
    assert answer.raw["messages"] == ["must be no more than 24 characters [json-pointer:/view/title/text]"]
    ada.wait_view(title="Form")


def test_an_update_keeps_what_was_typed_where_the_ids_stay(ada: Person, app: App) -> None:
    received = opens(
        app,
        modal("One", entry("name", "Name"), entry("old", "Old", optional=True)),
        modal("Two", entry("name", "Name"), entry("new", "New", optional=True)),
    )
    ada.command("/add-client")
    ada.wait_view(title="One")
    ada.fill("Name", "kept")
    ada.fill("Old", "lost")
    ada.submit()
    ada.wait_view(title="Two")
    ada.submit()

    assert received[1]["view"]["state"]["values"] == {
        "name": {"value": {"type": "plain_text_input", "value": "kept"}},
        "new": {"value": {"type": "plain_text_input", "value": None}},
    }


def test_closing_tells_the_app_if_the_view_asked_for_it(ada: Person, app: App) -> None:
    closed: list[Json] = []
    opens(app, modal("Told", notify_on_close=True))
    app.view_closed("form")(keeps(closed))
    ada.command("/add-client")
    view = ada.wait_view(title="Told")

    ada.close()

    assert ada.view is None
    assert (closed[0]["type"], closed[0]["is_cleared"], closed[0]["view"]["id"]) == ("view_closed", False, view.id)
    ada.command("/add-client")
    ada.wait_view(title="Told")
    ada.close_all()
    assert [body["is_cleared"] for body in closed] == [False, True]


# Clicks


def test_a_click_in_a_message_has_slacks_payload_and_a_response_url(ada: Person, app: App) -> None:
    clicked: list[Json] = []
    card = [
        section("Card"),
        actions(button("Yes", "card.yes", value="7", style="primary"), block_id="answers"),
    ]
    app.client.chat_postMessage(channel="U_ADA", text="Card", blocks=card)

    @app.action("card.yes")
    def yes(ack: Any, body: Json, respond: Any) -> None:
        ack()
        clicked.append(body)
        respond(text="Decided", blocks=[section("Decided")], replace_original=True)

    assert ada.click("Yes").ok

    body = clicked[0]
    message = ada.messages("app_dm")[-1]
    assert (body["type"], body["team"]["id"], body["user"]["id"]) == ("block_actions", "T_BIRCH", "U_ADA")
    assert body["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": "D_ADA",
        "is_ephemeral": False,
    }
    assert body["channel"] == {"id": "D_ADA", "name": "directmessage"}
    assert body["message"]["text"] == "Card"
    assert body["state"] == {"values": {}}
    action = body["actions"][0]
    assert action.pop("action_ts")
    assert action == {
        "type": "button",
        "action_id": "card.yes",
        "block_id": "answers",
        "text": words("Yes"),
        "value": "7",
        "style": "primary",
    }
    assert "Decided" in message.text
    assert message.raw["edited"] is True


def test_a_click_in_an_ephemeral_message_comes_without_the_message(ada: Person, app: App) -> None:
    clicked: list[Json] = []
    app.client.chat_postEphemeral(
        channel="C_GENERAL", user="U_ADA", text="Psst", blocks=[actions(button("Yes", "card.yes"))]
    )

    @app.action("card.yes")
    def yes(ack: Any, body: Json, respond: Any) -> None:
        ack()
        clicked.append(body)
        respond(delete_original=True)

    ada.click("card.yes")

    assert clicked[0]["container"]["is_ephemeral"] is True
    assert "message" not in clicked[0]
    assert ada.messages("general") == []


def test_an_outsiders_click_says_where_they_come_from(sandbox: Sandbox, app: App) -> None:
    clicked: list[Json] = []
    app.client.chat_postMessage(channel="C_SHARED", text="Card", blocks=[actions(button("Yes", "card.yes"))])
    app.action("card.yes")(keeps(clicked))

    sandbox.person("U_EVE").click("Yes")

    assert clicked[0]["team"]["id"] == "T_BIRCH"
    assert clicked[0]["user"]["team_id"] == "T_OTHER"


def test_a_choice_in_a_view_sends_the_state_and_can_push(ada: Person, app: App) -> None:
    clicked: list[Json] = []
    kinds = [{"text": words("Ltd"), "value": "ltd"}, {"text": words("Sole trader"), "value": "sole"}]
    select = {"type": "static_select", "action_id": "kind.pick", "options": kinds}
    opens(app, modal("Form", entry("name", "Name"), section("Kind", block_id="kind", accessory=select)))

    @app.action("kind.pick")
    def picked(ack: Any, body: Json, client: WebClient) -> None:
        ack()
        clicked.append(body)
        client.views_push(trigger_id=body["trigger_id"], view=modal("Details"))

    ada.command("/add-client")
    ada.wait_view(title="Form")
    ada.fill("Name", "Birch")
    ada.fill("Kind", "Sole trader")

    ada.wait_view(title="Details")
    body = clicked[0]
    assert body["container"] == {"type": "view", "view_id": body["view"]["id"]}
    assert body["actions"][0]["selected_option"] == kinds[1]
    assert body["view"]["state"]["values"] == {
        "name": {"value": {"type": "plain_text_input", "value": "Birch"}},
        "kind": {"kind.pick": {"type": "static_select", "selected_option": kinds[1]}},
    }
    assert "response_url" not in body


def test_an_input_acts_only_if_it_dispatches(ada: Person, app: App) -> None:
    clicked: list[Json] = []
    opens(
        app,
        modal("Form", entry("a", "A"), entry("b", "B", dispatch_action=True)),
    )
    app.action("value")(keeps(clicked))
    ada.command("/add-client")
    ada.wait_view(title="Form")

    ada.fill("A", "silent")
    ada.fill("B", "loud")

    assert [(body["actions"][0]["block_id"], body["actions"][0]["value"]) for body in clicked] == [("b", "loud")]


def test_an_external_selects_options_come_from_the_app(ada: Person, app: App) -> None:
    asked: list[Json] = []
    received = opens(app, modal("Form", entry("who", "Who", {"type": "external_select", "action_id": "who.find"})))

    @app.options("who.find")
    def find(ack: Any, body: Json) -> None:
        asked.append(body)
        ack(options=[{"text": words(f"{body['value']} {each}"), "value": str(each)} for each in range(3)])

    ada.command("/add-client")
    ada.wait_view(title="Form")

    assert ada.options("Who", "Bir") == ["Bir 0", "Bir 1", "Bir 2"]
    ada.fill("Who", "Bir")
    ada.submit()
    assert (asked[0]["type"], asked[0]["block_id"], asked[0]["action_id"]) == ("block_suggestion", "who", "who.find")
    assert asked[0]["view"]["callback_id"] == "form"
    chosen = received[0]["view"]["state"]["values"]["who"]["who.find"]["selected_option"]
    assert chosen == {"text": words("Bir 0"), "value": "0"}


def test_too_many_options_are_refused(ada: Person, app: App) -> None:
    opens(app, modal("Form", entry("who", "Who", {"type": "external_select", "action_id": "who.find"})))
    many = [{"text": words("x"), "value": str(each)} for each in range(101)]
    app.options("who.find")(lambda ack: ack(options=many))
    ada.command("/add-client")
    ada.wait_view(title="Form")

    assert ada.options("Who", "x") == []
    assert "no more than 100 items allowed [json-pointer:/options]" in ada.toasts[-1]


def test_shortcuts_are_global_or_on_a_message(ada: Person, app: App) -> None:
    seen: list[Json] = []
    app.shortcut("add_client.open")(keeps(seen))
    posted = ada.say("Look at this", "general")

    ada.shortcut("add_client.open")
    ada.shortcut("add_client.open", ada.wait_message("Look at this"))

    assert seen[0].pop("action_ts")
    assert seen[0].pop("trigger_id")
    assert seen[0].pop("token")
    assert seen[0] == {
        "type": "shortcut",
        "team": {"id": "T_BIRCH", "domain": "birch"},
        "user": {"id": "U_ADA", "username": "ada", "team_id": "T_BIRCH"},
        "is_enterprise_install": False,
        "enterprise": None,
        "callback_id": "add_client.open",
    }
    assert (seen[1]["type"], seen[1]["message_ts"]) == ("message_action", posted.raw["ts"])
    assert seen[1]["message"]["text"] == "Look at this"
    assert seen[1]["response_url"]


# Response URLs


def asked_url(ada: Person, app_server: AppServer) -> str:
    ada.command("/add-client")
    return parse_qs(app_server.requests[-1][0])["response_url"][0]


def test_a_response_url_takes_five_answers(ada: Person, app: App, app_server: AppServer) -> None:
    app.command("/add-client")(lambda ack: ack())
    url = asked_url(ada, app_server)

    with httpx.Client(trust_env=False) as http:
        statuses = [http.post(url, json={"text": f"Answer {number}"}).status_code for number in range(6)]
        last = http.post(url, json={"text": "x"}).json()

    assert statuses == [200] * 5 + [404]
    assert last == {"ok": False, "error": "used_url"}
    assert [(each.text, each.ephemeral) for each in ada.messages("general")] == [
        (f"Answer {number}", True) for number in range(5)
    ]


def test_a_response_url_lives_half_an_hour(ada: Person, app: App, app_server: AppServer, clock: ManualClock) -> None:
    app.command("/add-client")(lambda ack: ack())
    url = asked_url(ada, app_server)
    with httpx.Client(trust_env=False) as http:
        clock.advance(30 * 60)
        just = http.post(url, json={"text": "x", "response_type": "in_channel"})
        clock.advance(1)
        late = http.post(url, json={"text": "x"})

    assert (just.status_code, late.status_code) == (200, 404)
    assert late.json()["error"] == "expired_url"
    assert [each.ephemeral for each in ada.messages("general")] == [False]


def test_what_a_response_url_is_given_is_held_to_the_limits(ada: Person, app: App, app_server: AppServer) -> None:
    app.command("/add-client")(lambda ack: ack())
    url = asked_url(ada, app_server)
    with httpx.Client(trust_env=False) as http:
        empty = http.post(url, json={})
        bad = http.post(url, json={"text": "x", "blocks": [{"type": "section"}]})
        garbage = http.post(url, content=b"{")
        unknown = http.post(f"{url}x", json={"text": "x"})

    assert (empty.json()["error"], bad.json()["error"]) == ("no_text", "invalid_blocks")
    assert (garbage.status_code, unknown.status_code) == (400, 404)


# Events


def events(app: App, kind: str) -> list[Json]:
    received: list[Json] = []
    app.event(kind)(keeps(received))
    return received


def test_opening_the_home_tab_is_an_event_with_slacks_envelope(ada: Person, app: App, app_server: AppServer) -> None:
    received = events(app, "app_home_opened")

    assert ada.open_home().ok

    body = received[0]
    assert body["event"].pop("event_ts")
    assert body["event"] == {"type": "app_home_opened", "user": "U_ADA", "channel": "D_ADA", "tab": "home"}
    assert (body["type"], body["team_id"], body["api_app_id"]) == ("event_callback", "T_BIRCH", "A_CLIENTDESK")
    assert body["event_id"].startswith("Ev")
    assert body["authorizations"] == [
        {
            "enterprise_id": None,
            "team_id": "T_BIRCH",
            "user_id": "U_BOT",
            "is_bot": True,
            "is_enterprise_install": False,
        }
    ]
    assert app_server.requests[-1][1]["content-type"] == "application/json"


def test_a_message_to_the_app_is_an_event_and_one_among_people_is_not(ada: Person, app: App) -> None:
    received = events(app, "message")

    ada.say("Hello app")
    ada.say("Hello all", "general")

    assert [(body["event"]["channel_type"], body["event"]["text"]) for body in received] == [("im", "Hello app")]


def test_a_file_sent_to_the_app_is_an_event_that_names_it(ada: Person, sandbox: Sandbox, app: App) -> None:
    received = events(app, "message")

    assert ada.share("clients.csv", b"Name", "Our clients").ok

    event = received[0]["event"]
    [file] = event["files"]
    assert (event["subtype"], event["channel"], event["user"], event["text"]) == (
        "file_share",
        "D_ADA",
        "U_ADA",
        "Our clients",
    )
    assert (file["name"], file["size"], file["user"]) == ("clients.csv", 4, "U_ADA")
    assert [each["id"] for each in ada.messages("app_dm")[-1].files] == [file["id"]]
    assert ada.download(file["id"]) == b"Name"
    sam = {"user": "U_SAM", "channel": "D_SAM", "text": "", "files": [file["id"]]}
    assert sandbox.post("message", sam)["error"] == "file_not_found"


def test_a_changed_profile_is_an_event_with_the_whole_user(sandbox: Sandbox, app: App) -> None:
    received = events(app, "user_change")

    sandbox.change_user("U_SAM", is_admin=True, tz="America/New_York")

    user = received[0]["event"]["user"]
    assert (user["id"], user["is_admin"], user["tz"]) == ("U_SAM", True, "America/New_York")


def test_an_uninstalled_apps_token_stops_working(sandbox: Sandbox, app: App, running: RunningSandbox) -> None:
    received = events(app, "app_uninstalled")

    assert sandbox.event("T_BIRCH", {"type": "app_uninstalled"}, "Ev1").ok
    assert sandbox.event("T_NONE", {"type": "app_uninstalled"}).error == "team_not_found"

    assert [body["event_id"] for body in received] == ["Ev1"]
    assert running.world.teams["T_BIRCH"].installed is False


def test_an_event_that_fails_is_sent_again_with_retry_headers(app_server: AppServer) -> None:
    statuses = [500, 503, 200]
    app_server.answer = lambda _body, _headers: (statuses.pop(0), {}, "")
    app_server.requests.clear()
    config = SandboxConfig(event_retries=3, bot_url=app_server.url)
    with RunningSandbox(config) as running, Sandbox(running.url) as sandbox:
        answer = sandbox.event("T_BIRCH", {"type": "app_home_opened", "user": "U_ADA"})

    assert answer.ok
    assert [headers.get("x-slack-retry-num") for _, headers in app_server.requests] == [None, "1", "2"]
    assert app_server.requests[1][1]["x-slack-retry-reason"] == "http_error"
    assert len({json.loads(body)["event_id"] for body, _ in app_server.requests}) == 1


def test_events_the_manifest_does_not_ask_for_are_not_sent(app_server: AppServer) -> None:
    app_server.answer = lambda _body, _headers: (200, {}, "")
    app_server.requests.clear()
    manifest = {"settings": {"event_subscriptions": {"bot_events": ["message.channels"]}}}
    config = SandboxConfig(manifest=manifest, bot_url=app_server.url)
    with RunningSandbox(config) as running, Sandbox(running.url) as sandbox:
        ada = sandbox.person("U_ADA")
        ada.open_home()
        ada.say("to the app")
        ada.say("to all", "general")
        sandbox.change_user("U_SAM", is_admin=True)

    assert [json.loads(body)["event"]["text"] for body, _ in app_server.requests] == ["to all"]
