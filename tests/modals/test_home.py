"""What App Home says."""

import json
from dataclasses import replace
from typing import Any

import pytest

from db.models import Role
from modals import home
from services.overview.records import MOST_COUNTED, Broken, Overview, Requests, Room
from services.practice import Bundle
from tests.modals.home_views import EMPTY, FULL, REQUEST, STANDARD


def said(shown: Overview, *, explains: bool = False) -> str:
    """All texts, in turn."""

    def texts(block: Any) -> list[str]:
        if isinstance(block, dict):
            own = [block["text"]] if isinstance(block.get("text"), str) else []
            return own + [text for value in block.values() for text in texts(value)]
        return [text for each in block for text in texts(each)] if isinstance(block, list) else []

    return "\n".join(texts(home.overview(shown, explains=explains)["blocks"]))


def test_long_lists_are_cut_and_say_how_many_more_there_are() -> None:
    page = said(
        replace(
            FULL,
            requests=Requests(waiting=1_234, first=(REQUEST,) * 3, mine=()),
            broken=Broken(count=12, names=("Acme", "Birch")),
        )
    )
    assert "1,234 requests wait for your decision" in page
    assert "and 1,231 more" in page
    assert "Acme, Birch and 10 more" in page


def test_what_is_counted_only_so_far_is_said_to_be_more() -> None:
    page = said(FULL)
    assert f"*{MOST_COUNTED:,}+ invitations have expired*" in page
    assert f"*{MOST_COUNTED:,}+ clients are no longer connected to the accounting software*" in page
    assert "and many more" in page


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (
            replace(EMPTY, room=Room.LITTLE, bundle=Bundle(used=49, included=50)),
            "The client bundle has 1 place left. Raise it in Settings in good time.",
        ),
        (
            replace(EMPTY, role=Role.CLIENT_ADMIN, room=Room.NONE, bundle=Bundle(used=50, included=50)),
            "The client bundle is full. Ask a Practice Admin to raise it before you add the next client.",
        ),
        (
            replace(STANDARD, may_add_clients=True, room=Room.LITTLE),
            "The client bundle is nearly full. Ask a Practice Admin to raise it in good time.",
        ),
    ],
)
def test_a_bundle_that_runs_out_says_who_can_raise_it(shown: Overview, words: str) -> None:
    assert words in said(shown)


def test_a_practice_with_a_place_for_everybody_is_not_warned() -> None:
    assert "client bundle is" not in said(EMPTY)
    assert "Client bundle" not in said(STANDARD)


def test_pages_that_look_the_same_have_the_same_digest_and_others_have_not() -> None:
    views = [home.overview(FULL), json.loads(json.dumps(home.overview(FULL))), home.overview(FULL, explains=True)]
    digests = [home.digest(view) for view in views]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]
