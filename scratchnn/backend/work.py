"""Arrays to work in that are used again: a training step needs the same ones as the step before.

Memory fresh from the operating system comes page after page and zeroed, which for arrays of megabytes costs as much as the
arithmetic done in them. So a layer keeps what its steps have worked in. Whoever takes an array finds leftovers in it.

NumPy's larger arrays start 16 bytes behind the start of a cache line, so that every vector of 64 bytes lies on two lines.
Arrays to work in start with a line: up to a tenth faster.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from typing import Any

import numpy as np

from scratchnn.backend.arrays import Array, array_module

LINE = 64  # bytes

# glibc asks the system for memory for each array that is larger than all freed so far, and gives the free end of its memory
# back once it is twice that size; then every step pays for fresh pages. An array that is freed at once and never touched
# sets the size: 32 MB is the most that glibc goes by, its own bookkeeping included.
np.empty((1 << 25) - (1 << 13), dtype=np.uint8)


class WorkArrays:
    """A store of arrays that nobody refers to any longer."""

    def __init__(self) -> None:
        self._free: dict[tuple[str, np.dtype], list[Array]] = {}  # by backend and dtype; flat, the smallest first

    def take(self, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array that is the caller's until it is given back; its contents are undefined.

        It lies in the smallest free one that is large enough. Where there is none, a new one takes the place of one that is
        too small, so that the store never holds more arrays than were ever in use at once, whatever the lengths of the
        sequences.
        """
        size, dtype = math.prod(shape), np.dtype(dtype)
        room = size + LINE // dtype.itemsize
        free = self._free.setdefault((xp.__name__, dtype), [])
        k = bisect_left(free, room, key=len)
        if k < len(free):
            flat = free.pop(k)
        else:
            del free[-1:]
            flat = xp.empty(room, dtype=dtype)
        start = 0 if xp is not np else -flat.ctypes.data % LINE // dtype.itemsize
        return flat[start : start + size].reshape(shape)

    def copy(self, array: Array) -> Array:
        """``array``, which may be transposed or a part of another one, in one piece of memory."""
        found = self.take(array_module(array), array.shape, array.dtype)
        found[...] = array
        return found

    def product(self, array: Array, factors: Array) -> Array:
        """``array * factors``, where the factors are broadcast to the array's shape."""
        xp = array_module(array)
        return xp.multiply(array, factors, out=self.take(xp, array.shape, array.dtype))

    def give(self, *arrays: Array) -> None:
        """Give back arrays that were taken here, and that neither a cache nor a returned array refers to."""
        for array in arrays:
            insort(self._free[array_module(array).__name__, array.dtype], array.base, key=len)
