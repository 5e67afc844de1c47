"""The CUDA kernels on a CPU: the same source, compiled by a C++ compiler, with ``emulated_device.h`` in place of
``device.cuh``. Slow, and enough for everything but speed and the memory model of a GPU: see the header.

``EmulatedDevice`` is a device for guarded arrays (``guarded.py``), in float32, or in float64 for gradient checks. Its
arrays start as NaN, so that what a kernel forgets to write shows. Each lies between two pages that nothing may touch, so
that a kernel does not leave it unnoticed.
"""

from __future__ import annotations

import ctypes
import math
import mmap
import weakref

import guarded
import numpy as np
import pytest
from emulated_launch import DeadlockError, OutsideError, build_kernel, has_fibers, launch
from rounding import rounded

from scratchnn.backend.kernels.cards import Card
from scratchnn.backend.precision import precision

PAGE = mmap.PAGESIZE
NO_ACCESS = 0  # PROT_NONE of sys/mman.h

needs_compiler = pytest.mark.skipif(not has_fibers(), reason="needs a C++ compiler and ucontext.h")

__all__ = ["DeadlockError", "EmulatedDevice", "OutsideError", "needs_compiler"]


def fenced_pages(size):
    """Pages for ``size`` bytes of 0xFF (NaN; -1 in integers), and one before and one after them that nothing may touch."""
    room = -(-max(size, 1) // PAGE) * PAGE
    pages = np.frombuffer(mmap.mmap(-1, room + 2 * PAGE), np.uint8)
    pages[...] = 0xFF
    for fence in (pages[:PAGE], pages[-PAGE:]):
        assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(fence.ctypes.data), ctypes.c_size_t(PAGE), NO_ACCESS) == 0
    return pages


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
        self.random = np.random.default_rng(seed)
        self.margins = []  # of each array: a weak reference to its pages, and the parts of them that are not its own

    def empty(self, *shape, dtype=None):
        dtype = np.dtype(dtype or self.dtype)
        size = math.prod(shape) * dtype.itemsize
        pages = fenced_pages(size)
        last = len(pages) - PAGE
        start = PAGE if self.random.integers(2) else last - size  # at the page before it or at the one after it
        self.margins.append((weakref.ref(pages), slice(PAGE, start), slice(start + size, last)))
        return guarded.Array(pages[start : start + size].view(dtype).reshape(shape))

    def asarray(self, array):
        """A copy of a NumPy array."""
        copy = self.empty(*array.shape, dtype=array.dtype)
        copy.held[...] = array
        return copy

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
            self._check_margins(name)

        return run

    def _check_margins(self, name):
        """Nothing is written between an array and the pages around it; arrays that no longer exist are forgotten."""
        self.margins = [entry for entry in self.margins if entry[0]() is not None]
        for pages, *margins in self.margins:
            if not all((pages()[margin] == 0xFF).all() for margin in margins):
                raise OutsideError(name)

    def _argument(self, value):
        if value is None:
            return ctypes.c_void_p(None)
        if isinstance(value, guarded.Array):
            assert value.held.flags.c_contiguous
            return ctypes.c_void_p(value.held.ctypes.data)
        if isinstance(value, float):
            return (ctypes.c_float if self.dtype == np.float32 else ctypes.c_double)(value)
        return ctypes.c_int(value)
