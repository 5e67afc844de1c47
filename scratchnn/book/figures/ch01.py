"""Figures of chapter 1, arrays and the neural network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import arrow, drawing
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Function = Callable[[np.ndarray], np.ndarray]
FORWARD, BACKWARD = COLOURS[0], COLOURS[1]  # values and gradients


def broadcasting(column: np.ndarray, row: np.ndarray) -> Figure:
    """A column (N, 1), a row (1, K) and their sum (N, K), as tables of numbers."""
    arrays = {"column": column, "row": row, "column + row": column + row}
    figure, panels = new_figure(9, 3, ncols=3, width_ratios=[1, 2, 2])
    for axes, (name, array) in zip(panels, arrays.items(), strict=True):
        axes.imshow(array, cmap="Blues", vmin=0, vmax=40)
        for (i, j), value in np.ndenumerate(array):
            axes.text(j, i, f"{value:.0f}", ha="center", va="center")
        axes.set(title=f"{name} {array.shape}", xlabel="axis 1", ylabel="axis 0")
        axes.set(xticks=range(array.shape[1]), yticks=range(array.shape[0]))
    return figure


def differences(
    f: Function, point: float, slope: float, steps: np.ndarray, one_sided: Sequence[float], central: Sequence[float]
) -> Figure:
    """The curve ``f`` with a tangent and a chord at ``point``; beside it, the errors of both differences by step."""
    figure, (left, right) = new_figure(10, 4, ncols=2)
    x = np.linspace(0, 2.2, 100)
    ends = np.array([point, point + 0.7])
    chord_slope = (f(ends)[1] - f(ends)[0]) / 0.7
    left.plot(x, f(x), color="black", label="$f(x) = x^3$")
    tangent, chord = (f(ends)[0] + s * (x - point) for s in (slope, chord_slope))
    left.plot(x, tangent, color=COLOURS[0], label=f"tangent at {point}: slope {slope:.2f}")
    left.plot(x, chord, "--", color=COLOURS[1], label=f"through two points, $\\varepsilon = 0.7$: slope {chord_slope:.2f}")
    left.plot(ends, f(ends), "o", color="black")
    left.set_ylim(-4, 11)
    left.legend()
    label(left, "The tangent, and a line through two points", "$x$", "$f(x)$")
    right.loglog(steps, one_sided, "o-", color=COLOURS[1], label="one-sided, equation (2)")
    right.loglog(steps, central, "o-", color=COLOURS[0], label="central, equation (3)")
    right.legend()
    label(right, "Error of the slope", "step $\\varepsilon$", "error")
    return figure


def computational_graph() -> Figure:
    """L = (a + b) c for a = 2, b = 3, c = 4: values on one side of the arrows, gradients on the other."""
    figure, axes = drawing(9.5, 3.8)
    nodes = {"+": (3.3, 2.6), "$\\times$": (6.3, 1.7)}
    plus, times = nodes.values()
    arrows = [  # from, to, forward, backward
        ((0.5, 3.5), plus, "a = 2", "da = 4"),
        ((0.5, 1.7), plus, "b = 3", "db = 4"),
        (plus, times, "s = 5", "ds = 4"),
        ((3.5, 0.4), times, "c = 4", "dc = 5"),
        (times, (9.2, 1.7), "L = 20", "dL = 1"),
    ]
    for start, end, forward, backward in arrows:
        arrow(axes, start, end, shrinkA=20 if start in nodes.values() else 0, shrinkB=20 if end in nodes.values() else 0)
        along = np.array(end) - start
        across = np.array([-along[1], along[0]]) / np.hypot(*along)  # at right angles to the arrow, upwards
        middle = (np.array(start) + end) / 2
        axes.text(*(middle + 0.26 * across), forward, ha="center", va="center", color=FORWARD, fontsize=11)
        axes.text(*(middle - 0.26 * across), backward, ha="center", va="center", color=BACKWARD, fontsize=11)
    for name, place in nodes.items():
        axes.plot(*place, "o", markersize=32, color="white", markeredgecolor="black")
        axes.text(*place, name, ha="center", va="center", fontsize=16)
    return figure


def regions(axes: Any, decide: Function, low: float = -0.5, high: float = 1.5) -> None:
    """Colour the plane by ``decide``, which returns a class number for each row of its input (N, 2)."""
    side = np.linspace(low, high, 200)
    x_1, x_2 = np.meshgrid(side, side)
    grid = np.stack([x_1.ravel(), x_2.ravel()], axis=1)  # (40000, 2)
    classes = decide(grid).reshape(200, 200)
    axes.contourf(side, side, classes, levels=[-0.5, 0.5, 1.5, 2.5], colors=COLOURS[:3], alpha=0.25)
    axes.set_aspect("equal")


def points(axes: Any, x: np.ndarray, target: np.ndarray, size: float = 60) -> None:
    """The points x (N, 2) in the colours of their classes (N,)."""
    for k in range(target.max() + 1):
        chosen = x[target == k]
        axes.scatter(chosen[:, 0], chosen[:, 1], s=size, color=COLOURS[k], marker="oxs"[k], label=f"correct answer {k}")


def perceptrons(x: np.ndarray, gates: Mapping[str, np.ndarray], decide: Callable[[str, np.ndarray], np.ndarray]) -> Figure:
    """One panel per gate: the points x (4, 2), and the plane coloured by ``decide(gate, points)``."""
    figure, panels = new_figure(10, 3.8, ncols=3)
    for axes, (name, target) in zip(panels, gates.items(), strict=True):
        regions(axes, partial(decide, name))
        points(axes, x, target)
        label(axes, name, "$x_1$", "$x_2$")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def hidden_layer(x: np.ndarray, h: np.ndarray, target: np.ndarray, decide: Function, decide_hidden: Function) -> Figure:
    """The points before (x) and after (h) the hidden layer, with the decision in each plane."""
    figure, (left, right) = new_figure(8, 4.2, ncols=2)
    regions(left, decide)
    points(left, x, target)
    label(left, "XOR by two layers", "$x_1$", "$x_2$")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    regions(right, decide_hidden)
    points(right, h, target)
    label(right, "The same points after the hidden layer", "$h_1$ (OR)", "$h_2$ (NAND)")
    return figure


def activations(functions: Mapping[str, tuple[Function, Function]]) -> Figure:
    """Activation functions and their slopes, by name; the slope of ReLU has a gap at 0."""
    colours = {"sigmoid": COLOURS[0], "tanh": COLOURS[2], "ReLU": COLOURS[1]}
    figure, (left, right) = new_figure(10, 4, ncols=2)
    x = np.linspace(-6, 6, 401)
    for name, (function, slope) in functions.items():
        left.plot(x, function(x), color=colours[name], label=name)
        heights = slope(x)
        if name == "ReLU":
            heights[x == 0] = np.nan
        right.plot(x, heights, color=colours[name], label=name)
    gap = {"color": colours["ReLU"], "markerfacecolor": "white", "label": "ReLU at 0: no slope"}
    right.plot([0, 0], [0, 1], "o", **gap)
    left.set_ylim(-1.2, 3)
    left.legend()
    right.legend(loc="upper left", fontsize=9)
    label(left, "Activation functions", "$x$", "output")
    label(right, "Their slopes", "$x$", "slope")
    return figure


def loss_of_probability(probabilities: np.ndarray, losses: np.ndarray) -> Figure:
    """The curve -log y, and one point per class: its probability (K,), and the loss (K,) if that class is correct."""
    figure, axes = new_figure(6.5, 4)
    y = np.linspace(0.01, 1, 200)
    axes.plot(y, -np.log(y), color="black")
    for k, (y_k, L) in enumerate(zip(probabilities, losses, strict=True)):
        axes.plot(y_k, L, "o", color=COLOURS[k], label=f"correct class {k}: probability {y_k:.3f}, loss {L:.3f}")
    axes.legend()
    label(axes, "Loss of logits (2.0, 1.0, 0.1)", "probability of the correct class", "loss (nats)")
    return figure


def valleys(loss: Function, paths: Mapping[float, np.ndarray]) -> Figure:
    """A curve with two valleys, and the weights visited from each start."""
    figure, axes = new_figure(7, 4)
    w = np.linspace(-1.9, 1.8, 300)
    axes.plot(w, loss(w), color="black")
    for (start, path), colour in zip(paths.items(), COLOURS, strict=False):
        axes.plot(path, loss(path), "o-", color=colour, markersize=4, label=f"start at {start}")
    axes.text(-1.3, -0.5, "global minimum", ha="center")
    axes.text(1.13, 2.0, "local minimum", ha="center")
    axes.set_ylim(-1.5, 7)
    axes.legend(loc="upper center")
    label(axes, "Two starts, two valleys", "weight $w$", "loss $L$")
    return figure


def line_fits(x: np.ndarray, target: np.ndarray, paths: Mapping[int, np.ndarray]) -> Figure:
    """Contours of the mean squared error of the line w x + b, and the (w, b) visited with each batch size."""
    w, b = np.linspace(-0.2, 2.2, 80), np.linspace(-1.2, 0.8, 80)
    loss = np.zeros((80, 80))
    for i, j in np.ndindex(80, 80):
        loss[i, j] = ((w[j] * x + b[i] - target) ** 2).mean()
    figure, axes = new_figure(7, 5.4)
    axes.set_aspect("equal")
    levels = [0.2, 0.3, 0.5, 0.8, 1.2, 2.0]
    contours = axes.contour(w, b, loss, levels, colors="grey", linewidths=0.8)
    axes.clabel(contours, levels[1:], fontsize=8)
    for (batch, path), colour in zip(paths.items(), COLOURS, strict=False):
        steps = f"batches of {batch}: {len(path) - 1} steps in 3 epochs"
        axes.plot(path[:, 0], path[:, 1], "o-", color=colour, markersize=4, label=steps)
    axes.legend(loc="upper left")
    label(axes, "Lines of equal loss, and two paths downhill", "$w$", "$b$")
    return figure
