"""Graphics cards, as far as the split of a kernel depends on them."""

from __future__ import annotations

from dataclasses import dataclass

LEAST = (7, 5)  # compute capability that the kernels need
# Shared memory that a block may use, in KB, by compute capability: CUDA C++ Programming Guide, table of technical
# specifications; 1 KB per block is reserved from 8.0 on.
SHARED = {(7, 5): 64, (8, 0): 163, (8, 6): 99, (8, 7): 163, (8, 9): 99, (9, 0): 227, (10, 0): 227, (12, 0): 99}
MULTIPROCESSORS = {(7, 5): 40, (8, 0): 108, (8, 6): 82, (8, 7): 16, (8, 9): 128, (9, 0): 132, (10, 0): 148, (12, 0): 170}
NAMES = {
    (7, 5): "T4",
    (8, 0): "A100",
    (8, 6): "RTX 3090",
    (8, 7): "Orin",
    (8, 9): "RTX 4090",
    (9, 0): "H100",
    (10, 0): "B200",
    (12, 0): "RTX 5090",
}


@dataclass(frozen=True)
class Card:
    """A card.

    Attributes:
        capability: compute capability.
        multiprocessors: their number.
        shared: bytes of shared memory that a block may use.
    """

    capability: tuple[int, int]
    multiprocessors: int
    shared: int


def typical_card(capability: tuple[int, int]) -> Card:
    """The card of ``NAMES`` with this compute capability."""
    return Card(capability, MULTIPROCESSORS[capability], 1024 * SHARED[capability])
