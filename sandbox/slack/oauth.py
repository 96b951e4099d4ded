"""Slack's consent page: choose a workspace, allow, and go back to the app with a code."""

import html
import secrets
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.slack.world import World


class ConsentPage:
    """`/oauth/v2/authorize`; with `team` and `user` given it allows at once, for tests."""

    def __init__(self, world: World, client_id: str = "") -> None:
        self._world = world
        self._client_id = client_id

    def routes(self) -> list[BaseRoute]:
        return [Route("/oauth/v2/authorize", self._authorize, methods=["GET"])]

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        target = asked.get("redirect_uri", "")
        if urlsplit(target).scheme not in {"http", "https"}:
            return HTMLResponse("<p>redirect_uri is missing or not a web address.</p>", 400)
        if self._client_id and asked.get("client_id") != self._client_id:
            return HTMLResponse("<p>No app has this client_id.</p>", 400)
        joint = "&" if "?" in target else "?"
        state = asked.get("state", "")
        team_id = asked.get("team", "")
        if team_id in self._world.teams and asked.get("user"):
            code = secrets.token_urlsafe(16)
            self._world.codes[code] = (team_id, asked["user"])
            return RedirectResponse(f"{target}{joint}{urlencode({'code': code, 'state': state})}", 302)
        refusal = f"{target}{joint}{urlencode({'error': 'access_denied', 'state': state})}"
        return HTMLResponse(self._page(asked, refusal))

    def _page(self, asked: dict[str, str], refusal: str) -> str:
        scopes = "".join(f"<li>{html.escape(scope)}</li>" for scope in asked.get("scope", "").split(",") if scope)
        ways = []
        for team in self._world.teams.values():
            person = next(
                (each for each in self._world.users.values() if each.team_id == team.id and not each.is_bot), None
            )
            query = urlencode({**asked, "team": team.id, "user": person.id if person else team.bot_user_id})
            ways.append(f'<p><a href="?{html.escape(query)}">Allow in {html.escape(team.name)}</a></p>')
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Install the app</title>'
            f"<h1>{html.escape(self._world.app_name)} asks for access</h1><ul>{scopes}</ul>{''.join(ways)}"
            f'<p><a href="{html.escape(refusal)}">Cancel</a></p></html>'
        )
