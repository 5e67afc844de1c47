"""What the layers over pictures (N, P, Q, D) share: checks of the input, and windows of places in rows and columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from scratchnn.backend import Array, array_module, check_array, check_axis
from scratchnn.errors import ShapeError
from scratchnn.layers.sequences import Window, make_window


class Windows(NamedTuple):
    """A window over the rows and one over the columns of a picture; see ``layers.sequences`` for one axis."""

    rows: Window
    columns: Window

    def counts(self, x: Array) -> tuple[int, int]:
        """Numbers of windows (P', Q') in ``x`` (N, P, Q, D)."""
        return self.rows.count(x.shape[1]), self.columns.count(x.shape[2])

    def places(self, x: Array) -> Iterator[tuple[int, int]]:
        """All (i, j), row by row."""
        P, Q = self.counts(x)
        return ((i, j) for i in range(P) for j in range(Q))

    def view(self, padded: Array, counts: tuple[int, int]) -> Array:
        """All P' x Q' windows of ``padded`` (N, ..., D), zeros included, as (N, P', Q', K, M, D).

        It is no copy: windows that overlap share their numbers.
        """
        sample, row, column, channel = padded.strides
        shape = (len(padded), *counts, self.rows.size, self.columns.size, padded.shape[3])
        strides = (sample, self.rows.stride * row, self.columns.stride * column, row, column, channel)
        return array_module(padded).lib.stride_tricks.as_strided(padded, shape, strides)

    def picture(self, shape: tuple[int, ...]) -> tuple[slice, ...]:
        """Where a picture of the shape (N, P, Q, D) is between the zeros around it."""
        rows, columns = (slice(window.left, window.left + size) for window, size in zip(self, shape[1:3], strict=True))
        return slice(None), rows, columns


def make_windows(size: tuple[Any, Any], stride: Any, owner: str) -> Windows:
    """Windows without zeros around the picture; a ``DataError`` unless all numbers are integers of 1 or more."""
    return Windows(make_window(size[0], stride, owner), make_window(size[1], stride, owner))


def check_pictures(x: Array, owner: str, input_size: int | None = None) -> None:
    """Raise ``ShapeError`` unless ``x`` is (N, P, Q, D), with D = ``input_size`` unless this is None."""
    check_array(x, f"{owner}: input")
    if x.ndim != 4:
        raise ShapeError(f"{owner}: input must be (N, P, Q, D), got shape {tuple(x.shape)}")
    if input_size is not None:
        check_axis(x, 3, input_size, owner, "input_size")
