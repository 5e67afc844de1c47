"""Chapter 15, where the time goes: packed rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise

LENGTHS = ([2, 3, 1], [3, 1, 3, 0, 2], [4, 4], [1, 5, 2, 5, 5])


def _places(order: np.ndarray, lengths: np.ndarray, T: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequence and step (P,) of each packed row, if at each step the sequences come in this order."""
    both = [(n, t) for t in range(T) for n in order if t < lengths[n]]
    n, t = np.array(both, dtype=int).reshape(-1, 2).T
    return n, t


def _longest_first(lengths: np.ndarray) -> np.ndarray:
    return np.argsort(-lengths, kind="stable")


# --- 15.4 ------------------------------------------------------------------------------------------------------------


@exercise(
    "15.4",
    "packing",
    "pack(x, lengths)",
    hints=(
        "Sort first: np.argsort(-lengths, kind='stable') has the longest sequence first. How many of them have a step t?",
        "For each t, the rows are x[order[:N_t], t] with N_t = (lengths > t).sum(). Collect them in an array (P, D) that "
        "you have made before, so that P may be 0.",
    ),
)
def check_pack(answer: Answer) -> Iterator[str]:
    """Return the packed rows (P, D) of a padded batch x (N, T, D): first the
    rows of step 0, then those of step 1 and so on, only of sequences that have
    this step. Within a step the longest sequence comes first; sequences of
    equal length stay in their order. lengths (N,) may contain zeros.

    With lengths 2, 3, 1 of the sequences A, B, C: B0 A0 C0 B1 A1 B2.
    """

    def by(order: np.ndarray, x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return x[_places(order, lengths, x.shape[1])]

    def right(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return by(_longest_first(lengths), x, lengths)

    def with_padding(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return by(_longest_first(lengths), x, np.full(len(lengths), x.shape[1]))

    def one_by_one(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return np.concatenate([x[n, : lengths[n]] for n in _longest_first(lengths)])

    mistakes = {
        "The rows come sequence after sequence; they have to come step after step.": one_by_one,
        "The sequences are not sorted: the longest comes first in each step.": (
            lambda x, lengths: by(np.arange(len(lengths)), x, lengths)
        ),
        "The shortest sequence comes first; it has to be the longest.": (
            lambda x, lengths: by(np.argsort(lengths, kind="stable"), x, lengths)
        ),
        "Sequences of equal length have changed places; sort -lengths with kind='stable'.": (
            lambda x, lengths: by(np.argsort(lengths, kind="stable")[::-1], x, lengths)
        ),
        "There are rows of padding: a sequence is in step t only if its length is larger than t.": with_padding,
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((len(one), 5, 2)), np.array(one)) for one in LENGTHS]
    extremes = {"If all sequences are empty, the result is (0, D).": (np.ones((2, 3, 4)), np.array([0, 0]))}
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


# --- 15.5 ------------------------------------------------------------------------------------------------------------


@exercise(
    "15.5",
    "unpacking",
    "unpack(rows, lengths, T)",
    hints=(
        "Begin with zeros (N, T, D), and go through the steps as in packing. Where does each row belong?",
        "x[order[:N_t], t] = rows[start : start + N_t] for each t, with start the number of rows so far. The order is that "
        "of packing: the longest first.",
    ),
)
def check_unpack(answer: Answer) -> Iterator[str]:
    """The inverse of exercise 15.4: from packed rows (P, D) and lengths (N,)
    return the padded batch (N, T, D), with the sequences in the order of
    lengths and zeros in the padding. T may be larger than the longest length.
    """

    def by(order: np.ndarray, rows: np.ndarray, lengths: np.ndarray, T: int) -> np.ndarray:
        x = np.zeros((len(lengths), T, rows.shape[1]))
        x[_places(order, lengths, T)] = rows
        return x

    def right(rows: np.ndarray, lengths: np.ndarray, T: int) -> np.ndarray:
        return by(_longest_first(lengths), rows, lengths, T)

    def still_sorted(rows: np.ndarray, lengths: np.ndarray, T: int) -> np.ndarray:
        return right(rows, lengths, T)[_longest_first(lengths)]

    def one_by_one(rows: np.ndarray, lengths: np.ndarray, T: int) -> np.ndarray:
        x, start = np.zeros((len(lengths), T, rows.shape[1])), 0
        for n in _longest_first(lengths):
            x[n, : lengths[n]] = rows[start : start + lengths[n]]
            start += lengths[n]
        return x

    mistakes = {
        "The sequences are still sorted by length; put them back into the order of the batch.": still_sorted,
        "The rows are taken sequence after sequence; they come step after step.": one_by_one,
        "Within a step the rows are taken in the order of the batch; they come with the longest sequence first.": (
            lambda rows, lengths, T: by(np.arange(len(lengths)), rows, lengths, T)
        ),
        "The result has as many steps as the longest sequence; it has to have T.": (
            lambda rows, lengths, T: right(rows, lengths, T)[:, : lengths.max()]
        ),
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((sum(one), 2)), np.array(one), 6) for one in LENGTHS]
    extremes = {"If there are no rows, all is padding: zeros (N, T, D).": (np.zeros((0, 3)), np.array([0, 0]), 2)}
    yield from compare(answer, right, mistakes, trials, extremes=extremes)
