"""What people do in Slack's client, and what the client makes of the app's answers."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.dispatch import Ack, Dispatcher
from sandbox.slack.form import action_of, elements_of, find_element, input_errors, state_values
from sandbox.slack.limits import Problem, check_message, check_options, check_view
from sandbox.slack.wire import message_object, user_object
from sandbox.slack.world import Conversation, Message, SlackError, Team, User, View, World

Json = dict[str, Any]
_TOKEN = "sandbox-verification-token"


@dataclass(frozen=True)
class Outcome:
    """What came of an action: the app's acknowledgement and what the client shows of it."""

    ok: bool
    ack_ms: float = 0.0
    error: str | None = None
    response: Json | str | None = None
    extra: Json = field(default_factory=dict)

    def wire(self) -> Json:
        return {
            "ok": self.ok,
            "ack_ms": self.ack_ms,
            "error": self.error,
            "response": self.response,
            **self.extra,
        }


class Acting:
    """People's actions. Each returns after the app acknowledged. Lives on the server's event loop."""

    def __init__(self, world: World, dispatcher: Dispatcher) -> None:
        self._world = world
        self._dispatcher = dispatcher

    # Commands, shortcuts, messages

    async def command(self, user_id: str, channel: str, text: str, base_url: str) -> Outcome:
        world = self._world
        name, _, rest = text.partition(" ")
        user = world.person(user_id)
        conversation = self._seen(user, channel)
        known = world.any_command or any(each["command"] == name for each in world.commands)
        if not known:
            return self._failed(user, f"{name} is not a valid command.", "unknown_command")
        team = world.teams[conversation.team_id]
        answer_url = world.new_response_url(team.id, user.id, conversation.id)
        ack = await self._dispatcher.command(
            {
                "token": _TOKEN,
                "team_id": team.id,
                "team_domain": team.domain,
                "channel_id": conversation.id,
                "channel_name": _channel_name(conversation),
                "user_id": user.id,
                "user_name": user.name,
                "command": name,
                "text": rest.strip(),
                "api_app_id": world.app_id,
                "is_enterprise_install": "false",
                "response_url": f"{base_url}/response/{answer_url.id}",
                "trigger_id": world.new_trigger(team.id, user.id),
            }
        )
        if ack.error is None and ack.body is not None:
            payload = {"text": ack.body} if isinstance(ack.body, str) else ack.body
            problems = self._answer_in_channel(team, user, conversation, payload)
            if problems:
                return self._invalid(user, ack, name, problems)
        return self._outcome(user, ack, name)

    async def shortcut(
        self, user_id: str, callback_id: str, base_url: str, channel: str | None = None, ts: str | None = None
    ) -> Outcome:
        """A global shortcut, or one on a message when channel and ts are given."""
        world = self._world
        user = world.person(user_id)
        if channel is not None and ts is not None:
            conversation = self._seen(user, channel)
            message = world.message(channel, ts)
            team = world.teams[conversation.team_id]
            answer_url = world.new_response_url(team.id, user.id, conversation.id)
            payload: Json = {
                "type": "message_action",
                "message_ts": ts,
                "message": message_object(message, world),
                "channel": {"id": conversation.id, "name": _channel_name(conversation)},
                "response_url": f"{base_url}/response/{answer_url.id}",
            }
        else:
            team = self._own_team(user)
            payload = {"type": "shortcut"}
        payload |= {
            "token": _TOKEN,
            "action_ts": world.new_ts(),
            "team": {"id": team.id, "domain": team.domain},
            "user": {"id": user.id, "username": user.name, "team_id": user.team_id},
            "is_enterprise_install": False,
            "enterprise": None,
            "callback_id": callback_id,
            "trigger_id": world.new_trigger(team.id, user.id),
        }
        ack = await self._dispatcher.interaction(payload)
        return self._outcome(user, ack, callback_id)

    async def message(self, user_id: str, channel: str, text: str) -> Outcome:
        world = self._world
        user = world.person(user_id)
        conversation = self._seen(user, channel)
        if conversation.kind == "app_dm" and world.messages_tab_read_only:
            raise SlackError("restricted_action_read_only_channel")
        message = world.post(conversation, user=user.id, team_id=user.team_id, text=text)
        dm = conversation.kind == "app_dm"
        if dm or world.teams[conversation.team_id].bot_user_id in conversation.members:
            event = {
                "type": "message",
                "channel": conversation.id,
                "user": user.id,
                "text": text,
                "ts": message.ts,
                "event_ts": message.ts,
                "channel_type": "im" if dm else "channel",
                "team": user.team_id,
                "client_msg_id": world.new_id("M"),
            }
            if self._subscribed(f"message.{'im' if dm else 'channels'}", default=dm):
                return await self._tell(world.teams[conversation.team_id], event, ts=message.ts)
        return Outcome(True, extra={"ts": message.ts})

    async def home(self, user_id: str) -> Outcome:
        """Open the app's Home tab."""
        world = self._world
        user = world.person(user_id)
        team = self._own_team(user)
        if not self._subscribed("app_home_opened"):
            return Outcome(True)
        event: Json = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": world.open_dm(team, user.id).id,
            "event_ts": world.new_ts(),
            "tab": "home",
        }
        home = world.home_of(user.id, team.id)
        if home is not None:
            event["view"] = self._view_wire(home)
        return await self._tell(team, event)

    async def event(self, team_id: str, event: Json, event_id: str | None = None) -> Outcome:
        """Any event. A removed app's token stops working, as it does at Slack."""
        team = self._world.teams.get(team_id)
        if team is None:
            raise SlackError("team_not_found")
        if event.get("type") in {"app_uninstalled", "tokens_revoked"}:
            self._world.set_installed(team_id, installed=False)
        return await self._tell(team, event, event_id=event_id)

    async def change_user(self, user_id: str, changes: Mapping[str, Any]) -> Outcome:
        """Change a person's profile and tell the app, if it subscribed."""
        user = self._world.change_user(user_id, **changes)
        team = self._world.teams[user.team_id]
        if not self._subscribed("user_change"):
            return Outcome(True)
        now = self._world.clock()
        event = {
            "type": "user_change",
            "user": user_object(user, team, with_email=True, now=now),
            "cache_ts": int(now),
            "event_ts": self._world.new_ts(),
        }
        return await self._tell(team, event)

    async def _tell(self, team: Team, event: Json, event_id: str | None = None, **extra: Any) -> Outcome:
        """Deliver an event. Nobody in the client sees whether that works, so there is no toast."""
        ack = await self._dispatcher.event(self._envelope(team, event, event_id))
        return Outcome(ack.error is None, ack.ms, ack.error, ack.body, extra)

    # Clicking and choosing

    async def click(
        self,
        user_id: str,
        container: Mapping[str, Any],
        block_id: str,
        action_id: str,
        value: object,
        state: Mapping[str, Any] | None,
        base_url: str,
    ) -> Outcome:
        world = self._world
        user = world.person(user_id)
        payload, blocks, team, view = self._container(user, container, base_url)
        found = find_element(blocks, block_id, action_id)
        if found is None:
            raise SlackError("no_such_element")
        block, element = found
        entered = dict(state or (view.state if view is not None else {}))
        if isinstance(value, Mapping) and element["type"] not in {"button", "overflow"}:
            entered[block_id] = {**entered.get(block_id, {}), action_id: {"type": element["type"], **value}}
        values = state_values(blocks, entered)
        if view is not None:
            view.state = values
        if block["type"] == "input" and not block.get("dispatch_action", False):
            return Outcome(True)
        on_modal = view is not None and view.content["type"] == "modal"
        payload |= {
            "type": "block_actions",
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
            "api_app_id": world.app_id,
            "token": _TOKEN,
            "trigger_id": world.new_trigger(team.id, user.id, from_modal=on_modal),
            "team": {"id": team.id, "domain": team.domain},
            "enterprise": None,
            "is_enterprise_install": False,
            "actions": [action_of(element, block_id, value, world.new_ts())],
        }
        if view is not None:
            payload["view"] = view.wire(values)
        else:
            payload["state"] = {"values": values}
        ack = await self._dispatcher.interaction(payload)
        return self._outcome(user, ack, None)

    async def options(
        self, user_id: str, container: Mapping[str, Any], block_id: str, action_id: str, value: str, base_url: str
    ) -> Outcome:
        """Ask the app for a select's options."""
        world = self._world
        user = world.person(user_id)
        payload, blocks, team, view = self._container(user, container, base_url)
        found = find_element(blocks, block_id, action_id)
        if found is None or not found[1]["type"].endswith("external_select"):
            raise SlackError("no_such_element")
        payload.pop("response_url", None)
        payload |= {
            "type": "block_suggestion",
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
            "api_app_id": world.app_id,
            "token": _TOKEN,
            "action_id": action_id,
            "block_id": block_id,
            "value": value,
            "team": {"id": team.id, "domain": team.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }
        if view is not None:
            payload["view"] = self._view_wire(view)
        ack = await self._dispatcher.interaction(payload)
        outcome = self._outcome(user, ack, None)
        if not outcome.ok:
            return Outcome(False, ack.ms, ack.error, ack.body, {"options": []})
        problems = check_options(ack.body)
        if problems or not isinstance(ack.body, dict):
            refused = self._invalid(user, ack, self._world.app_name, problems)
            return Outcome(False, refused.ack_ms, refused.error, refused.response, {"options": []})
        shown: Json = {key: ack.body[key] for key in ("options", "option_groups") if key in ack.body}
        return Outcome(True, ack.ms, None, ack.body, shown)

    # Views

    async def submit(self, user_id: str, view_id: str, state: Mapping[str, Any], base_url: str) -> Outcome:
        world = self._world
        user = world.person(user_id)
        view = self._own_view(user, view_id)
        if view.content.get("submit") is None or view.content.get("submit_disabled"):
            raise SlackError("not_submittable")
        blocks = view.content["blocks"]
        values = state_values(blocks, state)
        view.state = values
        errors = input_errors(blocks, values)
        if errors:
            return Outcome(True, extra={"errors": errors})
        ack = await self._dispatcher.interaction(
            {
                "type": "view_submission",
                # A person from another workspace submits as that workspace; the view says where the app is installed.
                "team": _team_wire(world.teams.get(user.team_id), user.team_id),
                "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
                "api_app_id": world.app_id,
                "token": _TOKEN,
                "trigger_id": world.new_trigger(view.team_id, user.id, from_modal=True),
                "view": view.wire(values),
                "response_urls": self._response_urls(view, user, values, base_url),
                "is_enterprise_install": False,
                "enterprise": None,
            }
        )
        if ack.error is not None:
            outcome = self._outcome(user, ack, None)
            return Outcome(False, ack.ms, outcome.error, ack.body, {"errors": {}})
        return self._after_submission(user, view, ack)

    def _after_submission(self, user: User, view: View, ack: Ack) -> Outcome:
        world = self._world
        name = world.app_name
        if ack.body is None:
            world.pop_view(view)
            return Outcome(True, ack.ms, extra={"errors": {}})
        answer = ack.body if isinstance(ack.body, dict) else {}
        action = answer.get("response_action")
        team = world.teams[view.team_id]
        try:
            if action == "clear":
                world.clear_views(user.id)
            elif action == "errors":
                errors, problems = _field_errors(view, answer.get("errors"))
                if problems:
                    return self._invalid(user, ack, name, problems, {"errors": errors})
                return Outcome(True, ack.ms, None, ack.body, {"errors": errors})
            elif action in {"update", "push"}:
                content = answer.get("view")
                problems = check_view(content if isinstance(content, Mapping) else {})
                if problems or not isinstance(content, dict):
                    return self._invalid(user, ack, name, problems, {"errors": {}})
                if action == "push":
                    world.show_view(team, user.id, content, on_top=True)
                elif view.id in world.views:
                    world.change_view(view, content)
            else:
                problem = Problem("invalid_response", "/response_action", "must be errors, update, push or clear")
                return self._invalid(user, ack, name, [problem], {"errors": {}})
        except SlackError as refusal:
            return self._invalid(user, ack, name, [Problem(refusal.code, "/view", refusal.code)], {"errors": {}})
        return Outcome(True, ack.ms, None, ack.body, {"errors": {}})

    async def close(self, user_id: str, view_id: str) -> Outcome:
        """Close one view; with `clear_on_close` the whole stack goes."""
        user = self._world.person(user_id)
        view = self._own_view(user, view_id)
        if view.content.get("clear_on_close"):
            return await self.clear(user_id)
        self._world.pop_view(view)
        return await self._closed(user, view, cleared=False)

    async def clear(self, user_id: str) -> Outcome:
        """Close all of a person's views at once."""
        user = self._world.person(user_id)
        outcome = Outcome(True)
        for view in self._world.clear_views(user_id):
            told = await self._closed(user, view, cleared=True)
            outcome = outcome if outcome.error else told
        return outcome

    async def _closed(self, user: User, view: View, *, cleared: bool) -> Outcome:
        if not view.content.get("notify_on_close"):
            return Outcome(True)
        ack = await self._dispatcher.interaction(
            {
                "type": "view_closed",
                "team": _team_wire(self._world.teams.get(user.team_id), user.team_id),
                "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
                "api_app_id": self._world.app_id,
                "token": _TOKEN,
                "view": self._view_wire(view),
                "is_cleared": cleared,
                "is_enterprise_install": False,
                "enterprise": None,
            }
        )
        return self._outcome(user, ack, None)

    # Answers through response_urls

    def respond(self, url_id: str, payload: Json) -> None:
        """What an app posts to a response_url; refused like Slack does."""
        world = self._world
        with world.lock:
            url = world.use_response_url(url_id)
            team = world.teams[url.team_id]
            conversation = world.conversation(url.channel)
            original = conversation.messages.get(url.message_ts) if url.message_ts else None
            if payload.get("delete_original"):
                if original is not None:
                    world.delete(original)
                return
            problems = check_message(payload)
            if problems:
                raise SlackError(problems[0].code, problems)
            if payload.get("replace_original") and original is not None:
                changes = {key: payload[key] for key in ("text", "blocks", "attachments") if key in payload}
                world.edit(original, **{"text": "", "blocks": [], **changes})
                return
            self._answer_in_channel(team, world.person(url.user_id), conversation, payload)

    def _answer_in_channel(
        self, team: Team, user: User, conversation: Conversation, payload: Mapping[str, Any]
    ) -> list[Problem]:
        """Post what the app answered: for the person alone unless it says otherwise."""
        problems = check_message(payload)
        if problems:
            return problems
        for_all = payload.get("response_type") == "in_channel"
        self._world.post(
            conversation,
            user=team.bot_user_id,
            team_id=team.id,
            bot_id=team.bot_id,
            text=payload.get("text") or "",
            blocks=payload.get("blocks"),
            attachments=payload.get("attachments"),
            thread_ts=payload.get("thread_ts"),
            seen_by=None if for_all else user.id,
        )
        return []

    # Shared parts

    def _own_team(self, user: User) -> Team:
        team = self._world.teams.get(user.team_id)
        if team is None:
            raise SlackError("team_not_found")
        return team

    def _seen(self, user: User, channel: str) -> Conversation:
        conversation = self._world.conversation(channel)
        if user.id not in conversation.members:
            raise SlackError("channel_not_found")
        return conversation

    def _own_view(self, user: User, view_id: str) -> View:
        view = self._world.view(view_id)
        if view.user_id != user.id or view.content["type"] != "modal":
            raise SlackError("not_found")
        return view

    def _container(
        self, user: User, container: Mapping[str, Any], base_url: str
    ) -> tuple[Json, Sequence[Json], Team, View | None]:
        """The container's part of a payload, its blocks, the team it belongs to, and the view if it is one."""
        world = self._world
        if container.get("type") == "view":
            view = world.view(str(container.get("view_id")))
            if view.user_id != user.id:
                raise SlackError("not_found")
            return (
                {"container": {"type": "view", "view_id": view.id}},
                view.content["blocks"],
                world.teams[view.team_id],
                view,
            )
        conversation = self._seen(user, str(container.get("channel") or container.get("channel_id")))
        message = world.message(conversation.id, str(container.get("ts") or container.get("message_ts")))
        if message.seen_by not in {None, user.id}:
            raise SlackError("message_not_found")
        team = self._author(message, conversation)
        answer_url = world.new_response_url(team.id, user.id, conversation.id, message.ts)
        ephemeral = message.seen_by is not None
        payload: Json = {
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": conversation.id,
                "is_ephemeral": ephemeral,
            },
            "channel": {"id": conversation.id, "name": _channel_name(conversation)},
            "response_url": f"{base_url}/response/{answer_url.id}",
        }
        if not ephemeral:
            payload["message"] = message_object(message, world)
        return payload, message.blocks, team, None

    def _author(self, message: Message, conversation: Conversation) -> Team:
        for team in self._world.teams.values():
            if team.bot_id == message.bot_id:
                return team
        return self._world.teams[conversation.team_id]

    def _view_wire(self, view: View) -> Json:
        return view.wire(state_values(view.content["blocks"], view.state))

    def _response_urls(self, view: View, user: User, values: Json, base_url: str) -> list[Json]:
        urls = []
        for block, element in elements_of(view.content["blocks"]):
            if not element.get("response_url_enabled"):
                continue
            state = values[block["block_id"]][element["action_id"]]
            channel = state.get("selected_conversation") or state.get("selected_channel")
            if channel:
                made = self._world.new_response_url(view.team_id, user.id, channel)
                urls.append(
                    {
                        "block_id": block["block_id"],
                        "action_id": element["action_id"],
                        "channel_id": channel,
                        "response_url": f"{base_url}/response/{made.id}",
                    }
                )
        return urls

    def _subscribed(self, event: str, *, default: bool = True) -> bool:
        events = self._world.bot_events
        return default if events is None else event in events

    def _envelope(self, team: Team, event: Json, event_id: str | None = None) -> Json:
        return {
            "token": _TOKEN,
            "team_id": team.id,
            "context_team_id": team.id,
            "context_enterprise_id": None,
            "api_app_id": self._world.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": event_id or self._world.new_id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": team.id,
                    "user_id": team.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": self._world.new_id("EC"),
        }

    def _outcome(self, user: User, ack: Ack, what: str | None) -> Outcome:
        if ack.error is not None:
            self._world.toast(user.id, f"{what or self._world.app_name} failed with the error {ack.error}")
        return Outcome(ack.error is None, ack.ms, ack.error, ack.body)

    def _failed(self, user: User, text: str, error: str) -> Outcome:
        self._world.toast(user.id, text)
        return Outcome(False, error=error)

    def _invalid(
        self, user: User, ack: Ack, what: str, problems: Sequence[Problem], extra: Json | None = None
    ) -> Outcome:
        """The app acknowledged with something that Slack doesn't accept."""
        reasons = "; ".join(str(problem) for problem in problems)
        self._world.toast(user.id, f"{what} failed with the error invalid_response: {reasons}")
        messages = [str(problem) for problem in problems]
        return Outcome(False, ack.ms, "invalid_response", ack.body, {"messages": messages, **(extra or {})})


def _channel_name(conversation: Conversation) -> str:
    return conversation.name if conversation.kind == "channel" else "directmessage"


def _team_wire(team: Team | None, team_id: str) -> Json:
    return {"id": team_id, "domain": team.domain if team is not None else ""}


def _field_errors(view: View, given: object) -> tuple[dict[str, str], list[Problem]]:
    """The errors an app answered a submission with, if Slack would show them."""
    if not isinstance(given, Mapping) or not given:
        return {}, [Problem("invalid_response", "/errors", "must provide an object with at least one field")]
    inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
    problems = []
    for block_id, text in given.items():
        if block_id not in inputs:
            problems.append(Problem("invalid_response", f"/errors/{block_id}", "must be the block_id of an input"))
        elif not isinstance(text, str) or not text:
            problems.append(Problem("invalid_response", f"/errors/{block_id}", "must provide a string"))
    return {str(key): str(value) for key, value in given.items()}, problems
