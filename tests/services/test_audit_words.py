"""The audit trail's words: for every action that is recorded, and for what changed."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from db.models import ImportState, InvitationStatus, OfferStatus, RequestStatus, Source
from services.audit import words
from services.audit.words import Change

SERVICES = Path(__file__).parent.parent.parent / "services"
ACTIONS = {action for _, actions in words.GROUPS.values() for action in actions}
JOBS = re.compile(r"(slack|mail|sms|provider|local)\.")
OF_JOBS = {
    "authorisations.keep_alive",
    "client_sync.add",
    "client_sync.lists",
    "connections.check",
    "invitation.bulk",
    "invitation.nudge",
    "invitation.send_email",
    "invitation.send_sms",
    "clients.csv",
    "uploads.check",
    "uploads.import",
}
"""Kinds of jobs, and a file, which are named alike."""
ENUMS = {"import.": ImportState, "invitation.": InvitationStatus, "offer.": OfferStatus, "permission.": RequestStatus}
"""Of actions that are made of a status: their first word, and the statuses."""
NEVER = {
    "import.checked",
    "import.checking",
    "import.importing",
    "import.refused",
    "offer.pending",
    "permission.pending",
}
"""Nothing is recorded that becomes this."""


def _writers() -> Iterator[ast.Module]:
    """The modules that write into the trail."""
    for path in sorted(SERVICES.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if re.search(r"\baudit\.record|^from services\.audit\.recording import", text, re.MULTILINE):
            yield ast.parse(text)


def _said() -> Iterator[str]:
    """Whatever looks like an action in them, `invitation.` for one that is made of a status."""
    for module in _writers():
        parts = {id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(module):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                wanted = r"[a-z_]+\." if id(node) in parts else r"[a-z_]+\.[a-z_]+"
                if re.fullmatch(wanted, text) and not JOBS.match(text) and text not in OF_JOBS:
                    yield text


def test_every_action_that_is_recorded_has_words() -> None:
    said = set(_said())
    made = {f"{start}{status}" for start in said & set(ENUMS) for status in ENUMS[start]}
    assert len(said) > 50
    assert ((said - set(ENUMS)) | (made - NEVER)) - ACTIONS == set()


def test_an_action_is_in_one_group_and_its_words_are_its_own() -> None:
    listed = [said for _, actions in words.GROUPS.values() for said in actions.values()]
    assert len(set(listed)) == len(listed) == len(ACTIONS)
    assert not set(words.GROUPS) & ACTIONS
    assert all(
        len(title) + len(": all") <= 75 and len(said) <= 75 for title, _ in words.GROUPS.values() for said in listed
    )


def test_what_acts_without_a_colleague_has_a_name() -> None:
    assert set(words.NOBODY) == set(words.SOURCES) == set(Source)


def test_an_action_of_a_later_version_is_still_readable() -> None:
    assert words.action("client.merged_with_another") == "Client: merged with another"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, None, []),
        ({"name": "Acme"}, {"name": "Acme Ltd"}, [Change("Name", "Acme", "Acme Ltd")]),
        ({"name": "Acme"}, {"name": "Acme"}, []),
        ({"role": "standard"}, {"role": "practice_admin"}, [Change("Role", "standard", "Practice Admin")]),
        ({"may_add_clients": False}, {"may_add_clients": True}, [Change("Add client accounts", "no", "yes")]),
        ({"bundle": 1000}, {"bundle": 12000}, [Change("Bundle", "1,000", "12,000")]),
        ({"email": None}, {"email": "pat@firm.example"}, [Change("E-mail", "none", "pat@firm.example")]),
        ({"email": "pat@firm.example"}, {"email": None}, [Change("E-mail", "pat@firm.example", "none")]),
        (None, {"practice_code": None, "teams": [], "name": "Acme"}, [Change("Name", None, "Acme")]),
        ({"provider": "xero", "organisation": "Acme"}, None, [
            Change("Provider", "Xero", None),
            Change("Organisation", "Acme", None),
        ]),
        ({"region": "uk"}, {"region": "za"}, [Change("Region", "United Kingdom", "South Africa")]),
        (None, {"name": "client_admin"}, [Change("Name", None, "client_admin")]),
        (None, {"colleagues": ["Sam", "Jo"]}, [Change("Colleagues", None, "Sam, Jo")]),
        ({"days": [2, 0]}, {"days": []}, [Change("Days", "2, 0", "none")]),
        (
            {"next_reminder_at": None},
            {"next_reminder_at": "2026-07-01T08:05:00+00:00"},
            [Change("Next reminder at", "none", "1 Jul 2026 09:05")],
        ),
        (None, {"some_at": "not a time", "wait_until": "2026-99-99T"}, [
            Change("Some at", None, "not a time"),
            Change("Wait until", None, "2026-99-99T"),
        ]),
        (None, {"client_user_id": "019a8f3c-1111-7222-8333-123456789abc", "defaults": {"net_amounts": True}}, []),
        (
            {"client_defaults": {"net_amounts": False, "due_date_days": 30}},
            {"client_defaults": {"net_amounts": True, "due_date_days": 30}},
            [Change("Net amounts", "no", "yes")],
        ),
    ],
)  # fmt: skip
def test_changes_are_told_in_words(
    before: dict[str, Any] | None, after: dict[str, Any] | None, told: list[Change]
) -> None:
    assert list(words.changes(before, after, ZoneInfo("Europe/London"))) == told


def test_a_value_of_a_shape_that_nobody_expects_is_shown_as_it_is() -> None:
    assert words.changes({"x": 1.5}, {"x": [None, {"y": 1}]}, UTC) == (Change("X", "1.5", "none, {'y': 1}"),)
