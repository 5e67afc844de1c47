"""Figures. Matplotlib is imported when the first one is drawn, and no window is ever opened."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.files import write_atomically
from scratchnn.training.history import FIRST, LAST, VALIDATION, History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # told apart by colour-blind readers too


def new_figure(width: float = 7.0, height: float = 4.2, **options: Any) -> tuple[Figure, Any]:
    """An empty figure of that size in inches, and its axes (``options`` go to ``Figure.subplots``)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=130)
    return figure, figure.subplots(**options)


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write as PNG, whole or not at all."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())


def label(axes: Any, title: str, x: str, y: str) -> None:
    """Title, axis labels, and a light grid."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)


def plot_history(history: History, title: str, best_epoch: int = 0) -> Figure:
    """Every figure of a history in a panel of its own, by training step: of the training and of the validation part.

    Args:
        history: what training recorded.
        title: what was trained.
        best_epoch: the epoch whose validation figures are named in the legend; none if 0.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

    columns = [name for name in history.columns() if name not in FIRST + LAST and history.column(name)[0]]
    names = list(dict.fromkeys(name.removeprefix(VALIDATION) for name in columns)) or ["loss"]
    figure, axes = new_figure(max(7, 5 * len(names)), 4.2, ncols=len(names), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        shown: list[float] = []
        for part, column, colour in (("training", name, COLOURS[0]), ("validation", VALIDATION + name, COLOURS[1])):
            steps, values = history.column(column)
            if not steps:
                continue
            best = [row[column] for row in history.rows if row["epoch"] == best_epoch and row.get(column) is not None]
            note = f" ({best[0]:,.4g} in the best epoch)" if part == "validation" and best else ""
            marker = "o" if part == "validation" or len(steps) == 1 else None
            axis.plot(steps, values, color=colour, marker=marker, markersize=4, label=part + note)
            shown += values
        label(axis, f"{title}: {name}", "training step", name)
        if shown and min(shown) > 0 and max(shown) > 10 * min(shown):
            axis.set_yscale("log")
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.yaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
        axis.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=(1, 2, 5, 10)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axis.set_xlim(left=0)
        if shown:
            axis.legend()
    return figure


def plot_gradient_norms(norms: Mapping[str, np.ndarray]) -> Figure:
    """The norm of the gradient by the hidden state, against how many steps back it has gone; one line per cell."""
    figure, axes = new_figure()
    for (name, values), colour in zip(norms.items(), COLOURS, strict=False):
        axes.plot(np.arange(len(values)), values, label=name, color=colour)
    axes.set_yscale("log")
    label(axes, "Gradient through time", "steps back from the loss", "|dL/dstate| relative to the last step")
    axes.legend()
    return figure
