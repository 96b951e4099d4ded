"""A process of which eight threads want an access token at the same moment. Prints what they got."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from db import models
from db.session import Database
from services.accounting.http import ProviderPool
from services.accounting.tokens import TokenManager
from services.keys import Keyring
from tests.services.accounting.conftest import xero_at

THREADS = 8


def _run(database_url: str, key: str, provider_url: str, authorisation_id: UUID) -> None:
    database, pool = Database(database_url), ProviderPool()
    manager = TokenManager(database, Keyring([key]), {models.Provider.XERO: xero_at(provider_url, pool)})
    begin = threading.Barrier(THREADS)

    def want(_: int) -> str:
        begin.wait()
        return manager.access_token(authorisation_id)

    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as threads:
        print(json.dumps(list(threads.map(want, range(THREADS)))), flush=True)
    database.close()
    pool.clear()


if __name__ == "__main__":
    _run(sys.argv[1], sys.argv[2], sys.argv[3], UUID(sys.argv[4]))
