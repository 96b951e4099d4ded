"""Figures as a picture for Slack, readable on light and on dark: it brings its own ground.

matplotlib is imported when the first picture is drawn: it takes longer than all the rest of a worker's start. Nothing
here goes through pyplot, whose figures are global.
"""

import io
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Colour(StrEnum):
    """On the ground, each has a contrast of 4.5 or more: for text, and for bars all the more."""

    GROUND = "#ffffff"
    EDGE = "#70757f"
    INK = "#1d2026"
    SOFT_INK = "#565d68"
    BLUE = "#1d5fae"
    GREEN = "#1b7a46"
    AMBER = "#9a5b00"
    RED = "#b3261e"
    PURPLE = "#7a3e9d"
    GREY = "#646b76"


_TRACK = "#e9ebef"
"""What of the whole is not the bar; it says nothing that the figures don't."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`text` stands at the bar's end."""

    label: str
    value: int
    text: str
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Bars under a title. Without any, and below them, the note says what there is to say. A bar as long as can be
    stands for the `whole`."""

    title: str
    bars: tuple[Bar, ...]
    whole: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Two panels of up to five lying bars side by side, and one of standing bars, as wide as both, below. Its texts
    are in letters of European languages: no others are in the font."""

    title: str
    subtitle: str
    left: Panel
    right: Panel
    below: Panel


_WIDTH, _HEIGHT, _DOTS = 7.5, 6.9375, 160
_LEFT, _RIGHT, _GAP = 0.045, 0.955, 0.075
_MIDDLE = 0.5
_PANEL, _ROW, _LOWER_PANEL = 0.82, 0.068, 0.395
_TITLE, _TEXT, _SMALL, _TINY = 21, 14, 12.5, 11
_one_at_a_time = threading.Lock()
"""matplotlib's fonts are shared by its figures."""


def draw(picture: Picture) -> bytes:
    """A PNG of 1,200 by 1,110 dots."""
    with _one_at_a_time:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DOTS, facecolor=Colour.GROUND, edgecolor=Colour.EDGE)
        figure.set_linewidth(2)
        FigureCanvasAgg(figure)
        _write(figure, _LEFT, 0.93, picture.title, _TITLE, bold=True)
        _write(figure, _LEFT, 0.885, picture.subtitle, _SMALL, Colour.SOFT_INK)
        _lying(figure, picture.left, _LEFT, _MIDDLE - _GAP / 2)
        _lying(figure, picture.right, _MIDDLE + _GAP / 2, _RIGHT)
        _standing(figure, picture.below)
        content = io.BytesIO()
        figure.savefig(content, format="png")
        return content.getvalue()


def _lying(figure: "Figure", panel: Panel, left: float, right: float) -> None:
    _write(figure, left, _PANEL, panel.title, _TEXT, bold=True)
    top, whole = _PANEL - 0.02, max(panel.whole, 1)
    for row, bar in enumerate(panel.bars):
        # The label stands over its bar: beside it, the longest would take half of the width.
        line = top - row * _ROW - 0.03
        _write(figure, left, line, bar.label, _SMALL)
        _write(figure, right, line, bar.text, _SMALL, to_the_left=True)
        axes = _axes(figure, (left, line - 0.021, right - left, 0.014))
        axes.barh(0, whole, height=1, color=_TRACK)
        axes.barh(0, bar.value, height=1, color=bar.colour.value)
        axes.set_xlim(0, whole)
        axes.set_ylim(-0.5, 0.5)
    _write(figure, left, top - len(panel.bars) * _ROW - 0.012, panel.note, _SMALL, Colour.SOFT_INK, from_top=True)


def _standing(figure: "Figure", panel: Panel) -> None:
    _write(figure, _LEFT, _LOWER_PANEL, panel.title, _TEXT, bold=True)
    axes = _axes(figure, (_LEFT, 0.135, _RIGHT - _LEFT, 0.205))
    axes.bar(
        range(len(panel.bars)),
        [bar.value for bar in panel.bars],
        width=0.66,
        color=[bar.colour.value for bar in panel.bars],
    )
    axes.axhline(0, color=Colour.EDGE.value, linewidth=1.5)
    axes.set_xlim(-0.5, len(panel.bars) - 0.5)
    axes.set_ylim(0, max(panel.whole, 1) * 1.02)
    size = _SMALL if max(len(bar.text) for bar in panel.bars) < 6 else _TINY
    for column, bar in enumerate(panel.bars):
        for text, height, away, side, of in (
            (bar.text, bar.value, 4, "bottom", size),
            (bar.label, 0, -5, "top", _TINY),
        ):
            axes.annotate(
                text,
                (column, height),
                xytext=(0, away),
                textcoords="offset points",
                ha="center",
                va=side,
                fontsize=of,
                color=Colour.INK.value,
                annotation_clip=False,
                parse_math=False,
            )
    _write(figure, _LEFT, 0.028, panel.note, _SMALL, Colour.SOFT_INK)


def _axes(figure: "Figure", place: tuple[float, float, float, float]) -> "Axes":
    axes = figure.add_axes(place)
    axes.set_axis_off()
    return axes


def _write(
    figure: "Figure",
    x: float,
    y: float,
    text: str,
    size: float,
    colour: Colour = Colour.INK,
    *,
    bold: bool = False,
    to_the_left: bool = False,
    from_top: bool = False,
) -> None:
    figure.text(
        x,
        y,
        text,
        fontsize=size,
        color=colour.value,
        fontweight="bold" if bold else "normal",
        ha="right" if to_the_left else "left",
        va="top" if from_top else "baseline",
        linespacing=1.4,
        parse_math=False,
    )
