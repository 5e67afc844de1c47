"""Which array library an array belongs to, and the few operations for which NumPy and CuPy need different code.

There is no global switch. ``array_module(x)`` depends on the type of ``x``, so the same function runs on the CPU and on the
GPU. This is the only package that imports CuPy, and only when it is first needed.
"""

from scratchnn.backend.arrays import (
    FLOATING,
    Array,
    Generator,
    array_module,
    backend_name,
    check_array,
    check_axis,
    check_ids,
    floating,
    generator,
    is_generator_type,
    move,
    move_generator,
    seed_from,
    to_numpy,
)
from scratchnn.backend.buffers import BufferPool, Lease
from scratchnn.backend.cache_blocks import blocks
from scratchnn.backend.precision import set_precision
from scratchnn.backend.scatter import merge_rows, scatter_add, sum_rows
from scratchnn.backend.threads import set_threads, threads_for

__all__ = [
    "FLOATING",
    "Array",
    "BufferPool",
    "Generator",
    "Lease",
    "array_module",
    "backend_name",
    "blocks",
    "check_array",
    "check_axis",
    "check_ids",
    "floating",
    "generator",
    "is_generator_type",
    "merge_rows",
    "move",
    "move_generator",
    "scatter_add",
    "seed_from",
    "set_precision",
    "set_threads",
    "sum_rows",
    "threads_for",
    "to_numpy",
]
