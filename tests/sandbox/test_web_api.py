"""The Web API as Slack's own client sees it: answers, error codes, body encodings, scopes, faults."""

import io
import json
from typing import Any
from urllib.error import HTTPError

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.app import SandboxConfig
from sandbox.driver import Sandbox
from sandbox.running import RunningSandbox
from sandbox.slack.records import FaultKind
from tests.sandbox.apps import modal, section
from tests.sandbox.conftest import TOKEN, slack

Json = dict[str, Any]


def refusal(call: Any, *args: Any, **more: Any) -> Any:
    """The answer of a call that Slack refuses."""
    with pytest.raises(SlackApiError) as raised:
        call(*args, **more)
    return raised.value.response


def code(call: Any, *args: Any, **more: Any) -> str:
    return str(refusal(call, *args, **more)["error"])


# Tokens


def test_a_token_says_which_team_and_bot_it_is(client: WebClient) -> None:
    answer = client.auth_test()

    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T_BIRCH", "U_BOT", "B_BOT")
    assert answer["is_enterprise_install"] is False


def test_each_team_has_a_token_of_its_own(running: RunningSandbox) -> None:
    assert slack(running, "xoxb-sandbox-T_OTHER").auth_test()["team_id"] == "T_OTHER"


def test_missing_wrong_and_revoked_tokens_are_told_apart(running: RunningSandbox, client: WebClient) -> None:
    assert code(slack(running, None).auth_test) == "not_authed"
    assert code(slack(running, "xoxb-nobody").auth_test) == "invalid_auth"
    assert code(slack(running, "xapp-sandbox").auth_test) == "not_allowed_token_type"
    assert code(client.apps_connections_open, app_token=TOKEN) == "not_allowed_token_type"
    running.world.set_installed("T_BIRCH", installed=False)
    assert code(client.auth_test) == "account_inactive"


def test_a_method_that_is_not_there_is_unknown(client: WebClient) -> None:
    assert code(client.admin_users_list, team_id="T_BIRCH") == "unknown_method"


# Encodings


@pytest.mark.parametrize(
    "encoded",
    [
        {"json": {"channel": "C_GENERAL", "text": "é & ü", "blocks": [section("é")]}},
        {"data": {"channel": "C_GENERAL", "text": "é & ü", "blocks": '[{"type":"divider"}]'}},
        {"files": {"channel": (None, "C_GENERAL"), "text": (None, "é & ü"), "blocks": (None, '[{"type":"divider"}]')}},
        {"params": {"channel": "C_GENERAL", "text": "é & ü"}},
    ],
    ids=["json", "form", "multipart", "query"],
)
def test_every_encoding_is_understood(running: RunningSandbox, encoded: Json) -> None:
    with httpx.Client(trust_env=False) as http:
        answer = http.post(
            f"{running.api_url}chat.postMessage", headers={"Authorization": f"Bearer {TOKEN}"}, **encoded
        ).json()

    assert (answer["ok"], answer["message"]["text"]) == (True, "é & ü")


def test_a_token_may_come_as_a_parameter(running: RunningSandbox) -> None:
    with httpx.Client(trust_env=False) as http:
        answer = http.post(f"{running.api_url}auth.test", data={"token": TOKEN}).json()

    assert answer["ok"] is True
    assert running.world.calls("auth.test")[-1].args == {}


def test_broken_json_is_refused(running: RunningSandbox) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with httpx.Client(trust_env=False) as http:
        answers = [
            http.post(f"{running.api_url}chat.postMessage", headers=headers, content=content).json()
            for content in (b"{", b"[]")
        ]
        inner = http.post(
            f"{running.api_url}chat.postMessage",
            headers={"Authorization": f"Bearer {TOKEN}"},
            data={"channel": "C_GENERAL", "text": "x", "blocks": "[{"},
        ).json()

    assert [answer["error"] for answer in answers] == ["invalid_json", "invalid_json"]
    assert inner["error"] == "invalid_arguments"
    assert inner["response_metadata"]["messages"] == ["[ERROR] must be valid JSON [json-pointer:/blocks]"]


