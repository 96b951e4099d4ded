"""The pages for people who have no Slack: a client user's browser, server-rendered, without scripts."""

from handlers.pages.invitation import routes
from handlers.pages.rendering import failure_page

__all__ = ["failure_page", "routes"]
