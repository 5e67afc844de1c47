"""The figures of chapter 8, One answer per text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import Place, drawing
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LADDER = {
    "words": "words decide\n(dull, witty)",
    "pairs": "pairs decide\n(not witty)",
    "order": "order decides\n(not ... that ... was good)",
}
GREY = "0.75"

# --- boxes and arrows ------------------------------------------------------------------------------------------------


def _box(axes: Any, place: Place, name: str, colour: str = "black", size: float = 10) -> None:
    """A name in a rounded box."""
    style = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": colour}
    axes.text(*place, name, ha="center", va="center", fontsize=size, bbox=style, zorder=3)


def _arrow(axes: Any, start: Place, end: Place, colour: str = "black", gap: float = 14, **style: Any) -> None:
    """An arrow between two places that leaves ``gap`` points free at each end."""
    properties = {"arrowstyle": "->", "color": colour, "shrinkA": gap, "shrinkB": gap} | style
    axes.annotate("", end, start, arrowprops=properties, zorder=1)


def shapes() -> Figure:
    """What becomes of a batch of texts, layer by layer, with the shape of each array."""
    figure, axes = drawing(10, 3.3)
    stages = [
        ("words", "$N$ lists", "a text"),
        ("ids", "$(N, T)$", "vocabulary,\npadding"),
        ("e", "$(N, T, D)$", "embedding"),
        ("r", "$(N, T, H)$", "reader:\nRNN, LSTM,\nboth ways ..."),
        ("h", "$(N, H)$", "pooling:\nlast, mean,\nmax, attention"),
        ("z", "$(N, K)$", "dense layer"),
        ("p", "$(N, K)$", "softmax or\nsigmoid"),
        ("label", "$(N,)$", "the largest"),
    ]
    for k, (name, shape, step) in enumerate(stages):
        x, colour = 0.7 + 1.24 * k, COLOURS[0] if k in (3, 4) else "black"
        _box(axes, (x, 2.1), f"${name}$" if len(name) == 1 else name, colour, 11)
        axes.text(x, 1.62, shape, ha="center", va="center", fontsize=9)
        if k:
            axes.text(x - 0.62, 1.15, step, ha="center", va="top", fontsize=8.5, color=colour)
            _arrow(axes, (x - 1.24, 2.1), (x, 2.1), gap=19)
    for left, right, name in ((0.55, 3.3, "encoding"), (3.9, 6.0, "temporal summary"), (6.4, 9.5, "decoding")):
        axes.plot([left, right], [2.62, 2.62], color="grey", linewidth=1)
        axes.text((left + right) / 2, 2.78, name, ha="center", fontsize=10, color="0.3")
    axes.plot([5.04, 5.04], [1.3, 2.5], ":", color="grey")
    axes.plot([5.04, 5.04], [0.1, 0.45], ":", color="grey")
    axes.text(4.96, 0.2, "one vector per step", ha="right", fontsize=8.5, color="0.3")
    axes.text(5.12, 0.2, "one vector per text", ha="left", fontsize=8.5, color="0.3")
    return figure


def attention() -> Figure:
    """Attention pooling of four steps: scores, weights, and the weighted sum."""
    figure, axes = drawing(9.5, 3.9)
    for t in range(1, 5):
        x = 0.9 + 1.45 * (t - 1)
        _box(axes, (x, 0.5), f"$r_{t}$", COLOURS[0])
        _box(axes, (x, 1.55), f"$s_{t} = v \\cdot \\tanh(r_{t} W + b)$", size=7.5)
        _box(axes, (x, 2.75), f"$\\alpha_{t}$", COLOURS[1])
        _arrow(axes, (x, 0.5), (x, 1.55))
        for other in range(1, 5):
            _arrow(axes, (0.9 + 1.45 * (other - 1), 1.55), (x, 2.75), GREY, linewidth=0.8)
        _arrow(axes, (x, 2.75), (7.6, 3.4), COLOURS[1], gap=12, linewidth=0.9)
    axes.text(6.15, 2.15, "softmax over\nthe real steps", fontsize=9, va="center", color="0.3")
    axes.plot([0.9, 7.6], [0.12, 0.12], color=COLOURS[0], linewidth=0.9)
    _arrow(axes, (7.6, 0.12), (7.6, 3.1), COLOURS[0], 0, linewidth=0.9)
    for t in range(1, 5):
        x = 0.9 + 1.45 * (t - 1)
        axes.plot([x, x], [0.12, 0.27], color=COLOURS[0], linewidth=0.9)
    _box(axes, (7.6, 3.4), "$h = \\sum_t \\, \\alpha_t \\, r_t$", size=11)
    twice = "each $r_t$ is used twice:\nfor its score,\nand in the sum"
    axes.text(7.72, 1.7, twice, fontsize=9, va="center", color=COLOURS[0])
    return figure


# --- measured --------------------------------------------------------------------------------------------------------


def ladder(shares: Mapping[str, Mapping[str, float]]) -> Figure:
    """Shares of right answers: for each model, those on each kind of data."""
    figure, axes = new_figure(9.5, 4)
    width = 0.8 / len(shares)
    for k, (name, row) in enumerate(shares.items()):
        x = np.arange(len(row)) + width * (k - (len(shares) - 1) / 2)
        axes.bar(x, [100 * share for share in row.values()], width * 0.92, color=COLOURS[k], label=name)
    axes.axhline(50, color="grey", linestyle="--", label="guessing")
    kinds = list(next(iter(shares.values())))
    axes.set_xticks(np.arange(len(kinds)), [LADDER[kind] for kind in kinds])
    axes.set_ylim(40, 101)
    label(axes, "How much a model has to read", "", "right, new reviews (%)")
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return figure


def learning(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Shares of right answers after each epoch, for each reader and pooling."""
    figure, axes = new_figure(8.5, 4)
    for k, (name, shares) in enumerate(curves.items()):
        style = {"color": (*COLOURS, "black")[k], "linestyle": "--" if k == 0 else "-"}
        axes.plot(np.arange(1, len(shares) + 1), [100 * share for share in shares], label=name, **style)
    axes.axhline(50, color="grey", linestyle=":")
    label(axes, "Learning an order", "epoch", "right, new reviews (%)")
    figure.legend(loc="outside right center", fontsize=9)
    return figure


