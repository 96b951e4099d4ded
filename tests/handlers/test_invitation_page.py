"""The invitation's page through a real ASGI application."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html.parser import HTMLParser

import httpx
import pytest
from starlette.applications import Starlette
from typing_extensions import override

from db.models import InvitationStatus
from db.session import Database
from handlers.pages import failure_page, routes
from tests.fakes import Clock
from tests.invited import PASSWORD, World

SITE = "https://desk.example.com"


class Browser:
    """Asks the application, from a thread of its own, as one address."""

    def __init__(self, app: Starlette, address: str = "192.0.2.1") -> None:
        self._app = app
        self._address = address

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._run("GET", path, headers=headers)

    def head(self, path: str) -> httpx.Response:
        return self._run("HEAD", path)

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        return self._run("POST", path, data=fields or {}, headers=headers)

    def send(self, path: str, content: bytes | AsyncIterator[bytes], content_type: str) -> httpx.Response:
        return self._run("POST", path, content=content, headers={"content-type": content_type})

    def _run(self, method: str, path: str, **options: object) -> httpx.Response:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(self._ask(method, path, options))).result()

    async def _ask(self, method: str, path: str, options: dict[str, object]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=(self._address, 5000))
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            return await client.send(client.build_request(method, path, **options))  # type: ignore[arg-type]


class Elements(HTMLParser):
    """The page's elements by their attributes, and its text."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @override
    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.found if name == tag]

    def by_id(self, element_id: str) -> dict[str, str | None]:
        (attrs,) = [attrs for _, attrs in self.found if attrs.get("id") == element_id]
        return attrs


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return World(database, clock)


@pytest.fixture
def app(world: World) -> Starlette:
    return Starlette(routes=routes(world.invitations, public_url=SITE))


@pytest.fixture
def browser(app: Starlette) -> Browser:
    return Browser(app)


def filled(password: str = PASSWORD, repeat: str | None = None) -> dict[str, str]:
    return {"password": password, "repeat": password if repeat is None else repeat}


def heading(page: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL)
    assert found is not None
    return found[1].strip()


def test_a_person_opens_the_link_and_sets_a_password(world: World, browser: Browser) -> None:
    person, token = world.sent()

    page = browser.get(f"/i/{token}")
    assert (page.status_code, heading(page)) == (200, "Set your password")
    assert "Birch &amp; Co" in page.text
    assert "Harbour Bakery" in page.text
    assert world.invitation(person).status == InvitationStatus.OPENED

    page = browser.post(f"/i/{token}", filled())
    assert (page.status_code, heading(page)) == (200, "You're in: password set")
    assert "Birch &amp; Co has been told" in page.text
    assert world.login_of(person) is not None

    page = browser.get(f"/i/{token}")
    assert (page.status_code, heading(page)) == (410, "This link has been used already")
    page = browser.post(f"/i/{token}", filled())
    assert (page.status_code, heading(page)) == (410, "This link has been used already")


def test_whoever_has_a_login_is_asked_for_its_password(world: World, browser: Browser) -> None:
    _, token = world.sent()
    browser.post(f"/i/{token}", filled())
    _, token = world.sent(world.practice("Elm LLP"))

    page = browser.get(f"/i/{token}")
    assert heading(page) == "Accept the invitation"
    elements = Elements(page)
    assert elements.by_id("password")["autocomplete"] == "current-password"
    assert [field.get("name") for field in elements.all("input")] == [None, "password"]

    page = browser.post(f"/i/{token}", {"password": "something else"})
    assert page.status_code == 422
    assert "This isn&#39;t the password of your Clientdesk login" in page.text
    page = browser.post(f"/i/{token}", {"password": PASSWORD})
    assert (page.status_code, heading(page)) == (200, "You're in")


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "password", "Enter a password."),
        (filled(""), "password", "Enter a password."),
        (filled("short"), "password", "Use at least 10 characters"),
        (filled("x" * 200), "password", "Use at most 128 characters."),
        (filled("Password123!"), "password", "many people use it"),
        (filled("ada@harbour.example"), "password", "don&#39;t use your name"),
        (filled(PASSWORD, "another"), "repeat", "The two passwords differ."),
        ({"password": PASSWORD}, "repeat", "The two passwords differ."),
    ],
)
def test_an_error_stands_at_its_field(
    world: World, browser: Browser, fields: dict[str, str], field: str, words: str
) -> None:
    person, token = world.sent()

    page = browser.post(f"/i/{token}", fields)

    assert page.status_code == 422
    assert words in page.text
    assert "<title>Error: Set your password" in page.text
    elements = Elements(page)
    element = elements.by_id(field)
    assert (element["aria-invalid"], "autofocus" in element) == ("true", True)
    described_by = (element["aria-describedby"] or "").split()
    assert described_by == [f"{field}-hint", f"{field}-error"]
    assert all(elements.by_id(element_id) for element_id in described_by)
    assert PASSWORD not in page.text
    assert world.login_of(person) is None


