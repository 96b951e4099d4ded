"""Clicks, choices and searches in messages and views, and answers through response_urls."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.slack.acting.client import TOKEN, Client, Json, Outcome, channel_name
from sandbox.slack.form import action_of, find_element, state_values
from sandbox.slack.limits import check_message, check_options
from sandbox.slack.records import Conversation, Message, SlackError, Team, User, View
from sandbox.slack.wire import message_object


class Pressing(Client):
    """What people do to the elements of messages and views."""

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
        world = self.world
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
            "token": TOKEN,
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
        ack = await self.dispatcher.interaction(payload)
        return self.outcome(user, ack, None)

    async def options(
        self, user_id: str, container: Mapping[str, Any], block_id: str, action_id: str, value: str, base_url: str
    ) -> Outcome:
        """Ask the app for a select's options."""
        world = self.world
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
            "token": TOKEN,
            "action_id": action_id,
            "block_id": block_id,
            "value": value,
            "team": {"id": team.id, "domain": team.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }
        if view is not None:
            payload["view"] = self.view_wire(view)
        ack = await self.dispatcher.interaction(payload)
        outcome = self.outcome(user, ack, None)
        if not outcome.ok:
            return Outcome(False, ack.ms, ack.error, ack.body, {"options": []})
        problems = check_options(ack.body)
        if problems or not isinstance(ack.body, dict):
            refused = self.invalid(user, ack, self.world.app_name, problems)
            return Outcome(False, refused.ack_ms, refused.error, refused.response, {"options": []})
        shown: Json = {key: ack.body[key] for key in ("options", "option_groups") if key in ack.body}
        return Outcome(True, ack.ms, None, ack.body, shown)

    def respond(self, url_id: str, payload: Json) -> None:
        """What an app posts to a response_url; refused like Slack does."""
        world = self.world
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
            self.answer_in_channel(team, world.person(url.user_id), conversation, payload)

    def _container(
        self, user: User, container: Mapping[str, Any], base_url: str
    ) -> tuple[Json, Sequence[Json], Team, View | None]:
        """The container's part of a payload, its blocks, the team it belongs to, and the view if it is one."""
        world = self.world
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
        conversation = self.seen(user, str(container.get("channel") or container.get("channel_id")))
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
            "channel": {"id": conversation.id, "name": channel_name(conversation)},
            "response_url": f"{base_url}/response/{answer_url.id}",
        }
        if not ephemeral:
            payload["message"] = message_object(message, world)
        return payload, message.blocks, team, None

    def _author(self, message: Message, conversation: Conversation) -> Team:
        for team in self.world.teams.values():
            if team.bot_id == message.bot_id:
                return team
        return self.world.teams[conversation.team_id]
