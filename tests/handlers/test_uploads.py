"""Uploading clients as people meet it: the form, the file sent as a message, the preview, the import, the errors."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from db.models import Client, ImportRun, ImportState, PartnerProgramme, Plan, Region
from modals import blocks as b
from modals.uploads import ids
from sandbox.driver import Message, Person, View
from services.uploads.template import template
from tests.builders import Office, office
from tests.fakes import Clock
from tests.services.uploads.desk import set_programme
from tests.stack import Stack
from tests.syncing import database_of

HEADERS, NOTES = template(Region.UNITED_KINGDOM, Plan.ESSENTIALS).decode("utf-8-sig").splitlines()
COLUMNS = HEADERS.split(",")


def row(**cells: str) -> str:
    """`code="A1"` goes under `Practice code`: columns are named by their last word."""
    given = {name.replace("_", " "): value for name, value in cells.items()}
    return ",".join(given.get(column, "") for column in COLUMNS)


def file(*rows: str) -> bytes:
    return "\r\n".join([HEADERS, *rows]).encode()


def client(number: int, **more: str) -> str:
    return row(**{"Business_name": f"Client {number}", "Practice_code": f"C{number}", **more})


GOOD = file(client(1), client(2))
MIXED = file(client(1), client(2), client(3, Contact_email="nobody"), row(Practice_code="C4"))


@pytest.fixture
def stack(timed_stack: Stack) -> Stack:
    return timed_stack


@pytest.fixture(autouse=True)
def passing(stack: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work takes some seconds, so that Slack's pace holds nothing back."""
    run_due = stack.run_due

    def work() -> int:
        done = 0
        for _ in range(4):
            done += run_due()
            clock.advance(timedelta(seconds=2))
        return done

    monkeypatch.setattr(stack, "run_due", work)


@pytest.fixture
def people(stack: Stack) -> Office:
    birch = office(database_of(stack))
    set_programme(database_of(stack), birch, PartnerProgramme.BOOKKEEPER)
    return birch


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


def open_form(person: Person) -> View:
    assert person.command("/clients upload").ok
    return person.wait_view(callback_id=ids.SUBMIT)


def checked(stack: Stack, person: Person, content: bytes, *, name: str = "clients.csv") -> View:
    open_form(person)
    person.fill("Your clients", [(name, content)])
    assert person.submit().errors == {}
    person.wait_view(containing="is being checked")
    stack.run_due()
    view = person.view
    assert view is not None
    return view


def messages(person: Person) -> list[Message]:
    return [each for each in person.messages("app_dm") if "csv" in each.text]


def clients(stack: Stack) -> int:
    with database_of(stack).read() as session:
        return session.scalar(select(func.count()).select_from(Client)) or 0


def downloaded(person: Person, name: str) -> str:
    found = next(
        each["id"] for message in reversed(person.messages("app_dm")) for each in message.files if each["name"] == name
    )
    return person.download(found).decode("utf-8-sig")


@pytest.mark.reaches("/clients", ids.SUBMIT, ids.IMPORT, ids.SHOW)
def test_a_file_is_checked_shown_and_imported(stack: Stack, ada: Person) -> None:
    view = checked(stack, ada, GOOD)
    assert "clients.csv is checked" in view.text
    assert "2 new clients" in view.text
    assert clients(stack) == 0
    (message,) = messages(ada)
    assert "Import 2 rows" in message.text

    ada.click("Import 2 rows")
    ada.wait_view(containing="Importing clients.csv")
    ada.click("Refresh")
    ada.wait_view(containing="Importing clients.csv")
    stack.run_due()
    view = ada.wait_view(containing="clients.csv is imported")
    assert "2 created" in view.text
    assert clients(stack) == 2
    (message,) = messages(ada)  # one, edited from the preview to the result
    assert "2 created" in message.text


@pytest.mark.reaches(ids.TEMPLATE)
def test_the_template_comes_as_a_file_and_is_accepted_filled_in(stack: Stack, ada: Person) -> None:
    open_form(ada)
    ada.click("Get the template")
    ada.wait_view(containing="on its way to you")
    stack.run_due()
    content = downloaded(ada, "clientdesk-clients-uk.csv")
    assert content.splitlines() == [HEADERS, NOTES]
    ada.fill("Your clients", [("clients.csv", (content + client(1)).encode())])
    ada.submit()
    stack.run_due()
    ada.wait_view(containing="1 new client")


