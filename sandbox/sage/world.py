"""What the stand-in Sage knows: users, businesses, tokens, limits and faults."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.accounting.control import ControlError, changed
from sandbox.accounting.faults import CallLog, Faults
from sandbox.accounting.grants import Clock, Grants, Lifetimes
from sandbox.accounting.invented import business, dice, identifier
from sandbox.accounting.limits import Window
from sandbox.accounting.tokens import sign

SCOPES = frozenset({"full_access", "readonly"})
LIFETIMES = Lifetimes(code=60, access=300, refresh=31 * 86_400, grace=0)
FAULTS = (
    *("offline", "html", "no_subscription", "limited", "http500", "drop", "slow"),
    *("lost_refresh", "invalid_client", "new_token_field"),
)
BEGINNING = 1_735_689_600
"""1 January 2025. What was seeded was last changed in the year after it."""
_ODD_NAMES = {1: "Tideway Boats Ltd", 2: "Fennel & Rye", 3: "<i>Slanted</i> *Signs* & Co"}


@dataclass(frozen=True)
class SageSettings:
    """How the stand-in behaves. Without redirect_uris any web address may be returned to."""

    client_id: str = "sage-sandbox"
    client_secret: str = "sage-sandbox-secret"
    redirect_uris: tuple[str, ...] = ()
    businesses: int = 3
    seed: str = "birch"
    contacts: int | None = None
    latency: float = 0.0
    calls_per_minute: int = 100
    calls_per_day: int = 2500


@dataclass(frozen=True)
class SageUser:
    """Somebody with a login; `reach` is how many businesses they see, all when None. The first one is their lead."""

    id: str
    name: str
    email: str
    about: str
    reach: int | None

    @property
    def guid(self) -> str:
        return identifier("sage", "user", self.id).replace("-", "")


USERS = (
    SageUser("harriet", "Harriet Cole", "harriet@birch.example", "sees every business", None),
    SageUser("omar", "Omar Diaz", "omar@birch.example", "sees the first business", 1),
    SageUser("iris", "Iris Blake", "iris@birch.example", "has no business", 0),
)


@dataclass
class Business:
    number: int
    id: str
    name: str
    country: str
    contacts: int
    created: float
    changed: float


class SageWorld:
    """Any thread may use it."""

    def __init__(self, settings: SageSettings, clock: Clock) -> None:
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

    def _start(self, settings: SageSettings) -> None:
        self.settings = settings
        self._made: dict[int, Business] = {}
        self._barred: set[tuple[str, str]] = set()
        self._list()
        self._uses: dict[str, tuple[Window, Window]] = defaultdict(lambda: (Window(60), Window(86_400)))

    def _list(self) -> None:
        settings = self.settings
        self._ids = [_business_id(settings.seed, number) for number in range(1, settings.businesses + 1)]
        self._numbers = {each: number for number, each in enumerate(self._ids, 1)}

    def change_settings(self, wishes: Mapping[str, Any]) -> None:
        with self.lock:
            before, self.settings = self.settings, changed(self.settings, wishes)
            if (before.seed, before.contacts) != (self.settings.seed, self.settings.contacts):
                self._made.clear()
            self._list()

    # Businesses and who sees them

    def seen_by(self, user: str) -> Sequence[Business]:
        """A user's businesses, their lead business first."""
        ids = self._ids[: self.users[user].reach]
        return [self.business(each) for each in ids if (user, each) not in self._barred]

    def business(self, business_id: str) -> Business:
        number = self._numbers.get(business_id)
        if number is None:
            raise ControlError(f"no business {business_id}")
        with self.lock:
            if number not in self._made:
                self._made[number] = self._make(number, business_id)
            return self._made[number]

    def rename(self, business_id: str, name: str) -> None:
        with self.lock:
            found = self.business(business_id)
            found.name, found.changed = name, self.clock()

    def bar(self, business_id: str, user: str | None = None) -> None:
        """This user, or nobody, can see the business any more."""
        with self.lock:
            self.business(business_id)
            self._barred |= {(each, business_id) for each in self.users if user in {None, each}}

    def _make(self, number: int, business_id: str) -> Business:
        rolls = dice(self.settings.seed, "sage", number)
        few, many = rolls.randint(5, 40), 431
        contacts = self.settings.contacts
        return Business(
            number=number,
            id=business_id,
            name=_ODD_NAMES.get(number) or business(number, f"{self.settings.seed}/sage"),
            country="GB" if number in _ODD_NAMES else rolls.choice(["GB", "GB", "GB", "IE"]),
            contacts=contacts if contacts is not None else many if number == 2 else few,
            created=float(BEGINNING - rolls.randrange(86_400 * 1000)),
            changed=float(BEGINNING + rolls.randrange(86_400 * 300)),
        )

    # Limits

    def spend(self, business_id: str) -> int | None:
        """One call to the business's account; or the seconds after which there is room again."""
        with self.lock:
            now = self.clock()
            minute, day = self._uses[business_id]
            limits = ((day, self.settings.calls_per_day), (minute, self.settings.calls_per_minute))
            for window, limit in limits:
                if wait := window.wait(now, limit):
                    return int(wait) + 1
            minute.take(now)
            day.take(now)
            return None

    def _write_access(self, user: str, scopes: tuple[str, ...], event: str, now: float, until: float) -> str:
        return sign({"iat": int(now), "exp": int(until), "sub": self.users[user].guid, "scp": scopes, "eid": event})


def _business_id(seed: str, number: int) -> str:
    return identifier(seed, "sage", "business", number).replace("-", "")
