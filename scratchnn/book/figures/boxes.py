"""Diagrams of boxes and arrows: what a network computes from what, and the shape of each array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scratchnn.plot import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Place = tuple[float, float]
FILLS = {"data": "#e8f1f8", "layer": "#fdf1e3", "state": "#e6f4ef", "plain": "white"}


def drawing(width: float, height: float) -> tuple[Figure, Any]:
    """A figure with invisible axes, one unit per inch."""
    figure, axes = new_figure(width, height)
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(0, height))
    return figure, axes


def box(axes: Any, place: Place, text: str, fill: str = "plain", width: float = 1.2, height: float = 0.5) -> None:
    """A box with its middle at ``place`` and one or two lines of text in it; ``fill`` is a key of ``FILLS``."""
    from matplotlib.patches import FancyBboxPatch

    corner = place[0] - width / 2, place[1] - height / 2
    style = "round,pad=0,rounding_size=0.08"
    axes.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle=style, facecolor=FILLS[fill], edgecolor="black", zorder=2)
    )
    axes.text(*place, text, ha="center", va="center", fontsize=9, zorder=3)


def arrow(axes: Any, start: Place, end: Place, text: str = "", colour: str = "black", **style: Any) -> None:
    """An arrow from place to place; its text is beside its middle: above a flat one, to the right of an upright one."""
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "->", "color": colour, "shrinkA": 0, "shrinkB": 0} | style, zorder=1
    )
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    upright = abs(end[1] - start[1]) > abs(end[0] - start[0])
    shift, align = ((0.08, 0.0), ("left", "center")) if upright else ((0.0, 0.06), ("center", "bottom"))
    axes.text(x + shift[0], y + shift[1], text, ha=align[0], va=align[1], color=colour, fontsize=8.5)
