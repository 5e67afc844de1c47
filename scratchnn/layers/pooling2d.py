"""Pooling over the two axes of a picture: the maximum or the average of each window of K x K places.

Windows that move on by s places, i = 0 .. P' - 1 and j = 0 .. Q' - 1, with P' = floor((P - K) / s) + 1; rows and columns
after the last whole window are dropped. Each of the D channels by itself:

    (k, m)_ij = the first place in the window, row by row, at which x_{s i + k, s j + m} is largest                (1)
    y_ij  = x_{s i + k, s j + m} at that place            maximum                                                  (2)
    dx_ac = sum of dy_ij over all windows whose largest place is (a, c)                                            (3)

    y_ij  = (1 / K^2) sum_km x_{s i + k, s j + m}         average                                                  (4)
    dx_ac = (1 / K^2) sum of dy_ij over all windows that contain (a, c)                                            (5)

Ties and NaN are treated as in ``layers.pooling``: the first of the largest places gets the gradient, NaN counts as largest.

Shapes: x (N, P, Q, D), y (N, P', Q', D).
"""

from __future__ import annotations

from collections.abc import Callable

from scratchnn.backend import Array, array_module, floating
from scratchnn.core import Layer
from scratchnn.errors import ShapeError
from scratchnn.layers.pictures import Windows, check_pictures, make_windows


def pool_windows(x: Array, kernel_size: int, stride: int | None, owner: str) -> Windows:
    """The windows of K = ``kernel_size``, s = K if ``stride`` is None; a ``ShapeError`` if one is larger than ``x``."""
    windows = make_windows((kernel_size, kernel_size), kernel_size if stride is None else stride, owner)
    if 0 in windows.counts(x):
        raise ShapeError(f"{owner}: a window of {kernel_size} x {kernel_size} is larger than {x.shape[1]} x {x.shape[2]}")
    return windows


# --- one window, and the plain loop over all of them -----------------------------------------------------------------


def max_step(x: Array) -> tuple[Array, tuple]:
    """Equations (1) and (2) for one window ``x`` (N, K, K, D): the output (N, D) and the cache."""
    flat = x.reshape(len(x), x.shape[1] * x.shape[2], x.shape[3])  # (N, K K, D)
    first = flat.real.argmax(axis=1)[:, None]  # (N, 1, D)
    return array_module(x).take_along_axis(flat, first, axis=1)[:, 0], (first, x.shape)


def max_step_backward(dy: Array, cache: tuple) -> Array:
    """Equation (3) for one window: dx (N, K, K, D)."""
    first, shape = cache
    places = array_module(dy).arange(shape[1] * shape[2])[:, None]  # (K K, 1)
    return (dy[:, None] * (places == first)).reshape(shape)  # (3)


def average_step(x: Array) -> tuple[Array, tuple]:
    """Equation (4) for one window ``x`` (N, K, K, D): the output (N, D) and the cache."""
    return x.mean(axis=(1, 2)), x.shape


def average_step_backward(dy: Array, cache: tuple) -> Array:
    """Equation (5) for one window: dx (N, K, K, D)."""
    return array_module(dy).broadcast_to(dy[:, None, None] / (cache[1] * cache[2]), cache)  # (5)


def pool2d_loop_forward(x: Array, kernel_size: int, stride: int | None = None, *, step: Callable) -> tuple[Array, tuple]:
    """What the functions below compute, one ``step`` after the other: ``max_step`` or ``average_step``."""
    windows = pool_windows(x, kernel_size, stride, "pooling")
    y = array_module(x).empty((len(x), *windows.counts(x), x.shape[3]), dtype=x.dtype)
    caches = {}
    for i, j in windows.places(x):
        y[:, i, j], caches[i, j] = step(x[:, windows.rows.at(i), windows.columns.at(j)])
    return y, (caches, windows, x.shape)


def pool2d_loop_backward(dy: Array, cache: tuple, *, step_backward: Callable) -> Array:
    """Backward through ``pool2d_loop_forward``: dx (N, P, Q, D)."""
    caches, windows, shape = cache
    dx = array_module(dy).zeros(shape, dtype=dy.dtype)
    for (i, j), step_cache in caches.items():
        dx[:, windows.rows.at(i), windows.columns.at(j)] += step_backward(dy[:, i, j], step_cache)  # (3), (5)
    return dx


# --- all windows at once: one operation per tap ----------------------------------------------------------------------


def taps(windows: Windows, P: int, Q: int) -> list[tuple[slice, slice, slice]]:
    """Where the taps of all P x Q windows are, row by row: an index of (N, P, Q, D) for each of the K K taps."""
    return [
        (slice(None), windows.rows.tap(k, 0, P), windows.columns.tap(m, 0, Q))
        for k in range(windows.rows.size)
        for m in range(windows.columns.size)
    ]


