"""Convolution over the two axes of a picture: the same weights are applied to every window of K x M places.

Forward, for i = 0 .. P' - 1 and j = 0 .. Q' - 1, with stride s, u zeros above the picture and v zeros to its left:

    y_ij = b + sum_km x_{s i + k - u, s j + m - v} W_km   k = 0 .. K - 1, m = 0 .. M - 1                           (1)
    P'   = floor((P + u + u' - K) / s) + 1                Q' likewise from Q, v, v' and M                          (2)

    padding     zeros above u, below u'             zeros to the left v, to the right v'
    valid       0, 0                                0, 0
    same        floor((K - 1) / 2), the rest        floor((M - 1) / 2), the rest       u + u' = K - 1, v + v' = M - 1

Outside the picture x is zero. With "same" the size is ceil(P / s) x ceil(Q / s), that of the input for s = 1. Equation (1)
is a cross-correlation, which the field calls a convolution.

Backward. Place (a, c) is tap (k, m) of window (i, j) if a = s i + k - u and c = s j + m - v:

    dx_ac = sum over all such windows and taps of dy_ij W_km^T                                                     (3)
    dW_km = sum_ij x_{s i + k - u, s j + m - v}^T dy_ij                                                            (4)
    db    = sum_ij dy_ij                                                                                           (5)

Shapes: x (N, P, Q, D) with P rows, Q columns and D channels, W (K, M, D, H), b (H,), y (N, P', Q', H). LeCun et al.,
"Gradient-based learning applied to document recognition" (1998).
"""

from __future__ import annotations

from collections.abc import Iterator

from scratchnn.backend import Array, Generator, array_module, backend_name, floating
from scratchnn.core import Layer, Parameter
from scratchnn.errors import DataError, ShapeError
from scratchnn.layers.pictures import Windows, check_pictures, make_windows

PADDINGS = ["valid", "same"]
PIECE = 1 << 17  # entries of the rows of windows that are in memory at once: half a megabyte in float32


