"""The reader's example inputs: what ``example(rng)`` has returned, as arrays that a gradient check can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.gradcheck.problems import Arrays, Problem
from scratchnn.your_layer.reader_file import ReaderFileError

MOST_ENTRIES = 5000  # each entry takes three forward passes
SEED = 0


def checked_example(given: Any, source: str) -> Arrays:
    """The arrays by name: floats as float64, integers and booleans unchanged; ``source`` names the function in errors."""
    if not isinstance(given, dict):
        raise ReaderFileError(f"{source} has to return a dict of arrays, not {type(given).__name__}")
    example: Arrays = {}
    for name, value in given.items():
        array = np.array(value)
        if array.dtype.kind not in "fiub" or array.size == 0:
            raise ReaderFileError(f"{source} returns {name!r} as {array.dtype} {array.shape}; return an array of numbers")
        example[name] = array.astype(np.float64) if array.dtype.kind == "f" else array
    return example


def refuse_large(problem: Problem, path: Path, name: str) -> None:
    """Raise if a check entry by entry would take too long."""
    entries = sum(array.size for array in problem.arrays.values())
    if entries > MOST_ENTRIES:
        raise ReaderFileError(
            f"{path}: {name} has {entries} entries in inputs and parameters, and the check changes them one by one; "
            f"use smaller sizes, {MOST_ENTRIES} entries at most, or pass --directions 3"
        )
