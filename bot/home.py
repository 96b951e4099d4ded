"""App Home of those who may be looking at it, published anew when it differs from what Slack has."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

from slack_sdk import WebClient

from modals import home
from services.container import Services
from services.jobs import Claim
from services.overview.records import Home

Asking = Callable[[uuid.UUID], AbstractContextManager[WebClient]]
"""A practice's Slack; what it refuses is turned into what becomes of the job."""


def refreshing(services: Services, asking: Asking) -> Callable[[Claim], None]:
    def refresh(claim: Claim) -> None:
        page = services.home.refreshed(claim)
        if page is not None:
            _publish(services, asking, page)
        services.home.finish(claim)

    return refresh


def _publish(services: Services, asking: Asking, page: Home) -> None:
    view = home.page(page)
    digest = home.digest(view)
    if digest != page.digest:
        with asking(page.practice_id) as client:
            client.views_publish(user_id=page.slack_user_id, view=view)
        services.home.shown(page, digest)
