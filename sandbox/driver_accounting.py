"""A person's hands at Xero and Sage: logging in, choosing organisations, and what happens there later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urljoin

import httpx
from typing_extensions import override

from sandbox.errors import SandboxError

Json = dict[str, Any]
Chosen = Sequence[str] | Literal["all"] | None
_STEPS = 12


class Browser:
    """Follows redirects one by one and keeps cookies."""

    def __init__(self, sandbox_url: str) -> None:
        self._sandbox_url = f"{sandbox_url}/"
        self._http = httpx.Client(timeout=60, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def open(self, url: str) -> "Page":
        """The first page that is no redirect."""
        return self._follow(self._http.get(url))

    def post(self, page: "Page", fields: Mapping[str, str | Sequence[str]]) -> "Page":
        """Sends a page's form; stops at the first address outside the sandbox, which is not opened."""
        return self._follow(self._http.post(urljoin(page.url, page.form_action), data=dict(fields)), leave=False)

    def _follow(self, answer: httpx.Response, *, leave: bool = True) -> "Page":
        for _ in range(_STEPS):
            if not answer.has_redirect_location:
                return Page(str(answer.url), answer.status_code, answer.text)
            target = urljoin(str(answer.url), answer.headers["location"])
            if not leave and not target.startswith(self._sandbox_url):
                return Page(target, answer.status_code, "")
            answer = self._http.get(target)
        raise SandboxError(f"too many redirects, the last to {answer.url}")


@dataclass(frozen=True)
class _Choice:
    name: str
    value: str
    checked: bool
    label: str


@dataclass
class Page:
    """A page as the driver sees it: where it is, what it says, and its form."""

    url: str
    status: int
    html: str = field(repr=False)

    def __post_init__(self) -> None:
        reader = _Reader()
        reader.feed(self.html)
        self.text = " ".join(" ".join(reader.words).split())
        self.form_action = reader.action
        self.hidden = reader.hidden
        self.choices = reader.choices
        self.buttons = reader.buttons

    @override
    def __str__(self) -> str:
        return f"{self.status} {self.url}\n{self.text}"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.choices: list[_Choice] = []
        self.buttons: list[str] = []
        self._input: Mapping[str, str | None] | None = None
        self._label: list[str] = []
        self._notes = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action") or ""
        elif tag == "input" and given.get("type") == "hidden":
            self.hidden[given.get("name") or ""] = given.get("value") or ""
        elif tag == "input":
            self._input, self._label = given, []
        elif tag == "button":
            self.buttons.append(given.get("value") or "")
        elif given.get("class") == "option-description":
            self._notes = 1

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            self._notes = 0
        elif tag == "label" and self._input is not None:
            name, value = self._input.get("name") or "", self._input.get("value") or ""
            self.choices.append(_Choice(name, value, "checked" in self._input, "".join(self._label).strip()))
            self._input = None

    @override
    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._input is not None and not self._notes:
            self._label.append(data)


class _Provider:
    """What can be done at either provider; see the class of each."""

    _name: str

    def __init__(self, http: httpx.Client, url: str) -> None:
        self._http = http
        self._url = url

    def state(self) -> Json:
        """Its settings, users and faults."""
        return dict(self._get(""))

    def change_settings(self, **settings: Any) -> None:
        """Such as `bulk=True`, `organisations=25`, `latency=0.3`."""
        self._post("settings", settings)

    def fault(
        self,
        kind: str,
        *,
        tenant: str | None = None,
        user: str | None = None,
        path: str | None = None,
        times: int | None = None,
        **more: Any,
    ) -> None:
        """What goes wrong, where: for the next `times` requests that fit, or all. `more`: retry_after, delay, problem.

        `path` is a resource in small letters (`contacts`, `connections`) or a grant type (`refresh_token`).
        """
        self._post("faults", {"kind": kind, "tenant": tenant, "user": user, "path": path, "times": times, **more})

    def clear_faults(self) -> None:
        self._http.delete(f"/sandbox/{self._name}/faults").raise_for_status()

    def calls(self, **wanted: str) -> list[Json]:
        """The log of requests, oldest first: `kind="token"`, `path="contacts"`, `user="priya"`, `tenant=…`."""
        return list(self._get("calls", **wanted))

    def clear_calls(self) -> None:
        self._http.delete(f"/sandbox/{self._name}/calls").raise_for_status()

    def kill(self, user: str) -> None:
        """The user's authorisation is dead: no refresh token of theirs is taken any more."""
        self._post("kill", {"user": user})

    def expire(self, user: str | None = None) -> None:
        """Access tokens, of this user or all, have expired."""
        self._post("expire", {"user": user})

    def _walk(self, browser: Browser, url: str, user: str, choose: Callable[[Page], list[str]], *, cancel: bool) -> str:
        page = browser.open(url)
        if "log_in" not in page.buttons:
            raise SandboxError(f"no page to log in at {self._name}, but:\n{page}")
        page = browser.post(page, {**page.hidden, "user": user, "action": "log_in"})
        wanted = "cancel" if cancel else "allow"
        if wanted not in page.buttons:
            raise SandboxError(f"{user} can't {wanted} at {self._name}:\n{page}")
        chosen = [] if cancel else choose(page)
        answer = browser.post(page, {**page.hidden, "organisation": chosen, "action": wanted})
        if answer.html:
            raise SandboxError(f"{self._name} did not lead back to the app:\n{answer}")
        return answer.url

    def _get(self, path: str, /, **query: str) -> Any:
        address = f"/sandbox/{self._name}/{path}".rstrip("/")
        return self._http.get(address, params=query).raise_for_status().json()

    def _post(self, path: str, body: Json) -> Json:
        answer = self._http.post(f"/sandbox/{self._name}/{path}", json=body)
        if answer.status_code != httpx.codes.OK:
            raise SandboxError(f"{path} at {self._name}: {answer.text}")
        found: Json = answer.json()
        return found


