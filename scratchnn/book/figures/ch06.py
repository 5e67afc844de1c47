"""The figures of chapter 6, Gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.moving import bar, text
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Place = tuple[float, float]
MEMORY_WIDTH = 900  # of a frame of ``two_memories``

# The drawing of an LSTM step. An arrow: from, to, what passes along it, and where that is written.
ARROWS: tuple[tuple[Place, Place, str, Place], ...] = (
    ((0.3, 3.2), (2.2, 3.2), "$c_{t-1}$", (1.2, 3.37)),
    ((2.2, 3.2), (5.0, 3.2), "$f \\, c_{t-1}$", (3.55, 3.37)),
    ((5.0, 3.2), (9.2, 3.2), "$c_t$", (7.2, 3.37)),
    ((7.2, 3.2), (7.2, 2.3), "$c_t$", (7.4, 2.8)),
    ((7.2, 2.3), (7.2, 1.2), "$\\tanh(c_t)$", (7.65, 1.75)),
    ((7.2, 1.2), (9.2, 1.2), "$h_t$", (8.15, 1.37)),
    ((2.2, 0.9), (2.2, 3.2), "$f$", (2.07, 2.05)),
    ((4.2, 0.9), (4.2, 2.1), "$i$", (4.07, 1.5)),
    ((5.0, 0.9), (4.2, 2.1), "$g$", (4.8, 1.5)),
    ((4.2, 2.1), (5.0, 3.2), "$i \\, g$", (4.45, 2.75)),
    ((6.2, 0.9), (7.2, 1.2), "$o$", (6.65, 1.2)),
)
CIRCLES: dict[Place, str] = {(2.2, 3.2): "×", (5.0, 3.2): "+", (4.2, 2.1): "×", (7.2, 2.3): "tanh", (7.2, 1.2): "×"}
GATES = ((2.2, "sigmoid"), (4.2, "sigmoid"), (5.0, "tanh"), (6.2, "sigmoid"))


def gradient_norms(measured: Mapping[float, np.ndarray]) -> Figure:
    """Norms (T + 1,) of the gradient 0 .. T steps back for each scale s, beside the powers of s."""
    figure, (left, right) = new_figure(10, 4, ncols=2)
    for (s, norms), colour in zip(measured.items(), COLOURS, strict=False):
        steps_back = np.arange(len(norms))
        left.plot(steps_back, float(s) ** steps_back, color=colour, label=f"s = {s}")
        right.plot(steps_back, norms / norms[0], color=colour, label=f"s = {s}")
    titles = {left: "Without slopes: equation (3)", right: "Measured, with the slopes of tanh"}
    for axes, title in titles.items():
        axes.set_yscale("log")
        axes.set_ylim(1e-21, 1e17)
        label(axes, title, "steps back from the loss", "norm, as a multiple of the last step's")
    left.legend()
    return figure


def plain_and_wall(w: np.ndarray, losses: np.ndarray, path: np.ndarray, path_losses: np.ndarray) -> Figure:
    """The loss as a curve over the weight w, and a descent with clipping: its weights and their losses, first to last."""
    figure, axes = new_figure(7, 4)
    axes.plot(w, losses, color="black", label="loss")
    axes.plot(path, path_losses, "o-", color=COLOURS[0], markersize=4, label="steps, clipped at norm 1")
    axes.plot(path[0], path_losses[0], "o", color=COLOURS[1], label="one step without clipping lands far off")
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 1e3)
    axes.legend(loc="upper left", fontsize=9)
    label(axes, "A plain and a wall", "weight w", "loss")
    return figure


def lstm_step() -> Figure:
    """The data flow in one step of an LSTM."""
    figure, axes = new_figure(9.5, 4)
    axes.set_axis_off()
    axes.set(xlim=(0, 9.5), ylim=(0, 4))
    for start, end, name, place in ARROWS:
        style: dict[str, Any] = {"color": COLOURS[0] if start[1] == end[1] == 3.2 else "black", "arrowstyle": "->"}
        style |= {"shrinkA": 15 * (start in CIRCLES), "shrinkB": 15 * (end in CIRCLES)}
        axes.annotate("", end, start, arrowprops=style)
        axes.text(*place, name, ha="center", va="center")
    for place, name in CIRCLES.items():
        axes.plot(*place, "o", markersize=28, color="white", markeredgecolor="black")
        axes.text(*place, name, ha="center", va="center", fontsize=9 if name == "tanh" else 13)
    for x, name in GATES:
        axes.text(x, 0.72, name, ha="center", va="center", fontsize=9)
    axes.text(4.2, 0.25, "all four from $x_t W_x + h_{t-1} W_h + b$", ha="center", va="center")
    axes.set_title("One step of an LSTM: on its way (blue) the memory meets one product and one sum")
    return figure


def forget_biases(norms: Mapping[float, np.ndarray], gates: Mapping[float, float]) -> Figure:
    """Norms (T + 1,) of the gradient for each forget bias; dotted, the powers of the gate's value."""
    figure, axes = new_figure(7, 4)
    for (bias, values), colour in zip(norms.items(), COLOURS, strict=False):
        axes.plot(values / values[0], color=colour, label=f"forget bias {bias:.0f}")
        axes.plot(gates[bias] ** np.arange(len(values)), ":", color=colour)
    axes.set_yscale("log")
    axes.legend()
    title = "LSTM before training; dotted: equation (27)"
    label(axes, title, "steps back from the loss", "norm, relative to the last step")
    return figure


