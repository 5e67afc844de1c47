"""Chapter 1, arrays and the neural network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from scratchnn import losses
from scratchnn.book.exercises.answer import Answer, WrongAnswer, alike, as_numbers, brief, compare, separate
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import softmax
from scratchnn.layers.dense import dense_backward

# --- 1.1 -------------------------------------------------------------------------------------------------------------


def _extra_axes(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """``dy`` summed over the axes that it has more than ``shape``."""
    return dy.sum(axis=tuple(range(dy.ndim - len(shape))))


def _repeated(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of size 1 in ``shape``."""
    return tuple(k for k, size in enumerate(shape) if size == 1)


@exercise("1.1", "the way back through broadcasting", "sum_to_shape(dy, shape)")
def check_sum_to_shape(answer: Answer) -> Iterator[str]:
    """An array of the given shape was broadcast to the shape of dy, that is, repeated. Return the
    gradient by the array before it was repeated.

    dy is the gradient by the repeated array; shape is a tuple such as (3,), (1, 4) or (2, 1, 3).
    The result has that shape. Each number that was used many times collects all the gradients
    that come back to it.

        sum_to_shape(np.ones((2, 3)), (3,))      gives [2., 2., 2.]
        sum_to_shape(np.ones((2, 3)), (2, 1))    gives [[3.], [3.]]
    """

    def right(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        dy = _extra_axes(dy, shape)
        return dy.sum(axis=_repeated(shape), keepdims=True)

    def mean(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        total = right(dy, shape)
        return total * (total.size / dy.size)

    def first(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        dy = dy[(0,) * (dy.ndim - len(shape))]
        return dy[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)]

    def dropped(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return right(dy, shape)[tuple(0 if size == 1 else slice(None) for size in shape)]

    def front_only(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return _extra_axes(dy, shape)

    mistakes = {
        "You take the mean over the repeats. Each repeat was used in full, so its gradients are added up.": mean,
        "You keep the gradient of one repeat only; those of all the repeats have to be added up.": first,
        "The values are right but the axes of size 1 are gone from the result: sum with keepdims=True.": dropped,
        "You sum over the axes added on the left, but not over those of size 1, which were repeated too.": front_only,
    }
    rng = np.random.default_rng(0)
    shapes = [((4, 3), (3,)), ((4, 3), (4, 1)), ((5, 4, 3), (1, 3)), ((2, 5, 3), (2, 1, 3)), ((4, 3), (4, 3)), ((2, 3), ())]
    yield from compare(answer, right, mistakes, [(rng.standard_normal(big), small) for big, small in shapes])


# --- 1.2 -------------------------------------------------------------------------------------------------------------

INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XNOR = [1, 0, 0, 1]


@exercise("1.2", "a network of four answers", "xnor_weights()")
def check_xnor_weights(answer: Answer) -> Iterator[str]:
    """XNOR is true where its two inputs are equal: (0, 0) and (1, 1) give 1, the others 0. Return
    weights W1 (2, 2), b1 (2,), W2 (2,) and b2 (a number), in this order, with which two hidden
    neurons and one output neuron compute it. Each neuron puts out 1 where its sum is greater than
    zero and 0 where it is not:

        h = 1 where x @ W1 + b1 > 0, else 0        x (4, 2), h (4, 2)
        y = 1 where h @ W2 + b2 > 0, else 0        y (4,)
    """
    given = separate(answer(), answer.name, ("W1", "b1", "W2", "b2"))
    arrays = []
    for name, value, shape in zip(("W1", "b1", "W2", "b2"), given, ((2, 2), (2,), (2,), ()), strict=True):
        array = as_numbers(value)
        if array is None or array.shape != shape:
            found = brief(value) if array is None else f"an array of shape {array.shape}"
            raise WrongAnswer(f"{name} is {found}; it has to be numbers of shape {shape}")
        arrays.append(array.astype(float))
    W1, b1, W2, b2 = arrays
    sums = INPUTS @ W1 + b1  # (4, 2)
    hidden = (sums > 0).astype(float)
    output = hidden @ W2 + b2  # (4,)
    y = (output > 0).astype(int).tolist()
    if y == XNOR:
        return
    if y == [1 - t for t in XNOR]:
        yield "This is XOR, the opposite: turn the sign of W2 and b2, and see to it that no sum is exactly zero."
    elif (output >= 0).astype(int).tolist() == XNOR or ((INPUTS @ W1 + b1 >= 0) @ W2 + b2 > 0).astype(int).tolist() == XNOR:
        yield "A sum is exactly zero somewhere, and zero counts as 0: move a bias a little, by one half for instance."
    elif len(set(y)) == 1:
        yield f"Your network says {y[0]} whatever the input; the hidden neurons put out {_rows(hidden)}."
    elif len({tuple(h) for h in hidden.tolist()}) == 2 and alike(hidden[:, 0], hidden[:, 1]):
        yield "Both hidden neurons do the same, so they are worth only one, and one line cannot separate XNOR."
    else:
        wrong = [f"({a:.0f}, {b:.0f}) gives {v}" for (a, b), v, t in zip(INPUTS, y, XNOR, strict=True) if v != t]
        yield f"Wrong outputs: {', '.join(wrong)}. The hidden neurons put out {_rows(hidden)} for the four inputs in order."


def _rows(hidden: np.ndarray) -> str:
    return ", ".join(f"({a:.0f}, {b:.0f})" for a, b in hidden)


# --- 1.3 -------------------------------------------------------------------------------------------------------------


@exercise("1.3", "the backward pass of a dense layer", "dense_backward(dy, x, W)")
def check_dense_backward(answer: Answer) -> Iterator[str]:
    """A dense layer computes y = x @ W + b with x (N, D), W (D, H), b (H,). Given dy (N, H), the
    gradient of the loss by y, return dx, dW and db, in this order, each of the shape of what it is
    the gradient by.
    """

    def right(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        return dense_backward(dy, (x, W))

    def averaged(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        return dy @ W.T / len(x), x.T @ dy / len(x), dy.mean(axis=0)

    def no_sum(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        return dy @ W.T, x.T @ dy, dy

    def untransposed(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        return dy @ W.T, dy.T @ x, dy.sum(axis=1)

    def exchanged(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        dx, dW, db = right(dy, x, W)
        return dW, dx, db

    mistakes = {
        "This one is divided by the number of rows. The loss has done that already: add up and do not average.": averaged,
        "db has to have the shape of b: b was added to every row, so the gradients of all rows are added up.": no_sum,
        "The transpose is on the wrong factor, or the sum runs along the wrong axis: write the shapes below each factor.": (
            untransposed
        ),
        "dx and dW have changed places: return dx, dW, db.": exchanged,
    }
    rng = np.random.default_rng(0)
    trials = [
        tuple(rng.standard_normal(shape) for shape in ((N, H), (N, D), (D, H)))
        for N, D, H in ((5, 3, 4), (2, 4, 3), (3, 3, 3))
    ]
    yield from compare(answer, right, mistakes, trials, ("dx", "dW", "db"))


# --- 1.4 -------------------------------------------------------------------------------------------------------------


@exercise("1.4", "from the loss back to the logits", "cross_entropy_gradient(z, t)")
def check_cross_entropy_gradient(answer: Answer) -> Iterator[str]:
    """The loss is the mean, over N examples, of the cross-entropy of softmax(z). Return its gradient
    by the logits: z has shape (N, K), t holds the N right classes as whole numbers in 0 .. K - 1,
    and the result has shape (N, K). Logits may be as large as 1000.
    """

    def right(z: np.ndarray, t: np.ndarray) -> np.ndarray:
        _, cache = losses.softmax_cross_entropy_forward(z, t)
        return losses.softmax_cross_entropy_backward(1.0, cache)

    def naive(z: np.ndarray, t: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            e = np.exp(z)
            return (e / e.sum(axis=1, keepdims=True) - np.eye(z.shape[1])[t]) / len(t)

    def columns(z: np.ndarray, t: np.ndarray) -> np.ndarray:
        return (softmax(z.T).T - np.eye(z.shape[1])[t]) / len(t)

    mistakes = {
        "The loss is the mean over the N examples, so the gradient is divided by N as well.": lambda z, t: (
            right(z, t) * len(t)
        ),
        "The sign is turned: it is softmax minus one-hot. A wrong class's logit has to come down.": lambda z, t: (
            -right(z, t)
        ),
        "The one at the right class is not taken away: the gradient is softmax minus one-hot.": lambda z, t: (
            softmax(z) / len(t)
        ),
        "Your softmax sums to one down the columns; each row is one example and has to sum to one.": columns,
        "exp overflows for large logits: take the largest logit of each row away first, softmax stays the same.": naive,
    }
    rng = np.random.default_rng(0)
    trials = [(scale * rng.standard_normal((N, K)), rng.integers(0, K, N)) for N, K, scale in ((4, 3, 1), (2, 5, 3))]
    yield from compare(answer, right, mistakes, [*trials, (np.array([[1000.0, 0.0, -1000.0]]), np.array([1]))])


# --- 1.5 -------------------------------------------------------------------------------------------------------------


@exercise("1.5", "counting parameters", "count_parameters(sizes)")
def check_count_parameters(answer: Answer) -> Iterator[str]:
    """A network of dense layers has sizes[0] inputs, then layers of sizes[1], sizes[2] ... neurons.
    Each neuron is connected to everything in the layer before it and has a bias. Return how many
    numbers are learned.

        count_parameters([2, 10, 3])    gives 63
    """

    def weights(sizes: Sequence[int]) -> int:
        return sum(a * b for a, b in pairwise(sizes))

    def right(sizes: Sequence[int]) -> int:
        return weights(sizes) + sum(sizes[1:])

    def ends(sizes: Sequence[int]) -> Any:
        return sizes[0] * sizes[1] + sizes[1] + sizes[-2] * sizes[-1] + sizes[-1]

    mistakes = {
        "The biases are missing: one for each neuron.": weights,
        "The inputs have no biases: they are given, not computed.": lambda sizes: weights(sizes) + sum(sizes),
        "One bias for each layer is too few: each neuron has its own.": lambda sizes: weights(sizes) + len(sizes) - 1,
        "Only the first and the last layer are counted: go through all neighbouring sizes.": ends,
    }
    yield from compare(answer, right, mistakes, [([2, 10, 3],), ([5, 4],), ([7, 6, 5, 4],), ([3, 8, 8, 8, 2],)])


# --- 1.6 -------------------------------------------------------------------------------------------------------------


@exercise("1.6", "a ReLU that leaks", "leaky_relu_backward(dy, x, alpha)")
def check_leaky_relu_backward(answer: Answer) -> Iterator[str]:
    """A ReLU whose input stays negative passes nothing back and never learns again. The leaky ReLU
    puts out x where x > 0 and alpha * x elsewhere, with a small alpha such as 0.01. Given dy, the
    gradient of the loss by its output, return the gradient by x. Both have the same shape, which
    may be any. At x = 0 take the slope alpha.
    """

    def right(dy: np.ndarray, x: np.ndarray, alpha: float) -> np.ndarray:
        return dy * np.where(x > 0, 1.0, alpha)

    mistakes = {
        "This is the plain ReLU's gradient: where x < 0 the slope is alpha, not zero.": lambda dy, x, alpha: dy * (x > 0),
        "This is the slope alone; multiply it by dy, the gradient that arrives from behind.": (
            lambda dy, x, alpha: np.where(x > 0, 1.0, alpha)
        ),
        "The choice has to look at x, what went in, not at dy.": lambda dy, x, alpha: dy * np.where(dy > 0, 1.0, alpha),
        "The two slopes have changed places: 1 where x > 0, alpha elsewhere.": (
            lambda dy, x, alpha: dy * np.where(x > 0, alpha, 1.0)
        ),
        "Multiply by the slope, not by the output: dy times 1 or alpha.": (
            lambda dy, x, alpha: dy * np.where(x > 0, x, alpha * x)
        ),
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal(shape), rng.standard_normal(shape), a) for shape, a in (((6,), 0.01), ((3, 4), 0.2))]
    yield from compare(answer, right, mistakes, [*trials, (np.array([2.0, 3.0]), np.array([0.0, -1.0]), 0.1)])
