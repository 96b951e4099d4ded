"""Refresh discipline: one at a time, kept before use, nothing sent that may be held for stolen."""

import json
import logging
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update
from typing_extensions import override
from uuid_utils.compat import uuid7

from db import models
from db.models import AuditEntry, Authorisation, Connection, ConnectionStatus, Source
from db.session import Database
from services.accounting.http import ProviderPool
from services.accounting.port import (
    AccessExpired,
    AnswerLost,
    AuthorisationDead,
    ClientRejected,
    Limited,
    ProviderUnavailable,
    Tokens,
)
from services.accounting.tokens import LEASE, SHORTEST_REPLAY, TokenManager
from services.accounting.xero import Xero
from services.actor import Actor
from services.clients.index import index_clients
from services.errors import NotFoundError
from services.keys import Keyring
from tests.builders import KEYS, Office, add_client, created, office
from tests.fakes import Clock
from tests.services.accounting.conftest import Providers
from tests.services.accounting.provider import GRACE, TOKEN, Extended, Lost, Provider, Reply, running

ROOT = Path(__file__).parents[3]
INVALID_GRANT = Reply(400, {"error": "invalid_grant"})
HALF_AN_HOUR = timedelta(minutes=30)


def authorised(
    database: Database,
    actor: Actor,
    provider: Provider,
    *,
    user: str = "ada",
    keys: Keyring = KEYS,
    of: models.Provider = models.Provider.XERO,
) -> uuid.UUID:
    """An authorisation whose access token is good for half an hour."""
    access, refresh = provider.sign_in(user)
    now = database.now()
    row = Authorisation(
        id=uuid7(),
        practice_id=actor.practice_id,
        colleague_id=actor.colleague_id,
        provider=of,
        provider_user_id=user,
        access_token=keys.encrypt(access),
        access_expires_at=now + HALF_AN_HOUR,
        refresh_token=keys.encrypt(refresh),
        version=1,
        refreshed_at=now,
    )
    with database.begin() as session:
        session.add(row)
    return row.id


def connected(
    database: Database,
    actor: Actor,
    authorisation_id: uuid.UUID,
    tenant: str,
    status: ConnectionStatus = ConnectionStatus.CONNECTED,
) -> uuid.UUID:
    """A client, connected to `tenant`."""
    client = created(add_client(database), actor, f"Client of {tenant}")
    now = database.now()
    with database.begin() as session:
        session.add(
            Connection(
                client_id=client.client_id,
                practice_id=actor.practice_id,
                provider=models.Provider.XERO,
                authorisation_id=authorisation_id,
                provider_connection_id=f"link-{tenant}",
                tenant_id=tenant,
                organisation_name=f"{tenant.title()} Ltd",
                status=status,
                connected_at=now,
                refreshed_at=now,
            )
        )
        index_clients(session, [client.client_id])
    return client.client_id


def statuses(database: Database) -> dict[str, ConnectionStatus]:
    with database.read() as session:
        return dict(session.execute(select(Connection.tenant_id, Connection.status)).all())


def kept(database: Database, authorisation_id: uuid.UUID) -> Authorisation:
    with database.read() as session:
        return session.get_one(Authorisation, authorisation_id)


def sent(provider: Provider) -> list[str]:
    return [asked.form["refresh_token"] for asked in provider.asked(TOKEN)]


@pytest.fixture
def ada(database: Database, birch: Office, provider: Provider) -> uuid.UUID:
    return authorised(database, birch.ada, provider)


@pytest.fixture
def first(database: Database, ada: uuid.UUID) -> str:
    """Ada's first refresh token."""
    return KEYS.decrypt(kept(database, ada).refresh_token)


def test_a_token_that_is_good_for_a_while_is_given_without_asking(
    tokens: TokenManager, database: Database, ada: uuid.UUID, provider: Provider, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR - timedelta(minutes=2))
    assert tokens.access_token(ada) == KEYS.decrypt(kept(database, ada).access_token)
    assert provider.asked() == []


def test_a_token_about_to_expire_is_refreshed_and_what_came_is_kept_encrypted(
    tokens: TokenManager, database: Database, ada: uuid.UUID, first: str, provider: Provider, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR - timedelta(seconds=30))
    provider.script(
        TOKEN, Extended({"access_token": "a2", "refresh_token": "the-second-refresh-token", "brand_new": 1})
    )

    assert tokens.access_token(ada) == "a2"

    row = kept(database, ada)
    assert sent(provider) == [first]
    assert (KEYS.decrypt(row.access_token), KEYS.decrypt(row.refresh_token)) == (
        "a2",
        "the-second-refresh-token",
    )
    assert row.previous_refresh_token is not None
    assert KEYS.decrypt(row.previous_refresh_token) == first
    assert (row.previous_until, row.access_expires_at) == (clock.now() + GRACE, clock.now() + HALF_AN_HOUR)
    assert (row.refreshing_until, row.refresh_sent_at, row.version) == (None, None, 2)
    assert b"the-second-refresh-token" not in row.refresh_token


