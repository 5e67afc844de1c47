"""Chapter 4, word2vec made fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.ch03 import last_rows, mean_rows, summed_rows
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import sigmoid
from scratchnn.word2vec.sampling import POWER, NoiseSampler


@exercise(
    "4.1",
    "the gradient of few rows",
    "merge_rows(dy, ids)",
    hints=(
        "np.unique(ids, return_inverse=True) returns the distinct ids in rising order, and for each entry of ids its "
        "place among them.",
        "Start with zeros, one row for each distinct id, and add the rows of dy at these places with np.add.at.",
    ),
)
def check_merge_rows(answer: Answer) -> Iterator[str]:
    """A table has a million rows, and a batch looks up N of them. Do not make a
    gradient as large as the table: keep only the rows that occur. Row n of
    dy (N, D) is the gradient of the look-up of id ids[n], and ids may be
    repeated. Return two arrays, the distinct ids (M,) in rising order and the
    sum of the rows of each (M, D), in this order.

        merge_rows(np.array([[1.0], [2.0], [4.0]]), np.array([7, 3, 7]))
            gives [3, 7] and [[2.], [5.]]
    """

    def right(dy: np.ndarray, ids: np.ndarray) -> tuple:
        rows = np.unique(ids)
        return rows, summed_rows(dy, ids, int(ids.max(initial=0)) + 1)[rows]

    def overwritten(dy: np.ndarray, ids: np.ndarray) -> tuple:
        rows = np.unique(ids)
        return rows, last_rows(dy, ids, int(ids.max()) + 1)[rows]

    def averaged(dy: np.ndarray, ids: np.ndarray) -> tuple:
        rows = np.unique(ids)
        return rows, mean_rows(dy, ids, int(ids.max()) + 1)[rows]

    def by_appearance(dy: np.ndarray, ids: np.ndarray) -> tuple:
        rows, first = np.unique(ids, return_index=True)
        order = np.argsort(first)
        return rows[order], right(dy, ids)[1][order]

    def whole_table(dy: np.ndarray, ids: np.ndarray) -> tuple:
        return np.unique(ids), summed_rows(dy, ids, int(ids.max()) + 1)

    mistakes = {
        "If an id occurs twice, only its last row is kept: += with an array of ids writes each row once. Use np.add.at.": (
            overwritten
        ),
        "Rows that were looked up more than once are averaged. Each use counts in full: sum the gradients.": averaged,
        "The ids are in the order in which they appear; sort them.": by_appearance,
        "This has a row for every id of the table up to the largest; keep only the rows of ids that occur.": whole_table,
        "The ids are not merged: each id may be in the result only once.": lambda dy, ids: (ids, dy),
    }
    rng = np.random.default_rng(0)
    trials = [
        (rng.standard_normal((len(ids), D)), np.array(ids))
        for ids, D in (([7, 3, 7], 1), ([2, 5, 5, 5, 0, 2], 3), ([9, 4, 9, 1], 2))
    ]
    extremes = {
        "Without look-ups there are no ids and no rows: the shapes are (0,) and (0, D).": (
            np.zeros((0, 2)),
            np.array([], dtype=int),
        ),
    }
    yield from compare(answer, right, mistakes, trials, ("ids", "rows"), extremes=extremes)


@exercise(
    "4.2",
    "drawing noise words",
    "draw_noise(counts, u)",
    hints=(
        "The segments end at the running sums of the probabilities: np.cumsum(P).",
        "np.searchsorted(ends, u, side='right') counts the ends that u has passed, which is the number of its word.",
    ),
)
def check_draw_noise(answer: Answer) -> Iterator[str]:
    """Turn random numbers into noise words. The array counts (V,) contains the
    number of times that each word occurs in the text; word v is to be drawn
    with probability counts[v]^0.75 / (sum of counts^0.75). Divide the interval
    from 0 to 1 into segments of these lengths, in the order of the words. For
    each of the numbers u (N,), all between 0 and 1, return the word in whose
    segment it falls, as an array of N integers.

        draw_noise(np.array([16, 1]), np.array([0.1, 0.88, 0.9, 0.99]))
            gives [0, 0, 1, 1]
    """

    def by_power(power: float, counts: np.ndarray, u: np.ndarray) -> np.ndarray:
        return np.searchsorted(NoiseSampler(counts, power).cumulative, u, side="right")

    def sorted_first(counts: np.ndarray, u: np.ndarray) -> np.ndarray:
        return by_power(POWER, -np.sort(-counts), u)

    def one_late(counts: np.ndarray, u: np.ndarray) -> np.ndarray:
        return by_power(POWER, counts, u) + 1

    mistakes: dict[str, Callable[..., Any]] = {
        "You draw words by their frequency in the text. Raise the counts to the power 0.75 first.": partial(by_power, 1.0),
        "You draw all words with the same probability; use the counts.": partial(by_power, 0.0),
        "The power is inverted: it is 0.75, not 1 / 0.75. Rare words should become more likely.": partial(
            by_power, 1 / POWER
        ),
        "You sort the segments by length; keep them in the order of the words.": sorted_first,
        "Every result is one word too far: the first segment belongs to word 0.": one_late,
    }
    rng = np.random.default_rng(0)
    trials = [
        (np.array([16, 1]), np.array([0.1, 0.88, 0.9, 0.99])),
        (np.array([3, 50, 1, 200, 7]), rng.random(40)),
        (rng.integers(1, 1000, 30), rng.random(60)),
    ]
    extremes = {
        "A word that never occurs has an empty segment, so it is never drawn: with side='right', u = 0 passes it.": (
            np.array([0, 1, 0, 3]),
            np.array([0.0, 0.2, 0.9]),
        ),
    }
    yield from compare(answer, partial(by_power, POWER), mistakes, trials, extremes=extremes)


@exercise(
    "4.3",
    "the gradients of negative sampling",
    "negative_sampling_gradients(h, o, noise, W)",
    hints=(
        "For each score s = W[word] . h, the gradient with respect to s is sigmoid(s) - t; t is 1 for the true word "
        "and 0 for noise.",
        "Each score adds (sigmoid(s) - t) * W[word] to dh and (sigmoid(s) - t) * h to row word of dW. Leave out noise "
        "words equal to o.",
    ),
)
def check_negative_sampling(answer: Answer) -> Iterator[str]:
    """Consider one pair of words: h (D,) is the vector of a word, o is the id
    of the true word near it, noise (M,) contains the ids of the noise words,
    and W (V, D) is the output table. The loss is

        - log sigmoid(W[o] . h)
        - sum over the noise words k of log sigmoid(- W[k] . h)

    A noise word equal to o is left out of the sum, and a word that was drawn
    twice counts twice. Return the gradients with respect to h (D,) and
    W (V, D), in this order.
    """

    def parts(h: np.ndarray, words: np.ndarray, t: np.ndarray, W: np.ndarray) -> tuple:
        ds = sigmoid(W[words] @ h) - t
        dW = np.zeros_like(W)
        np.add.at(dW, words, ds[:, None] * h)
        return ds @ W[words], dW

    def labels(o: int, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        words = np.concatenate([[o], noise])
        return words, (np.arange(len(words)) == 0).astype(float)

    def right(h: np.ndarray, o: int, noise: np.ndarray, W: np.ndarray) -> tuple:
        return parts(h, *labels(o, noise[noise != o]), W)

    def hits_kept(h: np.ndarray, o: int, noise: np.ndarray, W: np.ndarray) -> tuple:
        return parts(h, *labels(o, noise), W)

    def negated(h: np.ndarray, o: int, noise: np.ndarray, W: np.ndarray) -> tuple:
        return tuple(-gradient for gradient in right(h, o, noise, W))

    def no_labels(h: np.ndarray, o: int, noise: np.ndarray, W: np.ndarray) -> tuple:
        words, t = labels(o, noise[noise != o])
        return parts(h, words, 0 * t, W)

    def once(h: np.ndarray, o: int, noise: np.ndarray, W: np.ndarray) -> tuple:
        words, t = labels(o, noise[noise != o])
        dh, _ = parts(h, words, t, W)
        dW = np.zeros_like(W)
        dW[words] = (sigmoid(W[words] @ h) - t)[:, None] * h
        return dh, dW

    def averaged(h: np.ndarray, o: int, noise: np.ndarray, W: np.ndarray) -> tuple:
        return tuple(gradient / (len(noise) + 1) for gradient in right(h, o, noise, W))

    mistakes = {
        "A noise word equal to o is not left out: it pushes the true word away.": hits_kept,
        "The sign is wrong: the gradient with respect to a score s is sigmoid(s) - t; t is 1 for the true word.": negated,
        "The true word is treated as noise: subtract 1 from its sigmoid.": no_labels,
        "A noise word that was drawn twice counts only once in dW: sum with np.add.at or a loop.": once,
        "The loss is a sum over the words, not a mean: do not divide by their number.": averaged,
    }
    rng = np.random.default_rng(0)
    trials = [
        (rng.standard_normal(D), o, np.array(noise), rng.standard_normal((V, D)))
        for D, o, noise, V in ((3, 2, [4, 2, 0, 4], 6), (4, 1, [1, 3, 3, 1, 0], 5), (2, 0, [3, 1], 4))
    ]
    extremes = {
        "exp overflows for large scores. 1 / (1 + exp(-s)) survives that, exp(s) / (1 + exp(s)) does not.": (
            np.array([100.0]),
            0,
            np.array([1]),
            np.array([[9.0], [-9.0]]),
        ),
        "All noise words may be equal to o; then only the true word is left.": (
            np.array([1.0]),
            1,
            np.array([1, 1]),
            np.array([[0.5], [2.0]]),
        ),
    }
    yield from compare(answer, right, mistakes, trials, ("dh", "dW"), extremes=extremes)
