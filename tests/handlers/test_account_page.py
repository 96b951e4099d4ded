"""The client user's page through a real ASGI application."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from db.models import ClientRole, OfferStatus
from db.session import Database
from handlers.pages import account
from services.errors import ServiceError
from services.logins import BusyError
from tests.accounts import PASSWORD, PAT, Held, World
from tests.fakes import Clock

SITE = "https://desk.example.com"
COOKIE = "__Host-clientdesk-account"


class Browser:
    """Asks the application, and keeps cookies as browsers do."""

    def __init__(self, app: Starlette, address: str = "192.0.2.1") -> None:
        self._app = app
        self._address = address
        self.cookies = httpx.Cookies()

    def get(self, path: str = "/account") -> httpx.Response:
        return self._run("GET", path)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        return self._run("POST", path, data=fields, headers=headers)

    def send(self, path: str, content: bytes, content_type: str) -> httpx.Response:
        return self._run("POST", path, content=content, headers={"content-type": content_type})

    def plant(self, secret: str) -> None:
        """Puts a cookie into the browser."""
        self.cookies.set(COOKIE, secret, domain=SITE.removeprefix("https://"), path="/")

    def proof(self) -> str:
        """What the forms of the page carry."""
        found = re.search(r'name="proof" value="([0-9a-f]{64})"', self.get().text)
        assert found is not None
        return found[1]

    def sign_in(self, email: str = PAT, password: str = PASSWORD, **headers: str) -> httpx.Response:
        return self.post("/account/sign-in", {"proof": self.proof(), "email": email, "password": password}, **headers)

    def act(self, path: str, **fields: object) -> httpx.Response:
        """Sends a form of the page."""
        return self.post(path, {"proof": self.proof()} | {name: str(value) for name, value in fields.items()})

    def _run(self, method: str, path: str, **options: Any) -> httpx.Response:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(self._ask(method, path, options))).result()

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=(self._address, 5000))
        async with httpx.AsyncClient(transport=transport, base_url=SITE, cookies=self.cookies) as client:
            response = await client.send(client.build_request(method, path, **options))
            self.cookies = client.cookies
            return response


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
def app(world: World) -> Starlette:
    return Starlette(routes=account.routes(world.sessions, world.accounts, public_url=SITE))


@pytest.fixture
def held(world: World) -> Held:
    return world.held()


@pytest.fixture
def browser(app: Starlette, held: Held) -> Browser:
    browser = Browser(app)
    assert browser.sign_in().status_code == 303
    return browser


def heading(page: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL)
    assert found is not None
    return unescape(found[1].strip())


def test_a_person_signs_in_sees_their_account_and_signs_out(app: Starlette, held: Held) -> None:
    browser = Browser(app)
    assert heading(browser.get()) == "Sign in"
    answer = browser.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    kept = answer.headers["set-cookie"].lower()
    assert all(part in kept for part in ("httponly", "samesite=lax", "secure", "path=/", "max-age=43200"))
    page = browser.get()
    assert heading(page) == "Your account"
    for said in (PAT, "Acme Ltd", "Birch &amp; Co", "Business Admin"):
        assert said in page.text
    assert page.headers["cache-control"] == "no-store"
    token = browser.cookies[COOKIE]
    assert browser.act("/account/sign-out").status_code == 303
    assert COOKIE not in browser.cookies
    assert heading(browser.get()) == "Sign in"
    browser.plant(token)
    assert heading(browser.get()) == "Sign in"


def test_a_person_invites_a_practice_and_takes_it_back(browser: Browser, world: World, held: Held) -> None:
    page = browser.act("/account/invite", account=held.user_id, address="cedar")
    assert (page.status_code, heading(page)) == (200, "Invite Cedar LLP?")
    assert "Birch &amp; Co loses access" in page.text
    practice = re.search(r'name="practice" value="([^"]+)"', page.text)
    assert practice is not None
    answer = browser.act("/account/invite/confirm", account=held.user_id, practice=practice[1])
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    page = browser.get()
    assert "You invited <strong>Cedar LLP</strong>. They can accept until 16 March 2026" in page.text
    assert "Invite a practice" not in page.text

    offer_id = world.pending(held)
    assert browser.act("/account/withdraw", offer=offer_id).status_code == 303
    assert world.status(offer_id) is OfferStatus.WITHDRAWN
    assert "Invite a practice" in browser.get().text


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("accept", "Cedar LLP accepted your invitation on 2 March 2026"),
        ("decline", "Cedar LLP declined your invitation on 2 March 2026"),
    ],
)
def test_the_page_says_what_the_practice_decided(
    browser: Browser, world: World, held: Held, end: str, said: str
) -> None:
    getattr(world.offers, end)(world.cedar.ada, world.offer(held))
    page = browser.get()
    assert said in page.text
    assert f"Practice: <strong>{'Cedar LLP' if end == 'accept' else 'Birch &amp; Co'}</strong>" in page.text


def test_the_page_says_that_the_practice_did_not_answer(
    browser: Browser, world: World, held: Held, clock: Clock
) -> None:
    world.offer(held)
    clock.advance(timedelta(days=15))
    browser.sign_in()
    assert "Your invitation to Cedar LLP expired on 16 March 2026" in browser.get().text


def test_a_wrong_address_is_said_at_the_field_and_kept(browser: Browser, held: Held) -> None:
    page = browser.act("/account/invite", account=held.user_id, address="seedar <b>")
    assert page.status_code == 422
    assert "No practice has this Clientdesk address" in page.text
    assert 'value="seedar &lt;b&gt;"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert "<title>Error: " in page.text


def test_a_wrong_password_and_an_unknown_address_look_the_same(app: Starlette, held: Held) -> None:
    browser = Browser(app)
    pages = [browser.sign_in(PAT, "wrong password"), browser.sign_in("nobody@acme.example", PASSWORD)]
    assert [page.status_code for page in pages] == [422, 422]
    same = [page.text.replace(PAT, "-").replace("nobody@acme.example", "-") for page in pages]
    assert same[0] == same[1]
    assert "wrong password" not in same[0]


def test_signing_in_makes_a_cookie_of_its_own(app: Starlette, held: Held) -> None:
    browser = Browser(app)
    browser.plant("x" * 43)  # put there by somebody else
    browser.sign_in()
    assert browser.cookies[COOKIE] != "x" * 43
    stranger = Browser(app)
    stranger.plant("x" * 43)
    assert heading(stranger.get()) == "Sign in"


def test_signing_in_again_ends_the_session_before(browser: Browser, app: Starlette) -> None:
    first = browser.cookies[COOKIE]
    browser.sign_in()
    other = Browser(app)
    other.plant(first)
    assert heading(other.get()) == "Sign in"
    assert heading(browser.get()) == "Your account"


ACTS = ("sign-in", "sign-out", "invite", "invite/confirm", "withdraw")


@pytest.mark.parametrize("proof", [None, "", "0" * 64, "é"])
def test_a_form_without_the_browser_s_proof_does_nothing(
    browser: Browser, world: World, held: Held, proof: str | None
) -> None:
    offer_id = world.offer(held)
    fields = {
        "email": PAT,
        "password": PASSWORD,
        "account": str(held.user_id),
        "address": "cedar",
        "practice": str(world.cedar.practice_id),
        "offer": str(offer_id),
    } | ({} if proof is None else {"proof": proof})
    before = dict(browser.cookies)
    for act in ACTS:
        page = browser.post(f"/account/{act}", fields)
        assert (page.status_code, heading(page)) == (403, "This form is out of date")
    assert world.status(offer_id) is OfferStatus.PENDING
    assert dict(browser.cookies) == before
    assert heading(browser.get()) == "Your account"


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)
def test_another_website_gets_nothing_done(browser: Browser, headers: dict[str, str]) -> None:
    page = browser.post("/account/sign-out", {"proof": browser.proof()}, **headers)
    assert page.status_code == 403
    assert "another website" in page.text
    assert heading(browser.get()) == "Your account"


def test_another_s_proof_is_none_of_mine(browser: Browser, app: Starlette, world: World) -> None:
    world.held("Other Ltd", "kim@other.example")
    other = Browser(app)
    other.sign_in("kim@other.example")
    assert browser.post("/account/sign-out", {"proof": other.proof()}).status_code == 403


def test_another_s_account_and_offer_are_not_there(browser: Browser, world: World) -> None:
    other = world.held("Other Ltd", "kim@other.example")
    offer_id = world.offer(other)
    for path, fields in (
        ("/account/invite", {"account": other.user_id, "address": "cedar"}),
        ("/account/invite/confirm", {"account": other.user_id, "practice": world.cedar.practice_id}),
        ("/account/withdraw", {"offer": offer_id}),
    ):
        page = browser.act(path, **fields)
        assert (page.status_code, heading(page)) == (404, "That is not there")
        assert "Other Ltd" not in page.text
    assert world.status(offer_id) is OfferStatus.PENDING


def test_a_standard_user_is_shown_no_form_and_refused_without_it(app: Starlette, world: World, held: Held) -> None:
    user_id = world.user(held.client_id, "kim@acme.example", ClientRole.STANDARD)
    kim = Browser(app)
    kim.sign_in("kim@acme.example")
    page = kim.get()
    assert "Acme Ltd" in page.text
    assert "Invite a practice" not in page.text
    page = kim.act("/account/invite/confirm", account=user_id, practice=world.cedar.practice_id)
    assert (page.status_code, heading(page)) == (403, "You can't do this")
    assert "Only a Business Admin" in page.text


def test_a_session_that_is_over_asks_to_sign_in_again(browser: Browser, held: Held, clock: Clock) -> None:
    proof = browser.proof()
    clock.advance(timedelta(hours=12))
    page = browser.post("/account/invite", {"proof": proof, "account": str(held.user_id), "address": "cedar"})
    assert (page.status_code, heading(page)) == (403, "Sign in")
    assert "You are signed out" in page.text
    assert browser.sign_in().status_code == 303


def test_what_is_no_id_is_refused(browser: Browser) -> None:
    for act in ("invite", "invite/confirm", "withdraw"):
        for what in ("", "x", "1" * 3_000, "\0", "../.."):
            page = browser.act(f"/account/{act}", account=what, practice=what, offer=what, address="cedar")
            assert (page.status_code, heading(page)) == (400, "That didn't work")


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"x" * 17_000, "application/x-www-form-urlencoded", 413),
        (b"x" * 5_000_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 400),
        (b"\xff=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 11, "application/x-www-form-urlencoded", 400),
        (b"", "text/plain", 403),
    ],
)
def test_what_is_no_form_of_ours_is_refused(browser: Browser, content: bytes, content_type: str, status: int) -> None:
    assert browser.send("/account/sign-in", content, content_type).status_code == status
    assert heading(browser.get()) == "Your account"


@pytest.mark.parametrize(
    ("email", "password"), [("x" * 7_000, "y" * 7_000), ("\0", "\0"), ("", ""), ("😀", "😀" * 200)]
)
def test_odd_things_typed_are_a_wrong_password(app: Starlette, held: Held, email: str, password: str) -> None:
    assert Browser(app).sign_in(email, password).status_code == 422


@pytest.mark.parametrize("cookie", ["x", "x" * 43, "x" * 5_000, '"; drop'])
def test_an_odd_cookie_is_as_none(app: Starlette, cookie: str) -> None:
    browser = Browser(app)
    browser.plant(cookie)
    assert heading(browser.get()) == "Sign in"


def test_no_cookie_no_sign_in(app: Starlette, held: Held) -> None:
    browser = Browser(app)
    page = browser.post("/account/sign-in", {"email": PAT, "password": PASSWORD})
    assert page.status_code == 403
    assert "Allow cookies" in page.text


def test_guessing_one_s_password_is_slowed_from_wherever_it_comes(app: Starlette, held: Held) -> None:
    guesses = [Browser(app, f"192.0.2.{number}") for number in range(1, 12)]
    statuses = [guess.sign_in(PAT.upper(), f"guess {number}").status_code for number, guess in enumerate(guesses)]
    assert statuses == [422] * 10 + [429]
    refused = Browser(app, "198.51.100.1").sign_in()
    assert (refused.status_code, heading(refused)) == (429, "Too many tries")
    assert int(refused.headers["retry-after"]) > 0
    unknown = [Browser(app).sign_in("nobody@acme.example", "guess").status_code for _ in range(11)]
    assert unknown == statuses  # also how it is slowed tells nothing


def test_a_right_password_clears_the_wrong_ones_before(app: Starlette, held: Held) -> None:
    browser = Browser(app)
    for _ in range(3):
        assert [browser.sign_in(PAT, "wrong").status_code for _ in range(9)] == [422] * 9
        assert browser.sign_in().status_code == 303


def test_guessing_at_many_addresses_from_one_network_is_slowed(app: Starlette, held: Held) -> None:
    browser = Browser(app, "2001:db8::1")
    proof = browser.proof()
    for number in range(60):
        fields = {"proof": proof, "email": f"{number}@acme.example", "password": "guess"}
        assert browser.post("/account/sign-in", fields).status_code == 422
    neighbour, elsewhere = Browser(app, "2001:db8::2"), Browser(app, "2001:db8:0:1::1")
    assert [neighbour.sign_in().status_code, elsewhere.sign_in().status_code] == [429, 303]


def test_trying_all_addresses_of_practices_is_slowed(browser: Browser, held: Held) -> None:
    proof = browser.proof()
    fields = {"proof": proof, "account": str(held.user_id)}
    statuses = [browser.post("/account/invite", fields | {"address": f"p{n}"}).status_code for n in range(31)]
    assert statuses == [422] * 30 + [429]


def test_somebody_in_no_account_is_told_whom_to_ask(browser: Browser, world: World, held: Held) -> None:
    world.change(held, deactivated_at=world.database.now())
    assert "You are in no client account now" in browser.get().text


def test_several_accounts_have_forms_of_their_own(browser: Browser, world: World, held: Held) -> None:
    world.user(world.held("Bakery <i>", "kim@other.example").client_id, PAT)
    page = browser.get()
    assert heading(page) == "Your accounts"
    assert "Bakery &lt;i&gt;" in page.text
    ids = re.findall(r'id="([^"]+)"', page.text)
    assert len(ids) == len(set(ids)) == 4


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [(BusyError("Too many people."), 503, "Please try again"), (ServiceError("No."), 409, "That didn&#39;t work")],
)
def test_what_the_service_refuses_is_a_page(
    world: World, held: Held, monkeypatch: pytest.MonkeyPatch, raised: ServiceError, status: int, said: str
) -> None:
    def refuse(email: str, password: str) -> None:
        raise raised

    monkeypatch.setattr(world.sessions, "sign_in", refuse)
    page = Browser(Starlette(routes=account.routes(world.sessions, world.accounts, public_url=SITE))).sign_in()
    assert page.status_code == status
    assert said in page.text


def test_without_https_the_cookie_is_a_plain_one(world: World, held: Held) -> None:
    app = Starlette(routes=account.routes(world.sessions, world.accounts, public_url="http://localhost:8000"))
    answer = Browser(app).get()
    assert answer.headers["set-cookie"].startswith("clientdesk-account=")
    assert "secure" not in answer.headers["set-cookie"].lower()
