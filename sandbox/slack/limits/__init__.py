"""Slack's limits on views and messages: one validator for the stand-in server and for tests of the product."""

from collections.abc import Mapping
from typing import Any, Literal

from sandbox.slack.limits.problem import Problem
from sandbox.slack.limits.surfaces import Surfaces

__all__ = ["Problem", "Surface", "check_message", "check_options", "check_view"]

Surface = Literal["modal", "home"]


def check_view(view: Mapping[str, Any], surface: Surface = "modal") -> list[Problem]:
    """Everything Slack would refuse in a view for this surface; an empty list when it is fine.

    What is inside must be as parsed from JSON: dicts, lists, strings, numbers, booleans.
    """
    check = Surfaces("invalid_arguments", surface)
    check.view(view)
    return check.problems


def check_message(payload: Mapping[str, Any]) -> list[Problem]:
    """Everything Slack would refuse in a message's text, blocks and metadata; an empty list when it is fine."""
    check = Surfaces("invalid_blocks", "message")
    check.message(payload)
    return check.problems


def check_options(answer: object) -> list[Problem]:
    """Everything Slack would refuse in an app's answer to an options request."""
    check = Surfaces("invalid_arguments", "modal")
    if not isinstance(answer, dict) or ("options" in answer) == ("option_groups" in answer):
        check.bad("", "must define either options or option_groups")
    else:
        check.options_of(answer, "", empty_allowed=True)
    return check.problems