# People


def test_a_colleague_has_the_profile_slack_shows(client: WebClient) -> None:
    user = client.users_info(user="U_ADA")["user"]

    assert user["real_name"] == "Ada Marsh"
    assert user["profile"]["email"] == "ada@birch.example"
    assert (user["is_admin"], user["is_owner"], user["is_restricted"], user["is_bot"]) == (True, True, False, False)
    assert user["tz"] == "Europe/London"
    assert "is_stranger" not in user


def test_an_outsider_is_a_stranger_without_an_email_address(client: WebClient) -> None:
    user = client.users_info(user="U_EVE")["user"]

    assert (user["is_stranger"], user["team_id"]) == (True, "T_OTHER")
    assert "email" not in user["profile"]


def test_people_are_found_by_their_email_address_in_their_own_team(client: WebClient) -> None:
    assert client.users_lookupByEmail(email="Clem@birch.example")["user"]["id"] == "U_CLEM"
    assert code(client.users_lookupByEmail, email="eve@other.example") == "users_not_found"


def test_unknown_people_are_not_found(running: RunningSandbox, client: WebClient) -> None:
    assert code(client.users_info, user="U_NOBODY") == "user_not_found"
    assert code(client.users_profile_get, user="U_NOBODY") == "user_not_found"
    assert code(client.conversations_open, users="U_NOBODY") == "user_not_found"
    assert code(slack(running, "xoxb-sandbox-T_OTHER").users_info, user="U_SAM") == "user_not_found"


def test_lists_come_in_pages(client: WebClient) -> None:
    pages = [page["members"] for page in client.users_list(limit=3)]

    assert [len(page) for page in pages] == [3, 3, 1]
    assert {user["id"] for page in pages for user in page} == {
        "U_ADA",
        "U_CLEM",
        "U_SAM",
        "U_JO",
        "U_OLLY",
        "U_EVE",
        "U_BOT",
    }
    assert code(client.users_list, cursor="nonsense") == "invalid_cursor"


# Conversations


def test_conversations_are_described_and_listed(client: WebClient) -> None:
    shared = client.conversations_info(channel="C_SHARED")["channel"]
    assert (shared["name"], shared["is_ext_shared"], shared["is_member"]) == ("shared-with-other", True, True)
    assert {each["id"] for each in client.conversations_list()["channels"]} == {"C_GENERAL", "C_SHARED"}
    assert "D_ADA" in {each["id"] for each in client.conversations_list(types="im")["channels"]}
    assert "U_EVE" in client.conversations_members(channel="C_SHARED")["members"]


def test_opening_a_conversation_with_a_person_twice_gives_the_same_one(client: WebClient) -> None:
    first = client.conversations_open(users="U_EVE")
    second = client.conversations_open(users=["U_EVE"], return_im=True)

    assert first["already_open"] is False
    assert second["already_open"] is True
    assert second["channel"]["id"] == first["channel"]["id"]
    assert second["channel"]["user"] == "U_EVE"


def test_a_conversation_with_several_people_is_a_group(client: WebClient) -> None:
    channel = client.conversations_open(users="U_ADA,U_CLEM")["channel"]["id"]

    assert set(client.conversations_members(channel=channel)["members"]) == {"U_ADA", "U_CLEM", "U_BOT"}


def test_history_is_newest_first_and_keeps_metadata_back_until_asked(client: WebClient) -> None:
    metadata = {"event_type": "job", "event_payload": {"key": "k1"}}
    first = client.chat_postMessage(channel="C_GENERAL", text="one", metadata=metadata)
    client.chat_postMessage(channel="C_GENERAL", text="two")

    plain = client.conversations_history(channel="C_GENERAL")["messages"]
    full = client.conversations_history(channel="C_GENERAL", include_all_metadata=True, oldest="0", limit=10)

    assert [message["text"] for message in plain] == ["two", "one"]
    assert "metadata" not in plain[1]
    assert full["messages"][1]["metadata"] == metadata
    newer = client.conversations_history(channel="C_GENERAL", oldest=first["ts"])["messages"]
    assert [message["text"] for message in newer] == ["two"]
    same = client.conversations_history(channel="C_GENERAL", oldest=first["ts"], latest=first["ts"], inclusive=True)
    assert [message["text"] for message in same["messages"]] == ["one"]