def agreement(
    words: Sequence[int],
    shares: Mapping[str, np.ndarray],
    before: Mapping[str, np.ndarray],
    after: Mapping[str, np.ndarray],
) -> Figure:
    """Shares of right verbs for each cell against the distance in words; the norms before and after training."""
    figure, panels = new_figure(10, 4.2, ncols=3)
    for name, colour in zip(shares, COLOURS, strict=False):
        size = 10 if name == "GRU" else 5  # so that two curves in the same place are both visible
        panels[0].plot(words, 100 * shares[name], "o-", markersize=size, color=colour, label=name)
        panels[1].plot(before[name], color=colour)
        panels[2].plot(after[name], color=colour)
    panels[0].axhline(50, color="grey", linestyle="--", label="guessing")
    panels[0].legend(fontsize=9)
    label(panels[0], "Right verbs", "words between subject and verb", "right (%)")
    titles = {panels[1]: "Gradient before training", panels[2]: "Gradient after training"}
    for axes, title in titles.items():
        axes.set_yscale("log")
        axes.set_ylim(1e-12, 2)
        label(axes, title, "words back from the verb", "norm, relative to the last step")
    return figure


def deciding_noun(changes: Mapping[str, Sequence[float]]) -> Figure:
    """Shares of answers that change with each noun: the one before the comma, the subject, then those in between."""
    figure, axes = new_figure(9, 3.6)
    for k, (name, values) in enumerate(changes.items()):
        bars = np.arange(len(values)) + 0.27 * (k - 1)
        axes.bar(bars, 100 * np.array(values), 0.27, color=COLOURS[k], label=name)
    nouns = len(next(iter(changes.values())))
    axes.set_xticks(np.arange(nouns), ["before\ncomma", "subject", *map(str, range(1, nouns - 1))])
    axes.legend()
    label(axes, "Which noun decides?", "noun whose number is changed", "answers changed (%)")
    return figure


def influence(directions: Mapping[str, np.ndarray]) -> Figure:
    """Norms (T, T) of the gradient of output s with respect to input t, one panel for each name."""
    figure, panels = new_figure(9, 4, ncols=len(directions))
    for axes, (name, norms) in zip(panels, directions.items(), strict=True):
        steps = len(norms)
        shown = np.where(norms > 0, norms, np.nan)  # NaN is not drawn
        low = -0.25 * norms.max()  # so that the faintest is not white
        axes.imshow(shown, cmap="Blues", extent=(0.5, steps + 0.5, steps + 0.5, 0.5), vmin=low)
        title = f"An LSTM in {name}; white: no influence"
        label(axes, title, "step of the input", "step of the output")
        axes.set_xticks(np.arange(1, steps + 1))
    return figure


def overfitting(curves: Mapping[str, np.ndarray], best: float) -> Figure:
    """Perplexities (epochs, 2) of each model, on the training text and on new text; dashed, the best possible one."""
    figure, (left, right) = new_figure(10, 4, ncols=2, sharey=True)
    for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
        epochs = np.arange(1, len(curve) + 1)
        left.plot(epochs, curve[:, 0], color=colour, label=name)
        right.plot(epochs, curve[:, 1], color=colour)
    titles = {left: "The text that is learned from", right: "New text"}
    for axes, title in titles.items():
        axes.axhline(best, color="grey", linestyle="--", label="the language itself")
        axes.set_ylim(4, 20)
        label(axes, title, "epoch", "perplexity per word")
    left.legend()
    return figure


