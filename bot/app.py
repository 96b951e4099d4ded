"""The Bolt app: one listener for each kind of request, and the handlers behind it."""

import logging
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from slack_bolt import App, BoltContext, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.kwargs_injection.args import Args
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.after import AfterPool
from bot.errors import ErrorMapper
from bot.identity import Identity
from bot.router import Kind, Route, Router
from bot.slack_api import SlackTransport
from handlers import (
    add_client,
    audit,
    client_access,
    client_details,
    client_list,
    client_sync,
    client_users,
    clients,
    commands,
    handover,
    home,
    insights,
    invitations,
    offers,
    people,
    permissions,
    reminders,
    settings,
    solo,
    subscription,
    tax,
    uploads,
    workspaces,
)
from handlers.ports import Caller
from modals import notices
from modals.blocks import Message
from services.actor import Actor
from services.container import Services
from services.errors import NotFoundError, ServiceError

_ANY = re.compile(".*", re.DOTALL)
_LOST = frozenset({"account_inactive", "invalid_auth", "not_authed", "token_revoked"})
"""Slack's answers when the app is no longer installed: nobody there can be told."""
_NOT_INSTALLED = "Clientdesk is not installed here any more. Ask an owner of this workspace to install it again."
_TOO_LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id"})
_log = logging.getLogger(__name__)


def routes() -> Router:
    """Every id that the app serves."""
    router = Router()
    for feature in (
        add_client,
        audit,
        client_access,
        client_details,
        client_list,
        client_sync,
        client_users,
        clients,
        commands,
        handover,
        home,
        insights,
        invitations,
        people,
        offers,
        permissions,
        reminders,
        settings,
        solo,
        subscription,
        tax,
        uploads,
        workspaces,
    ):
        feature.register(router)
    return router


def build(
    router: Router,
    services: Services,
    identity: Identity,
    after: AfterPool,
    transport: SlackTransport,
    errors: ErrorMapper,
) -> App:
    """Requests reach it with their signature checked. It answers when its listener returns, so no listener may wait
    for a network."""
    app = App(
        name="clientdesk",
        client=WebClient(base_url=transport.api_url),
        # Nobody uses Bolt's own client: a look for the token here could only fail where no one would be told.
        authorize=lambda enterprise_id, team_id: AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id),
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    dispatch = _Dispatcher(router, services, identity, after, transport, errors)
    app.command(_ANY)(dispatch.listener(Kind.COMMAND))
    app.action(_ANY)(dispatch.listener(Kind.ACTION))
    app.view(_ANY)(dispatch.listener(Kind.VIEW))
    app.view_closed(_ANY)(dispatch.listener(Kind.VIEW_CLOSED))
    app.options(_ANY)(dispatch.listener(Kind.OPTIONS))
    app.shortcut(_ANY)(dispatch.listener(Kind.SHORTCUT))
    app.event(_ANY)(dispatch.listener(Kind.EVENT))
    app.error(dispatch.broken)
    return app


def _slack_key(context: BoltContext) -> str:
    if context.is_enterprise_install and context.enterprise_id:
        return context.enterprise_id
    return context.team_id or context.enterprise_id or ""


def _caller(args: Args) -> Caller:
    context, body = args.context, args.body
    user = body.get("user")
    own_team = user.get("team_id") if isinstance(user, dict) else context.actor_team_id
    away = own_team is not None and context.team_id is not None and own_team != context.team_id
    return Caller(
        slack_key=_slack_key(context),
        team_id=context.team_id,
        user_id=context.actor_user_id or context.user_id or "",
        is_outsider=away and context.enterprise_id is None,
        trigger_id=body.get("trigger_id"),
    )


def _name(kind: Kind, args: Args) -> str:
    match kind:
        case Kind.COMMAND:
            return str(args.body["command"])
        case Kind.ACTION:
            return str(args.payload["action_id"])
        case Kind.OPTIONS:
            return str(args.payload["action_id"])
        case Kind.VIEW | Kind.VIEW_CLOSED:
            return str(args.payload["callback_id"])
        case Kind.SHORTCUT:
            return str(args.payload["callback_id"])
        case Kind.EVENT:
            return str(args.payload["type"])


