"""Which array library holds this array, and the few operations where NumPy and CuPy need different code.

There is no global switch. ``array_module(x)`` goes by the type of ``x``, so the same function runs wherever its data
lies. This is the only room that imports CuPy, and it does so the first time somebody asks for it.
"""

from scratchnn.backend.arrays import (
    Array,
    Generator,
    array_module,
    backend_name,
    check_axis,
    check_ids,
    generator,
    move,
    move_generator,
    seed_from,
    to_numpy,
)
from scratchnn.backend.buffers import BufferPool, Lease
from scratchnn.backend.cache_blocks import blocks
from scratchnn.backend.scatter import scatter_add, sum_rows
from scratchnn.backend.threads import one_thread

__all__ = [
    "Array",
    "BufferPool",
    "Generator",
    "Lease",
    "array_module",
    "backend_name",
    "blocks",
    "check_axis",
    "check_ids",
    "generator",
    "move",
    "move_generator",
    "one_thread",
    "scatter_add",
    "seed_from",
    "sum_rows",
    "to_numpy",
]
