"""What is built from the settings."""

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from starlette.routing import Route

from bot.composition import WEB_CONNECTIONS, WORKER_CONNECTIONS, Composition
from bot.settings import Settings
from db.models import Lane, Provider

ROOT = Path(__file__).parent.parent.parent
LEAST = {
    "SLACK_SIGNING_SECRET": "s3cret",
    "SLACK_BOT_TOKEN": "xoxb-1",
    "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
}
XERO = {"XERO_CLIENT_ID": "app", "XERO_CLIENT_SECRET": "s3cret"}
SAGE = {"SAGE_CLIENT_ID": "app", "SAGE_CLIENT_SECRET": "s3cret"}


@pytest.mark.parametrize(
    ("settings", "offered"),
    [({}, ()), (XERO, (Provider.XERO,)), (SAGE, (Provider.SAGE,)), (XERO | SAGE, (Provider.XERO, Provider.SAGE))],
)
def test_the_providers_offered_are_those_whose_ids_are_set(
    tmp_path: Path, settings: dict[str, str], offered: tuple[Provider, ...]
) -> None:
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/test.db"}
    with Composition(Settings.from_environment(LEAST | database | settings)) as composition:
        assert composition.services.connections.offered == offered


def test_a_worker_reads_as_many_organisations_at_once_as_it_is_told(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        LEAST | {"DATABASE_URL": f"sqlite:///{tmp_path}/test.db", "SYNC_CONCURRENCY": "7"}
    )
    before = {thread.name for thread in threading.enumerate()}
    with Composition(settings) as composition:
        worker = composition.worker()
        worker.start()
        started = {thread.name for thread in threading.enumerate()} - before
        assert worker.stop(timedelta(seconds=5))
    assert {name for name in started if name.startswith(Lane.PROVIDER)} == {f"provider-{n}" for n in range(7)}
    assert {name for name in started if name.startswith(Lane.SMS)} == {f"sms-{n}" for n in range(4)}


TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "s3cret", "TWILIO_FROM": "+447700900000"}


@pytest.mark.parametrize(("settings", "is_on"), [({}, False), (TWILIO, True)])
def test_text_messages_are_off_until_twilio_is_set(tmp_path: Path, settings: dict[str, str], is_on: bool) -> None:
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/test.db"}
    with Composition(Settings.from_environment(LEAST | database | settings)) as composition:
        paths = {route.path for route in composition.asgi().routes if isinstance(route, Route)}
        assert (composition.texter is not None, "/webhooks/sms" in paths) == (is_on, is_on)


def test_twilios_library_costs_nothing_until_a_text_message_is_sent(tmp_path: Path) -> None:
    settings = {**LEAST, **TWILIO, "DATABASE_URL": f"sqlite:///{tmp_path}/test.db"}
    script = (
        "import sys; from bot.composition import Composition; from bot.settings import Settings\n"
        f"with Composition(Settings.from_environment({settings!r})) as composition: composition.asgi()\n"
        "print({name.partition('.')[0] for name in sys.modules} & {'twilio', 'requests', 'aiohttp'})"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout == "set()\n"


def test_a_server_with_a_hundred_connections_has_enough_for_a_web_process_and_two_workers() -> None:
    assert WEB_CONNECTIONS + 2 * WORKER_CONNECTIONS <= 97  # three are kept for its administrator
