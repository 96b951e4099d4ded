"""The pages for people who have no Slack: a client user's browser, server-rendered, without scripts."""

from handlers.pages.invitation import routes

__all__ = ["routes"]
