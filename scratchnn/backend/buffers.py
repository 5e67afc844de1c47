"""Buffers for results that are needed only for a while, reused from one training step to the next.

Memory fresh from the operating system arrives page by page and zeroed. For arrays of megabytes that costs as much as the
arithmetic done in them. A layer therefore keeps a ``BufferPool``. Each task takes a ``Lease`` on it, takes arrays from the
lease, and ends the lease when none of these arrays is needed any longer. Their buffers go back to the pool together:

    with pool.lease() as scratch:                  scratch arrays of one call: the block ends the lease
        a = scratch.take(xp, (N, H), x.dtype)      contents undefined

    lease = pool.lease()                           what a cache holds: the layer ends the lease after backward
    h = lease.take(xp, (T, N, H), x.dtype)

A lease that is dropped without being ended is ordinary garbage: its buffers are freed and do not return to the pool.

NumPy's larger arrays start 16 bytes after the start of a cache line, so that every vector of 64 bytes is split over two
lines. Arrays of a lease start at a cache line, which is up to a tenth faster.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from typing import Any

import numpy as np

from scratchnn.backend.arrays import Array, array_module

LINE = 64  # bytes in a cache line

# glibc requests memory from the system for each array larger than all arrays freed so far, and returns the free end of its
# memory once that end is twice as large; then every step pays for fresh pages. An array that is freed at once and never
# touched raises the threshold: 32 MB, including glibc's own bookkeeping, is the largest value that glibc accepts.
np.empty((1 << 25) - (1 << 13), dtype=np.uint8)


class BufferPool:
    """The buffers that ended leases have given back, ready for the next lease."""

    def __init__(self) -> None:
        self._free: dict[tuple[str, np.dtype], list[Array]] = {}  # by backend and dtype; flat, the smallest first

    def lease(self) -> Lease:
        """A new lease, without arrays so far."""
        return Lease(self)

    def _remove(self, xp: Any, entries: int, dtype: np.dtype) -> Array:
        """The smallest free buffer of at least ``entries`` entries, or a new one.

        A new buffer replaces the largest free one, which is too small. The pool therefore never holds more buffers than
        were in use at the same time, whatever the lengths of the sequences.
        """
        free = self._free.setdefault((xp.__name__, dtype), [])
        k = bisect_left(free, entries, key=len)
        if k < len(free):
            return free.pop(k)
        del free[-1:]
        return xp.empty(entries, dtype=dtype)

    def _put_back(self, buffers: list[Array]) -> None:
        """Make ``buffers`` free again."""
        for buffer in buffers:
            insort(self._free[array_module(buffer).__name__, buffer.dtype], buffer, key=len)


class Lease:
    """Arrays that are taken one by one and given back together, by ``end`` or at the end of a ``with`` block.

    After that, neither the lease nor its arrays may be used: the next lease overwrites them.

    Attributes:
        pool: the ``BufferPool`` that the buffers belong to.
    """

    def __init__(self, pool: BufferPool) -> None:
        self.pool = pool
        self._buffers: list[Array] | None = []  # None once the lease has ended

    def take(self, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array of the library ``xp`` with undefined contents."""
        size, dtype = math.prod(shape), np.dtype(dtype)
        buffers = self._open_buffers()
        buffer = self.pool._remove(xp, size + LINE // dtype.itemsize, dtype)
        buffers.append(buffer)
        start = 0 if xp is not np else -buffer.ctypes.data % LINE // dtype.itemsize
        return buffer[start : start + size].reshape(shape)

    def copy(self, array: Array) -> Array:
        """A contiguous copy of ``array``, which may be transposed or a part of another array."""
        copied = self.take(array_module(array), array.shape, array.dtype)
        copied[...] = array
        return copied

    def product(self, array: Array, factors: Array) -> Array:
        """``array * factors``, where the factors are broadcast to the array's shape."""
        xp = array_module(array)
        return xp.multiply(array, factors, out=self.take(xp, array.shape, array.dtype))

    def end(self) -> None:
        """Give back all buffers. A lease ends once; ending it again raises ``RuntimeError``, as ``take`` does then."""
        buffers = self._open_buffers()
        self._buffers = None
        self.pool._put_back(buffers)

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def _open_buffers(self) -> list[Array]:
        """The buffers taken so far; an error if the lease has ended."""
        if self._buffers is None:
            raise RuntimeError("this lease has ended and its buffers may be in use elsewhere; take arrays from a new lease")
        return self._buffers
