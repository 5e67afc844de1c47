"""Chapter 8, one answer per text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise


def _real(lengths: np.ndarray, T: int) -> np.ndarray:
    """Whether each of T steps is real (N, T)."""
    return np.arange(T) < lengths[:, None]


# --- 8.1 -------------------------------------------------------------------------------------------------------------


@exercise(
    "8.1",
    "shapes on the way to one answer",
    "shapes(N, T, D, H, K)",
    hints=(
        "The embedding adds an axis, pooling removes one. Which one?",
        "Two directions put their states side by side: the last axis of r has 2 H numbers, and so has that of h.",
    ),
)
def check_shapes(answer: Answer) -> Iterator[str]:
    """N texts of T words go through an embedding with D numbers per word, an
    LSTM that reads in both directions with H units in each, attention pooling,
    and a dense layer for K classes. Predict the shapes: return a list of four
    tuples, those of the embedded words e, of the outputs r of the recurrent
    layer, of the pooled texts h and of the logits z.

        shapes(1, 1, 2, 3, 4)    begins with (1, 1, 2)
    """
    mistakes = {
        "The layer reads in both directions: it has 2 H outputs per step, and so has the pooled text.": (
            lambda N, T, D, H, K: [(N, T, D), (N, T, H), (N, H), (N, K)]
        ),
        "h still has one vector per step. Pooling makes one vector per text: the axis of the steps is gone.": (
            lambda N, T, D, H, K: [(N, T, D), (N, T, 2 * H), (N, T, 2 * H), (N, K)]
        ),
        "These are logits for every word. There is one answer per text: z is (N, K).": (
            lambda N, T, D, H, K: [(N, T, D), (N, T, 2 * H), (N, 2 * H), (N, T, K)]
        ),
        "Attention pooling is a weighted sum of the steps; its output is as wide as a step, 2 H, not T.": (
            lambda N, T, D, H, K: [(N, T, D), (N, T, 2 * H), (N, T), (N, K)]
        ),
    }

    def right(N: int, T: int, D: int, H: int, K: int) -> list:
        return [(N, T, D), (N, T, 2 * H), (N, 2 * H), (N, K)]

    yield from compare(answer, right, mistakes, [(32, 20, 16, 24, 3), (2, 7, 5, 4, 6)])


# --- 8.2 -------------------------------------------------------------------------------------------------------------


@exercise(
    "8.2",
    "the mean of the real steps",
    "mean_pool(r, lengths)",
    hints=(
        "np.arange(T) < lengths[:, None] is True at real steps; it has shape (N, T).",
        "Put zeros at padded steps with np.where, sum over axis 1, and divide by the lengths, or by 1 for an empty text.",
    ),
)
def check_mean_pool(answer: Answer) -> Iterator[str]:
    """The array r (N, T, H) has one vector per step of N texts; text n has
    lengths[n] real steps, and padding after them. Return the mean of the real
    steps of each text, (N, H). The mean of an empty text, of length 0, is
    zero. The padded steps may contain anything, even NaN (not a number).

        steps 4, 2, 9 with length 2    give 3
    """

    def total(r: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return np.where(_real(lengths, r.shape[1])[:, :, None], r, 0).sum(axis=1)

    def right(r: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return total(r, lengths) / np.maximum(lengths, 1)[:, None]

    def product(r: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return (r * _real(lengths, r.shape[1])[:, :, None]).sum(axis=1) / np.maximum(lengths, 1)[:, None]

    mistakes = {
        "A text of length 0 gives 0 / 0, which is NaN. Its mean is zero: divide by at least 1.": (
            lambda r, lengths: total(r, lengths) / lengths[:, None]
        ),
        "Zero times NaN is NaN, so a product with a mask does not remove it. Choose with np.where instead.": product,
        "You average over all T steps, padding included. Each text has its own number of real steps.": (
            lambda r, lengths: r.mean(axis=1)
        ),
        "The sum is right, but it is divided by T. Divide by the length of each text.": (
            lambda r, lengths: total(r, lengths) / r.shape[1]
        ),
        "You divide by the lengths, but the padded steps are still in the sum. Put zeros there first.": (
            lambda r, lengths: r.sum(axis=1) / lengths[:, None]
        ),
        "This is the sum of the real steps; divide it by the length of each text.": total,
    }
    rng = np.random.default_rng(0)
    spoiled = rng.standard_normal((2, 4, 2))
    spoiled[0, 2:] = np.nan
    normal = [(rng.standard_normal((3, 5, 2)), np.array([3, 4, 1])), (rng.standard_normal((2, 6, 3)), np.array([4, 2]))]
    yield from _in_turn(answer, right, mistakes, normal, [(spoiled, np.array([2, 4]))], [(normal[1][0], np.array([0, 2]))])


Function = Callable[..., Any]


def _in_turn(answer: Answer, right: Function, mistakes: dict[str, Function], *stages: list[tuple]) -> Iterator[str]:
    """What is wrong in the first of several lists of trials. Mistakes that only later ones show come first in the dict."""
    found = (list(compare(answer, right, mistakes, trials)) for trials in stages)
    yield from next(filter(None, found), [])


# --- 8.3 -------------------------------------------------------------------------------------------------------------


@exercise(
    "8.3",
    "the way back through a maximum",
    "max_pool_backward(dh, r, lengths)",
    hints=(
        "Find the step of the maximum again: an argmax over axis 1, for each text and each unit.",
        "Before the argmax, put -np.inf at the padded steps. All of dh[n, k] goes to the step found for (n, k).",
    ),
)
def check_max_pool_backward(answer: Answer) -> Iterator[str]:
    """Maximum pooling takes, for each text n and each unit k, the largest of
    the real steps: h[n, k] = max of r[n, t, k] over t = 0 .. lengths[n] - 1.
    Given dh (N, H), the gradient with respect to h, and the inputs r (N, T, H)
    and lengths, return the gradient with respect to r, (N, T, H). At a tie, it
    goes to the first of the largest steps. An empty text has no step to go to.
    """

    def go(dh: np.ndarray, r: np.ndarray, lengths: np.ndarray, padding: float = -np.inf) -> np.ndarray:
        m = np.where(_real(lengths, r.shape[1])[:, :, None], r, padding).argmax(axis=1)
        return (np.arange(r.shape[1])[:, None] == m[:, None]) * dh[:, None]

    def right(dh: np.ndarray, r: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return go(dh, r, lengths) * _real(lengths, r.shape[1])[:, :, None]

    def everywhere(dh: np.ndarray, r: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return _real(lengths, r.shape[1])[:, :, None] * dh[:, None]

    def one_step(dh: np.ndarray, r: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return go(dh, np.repeat(r.max(axis=2, keepdims=True), r.shape[2], axis=2), lengths)

    def all_of_them(dh: np.ndarray, r: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        shown = np.where(_real(lengths, r.shape[1])[:, :, None], r, -np.inf)
        return (shown == shown.max(axis=1, keepdims=True)) * everywhere(dh, r, lengths)

    mistakes = {
        "An empty text sends its gradient to step 0, which is padding. Its gradient is zero.": go,
        "At a tie, several steps get the whole gradient, which counts it twice. Give it to the first one.": all_of_them,
        "The maximum was taken over all T steps, so the gradient goes to padding. Put -np.inf there before the argmax.": (
            lambda dh, r, lengths: go(dh, r, np.full(len(r), r.shape[1]))
        ),
        "Zeros at the padded steps are not enough: they are larger than real steps below zero. Use -np.inf.": (
            lambda dh, r, lengths: go(dh, r, lengths, 0.0)
        ),
        "Every real step gets the gradient. Only the step of the maximum has an influence on h.": everywhere,
        "This is the way back through a mean. A maximum sends the whole gradient to one step.": (
            lambda dh, r, lengths: everywhere(dh, r, lengths) / np.maximum(lengths, 1)[:, None, None]
        ),
        "One step is chosen for all units. Each unit has its own maximum, at its own step.": one_step,
    }
    rng = np.random.default_rng(0)
    trials = []
    for (N, T, H), lengths in (((3, 5, 2), [3, 5, 2]), ((2, 4, 3), [1, 3])):
        r = rng.standard_normal((N, T, H)) - 1.5  # mostly below zero
        r[0, lengths[0] :] = 2.0
        trials.append((rng.standard_normal((N, H)), r, np.array(lengths)))
    tied = np.array([[[0.0, 2.0], [1.0, 2.0], [1.0, 0.0]], [[3.0, 3.0], [3.0, 1.0], [9.0, 9.0]]])
    dh = rng.standard_normal((2, 2))
    yield from _in_turn(answer, right, mistakes, trials, [(dh, tied, np.array([3, 2]))], [(dh, tied, np.array([0, 3]))])


# --- 8.4 -------------------------------------------------------------------------------------------------------------


@exercise(
    "8.4",
    "weights over the real steps",
    "attention_weights(s, lengths)",
    hints=(
        "Put -np.inf at the padded scores: its exponential is exactly zero.",
        "Subtract the largest real score of each text before np.exp, and divide by the sum, or by 1 if the sum is zero.",
    ),
)
def check_attention_weights(answer: Answer) -> Iterator[str]:
    """The scores s (N, T) say how important each step of N texts is; text n
    has lengths[n] real steps. Return the weights (N, T): a softmax over the
    real steps of each text, and exactly zero at the padded ones. Scores may be
    as large as 1000. All weights of an empty text are zero.

        scores 0, 0, 7 with length 2    give 0.5, 0.5, 0
    """

    def exponentials(s: np.ndarray, lengths: np.ndarray, padding: float = -np.inf) -> np.ndarray:
        s = np.where(_real(lengths, s.shape[1]), s, padding)
        top = s.max(axis=1, keepdims=True)
        return np.exp(s - np.where(np.isfinite(top), top, 0))

    def shares(e: np.ndarray, axis: int = 1) -> np.ndarray:
        return e / e.sum(axis=axis, keepdims=True)

    def right(s: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        e = exponentials(s, lengths)
        return e / np.maximum(e.sum(axis=1, keepdims=True), 1e-300)

    mistakes = {
        "An empty text gives 0 / 0, which is NaN. Where the sum is 0, divide by 1.": (
            lambda s, lengths: shares(exponentials(s, lengths))
        ),
        "The largest score is one of the padding, and all real exponentials vanish beside it.": (
            lambda s, lengths: shares(np.exp(s - s.max(axis=1, keepdims=True)) * _real(lengths, s.shape[1]))
        ),
        "exp(1000) overflows. Subtract the largest real score of each text before np.exp.": (
            lambda s, lengths: shares(np.exp(np.where(_real(lengths, s.shape[1]), s, -np.inf)))
        ),
        "The padded steps take part in the softmax. Put -np.inf at their scores first.": lambda s, lengths: shares(
            np.exp(s)
        ),
        "The padded weights are set to zero after the softmax, so those of the real steps no longer sum to 1.": (
            lambda s, lengths: shares(np.exp(s)) * _real(lengths, s.shape[1])
        ),
        "A padded score of zero still has a weight, since exp(0) is 1. Use -np.inf.": (
            lambda s, lengths: shares(exponentials(s, lengths, 0.0))
        ),
        "The weights of one step sum to 1 over the texts; those of one text have to, over its steps: axis 1.": (
            lambda s, lengths: shares(np.exp(s) * _real(lengths, s.shape[1]), axis=0)
        ),
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((3, 4)), np.array([4, 2, 3])), (rng.standard_normal((2, 5)), np.array([1, 4]))]
    large, behind = np.array([[1000.0, 999.0, 5.0]]), np.array([[-5.0, -4.0, 800.0]])
    hard = [[(s, np.array([2]))] for s in (large, behind)]
    yield from _in_turn(answer, right, mistakes, trials, *hard, [(np.ones((2, 3)), np.array([0, 3]))])


# --- 8.5 -------------------------------------------------------------------------------------------------------------


@exercise(
    "8.5",
    "a score in which every class counts the same",
    "macro_f1(C)",
    hints=(
        "The row sums of C are the texts that have each class, its column sums the texts predicted as each class.",
        "F1 of a class is 2 C[k, k] / (row sum + column sum). A class with both sums zero has F1 0; then take the mean.",
    ),
)
def check_macro_f1(answer: Answer) -> Iterator[str]:
    """In the confusion matrix C (K, K), C[i, j] is the number of texts of the
    true class i that were predicted as class j. F1 of a class is the harmonic
    mean of its precision and its recall. Return the macro F1: the mean of the
    F1 of all K classes, each counting the same. F1 of a class that no text has
    and that is never predicted counts as 0.

        macro_f1(np.array([[8, 2], [0, 0]]))    gives (16 / 18 + 0) / 2
    """

    def f1(C: np.ndarray, least: int = 1) -> np.ndarray:
        return 2 * np.diag(C) / np.maximum(C.sum(axis=0) + C.sum(axis=1), least)

    def share(C: np.ndarray, axis: int) -> float:
        return float((np.diag(C) / C.sum(axis=axis)).mean())

    mistakes = {
        "A class without texts that is never predicted is left out of the mean. It counts as 0.": (
            lambda C: np.nanmean(f1(C, 0))
        ),
        "A class without texts that is never predicted gives 0 / 0, which is NaN. It counts as 0.": lambda C: f1(
            C, 0
        ).mean(),
        "This is the accuracy, in which frequent classes count more. Compute F1 of each class first.": (
            lambda C: np.trace(C) / C.sum()
        ),
        "This is the mean recall: it does not see what was wrongly predicted as a class.": lambda C: share(C, 1),
        "This is the mean precision: it does not see what was missed.": lambda C: share(C, 0),
        "Each class is weighted by its number of texts. In the macro F1 all classes count the same.": (
            lambda C: (f1(C) * C.sum(axis=1)).sum() / C.sum()
        ),
        "Take F1 of each class first and then the mean, not F1 of the mean precision and the mean recall.": (
            lambda C: 2 * share(C, 0) * share(C, 1) / (share(C, 0) + share(C, 1))
        ),
    }
    trials = [(np.array([[50, 3], [10, 7]]),), (np.array([[5, 2, 1], [0, 8, 4], [3, 3, 20]]),)]
    absent = [(np.array([[8, 2, 0], [1, 5, 0], [0, 0, 0]]),)]
    yield from _in_turn(answer, lambda C: float(f1(C).mean()), mistakes, trials, absent)
