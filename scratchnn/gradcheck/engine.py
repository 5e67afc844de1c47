"""Gradient checks: is the backward pass the derivative of the forward pass?

Let y = f(x) with Jacobian J, and v a random cotangent of the shape of y. A backward pass claims to compute

    a = J^T v,   which is the gradient of the number  L(x) = sum(v * f(x))                                         (1)

and L can be differentiated without it, one entry x_k at a time:

    central differences     n_k = (L(x + h e_k) - L(x - h e_k)) / 2h         error O(h^2), plus rounding / h       (2)
    complex step            n_k = Im L(x + i h e_k) / h,  h = 1e-20          nothing is subtracted, so no rounding (3)

(Squire and Trapp, 1998, for the complex step.) Entry by entry the error is |a - n| / max(|a|, |n|, max|a| / 1000). Random
cotangents matter: with v = 1 everywhere, the gradient of a softmax is zero whatever its backward does. So do random biases:
at b = 0 some wrong bias gradients are right. And a gradient that is zero everywhere shows nothing, so it fails unless the
case says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchnn.backend import Array, array_module, generator, move, to_numpy
from scratchnn.core import Layer

LIMITS = {"central": 1e-6, "complex": 1e-11}
COMPLEX_STEP = 1e-20
CENTRAL_STEP = 1e-5

Arrays = dict[str, Array]
Pull = Callable[[list[Array]], Arrays]


@dataclass
class Problem:
    """One function to check.

    Attributes:
        arrays: what the gradient is taken by: inputs, states and parameters, by name, in float64.
        run: given such arrays, returns the list of outputs and a function that takes the list of their cotangents and
            returns the gradient by each array, by name. The latter is called at most once.
        move: takes the name of an array library and moves what ``run`` holds besides ``arrays``.
    """

    arrays: Arrays
    run: Callable[[Arrays], tuple[list[Array], Pull]]
    move: Callable[[str], None] | None = None


@dataclass
class Finding:
    """What a check of one array by one method found; ``where`` is the index of the entry with the largest error."""

    array: str
    shape: tuple[int, ...]
    method: str
    error: float
    where: tuple[int, ...]
    analytic: float
    numeric: float
    ok: bool
    note: str = ""


# --- problems from pairs of functions and from layers ----------------------------------------------------------------


def flatten(structure: Any) -> list[Array]:
    """The arrays in nested tuples, from left to right."""
    if isinstance(structure, tuple | list):
        return [array for part in structure for array in flatten(part)]
    return [structure]


def rebuild(structure: Any, arrays: Iterator[Array]) -> Any:
    """Nested tuples of the same form as ``structure`` with its arrays replaced by the next ones of ``arrays``."""
    if isinstance(structure, tuple | list):
        return tuple(rebuild(part, arrays) for part in structure)
    return next(arrays)


def pair_problem(forward: Callable[..., tuple], backward: Callable[..., Any], arrays: Arrays, **fixed: Any) -> Problem:
    """A pure pair: ``forward(*arrays, **fixed)`` gives outputs and a cache, ``backward(*cotangents, cache)`` gradients.

    The gradients come in the order of ``arrays``. What stands in ``fixed`` is passed by name and not differentiated.
    """
    held = dict(fixed)

    def run(values: Arrays) -> tuple[list[Array], Pull]:
        *outputs, cache = forward(*values.values(), **held)

        def pull(cotangents: list[Array]) -> Arrays:
            gradients = backward(*rebuild(outputs, iter(cotangents)), cache)
            return dict(zip(values, flatten(gradients), strict=True))

        return flatten(outputs), pull

    def move_fixed(name: str) -> None:
        held.update({key: move(value, name) if isinstance(value, np.ndarray) else value for key, value in held.items()})

    return Problem(arrays, run, move_fixed)


def function_problem(function: Callable[..., Array], backward: Callable[..., Any], arrays: Arrays) -> Problem:
    """A function whose ``backward(dy, y, *arrays)`` gets the output and the inputs instead of a cache."""

    def run(values: Arrays) -> tuple[list[Array], Pull]:
        y = function(*values.values())

        def pull(cotangents: list[Array]) -> Arrays:
            return dict(zip(values, flatten(backward(cotangents[0], y, *values.values())), strict=True))

        return [y], pull

    return Problem(arrays, run)


def layer_problem(layer: Layer, inputs: Arrays, call: Callable[..., Any] | None = None, fixed: Any = ()) -> Problem:
    """A layer: checked by all its inputs and all its trainable parameters, which are made random here.

    Args:
        layer: in training mode; its random masks are drawn anew, and alike, for each run.
        inputs: arrays by name; ``layer.backward`` returns their gradients in this order.
        call: called as ``call(layer, inputs, *fixed)`` to run the forward pass; by default the layer with all inputs.
        fixed: arrays that are not differentiated (ids, lengths).
    """
    layer.astype(np.float64)
    rng = np.random.default_rng(0)
    for parameter in layer.parameters():
        parameter.data = 0.5 * rng.standard_normal(parameter.shape)
    parameters = {name: p for name, p in layer.named_parameters().items() if p.trainable}
    device = ["numpy"]
    held = list(fixed)

    def run(values: Arrays) -> tuple[list[Array], Pull]:
        layer.discard_caches()
        layer.clear_gradients()
        for name, parameter in parameters.items():
            parameter.data = values[name]
        for k, (_, sub) in enumerate(layer.named_layers()):
            if vars(sub).get("rng") is not None:
                vars(sub)["rng"] = generator(device[0], k)
        x = {name: values[name] for name in inputs}
        y = layer.forward(*x.values(), *held) if call is None else call(layer, x, *held)

        def pull(cotangents: list[Array]) -> Arrays:
            structured = rebuild(y, iter(cotangents))
            dx = layer.backward(*structured) if isinstance(y, tuple) else layer.backward(structured)
            gradients = dict(zip(inputs, flatten(dx)[: len(inputs)], strict=True))
            gradients.update({name: parameter.dense_gradient() for name, parameter in parameters.items()})
            return gradients

        return flatten(y), pull

    def move_layer(name: str) -> None:
        device[0] = name
        layer.discard_caches()
        layer.to(name)
        held[:] = [move(value, name) if isinstance(value, np.ndarray) else value for value in held]

    return Problem({**inputs, **{name: p.data for name, p in parameters.items()}}, run, move_layer)


# --- the two methods -------------------------------------------------------------------------------------------------


def move_problem(problem: Problem, name: str) -> None:
    """Move everything a problem holds to the array library ``name``."""
    problem.arrays = {key: move(value, name) for key, value in problem.arrays.items()}
    if problem.move is not None:
        problem.move(name)


def draw_cotangents(problem: Problem) -> list[Array]:
    """A random cotangent for each output, the same ones every time."""
    rng = np.random.default_rng(1)
    outputs, _ = problem.run(problem.arrays)
    return [array_module(y).asarray(rng.standard_normal(y.shape)) for y in outputs]


def analytic_gradients(problem: Problem, cotangents: list[Array]) -> dict[str, np.ndarray]:
    """What the backward pass says, equation (1)."""
    _, pull = problem.run(problem.arrays)
    gradients = pull(cotangents)
    return {name: to_numpy(gradients[name]) for name in problem.arrays}


def numeric_gradients(problem: Problem, cotangents: list[Array], method: str) -> dict[str, np.ndarray]:
    """What the forward pass alone says, by ``"central"`` differences (2) or the ``"complex"`` step (3)."""
    found = {}
    for name, array in problem.arrays.items():
        gradient = np.zeros(array.shape)
        for index in np.ndindex(*array.shape):

            def outputs_at(change: complex, name: str = name, index: tuple[int, ...] = index) -> list[Array]:
                moved = problem.arrays[name].astype(complex if isinstance(change, complex) else float)
                moved[index] += change
                return problem.run({**problem.arrays, name: moved})[0]

            if method == "complex":
                terms = [float((v * y.imag).sum()) for v, y in zip(cotangents, outputs_at(1j * COMPLEX_STEP), strict=True)]
                gradient[index] = sum(terms) / COMPLEX_STEP
            else:
                pairs = zip(cotangents, outputs_at(CENTRAL_STEP), outputs_at(-CENTRAL_STEP), strict=True)
                terms = [float((v * (above - below)).sum()) for v, above, below in pairs]
                gradient[index] = sum(terms) / (2 * CENTRAL_STEP)
        found[name] = gradient
    return found


def compare(name: str, analytic: np.ndarray, numeric: np.ndarray, method: str, zero: str = "") -> Finding:
    """Largest relative error of one array's gradient, and where it is.

    Args:
        name: of the array.
        analytic, numeric: the two gradients.
        method: ``"central"`` or ``"complex"``; sets the limit.
        zero: why this gradient is zero everywhere, where it has to be.
    """
    if analytic.shape != numeric.shape:
        note = f"gradient has shape {analytic.shape}"
        return Finding(name, numeric.shape, method, math.inf, (), math.nan, math.nan, False, note)
    if not analytic.any() and not numeric.any():
        note = f"zero: {zero}" if zero else "zero everywhere: nothing was checked"
        return Finding(name, numeric.shape, method, 0.0, (0,) * numeric.ndim, 0.0, 0.0, bool(zero), note)
    scale = np.maximum(np.maximum(abs(analytic), abs(numeric)), abs(analytic).max() / 1000)
    error = abs(analytic - numeric) / np.where(scale > 0, scale, 1)
    error = np.where(np.isfinite(analytic) & np.isfinite(numeric), error, math.inf)
    where = tuple(int(k) for k in np.unravel_index(int(error.argmax()), error.shape))
    worst = float(error[where])
    note = f"said to be zero ({zero}) but is not" if zero else ""
    ok = worst < LIMITS[method] and not zero
    return Finding(name, numeric.shape, method, worst, where, float(analytic[where]), float(numeric[where]), ok, note)


def check(
    problem: Problem, methods: tuple[str, ...] = ("central", "complex"), zero: dict[str, str] | None = None
) -> list[Finding]:
    """Check every array of ``problem`` by each method; array by array, in the order of the problem."""
    cotangents = draw_cotangents(problem)
    analytic = analytic_gradients(problem, cotangents)
    numeric = {method: numeric_gradients(problem, cotangents, method) for method in methods}
    return [
        compare(name, analytic[name], numeric[method][name], method, (zero or {}).get(name, ""))
        for name in problem.arrays
        for method in methods
    ]
