"""Arrays to work in that are used again: a training step needs the same ones as the step before.

Memory fresh from the operating system comes page after page and zeroed, which for arrays of megabytes costs as much as the
arithmetic done in them. So a layer keeps what its steps have worked in. Whoever takes an array finds leftovers in it.
"""

from __future__ import annotations

import math
from typing import Any

from scratchnn.backend.arrays import Array, array_module


class WorkArrays:
    """A store of arrays that nobody refers to any longer."""

    def __init__(self) -> None:
        self._free: list[Array] = []  # flat

    def take(self, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array that is the caller's until it is given back; its contents are undefined.

        It lies in the smallest free one that is large enough. Where there is none, a new one takes the place of one that is
        too small, so that the store never holds more arrays than were ever in use at once, whatever the lengths of the
        sequences.
        """
        size = math.prod(shape)
        mine = [k for k, a in enumerate(self._free) if a.dtype == dtype and array_module(a) is xp]
        fitting = [k for k in mine if self._free[k].size >= size]
        if fitting:
            flat = self._free.pop(min(fitting, key=lambda k: self._free[k].size))
        else:
            if mine:
                self._free.pop(max(mine, key=lambda k: self._free[k].size))
            flat = xp.empty(size, dtype=dtype)
        return flat[:size].reshape(shape)

    def copy(self, array: Array) -> Array:
        """``array``, which may be transposed or a part of another one, in one piece of memory."""
        found = self.take(array_module(array), array.shape, array.dtype)
        found[...] = array
        return found

    def give(self, *arrays: Array) -> None:
        """Give back arrays that were taken here, and that neither a cache nor a returned array refers to."""
        self._free += [array.base for array in arrays]
