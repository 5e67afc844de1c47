"""Chapter 1, arrays and the neural network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn import losses
from scratchnn.book.exercises.answer import Answer, alike, compare, numbers_of_shape, separate
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import softmax
from scratchnn.layers.dense import dense_backward


def _extra_axes(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """``dy`` summed over its leading axes that ``shape`` does not have."""
    return dy.sum(axis=tuple(range(dy.ndim - len(shape))))


def _repeated(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of size 1 in ``shape``."""
    return tuple(k for k, size in enumerate(shape) if size == 1)


@exercise(
    "1.1",
    "backward through broadcasting",
    "sum_to_shape(dy, shape)",
    hints=(
        "Broadcasting repeated the array along two kinds of axes: those that it does not have, on the left, and those "
        "where its size is 1.",
        "Sum over each of these axes: dy.sum(axis=0) while dy has more axes than shape, and dy.sum(axis=k, "
        "keepdims=True) where shape[k] is 1.",
    ),
)
def check_sum_to_shape(answer: Answer) -> Iterator[str]:
    """An array of the given shape was broadcast to the shape of dy, that is,
    its entries were repeated. Return the gradient of the loss with respect to
    the array before it was broadcast.

    dy is the gradient with respect to the broadcast array; shape is a tuple
    such as (3,), (1, 4) or (2, 1, 3). The result has that shape. The gradient
    of an entry is the sum of the gradients of all its copies.

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
        "You take the mean over the copies. Each copy was used in full, so their gradients are summed.": mean,
        "You keep the gradient of one copy only; sum the gradients of all copies.": first,
        "The values are right, but the axes of size 1 are missing from the result: sum with keepdims=True.": dropped,
        "You sum over the axes added on the left, but not over those of size 1, which were repeated as well.": front_only,
    }
    rng = np.random.default_rng(0)
    shapes = [((3, 3), (3, 1)), ((4, 3), (3,)), ((5, 4, 3), (1, 3)), ((2, 5, 3), (2, 1, 3)), ((4, 3), (4, 3)), ((2, 3), ())]
    trials = [(rng.standard_normal(big), small) for big, small in shapes]
    yield from compare(answer, right, mistakes, [(np.array([[1.0, 2.0], [3.0, 5.0]]), (2,)), *trials])


# --- 1.2 -------------------------------------------------------------------------------------------------------------

INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XNOR = [1, 0, 0, 1]


@exercise(
    "1.2",
    "a network that computes XNOR",
    "xnor_weights()",
    hints=(
        "XNOR is AND or NOR. Let one hidden neuron compute AND, the other NOR, and the output neuron OR.",
        "AND: weights 1 and 1, and a bias between -2 and -1. NOR: weights -1 and -1, and a bias between 0 and 1. "
        "Choose biases in the middle, so that no sum is zero.",
    ),
)
def check_xnor_weights(answer: Answer) -> Iterator[str]:
    """XNOR is true if its two inputs are equal: (0, 0) and (1, 1) give 1, the
    other two give 0. Find weights W1 (2, 2), b1 (2,), W2 (2,) and b2 (a number)
    with which two hidden neurons and one output neuron compute it, and return
    them in this order. Each neuron outputs 1 if its sum is greater than zero,
    and 0 otherwise:

        h = 1 where x @ W1 + b1 > 0, else 0        x (4, 2), h (4, 2)
        y = 1 where h @ W2 + b2 > 0, else 0        y (4,)
    """
    given = separate(answer(), answer.name, ("W1", "b1", "W2", "b2"))
    shapes = {"W1": (2, 2), "b1": (2,), "W2": (2,), "b2": ()}
    W1, b1, W2, b2 = (
        numbers_of_shape(value, shape, name) for value, (name, shape) in zip(given, shapes.items(), strict=True)
    )
    sums = INPUTS @ W1 + b1  # (4, 2)
    hidden = (sums > 0).astype(float)
    output = hidden @ W2 + b2  # (4,)
    y = (output > 0).astype(int).tolist()
    if y == XNOR:
        return
    if y == [1 - t for t in XNOR]:
        yield "This is XOR, the opposite of XNOR: flip the signs of W2 and b2, and make sure that no sum is exactly zero."
    elif (output >= 0).astype(int).tolist() == XNOR or ((INPUTS @ W1 + b1 >= 0) @ W2 + b2 > 0).astype(int).tolist() == XNOR:
        yield "One of the sums is exactly zero, and zero counts as 0: change a bias a little, for instance by 0.5."
    elif len(set(y)) == 1:
        yield f"Your network outputs {y[0]} for every input; the hidden neurons output {_rows(hidden)}."
    elif len({tuple(h) for h in hidden.tolist()}) == 2 and alike(hidden[:, 0], hidden[:, 1]):
        yield "Both hidden neurons compute the same function, so they count as one, and a single line cannot separate XNOR."
    else:
        wrong = [f"({a:.0f}, {b:.0f}) gives {v}" for (a, b), v, t in zip(INPUTS, y, XNOR, strict=True) if v != t]
        yield f"Wrong outputs: {', '.join(wrong)}. The hidden neurons output {_rows(hidden)} for the four inputs in order."


def _rows(hidden: np.ndarray) -> str:
    return ", ".join(f"({a:.0f}, {b:.0f})" for a, b in hidden)


@exercise(
    "1.3",
    "the backward pass of a dense layer",
    "dense_backward(dy, x, W)",
    hints=(
        "Ask of each array which entries of y one of its entries appears in. b[h], for instance, is added to y[n, h] "
        "in every row n.",
        "The shapes leave one choice: dx (N, D) from dy (N, H) and W transposed (H, D), dW (D, H) from x transposed "
        "(D, N) and dy (N, H), db (H,) as a sum over the rows.",
    ),
)
def check_dense_backward(answer: Answer) -> Iterator[str]:
    """A dense layer computes y = x @ W + b with x (N, D), W (D, H) and b (H,).
    Given dy (N, H), the gradient of the loss with respect to y, return dx, dW
    and db, the gradients with respect to x, W and b, in this order. Each has
    the shape of its array.
    """

    def right(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        return dense_backward(dy, (x, W))

    def averaged(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        return dy @ W.T / len(x), x.T @ dy / len(x), dy.mean(axis=0)

    def no_sum(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        return dy @ W.T, x.T @ dy, dy

    def untransposed(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        return dy @ W.T, dy.T @ x, dy.sum(axis=1)

    def swapped(dy: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple:
        dx, dW, db = right(dy, x, W)
        return dW, dx, db

    mistakes = {
        "This gradient is divided by the number of rows. The loss is already a mean: sum and do not average.": averaged,
        "db needs the shape of b: b is added to every row, so its gradient is the sum over all rows.": no_sum,
        "The transpose is on the wrong factor, or the sum runs along the wrong axis: write the shapes below each factor.": (
            untransposed
        ),
        "dx and dW are swapped: return dx, dW, db.": swapped,
    }
    rng = np.random.default_rng(0)
    trials = [
        tuple(rng.standard_normal(shape) for shape in ((N, H), (N, D), (D, H)))
        for N, D, H in ((5, 3, 4), (2, 4, 3), (3, 3, 3))
    ]
    extremes = {
        "If x holds integers, an array made like x can hold integers only: make dx and dW from floats.": (
            np.array([[0.25, 0.5]]),
            np.array([[1, 2]]),
            np.array([[0.5, 1.0], [1.5, 2.0]]),
        ),
    }
    yield from compare(answer, right, mistakes, trials, ("dx", "dW", "db"), extremes=extremes)


@exercise(
    "1.4",
    "the gradient of the cross-entropy",
    "cross_entropy_gradient(z, target)",
    hints=(
        "Compute the softmax of each row. Subtract the largest logit of that row first: z.max(axis=1, keepdims=True).",
        "Subtract 1 at the correct class of each row, y[np.arange(N), target] -= 1. The loss is a mean, so divide by N.",
    ),
)
def check_cross_entropy_gradient(answer: Answer) -> Iterator[str]:
    """The loss is the mean, over N examples, of the cross-entropy of
    softmax(z). Return its gradient with respect to the logits z (N, K), an
    array of the same shape. target (N,) contains the correct classes, integers
    from 0 to K - 1. Logits may be as large as 1000.
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
        "The loss is the mean over N examples, so the gradient is divided by N as well.": lambda z, t: right(z, t) * len(t),
        "The sign is wrong: the gradient is softmax minus one-hot, positive for the wrong classes.": lambda z, t: (
            -right(z, t)
        ),
        "The 1 of the correct class is not subtracted: the gradient is softmax minus one-hot.": lambda z, t: (
            softmax(z) / len(t)
        ),
        "Your softmax sums to 1 down each column; each row is one example and has to sum to 1.": columns,
        "exp overflows for large logits: subtract the largest logit of each row first; softmax stays the same.": naive,
    }
    rng = np.random.default_rng(0)
    trials = [(scale * rng.standard_normal((N, K)), rng.integers(0, K, N)) for N, K, scale in ((4, 3, 1), (2, 5, 3))]
    extremes = {
        "Each row needs its own largest logit: if one row is far above another, exp is 0 everywhere in the lower one.": (
            np.array([[1000.0, 999.0], [0.0, 1.0]]),
            np.array([0, 0]),
        ),
    }
    trials.append((np.array([[1000.0, 0.0, -1000.0]]), np.array([1])))
    yield from compare(answer, right, mistakes, trials, extremes=extremes)
