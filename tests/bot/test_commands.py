"""The operator's commands, as `python -m bot …` runs them."""

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from bot.cli import main
from db.models import AuditEntry, Colleague, Job, Lane, Plan, Practice, Region, Role, Source, Team
from db.session import Database
from sandbox.running import RunningSandbox
from services import jobs
from services.jobs import Jobs, NewJob
from tests.builders import Office, office
from tests.stack import KEY, MANIFEST, SANDBOX

TWILIO = {
    "TWILIO_ACCOUNT_SID": SANDBOX.sms.account_sid,
    "TWILIO_AUTH_TOKEN": SANDBOX.sms.auth_token,
    "TWILIO_FROM": SANDBOX.sms.sender,
}
Run = Callable[..., tuple[int, str]]


@contextmanager
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clientdesk.db"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: Path) -> Run:
    """Runs a command; gives its exit code and what it said. Settings are given by name."""
    environment = {
        "DATABASE_URL": f"sqlite:///{path}",
        "SLACK_SIGNING_SECRET": SANDBOX.signing_secret,
        "SLACK_BOT_TOKEN": "xoxb-sandbox-T_BIRCH",
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
        "ENCRYPTION_KEYS": KEY,
    }

    def run(*words: str, **settings: str) -> tuple[int, str]:
        with monkeypatch.context() as patch, _root_logger_as_before():
            for name, value in {**environment, **settings}.items():
                patch.setenv(name, value)
            try:
                code = main(words)
            except SystemExit as leaving:
                code = int(str(leaving.code))
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def database(run: Run, path: Path) -> Iterator[Database]:
    """One that `migrate` has made."""
    assert run("migrate")[0] == 0
    with closing(Database(f"sqlite:///{path}")) as database:
        yield database


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


def test_a_new_key_is_one_that_encrypts(run: Run) -> None:
    code, key = run("keys")
    assert code == 0
    assert Fernet(key.strip()).encrypt(b"x")
    assert key != run("keys")[1]


def test_keys_and_manifest_need_no_settings(run: Run) -> None:
    assert run("keys", SLACK_SIGNING_SECRET="")[0] == 0
    assert run("manifest", "--url", "https://desk.example", ENCRYPTION_KEYS="")[0] == 0


def test_the_manifest_has_the_installations_address_everywhere(run: Run) -> None:
    code, printed = run("manifest", "--url", "https://desk.example/")
    assert code == 0
    assert "clientdesk.example" not in printed
    expected = MANIFEST.read_text().replace("https://clientdesk.example", "https://desk.example")
    assert json.loads(printed) == json.loads(expected)


def test_a_setting_that_is_missing_is_named_and_nothing_started(run: Run) -> None:
    code, said = run("worker", SLACK_SIGNING_SECRET="")
    assert code == 2
    assert said.startswith("Clientdesk can't start. SLACK_SIGNING_SECRET")


@pytest.mark.parametrize("words", [["unheard-of"], ["jobs", "--again", "nonsense"], ["practice", "--bundle", "many"]])
def test_a_wrong_word_is_explained(run: Run, words: list[str]) -> None:
    code, said = run(*words)
    assert code == 2
    assert "usage:" in said


def test_migrating_twice_is_migrating_once(run: Run, database: Database) -> None:
    assert run("migrate")[0] == 0
    with database.read() as session:
        assert session.scalars(select(Practice)).all() == []


# The doctor


def test_the_doctor_finds_nothing_wrong(run: Run, database: Database, running_sandbox: RunningSandbox) -> None:
    running_sandbox.world.reset()
    code, said = run(
        "doctor",
        SLACK_API_URL=running_sandbox.api_url,
        SLACK_APP_TOKEN="xapp-1",
        SMTP_URL=f"smtp://127.0.0.1:{running_sandbox.smtp_port}?tls=none",
        EMAIL_FROM="hello@desk.example",
        **TWILIO,
        TWILIO_API_URL=running_sandbox.url,
    )
    assert (code, said.count("\nok"), "WRONG" in said) == (0, 5, False), said
    assert "account active" in said
    assert "Birch & Co" in said


def test_the_doctor_names_all_that_is_wrong_and_shows_no_secret(run: Run, running_sandbox: RunningSandbox) -> None:
    code, said = run(
        "doctor",
        SLACK_API_URL=running_sandbox.api_url,
        SLACK_BOT_TOKEN="xoxb-s3cret",
        SLACK_APP_TOKEN="xoxb-s3cret",
        SMTP_URL="smtp://me:s3cret@127.0.0.1:9?tls=none",
        EMAIL_FROM="hello@desk.example",
        **{**TWILIO, "TWILIO_AUTH_TOKEN": "s3cret"},
        TWILIO_API_URL=running_sandbox.url,
    )
    assert code == 1
    wrong = [line for line in said.splitlines() if line.startswith("WRONG")]
    assert [line.split(":")[0].split(maxsplit=1)[1] for line in wrong] == [
        "Database",
        "Slack",
        "Socket Mode",
        "Mail server",
        "Text messages",
    ]
    assert "SLACK_BOT_TOKEN is refused: invalid_auth" in said
    assert "s3cret" not in said


