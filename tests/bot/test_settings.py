from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError

KEYS = [urlsafe_b64encode(letter * 32).decode() for letter in (b"a", b"b", b"c")]
LEAST = {"SLACK_SIGNING_SECRET": "s3cret", "SLACK_BOT_TOKEN": "xoxb-1", "ENCRYPTION_KEYS": KEYS[0]}


def read(changes: Mapping[str, str | None] | None = None) -> Settings:
    """The least that is needed, with changes; None leaves a variable out."""
    environment = {**LEAST, **(changes or {})}
    return Settings.from_environment({name: value for name, value in environment.items() if value is not None})


def test_what_is_not_set_has_the_documented_default() -> None:
    settings = read()
    assert (settings.database_url, settings.host, settings.port) == ("sqlite:///clientdesk.db", "127.0.0.1", 8000)
    assert settings.public_url == "http://localhost:8000"
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.extract_email_domain == "extract.localhost"
    assert settings.smtp_url is None


@pytest.mark.parametrize("name", ["SLACK_SIGNING_SECRET", "ENCRYPTION_KEYS"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_needed_and_missing_or_empty_is_named(name: str, value: str | None) -> None:
    with pytest.raises(SettingsError, match=name):
        read({name: value})


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        read({"SLACK_SIGNING_SECRET": None, "PORT": "eighty", "LOG_LEVEL": "LOUD"})
    assert all(name in str(refusal.value) for name in ("SLACK_SIGNING_SECRET", "PORT", "LOG_LEVEL"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "8000.5"),
        ("LOG_FORMAT", "xml"),
        ("ENCRYPTION_KEYS", " , "),
        ("ENCRYPTION_KEYS", "s3cret"),
        ("ENCRYPTION_KEYS", f"{KEYS[0]},s3cret"),
        ("DATABASE_URL", "clientdesk.db"),
        ("DATABASE_URL", "mysql://me:s3cret@host/name"),
        ("PUBLIC_URL", "desk.example"),
        ("PUBLIC_URL", "https://"),
        ("XERO_API_URL", "api.xero.com"),
        ("SAGE_TOKEN_URL", "ftp://oauth.example/token"),
        ("XERO_CONNECTION_CAP", "1"),
        ("XERO_BULK_CONNECTIONS", "perhaps"),
        ("XERO_CALLS_PER_MINUTE", "1"),
        ("XERO_CALLS_PER_DAY", "0"),
        ("XERO_APP_CALLS_PER_MINUTE", "many"),
        ("SYNC_CONCURRENCY", "0"),
        ("SYNC_CONCURRENCY", "201"),
        ("SMTP_URL", "mail.example"),
        ("SMTP_URL", "smtp://me:s3cret@mail.example?tls=no"),
        ("EMAIL_FROM", "Clientdesk"),
        ("TWILIO_ACCOUNT_SID", "AC1/Messages"),
        ("TWILIO_FROM", "07911 123456"),
        ("TWILIO_FROM", "Clientdesk Ltd"),
        ("TWILIO_FROM", "+44"),
        ("TWILIO_API_URL", "api.twilio.com"),
        ("BILLING_URL", "javascript:alert(1)"),
        ("BILLING_URL", "https://billing.example/" + "x" * 3000),
        ("MOBILE_APP_URL", "apps.example"),
        ("MOBILE_APP_URL", "https://apps.example/the app"),
    ],
)
def test_what_is_wrong_is_named_but_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refusal:
        read({"EMAIL_FROM": "hello@desk.example", "SLACK_SIGNING_SECRET": "x", name: value})
    assert "s3cret" not in str(refusal.value)


def test_a_refusal_shows_no_secret() -> None:
    with pytest.raises(SettingsError) as refusal:
        read({"SLACK_BOT_TOKEN": "xoxb-secret", "PORT": "eighty", "ENCRYPTION_KEYS": None})
    assert "xoxb-secret" not in str(refusal.value)
    assert "xoxb-secret" not in repr(read({"SLACK_BOT_TOKEN": "xoxb-secret"}))


@pytest.mark.parametrize(
    "given",
    [{}, {"SLACK_CLIENT_ID": "1.2"}, {"SLACK_CLIENT_SECRET": "hush"}],
    ids=["nothing", "only the id", "only the secret"],
)
def test_without_a_token_both_halves_of_the_client_are_needed(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="SLACK_CLIENT_ID and SLACK_CLIENT_SECRET"):
        read({"SLACK_BOT_TOKEN": None, **given})


def test_many_workspaces_need_no_token() -> None:
    settings = read({"SLACK_BOT_TOKEN": None, "SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "hush"})
    assert settings.slack_bot_token is None


def test_mail_needs_a_sender() -> None:
    with pytest.raises(SettingsError, match="EMAIL_FROM"):
        read({"SMTP_URL": "smtp://127.0.0.1:25"})


def test_several_keys_are_separated_by_commas() -> None:
    assert read({"ENCRYPTION_KEYS": f"{KEYS[0]}, {KEYS[1]},{KEYS[2]} "}).keys == tuple(KEYS)


def test_a_value_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    settings = read({"SLACK_SIGNING_SECRET": None, "SLACK_SIGNING_SECRET_FILE": str(file)})
    assert settings.slack_signing_secret.get_secret_value() == "from the file"


def test_the_variable_comes_before_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file")
    settings = read({"SLACK_SIGNING_SECRET_FILE": str(file)})
    assert settings.slack_signing_secret.get_secret_value() == "s3cret"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SLACK_SIGNING_SECRET_FILE"):
        read({"SLACK_SIGNING_SECRET": None, "SLACK_SIGNING_SECRET_FILE": str(tmp_path / "nothing")})
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="SLACK_SIGNING_SECRET_FILE"):
        read({"SLACK_SIGNING_SECRET": None, "SLACK_SIGNING_SECRET_FILE": str(binary)})


def test_an_empty_file_counts_as_not_set(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.write_text("\n")
    with pytest.raises(SettingsError, match="SLACK_SIGNING_SECRET"):
        read({"SLACK_SIGNING_SECRET": None, "SLACK_SIGNING_SECRET_FILE": str(file)})
    assert read({"FIRST_ADMIN_FILE": str(file)}).first_admin is None


def test_a_platform_that_gives_the_port_reaches_every_interface() -> None:
    assert read({"PORT": "5000"}).host == "0.0.0.0"
    assert read({"PORT": "5000", "HOST": "127.0.0.1"}).host == "127.0.0.1"


def test_the_public_address_has_no_slash_at_its_end() -> None:
    assert read({"PUBLIC_URL": "https://desk.example/"}).public_url == "https://desk.example"


@pytest.mark.parametrize("name", ["XERO", "SAGE"])
def test_a_provider_needs_its_secret_with_its_id(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}_CLIENT_SECRET is needed when {name}_CLIENT_ID is set"):
        read({f"{name}_CLIENT_ID": "app"})
    read({f"{name}_CLIENT_ID": "app", f"{name}_CLIENT_SECRET": "s3cret"})


def test_the_providers_are_found_where_they_really_are_unless_told_otherwise() -> None:
    settings = read({"XERO_LOGIN_URL": "http://127.0.0.1:9000/xero/"})
    assert settings.xero_login_url == "http://127.0.0.1:9000/xero"
    assert (settings.xero_identity_url, settings.xero_api_url) == ("https://identity.xero.com", "https://api.xero.com")
    assert settings.sage_authorize_url == "https://www.sageone.com/oauth2/auth/central"
    assert settings.sage_token_url == "https://oauth.accounting.sage.com/token"
    assert settings.sage_api_url == "https://api.accounting.sage.com/v3.1"
    assert settings.xero_connection_cap == 50


TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "s3cret", "TWILIO_FROM": "+447700900000"}


@pytest.mark.parametrize("missing", TWILIO)
def test_text_messages_need_all_of_account_token_and_sender(missing: str) -> None:
    with pytest.raises(SettingsError, match="TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM") as refusal:
        read({**TWILIO, missing: None})
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("sender", ["+447700900000", "60777", "MG" + "0" * 32, "Clientdesk", "Birch & Co"])
def test_text_messages_come_from_a_number_a_short_code_a_service_or_a_name(sender: str) -> None:
    settings = read({**TWILIO, "TWILIO_FROM": sender})
    assert settings.twilio_from == sender
    assert "s3cret" not in repr(settings)
    assert settings.twilio_api_url == "https://api.twilio.com"


def test_the_apps_page_may_be_told_apart_by_its_query() -> None:
    address = "https://play.example/store/apps/details?id=example.clientdesk"
    assert read({"MOBILE_APP_URL": address}).mobile_app_url == address


def test_xeros_limits_are_those_of_its_usual_tier_unless_told_otherwise() -> None:
    def limits(settings: Settings) -> tuple[int, ...]:
        return (
            settings.xero_calls_per_minute,
            settings.xero_calls_per_day,
            settings.xero_app_calls_per_minute,
            settings.sync_concurrency,
        )

    assert limits(read()) == (60, 5_000, 10_000, 50)
    told = {"XERO_CALLS_PER_DAY": "1000", "SYNC_CONCURRENCY": "8"}
    assert limits(read(told)) == (60, 1_000, 10_000, 8)
    assert read().xero_bulk_connections is False
    assert read({"XERO_BULK_CONNECTIONS": "true"}).xero_bulk_connections is True
