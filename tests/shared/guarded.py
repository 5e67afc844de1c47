"""An array library that is as strict as CuPy, for testing without a GPU.

``guarded.array(...)`` holds a NumPy array but refuses what a CuPy array refuses: implicit conversion to NumPy, and any
operation with a plain NumPy array. The module itself acts as the array library: ``array_module`` finds it by the module
name of the type. ``guarded.tanh`` and so on come from ``__getattr__`` below, but only names that CuPy has too.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

# What the package uses of CuPy; tests/gpu/test_guarded.py compares this list with CuPy itself if it is installed.
FUNCTIONS = """
abs add any all arange argmax argsort array asarray ascontiguousarray asfortranarray bincount broadcast_to ceil clip
concatenate copyto cos cumsum divide empty einsum empty_like equal exp expand_dims eye flatnonzero flip full greater
isfinite less log log1p logical_and logical_not matmul maximum mean minimum moveaxis multiply negative nonzero
not_equal ones ones_like outer prod reciprocal repeat reshape result_type sign sin sort split sqrt square stack
subtract sum swapaxes take_along_axis tanh tensordot tile transpose tril triu unique where zeros zeros_like
""".split()
CREATING = "arange array asarray broadcast_to empty einsum eye full ones result_type zeros".split()  # not from arrays first
DTYPES = ("float32", "float64", "complex64", "complex128", "int32", "int64", "bool_")
# NumPy's ufunc methods that CuPy's ufuncs lack are absent: reduceat, accumulate, reduce of most
UFUNC_METHODS = ("at",)


def plain(value: Any) -> Any:
    """The NumPy arrays inside guarded ones; an error for one that is not guarded."""
    if isinstance(value, Array):
        return value.held
    if isinstance(value, np.ndarray):
        raise TypeError("a NumPy array mixed with a guarded one: move it first")
    if isinstance(value, tuple | list):
        return type(value)(plain(part) for part in value)
    return value


def wrapped(value: Any) -> Any:
    """NumPy results as guarded arrays; a reduction gives an array of shape (), as in CuPy, not a scalar."""
    if isinstance(value, np.ndarray | np.generic):
        return Array(np.asarray(value))
    if isinstance(value, tuple | list):
        return type(value)(wrapped(part) for part in value)
    return value


def strict_index(index: Any) -> Any:
    """An index without NumPy arrays in it."""
    if isinstance(index, tuple):
        return tuple(strict_index(part) for part in index)
    return plain(index)


class Array:
    """A guarded array."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, held: np.ndarray):
        self.held = held

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError("implicit conversion to a NumPy array; use .get()")

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a NumPy function or array met a guarded array")

    def __array_function__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a NumPy function met a guarded array")

    def get(self) -> np.ndarray:
        """An explicit copy in NumPy."""
        return self.held.copy()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.held.shape

    @property
    def dtype(self) -> np.dtype:
        return self.held.dtype

    @property
    def ndim(self) -> int:
        return self.held.ndim

    @property
    def size(self) -> int:
        return self.held.size

    @property
    def nbytes(self) -> int:
        return self.held.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        return self.held.strides

    @property
    def flags(self) -> Any:
        return self.held.flags

    @property
    def base(self) -> Array | None:
        return None if self.held.base is None else Array(self.held.base)

    @property
    def T(self) -> Array:
        return Array(self.held.T)

    @property
    def real(self) -> Array:
        return Array(self.held.real)

    @property
    def imag(self) -> Array:
        return Array(self.held.imag)

    def __len__(self) -> int:
        return len(self.held)

    def __iter__(self) -> Any:
        return iter(wrapped(list(self.held)))

    def __getitem__(self, index: Any) -> Array:
        return wrapped(self.held[strict_index(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.held[strict_index(index)] = plain(value)

    def __bool__(self) -> bool:
        raise TypeError("bool() of a guarded array waits for the device")

    def __float__(self) -> float:
        raise TypeError("float() of a guarded array waits for the device")

    def __int__(self) -> int:
        raise TypeError("int() of a guarded array waits for the device")


def _method(name: str) -> Any:
    def call(self: Array, *args: Any, **kwargs: Any) -> Any:
        if missing := {"initial", "where"} & set(kwargs):
            raise TypeError(f"CuPy's {name} has no {missing.pop()!r}")
        return wrapped(getattr(self.held, name)(*plain(args), **{k: plain(v) for k, v in kwargs.items()}))

    return call


def _astype(self: Array, dtype: Any, copy: bool = True) -> Array:
    """As CuPy, whose ``astype`` supports no ``casting``."""
    return wrapped(self.held.astype(dtype, copy=copy))


Array.astype = _astype  # type: ignore[attr-defined]

for _name in (
    "all any argmax argsort clip conj copy cumsum dot fill flatten max mean min prod ravel repeat reshape sort "
    "squeeze sum swapaxes take tolist transpose"
).split():
    setattr(Array, _name, _method(_name))


def _operator(name: str) -> Any:
    def call(self: Array, *others: Any) -> Any:
        for other in others:
            if not isinstance(other, Array | numbers.Number | np.generic):
                raise TypeError(f"{name}: guarded array with {type(other).__name__}")
        result = getattr(self.held, name)(*plain(others))
        if result is NotImplemented:
            return result
        return self if name.startswith("__i") and name != "__invert__" else wrapped(result)

    return call


_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
for _name in _BINARY:
    for _prefix in ("", "r", "i"):
        setattr(Array, f"__{_prefix}{_name}__", _operator(f"__{_prefix}{_name}__"))
for _name in "neg pos abs invert lt le gt ge eq ne".split():
    setattr(Array, f"__{_name}__", _operator(f"__{_name}__"))


class _Function:
    """A NumPy function that takes and returns guarded arrays."""

    def __init__(self, function: Any):
        self.function = function
        self.takes_arrays = not isinstance(function, np.ufunc) and function.__name__ not in CREATING

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out")
        if self.takes_arrays and not (isinstance(args[0], Array) or all(isinstance(part, Array) for part in args[0])):
            raise TypeError(f"{self.function.__name__}: the first argument is no guarded array")
        result = self.function(*plain(args), **{k: plain(v) for k, v in kwargs.items()})
        return out if out is not None else wrapped(result)

    def __getattr__(self, name: str) -> Any:
        if name in UFUNC_METHODS:
            return _Function(getattr(self.function, name))
        raise AttributeError(f"CuPy's ufuncs have no {name!r}")


def asarray(value: Any, dtype: Any = None) -> Array:
    """The explicit conversion: a guarded array from a NumPy array, a number or a guarded array."""
    return Array(np.asarray(value.held if isinstance(value, Array) else value, dtype=dtype))


def array(value: Any, dtype: Any = None) -> Array:
    """Like ``asarray``, always a copy."""
    return Array(np.array(value.held if isinstance(value, Array) else value, dtype=dtype))


def result_type(*args: Any) -> np.dtype:
    """As in NumPy."""
    return np.result_type(*plain(args))


class Generator:
    """A generator that draws guarded arrays."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def random(self, shape: Any = None, dtype: Any = np.float64) -> Any:
        return wrapped(self.rng.random(shape, dtype=dtype))

    def integers(self, *args: Any, **kwargs: Any) -> Any:
        return wrapped(self.rng.integers(*args, **kwargs))


class random:
    """The ``random`` part of the library."""

    default_rng = Generator


class lib:
    """The ``lib`` part of the library."""

    class stride_tricks:
        @staticmethod
        def as_strided(x: Array, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
            """As in NumPy."""
            return Array(np.lib.stride_tricks.as_strided(x.held, shape, strides))


def __getattr__(name: str) -> Any:
    if name in DTYPES or name in ("pi", "inf", "nan", "newaxis"):
        return getattr(np, name)
    if name in FUNCTIONS:
        return _Function(getattr(np, name))
    raise AttributeError(f"not on the list of what the package uses of CuPy: {name!r}")
