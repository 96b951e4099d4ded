"""What the product needs of an accounting provider, and all that one can answer."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from db.models import Provider, StandardList
from services.accounting.standard import ListAnswer
from services.errors import ServiceError

NAMES = {Provider.XERO: "Xero", Provider.SAGE: "Sage Accounting"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """An answer of the token endpoint. What it does not tell is None."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a consent gave. `consent_id` tells this consent's organisations from earlier ones."""

    tokens: Tokens
    refresh_token: str = field(repr=False)
    provider_user_id: str
    consent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """One that an authorisation reaches. Names are not unique."""

    tenant_id: str
    name: str
    connection_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationFacts:
    """Values are the provider's own words. What it does not tell is None."""

    name: str
    legal_name: str | None = None
    organisation_type: str | None = None
    line_of_business: str | None = None
    country_code: str | None = None
    currency: str | None = None
    tax_number: str | None = None
    registration_number: str | None = None
    year_end_day: int | None = None
    year_end_month: int | None = None
    edition: str | None = None
    sales_tax_basis: str | None = None
    sales_tax_period: str | None = None
    timezone: str | None = None
    short_code: str | None = None
    status: str | None = None
    is_demo: bool = False


class LimitScope(StrEnum):
    """Whom a limit stops: calls for one organisation, or all calls of this installation."""

    TENANT = "tenant"
    APP = "app"


class AccountingProvider(Protocol):
    """Xero or Sage. Every call may raise any ProviderError; none is repeated here, none sleeps.

    `refresh_grace`: how long a refresh token stays usable after it was replaced.
    """

    provider: Provider
    refresh_grace: timedelta

    def authorise_url(self, state: str, challenge: str, redirect_uri: str) -> str:
        """The consent page. `challenge` is the S256 of the verifier."""
        ...

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Raises CodeRefused when the code is no good any more."""
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """Raises AuthorisationDead, AnswerLost."""
        ...

    def organisations(self, access_token: str, consent_id: str | None = None) -> tuple[Organisation, ...]:
        """All that the authorisation reaches, or those of one consent."""
        ...

    def organisation(self, access_token: str, tenant_id: str) -> OrganisationFacts: ...

    def standard_list(
        self, access_token: str, tenant_id: str, which: StandardList, *, since: datetime | None
    ) -> ListAnswer:
        """All rows, archived ones too; or those that changed `since`, where the provider can tell. An odd row costs
        itself only."""
        ...

    def disconnect(self, access_token: str, organisation: Organisation) -> None:
        """Ends one link. One that has ended already is no failure."""
        ...


class ProviderError(ServiceError):
    """The provider did not do what it was asked for."""

    def __init__(self, provider: Provider, message: str) -> None:
        super().__init__(message)
        self.provider = provider


class AuthorisationDead(ProviderError):  # noqa: N818 -- says what happened
    """Its refresh token is refused for good."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider, f"The sign-in at {NAMES[provider]} has ended. Connect {NAMES[provider]} again.")


class AccessExpired(ProviderError):  # noqa: N818 -- the same
    """The access token is refused; the refresh token may still be good."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider, f"{NAMES[provider]} did not accept our sign-in. Try again in a minute.")


class NotAuthorised(ProviderError):  # noqa: N818 -- the same
    """This organisation, and no other, is closed to the authorisation."""

    def __init__(self, provider: Provider, reason: str | None = None) -> None:
        super().__init__(
            provider, reason or f"{NAMES[provider]} no longer gives access to this organisation. Connect it again."
        )


class Offline(ProviderError):  # noqa: N818 -- the same
    """This organisation can't be reached for some minutes."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider, f"This organisation is offline at {NAMES[provider]}. Try again in a few minutes.")


class Limited(ProviderError):  # noqa: N818 -- the same
    """The provider asks to wait."""

    def __init__(self, provider: Provider, retry_after: timedelta, scope: LimitScope) -> None:
        super().__init__(provider, f"{NAMES[provider]} asks us to wait. Try again {_later(retry_after)}.")
        self.retry_after = retry_after
        self.scope = scope


class ClientRejected(ProviderError):  # noqa: N818 -- the same
    """This installation's own id or secret is refused: for the operator to mend."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(
            provider,
            f"{NAMES[provider]} does not accept this installation of Clientdesk. Whoever runs it has been alerted.",
        )


class CodeRefused(ProviderError):  # noqa: N818 -- the same
    """The code of a consent was used, or is too old."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(
            provider,
            f"{NAMES[provider]} did not accept this consent: it took too long. Go back to Slack and try again.",
        )


class ProviderUnavailable(ProviderError):  # noqa: N818 -- the same
    """No answer, or none that can be read."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider, f"{NAMES[provider]} can't be reached right now. Try again in a few minutes.")


class AnswerLost(ProviderUnavailable):
    """The same, and what was asked for may have been done."""


def _later(wait: timedelta) -> str:
    minutes = -(-wait // timedelta(minutes=1))
    if minutes <= 1:
        return "in a minute"
    return f"in {minutes} minutes" if minutes < 90 else f"in {-(-minutes // 60)} hours"