def test_a_weak_password_and_a_slip_are_both_shown_with_the_first_in_focus(world: World, browser: Browser) -> None:
    _, token = world.sent()

    elements = Elements(browser.post(f"/i/{token}", filled("short", "shorter")))

    fields = [elements.by_id("password"), elements.by_id("repeat")]
    assert [field["aria-invalid"] for field in fields] == ["true", "true"]
    assert ["autofocus" in field for field in fields] == [True, False]


def test_every_field_has_a_label_and_a_hint(world: World, browser: Browser) -> None:
    _, token = world.sent()

    elements = Elements(browser.get(f"/i/{token}"))

    assert elements.all("html") == [{"lang": "en"}]
    assert {field["id"] for field in elements.all("input")} == {label["for"] for label in elements.all("label")}
    assert elements.by_id("email")["value"] == "ada@harbour.example"
    assert [elements.by_id(name)["autocomplete"] for name in ("email", "password", "repeat")] == [
        "username",
        "new-password",
        "new-password",
    ]
    assert elements.by_id("password")["aria-describedby"] == "password-hint"
    assert elements.all("script") == []


def test_an_expired_link_offers_to_ask_for_a_new_one_once(world: World, browser: Browser) -> None:
    _, token = world.sent()
    world.clock.advance(timedelta(days=8))

    page = browser.get(f"/i/{token}")
    assert (page.status_code, heading(page)) == (410, "This link has expired")
    (form,) = Elements(page).all("form")
    assert form == {"method": "post", "action": f"/i/{token}/ask"}
    page = browser.post(f"/i/{token}", filled())
    assert (page.status_code, heading(page)) == (410, "This link has expired")

    answer = browser.post(f"/i/{token}/ask")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/i/{token}")
    browser.post(f"/i/{token}/ask")
    page = browser.get(f"/i/{token}")
    assert heading(page) == "Birch &amp; Co has been told"
    assert Elements(page).all("form") == []
    assert world.told() == ["slack.invitation_renewal_asked"]


def test_a_link_that_works_can_not_be_asked_to_be_replaced(world: World, browser: Browser) -> None:
    _, token = world.sent()

    page = browser.post(f"/i/{token}/ask")

    assert (page.status_code, heading(page)) == (200, "Set your password")
    assert world.told() == []


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (InvitationStatus.SUPERSEDED, "This link was replaced by a newer one"),
        (InvitationStatus.REVOKED, "This invitation was withdrawn"),
    ],
)
def test_a_closed_link_says_why(world: World, browser: Browser, status: InvitationStatus, says: str) -> None:
    person, token = world.sent()
    world.change(person, status=status)

    for page in (browser.get(f"/i/{token}"), browser.post(f"/i/{token}", filled()), browser.post(f"/i/{token}/ask")):
        assert (page.status_code, heading(page)) == (410, says)


@pytest.mark.parametrize(
    "token", ["x", "A" * 43, "A" * 5000, "%C3%A9" * 43, "%00", "%FF%FE", "%0d%0aX: y", "%3Cscript%3E"]
)
def test_all_unknown_links_get_the_same_answer(world: World, browser: Browser, token: str) -> None:
    world.sent()
    plain = browser.get("/i/unknown")

    assert (plain.status_code, heading(plain)) == (404, "This link doesn't work")
    for answer in (browser.get(f"/i/{token}"), browser.post(f"/i/{token}", filled()), browser.post(f"/i/{token}/ask")):
        assert (answer.status_code, answer.text, answer.headers) == (404, plain.text, plain.headers)


def test_looking_without_a_person_does_not_count_as_opened(world: World, browser: Browser) -> None:
    person, token = world.sent()

    browser.head(f"/i/{token}")
    browser.get(f"/i/{token}", **{"Sec-Purpose": "prefetch;prerender"})

    assert world.invitation(person).status == InvitationStatus.SENT


def test_every_answer_carries_the_protective_headers(world: World, browser: Browser) -> None:
    _, token = world.sent()
    pages = [
        browser.get(f"/i/{token}"),
        browser.post(f"/i/{token}", filled("short")),
        browser.post(f"/i/{token}", filled(), origin="https://evil.example"),
        browser.get("/i/unknown"),
        browser.post(f"/i/{token}", filled()),
        browser.get(f"/i/{token}"),
    ]

    assert [page.status_code for page in pages] == [200, 422, 403, 404, 200, 410]
    for page in pages:
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["x-content-type-options"] == "nosniff"
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "set-cookie" not in page.headers


def test_the_style_is_the_one_that_the_policy_allows(world: World, browser: Browser) -> None:
    _, token = world.sent()
    page = browser.get(f"/i/{token}")

    found = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
)
def test_a_form_on_another_site_is_refused(world: World, browser: Browser, headers: dict[str, str]) -> None:
    person, token = world.sent()

    page = browser.post(f"/i/{token}", filled(), **headers)

    assert page.status_code == 403
    assert world.login_of(person) is None


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": SITE}, {"Sec-Fetch-Site": "none"}],
)
def test_the_pages_own_form_is_taken(world: World, browser: Browser, headers: dict[str, str]) -> None:
    _, token = world.sent()

    assert browser.post(f"/i/{token}", filled(), **headers).status_code == 200


