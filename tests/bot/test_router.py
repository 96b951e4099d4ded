import inspect

import pytest

from bot.app import routes
from bot.router import ARGUMENTS, Kind, Router


def nothing(ack: object) -> None:
    pass


def test_no_handler_asks_for_what_nobody_gives() -> None:
    for kind, of_kind in routes().routes.items():
        for name, route in of_kind.items():
            asked = set(inspect.signature(route.handler).parameters)
            assert asked <= ARGUMENTS, f"{kind} {name} asks for {asked - ARGUMENTS}"
            assert asked == set(route.arguments)


@pytest.mark.parametrize(
    ("kind", "unfit"),
    [
        (Kind.COMMAND, {"action", "view", "event", "options"}),
        (Kind.ACTION, {"command", "event", "options"}),
        (Kind.VIEW, {"command", "action", "event", "options"}),
        (Kind.OPTIONS, {"command", "action", "event"}),
        (Kind.SHORTCUT, {"command", "action", "view", "event", "options"}),
        (Kind.EVENT, {"command", "action", "view", "options"}),
    ],
)
def test_every_handler_asks_only_for_what_its_kind_of_request_has(kind: Kind, unfit: set[str]) -> None:
    served = {name: set(route.arguments) for name, route in routes().routes[kind].items()}
    assert served
    # What opens the same form is served by one handler.
    for name, asked in served.items():
        assert not asked & unfit, f"{kind} {name} asks for {asked & unfit}"


def test_every_handler_acknowledges() -> None:
    for of_kind in routes().routes.values():
        assert all("ack" in route.arguments for route in of_kind.values())


def test_an_argument_that_nobody_gives_is_refused_at_the_start() -> None:
    def handler(ack: object, say: object, cliant: object) -> None:
        pass

    with pytest.raises(ValueError, match="cliant, say"):
        Router().command("/x", handler)


def test_an_id_has_one_handler() -> None:
    router = Router()
    router.action("x.open", nothing)
    with pytest.raises(ValueError, match=r"action x\.open has a handler already"):
        router.action("x.open", nothing)


def test_the_same_id_may_be_of_several_kinds() -> None:
    router = Router()
    router.action("x.open", nothing)
    router.shortcut("x.open", nothing)
    assert router.find(Kind.SHORTCUT, "x.open") is not None
    assert router.find(Kind.VIEW, "x.open") is None


def test_everything_that_can_be_asked_for_is_given() -> None:
    """The other side of the names: the dispatcher, asked through a request, is the test of each handler."""
    asked = {name for of_kind in routes().routes.values() for route in of_kind.values() for name in route.arguments}
    assert asked == ARGUMENTS
