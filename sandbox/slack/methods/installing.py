"""Methods that connect and install the app."""

import contextlib

from sandbox.slack.methods.request import Json, Request
from sandbox.slack.records import SlackError


def apps_connections_open(request: Request) -> Json:
    address = request.base_url.replace("http", "ws", 1)
    return {"url": f"{address}/socket/{request.sockets.ticket()}"}


def oauth_v2_access(request: Request) -> Json:
    world = request.world
    with contextlib.suppress(KeyError):
        team_id, user_id = world.codes.pop(str(request.args.get("code")))
        team = world.teams[team_id]
        world.set_installed(team_id, installed=True)
        return {
            "access_token": team.token,
            "token_type": "bot",
            "scope": ",".join(sorted(world.scopes)) if world.scopes is not None else "",
            "bot_user_id": team.bot_user_id,
            "app_id": world.app_id,
            "team": {"id": team.id, "name": team.name},
            "enterprise": None,
            "authed_user": {"id": user_id},
            "is_enterprise_install": False,
        }
    raise SlackError("invalid_code")
