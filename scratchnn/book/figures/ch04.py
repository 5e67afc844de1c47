"""Figures of chapter 4, word2vec made fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scratchnn.plot import COLOURS, label, new_figure
from scratchnn.word2vec.plots import keep_apart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scratchnn.word2vec.huffman import HuffmanTree


def two_questions(words: int, noise: int, seed: int) -> Figure:
    """What is computed for one pair: scores of all ``words``, or of the true word and ``noise`` others."""
    figure, panels = new_figure(10, 3.6, ncols=2)
    places = np.linspace(-1, 1, words)
    chosen = np.random.default_rng(seed).permutation(words)[: noise + 1]
    titles = ("Softmax: which of the $V$ words is it?", f"Negative sampling: {noise + 1} questions, really near or not?")
    for axes, title, asked in zip(panels, titles, (set(range(words)), set(chosen.tolist())), strict=True):
        axes.set_axis_off()
        axes.set(xlim=(-0.25, 1.35), ylim=(-1.12, 1.12))
        axes.set_title(title)
        for k, y in enumerate(places):
            colour = COLOURS[2] if k == chosen[0] else COLOURS[1]
            axes.plot(1, y, "s", markersize=5, color=colour if k in asked else "lightgrey")
            if k in asked:
                axes.plot([0, 1], [0, y], color=colour, linewidth=1, zorder=0)
        axes.plot(0, 0, "o", markersize=34, color="white", markeredgecolor="black")
        axes.text(0, 0, "$h$", ha="center", va="center", fontsize=13)
        axes.text(1.06, places[chosen[0]], "true word", va="center", fontsize=9, color=COLOURS[2])
    return figure


def huffman_tree(counts: np.ndarray, tree: HuffmanTree) -> Figure:
    """The words below the inner nodes of a tree over words that occur ``counts`` (V,) times."""
    figure, axes = new_figure(7, 3.6)
    axes.set_axis_off()
    paths = [nodes[:length].tolist() for nodes, length in zip(tree.nodes, tree.lengths, strict=True)]
    places = {}  # of each inner node: over the middle of the words below it, at the depth of the node
    for node in range(len(counts) - 1):
        below = [word for word, path in enumerate(paths) if node in path]
        places[node] = (np.mean(below), -paths[below[0]].index(node))
    for word, path in enumerate(paths):
        path_x, path_y = zip(*[places[node] for node in path], (word, -len(path)), strict=True)
        axes.plot(path_x, path_y, color="grey", zorder=0)
        axes.text(word, -len(path), f"word {word}\n{counts[word]} times", ha="center", va="top", fontsize=9)
    for node, (x, y) in places.items():
        axes.plot(x, y, "o", markersize=22, color="white", markeredgecolor="black")
        axes.text(x, y, f"{node}", ha="center", va="center")
    axes.set_title("A Huffman tree: six words below five inner nodes")
    axes.margins(0.12, 0.2)
    return figure


def noise_and_subsampling(
    noise_share: Callable[..., np.ndarray], keep_share: Callable[..., np.ndarray], counts: np.ndarray, threshold: float
) -> Figure:
    """The probabilities of noise words, equation (8), and of keeping a word, equation (10).

    Args:
        noise_share: equation (8), of counts (V,) and a power.
        keep_share: equation (10), of shares of the text and a threshold.
        counts: how often each word occurs (V,), the most frequent first; this one is "the".
        threshold: for which "the" is marked.
    """
    figure, (left, right) = new_figure(10, 4, ncols=2)
    for power, colour in zip((1.0, 0.75, 0.5, 0.0), COLOURS, strict=False):
        name = f"power {power}" + (" (share of the text)" if power == 1 else "")
        left.loglog(np.arange(1, len(counts) + 1), noise_share(counts, power), color=colour, label=name)
    left.legend(fontsize=9)
    label(left, "Noise: rare words more likely", "rank of the word (1 is the most frequent)", "probability")
    shares = np.logspace(-6, -0.5, 300)
    for each, colour in zip((1e-2, 1e-3, 1e-4), COLOURS, strict=False):
        right.semilogx(shares, 100 * keep_share(shares, each), color=colour, label=f"threshold {each:g}")
    the = counts[:1] / counts.sum()
    right.plot(the, 100 * keep_share(the, threshold), "o", color="black", label='"the" of our language')
    right.legend(fontsize=9)
    label(right, "Subsampling: frequent words thinned out", "share of the word in the text", "kept (%)")
    return figure


def scores_and_pmi(wanted: np.ndarray, learned: np.ndarray) -> Figure:
    """The learned scores of pairs of words (M,) against those of equation (11)."""
    figure, axes = new_figure(6.5, 4.4)
    axes.plot(wanted, learned, ".", color=COLOURS[0], alpha=0.3)
    line = np.array([wanted.min(), wanted.max()])
    axes.plot(line, line, color="black", label="both the same")
    axes.legend()
    label(axes, "The learned scores are a PMI", "PMI minus $\\log M$, equation (11) (nats)", "learned score $s$")
    return figure


def cost_of_answers(curves: Mapping[str, tuple[np.ndarray, Sequence[float]]]) -> Figure:
    """For each output: the multiply-adds spent (epochs,) and the share of analogies that is right after them, 0 to 1."""
    figure, axes = new_figure(7, 4.2)
    for (name, (spent, right)), colour in zip(curves.items(), COLOURS, strict=False):
        axes.semilogx(spent, 100 * np.array(right), "o-", color=colour, label=name)
    axes.set_ylim(-3, 103)
    axes.legend()
    label(axes, "What correct answers cost", "multiply-adds (one point per epoch)", "correct analogies (%)")
    return figure


def word_map(panels: Mapping[str, tuple[Sequence[str], np.ndarray, np.ndarray]]) -> Figure:
    """Words in the plane, one panel per title.

    Args:
        panels: for each title the words, the two of a pair one after the other; their coordinates (W, 2); and the share of
            the spread along either axis (2,).
    """
    figure, all_axes = new_figure(10, 5, ncols=2)
    for axes, (title, (words, places, shares)) in zip(all_axes, panels.items(), strict=True):
        across, up = places.T
        for k in range(0, len(words), 2):
            axes.plot(across[k : k + 2], up[k : k + 2], color="lightgrey", zorder=0)
        axes.scatter(across[::2], up[::2], s=14, color=COLOURS[0])
        axes.scatter(across[1::2], up[1::2], s=14, color=COLOURS[1])
        names = []
        for word, place in zip(words, places, strict=True):
            names.append(axes.annotate(word, place, (3, 3), textcoords="offset points", fontsize=8))
        axes.margins(0.15)
        label(axes, title, *(f"component {k + 1} ({shares[k]:.0%} of the spread)" for k in range(2)))
        keep_apart(axes, names)
    return figure


def block_counts(Y: np.ndarray) -> Figure:
    """The numbers of pairs ``Y`` (U, R) of a block."""
    figure, axes = new_figure(8, 4)
    image = axes.imshow(Y, cmap="Blues", aspect="auto", interpolation="nearest")
    figure.colorbar(image, ax=axes, label="pairs", ticks=range(int(Y.max()) + 1))
    axes.set_title(f"$Y$ of a block: {Y.sum():.0f} pairs of {len(Y)} by {Y.shape[1]} distinct words")
    axes.set_xlabel("column $c$: words around, and noise")
    axes.set_ylabel("row $r$: words of the block")
    return figure


def kinds_of_words(amounts: Sequence[int], shares: Mapping[str, Sequence[float]]) -> Figure:
    """The share of words that each table classifies correctly, 0 to 1, by the amount of labelled words."""
    figure, axes = new_figure(7, 4.2)
    for (name, row), colour in zip(shares.items(), COLOURS, strict=False):
        axes.semilogx(amounts, 100 * np.array(row), "o-", color=colour, label=name)
    axes.set_ylim(0, 103)
    axes.legend(loc="lower right")
    label(axes, "Which kind of word is it?", "labelled words to learn from", "correct at other positions (%)")
    return figure


def losses_and_cosines(runs: Mapping[str, tuple[Sequence[float], np.ndarray]]) -> Figure:
    """For each of three trainings: the mean loss of each epoch, and the cosines of all pairs of words as a histogram."""
    figure, (left, right) = new_figure(10, 4, ncols=2)
    styles = ("o-", "s--", "o-")  # dashes where the second curve covers the first
    for (name, (losses, cosines)), style, colour in zip(runs.items(), styles, COLOURS, strict=False):
        left.plot(np.arange(1, len(losses) + 1), losses, style, color=colour, label=name)
        heights, edges = np.histogram(cosines, np.linspace(-0.25, 1.0001, 61), density=True)
        right.stairs(heights, edges, color=colour, label=name)
    left.legend()
    label(left, "Three losses that fall", "epoch", "mean loss (nats)")
    right.legend(loc="upper left")
    label(right, "How similar two words are", "cosine of two word vectors", "density")
    return figure
