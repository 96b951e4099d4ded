"""Trigger ids, hashes, the stack of three and App Home, through Slack's own client."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.driver import Sandbox
from sandbox.running import RunningSandbox
from tests.sandbox.apps import ManualClock, entry, modal, section
from tests.sandbox.conftest import slack

Json = dict[str, Any]


def refusal(call: Any, **more: Any) -> Any:
    with pytest.raises(SlackApiError) as raised:
        call(**more)
    return raised.value.response


def trigger(running: RunningSandbox, *, from_modal: bool = False, team: str = "T_BIRCH") -> str:
    return running.world.new_trigger(team, "U_ADA", from_modal=from_modal)


def opened(running: RunningSandbox, client: WebClient, view: Json) -> Json:
    found: Json = client.views_open(trigger_id=trigger(running), view=view)["view"]
    return found


def test_an_opened_view_has_everything_slack_adds(running: RunningSandbox, client: WebClient) -> None:
    view = opened(running, client, modal("Add client", entry("name", "Name"), private_metadata="m", external_id="e"))

    assert view["id"].startswith("V")
    assert view["hash"]
    assert (view["team_id"], view["app_id"], view["bot_id"]) == ("T_BIRCH", "A_CLIENTDESK", "B_BOT")
    assert (view["root_view_id"], view["previous_view_id"]) == (view["id"], None)
    assert (view["private_metadata"], view["external_id"], view["callback_id"]) == ("m", "e", "form")
    assert view["state"] == {"values": {}}
    assert (view["clear_on_close"], view["notify_on_close"], view["close"]) == (False, False, None)
    assert view["app_installed_team_id"] == "T_BIRCH"


def test_blocks_and_elements_without_ids_get_some(running: RunningSandbox, client: WebClient) -> None:
    view = opened(running, client, modal("X", section("a"), {**entry("b", "B"), "element": {"type": "datepicker"}}))

    assert view["blocks"][0]["block_id"]
    assert view["blocks"][1]["element"]["action_id"]


def test_a_trigger_opens_one_view_only(running: RunningSandbox, client: WebClient) -> None:
    given = trigger(running)
    client.views_open(trigger_id=given, view=modal("One"))

    assert refusal(client.views_open, trigger_id=given, view=modal("Two"))["error"] == "exchanged_trigger_id"


def test_a_trigger_lives_three_seconds(running: RunningSandbox, client: WebClient, clock: ManualClock) -> None:
    just_in_time, too_late = trigger(running), trigger(running)

    clock.advance(3.0)
    assert client.views_open(trigger_id=just_in_time, view=modal("One"))["ok"] is True
    clock.advance(0.001)
    assert refusal(client.views_open, trigger_id=too_late, view=modal("Two"))["error"] == "expired_trigger_id"


def test_a_made_up_trigger_or_one_of_another_team_is_invalid(running: RunningSandbox, client: WebClient) -> None:
    for given in ("12345.98765.abcd", trigger(running, team="T_OTHER")):
        answer = refusal(client.views_open, trigger_id=given, view=modal("X"))
        assert answer["error"] == "invalid_arguments"
        assert answer["response_metadata"]["messages"] == ["[ERROR] invalid `trigger_id` [json-pointer:/trigger_id]"]


def test_a_refused_view_does_not_spend_the_trigger(running: RunningSandbox, client: WebClient) -> None:
    given = trigger(running)

    assert refusal(client.views_open, trigger_id=given, view=modal("x" * 25))["error"] == "invalid_arguments"
    assert client.views_open(trigger_id=given, view=modal("Fits"))["ok"] is True


def test_three_views_can_lie_on_each_other_and_no_fourth(
    running: RunningSandbox, client: WebClient, sandbox: Sandbox
) -> None:
    first = opened(running, client, modal("One"))
    second = client.views_push(trigger_id=trigger(running, from_modal=True), view=modal("Two"))["view"]
    client.views_open(trigger_id=trigger(running, from_modal=True), view=modal("Three"))

    answer = refusal(client.views_push, trigger_id=trigger(running, from_modal=True), view=modal("Four"))

    assert answer["error"] == "push_limit_reached"
    assert (second["root_view_id"], second["previous_view_id"]) == (first["id"], first["id"])
    assert [view.title for view in sandbox.person("U_ADA").views] == ["One", "Two", "Three"]


def test_a_command_s_trigger_pushes_nothing(running: RunningSandbox, client: WebClient) -> None:
    opened(running, client, modal("One"))

    assert refusal(client.views_push, trigger_id=trigger(running), view=modal("Two"))["error"] == "invalid_trigger_id"


def test_a_view_opened_from_outside_replaces_what_was_open(
    running: RunningSandbox, client: WebClient, sandbox: Sandbox
) -> None:
    first = opened(running, client, modal("One"))
    opened(running, client, modal("Two"))

    assert [view.title for view in sandbox.person("U_ADA").views] == ["Two"]
    assert refusal(client.views_update, view_id=first["id"], view=modal("Late"))["error"] == "not_found"


def test_every_update_changes_the_hash_and_an_old_one_conflicts(running: RunningSandbox, client: WebClient) -> None:
    view = opened(running, client, modal("One"))
    updated = client.views_update(view_id=view["id"], hash=view["hash"], view=modal("Two"))["view"]

    assert updated["hash"] != view["hash"]
    answer = refusal(client.views_update, view_id=view["id"], hash=view["hash"], view=modal("Three"))
    assert answer["error"] == "hash_conflict"
    assert client.views_update(view_id=view["id"], view=modal("Without a hash"))["ok"] is True


def test_a_view_is_found_by_its_external_id_which_is_unique(running: RunningSandbox, client: WebClient) -> None:
    opened(running, client, modal("One", external_id="mine"))
    answer = client.views_update(external_id="mine", view=modal("Two", external_id="mine"))

    assert answer["view"]["title"]["text"] == "Two"
    taken = refusal(
        client.views_open, trigger_id=trigger(running, from_modal=True), view=modal("Three", external_id="mine")
    )
    assert taken["error"] == "duplicate_external_id"
    assert refusal(client.views_update, external_id="other", view=modal("X"))["error"] == "not_found"


def test_another_teams_token_cannot_touch_a_view(running: RunningSandbox, client: WebClient) -> None:
    view = opened(running, client, modal("One"))
    other = slack(running, "xoxb-sandbox-T_OTHER")

    assert refusal(other.views_update, view_id=view["id"], view=modal("Two"))["error"] == "not_found"


def test_a_home_is_published_per_person_and_checked_by_hash(client: WebClient, sandbox: Sandbox) -> None:
    first = client.views_publish(user_id="U_ADA", view={"type": "home", "blocks": [section("Hello")]})["view"]
    second = client.views_publish(
        user_id="U_ADA", hash=first["hash"], view={"type": "home", "blocks": [section("Hello again")]}
    )["view"]

    assert first["type"] == "home"
    assert second["id"] == first["id"]
    assert sandbox.person("U_ADA").wait_home("Hello again").id == first["id"]
    assert sandbox.person("U_CLEM").home is None
    late = {"type": "home", "blocks": []}
    assert refusal(client.views_publish, user_id="U_ADA", hash=first["hash"], view=late)["error"] == "hash_conflict"
    assert refusal(client.views_publish, user_id="U_NOBODY", view=late)["error"] == "user_not_found"
    assert refusal(client.views_publish, user_id="U_ADA", view=modal("X"))["error"] == "invalid_arguments"


def test_a_view_changes_its_content_and_not_its_kind(running: RunningSandbox, client: WebClient) -> None:
    view = opened(running, client, modal("One"))

    answer = refusal(client.views_update, view_id=view["id"], view={"type": "home", "blocks": []})
    assert answer["response_metadata"]["messages"] == ["[ERROR] must be modal [json-pointer:/view/type]"]
