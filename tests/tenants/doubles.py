"""What stands beside the app, as real classes that keep what they are given."""

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from bot.after import AfterPool, Task
from db.models import Provider
from db.session import Database
from services import container
from services.container import Services
from services.delivery.email import Email
from tests.builders import DOMAIN, KEYS
from tests.services.client_sync.provider import FakeXero


class Later(AfterPool):
    """What follows an answer happens when it is told to, in the same thread."""

    def __init__(self) -> None:
        super().__init__(1)
        self._waiting: list[tuple[Callable[[Exception], None], Task, tuple[Any, ...]]] = []

    @override
    def submit(self, report: Callable[[Exception], None], task: Task, *args: Any) -> None:
        self._waiting.append((report, task, args))

    def run(self) -> None:
        while self._waiting:
            report, task, args = self._waiting.pop(0)
            try:
                rest = task(*args)
                if rest is not None:
                    rest()
            except Exception as error:  # noqa: BLE001 - as the pool does
                report(error)


class Post:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.emails: list[Email] = []

    def send(self, email: Email) -> None:
        self.emails.append(email)


def services_with(database: Database, post: Post, xero: FakeXero) -> Services:
    return container.build(
        database,
        KEYS,
        post,
        public_url="https://desk.example",
        email_from="hello@clientdesk.example",
        extract_domain=DOMAIN,
        first_admin=None,
        billing_url=None,
        providers={Provider.XERO: xero},
        connection_cap={},
        bulk_connections={},
        sync_window=4,
    )
