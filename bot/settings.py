"""Settings, read from the environment once, at the start."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from services.delivery.email import Mailbox, SmtpMailer
from services.delivery.sms import is_sender
from services.keys import Keyring


class SettingsError(Exception):
    """A setting is missing or wrong. The text names it and says what to do."""


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class Settings(BaseModel):
    """Each field is an environment variable in capitals; `NAME_FILE` gives a file that holds the value."""

    model_config = ConfigDict(
        frozen=True, alias_generator=AliasGenerator(validation_alias=str.upper), hide_input_in_errors=True
    )

    database_url: str = "sqlite:///clientdesk.db"
    port: int = Field(8000, ge=1, le=65535)
    host: str = "127.0.0.1"
    public_url: str = "http://localhost:8000"
    slack_signing_secret: SecretStr
    slack_bot_token: SecretStr | None = None
    slack_client_id: str | None = None
    slack_client_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    encryption_keys: Annotated[tuple[SecretStr, ...], BeforeValidator(_split)] = Field(min_length=1)
    smtp_url: SecretStr | None = None
    email_from: str | None = None
    email_webhook_secret: SecretStr | None = None
    extract_email_domain: str = "extract.localhost"
    first_admin: str | None = None
    billing_url: str | None = None
    xero_client_id: str | None = None
    xero_client_secret: SecretStr | None = None
    xero_connection_cap: int = Field(50, ge=2)
    xero_bulk_connections: bool = False
    xero_calls_per_minute: int = Field(60, ge=2)
    xero_calls_per_day: int = Field(5_000, ge=2)
    xero_app_calls_per_minute: int = Field(10_000, ge=2)
    xero_login_url: str = "https://login.xero.com"
    xero_identity_url: str = "https://identity.xero.com"
    xero_api_url: str = "https://api.xero.com"
    sage_client_id: str | None = None
    sage_client_secret: SecretStr | None = None
    sage_authorize_url: str = "https://www.sageone.com/oauth2/auth/central"
    sage_token_url: str = "https://oauth.accounting.sage.com/token"  # noqa: S105 -- an address
    sage_api_url: str = "https://api.accounting.sage.com/v3.1"
    sync_concurrency: int = Field(50, ge=1, le=200)
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: str | None = None
    twilio_api_url: str = "https://api.twilio.com"
    mobile_app_url: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator(
        "public_url",
        "xero_login_url",
        "xero_identity_url",
        "xero_api_url",
        "sage_authorize_url",
        "sage_token_url",
        "sage_api_url",
        "twilio_api_url",
    )
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("reads https://clientdesk.example")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        try:
            kind = make_url(value).get_backend_name()
        except ArgumentError:
            kind = None
        if kind not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError("reads sqlite:///clientdesk.db or postgresql://user:password@host/name")
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _fernet(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        try:
            Keyring([key.get_secret_value() for key in value])
        except ValueError:
            raise ValueError("holds something else than keys; `python -m bot keys` makes one") from None
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            SmtpMailer.from_url(value.get_secret_value())
        return value

    @field_validator("email_from")
    @classmethod
    def _sender(cls, value: str | None) -> str | None:
        if value is not None:
            Mailbox.parse(value)
        return value

    @field_validator("twilio_account_sid")
    @classmethod
    def _account(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9-]+", value):
            raise ValueError("is the account's SID, AC…")
        return value

    @field_validator("twilio_from")
    @classmethod
    def _texts_sender(cls, value: str | None) -> str | None:
        if value is not None and not is_sender(value):
            raise ValueError("reads +447911123456, a short code, MG… (a messaging service), or a name of 11 characters")
        return value

    @field_validator("mobile_app_url", "billing_url")
    @classmethod
    def _page(cls, value: str | None) -> str | None:
        # A store's page may be told apart by its query alone. Slack takes at most 3,000 characters for a button.
        if value is not None and not re.fullmatch(r"https?://[^\s/?#]+[^\s]{0,2800}", value):
            raise ValueError("reads https://apps.example/clientdesk")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.slack_bot_token is None and (self.slack_client_id is None or self.slack_client_secret is None):
            raise ValueError("set SLACK_BOT_TOKEN (one workspace), or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET (many)")
        for name in ("xero", "sage"):
            client_id, secret = (getattr(self, f"{name}_client_{part}") for part in ("id", "secret"))
            if client_id is not None and secret is None:
                raise ValueError(f"{name.upper()}_CLIENT_SECRET is needed when {name.upper()}_CLIENT_ID is set")
        if self.smtp_url is not None and self.email_from is None:
            raise ValueError("EMAIL_FROM is needed when SMTP_URL is set")
        texts = (self.twilio_account_sid, self.twilio_auth_token, self.twilio_from)
        if any(texts) and not all(texts):
            raise ValueError("set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM, or none of them")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key.get_secret_value() for key in self.encryption_keys)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError. What is empty counts as not set. With PORT given, HOST is every interface."""
        names = {name.upper() for name in cls.model_fields}
        values: dict[str, str] = {}
        for name in names:
            if value := environment.get(name, "").strip():
                values[name] = value
            elif path := environment.get(f"{name}_FILE"):
                try:
                    content = Path(path).read_text(encoding="utf-8").strip()
                except (OSError, UnicodeDecodeError) as error:
                    raise SettingsError(f"{name}_FILE: {error}") from None
                if content:
                    values[name] = content
        if "PORT" in values and "HOST" not in values:
            values["HOST"] = "0.0.0.0"  # noqa: S104 - what such a platform routes to
        try:
            return cls.model_validate(values)
        except ValidationError as invalid:
            lines = [f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in invalid.errors()]
            raise SettingsError("; ".join(lines)) from None
