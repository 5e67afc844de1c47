"""The figures of chapter 14, Convolution over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import arrow, box, drawing
from scratchnn.book.figures.strips import strip
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ORANGE = "#f6c9a0"
KINDS = ("slow rise", "sudden rise")


def answer(x: np.ndarray, kinds: np.ndarray, kernels: np.ndarray, found: Mapping[str, Mapping[str, float]]) -> Figure:
    """One series of each kind, the kernel that fits each event best, and the shares of right answers.

    Args:
        x: series (N, T, 1).
        kinds: of their events (N,).
        kernels: learned weights (K, H).
        found: for each network the share of right answers by place of the event.
    """
    from scratchnn.book.examples.ch14 import SLOW_RISE, SUDDEN_RISE

    responses = [_response(event, kernels) for event in (SLOW_RISE, SUDDEN_RISE)]
    figure, (left, middle, right) = new_figure(11, 3.8, ncols=3)
    for kind, (name, colour) in enumerate(zip(KINDS, COLOURS, strict=False)):
        series = x[int(np.flatnonzero(kinds == kind)[0]), :, 0]
        left.plot(series - 5 * kind, color=colour, linewidth=1, label=name)
        best = kernels[:, int((responses[kind] - responses[1 - kind]).argmax())]
        middle.plot(np.arange(len(best)), best, "o-", color=colour, label=f"answers to {name}")
    left.set_yticks([])
    left.legend(fontsize=8, loc="upper right")
    label(left, "Two series", "step", "value, one above the other")
    middle.axhline(0, color="black", linewidth=0.8)
    middle.legend(fontsize=8)
    label(middle, "Two learned stencils", "tap", "weight")
    _grouped(right, {(name, where): share for name, row in found.items() for where, share in row.items()})
    label(right, "New series", "", "right (%)")
    right.set_title("New series, event in ...")
    return figure


def _response(event: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """The largest output (H,) of each kernel (K, H) while it slides over an event between zeros."""
    K = len(kernels)
    padded = np.pad(event, K - 1)
    return np.max([padded[t : t + K] @ kernels for t in range(len(padded) - K + 1)], axis=0)


def _grouped(axes: Any, shares: Mapping[tuple[str, str], float]) -> None:
    """Groups of bars: one group for each first name, one colour for each second; half is guessing."""
    firsts, seconds = (list(dict.fromkeys(key[place] for key in shares)) for place in (0, 1))
    width = 0.8 / len(seconds)
    for k, second in enumerate(seconds):
        places = np.arange(len(firsts)) + (k + 0.5) * width - 0.4
        heights = [100 * shares[first, second] for first in firsts]
        axes.bar(places, heights, width, color=COLOURS[k], label=second)
        for place, height in zip(places, heights, strict=True):
            box_style = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
            axes.text(place, height + 3, f"{height:.0f}", ha="center", fontsize=8, bbox=box_style)
    axes.axhline(50, color="black", linestyle="--", linewidth=1)
    axes.set_xticks(np.arange(len(firsts)), [first.replace(", ", ",\n") for first in firsts])
    axes.set_ylim(0, 132)
    axes.set_yticks(range(0, 101, 25))
    axes.legend(fontsize=8, loc="upper left", ncols=2)


# --- diagrams --------------------------------------------------------------------------------------------------------


def sliding() -> Figure:
    """A kernel on a series, its window and its output, with shapes."""
    figure, axes = drawing(10, 4.1)
    cell, left = 0.42, 0.6
    for d in range(2):
        strip(axes, left, 2.75 + d * cell, [ORANGE if 2 <= t < 5 else "white" for t in range(8)], cell=cell)
    for t in range(8):
        axes.text(left + (t + 0.5) * cell, 3.75, f"$x_{t}$", ha="center", fontsize=9)
    axes.text(left + 8 * cell + 0.15, 3.17, "x  (N, T, D)", va="center", fontsize=10)
    strip(axes, left, 0.75, [ORANGE if t == 2 else "white" for t in range(6)], cell=cell)
    strip(axes, left, 0.75 + cell, [ORANGE if t == 2 else "white" for t in range(6)], cell=cell)
    strip(axes, left, 0.75 + 2 * cell, [ORANGE if t == 2 else "white" for t in range(6)], cell=cell)
    for t in range(6):
        axes.text(left + (t + 0.5) * cell, 0.58, f"$y_{t}$", ha="center", va="top", fontsize=9)
    axes.text(left + 6 * cell + 0.15, 1.4, "y  (N, T', H)", va="center", fontsize=10)
    for k in range(3):
        arrow(axes, (left + (2.5 + k) * cell, 2.73), (left + 2.5 * cell, 2.04), colour=COLOURS[1])
    text = "$W_0,\\ W_1,\\ W_2$ on one window, K = 3"
    axes.text(left + 5.3 * cell, 2.38, text, color=COLOURS[1], fontsize=9, va="center")
    box(axes, (7.0, 3.15), "window\n(K D)", "data", 1.2, 0.65)
    axes.text(7.85, 3.15, "times", ha="center", va="center", fontsize=9)
    box(axes, (8.8, 3.15), "kernels\n(K D, H)", "layer", 1.3, 0.65)
    arrow(axes, (7.9, 2.75), (7.9, 1.85))
    box(axes, (7.9, 1.5), "one step of y\n(H)", "data", 1.5, 0.65)
    axes.text(7.9, 0.85, "T' = T - K + 1 of them", ha="center", fontsize=9)
    return figure


def backward() -> Figure:
    """The three windows that contain one step, forward above and backward below."""
    figure, axes = drawing(9, 3.4)
    xs, ys = np.arange(5) * 1.35 + 1.8, np.arange(3) * 1.35 + 3.15
    for t, place in enumerate(xs):
        box(axes, (place, 0.6), f"$x_{t}$", "layer" if t == 2 else "data", 0.75, 0.45)
    for t, place in enumerate(ys):
        box(axes, (place, 2.6), f"$y_{t}$", "data", 0.75, 0.45)
        for k in range(3):
            mine = t + k == 2
            start, end = (xs[t + k], 0.84), (place, 2.36)
            axes.plot([start[0], end[0]], [start[1], end[1]], color="#cccccc", linewidth=1, zorder=0)
            if mine:
                arrow(axes, (place, 2.36), (xs[2], 0.84), colour=COLOURS[1])
        axes.text(place, 2.95, f"$dy_{t}$", ha="center", fontsize=10, color=COLOURS[1])
    for t, place in enumerate(ys):
        x, y = place + 0.38 * (xs[2] - place), 2.36 - 0.38 * 1.52
        style = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(x, y, f"$dy_{t} W_{2 - t}^T$", fontsize=9, color=COLOURS[1], ha="center", va="center", bbox=style)
    axes.text(xs[2], 0.1, "$dx_2$ = the sum of three", ha="center", fontsize=10)
    return figure


def dilated() -> Figure:
    """Three causal layers with two taps each, without and with dilation; what the last output depends on is coloured."""
    figure, panels = new_figure(9.5, 5, nrows=2)
    titles = ("dilation 1, 1, 1: four steps", "dilation 1, 2, 4: eight steps")
    for axes, dilations, title in zip(panels, ((1, 1, 1), (1, 2, 4)), titles, strict=True):
        axes.set_axis_off()
        axes.set(xlim=(-2.6, 9.6), ylim=(-0.5, 3.6), title=title)
        seen = {7}
        for level in (3, 2, 1):
            dilation = dilations[level - 1]
            for t in range(8):
                for source in (t, t - dilation):
                    if source < 0:
                        continue
                    used = t in seen
                    colour, width = (COLOURS[1], 1.6) if used else ("#dddddd", 0.8)
                    axes.plot([source, t], [level - 1, level], color=colour, linewidth=width, zorder=2 if used else 1)
            _row(axes, level, seen)
            seen = seen | {t - dilation for t in seen if t >= dilation}
        _row(axes, 0, seen)
        for level, name in enumerate(("inputs", "layer 1", "layer 2", "layer 3")):
            axes.text(-0.6, level, name, ha="right", va="center", fontsize=9)
    return figure


def _row(axes: Any, level: int, seen: set[int]) -> None:
    """The eight steps of a layer as circles, those in ``seen`` filled."""
    for t in range(8):
        colour = COLOURS[1] if t in seen else "white"
        axes.plot(t, level, "o", markersize=11, color=colour, markeredgecolor="black", zorder=3)


def front() -> Figure:
    """Convolution, pooling and a GRU, with the shapes of what passes between them."""
    figure, axes = drawing(11.2, 2.2)
    parts = [("Conv1D, ReLU\nwhich shape?", "layer", 1.6), ("MaxPool1D(8)\nroughly where?", "layer", 1.6)]
    parts += [("GRU\nin which order?", "state", 1.5), ("Dense\nthe answer", "layer", 1.2)]
    shapes = ("(N, 160, 1)", "(N, 160, 8)", "(N, 20, 8)", "(N, 16)", "(N, 2)")
    x = 1.25
    axes.text(0.1, 1.1, "series", fontsize=9, va="center")
    start = 0.55
    for (text, fill, width), shape in zip(parts, shapes, strict=False):
        arrow(axes, (start, 1.1), (x + 0.35, 1.1), shape)
        box(axes, (x + 0.35 + width / 2, 1.1), text, fill, width, 0.8)
        start = x + 0.35 + width
        x = start + 0.62
    arrow(axes, (start, 1.1), (start + 0.75, 1.1), shapes[-1])
    return figure


# --- experiments -----------------------------------------------------------------------------------------------------


def orders(scores: Mapping[tuple[str, str], float]) -> Figure:
    """The shares of right answers of each network, with the steps in order and shuffled."""
    figure, axes = new_figure(8.5, 3.8)
    _grouped(axes, scores)
    label(axes, "Which event is it?", "", "right (%)")
    return figure


def first(curves: Mapping[str, np.ndarray], scores: Mapping[str, float]) -> Figure:
    """Losses of each network, averaged over 20 steps, with the share of right answers in the legend."""
    figure, axes = new_figure(8, 3.8)
    for (name, curve), colour in zip(curves.items(), (COLOURS[2], COLOURS[1], COLOURS[0]), strict=True):
        smooth = np.convolve(curve, np.ones(20) / 20, mode="valid")
        axes.plot(np.arange(20, len(curve) + 1), smooth, color=colour, label=f"{name}: {scores[name]:.0%} right")
    axes.axhline(np.log(2), color="black", linestyle="--", linewidth=1, label="guessing")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=9)
    label(axes, "Which event comes first?", "training step", "loss (nats), mean of 20 steps")
    return figure
