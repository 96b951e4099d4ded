from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import Region
from services.emails import clean_email, email_key
from services.phones import COUNTRIES, clean_mobile
from services.uploads import rows

UK = Region.UNITED_KINGDOM


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("4.47911E+11", "Excel changed this number to 4.47911E+11. Format the column as text and enter it again."),
        ("4,47E+11", "Excel changed this number to 4,47E+11. Format the column as text and enter it again."),
        (
            "447911123456",
            "Excel may have taken the + or 0 off this number. Format the column as text, write +447911123456.",
        ),
        (
            "7911123456",
            "Excel may have taken the + or 0 off this number. Format the column as text, write +447911123456.",
        ),
        (
            "33612345678",
            "Excel may have taken the + or 0 off this number. Format the column as text, write +33612345678.",
        ),
        ("07911 123456", "Write it in international form: +447911123456. Format the column as text."),
        ("0044 7911 123456", "Write it in international form: +447911123456. Format the column as text."),
        ("+442079460018", "This is a landline's number, not a mobile's."),
        ("+4479111234", "This number has too few digits."),
        ("none", "Enter the number in digits only, such as 07911 123456 or +44 7911 123456."),
    ],
)
def test_a_mobile_that_is_not_in_international_form_is_named_with_what_it_may_have_been(cell: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        rows.mobile(cell, UK)
    assert str(refusal.value) == words


@pytest.mark.parametrize("cell", ["+447911123456", " +44 7911 123456 ", "+44 (0)7911-123456"])
def test_a_mobile_in_international_form_is_taken_as_people_space_it(cell: str) -> None:
    assert rows.mobile(cell, UK) == "+447911123456"


@given(region=st.sampled_from(Region), tail=st.text("0123456789", min_size=3, max_size=11), kept=st.integers(0, 10))
def test_a_number_recognised_at_once_is_one_that_the_rules_for_mobiles_take(
    region: Region, tail: str, kept: int
) -> None:
    example = phonenumbers.example_number_for_type(COUNTRIES.get(region, "GB"), phonenumbers.PhoneNumberType.MOBILE)
    assert example is not None
    national = str(example.national_number)
    number = f"+{example.country_code}{national[:kept]}{tail}"[: 3 + len(national)]

    if rows.plain_mobile(region).fullmatch(number):
        assert clean_mobile(number, region) == number


def outcome(read: Callable[[], object]) -> object:
    try:
        return read()
    except ValueError as error:
        return str(error)


_PARTS = st.text("abzAZ09.-_+@'é ", max_size=12)


@given(local=_PARTS, domain=_PARTS, end=st.sampled_from([".com", ".example", ".c", ".1", "", ".", ".-a"]))
def test_an_e_mail_recognised_at_once_is_read_as_the_rules_for_e_mails_read_it(
    local: str, domain: str, end: str
) -> None:
    cell = f"{local}@{domain}{end}"

    def by_the_rules() -> tuple[str, str]:
        address = clean_email(cell)
        return address, email_key(address)

    assert outcome(lambda: rows.email(cell)) == outcome(by_the_rules)


@pytest.mark.parametrize("spelling", ["Yes", "YES", " yes ", "y", "true", "1"])
def test_yes_is_yes_in_any_spelling(spelling: str) -> None:
    assert rows.word(rows.YES_OR_NO)[spelling] is True


def test_a_word_that_nearly_is_one_is_suggested_and_others_get_all_there_are() -> None:
    kinds, solutions = rows.word(rows.CLIENT_KINDS), rows.word(rows.SOLUTIONS)
    with pytest.raises(ValueError, match=r"^“Bussiness” is not known here. Did you mean Business\?$"):
        kinds["Bussiness"]
    with pytest.raises(ValueError, match=r"^“Charity” is not known here. Write Business or Self-employed.$"):
        kinds["Charity"]
    assert {kinds[cell] for cell in ("solo", "SELF-EMPLOYED", "Sole  trader")} == {kinds["Self-employed"]}
    assert solutions["bookkeeping and data health & insights"] is solutions["Bookkeeping + DHI"]


def test_countries_are_taken_by_code_and_by_name() -> None:
    country = rows.country()
    assert [country[cell] for cell in ("gb", "United Kingdom", "UK", "côte d’ivoire".replace("’", "'"))] == [
        "GB",
        "GB",
        "GB",
        "CI",
    ]
    with pytest.raises(ValueError, match=r"“Germny” is not known here. Did you mean Germany\?"):
        country["Germny"]
    with pytest.raises(ValueError, match=r"“Atlantis” is not known here. Write its name in English"):
        country["Atlantis"]
    with pytest.raises(ValueError, match=r"“Euro” is not known here. Write its three letters"):
        rows.currency()["Euro"]


def test_an_industry_of_the_list_is_written_as_there_and_any_other_is_kept() -> None:
    industry = rows.industry()
    assert industry["retail and E-COMMERCE"] == "Retail and e-commerce"
    assert industry["Dog  walking"] == "Dog walking"


def test_a_cell_is_read_once_and_what_is_remembered_has_an_end() -> None:
    read: list[str] = []

    def reading(cell: str) -> str:
        read.append(cell)
        if cell == "bad":
            raise ValueError("No.")
        return cell.upper()

    column = rows.Remembered(reading)
    assert [column[cell] for cell in ("a", "a", "b")] == ["A", "A", "B"]
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^No\.$"):
            column["bad"]
    assert read == ["a", "b", "bad"]
    for number in range(5_000):
        column[str(number)]
    assert len(column) <= 2_001