def test_an_answer_without_a_refresh_token_leaves_the_one_there_is(
    tokens: TokenManager, database: Database, ada: uuid.UUID, first: str, provider: Provider, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR)
    provider.script(TOKEN, Extended({"refresh_token": None, "expires_in": None}))
    tokens.access_token(ada)
    assert KEYS.decrypt(kept(database, ada).refresh_token) == first


def test_the_rotated_token_is_kept_before_the_new_access_token_is_used(
    tokens: TokenManager, database: Database, ada: uuid.UUID, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR)

    def act(token: str) -> int:
        assert KEYS.decrypt(kept(database, ada).access_token) == token
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tokens.call(ada, act)
    assert kept(database, ada).version == 2


def test_a_refused_access_token_is_refreshed_once_and_the_call_made_once_more(
    tokens: TokenManager, ada: uuid.UUID, provider: Provider
) -> None:
    seen: list[str] = []

    def act(token: str) -> str:
        seen.append(token)
        if len(seen) == 1:
            raise AccessExpired(models.Provider.XERO)
        return "done"

    assert tokens.call(ada, act) == "done"
    assert len(set(seen)) == 2
    assert len(sent(provider)) == 1


def test_a_call_refused_with_new_tokens_too_fails(tokens: TokenManager, ada: uuid.UUID, provider: Provider) -> None:
    def act(_: str) -> None:
        raise AccessExpired(models.Provider.XERO)

    with pytest.raises(AccessExpired):
        tokens.call(ada, act)
    assert len(sent(provider)) == 1


def test_a_token_that_another_has_replaced_already_is_not_refreshed_again(
    tokens: TokenManager, ada: uuid.UUID, provider: Provider
) -> None:
    assert tokens.access_token(ada, refused="an earlier one") != "an earlier one"
    assert sent(provider) == []


def test_a_provider_whose_tokens_live_for_seconds_is_asked_once_for_each_call(
    tokens: TokenManager, ada: uuid.UUID, provider: Provider, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR)
    provider.script(TOKEN, Extended({"expires_in": 5, "access_token": "short"}))
    assert tokens.access_token(ada) == "short"
    assert len(sent(provider)) == 1


