"""Figures of chapter 10: trees, the shapes of a parser, spans, cycles, and what a greedy choice breaks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import drawing
from scratchnn.book.figures.ch09 import arrow, box
from scratchnn.plot import COLOURS, label, new_figure
from scratchnn.structured.trees import find_cycle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Place = tuple[float, float]
Tree = tuple[Sequence[str], Sequence[int], Sequence[str]]

# --- trees -----------------------------------------------------------------------------------------------------------


def _draw_tree(
    axes: Any,
    words: Sequence[str],
    heads: Sequence[int],
    labels: Sequence[str] | None = None,
    orange: Collection[int] = (),
) -> None:
    """Words in a row and arcs above them; the arcs of the words in ``orange`` (from 1) are orange."""
    x = np.arange(len(words) + 1, dtype=float)
    highest = 1.0
    for d, h in enumerate(heads, start=1):
        style: dict[str, Any] = {"color": COLOURS[1] if d in orange else "black", "zorder": 3 if d in orange else 1}
        way = 1 if d > h else -1
        start, end = x[h] + 0.06 * way, x[d] - 0.16 * way
        height = 0.5 + 0.34 * abs(d - h)
        highest = max(highest, height)
        angle = np.linspace(0, np.pi, 40)
        axes.plot((start + end) / 2 - np.cos(angle) * (end - start) / 2, height * np.sin(angle), linewidth=1.3, **style)
        axes.plot(end, 0.06, "v", color=style["color"], markersize=5, zorder=4)
        if labels is not None:
            place = {"ha": "center", "va": "center", "fontsize": 8, "color": style["color"], "zorder": 5}
            edge = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            axes.text((start + end) / 2, height, labels[d - 1], bbox=edge, **place)
    for k, word in enumerate(["root", *words]):
        axes.text(x[k], -0.16, word, ha="center", va="top", fontsize=10, color="grey" if k == 0 else "black")
    axes.set_axis_off()
    axes.set(xlim=(-0.6, len(words) + 0.6), ylim=(-0.8, highest + 0.35))


def trees(answers: Sequence[Tree], highlight: int) -> Figure:
    """Trees one below the other; the arc of word ``highlight`` (from 1) is orange."""
    figure, panels = new_figure(9.5, 2.9 * len(answers), nrows=len(answers))
    for axes, (words, heads, labels) in zip(panels, answers, strict=True):
        _draw_tree(axes, words, heads, labels, orange=(highlight,))
    return figure


def broken_and_mended(words: Sequence[str], chosen: Sequence[int], best: Sequence[int]) -> Figure:
    """Heads that each word chose alone, above the best tree; the arcs of a cycle, or of several roots, are orange."""
    figure, panels = new_figure(9.5, 5.2, nrows=2)
    roots = [d for d, h in enumerate(chosen, start=1) if h == 0]
    _draw_tree(panels[0], words, chosen, orange=roots if len(roots) > 1 else find_cycle([0, *map(int, chosen)]))
    _draw_tree(panels[1], words, best)
    panels[0].set_title("each word alone")
    panels[1].set_title("the best tree")
    return figure


# --- diagrams --------------------------------------------------------------------------------------------------------


def parser_shapes() -> Figure:
    """The layers of an arc scorer as boxes with the shapes of their outputs, from left to right."""
    figure, axes = drawing(10.5, 3.6)
    boxes = {
        "ids": ((1.1, 1.8), "ids of words", "(N, T)", 1.7),
        "vectors": ((3.2, 1.8), "root + vectors", "(N, T + 1, E)", 1.8),
        "lstm": ((5.4, 1.8), "LSTMs, both ways", "(N, T + 1, 2H)", 1.9),
        "x": ((7.7, 2.8), "$x_d$: seeks a head", "(N, T + 1, D)", 2.0),
        "y": ((7.7, 0.8), "$y_h$: offers itself", "(N, T + 1, D)", 2.0),
        "s": ((9.4, 1.8), "scores $s[d, h]$", "(N, T + 1, T + 1)", 1.9),
    }
    for key, (centre, name, shape, width) in boxes.items():
        box(axes, centre, name, shape, COLOURS[1] if key == "s" else "black", width)
    arrow(axes, (2.0, 1.8), (2.25, 1.8))
    arrow(axes, (4.15, 1.8), (4.4, 1.8))
    arrow(axes, (6.1, 2.16), (6.63, 2.7))
    arrow(axes, (6.1, 1.44), (6.63, 0.9))
    arrow(axes, (8.5, 2.44), (9.1, 2.16))
    arrow(axes, (8.5, 1.16), (9.1, 1.44))
    axes.text(5.85, 2.5, "dense, relu", ha="center", fontsize=9)
    axes.text(5.85, 1.02, "dense, relu", ha="center", fontsize=9)
    axes.text(9.5, 2.45, "by $U$, $u$", ha="center", fontsize=10, color=COLOURS[1])
    return figure


def _triangle(axes: Any, left: float, right: float, base: float, head: str, name: str, colour: str) -> None:
    """A complete span: a right-angled triangle whose upright side is at its head."""
    top = (left, base + 0.8) if head == "left" else (right, base + 0.8)
    axes.fill([left, right, top[0]], [base, base, top[1]], facecolor="white", edgecolor=colour, linewidth=1.6)
    axes.text((left + right) / 2 + (-0.12 if head == "left" else 0.12), base + 0.2, name, ha="center", fontsize=9)


def _trapezium(axes: Any, left: float, right: float, base: float, head: str, name: str, colour: str) -> None:
    """An incomplete span: higher at its head."""
    high, low = base + 0.8, base + 0.45
    tops = (high, low) if head == "left" else (low, high)
    axes.fill(
        [left, right, right, left], [base, base, tops[1], tops[0]], facecolor="white", edgecolor=colour, linewidth=1.6
    )
    axes.text((left + right) / 2, base + 0.2, name, ha="center", fontsize=9)


def spans() -> Figure:
    """How Eisner's algorithm builds incomplete spans from two complete ones, and complete spans."""
    figure, axes = drawing(10.5, 4.6)
    right, left = "$C_\\to$", "$C_\\leftarrow$"
    for base, head, result in ((2.7, "left", "$I_\\to$"), (0.6, "right", "$I_\\leftarrow$")):
        _triangle(axes, 0.3, 1.4, base, "left", right, "black")
        _triangle(axes, 1.6, 2.7, base, "right", left, "black")
        axes.text(3.05, base + 0.3, "=", fontsize=14, ha="center")
        _trapezium(axes, 3.4, 5.0, base, head, result, COLOURS[1])
        start, end = (
            ((0.3, base + 0.86), (2.7, base + 0.86)) if head == "left" else ((2.7, base + 0.86), (0.3, base + 0.86))
        )
        rad = -0.28 if head == "left" else 0.28
        arrow(axes, start, end, color=COLOURS[1], connectionstyle=f"arc3,rad={rad}", linewidth=1.5)
        for x, name in ((0.3, "i"), (1.35, "k"), (1.75, "k+1"), (2.7, "j"), (3.4, "i"), (5.0, "j")):
            axes.text(x, base - 0.22, f"${name}$", ha="center", fontsize=9)
    _trapezium(axes, 5.8, 6.9, 2.7, "left", "$I_\\to$", COLOURS[1])
    _triangle(axes, 7.0, 8.0, 2.7, "left", right, "black")
    axes.text(8.35, 3.0, "=", fontsize=14, ha="center")
    _triangle(axes, 8.7, 10.2, 2.7, "left", right, COLOURS[0])
    _triangle(axes, 5.8, 6.8, 0.6, "right", left, "black")
    _trapezium(axes, 6.9, 8.0, 0.6, "right", "$I_\\leftarrow$", COLOURS[1])
    axes.text(8.35, 0.9, "=", fontsize=14, ha="center")
    _triangle(axes, 8.7, 10.2, 0.6, "right", left, COLOURS[0])
    for base in (2.7, 0.6):
        for x, name in ((5.8, "i"), (6.9, "k"), (8.0, "j"), (8.7, "i"), (10.2, "j")):
            axes.text(x, base - 0.22, f"${name}$", ha="center", fontsize=9)
    axes.text(2.6, 4.35, "an arc is made: (7), (8)", ha="center", fontsize=10)
    axes.text(8.0, 4.35, "a dependent is completed: (9)", ha="center", fontsize=10)
    return figure


