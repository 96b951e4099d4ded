"""The operator's commands. They print for people and answer with an exit code."""

import argparse
import json
import smtplib
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from slack_sdk.errors import SlackApiError
from sqlalchemy import text

from bot.settings import Settings
from bot.slack_api import SlackTransport
from db.models import Plan, Region, Role
from db.session import Database
from services.accounting.http import ProviderPool
from services.delivery import sms
from services.delivery.email import SmtpMailer
from services.errors import ServiceError
from services.jobs import Jobs
from services.keys import Keyring
from services.operator import OperatorService

ROOT = Path(__file__).parent.parent


def new_key() -> int:
    print(Fernet.generate_key().decode())
    return 0


def manifest(url: str) -> int:
    """Prints the Slack app's manifest with the address of this installation in it."""
    content = (ROOT / "manifest.json").read_text(encoding="utf-8")
    print(json.dumps(json.loads(content.replace("https://clientdesk.example", url.rstrip("/"))), indent=2))
    return 0


def migrate(settings: Settings) -> int:
    from alembic import command
    from alembic.config import Config

    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = settings.database_url
    command.upgrade(config, "head")
    return 0


def doctor(settings: Settings) -> int:
    """Tries everything that the processes need, and says what is wrong and where to mend it."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Database", lambda: _check_database(settings)),
        ("Encryption keys", lambda: _check_keys(settings)),
        ("Slack", lambda: _check_slack(settings)),
        ("Socket Mode", lambda: _check_socket_mode(settings)),
        ("Mail server", lambda: _check_mail(settings)),
        ("Text messages", lambda: _check_texts(settings)),
    ]
    wrong = 0
    for name, check in checks:
        try:
            print(f"ok     {name}: {check()}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the operator reads it
            wrong += 1
            print(f"WRONG  {name}: {error}")
    return 1 if wrong else 0


def _check_database(settings: Settings) -> str:
    database = Database(settings.database_url, pool_size=1)
    try:
        with database.read() as session:
            version = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return f"{database.engine.dialect.name}, schema {version}"
    finally:
        database.close()


def _check_keys(settings: Settings) -> str:
    Keyring(settings.keys)
    return f"{len(settings.keys)} in ENCRYPTION_KEYS"


def _check_slack(settings: Settings) -> str:
    if settings.slack_bot_token is None:
        return f"many workspaces; they install at {settings.public_url}/slack/install"
    transport = SlackTransport(settings.slack_api_url)
    try:
        answer = transport.client(settings.slack_bot_token.get_secret_value()).auth_test()
    except SlackApiError as error:
        raise RuntimeError(f"SLACK_BOT_TOKEN is refused: {error.response['error']}") from None
    finally:
        transport.close()
    return f"{answer['team']}, as {answer['user']}"


def _check_socket_mode(settings: Settings) -> str:
    if settings.slack_app_token is None:
        return f"off: SLACK_APP_TOKEN is not set, so Slack sends its requests to {settings.public_url}/slack/events"
    transport = SlackTransport(settings.slack_api_url)
    try:
        transport.client(None).apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as error:
        raise RuntimeError(f"SLACK_APP_TOKEN is refused: {error.response['error']}") from None
    finally:
        transport.close()
    return "on"


def _check_mail(settings: Settings) -> str:
    if settings.smtp_url is None:
        return "none: SMTP_URL is not set, so nobody can be invited by e-mail"
    try:
        return SmtpMailer.from_url(settings.smtp_url.get_secret_value()).check()
    except (OSError, smtplib.SMTPException) as error:
        raise RuntimeError(f"SMTP_URL: {error}") from None


def _check_texts(settings: Settings) -> str:
    from bot.composition import texter

    pool = ProviderPool(timeout=sms.TIMEOUT)
    try:
        twilio = texter(settings, pool)
        if twilio is None:
            return "off: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM are not set"
        return twilio.check()
    except (sms.UndeliveredError, sms.RefusedError) as error:
        raise RuntimeError(f"TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN: {error}") from None
    finally:
        pool.clear()


def practice_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--team", metavar="ID", help="the Slack team's (or enterprise's) id; without it, all are listed"
    )
    parser.add_argument("--region", choices=[region.value for region in Region])
    parser.add_argument("--plan", choices=[plan.value for plan in Plan])
    parser.add_argument("--bundle", type=int, metavar="N", help="client accounts that the subscription includes")
    parser.add_argument("--dhi", choices=["on", "off"], help="the add-on Data Health & Insights")
    parser.add_argument("--add-team", action="append", default=[], metavar="NAME", help="add a team of colleagues")
    parser.add_argument("--colleague", metavar="USER", help="the Slack id of a colleague to change")
    parser.add_argument("--role", choices=[role.value for role in Role], help="with --colleague")
    parser.add_argument("--may-add-clients", choices=["on", "off"], help="with --colleague")
    parser.add_argument("--join", metavar="TEAM", help="with --colleague: add them to a team of colleagues")


def practice(settings: Settings, arguments: argparse.Namespace) -> int:
    database = Database(settings.database_url, pool_size=1)
    operator = OperatorService(database)
    try:
        if arguments.team is None:
            print("\n".join(operator.practices()) or "No practice yet.")
            return 0
        operator.change_practice(
            arguments.team,
            region=Region(arguments.region) if arguments.region else None,
            plan=Plan(arguments.plan) if arguments.plan else None,
            bundle=arguments.bundle,
            has_dhi=_switch(arguments.dhi),
            new_teams=arguments.add_team,
        )
        if arguments.colleague:
            operator.change_colleague(
                arguments.team,
                arguments.colleague,
                role=Role(arguments.role) if arguments.role else None,
                may_add_clients=_switch(arguments.may_add_clients),
                join=arguments.join,
            )
    except ServiceError as error:
        print(error.message, file=sys.stderr)
        return 1
    finally:
        database.close()
    print("Done.")
    return 0


def _switch(value: str | None) -> bool | None:
    return None if value is None else value == "on"


def jobs(settings: Settings, arguments: argparse.Namespace) -> int:
    database = Database(settings.database_url, pool_size=1)
    try:
        queue = Jobs(database)
        if arguments.again:
            found = queue.run_again(arguments.again)
            print("It will run again." if found else "No failed job has this id.")
            return 0 if found else 1
        for lane, count in queue.counts().items():
            print(f"{lane:9} {count.due} due, {count.waiting} waiting, {count.failed} failed")
        for failed in queue.failed(20):
            print(f"\n{failed.id}  {failed.kind}  {failed.failed_at:%Y-%m-%d %H:%M} UTC after {failed.tries} tries")
            print(f"    {failed.error}")
        return 0
    finally:
        database.close()
