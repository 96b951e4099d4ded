"""What Client Sync says where there is little to show."""

import pytest

from db.models import Standing
from modals.client_sync import chooser, ids, opening
from sandbox.plain import plain
from services.client_sync.records import Filter, Wish
from tests.modals.sync_views import SIGN_IN, listed


@pytest.mark.parametrize(
    ("wish", "already", "words"),
    [
        (Wish(query="no such"), 3, "Nothing here fits. Empty the search and press Enter, or list something else."),
        (Wish(), 3, "All of them are clients already. Connect another organisation, or list those that are."),
        (Wish(filter=Filter.CHOSEN), 1, "There is none of these. List something else."),
    ],
)
def test_an_empty_list_says_why_and_what_to_do(wish: Wish, already: int, words: str) -> None:
    shown = listed((), wish=wish, total=3, found=0, pages=1, counts={Standing.ALREADY: already})
    assert words in plain(chooser.page(shown))


def test_what_is_asked_of_new_clients_is_left_out_where_none_can_be_added() -> None:
    shown = plain(chooser.page(listed((), wish=Wish(), total=3, found=0, pages=1, counts={Standing.ALREADY: 3})))
    assert "of those that are created" not in shown


def test_a_person_who_has_second_thoughts_about_signing_in_gets_back() -> None:
    blocks = opening.sign_in(SIGN_IN)["blocks"]
    assert ids.OPEN in [
        each["action_id"] for block in blocks for each in block.get("elements", ()) if "action_id" in each
    ]
