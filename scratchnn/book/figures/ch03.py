"""Figures of chapter 3, words by prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import arrow, box, drawing
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MIDDLE: dict[str, Any] = {"ha": "center", "va": "center"}  # a text is centred on its point
BOX = {"boxstyle": "round", "fc": "white"}
ARROW = {"arrowstyle": "->"}


def look_up(X: np.ndarray, dW: np.ndarray) -> Figure:
    """One-hot vectors ``X`` (T, V), their transpose, and the gradient ``dW`` (V, D) of the table."""
    figure, panels = new_figure(10, 3.6, ncols=3, width_ratios=[6, 5, 3])
    drawn = [
        (X, "one-hot vectors $X$ (5, 6)", "word id", "position in the text"),
        (X.T, "$X^T$ (6, 5): where the rows go", "position in the text", "word id"),
        (dW, "gradient $dW$ (6, 3)", "dimension", "word id"),
    ]
    for axes, (array, title, x, y) in zip(panels, drawn, strict=True):
        largest = abs(array).max()
        axes.imshow(array, cmap="RdBu_r", vmin=-largest, vmax=largest)
        axes.set(title=title, xlabel=x, ylabel=y)
        axes.set(xticks=range(array.shape[1]), yticks=range(array.shape[0]))
    return figure


def little_language() -> Figure:
    """The rule of the little language as a path of boxes, from the first word of a sentence to the full stop."""
    figure, axes = drawing(11, 3.3)
    boxes = {
        "article": (0.6, 1.7, "the\na", "plain", 0.7),
        "animals": (2.2, 2.5, "cat  dog\ncow  horse", "data", 1.4),
        "people": (2.2, 0.9, "boy  girl\nking  queen", "data", 1.4),
        "animal verbs": (4.3, 2.5, "eats  drinks\nchases  sleeps", "layer", 1.6),
        "person verbs": (4.3, 0.9, "eats  drinks  buys\ncalls  walks", "layer", 1.6),
        "object": (6.2, 2.5, "the\na", "plain", 0.7),
        "in": (6.2, 0.9, "in the", "plain", 0.7),
        "objects": (8.3, 2.5, "what is eaten, drunk, chased,\nbought or called", "state", 2.3),
        "places": (8.3, 0.9, "garden  house\nstreet  field", "state", 2.3),
        "stop": (10.3, 1.7, ".", "plain", 0.5),
    }
    for x, y, text, fill, width in boxes.values():
        box(axes, (x, y), text, fill, width, 0.62)
    paths = [
        ("article", "animals"),
        ("article", "people"),
        ("animals", "animal verbs"),
        ("people", "person verbs"),
        ("animal verbs", "object"),
        ("animal verbs", "in"),
        ("person verbs", "object"),
        ("person verbs", "in"),
        ("object", "objects"),
        ("in", "places"),
        ("objects", "stop"),
        ("places", "stop"),
    ]
    for start, end in paths:
        (x, y, _, _, width), (far, high, _, _, wide) = boxes[start], boxes[end]
        arrow(axes, (x + width / 2, y), (far - wide / 2, high))
    axes.text(5.25, 0.25, "in: only after sleeps and walks", ha="center", fontsize=9, color="grey")
    return figure


def neural_language_model() -> Figure:
    """The network of equations (7) to (9), from three words to the probabilities of the fourth."""
    figure, axes = new_figure(9, 4.6)
    axes.set_axis_off()
    axes.set(xlim=(0.4, 11), ylim=(-0.4, 6.2))
    for x, word in ((1.5, "the"), (3.9, "queen"), (6.3, "drinks")):
        axes.text(x, 0.0, f'"{word}"', **MIDDLE)
        axes.annotate("", (x, 1.25), (x, 0.3), arrowprops=ARROW)
        axes.text(x + 0.12, 0.72, "look up in $E$", va="center", fontsize=9, color=COLOURS[0])
        axes.text(x, 1.55, "o o o", **MIDDLE, bbox=BOX | {"ec": COLOURS[0]})
        axes.annotate("", (3.9, 2.95), (x, 1.9), arrowprops=ARROW)
    axes.text(7.4, 1.55, "$x$, the three side by side: (N, 3 D)", va="center", color=COLOURS[0])
    axes.text(3.9, 3.25, "o o o o o o", **MIDDLE, bbox=BOX | {"ec": COLOURS[2]})
    axes.text(6.3, 3.25, "$h = \\tanh(x W_1 + b_1)$: (N, H)", va="center", color=COLOURS[2])
    axes.annotate("", (3.9, 4.45), (3.9, 3.6), arrowprops=ARROW)
    axes.text(3.9, 4.75, "o  o  o  o  o  o  o  o  o  o  o", **MIDDLE, bbox=BOX | {"ec": COLOURS[1]})
    axes.text(6.3, 4.75, "$z = h W_2 + b_2$, then softmax: (N, V)", va="center", color=COLOURS[1])
    axes.annotate("", (3.9, 5.75), (3.9, 5.1), arrowprops=ARROW)
    axes.text(3.9, 5.95, "a probability for each of the V words", **MIDDLE)
    return figure


def counting_and_predicting(curve: np.ndarray, mixed: Mapping[Sequence[float], float], rule: float) -> Figure:
    """Perplexities of the network by epoch, of each mixture of orders, and of the rule.

    Args:
        curve: the network's on the training and the test set (epochs + 1, 2).
        mixed: for the weights of each mixture its perplexity on the test set.
        rule: that of the rule on the test set.
    """
    figure, axes = new_figure(7.5, 4.4)
    axes.plot(curve[:, 0], color=COLOURS[0], label="network, training set")
    axes.plot(curve[:, 1], color=COLOURS[1], label="network, test set")
    for (weights, value), style in zip(mixed.items(), (":", "--"), strict=True):
        axes.axhline(value, color="grey", linestyle=style, label=f"counting, orders 1 to {len(weights)}, test set")
    axes.axhline(rule, color="black", label="the rule, test set")
    axes.set(ylim=(2.4, 8), xticks=range(0, 41, 10))
    axes.legend()
    label(axes, "Counting and predicting the next word", "epoch", "perplexity")
    return figure


def cosine_maps(maps: Mapping[str, np.ndarray], groups: Mapping[str, Sequence[str]]) -> Figure:
    """The cosines (W, W) of the words of all groups, one panel per title, with a line between two groups."""
    figure, panels = new_figure(10, 4.4 if len(maps) == 2 else 3.3, ncols=len(maps))  # inches; the maps are square
    sizes = np.array([len(group) for group in groups.values()])
    ends = np.cumsum(sizes)
    for axes, (title, cosines) in zip(panels, maps.items(), strict=True):
        image = axes.imshow(cosines, cmap="RdBu_r", vmin=-1, vmax=1)
        for end in ends[:-1]:
            axes.axhline(end - 0.5, color="black", linewidth=0.6)
            axes.axvline(end - 0.5, color="black", linewidth=0.6)
        axes.set_yticks(ends - sizes / 2 - 0.5, list(groups))
        axes.set(title=title, xticks=[], xlabel="the same words")
    for axes in panels[1:] if len(maps) > 2 else ():
        axes.set_yticks([])  # three panels are too narrow for names of their own
    figure.colorbar(image, ax=panels, label="cosine")
    return figure


def cbow_and_skip_gram() -> Figure:
    """The two models side by side: which words go in, which are guessed, and the two tables."""
    figure, (left, right) = new_figure(10, 3.6, ncols=2)
    around = ["a", "queen", "the", "tea"]
    for axes, title, inputs, outputs in [
        (left, "CBOW: guess the word in the middle", around, ["drinks"]),
        (right, "Skip-gram: guess each word around", ["drinks"], around),
    ]:
        axes.set_axis_off()
        axes.set(xlim=(-0.8, 10.8), ylim=(0, 5), title=title)
        for words, x, end in ((inputs, 0.9, 4.5), (outputs, 9.1, 5.5)):
            for k, word in enumerate(words):
                y = 2.5 + 1.2 * ((len(words) - 1) / 2 - k)
                axes.text(x, y, word, **MIDDLE)
                tail, head = ((1.9, y), (end, 2.5)) if x < 5 else ((end, 2.5), (8.1, y))
                axes.annotate("", head, tail, arrowprops=ARROW)
        axes.text(5, 2.5, "h", **MIDDLE, bbox={"boxstyle": "circle", "fc": "white", "ec": "black"})
        axes.text(3.0, 0.1, "table $A$", ha="center", color=COLOURS[0])
        axes.text(7.0, 0.1, "table $B$, softmax", ha="center", color=COLOURS[1])
    return figure


def cbow_shapes() -> Figure:
    """CBOW as boxes with their shapes, equations (13) to (16): forward above, the gradients on their way back below."""
    figure, axes = drawing(11, 4.2)
    places, forward, backward = [0.95, 3.45, 5.75, 8.05, 10.1], 3.3, 1.75
    values = ["contexts\n(N, M) ids", "their vectors\n(N, M, D)", "$h$\n(N, D)", "$z$\n(N, V)", "$L$\n()"]
    gradients = ["$dA$\n(V, D)", "rows\n(N M, D)", "$dh$\n(N, D)", "$dz$\n(N, V)", "$dL = 1$\n()"]
    for x, value, gradient in zip(places, values, gradients, strict=True):
        box(axes, (x, forward), value, "data", 1.3, 0.64)
        box(axes, (x, backward), gradient, "layer", 1.3, 0.64)
    steps = ["look up in $A$", "mean", "times $B^T$", "target"]
    back = ["add at the ids", "$1 / M$ each", "times $B$", "$y$ - onehot"]
    for left, right, ahead, return_ in zip(places, places[1:], steps, back, strict=False):
        arrow(axes, (left + 0.65, forward), (right - 0.65, forward), ahead, COLOURS[0])
        arrow(axes, (right - 0.65, backward), (left + 0.65, backward), return_, COLOURS[1])
    arrow(axes, (places[3], backward - 0.32), (places[3], 0.95), colour=COLOURS[1])
    axes.text(places[3], 0.88, "$dB = dz^T h$ (V, D)", ha="center", va="top", fontsize=9.5, color=COLOURS[1])
    axes.text(0.3, 3.85, "forward", color=COLOURS[0], fontsize=10)
    axes.text(0.3, 2.3, "backward", color=COLOURS[1], fontsize=10)
    return figure


def two_questions(skip_gram: np.ndarray, cbow: np.ndarray, V: int) -> Figure:
    """The mean losses (epochs,) of skip-gram and of CBOW."""
    curves = [("skip-gram: a word around", skip_gram, COLOURS[1]), ("CBOW: the word in the middle", cbow, COLOURS[0])]
    return losses_by_epoch(curves, "Two questions of unequal difficulty", V)


def forgotten_sum(right: np.ndarray, faulty: np.ndarray, V: int) -> Figure:
    """The mean losses (epochs,) of CBOW with the gradients of repeated words added up, and with them overwritten."""
    curves = [("repeated words added", right, COLOURS[0]), ("repeated words overwritten", faulty, COLOURS[1])]
    return losses_by_epoch(curves, "CBOW with the sum forgotten", V)


def losses_by_epoch(curves: Sequence[tuple[str, np.ndarray, str]], title: str, V: int) -> Figure:
    """Curves (name, loss of each epoch, colour) beside log V, the loss of a uniform guess."""
    figure, axes = new_figure(7, 4)
    for name, losses, colour in curves:
        axes.plot(np.arange(1, len(losses) + 1), losses, color=colour, label=name)
    axes.axhline(np.log(V), color="grey", linestyle="--", label="uniform guess: $\\log V$")
    axes.set_ylim(bottom=0)
    axes.legend()
    label(axes, title, "epoch", "mean loss (nats)")
    return figure


def narrow_vectors(sizes: Sequence[int], losses: Sequence[float], lowest: float) -> Figure:
    """Skip-gram's loss by the number of dimensions, up to V, between that of the counts and log V."""
    figure, axes = new_figure(7, 4)
    axes.plot(sizes, losses, "o-", color=COLOURS[1], label="skip-gram, trained on counts")
    axes.axhline(lowest, color="black", label="the counts themselves")
    axes.axhline(np.log(sizes[-1]), color="grey", linestyle="--", label="uniform guess: $\\log V$")
    axes.set_xscale("log")
    axes.set_xticks(sizes, sizes)
    axes.minorticks_off()
    axes.legend()
    label(axes, "The narrower the vectors, the rougher the copy of the table", "dimensions $D$", "loss (nats)")
    return figure
