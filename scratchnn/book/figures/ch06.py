"""The figures of chapter 6, Gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.moving import bar, line, text
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEMORY_WIDTH = 900  # of a frame of ``two_memories``
REACH_SIZE = (820, 400)  # of a frame of ``reach_while_learning``
DECADES = 14  # powers of ten below 1 that it shows


def gradient_norms(measured: Mapping[float, np.ndarray]) -> Figure:
    """Norms (T + 1,) of the gradient 0 .. T steps back for each scale s, beside the powers of s."""
    figure, (left, right) = new_figure(10, 4, ncols=2)
    for (s, norms), colour in zip(measured.items(), COLOURS, strict=False):
        steps_back = np.arange(len(norms))
        left.plot(steps_back, float(s) ** steps_back, color=colour, label=f"$s = {s}$")
        right.plot(steps_back, norms / norms[0], color=colour, label=f"$s = {s}$")
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
    label(axes, "A plain and a wall", "weight $w$", "loss")
    return figure


def forget_biases(
    total: Mapping[float, np.ndarray], along: Mapping[float, np.ndarray], gates: Mapping[float, float]
) -> Figure:
    """Norms (T + 1,) of the gradient for each forget bias: in all, along c alone, and the powers of the gate's value."""
    figure, (left, right) = new_figure(10, 4.2, ncols=2, sharey=True)
    for (bias, values), colour in zip(total.items(), COLOURS, strict=False):
        left.plot(along[bias] / along[bias][0], color=colour, label=f"forget bias {bias:.0f}")
        left.plot(gates[bias] ** np.arange(len(values)), ":", color=colour, linewidth=2.5)
        right.plot(values / values[0], color=colour)
    left.legend(fontsize=9)
    titles = {left: "Along $c$ alone; dotted: equation (21)", right: "All ways together, through $h$ as well"}
    for axes, title in titles.items():
        axes.set_yscale("log")
        label(axes, title, "steps back from the loss", "norm, relative to the last step" if axes is left else "")
    return figure


def agreement(
    words: Sequence[int],
    shares: Mapping[str, np.ndarray],
    before: Mapping[str, np.ndarray],
    during: Mapping[str, np.ndarray],
) -> Figure:
    """Shares (S, M) of right verbs for S seeds of each cell by the distance; norms (S, T + 1) before and during it."""
    figure, panels = new_figure(10, 4.2, ncols=3)
    for name, colour in zip(shares, COLOURS, strict=False):
        size = 10 if name == "GRU" else 5  # so that two curves in the same place are both visible
        panels[0].plot(words, 100 * shares[name].mean(axis=0), "o-", markersize=size, color=colour, label=name)
        for seed in shares[name]:
            panels[0].plot(words, 100 * seed, ".", markersize=4, color=colour)
        panels[1].plot(before[name].T, color=colour, linewidth=1)
        panels[2].plot(during[name].T, color=colour, linewidth=1)
    panels[0].axhline(50, color="grey", linestyle="--", label="guessing")
    panels[0].legend(fontsize=9)
    label(panels[0], "Right verbs", "words between subject and verb", "right (%), mean of the seeds")
    titles = {panels[1]: "Gradient before training", panels[2]: "While learning, median"}
    for axes, title in titles.items():
        axes.set_yscale("log")
        axes.set_ylim(1e-14, 5)
        label(axes, title, "words back from the verb", "norm, relative to the last step")
    return figure


