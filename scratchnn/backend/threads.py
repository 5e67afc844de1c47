"""The number of threads in NumPy's matrix products: a rule on sizes, and what overrides it.

OpenBLAS, which is part of NumPy's wheels, splits a product among all cores once it takes more than some ten microseconds.
Small products gain little. If another program runs on one of the cores, the threads that have finished wait for the one on
that core, and the same products take several times as long.

Who decides, the first that applies:

    another BLAS      MKL, Accelerate ... are left alone
    environment       a variable of ``VARIABLES`` that the user has set
    explicit choice   ``set_threads(N)``, or ``--threads N`` of a command
    rule              one thread if a product has fewer than ``LARGE`` multiply-adds in the mean, otherwise all cores

The bits of a result may depend on the number of threads: OpenBLAS divides a large product differently. The rule therefore
knows sizes only, not the load of the machine, and the same command gives the same bits on the same machine.
"""

from __future__ import annotations

import ctypes
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

from scratchnn.errors import ScratchnnWarning, whole_number

LARGE = 24_000_000  # multiply-adds of a matrix product; from here on, more than one thread is worthwhile
VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")  # in the order in which OpenBLAS reads them
OTHER_VARIABLES = {  # of other libraries, by a part of their name
    "mkl": "MKL_NUM_THREADS",
    "accelerate": "VECLIB_MAXIMUM_THREADS",
    "blis": "BLIS_NUM_THREADS",
}


class Choice:
    """The number of threads that was chosen, None if the rule decides, and the one that OpenBLAS had before."""

    number: int | None = None
    before: int | None = None


def set_threads(number: int | None, name: str = "set_threads") -> None:
    """Choose the number of threads of matrix products, in place of the rule; None returns to the rule.

    A choice that the environment or another BLAS forbids has no effect, and a ``ScratchnnWarning`` says so.

    Args:
        number: 1 or more.
        name: what the user wrote, for messages.
    """
    if number is not None:
        whole_number(number, name)
    if obstacle := why_fixed():
        if number not in (None, blas_threads()):
            warnings.warn(f"{name} {number} has no effect: {obstacle}", ScratchnnWarning, stacklevel=2)
        return
    if Choice.number is None:
        Choice.before = blas_threads()
    Choice.number = number
    set_blas_threads(number or Choice.before or 1)


@contextmanager
def chosen_threads(number: int | None, name: str) -> Iterator[None]:
    """``set_threads`` for the ``with`` block only; no effect if ``number`` is None."""
    earlier = Choice.number
    if number is not None:
        set_threads(number, name)
    try:
        yield
    finally:
        if number is not None and Choice.number != earlier:
            set_threads(earlier)


@contextmanager
def threads_for(multiply_adds: float) -> Iterator[None]:
    """Inside the ``with`` block, the number of threads is by the rule, unless something else decides.

    Args:
        multiply_adds: of a matrix product, the mean over those that are computed inside.
    """
    if why_fixed() or Choice.number is not None or multiply_adds >= LARGE:
        yield
        return
    before = blas_threads()
    set_blas_threads(1)
    try:
        yield
    finally:
        if Choice.number is None:
            set_blas_threads(before or 1)


def why_fixed() -> str:
    """Why neither the rule nor a choice applies, in a few words; ``""`` if one does."""
    if blas_threads() is None:
        name = blas_name()
        variable = next((v for part, v in OTHER_VARIABLES.items() if part in name.lower()), "")
        return f"NumPy uses {name}, which scratchnn leaves alone" + (f"; set {variable} instead" if variable else "")
    for name in VARIABLES:
        value = os.environ.get(name, "")
        if number := re.match(r"\s*0*[1-9]\d*", value):  # OpenBLAS ignores anything else
            return f"{name}={number[0].strip()} in the environment decides; unset it to choose another number"
    return ""


# --- OpenBLAS --------------------------------------------------------------------------------------------------------


def blas_name() -> str:
    """Name and version of the BLAS that NumPy was built with."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def blas_threads() -> int | None:
    """The number of threads that OpenBLAS uses; ``None`` if NumPy uses another BLAS."""
    get = openblas("get_num_threads")
    return None if get is None else int(get())


def set_blas_threads(number: int) -> None:
    """Set the number of threads that OpenBLAS uses; no effect if NumPy uses another BLAS."""
    change = openblas("set_num_threads")
    if change is not None:
        change(number)


@cache
def openblas(name: str) -> ctypes._NamedFuncPointer | None:
    """A function of OpenBLAS by its name; NumPy's wheels add a prefix and a suffix.

    On Linux and macOS a symbol is looked up in the libraries that NumPy's module uses, too; on Windows it is looked up in
    the module alone, so the libraries beside NumPy are tried as well.
    """
    beside = Path(np.__file__).parent.parent / "numpy.libs"
    for path in (np.linalg._umath_linalg.__file__, *sorted(map(str, beside.glob("*openblas*.dll")))):
        library = ctypes.CDLL(path)
        for function in (f"scipy_openblas_{name}64_", f"scipy_openblas_{name}", f"openblas_{name}64_", f"openblas_{name}"):
            if hasattr(library, function):
                return getattr(library, function)
    return None
