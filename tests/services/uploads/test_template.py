import csv
import io

import pytest

from db.models import Plan, Region
from services.phones import clean_mobile
from services.uploads.places import countries, country_names, currencies
from services.uploads.reading import read
from services.uploads.records import UnreadableFileError
from services.uploads.template import columns, template

SHARED = [
    "Client type",
    "Business name",
    "Practice code",
    "Industry",
    "Country",
    "Base currency",
    "Solutions",
    "Contact first name",
    "Contact last name",
    "Contact email",
    "Contact mobile",
    "Send email invite",
    "Send SMS invite",
    "Colleagues",
]
SOLO = [
    "NINO",
    "UTR",
    "Postcode",
    "Income source name",
    "Income source type",
    "Accounting method",
    "Quarterly period type",
]


def rows_of(region: Region, plan: Plan) -> list[list[str]]:
    return list(csv.reader(io.StringIO(template(region, plan).decode("utf-8-sig"))))


def test_the_uk_has_the_columns_of_self_employed_clients() -> None:
    assert rows_of(Region.UNITED_KINGDOM, Plan.ADVANCED)[0] == [*SHARED, "Team", *SOLO]
    assert rows_of(Region.UNITED_KINGDOM, Plan.ESSENTIALS)[0] == [*SHARED, *SOLO]


@pytest.mark.parametrize("region", [Region.UNITED_STATES, Region.CANADA])
def test_the_us_and_canada_have_the_self_employed_switch(region: Region) -> None:
    assert rows_of(region, Plan.ESSENTIALS)[0] == [*SHARED[:7], "Self-employed", *SHARED[7:]]


@pytest.mark.parametrize("region", [Region.IRELAND, Region.AUSTRALIA, Region.NEW_ZEALAND, Region.OTHER])
def test_elsewhere_there_are_neither(region: Region) -> None:
    assert rows_of(region, Plan.ESSENTIALS)[0] == SHARED


@pytest.mark.parametrize("region", Region)
@pytest.mark.parametrize("plan", Plan)
def test_the_second_line_says_what_each_column_takes(region: Region, plan: Plan) -> None:
    headers, notes = rows_of(region, plan)

    assert len(notes) == len(headers)
    assert notes[0].startswith("# ")
    assert all(notes)
    assert template(region, plan).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("region", Region)
def test_an_empty_template_has_no_clients(region: Region) -> None:
    with pytest.raises(UnreadableFileError) as refusal:
        list(read([template(region, Plan.ADVANCED)], region).rows)
    assert refusal.value.message == "This file has the headers and nothing below them. Add a row for each client."


@pytest.mark.parametrize("region", Region)
def test_the_example_of_a_mobile_is_one(region: Region) -> None:
    (note,) = (column.instruction for column in columns(region, Plan.ADVANCED) if column.name == "Contact mobile")
    example = next(word for word in note.replace(".", " ").split() if word.startswith("+"))

    assert clean_mobile(example, region) == example


def test_all_countries_and_currencies_are_known_by_their_codes() -> None:
    assert len(country_names()) == len(set(countries().values())) == 249
    assert all(len(code) == 2 and countries()[code.lower()] == code for code in countries().values())
    assert countries()["cote d'ivoire"] == countries()["ivory coast"] == "CI"
    assert countries()["uk"] == countries()["wales"] == "GB"
    assert all(len(code) == 3 and key == code.lower() for key, code in currencies().items())