def reach_while_learning(
    steps: Sequence[int], norms: Mapping[str, np.ndarray], losses: Mapping[str, np.ndarray], words: int
) -> tuple[Figure, list[str], tuple[int, int]]:
    """How far back the gradient reaches while each cell learns: a still picture, frames, and their size.

    Args:
        steps: training steps (F,), one for each frame.
        norms: for each cell (F, T + 1), relative to the last step of the sequence.
        losses: for each cell (F,), the loss at that time.
        words: the number of words back at which the subject is.
    """
    frames = [_reach_frame(f"training step {step}", k, norms, losses, words) for k, step in enumerate(steps)]
    figure, panels = new_figure(10, 4, ncols=3, sharey=True)
    for axes, k in zip(panels, (0, len(steps) // 5, 2 * len(steps) // 5), strict=True):
        for (name, curves), colour in zip(norms.items(), COLOURS, strict=False):
            axes.plot(curves[k], color=colour, label=name)
        axes.axvline(words, color="grey", linestyle="--")
        axes.set_yscale("log")
        axes.set_ylim(10.0**-DECADES, 10)
        label(axes, f"training step {steps[k]}", "words back from the verb", "")
    panels[0].set_ylabel("norm, relative to the last step")
    panels[0].legend(fontsize=9, loc="lower left")
    return figure, frames, REACH_SIZE


def _reach_frame(title: str, k: int, norms: Mapping[str, np.ndarray], losses: Mapping[str, np.ndarray], words: int) -> str:
    """The frame ``k``: axes, the place of the subject, and a curve and the loss for each cell."""
    left, right, top, bottom = 70, 600, 40, 350
    most = len(next(iter(norms.values()))[0]) - 1
    across, down = (right - left) / most, (bottom - top) / (DECADES + 1)
    parts = [text(left, 24, title, size=16), text((left + right) / 2, 392, "words back from the verb", anchor="middle")]
    for power in range(0, DECADES + 1, 2):
        y = top + down * (power + 1)
        parts += [line([(left, y), (right, y)], "#dddddd", 1), text(left - 6, y + 5, f"1e-{power:02d}", anchor="end")]
    for back in range(0, most + 1, 10):
        parts.append(text(left + across * back, 370, str(back), anchor="middle"))
    subject = left + across * words
    parts += [line([(subject, top), (subject, bottom)], "grey", 1), text(subject - 6, 350, "subject", "grey", 12, "end")]
    for row, (name, colour) in enumerate(zip(norms, COLOURS, strict=False)):
        powers = np.clip(-np.log10(np.maximum(norms[name][k], 1e-300)), -1, DECADES)
        points = [(left + across * back, top + down * (powers[back] + 1)) for back in range(0, most + 1, 2)]
        parts.append(line(points, colour, 2.5))
        parts.append(text(right + 12, 80 + 26 * row, f"{name}: loss {losses[name][k]:.3f}", colour, 16))
    return "".join(parts)


def deciding_noun(changes: Mapping[str, np.ndarray]) -> Figure:
    """Shares (S, M) of answers that change with each noun: the one before the comma, the subject, then those in between.

    Bars are means of the S seeds, points the seeds.
    """
    figure, axes = new_figure(9, 3.6)
    for k, (name, values) in enumerate(changes.items()):
        bars = np.arange(values.shape[1]) + 0.27 * (k - 1)
        axes.bar(bars, 100 * values.mean(axis=0), 0.27, color=COLOURS[k], label=name)
        for seed in values:
            axes.plot(bars, 100 * seed, ".", color="black", markersize=4)
    nouns = next(iter(changes.values())).shape[1]
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
    """Perplexities (S, epochs, 2) of each model on the training text and on new text, for S seeds; dashed, the best."""
    figure, (left, right) = new_figure(10, 4, ncols=2, sharey=True)
    for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
        for k, values in enumerate(curve):
            epochs = np.arange(1, len(values) + 1)
            left.plot(epochs, values[:, 0], color=colour, linewidth=1.2, label=None if k else name)
            right.plot(epochs, values[:, 1], color=colour, linewidth=1.2)
    titles = {left: "The text that is learned from", right: "New text"}
    for axes, title in titles.items():
        axes.axhline(best, color="grey", linestyle="--", label="the language itself")
        axes.set_ylim(4, 20)
        label(axes, title, "epoch", "perplexity per word")
    left.legend()
    return figure


def dropped_gradient(curves: Mapping[str, Sequence[np.ndarray]], window: int = 20) -> Figure:
    """Losses of each seed, averaged over ``window`` steps, for each name."""
    figure, axes = new_figure(8, 4)
    for (name, seeds), colour in zip(curves.items(), COLOURS, strict=False):
        for k, curve in enumerate(seeds):
            steps = np.arange(window, window + len(curve))
            axes.plot(steps, curve, color=colour, linewidth=1.2, label=None if k else name)
    axes.legend()
    axes.set_ylim(bottom=0)
    label(axes, "Up to 24 words between subject and verb", "training step", f"loss (nats), mean of {window} steps")
    return figure


def two_memories(
    words: Sequence[tuple[str, str]], memory: np.ndarray, kept: np.ndarray
) -> tuple[Figure, list[str], tuple[int, int]]:
    """The cell states of an LSTM that reads two sentences, and its forget gates: a still picture, frames, and their size.

    Args:
        words: the words of both sentences, one pair per step.
        memory: cell states (2, T, H).
        kept: forget gates (2, T, H).
    """
    most = float(abs(memory).max())
    frames = [_memory_frame(words, memory[:, t] / most, kept[:, t], t) for t in range(len(words))]
    figure, panels = new_figure(10, 4.6, ncols=2)
    shown: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        "Forget gates $f_t$ of the first sentence": (kept[0], {"vmin": 0, "vmax": 1, "cmap": "Blues"}),
        "$|c_t - c_t'|$: where the memories differ": (abs(memory[0] - memory[1]), {"cmap": "Oranges"}),
    }
    for axes, (title, (values, style)) in zip(panels, shown.items(), strict=True):
        image = axes.imshow(values.T, aspect="auto", interpolation="nearest", **style)
        names = [one if one == two else f"{one}/{two}" for one, two in words]
        axes.set_xticks(np.arange(len(words)), names, rotation=60, ha="right", fontsize=9)
        axes.grid(visible=False)
        label(axes, title, "word", "unit")
        figure.colorbar(image, ax=axes, label="value")
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
