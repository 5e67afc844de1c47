"""A long text as batches for truncated BPTT.

The ids are read by N streams side by side. Batch k has, for each stream, the window of T ids that follows its window in
batch k - 1, so the state that the model returns for one batch is the state to pass in for the next:

    stream n starts at place n L,   L = (M - 1) // N                                                               (1)
    batch k of epoch e:    place p = n L + (e K + k) T + t,   t = 0 .. T - 1,   K = L // T batches per epoch       (2)
                           input ids[p], target ids[p + 1], the next id                                            (3)

Places form a ring: the first follows the last. An epoch continues where the one before stopped, up to T - 1 places before
the start of the next stream. So, unless T divides L, the windows are cut at other places in the next epoch, and no target
always has the same few steps of context to learn from.
"""

from __future__ import annotations

import numpy as np

from scratchnn.errors import DataError, whole_number


class TokenStreams:
    """Batches (inputs, targets), int32 (N, T) each, of the ids (M,) of a text."""

    carries_state = True  # batch k + 1 continues the streams of batch k

    def __init__(self, ids: np.ndarray, batch_size: int, window: int):
        whole_number(batch_size, "TokenStreams: batch_size")
        whole_number(window, "TokenStreams: window")
        if len(ids) < batch_size * window + 1:
            raise DataError(
                f"the text has {len(ids)} tokens, one batch of windows needs {batch_size} x {window} + 1 = "
                f"{batch_size * window + 1}; use a longer text, a smaller batch, or a shorter window"
            )
        self.ids, self.window = ids, window
        self.stream = (len(ids) - 1) // batch_size  # L
        self.starts = self.stream * np.arange(batch_size)[:, None]  # (N, 1)

    def __len__(self) -> int:
        """Number of batches in an epoch, K."""
        return self.stream // self.window

    def batch(self, epoch: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch ``k`` of an epoch, equations (2) and (3)."""
        first = (epoch * len(self) + k) * self.window
        places = (self.starts + first + np.arange(self.window)) % (len(self.ids) - 1)  # (N, T)
        return self.ids[places], self.ids[places + 1]