class Xero(_Provider):
    """The stand-in Xero. Users: priya and tom (every organisation), lee (the first two), nora (none)."""

    _name = "xero"

    def consent(self, url: str, user: str = "priya", organisations: Chosen = None, *, cancel: bool = False) -> str:
        """From the app's address to start at, through the pages; returns where the app is to be opened again.

        `organisations` are names or tenant ids; what is ticked already when None.
        """
        with Browser(self._url) as browser:
            return self._walk(browser, url, user, lambda page: _chosen(page, organisations), cancel=cancel)

    def connect(self, url: str, user: str = "priya", organisations: Chosen = None, *, cancel: bool = False) -> Page:
        """The same, and the page on which it ends in the app, with the cookies of the beginning."""
        with Browser(self._url) as browser:
            return browser.open(
                self._walk(browser, url, user, lambda page: _chosen(page, organisations), cancel=cancel)
            )

    def organisations(self, offset: int = 0, limit: int = 10_000) -> list[Json]:
        """number, id, name, legal_name, country, demo, contacts, odd_values, html_resource of each."""
        return list(self._get("organisations", offset=str(offset), limit=str(limit)))

    def connections(self) -> list[Json]:
        return list(self.state()["connections"])

    def tenant(self, name: str) -> str:
        """The id of the first organisation of this name."""
        return next(str(each["id"]) for each in self.organisations() if each["name"] == name)

    def change(self, tenant: str, **changes: Any) -> None:
        """`name=…`, `legal_name=…`, `contacts=["New Ltd"]` (more of them), `accounts=True` (touched)."""
        self._post(f"organisations/{tenant}", changes)

    def revoke(self, tenant: str, user: str | None = None, *, bar: bool = False) -> int:
        """The organisation ends the connection with this user or all; `bar`: they don't see it any more either."""
        return int(self._post("revoke", {"tenant": tenant, "user": user, "bar": bar})["ended"])

    def peak(self, of: str = "app") -> int:
        """How many calls were under way at once at most: of the app or of a tenant."""
        return int(self.state()["peaks"].get(of, 0))


class Sage(_Provider):
    """The stand-in Sage. Users: harriet (every business), omar (the first), iris (none)."""

    _name = "sage"

    def consent(self, url: str, user: str = "harriet", *, cancel: bool = False) -> str:
        """From the app's address to start at, through the pages; returns where the app is to be opened again."""
        with Browser(self._url) as browser:
            return self._walk(browser, url, user, lambda _: [], cancel=cancel)

    def connect(self, url: str, user: str = "harriet", *, cancel: bool = False) -> Page:
        """The same, and the page on which it ends in the app, with the cookies of the beginning."""
        with Browser(self._url) as browser:
            return browser.open(self._walk(browser, url, user, lambda _: [], cancel=cancel))

    def businesses(self) -> list[Json]:
        return list(self._get("businesses"))

    def rename(self, business: str, name: str) -> None:
        self._post(f"businesses/{business}", {"name": name})

    def revoke(self, business: str, user: str | None = None) -> None:
        """The user, or nobody, sees this business any more."""
        self._post("revoke", {"business": business, "user": user})


def _chosen(page: Page, wanted: Chosen) -> list[str]:
    offered = [each for each in page.choices if each.name == "organisation"]
    if wanted is None:
        return [each.value for each in offered if each.checked]
    if wanted == "all":
        return [each.value for each in offered]
    found = []
    for name in wanted:
        fitting = [each.value for each in offered if name in {each.value, each.label}]
        if not fitting:
            raise SandboxError(f"no organisation {name!r} to choose:\n{page}")
        found.append(fitting[0])
    return found
