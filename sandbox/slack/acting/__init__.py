"""What people do in Slack's client, and what the client makes of the app's answers."""

from sandbox.slack.acting.client import Outcome
from sandbox.slack.acting.pressing import Pressing
from sandbox.slack.acting.submitting import Submitting
from sandbox.slack.acting.talking import Talking

__all__ = ["Acting", "Outcome"]


class Acting(Talking, Pressing, Submitting):
    """People's actions. Each returns after the app acknowledged."""
