"""The state of a decoder: all that it needs to write on, the source that it reads included."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchnn.attention import Memory
from scratchnn.backend import Array, backend_name, move
from scratchnn.core.nested import flatten, select_rows
from scratchnn.recurrent.base import State


class DecoderState(NamedTuple):
    """All that a decoder needs to go on: N rows, each of which is writing a target.

    Attributes:
        cells: the state of the recurrent layers; with input feeding, beside f_{t-1}.
        peeked: v of equation (2) of ``decoder.py`` (N, H), or None.
        memory: what attention reads, of n sources, or None. Rows k N / n .. (k + 1) N / n - 1 read source k.
    """

    cells: State
    peeked: Array | None = None
    memory: Memory | None = None

    def select(self, rows: np.ndarray) -> DecoderState:
        """The state of other rows: ``rows`` (M,) of these, in host memory; a row may occur more than once.

        The memory of a source is kept once for all its rows as long as the rows of each source are adjacent and equally
        many: a beam search that reorders the beams of each source copies no memory.
        """
        first = flatten(self.cells)[0]
        name = backend_name(first)
        cells, peeked = select_rows((self.cells, self.peeked), move(rows, name))
        memory = self.memory
        if memory is not None and len(rows):
            n = len(memory.values)
            owners = rows // (len(first) // n)  # the source of each new row
            runs = np.diff(np.flatnonzero(np.diff(owners, prepend=-1, append=-1)))
            kept = owners[:: runs[0] if (runs == runs[0]).all() else 1]
            if not np.array_equal(kept, np.arange(n)):
                memory = select_rows(memory, move(kept, name))
        return DecoderState(cells, peeked, memory)
