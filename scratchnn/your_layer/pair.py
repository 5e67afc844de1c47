"""The reader's own pair of functions, as chapter 1 writes it.

    y, cache = forward(x, W)
    dx, dW = backward(dy, cache)

The file has a function ``example(rng)``, which returns small inputs by name. Those named like the arguments of ``forward``
are passed to it, so that several pairs of one file can share an example. Integers and booleans are passed on unchanged;
``backward`` returns the gradients with respect to the others, in the order of the arguments. A state of several arrays may
be returned as a tuple.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from scratchnn.gradcheck.engine import draw_cotangents
from scratchnn.gradcheck.problems import Problem, pair_problem
from scratchnn.your_layer.examples import SEED, checked_example
from scratchnn.your_layer.protocol import check_gradients, check_outputs, check_precision
from scratchnn.your_layer.reader_file import ReaderFileError, blame


def pair_of(module: ModuleType, path: Path, names: str) -> Callable[[], Problem]:
    """How to make the problem of the pair ``FORWARD,BACKWARD``."""
    parts = [part.strip() for part in names.split(",")]
    if len(parts) != 2:
        raise ReaderFileError(f"{path}: name one pair, as in {path}:forward,backward, got {names}")
    forward, backward, example = (function_of(module, path, part) for part in (*parts, "example"))

    def build() -> Problem:
        with blame(path, "example(rng)"):
            given = example(np.random.default_rng(SEED))
        arrays = checked_example(given, f"{path}: example(rng)")
        order = []
        for name, parameter in inspect.signature(forward).parameters.items():
            if name in arrays:
                order.append(name)
            elif parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                raise ReaderFileError(f"{path}: example(rng) returns no {name!r}, an argument of {parts[0]}")
        floats = {name: arrays[name] for name in order if arrays[name].dtype.kind == "f"}
        if not floats:
            raise ReaderFileError(f"{path}: {parts[0]} has no floating-point inputs: there is nothing to check")

        def call(*values: Any, **fixed: Any) -> tuple:
            result = forward(**dict(zip(floats, values, strict=True)), **fixed)
            if not isinstance(result, tuple) or len(result) < 2:
                raise ReaderFileError(
                    f"{path}: {parts[0]} returns {type(result).__name__}; return the outputs, then the cache"
                )
            return result

        def call_back(*arguments: Any) -> Any:
            gradients = backward(*arguments)
            check_gradients(gradients, list(floats), f"{path}: {parts[1]}")
            return gradients

        return pair_problem(call, call_back, floats, **{name: arrays[name] for name in order if name not in floats})

    return build


def function_of(module: ModuleType, path: Path, name: str) -> Callable[..., Any]:
    """The function of that name; the error message for an unknown name lists those of the file."""
    found = getattr(module, name, None)
    if inspect.isfunction(found):
        return found
    own = [key for key, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == module.__name__]
    if name == "example":
        raise ReaderFileError(f"{path} has no function example(rng); define it to return the inputs of forward by name")
    raise ReaderFileError(f"{path} has no function {name}; it has {', '.join(own) or 'none'}")


def rehearse_pair(problem: Problem, names: str, path: Path) -> None:
    """Run one forward and one backward pass and verify everything that the check relies on.

    Raises:
        ReaderFileError: if the pair does not follow the protocol.
    """
    forward = f"{path}: {names.partition(',')[0].strip()}"
    runs = []
    for _ in range(2):
        values = {name: array.copy() for name, array in problem.arrays.items()}
        with blame(path, "forward"):
            outputs, pull = problem.run(values)
        for name, array in values.items():
            if not np.array_equal(array, problem.arrays[name]):
                raise ReaderFileError(f"{forward} writes into its input {name}: work on a copy")
        check_outputs(tuple(outputs), forward)
        runs.append(outputs)
    if not all(np.array_equal(a, b) for a, b in zip(*runs, strict=True)):
        raise ReaderFileError(
            f"{forward} is random: two runs with the same inputs differ; pass the random mask as an input"
        )
    with blame(path, "forward"):
        cotangents = draw_cotangents(problem)
        check_precision(problem, cotangents, forward)
    with blame(path, "backward"):
        pull(cotangents)
