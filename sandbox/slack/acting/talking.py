"""Commands, shortcuts, messages, App Home, and the events they cause."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.slack.acting.client import TOKEN, Client, Json, Outcome, channel_name
from sandbox.slack.records import Conversation, SlackError, Team, User
from sandbox.slack.wire import message_object, user_object


class Talking(Client):
    """What people say to the app."""

    async def command(self, user_id: str, channel: str, text: str, base_url: str) -> Outcome:
        world = self.world
        name, _, rest = text.partition(" ")
        user = world.person(user_id)
        conversation = self.seen(user, channel)
        if name == "/invite":
            return self._invite(user, conversation, rest)
        known = world.any_command or any(each["command"] == name for each in world.commands)
        if not known:
            return self.failed(user, f"{name} is not a valid command.", "unknown_command")
        team = world.teams[conversation.team_id]
        answer_url = world.new_response_url(team.id, user.id, conversation.id)
        ack = await self.dispatcher.command(
            {
                "token": TOKEN,
                "team_id": team.id,
                "team_domain": team.domain,
                "channel_id": conversation.id,
                "channel_name": channel_name(conversation),
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
            problems = self.answer_in_channel(team, user, conversation, payload)
            if problems:
                return self.invalid(user, ack, name, problems)
        return self.outcome(user, ack, name)

    def _invite(self, user: User, conversation: Conversation, who: str) -> Outcome:
        """Slack's own command, for the app."""
        team = self.world.teams[conversation.team_id]
        if who.strip().removeprefix("@").lower() != self.world.app_name.lower() or conversation.kind != "channel":
            return self.failed(user, f"{who.strip()} can't be invited here.", "user_not_found")
        self.world.join(conversation, team.bot_user_id)
        return Outcome(True)

    async def shortcut(
        self, user_id: str, callback_id: str, base_url: str, channel: str | None = None, ts: str | None = None
    ) -> Outcome:
        """A global shortcut, or one on a message when channel and ts are given."""
        world = self.world
        user = world.person(user_id)
        if channel is not None and ts is not None:
            conversation = self.seen(user, channel)
            message = world.message(channel, ts)
            team = world.teams[conversation.team_id]
            answer_url = world.new_response_url(team.id, user.id, conversation.id)
            payload: Json = {
                "type": "message_action",
                "message_ts": ts,
                "message": message_object(message, world),
                "channel": {"id": conversation.id, "name": channel_name(conversation)},
                "response_url": f"{base_url}/response/{answer_url.id}",
            }
        else:
            team = self.own_team(user)
            payload = {"type": "shortcut"}
        payload |= {
            "token": TOKEN,
            "action_ts": world.new_ts(),
            "team": {"id": team.id, "domain": team.domain},
            "user": {"id": user.id, "username": user.name, "team_id": user.team_id},
            "is_enterprise_install": False,
            "enterprise": None,
            "callback_id": callback_id,
            "trigger_id": world.new_trigger(team.id, user.id),
        }
        ack = await self.dispatcher.interaction(payload)
        return self.outcome(user, ack, callback_id)

    async def message(self, user_id: str, channel: str, text: str, file_ids: Sequence[str] = ()) -> Outcome:
        """What a person writes, with files that they uploaded before."""
        world = self.world
        user = world.person(user_id)
        files = [world.own_file(user, file_id) for file_id in file_ids]
        conversation = self.seen(user, channel)
        if conversation.kind == "app_dm" and world.messages_tab_read_only:
            raise SlackError("restricted_action_read_only_channel")
        message = world.post(conversation, user=user.id, team_id=user.team_id, text=text, files=files)
        dm = conversation.kind == "app_dm"
        if dm or world.teams[conversation.team_id].bot_user_id in conversation.members:
            event: Json = {
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
            if files:
                event |= {"subtype": "file_share", "upload": True, "files": [file.wire() for file in files]}
            if self._subscribed(f"message.{'im' if dm else 'channels'}", default=dm):
                return await self._tell(world.teams[conversation.team_id], event, ts=message.ts)
        return Outcome(True, extra={"ts": message.ts})

    async def home(self, user_id: str) -> Outcome:
        """Open the app's Home tab."""
        world = self.world
        user = world.person(user_id)
        team = self.own_team(user)
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
            event["view"] = self.view_wire(home)
        return await self._tell(team, event)

    async def event(self, team_id: str, event: Json, event_id: str | None = None) -> Outcome:
        """Any event. A removed app's token stops working, as it does at Slack."""
        team = self.world.teams.get(team_id)
        if team is None:
            raise SlackError("team_not_found")
        if event.get("type") in {"app_uninstalled", "tokens_revoked"}:
            self.world.set_installed(team_id, installed=False)
        return await self._tell(team, event, event_id=event_id)

    async def change_user(self, user_id: str, changes: Mapping[str, Any]) -> Outcome:
        """Change a person's profile and tell the app, if it subscribed."""
        user = self.world.change_user(user_id, **changes)
        team = self.world.teams[user.team_id]
        if not self._subscribed("user_change"):
            return Outcome(True)
        now = self.world.clock()
        event = {
            "type": "user_change",
            "user": user_object(user, team, with_email=True, now=now),
            "cache_ts": int(now),
            "event_ts": self.world.new_ts(),
        }
        return await self._tell(team, event)

    async def _tell(self, team: Team, event: Json, event_id: str | None = None, **extra: Any) -> Outcome:
        """Deliver an event. Nobody in the client sees whether that works, so there is no toast."""
        ack = await self.dispatcher.event(self._envelope(team, event, event_id))
        return Outcome(ack.error is None, ack.ms, ack.error, ack.body, extra)

    def _subscribed(self, event: str, *, default: bool = True) -> bool:
        events = self.world.bot_events
        return default if events is None else event in events

    def _envelope(self, team: Team, event: Json, event_id: str | None = None) -> Json:
        return {
            "token": TOKEN,
            "team_id": team.id,
            "context_team_id": team.id,
            "context_enterprise_id": None,
            "api_app_id": self.world.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": event_id or self.world.new_id("Ev"),
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
            "event_context": self.world.new_id("EC"),
        }
