"""The figures of chapter 11, Sequence to sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import arrow, box, drawing
from scratchnn.inspection.alignments import AlignmentMap
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORWARD, BACKWARD = COLOURS[0], COLOURS[1]

# --- diagrams --------------------------------------------------------------------------------------------------------


def two_networks(source: str, target: str) -> Figure:
    """Encoder and decoder, unrolled over the characters of a pair, with the shapes of their arrays."""
    figure, axes = drawing(10, 3.9)
    step, left = 0.7, 0.5
    for j, letter in enumerate(source):
        x = left + step * j
        _cell(axes, x, letter, f"$x_{j + 1}$", "data")
        if j:
            arrow(axes, (x - step + 0.27, 1.9), (x - 0.27, 1.9))
    begin = left + step * len(source) + 0.8
    written = ["<bos>", *target]
    for t, read in enumerate(written):
        x = begin + step * t
        _cell(axes, x, read, f"$e_{t + 1}$", "layer")
        if t:
            arrow(axes, (x - step + 0.27, 1.9), (x - 0.27, 1.9))
        arrow(axes, (x, 2.15), (x, 2.75))
        axes.text(x, 2.95, [*target, "<eos>"][t], ha="center", va="center", fontsize=11)
        if t + 1 < len(written):
            style = {"linestyle": "--", "connectionstyle": "arc3,rad=0"}
            arrow(axes, (x + 0.13, 2.85), (x + step - 0.12, 0.98), colour="grey", **style)
    last = left + step * (len(source) - 1)
    arrow(axes, (last + 0.27, 1.9), (begin - 0.27, 1.9), colour=FORWARD, linewidth=2.2)
    axes.text((last + begin) / 2, 2.32, "$(m_S, c_S)$\ntwo of (N, H)", ha="center", va="bottom", fontsize=9, color=FORWARD)
    middle = left + step * (len(source) - 1) / 2
    axes.text(middle, 3.45, "encoder: ids (N, S), states $m$ (N, S, H)", ha="center", fontsize=10)
    middle = begin + step * (len(written) - 1) / 2
    axes.text(middle, 3.45, "decoder: logits $z$ (N, T, V)", ha="center", fontsize=10)
    axes.text(middle, 0.12, "dashed: only when it writes on its own", ha="center", fontsize=9, color="grey")
    return figure


def _cell(axes: Any, x: float, letter: str, name: str, fill: str) -> None:
    """One step: the character that is read, its embedding, and a cell."""
    axes.text(x, 0.65, letter, ha="center", va="center", fontsize=11 if len(letter) == 1 else 9)
    arrow(axes, (x, 0.82), (x, 1.62), name)
    box(axes, (x, 1.9), "LSTM", fill, 0.54, 0.5)


def distances(pairs: Mapping[str, tuple[str, str, Sequence[tuple[int, int]]]]) -> Figure:
    """How far the decoder is from what it needs: a row for each order, with arcs from source to target positions."""
    figure, axes = new_figure(10, 1.75 * len(pairs), nrows=len(pairs), squeeze=False)
    for axis, (title, (source, target, needs)) in zip(axes[:, 0], pairs.items(), strict=True):
        axis.set_axis_off()
        axis.set(xlim=(-0.6, len(source) + len(target) + 0.6), ylim=(-0.45, 3.6))
        axis.set_title(title, fontsize=10, loc="left")
        for k, letter in enumerate(source + target):
            x = k + (k >= len(source))
            axis.text(x, 0, letter, ha="center", va="center", fontsize=12, family="monospace")
        axis.plot([len(source), len(source)], [-0.35, 0.35], color="black", linewidth=1)
        colours = dict(zip(sorted({t for _, t in needs}), COLOURS, strict=False))
        for j, t in needs:
            start, end = j, len(source) + 1 + t
            along = np.linspace(start, end, 40)
            height = 0.45 + 2.6 * (end - start) / (len(source) + len(target))
            axis.plot(
                along, 0.35 + height * np.sin(np.pi * (along - start) / (end - start)), color=colours[t], linewidth=1.4
            )
    return figure


def attention_shapes() -> Figure:
    """From queries, keys and memory to context vectors: boxes with their shapes."""
    figure, axes = drawing(10, 3.6)
    places = {
        "q": (0.95, 2.9, "queries $q$\n(N, T, H)", "data"),
        "k": (0.95, 1.7, "keys $k$\n(N, S, H)", "state"),
        "m": (0.95, 0.5, "memory $m$\n(N, S, H)", "state"),
        "s": (3.2, 2.3, "scores $s$\n(N, T, S)", "plain"),
        "a": (5.5, 2.3, "weights $\\alpha$\n(N, T, S)", "plain"),
        "c": (7.6, 1.4, "context $\\bar m$\n(N, T, H)", "plain"),
        "f": (9.25, 2.3, "$\\tilde h$\n(N, T, H)", "layer"),
    }
    for x, y, text, fill in places.values():
        box(axes, (x, y), text, fill, 1.3, 0.62)
    arrow(axes, (1.6, 2.9), (2.55, 2.42))
    arrow(axes, (1.6, 1.7), (2.55, 2.18))
    axes.text(2.12, 2.95, "$q_t \\cdot k_j$", fontsize=9, ha="left")
    arrow(axes, (3.85, 2.3), (4.85, 2.3), "softmax over $j$")
    arrow(axes, (6.15, 2.3), (6.95, 1.55))
    arrow(axes, (1.6, 0.5), (6.95, 1.25), "")
    axes.text(4.3, 0.62, "weighted sum over $j$", fontsize=9, ha="center")
    arrow(axes, (8.1, 1.72), (8.6, 2.1))
    axes.plot([0.95, 0.95, 9.25], [3.21, 3.42, 3.42], color="black", linewidth=1)
    arrow(axes, (9.25, 3.42), (9.25, 2.62))
    axes.text(8.1, 3.2, "$h = q$", fontsize=9, ha="center")
    axes.text(9.25, 1.72, "$\\tanh([h, \\bar m] W)$", fontsize=9, ha="center")
    return figure


# --- measurements ----------------------------------------------------------------------------------------------------


def curves(runs: Mapping[str, Mapping[int, float]], title: str) -> Figure:
    """The share of right dates of each run, by training step."""
    figure, axes = new_figure(7.5, 3.8)
    for (name, curve), colour in zip(runs.items(), COLOURS, strict=False):
        axes.plot(list(curve), [100 * share for share in curve.values()], "o-", markersize=4, color=colour, label=name)
    axes.set_ylim(-3, 103)
    axes.legend()
    label(axes, title, "training step", "dates right (%)")
    return figure


def softmax_of_products(sizes: Sequence[int], deviations: Sequence[float], largest: Sequence[float]) -> Figure:
    """The spread of random scores by the number of units, and the largest of ten weights after the softmax."""
    figure, (left, right) = new_figure(9.5, 3.4, ncols=2)
    left.plot(sizes, deviations, "o-", color=COLOURS[0], label="measured")
    left.plot(sizes, np.sqrt(sizes), "--", color="grey", label="$\\sqrt{H}$")
    left.legend()
    label(left, "Spread of the scores", "units H", "standard deviation of $q \\cdot k$")
    right.plot(sizes, largest, "o-", color=COLOURS[1])
    right.set_ylim(0, 1.03)
    label(right, "The softmax hardens", "units H", "largest of ten weights (mean)")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
    return figure


def padded_batches(columns: Sequence[int], right: Mapping[str, Sequence[float]]) -> Figure:
    """The share of right dates by the number of padding columns, with and without a mask."""
    figure, axes = new_figure(7, 3.4)
    for (name, shares), colour in zip(right.items(), COLOURS, strict=False):
        axes.plot(columns, [100 * share for share in shares], "o-", color=colour, label=name)
    axes.set_ylim(-3, 103)
    axes.legend()
    label(axes, "The same dates in wider batches", "columns of padding added to the batch", "dates right (%)")
    return figure


def maps(shown: Sequence[AlignmentMap]) -> Figure:
    """What attention reads, side by side: a row for each character that is written, dark where the weight is near 1."""
    longest = max(len(one.target) for one in shown)
    widths = [len(one.source) for one in shown]
    figure, panels = new_figure(10.5, 0.27 * longest + 1.0, ncols=len(shown), width_ratios=widths)
    for axes, one in zip(panels, shown, strict=True):
        axes.imshow(one.weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(np.arange(len(one.source)), [letter.replace(" ", "_") for letter in one.source], family="monospace")
        axes.set_yticks(np.arange(len(one.target)), one.target, family="monospace")
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.set_xlabel("source")
    panels[0].set_ylabel("written, top to bottom")
    return figure
