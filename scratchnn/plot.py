"""Figures. Matplotlib is imported when the first one is drawn, and no window is ever opened."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.files import write_atomically
from scratchnn.history import History

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


def plot_history(history: History, title: str, perplexity: bool = True) -> Figure:
    """Loss, and beside it perplexity, by training step; training and validation."""
    figure, axes = new_figure(10 if perplexity else 7, 4.2, ncols=2 if perplexity else 1, squeeze=False)
    for k, axis in enumerate(axes[0]):
        for name, column, colour in (("training", "loss", COLOURS[0]), ("validation", "validation_loss", COLOURS[1])):
            steps, values = history.column(column)
            if steps:
                heights = np.exp(np.minimum(values, 50)) if k else values
                marker = "o" if name == "validation" or len(steps) == 1 else None
                axis.plot(steps, heights, color=colour, marker=marker, label=name)
        label(axis, f"{title}: {'perplexity' if k else 'loss'}", "training step", "perplexity" if k else "loss (nats)")
        axis.legend()
    if perplexity:
        axes[0][1].set_yscale("log")
    return figure


def plot_gradient_norms(norms: Mapping[str, np.ndarray]) -> Figure:
    """The norm of the gradient by the hidden state, against how many steps back it has gone; one line per cell."""
    figure, axes = new_figure()
    for (name, values), colour in zip(norms.items(), COLOURS, strict=False):
        axes.plot(np.arange(len(values)), values, label=name, color=colour)
    axes.set_yscale("log")
    label(axes, "Gradient through time", "steps back from the loss", "|dL/dh| relative to the last step")
    axes.legend()
    return figure
