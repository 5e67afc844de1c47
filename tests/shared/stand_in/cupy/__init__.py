"""A rehearsal of CuPy, in host memory: with this folder on the path, what is for a GPU runs on a machine without one.

    PYTHONPATH=.:tests/shared:tests/shared/stand_in python -m scratchnn train lm --data my.txt --device gpu

Arrays are those of ``guarded.py``. Kernels run on the emulation (``emulated_launch.py``), after their arguments have been
held against their C++ declaration; cuBLAS is a NumPy product of what its pointers and leading dimensions describe. So
``backend/kernels/cuda.py`` runs as it does on a GPU. What this cannot show: what CuPy, NVIDIA's compiler and a GPU do.
"""

import ctypes
import math
import re

import guarded
import numpy as np
from emulated_launch import build_kernel, launch
from rounding import rounded

__version__ = "14.0"


class _Memory:
    """The memory of an array."""

    def __init__(self, held):
        self.held, self.ptr = held, held.ctypes.data

    def memset_async(self, value, size):
        assert self.held.flags.c_contiguous
        ctypes.memset(self.ptr, value, size)


class ndarray(guarded.Array):
    """A guarded array, with what CuPy's arrays have besides; its conversions to a number wait for the device."""

    @property
    def data(self):
        return _Memory(self.held)

    @property
    def strides(self):
        return self.held.strides

    def __float__(self):
        return float(self.held)

    def __int__(self):
        return int(self.held)

    def __bool__(self):
        return bool(self.held)

    def __matmul__(self, other):
        from cupy._core import _routines_linalg as products

        single = isinstance(other, ndarray) and self.dtype == other.dtype == np.float32
        if single and products.get_compute_type(np.float32) == products.COMPUTE_TYPE_TF32:
            return ndarray(np.asarray(rounded(self.held, "tf32") @ rounded(other.held, "tf32")))
        return super().__matmul__(other)


class Generator(guarded.Generator):
    """A generator that draws these arrays."""


class random:
    """The ``random`` part of the library."""

    default_rng = Generator


guarded.Array = ndarray  # every result of guarded.py is one of these


def __getattr__(name):
    return getattr(guarded, name)


def empty(shape, dtype=np.float64):
    """Undefined contents, here NaN; -1 in integers."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    memory = np.full(math.prod(shape) * np.dtype(dtype).itemsize, 0xFF, dtype=np.uint8)
    return ndarray(memory.view(dtype).reshape(shape))


def matmul(a, b, out=None):
    """As ``a @ b``."""
    result = a @ b
    if out is None:
        return result
    out[...] = result
    return out


class RawModule:
    """Kernels from their source."""

    def __init__(self, code, options=(), enable_cooperative_groups=False):
        from scratchnn.backend.kernels.cells import text

        assert code.startswith(text("device.cuh"))
        assert options == ("-std=c++17",)
        self.code, self.cooperative = code.removeprefix(text("device.cuh")), enable_cooperative_groups

    def get_function(self, name):
        return _Kernel(self.code, name, self.cooperative)


_limits = {}  # of shared memory, by code and name: equal ones are one function of the driver, which holds one limit


class _Kernel:
    def __init__(self, code, name, cooperative):
        self.name, self.cooperative, self.launches, self.key = name, cooperative, 0, (code, name)
        self.library = build_kernel(code, name)
        declared = re.search(rf"\b{name}\(([^)]*)\)", code[code.index('extern "C"') :])[1]
        self.kinds = [_kind(part.strip()) for part in declared.split(",")]

    @property
    def max_dynamic_shared_size_bytes(self):
        return _limits.get(self.key, 48 * 1024)

    @max_dynamic_shared_size_bytes.setter
    def max_dynamic_shared_size_bytes(self, size):
        _limits[self.key] = size

    def __call__(self, grid, block, arguments, shared_mem=0):
        from cupy import cuda

        assert shared_mem <= self.max_dynamic_shared_size_bytes <= cuda.SHARED
        assert not self.cooperative or grid[0] <= cuda.MULTIPROCESSORS
        assert 1 <= grid[0] <= 2**31 - 1
        assert 1 <= block[0] <= 1024
        assert len(arguments) == len(self.kinds), (self.name, self.kinds)
        values = [_value(argument, kind) for argument, kind in zip(arguments, self.kinds, strict=True)]
        self.launches += 1
        launch(self.library, self.name, grid[0], block[0], shared_mem, values, self.launches)


def _kind(declared):
    """What a parameter of a kernel takes: a dtype, and whether it is a pointer to an array."""
    name = re.search(r"real|double|unsigned|long long|int", declared)[0]
    dtype = {"real": "float32", "double": "float64", "unsigned": "uint32", "long long": "int64", "int": "int32"}[name]
    return dtype, "*" in declared


def _value(argument, kind):
    dtype, pointer = kind
    if isinstance(argument, np.uintp) and pointer:
        assert argument == 0
        return ctypes.c_void_p(None)
    assert isinstance(argument, ndarray if pointer else np.generic), type(argument)
    assert argument.dtype == dtype, (argument.dtype, kind)
    if not pointer:
        return (ctypes.c_float if dtype == "float32" else ctypes.c_int)(argument)
    assert argument.held.flags.c_contiguous
    return ctypes.c_void_p(argument.held.ctypes.data)
