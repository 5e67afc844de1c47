"""Figures of chapter 9: the trellis of tags, the shapes of a tagger, evidence by its place, the gradient of a CRF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import Place, drawing
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# --- tags and words --------------------------------------------------------------------------------------------------


def trellises(
    sentences: Sequence[Sequence[str]], tags: Sequence[str], p: np.ndarray, paths: Sequence[Sequence[int]]
) -> Figure:
    """The probabilities (N, T, K) of K tags of the words of N sentences as squares, and a path through each."""
    figure, panels = new_figure(12, 3.5, ncols=len(sentences), sharey=True)
    for axes, words, one, path in zip(panels, sentences, p, paths, strict=True):
        T = len(words)
        image = axes.imshow(one[:T].T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.plot(np.arange(T), path[:T], "o-", color=COLOURS[1], linewidth=2, markersize=6)
        _name(axes, words, tags)
        label(axes, "", "word", "tag" if axes is panels[0] else "")
        axes.grid(visible=False)
    figure.colorbar(image, ax=panels, label="probability")
    return figure


def expected_less_true(
    words: Sequence[str], tags: Sequence[str], expected: np.ndarray, true: np.ndarray, gradient: np.ndarray
) -> Figure:
    """Marginals, one-hot true tags and their difference, (T, K) each."""
    figure, panels = new_figure(11, 3.4, ncols=3, sharey=True)
    shown = {"expected: $\\gamma_t$": expected, "true: one-hot $y_t$": true, "gradient: $\\gamma_t - y_t$": gradient}
    for axes, (title, values) in zip(panels, shown.items(), strict=True):
        image = axes.imshow(values.T, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
        _name(axes, words, tags)
        label(axes, title, "word", "tag" if axes is panels[0] else "")
        axes.grid(visible=False)
    figure.colorbar(image, ax=panels, label="value")
    return figure


def _name(axes: Any, words: Sequence[str], tags: Sequence[str]) -> None:
    """Words below the columns, tags beside the rows."""
    axes.set_xticks(np.arange(len(words)), words, rotation=30)
    axes.set_yticks(np.arange(len(tags)), tags)


# --- diagrams --------------------------------------------------------------------------------------------------------


def box(axes: Any, centre: Place, name: str, shape: str, colour: str = "black", width: float = 1.7) -> None:
    """A box with a name and the shape of the array that leaves it."""
    style: dict[str, Any] = {"boxstyle": "round,pad=0.05", "facecolor": "white", "edgecolor": colour}
    from matplotlib.patches import FancyBboxPatch

    x, y = centre
    axes.add_patch(FancyBboxPatch((x - width / 2, y - 0.3), width, 0.6, **style))
    axes.text(x, y + 0.11, name, ha="center", va="center", fontsize=10)
    axes.text(x, y - 0.14, shape, ha="center", va="center", fontsize=9, color=COLOURS[0])


def arrow(axes: Any, start: Place, end: Place, **style: Any) -> None:
    """An arrow between two places."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "black", "shrinkA": 0, "shrinkB": 0} | style)


