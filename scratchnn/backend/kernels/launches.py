"""The kernels of the recurrent layers, compiled when they are first needed and kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from scratchnn.backend.arrays import Array
from scratchnn.backend.kernels import cells
from scratchnn.backend.kernels.devices import Device
from scratchnn.backend.kernels.split import Split, best_split

THREADS = 256  # of a block, in kernels without shared memory
FEWER = 2  # a kernel for N rows serves batches down to N / 2, so that a smaller last batch compiles nothing


class AllSteps:
    """A kernel over all steps, made for one split, with its exchange buffers and counters."""

    def __init__(self, device: Device, name: str, split: Split, backward: bool):
        cell, frame = cells.CELLS[name], split.frame
        source = cells.all_steps_source(cell, split.source(), backward)
        self.launch = device.compile(source, "backward" if backward else "forward", split.shared, cooperative=True)
        self.device, self.split = device, split
        self.exchange = device.empty(split.exchange)
        device.clear(self.exchange)
        self.counters = device.empty(frame.G + frame.S, dtype="uint32")  # one per group; backward also one per slice
        self.parts = (device.empty(frame.G, cell.sums * frame.H),) if backward else ()

    def __call__(self, *arguments: Any, N: int, T: int) -> None:
        """Run for N sequences of T steps."""
        self.device.clear(self.counters)
        blocks, threads = self.split.blocks(N), 32 * self.split.frame.WARPS
        self.launch(blocks, threads, *arguments, self.exchange, self.counters, *self.parts, N, T)


_made: dict[tuple[Device, str, int, bool], list[AllSteps]] = {}  # by device, cell, H and direction


def all_steps(device: Device, name: str, N: int, H: int, backward: bool) -> AllSteps | None:
    """A kernel for N sequences; None if Wh does not fit on the device."""
    made = _made.setdefault((device, name, H, backward), [])
    for kernel in made:
        if N <= kernel.split.frame.N <= FEWER * N:
            return kernel
    split = best_split(N, H, name, backward, device.card)
    if split is None:
        return None
    made.append(AllSteps(device, name, split, backward))
    return made[-1]


@cache
def one_step(device: Device, name: str, H: int, kernel: str) -> Callable[..., None]:
    """A kernel of one step, called with its arguments and N, T and t; one thread per unit and sequence."""
    launch = device.compile(cells.one_step_source(cells.CELLS[name], H), kernel, 0)

    def run(*arguments: Any, N: int, T: int, t: int) -> None:
        launch(-(-N * H // THREADS), THREADS, *arguments, N, T, t)

    return run


def prepare_lengths(device: Device, x: Array, lengths: Array | None) -> tuple[Array, Array | None, Array | None]:
    """``x`` with zeros at padded steps, the order of the rows, and the lengths as int32; the last two may be None."""
    if lengths is None:
        return x, None, None
    N, T, D = x.shape
    own, order, clean = device.empty(N, dtype="int32"), device.empty(N, dtype="int32"), device.empty(N, T, D)
    _length_kernel(device, "longest_first")(-(-N // THREADS), THREADS, lengths, own, order, N)
    _length_kernel(device, "without_padding")(-(-N * T * D // THREADS), THREADS, x, own, clean, N, T, D)
    return clean, order, own


@cache
def _length_kernel(device: Device, kernel: str) -> Callable[..., None]:
    return device.compile(cells.text("lengths.cu"), kernel, 0)
