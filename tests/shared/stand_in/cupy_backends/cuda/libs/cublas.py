"""Products of cuBLAS by NumPy, from pointers and leading dimensions; columns first. The order of arguments is cuBLAS's."""

import ctypes

import numpy as np
from rounding import rounded

CUBLAS_GEMM_DEFAULT = -1
CUBLAS_COMPUTE_32F_FAST_16BF, CUBLAS_COMPUTE_32F_FAST_TF32 = 75, 77
PRECISIONS = {CUBLAS_COMPUTE_32F_FAST_16BF: "bfloat16", CUBLAS_COMPUTE_32F_FAST_TF32: "tf32"}


def _matrix(pointer, rows, columns, leading):
    """The matrix (rows, columns) at an address, whose columns are ``leading`` numbers apart."""
    assert leading >= max(1, rows)  # or cuBLAS refuses it
    memory = (ctypes.c_float * ((columns - 1) * leading + rows)).from_address(pointer)
    return np.lib.stride_tricks.as_strided(np.frombuffer(memory, np.float32), (rows, columns), (4, 4 * leading))


def _number(pointer):
    return ctypes.c_float.from_address(pointer).value


def _multiply(transa, transb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc, precision="float32"):
    a = _matrix(A, k, m, lda).T if transa else _matrix(A, m, k, lda)
    b = _matrix(B, n, k, ldb).T if transb else _matrix(B, k, n, ldb)
    c, factor = _matrix(C, m, n, ldc), _number(beta)
    product = np.float32(_number(alpha)) * (rounded(a, precision) @ rounded(b, precision))
    c[...] = product if factor == 0 else product + np.float32(factor) * c  # with beta = 0, C may be NaN


def sgemm(handle, transa, transb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc):
    """C = alpha op(A) op(B) + beta C."""
    _multiply(transa, transb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc)


def gemmEx(handle, transa, transb, m, n, k, alpha, A, Atype, lda, B, Btype, ldb, beta, C, Ctype, ldc, computeType, algo):
    """The same; the operands are rounded as the compute type allows."""
    assert (Atype, Btype, Ctype, algo) == (0, 0, 0, CUBLAS_GEMM_DEFAULT)
    _multiply(transa, transb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc, PRECISIONS[computeType])
