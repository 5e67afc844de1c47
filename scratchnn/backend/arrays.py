"""Arrays and random generators: which library they belong to, which dtypes are computed with, moving to the other library.

Dtypes. Everything is computed in float32, float64, complex64 or complex128, whichever the data has. Booleans, integers and
float16 are promoted together with float32 (``floating``): int64 and int32 to float64, all others to float32. Computed as
they are, unsigned numbers would wrap below zero, integers would be cut, and sums of float16 would lose all digits. The
functions, the losses and the forward passes of layers do this to their inputs. Ids and lengths are integers of any type.
Weights and the gradients that backward passes take are float32 or wider; another dtype is an error with its name.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from scratchnn.errors import BackendError, DataError, ShapeError

Array: TypeAlias = Any  # numpy.ndarray or cupy.ndarray: the same methods, but no common base class
Generator: TypeAlias = Any  # numpy.random.Generator or cupy.random.Generator

FLOATING = frozenset("fdgFDG")  # the codes of float32 and wider, real and complex
BACKENDS = ["numpy", "cupy"]  # top-level modules; a type belongs to the one that defines it


def array_module(x: Array) -> Any:
    """The module (``numpy`` or ``cupy``) whose functions work on ``x``."""
    if type(x) is np.ndarray:  # spares the recurrent layers, which ask at every step, the look-up by name
        return np
    return sys.modules[backend_name(x)]


def backend_name(x: Array) -> str:
    """``"numpy"`` or ``"cupy"``, as ``move`` takes it, for arrays and for random generators."""
    name = type(x).__module__.partition(".")[0]
    if name not in BACKENDS:
        raise BackendError(f"expected a NumPy or CuPy array, got {type(x).__name__}")
    return name


def is_generator_type(kind: type) -> bool:
    """Whether ``kind`` is the type of the random generators of NumPy or CuPy."""
    return kind.__name__ == "Generator" and kind.__module__.partition(".")[0] in BACKENDS


def load_backend(name: str) -> ModuleType:
    """The array library of that name; a ``BackendError`` if it is not installed or finds no GPU."""
    if name not in BACKENDS:
        raise BackendError(f"unknown backend {name!r}; choose one of {', '.join(BACKENDS)}")
    try:
        xp = importlib.import_module(name)
        if name == "cupy":
            importlib.import_module("cupy.cuda")  # fails for a plain folder called cupy, which Python would import as well
    except ImportError as error:
        raise BackendError(
            f"{name} cannot be imported ({error}); install it with "
            'pip install -e ".[cuda12]" or pip install -e ".[cuda13]"; python -m scratchnn doctor says which'
        ) from None
    if name == "cupy":
        try:
            xp.cuda.runtime.getDeviceCount()
        except xp.cuda.runtime.CUDARuntimeError as error:
            raise BackendError(
                f"CuPy is installed but finds no usable GPU ({error}); python -m scratchnn doctor says what to do"
            ) from None
    return xp


def to_numpy(x: Array) -> np.ndarray:
    """``x`` as a NumPy array; a copy only if it is on a GPU."""
    return np.asarray(x) if isinstance(x, np.ndarray | np.generic) else x.get()


def move(x: Array, name: str) -> Array:
    """``x`` in the array library ``name``; ``x`` itself if it is there already."""
    if backend_name(x) == name:
        return x
    return load_backend(name).asarray(to_numpy(x))


def generator(name: str, seed: int) -> Generator:
    """A random generator that draws arrays of the library ``name``."""
    return load_backend(name).random.default_rng(seed)


def move_generator(rng: Generator, name: str) -> Generator:
    """A generator in the library ``name``, seeded by a draw from ``rng``: other numbers, equally reproducible."""
    if backend_name(rng) == name:
        return rng
    seed = rng.integers(2**31)
    return generator(name, int(seed if isinstance(seed, int) else to_numpy(seed)))  # NumPy draws an int, CuPy an array


def seed_from(*numbers: int) -> int:
    """One seed from several numbers, such as the seed of a run, a step and the number of a layer."""
    return int(np.random.SeedSequence(numbers).generate_state(1, dtype=np.uint64)[0])


def check_array(x: Any, what: str) -> None:
    """Raise ``ShapeError`` unless ``x`` is an array; the message begins with ``what``."""
    if type(x).__module__.partition(".")[0] not in BACKENDS or not hasattr(x, "dtype"):
        raise ShapeError(f"{what} must be a NumPy or CuPy array, got {type(x).__name__}; convert it with np.asarray")


def floating(x: Array, what: str) -> Array:
    """``x`` itself if it is float32 or wider; otherwise a copy, promoted together with float32.

    Raises:
        ShapeError: ``x`` is no array, or its dtype is not one of numbers; the message begins with ``what``.
    """
    if type(x) is np.ndarray and x.dtype.char in FLOATING:  # at little cost, because every call comes here
        return x
    check_array(x, what)
    if x.dtype.kind not in "biufc":
        raise ShapeError(f"{what} must be an array of numbers, got dtype {x.dtype}")
    return x if x.dtype.char in FLOATING else x.astype(np.result_type(x.dtype, np.float32))


def check_axis(x: Array, axis: int, size: int, owner: str, meaning: str) -> None:
    """Raise ``ShapeError`` unless ``x`` has ``size`` along ``axis``; the message names the layer, the axis, both sizes."""
    check_array(x, f"{owner}: input")
    if x.ndim < (axis + 1 if axis >= 0 else -axis):
        raise ShapeError(f"{owner}: input of shape {tuple(x.shape)} has no axis {axis}, which should be {meaning} = {size}")
    if x.shape[axis] != size:
        raise ShapeError(
            f"{owner}: axis {axis} of the input has size {x.shape[axis]}, expected {meaning} = {size} "
            f"(input shape {tuple(x.shape)})"
        )


def check_ids(ids: Array, size: int, owner: str) -> None:
    """Raise unless ``ids`` are integers in 0 .. ``size`` - 1.

    The range is checked only for ids in host memory. On a GPU the check would wait for the device at every call; ids come
    from the host, where the data pipeline has checked them.
    """
    check_array(ids, f"{owner}: ids")
    if ids.dtype.kind not in "iu":
        raise ShapeError(f"{owner}: ids must be integers, got dtype {ids.dtype}")
    if backend_name(ids) == "numpy" and ids.size:  # arrays, and single numbers such as np.int64(-1)
        low, high = int(ids.min()), int(ids.max())
        if low < 0 or high >= size:
            raise DataError(f"{owner}: id {low if low < 0 else high} is out of range 0 .. {size - 1}")
