"""Submitting and closing views."""

from collections.abc import Mapping
from typing import Any

from sandbox.slack.acting.client import TOKEN, Client, Json, Outcome, team_wire
from sandbox.slack.dispatch import Ack
from sandbox.slack.form import elements_of, input_errors, state_values
from sandbox.slack.limits import Problem, check_view
from sandbox.slack.records import SlackError, User, View


class Submitting(Client):
    """What people do with whole views."""

    async def submit(self, user_id: str, view_id: str, state: Mapping[str, Any], base_url: str) -> Outcome:
        world = self.world
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
        ack = await self.dispatcher.interaction(
            {
                "type": "view_submission",
                # A person from another workspace submits as that workspace; the view says where the app is installed.
                "team": team_wire(world.teams.get(user.team_id), user.team_id),
                "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
                "api_app_id": world.app_id,
                "token": TOKEN,
                "trigger_id": world.new_trigger(view.team_id, user.id, from_modal=True),
                "view": view.wire(values),
                "response_urls": self._response_urls(view, user, values, base_url),
                "is_enterprise_install": False,
                "enterprise": None,
            }
        )
        if ack.error is not None:
            outcome = self.outcome(user, ack, None)
            return Outcome(False, ack.ms, outcome.error, ack.body, {"errors": {}})
        return self._after_submission(user, view, ack)

    def _after_submission(self, user: User, view: View, ack: Ack) -> Outcome:
        world = self.world
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
                    return self.invalid(user, ack, name, problems, {"errors": errors})
                return Outcome(True, ack.ms, None, ack.body, {"errors": errors})
            elif action in {"update", "push"}:
                content = answer.get("view")
                problems = check_view(content if isinstance(content, Mapping) else {})
                if problems or not isinstance(content, dict):
                    return self.invalid(user, ack, name, problems, {"errors": {}})
                if action == "push":
                    world.show_view(team, user.id, content, on_top=True)
                elif view.id in world.views:
                    world.change_view(view, content)
            else:
                problem = Problem("invalid_response", "/response_action", "must be errors, update, push or clear")
                return self.invalid(user, ack, name, [problem], {"errors": {}})
        except SlackError as refusal:
            return self.invalid(user, ack, name, [Problem(refusal.code, "/view", refusal.code)], {"errors": {}})
        return Outcome(True, ack.ms, None, ack.body, {"errors": {}})

    async def close(self, user_id: str, view_id: str) -> Outcome:
        """Close one view; with `clear_on_close` the whole stack goes."""
        user = self.world.person(user_id)
        view = self._own_view(user, view_id)
        if view.content.get("clear_on_close"):
            return await self.clear(user_id)
        self.world.pop_view(view)
        return await self._closed(user, view, cleared=False)

    async def clear(self, user_id: str) -> Outcome:
        """Close all of a person's views at once."""
        user = self.world.person(user_id)
        outcome = Outcome(True)
        for view in self.world.clear_views(user_id):
            told = await self._closed(user, view, cleared=True)
            outcome = outcome if outcome.error else told
        return outcome

    async def _closed(self, user: User, view: View, *, cleared: bool) -> Outcome:
        if not view.content.get("notify_on_close"):
            return Outcome(True)
        ack = await self.dispatcher.interaction(
            {
                "type": "view_closed",
                "team": team_wire(self.world.teams.get(user.team_id), user.team_id),
                "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
                "api_app_id": self.world.app_id,
                "token": TOKEN,
                "view": self.view_wire(view),
                "is_cleared": cleared,
                "is_enterprise_install": False,
                "enterprise": None,
            }
        )
        return self.outcome(user, ack, None)

    def _own_view(self, user: User, view_id: str) -> View:
        view = self.world.view(view_id)
        if view.user_id != user.id or view.content["type"] != "modal":
            raise SlackError("not_found")
        return view

    def _response_urls(self, view: View, user: User, values: Json, base_url: str) -> list[Json]:
        urls = []
        for block, element in elements_of(view.content["blocks"]):
            if not element.get("response_url_enabled"):
                continue
            state = values[block["block_id"]][element["action_id"]]
            channel = state.get("selected_conversation") or state.get("selected_channel")
            if channel:
                made = self.world.new_response_url(view.team_id, user.id, channel)
                urls.append(
                    {
                        "block_id": block["block_id"],
                        "action_id": element["action_id"],
                        "channel_id": channel,
                        "response_url": f"{base_url}/response/{made.id}",
                    }
                )
        return urls


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
