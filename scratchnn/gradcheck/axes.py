"""The axes N and T of a problem: their sizes, and the same problem with one sequence, one step, or no step at all.

The package is batch-first, so N is axis 0 of the first input, and T is axis 1 of the first input (N, T, ...) or, failing
that, of the first array of ids (N, T). An array belongs to the batch if it begins with the same sizes; parameters do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scratchnn.backend import Array
from scratchnn.gradcheck.problems import Problem

NO_BATCH, NO_TIME, NO_LENGTHS = "no batch", "no T", "no lengths"  # why a problem cannot be restricted


def members(problem: Problem) -> Iterator[tuple[dict, Any, Array, bool]]:
    """The inputs, then the fixed arrays: where each is kept, its key, the array, and whether it is fixed."""
    for name in problem.data:
        yield problem.arrays, name, problem.arrays[name], False
    for key, value in problem.fixed.items():
        if hasattr(value, "ndim"):
            yield problem.fixed, key, value, True


def batch_size(problem: Problem) -> int | None:
    """N, or None if no array has a batch axis."""
    return next((array.shape[0] for _, _, array, fixed in members(problem) if has_batch_axis(array, fixed)), None)


def number_of_steps(problem: Problem) -> int | None:
    """T, or None if no array has a time axis."""
    return next((array.shape[1] for _, _, array, fixed in members(problem) if has_time_axis(array, fixed)), None)


def has_batch_axis(array: Array, fixed: bool) -> bool:
    """Whether the array may begin with N: inputs (N, ...) of two axes or more, or ids and lengths (N, ...)."""
    return array.ndim >= (1 if fixed else 2)


def has_time_axis(array: Array, fixed: bool) -> bool:
    """Whether the array is a sequence: inputs (N, T, ...) or ids (N, T)."""
    return array.ndim >= 2 and array.dtype.kind in "iu" if fixed else array.ndim >= 3


def sizes(problem: Problem) -> dict[str, int]:
    """N and T by name, as far as the problem has them."""
    found = {"N": batch_size(problem), "T": number_of_steps(problem)}
    return {name: size for name, size in found.items() if size is not None}


def one_sequence(problem: Problem) -> str:
    """Keep the first sequence only; returns why that is impossible, or ``""``."""
    N = batch_size(problem)
    if N is None:
        return NO_BATCH
    for kept, key, array, fixed in list(members(problem)):
        if has_batch_axis(array, fixed) and array.shape[0] == N:
            kept[key] = array[:1].copy()
    if isinstance(problem.fixed.get(problem.lengths), list):
        problem.fixed[problem.lengths] = problem.fixed[problem.lengths][:1]
    return ""


def one_step(problem: Problem) -> str:
    """Keep the first step only; returns why that is impossible, or ``""``."""
    T = number_of_steps(problem)
    if T is None:
        return NO_TIME
    N = batch_size(problem)
    for kept, key, array, fixed in list(members(problem)):
        if array.ndim >= (2 if fixed else 3) and array.shape[:2] == (N, T):
            kept[key] = array[:, :1].copy()
    limit_lengths(problem, 1)
    return ""


def no_steps(problem: Problem) -> str:
    """Make every sequence empty; returns why that is impossible, or ``""``."""
    return "" if limit_lengths(problem, 0) else NO_LENGTHS


def limit_lengths(problem: Problem, most: int) -> bool:
    """Cut every length to at most ``most``; returns whether the problem has lengths."""
    if problem.lengths is None:
        return False
    lengths = problem.fixed[problem.lengths]
    problem.fixed[problem.lengths] = [min(k, most) for k in lengths] if isinstance(lengths, list) else lengths.clip(0, most)
    return True
