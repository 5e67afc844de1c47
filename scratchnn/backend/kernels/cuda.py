"""CUDA devices through CuPy. This is the only file of the folder that uses CuPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from scratchnn.backend.arrays import Array, load_backend
from scratchnn.backend.kernels.cards import Card
from scratchnn.backend.kernels.cells import text

ONE, ZERO = np.ones(1, dtype=np.float32), np.zeros(1, dtype=np.float32)
NULL = np.uintp(0)


def current_device() -> CudaDevice:
    """The device that CuPy uses at the moment."""
    return _device(load_backend("cupy").cuda.runtime.getDevice())


@cache
def _device(number: int) -> CudaDevice:
    return CudaDevice(number)


class CudaDevice:
    """A CUDA device; float32. Its kernels belong to one stream, because they share exchange buffers and counters."""

    dtype = np.dtype(np.float32)

    def __init__(self, number: int):
        self.cupy = load_backend("cupy")
        self.cublas = import_module("cupy_backends.cuda.libs.cublas")
        attributes = self.cupy.cuda.Device(number).attributes
        capability = attributes["ComputeCapabilityMajor"], attributes["ComputeCapabilityMinor"]
        self.card = Card(capability, attributes["MultiProcessorCount"], attributes["MaxSharedMemoryPerBlockOptin"])

    def empty(self, *shape: int, dtype: Any = None) -> Array:
        """See ``Device``."""
        return self.cupy.empty(shape, dtype=dtype or self.dtype)

    def clear(self, array: Array) -> None:
        """See ``Device``."""
        array.data.memset_async(0, array.nbytes)

    def multiply(
        self, out: Array, a: Array, b: Array, transpose_a: bool = False, transpose_b: bool = False, add: bool = False
    ) -> None:
        """See ``Device``; cuBLAS, which costs half of the host's time that ``cupy.matmul`` costs."""
        m, n = out.shape
        k = a.shape[0] if transpose_a else a.shape[1]
        handle = self.cupy.cuda.device.get_cublas_handle()
        self.cublas.sgemm(  # cuBLAS stores columns first, so it is given out^T = b^T a^T
            handle, int(transpose_b), int(transpose_a), n, m, k, ONE.ctypes.data, b.data.ptr, b.strides[0] // 4,
            a.data.ptr, a.strides[0] // 4, (ONE if add else ZERO).ctypes.data, out.data.ptr, out.strides[0] // 4,
        )  # fmt: skip

    def compile(self, source: str, name: str, shared: int, cooperative: bool = False) -> Callable[..., None]:
        """See ``Device``; CuPy keeps what it has compiled on disk."""
        code = text("device.cuh") + source
        module = self.cupy.RawModule(code=code, options=("-std=c++17",), enable_cooperative_groups=cooperative)
        function = module.get_function(name)
        if shared:
            function.max_dynamic_shared_size_bytes = shared

        def launch(blocks: int, threads: int, *arguments: Any) -> None:
            function((blocks,), (threads,), tuple(map(_argument, arguments)), shared_mem=shared)

        return launch


def _argument(value: Any) -> Any:
    """A kernel's argument as CuPy takes it."""
    if value is None:
        return NULL
    if isinstance(value, int):
        return np.int32(value)
    return np.float32(value) if isinstance(value, float) else value
