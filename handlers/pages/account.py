"""The client user's own page: signing in, the accounts they are in, and inviting another practice to one."""

import hmac
import re
import secrets
import uuid
from collections.abc import Mapping

from limits import parse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from handlers.pages.guard import Endpoint, Guard, RefusedError, network
from handlers.pages.rendering import Renderer
from services.accounts.offering import AccountService
from services.accounts.sessions import LASTS, SessionService, SignedOutError
from services.emails import email_key
from services.errors import InvalidError, NotFoundError, NotPermittedError, ServiceError
from services.keys import hash_token
from services.logins import BusyError

PATH = "/account"
_OF_EMAIL = parse("10 per 15 minutes")  # for one e-mail, from anywhere, until it is right
_FROM_NETWORK = parse("60 per 15 minutes")
_OFFERS = parse("30 per 15 minutes")  # in one session: nobody tries all addresses of practices
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_WAY_BACK = "Open your account page again, and use the form there."


def routes(sessions: SessionService, accounts: AccountService, *, public_url: str) -> list[Route]:
    """Behind a proxy, the server has to be told to take the caller's address from it: limits are kept by address."""
    pages = _AccountPages(sessions, accounts, public_url)
    return [
        Route(PATH, pages.guarded(pages.show), methods=["GET"]),
        Route(f"{PATH}/sign-in", pages.guarded(pages.sign_in), methods=["POST"]),
        Route(f"{PATH}/sign-out", pages.guarded(pages.sign_out), methods=["POST"]),
        Route(f"{PATH}/invite", pages.guarded(pages.preview), methods=["POST"]),
        Route(f"{PATH}/invite/confirm", pages.guarded(pages.invite), methods=["POST"]),
        Route(f"{PATH}/withdraw", pages.guarded(pages.withdraw), methods=["POST"]),
    ]


