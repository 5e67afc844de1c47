"""The precision of matrix products on a GPU: float32, unless a run chooses less for more speed.

How far the operands of a float32 product may be rounded before they are multiplied; the sums are float32 in any case:

    float32     not at all
    tf32        to 10 bits after the leading one (TF32): a relative error of at most 2^-11
    bfloat16    to 7 bits, 2^-8, in recurrent layers; elsewhere as tf32, the least that CuPy offers

Rounded operands go to the tensor cores of the GPU, which needs compute capability 8.0 or newer. Two kinds of products are
always float32: those of the CPU, and the product that each step of a recurrent kernel waits for (``kernels/product.cuh``).
Weights, gradients and optimizers are not rounded.

Who decides: ``set_precision``, or ``train --precision``; otherwise CuPy's own variable, ``CUPY_TF32=1`` in the environment,
means tf32.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from scratchnn.backend.arrays import load_backend
from scratchnn.errors import BackendError, DataError

PRECISIONS = ("float32", "tf32", "bfloat16")
LEAST = (8, 0)  # compute capability that rounded products need


class Choice:
    """What ``set_precision`` has chosen; None if nothing."""

    name: str | None = None


def precision() -> str:
    """The precision in force, one of ``PRECISIONS``."""
    return Choice.name or ("tf32" if os.environ.get("CUPY_TF32", "0") not in ("", "0") else "float32")


def set_precision(name: str) -> None:
    """Choose how float32 matrices are multiplied on a GPU from now on.

    Args:
        name: one of ``PRECISIONS``.

    Raises:
        DataError: ``name`` is none of them.
        BackendError: it is not ``"float32"``, and CuPy finds no GPU or one without such products.
    """
    if name not in PRECISIONS:
        raise DataError(f"set_precision: unknown precision {name!r}; choose one of {', '.join(PRECISIONS)}")
    if name != precision():
        _tell_cupy(name)
    Choice.name = name


@contextmanager
def chosen_precision(name: str | None) -> Iterator[None]:
    """``set_precision`` for the ``with`` block only; no effect if ``name`` is None."""
    before = precision()
    if name is not None:
        set_precision(name)
    try:
        yield
    finally:
        if name is not None:
            set_precision(before)


def _tell_cupy(name: str) -> None:
    """Make ``cupy.matmul`` and ``@`` multiply with this precision."""
    cupy = load_backend("cupy")
    major, minor = divmod(int(cupy.cuda.Device().compute_capability), 10)
    if name != "float32" and (major, minor) < LEAST:
        raise BackendError(
            f"this GPU has compute capability {major}.{minor}, {name} products need {LEAST[0]}.{LEAST[1]}; "
            "leave out --precision"
        )
    products = importlib.import_module("cupy._core._routines_linalg")
    kind = products.COMPUTE_TYPE_DEFAULT if name == "float32" else products.COMPUTE_TYPE_TF32
    products.set_compute_type(np.float32, kind)
