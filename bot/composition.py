"""Everything built from the settings, and taken down again."""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.routing import Route

from bot import app, socket_mode, web
from bot.after import THREADS as AFTER_THREADS
from bot.after import AfterPool
from bot.clock import Clock, Tick
from bot.consent import SlackConsent
from bot.errors import ErrorMapper
from bot.identity import Identity
from bot.messenger import SlackMessenger
from bot.settings import Settings
from bot.slack_api import PracticeSlack, SlackTransport
from bot.worker import LaneSettings, Worker
from db.models import Lane, Provider
from db.session import Database
from handlers import add_client, client_sync, clients, pages
from handlers.pages import account, accounting_oauth, email_status, install, sms_status
from services import container
from services.accounting import budgets
from services.accounting.budgets import Budgets
from services.accounting.consent import PurposeKind
from services.accounting.http import ProviderPool
from services.accounting.information import REFRESH as INFORMATION
from services.accounting.port import AccountingProvider
from services.accounting.sage import Sage
from services.accounting.upkeep import CHECK, KEEP_ALIVE
from services.accounting.xero import Xero
from services.delivery import sms
from services.delivery.email import Email, Mailer, RefusedError, SmtpMailer
from services.delivery.sms import TwilioTexter
from services.installs import InstallService
from services.jobs import Jobs
from services.keys import Keyring
from services.overview.watching import REFRESH
from services.solo.deadlines import PLAN as SOLO_DEADLINES

# Database connections. The threads that wait for Slack or a provider hold none, so a worker needs far fewer than it has
# threads; who finds none free waits. A PostgreSQL has 100: enough for one process of each kind.
WEB_CONNECTIONS = web.THREADS + AFTER_THREADS
WORKER_CONNECTIONS = 8
SMS_THREADS = 4
KEPT_JOBS = timedelta(days=30)
_log = logging.getLogger(__name__)


class _NoMailer:
    """In place of a mail server that was not set."""

    def send(self, email: Email) -> None:  # noqa: ARG002 - the Protocol's name
        raise RefusedError("This installation has no mail server: SMTP_URL is not set.")


