"""Figures of a tagger: which tags it confuses, and what its CRF has learned about their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scratchnn.inspection.texts import plot_by_count, plot_confusion, shown
from scratchnn.plot import label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_TAGS = 24  # in a figure, the most frequent ones
OTHER = "others"


def tag_confusion(predicted: Sequence[str], true: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Counts (K, K) of true tags (rows) that were predicted as tags (columns), and the names of the K tags.

    If there are more than ``MOST_TAGS``, the rarest ones are counted together.
    """
    counts = Counter(true)
    names = sorted({*predicted, *true}, key=lambda tag: (-counts[tag], tag))
    if len(names) > MOST_TAGS:
        names = [*names[: MOST_TAGS - 1], OTHER]
    rows = {name: k for k, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)), dtype=np.int64)
    for (t, p), count in Counter(zip(true, predicted, strict=True)).items():
        matrix[rows.get(t, len(names) - 1), rows.get(p, len(names) - 1)] += count
    return matrix, names


def plot_tag_confusion(predicted: Sequence[str], true: Sequence[str]) -> Figure:
    """The tags of all words, one after the other, as a confusion matrix."""
    return plot_confusion(*tag_confusion(predicted, true))


def plot_transitions(
    transitions: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    tags: Sequence[str],
    allowed: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
) -> Figure:
    """The scores of a CRF: transitions (K, K) from the row's tag to the column's, first and last tags (K,).

    Args:
        transitions, start, end: the scores.
        tags: the names of the K tags.
        allowed: booleans of the same shapes; what is not allowed has a cross.
    """
    K = len(tags)
    table = np.full((K + 1, K + 1), np.nan)  # nothing leads from the start to the end
    table[0, :K], table[1:, :K], table[1:, K] = start, transitions, end
    size = min(max(3.6, 1.8 + 0.34 * K), 12.0)
    figure, axes = new_figure(size + 0.8, size)
    limit = float(np.nanmax(np.abs(table))) or 1.0
    image = axes.imshow(table, cmap="RdBu", vmin=-limit, vmax=limit)
    names = [shown(name) for name in tags]
    axes.set_xticks(np.arange(K + 1), [*names, "end"], rotation=90)
    axes.set_yticks(np.arange(K + 1), ["start", *names])
    if allowed is not None:
        crosses = np.zeros((K + 1, K + 1), dtype=bool)
        crosses[0, :K], crosses[1:, :K], crosses[1:, K] = ~allowed[1], ~allowed[0], ~allowed[2]
        rows, columns = np.nonzero(crosses)
        axes.plot(columns, rows, "x", color="black", markersize=3)
    label(axes, "Transitions of the CRF" + ("" if allowed is None else " (x: not allowed)"), "to", "from")
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, label="score")
    return figure


def plot_f1_by_sentences(counts: Sequence[int], scores: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """F1 against the number of tagged sentences; ``scores`` are those of each way of training, as in ``plot_by_count``."""
    titles = "F1 against the number of sentences", "tagged sentences", "F1 on the test part"
    return plot_by_count(counts, scores, *titles)
