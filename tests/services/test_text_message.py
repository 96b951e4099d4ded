"""The words of the text message, and how many parts they take."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.sms.segments import segments
from services.invitations.text_message import text_message

LINK = "https://clientdesk.birch-and-partners.example/i/" + "x" * 43
APP = "https://apps.example/clientdesk?id=com.example.desk&hl=en"
GSM = "".join(chr(code) for code in range(0x20, 0x3000) if segments(chr(code)).encoding == "GSM-7")


def test_it_names_the_practice_the_link_and_the_app() -> None:
    assert text_message(practice="Birch & Co", link=LINK, app_url=APP) == (
        f"Birch & Co invites you to Clientdesk. Set up your access: {LINK}\nGet the app: {APP}"
    )
    assert text_message(practice="Birch & Co", link=LINK, app_url=None) == (
        f"Birch & Co invites you to Clientdesk. Set up your access: {LINK}"
    )


@given(st.text(GSM), st.sampled_from([APP, None]))
@example("W" * 300, APP)
@example("€" * 300, APP)
def test_any_name_of_the_phones_alphabet_fits_into_two_parts(practice: str, app: str | None) -> None:
    body = text_message(practice=practice, link=LINK, app_url=app)
    assert (segments(body).encoding, segments(body).count <= 2) == ("GSM-7", True)
    assert f"Set up your access: {LINK}" in body


@given(st.text(st.characters(codec="utf-8")))
@example("\n\r\u2028Birch\u202e")
def test_no_name_changes_the_link_or_adds_a_line(practice: str) -> None:
    body = text_message(practice=practice, link=LINK, app_url=None)
    assert body.endswith(f" invites you to Clientdesk. Set up your access: {LINK}")
    assert len(body.splitlines()) == 1


@pytest.mark.parametrize(
    ("practice", "begins"),
    [
        ("Bye\u2019s \u201cBest\u201d \u2013 Books\u2026", 'Bye\'s "Best" - Books... invites'),
        ("Caf\u0065\u0301 & Co", "Café & Co invites"),
        ("W" * 300, "W" * 80),
        ("Łukasz Żółw", "Łukasz Żółw invites"),
        ("Бухгалтерия и партнёры", "Бухгалтерия и пар..."),
    ],
)
def test_names_keep_their_spelling_as_far_as_there_is_room(practice: str, begins: str) -> None:
    assert text_message(practice=practice, link=LINK, app_url=APP).startswith(begins)


def test_a_long_name_of_another_alphabet_is_cut_to_spare_parts() -> None:
    short = "https://desk.example/i/" + "x" * 43
    body = text_message(practice="Бухгалтерия " * 20, link=short, app_url=None)
    assert segments(body).count == 2
    assert body.startswith("Бухгалтерия")
