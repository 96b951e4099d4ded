"""Methods that open and change views."""

from collections.abc import Mapping
from typing import Literal

from sandbox.slack.limits import Problem, check_view
from sandbox.slack.methods.request import Json, Request, refuse
from sandbox.slack.records import SlackError, View


def _checked_view(request: Request, surface: Literal["modal", "home"]) -> Json:
    request.need("view")
    view = request.parsed("view")
    refuse(check_view(view, surface))
    content: Json = view
    return content


def views_open(request: Request) -> Json:
    content = _checked_view(request, "modal")
    trigger = request.world.use_trigger(request.need("trigger_id"), request.team)
    view = request.world.show_view(request.team, trigger.user_id, content, on_top=trigger.from_modal)
    return {"view": view.wire()}


def views_push(request: Request) -> Json:
    content = _checked_view(request, "modal")
    trigger = request.world.use_trigger(request.need("trigger_id"), request.team)
    if not trigger.from_modal:
        raise SlackError("invalid_trigger_id")
    view = request.world.show_view(request.team, trigger.user_id, content, on_top=True)
    return {"view": view.wire()}


def _view(request: Request) -> View:
    if request.args.get("view_id"):
        found = request.world.view(request.text("view_id"))
    else:
        found = request.world.view_by_external_id(request.text("external_id"), request.team.id)
    if found.team_id != request.team.id:
        raise SlackError("not_found")
    return found


def views_update(request: Request) -> Json:
    if not request.args.get("view_id") and not request.args.get("external_id"):
        request.need("view_id")
    request.need("view")
    given = request.parsed("view")
    home = isinstance(given, Mapping) and given.get("type") == "home"
    content = _checked_view(request, "home" if home else "modal")
    view = _view(request)
    if view.content["type"] != content["type"]:
        raise SlackError(
            "invalid_arguments", [Problem("invalid_arguments", "/view/type", f"must be {view.content['type']}")]
        )
    request.world.change_view(view, content, request.args.get("hash"))
    return {"view": view.wire()}


def views_publish(request: Request) -> Json:
    if not request.world.home_tab_enabled:
        raise SlackError("not_enabled")
    content = _checked_view(request, "home")
    user = request.user("user_id")
    view = request.world.publish_home(request.team, user.id, content, request.args.get("hash"))
    return {"view": view.wire()}
