"""How the stand-in Xero behaves, as options of the command line: of the sandbox alone and of the demo."""

import argparse

from sandbox.xero.world import XeroSettings

_USUAL = XeroSettings()
_USERS_WHO_SEE_ALL = 2


def add_xero(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--xero-organisations", type=int, default=_USUAL.organisations, metavar="N", help="how many there are at Xero"
    )
    parser.add_argument("--xero-bulk", action="store_true", help="one consent connects several organisations")
    parser.add_argument(
        "--xero-connection-cap", type=int, metavar="N", help="how many the app may connect; otherwise enough for all"
    )
    parser.add_argument("--xero-plain", action="store_true", help="no awkward names and answers")
    parser.add_argument("--xero-latency", type=float, default=_USUAL.latency, metavar="SECONDS")
    parser.add_argument("--xero-app-calls-per-minute", type=int, default=_USUAL.app_calls_per_minute, metavar="N")


def xero(
    asked: argparse.Namespace, *, client_id: str = _USUAL.client_id, client_secret: str = _USUAL.client_secret
) -> XeroSettings:
    enough = max(_USUAL.connection_cap, (_USERS_WHO_SEE_ALL + 1) * asked.xero_organisations)
    return XeroSettings(
        client_id=client_id,
        client_secret=client_secret,
        organisations=asked.xero_organisations,
        odd=not asked.xero_plain,
        bulk=asked.xero_bulk,
        connection_cap=enough if asked.xero_connection_cap is None else asked.xero_connection_cap,
        latency=asked.xero_latency,
        app_calls_per_minute=asked.xero_app_calls_per_minute,
    )


def xero_arguments(settings: XeroSettings) -> list[str]:
    """What `python -m sandbox` is started with to behave like this."""
    switches = {"--xero-bulk": settings.bulk, "--xero-plain": not settings.odd}
    values = {
        "--xero-client-id": settings.client_id,
        "--xero-client-secret": settings.client_secret,
        "--xero-organisations": settings.organisations,
        "--xero-connection-cap": settings.connection_cap,
        "--xero-latency": settings.latency,
        "--xero-app-calls-per-minute": settings.app_calls_per_minute,
    }
    given = [part for name, value in values.items() for part in (name, str(value))]
    return [*given, *(name for name, on in switches.items() if on)]
