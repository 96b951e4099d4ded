"""Calls to a provider that keep to its limits: who was asked to wait is left alone until then, by every process."""

import uuid
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import select

from db.models import Authorisation, Provider
from db.session import Database
from services import pace
from services.accounting.port import Limited, LimitScope
from services.accounting.tokens import TokenManager

_T = TypeVar("_T")


class ProviderCalls:
    def __init__(self, database: Database, tokens: TokenManager) -> None:
        self._database = database
        self._tokens = tokens

    def call(
        self,
        authorisation_id: uuid.UUID,
        act: Callable[[str], _T],
        *,
        tenant_id: str | None = None,
        calls: int = 1,  # noqa: ARG002 -- what the budgets are to reserve
    ) -> _T:
        """What `act` gives with an access token; it makes up to `calls` calls at the provider.

        Raises Limited, unasked, while the provider wants to be left alone.
        """
        provider = self._require_open(authorisation_id, tenant_id)
        try:
            return self._tokens.call(authorisation_id, act)
        except Limited as limited:
            with self._database.begin() as session:
                now = self._database.time(session)
                scope = _scope(provider, tenant_id if limited.scope is LimitScope.TENANT else None)
                pace.hold(session, scope, now + limited.retry_after, now)
            raise

    def _require_open(self, authorisation_id: uuid.UUID, tenant_id: str | None) -> Provider | None:
        with self._database.read() as session:
            provider = session.scalar(select(Authorisation.provider).where(Authorisation.id == authorisation_id))
            now = self._database.time(session)
            for scope, whom in ((None, LimitScope.APP), (tenant_id, LimitScope.TENANT)):
                until = pace.held_until(session, _scope(provider, scope))
                if provider is not None and until is not None and until > now:
                    raise Limited(provider, until - now, whom)
        return provider


def _scope(provider: Provider | None, tenant_id: str | None) -> str:
    return f"{provider}:{tenant_id or 'app'}"
