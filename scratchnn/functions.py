"""The pure functions that many modules share: squashing functions, softmax and its relatives, one-hot, cosine.

    sigmoid(x)   = 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2          slope  y (1 - y)                            (1)
    tanh(x)                                                            slope  1 - y^2                              (2)
    relu(x)      = max(x, 0)                                           slope  1 where x > 0, else 0                (3)
    softmax(x)   = exp(x_k) / sum_j exp(x_j)                           dx = y (dy - sum_j dy_j y_j)                (4)
    logsumexp(x) = log sum_j exp(x_j)                                  dx = dy softmax(x)                          (5)
    log_softmax  = x - logsumexp(x)                                    dx = dy - softmax(x) sum_j dy_j             (6)
    cosine(a, b) = a.b / (|a| |b|)                   da = dy (b / |b| - a cosine / |a|) / |a|, db likewise         (7)
    clip(x)      = min(max(x, low), high)                              slope  1 where low < x < high, else 0      (8)

Sigmoid and tanh saturate: if |x| is large, the output hardly changes with x, so the slope (1) or (2), and with it every
gradient that passes through, is nearly zero. The slope of the sigmoid is at most 1/4, even in the middle. ReLU does not
saturate for x > 0; for x < 0 its slope is exactly zero, and at x = 0, where it has no derivative, zero is used.

Softmax, logsumexp and log_softmax subtract the largest entry first: the result is the same, and exp cannot overflow. They
act on the last axis. Comparisons use the real part, so that the complex step (``scratchnn.gradcheck``) takes the branch of
the real number that it perturbs. Integers, booleans and float16 are promoted (``scratchnn.backend.arrays``).
"""

from __future__ import annotations

from scratchnn.backend import Array, array_module, check_ids, floating


def sigmoid(x: Array) -> Array:
    """Equation (1), through tanh: no overflow at either end."""
    x = floating(x, "sigmoid: x")
    return 0.5 * array_module(x).tanh(0.5 * x) + 0.5


def sigmoid_backward(dy: Array, y: Array) -> Array:
    """The gradient with respect to x, from the gradient with respect to y and the output y."""
    return dy * y * (1 - y)  # (1)


def tanh(x: Array) -> Array:
    """Equation (2)."""
    x = floating(x, "tanh: x")
    return array_module(x).tanh(x)


def tanh_backward(dy: Array, y: Array) -> Array:
    """The gradient with respect to x, from the gradient with respect to y and the output y."""
    return dy * (1 - y * y)  # (2)


def relu(x: Array) -> Array:
    """Equation (3). NaN stays NaN; minus infinity gives 0, which a product with the slope would not.

    ``maximum`` compares complex numbers by their real parts first. It takes no branch per entry, as ``where`` does, whose
    branches are unpredictable here: on a CPU it is some twenty times as fast.
    """
    x = floating(x, "relu: x")
    return array_module(x).maximum(x, 0)


def relu_backward(dy: Array, x: Array) -> Array:
    """The gradient with respect to x, from the gradient with respect to y and the input x."""
    return dy * (x > 0)  # (3)


def softmax(x: Array) -> Array:
    """Equation (4) over the last axis."""
    x = floating(x, "softmax: x")
    xp = array_module(x)
    e = xp.exp(x - x.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dy: Array, y: Array) -> Array:
    """The gradient with respect to x, from the gradient with respect to y and the output y."""
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))  # (4)


def logsumexp(x: Array) -> Array:
    """Equation (5) over the last axis, which disappears."""
    x = floating(x, "logsumexp: x")
    xp = array_module(x)
    top = x.real.max(axis=-1, keepdims=True)
    return xp.log(xp.exp(x - top).sum(axis=-1)) + top[..., 0]


def logsumexp_backward(dy: Array, x: Array) -> Array:
    """The gradient with respect to x, from the gradient with respect to y and the input x."""
    return dy[..., None] * softmax(x)  # (5)


def log_softmax(x: Array) -> Array:
    """Equation (6) over the last axis."""
    x = floating(x, "log_softmax: x")
    xp = array_module(x)
    shifted = x - x.real.max(axis=-1, keepdims=True)  # not x - logsumexp(x): both may be large, their difference small
    return shifted - xp.log(xp.exp(shifted).sum(axis=-1, keepdims=True))


def log_softmax_backward(dy: Array, y: Array) -> Array:
    """The gradient with respect to x, from the gradient with respect to y and the output y."""
    return dy - array_module(y).exp(y) * dy.sum(axis=-1, keepdims=True)  # (6)


def one_hot(ids: Array, size: int, dtype: object = "float32") -> Array:
    """A row of zeros with a one at the id: ids of any shape (...) give (..., ``size``)."""
    check_ids(ids, size, "one_hot")
    return array_module(ids).eye(size, dtype=dtype)[ids]


def cosine_similarity(a: Array, b: Array) -> Array:
    """Equation (7) over the last axis, which disappears; ``a`` and ``b`` must not be zero."""
    a, b = floating(a, "cosine_similarity: a"), floating(b, "cosine_similarity: b")
    xp = array_module(a)
    return (a * b).sum(axis=-1) / xp.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))


def cosine_similarity_backward(dy: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """The gradients with respect to a and b, from the gradient with respect to the cosine and both inputs."""
    a, b = floating(a, "cosine_similarity: a"), floating(b, "cosine_similarity: b")
    xp = array_module(a)
    norm_a = xp.sqrt((a * a).sum(axis=-1, keepdims=True))
    norm_b = xp.sqrt((b * b).sum(axis=-1, keepdims=True))
    unit_a, unit_b = a / norm_a, b / norm_b
    cosine = (unit_a * unit_b).sum(axis=-1, keepdims=True)
    dy = dy[..., None]
    da = dy * (unit_b - unit_a * cosine) / norm_a  # (7)
    db = dy * (unit_a - unit_b * cosine) / norm_b  # (7)
    return da, db


def clip(x: Array, low: float, high: float) -> Array:
    """Equation (8)."""
    x = floating(x, "clip: x")
    xp = array_module(x)
    inside = (x.real > low) & (x.real < high)
    return xp.where(inside, x, xp.clip(x.real, low, high))


def clip_backward(dy: Array, x: Array, low: float, high: float) -> Array:
    """The gradient with respect to x, from the gradient with respect to y and the input x."""
    return dy * ((x > low) & (x < high))  # (8)
