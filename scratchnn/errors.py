"""Every error that is about what the user passed, not about a fault of ours: one clear line each.

The command line prints these as ``error: ...`` and exits with status 2; anything else is a bug and shows its traceback.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any


class ScratchnnError(Exception):
    """Base of all errors below."""


class ShapeError(ScratchnnError, ValueError):
    """An array whose shape or dtype a layer cannot take."""


class DataError(ScratchnnError, ValueError):
    """Text, ids or settings that cannot be used."""


class CheckpointError(ScratchnnError, ValueError):
    """A checkpoint or model file that is damaged, foreign, or of another architecture."""


class BackendError(ScratchnnError, RuntimeError):
    """An array library or a device that is not there, or arrays of two libraries in one call."""


class CacheError(ScratchnnError, RuntimeError):
    """A backward pass without its forward pass, or caches left behind."""


class LayerError(ScratchnnError, TypeError):
    """A layer with a parameter, a sub-layer or a random generator where the search does not find it."""


class NonFiniteError(ScratchnnError, FloatingPointError):
    """NaN or infinity in a gradient or a loss."""


def whole_number(value: Any, name: str, least: int = 1) -> int:
    """``value`` itself where it is an integer of at least ``least``; a ``DataError`` that tells its name otherwise."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise DataError(f"{name} must be a whole number of {least} or more, got {value!r}")
    return int(value)
