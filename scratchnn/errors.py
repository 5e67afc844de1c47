"""Errors caused by what the user passed, not by a fault of the package: one clear line each.

The command line prints these as ``error: ...`` and exits with status 2. Any other error is a bug and shows its traceback.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any


class ScratchnnError(Exception):
    """Base of all errors below."""


class ShapeError(ScratchnnError, ValueError):
    """An array with a shape or dtype that a layer does not accept."""


class DataError(ScratchnnError, ValueError):
    """Text, ids or settings that cannot be used."""


class CheckpointError(ScratchnnError, ValueError):
    """A checkpoint or model file that is damaged, of another origin, or of another architecture."""


class BackendError(ScratchnnError, RuntimeError):
    """An array library or a device that is not available, or arrays of two libraries in one call."""


class CacheError(ScratchnnError, RuntimeError):
    """A backward pass without a forward pass, or caches left over after a step."""


class LayerError(ScratchnnError, TypeError):
    """A layer with a parameter, a sub-layer or a random generator where the search does not find it."""


class NonFiniteError(ScratchnnError, FloatingPointError):
    """NaN or infinity in a gradient or a loss."""


class ScratchnnWarning(UserWarning):
    """Something in the user's files that is worth a look, but does not stop the work; the command line prints one line."""


def whole_number(value: Any, name: str, least: int = 1) -> int:
    """``value`` itself if it is an integer of at least ``least``; otherwise a ``DataError`` with its name."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise DataError(f"{name} must be a whole number of {least} or more, got {value!r}")
    return int(value)
