"""Several processes, and processes that die."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from db.models import Client, Invitation, InvitationStatus, Job
from db.session import Database
from sandbox.mail import Mailroom
from services.add_client.records import CreatedClient
from services.add_client.service import AddClientService
from services.keys import Keyring
from services.operator import OperatorService
from services.people import PeopleService
from tests.builders import KEYS, office, profile, to_review
from tests.processes.conftest import KEY, SECRET, environment, running, web_processes
from tests.requests import pressing_create, signed

AT_ONCE = 50


def test_of_fifty_creates_in_two_processes_one_gets_the_last_place(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with closing(database):
        office(database, bundle=1)
        service = AddClientService(database, KEYS, extract_domain="extract.example")
        met, operator = PeopleService(database), OperatorService(database)
        bodies = []
        for number in range(AT_ONCE):
            user = f"U_{number}"
            actor = met.first_contact("T_BIRCH", "", profile(user, f"Person {number}")).actor
            operator.change_colleague("T_BIRCH", user, may_add_clients=True)
            bodies.append(pressing_create(user, to_review(service, actor, details={"name": f"Client {number}"})))
        start = threading.Barrier(AT_ONCE)

        def press(number: int) -> dict[str, Any]:
            start.wait()
            body = bodies[number]
            url = f"{urls[number % 2]}/slack/events"
            answer: dict[str, Any] = httpx.post(url, content=body, headers=signed(body, SECRET), timeout=60).json()
            return answer

        with web_processes(postgresql_url, 2) as processes, ThreadPoolExecutor(AT_ONCE) as pool:
            urls = list(processes)
            answers = list(pool.map(press, range(AT_ONCE)))
        won = [answer for answer in answers if answer["response_action"] == "update"]
        refused = [answer for answer in answers if answer["response_action"] == "push"]
        assert (len(won), len(refused)) == (1, AT_ONCE - 1)
        assert all("this client was not created" in str(answer["view"]["blocks"]) for answer in refused)
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(Client)) == 1


def test_several_processes_serve_one_port_and_stop_together(postgresql_url: str) -> None:
    with web_processes(postgresql_url, 1, "--workers", "2") as processes:
        [(url, process)] = processes.items()
        with httpx.Client() as kept:
            assert {kept.get(f"{url}/readyz").status_code for _ in range(20)} == {200}
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.chaos
def test_an_email_is_sent_once_after_its_worker_was_killed_before_sending_it(database_url: str) -> None:
    database = Database(database_url)
    with closing(database), socket.create_server(("127.0.0.1", 0)) as deaf:
        people = office(database)
        service = AddClientService(database, Keyring([KEY]), extract_domain="extract.example")
        contact = {"invite": "now", "contact_name": "Cy", "contact_email": "cy@example.com"}
        page = to_review(service, people.ada, invite=contact)
        assert isinstance(service.create(people.ada, page.draft_id, revision=page.revision), CreatedClient)

        def settings(port: int) -> dict[str, str]:
            smtp = f"smtp://127.0.0.1:{port}?tls=none"
            return environment(database_url, SMTP_URL=smtp, EMAIL_FROM="hello@clientdesk.example")

        with running("worker", settings(deaf.getsockname()[1])) as worker:
            deaf.settimeout(20)
            connection, _ = deaf.accept()  # the worker has begun, and waits for a greeting that never comes
            worker.kill()
            connection.close()
        with database.begin() as session:  # as if the dead worker's lease had run out
            session.execute(update(Job).where(Job.due.is_not(None)).values(due=database.now() - timedelta(seconds=1)))

        mailroom = Mailroom(port=0)
        mailroom.start()
        try:
            with running("worker", settings(mailroom.port)):
                _wait_until_finished(database)
            assert len(mailroom.messages) == 1
        finally:
            mailroom.stop()
        with database.read() as session:
            assert session.scalars(select(Invitation.status)).one() is InvitationStatus.SENT


def _wait_until_finished(database: Database) -> None:
    """Until the mail job is over; its worker says so in the database, which is asked again and again."""
    done = threading.Event()
    for _ in range(200):
        with database.read() as session:
            if session.scalar(select(Job.due).where(Job.kind == "invitation.send_email")) is None:
                return
        done.wait(0.05)
    raise AssertionError("the mail job did not finish")
