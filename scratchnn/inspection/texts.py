"""Figures of a classifier of texts: its errors, and what happens along one text.

Gates are computed again from the states, with the equations of the cells (``recurrent/lstm.py``, ``recurrent/gru.py``):

    gates_t = sigmoid(x_t Wx + h_{t-1} Wh + b)         the columns of the gates, in the order of ``GATES``         (1)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.backend import to_numpy
from scratchnn.errors import DataError
from scratchnn.functions import sigmoid
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NUMBERS = 12  # classes up to which each cell shows its count
MOST_WORDS = 60  # words per figure
GATES = {"LSTM": ("output", "input", "forget"), "GRU": ("update", "reset")}  # the first columns of Wx, Wh and b


def gate_activity(layer: Any, x: Any) -> dict[str, np.ndarray]:
    """Equation (1): the mean over the units of each gate, at each step.

    Args:
        layer: an LSTM or a GRU.
        x: its inputs for one sequence (T, D).

    Returns:
        One array (T,) per gate, by name.

    Raises:
        DataError: another cell.
    """
    names = GATES.get(type(layer).__name__)
    if names is None:
        raise DataError(f"{type(layer).__name__} has no gates that depend on inputs and states alone; use an LSTM or a GRU")
    names = names[: layer.Wx.shape[1] // layer.units - 1]  # without the candidate; the simplified GRU has one gate
    lease = layer.pool.lease()
    y, _, _ = layer.run(x[None], layer.zero_state(x[None]), None, None, lease)
    lease.end()
    Wx, Wh, b, h = (to_numpy(array) for array in (layer.Wx.data, layer.Wh.data, layer.b.data, y[0]))
    before = np.concatenate([np.zeros_like(h[:1]), h[:-1]])  # h_{t-1}  (T, H)
    H = layer.units
    activity = {}
    for k, name in enumerate(names):
        part = slice(k * H, (k + 1) * H)
        gates = sigmoid(to_numpy(x) @ Wx[:, part] + before @ Wh[:, part] + b[part])  # (1)  (T, H)
        activity[name] = gates.mean(axis=1)
    return activity


def plot_confusion(matrix: np.ndarray, labels: Sequence[str]) -> Figure:
    """A confusion matrix (K, K): the share of each true class (row) that was predicted as each class (column)."""
    K = len(labels)
    size = min(max(3.6, 1.6 + 0.6 * K), 12.0)
    figure, axes = new_figure(size + 0.8, size)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [shown(name) for name in labels]
    axes.set_xticks(np.arange(K), names, rotation=90 if max(map(len, names)) > 5 else 0)
    axes.set_yticks(np.arange(K), names)
    if K <= MOST_NUMBERS:
        for i in range(K):
            for j in range(K):
                colour = "white" if shares[i, j] > 0.5 else "black"
                axes.text(j, i, f"{int(matrix[i, j]):,}", ha="center", va="center", color=colour)
    label(axes, "Confusion matrix", "predicted", "true")
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, label="share of the true class")
    return figure


def plot_attention(words: Sequence[str], weights: np.ndarray) -> Figure:
    """The weights (T,) of attention pooling along a text of T words; at most its first ``MOST_WORDS`` words."""
    count = min(len(words), MOST_WORDS)
    figure, axes = new_figure(max(5.0, 0.22 * count + 1), 3.2)
    axes.bar(np.arange(count), weights[:count], color=COLOURS[0])
    axes.axhline(1 / max(len(words), 1), color=COLOURS[1], linestyle="--", label="equal weights")
    name_words(axes, words[:count])
    label(axes, "Attention along a text", "", "weight")
    axes.legend()
    return figure


def plot_gates(words: Sequence[str], gates: Mapping[str, np.ndarray]) -> Figure:
    """The mean activity (T,) of each gate along a text of T words; at most its first ``MOST_WORDS`` words."""
    count = min(len(words), MOST_WORDS)
    figure, axes = new_figure(max(5.0, 0.22 * count + 1), 3.4)
    for (name, values), colour in zip(gates.items(), COLOURS, strict=False):
        axes.plot(np.arange(count), values[:count], marker="o", markersize=3, color=colour, label=name)
    name_words(axes, words[:count])
    label(axes, "Gates along a text", "", "mean over the units")
    axes.set_ylim(0, 1)
    axes.legend()
    return figure


def plot_accuracy_by_labels(counts: Sequence[int], accuracies: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Accuracy against the number of labelled texts; ``accuracies`` are those of each way of training."""
    titles = "Accuracy against the number of labels", "labelled texts", "accuracy on the test part"
    return plot_by_count(counts, accuracies, *titles)


def plot_by_count(
    counts: Sequence[int], runs: Mapping[str, Sequence[Sequence[float]]], title: str, of: str, score: str
) -> Figure:
    """A score against the number of examples.

    Args:
        counts: numbers of examples (C,).
        runs: for each way of training, the scores for each count, one per seed; their mean is drawn as a line.
        title, of, score: titles of the figure and of its axes.
    """
    figure, axes = new_figure()
    for (name, scores), colour in zip(runs.items(), COLOURS, strict=False):
        axes.plot(counts, [float(np.mean(values)) for values in scores], color=colour, label=name)
        for count, values in zip(counts, scores, strict=True):
            axes.plot([count] * len(values), list(values), ".", color=colour)
    axes.set_xscale("log")
    axes.set_xticks(list(counts), [f"{count:,}" for count in counts])
    axes.minorticks_off()
    label(axes, title, of, score)
    axes.legend()
    return figure


def name_words(axes: Any, words: Sequence[str]) -> None:
    """The words of a text along the x axis."""
    axes.set_xticks(np.arange(len(words)), [shown(word) for word in words], rotation=90)


def shown(name: str) -> str:
    """A name that fits beside an axis; a dollar sign would begin a formula."""
    short = name if len(name) <= 16 else name[:15] + "…"
    return short.replace("$", r"\$")
