"""The random choices of word2vec: noise words, which frequent words to skip, and how far to look.

With count_v the number of times word v occurs and f_v = count_v / sum count its share of the text:

    noise        P(v) = count_v^0.75 / sum_u count_u^0.75                                                          (1)
    keep         P(v) = min(1, (sqrt(f_v / t) + 1) t / f_v)          t the threshold, 0.001                        (2)
    window       b uniform among 1 .. window, drawn for each position anew                                         (3)

(1) draws rare words somewhat more often than the text does. (2) thins out words like "the", which say little about their
neighbours; a word that is skipped is not there at all, so the windows of the others reach further. (3) gives near words
more weight than far ones. Both (1) and (2) are those of word2vec.c; the paper has 1 - sqrt(t / f_v) for skipping.

Noise is drawn from a table of cumulative sums: a uniform number falls between two of them, and a binary search for all
draws at once finds which (NumPy's ``searchsorted``, log V steps a draw).

Mikolov, Sutskever, Chen, Corrado and Dean (2013), sections 2.2 and 2.3.
"""

from __future__ import annotations

import numpy as np

from scratchnn.errors import DataError

POWER = 0.75


class NoiseSampler:
    """Draws words by equation (1).

    Args:
        counts: how often each word occurs (V,); none below zero, and not all zero.
        power: 0.75; 1 gives the shares in the text, 0 all words alike.
    """

    def __init__(self, counts: np.ndarray, power: float = POWER):
        counts = np.asarray(counts)
        if counts.ndim != 1 or not counts.size or counts.min() < 0 or not counts.any():
            raise DataError("NoiseSampler: counts must be one number a word, none below zero, and not all zero")
        weights = counts.astype(np.float64) ** power * (counts > 0)
        self.probabilities = weights / weights.sum()  # (1)
        cumulative = np.cumsum(self.probabilities)
        self.cumulative = cumulative / cumulative[-1]  # the last is 1 exactly, and no draw is

    def draw(self, shape: int | tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Word ids, int64, of the given shape."""
        return np.searchsorted(self.cumulative, rng.random(shape), side="right")


def keep_probabilities(counts: np.ndarray, threshold: float) -> np.ndarray:
    """Equation (2) for each word (V,), float64; a threshold of 0 keeps everything."""
    if threshold < 0:
        raise DataError(f"the threshold for skipping frequent words must be 0 or more, got {threshold}")
    if threshold == 0:
        return np.ones(len(counts))
    ratio = np.maximum(counts, 1) / (threshold * counts.sum())  # f_v / t
    return np.minimum(1.0, (np.sqrt(ratio) + 1) / ratio)  # (2)


def linear_decay(start: float, progress: float, floor: float) -> float:
    """The learning rate when a share ``progress`` of all words is read: on a line from ``start``, never below ``floor``."""
    return max(start * (1 - progress), floor)
