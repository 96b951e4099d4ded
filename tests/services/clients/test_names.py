import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clients.extract import ExtractAddress, candidates
from services.clients.names import code_key, fold, name_key, near


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (("Acme Ltd", "ACME LIMITED", " acme  ltd. ", "The Acme Company, Ltd", "Acmé", "Acme Co., Inc."), "acme"),
        (("Smith & Sons", "Smith and Sons LLP"), "smith & sons"),
        (("Ltd", "Limited"), "ltd"),
        (("株式会社",), "株式会社"),
        (("*_~",), "*_~"),
    ],
)
def test_one_client_written_differently_has_one_key(names: tuple[str, ...], key: str) -> None:
    assert {name_key(name) for name in names} == {key}


@given(st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable()))
def test_a_name_always_has_a_key_and_its_case_does_not_matter(name: str) -> None:
    assert name_key(name)
    assert name_key(name.upper().lower()) == name_key(name.lower())
    assert fold(fold(name)) == fold(name)


def test_a_slip_of_the_finger_is_near_and_another_name_is_not() -> None:
    known = ["birkenhead bakery", "acme", "acme north", "zenith"]
    assert near("birkenhed bakery", known) == ["birkenhead bakery"]
    assert near("acme", known) == ["acme"]
    assert near("unrelated", known) == []


def test_codes_differ_by_more_than_case_and_space() -> None:
    assert code_key(" a-1 ") == code_key("A-1")
    assert code_key("A-1") != code_key("A1")


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("Acme Ltd", "acme-ltd", "acme-ltd-2"),
        ("O'Brien & Sönne", "obrien-sonne", "obrien-sonne-2"),
        ("株式会社", "client", "client-2"),
        ("Postmaster", "postmaster-2", "postmaster-3"),
        ("a" * 300, "a" * 48, "a" * 48 + "-2"),
    ],
)
def test_an_extract_name_is_made_from_the_client_s_name(name: str, first: str, second: str) -> None:
    assert list(itertools.islice(candidates(name), 2)) == [first, second]


@given(st.text())
def test_every_extract_name_is_a_valid_local_part(name: str) -> None:
    for candidate in itertools.islice(candidates(name), 3):
        assert candidate.replace("-", "a").isalnum()
        assert candidate.isascii()
        assert len(candidate) + len("+sales") <= 64
        assert candidate.strip("-") == candidate


def test_an_extract_address_has_forms_for_sales_and_for_files_with_several_documents() -> None:
    address = ExtractAddress("acme", "extract.example")
    assert (address.costs, address.sales, address.multiple) == (
        "acme@extract.example",
        "acme+sales@extract.example",
        "acme@multiple.extract.example",
    )
