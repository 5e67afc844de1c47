"""Figures of chapter 2, text into tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scratchnn.book.figures.boxes import arrow, box, drawing
from scratchnn.book.figures.strips import bracket, strip
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def way_of_a_text() -> Figure:
    """From a text to arrays: boxes with their shapes, towards one vector per text above, one per word below."""
    figure, axes = drawing(11, 3.2)
    boxes = {
        "text": (0.85, 1.6, "text\n(characters)", "plain"),
        "tokens": (2.6, 1.6, "tokens\n(T,)", "plain"),
        "ids": (4.35, 1.6, "ids\n(T,)", "data"),
        "padded": (6.3, 2.6, "padded ids\n(N, T)", "data"),
        "onehot": (8.25, 2.6, "one-hot\n(N, T, V)", "layer"),
        "bags": (10.15, 2.6, "bags of words\n(N, V)", "state"),
        "C": (6.3, 0.6, "counts $C$\n(V, V)", "layer"),
        "M": (8.25, 0.6, "PPMI $M$\n(V, V)", "layer"),
        "U": (10.15, 0.6, "vectors $U$\n(V, k)", "state"),
    }
    for x, y, text, fill in boxes.values():
        box(axes, (x, y), text, fill, 1.2, 0.62)
    for start, end, text in [
        ("text", "tokens", "cut"),
        ("tokens", "ids", "number"),
        ("padded", "onehot", ""),
        ("onehot", "bags", "sum"),
        ("C", "M", "chance"),
        ("M", "U", "SVD"),
    ]:
        (x, y, *_), (far, high, *_) = boxes[start], boxes[end]
        arrow(axes, (x + 0.6, y), (far - 0.6, high), text)
    for end in ("padded", "C"):
        far, high, *_ = boxes[end]
        arrow(axes, (4.95, 1.6), (far - 0.6, high))
    axes.text(5.15, 2.25, "N texts", ha="right", fontsize=8.5)
    axes.text(5.15, 0.95, "one long text", ha="right", va="top", fontsize=8.5)
    axes.text(10.15, 2.1, "one vector per text", ha="center", fontsize=9)
    axes.text(10.15, 0.1, "one vector per word", ha="center", fontsize=9)
    return figure


def windows(words: Sequence[str], reach: int, centres: Sequence[int]) -> Figure:
    """A sentence, once for each centre: the word in the middle, its context, and what is added to the counts."""
    figure, axes = drawing(10, 0.75 * len(centres) + 0.5)
    wide = 0.82
    for row, centre in enumerate(centres):
        bottom = 0.75 * (len(centres) - row) - 0.35
        near = [k for k in range(max(centre - reach, 0), min(centre + reach + 1, len(words))) if k != centre]
        fills = [COLOURS[4] if k == centre else "#cfe3f1" if k in near else "white" for k in range(len(words))]
        strip(axes, 0.2, bottom, fills, words, wide, height=0.36)
        left, right = 0.2 + wide * min(*near, centre), 0.2 + wide * (max(*near, centre) + 1)
        bracket(axes, left, right, bottom + 0.47, "")
        added = Counter(words[k] for k in near)
        text = ",  ".join(f"{word} +{count}" for word, count in added.items())
        axes.text(0.5 + wide * len(words), bottom + 0.18, f"row of {words[centre]}:  {text}", va="center", fontsize=10)
    return figure


def rank_one_tables(M: np.ndarray, U: np.ndarray, order: np.ndarray) -> Figure:
    """A table M (V, V), and the terms of its SVD that belong to the columns U (V, k): column, row, and their product.

    Rows and columns are in the given ``order`` of words (V,).
    """
    ratios = [1, 10] * (1 + U.shape[1])
    figure, panels = new_figure(12, 3.5, nrows=2, ncols=len(ratios), width_ratios=ratios, height_ratios=[1, 10])
    largest = M.max()
    for axes in panels.flat:
        axes.set_axis_off()
    panels[1, 1].imshow(M[order][:, order], cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto")
    panels[0, 1].set_title("$M$")
    for j, column in enumerate(U.T, start=1):
        row = M.T @ column  # s_j v_j
        weight = np.sqrt((row**2).sum())
        u, v = column[order], row[order] / weight
        sign = np.sign(u[abs(u).argmax()])  # u_j and v_j may change their signs together: the largest entry is red
        u, v = sign * u, sign * v
        table = weight * np.outer(u, v)
        bound = max(abs(u).max(), abs(v).max())
        panels[1, 2 * j].imshow(u[:, None], cmap="RdBu_r", vmin=-bound, vmax=bound, aspect="auto")
        panels[0, 2 * j + 1].imshow(v[None], cmap="RdBu_r", vmin=-bound, vmax=bound, aspect="auto")
        panels[1, 2 * j + 1].imshow(table, cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto")
        panels[0, 2 * j + 1].set_title(f"$s_{j}\\, u_{j} v_{j}^T$,  $s_{j}$ = {weight:.1f}")
    return figure


def frequencies(tokens: Mapping[str, Sequence[str]]) -> Figure:
    """For the tokens of a text, cut in several ways: counts by rank; and how many distinct tokens have been read."""
    figure, (left, right) = new_figure(10, 4, ncols=2)
    for (name, sequence), colour in zip(tokens.items(), COLOURS, strict=False):
        _, first, counts = np.unique(sequence, return_index=True, return_counts=True)
        counts = np.sort(counts)[::-1]
        left.loglog(np.arange(1, len(counts) + 1), counts, color=colour, label=name)
        first = np.sort(first)  # where each distinct token occurs for the first time
        right.loglog(first + 1, np.arange(1, len(first) + 1), color=colour, label=name)
    left.legend()
    right.legend()
    label(left, "Few tokens are frequent, many are rare", "rank by frequency", "how often it occurs")
    label(right, "New characters end, new words do not", "tokens read", "distinct tokens so far")
    return figure


def padding(lengths: np.ndarray, batches: Mapping[str, Sequence[np.ndarray]], shares: Mapping[str, float]) -> Figure:
    """The tokens (dark) and the padding (light) of batches of 32, one panel per way of batching, with its padded share."""
    figure, panels = new_figure(10, 4.2, ncols=2, sharey=True)
    for axes, (name, ordered) in zip(panels, batches.items(), strict=True):
        image = np.zeros((len(lengths), lengths.max()))
        for k, batch in enumerate(ordered):
            for n, length in enumerate(lengths[batch]):
                image[32 * k + n, : lengths[batch].max()] = 0.35  # padding
                image[32 * k + n, :length] = 1  # tokens
        axes.imshow(image, aspect="auto", cmap="Blues", vmin=0, vmax=1.2, interpolation="nearest")
        axes.set(title=f"{name}: {shares[name]:.1%} padding", xlabel="position in the row (tokens)")
        axes.set_ylabel("sentence, batch by batch")
    return figure


def collisions(sizes: np.ndarray, expected: np.ndarray, measured: Sequence[float], words: int) -> Figure:
    """The share of ``words`` words that collide, by the number of places: expected, and measured."""
    figure, axes = new_figure(7, 4.2)
    axes.plot(sizes, 100 * expected, color="black", label="equation (14)")
    axes.plot(sizes, 100 * np.array(measured), "o", color=COLOURS[0], label="measured")
    axes.axvline(words, color="grey", linestyle="--", label="as many places as words")
    axes.set_xscale("log", base=2)
    axes.legend()
    label(axes, "The words of the manual, hashed", "places", "words that share their place (%)")
    return figure


def term_document(counts: np.ndarray, words: Sequence[str]) -> Figure:
    """A table (V, N) of counts, with the words as the names of its rows."""
    figure, axes = new_figure(6.5, 6)
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=3, aspect="auto")
    for (v, n), count in np.ndenumerate(counts):
        if count:
            axes.text(n, v, count, ha="center", va="center", fontsize=8)
    axes.set(title="Term-document matrix", xlabel="document", ylabel="word")
    axes.set_yticks(range(len(words)), words, fontsize=8)
    return figure


def directions(vectors: Mapping[str, np.ndarray]) -> Figure:
    """Three vectors of two counts each, as arrows from the origin."""
    figure, axes = new_figure(6.5, 3.8)
    for (name, end), colour, width in zip(vectors.items(), COLOURS, (4, 2, 2), strict=False):
        style = {"arrowstyle": "->", "color": colour, "linewidth": width}
        axes.annotate("", end, (0, 0), arrowprops=style)
        axes.text(end[0] + 0.12, end[1] + 0.12, name, color=colour, fontsize=13)
    axes.set(xlim=(0, 7), ylim=(0, 3.6))
    axes.set_aspect("equal")
    label(axes, "a and b point the same way, c does not", "count of one word", "count of another")
    return figure


def document_cosines(cosines: Mapping[str, np.ndarray]) -> Figure:
    """Tables (N, N) of the cosines of all pairs of documents, one panel per kind of vector."""
    figure, panels = new_figure(10, 4.3, ncols=2)
    for axes, (name, table) in zip(panels, cosines.items(), strict=True):
        axes.imshow(table, cmap="Blues", vmin=0, vmax=1.3)
        for (i, j), value in np.ndenumerate(table):
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=9)
        axes.set(title=f"Cosines of the six documents by {name}", xlabel="document", ylabel="document")
    return figure


def group_cosines(cosines: Mapping[str, np.ndarray], groups: Mapping[str, Sequence[str]]) -> Figure:
    """Tables of the cosines of all pairs of words, in the order of ``groups``, one panel per title."""
    ends = np.cumsum([len(members) for members in groups.values()])
    middles = [end - (len(members) + 1) / 2 for end, members in zip(ends, groups.values(), strict=True)]
    figure, panels = new_figure(10, 5, ncols=2)
    for axes, (title, table) in zip(panels, cosines.items(), strict=True):
        image = axes.imshow(table, cmap="Blues", vmin=0, vmax=1)
        axes.set_title(title)
        axes.set(xlabel="word", ylabel="word")
        axes.set_xticks(middles, groups, rotation=45)
        axes.set_yticks(middles, groups)
    figure.colorbar(image, ax=panels, label="cosine similarity", shrink=0.8)
    return figure


def approximations(tables: Mapping[str, np.ndarray], order: np.ndarray, errors: Sequence[float]) -> Figure:
    """Three tables (V, V) in one scale and ``order`` (V,), and the relative squared error of the first 0, 1 ... terms."""
    figure, panels = new_figure(10, 3.4, ncols=4, width_ratios=[1, 1, 1, 1.2])
    largest = next(iter(tables.values())).max()
    for axes, (title, table) in zip(panels, tables.items(), strict=False):
        axes.imshow(table[order][:, order], cmap="Blues", vmin=0, vmax=largest)
        axes.set(title=title, xlabel="neighbouring word", ylabel="word")
    panels[3].plot(range(len(errors)), 100 * np.array(errors), "o-", color="black")
    panels[3].set_ylim(bottom=0)
    label(panels[3], "Remaining error", "number of terms $k$", "squared error (%)")
    return figure


def korean_levels(read: Sequence[int], distinct: Mapping[str, Sequence[int]]) -> Figure:
    """The number of distinct tokens by the number of sentences read, one curve per level."""
    figure, axes = new_figure(7, 4)
    for (name, counts), colour in zip(distinct.items(), COLOURS, strict=False):
        axes.loglog(read, counts, "o-", color=colour, label=name)
    axes.legend()
    label(axes, "Korean at three levels", "sentences read", "distinct tokens")
    return figure


def two_spellings(percent: np.ndarray, correct: np.ndarray, unknown: np.ndarray) -> Figure:
    """The shares of correct answers and of unknown words, by the percentage of reviews in form D."""
    figure, axes = new_figure(7, 4)
    axes.plot(percent, 100 * correct, "o-", color=COLOURS[0], label="accuracy")
    axes.plot(percent, 100 * unknown, "o-", color=COLOURS[1], label="unknown words")
    axes.axhline(50, color="grey", linestyle="--", label="tossing a coin")
    axes.legend()
    label(axes, "The same reviews in another spelling", "reviews in form D (%)", "share (%)")
    return figure


def pairs(clouds: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """PPMI against the count of each pair, one panel per title: (counts, values)."""
    figure, panels = new_figure(10, 3.8, ncols=2, sharex=True, sharey=True)
    for axes, (title, (counts, values)) in zip(panels, clouds.items(), strict=True):
        axes.semilogx(counts, values, ".", color=COLOURS[0], alpha=0.2, markersize=4)
        label(axes, title, "count of the pair", "PPMI (bits)")
    return figure
