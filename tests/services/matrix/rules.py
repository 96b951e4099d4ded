"""The rules, and how somebody is tried against them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from typing_extensions import override

from db.models import Provider
from services.accounting.consent import Consent, Purpose
from services.actor import Actor
from services.container import Services
from tests.services.matrix.firm import PRIVATE, Things, Who
from tests.services.matrix.world import Whose, World

ADMINS = frozenset({Who.PRACTICE_ADMIN, Who.CLIENT_ADMIN})
ACTIVE = frozenset(Who) - {Who.LEFT}
_OF_CLIENTS = (Whose.OWN, Whose.OTHERS, Whose.FOREIGN)


class Rule(Enum):
    """Who passes: always, and when what is named is their own besides. Nobody passes at another practice."""

    EVERYBODY = (ACTIVE, frozenset[Who]())
    ADDS_CLIENTS = (ADMINS | {Who.ADDS}, frozenset[Who]())
    OPENS_CLIENT = (ADMINS, frozenset({Who.DIRECT, Who.BY_TEAM}))
    ADMIN = (ADMINS, frozenset[Who]())
    PRACTICE_ADMIN = (frozenset({Who.PRACTICE_ADMIN}), frozenset[Who]())
    INSIGHTS = (ADMINS | {Who.INSIGHTS}, frozenset[Who]())
    OWN = (frozenset[Who](), ACTIVE)
    OWN_AND_ADDS = (frozenset[Who](), ADMINS | {Who.ADDS})
    OWN_OR_ADMIN = (ADMINS, ACTIVE)
    NOBODY = (frozenset[Who](), frozenset[Who]())

    def allows(self, who: Who, whose: Whose) -> bool:
        always, with_own = self.value
        return whose is not Whose.FOREIGN and (who in always or (whose is Whose.OWN and who in with_own))

    @property
    def is_of_somebody(self) -> bool:
        return bool(self.value[1])


@dataclass(frozen=True)
class Case:
    """Somebody who does something to something."""

    world: World
    who: Who
    whose: Whose
    actor: Actor

    @property
    def services(self) -> Services:
        return self.world.services

    @cached_property
    def at(self) -> Things:
        return self.world.things(self.who, self.whose)

    @cached_property
    def mine(self) -> Things:
        return self.world.things(self.who, Whose.OWN)

    @property
    def free(self) -> str:
        """An organisation that the person's sign-in reaches and that no client has."""
        return f"{PRIVATE}{self.who.name}-id"

    def consent(self, purpose: Purpose) -> Consent:
        return Consent(
            provider=Provider.XERO,
            actor=self.actor,
            purpose=purpose,
            authorisation_id=self.mine.sign_in,
            organisations=(),
            chosen=None,
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """`names`: it is given the id of something of the practice, so that another practice's is tried, too; for rules
    that ask whose it is, that goes without saying. `denies`: what else it gives to those who may not. `meets`: with
    these words it says NotFoundError of something else than the permission. `sees`: what else it may name.
    `succeeds`: for some of those who may."""

    method: str
    rule: Rule
    call: Callable[[Case], object]
    variant: str = ""
    names: bool = False
    denies: Callable[[object], bool] = lambda _: False
    meets: str | None = None
    sees: tuple[str, ...] = ()
    succeeds: bool = True

    @property
    def tried(self) -> tuple[Whose, ...]:
        if self.rule.is_of_somebody:
            return _OF_CLIENTS
        return (Whose.OWN, Whose.FOREIGN) if self.names else (Whose.OWN,)

    @override
    def __str__(self) -> str:
        return f"{self.method} {self.variant}".strip()


def row(method: str, rule: Rule, call: Callable[[Case], object], variant: str = "", **options: object) -> Row:
    return Row(method=method, rule=rule, call=call, variant=variant, **options)  # type: ignore[arg-type]
