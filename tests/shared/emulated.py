"""The CUDA kernels on a CPU: the same source, compiled by a C++ compiler, with ``emulated_device.h`` in place of
``device.cuh``. Slow, and enough for everything but speed and the memory model of a GPU: see the header.

``EmulatedDevice`` is a device for guarded arrays (``guarded.py``), in float32, or in float64 for gradient checks. Its
arrays start as NaN, so that what a kernel forgets to write shows.
"""

from __future__ import annotations

import ctypes
import math

import guarded
import numpy as np
import pytest
from emulated_launch import DeadlockError, build_kernel, has_fibers, launch
from rounding import rounded

from scratchnn.backend.kernels.cards import Card
from scratchnn.backend.precision import precision

MARGIN = 4096  # bytes before and after each array, in which nothing may be written

needs_compiler = pytest.mark.skipif(not has_fibers(), reason="needs a C++ compiler and ucontext.h")

__all__ = ["DeadlockError", "EmulatedDevice", "OutsideError", "needs_compiler"]


class OutsideError(Exception):
    """A kernel has written beside an array."""


def held(array):
    """The NumPy array inside a guarded one."""
    assert isinstance(array, guarded.Array), type(array)
    return array.held


class EmulatedDevice:
    """A pretended GPU.

    Args:
        multiprocessors, shared: of the pretended card.
        dtype: of its numbers.
        seed: of the order in which threads run.

    Attributes:
        change: applied to the source of every kernel, for tests that plant mistakes.
        launched: the names of all kernels launched so far.
    """

    def __init__(self, multiprocessors: int = 3, shared: int = 64 * 1024, dtype: str = "float32", seed: int = 0):
        self.card = Card((9, 0), multiprocessors, shared)
        self.dtype = np.dtype(dtype)
        self.seed = seed
        self.change = lambda source: source
        self.launched = []
        self.margins = []

    def empty(self, *shape, dtype=None):
        dtype = np.dtype(dtype or self.dtype)
        size = math.prod(shape) * dtype.itemsize
        memory = np.full(size + 2 * MARGIN, 0xFF, dtype=np.uint8)  # NaN; -1 in integers
        self.margins += [memory[:MARGIN], memory[MARGIN + size :]]
        return guarded.Array(memory[MARGIN : MARGIN + size].view(dtype).reshape(shape))

    def clear(self, array):
        held(array)[...] = 0

    def multiply(self, out, a, b, transpose_a=False, transpose_b=False, add=False):
        assert {array.dtype for array in (out, a, b)} == {self.dtype}
        a, b = (rounded(held(array), precision()) for array in (a, b))
        result = (a.T if transpose_a else a) @ (b.T if transpose_b else b)
        held(out)[...] = held(out) + result if add else result

    def compile(self, source, name, shared, cooperative=False):
        library = build_kernel(self.change(source), name, self.dtype == np.float64)

        def run(blocks, threads, *arguments):
            assert not cooperative or blocks <= self.card.multiprocessors
            assert shared <= self.card.shared * (self.dtype.itemsize // 4)
            self.launched.append(name)
            self.seed += 1
            values = [self._argument(value) for value in arguments]
            launch(library, name, blocks, threads, shared * (self.dtype.itemsize // 4), values, self.seed)
            if not all((margin == 0xFF).all() for margin in self.margins):
                raise OutsideError(name)

        return run

    def _argument(self, value):
        if value is None:
            return ctypes.c_void_p(None)
        if isinstance(value, guarded.Array):
            assert value.held.flags.c_contiguous
            return ctypes.c_void_p(value.held.ctypes.data)
        if isinstance(value, float):
            return (ctypes.c_float if self.dtype == np.float32 else ctypes.c_double)(value)
        return ctypes.c_int(value)