def test_replies_belong_to_their_thread_and_stay_out_of_the_history(client: WebClient) -> None:
    parent = client.chat_postMessage(channel="C_GENERAL", text="parent")
    client.chat_postMessage(channel="C_GENERAL", text="reply", thread_ts=parent["ts"])

    replies = client.conversations_replies(channel="C_GENERAL", ts=parent["ts"])["messages"]
    assert [message["text"] for message in replies] == ["parent", "reply"]
    assert [message["text"] for message in client.conversations_history(channel="C_GENERAL")["messages"]] == ["parent"]
    assert code(client.conversations_replies, channel="C_GENERAL", ts="1.2") == "thread_not_found"


# Messages


def test_a_message_to_a_person_goes_to_the_apps_conversation_with_them(client: WebClient, sandbox: Sandbox) -> None:
    answer = client.chat_postMessage(channel="U_ADA", text="Hello", blocks=[section("Hello *Ada*")])

    assert answer["channel"] == "D_ADA"
    assert answer["message"]["bot_id"] == "B_BOT"
    assert answer["message"]["blocks"][0]["block_id"]
    assert sandbox.person("U_ADA").wait_message("*Ada*", "app_dm").ts == answer["ts"]


def test_posting_is_refused_for_each_reason_slack_has(running: RunningSandbox, client: WebClient) -> None:
    world = running.world
    world.conversations["C_GENERAL"].members.discard("U_BOT")
    world.conversations["C_SHARED"].is_archived = True
    world.change_user("U_JO", deleted=True)

    assert code(client.chat_postMessage, channel="C_NONE", text="x") == "channel_not_found"
    assert code(client.chat_postMessage, channel="U_NOBODY", text="x") == "channel_not_found"
    assert code(client.chat_postMessage, channel="C_GENERAL", text="x") == "not_in_channel"
    assert code(client.chat_postMessage, channel="C_SHARED", text="x") == "is_archived"
    assert code(client.chat_postMessage, channel="U_JO", text="x") == "user_disabled"
    assert code(client.chat_postMessage, channel="D_JO", text="x") == "user_disabled"
    assert code(client.conversations_open, users="U_JO") == "user_disabled"
    assert code(client.api_call, "chat.postMessage", json={"channel": "U_ADA"}) == "no_text"
    assert code(client.chat_postMessage, channel="U_ADA", text="x" * 40_001) == "msg_too_long"
    long = [section("x" * 3000)] * 5
    assert code(client.chat_postMessage, channel="U_ADA", text="x", blocks=long) == "msg_blocks_too_long"
    world.messages_tab_enabled = False
    try:
        assert code(client.chat_postMessage, channel="U_ADA", text="x") == "messages_tab_disabled"
    finally:
        world.messages_tab_enabled = True


def test_bad_blocks_are_refused_with_a_pointer(client: WebClient) -> None:
    answer = refusal(client.chat_postMessage, channel="U_ADA", text="x", blocks=[section("x" * 3001)])

    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == ["must be no more than 3000 characters [json-pointer:/blocks/0/text/text]"]
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be no more than 3000 characters [json-pointer:/blocks/0/text/text]"
    ]


def test_a_missing_argument_is_named(running: RunningSandbox) -> None:
    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        answer = http.post(f"{running.api_url}chat.postMessage", json={"text": "x"}).json()

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] missing required field: channel [json-pointer:/channel]"
    ]


