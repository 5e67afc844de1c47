"""Figures. Matplotlib is imported when the first one is drawn, and no window is ever opened."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.files import write_atomically
from scratchnn.training.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # distinguishable for colour-blind readers


def new_figure(width: float = 7.0, height: float = 4.2, **options: Any) -> tuple[Figure, Any]:
    """An empty figure of the given size in inches, and its axes (``options`` are passed to ``Figure.subplots``)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=130)
    return figure, figure.subplots(**options)


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write as PNG; the file is complete or absent."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())


def label(axes: Any, title: str, x: str, y: str) -> None:
    """Title, axis labels, and a light grid."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)


def plot_history(history: History, title: str, perplexity: bool = True) -> Figure:
    """Loss, and perplexity if true, by training step; the legend has the lowest value of the validation curves."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

    figure, axes = new_figure(10 if perplexity else 7, 4.2, ncols=2 if perplexity else 1, squeeze=False)
    for k, axis in enumerate(axes[0]):
        shown: list[float] = []
        for name, column, colour in (("training", "loss", COLOURS[0]), ("validation", "validation_loss", COLOURS[1])):
            steps, values = history.column(column)
            if not steps:
                continue
            heights = np.exp(np.minimum(values, 50)) if k else np.array(values)
            note = f" (lowest {np.nanmin(heights):,.4g})" if name == "validation" else ""
            marker = "o" if name == "validation" or len(steps) == 1 else None
            axis.plot(steps, heights, color=colour, marker=marker, markersize=4, label=name + note)
            shown += heights.tolist()
        unit = " (nats per token)" if perplexity else ""
        label(axis, f"{title}: {'perplexity' if k else 'loss'}", "training step", "perplexity" if k else f"loss{unit}")
        if k and shown and max(shown) > 10 * min(shown):
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
    """The norm of the gradient with respect to the hidden state, by the number of steps back; one line per cell."""
    figure, axes = new_figure()
    for (name, values), colour in zip(norms.items(), COLOURS, strict=False):
        axes.plot(np.arange(len(values)), values, label=name, color=colour)
    axes.set_yscale("log")
    label(axes, "Gradient through time", "steps back from the loss", "|dL/dstate| relative to the last step")
    axes.legend()
    return figure
