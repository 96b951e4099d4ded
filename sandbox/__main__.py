"""`python -m sandbox`: every stand-in in one process, on this machine only."""

import argparse
import json
from pathlib import Path
from typing import Any

from sandbox import options
from sandbox.app import SandboxConfig
from sandbox.running import HOST, serve
from sandbox.sage.world import SageSettings
from sandbox.sms.world import SmsSettings
from sandbox.xero.world import XeroSettings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--bot-url", default="http://127.0.0.1:8000", help="where the app listens")
    parser.add_argument("--signing-secret", default=SandboxConfig.signing_secret)
    parser.add_argument("--client-id", default="", help="accept only this client id when the app is installed")
    parser.add_argument("--client-secret", default="")
    parser.add_argument("--smtp-port", type=int, default=2525)
    parser.add_argument("--seed-file", type=Path, help="a workspace of your own, as JSON (see sandbox/slack/seed.py)")
    _accounting(parser)
    _sms(parser)
    parser.add_argument("--manifest", type=Path, help="the app's manifest; ./manifest.json when there is one")
    return parser


def _accounting(parser: argparse.ArgumentParser) -> None:
    xero, sage = XeroSettings(), SageSettings()
    parser.add_argument("--xero-client-id", default=xero.client_id)
    parser.add_argument("--xero-client-secret", default=xero.client_secret)
    options.add_xero(parser)
    parser.add_argument("--sage-client-id", default=sage.client_id)
    parser.add_argument("--sage-client-secret", default=sage.client_secret)
    parser.add_argument("--sage-businesses", type=int, default=sage.businesses, metavar="N")


def _sms(parser: argparse.ArgumentParser) -> None:
    sms = SmsSettings()
    parser.add_argument("--twilio-account-sid", default=sms.account_sid)
    parser.add_argument("--twilio-auth-token", default=sms.auth_token)
    parser.add_argument("--twilio-from", default=sms.sender, metavar="NUMBER")


def _read(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def main() -> None:
    asked = _parser().parse_args()
    manifest = asked.manifest or Path("manifest.json")
    config = SandboxConfig(
        bot_url=asked.bot_url,
        signing_secret=asked.signing_secret,
        smtp_port=asked.smtp_port,
        seed=_read(asked.seed_file),
        manifest=_read(manifest) if asked.manifest or manifest.exists() else None,
        client_id=asked.client_id,
        client_secret=asked.client_secret,
        xero=options.xero(asked, client_id=asked.xero_client_id, client_secret=asked.xero_client_secret),
        sage=SageSettings(
            client_id=asked.sage_client_id,
            client_secret=asked.sage_client_secret,
            businesses=asked.sage_businesses,
        ),
        sms=SmsSettings(
            account_sid=asked.twilio_account_sid,
            auth_token=asked.twilio_auth_token,
            sender=asked.twilio_from,
        ),
    )
    serve(config, asked.port, _say)


def _say(port: int, smtp_port: int) -> None:
    address = f"http://{HOST}:{port}/"
    print(f"Sandbox: {address}  Slack API: {address}api/  SMTP: {smtp_port}", flush=True)


if __name__ == "__main__":
    main()
