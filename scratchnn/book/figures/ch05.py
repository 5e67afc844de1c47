"""Figures of chapter 5: unrolled networks, shapes of tasks, loss curves, perplexity."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures import boxes
from scratchnn.book.figures.boxes import Place
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# --- circles and arrows ----------------------------------------------------------------------------------------------


def _node(axes: Any, place: Place, name: str, size: float = 30, colour: str = "black") -> None:
    """A circle with a name in it."""
    axes.plot(*place, "o", markersize=size, color="white", markeredgecolor=colour, zorder=2)
    axes.text(*place, name, ha="center", va="center", zorder=3)


def _arrow(
    axes: Any, start: Place, end: Place, name: str = "", colour: str = "black", shift: Place = (0.0, 0.0), **style: Any
) -> None:
    """An arrow between two places; its name is written beside the middle, moved by ``shift``."""
    properties = {"arrowstyle": "->", "color": colour, "shrinkA": 17, "shrinkB": 17} | style
    axes.annotate("", end, start, arrowprops=properties, zorder=1)
    middle = (np.array(start) + end) / 2 + shift
    axes.text(*middle, name, ha="center", va="center", color=colour, fontsize=9)


# --- the network and its gradients -----------------------------------------------------------------------------------


def three_parts() -> Figure:
    """What all networks of the chapter do: encode each input, summarise over time, decode answers; with shapes."""
    figure, axes = boxes.drawing(10, 3.6)
    rows = ((1.45, "x", "layer"), (2.35, "h", "state"), (3.25, "z", "layer"))
    for column, name in enumerate(("1", "2", "3", "T")):
        x = 1.0 + 1.3 * column + 0.5 * (column == 3)
        boxes.box(axes, (x, 0.55), ("mr", "park", "met", "king")[column], "data", 0.9, 0.42)
        for y, letter, fill in rows:
            boxes.box(axes, (x, y), f"${letter}_{name}$", fill, 0.9, 0.42)
            boxes.arrow(axes, (x, y - 0.69), (x, y - 0.21))
        before = x - 1.3 - 0.5 * (column == 3)
        boxes.arrow(axes, (before + 0.45 if column else 0.1, 2.35), (x - 0.45, 2.35), colour=COLOURS[1])
    axes.text(4.3, 2.35, " ... ", ha="center", va="center", fontsize=13, backgroundcolor="white")
    parts = (
        (1.0, "encode: what is one input?", "one-hot rows, an embedding: $x$ is $(N, T, D)$"),
        (1.95, "summarise: what matters so far?", "the same weights at every step: $h$ is $(N, T, H)$"),
        (2.85, "decode: what is the answer?", "from some or all of the states: $z$ is $(N, T, K)$"),
    )
    for y, title, text in parts:
        axes.text(6.35, y + 0.13, title, fontsize=11, va="center", weight="bold")
        axes.text(6.35, y - 0.15, text, fontsize=9, va="center")
    return figure


def unrolled() -> Figure:
    """A recurrent network with its loop on the left, and unrolled over three steps on the right."""
    figure, axes = boxes.drawing(10, 4)
    for column, x in [("t", 1.0), ("1", 4.8), ("2", 6.6), ("3", 8.4)]:
        _node(axes, (x, 0.5), f"$x_{column}$")
        _node(axes, (x, 1.9), f"$h_{column}$")
        _node(axes, (x, 3.3), f"$z_{column}$")
        _arrow(axes, (x, 0.5), (x, 1.9), "$W_x$", COLOURS[0], (-0.25, 0))
        _arrow(axes, (x, 1.9), (x, 3.3), "$W_y$", COLOURS[2], (-0.25, 0))
    loop: dict[str, Any] = {"connectionstyle": "arc3,rad=-3.5", "shrinkA": 0, "shrinkB": 0}
    _arrow(axes, (1.17, 2.05), (1.17, 1.75), "$W_h$", COLOURS[1], (0.75, 0), **loop)
    axes.text(2.4, 1.9, "=", fontsize=20, ha="center", va="center")
    _node(axes, (3.2, 1.9), "$h_0$")
    for start, end in [(3.2, 4.8), (4.8, 6.6), (6.6, 8.4)]:
        _arrow(axes, (start, 1.9), (end, 1.9), "$W_h$", COLOURS[1], (0, 0.17))
    _arrow(axes, (8.4, 1.9), (9.8, 1.9), "$W_h$", COLOURS[1], (0, 0.17), shrinkB=5)
    return figure


def backward_pass() -> Figure:
    """States and inputs of three steps, with the gradients that flow back between them."""
    figure, axes = boxes.drawing(10, 4.2)
    places = {0: 0.9, 1: 3.5, 2: 6.1, 3: 8.7}
    for t, x in places.items():
        _node(axes, (x, 2.1), f"$h_{t}$")
        if t:
            _node(axes, (x, 0.5), f"$x_{t}$")
            _arrow(axes, (x - 0.08, 0.5), (x - 0.08, 2.1), colour=COLOURS[0])
            _arrow(axes, (x + 0.08, 2.1), (x + 0.08, 0.5), f"$dx_{t}$", COLOURS[1], (0.3, 0))
            _arrow(axes, (x - 0.08, 2.1), (x - 0.08, 3.8), colour=COLOURS[0], shrinkB=4)
            _arrow(axes, (x + 0.08, 3.8), (x + 0.08, 2.1), f"$dy_{t}$", COLOURS[1], (0.3, 0.2), shrinkA=4)
            before = places[t - 1]
            _arrow(axes, (before, 2.18), (x, 2.18), colour=COLOURS[0])
            name = "$dh_0 = da_1 W_h^T$" if t == 1 else f"$da_{t} W_h^T$"
            _arrow(axes, (x, 2.02), (before, 2.02), name, COLOURS[1], (0, -0.28))
    axes.set_title("Forward blue, backward orange: two gradients arrive at $h_1$ and at $h_2$")
    return figure


def step_by_step(states: Sequence[float], back: Mapping[int, tuple[float, float, float]]) -> Figure:
    """One neuron in four pictures: forward, and the gradient that has come back to step 3, 2 and 1.

    Args:
        states: h_0 to h_3.
        back: for each step, the last first, dh, da and what the step adds to dWh.
    """
    figure, axes = boxes.drawing(10, 5.4)
    ends: dict[str, Any] = {"shrinkA": 22, "shrinkB": 22}
    places, total = {0: 0.6, 1: 2.7, 2: 4.8, 3: 6.9}, 0.0
    for row in range(4):
        y = 4.6 - 1.3 * row
        for t, x in places.items():
            _node(axes, (x, y), f"{states[t]:.3f}", 40, COLOURS[1] if t == 4 - row else "black")
            axes.text(x, y + 0.4, f"$h_{t}$", ha="center", va="center", fontsize=9)
            if t and row == 0:
                _arrow(axes, (places[t - 1], y), (x, y), "$\\times\\, W_h = 0.5$, tanh", COLOURS[0], (0, 0.17), **ends)
        if row == 0:
            axes.text(7.9, y, "forward; the inputs are 1, 0, 0", va="center", fontsize=9)
        for k, (t, (dh, da, share)) in enumerate(back.items()):
            if k < row:
                x, colour = places[t], COLOURS[1] if k == row - 1 else "grey"
                axes.text(x, y - 0.46, f"$dh_{t}$ {dh:.3f}  $da_{t}$ {da:.3f}", color=colour, fontsize=8.5, ha="center")
                _arrow(axes, (x, y), (places[t - 1], y), "$\\times\\, W_h$", colour, (0, 0.15), **ends)
                if k == row - 1:
                    total += share
                    added = f"adds $h_{t - 1} \\, da_{t}$ = {share:.3f}\n$dW_h$ so far {total:.3f}"
                    axes.text(7.9, y, added, va="center", fontsize=9, color=colour)
    return figure


def windows() -> Figure:
    """Two windows of truncated BPTT: which arrows cross the cut and which stop there."""
    figure, axes = boxes.drawing(10, 2.9)
    for k, t in enumerate((1, 2, 3, 4, 5, 6)):
        x = 1.8 + 1.35 * k + (0.35 if t > 3 else 0)
        _node(axes, (x, 1.3), f"$h_{t}$")
        before = 0.5 if t == 1 else x - 1.35 - (0.35 if t == 4 else 0)
        _arrow(axes, (before, 1.38), (x, 1.38), colour=COLOURS[0], shrinkA=6 if t == 1 else 17)
        if t not in (1, 4):
            _arrow(axes, (x, 1.22), (before, 1.22), colour=COLOURS[1])
        _arrow(axes, (x + 0.07, 2.6), (x + 0.07, 1.3), f"$dy_{t}$", COLOURS[1], (0.27, 0.2), shrinkA=4)
    for x in (1.12, 5.35):
        axes.plot([x, x], [0.4, 2.3], "--", color="grey")
        axes.plot(x + 0.15, 1.18, "x", color=COLOURS[1], markersize=9, markeredgewidth=2)
    axes.text(3.2, 0.35, "window 1", ha="center")
    axes.text(7.5, 0.35, "window 2", ha="center")
    axes.set_title("States (blue) pass from window to window, gradients (orange) do not")
    return figure


def cut(widths: Sequence[int], off: np.ndarray) -> Figure:
    """How far the gradient of truncated BPTT is off, as a share of the whole gradient, for each window width."""
    figure, axes = new_figure(7, 3.6)
    axes.plot(widths, 100 * off, "o-", color=COLOURS[1])
    axes.set_ylim(bottom=0)
    label(axes, "What the cut takes away from $dW_h$", "window $T$ (steps)", "off the whole gradient (%)")
    return figure


# --- the five shapes -------------------------------------------------------------------------------------------------


def task_shapes() -> Figure:
    """The five shapes of inputs and outputs, one panel each."""
    figure, panels = new_figure(10, 2.4, ncols=5)
    _task_shape(panels[0], "1:1", {0}, {0}, 1)
    _task_shape(panels[1], "1:N", {0}, {0, 1, 2, 3}, 4, {0, 1, 2})
    _task_shape(panels[2], "N:1", {0, 1, 2, 3}, {3}, 4)
    _task_shape(panels[3], "N:N in step", {0, 1, 2, 3}, {0, 1, 2, 3}, 4)
    _task_shape(panels[4], "N:M", {0, 1, 2}, {2, 3, 4}, 5, {2, 3})
    return figure


def _task_shape(
    axes: Any, title: str, inputs: Collection[int], outputs: Collection[int], steps: int, fed_back: Collection[int] = ()
) -> None:
    """A row of states; which steps have an input, an output, and an output that is the next input."""
    axes.set_axis_off()
    axes.set(xlim=(-0.8, 4.8), ylim=(-0.6, 2.9), title=title)
    ends: dict[str, Any] = {"shrinkA": 7, "shrinkB": 7}
    for t in range(steps):
        x = t + (5 - steps) / 2 - 0.5
        below, state, above, next_state = (x, 0.0), (x, 1.1), (x, 2.2), (x + 1, 1.1)
        _node(axes, state, "", 12)
        if t + 1 < steps:
            _arrow(axes, state, next_state, colour=COLOURS[1], **ends)
        if t in inputs:
            _node(axes, below, "", 12, COLOURS[0])
            _arrow(axes, below, state, colour=COLOURS[0], **ends)
        if t in outputs:
            _node(axes, above, "", 12, COLOURS[2])
            _arrow(axes, state, above, colour=COLOURS[2], **ends)
        if t in fed_back:
            _arrow(axes, above, next_state, colour="grey", linestyle="--", **ends)


def digits(pictures: np.ndarray) -> Figure:
    """Ten pictures (10, 7) of seven bars, side by side; 1 is black, 0 is white."""
    figure, panels = new_figure(8, 1.7, ncols=10)
    segments = [((0, 2), (1, 2)), ((0, 1), (0, 2)), ((1, 1), (1, 2)), ((0, 1), (1, 1))]
    segments += [((0, 0), (0, 1)), ((1, 0), (1, 1)), ((0, 0), (1, 0))]  # the ends of the seven bars
    for axes, bars in zip(panels, pictures, strict=True):
        axes.set_axis_off()
        axes.set_aspect("equal")
        for ((x1, y1), (x2, y2)), dark in zip(segments, bars, strict=True):
            grey = str(1 - np.clip(dark, 0.05, 1))  # matplotlib reads "0" as black and "1" as white
            axes.plot([x1, x2], [y1, y2], color=grey, linewidth=5)
    return figure


def carry(carries: np.ndarray, states: np.ndarray, neuron: int) -> Figure:
    """The true carry (T,) of each step, and beside it the state (T,) of the neuron with that number."""
    figure, axes = new_figure(9, 3.2)
    steps = np.arange(1, len(carries) + 1)
    axes.step(steps, carries, where="mid", color="grey", label="carry, computed")
    axes.plot(steps, states, "o-", color=COLOURS[0], label=f"state of neuron {neuron}")
    axes.legend(loc="lower left", fontsize=9)
    label(axes, "One neuron remembers the carry", "time step (bits, lowest first)", "value")
    return figure


def loss_curves(curves: Mapping[str, np.ndarray], scores: Mapping[str, float]) -> Figure:
    """The smoothed loss of each task by training step, with its score in the legend."""
    figure, axes = new_figure(8, 4)
    for (shape, curve), colour in zip(curves.items(), COLOURS, strict=False):
        smooth = np.convolve(curve, np.ones(50) / 50, mode="valid")  # means of 50 neighbours
        name = f"{shape}: {scores[shape]:.1%} right at the end"
        axes.plot(np.arange(50, len(curve) + 1), smooth, color=colour, label=name)
    axes.set_yscale("log")
    axes.legend(fontsize=9)
    label(axes, "Five shapes, one program", "training step", "loss (nats), mean of 50 steps")
    return figure


# --- the language model ----------------------------------------------------------------------------------------------


def language_model(history: np.ndarray, floors: Mapping[str, float]) -> Figure:
    """Training and test perplexity (epochs, 2) by epoch, and the best possible losses ``floors``, in nats."""
    figure, axes = new_figure(8, 4.4)
    for column, name in enumerate(["network, training text", "network, test text"]):
        curve = history[:, column]
        axes.plot(np.arange(1, len(curve) + 1), curve, "o-", color=COLOURS[column], markersize=4, label=name)
    for known, style in [("the last word", "--"), ("all words so far", "-")]:
        floor = np.exp(floors[known])
        axes.axhline(floor, color="grey", linestyle=style, label=f"best if you know {known}: {floor:.2f}")
    axes.set_ylim(3, 6)
    axes.legend(fontsize=9)
    label(axes, "A language model and the language", "epoch", "perplexity")
    return figure


def mistakes(right: np.ndarray, replaced: np.ndarray, shuffled: np.ndarray, reset: np.ndarray, floor: float) -> Figure:
    """Training and test perplexity (epochs, 2) of the right program and of two wrong ones.

    Args:
        right: the right program.
        replaced: gradients replaced instead of added.
        shuffled: shuffled windows, each from the last state of another.
        reset: shuffled windows, each from the state zero.
        floor: the best possible perplexity.
    """
    figure, (left_axes, right_axes) = new_figure(10, 4, ncols=2)
    label(left_axes, "Replaced, not added: test text", "epoch", "perplexity")
    label(right_axes, "Shuffled: training text", "epoch", "perplexity")
    epochs = np.arange(1, len(right) + 1)
    for axes, column in [(left_axes, 1), (right_axes, 0)]:
        axes.plot(epochs, right[:, column], color=COLOURS[0], label="right")
        axes.axhline(floor, color="grey", linestyle="--", label="the language itself")
        axes.set_ylim(3.2, 5.5)
    left_axes.plot(epochs, replaced[:, 1], color=COLOURS[1], label="= in place of +=")
    right_axes.plot(epochs, reset[:, 0], color=COLOURS[2], label="shuffled, state from zero")
    right_axes.plot(epochs, shuffled[:, 0], color=COLOURS[1], label="shuffled, state of another place")
    left_axes.legend()
    right_axes.legend()
    return figure
