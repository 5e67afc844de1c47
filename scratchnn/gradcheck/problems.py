"""The input of a gradient check: arrays, and how to run a forward and a backward pass on them.

Pairs of functions, functions of arrays and layers are all turned into a ``Problem``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchnn.backend import Array, move
from scratchnn.core import Layer
from scratchnn.core.nested import flatten, rebuild

Arrays = dict[str, Array]
Pull = Callable[[list[Array]], Arrays]


@dataclass
class Problem:
    """One function to check.

    Attributes:
        arrays: the inputs, states and parameters to differentiate with respect to, by name, in float64.
        run: takes such arrays; returns the list of outputs and a function ``pull``, which takes the list of their
            cotangents and returns the gradient with respect to each array, by name.
        move: takes the name of an array library and moves to it the arrays that ``run`` uses besides ``arrays``.
        pure: whether ``pull`` may be called twice with the same result, as for pairs, whose cache is a value.
        run_twice: for layers; takes arrays and cotangents, runs forward and backward twice without clearing the gradients
            in between, and returns the gradients of the parameters, which have to be twice those of one run.
    """

    arrays: Arrays
    run: Callable[[Arrays], tuple[list[Array], Pull]]
    move: Callable[[str], None] | None = None
    pure: bool = False
    run_twice: Callable[[Arrays, list[Array]], Arrays] | None = None


def pair_problem(forward: Callable[..., tuple], backward: Callable[..., Any], arrays: Arrays, **fixed: Any) -> Problem:
    """A pure pair of functions.

    Args:
        forward: called as ``forward(*arrays, **fixed)``; returns the outputs and a cache.
        backward: called as ``backward(*cotangents, cache)``; returns the gradients in the order of ``arrays``.
        arrays: the arrays to differentiate with respect to, by name.
        fixed: arguments that are not differentiated.
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

    return Problem(arrays, run, move_fixed, pure=True)


def function_problem(function: Callable[..., Array], backward: Callable[..., Any], arrays: Arrays) -> Problem:
    """A function of arrays; ``backward(dy, y, *arrays)`` takes the output and the inputs instead of a cache."""

    def run(values: Arrays) -> tuple[list[Array], Pull]:
        y = function(*values.values())

        def pull(cotangents: list[Array]) -> Arrays:
            return dict(zip(values, flatten(backward(cotangents[0], y, *values.values())), strict=True))

        return [y], pull

    return Problem(arrays, run, pure=True)


def layer_problem(layer: Layer, inputs: Arrays, call: Callable[..., Any] | None = None, fixed: Any = ()) -> Problem:
    """A layer, differentiated with respect to all its inputs and all its trainable parameters.

    Args:
        layer: in training mode. Its parameters get random float64 values. Its random generators are reset before each
            run, so that every run draws the same masks.
        inputs: arrays by name; ``layer.backward`` returns their gradients in this order.
        call: called as ``call(layer, inputs, *fixed)`` to run the forward pass; defaults to
            ``layer.forward(*inputs.values(), *fixed)``.
        fixed: arrays that are not differentiated, such as ids and lengths.
    """
    layer.astype(np.float64)
    rng = np.random.default_rng(2)
    for parameter in layer.parameters():
        parameter.data = 0.5 * rng.standard_normal(parameter.shape)
    parameters = {name: p for name, p in layer.named_parameters().items() if p.trainable}
    held = list(fixed)

    def start(values: Arrays) -> None:
        layer.discard_caches()
        layer.clear_gradients()
        for name, parameter in parameters.items():
            parameter.data = values[name]

    def forward(values: Arrays) -> Any:
        layer.reseed(0)
        x = {name: values[name] for name in inputs}
        return layer.forward(*x.values(), *held) if call is None else call(layer, x, *held)

    def backward(y: Any, cotangents: list[Array]) -> Any:
        structured = rebuild(y, iter(cotangents))
        return layer.backward(*structured) if isinstance(y, tuple) else layer.backward(structured)

    def run(values: Arrays) -> tuple[list[Array], Pull]:
        start(values)
        y = forward(values)

        def pull(cotangents: list[Array]) -> Arrays:
            dx = backward(y, cotangents)
            gradients = dict(zip(inputs, flatten(dx)[: len(inputs)], strict=True))
            gradients.update({name: parameter.dense_gradient() for name, parameter in parameters.items()})
            return gradients

        return flatten(y), pull

    def run_twice(values: Arrays, cotangents: list[Array]) -> Arrays:
        start(values)
        for _ in range(2):
            backward(forward(values), cotangents)
        return {name: parameter.dense_gradient() for name, parameter in parameters.items()}

    def move_layer(name: str) -> None:
        layer.discard_caches()
        layer.to(name)
        held[:] = [move(value, name) if isinstance(value, np.ndarray) else value for value in held]

    arrays = {**inputs, **{name: p.data for name, p in parameters.items()}}
    return Problem(arrays, run, move_layer, run_twice=run_twice)


def move_problem(problem: Problem, name: str) -> None:
    """Move all arrays of a problem to the array library ``name``."""
    problem.arrays = {key: move(value, name) for key, value in problem.arrays.items()}
    if problem.move is not None:
        problem.move(name)
