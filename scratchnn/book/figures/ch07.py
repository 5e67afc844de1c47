"""The figures of chapter 7, Generating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scratchnn.book.figures.boxes import arrow, box, drawing
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# --- one step, and the loop ------------------------------------------------------------------------------------------


def number_line(tokens: Sequence[str], p: np.ndarray, u: float) -> Figure:
    """Probabilities (V,) side by side on the line from 0 to 1, and the place of the random number u."""
    from matplotlib.patches import Rectangle

    figure, axes = new_figure(9, 2.1)
    ends = np.cumsum(p)
    chosen = int((ends > u).argmax())
    for k, (token, share, end) in enumerate(zip(tokens, p, ends, strict=True)):
        face = COLOURS[4] if k == chosen else "#e8f1f8"
        axes.add_patch(Rectangle((end - share, 0), share, 1, facecolor=face, edgecolor="black"))
        named = f"{token}\n{share:.2f}" if share > 0.05 else token
        axes.text(end - share / 2, 0.5, named, ha="center", va="center", fontsize=9)
    axes.annotate(f"u = {u:g}", (u, 1), (u, 1.75), ha="center", fontsize=10, arrowprops={"arrowstyle": "->"})
    axes.set(xlim=(0, 1), ylim=(0, 2), yticks=[], xlabel="running sum of the probabilities")
    axes.set_xticks([0, *ends[:-1].round(3)])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    return figure


def loop() -> Figure:
    """The loop that writes, with the shapes in it."""
    figure, axes = drawing(10.4, 2.9)
    box(axes, (1.1, 1.2), "ids\n(N, 1)", "data", 1.2, 0.6)
    box(axes, (3.2, 1.2), "embedding,\nLSTM, dense", "layer", 1.5, 0.7)
    box(axes, (3.2, 2.4), "state $(h, c)$\n(N, H) each", "state", 1.6, 0.6)
    box(axes, (5.5, 1.2), "logits $z$\n(N, V)", "plain", 1.2, 0.6)
    box(axes, (7.6, 1.2), "$p$, temperature,\ncuts  (N, V)", "plain", 1.6, 0.7)
    box(axes, (9.5, 1.2), "draw\n(N,)", "data", 1.1, 0.6)
    for start, end, what in (
        ((1.7, 1.2), (2.45, 1.2), ""),
        ((3.95, 1.2), (4.9, 1.2), ""),
        ((6.1, 1.2), (6.8, 1.2), "softmax"),
        ((8.4, 1.2), (8.95, 1.2), ""),
    ):
        arrow(axes, start, end, what)
    arrow(axes, (2.9, 2.1), (2.9, 1.55), "before")
    arrow(axes, (3.5, 1.55), (3.5, 2.1), "after")
    axes.text(9.5, 2.2, "u, one per row", ha="center", va="center", fontsize=9)
    arrow(axes, (9.5, 2.05), (9.5, 1.5))
    axes.plot([9.5, 9.5, 1.1], [0.9, 0.3, 0.3], color=COLOURS[1])
    arrow(axes, (1.1, 0.3), (1.1, 0.9), colour=COLOURS[1])
    axes.text(5.3, 0.36, "what was drawn is the next input", ha="center", va="bottom", fontsize=9, color=COLOURS[1])
    return figure


# --- temperature, top-k, nucleus -------------------------------------------------------------------------------------


def entropies(temperatures: Sequence[float], bits: np.ndarray, losses: np.ndarray, most: float) -> Figure:
    """Mean entropy of the choice, and the loss on new text, both in bits, by temperature; ``most`` is log2 of V."""
    figure, (left, right) = new_figure(10, 3.6, ncols=2)
    left.plot(temperatures, bits, "o-", color=COLOURS[0])
    left.axhline(most, color="grey", linestyle="--", label="all characters equally probable")
    left.set_ylim(0, 1.1 * most)
    left.legend(fontsize=9)
    label(left, "How open the choice is", "temperature $\\tau$", "entropy (bits per character)")
    right.plot(temperatures, losses, "o-", color=COLOURS[1])
    best = int(losses.argmin())
    right.plot(temperatures[best], losses[best], "o", markersize=11, color="none", markeredgecolor="black")
    right.set_ylim(0.9 * losses.min(), 2.2 * losses.min())
    label(right, "How well the new text is predicted", "temperature $\\tau$", "loss (bits per character)")
    return figure


def cuts(contexts: Mapping[str, np.ndarray], tokens: Sequence[str], k: int, q: float, counts: np.ndarray) -> Figure:
    """Probabilities (V,) after each context, most probable first, with both cuts; sizes of the nucleus over a text."""
    figure, panels = new_figure(11, 3.5, ncols=len(contexts) + 1)
    for axes, (context, p) in zip(panels, contexts.items(), strict=False):
        order = np.argsort(-p, kind="stable")[:12]
        left = int((np.cumsum(p[order]) < q).sum()) + 1
        axes.bar(np.arange(12), p[order], color=[COLOURS[0] if n < left else "#cccccc" for n in range(12)])
        axes.axvline(k - 0.5, color=COLOURS[1], linestyle="--", label=f"top-k, k = {k}")
        axes.set_xticks(np.arange(12), ["_" if tokens[n] == " " else tokens[n] for n in order])
        axes.set_ylim(0, 1)
        label(axes, f"after “{context}”", "next character", "probability")
        axes.plot([], [], "s", color=COLOURS[0], label=f"nucleus, q = {q:g}")
        axes.legend(fontsize=8)
    sizes = np.arange(1, counts.max() + 1)
    panels[-1].bar(sizes, [(counts == size).mean() for size in sizes], color=COLOURS[0])
    panels[-1].axvline(k, color=COLOURS[1], linestyle="--")
    label(panels[-1], "Size of the nucleus, new text", "characters kept", "share of places")
    return figure


def quality(curves: Mapping[str, Sequence[tuple[str, float, float]]], real: tuple[float, float]) -> Figure:
    """For each way of choosing, points (name, variety, share of known words); ``real`` is that of new paragraphs."""
    figure, axes = new_figure(8.2, 4.4)
    for (name, points), colour in zip(curves.items(), COLOURS, strict=False):
        axes.plot(*([point[k] for point in points] for k in (1, 2)), "o-", color=colour, label=name, markersize=4)
        for (setting, variety, share), below in ((points[0], name == "nucleus"), (points[-1], name == "top-k")):
            place = {"xytext": (4, -12 if below else 5), "textcoords": "offset points"}
            axes.annotate(setting, (variety, share), fontsize=8, color=colour, **place)
    axes.plot(*real, "*", color="black", markersize=13, label="new paragraphs of the manual")
    axes.legend(fontsize=9, loc="lower left")
    label(axes, "What is gained, and what is lost", "variety: different 5-grams of characters", "words that are known")
    return figure


# --- measurements ----------------------------------------------------------------------------------------------------


def shared_runs(temperatures: Sequence[float], means: Sequence[float], longest: Sequence[int], real: np.ndarray) -> Figure:
    """Mean and longest shared run by temperature; ``real``: the same two for new paragraphs."""
    figure, panels = new_figure(10, 3.4, ncols=2)
    names = ("Mean over all places", "The longest of all")
    for axes, values, known, title in zip(panels, (means, longest), real, names, strict=True):
        axes.plot(temperatures, values, "o-", color=COLOURS[0], label="written")
        axes.axhline(known, color="black", linestyle="--", label="new paragraphs of the manual")
        axes.set_ylim(0, 1.25 * max(known, *values))
        axes.legend(fontsize=9)
        label(axes, title, "temperature $\\tau$", "shared run (characters)")
    return figure


def bits(parts: Mapping[str, tuple[float, float]]) -> Figure:
    """Bits per character of each model: for its tokens, and for spelling words that it does not know."""
    figure, axes = new_figure(7.5, 1.0 + 0.5 * len(parts))
    for k, (tokens, spelling) in enumerate(parts.values()):
        axes.barh(k, tokens, color=COLOURS[0], label="tokens" if k == 0 else None)
        axes.barh(k, spelling, left=tokens, color=COLOURS[1], label="spelling of unknown words" if k == 0 else None)
        axes.text(tokens + spelling + 0.03, k, f"{tokens + spelling:.2f}", va="center", fontsize=9)
    axes.set_yticks(np.arange(len(parts)), list(parts))
    axes.set_xlim(0, 1.75 * max(map(sum, parts.values())))
    axes.invert_yaxis()
    axes.legend(fontsize=9, loc="center right")
    label(axes, "The same new paragraphs", "bits per character", "")
    return figure


def astray(clean: np.ndarray, leaks: Sequence[float], chances: np.ndarray) -> Figure:
    """Texts without a mistake, and how probable mistakes are before and after the first one.

    Args:
        clean: shares of texts without a mistake (seeds, T), by the number of words.
        leaks: mean probability of mistakes along the test text, per seed.
        chances: mean probability of mistakes (seeds, 3): before any, in the rest of a sentence with one, later.
    """
    figure, (left, right) = new_figure(10.5, 3.8, ncols=2)
    words = np.arange(1, clean.shape[1] + 1)
    for seed, (row, leak) in enumerate(zip(clean, leaks, strict=True)):
        left.plot(words, row, color=COLOURS[seed], label=f"seed {seed}")
        left.plot(words, (1 - leak) ** words, ":", color=COLOURS[seed])
        right.bar(np.arange(3) + 0.27 * (seed - 1), 100 * chances[seed], 0.27, color=COLOURS[seed])
    left.set_ylim(0, 1)
    left.legend(fontsize=9)
    label(left, "Texts without a mistake; dotted: (9)", "words written", "share of texts")
    right.set_xticks(np.arange(3), ["before the\nfirst mistake", "rest of\nits sentence", "later\nsentences"])
    label(right, "Mistakes lead to mistakes", "", "mistakes per word (%)")
    return figure


# --- a picture to a caption ------------------------------------------------------------------------------------------


def captioner() -> Figure:
    """From a picture to words, with the shapes in between."""
    figure, axes = drawing(10.6, 3.0)
    box(axes, (1.0, 2.3), "pictures\n(N, 12, 12, 3)", "data", 1.5, 0.6)
    box(axes, (3.1, 2.3), "convolutions,\npooling", "layer", 1.4, 0.6)
    box(axes, (5.2, 2.3), "regions\n(N, 36, C)", "state", 1.4, 0.6)
    box(axes, (7.3, 2.3), "side by side\n(N, 36 C)", "plain", 1.4, 0.6)
    box(axes, (9.5, 2.3), "$(h_0, c_0)$\n(N, H) each", "state", 1.4, 0.6)
    for start, end, what in (
        ((1.75, 2.3), (2.4, 2.3), ""),
        ((3.8, 2.3), (4.5, 2.3), ""),
        ((5.9, 2.3), (6.6, 2.3), ""),
        ((8.0, 2.3), (8.8, 2.3), "dense"),
    ):
        arrow(axes, start, end, what)
    words = ("<bos>", "a", "red", "square", "...")
    for k, word in enumerate(words):
        x = 8.9 - 1.75 * (len(words) - 1 - k)
        box(axes, (x, 1.0), "LSTM", "layer", 0.9, 0.45)
        axes.text(x, 0.4, word, ha="center", va="center", fontsize=9)
        arrow(axes, (x, 0.52), (x, 0.77))
        if k:
            arrow(axes, (x - 1.3, 1.0), (x - 0.45, 1.0))
        if k < len(words) - 1:
            axes.text(x + 0.62, 1.5, words[k + 1], ha="center", va="center", fontsize=9, color=COLOURS[1])
            arrow(axes, (x + 0.2, 1.23), (x + 0.42, 1.42), colour=COLOURS[1])
    axes.plot([9.5, 9.5, 1.3, 1.3], [2.0, 1.75, 1.75, 1.0], color="black", linewidth=1)
    arrow(axes, (1.3, 1.0), (1.45, 1.0))
    return figure
