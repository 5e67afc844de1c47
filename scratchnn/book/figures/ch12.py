"""The figures of chapter 12, Translation and dialogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import arrow, box, drawing
from scratchnn.book.moving import bar, line, text
from scratchnn.inspection.alignments import AlignmentMap
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FRAME = (900, 270)  # of the moving translation
SOURCE_AT, TARGET_AT = 70, 215  # the lines of both texts in it, from the top
MOST_WIDTH = 12  # of a line that stands for the whole weight

# --- diagrams --------------------------------------------------------------------------------------------------------


def whole_path() -> Figure:
    """From a text to a text: pieces, ids, the two networks, search, pieces, text, with the shapes in between."""
    figure, axes = drawing(10.4, 3.7)
    box(axes, (0.95, 2.9), "text", "data", 1.3)
    box(axes, (0.95, 1.9), "pieces", "plain", 1.3)
    box(axes, (0.95, 0.7), "source ids\n(N, S)", "data", 1.3, 0.6)
    box(axes, (3.2, 0.7), "encoder,\nboth directions", "layer", 1.6, 0.7)
    box(axes, (3.2, 2.5), "memory $m$\n(N, S, 2H)", "state", 1.6, 0.6)
    box(axes, (5.5, 0.7), "bridge\n(2)", "layer", 1.1, 0.6)
    box(axes, (7.2, 0.7), "$(h_0, c_0)$\n(N, H) each", "state", 1.3, 0.6)
    box(axes, (7.2, 2.5), "decoder with\nattention", "layer", 1.6, 0.7)
    box(axes, (9.4, 2.5), "logits $z$\n(N, T, V)", "plain", 1.3, 0.6)
    box(axes, (9.4, 1.5), "beam search", "plain", 1.3)
    box(axes, (9.4, 0.6), "pieces, text", "data", 1.3)
    for start, end, name in (
        ((0.95, 2.65), (0.95, 2.15), "cut"),
        ((0.95, 1.65), (0.95, 1.0), "vocabulary"),
        ((1.6, 0.7), (2.4, 0.7), ""),
        ((3.2, 1.05), (3.2, 2.2), "all states"),
        ((4.0, 0.7), (4.95, 0.7), "last two"),
        ((6.05, 0.7), (6.55, 0.7), ""),
        ((7.2, 1.0), (7.2, 2.15), "start"),
        ((4.0, 2.5), (6.4, 2.5), "keys $m W$, values $m$"),
        ((8.0, 2.5), (8.75, 2.5), ""),
        ((9.4, 2.2), (9.4, 1.75), ""),
        ((9.4, 1.25), (9.4, 0.85), "join"),
    ):
        arrow(axes, start, end, name)
    axes.plot([8.75, 8.35, 8.35], [1.5, 1.5, 3.3], color="grey", linestyle="--", linewidth=1)
    axes.plot([8.35, 7.2], [3.3, 3.3], color="grey", linestyle="--", linewidth=1)
    arrow(axes, (7.2, 3.3), (7.2, 2.85), colour="grey", linestyle="--")
    axes.text(7.8, 3.36, "the token that was chosen", ha="center", va="bottom", fontsize=8.5, color="grey")
    return figure


def tree(branches: Mapping[str, tuple[float, Mapping[str, float]]]) -> Figure:
    """Two steps of a small language as a tree; the greedy path is orange, the beginnings that a beam of two keeps blue."""
    figure, axes = drawing(9, 3.4)
    leaves = [(first, second, p * q) for first, (p, more) in branches.items() for second, q in more.items()]
    heights = dict(zip([leaf[:2] for leaf in leaves], np.linspace(3.0, 0.4, len(leaves)), strict=True))
    middles = {first: np.mean([y for leaf, y in heights.items() if leaf[0] == first]) for first in branches}
    root = (0.7, float(np.mean(list(middles.values()))))
    greedy = max(branches, key=lambda first: branches[first][0])
    _token(axes, root, "<bos>", "black")
    for first, (p, more) in branches.items():
        place = (3.2, float(middles[first]))
        _branch(axes, root, place, f"{p:g}", COLOURS[1] if first == greedy else COLOURS[0])
        best = max(more, key=lambda second: more[second])
        for second, q in more.items():
            end = (5.9, float(heights[first, second]))
            colour = "grey" if second != best else COLOURS[1] if first == greedy else COLOURS[0]
            _branch(axes, place, end, f"{q:g}", colour)
            _token(axes, end, second, colour)
            axes.text(6.5, end[1], f"{p:g} x {q:g} = {p * q:.2f}", va="center", fontsize=10, color=colour)
        _token(axes, place, first, COLOURS[1] if first == greedy else COLOURS[0])
    return figure


def _token(axes: Any, place: tuple[float, float], text: str, colour: str) -> None:
    """A circle with a token in it."""
    axes.plot(*place, "o", markersize=26, color="white", markeredgecolor=colour, zorder=2)
    axes.text(*place, text, ha="center", va="center", fontsize=8 if len(text) > 1 else 11, zorder=3)


def _branch(axes: Any, start: tuple[float, float], end: tuple[float, float], text: str, colour: str) -> None:
    """A line between two tokens, with a probability on it."""
    axes.plot([start[0], end[0]], [start[1], end[1]], color=colour, linewidth=1.6, zorder=1)
    x, y = 0.45 * start[0] + 0.55 * end[0], 0.45 * start[1] + 0.55 * end[1]
    axes.text(x, y, text, ha="center", va="center", fontsize=9, backgroundcolor="white", zorder=2)


# --- measurements ----------------------------------------------------------------------------------------------------


def maps(shown: Sequence[AlignmentMap]) -> Figure:
    """What attention reads, side by side: a row for each piece that is written, dark where the weight is near 1."""
    longest = max(len(one.target) for one in shown)
    widths = [len(one.source) for one in shown]
    figure, panels = new_figure(11, 0.3 * longest + 1.3, ncols=len(shown), width_ratios=widths)
    for axes, one in zip(panels, shown, strict=True):
        axes.imshow(one.weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        source, target = ([piece.replace(" ", "_") for piece in side] for side in (one.source, one.target))
        axes.set_xticks(np.arange(len(source)), source, rotation=60)
        axes.set_yticks(np.arange(len(target)), target, rotation=0)
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.set_xlabel("source; _ is a space")
    panels[0].set_ylabel("written, top to bottom")
    return figure


def translation(shown: AlignmentMap) -> tuple[Figure, list[str], tuple[int, int]]:
    """What attention reads, one written piece after the other: a still picture of all steps, frames, and their size."""
    source, target = ([piece.replace(" ", "_") for piece in side] for side in (shown.source, shown.target))
    above, below = (_places(side) for side in (source, target))
    frames = [_translation_frame(source, target, above, below, shown.weights, t) for t in range(len(target))]
    figure, axes = new_figure(10, 2.4)
    axes.set_axis_off()
    axes.set(xlim=(0, FRAME[0]), ylim=(TARGET_AT + 10, SOURCE_AT - 25))
    for t, row in enumerate(shown.weights):
        for j, weight in enumerate(row):
            style = {"linewidth": MOST_WIDTH / 2 * weight, "color": COLOURS[0], "solid_capstyle": "round"}
            axes.plot([above[j], below[t]], [SOURCE_AT + 12, TARGET_AT - 22], alpha=0.8 * float(weight), **style)
    for places, side, y in ((above, source, SOURCE_AT), (below, target, TARGET_AT)):
        for x, piece in zip(places, side, strict=True):
            axes.text(x, y, piece, ha="center", va="bottom", fontsize=11)
    return figure, frames, FRAME


def _places(pieces: Sequence[str]) -> list[float]:
    """The middle of each piece on a line of its own, with letters of Hangul twice as wide as Latin ones."""
    widths = np.array([sum(2 if letter > "\u1100" else 1 for letter in piece) + 1.5 for piece in pieces])
    ends = np.cumsum(widths)
    return list((ends - widths / 2) * (FRAME[0] - 40) / ends[-1] + 20)


def _translation_frame(
    source: Sequence[str],
    target: Sequence[str],
    above: Sequence[float],
    below: Sequence[float],
    weights: np.ndarray,
    t: int,
) -> str:
    """The frame in which piece t of the target is written."""
    parts = []
    for x, weight in zip(above, weights[t], strict=True):
        if weight > 0.01:
            parts.append(line((x, SOURCE_AT + 10), (below[t], TARGET_AT - 20), MOST_WIDTH * float(weight), COLOURS[5]))
    for piece, x, weight in zip(source, above, weights[t], strict=True):
        parts.append(bar(round(x - 12, 1), SOURCE_AT - 20, 24, -40 * float(weight), COLOURS[0]))
        parts.append(text(x, SOURCE_AT, piece, anchor="middle"))
    for k, (piece, x) in enumerate(zip(target[: t + 1], below, strict=False)):
        parts.append(text(x, TARGET_AT, piece, COLOURS[1] if k == t else "black", anchor="middle"))
    written = "".join(target[: t + 1]).replace("_", " ").replace("<eos>", "").strip()
    return "".join([*parts, text(20, FRAME[1] - 16, written, "grey", 16)])


def piece_sizes(sizes: Sequence[int], lengths: Sequence[float], rare: Sequence[float]) -> Figure:
    """Pieces per sentence, and the share of rare pieces, by the size of the vocabulary."""
    figure, (left, right) = new_figure(9.5, 3.3, ncols=2)
    left.plot(sizes, lengths, "o-", color=COLOURS[0])
    left.set_ylim(bottom=0)
    label(left, "Length of a Korean sentence", "pieces in the vocabulary", "pieces per sentence")
    right.plot(sizes, 100 * np.array(rare), "o-", color=COLOURS[1])
    right.set_ylim(bottom=0)
    label(right, "Pieces that are hardly ever seen", "pieces in the vocabulary", "rare pieces (%)")
    return figure


def by_width(widths: Sequence[int], table: Mapping[tuple[float, int], tuple[float, float, float, float]]) -> Figure:
    """BLEU, length and mean log-probability by the width of the beam, one line per length norm."""
    figure, panels = new_figure(11, 3.4, ncols=3)
    names = {3: ("What is found is more probable", "mean log P"), 2: ("Its length", "pieces"), 0: ("Its score", "BLEU")}
    for axes, (column, (title, what)) in zip(panels, names.items(), strict=True):
        for norm, colour in zip(dict.fromkeys(norm for norm, _ in table), COLOURS, strict=False):
            values = [table[norm, width][column] for width in widths]
            axes.plot(widths, values, "o-", color=colour, label=f"$\\lambda$ = {norm:g}")
        axes.set_xscale("log", base=2)
        axes.set_xticks(widths, [str(width) for width in widths])
        label(axes, title, "width of the beam", what)
    panels[0].legend()
    return figure


def dull_answers(ways: Mapping[str, tuple[float, float]]) -> Figure:
    """The share of dull answers and the variety of all answers, for each way to choose them."""
    figure, (left, right) = new_figure(9.5, 3.2, ncols=2)
    places = np.arange(len(ways))
    colours = [COLOURS[2] if name == "people" else COLOURS[0] for name in ways]
    left.bar(places, [100 * dull for dull, _ in ways.values()], color=colours)
    right.bar(places, [variety for _, variety in ways.values()], color=colours)
    label(left, "The answer is 글쎄", "", "answers (%)")
    label(right, "Variety", "", "distinct-2")
    for axes in (left, right):
        axes.set_xticks(places, list(ways), rotation=20)
    return figure
