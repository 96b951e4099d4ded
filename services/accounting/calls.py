"""Calls to a provider that keep to its limits: who has no room left, or was asked to wait, is turned away unasked."""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from db.models import Provider
from db.session import Database
from services import pace
from services.accounting.budgets import MINUTE, USUAL, Budget, Budgets, app_scope, tenant_scope
from services.accounting.http import Meter, metered
from services.accounting.port import Limited, LimitScope
from services.accounting.tokens import Held, TokenManager
from services.pace import Bucket, Wait

_T = TypeVar("_T")
_NO_LIMITS = Budgets()


@dataclass(frozen=True, slots=True)
class _Reserved:
    held: Held
    buckets: dict[Bucket, Budget | None]
    left: tuple[int, ...]


class ProviderCalls:
    """All processes keep one pace, by what they reserve in the database."""

    def __init__(self, database: Database, tokens: TokenManager, budgets: Mapping[Provider, Budgets] = USUAL) -> None:
        self._database = database
        self._tokens = tokens
        self._budgets = budgets
        self._turns = _Turns()

    def call(
        self, authorisation_id: uuid.UUID, act: Callable[[str], _T], *, tenant_id: str | None = None, calls: int = 1
    ) -> _T:
        """What `act` gives with an access token; it makes up to `calls` calls at the provider, in this thread or with
        this context.

        Raises Limited, unasked, while there is no room for them or the provider wants to be left alone.
        """
        reserved = self._reserve(authorisation_id, tenant_id, calls)
        provider = reserved.held.provider
        with metered([budget.header for budget in reserved.buckets.values() if budget and budget.header]) as meter:
            try:
                return self._tokens.call(authorisation_id, act, held=reserved.held)
            except Limited as limited:
                meter.least.clear()
                self._hold(provider, tenant_id, limited)
                raise
            finally:
                self._correct(reserved, calls, meter)

    def _reserve(self, authorisation_id: uuid.UUID, tenant_id: str | None, calls: int) -> _Reserved:
        """Reads the sign-in in the same transaction: hundreds of organisations are read in one go, each by this."""
        with self._database.begin() as session:
            held = self._tokens.read(session, authorisation_id)
            provider = held.provider
            buckets = self._budgets.get(provider, _NO_LIMITS).of(provider, tenant_id)
            now = self._database.time(session)
            got = pace.take(session, list(buckets), calls, now)
        if isinstance(got, Wait):
            if got.bucket.scope != app_scope(provider):
                raise Limited(provider, got.time, LimitScope.TENANT)
            raise Limited(provider, self._turns.next(got, calls, now), LimitScope.APP)
        return _Reserved(held, buckets, got.left)

    def _hold(self, provider: Provider, tenant_id: str | None, limited: Limited) -> None:
        is_for_tenant = tenant_id is not None and limited.scope is LimitScope.TENANT
        with self._database.begin() as session:
            now = self._database.time(session)
            scope = tenant_scope(provider, tenant_id) if is_for_tenant and tenant_id else app_scope(provider)
            pace.hold(session, scope, now + limited.retry_after, now)

    def _correct(self, reserved: _Reserved, calls: int, meter: Meter) -> None:
        """Has the buckets agree with what the provider said. Mostly they do, and this costs nothing."""
        wrong = [
            (bucket, budget, said)
            for (bucket, budget), left in zip(reserved.buckets.items(), reserved.left, strict=True)
            if budget is not None
            and (said := meter.least.get(budget.header or "")) is not None
            and budget.is_overdrawn(left, said, calls)
        ]
        if not wrong:
            return
        with self._database.begin() as session:
            now = self._database.time(session)
            for bucket, budget, said in wrong:
                if said == 0:
                    pace.hold(session, bucket.scope, now + budget.rest, now)
                else:
                    pace.lower(session, bucket, said, now)


class _Turns:
    """When those come back whom the limit of all calls turned away: one after the other, as there is room. Together
    they would all but one be turned away again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, datetime] = {}

    def next(self, wait: Wait, calls: int, now: datetime) -> timedelta:
        scope, earliest = wait.bucket.scope, now + wait.time
        with self._lock:
            after = self._last.get(scope, now) + calls * wait.bucket.interval
            turn = max(earliest, min(after, earliest + MINUTE))
            self._last[scope] = turn
        return turn - now
