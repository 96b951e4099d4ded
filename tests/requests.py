"""Signed requests as Slack sends them, made by hand where the same one must be sent many times."""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

from modals.add_client import ids
from services.add_client.records import WizardPage


def signed(body: bytes, secret: str) -> dict[str, str]:
    timestamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256)
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest.hexdigest()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


def pressing_create(user: str, page: WizardPage, team: str = "T_BIRCH") -> bytes:
    """The submission of a review page."""
    metadata = {"v": 1, "draft": str(page.draft_id), "step": page.step, "revision": page.revision}
    payload: dict[str, Any] = {
        "type": "view_submission",
        "team": {"id": team, "domain": "birch"},
        "user": {"id": user, "team_id": team},
        "api_app_id": "A_CLIENTDESK",
        "trigger_id": "1.2",
        "view": {
            "id": "V1",
            "type": "modal",
            "callback_id": ids.CREATE,
            "private_metadata": json.dumps(metadata),
            "state": {"values": {}},
            "blocks": [],
            "hash": "1.x",
            "team_id": team,
        },
        "is_enterprise_install": False,
        "enterprise": None,
    }
    return urlencode({"payload": json.dumps(payload)}).encode()