def max_pool2d_forward(x: Array, kernel_size: int, stride: int | None = None) -> tuple[Array, tuple]:
    """Equations (1) and (2).

    Args:
        x: pictures (N, P, Q, D).
        kernel_size, stride: K and s; s = K if None.

    Returns:
        Outputs (N, P', Q', D) and the cache for ``max_pool2d_backward``.

    Raises:
        ShapeError: if a window is larger than the picture.
        DataError: if K or s is below 1.
    """
    x = floating(x, "MaxPool2D: input")
    xp = array_module(x)
    windows = pool_windows(x, kernel_size, stride, "MaxPool2D")
    P, Q = windows.counts(x)
    real = x.real  # x itself unless it is complex, as in a gradient check
    rows = real[:, windows.rows.tap(0, 0, P)]
    for k in range(1, windows.rows.size):
        rows = xp.maximum(rows, real[:, windows.rows.tap(k, 0, P)])  # (2)  over whole rows first: few, long operations
    largest = rows[:, :, windows.columns.tap(0, 0, Q)].copy()
    for m in range(1, windows.columns.size):
        xp.maximum(largest, rows[:, :, windows.columns.tap(m, 0, Q)], out=largest)  # (2)
    places, found = taps(windows, P, Q), []
    undecided = xp.ones(largest.shape, dtype=bool)  # windows whose largest place is still to come
    for place in places:
        tap = xp.ascontiguousarray(real[place])
        found.append(((tap == largest) | (tap != tap)) & undecided)  # (1)  NaN is largest, and equals nothing
        undecided ^= found[-1]
    if x.dtype.kind != "c":
        return largest, (found, places, x.shape)
    y = xp.empty(largest.shape, dtype=x.dtype)
    for place, here in zip(places, found, strict=True):
        xp.copyto(y, x[place], where=here)  # (2)
    return y, (found, places, x.shape)


def max_pool2d_backward(dy: Array, cache: tuple) -> Array:
    """Equation (3): dx (N, P, Q, D)."""
    found, places, shape = cache
    dx = array_module(dy).zeros(shape, dtype=dy.dtype)
    for place, here in zip(places, found, strict=True):
        dx[place] += dy * here  # (3)
    return dx


def average_pool2d_forward(x: Array, kernel_size: int, stride: int | None = None) -> tuple[Array, tuple]:
    """Equation (4); arguments, results and errors are those of ``max_pool2d_forward``."""
    x = floating(x, "AveragePool2D: input")
    windows = pool_windows(x, kernel_size, stride, "AveragePool2D")
    places = taps(windows, *windows.counts(x))
    y = x[places[0]].copy()
    for place in places[1:]:
        y += x[place]  # (4)
    y /= len(places)  # (4)
    return y, (places, x.shape)


def average_pool2d_backward(dy: Array, cache: tuple) -> Array:
    """Equation (5): dx (N, P, Q, D)."""
    places, shape = cache
    share = dy / len(places)  # (5)
    dx = array_module(dy).zeros(shape, dtype=dy.dtype)
    for place in places:
        dx[place] += share  # (5)
    return dx


# --- the layers ------------------------------------------------------------------------------------------------------


class Pool2D(Layer):
    """Base of the layers that pool windows, (N, P, Q, D) -> (N, P', Q', D).

    Args:
        kernel_size: K, rows and columns of a window.
        stride: s; K if None.
    """

    run: Callable[..., tuple[Array, tuple]]
    run_backward: Callable[..., Array]

    def __init__(self, kernel_size: int, stride: int | None = None):
        super().__init__()
        make_windows((kernel_size, kernel_size), 1 if stride is None else stride, type(self).__name__)
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride

    def __repr__(self) -> str:
        """Class, window and stride."""
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, stride={self.stride})"

    def forward(self, x: Array) -> Array:
        """Outputs (N, P', Q', D) for ``x`` (N, P, Q, D)."""
        check_pictures(x, type(self).__name__)
        y, cache = self.run(x, self.kernel_size, self.stride)
        self.push(cache, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x (N, P, Q, D)."""
        return self.run_backward(dy, self.pop(dy))


class MaxPool2D(Pool2D):
    """Maximum of each window."""

    run = staticmethod(max_pool2d_forward)
    run_backward = staticmethod(max_pool2d_backward)


class AveragePool2D(Pool2D):
    """Average of each window."""

    run = staticmethod(average_pool2d_forward)
    run_backward = staticmethod(average_pool2d_backward)