def test_the_doctor_says_when_slack_cannot_be_reached(run: Run, database: Database) -> None:
    code, said = run("doctor")
    assert code == 1
    assert "WRONG  Slack:" in said
    assert "SMTP_URL is not set" in said
    assert "Text messages: off" in said


# Practices


def test_practices_are_listed(run: Run, database: Database) -> None:
    assert run("practice") == (0, "No practice yet.\n")
    office(database)
    code, said = run("practice")
    assert code == 0
    assert said == "T_BIRCH  Birch & Co: uk, essentials, 0 of 50 clients, set up\n"


def test_a_practice_and_its_colleagues_are_changed(run: Run, database: Database, birch: Office) -> None:
    firm = "--team T_BIRCH --region ca --plan advanced --bundle 75 --dhi on --add-team North --add-team South"
    sam = "--team T_BIRCH --colleague U_SAM --role client_admin --may-add-clients on --join North"
    for words in (firm, sam):
        assert run("practice", *words.split())[0] == 0
    with database.read() as session:
        practice = session.scalars(select(Practice)).one()
        colleague = session.get_one(Colleague, birch.sam.colleague_id)
        teams = session.scalars(select(Team.name).order_by(Team.name)).all()
    assert (practice.region, practice.plan, practice.bundle) == (Region.CANADA, Plan.ADVANCED, 75)
    assert practice.has_dhi
    assert (colleague.role, colleague.may_add_clients, teams) == (Role.CLIENT_ADMIN, True, ["North", "South"])


def test_only_what_was_changed_of_a_practice_is_in_its_audit_trail(run: Run, database: Database, birch: Office) -> None:
    def entries() -> list[tuple[str, dict[str, Any] | None, dict[str, Any] | None]]:
        with database.read() as session:
            found = session.scalars(
                select(AuditEntry).where(AuditEntry.source == Source.OPERATOR).order_by(AuditEntry.id)
            )
            return [(each.action, each.before, each.after) for each in found]

    before = len(entries())
    for words in ("--colleague U_SAM --role client_admin", "--region uk --bundle 50", "--region ca --bundle 50"):
        assert run("practice", "--team", "T_BIRCH", *words.split())[0] == 0
    assert entries()[before:] == [
        ("colleague.changed", {"role": "standard"}, {"role": "client_admin"}),
        ("practice.changed", {"region": "uk"}, {"region": "ca"}),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--team T_NOBODY --bundle 5", "No practice has the Slack id T_NOBODY."),
        ("--team T_BIRCH --bundle 0", "The bundle is a whole number"),
        ("--team T_BIRCH --colleague U_NOBODY --role standard", "U_NOBODY has not used Clientdesk"),
        ("--team T_BIRCH --colleague U_ADA --role standard", "is the last Practice Admin"),
        ("--team T_BIRCH --colleague U_SAM --join West", "has no team called West"),
    ],
)
def test_what_cannot_be_changed_is_said(run: Run, birch: Office, words: str, said: str) -> None:
    code, answer = run("practice", *words.split())
    assert code == 1
    assert said in answer


# Jobs


def fail(database: Database, error: str) -> uuid.UUID:
    queue = Jobs(database)
    with database.begin() as session:
        jobs.put(session, NewJob(lane=Lane.SMS, kind="test.sms", key="test.1"))
    [claim] = queue.claim(Lane.SMS, 1, timedelta(minutes=1))
    queue.fail(claim, error)
    return claim.id


def test_jobs_are_counted_and_the_failed_ones_shown(run: Run, database: Database, birch: Office) -> None:
    failed = fail(database, "No such number")
    code, said = run("jobs")
    assert code == 0
    assert "slack     1 due, 0 waiting, 0 failed" in said
    assert "sms       0 due, 0 waiting, 1 failed" in said
    assert str(failed) in said
    assert "No such number" in said


def test_a_failed_job_is_run_again_once(run: Run, database: Database) -> None:
    failed = fail(database, "No such number")
    assert run("jobs", "--again", str(failed)) == (0, "It will run again.\n")
    with database.read() as session:
        assert session.get_one(Job, failed).due is not None
    assert run("jobs", "--again", str(failed)) == (1, "No failed job has this id.\n")
