"""What the layers over sequences (N, T, D) share: checks of the input, real and padded steps, and windows of steps.

A window has K taps, d steps apart, and moves on by s steps. Between p zeros before the sequence and q zeros after it,

    window t = steps s t, s t + d, ..., s t + d (K - 1)   counted from the first zero,   t = 0 .. T' - 1           (1)
    span     = d (K - 1) + 1                              steps from its first to its last tap                     (2)
    T'       = floor((T + p + q - span) / s) + 1          number of windows, 0 if this is negative                 (3)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchnn.backend import Array, array_module, backend_name, check_array, check_axis, move
from scratchnn.errors import DataError, ShapeError, whole_number


class Window(NamedTuple):
    """A window of K = ``size`` taps with s = ``stride``, d = ``dilation``, p = ``left`` and q = ``right``."""

    size: int
    stride: int = 1
    dilation: int = 1
    left: int = 0
    right: int = 0

    @property
    def span(self) -> int:
        """Equation (2)."""
        return self.dilation * (self.size - 1) + 1

    @property
    def apart(self) -> int:
        """The smallest difference of the numbers of two windows that have no step in common."""
        return -(-self.span // self.stride)

    def count(self, T: Any) -> Any:
        """Equation (3) for a number of steps or an array of signed integers."""
        windows = (T + self.left + self.right - self.span) // self.stride + 1
        return windows * (windows > 0)

    def out_lengths(self, lengths: Array) -> Array:
        """Equation (3) for ``lengths`` (N,) of any integer type."""
        return self.count(lengths.astype("int64"))

    def at(self, t: int) -> slice:
        """All taps of window ``t``, equation (1)."""
        return slice(self.stride * t, self.stride * t + self.span, self.dilation)

    def tap(self, k: int, first: int, last: int) -> slice:
        """Tap ``k`` of the windows ``first`` .. ``last`` - 1."""
        start = self.dilation * k
        return slice(start + self.stride * first, start + self.stride * last, self.stride)


def make_window(size: Any, stride: Any, owner: str, dilation: Any = 1) -> Window:
    """A window without zeros around the sequence; a ``DataError`` unless all numbers are integers of 1 or more."""
    return Window(
        whole_number(size, f"{owner}: kernel_size"),
        whole_number(stride, f"{owner}: stride"),
        whole_number(dilation, f"{owner}: dilation"),
    )


def check_sequences(x: Array, owner: str, input_size: int | None = None) -> None:
    """Raise ``ShapeError`` unless ``x`` is (N, T, D), with D = ``input_size`` unless this is None."""
    check_array(x, f"{owner}: input")
    if x.ndim != 3:
        raise ShapeError(f"{owner}: input must be (N, T, D), got shape {tuple(x.shape)}")
    if input_size is not None:
        check_axis(x, 2, input_size, owner, "input_size")


def check_lengths(lengths: Any, x: Array, owner: str) -> Array | None:
    """``lengths`` as an int64 array (N,) on the backend of ``x`` (N, T, D), each between 0 and T; None stays None.

    They may be integers of any type. Unsigned ones would wrap in sums and differences such as L - 1 - t.
    """
    if lengths is None:
        return None
    if isinstance(lengths, list | tuple | np.ndarray):
        lengths = np.asarray(lengths)
        if lengths.size and lengths.dtype.kind in "iu" and (lengths.min() < 0 or lengths.max() > x.shape[1]):
            raise DataError(
                f"{owner}: lengths must be between 0 and T = {x.shape[1]}, got {lengths.min()} to {lengths.max()}"
            )
        lengths = move(lengths, backend_name(x))
    check_array(lengths, f"{owner}: lengths")
    if lengths.shape != x.shape[:1] or lengths.dtype.kind not in "iu":
        raise ShapeError(
            f"{owner}: lengths must be integers of shape {(x.shape[0],)}, got {lengths.dtype} {tuple(lengths.shape)}"
        )
    return lengths.astype("int64", copy=False)


def real_steps(lengths: Array | None, T: int) -> Array | None:
    """Whether each of T steps is real (true) or padded (false), (N, T, 1); None if ``lengths`` (N,) is None."""
    if lengths is None:
        return None
    return (array_module(lengths).arange(T) < lengths[:, None])[:, :, None]