def test_a_large_body_is_refused_before_it_is_read(world: World, browser: Browser) -> None:
    _, token = world.sent()
    form = "application/x-www-form-urlencoded"

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"password=" + b"x" * 65_536

    assert browser.send(f"/i/{token}", b"password=" + b"x" * 1_000_000, form).status_code == 413
    assert browser.send(f"/i/{token}", endless(), form).status_code == 413
    assert browser.send(f"/i/{token}/ask", b"x" * 1_000_000, form).status_code == 413


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'{"password": "correct horse battery staple"}', "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"&".join(b"a=%d" % i for i in range(100)), "application/x-www-form-urlencoded"),
        (b"password=\xff\xfe", "application/x-www-form-urlencoded"),
        (b"password=%FF%FE", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_is_refused(world: World, browser: Browser, content: bytes, content_type: str) -> None:
    person, token = world.sent()

    page = browser.send(f"/i/{token}", content, content_type)

    assert (page.status_code, heading(page)) == (400, "That didn&#39;t work")
    assert world.login_of(person) is None


def test_a_form_that_names_its_charset_is_read(world: World, browser: Browser) -> None:
    _, token = world.sent()
    body = b"password=p%C3%A4sse+par+tout&repeat=p%C3%A4sse+par+tout"

    page = browser.send(f"/i/{token}", body, "application/x-www-form-urlencoded;charset=UTF-8")

    assert page.status_code == 200


def test_guessing_links_is_slowed_without_closing_links_that_work(world: World, app: Starlette) -> None:
    _, token = world.sent()
    guesser = Browser(app, "192.0.2.66")

    answers = [guesser.get(f"/i/guess-{i}") for i in range(31)]

    assert [answer.status_code for answer in answers] == [404] * 30 + [429]
    assert heading(answers[-1]) == "Too many tries"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert guesser.get(f"/i/{token}").status_code == 200
    assert Browser(app, "192.0.2.7").get("/i/guess").status_code == 404


def test_guessing_links_in_forms_is_slowed_too(app: Starlette) -> None:
    guesser = Browser(app)

    statuses = [guesser.post(f"/i/guess-{i}/ask").status_code for i in range(15)]
    statuses += [guesser.post(f"/i/guess-{i}", filled()).status_code for i in range(16)]

    assert statuses == [404] * 30 + [429]


def test_a_household_of_ipv6_addresses_counts_as_one(app: Starlette) -> None:
    statuses = [Browser(app, f"2001:db8:1:2::{i:x}").get("/i/guess").status_code for i in range(31)]

    assert statuses == [404] * 30 + [429]
    assert Browser(app, "2001:db8:1:3::1").get("/i/guess").status_code == 404


def test_trying_passwords_with_one_link_is_slowed(world: World, app: Starlette) -> None:
    _, token = world.sent()
    _, other = world.sent(world.practice("Elm LLP"), email="bob@elm.example")

    statuses = [Browser(app, f"192.0.2.{i}").post(f"/i/{token}", filled("short")).status_code for i in range(11)]

    assert statuses == [422] * 10 + [429]
    page = Browser(app).post(f"/i/{token}", filled())
    assert page.status_code == 429
    assert "Wait 15 minutes" in page.text
    assert Browser(app).get(f"/i/{token}").status_code == 200
    assert Browser(app).post(f"/i/{other}", filled()).status_code == 200


def test_a_host_header_made_of_nonsense_is_no_failure(world: World, browser: Browser) -> None:
    _, token = world.sent()

    assert browser.post(f"/i/{token}", filled(), host="[", origin="http://]").status_code == 403


def test_an_unexpected_failure_shows_its_reference() -> None:
    page = failure_page("K7QX")

    assert page.status_code == 500
    assert "quote the reference K7QX." in bytes(page.body).decode()


def test_names_made_of_markup_are_shown_as_text(world: World, browser: Browser) -> None:
    practice_id = world.practice('<script>alert("p")</script>')
    _, token = world.sent(practice_id, name="<img src=x onerror=alert(1)>", client="\"><b>&amp;'")

    page = browser.get(f"/i/{token}")

    assert [tag for tag, _ in Elements(page).found if tag in {"script", "img", "b"}] == []
    assert "<img src=x onerror=alert(1)>" in Elements(page).text


def test_of_nine_browsers_at_once_one_sets_its_password(world: World, app: Starlette) -> None:
    person, token = world.sent()

    async def all_at_once() -> list[int]:
        transport = httpx.ASGITransport(app, client=("192.0.2.1", 5000))
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            answers = await asyncio.gather(*(client.post(f"/i/{token}", data=filled()) for _ in range(9)))
            return sorted(answer.status_code for answer in answers)

    with ThreadPoolExecutor(1) as thread:
        statuses = thread.submit(lambda: asyncio.run(all_at_once())).result()

    assert statuses == [200] + [410] * 8
    assert world.told() == ["slack.invitation_accepted"]
    assert world.login_of(person) is not None
