"""Arrays and random generators: where they are, and how they get from one library to another."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from scratchnn.errors import BackendError, DataError, ShapeError

Array: TypeAlias = Any  # numpy.ndarray or cupy.ndarray; both speak the same language, no common type names them
Generator: TypeAlias = Any  # numpy.random.Generator or cupy.random.Generator

BACKENDS = ["numpy", "cupy"]  # top-level modules; a type belongs to the one it was defined in


def array_module(x: Array) -> Any:
    """The module (``numpy`` or ``cupy``) whose functions work on ``x``."""
    if type(x) is np.ndarray:  # spares the recurrent layers, which ask at every step, the look-up by name
        return np
    return sys.modules[backend_name(x)]


def backend_name(x: Array) -> str:
    """``"numpy"`` or ``"cupy"``, the name that ``move`` takes; works for arrays and for random generators."""
    name = type(x).__module__.partition(".")[0]
    if name not in BACKENDS:
        raise BackendError(f"expected a NumPy or CuPy array, got {type(x).__name__}")
    return name


def load_backend(name: str) -> ModuleType:
    """The array library of that name; one clear line where it is missing or has no GPU to work on."""
    if name not in BACKENDS:
        raise BackendError(f"unknown backend {name!r}; choose one of {', '.join(BACKENDS)}")
    try:
        xp = importlib.import_module(name)
        if name == "cupy":
            importlib.import_module("cupy.cuda")  # fails for a mere folder of that name, which Python would take as well
    except ImportError as error:
        raise BackendError(
            f"{name} cannot be imported ({error}); install it with "
            'pip install -e ".[cuda12]" or pip install -e ".[cuda13]"; python -m scratchnn doctor tells which'
        ) from None
    if name == "cupy":
        try:
            xp.cuda.runtime.getDeviceCount()
        except xp.cuda.runtime.CUDARuntimeError as error:
            raise BackendError(
                f"CuPy is installed but finds no usable GPU ({error}); python -m scratchnn doctor tells what to do"
            ) from None
    return xp


def to_numpy(x: Array) -> np.ndarray:
    """``x`` as a NumPy array; a copy only where it lies on a GPU."""
    return np.asarray(x) if isinstance(x, np.ndarray | np.generic) else x.get()


def move(x: Array, name: str) -> Array:
    """``x`` in the array library ``name``; unchanged where it is there already."""
    if backend_name(x) == name:
        return x
    return load_backend(name).asarray(to_numpy(x))


def generator(name: str, seed: int) -> Generator:
    """A random generator that draws arrays of the library ``name``."""
    return load_backend(name).random.default_rng(seed)


def move_generator(rng: Generator, name: str) -> Generator:
    """A generator in the library ``name``, seeded by a draw from ``rng``: other bits, equally reproducible."""
    if backend_name(rng) == name:
        return rng
    return generator(name, int(rng.integers(2**31)))


def seed_from(*numbers: int) -> int:
    """One seed from several numbers (a run's seed, a step, a layer's number), well mixed."""
    return int(np.random.SeedSequence(numbers).generate_state(1, dtype=np.uint64)[0])


def check_axis(x: Array, axis: int, size: int, owner: str, meaning: str) -> None:
    """Raise ``ShapeError`` unless ``x`` has ``size`` along ``axis``; the message names the layer, the axis, both sizes."""
    if x.ndim < (axis + 1 if axis >= 0 else -axis):
        raise ShapeError(f"{owner}: input of shape {tuple(x.shape)} has no axis {axis}, which should be {meaning} = {size}")
    if x.shape[axis] != size:
        raise ShapeError(
            f"{owner}: axis {axis} of the input has size {x.shape[axis]}, expected {meaning} = {size} "
            f"(input shape {tuple(x.shape)})"
        )


def check_ids(ids: Array, size: int, owner: str) -> None:
    """Raise unless ``ids`` are integers in 0 .. ``size`` - 1.

    The range is looked at where the ids lie in host memory. On a GPU the look would stop the device once per call; ids
    come from the host, where the data pipeline has checked them.
    """
    if ids.dtype.kind not in "iu":
        raise ShapeError(f"{owner}: ids must be integers, got dtype {ids.dtype}")
    if isinstance(ids, np.ndarray) and ids.size:
        low, high = int(ids.min()), int(ids.max())
        if low < 0 or high >= size:
            raise DataError(f"{owner}: id {low if low < 0 else high} is out of range 0 .. {size - 1}")