def test_an_update_changes_what_is_given_and_keeps_the_rest(client: WebClient, sandbox: Sandbox) -> None:
    posted = client.chat_postMessage(channel="U_ADA", text="before", blocks=[section("block")])

    answer = client.chat_update(channel="D_ADA", ts=posted["ts"], text="after")

    assert answer["message"]["text"] == "after"
    assert answer["message"]["edited"]["user"] == "U_BOT"
    assert answer["message"]["blocks"][0]["text"]["text"] == "block"
    assert sandbox.person("U_ADA").messages("app_dm")[-1].raw["edited"] is True


def test_only_the_apps_own_messages_can_be_changed(running: RunningSandbox, client: WebClient) -> None:
    world = running.world
    general = world.conversation("C_GENERAL")
    adas = world.post(general, user="U_ADA", team_id="T_BIRCH", text="mine")
    whisper = client.chat_postEphemeral(channel="C_GENERAL", user="U_ADA", text="psst")["message_ts"]

    assert code(client.chat_update, channel="C_GENERAL", ts=adas.ts, text="x") == "cant_update_message"
    assert code(client.chat_delete, channel="C_GENERAL", ts=adas.ts) == "cant_delete_message"
    assert code(client.chat_update, channel="C_GENERAL", ts="1.2", text="x") == "message_not_found"
    assert code(client.chat_update, channel="C_GENERAL", ts=whisper, text="x") == "message_not_found"
    assert code(client.chat_delete, channel="C_GENERAL", ts=whisper) == "message_not_found"
    assert code(client.chat_update, channel="C_NONE", ts="1.2", text="x") == "channel_not_found"


def test_a_deleted_message_is_gone(client: WebClient) -> None:
    posted = client.chat_postMessage(channel="C_GENERAL", text="x")
    link = client.chat_getPermalink(channel="C_GENERAL", message_ts=posted["ts"])["permalink"]
    client.chat_delete(channel="C_GENERAL", ts=posted["ts"])

    assert link.endswith(f"/archives/C_GENERAL/p{posted['ts'].replace('.', '')}")
    assert code(client.chat_delete, channel="C_GENERAL", ts=posted["ts"]) == "message_not_found"
    assert client.conversations_history(channel="C_GENERAL")["messages"] == []


def test_an_ephemeral_message_is_seen_by_one_person_and_by_no_history(client: WebClient, sandbox: Sandbox) -> None:
    client.chat_postEphemeral(channel="C_GENERAL", user="U_ADA", text="psst")

    assert [message.ephemeral for message in sandbox.person("U_ADA").messages("general")] == [True]
    assert sandbox.person("U_CLEM").messages("general") == []
    assert client.conversations_history(channel="C_GENERAL")["messages"] == []
    assert code(client.chat_postEphemeral, channel="C_GENERAL", user="U_EVE", text="x") == "user_not_in_channel"


# Files


def test_a_file_is_uploaded_in_three_steps_and_read_with_the_token(running: RunningSandbox, client: WebClient) -> None:
    uploaded = client.files_upload_v2(
        filename="clients.csv", file=io.BytesIO(b"name\nBirch"), title="Clients", channel="C_GENERAL"
    )

    file = client.files_info(file=uploaded["files"][0]["id"])["file"]
    with httpx.Client(trust_env=False) as http:
        content = http.get(file["url_private"], headers={"Authorization": f"Bearer {TOKEN}"})
        stranger = http.get(file["url_private"])
    assert (file["name"], file["title"], file["size"], file["mimetype"]) == ("clients.csv", "Clients", 10, "text/csv")
    assert content.content == b"name\nBirch"
    assert stranger.status_code == 403
    assert code(client.files_info, file="F_NONE") == "file_not_found"