@pytest.mark.reaches(ids.ERRORS, "message")
def test_what_is_wrong_comes_back_as_a_file_and_is_taken_once_it_is_mended(stack: Stack, ada: Person) -> None:
    view = checked(stack, ada, MIXED)
    assert "Row 4, Contact email" in view.text
    assert "Row 5, Business name: Enter the client's name." in view.text
    ada.click("Import 2 rows")
    stack.run_due()
    ada.close()
    ada.click("Get the error file")
    stack.run_due()
    errors = downloaded(ada, "clients errors.csv")
    assert errors.count("\r\n") == 3

    mended = errors.replace("nobody", "").replace(",C4,", ",C4,").replace(",,C4", ",Client 4,C4")
    assert ada.share("clients errors.csv", mended.encode()).ok
    stack.run_due()
    assert "2 new clients" in messages(ada)[-1].text
    ada.click("Import 2 rows")
    stack.run_due()
    assert "2 created" in messages(ada)[-1].text
    assert clients(stack) == 4


@pytest.mark.reaches(ids.CANCEL, ids.OPEN, "message")
def test_a_file_sent_as_a_message_is_checked_there(stack: Stack, ada: Person) -> None:
    ada.share("clients.csv", GOOD, "Our clients")
    assert messages(ada) == []
    stack.run_due()
    message = messages(ada)[-1]
    assert "clients.csv is checked" in message.text
    assert ada.views == []
    ada.click("Cancel")
    stack.run_due()
    assert "was cancelled. Nothing was imported." in messages(ada)[-1].text
    assert clients(stack) == 0
    ada.click("Upload another file")
    ada.wait_view(callback_id=ids.SUBMIT)


def test_an_event_that_slack_delivers_twice_is_one_upload(stack: Stack, ada: Person) -> None:
    uploaded = stack.sandbox.upload("U_ADA", "clients.csv", GOOD)
    event = {
        "type": "message",
        "subtype": "file_share",
        "channel": "D_ADA",
        "channel_type": "im",
        "user": "U_ADA",
        "text": "",
        "ts": "1.2",
        "files": [uploaded],
    }
    for _ in range(2):
        assert stack.sandbox.event("T_BIRCH", event, "Ev1").ok
        stack.run_due()
    with database_of(stack).read() as session:
        (run,) = session.scalars(select(ImportRun))
    assert run.state is ImportState.CHECKED
    assert len([each for each in ada.messages("app_dm") if "is checked" in each.text]) == 1


def test_the_app_s_own_files_and_those_in_channels_are_left_alone(stack: Stack, ada: Person) -> None:
    ada.share("clients.csv", GOOD, channel="general")
    uploaded = stack.sandbox.upload("U_ADA", "clients.csv", GOOD)
    event = {
        "type": "message",
        "channel": "D_ADA",
        "channel_type": "im",
        "user": "U_BOT",
        "ts": "1",
        "files": [uploaded],
    }
    stack.sandbox.event("T_BIRCH", {**event, "bot_id": "B_BOT", "subtype": "file_share"})
    stack.sandbox.event("T_BIRCH", {**event, "user": "U_ADA", "subtype": "message_changed"})
    stack.sandbox.event("T_BIRCH", {**event, "user": "U_EVE", "subtype": "file_share", "user_team": "T_OTHER"})
    stack.run_due()
    with database_of(stack).read() as session:
        assert session.scalars(select(ImportRun)).all() == []


def test_words_to_the_app_are_answered_with_what_it_can_do(stack: Stack, ada: Person) -> None:
    ada.say("Hello?")
    ada.wait_message("I take files")
    assert "/clients help" in ada.messages("app_dm")[-1].text


