"""How the kernels divide a recurrent layer over a GPU, for some shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scratchnn.backend.kernels.cards import LEAST, NAMES, Card, typical_card
from scratchnn.backend.kernels.choice import describe
from scratchnn.doctor.layout import dotted, paragraph
from scratchnn.doctor.machine import Machine
from scratchnn.errors import DataError

SHAPES = ((20, 100), (20, 200), (20, 650), (64, 256), (128, 128), (256, 512), (32, 64), (128, 1500))  # N sequences, H units
CELLS = ("lstm", "gru_reset_after", "gru_reset_before", "rnn_tanh")
LEGEND = (
    "Each entry: groups of sequences x blocks per group; sequences x units of a block; warps per block (w); shared memory "
    "of a block. A group exchanges its hidden state after each step. If Wh does not fit on the GPU, the steps are launched "
    "one by one. Kernels compute in float32; other dtypes take array operations. The products outside the kernels are "
    "float32, too, unless --precision of train chooses less."
)


def kernels_card(machine: Machine, capability: str) -> Card:
    """The card of a compute capability, such as ``"8.0"``; if it is empty, this machine's first GPU."""
    if capability:
        match = re.fullmatch(r"(\d+)\.(\d)", capability)
        numbers = (int(match[1]), int(match[2])) if match else (0, 0)
        if numbers in NAMES:
            return typical_card(numbers)
        raise DataError(f"--kernels {capability}: unknown compute capability; choose from {', '.join(map(dotted, NAMES))}")
    if machine.driver is None or not machine.driver.gpus:
        raise DataError("--kernels: this machine has no usable GPU; name a compute capability, as in --kernels 9.0")
    gpu = machine.driver.gpus[0]
    return Card(gpu.capability, gpu.multiprocessors, gpu.shared)


def kernel_lines(card: Card) -> Iterator[str]:
    """Lines about the kernels on a card; each takes a moment to compute."""
    name = f"compute capability {dotted(card.capability)}"
    yield f"Recurrent layers on a GPU of {name}"
    yield f"({card.multiprocessors} multiprocessors, {card.shared // 1024} KB of shared memory per block)"
    if card.capability < LEAST:
        yield f"The kernels need compute capability {dotted(LEAST)}; array operations are used."
        return
    yield ""
    yield from paragraph(LEGEND)
    yield ""
    yield f"{'N, H':<10}{'cell':<17}{'forward':<26}backward"
    for N, H in SHAPES:
        for cell in CELLS:
            both = [describe(N, H, cell, backward, card) for backward in (False, True)]
            yield f"{f'{N}, {H}':<10}{cell:<17}{both[0]:<26}{both[1]}"