def contraction() -> Figure:
    """A cycle of two words, the same as one node, and the tree after it was opened; scores beside the arcs."""
    figure, axes = drawing(10.5, 3.6)
    for shift in (0.0, 3.6, 7.2):
        _node(axes, (0.9 + shift, 2.7), "root")
        _node(axes, (2.9 + shift, 2.7), "3")
    for shift in (0.0, 7.2):
        _node(axes, (0.9 + shift, 0.8), "1")
        _node(axes, (2.9 + shift, 0.8), "2")
    _link(axes, (0.9, 2.7), (2.9, 2.7), "9", "black", (0, 0.16))
    _link(axes, (0.9, 0.8), (2.9, 0.8), "8", COLOURS[1], (0, 0.42), connectionstyle="arc3,rad=-0.3")
    _link(axes, (2.9, 0.8), (0.9, 0.8), "7", COLOURS[1], (0, -0.42), connectionstyle="arc3,rad=-0.3")
    _link(axes, (2.9, 2.7), (2.9, 0.8), "6", "grey", (0.16, 0), linestyle="--")
    _link(axes, (0.9, 2.7), (0.9, 0.8), "2", "grey", (-0.16, 0), linestyle="--")
    _node(axes, (5.5, 0.8), "1 + 2", 44, COLOURS[1])
    _link(axes, (4.5, 2.7), (6.5, 2.7), "9", "black", (0, 0.16))
    _link(axes, (6.5, 2.7), (5.5, 0.8), "at 2: $6 - 8 = -2$", "black", (0.75, -0.1))
    _link(axes, (4.5, 2.7), (5.5, 0.8), "at 1: $2 - 7 = -5$", "grey", (-0.7, -0.1), linestyle="--")
    _link(axes, (8.1, 2.7), (10.1, 2.7), "9", "black", (0, 0.16))
    _link(axes, (10.1, 2.7), (10.1, 0.8), "6", COLOURS[0], (0.16, 0))
    _link(axes, (10.1, 0.8), (8.1, 0.8), "7", "black", (0, 0.16))
    return figure


