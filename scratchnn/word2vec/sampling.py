"""The random choices of word2vec: noise words, subsampling of frequent words, and window sizes.

Word v occurs count_v times; f_v = count_v / sum count is its share of the text:

    noise        P(v) = count_v^0.75 / sum_u count_u^0.75                                                          (1)
    keep         P(v) = min(1, (sqrt(f_v / t) + 1) t / f_v)          t is the threshold, 0.001                     (2)
    window       b uniform in 1 .. window, drawn for each position                                                 (3)

(1) draws rare words somewhat more often than they occur in the text. (2) removes occurrences of words like "the", which say
little about their neighbours. They are removed before windows are applied, so the windows of the other words extend
further. (3) gives near words more weight than distant ones. Both (1) and (2) are those of word2vec.c; the paper discards a
word with probability 1 - sqrt(t / f_v).

Noise is drawn from a table of cumulative sums: a uniform random number is between two of them, and a binary search finds
these for all draws at once (NumPy's ``searchsorted``, log V steps per draw).

Mikolov, Sutskever, Chen, Corrado and Dean (2013), sections 2.2 and 2.3.
"""

from __future__ import annotations

import numpy as np

from scratchnn.errors import DataError

POWER = 0.75


class NoiseSampler:
    """Draws words with the probabilities of equation (1).

    Args:
        counts: how often each word occurs (V,); not negative, and not all zero.
        power: 0.75; with 1, the probabilities are the shares in the text, with 0 they are all equal.
    """

    def __init__(self, counts: np.ndarray, power: float = POWER):
        counts = np.asarray(counts)
        if counts.ndim != 1 or not counts.size or counts.min() < 0 or not counts.any():
            raise DataError("NoiseSampler: counts must be one number per word, not negative, and not all zero")
        weights = counts.astype(np.float64) ** power * (counts > 0)
        self.probabilities = weights / weights.sum()  # (1)
        cumulative = np.cumsum(self.probabilities)
        self.cumulative = cumulative / cumulative[-1]  # the last is exactly 1, and every draw is below 1

    def draw(self, shape: int | tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Word ids, int64, of the given shape."""
        return np.searchsorted(self.cumulative, rng.random(shape), side="right")


def keep_probabilities(counts: np.ndarray, threshold: float) -> np.ndarray:
    """Equation (2) for each word (V,), float64; a threshold of 0 keeps all words."""
    if threshold < 0:
        raise DataError(f"the threshold for subsampling frequent words must be 0 or more, got {threshold}")
    if threshold == 0:
        return np.ones(len(counts))
    ratio = np.maximum(counts, 1) / (threshold * counts.sum())  # f_v / t
    return np.minimum(1.0, (np.sqrt(ratio) + 1) / ratio)  # (2)


def linear_decay(start: float, progress: float, floor: float) -> float:
    """The learning rate after a share ``progress`` of all words: linear from ``start`` to 0, but at least ``floor``."""
    return max(start * (1 - progress), floor)