def test_eight_threads_in_each_of_two_processes_make_one_call_at_the_token_endpoint(database_url: str) -> None:
    key = Fernet.generate_key().decode()
    database = Database(database_url)
    with running(Provider()) as provider:
        authorisation_id = authorised(database, office(database).ada, provider, keys=Keyring([key]))
        with database.begin() as session:
            session.execute(update(Authorisation).values(access_expires_at=database.now()))
        command = [sys.executable, "-m", "tests.services.accounting.refresher"]
        command += [database_url, key, provider.url, str(authorisation_id)]
        processes = [
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        got = [token for process in processes for token in json.loads(process.communicate(timeout=30)[0])]

        assert len(provider.asked(TOKEN)) == 1
        assert got == [Keyring([key]).decrypt(kept(database, authorisation_id).access_token)] * 16
    database.close()


def test_those_who_wait_hold_no_transaction_and_take_what_the_first_one_got(
    database: Database, providers: Providers, ada: uuid.UUID, provider: Provider, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR)
    with database.begin() as session:
        session.execute(update(Authorisation).values(refreshing_until=clock.now() + LEASE))

    def refreshed_meanwhile(_: float) -> None:
        with database.begin() as session:  # would wait for ever, were a transaction open
            session.execute(
                update(Authorisation).values(
                    version=2,
                    access_token=KEYS.encrypt("theirs"),
                    access_expires_at=clock.now() + HALF_AN_HOUR,
                    refreshing_until=None,
                )
            )

    assert TokenManager(database, KEYS, providers, wait=refreshed_meanwhile).access_token(ada) == "theirs"
    assert sent(provider) == []


def test_a_refresh_whose_process_died_is_taken_over_when_its_lease_ends(
    tokens: TokenManager, database: Database, ada: uuid.UUID, provider: Provider, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR)
    with database.begin() as session:
        session.execute(update(Authorisation).values(refreshing_until=clock.now() + LEASE, refresh_sent_at=clock.now()))
    begun = clock.now()

    tokens.access_token(ada)

    assert clock.now() - begun >= LEASE
    assert len(sent(provider)) == 1


def test_nobody_waits_for_ever(
    database: Database, providers: Providers, ada: uuid.UUID, provider: Provider, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR)
    with database.begin() as session:
        session.execute(update(Authorisation).values(refreshing_until=clock.now() + timedelta(days=1)))
    waited: list[float] = []
    with pytest.raises(ProviderUnavailable):
        TokenManager(database, KEYS, providers, wait=waited.append).access_token(ada)
    assert 40 < sum(waited) < 50
    assert sent(provider) == []


def test_after_a_lost_answer_the_token_is_sent_once_more_within_its_grace(
    tokens: TokenManager, database: Database, ada: uuid.UUID, first: str, provider: Provider, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR)
    provider.script(TOKEN, Lost())

    got = tokens.access_token(ada)

    assert sent(provider) == [first, first]
    assert KEYS.decrypt(kept(database, ada).access_token) == got
    assert kept(database, ada).dead_at is None


def test_a_token_whose_answers_were_lost_is_sent_again_until_its_grace_ends_and_never_after(
    tokens: TokenManager, database: Database, birch: Office, ada: uuid.UUID, provider: Provider, clock: Clock
) -> None:
    connected(database, birch.ada, ada, "acme")
    clock.advance(HALF_AN_HOUR)
    provider.script(TOKEN, Lost(), Lost(), Lost(), Lost())
    for after in (timedelta(), GRACE - timedelta(seconds=1)):
        clock.advance(after)
        with pytest.raises(AnswerLost):
            tokens.access_token(ada)
    assert len(sent(provider)) == 4

    clock.advance(timedelta(seconds=1))
    with pytest.raises(AuthorisationDead):
        tokens.access_token(ada)

    assert len(sent(provider)) == 4
    assert statuses(database) == {"acme": ConnectionStatus.EXPIRED}


def test_a_single_use_token_is_sent_again_only_to_find_out_whether_it_arrived(
    tokens: TokenManager, database: Database, birch: Office, provider: Provider, clock: Clock
) -> None:
    provider.grace = timedelta()
    jo = authorised(database, birch.jo, provider, user="jo", of=models.Provider.SAGE)
    clock.advance(HALF_AN_HOUR)
    provider.script(TOKEN, Reply(200, b"<h1>Oops</h1>"), Reply(200, b"<h1>Oops</h1>"))
    with pytest.raises(AnswerLost):
        tokens.access_token(jo)
    clock.advance(SHORTEST_REPLAY)
    with pytest.raises(AuthorisationDead):
        tokens.access_token(jo)
    assert len(sent(provider)) == 2


def test_where_tokens_have_no_grace_the_one_before_is_not_kept(
    tokens: TokenManager, database: Database, birch: Office, provider: Provider, clock: Clock
) -> None:
    jo = authorised(database, birch.jo, provider, user="jo", of=models.Provider.SAGE)
    clock.advance(HALF_AN_HOUR)
    tokens.access_token(jo)
    assert (kept(database, jo).previous_refresh_token, kept(database, jo).previous_until) == (None, None)


def rotated(tokens: TokenManager, ada: uuid.UUID, clock: Clock) -> None:
    """Ada's second refresh token is the current one."""
    clock.advance(HALF_AN_HOUR)
    tokens.access_token(ada)


def test_a_refused_token_is_followed_by_the_one_before_it_within_its_grace(
    tokens: TokenManager, database: Database, ada: uuid.UUID, first: str, provider: Provider, clock: Clock
) -> None:
    rotated(tokens, ada, clock)
    current = KEYS.decrypt(kept(database, ada).refresh_token)
    provider.script(TOKEN, INVALID_GRANT)

    token = tokens.access_token(ada, refused=KEYS.decrypt(kept(database, ada).access_token))

    assert sent(provider) == [first, current, first]
    assert KEYS.decrypt(kept(database, ada).access_token) == token


def test_the_token_before_is_tried_once(
    tokens: TokenManager, database: Database, ada: uuid.UUID, provider: Provider, clock: Clock
) -> None:
    rotated(tokens, ada, clock)
    provider.script(TOKEN, INVALID_GRANT, Lost())
    for _ in range(2):
        with pytest.raises(AuthorisationDead):
            tokens.access_token(ada, refused=KEYS.decrypt(kept(database, ada).access_token))
    assert len(sent(provider)) == 3
    assert kept(database, ada).previous_refresh_token is None


def test_the_token_before_is_never_sent_after_its_grace(
    tokens: TokenManager, database: Database, ada: uuid.UUID, first: str, provider: Provider, clock: Clock
) -> None:
    rotated(tokens, ada, clock)
    clock.advance(GRACE)
    provider.script(TOKEN, INVALID_GRANT)
    with pytest.raises(AuthorisationDead):
        tokens.access_token(ada)
    assert sent(provider).count(first) == 1
    assert len(sent(provider)) == 2


def test_a_dead_authorisation_expires_all_that_rests_on_it_and_nothing_else(
    tokens: TokenManager, database: Database, birch: Office, ada: uuid.UUID, provider: Provider, clock: Clock
) -> None:
    other = authorised(database, birch.clem, provider, user="clem")
    connected(database, birch.ada, ada, "acme")
    connected(database, birch.ada, ada, "bolt")
    connected(database, birch.ada, ada, "gone", ConnectionStatus.DISCONNECTED)
    connected(database, birch.clem, other, "clems")
    clock.advance(HALF_AN_HOUR)
    provider.script(TOKEN, INVALID_GRANT)

    for _ in range(2):
        with pytest.raises(AuthorisationDead, match=r"The sign-in at Xero has ended\. Connect Xero again\."):
            tokens.access_token(ada)

    assert statuses(database) == {
        "acme": ConnectionStatus.EXPIRED,
        "bolt": ConnectionStatus.EXPIRED,
        "gone": ConnectionStatus.DISCONNECTED,
        "clems": ConnectionStatus.CONNECTED,
    }
    assert len(sent(provider)) == 1
    with database.read() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "authorisation.ended"))
        assert (entry.source, entry.subject_id, entry.practice_id) == (Source.WORKER, ada, birch.practice_id)
        assert entry.after == {"provider": "xero", "reason": "its refresh token was refused"}
        changed = session.scalars(select(AuditEntry).where(AuditEntry.action == "client.connection_changed")).all()
        assert [each.after for each in changed] == [{"status": "expired"}] * 2


