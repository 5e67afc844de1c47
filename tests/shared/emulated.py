"""The CUDA kernels on a CPU: the same source, compiled by a C++ compiler, with ``emulated_device.h`` in place of
``device.cuh``. Slow, and enough for everything but speed and the memory model of a GPU: see the header.

``EmulatedDevice`` is a device for guarded arrays (``guarded.py``), in float32, or in float64 for gradient checks. Its
arrays start as NaN, so that what a kernel forgets to write shows.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import guarded
import numpy as np
import pytest

from scratchnn.backend.kernels.cards import Card

HEADER = Path(__file__).with_name("emulated_device.h")
BUILT = Path(tempfile.gettempdir()) / f"scratchnn-emulated-{os.getuid() if hasattr(os, 'getuid') else 0}"
COMPILER = next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)
MARGIN = 4096  # bytes before and after each array, in which nothing may be written
FLAGS = ("-std=c++17", "-O1", "-fno-strict-aliasing", "-U_FORTIFY_SOURCE", "-w", "-shared", "-fPIC")


def _has_fibers() -> bool:
    """Whether the system has a C++ compiler and ``ucontext.h``."""
    if COMPILER is None:
        return False
    test = subprocess.run([COMPILER, "-x", "c++", "-E", "-"], input=b"#include <ucontext.h>\n", capture_output=True)
    return test.returncode == 0


needs_compiler = pytest.mark.skipif(not _has_fibers(), reason="needs a C++ compiler and ucontext.h")


class DeadlockError(Exception):
    """Some threads wait at a barrier that the others do not reach."""


class OutsideError(Exception):
    """A kernel has written beside an array."""


@cache
def build(code: str) -> ctypes.CDLL:
    """The compiled ``code``, kept from run to run by its hash."""
    BUILT.mkdir(mode=0o700, exist_ok=True)
    stem = hashlib.sha256("\0".join((code, *FLAGS)).encode()).hexdigest()[:24]
    library = BUILT / f"{stem}.so"
    if not library.exists():
        draft = BUILT / f"{stem}-{os.getpid()}.so"
        subprocess.run([COMPILER, *FLAGS, "-x", "c++", "-o", draft, "-"], input=code.encode(), check=True)
        draft.replace(library)
    return ctypes.CDLL(str(library))


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
        result = (held(a).T if transpose_a else held(a)) @ (held(b).T if transpose_b else held(b))
        held(out)[...] = held(out) + result if add else result

    def compile(self, source, name, shared, cooperative=False):
        double = "#define EMULATE_DOUBLE\n" if self.dtype == np.float64 else ""
        library = build(double + HEADER.read_text() + self.change(source) + f"\nEMULATE({name})\n")

        def launch(blocks, threads, *arguments):
            assert not cooperative or blocks <= self.card.multiprocessors
            assert shared <= self.card.shared * (self.dtype.itemsize // 4)
            self.launched.append(name)
            values = [self._argument(value) for value in arguments]
            pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
            self.seed += 1
            bytes_ = shared * (self.dtype.itemsize // 4)
            if library.emulate(blocks, threads, bytes_, ctypes.c_ulonglong(self.seed), pointers):
                raise DeadlockError(name)
            if not all((margin == 0xFF).all() for margin in self.margins):
                raise OutsideError(name)

        return launch

    def _argument(self, value):
        if value is None:
            return ctypes.c_void_p(None)
        if isinstance(value, guarded.Array):
            assert value.held.flags.c_contiguous
            return ctypes.c_void_p(value.held.ctypes.data)
        if isinstance(value, float):
            return (ctypes.c_float if self.dtype == np.float32 else ctypes.c_double)(value)
        return ctypes.c_int(value)
