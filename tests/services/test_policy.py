"""The table of docs/architecture.md, Who may do what, against the pure rules."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from db.models import Colleague, PermissionKind, Role
from services import policy
from services.errors import NotPermittedError

Judge = Callable[[Colleague], object]


def colleague(role: Role = Role.STANDARD, **more: Any) -> Colleague:
    values = {"active": True, "may_add_clients": False, "may_see_insights": False, "runs_workspace": False}
    return Colleague(id=uuid.uuid4(), slack_user_id="U_X", name="X", role=role, **{**values, **more})


PEOPLE = {
    "P": colleague(Role.PRACTICE_ADMIN),
    "C": colleague(Role.CLIENT_ADMIN),
    "S": colleague(),
    "a": colleague(may_add_clients=True),
    "i": colleague(may_see_insights=True),
    "w": colleague(runs_workspace=True),
    "L": colleague(Role.PRACTICE_ADMIN, active=False, may_add_clients=True, may_see_insights=True, runs_workspace=True),
}
"""Practice Admin, Client Admin, Standard: without more, with Add client accounts, with Practice insights, and who runs
the Slack workspace; and a Practice Admin who left."""


def deciding(kind: PermissionKind, *, own: bool = False) -> Judge:
    return lambda who: policy.require_decide(who, kind, requester_id=who.id if own else uuid.uuid4())


def editing(held: Role, wanted: Role | None = None) -> Judge:
    return lambda who: policy.require_edit_colleague(who, held=held, wanted=wanted)


TABLE: list[tuple[str, Judge, str]] = [
    ("do anything", policy.require_active, "PCSaiw"),
    ("add clients", policy.require_add_clients, "PCa"),
    ("see insights", policy.require_see_insights, "PCi"),
    ("change the subscription", policy.require_change_subscription, "P"),
    ("change the practice's details", policy.require_change_practice, "P"),
    ("change client defaults", policy.require_change_client_defaults, "PC"),
    ("change the practice's reminders", policy.require_change_reminders, "PC"),
    ("say where requests go", policy.require_change_approvals_channel, "PC"),
    ("change teams", policy.require_manage_teams, "PC"),
    ("see the audit trail", policy.require_see_audit, "PC"),
    ("manage colleagues", policy.require_manage_colleagues, "PC"),
    ("edit a Standard colleague", editing(Role.STANDARD), "PC"),
    ("edit a Client Admin", editing(Role.CLIENT_ADMIN), "PC"),
    ("edit a Practice Admin", editing(Role.PRACTICE_ADMIN), "P"),
    ("make somebody Client Admin", editing(Role.STANDARD, Role.CLIENT_ADMIN), "PC"),
    ("make somebody Practice Admin", editing(Role.STANDARD, Role.PRACTICE_ADMIN), "P"),
    ("take a Practice Admin's role", editing(Role.PRACTICE_ADMIN, Role.STANDARD), "P"),
    ("decide on Add client accounts", deciding(PermissionKind.ADD_CLIENTS), "PC"),
    ("decide on a client", deciding(PermissionKind.CLIENT), "PC"),
    ("decide on the bundle", deciding(PermissionKind.BUNDLE), "P"),
    *((f"decide on their own {kind}", deciding(kind, own=True), "") for kind in PermissionKind),
    ("set up the practice", lambda who: policy.require_set_up(who, None), "w"),
    ("set up the practice as the one named", lambda who: policy.require_set_up(who, "U_X"), "PCSaiw"),
    ("set up the practice where another is named", lambda who: policy.require_set_up(who, "U_Y"), ""),
    ("take over", policy.require_take_over, "w"),
]


@pytest.mark.parametrize(("what", "judge", "allowed"), TABLE, ids=[row[0] for row in TABLE])
def test_who_may(what: str, judge: Judge, allowed: str) -> None:
    assert "".join(letter for letter, who in PEOPLE.items() if _passes(judge, who)) == allowed, what


@pytest.mark.parametrize(
    ("shown", "judge"),
    [
        (policy.is_admin, policy.require_manage_colleagues),
        (policy.may_add_clients, policy.require_add_clients),
        (policy.may_see_insights, policy.require_see_insights),
        (policy.may_change_subscription, policy.require_change_subscription),
        *((lambda who, role=role: policy.may_edit_colleague(who, held=role), editing(role)) for role in Role),
    ],
)
def test_a_button_is_shown_to_exactly_those_who_may(shown: Callable[[Colleague], bool], judge: Judge) -> None:
    assert {letter: shown(who) for letter, who in PEOPLE.items()} == {
        letter: _passes(judge, who) for letter, who in PEOPLE.items()
    }


@pytest.mark.parametrize("kind", PermissionKind)
@pytest.mark.parametrize("own", [True, False])
def test_a_card_has_buttons_for_exactly_those_who_decide(kind: PermissionKind, own: bool) -> None:
    somebody = uuid.uuid4()
    shown = {
        letter: policy.may_decide(who, kind, requester_id=who.id if own else somebody) for letter, who in PEOPLE.items()
    }
    assert shown == {letter: _passes(deciding(kind, own=own), who) for letter, who in PEOPLE.items()}


def test_only_admins_see_all_clients() -> None:
    here = {letter: who for letter, who in PEOPLE.items() if who.active}
    assert "".join(letter for letter, who in here.items() if policy.sees_all_clients(who)) == "PC"


def _passes(judge: Judge, who: Colleague) -> bool:
    try:
        judge(who)
    except NotPermittedError:
        return False
    return True
