"""Practice codes of many clients at once."""

import uuid
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from db.models import AuditEntry, Client
from db.session import Database
from services.clients import codes
from services.clients.codes import ClientCodesService, CodeChange, Problem
from services.clients.search import ClientSearchService, Wish
from services.errors import InvalidError
from services.uploads.records import UnreadableFileError
from tests.builders import Office, add_client, created, office


def _clients(database: Database, people: Office, **names: str | None) -> dict[str, uuid.UUID]:
    service = add_client(database)
    return {
        name: created(service, people.ada, f"{name} Ltd", **({"practice_code": code} if code else {})).client_id
        for name, code in names.items()
    }


def _codes(database: Database) -> dict[str, str | None]:
    with database.read() as session:
        return {row.name: row.practice_code for row in session.execute(select(Client.name, Client.practice_code))}


def test_codes_are_previewed_saved_found_and_the_same_again_changes_nothing(database: Database) -> None:
    people, service = office(database), ClientCodesService(database)
    clients = _clients(database, people, Acme="OLD", Bolt=None, Cove="C-1", Dale=None)
    text = (
        "Clientdesk ID;Name;Practice code;Type\r\n"
        f"{clients['Acme']};whatever;A-1;x\r\n"
        ";bolt limited;B-1;x\r\n"
        f"{clients['Cove']};;C-1\r\n"
        ";Dale Ltd; ;x\r\n"
        ";;;\r\n"
    )
    preview = service.preview(people.ada, text)
    assert preview.changes == (
        CodeChange(client_id=clients["Acme"], client_name="Acme Ltd", before="OLD", code="A-1"),
        CodeChange(client_id=clients["Bolt"], client_name="Bolt Ltd", before=None, code="B-1"),
    )
    assert (preview.unchanged, preview.blank, preview.problems) == (1, 1, ())
    assert _codes(database)["Acme Ltd"] == "OLD"
    assert service.save(people.ada, text) == preview
    assert _codes(database) == {"Acme Ltd": "A-1", "Bolt Ltd": "B-1", "Cove Ltd": "C-1", "Dale Ltd": None}
    again = service.save(people.ada, text)
    assert (again.changes, again.unchanged) == ((), 3)
    search = ClientSearchService(database)
    assert [search.find(people.ada, Wish(each)).found for each in ("B-1", "OLD")] == [1, 0]
    with database.read() as session:
        count = select(func.count()).where(AuditEntry.action == "client.details_changed")
        assert session.scalar(count) == 2


def test_codes_pass_from_one_client_to_another(database: Database) -> None:
    people, service = office(database), ClientCodesService(database)
    _clients(database, people, Acme="1", Bolt="2", Cove="3")
    done = service.save(people.ada, "Name,Practice code\nAcme Ltd,2\nBolt Ltd,3\nCove Ltd,1\n")
    assert done.problems == ()
    assert _codes(database) == {"Acme Ltd": "2", "Bolt Ltd": "3", "Cove Ltd": "1"}


def test_each_row_with_a_problem_is_named_and_the_others_are_saved(database: Database) -> None:
    people, service = office(database), ClientCodesService(database)
    clients = _clients(database, people, Acme=None, Bolt="B", Cove="C", Dale=None)
    created(add_client(database), people.ada, "Twin Co", practice_code=None)
    created(add_client(database), people.ada, "twin co.")
    elm = office(database, slack_key="T_ELM")
    theirs = created(add_client(database), elm.ada, "Elm Ltd").client_id
    text = "\n".join(
        [
            "Clientdesk ID\tName\tPractice code",
            f"{clients['Acme']}\t\tA-1",
            "\tAcme Ltd\tA-2",
            "\tDale Ltd\ta-1",
            f"{theirs}\t\tE-1",
            "nonsense\t\tN-1",
            "\tNobody\tN-2",
            "\tTwin\tT-1",
            "\t\tX-1",
            f"\tDale Ltd\t{'x' * 51}",
            # Bolt keeps its code, since Cove, who is to have it, is in the way of somebody.
            "\tDale Ltd\tB",
        ]
    )
    done = service.save(people.ada, text)
    assert [each.client_name for each in done.changes] == ["Acme Ltd"]
    assert done.problems == (
        Problem(3, "Acme Ltd is in row 2 already."),
        Problem(4, "The code a-1 is in row 2 already."),
        Problem(5, f"There is no client with the Clientdesk ID {theirs} that you can open."),
        Problem(6, "There is no client with the Clientdesk ID nonsense that you can open."),
        Problem(7, "There is no client called Nobody that you can open."),
        Problem(8, "2 clients are called Twin. Give the Clientdesk ID instead."),
        Problem(9, "It has neither a Clientdesk ID nor a name."),
        Problem(10, "Use at most 50 characters; this has 51."),
        Problem(11, "The code B is already used by Bolt Ltd."),
    )


def test_a_code_whose_holder_can_not_give_it_away_stays(database: Database) -> None:
    people, service = office(database), ClientCodesService(database)
    _clients(database, people, Acme="1", Bolt="2", Cove="3")
    # Bolt can't have Cove's, so it keeps its own, and Acme can't have that.
    done = service.save(people.ada, "Name,Practice code\nAcme Ltd,2\nBolt Ltd,3\n")
    assert [each.text for each in done.problems] == [
        "The code 2 is already used by Bolt Ltd.",
        "The code 3 is already used by Cove Ltd.",
    ]
    assert _codes(database) == {"Acme Ltd": "1", "Bolt Ltd": "2", "Cove Ltd": "3"}


def test_a_standard_colleague_changes_only_what_they_can_open(database: Database) -> None:
    people, service = office(database), ClientCodesService(database)
    _clients(database, people, Acme=None)
    done = service.save(people.sam, "Name,Practice code\nAcme Ltd,A\n")
    assert [each.text for each in done.problems] == ["There is no client called Acme Ltd that you can open."]
    assert _codes(database) == {"Acme Ltd": None}


def test_what_our_files_neutralise_is_read_as_it_was(database: Database) -> None:
    people, service = office(database), ClientCodesService(database)
    _clients(database, people, Acme=None)
    service.save(people.ada, "Name,Practice code\nAcme Ltd,'=1+1\n")
    assert _codes(database) == {"Acme Ltd": "=1+1"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\n",
        "Name,Code\nAcme,1",
        "Practice code\n1",
        "just words",
        'Name,Practice code\n"Acme,1\n' + "x" * 200_000,
        "Name,Practice code\n" + "Acme,1\n" * 10_001,
    ],
    ids=["empty", "blank", "no code", "no name", "words", "endless quotation", "too many rows"],
)
def test_what_is_no_table_of_codes_is_refused_in_words(database: Database, text: str) -> None:
    people, service = office(database), ClientCodesService(database)
    for ask in (service.preview, service.save):
        with pytest.raises(InvalidError) as refusal:
            ask(people.ada, text)
        assert set(refusal.value.fields) == {"codes"}


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(InvalidError, UnreadableFileError):
        list(codes._read(codes.text_from([content])))