def heaviest(columns: Mapping[str, Sequence[tuple[str, float]]]) -> Figure:
    """The heaviest weights of each linear model, as (name, weight), from the lowest to the highest."""
    figure, panels = new_figure(9.5, 4, ncols=len(columns))
    for axes, (title, entries) in zip(panels, columns.items(), strict=True):
        names, weights = zip(*entries, strict=True)
        colours = [COLOURS[0] if weight > 0 else COLOURS[1] for weight in weights]
        axes.barh(np.arange(len(names)), weights, color=colours)
        axes.set_yticks(np.arange(len(names)), names, fontsize=8.5)
        axes.axvline(0, color="black", linewidth=0.8)
        label(axes, title, "weight", "")
    return figure


def routes(alphas: Mapping[str, np.ndarray], lengths: np.ndarray) -> Figure:
    """The weights (N, T) that each pooling gives to the steps of one unit; padding is grey."""
    figure, panels = new_figure(10, 2.7, ncols=len(alphas), sharey=True)
    for axes, (name, alpha) in zip(panels, alphas.items(), strict=True):
        N, T = alpha.shape
        padding = np.arange(T) >= lengths[:, None]
        image = np.where(padding[..., None], 0.85, 1.0) * np.ones((N, T, 3))
        blue = np.array([0.0, 0.447, 0.698])
        real = ~padding
        image[real] = 1 - alpha[real][:, None] * (1 - blue)
        axes.imshow(image, aspect="auto", extent=(0.5, T + 0.5, N + 0.5, 0.5))
        for n in range(N):
            for t in range(T):
                if alpha[n, t]:
                    colour = "white" if alpha[n, t] > 0.6 else "black"
                    axes.text(t + 1, n + 1, f"{alpha[n, t]:.2f}", ha="center", va="center", fontsize=7, color=colour)
        label(axes, name, "step $t$", "text $n$" if name == next(iter(alphas)) else "")
        axes.set_xticks(np.arange(1, T + 1))
        axes.set_yticks(np.arange(1, N + 1))
        axes.grid(visible=False)
    return figure


