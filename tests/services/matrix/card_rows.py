"""What a client's card and the list lead to: users, access, details, history, codes and files."""

import uuid

from services.clients.search import Wish
from tests.services.matrix.rules import Rule, row

_USER = {"contact_name": "New User", "contact_email": "new@user.example", "role": "standard", "entry": "later"}
_CHANGED = {"contact_name": "Renamed", "role": "standard", "login": ["login"], "publish": "none"}
_CODES = "Name,Practice code\nNobody,N-1\n"

CARD = [
    row("client_users.users", Rule.OPENS_CLIENT, lambda c: c.services.client_users.users(c.actor, c.at.client)),
    row("client_users.user", Rule.OPENS_CLIENT, lambda c: c.services.client_users.user(c.actor, c.at.client_user)),
    row("client_users.adding", Rule.OPENS_CLIENT, lambda c: c.services.client_users.adding(c.actor, c.at.client)),
    row("client_users.add", Rule.OPENS_CLIENT, lambda c: c.services.client_users.add(c.actor, c.at.client, _USER)),
    row(
        "client_users.change",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_users.change(c.actor, c.at.client_user, _CHANGED),
    ),
    row(
        "client_users.hand_over",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_users.hand_over(c.actor, c.at.client_user),
        succeeds=False,  # the second user is no Business Admin, and is told so
    ),
    row(
        "client_users.deactivate",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_users.deactivate(c.actor, c.at.client_user),
    ),
    row(
        "client_users.reactivate",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_users.reactivate(c.actor, c.at.client_user),
    ),
    row("client_access.access", Rule.OPENS_CLIENT, lambda c: c.services.client_access.access(c.actor, c.at.client)),
    row("client_access.giving", Rule.OPENS_CLIENT, lambda c: c.services.client_access.giving(c.actor, c.at.client)),
    row(
        "client_access.give",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_access.give(c.actor, c.at.client, {"colleagues": [str(c.mine.standard)]}),
    ),
    row(
        "client_access.take",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_access.take(c.actor, c.at.client, uuid.UUID(int=0)),
    ),
    row("client_access.managing", Rule.OPENS_CLIENT, lambda c: c.services.client_access.managing(c.actor, c.at.client)),
    row(
        "client_access.set_manager",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_access.set_manager(c.actor, c.at.client, {"account_manager": str(c.mine.standard)}),
    ),
    row("client_details.details", Rule.OPENS_CLIENT, lambda c: c.services.client_details.details(c.actor, c.at.client)),
    row(
        "client_details.save",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_details.save(c.actor, c.at.client, {"name": "Something else"}),
    ),
    row("client_details.extract", Rule.OPENS_CLIENT, lambda c: c.services.client_details.extract(c.actor, c.at.client)),
    row(
        "client_details.change_extract",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_details.change_extract(c.actor, c.at.client, "something-else"),
    ),
    row(
        "client_lifecycle.lifecycle",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_lifecycle.lifecycle(c.actor, c.at.client),
    ),
    row(
        "client_lifecycle.deactivate",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_lifecycle.deactivate(c.actor, c.at.client),
    ),
    row(
        "client_lifecycle.reactivate",
        Rule.OPENS_CLIENT,
        lambda c: c.services.client_lifecycle.reactivate(c.actor, c.at.client),
    ),
    row("client_history.history", Rule.OPENS_CLIENT, lambda c: c.services.client_history.history(c.actor, c.at.client)),
    row("client_history.applied", Rule.OPENS_CLIENT, lambda c: c.services.client_history.applied(c.actor, c.at.client)),
]

LIST = [
    row("client_search.options", Rule.EVERYBODY, lambda c: c.services.client_search.options(c.actor, "Bakery")),
    row("client_codes.preview", Rule.EVERYBODY, lambda c: c.services.client_codes.preview(c.actor, _CODES)),
    row("client_codes.save", Rule.EVERYBODY, lambda c: c.services.client_codes.save(c.actor, _CODES)),
    row(
        "client_list_exports.request",
        Rule.EVERYBODY,
        lambda c: c.services.client_list_exports.request(c.actor, Wish()),
        meets="The list is empty, so there is nothing to export.",
    ),
]