def test_a_refusal_of_our_own_secret_expires_nothing_and_alerts_the_operator(
    tokens: TokenManager,
    database: Database,
    birch: Office,
    ada: uuid.UUID,
    provider: Provider,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    connected(database, birch.ada, ada, "acme")
    clock.advance(HALF_AN_HOUR)
    provider.script(TOKEN, Reply(401, {"error": "invalid_client"}))

    with pytest.raises(ClientRejected, match="alerted"):
        tokens.access_token(ada)

    row = kept(database, ada)
    assert (row.dead_at, row.refreshing_until, row.refresh_sent_at) == (None, None, None)
    assert statuses(database) == {"acme": ConnectionStatus.CONNECTED}
    [alert] = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert "XERO_CLIENT_SECRET" in alert.getMessage()
    tokens.access_token(ada)


@pytest.mark.parametrize(
    ("reply", "failure"), [(Reply(503, b""), ProviderUnavailable), (Reply(429, b""), Limited)], ids=str
)
def test_a_provider_that_can_not_answer_now_is_asked_again_later_with_the_same_token(
    tokens: TokenManager,
    database: Database,
    ada: uuid.UUID,
    first: str,
    provider: Provider,
    clock: Clock,
    reply: Reply,
    failure: type[Exception],
) -> None:
    clock.advance(HALF_AN_HOUR)
    provider.script(TOKEN, reply)
    with pytest.raises(failure):
        tokens.access_token(ada)
    clock.advance(GRACE * 10)
    tokens.access_token(ada)
    assert sent(provider) == [first, first]


class _Overtaken(Xero):
    """Between the provider's answer and our keeping it, something else happens."""

    meanwhile: Callable[[], None]

    @override
    def refresh(self, refresh_token: str) -> Tokens:
        answer = super().refresh(refresh_token)
        self.meanwhile()
        return answer


def test_an_answer_that_comes_after_another_process_refreshed_changes_nothing(
    database: Database,
    providers: Providers,
    ada: uuid.UUID,
    provider: Provider,
    pool: ProviderPool,
    clock: Clock,
) -> None:
    clock.advance(HALF_AN_HOUR)
    overtaken: list[str] = []

    def overtake() -> None:
        clock.advance(LEASE)
        overtaken.append(TokenManager(database, KEYS, providers).access_token(ada))

    frozen = _Overtaken(
        pool,
        client_id="app",
        client_secret="app-secret",
        login_url=provider.url,
        identity_url=provider.url,
        api_url=provider.url,
    )
    frozen.meanwhile = overtake

    assert [TokenManager(database, KEYS, {models.Provider.XERO: frozen}).access_token(ada)] == overtaken
    assert KEYS.decrypt(kept(database, ada).access_token) == overtaken[0]
    assert kept(database, ada).version == 2


def test_threads_of_one_process_make_one_call(
    database: Database, providers: Providers, ada: uuid.UUID, provider: Provider, clock: Clock
) -> None:
    clock.advance(HALF_AN_HOUR)
    manager = TokenManager(database, KEYS, providers)
    begin = threading.Barrier(8)

    def want(_: int) -> str:
        begin.wait()
        return manager.access_token(ada)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(want, range(8)))) == 1
    assert len(sent(provider)) == 1


def test_there_is_no_token_of_an_authorisation_that_is_gone(tokens: TokenManager, database: Database) -> None:
    with pytest.raises(NotFoundError):
        tokens.access_token(uuid7())
