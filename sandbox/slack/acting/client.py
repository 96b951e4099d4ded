"""What every action in Slack's client shares: its outcome, and what people are told of failures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.dispatch import Ack, Dispatcher
from sandbox.slack.form import state_values
from sandbox.slack.limits import Problem, check_message
from sandbox.slack.records import Conversation, SlackError, Team, User, View
from sandbox.slack.world import World

Json = dict[str, Any]
TOKEN = "sandbox-verification-token"


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


class Client:
    """Slack's client, whoever uses it. Lives on the server's event loop."""

    def __init__(self, world: World, dispatcher: Dispatcher) -> None:
        self.world = world
        self.dispatcher = dispatcher

    def own_team(self, user: User) -> Team:
        team = self.world.teams.get(user.team_id)
        if team is None:
            raise SlackError("team_not_found")
        return team

    def seen(self, user: User, channel: str) -> Conversation:
        conversation = self.world.conversation(channel)
        if user.id not in conversation.members:
            raise SlackError("channel_not_found")
        return conversation

    def view_wire(self, view: View) -> Json:
        return view.wire(state_values(view.content["blocks"], view.state))

    def answer_in_channel(
        self, team: Team, user: User, conversation: Conversation, payload: Mapping[str, Any]
    ) -> list[Problem]:
        """Post what the app answered: for the person alone unless it says otherwise."""
        problems = check_message(payload)
        if problems:
            return problems
        for_all = payload.get("response_type") == "in_channel"
        self.world.post(
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

    def outcome(self, user: User, ack: Ack, what: str | None) -> Outcome:
        if ack.error is not None:
            self.world.toast(user.id, f"{what or self.world.app_name} failed with the error {ack.error}")
        return Outcome(ack.error is None, ack.ms, ack.error, ack.body)

    def failed(self, user: User, text: str, error: str) -> Outcome:
        self.world.toast(user.id, text)
        return Outcome(False, error=error)

    def invalid(
        self, user: User, ack: Ack, what: str, problems: Sequence[Problem], extra: Json | None = None
    ) -> Outcome:
        """The app acknowledged with something that Slack doesn't accept."""
        reasons = "; ".join(str(problem) for problem in problems)
        self.world.toast(user.id, f"{what} failed with the error invalid_response: {reasons}")
        messages = [str(problem) for problem in problems]
        return Outcome(False, ack.ms, "invalid_response", ack.body, {"messages": messages, **(extra or {})})


def channel_name(conversation: Conversation) -> str:
    return conversation.name if conversation.kind == "channel" else "directmessage"


def team_wire(team: Team | None, team_id: str) -> Json:
    return {"id": team_id, "domain": team.domain if team is not None else ""}
