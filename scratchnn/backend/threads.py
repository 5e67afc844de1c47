"""The number of threads in NumPy's matrix products.

OpenBLAS, which is part of NumPy's wheels, splits a product among all cores once it takes more than some ten microseconds.
For products of that size this is rarely worthwhile. If another program runs on one of the cores, the threads that have
finished wait for the one on that core, and the same products take many times as long.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside the ``with`` block matrix products use one thread; no effect if NumPy uses another BLAS."""
    before = blas_threads()
    set_blas_threads(1)
    try:
        yield
    finally:
        if before is not None:
            set_blas_threads(before)


def blas_threads() -> int | None:
    """The number of threads that OpenBLAS uses; ``None`` if NumPy uses another BLAS."""
    get = _openblas("get_num_threads")
    return None if get is None else int(get())


def set_blas_threads(number: int) -> None:
    """Set the number of threads that OpenBLAS uses; no effect if NumPy uses another BLAS."""
    change = _openblas("set_num_threads")
    if change is not None:
        change(number)


def _openblas(name: str) -> ctypes._NamedFuncPointer | None:
    """A function of OpenBLAS by its name; NumPy's wheels add a prefix and a suffix."""
    library = ctypes.CDLL(np.linalg._umath_linalg.__file__)  # symbols are looked up in the libraries that it uses, too
    for decorated in (f"scipy_openblas_{name}64_", f"scipy_openblas_{name}", f"openblas_{name}64_", f"openblas_{name}"):
        if hasattr(library, decorated):
            return getattr(library, decorated)
    return None