def test_a_file_before_the_practice_is_set_up_is_answered(stack: Stack) -> None:
    ada = stack.person("U_ADA")
    ada.share("clients.csv", GOOD)
    ada.wait_message("/clients help")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("clients.xlsx", b"PK\x03\x04xxxx", "This is a spreadsheet, not a CSV file"),
        ("photo.png", b"\x89PNG\r\n\x1a\n", "This is a picture"),
        ("other.csv", b"Name,Town\r\nAcme,Rome\r\n", "none of the template's headers"),
        ("empty.csv", b" ", "This file is empty"),
    ],
)
def test_another_kind_of_file_is_refused_in_the_window_and_in_a_message(
    stack: Stack, ada: Person, name: str, content: bytes, words: str
) -> None:
    view = checked(stack, ada, content, name=name)
    assert f"{name} can't be imported" in view.text
    assert words in view.text
    assert words in ada.messages("app_dm")[-1].text


def test_a_file_that_is_not_kept_at_slack_is_not_fetched(stack: Stack, ada: Person) -> None:
    open_form(ada)
    ada.fill("Your clients", [("clients.csv", GOOD)])
    (kept,) = stack.running.world.files.values()
    kept.base_url = "https://evil.example"
    ada.submit()
    stack.run_due()
    ada.wait_view(containing="This file is not kept at Slack")


def test_a_download_that_breaks_off_is_tried_again(stack: Stack, ada: Person) -> None:
    open_form(ada)
    ada.fill("Your clients", [("clients.csv", GOOD)])
    stack.sandbox.fault("files.download", "ratelimited", retry_after=1)
    ada.submit()
    for _ in range(3):
        stack.run_due()
    ada.wait_view(containing="2 new clients")


def test_a_window_that_was_closed_misses_nothing(stack: Stack, ada: Person) -> None:
    open_form(ada)
    ada.fill("Your clients", [("clients.csv", GOOD)])
    ada.submit()
    ada.close()
    stack.run_due()
    assert "Import 2 rows" in messages(ada)[-1].text


def test_the_form_says_who_can_let_the_practice_or_the_person_upload(stack: Stack, people: Office) -> None:
    sam = stack.person("U_SAM")
    sam.command("/clients upload")
    view = sam.wait_view(containing="Add client accounts")
    assert "Request access" in view.text
    set_programme(database_of(stack), people, PartnerProgramme.NONE)
    ada = stack.person("U_ADA")
    ada.command("/clients upload")
    view = ada.wait_view(containing="Accountant programme")
    assert "/clients settings" in view.text
    ada.close()
    ada.share("clients.csv", GOOD)
    ada.wait_message("partner programme")


def test_the_permission_is_looked_at_when_the_button_is_pressed(stack: Stack, ada: Person, people: Office) -> None:
    checked(stack, ada, GOOD)
    set_programme(database_of(stack), people, PartnerProgramme.NONE)
    ada.click("Import 2 rows")
    ada.wait_view(containing="partner programme")
    stack.run_due()
    assert clients(stack) == 0


def test_somebody_else_s_upload_can_t_be_imported_or_had(stack: Stack, ada: Person, people: Office) -> None:
    jo = stack.person("U_JO")
    checked(stack, jo, MIXED)
    with database_of(stack).read() as session:
        run_id = session.scalars(select(ImportRun.id)).one()
    for user, action_id, words in (
        ("U_SAM", ids.ERRORS, "Only the person who uploaded this file, or an admin, can do that."),
        ("U_ADA", ids.IMPORT, "Only the person who uploaded this file can do that."),
        ("U_SAM", ids.CANCEL, "Only the person who uploaded this file, or an admin, can do that."),
    ):
        person = stack.person(user)
        _press(stack, person, action_id, str(run_id))
        person.wait_message(words)
    assert clients(stack) == 0


def _press(stack: Stack, person: Person, action_id: str, value: str) -> None:
    """A button that Slack would not show to this person."""
    conversation = next(each for each in person.state()["conversations"] if each["kind"] == "app_dm")["id"]
    stack.running.world.post(
        stack.running.world.conversation(conversation),
        user="U_BOT",
        team_id="T_BIRCH",
        bot_id="B_BOT",
        text="x",
        blocks=[b.actions(b.button("Press", action_id, value=value))],
    )
    person.click("Press")
