"""What the words after `python -m bot` mean: the processes and the operator's commands."""

import argparse
import os
import signal
import sys
import threading
import uuid
from collections.abc import Sequence
from types import FrameType

from bot import commands
from bot.composition import WEB_CONNECTIONS, WORKER_CONNECTIONS, Composition
from bot.logging import set_up as set_up_logging
from bot.settings import Settings, SettingsError


def main(words: Sequence[str] | None = None) -> int:
    """`words` are the command's; those of the process by default."""
    arguments = _parser().parse_args(words)
    if arguments.command == "keys":
        return commands.new_key()
    if arguments.command == "manifest":
        return commands.manifest(arguments.url)
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        print(f"Clientdesk can't start. {error}", file=sys.stderr)
        return 2
    set_up_logging(settings.log_level, settings.log_format)
    match arguments.command:
        case "migrate":
            return commands.migrate(settings)
        case "doctor":
            return commands.doctor(settings)
        case "practice":
            return commands.practice(settings, arguments)
        case "jobs":
            return commands.jobs(settings, arguments)
        case "web":
            return _web(settings, arguments.workers)
        case "worker":
            return _worker(settings)
        case _:
            return _all(settings)


def _web(settings: Settings, workers: int) -> int:
    from bot.serve import serve, serve_many

    if workers > 1:
        serve_many(settings, workers)
        return 0
    with Composition(settings, connections=WEB_CONNECTIONS) as composition:
        serve(composition)
    return 0


def _worker(settings: Settings) -> int:
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    with Composition(settings, connections=WORKER_CONNECTIONS) as composition, composition.working():
        stop.wait()
    return 0


def _all(settings: Settings) -> int:
    from bot.serve import serve

    commands.migrate(settings)
    with Composition(settings) as composition, composition.working():
        serve(composition)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Clientdesk. Without a command: web and worker in one process."
    )
    sub = parser.add_subparsers(dest="command", metavar="COMMAND")
    sub.add_parser("all", help="web and worker in one process (the default); brings the database up to date first")
    web = sub.add_parser("web", help="Slack's requests and the invitation pages")
    web.add_argument("--workers", type=int, default=1, metavar="N", help="processes to serve with")
    sub.add_parser("worker", help="e-mails, messages and reminders")
    sub.add_parser("migrate", help="bring the database up to date")
    sub.add_parser("doctor", help="check the settings, the database, Slack and the mail server")
    practice = sub.add_parser("practice", help="show or change practices")
    commands.practice_arguments(practice)
    jobs = sub.add_parser("jobs", help="what is due, and what failed")
    jobs.add_argument("--again", metavar="ID", type=uuid.UUID, help="run a failed job again")
    sub.add_parser("keys", help="print a new key for ENCRYPTION_KEYS")
    manifest = sub.add_parser("manifest", help="print the Slack app's manifest")
    manifest.add_argument("--url", required=True, help="the address under which Slack reaches the web process")
    return parser
