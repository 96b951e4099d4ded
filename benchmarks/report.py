"""Figures, floors and goals: how they are put and printed."""

from collections.abc import Sequence
from typing import Any

Result = dict[str, Any]
"""At least `ratio` and `goal`; the rest is what the ratio was made from."""


def line(name: str, result: Result, unit: str = "ms") -> str:
    return (
        f"{name}: {result['figure']:.2f} {unit}, floor {result['floor']:.2f} {unit}, "
        f"ratio {result['ratio']:.2f}, goal {result['goal']}"
    )


def quantile(values: Sequence[float], part: float) -> float:
    """The value that `part` of all values are at most."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]
