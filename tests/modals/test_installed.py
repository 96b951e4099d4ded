import uuid
from typing import Any

import pytest

from modals import cards
from sandbox.plain import plain
from sandbox.slack.limits import check_message
from services.workspaces import InstallNotice


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        ({"may_set_up": True}, "makes you the first Practice Admin"),
        ({"first_admin": "U_SAM"}, "U_SAM can set it up"),
        ({}, "An owner or admin can set it up"),
        ({"set_up": True}, "as you left it"),
    ],
)
def test_the_installer_is_told_what_comes_next(standing: dict[str, Any], words: str) -> None:
    nothing = {"set_up": False, "may_set_up": False, "first_admin": None}
    name = "<!channel> & *_~" * 20
    notice = InstallNotice(
        practice_id=uuid.uuid4(), practice_name=name, slack_user_id="U_ADA", **{**nothing, **standing}
    )
    card = cards.installed(notice)
    assert check_message(card) == []
    assert words in plain(card)
    offers = [block for block in card["blocks"] if block["type"] == "actions"]
    assert bool(offers) == bool(standing.get("may_set_up"))
