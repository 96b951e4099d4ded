"""What the stand-in Xero knows: users, organisations, connections, tokens, limits and faults."""

import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sandbox.accounting.control import ControlError, changed
from sandbox.accounting.faults import CallLog, Faults
from sandbox.accounting.grants import Clock, Grants, Lifetimes
from sandbox.accounting.invented import identifier
from sandbox.accounting.limits import Window
from sandbox.xero.organisations import Directory, Organisation
from sandbox.xero.tokens import write_access

SCOPES = frozenset(
    {
        *("openid", "profile", "email", "offline_access"),
        *("accounting.settings", "accounting.settings.read", "accounting.contacts", "accounting.contacts.read"),
    }
)
LIFETIMES = Lifetimes(code=5 * 60, access=30 * 60, refresh=60 * 86_400, grace=30 * 60)
FAULTS = (
    *("offline", "html", "unknown_enum", "limited", "http500", "drop", "slow"),
    *("lost_refresh", "invalid_client", "new_token_field"),
)


@dataclass(frozen=True)
class XeroSettings:
    """How the stand-in behaves. Without redirect_uris any web address may be returned to."""

    client_id: str = "xero-sandbox"
    client_secret: str = "xero-sandbox-secret"
    redirect_uris: tuple[str, ...] = ()
    organisations: int = 3
    seed: str = "birch"
    odd: bool = True
    """The first eleven organisations have awkward names and answers."""
    contacts: int | None = None
    """Of each organisation; seeded when None."""
    bulk: bool = False
    connection_cap: int = 50
    practice_tenant: bool = False
    """Each consent also connects a tenant that is no organisation."""
    latency: float = 0.0
    concurrent: int = 5
    calls_per_minute: int = 60
    calls_per_day: int = 5000
    app_calls_per_minute: int = 10_000


@dataclass(frozen=True)
class XeroUser:
    """Somebody with a login; `reach` is how many organisations they see, all when None."""

    id: str
    name: str
    email: str
    about: str
    reach: int | None

    @property
    def xero_userid(self) -> str:
        return identifier("xero", "user", self.id)


USERS = (
    XeroUser("priya", "Priya Nair", "priya@birch.example", "partner; sees every organisation", None),
    XeroUser("tom", "Tom Bell", "tom@birch.example", "manager; sees every organisation", None),
    XeroUser("lee", "Lee Fox", "lee@birch.example", "assistant; sees the first two organisations", 2),
    XeroUser("nora", "Nora Quinn", "nora@birch.example", "new here; sees no organisation", 0),
)


@dataclass
class Connection:
    """A tenant that a user let the app into."""

    id: str
    user: str
    tenant: str
    event: str
    created: float
    updated: float
    kind: str = "ORGANISATION"


@dataclass
class _Use:
    minute: Window = field(default_factory=lambda: Window(60))
    day: Window = field(default_factory=lambda: Window(86_400))
    under_way: int = 0


@dataclass(frozen=True)
class Excess:
    """A limit that was hit; Xero says how long to wait for minute and day only."""

    problem: str
    retry_after: int | None


