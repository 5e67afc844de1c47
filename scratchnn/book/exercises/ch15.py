"""Chapter 15, where the time goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise

# --- 15.1 ------------------------------------------------------------------------------------------------------------


@exercise(
    "15.1",
    "counting operations",
    "count_operations(lengths, D, H, gates)",
    hints=(
        "How many rows are multiplied over all steps, if padding is left out? And how many multiply-adds does one row need "
        "for Wx (D, gates H) and Wh (H, gates H)?",
        "Forward, lengths.sum() * (D + H) * gates * H multiply-adds. Backward has two products for each of them, and a "
        "multiply-add is two operations.",
    ),
)
def check_count_operations(answer: Answer) -> Iterator[str]:
    """A recurrent layer with D inputs and H units has Wx (D, gates H) and
    Wh (H, gates H): 1 gate for an RNN, 3 for a GRU, 4 for an LSTM. It reads a
    packed batch of sequences with these lengths, an array (N,). Return the
    number of floating-point operations in all matrix products, forward and
    backward, two for each multiply-add; padding costs nothing.

        count_operations(np.array([1]), 1, 1, 1)    gives 12
    """

    def right(lengths: np.ndarray, D: int, H: int, gates: int) -> int:
        return 6 * int(lengths.sum()) * (D + H) * gates * H

    mistakes = {
        "You count multiply-adds; each is two operations, a multiplication and an addition.": (
            lambda lengths, D, H, gates: right(lengths, D, H, gates) // 2
        ),
        "This is the forward pass only; each of its products leads to two in the backward pass.": (
            lambda lengths, D, H, gates: right(lengths, D, H, gates) // 3
        ),
        "The backward pass has two products for each one of the forward pass, so three in all, not two.": (
            lambda lengths, D, H, gates: right(lengths, D, H, gates) // 3 * 2
        ),
        "Padding is counted: take the sum of the lengths, not N times the longest.": (
            lambda lengths, D, H, gates: right(np.full(len(lengths), lengths.max()), D, H, gates)
        ),
        "The gates are left out: Wx and Wh have gates H columns.": lambda lengths, D, H, gates: right(lengths, D, H, 1),
        "The recurrent product is left out: Wh has H rows.": (
            lambda lengths, D, H, gates: 6 * int(lengths.sum()) * D * gates * H
        ),
    }
    trials = [
        (np.array(lengths), *sizes) for lengths, *sizes in (([1], 1, 1, 1), ([5, 2, 9], 3, 4, 4), ([7, 7], 10, 20, 3))
    ]
    trials.append((np.array([35] * 20), 100, 100, 4))
    extremes = {"A batch without sequences needs no operations.": (np.zeros(0, dtype=int), 3, 4, 4)}
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


# --- 15.2 ------------------------------------------------------------------------------------------------------------


@exercise(
    "15.2",
    "which program is the fastest",
    "fastest(calls, operations, fee, rate)",
    hints=(
        "Compute the time of each program by equation (1). Both terms are seconds.",
        "calls * fee + operations / rate is an array (M,); argmin gives the place of its smallest entry.",
    ),
)
def check_fastest(answer: Answer) -> Iterator[str]:
    """Of M programs, the numbers of calls and of operations are known, two
    arrays (M,). A call has a fixed cost of ``fee`` seconds, and the machine
    does ``rate`` operations per second. Return the place (0 .. M - 1) of the
    program that takes the least time by equation (1); the first, if several do.
    """

    def right(calls: np.ndarray, operations: np.ndarray, fee: float, rate: float) -> int:
        return int((calls * fee + operations / rate).argmin())

    mistakes = {
        "You look at the operations only; each call costs its fee.": (
            lambda calls, operations, fee, rate: int(operations.argmin())
        ),
        "You look at the calls only; the operations cost operations / rate seconds.": (
            lambda calls, operations, fee, rate: int(calls.argmin())
        ),
        "The time of the operations is operations / rate, not operations * rate.": (
            lambda calls, operations, fee, rate: int((calls * fee + operations * rate).argmin())
        ),
        "This is the slowest one: take argmin, not argmax.": (
            lambda calls, operations, fee, rate: int((calls * fee + operations / rate).argmax())
        ),
    }
    calls, operations = np.array([4300, 1900, 660, 20]), np.array([3e8, 3.2e8, 3.4e8, 2e10])
    trials = [(calls, operations, fee, rate) for fee, rate in ((1e-6, 1e11), (1e-9, 1e9), (1e-2, 1e11), (2e-8, 1e12))]
    trials += [(np.array([3, 1, 2]), np.array([10.0, 30.0, 20.0]), 1.0, rate) for rate in (10.0, 0.01)]
    trials.append((np.array([100, 300, 200]), np.array([3e9, 1e9, 2.5e9]), 1e-6, 1e9))
    yield from compare(answer, right, mistakes, trials)


# --- 15.3 ------------------------------------------------------------------------------------------------------------


@exercise(
    "15.3",
    "four gates with one tanh",
    "four_gates(a)",
    hints=(
        "sigmoid(a) = (1 + tanh(a / 2)) / 2. Which columns of a have to be halved before the tanh?",
        "a.reshape(N, 4, H).transpose(1, 0, 2) is (4, N, H). Halve the first three, take the tanh of all, then halve the "
        "first three again and add 1/2.",
    ),
)
def check_gates(answer: Answer) -> Iterator[str]:
    """The fused product of an LSTM gives a (N, 4H), with the columns of the
    gates o, i, f and of the candidate g side by side, H columns each. Return an
    array (4, N, H) with sigmoid(a_o), sigmoid(a_i), sigmoid(a_f), tanh(a_g).
    Try to call np.tanh once, and no other function of NumPy's exponentials.
    """

    def by_gate(a: np.ndarray) -> np.ndarray:
        return a.reshape(len(a), 4, a.shape[1] // 4).transpose(1, 0, 2)

    def of(parts: np.ndarray, inner: float = 0.5, candidate: float = 1.0) -> np.ndarray:
        return np.concatenate([0.5 * np.tanh(inner * parts[:3]) + 0.5, np.tanh(candidate * parts[3:])])

    mistakes = {
        "The sigmoid is (1 + tanh(a / 2)) / 2: halve a before the tanh as well.": lambda a: of(by_gate(a), inner=1.0),
        "The candidate g is tanh(a_g), without halving.": lambda a: of(by_gate(a), candidate=0.5),
        "All four are sigmoids; the candidate g is a tanh.": lambda a: 0.5 * np.tanh(0.5 * by_gate(a)) + 0.5,
        "The gates are side by side, H columns each, not interleaved: reshape to (N, 4, H).": (
            lambda a: of(a.reshape(len(a), a.shape[1] // 4, 4).transpose(2, 0, 1))
        ),
        "Rows of the batch and gates are mixed up: reshape to (N, 4, H), and then transpose.": (
            lambda a: of(a.reshape(4, len(a), a.shape[1] // 4))
        ),
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((N, 4 * H)),) for N, H in ((1, 2), (3, 2), (5, 4))]
    large = np.array([[1000.0, -1000.0, 800.0, 1000.0], [-1000.0, 1000.0, -800.0, -1000.0]])
    extremes = {
        "Large numbers overflow in exp; tanh does not.": (large,),
        "A batch may be empty; the result is then (4, 0, H).": (np.zeros((0, 8)),),
    }
    yield from compare(answer, right=lambda a: of(by_gate(a)), mistakes=mistakes, trials=trials, extremes=extremes)


# --- 15.6 ------------------------------------------------------------------------------------------------------------


@exercise(
    "15.6",
    "the ratio of two contestants",
    "compare_rounds(ours, theirs)",
    hints=(
        "First make one number of each round: the median of its repeats. np.median takes an axis.",
        "o = np.median(ours, axis=1) and t likewise. The ratio is np.median(t) / np.median(o); the spread is the smallest "
        "and the largest of t / o.",
    ),
)
def check_compare_rounds(answer: Answer) -> Iterator[str]:
    """Two programs were measured in several rounds, with several repeats in
    each: ours and theirs are times (rounds, repeats). The value of a round is
    the median of its repeats. Return three numbers: the ratio, which is the
    median of their values over all rounds divided by the median of ours, and
    the lowest and the highest ratio (theirs / ours) of a single round.

    A ratio above 1 means that ours is faster.
    """

    def right(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
        o, t = np.median(ours, axis=1), np.median(theirs, axis=1)
        return float(np.median(t) / np.median(o)), float((t / o).min()), float((t / o).max())

    def by(middle: Callable[..., Any], ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
        o, t = middle(ours, axis=1), middle(theirs, axis=1)
        return float(middle(t) / middle(o)), float((t / o).min()), float((t / o).max())

    def single(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
        return right(ours, theirs)[0], float((theirs / ours).min()), float((theirs / ours).max())

    def wide(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
        o, t = np.median(ours, axis=1), np.median(theirs, axis=1)
        return right(ours, theirs)[0], float(t.min() / o.max()), float(t.max() / o.min())

    mistakes = {
        "You take means: one interruption changes them. Take medians.": lambda ours, theirs: by(np.mean, ours, theirs),
        "You take the smallest values, which are the lucky ones. Take medians.": (
            lambda ours, theirs: by(np.min, ours, theirs)
        ),
        "The ratio is upside down: theirs / ours, so that above 1 ours is faster.": (
            lambda ours, theirs: right(theirs, ours)
        ),
        "The spread is that of single repeats; first take the median of each round.": single,
        "The spread compares different rounds; divide theirs by ours of the same round.": wide,
        "The median over all repeats of all rounds is not the median of the rounds.": (
            lambda ours, theirs: (float(np.median(theirs) / np.median(ours)), *right(ours, theirs)[1:])
        ),
    }
    rng = np.random.default_rng(0)
    trials = []
    for rounds, repeats in ((3, 3), (4, 5), (5, 7)):
        ours, theirs = (level + rng.exponential(2.0, (rounds, repeats)) for level in (10, 12))
        ours[0, 0] += 200  # an interruption
        trials.append((ours, theirs))
    yield from compare(answer, right, mistakes, trials, parts=("the ratio", "the lowest", "the highest"))
