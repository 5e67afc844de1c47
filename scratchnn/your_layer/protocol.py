"""Does the reader's own layer follow the protocol that the gradient check relies on?

The protocol is described at the top of ``template``. A layer that the check cannot run is reported as an error of one line,
with the line number in the reader's file if there is one. What the check itself finds (a wrong gradient, a gradient that
replaces the previous one instead of adding to it, an array that was written into) is reported as a finding.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.core import Layer
from scratchnn.core.nested import flatten, rebuild
from scratchnn.gradcheck.engine import draw_cotangents, numeric_gradients, relative_error
from scratchnn.gradcheck.problems import Arrays, Problem
from scratchnn.your_layer.reader_file import ReaderFileError, blame, describe

DISAGREE = 1e-4  # relative; far above the error of central differences
STEP, TINY_STEPS = 1e-4, (1e-9, 1e-10)  # a change of 1e-10 in numbers near 1 is visible in float64, not in float32


def rehearse(layer: Layer, problem: Problem, example: Arrays, path: Path) -> None:
    """Run one forward and one backward pass and verify everything that the check relies on.

    Args:
        layer: the layer, with random float64 parameters.
        problem: the problem made from the layer.
        example: example inputs by name.
        path: the reader's file.

    Raises:
        ReaderFileError: if the layer does not follow the protocol.
    """
    who = f"{path}: {type(layer).__name__}"
    outputs = run_forward(layer, example, path)
    again = run_forward(layer, example, path)
    if not all(np.array_equal(a, b) for a, b in zip(flatten(outputs), flatten(again), strict=True)):
        raise ReaderFileError(
            f"{who}.forward is random: two runs with the same inputs differ; draw random numbers from a generator kept as "
            "self.rng, which the check resets before each run"
        )
    with blame(path, "forward"):
        cotangents = draw_cotangents(problem)
        if name := rounded_array(problem, cotangents):
            raise ReaderFileError(
                f"{who}.forward does not react to a change of {name} by {TINY_STEPS[-1]}: it casts to float32 somewhere, "
                "and the check needs the full precision of float64 (take the dtype from the inputs)"
            )
    outputs = run_forward(layer, example, path)
    structured = rebuild(outputs, iter(cotangents))
    with blame(path, "backward", hint=gradient_hint):
        gradients = layer.backward(*structured) if isinstance(outputs, tuple) else layer.backward(structured)
    check_gradients(gradients, [name for name, value in example.items() if value.dtype.kind == "f"], who)
    if layer.pending():
        raise ReaderFileError(f"{who}.backward leaves {layer.pending()} cache(s) behind: each push needs a pop")


def run_forward(layer: Layer, example: Arrays, path: Path) -> Any:
    """Outputs for copies of the inputs.

    Raises:
        ReaderFileError: if forward raises, changes its inputs or parameters, or returns anything but finite float64 arrays.
    """
    who = f"{path}: {type(layer).__name__}"
    layer.discard_caches()
    layer.clear_gradients()
    layer.reseed(0)
    inputs = {name: value.copy() for name, value in example.items()}
    before = {name: value.copy() for name, value in layer.state_dict().items()}
    with blame(path, "forward"):
        outputs = layer.forward(*inputs.values())
    for name, value in inputs.items():
        if not np.array_equal(value, example[name]):
            raise ReaderFileError(f"{who}.forward writes into its input {name}: work on a copy")
    for name, value in layer.state_dict().items():
        if not np.array_equal(value, before[name]):
            raise ReaderFileError(f"{who}.forward changes its parameter {name}")
    for y in flatten(outputs) if isinstance(outputs, tuple) else [outputs]:
        if not isinstance(y, np.ndarray | np.floating):
            raise ReaderFileError(f"{who}.forward returns {type(y).__name__}; return an array or a tuple of arrays")
        if y.dtype != np.float64:
            raise ReaderFileError(
                f"{who}.forward returns {y.dtype} for float64 inputs and parameters: take the dtype from the inputs"
            )
        if not np.isfinite(y).all():
            raise ReaderFileError(f"{who}.forward gives NaN or infinity for the example inputs")
    return outputs


def rounded_array(problem: Problem, cotangents: list[np.ndarray]) -> str:
    """The name of the first array for which forward loses a tiny change to rounding, or ``""``."""
    rng = np.random.default_rng(2)
    for name, array in problem.arrays.items():
        direction = rng.standard_normal(array.shape)

        def slope(h: float, name: str = name, direction: np.ndarray = direction) -> float:
            moved = [problem.run({**problem.arrays, name: problem.arrays[name] + s * h * direction})[0] for s in (1, -1)]
            terms = [float((v * (above - below)).sum()) for v, above, below in zip(cotangents, *moved, strict=True)]
            return sum(terms) / (2 * h)

        expected = slope(STEP)
        if all(abs(slope(h) - expected) > 0.5 * abs(expected) > 1e-3 for h in TINY_STEPS):
            return name
    return ""


def gradient_hint(error: BaseException) -> str:
    """Advice for ``parameter.grad += ...`` on a gradient that is still None."""
    if isinstance(error, TypeError) and "'NoneType'" in str(error) and "+" in str(error):
        return "; a gradient is None at first: add to it with parameter.accumulate(...)"
    return ""


def check_gradients(gradients: Any, names: list[str], who: str) -> None:
    """Raise unless there is one gradient for each floating-point input; their shapes are left to the check itself."""
    found = flatten(gradients) if names else []
    wanted = f"return the gradients with respect to the floating-point inputs ({', '.join(names)}), in this order"
    if isinstance(gradients, dict):
        raise ReaderFileError(f"{who}.backward returns dict; {wanted}")
    if len(found) != len(names):
        given = "None" if gradients is None else f"{len(found)} array(s)"
        raise ReaderFileError(f"{who}.backward returns {given}; {wanted}")
    for name, gradient in zip(names, found, strict=True):
        if not isinstance(gradient, np.ndarray | np.floating):
            raise ReaderFileError(f"{who}.backward returns {type(gradient).__name__} for {name}; {wanted}")


def complex_trouble(problem: Problem, path: Path) -> str:
    """Why the complex step cannot be used on this forward pass; ``""`` if it can."""
    cotangents = draw_cotangents(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)  # the complex step needs every imaginary part
        try:
            by_complex = numeric_gradients(problem, cotangents, "complex")
        except Exception as error:  # the reader's code may raise anything
            return f"forward does not run with complex numbers ({describe(error, path)})"
    by_central = numeric_gradients(problem, cotangents, "central")
    for name, gradient in by_complex.items():
        if relative_error(gradient, by_central[name]).max() > DISAGREE:
            return (
                f"forward seems to lose the imaginary part between {name} and its outputs, as np.abs, np.linalg.norm and "
                "np.var do"
            )
    return ""
