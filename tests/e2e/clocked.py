"""`python -m tests.e2e.clocked`: web and worker in one process like `python -m bot`, by a clock that a story moves.

The file that CLOCK names holds by how many seconds that clock is ahead. What its ticks would have done by then is done
when it is moved, and CLOCK with `.done` at its end says up to where.
"""

import logging
import os
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

from bot import commands
from bot.composition import Composition
from bot.logging import set_up as set_up_logging
from bot.serve import serve
from bot.settings import Settings
from db.session import utc_now

LOOKS_EVERY = 0.05
log = logging.getLogger(__name__)


class MovedClock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._done = path.with_suffix(".done")
        self._ahead = path.read_text()

    def now(self) -> datetime:
        return utc_now() + timedelta(seconds=float(self._ahead))

    def follow(self, composition: Composition, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.wait(LOOKS_EVERY):
            ahead = self._path.read_text()
            if ahead and ahead != self._ahead:
                self._ahead = ahead
                try:
                    composition.services.invitations.expire()
                    composition.services.reminders.sweep()
                    composition.services.solo_deadlines.tick()
                    composition.services.permission_ending.sweep()
                except Exception:
                    log.exception("A tick failed")
                self._done.write_text(ahead)


def main() -> int:
    settings = Settings.from_environment(os.environ)
    set_up_logging(settings.log_level, settings.log_format)
    commands.migrate(settings)
    clock = MovedClock(Path(os.environ["CLOCK"]))
    stop = threading.Event()
    with Composition(settings, now=clock.now) as composition, composition.working():
        following = threading.Thread(target=clock.follow, args=[composition, stop])
        following.start()
        try:
            serve(composition)
        finally:
            stop.set()
            following.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
