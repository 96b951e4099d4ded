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
                if subprocess.run(alembic, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=False).returncode:
                    sys.exit(f"alembic {' '.join(command)} failed on {url.partition(':')[0]}.")


if __name__ == "__main__":
    main()
