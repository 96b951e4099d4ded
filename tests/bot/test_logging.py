import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.logging import mask, set_up


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("token xoxb-1-2-abc here", "token xoxb-*** here"),
        ("xoxe.xoxp-1-Mi0y and xapp-1-A", "xoxe.xoxp-*** and xapp-***"),
        ("Authorization: bearer aB.c-d_e==", "Authorization: bearer ***"),
        ("postgresql://user:pass@host/db", "postgresql://user:***@host/db"),
        ("GET /callback?code=abc&x=1&state=s", "GET /callback?code=***&x=1&state=***"),
        ("GET /i/abcdefghijklmnopqrstuvwxyz", "GET /i/***"),
        ("https://hooks.slack.com/commands/T1/2/3", "https://hooks.slack.com/***"),
        ("nothing secret: code=200", "nothing secret: code=200"),
    ],
)
def test_secrets_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_json_lines_hold_extras_and_tracebacks_but_no_secrets() -> None:
    stream = io.StringIO()
    set_up("info", "json", stream)

    try:
        int("xoxb-1-2-secret")
    except ValueError:
        logging.getLogger("test").exception("Failed for %s", "xoxb-3-secret", extra={"job": "one", "tries": 2})
    logging.getLogger("test").debug("not at this level")

    [line] = stream.getvalue().splitlines()
    fields = json.loads(line)
    assert (fields["level"], fields["logger"], fields["message"]) == ("ERROR", "test", "Failed for xoxb-***")
    assert (fields["job"], fields["tries"]) == ("one", 2)
    assert "xoxb-***" in fields["exception"]
    assert "-secret" not in line


def test_text_lines_hold_the_same() -> None:
    stream = io.StringIO()
    set_up("INFO", "text", stream)

    logging.getLogger("test").warning("Bearer abc", extra={"job": "one"})

    assert stream.getvalue().endswith(" WARNING test: Bearer *** job=one\n")
