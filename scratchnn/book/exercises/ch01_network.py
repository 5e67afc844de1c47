"""The exercises of chapter 1 on networks: 1.5 and 1.6."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise


@exercise(
    "1.5",
    "counting parameters",
    "count_parameters(sizes)",
    hints=(
        "Take two neighbouring layers with a and b neurons. How many weights are between them, and how many biases "
        "has the second?",
        "Sum a * b + b over all pairs of neighbouring sizes: sizes[0] and sizes[1], sizes[1] and sizes[2], and so on.",
    ),
)
def check_count_parameters(answer: Answer) -> Iterator[str]:
    """A network of dense layers has sizes[0] inputs, followed by layers of
    sizes[1], sizes[2], ... neurons. Each neuron is connected to all outputs of
    the layer before it (or to all inputs) and has a bias. Return the number of
    parameters.

        count_parameters([2, 10, 3])    gives 63
    """

    def weights(sizes: Sequence[int]) -> int:
        return sum(a * b for a, b in pairwise(sizes))

    def right(sizes: Sequence[int]) -> int:
        return weights(sizes) + sum(sizes[1:])

    def ends(sizes: Sequence[int]) -> Any:
        return sizes[0] * sizes[1] + sizes[1] + sizes[-2] * sizes[-1] + sizes[-1]

    mistakes = {
        "The biases are missing: there is one per neuron.": weights,
        "The inputs have no biases: they are given, not computed.": lambda sizes: weights(sizes) + sum(sizes),
        "One bias per layer is not enough: each neuron has its own.": lambda sizes: weights(sizes) + len(sizes) - 1,
        "Only the first and the last layer are counted: go through all pairs of neighbouring sizes.": ends,
    }
    yield from compare(answer, right, mistakes, [([2, 10, 3],), ([5, 4],), ([7, 6, 5, 4],), ([3, 8, 8, 8, 2],)])


@exercise(
    "1.6",
    "the leaky ReLU",
    "leaky_relu_backward(dy, x, alpha)",
    hints=(
        "Where x > 0 the output is x, so its slope is 1. What is the slope elsewhere?",
        "np.where(x > 0, 1.0, alpha) is the slope of each entry; the chain rule multiplies it by dy.",
    ),
)
def check_leaky_relu_backward(answer: Answer) -> Iterator[str]:
    """A ReLU whose input stays negative passes no gradient back, so it never
    learns again. The leaky ReLU outputs x where x > 0 and alpha * x elsewhere,
    with a small alpha such as 0.01. Given dy, the gradient of the loss with
    respect to its output, return the gradient with respect to x. dy and x have
    the same shape, which may be any shape. At x = 0, use the slope alpha.
    """

    def right(dy: np.ndarray, x: np.ndarray, alpha: float) -> np.ndarray:
        return dy * np.where(x > 0, 1.0, alpha)

    mistakes = {
        "This is the gradient of the plain ReLU: where x < 0, the slope is alpha, not zero.": lambda dy, x, alpha: (
            dy * (x > 0)
        ),
        "This is the slope alone; multiply it by dy, the gradient with respect to the output.": (
            lambda dy, x, alpha: np.where(x > 0, 1.0, alpha)
        ),
        "The condition has to test the input x, not dy.": lambda dy, x, alpha: dy * np.where(dy > 0, 1.0, alpha),
        "The two slopes are swapped: 1 where x > 0, alpha elsewhere.": (
            lambda dy, x, alpha: dy * np.where(x > 0, alpha, 1.0)
        ),
        "Multiply dy by the slope, 1 or alpha, not by the output.": (
            lambda dy, x, alpha: dy * np.where(x > 0, x, alpha * x)
        ),
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal(shape), rng.standard_normal(shape), a) for shape, a in (((6,), 0.01), ((3, 4), 0.2))]
    extremes = {
        "If x holds integers, an array made like x can hold integers only, so alpha becomes 0: make it from floats.": (
            np.array([2.0, 3.0, 4.0]),
            np.array([2, -1, 0]),
            0.25,
        ),
    }
    trials.append((np.array([2.0, 3.0]), np.array([0.0, -1.0]), 0.1))
    yield from compare(answer, right, mistakes, trials, extremes=extremes)
