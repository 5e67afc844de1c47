"""Convolution over time: the same weights are applied to every window of K steps.

Forward, for t = 0 .. T' - 1, with K taps (the kernel size), stride s, dilation d, and p zeros before the first step:

    y_t = b + sum_k x_{s t + d k - p} W_k                 k = 0 .. K - 1;  x_j = 0 unless 0 <= j < T               (1)
    T'  = floor((T + p + q - d (K - 1) - 1) / s) + 1      with q zeros after the last step                         (2)

    padding     p                        q
    valid       0                        0                every window is inside the sequence
    same        floor(d (K - 1) / 2)     d (K - 1) - p    T' = T, only for s = 1
    causal      d (K - 1)                0                y_t depends on no step after s t

Equation (1) is a cross-correlation, which the field calls a convolution: W_0 belongs to the earliest step. If d (K - 1) is
odd (K even, d odd), "same" puts one more zero after the sequence than before it. With a stride, "same" would shift the
windows of a sequence by an amount that depends on the length of the batch, so it is an error. Both are as in PyTorch.

Backward. Step j is tap k of window t if j = s t + d k - p. Its gradient is the sum over all windows that contain it:

    dx_j = sum over (t, k) with s t + d k - p = j of dy_t W_k^T                                                    (3)
    dW_k = sum_t x_{s t + d k - p}^T dy_t                                                                          (4)
    db   = sum_t dy_t                                                                                              (5)

A padded sequence has the same outputs as it has alone. From its length L on, the steps count as zeros in (1), whatever
they contain, and their gradient is zero. From T'(L) on (``out_lengths``), the outputs are zero and their gradient is
ignored.

Shapes: x (N, T, D), W (K, D, H), b (H,), y (N, T', H). Waibel et al., "Phoneme recognition using time-delay neural
networks" (1989); dilation and causal padding: van den Oord et al., "WaveNet" (2016).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scratchnn.backend import Array, Generator, array_module, backend_name, floating
from scratchnn.core import Layer, Parameter
from scratchnn.errors import DataError, ShapeError
from scratchnn.layers.sequences import Window, check_lengths, check_sequences, make_window, real_steps

PADDINGS = ["valid", "same", "causal"]
PIECE = 1 << 17  # entries of the rows of windows that are in memory at once: half a megabyte in float32


def conv1d_window(kernel_size: int, stride: int = 1, padding: str = "valid", dilation: int = 1) -> Window:
    """The window of equation (1); a ``DataError`` for a number below 1, an unknown padding, or "same" with a stride."""
    window = make_window(kernel_size, stride, "Conv1D", dilation)
    if padding not in PADDINGS:
        raise DataError(f"Conv1D: unknown padding {padding!r}; choose one of {', '.join(PADDINGS)}")
    if padding == "same" and stride > 1:
        raise DataError(f'Conv1D: padding="same" needs stride=1, got {stride}; pass padding="causal" or "valid"')
    zeros = window.span - 1
    left = {"valid": 0, "same": zeros // 2, "causal": zeros}[padding]
    return window._replace(left=left, right=0 if padding == "valid" else zeros - left)


def pad(x: Array, window: Window, real: Array | None) -> Array:
    """``x`` between the zeros of the window (N, p + T + q, D), with zeros in place of padded steps."""
    xp = array_module(x)
    N, T, D = x.shape
    if window.left == window.right == 0:
        if window.span > max(T, 1):
            raise ShapeError(
                f"Conv1D: a kernel that spans {window.span} steps is longer than the input of {T}; "
                'pass padding="same" or "causal", or pad the batch'
            )
        return x if real is None else xp.where(real, x, 0)
    padded = xp.zeros((N, window.left + T + window.right, D), dtype=x.dtype)
    padded[:, window.left : window.left + T] = x if real is None else xp.where(real, x, 0)
    return padded


# --- one output step, and the plain loop over all of them ------------------------------------------------------------


def conv1d_step(x: Array, W: Array, b: Array) -> tuple[Array, tuple]:
    """Equation (1) for one window ``x`` (N, K, D): the output (N, H) and the cache."""
    y = b
    for k in range(len(W)):
        y = y + x[:, k] @ W[k]  # (1)  (N, D) @ (D, H) -> (N, H)
    return y, (x, W)


def conv1d_step_backward(dy: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """Equations (3) to (5) for one window: dx (N, K, D), dW (K, D, H), db (H,)."""
    x, W = cache
    xp = array_module(dy)
    dx = xp.stack([dy @ W_k.T for W_k in W], axis=1)  # (3)  (N, H) @ (H, D), K times -> (N, K, D)
    dW = xp.stack([x_k.T @ dy for x_k in x.swapaxes(0, 1)], axis=0)  # (4)  (D, N) @ (N, H), K times -> (K, D, H)
    return dx, dW, dy.sum(axis=0)  # (5)


def conv1d_loop_forward(
    x: Array,
    W: Array,
    b: Array,
    stride: int = 1,
    padding: str = "valid",
    dilation: int = 1,
    lengths: Array | None = None,
) -> tuple[Array, tuple]:
    """What ``conv1d_forward`` computes, one output step after the other."""
    xp = array_module(x)
    window = conv1d_window(len(W), stride, padding, dilation)
    N, T, _ = x.shape
    T_out = window.count(T)
    real = real_steps(lengths, T)
    padded = pad(x, window, real)
    y = xp.zeros((N, T_out, len(b)), dtype=xp.result_type(x, W, b))
    caches = []
    for t in range(T_out):
        y[:, t], cache = conv1d_step(padded[:, window.at(t)], W, b)
        caches.append(cache)
    real_out = None if lengths is None else real_steps(window.out_lengths(lengths), T_out)
    return y if real_out is None else xp.where(real_out, y, 0), (padded, caches, window, W, T, real, real_out)


def conv1d_loop_backward(dy: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """What ``conv1d_backward`` computes, one output step after the other."""
    padded, caches, window, W, T, real, real_out = cache
    xp = array_module(dy)
    if real_out is not None:
        dy = xp.where(real_out, dy, 0)
    dtype = xp.result_type(dy, padded, W)
    dpadded, dW, db = (xp.zeros(shape, dtype=dtype) for shape in (padded.shape, W.shape, dy.shape[2:]))
    for t, step_cache in enumerate(caches):
        dx_t, dW_t, db_t = conv1d_step_backward(dy[:, t], step_cache)
        dpadded[:, window.at(t)] += dx_t  # (3)
        dW += dW_t  # (4)
        db += db_t  # (5)
    dx = dpadded[:, window.left : window.left + T]
    return dx if real is None else xp.where(real, dx, 0), dW, db


# --- the whole sequence, the same equations made fast ----------------------------------------------------------------
# The K steps of a window, side by side, are one row of K D numbers (known as im2col). A convolution is then a dense layer
# on the rows of all windows: one large product instead of K T' small ones. The rows are K times as large as x, so a CPU
# makes and uses them a piece at a time, while they are in its cache; a GPU takes all of them at once.


def pieces(y: Array, W: Array) -> Iterator[tuple[slice, slice]]:
    """Which sequences and which steps of the outputs ``y`` (N, T', H), so that their rows have about ``PIECE`` entries.

    A piece contains whole sequences, or a part of one that is too long. It has at most half of the sequences, so that every
    gradient check crosses a boundary between two pieces.
    """
    N, steps, _ = y.shape
    K, D, _ = W.shape
    if backend_name(y) != "numpy":
        yield slice(0, N), slice(0, steps)
        return
    rows = max(PIECE // (K * D), 1)
    whole = max(min(rows // max(steps, 1), (N + 1) // 2), 1)  # sequences
    part = max(min(rows, steps), 1)  # steps
    for n in range(0, N, whole):
        for t in range(0, steps, part):
            yield slice(n, n + whole), slice(t, min(t + part, steps))


def window_rows(padded: Array, window: Window, t: slice) -> Array:
    """The windows ``t`` of ``padded`` (n, p + T + q, D), one per row, sequence after sequence: (n t, K D)."""
    n, _, D = padded.shape
    rows = array_module(padded).empty((n, t.stop - t.start, window.size, D), dtype=padded.dtype)
    for k in range(window.size):
        rows[:, :, k] = padded[:, window.tap(k, t.start, t.stop)]
    return rows.reshape(-1, window.size * D)


def conv1d_forward(
    x: Array,
    W: Array,
    b: Array | None = None,
    stride: int = 1,
    padding: str = "valid",
    dilation: int = 1,
    lengths: Array | None = None,
) -> tuple[Array, tuple]:
    """Equation (1).

    Args:
        x: inputs (N, T, D).
        W, b: weights (K, D, H) and bias (H,); no bias if None.
        stride, dilation: s and d.
        padding: ``"valid"``, ``"same"`` or ``"causal"``.
        lengths: number of real steps of each sequence (N,); T if None.

    Returns:
        Outputs (N, T', H) and the cache for ``conv1d_backward``.

    Raises:
        ShapeError: if the padding is ``"valid"`` and T is less than the d (K - 1) + 1 steps of a window.
        DataError: for a stride or dilation below 1, an unknown padding, or ``"same"`` with a stride.
    """
    x = floating(x, "Conv1D: input")
    xp = array_module(x)
    N, T, _ = x.shape
    K, D, H = W.shape
    window = conv1d_window(K, stride, padding, dilation)
    real = real_steps(lengths, T)
    padded = pad(x, window, real)
    dtype = xp.result_type(x, W) if b is None else xp.result_type(x, W, b)
    y = xp.empty((N, window.count(T), H), dtype=dtype)
    for n, t in pieces(y, W):
        y_piece = y[n, t].reshape(-1, H)  # contiguous, so this is a view
        xp.matmul(window_rows(padded[n], window, t), W.reshape(K * D, H), out=y_piece)  # (1)  (M, K D) @ (K D, H) -> (M, H)
        if b is not None:
            y_piece += b  # (1)
    real_out = None if lengths is None else real_steps(window.out_lengths(lengths), y.shape[1])
    if real_out is not None:
        xp.copyto(y, 0, where=~real_out)
    return y, (padded, window, W, T, real, real_out)


def conv1d_backward(dy: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """Equations (3) to (5): dx (N, T, D), dW (K, D, H), db (H,)."""
    padded, window, W, T, real, real_out = cache
    xp = array_module(dy)
    K, D, H = W.shape
    if real_out is not None:
        dy = xp.where(real_out, dy, 0)
    dtype = xp.result_type(dy, padded, W)
    dpadded = xp.zeros(padded.shape, dtype=dtype)
    dW, db = xp.zeros((K * D, H), dtype=dtype), xp.zeros(H, dtype=dtype)
    for n, t in pieces(dy, W):
        sequences, steps, _ = dy[n, t].shape
        drows = dy[n, t].reshape(-1, H)  # (M, H)
        dW += window_rows(padded[n], window, t).T @ drows  # (4)  (K D, M) @ (M, H) -> (K D, H)
        db += xp.ones(len(drows), dtype=drows.dtype) @ drows  # (5)  as a product, which uses all cores
        dwindows = drows @ W.reshape(K * D, H).T  # (3)  (M, H) @ (H, K D) -> (M, K D)
        dwindows = dwindows.reshape(sequences, steps, K, D)
        for k in range(K):
            dpadded[n, window.tap(k, t.start, t.stop)] += dwindows[:, :, k]  # (3)
    dx = dpadded[:, window.left : window.left + T]
    return dx if real is None else xp.where(real, dx, 0), dW.reshape(K, D, H), db


# --- the layer: parameters, and a call to the pair -------------------------------------------------------------------


class Conv1D(Layer):
    """Convolution over time (N, T, ``input_size``) -> (N, T', ``units``); its arguments are those of ``conv1d_forward``.

    Args:
        input_size, units: D and H.
        kernel_size: K, the number of steps that a window looks at.
        rng: draws W (Glorot uniform, with K D inputs and K H outputs per window); b starts at zero.
        stride, dilation: s and d.
        padding: ``"valid"``, ``"same"`` (T' = T, only for a stride of 1) or ``"causal"``.
        bias: whether b is added.
    """

    takes_lengths = True

    def __init__(
        self,
        input_size: int,
        units: int,
        kernel_size: int,
        *,
        rng: Generator | None = None,
        stride: int = 1,
        padding: str = "valid",
        dilation: int = 1,
        bias: bool = True,
    ):
        super().__init__()
        self.window = conv1d_window(kernel_size, stride, padding, dilation)
        self.input_size, self.units = input_size, units
        self.stride, self.padding, self.dilation = stride, padding, dilation
        limit = (6 / (kernel_size * (input_size + units))) ** 0.5
        self.W = Parameter.uniform((kernel_size, input_size, units), limit, rng)
        self.b = Parameter.zeros((units,)) if bias else None

    def __repr__(self) -> str:
        """Class, sizes of the last axis before and after, and the number of steps in a window."""
        return f"Conv1D({self.input_size} -> {self.units}, kernel_size={self.window.size})"

    def out_lengths(self, lengths: Array) -> Array:
        """Equation (2) for each sequence: the number of real steps (N,) in the outputs; 0 if a window is longer."""
        return self.window.out_lengths(lengths)

    def forward(self, x: Array, lengths: Any = None) -> Array:
        """Outputs (N, T', ``units``) for ``x`` (N, T, ``input_size``) and ``lengths`` (N,), T if None."""
        check_sequences(x, "Conv1D", self.input_size)
        lengths = check_lengths(lengths, x, "Conv1D")
        b = None if self.b is None else self.b.data
        y, cache = conv1d_forward(x, self.W.data, b, self.stride, self.padding, self.dilation, lengths)
        self.push(cache, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x (N, T, ``input_size``)."""
        dx, dW, db = conv1d_backward(dy, self.pop(dy))
        self.W.accumulate(dW)
        if self.b is not None:
            self.b.accumulate(db)
        return dx
