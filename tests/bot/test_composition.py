"""What is built from the settings."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.composition import Composition
from bot.settings import Settings
from db.models import Provider

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
