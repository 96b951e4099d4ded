"""The organisations at the stand-in Xero: generated from a seed when they are first looked at."""

from dataclasses import dataclass, field

from sandbox.accounting.invented import business, dice, identifier

BEGINNING = 1_735_689_600
"""1 January 2025. What was seeded was last changed in the year after it."""
_DAY = 86_400

_ODD_NAMES = {
    1: "Larkspur Interiors Ltd",
    2: "Whitfield & Daughters",
    3: "Demo Company (UK)",
    4: "Larkspur Interiors Ltd",
    5: "LARKSPUR interiors ltd",
    6: "<b>Bold</b> *Claims* & Co <!channel>",
    7: "Ørsted Håndværk “Zoë’s” Limited",
    8: "Quarry Lane Cooperative",
    9: "Harbour Bakery Ltd",
    10: "A Very Long Name Indeed, Trading Formerly as Several Other Names, of the Old Corn Exchange, Market Square, "
    "and Sons, Daughters and Grandchildren (Holdings and Investments) Limited Liability Partnership",
    11: "Gateway Trading Ltd",
}
DEMO, ODD_VALUES, MANY_CONTACTS, HTML = 3, 8, 2, 11
_KINDS = (
    ("COMPANY", 60),
    ("SOLE_TRADER", 18),
    ("PARTNERSHIP", 8),
    ("CHARITY", 5),
    ("CLUB_OR_SOCIETY", 3),
    ("TRUST", 3),
    ("NOT_FOR_PROFIT", 3),
)
_COUNTRIES = (("GB", 78), ("IE", 8), ("US", 6), ("AU", 4), ("NZ", 4))
_LINES = (
    "Accounting",
    "Construction",
    "Hospitality",
    "Retail",
    "Professional services",
    "Manufacturing",
    "Health",
    None,
)


@dataclass
class Organisation:
    """One organisation. `added` are contacts that came later, as (name, when)."""

    number: int
    id: str
    name: str
    legal_name: str
    country: str
    kind: str
    demo: bool
    year_end: tuple[int, int]
    """Day and month."""
    line_of_business: str | None
    contacts: int
    created: float
    changed: float
    odd_values: bool = False
    html_resource: str | None = None
    """The resource that answers HTML, always."""
    added: list[tuple[str, float]] = field(default_factory=list)
    accounts_changed: float = 0.0


class Directory:
    """Organisations 1 to `count`. More of them keep those that there were."""

    def __init__(self, seed: str, count: int, *, odd: bool, contacts: int | None) -> None:
        self.seed, self.count = seed, count
        self._odd, self._contacts = odd, contacts
        self._made: dict[int, Organisation] = {}
        self._ids = [identifier(seed, "organisation", number) for number in range(1, count + 1)]
        self._numbers = {each: number for number, each in enumerate(self._ids, 1)}

    def ids(self) -> list[str]:
        return self._ids

    def find(self, organisation_id: str) -> Organisation | None:
        number = self._numbers.get(organisation_id.lower())
        return self.at(number) if number is not None else None

    def at(self, number: int) -> Organisation:
        if number not in self._made:
            self._made[number] = self._make(number)
        return self._made[number]

    def resized(self, seed: str, count: int, *, odd: bool, contacts: int | None) -> "Directory":
        """Another number of organisations; those in both keep what was changed in them, unless they are others."""
        found = Directory(seed, count, odd=odd, contacts=contacts)
        if (seed, odd, contacts) == (self.seed, self._odd, self._contacts):
            found._made = {number: each for number, each in self._made.items() if number <= count}
        return found

    def _make(self, number: int) -> Organisation:
        rolls = dice(self.seed, "organisation", number)
        name = _ODD_NAMES.get(number) if self._odd else None
        demo = self._odd and number == DEMO
        kind = rolls.choices([each for each, _ in _KINDS], [weight for _, weight in _KINDS])[0]
        country = rolls.choices([each for each, _ in _COUNTRIES], [weight for _, weight in _COUNTRIES])[0]
        few = rolls.randint(5, 60)
        contacts = 1204 if self._odd and number == MANY_CONTACTS else few
        created = BEGINNING - rolls.randrange(30 * _DAY, 3000 * _DAY)
        plain = name or business(number, self.seed)
        return Organisation(
            number=number,
            id=self._ids[number - 1],
            name=plain,
            legal_name=plain
            if rolls.random() < 0.7
            else f"{business(number + 10_000, self.seed).partition(' &')[0]} Holdings",
            country="GB" if self._odd and number in _ODD_NAMES else country,
            kind="COMPANY" if demo else kind,
            demo=demo,
            year_end=rolls.choice([(31, 3), (31, 12), (5, 4), (30, 6), (30, 9)]),
            line_of_business=rolls.choice(_LINES),
            contacts=contacts if self._contacts is None else self._contacts,
            created=float(created),
            changed=float(BEGINNING + rolls.randrange(300 * _DAY)),
            odd_values=self._odd and number == ODD_VALUES,
            html_resource="contacts" if self._odd and number == HTML else None,
        )
