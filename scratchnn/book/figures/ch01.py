"""Figures of chapter 1, arrays and the neural network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Function = Callable[[np.ndarray], np.ndarray]
UNIFORM_LOSS = math.log(3)  # nats: the loss of equal probabilities for three classes


def broadcasting(column: np.ndarray, row: np.ndarray) -> Figure:
    """A column (M, 1), a row (1, N) and their sum (M, N), as tables of numbers."""
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
    left.plot(x, f(x), color="black", label="f(x) = x^3")
    tangent, chord = (f(ends)[0] + s * (x - point) for s in (slope, chord_slope))
    left.plot(x, tangent, color=COLOURS[0], label=f"tangent at {point}: slope {slope:.2f}")
    left.plot(x, chord, "--", color=COLOURS[1], label=f"through two points, h = 0.7: slope {chord_slope:.2f}")
    left.plot(ends, f(ends), "o", color="black")
    left.set_ylim(-4, 11)
    left.legend()
    label(left, "The tangent, and a line through two points", "x", "f(x)")
    right.loglog(steps, one_sided, "o-", color=COLOURS[1], label="one-sided, equation (2)")
    right.loglog(steps, central, "o-", color=COLOURS[0], label="central, equation (3)")
    right.legend()
    label(right, "Error of the slope", "step h", "error")
    return figure


def computational_graph() -> Figure:
    """L = (a + b) c for a = 2, b = 3, c = 4: values above the arrows, gradients below."""
    figure, axes = new_figure(8.5, 3.6)
    axes.set_axis_off()
    axes.set(xlim=(0, 8.5), ylim=(0, 4.2))
    nodes = {"+": (3.0, 2.7), "*": (5.6, 1.9)}
    arrows = [  # from, to, forward, backward
        ((0.7, 3.6), nodes["+"], "a = 2", "da = 4"),
        ((0.7, 1.8), nodes["+"], "b = 3", "db = 4"),
        (nodes["+"], nodes["*"], "s = 5", "ds = 4"),
        ((3.0, 0.5), nodes["*"], "c = 4", "dc = 5"),
        (nodes["*"], (8.2, 1.9), "L = 20", "dL = 1"),
    ]
    for start, end, forward, backward in arrows:
        axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "shrinkA": 16, "shrinkB": 16})
        middle = (np.array(start) + end) / 2
        axes.text(*(middle + [0, 0.16]), forward, ha="center", va="bottom", color=COLOURS[0])
        axes.text(*(middle - [0, 0.16]), backward, ha="center", va="top", color=COLOURS[1])
    for name, place in nodes.items():
        axes.plot(*place, "o", markersize=30, color="white", markeredgecolor="black")
        axes.text(*place, name, ha="center", va="center", fontsize=14)
    axes.set_title("L = (a + b) c: forward in blue, above; backward in orange, below")
    return figure


def _regions(axes: Any, decide: Function, low: float = -0.5, high: float = 1.5) -> None:
    """Colour the plane by ``decide``, which returns a class number for each row of its input (M, 2)."""
    side = np.linspace(low, high, 200)
    x_1, x_2 = np.meshgrid(side, side)
    grid = np.stack([x_1.ravel(), x_2.ravel()], axis=1)  # (40000, 2)
    classes = decide(grid).reshape(200, 200)
    axes.contourf(side, side, classes, levels=[-0.5, 0.5, 1.5, 2.5], colors=COLOURS[:3], alpha=0.25)
    axes.set_aspect("equal")


def _points(axes: Any, x: np.ndarray, t: np.ndarray, size: float = 60) -> None:
    """The points x (M, 2) in the colours of their classes t (M,)."""
    for k in range(t.max() + 1):
        chosen = x[t == k]
        axes.scatter(chosen[:, 0], chosen[:, 1], s=size, color=COLOURS[k], marker="oxs"[k], label=f"correct answer {k}")


def perceptrons(x: np.ndarray, gates: Mapping[str, np.ndarray], decide: Callable[[str, np.ndarray], np.ndarray]) -> Figure:
    """One panel per gate: the points x (4, 2), and the plane coloured by ``decide(gate, points)``."""
    figure, panels = new_figure(10, 3.8, ncols=3)
    for axes, (name, t) in zip(panels, gates.items(), strict=True):
        _regions(axes, partial(decide, name))
        _points(axes, x, t)
        label(axes, name, "x_1", "x_2")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def hidden_layer(x: np.ndarray, h: np.ndarray, t: np.ndarray, decide: Function, decide_hidden: Function) -> Figure:
    """The points before (x) and after (h) the hidden layer, with the decision in each plane."""
    figure, (left, right) = new_figure(8, 4.2, ncols=2)
    _regions(left, decide)
    _points(left, x, t)
    label(left, "XOR by two layers", "x_1", "x_2")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    _regions(right, decide_hidden)
    _points(right, h, t)
    label(right, "The same points after the hidden layer", "h_1 (OR)", "h_2 (NAND)")
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
    label(left, "Activation functions", "x", "output")
    label(right, "Their slopes", "x", "slope")
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
    label(axes, "Two starts, two valleys", "weight w", "loss L")
    return figure


def line_fits(x: np.ndarray, t: np.ndarray, paths: Mapping[int, np.ndarray]) -> Figure:
    """Contours of the mean squared error of the line w x + b, and the (w, b) visited with each batch size."""
    w, b = np.linspace(-0.2, 2.2, 80), np.linspace(-1.2, 0.8, 80)
    loss = np.zeros((80, 80))
    for i, j in np.ndindex(80, 80):
        loss[i, j] = ((w[j] * x + b[i] - t) ** 2).mean()
    figure, axes = new_figure(7, 5.4)
    axes.set_aspect("equal")
    levels = [0.2, 0.3, 0.5, 0.8, 1.2, 2.0]
    contours = axes.contour(w, b, loss, levels, colors="grey", linewidths=0.8)
    axes.clabel(contours, levels[1:], fontsize=8)
    for (batch, path), colour in zip(paths.items(), COLOURS, strict=False):
        steps = f"batches of {batch}: {len(path) - 1} steps in 3 epochs"
        axes.plot(path[:, 0], path[:, 1], "o-", color=colour, markersize=4, label=steps)
    axes.legend(loc="upper left")
    label(axes, "Lines of equal loss, and two paths downhill", "w", "b")
    return figure


def spiral(x: np.ndarray, t: np.ndarray) -> Figure:
    """The points x (N, 2) of the spiral in the colours of their arms t (N,)."""
    figure, axes = new_figure(5, 4.6)
    _points(axes, x, t, size=12)
    axes.set_aspect("equal")
    axes.legend(fontsize=8)
    label(axes, "The training set", "x_1", "x_2")
    return figure


def _uniform_loss(axes: Any) -> None:
    axes.axhline(UNIFORM_LOSS, color="grey", linestyle="--", label="equal probabilities: log 3")


def _epochs(history: np.ndarray) -> np.ndarray:
    return np.arange(1, len(history) + 1)


def spiral_learned(history: np.ndarray, decide: Function, x: np.ndarray, t: np.ndarray) -> Figure:
    """The loss of each epoch; beside it, the plane coloured by the network's answers, and the points x (N, 2)."""
    figure, (left, right) = new_figure(10, 4.4, ncols=2)
    left.plot(_epochs(history), history, color="black", label="63 parameters")
    _uniform_loss(left)
    left.set_ylim(bottom=0)
    left.legend()
    label(left, "Learning", "epoch", "mean loss (nats)")
    _regions(right, decide, -1.1, 1.1)
    _points(right, x, t, size=10)
    label(right, "What the network learned, with the test set", "x_1", "x_2")
    return figure