class _AccountPages:
    """One cookie holds a secret: a browser's until it signs in, then its session's. What the forms carry is derived
    from it, so that no other site can fill them in."""

    def __init__(self, sessions: SessionService, accounts: AccountService, public_url: str) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._is_https = public_url.startswith("https://")
        self._cookie = "__Host-clientdesk-account" if self._is_https else "clientdesk-account"
        self._renderer = Renderer()
        self._guard = Guard(public_url, way_back=_WAY_BACK)

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """`endpoint`, with a page for each failure that a person can cause or meet."""

        async def answer(request: Request) -> Response:
            self._guard.refuse_other_sites(request)
            try:
                return await endpoint(request)
            except SignedOutError as over:
                return self._sign_in_page(request, status=403, problem=over.message)

        async def respond(request: Request) -> Response:
            try:
                return await answer(request)
            except RefusedError as refused:
                return self._message(refused.status, refused.heading, refused.words, refused.retry_after)
            except BusyError as busy:
                return self._message(503, "Please try again in a minute", busy.message, 60)
            except NotFoundError as missing:
                return self._message(404, "That is not there", missing.message)
            except NotPermittedError as refusal:
                return self._message(403, "You can't do this", refusal.message)
            except ServiceError as error:
                return self._message(409, "That didn't work", error.message)

        return respond

    async def show(self, request: Request) -> Response:
        token = self._secret(request)
        if token is None or not await self._guard.call(self._sessions.is_signed_in, token):
            return self._sign_in_page(request)
        return await self._accounts_page(request)

    async def sign_in(self, request: Request) -> Response:
        form = await self._form(request)
        email, password = form.get("email", ""), form.get("password", "")
        key = hash_token(email_key(email)).hex()
        self._guard.count(_FROM_NETWORK, "sign in", network(request))
        self._guard.count(_OF_EMAIL, "sign in", key)
        try:
            session = await self._guard.call(self._sessions.sign_in, email, password)
        except InvalidError as wrong:
            return self._sign_in_page(request, status=422, email=email, errors=wrong.fields)
        self._guard.forget(_OF_EMAIL, "sign in", key)
        # Whatever was signed in here before is over, and what others may know of this browser is worth nothing.
        await self._guard.call(self._sessions.sign_out, self._secret(request) or "")
        back = self._back()
        self._keep(back, session.token, for_seconds=int(LASTS.total_seconds()))
        return back

    async def sign_out(self, request: Request) -> Response:
        await self._form(request)
        await self._guard.call(self._sessions.sign_out, self._secret(request) or "")
        back = self._back()
        back.delete_cookie(self._cookie, path="/", secure=self._is_https, httponly=True, samesite="lax")
        return back

    async def preview(self, request: Request) -> Response:
        form = await self._form(request)
        token, account = self._secret(request) or "", _id(form, "account")
        address = form.get("address", "")
        self._guard.count(_OFFERS, "offers", hash_token(token).hex())
        try:
            preview = await self._guard.call(self._accounts.preview, token, account, address)
        except InvalidError as wrong:
            return await self._accounts_page(request, account=account, typed=address, errors=wrong.fields)
        return self._renderer.page("account_confirm.html", preview=preview, proof=_proof(token))

    async def invite(self, request: Request) -> Response:
        form = await self._form(request)
        token, account, practice = self._secret(request) or "", _id(form, "account"), _id(form, "practice")
        self._guard.count(_OFFERS, "offers", hash_token(token).hex())
        try:
            await self._guard.call(self._accounts.offer, token, account, practice)
        except InvalidError as wrong:
            return await self._accounts_page(request, account=account, errors=wrong.fields)
        return self._back()

    async def withdraw(self, request: Request) -> Response:
        form = await self._form(request)
        await self._guard.call(self._accounts.withdraw, self._secret(request) or "", _id(form, "offer"))
        return self._back()

    async def _form(self, request: Request) -> Mapping[str, str]:
        """Of a form that this browser was given."""
        form = await self._guard.read_form(request, too_large="Go back, and type only what the form asks for.")
        token = self._secret(request)
        if token is None:
            words = "Your browser did not send its cookie. Allow cookies for this site, open the page again, and retry."
            raise RefusedError(403, "That didn't work", words)
        if not hmac.compare_digest(form.get("proof", "").encode(), _proof(token).encode()):
            raise RefusedError(403, "This form is out of date", _WAY_BACK)
        return form

    async def _accounts_page(
        self,
        request: Request,
        *,
        account: uuid.UUID | None = None,
        typed: str = "",
        errors: Mapping[str, str] | None = None,
    ) -> Response:
        """With what was typed for one of the accounts, and why it can't be taken."""
        token = self._secret(request) or ""
        page = await self._guard.call(self._accounts.page, token)
        return self._renderer.page(
            "account.html",
            status=422 if errors else 200,
            page=page,
            proof=_proof(token),
            tried=account,
            typed=typed,
            errors=errors or {},
        )

    def _sign_in_page(
        self,
        request: Request,
        *,
        status: int = 200,
        email: str = "",
        errors: Mapping[str, str] | None = None,
        problem: str | None = None,
    ) -> Response:
        secret = self._secret(request)
        given = secret or secrets.token_urlsafe(32)
        page = self._renderer.page(
            "account_sign_in.html",
            status=status,
            proof=_proof(given),
            email=email,
            errors=errors or {},
            problem=problem,
        )
        if secret is None:
            self._keep(page, given)
        return page

    def _message(self, status: int, heading: str, words: str, retry_after: int | None = None) -> Response:
        return self._renderer.page(
            "account_message.html", status=status, retry_after=retry_after, heading=heading, words=words
        )

    def _back(self) -> Response:
        return RedirectResponse(PATH, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    def _keep(self, answer: Response, secret: str, *, for_seconds: int | None = None) -> None:
        answer.set_cookie(
            self._cookie,
            secret,
            max_age=for_seconds,
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )

    def _secret(self, request: Request) -> str | None:
        found = request.cookies.get(self._cookie, "")
        return found if _SECRET.fullmatch(found) else None


def _proof(secret: str) -> str:
    """What only somebody who has the cookie can tell; it does not tell the cookie."""
    return hash_token(f"form {secret}").hex()


def _id(form: Mapping[str, str], name: str) -> uuid.UUID:
    try:
        return uuid.UUID(form.get(name, ""))
    except ValueError:
        raise RefusedError(400, "That didn't work", _WAY_BACK) from None
