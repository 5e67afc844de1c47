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
from scratchnn.gradcheck.directions import direction, slope
from scratchnn.gradcheck.engine import draw_cotangents
from scratchnn.gradcheck.kinks import one_sided
from scratchnn.gradcheck.problems import Arrays, Problem
from scratchnn.your_layer.reader_file import ReaderFileError, blame, describe

DISAGREE = 1e-4  # relative; far above the error of central differences
STEP, TINY_STEPS = 1e-4, (1e-9, 1e-10)  # a change of 1e-10 in numbers near 1 is visible in float64, not in float32
SHORTER_STEPS = (2e-5, 2e-6, 2e-7)  # the last one crosses no kink that is not at the point itself


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
        check_precision(problem, cotangents, f"{who}.forward")
    outputs = run_forward(layer, example, path)
    structured = rebuild(outputs, iter(cotangents))
    with blame(path, "backward", hint=gradient_hint):
        gradients = layer.backward(*structured) if isinstance(outputs, tuple) else layer.backward(structured)
    check_gradients(gradients, [name for name, value in example.items() if value.dtype.kind == "f"], f"{who}.backward")
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
    check_outputs(outputs, f"{who}.forward")
    return outputs


def check_outputs(outputs: Any, who: str) -> None:
    """Raise unless the outputs of ``who`` are finite float64 arrays, or one such array."""
    for y in flatten(outputs) if isinstance(outputs, tuple) else [outputs]:
        if not isinstance(y, np.ndarray | np.floating):
            raise ReaderFileError(f"{who} returns {type(y).__name__}; return an array or a tuple of arrays")
        if y.dtype != np.float64:
            raise ReaderFileError(
                f"{who} returns {y.dtype} for float64 inputs and parameters: take the dtype from the inputs"
            )
        if not np.isfinite(y).all():
            raise ReaderFileError(f"{who} gives NaN or infinity for the example inputs")


def check_precision(problem: Problem, cotangents: list[np.ndarray], who: str) -> None:
    """Raise if the forward pass ``who`` loses digits of float64."""
    if name := rounded_array(problem, cotangents):
        raise ReaderFileError(
            f"{who} does not react to a change of {name} by {TINY_STEPS[-1]}: it casts to float32 somewhere, "
            "and the check needs the full precision of float64 (take the dtype from the inputs)"
        )


def rounded_array(problem: Problem, cotangents: list[np.ndarray]) -> str:
    """The name of the first array for which forward loses a tiny change to rounding, or ``""``."""
    rng = np.random.default_rng(2)
    for name, array in problem.arrays.items():
        u = {name: rng.standard_normal(array.shape)}
        expected = slope(problem, cotangents, u, "central", STEP)
        steps = [slope(problem, cotangents, u, "central", h) for h in TINY_STEPS]
        if all(abs(found - expected) > 0.5 * abs(expected) > 1e-3 for found in steps):
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
        raise ReaderFileError(f"{who} returns dict; {wanted}")
    if len(found) != len(names):
        given = "None" if gradients is None else f"{len(found)} array(s)"
        raise ReaderFileError(f"{who} returns {given}; {wanted}")
    for name, gradient in zip(names, found, strict=True):
        if not isinstance(gradient, np.ndarray | np.floating):
            raise ReaderFileError(f"{who} returns {type(gradient).__name__} for {name}; {wanted}")


def complex_trouble(problem: Problem, path: Path) -> str:
    """Why the complex step cannot be used on this forward pass; ``""`` if it can."""
    cotangents = draw_cotangents(problem)
    directions = direction(problem.arrays, np.random.default_rng(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)  # the complex step needs every imaginary part
        try:
            slopes = {name: slope(problem, cotangents, {name: u_A}, "complex") for name, u_A in directions.items()}
        except Exception as error:  # the reader's code may raise anything
            return f"forward does not run with complex numbers ({describe(error, str(path.resolve()))})"
    for name, by_complex in slopes.items():
        if not is_slope(by_complex, problem, cotangents, name, directions[name]):
            return (
                f"forward seems to lose the imaginary part between {name} and its outputs, as np.abs, np.linalg.norm and "
                "np.var do"
            )
    return ""


def is_slope(value: float, problem: Problem, cotangents: list[np.ndarray], name: str, u_A: np.ndarray) -> bool:
    """Whether ``value`` lies between the slopes on both sides of the point, for a step that is short enough.

    They differ only if the function has a kink within the step (see ``kinks``).
    """

    def along(change: float) -> list[np.ndarray]:
        return problem.run({**problem.arrays, name: problem.arrays[name] + change * u_A})[0]

    here = [y.copy() for y in problem.run(problem.arrays)[0]]
    for h in SHORTER_STEPS:
        sides = one_sided(along, here, cotangents, h)
        margin = DISAGREE * max(abs(value), *map(abs, sides))
        if min(sides) - margin <= value <= max(sides) + margin:
            return True
    return False