def tagger_shapes() -> Figure:
    """The layers of a tagger as boxes with the shapes of their outputs, from ids at the bottom to the loss at the top."""
    figure, axes = drawing(10, 5.6)
    boxes = {
        "words": ((2.2, 0.5), "ids of words", "(N, T)"),
        "table": ((2.2, 1.6), "table of vectors", "(N, T, D)"),
        "letters": ((5.2, 0.5), "ids of characters", "(U, M)"),
        "reader": ((5.2, 1.6), "LSTM over letters, both ways", "(U, C)"),
        "side": ((3.3, 2.9), "side by side: $x_t$", "(N, T, D + C)"),
        "lstm": ((3.3, 3.9), "LSTM over words, both ways: $h_t$", "(N, T, 2H)"),
        "dense": ((3.3, 4.9), "dense: emissions $e_t$", "(N, T, K)"),
        "soft": ((7.9, 4.9), "softmax for each token", "loss ()"),
        "crf": ((7.9, 3.9), "CRF over the sentence", "loss ()"),
    }
    for key, (centre, name, shape) in boxes.items():
        colour = COLOURS[1] if key in ("soft", "crf") else "black"
        box(axes, centre, name, shape, colour, 2.9 if key in ("lstm", "reader", "dense", "side") else 2.3)
    for start, end in (("words", "table"), ("letters", "reader"), ("side", "lstm"), ("lstm", "dense")):
        (x, y), (x_end, y_end) = boxes[start][0], boxes[end][0]
        arrow(axes, (x, y + 0.36), (x_end, y_end - 0.36))
    arrow(axes, (2.2, 1.96), (2.7, 2.54))
    arrow(axes, (5.2, 1.96), (4.0, 2.54))
    axes.plot(4.6, 2.25, "o", color="black", markersize=7)
    axes.text(4.85, 2.27, "copied to each token of the form", fontsize=9, va="center")
    arrow(axes, (4.82, 4.9), (6.68, 4.9))
    arrow(axes, (4.82, 4.8), (6.68, 3.95))
    axes.text(5.75, 5.03, "either", ha="center", fontsize=9)
    axes.text(5.75, 4.15, "or", ha="center", fontsize=9)
    return figure


def lattice() -> Figure:
    """Three tags and four tokens as crossings, all steps between neighbouring columns, one route in bold."""
    figure, axes = drawing(9.5, 3.7)
    columns, rows = (1.9, 3.9, 5.9, 7.9), (2.9, 1.8, 0.7)
    route = (0, 1, 1, 2)
    for t in range(3):
        for i, y in enumerate(rows):
            for j, y_next in enumerate(rows):
                bold = route[t] == i and route[t + 1] == j
                style = {"color": COLOURS[1] if bold else "lightgrey", "linewidth": 2.2 if bold else 1.0}
                arrow(axes, (columns[t], y), (columns[t + 1], y_next), shrinkA=16, shrinkB=16, **style)
    for i, y in enumerate(rows):
        arrow(axes, (0.4, 1.8), (columns[0], y), color="lightgrey", shrinkA=14, shrinkB=16)
        arrow(axes, (columns[3], y), (9.2, 1.8), color="lightgrey", shrinkA=16, shrinkB=14)
        for t, x in enumerate(columns):
            edge = COLOURS[1] if route[t] == i else "black"
            axes.plot(x, y, "o", markersize=29, color="white", markeredgecolor=edge)
            axes.text(x, y, f"$\\alpha_{t + 1}[{i + 1}]$", ha="center", va="center", fontsize=9)
    axes.text(0.35, 1.8, "start", ha="center", va="center")
    axes.text(9.2, 1.8, "$Z$", ha="center", va="center", fontsize=13)
    for t, x in enumerate(columns):
        axes.text(x, 0.12, f"token {t + 1}", ha="center", va="center", fontsize=10)
    axes.text(
        4.9, 3.5, "every arrow adds its $A[i, j]$, every crossing its $e_t[j]$", ha="center", va="center", fontsize=10
    )
    return figure


# --- measurements ----------------------------------------------------------------------------------------------------


def evidence(
    kinds: Sequence[str], readers: Sequence[str], scores: Mapping[tuple[str, int], Sequence[float]], seeds: Sequence[int]
) -> Figure:
    """F1 of each reader by kind of evidence: bars for the mean, dots for the seeds of ``scores[reader, seed]``."""
    figure, axes = new_figure(8.5, 3.8)
    for k, name in enumerate(readers):
        rows = np.array([scores[name, seed] for seed in seeds])  # (seeds, kinds)
        x = np.arange(len(kinds)) + 0.26 * (k - 1)
        axes.bar(x, rows.mean(axis=0), 0.24, color=COLOURS[k], alpha=0.75, label=name)
        for row in rows:
            axes.plot(x, row, ".", color="black", markersize=5)
    axes.set_xticks(np.arange(len(kinds)), [f"evidence: {kind}" for kind in kinds])
    axes.set_ylim(0, 1.3)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.legend(loc="upper center", ncols=3, fontsize=9)
    label(axes, "", "", "F1 of whole names")
    return figure