def test_a_file_shared_in_a_conversation_is_a_message_that_its_people_can_keep(
    running: RunningSandbox, client: WebClient, sandbox: Sandbox
) -> None:
    uploaded = client.files_upload_v2(
        filename="Café & Co.csv",
        file=b"name\nBirch",
        title="Clients of Café",
        channel=client.conversations_open(users="U_ADA")["channel"]["id"],
        blocks=json.dumps([section("Your clients", block_id="key")]),
    )["files"][0]

    [message] = client.conversations_history(channel="D_ADA")["messages"]
    assert [(block["block_id"], block["text"]["text"]) for block in message["blocks"]] == [("key", "Your clients")]
    assert [(file["id"], file["name"], file["title"]) for file in message["files"]] == [
        (uploaded["id"], "Café & Co.csv", "Clients of Café")
    ]
    ada = sandbox.person("U_ADA")
    [shown] = ada.messages("app_dm")
    assert shown.files == [
        {"id": uploaded["id"], "name": "Café & Co.csv", "title": "Clients of Café", "size": len(b"name\nBirch")}
    ]
    assert ada.download(uploaded["id"]) == b"name\nBirch"
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        sandbox.person("U_CLEM").download(uploaded["id"])


def test_a_picture_says_what_it_shows_in_at_most_a_thousand_characters(client: WebClient, sandbox: Sandbox) -> None:
    given: Json = {"filename": "a.png", "file": b"png", "channel": "D_ADA"}
    uploaded = client.files_upload_v2(**given, alt_txt="a" * 1000)["files"][0]
    client.files_upload_v2(**given)
    assert client.files_info(file=uploaded["id"])["file"]["alt_txt"] == "a" * 1000
    assert [message.files[0]["alt"] for message in sandbox.person("U_ADA").messages("app_dm")] == ["a" * 1000, ""]
    refused = code(client.files_getUploadURLExternal, filename="a.png", length=3, alt_txt="a" * 1001)
    assert refused == "alt_txt_too_large"


def test_a_comment_is_said_in_place_of_blocks_and_blocks_keep_to_the_limits(
    client: WebClient, sandbox: Sandbox
) -> None:
    given: Json = {"filename": "a.csv", "file": b"a", "channel": "D_ADA"}
    client.files_upload_v2(**given, initial_comment="Here it is", blocks=json.dumps([section("Not this")]))
    assert [message.text for message in sandbox.person("U_ADA").messages("app_dm")] == ["Here it is"]
    assert code(client.files_upload_v2, **given, blocks=json.dumps([{"type": "input"}])) == "invalid_blocks"


@pytest.mark.parametrize(("kind", "status"), [("http500", 500), ("ratelimited", 429)])
def test_an_upload_can_be_refused_on_request(sandbox: Sandbox, client: WebClient, kind: FaultKind, status: int) -> None:
    sandbox.fault("files.upload", kind)
    with pytest.raises(HTTPError) as refused:
        client.files_upload_v2(filename="a.csv", file=b"a", channel="D_ADA")
    refused.value.close()
    assert refused.value.code == status
    assert client.files_upload_v2(filename="a.csv", file=b"a", channel="D_ADA")["ok"]


# Scopes


def test_a_call_beyond_the_manifests_scopes_is_refused() -> None:
    manifest = {
        "oauth_config": {"scopes": {"bot": ["chat:write", "users:read", "im:write"]}},
        "features": {"app_home": {"messages_tab_enabled": True, "home_tab_enabled": False}},
    }
    with RunningSandbox(SandboxConfig(manifest=manifest)) as running:
        client = slack(running)
        answer = refusal(client.team_info)

        assert (answer["error"], answer["needed"]) == ("missing_scope", "team:read")
        assert answer["provided"] == "chat:write,im:write,users:read"
        assert code(client.conversations_info, channel="C_GENERAL") == "missing_scope"
        assert refusal(client.conversations_history, channel="D_ADA")["needed"] == "im:history"
        assert refusal(client.conversations_open, users="U_ADA,U_CLEM")["needed"] == "mpim:write"
        assert "email" not in client.users_info(user="U_ADA")["user"]["profile"]
        assert client.auth_test().headers["x-oauth-scopes"] == "chat:write,im:write,users:read"
        home = {"type": "home", "blocks": []}
        assert code(client.views_publish, user_id="U_ADA", view=home) == "not_enabled"


# Faults and the log


