"""Two practices with the same names, codes, channels and Slack ids use the app at the same time: neither ever sees
anything of the other, or changes anything there, also with made up requests."""

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from typing_extensions import override

from db.base import Base
from db.session import Database
from tests.fakes import Clock
from tests.tenants.slack import elements, is_form
from tests.tenants.town import COMMANDS, MARKERS, TEAMS, USERS, UUID, Town

Step = tuple[Callable[[Town, str, str, int], None], str, str, int]
Rows = frozenset[tuple[str, ...]]

ACTS = (
    Town.command,
    Town.open_home,
    Town.press,
    Town.press_theirs,
    Town.submit,
    Town.submit_theirs,
    Town.change,
    Town.work,
)
FEATURES = {
    "add_client",
    "audit",
    "client_sync",
    "clients",
    "insights",
    "invitations",
    "people",
    "permissions",
    "reminders",
    "settings",
}
STEPS = st.tuples(st.sampled_from(ACTS), st.sampled_from(TEAMS), st.sampled_from(USERS[:3]), st.integers(0, 59))


@given(st.lists(STEPS, min_size=25, max_size=60))
@settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example],
)
def test_nothing_of_one_practice_is_ever_seen_or_changed_by_the_other(
    sqlite_template: Path, tmp_path: Path, logged: list[str], steps: list[Step]
) -> None:
    with founded(sqlite_template, tmp_path) as town:
        for act, team, user, number in steps:
            theirs = rows(town, other(team))
            act(town, team, user, number)
            assert act is Town.work or rows(town, other(team)) == theirs, "they have changed what is not theirs"
        read_everything(town)
        assert strayed(town, logged) == []
        assert town.errors.unexpected == 0


def test_whatever_one_practice_has_before_it_opens_nothing_in_the_other(
    sqlite_template: Path, tmp_path: Path, logged: list[str]
) -> None:
    """Everything that Ada comes to is pressed and submitted by her namesake in the other workspace, too."""
    with founded(sqlite_template, tmp_path) as town:
        tried = set[str]()
        for surface in town.walk("T_BIRCH", "U_ADA"):
            theirs, forged = rows(town, "T_BIRCH"), town.forged("T_CEDAR", "U_ADA", surface)
            for block, element in elements(forged):
                tried.add(element["action_id"])
                town.press_element("T_CEDAR", "U_ADA", forged, block, element, 0)
            if is_form(forged):
                tried.add(forged["callback_id"])
                town.submit_form("T_CEDAR", "U_ADA", forged, 0)
            assert rows(town, "T_BIRCH") == theirs, f"something was changed from {surface}"
        assert {each.partition(".")[0] for each in tried} >= FEATURES
        assert strayed(town, logged) == []
        assert town.errors.unexpected == 0


def test_what_differs_between_them_is_told_in_every_way_that_there_is(
    sqlite_template: Path, tmp_path: Path, logged: list[str]
) -> None:
    """Else there would be nothing that could stray."""
    with founded(sqlite_template, tmp_path) as town:
        read_everything(town)
        told = {(each.team, each.what) for each in town.slack.sent if MARKERS[each.team] in each.text}
        ways = {"views.update", "views.publish", "chat.postMessage", "file"}
        assert set(product(TEAMS, ways)) <= told
        assert {marker for marker in MARKERS.values() for each in town.post.emails if marker in each.text} == set(
            MARKERS.values()
        )
        assert strayed(town, logged) == []


@contextmanager
def founded(template: Path, folder: Path) -> Iterator[Town]:
    path = folder / "test.db"
    for each in folder.glob("test.db*"):
        each.unlink()
    shutil.copyfile(template, path)
    clock = Clock()
    database = Database(f"sqlite:///{path}", now=clock.now)
    event.listen(database.engine, "connect", _hurry)
    town = Town(database, clock)
    for team in TEAMS:
        town.found(team)
    yield town
    town.close()
    database.close()


def _hurry(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # nothing here has to survive the machine


def read_everything(town: Town) -> None:
    """Every page of both, and what is sent to them."""
    for team, user in product(TEAMS, ("U_ADA", "U_SAM")):
        for number in range(len(COMMANDS)):
            town.command(team, user, number)
        town.open_home(team, user, 0)
        for number in town.EXPORTS:
            town.change(team, user, number)
    for _ in range(2):
        town.work("", "", 2)


def strayed(town: Town, logged: list[str]) -> list[str]:
    """What reached a practice, or a client of one, and is the other one's; and what the log should not know at all."""
    found = []
    ids = {team: {value for row in rows(town, team) for value in row[1:2]} for team in TEAMS}
    for sent in town.slack.sent:
        away = other(sent.team)
        strange = {each for each in UUID.findall(sent.text) if each.replace("-", "") in ids[away]}
        if MARKERS[away].lower() in sent.text.lower() or strange - town.known[sent.team]:
            found.append(f"{sent.what} to {sent.team}: {sent.text}")
    for email in town.post.emails:
        text = f"{email.recipient} {email.subject} {email.text}".lower()
        if all(marker.lower() in text for marker in MARKERS.values()):
            found.append(f"e-mail: {text}")
    found += [f"log: {line}" for line in logged for marker in MARKERS.values() if marker.lower() in line.lower()]
    return found


def rows(town: Town, team: str) -> Rows:
    """The practice's, each with its table, its id first."""
    practice = town.practices[team].hex
    found = set()
    with town.database.engine.connect() as connection:
        for table in Base.metadata.tables.values():
            column = "id" if table.name == "practice" else "practice_id"
            if column in table.columns:
                first = "id" if "id" in table.columns else column
                every = connection.exec_driver_sql(
                    f'SELECT {first}, * FROM "{table.name}" WHERE {column} = ?', (practice,)
                )
                found |= {(table.name, *map(str, row)) for row in every}
    return frozenset(found)


def other(team: str) -> str:
    return TEAMS[1 - TEAMS.index(team)]


class _Keeping(logging.Handler):
    """As the product's own log formats them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def logged() -> Iterator[list[str]]:
    handler, root = _Keeping(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)
