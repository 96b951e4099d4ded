"""Client Sync, up to where a test begins."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
from sqlalchemy import select

from db.models import Client, Connection
from db.session import Database
from modals.client_sync import ids
from sandbox.driver import Message, Person, View
from services.actor import Actor
from tests.requests import signed
from tests.stack import SANDBOX, Stack

COUNT = 25
"""Organisations, where a test does not say: two pages of the list."""

Chosen = Sequence[str] | Literal["all"]


def database_of(stack: Stack) -> Database:
    return stack.composition.database


def actor_of(stack: Stack, user: str) -> Actor:
    standing = stack.composition.services.people.find("T_BIRCH", user)
    assert standing is not None
    return standing.actor


def scale(stack: Stack, count: int = COUNT) -> None:
    stack.sandbox.xero.change_settings(bulk=True, organisations=count, odd=False, connection_cap=1000)


def by_name(stack: Stack) -> list[dict[str, Any]]:
    return sorted(stack.sandbox.xero.organisations(), key=lambda each: str(each["name"]).casefold())


def open_sync(person: Person) -> View:
    assert person.command("/client-sync").ok
    return person.wait_view(containing="Reconnect all")


def to_sign_in(person: Person, button: str) -> View:
    open_sync(person)
    assert person.click(button).ok
    return person.wait_view(containing="opens in your browser")


def link(view: View) -> str:
    return next(
        str(element["url"]) for block in view.blocks for element in block.get("elements", ()) if "url" in element
    )


def sign_in(stack: Stack, person: Person, organisations: Chosen = "all", user: str = "priya") -> None:
    """From a page with a link to the consent and back."""
    view = person.view
    assert view is not None
    page = stack.sandbox.xero.connect(link(view), user, organisations)
    assert (page.status, "You signed in at Xero" in page.text) == (200, True)
    stack.settle()


def to_list(stack: Stack, person: Person, organisations: Chosen = "all", user: str = "priya") -> View:
    to_sign_in(person, "Add clients")
    sign_in(stack, person, organisations, user)
    return person.wait_view(callback_id=ids.START)


def start(stack: Stack, person: Person) -> None:
    assert person.submit().errors == {}
    person.wait_view(containing="A message from Clientdesk shows how it goes on")
    person.close_all()


def done(stack: Stack, person: Person, containing: str = "Clients from Xero are added") -> Message:
    stack.run_due()
    with stack.working():  # the last edit may have to wait for its turn
        return person.wait_message(containing, "app_dm")


def added(stack: Stack, person: Person, count: int = COUNT) -> Message:
    """A whole sync."""
    scale(stack, count)
    to_list(stack, person)
    start(stack, person)
    return done(stack, person)


def listed(view: View) -> list[str]:
    return [
        option["text"]["text"]
        for block in view.blocks
        if block.get("element", {}).get("type") == "checkboxes"
        for option in block["element"]["options"]
    ]


def ticked(view: View) -> list[str]:
    """The names that are ticked on the page."""
    return [
        option["text"]["text"]
        for elements in view.values.values()
        for state in elements.values()
        if state["type"] == "checkboxes"
        for option in state["selected_options"]
    ]


def clients(stack: Stack) -> dict[str, str]:
    """The organisation of each client that has one."""
    with database_of(stack).read() as session:
        rows = session.execute(
            select(Client.name, Connection.organisation_name).join(Connection, Connection.client_id == Client.id)
        )
        return {row.name: row.organisation_name for row in rows}


def posts(stack: Stack, kind: str = "chat.postMessage") -> list[Mapping[str, Any]]:
    return [call for call in stack.sandbox.calls(kind) if "Xero" in str(call["args"])]


def buttons(message: Message | View) -> list[dict[str, Any]]:
    return [each for block in message.blocks for each in block.get("elements", ()) if each.get("type") == "button"]


def label(button: Mapping[str, Any]) -> str:
    return str(button["text"]["text"])


def send(stack: Stack, user: str, payload: Mapping[str, Any]) -> httpx.Response:
    given = {
        "team": {"id": "T_BIRCH", "domain": "birch"},
        "user": {"id": user, "team_id": "T_BIRCH"},
        "api_app_id": "A_CLIENTDESK",
        "is_enterprise_install": False,
        "enterprise": None,
    }
    body = urlencode({"payload": json.dumps({**given, **payload})}).encode()
    headers = signed(body, SANDBOX.signing_secret)
    return httpx.post(f"{stack.url}/slack/events", content=body, headers=headers, trust_env=False)