class XeroWorld:
    """Any thread may use it."""

    def __init__(self, settings: XeroSettings, clock: Clock) -> None:
        self._initial = settings
        self.clock = clock
        self.lock = threading.RLock()
        self.faults = Faults(FAULTS)
        self.calls = CallLog()
        self.users = {user.id: user for user in USERS}
        self.grants = Grants(clock, LIFETIMES, self._write_access)
        self._start(settings)

    def reset(self) -> None:
        """Back to how it was started."""
        with self.lock:
            self.faults.clear()
            self.calls.clear()
            self.grants.clear()
            self._start(self._initial)

    def _start(self, settings: XeroSettings) -> None:
        self.settings = settings
        self.directory = Directory(settings.seed, settings.organisations, odd=settings.odd, contacts=settings.contacts)
        self.connections: dict[str, Connection] = {}
        self._held: dict[str, dict[str, Connection]] = defaultdict(dict)
        self._barred: set[tuple[str, str]] = set()
        self._uses: dict[str, _Use] = defaultdict(_Use)
        self._app = _Use()
        self.peaks: Counter[str] = Counter()

    def change_settings(self, wishes: Mapping[str, Any]) -> None:
        with self.lock:
            self.settings = found = changed(self.settings, wishes)
            self.directory = self.directory.resized(
                found.seed, found.organisations, odd=found.odd, contacts=found.contacts
            )

    # Organisations and who sees them

    def seen_by(self, user: str) -> Sequence[str]:
        """The organisations that a user can let the app into."""
        ids = self.directory.ids()[: self.users[user].reach]
        return [each for each in ids if (user, each) not in self._barred] if self._barred else ids

    def organisation(self, tenant: str) -> Organisation:
        found = self.directory.find(tenant)
        if found is None:
            raise ControlError(f"no organisation {tenant}")
        return found

    def change_organisation(
        self,
        tenant: str,
        *,
        name: str | None = None,
        legal_name: str | None = None,
        contacts: Iterable[str] = (),
        accounts: bool = False,
    ) -> Organisation:
        """Rename it, add contacts of these names, touch its accounts: all as of now."""
        with self.lock:
            found = self.organisation(tenant)
            found.name = name or found.name
            found.legal_name = legal_name or found.legal_name
            found.added += [(each, self.clock()) for each in contacts]
            if accounts:
                found.accounts_changed = self.clock()
            return found

    # Connections

    def refusal(self) -> str | None:
        """Why no consent is possible now. At the cap even what is connected already can't be renewed."""
        cap = self.settings.connection_cap
        if len(self.connections) >= cap:
            return f"Clientdesk has reached its limit of {cap} connections. Disconnect one first."
        return None

    def connect(self, user: str, tenants: Iterable[str], event: str) -> None:
        """What a consent connects. Raises ControlError when the cap is passed; then nothing is."""
        with self.lock:
            now = self.clock()
            held = self._held[user]
            seen = set(self.seen_by(user))
            wanted = list(dict.fromkeys(tenant for tenant in tenants if tenant in seen))
            refusal = self.refusal()
            new = [tenant for tenant in wanted if tenant not in held]
            if wanted and (refusal or len(self.connections) + len(new) > self.settings.connection_cap):
                raise ControlError(refusal or f"Clientdesk can have {self.settings.connection_cap} connections.")
            for tenant in wanted:
                self._hold(user, tenant, event, now, "ORGANISATION")
            if self.settings.practice_tenant and wanted:
                self._hold(user, identifier(self.settings.seed, "practice"), event, now, "PRACTICE")

    def _hold(self, user: str, tenant: str, event: str, now: float, kind: str) -> None:
        found = self._held[user].get(tenant)
        if found is None:
            found = Connection(str(uuid.uuid4()), user, tenant, event, now, now, kind)
            self._held[user][tenant] = self.connections[found.id] = found
        found.event, found.updated = event, now

    def held_by(self, user: str) -> list[Connection]:
        with self.lock:
            return list(self._held[user].values())

    def may_read(self, user: str, tenant: str) -> bool:
        found = self._held[user].get(tenant.lower())
        return found is not None and found.kind == "ORGANISATION"

    def name_of(self, connection: Connection) -> str:
        found = self.directory.find(connection.tenant)
        return found.name if found is not None else "Birch & Co"

    def disconnect(self, connection_id: str) -> bool:
        """False when there is no such connection."""
        with self.lock:
            found = self.connections.pop(connection_id, None)
            if found is not None:
                del self._held[found.user][found.tenant]
            return found is not None

    def revoke(self, tenant: str, user: str | None = None, *, bar: bool = False) -> int:
        """The organisation ends the connection, with this user or all; with `bar` the user can't see it any more."""
        with self.lock:
            self.organisation(tenant)
            ended = [each for each in self.connections.values() if each.tenant == tenant and user in {None, each.user}]
            for each in ended:
                self.disconnect(each.id)
            if bar:
                self._barred |= {(each, tenant) for each in self.users if user in {None, each}}
            return len(ended)

    def forget(self, user: str) -> None:
        """What revocation does: the user's refresh tokens are dead, and so are all their connections."""
        with self.lock:
            self.grants.kill(user)
            for each in self.held_by(user):
                self.disconnect(each.id)

    # Limits

    @contextmanager
    def under_way(self, tenant: str) -> Iterator[None]:
        """Counts a call among those at this moment."""
        uses = [self._app, self._uses[tenant]] if tenant else [self._app]
        names = ["app", tenant]
        with self.lock:
            for use, name in zip(uses, names, strict=False):
                use.under_way += 1
                self.peaks[name] = max(self.peaks[name], use.under_way)
        try:
            yield
        finally:
            with self.lock:
                for use in uses:
                    use.under_way -= 1

    def spend(self, tenant: str) -> Excess | None:
        """One call to the app's and, unless it is for none, the tenant's account; or the limit that forbids it."""
        with self.lock:
            now, found = self.clock(), self.settings
            if self._app.minute.wait(now, found.app_calls_per_minute):
                return Excess("appminute", None)
            if tenant:
                use = self._uses[tenant]
                if use.under_way > found.concurrent:
                    return Excess("concurrent", None)
                for problem, window, limit in (
                    ("day", use.day, found.calls_per_day),
                    ("minute", use.minute, found.calls_per_minute),
                ):
                    if wait := window.wait(now, limit):
                        return Excess(problem, int(wait) + 1)
                use.minute.take(now)
                use.day.take(now)
            self._app.minute.take(now)
            return None

    def remaining(self, tenant: str) -> dict[str, str]:
        """The headers that say how many calls are left."""
        with self.lock:
            now, found = self.clock(), self.settings
            headers = {"X-AppMinLimit-Remaining": str(self._app.minute.remaining(now, found.app_calls_per_minute))}
            if tenant:
                use = self._uses[tenant]
                headers["X-MinLimit-Remaining"] = str(use.minute.remaining(now, found.calls_per_minute))
                headers["X-DayLimit-Remaining"] = str(use.day.remaining(now, found.calls_per_day))
            return headers

    def _write_access(self, user: str, scopes: tuple[str, ...], event: str, now: float, until: float) -> str:
        return write_access(self.users[user].xero_userid, self.settings.client_id, scopes, event, now, until)