def _node(axes: Any, place: Place, name: str, size: float = 30, colour: str = "black") -> None:
    """A circle with a name in it."""
    axes.plot(*place, "o", markersize=size, color="white", markeredgecolor=colour, zorder=2)
    axes.text(*place, name, ha="center", va="center", zorder=3, fontsize=10)


def _link(axes: Any, start: Place, end: Place, name: str, colour: str, shift: Place, **style: Any) -> None:
    """An arrow between two circles; its score is written beside its middle, moved by ``shift``."""
    arrow(axes, start, end, color=colour, shrinkA=17, shrinkB=17, **style)
    x, y = (np.array(start) + end) / 2 + shift
    axes.text(x, y, name, ha="center", va="center", fontsize=9, color=colour)


# --- measurements ----------------------------------------------------------------------------------------------------


def head_probabilities(sentences: Sequence[Sequence[str]], P: Sequence[np.ndarray]) -> Figure:
    """The probabilities (T, T + 1) of the heads of each word; the row of the last word but one is framed."""
    figure, panels = new_figure(11, 4.4, ncols=len(sentences), sharey=False)
    for axes, words, p in zip(panels, sentences, P, strict=True):
        image = axes.imshow(p, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        row = len(words) - 2
        axes.add_patch(_frame((-0.48, row - 0.47), p.shape[1] - 0.04, 0.94))
        axes.set_xticks(np.arange(len(words) + 1), ["root", *words], rotation=45)
        axes.set_yticks(np.arange(len(words)), words)
        label(axes, "", "head", "word" if axes is panels[0] else "")
        axes.grid(visible=False)
    figure.colorbar(image, ax=panels, label="probability")
    return figure


def _frame(corner: Place, width: float, height: float) -> Any:
    """An orange rectangle without a face."""
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, fill=False, edgecolor=COLOURS[1], linewidth=1.8)


def greedy_progress(progress: Mapping[int, Sequence[tuple[float, float]]]) -> Figure:
    """Shares of right heads and of sentences without a tree after each epoch, one line for each seed."""
    figure, (left, right) = new_figure(9.5, 3.6, ncols=2, sharey=True)
    for (seed, rows), colour in zip(progress.items(), COLOURS, strict=False):
        epochs = np.arange(1, len(rows) + 1)
        left.plot(epochs, [share for share, _ in rows], "o-", color=colour, label=f"seed {seed}")
        right.plot(epochs, [share for _, share in rows], "o-", color=colour)
    for axes in (left, right):
        axes.set_xticks(np.arange(0, len(rows) + 1, 4))
    left.legend()
    left.set_ylim(0, 1.02)
    label(left, "Words whose head is right", "epoch", "share")
    label(right, "Sentences whose heads form no tree", "epoch", "")
    return figure