class _EventNotTakenError(Exception):
    """Slack has to deliver the event again."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _Dispatcher:
    def __init__(
        self,
        router: Router,
        services: Services,
        identity: Identity,
        after: AfterPool,
        transport: SlackTransport,
        errors: ErrorMapper,
    ) -> None:
        self._router = router
        self._services = services
        self._identity = identity
        self._after = after
        self._transport = transport
        self._errors = errors

    def broken(self, error: Exception) -> BoltResponse:
        """For what no person can be told of."""
        if isinstance(error, _EventNotTakenError):
            self._errors.log(error.cause)
            return BoltResponse(status=503, body="")
        _log.warning("A request is of a shape that Slack never sends", exc_info=error)
        return BoltResponse(status=400, body="")

    def listener(self, kind: Kind) -> Any:
        def listen(args: Args) -> None:
            self._dispatch(kind, args)

        return listen

    def _dispatch(self, kind: Kind, args: Args) -> None:
        route = self._router.find(kind, _name(kind, args))
        if route is None:
            _answer_unknown(kind, args)
            return
        caller = _caller(args)

        def report(error: Exception) -> None:
            self._report(error, args.body, caller)

        try:
            route.handler(**self._values(route, args, caller, report))
        except Exception as error:
            if kind is Kind.VIEW:
                args.ack(**self._errors.as_submission_answer(error, args.payload))
            elif kind is Kind.EVENT and not isinstance(error, ServiceError):
                raise _EventNotTakenError(error) from error
            else:
                _acknowledge(kind, args)
                self._after.submit(_log_only, report, error)

    def _values(self, route: Route, args: Args, caller: Caller, report: Any) -> dict[str, Any]:
        given: dict[str, Callable[[], Any]] = {
            "ack": lambda: args.ack,
            "body": lambda: args.body,
            "command": lambda: args.payload,
            "action": lambda: args.payload,
            "event": lambda: args.payload,
            "options": lambda: args.payload,
            "view": lambda: args.body["view"],
            "caller": lambda: caller,
            "actor": lambda: self._actor(caller),
            "admit": lambda: self._identity.admit,
            "services": lambda: self._services,
            "slack": lambda: self._identity.slack(caller.slack_key),
            "forget": lambda: self._identity.forget,
            "after": lambda: partial(self._after.submit, report),
        }
        return {name: given[name]() for name in route.arguments}

    def _actor(self, caller: Caller) -> Actor:
        standing = self._identity.standing(caller)
        if standing is None:
            raise NotFoundError("Clientdesk does not know you here yet. Type /add-client to begin.")
        return standing.actor

    def _report(self, error: Exception, body: dict[str, Any], caller: Caller) -> None:
        """Tells the person where they are: on the form, beside the message or command, else in a direct message."""
        if isinstance(error, SlackApiError):
            code = error.response["error"]
            if code in _LOST:
                self._identity.forget(caller.slack_key)
                _log.warning("Slack did not take an answer: %s", code)
                if body.get("response_url"):  # needs no token
                    self._transport.respond(body["response_url"], self._message(NotFoundError(_NOT_INSTALLED)))
                return
            if code in _TOO_LATE:
                _log.warning("A form could not be opened: %s", code)
                error = ServiceError("That took too long, and Slack no longer let the form open. Please try again.")
        view = body.get("view")
        if isinstance(view, dict) and view.get("type") == "modal" and self._show(error, view, caller):
            return
        if body.get("response_url"):
            self._transport.respond(body["response_url"], self._message(error))
        elif caller.user_id:
            self._identity.slack(caller.slack_key).say(caller.user_id, self._message(error))
        else:
            self._errors.log(error)

    def _show(self, error: Exception, view: dict[str, Any], caller: Caller) -> bool:
        """On the open form: a refusal on top of it, so that nothing typed is lost. False if Slack did not take it."""
        slack = self._identity.slack(caller.slack_key)
        try:
            if isinstance(error, ServiceError):
                slack.push(str(caller.trigger_id), self._errors.as_view(error))
            else:
                slack.update(view, self._errors.as_view(error))
        except SlackApiError as refusal:
            _log.warning("A failure could not be shown on the form: %s", refusal.response["error"])
            return False
        return True

    def _message(self, error: Exception) -> Message:
        text, reference = self._errors.explain(error)
        return notices.problem_message(text, reference=reference)


def _log_only(error: Exception) -> None:
    _log.error("A failure could not be told to the person", exc_info=error)


def _answer_unknown(kind: Kind, args: Args) -> None:
    if kind is Kind.COMMAND:
        args.ack(response_type="ephemeral", text="Clientdesk does not know this command. Type /clients help.")
    else:
        _acknowledge(kind, args)


def _acknowledge(kind: Kind, args: Args) -> None:
    if kind is Kind.OPTIONS:
        args.ack(options=[])
    else:
        args.ack()
