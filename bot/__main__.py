"""`python -m bot`."""

import gc
import sys


def start() -> int:
    # What imports make stays. Looking through it again and again would take a tenth of the time to start.
    gc.disable()
    from bot.cli import main

    gc.freeze()
    gc.enable()
    return main()


if __name__ == "__main__":
    sys.exit(start())
