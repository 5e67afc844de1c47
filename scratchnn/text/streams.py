"""A long text as batches for truncated BPTT.

The ids are cut into N streams of equal length. Batch k holds, for each stream, the window of T ids that follows the window
of batch k - 1, so the state that the model returns for one batch is the one to pass in for the next:

    stream n:   ids[n L], ids[n L + 1], ...        L = (M - 1) // N ids each
    batch k:    inputs   ids[n L + k T + t]         t = 0 .. T - 1
                targets  ids[n L + k T + t + 1]     the next id

So every id but the first is a target once. The last window of an epoch may be shorter; up to N - 1 ids at the very end of
the text are left out.
"""

from __future__ import annotations

import numpy as np

from scratchnn.errors import DataError, whole_number


class TokenStreams:
    """Batches (inputs, targets), int32 (N, T) each, of the ids (M,) of a text."""

    def __init__(self, ids: np.ndarray, batch_size: int, window: int):
        whole_number(batch_size, "TokenStreams: batch_size")
        whole_number(window, "TokenStreams: window")
        if len(ids) < batch_size * window + 1:
            raise DataError(
                f"the text has {len(ids)} tokens, one batch of windows takes {batch_size} x {window} + 1 = "
                f"{batch_size * window + 1}; use a longer text, a smaller batch, or a shorter window"
            )
        length = (len(ids) - 1) // batch_size
        self.window = window
        self.inputs = ids[: batch_size * length].reshape(batch_size, length)
        self.targets = ids[1 : batch_size * length + 1].reshape(batch_size, length)

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-self.inputs.shape[1] // self.window)

    @property
    def tokens(self) -> int:
        """Number of targets in an epoch."""
        return self.targets.size

    def batch(self, epoch: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch ``k`` of an epoch; the order is the text's own in every epoch."""
        window = slice(k * self.window, (k + 1) * self.window)
        return self.inputs[:, window], self.targets[:, window]
