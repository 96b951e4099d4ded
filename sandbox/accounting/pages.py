"""The pages on which people log in at a provider and let an app in, in the sandbox's look."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment, Template
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.accounting.grants import Asked

_KEPT_VISITS = 1000

_PAGES = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)

_FRAME = _PAGES.from_string("""\
<!doctype html>
<html lang="en-GB">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{% block title %}{% endblock %} · {{ provider }} (sandbox)</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/style.css">
    {% block script %}{% endblock %}
  </head>
  <body>
    <main class="consent">
<p class="lead">A stand-in for {{ provider }}. Nothing leaves this machine.</p>
{% block main %}{% endblock %}
    </main>
  </body>
</html>
""")
_PAGES.globals["frame"] = _FRAME

LOG_IN = _PAGES.from_string("""\
{% extends frame %}
{% block title %}Log in{% endblock %}
{% block main %}
<h1>Log in to {{ provider }}</h1>
<form method="post" action="{{ action }}">
<input type="hidden" name="request" value="{{ request }}">
<fieldset>
<legend>Who are you?</legend>
{% for user in users %}
<label class="choice"><input type="radio" name="user" value="{{ user.id }}" required{{ " checked" if loop.first }}>
<span>{{ user.name }}<span class="option-description">{{ user.email }} · {{ user.about }}</span></span></label>
{% endfor %}
</fieldset>
<p class="consent-buttons">
<button class="button button-primary" name="action" value="log_in">Log in</button>
<button class="button" name="action" value="cancel" formnovalidate>Cancel</button>
</p>
</form>
{% endblock %}
""")

CONSENT = _PAGES.from_string("""\
{% extends frame %}
{% block title %}Allow access{% endblock %}
{% block script %}<script type="module" src="/consent.js"></script>{% endblock %}
{% block main %}
<h1>Clientdesk wants access to your {{ provider }} data</h1>
<p>You are logged in as {{ user.name }}. Clientdesk will be able to read:</p>
<ul class="consent-scopes">
{% for scope in scopes %}
<li><code>{{ scope }}</code></li>
{% endfor %}
</ul>
{% if refusal %}
<p class="consent-refusal" role="alert">{{ refusal }}</p>
{% endif %}
<form method="post" action="{{ action }}">
<input type="hidden" name="request" value="{{ request }}">
{% if not refusal %}
{% if choices %}
<fieldset data-several="{{ "yes" if several else "no" }}">
<legend>{{ legend }}</legend>
<div class="consent-choices" tabindex="-1">
{% for choice in choices %}
<label class="choice"><input type="{{ "checkbox" if several else "radio" }}" name="organisation" value="{{ choice.id }}"
{{- " checked" if several or loop.first }}{{ "" if several else " required" }}>
<span>{{ choice.name }}
{%- if choice.note %}<span class="option-description">{{ choice.note }}</span>{% endif %}</span></label>
{% endfor %}
</div>
</fieldset>
{% else %}
<p>{{ nothing }}</p>
{% endif %}
{% endif %}
<p class="consent-buttons">
{% if not refusal %}
<button class="button button-primary" name="action" value="allow">{{ button }}</button>
{% endif %}
<button class="button" name="action" value="cancel" formnovalidate>Cancel</button>
</p>
</form>
{% endblock %}
""")

REFUSED = _PAGES.from_string("""\
{% extends frame %}
{% block title %}This link doesn't work{% endblock %}
{% block main %}
<h1>This link doesn't work</h1>
<p>{{ why }}</p>
<p class="hint"><code>{{ code }}</code></p>
{% endblock %}
""")

OVERVIEW = _PAGES.from_string("""\
{% extends frame %}
{% block title %}Connections{% endblock %}
{% block main %}
<h1>{{ provider }}</h1>
<p role="status">{{ summary }}</p>
{% if connections %}
<ul class="consent-list" aria-label="Connections">
{% for each in connections %}
<li><span>{{ each.name }}<span class="option-description">{{ each.note }}</span></span>
{% if each.id %}
<form method="post" action="{{ action }}"><input type="hidden" name="connection" value="{{ each.id }}">
<button class="button" aria-label="Disconnect {{ each.name }}">Disconnect</button></form>
{% endif %}
</li>
{% endfor %}
</ul>
{% if more %}<p class="hint">And {{ more }} more.</p>{% endif %}
{% endif %}
{% endblock %}
""")


@dataclass
class Visit:
    """Somebody on their way through the pages."""

    asked: Asked
    user: str | None = None


class Visits:
    """Those under way, by what their forms carry along; the oldest make room."""

    def __init__(self) -> None:
        self._visits: OrderedDict[str, Visit] = OrderedDict()

    def add(self, name: str, asked: Asked) -> None:
        self._visits[name] = Visit(asked)
        while len(self._visits) > _KEPT_VISITS:
            self._visits.popitem(last=False)

    def find(self, name: str) -> Visit | None:
        return self._visits.get(name)

    def end(self, name: str) -> None:
        self._visits.pop(name, None)


def page(template: Template, provider: str, **values: Any) -> Response:
    return HTMLResponse(template.render(provider=provider, **values), headers={"Cache-Control": "no-store"})


def refused(provider: str, why: str, code: str) -> Response:
    return HTMLResponse(REFUSED.render(provider=provider, why=why, code=code), 400)


def over(provider: str) -> Response:
    return refused(provider, "This visit is over. Start again in the app.", "no such request")


def back(asked: Asked, **values: str) -> Response:
    """Back to the app, with these values and its state."""
    joint = "&" if "?" in asked.redirect_uri else "?"
    if asked.state:
        values["state"] = asked.state
    return RedirectResponse(f"{asked.redirect_uri}{joint}{urlencode(values)}", 303)


async def form_of(request: Request) -> dict[str, list[str]]:
    # Not Starlette's own parser: it takes no more than 1,000 fields.
    return parse_qs((await request.body()).decode(), keep_blank_values=True)


def one(form: dict[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]