def next_words(prompt: str, words: Sequence[str], probabilities: Mapping[str, np.ndarray]) -> Figure:
    """Probabilities (V,) of the next word for each way of sampling; the 16 most probable of ``words`` (V,) are shown.

    The first way sets the order of the words.
    """
    figure, panels = new_figure(10, 4.2, ncols=len(probabilities), sharey=True)
    order = np.argsort(-next(iter(probabilities.values())))[:16]
    for k, (axes, (name, p)) in enumerate(zip(panels, probabilities.items(), strict=True)):
        axes.barh(np.arange(16), p[order], color=COLOURS[0])
        axes.set_xlim(0, 0.5)
        title = f"{name}\n{(p > 0).sum()} tokens left"
        label(axes, title, "probability", "next word" if k == 0 else "")
    panels[0].set_yticks(np.arange(16), [words[k] for k in order])
    panels[0].invert_yaxis()
    figure.suptitle(f"What comes after: {prompt}")
    return figure


def dropped_gradient(curves: Mapping[tuple[str, int], np.ndarray], window: int = 20) -> Figure:
    """Losses averaged over ``window`` steps, for each (name, most words between subject and verb)."""
    distances = sorted({words for _, words in curves})
    figure, panels = new_figure(10, 4, ncols=len(distances), sharey=True)
    for axes, words in zip(panels, distances, strict=True):
        shown = {name: curve for (name, distance), curve in curves.items() if distance == words}
        for (name, curve), colour in zip(shown.items(), COLOURS, strict=False):
            axes.plot(np.arange(window, window + len(curve)), curve, color=colour, label=name)
        axes.legend()
        title = f"Up to {words} words between subject and verb"
        label(axes, title, "training step", f"loss (nats), mean of {window} steps")
    panels[0].set_ylim(bottom=0)
    return figure


def two_memories(
    words: Sequence[tuple[str, str]], memory: np.ndarray, kept: np.ndarray, at: int
) -> tuple[Figure, list[str], tuple[int, int]]:
    """The cell states of an LSTM that reads two sentences, and its forget gates: a still picture, frames, and their size.

    Args:
        words: the words of both sentences, one pair per step.
        memory: cell states (2, T, H).
        kept: forget gates (2, T, H).
        at: the step of the still picture.
    """
    most = float(abs(memory).max())
    frames = [_memory_frame(words, memory[:, t] / most, kept[:, t], t) for t in range(len(words))]
    figure, (upper, lower) = new_figure(10, 4.6, nrows=2, sharex=True)
    for k, colour in enumerate(COLOURS[:2]):
        sentence = " ".join(pair[k] for pair in words[: at + 1])
        places = np.arange(1, memory.shape[2] + 1) + 0.4 * k - 0.2
        upper.bar(places, memory[k, at], 0.4, color=colour, label=sentence)
        lower.bar(places, kept[k, at], 0.4, color=colour)
    upper.legend(fontsize=9, loc="upper left", bbox_to_anchor=(0, 1.35))
    label(upper, "", "", "memory $c$")
    label(lower, "", "unit", "forget gate $f$")
    return figure, frames, (MEMORY_WIDTH, 330)


def _memory_frame(words: Sequence[tuple[str, str]], memory: np.ndarray, kept: np.ndarray, t: int) -> str:
    """The frame of step t: both sentences up to its word; bars of memory, scaled to 1, and gates, both (2, H)."""
    parts = []
    for k, colour in enumerate(COLOURS[:2]):
        parts.append(text(10, 24 + 22 * k, " ".join(pair[k] for pair in words[: t + 1]), colour))
        step = (MEMORY_WIDTH - 90) / memory.shape[1]
        for unit, (c, f) in enumerate(zip(memory[k], kept[k], strict=True)):
            x = round(80 + step * (unit + 0.4 * k), 1)
            parts.append(bar(x, 140, round(step * 0.4, 1), -70 * c, colour))
            parts.append(bar(x, 310, round(step * 0.4, 1), -80 * f, colour))
    parts += [
        text(70, 144, "memory", anchor="end"),
        text(70, 304, "forget", anchor="end"),
        text(70, 244, "keep", anchor="end"),
    ]
    return "".join([*parts, bar(78, 140, MEMORY_WIDTH - 88, 0.8, "grey"), bar(78, 310, MEMORY_WIDTH - 88, 0.8, "grey")])
