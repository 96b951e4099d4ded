import pytest

from tests.stack import Stack


@pytest.mark.reaches("/clients")
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("/clients", "adds a client"),
        ("/clients help", "adds a client"),
        ("/clients HLEP", "Did you mean /clients help?"),
        ("/clients <!channel> & more", "Type /clients help"),
        ("/clients " + "x" * 3000, "Type /clients help"),
    ],
)
def test_the_root_command_helps(stack: Stack, typed: str, words: str) -> None:
    person = stack.person("U_SAM")
    assert person.command(typed).ok
    message = person.wait_message(words)
    assert message.ephemeral
    assert "<!channel>" not in message.raw["text"]
