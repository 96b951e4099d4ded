"""Methods about teams and people."""

from sandbox.slack.methods.request import Json, Request, page
from sandbox.slack.records import SlackError, User
from sandbox.slack.wire import profile_object, user_object


def api_test(request: Request) -> Json:
    if "error" in request.args:
        raise SlackError(str(request.args["error"]), args=dict(request.args))
    return {"args": dict(request.args)}


def auth_test(request: Request) -> Json:
    team = request.team
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": request.world.app_name.lower(),
        "team_id": team.id,
        "user_id": team.bot_user_id,
        "bot_id": team.bot_id,
        "is_enterprise_install": False,
    }


def team_info(request: Request) -> Json:
    wanted = request.args.get("team") or request.team.id
    if wanted != request.team.id:
        raise SlackError("team_not_found")
    team = request.team
    url = f"https://{team.domain}.slack.com/"
    return {
        "team": {"id": team.id, "name": team.name, "domain": team.domain, "url": url, "email_domain": "", "icon": {}}
    }


def _user_wire(request: Request, user: User) -> Json:
    return user_object(user, request.team, with_email=request.allowed("users:read.email"), now=request.world.clock())


def users_info(request: Request) -> Json:
    return {"user": _user_wire(request, request.user("user"))}


def users_list(request: Request) -> Json:
    shown, metadata = page(request, request.world.visible_to(request.team), 1000)
    return {
        "members": [_user_wire(request, user) for user in shown],
        "cache_ts": int(request.world.clock()),
        "response_metadata": metadata,
    }


def users_profile_get(request: Request) -> Json:
    user = request.user("user")
    return {"profile": profile_object(user, request.team, with_email=request.allowed("users:read.email"))}


def users_lookup_by_email(request: Request) -> Json:
    email = request.text("email").lower()
    for user in request.world.users.values():
        if user.team_id == request.team.id and user.email.lower() == email and not user.deleted:
            return {"user": _user_wire(request, user)}
    raise SlackError("users_not_found")
