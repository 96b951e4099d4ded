"""Amounts and totals in words."""

from decimal import Decimal

from db.models import TaxSide

SIDES = {TaxSide.COSTS: "Costs", TaxSide.SALES: "Sales"}


def dollars(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def net(amount: Decimal) -> tuple[str, str]:
    """Its name, and how much."""
    return ("Loss", dollars(-amount)) if amount < 0 else ("Profit", dollars(amount))
