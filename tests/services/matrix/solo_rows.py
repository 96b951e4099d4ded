"""What concerns self-employed clients. The client of these tests is a business, so each is told that it is."""

import uuid

from tests.services.matrix.rules import Rule, row

_SOURCE = {"name": "Window cleaning", "business_type": "self_employment"}

SOLO = [
    row(
        "solo.numbers",
        Rule.OPENS_CLIENT,
        lambda c: c.services.solo.numbers(c.actor, c.at.client),
        succeeds=False,
    ),
    row(
        "solo.change_numbers",
        Rule.OPENS_CLIENT,
        lambda c: c.services.solo.change_numbers(c.actor, c.at.client, {}),
        succeeds=False,
    ),
    row(
        "solo.source",
        Rule.OPENS_CLIENT,
        lambda c: c.services.solo.source(c.actor, c.at.client, None),
        succeeds=False,
    ),
    row(
        "solo.keep_source",
        Rule.OPENS_CLIENT,
        lambda c: c.services.solo.keep_source(c.actor, c.at.client, uuid.uuid4(), _SOURCE),
        succeeds=False,
    ),
]