def test_a_rate_limit_says_when_to_come_back(client: WebClient, sandbox: Sandbox) -> None:
    sandbox.fault("chat.postMessage", "ratelimited", times=2, retry_after=7)

    answers = [refusal(client.chat_postMessage, channel="U_ADA", text="x") for _ in range(2)]

    assert [(answer.status_code, answer["error"], answer.headers["Retry-After"]) for answer in answers] == [
        (429, "ratelimited", "7")
    ] * 2
    assert client.chat_postMessage(channel="U_ADA", text="x")["ok"] is True
    assert client.auth_test()["ok"] is True


def test_a_server_error_a_dropped_connection_and_a_slow_answer_can_be_had(
    client: WebClient, sandbox: Sandbox, running: RunningSandbox
) -> None:
    sandbox.fault("auth.test", "http500")
    assert refusal(client.auth_test).status_code == 500

    sandbox.fault("*", "drop")
    with pytest.raises(OSError, match=r"."):
        client.auth_test()

    sandbox.fault("auth.test", "slow", delay=0.3)
    with (
        httpx.Client(trust_env=False, timeout=0.05) as http,
        pytest.raises(httpx.ReadTimeout),
    ):
        http.post(f"{running.api_url}auth.test", headers={"Authorization": f"Bearer {TOKEN}"})

    sandbox.fault("auth.test", "http500", times=5)
    sandbox.clear_faults()
    assert client.auth_test()["ok"] is True


def test_calls_are_logged_with_arguments_and_outcome(client: WebClient, sandbox: Sandbox) -> None:
    client.chat_postMessage(channel="U_ADA", text="x")
    refusal(client.chat_postMessage, channel="C_NONE", text="x")
    client.auth_test()

    calls = sandbox.calls("chat.postMessage")

    assert [(call["ok"], call["error"], call["args"]["channel"]) for call in calls] == [
        (True, None, "U_ADA"),
        (False, "channel_not_found", "C_NONE"),
    ]
    assert [call["method"] for call in sandbox.calls()] == ["chat.postMessage", "chat.postMessage", "auth.test"]


# Installing


def test_the_consent_page_leads_back_with_a_code_that_works_once(running: RunningSandbox) -> None:
    world = running.world
    world.set_installed("T_OTHER", installed=False)
    asked = {"client_id": "1.2", "scope": "chat:write", "state": "s t", "redirect_uri": "http://127.0.0.1:1/back"}
    with httpx.Client(trust_env=False) as http:
        page = http.get(f"{running.url}/oauth/v2/authorize", params=asked)
        allowed = http.get(f"{running.url}/oauth/v2/authorize", params={**asked, "team": "T_OTHER", "user": "U_EVE"})
    back = httpx.URL(allowed.headers["location"])
    client = slack(running, None)

    answer = client.oauth_v2_access(client_id="1.2", client_secret="x", code=back.params["code"])

    assert "Allow in Other Ltd" in page.text
    assert back.params["state"] == "s t"
    assert (answer["access_token"], answer["team"]["id"]) == ("xoxb-sandbox-T_OTHER", "T_OTHER")
    assert answer["authed_user"]["id"] == "U_EVE"
    assert slack(running, answer["access_token"]).auth_test()["team_id"] == "T_OTHER"
    again = back.params["code"]
    assert code(client.oauth_v2_access, client_id="1.2", client_secret="x", code=again) == "invalid_code"


def test_the_consent_page_sends_nobody_to_strange_addresses(running: RunningSandbox) -> None:
    with httpx.Client(trust_env=False) as http:
        answer = http.get(f"{running.url}/oauth/v2/authorize", params={"redirect_uri": "javascript:alert(1)"})

    assert answer.status_code == 400


def test_a_view_over_a_limit_is_refused_with_a_pointer(running: RunningSandbox, client: WebClient) -> None:
    trigger = running.world.new_trigger("T_BIRCH", "U_ADA")

    answer = refusal(client.views_open, trigger_id=trigger, view=modal("A title of 25 characters."))

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be no more than 24 characters [json-pointer:/view/title/text]"
    ]
