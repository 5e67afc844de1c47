"""The steps launched one by one, if Wh does not fit on the device: a matrix product and a kernel for each.

Here a step of T is about 30 microseconds of the host's time, so this serves large layers only.
"""

from __future__ import annotations

from typing import NamedTuple

from scratchnn.backend.arrays import Array
from scratchnn.backend.kernels.cells import CELLS, Cell
from scratchnn.backend.kernels.devices import Device
from scratchnn.backend.kernels.launches import one_step


class Cache(NamedTuple):
    """What a forward pass reads and writes, and the backward pass reads; batch-first (``unit.cuh``)."""

    name: str
    x: Array
    h0: Array
    c0: Array | None
    Wx: Array
    Wh: Array
    b: Array
    more: Array | None
    gates: Array  # None if h_t is the only gate
    kept: Array  # None if the cell keeps nothing
    y: Array
    seen: Array
    order: Array | None
    lengths: Array | None
    mask: Array | None

    @property
    def from_x(self) -> Array:
        """Where x Wx is before the gates replace it."""
        return self.y if self.gates is None else self.gates


def forward_steps(device: Device, cache: Cache, h: Array, c: Array | None) -> None:
    """All steps forward; ``h`` and ``c`` are brought from the first state to the final one."""
    (N, T, H), Wh = cache.y.shape, cache.Wh
    if CELLS[cache.name].two_products:
        return _forward_two_products(device, cache, h)
    run, from_h = one_step(device, cache.name, H, "forward_step"), device.empty(N, Wh.shape[1])
    arguments = cache.b, cache.more, cache.mask, cache.from_x, cache.gates, cache.kept, cache.y, cache.seen, h, c
    for t in range(-1, T):
        if t >= 0:
            device.multiply(from_h, cache.seen[:, t], Wh)  # (N, H) @ (H, gates H) -> (N, gates H)
        run(from_h, *arguments, cache.lengths, N=N, T=T, t=t)
    return None


def backward_steps(device: Device, dy: Array, d: Array, dh: Array, dc: Array | None, cache: Cache) -> None:
    """All steps backward; ``dh`` and ``dc`` go from the final state to the first, ``d`` (N, T, sums H) is filled."""
    (N, T, H), cell, Wh = dy.shape, CELLS[cache.name], cache.Wh
    if cell.two_products:
        return _backward_two_products(device, dy, d, dh, cache)
    run, from_next = one_step(device, cache.name, H, "backward_step"), device.empty(N, H)
    device.clear(from_next)
    of_forward = cache.b, cache.more, cache.mask, cache.gates, cache.kept, cache.y, cache.h0, cache.c0
    for t in range(T - 1, -2, -1):
        run(from_next, dy, *of_forward, d, dh, dc, cache.lengths, N=N, T=T, t=t)
        for k, (to, blocks) in enumerate(column_runs(cell) if t >= 0 else []):
            ds, columns = d[:, t, blocks.start * H : blocks.stop * H], Wh[:, to * H : (to + len(blocks)) * H]
            device.multiply(from_next, ds, columns, transpose_b=True, add=k > 0)  # (N, ...) @ (..., H) -> (N, H)
    return None


def column_runs(cell: Cell) -> list[tuple[int, range]]:
    """The blocks of d that belong to the columns of Wh, as runs of neighbours: the first block of Wh, the blocks of d.

    The columns of a second product are a run of their own.
    """
    runs: list[tuple[int, range]] = []
    for to, block in enumerate(cell.ds):
        if runs and runs[-1][1].stop == block and not (cell.two_products and to == 2):
            runs[-1] = runs[-1][0], range(runs[-1][1].start, block + 1)
        else:
            runs.append((to, range(block, block + 1)))
    return runs


# --- the GRU with the reset gate before the product: two products per step -------------------------------------------


def _forward_two_products(device: Device, cache: Cache, h: Array) -> None:
    (N, T, H), Wh, b, mask, kept = cache.y.shape, cache.Wh, cache.b, cache.mask, cache.kept
    gates_step, candidate_step = (one_step(device, cache.name, H, kernel) for kernel in ("gates_step", "candidate_step"))
    from_h, q = device.empty(N, 2 * H), device.empty(N, H)
    for t in range(-1, T):
        if t >= 0:
            device.multiply(from_h, cache.seen[:, t], Wh[:, : 2 * H])  # (1)  (N, H) @ (H, 2H) -> (N, 2H)
            gates_step(from_h, b, mask, cache.gates, kept, h, cache.lengths, N=N, T=T, t=t)
            device.multiply(q, kept[:, t], Wh[:, 2 * H :])  # (5)  (N, H) @ (H, H) -> (N, H)
        candidate_step(q, b, mask, cache.gates, cache.y, cache.seen, h, cache.lengths, N=N, T=T, t=t)


def _backward_two_products(device: Device, dy: Array, d: Array, dh: Array, cache: Cache) -> None:
    (N, T, H), Wh = dy.shape, cache.Wh
    kernels = ("candidate_step_backward", "gates_step_backward")
    candidate_step, gates_step = (one_step(device, cache.name, H, kernel) for kernel in kernels)
    of_forward = cache.mask, cache.gates, cache.kept, cache.y, cache.h0
    from_next, dk = device.empty(N, H), device.empty(N, H)
    device.clear(from_next)
    for t in range(T - 1, -2, -1):
        candidate_step(from_next, dy, *of_forward, d, dh, cache.lengths, N=N, T=T, t=t)
        if t >= 0:
            device.multiply(dk, d[:, t, 2 * H :], Wh[:, 2 * H :], transpose_b=True)  # (10)  (N, H) @ (H, H) -> (N, H)
            gates_step(dk, dy, *of_forward, d, dh, cache.lengths, N=N, T=T, t=t)
            device.multiply(from_next, d[:, t, : 2 * H], Wh[:, : 2 * H], transpose_b=True)  # (7)  (N, 2H) @ (2H, H)
