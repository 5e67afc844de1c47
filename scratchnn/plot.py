"""Figures. Matplotlib is imported when the first one is drawn, and no window is ever opened."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # distinguishable for colour-blind readers


def new_figure(width: float = 7.0, height: float = 4.2, **options: Any) -> tuple[Figure, Any]:
    """An empty figure of the given size in inches, and its axes (``options`` are passed to ``Figure.subplots``)."""
    if "matplotlib" not in sys.modules:
        import_matplotlib()
    from scratchnn.notebook_figure import NotebookFigure

    figure = NotebookFigure(figsize=(width, height), layout="constrained", dpi=130)
    return figure, figure.subplots(**options)


def import_matplotlib() -> None:
    """Import it, even if MPLBACKEND names a backend that this Python does not have: no figure of the package needs one."""
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        matplotlib = importlib.import_module("matplotlib")
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend is not None:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend


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


def plot_gradient_norms(norms: Mapping[str, np.ndarray]) -> Figure:
    """The norm of the gradient with respect to the hidden state, by the number of steps back; one line per cell."""
    figure, axes = new_figure()
    for (name, values), colour in zip(norms.items(), COLOURS, strict=False):
        axes.plot(np.arange(len(values)), values, label=name, color=colour)
    axes.set_yscale("log")
    label(axes, "Gradient through time", "steps back from the loss", "|dL/dstate| relative to the last step")
    axes.legend()
    return figure
