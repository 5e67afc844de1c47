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
from scratchnn.backend.precision import precision

ONE, ZERO = np.ones(1, dtype=np.float32), np.zeros(1, dtype=np.float32)
NULL = np.uintp(0)
FLOAT = 0  # CUDA_R_32F, the type of all three matrices
ALWAYS_ALLOWED = 48 * 1024  # bytes of shared memory that a launch may use without asking
ROUNDED = {"tf32": "CUBLAS_COMPUTE_32F_FAST_TF32", "bfloat16": "CUBLAS_COMPUTE_32F_FAST_16BF"}


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
        device = self.cupy.cuda.Device(number)
        capability, attributes = divmod(int(device.compute_capability), 10), device.attributes
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
        handle, beta = self.cupy.cuda.device.get_cublas_handle(), (ONE if add else ZERO).ctypes.data
        sizes = int(transpose_b), int(transpose_a), n, m, k  # cuBLAS stores columns first, so it is given out^T = b^T a^T
        lda, ldb, ldc = (array.strides[0] // 4 for array in (a, b, out))
        if (chosen := precision()) == "float32":
            self.cublas.sgemm(handle, *sizes, ONE.ctypes.data, b.data.ptr, ldb, a.data.ptr, lda, beta, out.data.ptr, ldc)
        else:
            self.cublas.gemmEx(
                handle, *sizes, ONE.ctypes.data, b.data.ptr, FLOAT, ldb, a.data.ptr, FLOAT, lda, beta, out.data.ptr, FLOAT,
                ldc, getattr(self.cublas, ROUNDED[chosen]), self.cublas.CUBLAS_GEMM_DEFAULT,
            )  # fmt: skip

    def compile(self, source: str, name: str, shared: int, cooperative: bool = False) -> Callable[..., None]:
        """See ``Device``; CuPy keeps what it has compiled on disk."""
        code = text("device.cuh") + source
        module = self.cupy.RawModule(code=code, options=("-std=c++17",), enable_cooperative_groups=cooperative)
        function = module.get_function(name)
        if shared > ALWAYS_ALLOWED:  # the limit is kept for the name in this source, whatever device function asks for it
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
