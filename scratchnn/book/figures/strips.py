"""Series drawn as strips of cells, one cell per step, for diagrams of windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CELL = 0.36  # inches


def strip(
    axes: Any,
    left: float,
    bottom: float,
    fills: Sequence[str],
    texts: Sequence[str] = (),
    cell: float = CELL,
    height: float | None = None,
) -> None:
    """A row of cells, square unless ``height`` is given, one for each colour in ``fills``, with a text in each of them."""
    from matplotlib.patches import Rectangle

    height = cell if height is None else height
    for k, fill in enumerate(fills):
        axes.add_patch(Rectangle((left + k * cell, bottom), cell, height, facecolor=fill, edgecolor="grey", zorder=2))
    for k, text in enumerate(texts):
        axes.text(left + (k + 0.5) * cell, bottom + height / 2, text, ha="center", va="center", fontsize=8, zorder=3)


def bracket(axes: Any, left: float, right: float, y: float, text: str, colour: str = "black", below: bool = True) -> None:
    """A line with two ends from left to right, and a text below or above it."""
    axes.annotate("", (right, y), (left, y), arrowprops={"arrowstyle": "|-|, widthA=0.25, widthB=0.25", "color": colour})
    axes.text(
        (left + right) / 2, y + (-0.08 if below else 0.08), text, ha="center", va="top" if below else "bottom", fontsize=9,
        color=colour,
    )  # fmt: skip
