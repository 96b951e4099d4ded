"""`python -m sandbox`: every stand-in in one process, on this machine only."""

import argparse
import json
from pathlib import Path
from typing import Any

from sandbox.app import SandboxConfig
from sandbox.running import HOST, serve


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--bot-url", default="http://127.0.0.1:8000", help="where the app listens")
    parser.add_argument("--signing-secret", default=SandboxConfig.signing_secret)
    parser.add_argument("--client-id", default="", help="accept only this client id when the app is installed")
    parser.add_argument("--client-secret", default="")
    parser.add_argument("--smtp-port", type=int, default=2525)
    parser.add_argument("--seed-file", type=Path, help="a workspace of your own, as JSON (see sandbox/slack/seed.py)")
    parser.add_argument("--manifest", type=Path, help="the app's manifest; ./manifest.json when there is one")
    return parser


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
    )
    serve(config, asked.port, _say)


def _say(port: int, smtp_port: int) -> None:
    address = f"http://{HOST}:{port}/"
    print(f"Sandbox: {address}  Slack API: {address}api/  SMTP: {smtp_port}", flush=True)


if __name__ == "__main__":
    main()
