"""The phones: what arrived on each, with links to tap."""

from jinja2 import DictLoader, Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.sms.segments import segments
from sandbox.sms.world import SmsWorld, TextMessage, moment

_UNARRIVED = frozenset({"undelivered", "failed"})


class Phones:
    def __init__(self, world: SmsWorld) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sms", self._all, methods=["GET"]),
            Route("/sms/{number}", self._one, methods=["GET"]),
        ]

    async def _all(self, _: Request) -> Response:
        newest: dict[str, TextMessage] = {}
        for message in self._world.newest_first():
            newest.setdefault(message.to, message)
        return _page("all.html", phones=list(newest.values()))

    async def _one(self, request: Request) -> Response:
        number = request.path_params["number"]
        return _page("one.html", number=number, messages=self._world.newest_first(number)[::-1])


def _page(template: str, **values: object) -> Response:
    return HTMLResponse(_PAGES.get_template(template).render(values), headers={"Cache-Control": "no-store"})


def _time(message: TextMessage) -> str:
    return f"{moment(message.created):%d %b %H:%M:%S} UTC"


def _about(message: TextMessage) -> str:
    counted = segments(message.body)
    parts = f"{counted.count} {'part' if counted.count == 1 else 'parts'}, {counted.encoding}"
    return f"{message.status} · {parts}"


_TEMPLATES = {
    "frame.html": """\
<!doctype html>
<html lang="en-GB">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{% block title %}Phones{% endblock %}</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/style.css">
    <script type="module" src="/refresh.js"></script>
  </head>
  <body>
    <main class="phone">
{% block main %}{% endblock %}
    </main>
  </body>
</html>
""",
    "all.html": """\
{% extends "frame.html" %}
{% block main %}
<h1>Phones</h1>
<p class="lead" role="status">
{{ "These phones got text messages." if phones else "No text messages yet." }} Nothing sent here leaves this machine.
</p>
{% if phones %}
<ul class="mail-list" aria-label="Phones">
{% for newest in phones %}
<li><a href="/sms/{{ newest.to }}">
<span class="mail-subject">{{ newest.to }}</span>
<time datetime="{{ newest.created }}">{{ newest | time }}</time>
<span class="mail-people phone-newest">{{ newest.body }}</span>
</a></li>
{% endfor %}
</ul>
{% endif %}
{% endblock %}
""",
    "one.html": """\
{% extends "frame.html" %}
{% block title %}{{ number }}{% endblock %}
{% block main %}
<p><a href="/sms">All phones</a></p>
<h1>{{ number }}</h1>
<p class="lead" role="status">
{{ messages | length or "No" }} {{ "text message" if messages | length == 1 else "text messages" }}, the newest last.
</p>
{% if messages %}
<ol class="phone-messages" aria-label="Text messages">
{% for message in messages %}
<li>
<p class="phone-about">{{ message.sender }} · {{ message | time }}</p>
{% if message.status in unarrived %}
<p class="phone-text phone-lost">This one did not arrive ({{ message.error_code }}).</p>
{% else %}
<p class="phone-text">{{ message.body | urlize(target="_blank", rel="noopener") }}</p>
{% endif %}
<p class="phone-about">{{ message | about }}</p>
</li>
{% endfor %}
</ol>
{% endif %}
{% endblock %}
""",
}
_PAGES = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=DictLoader(_TEMPLATES))
_PAGES.filters |= {"time": _time, "about": _about}
_PAGES.globals["unarrived"] = _UNARRIVED
