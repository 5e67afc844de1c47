"""Figures of chapter 1 about the network that learns the spiral."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import arrow, box, drawing
from scratchnn.book.figures.ch01 import BACKWARD, FORWARD, Function, points, regions
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNIFORM_LOSS = math.log(3)  # nats: the loss of equal probabilities for three classes
SIDE = 1.1  # the spiral is between -1.1 and 1.1 along both axes


def spiral_answers(x: np.ndarray, target: np.ndarray, networks: Mapping[str, tuple[Function, float]]) -> Figure:
    """The points x (N, 2) alone, and in the plane coloured by each network's answers: (function, accuracy) by title."""
    figure, panels = new_figure(11, 4.2, ncols=1 + len(networks), sharey=True)
    panels[0].set(xlim=(-SIDE, SIDE), ylim=(-SIDE, SIDE), aspect="equal")
    points(panels[0], x, target, size=9)
    label(panels[0], "The training set", "$x_1$", "$x_2$")
    for axes, (title, (decide, right)) in zip(panels[1:], networks.items(), strict=True):
        regions(axes, decide, -SIDE, SIDE)
        points(axes, x, target, size=9)
        label(axes, f"{title}\n{right:.1%} of new points right", "$x_1$", "")
    return figure


def network_shapes() -> Figure:
    """Equations (20) to (23) as boxes with their shapes: values to the right, gradients back to the left."""
    figure, axes = drawing(11, 4.3)
    places, step = [0.9, 3.3, 5.4, 7.8, 10.0], 0.62
    values = ["$x$\n(N, D)", "$a$\n(N, H)", "$h$\n(N, H)", "$z$\n(N, K)", "$L$\n()"]
    gradients = ["$dx$\n(N, D)", "$da$\n(N, H)", "$dh$\n(N, H)", "$dz$\n(N, K)", "$dL = 1$\n()"]
    for x, value, gradient in zip(places, values, gradients, strict=True):
        box(axes, (x, 3.2), value, "data", 1.2, step)
        box(axes, (x, 1.7), gradient, "layer", 1.2, step)
    operations = ["$W_1$ (D, H), $b_1$", "$\\sigma$", "$W_2$ (H, K), $b_2$", "target (N,)"]
    back = ["$W_1^T$", "$h (1 - h)$", "$W_2^T$", "$y - \\mathrm{onehot}$"]
    for left, right, forward, backward in zip(places, places[1:], operations, back, strict=False):
        arrow(axes, (left + 0.6, 3.2), (right - 0.6, 3.2), forward, FORWARD)
        arrow(axes, (right - 0.6, 1.7), (left + 0.6, 1.7), backward, BACKWARD)
    for x, text in (
        (places[1], "$dW_1 = x^T da$ (D, H)\n$db_1$ (H,)"),
        (places[3], "$dW_2 = h^T dz$ (H, K)\n$db_2$ (K,)"),
    ):
        arrow(axes, (x, 1.39), (x, 0.78), colour=BACKWARD)
        axes.text(x, 0.7, text, ha="center", va="top", fontsize=9.5, color=BACKWARD)
    axes.text(0.3, 3.85, "forward: values", color=FORWARD, fontsize=10)
    axes.text(0.3, 2.25, "backward: gradients, each of the shape of the value above it", color=BACKWARD, fontsize=10)
    return figure


def hidden_view(neurons: Function, z: np.ndarray, target: np.ndarray) -> Figure:
    """What each hidden neuron answers over the plane, and the points as the last layer sees them.

    Args:
        neurons: the hidden layer's outputs (N, 10) for points (N, 2).
        z: logits (N, 3) of the points to show.
        target: their classes (N,).
    """
    figure, panels = new_figure(11, 4.4, nrows=2, ncols=8)
    grid = panels[0, 0].get_gridspec()
    side = np.linspace(-SIDE, SIDE, 60)
    plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)  # (3600, 2)
    for k, (axes, answers) in enumerate(zip(panels[:, :5].flat, neurons(plane).T, strict=True)):
        axes.imshow(
            answers.reshape(60, 60), origin="lower", extent=(-SIDE, SIDE, -SIDE, SIDE), cmap="Greys", vmin=0, vmax=1
        )
        axes.set(xlabel=f"$h_{{{k + 1}}}$", xticks=[], yticks=[])
    for axes in panels[:, 5:].flat:
        axes.remove()
    large = figure.add_subplot(grid[:, 5:])
    # two of the three differences between logits, at the angles at which all three borders look alike
    directions = np.array([[1.0, -0.5, -0.5], [0.0, math.sqrt(0.75), -math.sqrt(0.75)]]).T  # (3, 2)
    places = z @ directions
    far = 1.1 * abs(places).max()
    regions(large, lambda p: (p @ directions.T).argmax(axis=1), -far, far)
    points(large, places, target, size=10)
    label(large, "The same points, seen by the last layer", "", "")
    large.set(xticks=[], yticks=[], xlabel="differences between the three logits")
    return figure


def _uniform_loss(axes: Any) -> None:
    axes.axhline(UNIFORM_LOSS, color="grey", linestyle="--", label="equal probabilities: $\\log 3$")


def _epochs(history: np.ndarray) -> np.ndarray:
    return np.arange(1, len(history) + 1)


def spiral_learned(history: np.ndarray, decide: Function, x: np.ndarray, target: np.ndarray) -> Figure:
    """The loss of each epoch; beside it, the plane coloured by the network's answers, and the points x (N, 2)."""
    figure, (left, right) = new_figure(10, 4.4, ncols=2)
    left.plot(_epochs(history), history, color="black", label="63 parameters")
    _uniform_loss(left)
    left.set_ylim(bottom=0)
    left.legend()
    label(left, "Learning", "epoch", "mean loss (nats)")
    regions(right, decide, -SIDE, SIDE)
    points(right, x, target, size=10)
    label(right, "What the network learned, with the test set", "$x_1$", "$x_2$")
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
