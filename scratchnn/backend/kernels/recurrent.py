"""The recurrent layers over the kernels: the pairs of functions of ``recurrent/*.py`` for every cell of ``cells.py``.

    y, states, cache = forward_on(device, name, x, states, weights, lengths, mask)
    dx, dstates, dweights = backward_on(device, dy, dstates, cache)

x Wx is one product before the kernel; dx, dWx and dWh are products after it. The biases and their gradients are the
kernel's. If Wh does not fit on the device, the steps are launched one by one (``step_by_step.py``).

Shapes: x (N, T, D), states (N, H), Wx (D, gates H), Wh (H, gates H), b (gates H,), further weights of a unit (..., H),
lengths (N,) int64, mask (N, H). All but the lengths are contiguous and have the device's dtype.
"""

from __future__ import annotations

from collections.abc import Sequence

from scratchnn.backend.arrays import Array
from scratchnn.backend.kernels.cells import CELLS, Cell
from scratchnn.backend.kernels.devices import Device
from scratchnn.backend.kernels.launches import all_steps, prepare_lengths
from scratchnn.backend.kernels.step_by_step import Cache, backward_steps, column_runs, forward_steps


def forward_on(
    device: Device,
    name: str,
    x: Array,
    states: Sequence[Array],
    weights: Sequence[Array],
    lengths: Array | None,
    mask: Array | None,
) -> tuple[Array, list[Array], Cache]:
    """Run over whole sequences: outputs (N, T, H), final states (N, H), and the cache for ``backward_on``."""
    cell, (N, T, _), H = CELLS[name], x.shape, states[0].shape[1]
    (h0, c0), (Wx, Wh, b, more) = _padded(states, 2), _padded(weights, 4)
    x, order, lengths = prepare_lengths(device, x, lengths)
    from_x = device.empty(N, T, cell.gates * H)
    device.multiply(_rows(from_x), _rows(x), Wx)  # (N T, D) @ (D, gates H) -> (N T, gates H)
    y = from_x if cell.gates == 1 else device.empty(N, T, H)  # an RNN's h_t replaces x_t Wx ...
    gates = None if cell.gates == 1 else from_x  # ... and the gates of all others do
    kept, seen = device.empty(N, T, H) if cell.keeps else None, device.empty(N, T, H)
    cache = Cache(name, x, h0, c0, Wx, Wh, b, more, gates, kept, y, seen, order, lengths, mask)
    last = [device.empty(N, H) for _ in states]
    kernel = all_steps(device, name, N, H, backward=False)
    if kernel is not None:
        results = gates, kept, y, seen, *_padded(last, 2)
        kernel(h0, c0, Wh, b, more, mask, from_x, *results, order, lengths, N=N, T=T)
    else:
        for array, state in zip(last, states, strict=True):
            array[...] = state
        h, c = _padded(last, 2)
        forward_steps(device, cache, h, c)
    return y, last, cache


def backward_on(
    device: Device, dy: Array, dstates: Sequence[Array], cache: Cache
) -> tuple[Array, list[Array], list[Array]]:
    """Backward through whole sequences: dx, gradients of the first states, gradients of the weights in their order."""
    cell, (N, T, H), x = CELLS[cache.name], dy.shape, cache.x
    first = [device.empty(N, H) for _ in dstates]
    kernel = all_steps(device, cache.name, N, H, backward=True)
    if kernel is not None:
        d, sums = device.empty(N, T, cell.blocks * H), device.empty(cell.sums * H)
        weights = cache.Wh, cache.b, cache.more, cache.mask
        of_forward = cache.gates, cache.kept, cache.y, cache.h0, cache.c0
        results = d, sums, *_padded(first, 2)
        kernel(dy, *_padded(dstates, 2), *weights, *of_forward, *results, cache.order, cache.lengths, N=N, T=T)
    else:
        for array, state in zip(first, dstates, strict=True):
            array[...] = state
        d = device.empty(N, T, cell.sums * H)
        dh, dc = _padded(first, 2)
        backward_steps(device, dy, d, dh, dc, cache)
        sums = _rows(d).sum(axis=0)
    start, stop = cell.da
    d, dx, dWx = _rows(d), device.empty(*x.shape), device.empty(*cache.Wx.shape)
    da = d[:, start * H : stop * H]
    device.multiply(_rows(dx), da, cache.Wx, transpose_b=True)  # (N T, gates H) @ (gates H, D) -> (N T, D)
    device.multiply(dWx, _rows(x), da, transpose_a=True)  # (D, N T) @ (N T, gates H) -> (D, gates H)
    sums = sums.reshape(cell.sums, H)
    db, dmore = sums[start:stop].reshape(-1), []
    if cache.more is not None:
        dmore = [(sums[:start] if start else sums[stop:]).reshape(cache.more.shape)]
    return dx, first, [dWx, _recurrent_gradient(device, cell, d, cache), db, *dmore]


def _recurrent_gradient(device: Device, cell: Cell, d: Array, cache: Cache) -> Array:
    """DWh (H, gates H) from the gradients of all steps (N T, ...)."""
    H, seen = len(cache.Wh), _rows(cache.seen)
    dWh = device.empty(*cache.Wh.shape)
    for to, blocks in column_runs(cell):
        k = _rows(cache.kept) if cell.two_products and to == 2 else seen  # Wh_n multiplies k_t
        columns, ds = dWh[:, to * H : (to + len(blocks)) * H], d[:, blocks.start * H : blocks.stop * H]
        device.multiply(columns, k, ds, transpose_a=True)  # (H, N T) @ (N T, ...) -> (H, ...)
    return dWh


def _rows(array: Array) -> Array:
    """(N, T, K) -> (N T, K)."""
    return array.reshape(-1, array.shape[-1])


def _padded(arrays: Sequence[Array], size: int) -> list[Array | None]:
    """``arrays``, then as many None as make ``size``."""
    return [*arrays, *[None] * (size - len(arrays))]