def conv2d_windows(kernel_size: tuple[int, int], stride: int = 1, padding: str = "valid") -> Windows:
    """The windows of equation (1); a ``DataError`` for a number below 1 or an unknown padding."""
    windows = make_windows(kernel_size, stride, "Conv2D")
    if padding not in PADDINGS:
        raise DataError(f"Conv2D: unknown padding {padding!r}; choose one of {', '.join(PADDINGS)}")
    if padding == "valid":
        return windows
    zeros = [(window.size - 1) // 2 for window in windows]
    rows, columns = (
        window._replace(left=before, right=window.size - 1 - before) for window, before in zip(windows, zeros, strict=True)
    )
    return Windows(rows, columns)


def pad(x: Array, windows: Windows) -> Array:
    """``x`` between the zeros of the windows (N, u + P + u', v + Q + v', D)."""
    N, P, Q, D = x.shape
    rows, columns = windows
    if rows.count(P) == 0 or columns.count(Q) == 0:
        raise ShapeError(
            f'Conv2D: a kernel of {rows.size} x {columns.size} is larger than the picture of {P} x {Q}; pass padding="same"'
        )
    if rows.left == rows.right == columns.left == columns.right == 0:
        return x
    shape = (N, rows.left + P + rows.right, columns.left + Q + columns.right, D)
    padded = array_module(x).zeros(shape, dtype=x.dtype)
    padded[:, rows.left : rows.left + P, columns.left : columns.left + Q] = x
    return padded


# --- one window, and the plain loop over all of them -----------------------------------------------------------------


def conv2d_step(x: Array, W: Array, b: Array) -> tuple[Array, tuple]:
    """Equation (1) for one window ``x`` (N, K, M, D): the output (N, H) and the cache."""
    K, M, _, _ = W.shape
    y = b
    for k in range(K):
        for m in range(M):
            y = y + x[:, k, m] @ W[k, m]  # (1)  (N, D) @ (D, H) -> (N, H)
    return y, (x, W)


def conv2d_step_backward(dy: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """Equations (3) to (5) for one window: dx (N, K, M, D), dW (K, M, D, H), db (H,)."""
    x, W = cache
    xp = array_module(dy)
    dtype = xp.result_type(dy, x, W)
    K, M, _, _ = W.shape
    dx, dW = xp.empty(x.shape, dtype=dtype), xp.empty(W.shape, dtype=dtype)
    for k in range(K):
        for m in range(M):
            dx[:, k, m] = dy @ W[k, m].T  # (3)  (N, H) @ (H, D) -> (N, D)
            dW[k, m] = x[:, k, m].T @ dy  # (4)  (D, N) @ (N, H) -> (D, H)
    return dx, dW, dy.sum(axis=0)  # (5)


def conv2d_loop_forward(x: Array, W: Array, b: Array, stride: int = 1, padding: str = "valid") -> tuple[Array, tuple]:
    """What ``conv2d_forward`` computes, one window after the other."""
    xp = array_module(x)
    windows = conv2d_windows(W.shape[:2], stride, padding)
    padded = pad(x, windows)
    y = xp.empty((len(x), *windows.counts(x), len(b)), dtype=xp.result_type(x, W, b))
    caches = {}
    for i, j in windows.places(x):
        y[:, i, j], caches[i, j] = conv2d_step(padded[:, windows.rows.at(i), windows.columns.at(j)], W, b)
    return y, (padded, caches, windows, W, x.shape)


def conv2d_loop_backward(dy: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """What ``conv2d_backward`` computes, one window after the other."""
    padded, caches, windows, W, shape = cache
    xp = array_module(dy)
    dtype = xp.result_type(dy, padded, W)
    dpadded, dW, db = (xp.zeros(shape, dtype=dtype) for shape in (padded.shape, W.shape, dy.shape[3:]))
    for (i, j), step_cache in caches.items():
        dx_ij, dW_ij, db_ij = conv2d_step_backward(dy[:, i, j], step_cache)
        dpadded[:, windows.rows.at(i), windows.columns.at(j)] += dx_ij  # (3)
        dW += dW_ij  # (4)
        db += db_ij  # (5)
    return dpadded[windows.picture(shape)], dW, db


# --- all windows at once, the same equations made fast ---------------------------------------------------------------
# The K M places of a window, side by side, are one row of K M D numbers (known as im2col), so that a convolution is a dense
# layer on the rows of all windows. The rows are K M times as large as x: a CPU makes and uses them a piece at a time, while
# they are in its cache; a GPU takes all of them at once.


def pieces(y: Array, W: Array) -> Iterator[tuple[slice, slice]]:
    """Which pictures and which rows of the outputs ``y`` (N, P', Q', H), whose windows have about ``PIECE`` entries.

    A piece contains whole pictures, or rows of one that is too large. It has at most half of the pictures, so that every
    gradient check crosses a boundary between two pieces.
    """
    N, P, Q, _ = y.shape
    if backend_name(y) != "numpy":
        yield slice(0, N), slice(0, P)
        return
    rows = max(PIECE // (Q * W[..., 0].size), 1)
    whole = max(min(rows // P, (N + 1) // 2), 1)  # pictures
    part = min(rows, P)
    for n in range(0, N, whole):
        for i in range(0, P, part):
            yield slice(n, n + whole), slice(i, min(i + part, P))


def conv2d_forward(
    x: Array, W: Array, b: Array | None = None, stride: int = 1, padding: str = "valid"
) -> tuple[Array, tuple]:
    """Equation (1).

    Args:
        x: pictures (N, P, Q, D).
        W, b: weights (K, M, D, H) and bias (H,); no bias if None.
        stride: s, the same for rows and columns.
        padding: ``"valid"`` or ``"same"``.

    Returns:
        Outputs (N, P', Q', H) and the cache for ``conv2d_backward``.

    Raises:
        ShapeError: if the padding is ``"valid"`` and the picture is smaller than a window.
        DataError: for a stride below 1 or an unknown padding.
    """
    x = floating(x, "Conv2D: input")
    xp = array_module(x)
    K, M, D, H = W.shape
    windows = conv2d_windows((K, M), stride, padding)
    padded = pad(x, windows)
    dtype = xp.result_type(x, W) if b is None else xp.result_type(x, W, b)
    y = xp.empty((len(x), *windows.counts(x), H), dtype=dtype)
    view = windows.view(padded, y.shape[1:3])
    for n, i in pieces(y, W):
        y_piece = y[n, i].reshape(-1, H)  # contiguous, so this is a view
        xp.matmul(view[n, i].reshape(-1, K * M * D), W.reshape(-1, H), out=y_piece)  # (1)  (R, KMD) @ (KMD, H)
        if b is not None:
            y_piece += b  # (1)
    return y, (padded, windows, W, x.shape)


def conv2d_backward(dy: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """Equations (3) to (5): dx (N, P, Q, D), dW (K, M, D, H), db (H,)."""
    padded, windows, W, shape = cache
    xp = array_module(dy)
    K, M, D, H = W.shape
    dtype = xp.result_type(dy, padded, W)
    dpadded = xp.zeros(padded.shape, dtype=dtype)
    dW, db = xp.zeros((K * M * D, H), dtype=dtype), xp.zeros(H, dtype=dtype)
    view, dview = (windows.view(array, dy.shape[1:3]) for array in (padded, dpadded))
    apart = windows.columns.apart
    for n, i in pieces(dy, W):
        drows = dy[n, i].reshape(-1, H)  # (R, H)  R rows of windows
        dW += view[n, i].reshape(-1, K * M * D).T @ drows  # (4)  (KMD, R) @ (R, H) -> (KMD, H)
        db += xp.ones(len(drows), dtype=drows.dtype) @ drows  # (5)  as a product, which uses all cores
        dwindows = (drows @ W.reshape(-1, H).T).reshape(dview[n, i].shape)  # (3)  (R, H) @ (H, KMD) -> (R, KMD)
        for k in range(K):
            for j in range(apart):
                dview[n, i, j::apart, k] += dwindows[:, :, j::apart, k]  # (3)  adds each number once
    return dpadded[windows.picture(shape)], dW.reshape(W.shape), db


# --- the layer: parameters, and a call to the pair -------------------------------------------------------------------


class Conv2D(Layer):
    """Convolution over pictures (N, P, Q, ``input_size``) -> (N, P', Q', ``units``).

    Args:
        input_size, units: D and H.
        kernel_size: K = M, rows and columns that a window looks at.
        rng: draws W (Glorot uniform, with K M D inputs and K M H outputs per window); b starts at zero.
        stride: s.
        padding: ``"valid"`` or ``"same"``.
    """

    def __init__(
        self,
        input_size: int,
        units: int,
        kernel_size: int,
        *,
        rng: Generator | None = None,
        stride: int = 1,
        padding: str = "valid",
    ):
        super().__init__()
        conv2d_windows((kernel_size, kernel_size), stride, padding)
        self.input_size, self.units, self.kernel_size = input_size, units, kernel_size
        self.stride, self.padding = stride, padding
        limit = (6 / (kernel_size**2 * (input_size + units))) ** 0.5
        self.W = Parameter.uniform((kernel_size, kernel_size, input_size, units), limit, rng)
        self.b = Parameter.zeros((units,))

    def __repr__(self) -> str:
        """Class, sizes of the last axis before and after, and the size of a window."""
        return f"Conv2D({self.input_size} -> {self.units}, kernel_size={self.kernel_size})"

    def forward(self, x: Array) -> Array:
        """Outputs (N, P', Q', ``units``) for ``x`` (N, P, Q, ``input_size``)."""
        check_pictures(x, "Conv2D", self.input_size)
        y, cache = conv2d_forward(x, self.W.data, self.b.data, self.stride, self.padding)
        self.push(cache, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x (N, P, Q, ``input_size``)."""
        dx, dW, db = conv2d_backward(dy, self.pop(dy))
        self.W.accumulate(dW)
        self.b.accumulate(db)
        return dx
