"""Pictures and their captions as batches with teacher forcing.

    x = p / 127.5 - 1                        a channel p of 0 .. 255 as a number from -1 (dark) to 1 (light)       (1)

Shapes: p and x (N, P, Q, D).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchnn.data.pairs import Pairs


def scaled(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Equation (1) for N pictures of uint8 (P, Q, D): one array (N, P, Q, D) of float32."""
    return np.stack(pictures).astype(np.float32) / np.float32(127.5) - 1  # (1)


class PictureCaptions(Pairs):
    """Batches (pictures (M, P, Q, D) by (1), inputs (M, T), lengths (M,), outputs (M, T)).

    Args:
        sources: N pictures of one size, uint8 (P, Q, D). One picture with several captions occurs several times.
        targets: the ids of N captions; the other arguments are those of ``Pairs``.
    """

    def pick(self, positions: np.ndarray) -> tuple[np.ndarray, ...]:
        """The pictures and captions at these positions (M,) as one batch."""
        return (scaled([self.sources[p] for p in positions]), *self.pick_targets(positions))