def marked_words(rows: Sequence[tuple[str, Sequence[str], np.ndarray]], title: str) -> Figure:
    """Texts whose words are shaded: (name of the row, T words, T values); blue above zero, orange below."""
    columns = max(sum(len(word) + 1 for word in words) for _, words, _ in rows)
    left = max(len(name) for name, _, _ in rows) + 2
    figure, axes = new_figure(max(7.0, 0.088 * (columns + left)), 0.6 + 0.42 * len(rows))
    axes.set_axis_off()
    axes.set(xlim=(-left, columns), ylim=(len(rows) - 0.4, -0.6), title=title)
    for y, (name, words, values) in enumerate(rows):
        axes.text(-left, y, name, va="center", fontsize=9, color="0.35")
        x, largest = 0.0, float(abs(values).max())
        for word, value in zip(words, values.tolist(), strict=True):
            strength = abs(value) / largest if largest else 0.0
            axes.barh(y, len(word) + 0.7, 0.74, x - 0.35, color=COLOURS[value < 0], alpha=0.75 * strength)
            axes.text(x + len(word) / 2, y, word, ha="center", va="center", fontsize=9, family="monospace")
            x += len(word) + 1
    return figure


def gates(words: Sequence[str], activity: Mapping[str, np.ndarray], doubt: np.ndarray, title: str) -> Figure:
    """The mean of each gate (T,) along a text, and the probability (T,) of good if the text ended there."""
    figure, (above, below) = new_figure(10, 4.6, nrows=2, sharex=True)
    steps = np.arange(len(words))
    for (name, values), colour in zip(activity.items(), COLOURS, strict=False):
        above.plot(steps, values, "o-", markersize=3.5, color=colour, label=name)
    figure.legend(fontsize=9, loc="outside right upper")
    label(above, title, "", "mean of the gate")
    below.plot(steps, doubt, "s-", markersize=3.5, color="black")
    below.axhline(0.5, color="grey", linestyle="--")
    below.set_ylim(-0.05, 1.05)
    label(below, "", "word that has just been read", "$P$(good)")
    below.set_xticks(steps, words, rotation=60, ha="right", fontsize=9)
    return figure


def confusion(matrices: Mapping[str, np.ndarray], names: Sequence[str]) -> Figure:
    """Confusion matrices (K, K) of counts, shaded by the share of the true class."""
    figure, panels = new_figure(2.6 * len(matrices), 2.9, ncols=len(matrices))
    for axes, (title, matrix) in zip(panels, matrices.items(), strict=True):
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for i in range(len(names)):
            for j in range(len(names)):
                colour = "white" if shares[i, j] > 0.5 else "black"
                text = f"{int(matrix[i, j]):,}\n{100 * shares[i, j]:.0f} %"
                axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=9)
        label(axes, title, "predicted", "true")
        axes.set_xticks(np.arange(len(names)), names)
        axes.set_yticks(np.arange(len(names)), names, rotation=90, va="center")
        axes.grid(visible=False)
    return figure


def few_labels(amounts: Sequence[int], shares: Mapping[str, np.ndarray]) -> Figure:
    """Shares of right answers (seeds, amounts) of each start; the line is the mean, the dots are the seeds."""
    figure, axes = new_figure(7.5, 4)
    for (name, rows), colour in zip(shares.items(), COLOURS, strict=False):
        axes.plot(amounts, 100 * rows.mean(axis=0), color=colour, label=name)
        for row in rows:
            axes.plot(amounts, 100 * row, ".", color=colour)
    axes.set_xscale("log")
    axes.set_xticks(list(amounts), [f"{amount:,}" for amount in amounts])
    axes.minorticks_off()
    label(axes, "Labels against unlabelled text", "labelled reviews", "right, new reviews (%)")
    axes.legend(loc="lower right")
    return figure


def in_company(padded: Sequence[int], curves: Mapping[str, np.ndarray]) -> Figure:
    """The mean probability of the label, for each way of pooling, against the number of padded steps."""
    figure, axes = new_figure(7.5, 3.6)
    for (name, values), colour in zip(curves.items(), COLOURS, strict=False):
        axes.plot(padded, 100 * values, "o-", color=colour, label=name)
    label(axes, "One text in longer and longer company", "padded steps after the text", "right, same reviews (%)")
    axes.set_ylim(45, 101)
    axes.set_xticks(list(padded))
    axes.legend(loc="center right")
    return figure
