"""How much each provider allows."""

from datetime import timedelta

import pytest

from db.models import Provider
from services.accounting import budgets
from services.pace import Bucket, endless

XERO = budgets.xero()


def test_a_call_for_an_organisation_takes_from_three_budgets_and_any_other_from_one() -> None:
    minute, day = timedelta(minutes=1), timedelta(days=1)
    app = Bucket("xero:app", minute / 7_000, 2_500)
    assert list(XERO.of(Provider.XERO, None)) == [app]
    assert list(XERO.of(Provider.XERO, "acme")) == [
        app,
        Bucket("xero:acme", minute / 27, 30),
        Bucket("xero:acme:day", day / 2_250, 2_500),
    ]


def test_sage_has_no_limit_for_all_businesses_together() -> None:
    assert list(budgets.sage().of(Provider.SAGE, "1")) == [
        endless("sage:app"),
        Bucket("sage:1", timedelta(minutes=1) / 45, 50),
        Bucket("sage:1:day", timedelta(days=1) / 1_125, 1_250),
    ]


@pytest.mark.parametrize(
    ("left", "said", "calls", "overdrawn"),
    [
        (29, 59, 1, False),
        (29, 20, 1, False),  # others' calls, under way
        (29, 13, 1, True),
        (10, 4, 5, True),  # another such round would be refused
        (3, 4, 5, False),
        (0, 0, 1, True),
    ],
)
def test_only_what_a_provider_says_clearly_counts(left: int, said: int, calls: int, overdrawn: bool) -> None:
    assert XERO.tenant_minute is not None
    assert XERO.tenant_minute.is_overdrawn(left, said, calls) is overdrawn
