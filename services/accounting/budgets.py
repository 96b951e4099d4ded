"""How many calls the providers allow. They count in rolling windows; so do not allow more in any of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from db.models import Provider
from services.pace import Bucket, endless

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
_LONGEST_REST = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """`limit` calls in any `period`: `at_once` of them after a rest, the others evenly, so that no window sees more
    than both; a few stay spare. `header` is where answers say what is left."""

    limit: int
    period: timedelta
    at_once: int
    header: str | None = None

    def bucket(self, scope: str) -> Bucket:
        spare = -(-self.limit // 20)
        return Bucket(scope, self.period / max(1, self.limit - self.at_once - spare), self.at_once)

    @property
    def rest(self) -> timedelta:
        """How long nobody goes once the provider says that nothing is left. It does not say until when."""
        return min(self.period, _LONGEST_REST)

    def is_overdrawn(self, left: int, said: int, calls: int) -> bool:
        """Whether what the provider said is clearly less than what we thought was left. Answers overtake each other,
        so a little is nothing."""
        return said < min(left, calls) or said < left - self.limit // 4 or said == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Of one provider: for all calls of this installation, and for those to one organisation."""

    app: Budget | None = None
    tenant_minute: Budget | None = None
    tenant_day: Budget | None = None

    def of(self, provider: Provider, tenant_id: str | None) -> dict[Bucket, Budget | None]:
        """The buckets that a call takes from, that of the installation first."""
        scopes = [(app_scope(provider), self.app)]
        if tenant_id is not None:
            tenant = tenant_scope(provider, tenant_id)
            scopes += [(tenant, self.tenant_minute), (f"{tenant}:day", self.tenant_day)]
        return {budget.bucket(scope) if budget else endless(scope): budget for scope, budget in scopes}


def app_scope(provider: Provider) -> str:
    return f"{provider}:app"


def tenant_scope(provider: Provider, tenant_id: str) -> str:
    return f"{provider}:{tenant_id}"


def xero(*, per_minute: int = 60, per_day: int = 5_000, app_per_minute: int = 10_000) -> Budgets:
    """A client's own calls come in bursts; those of the whole installation are a long stream."""
    return Budgets(
        app=Budget(
            limit=app_per_minute, period=MINUTE, at_once=max(1, app_per_minute // 4), header="X-AppMinLimit-Remaining"
        ),
        tenant_minute=_for_tenant(per_minute, MINUTE, "X-MinLimit-Remaining"),
        tenant_day=_for_tenant(per_day, DAY, "X-DayLimit-Remaining"),
    )


def sage() -> Budgets:
    """What is said of Sage's limits; Sage itself confirms nothing, and its answers don't tell."""
    return Budgets(tenant_minute=_for_tenant(100, MINUTE), tenant_day=_for_tenant(2_500, DAY))


def _for_tenant(limit: int, period: timedelta, header: str | None = None) -> Budget:
    return Budget(limit=limit, period=period, at_once=max(1, limit // 2), header=header)


USUAL: Mapping[Provider, Budgets] = {Provider.XERO: xero(), Provider.SAGE: sage()}
