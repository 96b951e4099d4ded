"""`python -m benchmarks [ONLY…]`: what the product costs, beside its floors.

Timing never fails it: a machine shared with others says little about one run. It fails when a benchmark breaks.
"""

import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import app_home, client_sync, commands, jobs, reminders, search, start_up, uploads, wizard
from benchmarks.report import Result

LATEST = Path(__file__).parent / "latest.json"
BENCHMARKS: Mapping[str, Callable[[], dict[str, Result]]] = {
    "command": commands.run,
    "wizard": wizard.run,
    "start_up": start_up.run,
    "jobs": jobs.run,
    "client_sync": client_sync.run,
    "reminders": reminders.run,
    "app_home": app_home.run,
    "search": search.run,
    "uploads": uploads.run,
}
"""By the beginning of their figures' names. Each measures, prints and gives its figures."""


def main(
    only: Sequence[str],
    *,
    benchmarks: Mapping[str, Callable[[], dict[str, Result]]] = BENCHMARKS,
    latest: Path = LATEST,
) -> int:
    """Runs all, or those `only` names by themselves or by a figure, and keeps the others' last figures then."""
    for name in only:
        if not any(name.startswith(known) for known in benchmarks):
            print(f"No benchmark is called {name}. There are: {', '.join(benchmarks)}", file=sys.stderr)
            return 2
    results: dict[str, Result] = json.loads(latest.read_text()) if only and latest.exists() else {}
    broken = False
    for known, run in benchmarks.items():
        if only and not any(name.startswith(known) for name in only):
            continue
        print(f"── {known}", flush=True)
        try:
            results |= run()
        except Exception:  # noqa: BLE001 - the others are still worth measuring
            traceback.print_exc()
            broken = True
    latest.write_text(json.dumps(results, indent=2) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
