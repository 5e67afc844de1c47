"""The rest of a training step over kernels: cross-entropy, sums of rows, the norm of the gradients, updates of parameters.

None of these functions waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from scratchnn.backend.arrays import Array, array_module
from scratchnn.backend.kernels.cells import text
from scratchnn.backend.kernels.devices import Device
from scratchnn.backend.kernels.launches import THREADS

NORM_BLOCKS = 64  # at most, for each gradient
MOST_IDS = 1 << 14  # beyond, comparing every id with every other takes longer than sorting them
RULES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")


@cache
def _kernel(device: Device, file: str, name: str, shared: int = 0, head: str = "") -> Callable[..., None]:
    return device.compile(head + text(file), name, shared)


def _plain(array: Array) -> Array:
    """``array`` itself if its entries are in memory in their order, a copy otherwise."""
    return array if array.flags.c_contiguous else array_module(array).ascontiguousarray(array)


def cross_entropy_on(device: Device, logits: Array, ids: Array, factor: Array, gradient: Array, losses: Array) -> None:
    """The loss of each row of ``logits`` (M, V) into ``losses`` (M,), the gradient times ``factor`` (M,) into ``gradient``.

    ``gradient`` (M, V) may be the logits; ``ids`` (M,) are integers.
    """
    size = 2 * THREADS * device.dtype.itemsize
    run = _kernel(device, "cross_entropy.cu", "cross_entropy", size)
    M, V = logits.shape
    run(M, THREADS, _plain(logits), _plain(ids.astype("int32", copy=False)), _plain(factor), gradient, losses, V)


def sum_rows_on(device: Device, ids: Array, rows: Array, table: Array | None = None) -> tuple[Array, Array | None]:
    """Sums of the rows (M, D) that share an id, in the places of the first of them.

    Returns:
        The ids (M,), -1 where an id has occurred before; the sums (M, D), zero there. If ``table`` (V, D) is given, the
        sums are added to its rows instead, and the second result is None.
    """
    M, D = rows.shape
    threads = min(1024, -(-D // 32) * 32)
    ids, distinct, rows = _plain(ids.astype("int32", copy=False)), device.empty(M, dtype="int32"), _plain(rows)
    _kernel(device, "rows.cu", "first_of_each")(-(-M // THREADS), THREADS, ids, distinct, M)
    sums = device.empty(M, D) if table is None else None
    run = _kernel(device, "rows.cu", "sum_rows", threads * device.dtype.itemsize)
    run(M, threads, ids, distinct, rows, sums, table, M, D)
    return distinct, sums


def norm_on(device: Device, gradients: Sequence[Array]) -> Array:
    """The norm of all entries of the gradients, a float64 array of shape ()."""
    blocks = [min(NORM_BLOCKS, -(-gradient.size // THREADS)) for gradient in gradients]
    parts, norm, first = device.empty(sum(blocks), dtype="float64"), device.empty(dtype="float64"), 0
    run = _kernel(device, "norm.cu", "squares", 8 * THREADS)
    for gradient, count in zip(gradients, blocks, strict=True):
        transposed = gradient.T.flags.c_contiguous  # as some products return it; the order of the entries does not matter
        run(count, THREADS, gradient.T if transposed else _plain(gradient), parts, gradient.size, first)
        first += count
    _kernel(device, "norm.cu", "root", 8 * THREADS)(1, THREADS, parts, norm, first)
    return norm


def update_on(
    device: Device,
    rule: str,
    numbers: Sequence[float],
    keep: float,
    w: Array,
    g: Array,
    slots: Sequence[Array],
    ids: Array | None = None,
) -> None:
    """One step of an optimizer: change ``w`` and ``slots`` in place.

    Args:
        rule: one of ``RULES``.
        numbers: the learning rate and the rule's other numbers (``optimizers.cu``).
        keep: the part of w that weight decay leaves.
        w, slots: the parameter and its state, of one shape.
        g: the gradient, of the same shape; with ``ids`` (M,) that of some rows (M, ...), none of them twice.
    """
    run = _kernel(device, "optimizers.cu", "update", head=f"#define RULE {rule}\n")
    state, others = [*slots, None, None][:2], [float(number) for number in (*numbers, *[0.0] * (6 - len(numbers)))]
    D = g.size // len(g) if ids is not None else 1
    run(-(-g.size // THREADS), THREADS, w, _plain(g), *state, ids, g.size, D, float(keep), *others)
