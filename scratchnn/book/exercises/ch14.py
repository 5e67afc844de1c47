"""Chapter 14, convolution over time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise


def _conv(x: np.ndarray, W: np.ndarray, b: np.ndarray | float, count: int) -> np.ndarray:
    """``count`` outputs of a convolution: x (N, T, D), W (K, D, H) give (N, count, H)."""
    y = np.zeros((len(x), max(count, 0), W.shape[2])) + b
    for t in range(y.shape[1]):
        for k in range(len(W)):
            y[:, t] += x[:, t + k] @ W[k]
    return y


# --- 14.1 ------------------------------------------------------------------------------------------------------------


@exercise(
    "14.1",
    "convolution over time",
    "conv1d(x, W, b)",
    hints=(
        "How many windows of K steps are there in T steps? Make an array of zeros of the right shape first.",
        "For each t and k, y[:, t] += x[:, t + k] @ W[k], and the bias once for each t. With T < K there are "
        "max(T - K + 1, 0) outputs.",
    ),
)
def check_conv1d(answer: Answer) -> Iterator[str]:
    """Return the outputs y (N, T - K + 1, H) of a convolution over time,

        y_t = b + the sum of x_{t+k} W_k over all taps k = 0 .. K - 1

    for x (N, T, D), W (K, D, H) and b (H,). If the series is shorter than the
    kernel, the result has the shape (N, 0, H).
    """

    def right(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
        return _conv(x, W, b, x.shape[1] - len(W) + 1)

    def one_short(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
        return _conv(x, W, b, x.shape[1] - len(W))

    mistakes = {
        "The kernel is turned around: W[0] belongs to the earliest step of the window.": lambda x, W, b: right(
            x, W[::-1], b
        ),
        "The bias is missing.": lambda x, W, b: right(x, W, 0 * b),
        "The bias is added once per tap; it belongs to the window.": lambda x, W, b: right(x, W, len(W) * b),
        "The last window is missing: there are T - K + 1 of them.": one_short,
    }
    rng = np.random.default_rng(0)
    sizes = ((2, 7, 3, 4, 2), (3, 5, 2, 3, 3), (1, 4, 1, 1, 2), (2, 2, 3, 4, 2))  # N, T, D, K, H
    trials = [
        (rng.standard_normal((N, T, D)), rng.standard_normal((K, D, H)), rng.standard_normal(H)) for N, T, D, K, H in sizes
    ]
    yield from compare(answer, right, mistakes, trials)


# --- 14.2 ------------------------------------------------------------------------------------------------------------


@exercise(
    "14.2",
    "the gradient with respect to the inputs",
    "conv1d_dx(dy, W, T)",
    hints=(
        "Which outputs did x_j have a part in? Go through all t and k of the forward pass and add to dx[:, t + k].",
        "dx = np.zeros((N, T, D)); for each k: dx[:, k : k + T_out] += dy @ W[k].T, where T_out = dy.shape[1].",
    ),
)
def check_conv1d_dx(answer: Answer) -> Iterator[str]:
    """In the forward pass, y_t = b + the sum of x_{t+k} W_k over all taps k,
    with x (N, T, D), W (K, D, H) and y (N, T - K + 1, H). Given dy, the
    gradient of the loss with respect to y, return dx (N, T, D), the gradient
    with respect to x. There may be no outputs at all; then dx is zero.
    """

    def right(dy: np.ndarray, W: np.ndarray, T: int) -> np.ndarray:
        dx = np.zeros((len(dy), T, W.shape[1]))
        for k in range(len(W)):
            dx[:, k : k + dy.shape[1]] += dy @ W[k].T
        return dx

    def replaced(dy: np.ndarray, W: np.ndarray, T: int) -> np.ndarray:
        dx = np.zeros((len(dy), T, W.shape[1]))
        for k in range(len(W)):
            dx[:, k : k + dy.shape[1]] = dy @ W[k].T
        return dx

    def first_tap(dy: np.ndarray, W: np.ndarray, T: int) -> np.ndarray:
        return right(dy, W * (np.arange(len(W)) == 0)[:, None, None], T)

    mistakes = {
        "The taps are turned around: the gradient of y_t reaches x_{t+k} through W_k.": (
            lambda dy, W, T: right(dy, W[::-1], T)
        ),
        "Gradients are replaced, not added: a step is in several windows. Use += for =.": replaced,
        "Only the first tap is used. Every step is in up to K windows.": first_tap,
    }
    rng = np.random.default_rng(0)
    sizes = ((2, 7, 3, 4, 2), (3, 5, 2, 3, 4), (1, 4, 2, 1, 3), (2, 2, 3, 4, 2))
    trials = [
        (rng.standard_normal((N, max(T - K + 1, 0), H)), rng.standard_normal((K, D, H)), T) for N, T, D, K, H in sizes
    ]
    yield from compare(answer, right, mistakes, trials)


# --- 14.3 ------------------------------------------------------------------------------------------------------------


@exercise(
    "14.3",
    "how many steps are left",
    "out_steps(T, K, stride, dilation, zeros)",
    hints=(
        "How many steps does a kernel span, from its first tap to its last? That many, less one, are lost without zeros.",
        "The first window begins at 0 and the last one at most at T + zeros - span. Count the multiples of the stride in "
        "between, both ends included; none if the span is too long.",
    ),
)
def check_out_steps(answer: Answer) -> Iterator[str]:
    """A convolution with K taps, ``dilation`` steps apart, moves on by
    ``stride`` steps at a time over T steps, with ``zeros`` zeros added in all.
    Return the number of its outputs, an int; 0 if there is not even one.

        out_steps(10, 3, 1, 1, 0)    gives 8
        out_steps(10, 3, 1, 5, 0)    gives 0, because the kernel spans 11 steps
    """

    def right(T: int, K: int, stride: int, dilation: int, zeros: int) -> int:
        return max((T + zeros - dilation * (K - 1) - 1) // stride + 1, 0)

    def rounded_up(T: int, K: int, stride: int, dilation: int, zeros: int) -> int:
        return max(-(-(T + zeros - dilation * (K - 1) - 1) // stride) + 1, 0)

    mistakes = {
        "The dilation is left out: K taps span dilation (K - 1) + 1 steps.": (
            lambda T, K, stride, dilation, zeros: right(T, K, stride, 1, zeros)
        ),
        "The kernel spans dilation (K - 1) + 1 steps, not dilation K.": (
            lambda T, K, stride, dilation, zeros: max((T + zeros - dilation * K) // stride + 1, 0)
        ),
        "The window at the beginning counts as well: add 1 after the division.": (
            lambda T, K, stride, dilation, zeros: max((T + zeros - dilation * (K - 1) - 1) // stride, 0)
        ),
        "A window that is not whole does not count: round down.": rounded_up,
        "The number of outputs is never negative.": (
            lambda T, K, stride, dilation, zeros: (T + zeros - dilation * (K - 1) - 1) // stride + 1
        ),
        "The zeros are left out.": lambda T, K, stride, dilation, zeros: right(T, K, stride, dilation, 0),
    }
    trials = [(10, 3, 1, 1, 0), (10, 3, 2, 1, 0), (20, 4, 3, 2, 6), (10, 3, 1, 5, 0), (7, 2, 4, 3, 3), (1, 5, 2, 2, 0)]
    trials.append((20, 3, 1, 3, 0))
    yield from compare(answer, right, mistakes, trials)


# --- 14.4 ------------------------------------------------------------------------------------------------------------


@exercise(
    "14.4",
    "backward through max pooling",
    "max_pool_backward(dy, x)",
    hints=(
        "Take one series and one feature. Which of its steps had a part in the output? Only one.",
        "first = x.argmax(axis=1) has the shape (N, D), and argmax takes the first of several equal ones. "
        "np.put_along_axis(dx, first[:, None], dy[:, None], axis=1) writes there.",
    ),
)
def check_max_pool_backward(answer: Answer) -> Iterator[str]:
    """Global max pooling takes the largest of all T steps, for each of N
    series and D features: x (N, T, D) gives y (N, D). Given x and dy (N, D),
    return dx (N, T, D). If several steps are equally large, the first of them
    gets the whole gradient.

    In one series with x = 2, 5, 1, 5 and dy = 3, dx is 0, 3, 0, 0.
    """

    def write(dy: np.ndarray, x: np.ndarray, place: np.ndarray) -> np.ndarray:
        dx = np.zeros(x.shape)
        np.put_along_axis(dx, place[:, None], dy[:, None], axis=1)
        return dx

    def right(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
        return write(dy, x, x.argmax(axis=1))

    mistakes = {
        "Several equally large steps all get the gradient. The first of them gets all of it, the others nothing.": (
            lambda dy, x: dy[:, None] * (x == x.max(axis=1, keepdims=True))
        ),
        "Of several equally large steps you take the last; take the first.": (
            lambda dy, x: write(dy, x, x.shape[1] - 1 - x[:, ::-1].argmax(axis=1))
        ),
        "All steps get a share. That is the backward pass of the mean; only the largest step has a part in the maximum.": (
            lambda dy, x: np.repeat(dy[:, None] / x.shape[1], x.shape[1], axis=1)
        ),
        "You take the step with the largest absolute value. The maximum of -5 and 1 is 1.": (
            lambda dy, x: write(dy, x, np.abs(x).argmax(axis=1))
        ),
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((2, 3)), rng.integers(-4, 3, (2, 6, 3)).astype(float)) for _ in range(3)]
    yield from compare(answer, right, mistakes, trials)


# --- 14.5 ------------------------------------------------------------------------------------------------------------


@exercise(
    "14.5",
    "layers for a receptive field",
    "layers_needed(steps, K, doubled)",
    hints=(
        "Each layer adds dilation (K - 1) steps to the one step that no layer at all would see.",
        "Count in a loop: R = 1, layers = 0; while R < steps, add dilation (K - 1) to R and 1 to layers, and double the "
        "dilation if doubled.",
    ),
)
def check_layers_needed(answer: Answer) -> Iterator[str]:
    """Causal convolutions with K taps, at least 2, are stacked. With
    ``doubled`` False each has dilation 1; with True the first has dilation 1
    and each next one twice the dilation of the one below. Return the smallest
    number of layers for which the last output depends on at least ``steps``
    steps.

        layers_needed(5, 3, False)    gives 2
        layers_needed(1, 3, False)    gives 0: a step sees itself
    """

    def count(steps: int, K: int, doubled: bool, begin: int = 1, gain: int = -1) -> int:
        seen, layers, dilation = begin, 0, 1
        while seen < steps:
            seen += dilation * (K + gain)
            layers += 1
            dilation *= 2 if doubled else 1
        return layers

    mistakes = {
        "A layer with K taps adds K - 1 steps for dilation 1, not K: windows that are stacked overlap.": (
            lambda steps, K, doubled: count(steps, K, doubled, gain=0)
        ),
        "Begin with R = 1: without any layer, an output sees one step.": (
            lambda steps, K, doubled: count(steps, K, doubled, begin=0)
        ),
        "The dilation stays 1; with doubled=True it is 1, 2, 4, 8 ...": lambda steps, K, doubled: count(steps, K, False),
        "The dilation is doubled in both cases.": lambda steps, K, doubled: count(steps, K, True),
    }
    trials = [
        (steps, K, doubled)
        for steps, K in ((5, 3), (9, 2), (24, 3), (100, 2), (1, 4), (64, 2), (31, 3))
        for doubled in (False, True)
    ]
    yield from compare(answer, lambda steps, K, doubled: count(steps, K, doubled), mistakes, trials)
