"""Does the reader's own layer keep to the protocol that the gradient check relies on?

The protocol stands at the top of ``template``. What keeps the check from running is an error of one line, with the line of
the reader's file where there is one. What the check itself finds (a wrong gradient, one that replaces what was there
before, an array written into) is a finding like any other.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.core import Layer
from scratchnn.errors import DataError
from scratchnn.gradcheck.engine import draw_cotangents, numeric_gradients, relative_error
from scratchnn.gradcheck.problems import Arrays, Problem, flatten, rebuild

DISAGREE = 1e-4  # far above what central differences are off by
STEP, TINY_STEPS = 1e-4, (1e-9, 1e-10)  # float64 feels a change of 1e-10 in numbers near 1, float32 does not


class ProtocolError(DataError):
    """The reader's layer is not what the check can run."""


def describe(error: BaseException, path: Path) -> str:
    """What was raised and, where it came from the reader's file, in which line of it."""
    own = str(path.resolve())
    if isinstance(error, SyntaxError):
        line, text = (error.lineno if error.filename == own else None), error.msg
    else:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
        line, text = lines[-1] if lines else None, str(error)
    place = "" if line is None else f" in line {line}"
    return f"{type(error).__name__}{place}: {' '.join(text.split())}"


@contextmanager
def blame(path: Path, action: str) -> Iterator[None]:
    """Turn whatever the reader's code raises into one line."""
    try:
        yield
    except ProtocolError:
        raise
    except (Exception, SystemExit) as error:  # it may raise anything
        hint = ""
        if action == "backward" and isinstance(error, TypeError) and "'NoneType'" in str(error) and "+" in str(error):
            hint = "; a gradient is None at first: add to it with parameter.accumulate(...)"
        raise ProtocolError(f"{path}: {action} raised {describe(error, path)}{hint}") from None


def rehearse(layer: Layer, problem: Problem, example: Arrays, path: Path) -> None:
    """A forward and a backward pass, with everything looked at that the check relies on.

    Args:
        layer: with random float64 parameters.
        problem: made of the layer.
        example: inputs by name.
        path: the reader's file.
    """
    who = f"{path}: {type(layer).__name__}"
    outputs = run_forward(layer, example, path)
    again = run_forward(layer, example, path)
    if not all(np.array_equal(a, b) for a, b in zip(flatten(outputs), flatten(again), strict=True)):
        raise ProtocolError(
            f"{who}.forward is random: two runs with the same inputs differ; draw from a generator kept as self.rng, which "
            "the check sets back before each run"
        )
    with blame(path, "forward"):
        cotangents = draw_cotangents(problem)
        if name := rounded_array(problem, cotangents):
            raise ProtocolError(
                f"{who}.forward does not feel a change of {name} by {TINY_STEPS[-1]}: it casts to float32 somewhere, and "
                "the check needs all of float64 (take the dtype from the inputs)"
            )
    outputs = run_forward(layer, example, path)
    structured = rebuild(outputs, iter(cotangents))
    with blame(path, "backward"):
        gradients = layer.backward(*structured) if isinstance(outputs, tuple) else layer.backward(structured)
    check_gradients(gradients, [name for name, value in example.items() if value.dtype.kind == "f"], who)
    if layer.pending():
        raise ProtocolError(f"{who}.backward leaves {layer.pending()} cache(s) behind: each push needs its pop")


def run_forward(layer: Layer, example: Arrays, path: Path) -> Any:
    """Outputs for copies of the inputs; an error where they, or the parameters, have been written into, and so on."""
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
            raise ProtocolError(f"{who}.forward writes into its input {name}: work on a copy")
    for name, value in layer.state_dict().items():
        if not np.array_equal(value, before[name]):
            raise ProtocolError(f"{who}.forward changes its parameter {name}")
    for y in flatten(outputs) if isinstance(outputs, tuple) else [outputs]:
        if not isinstance(y, np.ndarray | np.floating):
            raise ProtocolError(f"{who}.forward returns {type(y).__name__}; it has to return an array or a tuple of arrays")
        if y.dtype != np.float64:
            raise ProtocolError(
                f"{who}.forward returns {y.dtype} for float64 inputs and parameters: take the dtype from the inputs"
            )
        if not np.isfinite(y).all():
            raise ProtocolError(f"{who}.forward gives NaN or infinity for the example inputs")
    return outputs


def rounded_array(problem: Problem, cotangents: list[np.ndarray]) -> str:
    """The first array of which a small change is lost on the way through forward; empty where there is none."""
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


def check_gradients(gradients: Any, names: list[str], who: str) -> None:
    """Raise unless ``gradients`` are as many arrays as there are floating-point inputs; shapes are the check's part."""
    found = flatten(gradients) if gradients is not None and names else []
    wanted = f"it has to return the gradients of the floating-point inputs ({', '.join(names)}), in this order"
    if len(found) != len(names):
        given = "None" if gradients is None else f"{len(found)} array(s)"
        raise ProtocolError(f"{who}.backward returns {given}; {wanted}")
    for name, gradient in zip(names, found, strict=True):
        if not isinstance(gradient, np.ndarray | np.floating):
            raise ProtocolError(f"{who}.backward returns {type(gradient).__name__} for {name}; {wanted}")


def complex_trouble(problem: Problem, path: Path) -> str:
    """Why the complex step cannot be used on this forward pass; empty where it can."""
    cotangents = draw_cotangents(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)  # an imaginary part thrown away is no small thing here
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
