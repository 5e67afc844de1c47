"""Pooling over time: the maximum or the average of each window of K steps.

Windows of K steps that move on by s steps, t = 0 .. T' - 1, with T' = floor((T - K) / s) + 1; steps after the last whole
window are dropped. Each of the D features by itself:

    k_t  = the first k = 0 .. K - 1 at which x_{s t + k} is largest                                                (1)
    y_t  = x_{s t + k_t}                                  maximum                                                  (2)
    dx_j = sum of dy_t over all t with s t + k_t = j                                                               (3)

    y_t  = (1 / K) sum_k x_{s t + k}                      average                                                  (4)
    dx_j = (1 / K) sum of dy_t over all t with 0 <= j - s t < K                                                    (5)

At a tie the maximum has no derivative; the whole gradient then goes to the first of the largest steps, as in PyTorch. NaN
counts as largest, so that it is not lost. With lengths, an output is real if its window is within the L real steps of the
sequence; all other outputs are zero, and their gradient is ignored.

Shapes: x (N, T, D), y (N, T', D). LeCun et al., "Gradient-based learning applied to document recognition" (1998), average;
Ranzato et al., "Unsupervised learning of invariant feature hierarchies" (2007), maximum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scratchnn.backend import Array, array_module, floating
from scratchnn.core import Layer
from scratchnn.errors import ShapeError
from scratchnn.layers.sequences import Window, check_lengths, check_sequences, make_window, real_steps


def pool_window(kernel_size: int, stride: int | None, owner: str) -> Window:
    """The window of K = ``kernel_size`` steps; its stride is K if ``stride`` is None."""
    return make_window(kernel_size, kernel_size if stride is None else stride, owner)


def windows_of(x: Array, window: Window, lengths: Array | None, owner: str) -> tuple[int, Array | None]:
    """T', and which outputs are real (N, T', 1), all if None; a ``ShapeError`` if the window is longer than ``x``."""
    T = x.shape[1]
    if window.size > T:
        raise ShapeError(f"{owner}: a window of {window.size} steps is longer than the input of {T}; pad the batch")
    steps = window.count(T)
    return steps, None if lengths is None else real_steps(window.out_lengths(lengths), steps)


# --- one window, and the plain loop over all of them -----------------------------------------------------------------


def max_step(x: Array) -> tuple[Array, tuple]:
    """Equations (1) and (2) for one window ``x`` (N, K, D): the output (N, D) and the cache."""
    first = x.real.argmax(axis=1)[:, None]  # (N, 1, D)
    return array_module(x).take_along_axis(x, first, axis=1)[:, 0], (first, x.shape)


def max_step_backward(dy: Array, cache: tuple) -> Array:
    """Equation (3) for one window: dx (N, K, D)."""
    first, (_, K, _) = cache
    steps = array_module(dy).arange(K)[:, None]  # (K, 1)
    return dy[:, None] * (steps == first)  # (3)


def average_step(x: Array) -> tuple[Array, tuple]:
    """Equation (4) for one window ``x`` (N, K, D): the output (N, D) and the cache."""
    return x.mean(axis=1), x.shape


def average_step_backward(dy: Array, cache: tuple) -> Array:
    """Equation (5) for one window: dx (N, K, D)."""
    return array_module(dy).broadcast_to(dy[:, None] / cache[1], cache)  # (5)


def pool_loop_forward(
    x: Array, kernel_size: int, stride: int | None = None, lengths: Array | None = None, *, step: Callable
) -> tuple[Array, tuple]:
    """What the window functions below compute, one ``step`` after the other: ``max_step`` or ``average_step``."""
    x = floating(x, "pooling: input")
    xp = array_module(x)
    N, _, D = x.shape
    window = pool_window(kernel_size, stride, "pooling")
    steps, real_out = windows_of(x, window, lengths, "pooling")
    y, caches = xp.zeros((N, steps, D), dtype=x.dtype), []
    for t in range(steps):
        y[:, t], cache = step(x[:, window.at(t)])
        caches.append(cache)
    return y if real_out is None else xp.where(real_out, y, 0), (caches, window, x.shape, real_out)


def pool_loop_backward(dy: Array, cache: tuple, *, step_backward: Callable) -> Array:
    """Backward through ``pool_loop_forward``: dx (N, T, D)."""
    caches, window, shape, real_out = cache
    xp = array_module(dy)
    if real_out is not None:
        dy = xp.where(real_out, dy, 0)
    dx = xp.zeros(shape, dtype=dy.dtype)
    for t, step_cache in enumerate(caches):
        dx[:, window.at(t)] += step_backward(dy[:, t], step_cache)  # (3), (5)
    return dx


# --- all windows at once: one operation per tap ----------------------------------------------------------------------


def max_pool1d_forward(
    x: Array, kernel_size: int, stride: int | None = None, lengths: Array | None = None
) -> tuple[Array, tuple]:
    """Equations (1) and (2).

    Args:
        x: inputs (N, T, D).
        kernel_size, stride: K and s; s = K if None.
        lengths: number of real steps of each sequence (N,); T if None.

    Returns:
        Outputs (N, T', D) and the cache for ``max_pool1d_backward``.

    Raises:
        ShapeError: if K is more than T.
        DataError: if K or s is below 1.
    """
    x = floating(x, "MaxPool1D: input")
    xp = array_module(x)
    window = pool_window(kernel_size, stride, "MaxPool1D")
    steps, real_out = windows_of(x, window, lengths, "MaxPool1D")
    y = x[:, window.tap(0, 0, steps)].copy()
    first = xp.zeros(y.shape, dtype="int32")
    for k in range(1, window.size):
        candidate = x[:, window.tap(k, 0, steps)]
        larger = ~(candidate.real <= y.real) & (y == y)  # (1)  true for the first NaN, which equals nothing
        xp.copyto(y, candidate, where=larger)  # (2)
        xp.copyto(first, k, where=larger)  # (1)
    if real_out is not None:
        xp.copyto(y, 0, where=~real_out)
    return y, (first, window, steps, x.shape, real_out)


def max_pool1d_backward(dy: Array, cache: tuple) -> Array:
    """Equation (3): dx (N, T, D)."""
    first, window, steps, shape, real_out = cache
    xp = array_module(dy)
    if real_out is not None:
        dy = xp.where(real_out, dy, 0)
    dx = xp.zeros(shape, dtype=dy.dtype)
    for k in range(window.size):
        dx[:, window.tap(k, 0, steps)] += dy * (first == k)  # (3)
    return dx


def average_pool1d_forward(
    x: Array, kernel_size: int, stride: int | None = None, lengths: Array | None = None
) -> tuple[Array, tuple]:
    """Equation (4); arguments, results and errors are those of ``max_pool1d_forward``."""
    x = floating(x, "AveragePool1D: input")
    xp = array_module(x)
    window = pool_window(kernel_size, stride, "AveragePool1D")
    steps, real_out = windows_of(x, window, lengths, "AveragePool1D")
    y = x[:, window.tap(0, 0, steps)].copy()
    for k in range(1, window.size):
        y += x[:, window.tap(k, 0, steps)]  # (4)
    y /= window.size  # (4)
    if real_out is not None:
        xp.copyto(y, 0, where=~real_out)
    return y, (window, steps, x.shape, real_out)


def average_pool1d_backward(dy: Array, cache: tuple) -> Array:
    """Equation (5): dx (N, T, D)."""
    window, steps, shape, real_out = cache
    xp = array_module(dy)
    if real_out is not None:
        dy = xp.where(real_out, dy, 0)
    share = dy / window.size  # (5)
    dx = xp.zeros(shape, dtype=dy.dtype)
    for k in range(window.size):
        dx[:, window.tap(k, 0, steps)] += share  # (5)
    return dx


# --- the layers ------------------------------------------------------------------------------------------------------


class Pool1D(Layer):
    """Base of the layers that pool windows, (N, T, D) -> (N, T', D).

    Args:
        kernel_size: K, the number of steps in a window.
        stride: s; K if None.
    """

    takes_lengths = True
    run: Callable[..., tuple[Array, tuple]]
    run_backward: Callable[..., Array]

    def __init__(self, kernel_size: int, stride: int | None = None):
        super().__init__()
        self.window = pool_window(kernel_size, stride, type(self).__name__)

    def __repr__(self) -> str:
        """Class, window and stride."""
        return f"{type(self).__name__}(kernel_size={self.window.size}, stride={self.window.stride})"

    def out_lengths(self, lengths: Array) -> Array:
        """T' for each sequence: the number of windows (N,) within its real steps."""
        return self.window.out_lengths(lengths)

    def forward(self, x: Array, lengths: Any = None) -> Array:
        """Outputs (N, T', D) for ``x`` (N, T, D) and ``lengths`` (N,), T if None."""
        check_sequences(x, type(self).__name__)
        lengths = check_lengths(lengths, x, type(self).__name__)
        y, cache = self.run(x, self.window.size, self.window.stride, lengths)
        self.push(cache, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x (N, T, D)."""
        return self.run_backward(dy, self.pop(dy))


class MaxPool1D(Pool1D):
    """Maximum of each window."""

    run = staticmethod(max_pool1d_forward)
    run_backward = staticmethod(max_pool1d_backward)


class AveragePool1D(Pool1D):
    """Average of each window."""

    run = staticmethod(average_pool1d_forward)
    run_backward = staticmethod(average_pool1d_backward)
