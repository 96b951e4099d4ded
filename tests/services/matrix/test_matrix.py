"""Every public method of every service, called by everybody, on what is theirs and what is not."""

import inspect
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from db.session import Database
from services.container import Services
from services.errors import GoneError, NotFoundError, NotPermittedError, ServiceError
from tests.fakes import Clock
from tests.services.matrix.firm import PRIVATE, Who
from tests.services.matrix.rules import ADMINS, Case, Row, Rule
from tests.services.matrix.table import ROWS, WITHOUT_PERSON, Why
from tests.services.matrix.world import FOREIGN, GIVEN, HIDDEN, Changes, Line, Whose, World

_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_REFUSALS = (NotPermittedError, NotFoundError, GoneError)
_REFUSED = "permission.refused"


@pytest.fixture(scope="module")
def sqlite_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    path = tmp_path_factory.mktemp("matrix") / "test.db"
    shutil.copyfile(sqlite_template, path)
    clock = Clock()
    database = Database(f"sqlite:///{path}", now=clock.now)
    world = World(database, clock)
    yield world
    world.close()
    database.close()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_it_is_allowed_exactly_to_those_whom_its_rule_names(row: Row, sqlite_world: World) -> None:
    assert wrong(sqlite_world, row) == []


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_nobody_is_taken_for_a_colleague_of_another_practice(row: Row, sqlite_world: World) -> None:
    """Whoever claims to be, as a forged or mixed up identity would, on what that practice has."""
    problems = []
    for who in Who:
        case = Case(sqlite_world, who, Whose.FOREIGN, sqlite_world.forged(who))
        problems += _try(row, case).differences(allowed=False)
    assert problems == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_rules_hold_on_postgresql(database: Database, clock: Clock) -> None:
    world = World(database, clock)
    problems = [problem for row in _one_for_each_rule() for problem in wrong(world, row)]
    world.close()
    assert problems == []


def test_each_public_method_of_a_service_has_a_row_or_a_reason_to_have_none() -> None:
    known = {row.method for row in ROWS} | set(WITHOUT_PERSON)
    new, gone = sorted(set(METHODS) - known), sorted(known - set(METHODS))
    assert new == [], f"Say who may call {new}: add rows to tests/services/matrix/table.py, or to WITHOUT_PERSON"
    assert gone == [], f"There is no {gone} any more: take it out of tests/services/matrix/table.py"


def test_only_what_takes_no_person_is_without_a_rule() -> None:
    takes = {name for name in WITHOUT_PERSON if _takes(METHODS[name], "Actor")}
    assert takes == {name for name in takes if WITHOUT_PERSON[name] is Why.NOTHING_READ}
    assert {row.method for row in ROWS} & set(WITHOUT_PERSON) == set()


def test_whatever_takes_an_id_is_tried_with_that_of_another_practice() -> None:
    tried = {row.method for row in ROWS if Whose.FOREIGN in row.tried}
    takes = {row.method for row in ROWS if _takes(METHODS[row.method], "UUID")}
    assert takes - tried == set()


@dataclass(frozen=True)
class Tried:
    """What came of it when somebody tried."""

    row: Row
    case: Case
    outcome: object
    changes: Changes

    @property
    def refused(self) -> bool:
        if isinstance(self.outcome, NotFoundError) and self.outcome.message == self.row.meets:
            return False
        return isinstance(self.outcome, _REFUSALS) or self.row.denies(self.outcome)

    def differences(self, *, allowed: bool) -> list[str]:
        """From what is to come of it, in words."""
        problems, changed = [], self.changes.gone | self.changes.new
        if self.refused is allowed:
            problems.append(f"is {'refused' if self.refused else 'not refused'}: {self.outcome!r}")
        if self.refused and (kept := {line[0] for line in changed if _REFUSED not in line}):
            problems.append(f"is refused, and changes {sorted(kept)}")
        if touched := {line[0] for line in changed if _is_foreign(self.case.world, line)}:
            problems.append(f"changes {sorted(touched)} of another practice")
        if leaked := _leaked(self):
            problems.append(f"is told of {sorted(leaked)}: {self.outcome!r}")
        return [f"{self.case.who}, on {self.case.whose}, {problem}" for problem in problems]


def wrong(world: World, row: Row) -> list[str]:
    """What differs from the row's rule, in words."""
    problems, has_worked = [], False
    for whose, who in product(row.tried, Who):
        tried = _try(row, Case(world, who, whose, world.actor(who)))
        problems += tried.differences(allowed=row.rule.allows(who, whose))
        has_worked |= not tried.refused and not isinstance(tried.outcome, ServiceError)
    if row.succeeds and row.rule is not Rule.NOBODY and not has_worked:
        problems.append("It works for nobody, so that it says little: mend the row")
    return problems


def _try(row: Row, case: Case) -> Tried:
    with case.world.undone() as changes:
        outcome = _outcome(row, case)
    return Tried(row, case, outcome, changes)


def _outcome(row: Row, case: Case) -> object:
    """What it gives, or the refusal it raises. Anything else that is raised is a bug."""
    try:
        return row.call(case)
    except ServiceError as refusal:
        return refusal
    except Exception as bug:
        bug.add_note(f"{row}, by {case.who} on {case.whose}")
        raise


def _is_foreign(world: World, line: Line) -> bool:
    """Only what somebody tried in vain may name what is another practice's: in the trail of their own."""
    own = _REFUSED in line and world.own.office.practice_id.hex in line
    return not own and any(
        each.replace("-", "") in world.foreign_hex for value in line for each in _UUID.findall(value)
    )


def _leaked(tried: Tried) -> set[str]:
    """What somebody must not hear of: another practice, clients that they can't open, drafts of others."""
    who, outcome = tried.case.who, tried.outcome
    text = f"{outcome!r}"
    if isinstance(outcome, ServiceError):
        text += f"{outcome.message} {outcome.fields}"
    for seen in tried.row.sees:
        text = text.replace(seen, "")
    words = {FOREIGN}
    if who not in ADMINS:
        words |= {HIDDEN} | {f"{PRIVATE}{each}" for each in (*Who.__members__, "Rae", "Pia") if each != who.name}
    if who not in ADMINS | {Who.DIRECT, Who.BY_TEAM}:
        words.add(GIVEN)
    ids = {each for each in _UUID.findall(text) if each.replace("-", "") in tried.case.world.foreign_hex}
    return {word for word in words if re.search(rf"\b{word}\b", text)} | ids


def _one_for_each_rule() -> list[Row]:
    return list({row.rule: row for row in reversed(ROWS)}.values())


def _takes(method: Any, kind: str) -> bool:
    return any(kind in str(hint) for name, hint in get_type_hints(method).items() if name != "return")


def _methods() -> dict[str, Any]:
    found = {}
    for name, service in get_type_hints(Services).items():
        for method, function in inspect.getmembers(service, inspect.isfunction):
            if not method.startswith("_"):
                found[f"{name}.{method}"] = function
    return found


METHODS = _methods()
