"""The migrations make the tables that the models describe, on SQLite and on PostgreSQL."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.postgresql import postgresql_server  # noqa: E402 - the path has to be set first


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, postgresql_server() as server:
        for url in (f"sqlite:///{folder}/clientdesk.db", server.url):
            for command in (["upgrade", "head"], ["check"]):
                alembic = [sys.executable, "-m", "alembic", *command]
                subprocess.run(alembic, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=True)
            print(f"The migrations fit the models on {url.partition(':')[0]}.", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