class Composition:
    """`connections` is the most that it has to the database, by default enough to serve and work in one process."""

    def __init__(
        self,
        settings: Settings,
        *,
        connections: int = WEB_CONNECTIONS + WORKER_CONNECTIONS,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.settings = settings
        self.database = Database(settings.database_url, pool_size=connections, now=now)
        keys = Keyring(settings.keys)
        mailer: Mailer = SmtpMailer.from_url(settings.smtp_url.get_secret_value()) if settings.smtp_url else _NoMailer()
        self._provider_pool = ProviderPool(connections=settings.sync_concurrency + AFTER_THREADS)
        self._sms_pool = ProviderPool(timeout=sms.TIMEOUT, connections=SMS_THREADS)
        self.texter = texter(settings, self._sms_pool)
        self.services = container.build(
            self.database,
            keys,
            mailer,
            public_url=settings.public_url,
            email_from=settings.email_from or "nobody@invalid.example",
            extract_domain=settings.extract_email_domain,
            first_admin=settings.first_admin,
            billing_url=settings.billing_url,
            providers=_providers(settings, self._provider_pool),
            budgets=_budgets(settings),
            connection_cap={Provider.XERO: settings.xero_connection_cap},
            # Sage's consent always gives all of a person's businesses.
            bulk_connections={Provider.XERO: settings.xero_bulk_connections, Provider.SAGE: True},
            sync_window=2 * settings.sync_concurrency,
            texter=self.texter,
            mobile_app_url=settings.mobile_app_url,
        )
        self.transport = SlackTransport(settings.slack_api_url)
        single = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None
        self._single_token = single
        self.errors = ErrorMapper()
        self.identity = Identity(
            self.services.people, self.services.workspaces, self.transport, self.errors, single_token=single
        )
        self.after = AfterPool()
        self.installs = InstallService(self.database)
        self.router = app.routes()
        self.bolt = app.build(self.router, self.services, self.identity, self.after, self.transport, self.errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.after.close()
        self.transport.close()
        self._provider_pool.clear()
        self._sms_pool.clear()
        self.database.close()

    def asgi(self) -> Starlette:
        return web.build(
            self.bolt,
            self.database,
            self.settings.slack_signing_secret.get_secret_value(),
            [
                *pages.routes(self.services.invitations, public_url=self.settings.public_url),
                *account.routes(self.services.sessions, self.services.accounts, public_url=self.settings.public_url),
                *self._install_pages(),
                *self._consent_pages(),
                *self._sms_pages(),
                *self._email_pages(),
            ],
            self.errors,
            self.after,
            self._socket_mode,
        )

    def _install_pages(self) -> list[Route]:
        """None where one token serves one workspace."""
        settings = self.settings
        if self._single_token or settings.slack_client_id is None or settings.slack_client_secret is None:
            return []
        consent = SlackConsent(
            self.transport, self.errors, settings.slack_client_id, settings.slack_client_secret.get_secret_value()
        )
        return install.routes(
            self.installs,
            self.services.workspaces,
            consent,
            self.identity.forget,
            self.errors.explain,
            public_url=settings.public_url,
        )

    def _consent_pages(self) -> list[Route]:
        arrivals = {
            PurposeKind.DRAFT: add_client.arrived,
            PurposeKind.CLIENT: clients.arrived,
            PurposeKind.SYNC: client_sync.arrived,
            PurposeKind.RECONNECT: client_sync.arrived,
            PurposeKind.REASSIGN: client_sync.arrived,
        }
        return accounting_oauth.routes(
            self.services.consent,
            {
                kind: partial(arrived, services=self.services, slack_of=self._slack_of)
                for kind, arrived in arrivals.items()
            },
            partial(self.after.submit, self._log),
            self.errors.explain,
            public_url=self.settings.public_url,
            slack_site=self.transport.site,
        )

    def _sms_pages(self) -> list[Route]:
        """None where no text messages are sent."""
        if self.texter is None:
            return []
        return sms_status.routes(
            self.texter.verify_callback, self.services.texting.on_status, public_url=self.settings.public_url
        )

    def _email_pages(self) -> list[Route]:
        """None where no mail service tells of its e-mails."""
        secret = self.settings.email_webhook_secret
        if secret is None:
            return []
        return email_status.routes(secret.get_secret_value(), self.services.deliveries.emails_reported)

    def _slack_of(self, practice_id: uuid.UUID) -> PracticeSlack | None:
        """None once the practice uninstalled the app."""
        workspace = self.services.workspaces.workspace(practice_id)
        if workspace is None:
            return None
        return PracticeSlack(self.transport.client(self._single_token or workspace.bot_token), self.errors)

    def _log(self, error: Exception) -> None:
        self.errors.log(error)

    @contextmanager
    def _socket_mode(self) -> Iterator[None]:
        if self.settings.slack_app_token is None:
            yield
            return
        with socket_mode.connected(self.bolt, self.settings.slack_app_token.get_secret_value()):
            yield

    def worker(self) -> Worker:
        messenger = SlackMessenger(self.services, self.transport, single_token=self._single_token)
        kinds = [
            *messenger.kinds(),
            *self.services.invitations.kinds(),
            *self.services.nudges.kinds(),
            *self.services.texting.kinds(),
            *self.services.bulk_inviting.kinds(),
            *self.services.upkeep.kinds(),
            *self.services.information.kinds(),
            *self.services.uploads.kinds(),
            *self.services.client_sync.runner.kinds(),
            *self.services.offer_letters.kinds(),
            *self.services.moved_connections.kinds(),
            *self.services.solo_deadlines.kinds(),
        ]
        return Worker(self.database, kinds, _lanes(self.settings))

    @contextmanager
    def working(self) -> Iterator[Worker]:
        """A worker and its clock, for as long as the block runs."""
        worker = self.worker()
        jobs = Jobs(self.database)
        clock = Clock(
            [
                *worker.ticks(),
                Tick(name="reminders.sweep", every=timedelta(minutes=1), call=self.services.reminders.sweep),
                Tick(name=REFRESH, every=timedelta(seconds=5), call=self.services.home.look),
                Tick(name="invitations.expire", every=timedelta(minutes=1), call=self.services.invitations.expire),
                Tick(name="permissions.expire", every=timedelta(minutes=1), call=self.services.permission_ending.sweep),
                Tick(name="offers.expire", every=timedelta(minutes=1), call=self.services.offers.expire),
                Tick(name="sessions.prune", every=timedelta(hours=1), call=self.services.sessions.prune),
                Tick(name="workspaces.purge", every=timedelta(days=1), call=self.services.workspaces.purge),
                Tick(name="installs.prune", every=timedelta(days=1), call=self.installs.prune),
                Tick(name="consent.prune", every=timedelta(days=1), call=self.services.consent.prune),
                Tick(name=KEEP_ALIVE, every=timedelta(hours=1), call=self.services.upkeep.keep_alive),
                Tick(name="client_sync.tend", every=timedelta(minutes=1), call=self.services.client_sync.runner.tend),
                Tick(name=CHECK, every=timedelta(hours=1), call=self.services.upkeep.check),
                Tick(name=INFORMATION, every=timedelta(hours=1), call=self.services.information.refresh_daily),
                Tick(name=SOLO_DEADLINES, every=timedelta(hours=1), call=self.services.solo_deadlines.tick),
                Tick(name="imports.prune", every=timedelta(hours=1), call=self.services.uploads.prune),
                Tick(name="jobs.prune", every=timedelta(hours=1), call=lambda: jobs.prune(KEPT_JOBS)),
            ]
        )
        worker.start()
        clock.start()
        _log.info("The worker has started")
        try:
            yield worker
        finally:
            clock.stop()
            worker.stop(timedelta(seconds=20))


def _lanes(settings: Settings) -> dict[Lane, LaneSettings]:
    return {
        Lane.SLACK: LaneSettings(threads=8, interval=timedelta(seconds=1), burst=3),
        Lane.MAIL: LaneSettings(threads=4),
        Lane.SMS: LaneSettings(threads=SMS_THREADS),
        Lane.PROVIDER: LaneSettings(threads=settings.sync_concurrency),
        Lane.LOCAL: LaneSettings(threads=2),
    }


def texter(settings: Settings, pool: ProviderPool) -> TwilioTexter | None:
    """None where text messages are off."""
    if not (settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_from):
        return None
    return TwilioTexter(
        pool,
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        sender=settings.twilio_from,
        api_url=settings.twilio_api_url,
    )


def _budgets(settings: Settings) -> dict[Provider, Budgets]:
    return {
        Provider.XERO: budgets.xero(
            per_minute=settings.xero_calls_per_minute,
            per_day=settings.xero_calls_per_day,
            app_per_minute=settings.xero_app_calls_per_minute,
        ),
        Provider.SAGE: budgets.sage(),
    }


def _providers(settings: Settings, pool: ProviderPool) -> dict[Provider, AccountingProvider]:
    """Those whose client id is set."""
    found: dict[Provider, AccountingProvider] = {}
    if settings.xero_client_id and settings.xero_client_secret:
        found[Provider.XERO] = Xero(
            pool,
            client_id=settings.xero_client_id,
            client_secret=settings.xero_client_secret.get_secret_value(),
            login_url=settings.xero_login_url,
            identity_url=settings.xero_identity_url,
            api_url=settings.xero_api_url,
        )
    if settings.sage_client_id and settings.sage_client_secret:
        found[Provider.SAGE] = Sage(
            pool,
            client_id=settings.sage_client_id,
            client_secret=settings.sage_client_secret.get_secret_value(),
            authorize_url=settings.sage_authorize_url,
            token_url=settings.sage_token_url,
            api_url=settings.sage_api_url,
        )
    return found
