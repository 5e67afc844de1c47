"""Large arrays a block at a time: what is computed of a block stays in the CPU's cache until it has been used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from scratchnn.backend.arrays import Array

BLOCK = 1 << 15  # entries


def blocks(*arrays: Array, entries: int | None = None) -> Iterator[Sequence[Array]]:
    """The arrays, all of one length, cut along the first axis into views; those of the first have about ``entries``
    entries, ``BLOCK`` where absent.

    A GPU gets each array in one piece: there a call costs more than the memory it saves.
    """
    first = arrays[0]
    entries = entries or BLOCK
    if first.size <= entries or not isinstance(first, np.ndarray):
        yield arrays
        return
    rows = max(1, entries * first.shape[0] // first.size)
    for start in range(0, first.shape[0], rows):
        yield [array[start : start + rows] for array in arrays]