def forgotten_factor(history: np.ndarray, faulty_history: np.ndarray) -> Figure:
    """The losses of each epoch with the correct and with the faulty backward pass."""
    figure, axes = new_figure(7, 4)
    axes.plot(_epochs(history), history, color=COLOURS[0], label="correct")
    axes.plot(_epochs(history), faulty_history, color=COLOURS[1], label="slope of the sigmoid forgotten")
    _uniform_loss(axes)
    axes.set_ylim(0, 1.5)
    axes.legend()
    label(axes, "One factor forgotten", "epoch", "mean loss (nats)")
    return figure


def learning_rates(curves: Mapping[float, np.ndarray]) -> Figure:
    """The losses of each epoch, one curve per learning rate."""
    figure, axes = new_figure(8.5, 4.2)
    for (lr, curve), colour in zip(curves.items(), COLOURS, strict=False):
        axes.plot(_epochs(curve), curve, color=colour, label=f"learning rate {lr:g}")
    axes.set_yscale("log")
    _uniform_loss(axes)
    figure.legend(fontsize=8, loc="outside right center")
    label(axes, "Too small, suitable, too large", "epoch", "mean loss (nats)")
    return figure


def network_sizes(accuracies: Mapping[int, Sequence[float]], epochs: int) -> Figure:
    """The accuracy on the test set of each start, by the number of hidden neurons, and the means."""
    figure, axes = new_figure(7, 4)
    for H, shares in accuracies.items():
        axes.plot([H] * len(shares), 100 * np.array(shares), "o", color=COLOURS[0], alpha=0.5)
    means = [100 * np.mean(shares) for shares in accuracies.values()]
    axes.plot(list(accuracies), means, color="black", label="mean")
    axes.axhline(100 / 3, color="grey", linestyle="--", label="guessing")
    axes.set_xscale("log")
    axes.set_xticks(list(accuracies), list(accuracies))
    axes.minorticks_off()
    axes.legend()
    starts = len(next(iter(accuracies.values())))
    label(axes, f"Spiral, {epochs} epochs, {starts} starts", "hidden neurons", "accuracy on the test set (%)")
    return figure
