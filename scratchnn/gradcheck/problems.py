"""The input of a gradient check: arrays, and how to run a forward and a backward pass on them.

Pairs of functions, functions of arrays and layers are all turned into a ``Problem``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
        data: the names of those ``arrays`` that are inputs and states, not parameters. For functions this is unknown, and
            all names are among them.
        fixed: what ``run`` uses besides ``arrays``, such as ids and lengths, by name or position; it may be replaced.
        lengths: the key of the lengths (N,) in ``fixed``, or None.
        outputs: for each output of the last run, the number of its arrays; a state may consist of several.
        subject: the functions, or the layer, that are checked.
    """

    arrays: Arrays
    run: Callable[[Arrays], tuple[list[Array], Pull]]
    move: Callable[[str], None] | None = None
    pure: bool = False
    run_twice: Callable[[Arrays, list[Array]], Arrays] | None = None
    data: tuple[str, ...] = ()
    fixed: dict[Any, Any] = field(default_factory=dict)
    lengths: Any = None
    outputs: list[int] = field(default_factory=list)
    subject: tuple[Any, ...] = ()


def whole_parts_missing(structured: Any) -> Any:
    """The cotangents of one output with None in place of a state all of whose arrays are None."""
    return structured if flatten(structured) else None


def pair_problem(forward: Callable[..., tuple], backward: Callable[..., Any], arrays: Arrays, **fixed: Any) -> Problem:
    """A pure pair of functions.

    Args:
        forward: called as ``forward(*arrays, **fixed)``; returns the outputs and a cache.
        backward: called as ``backward(*cotangents, cache)``; returns the gradients in the order of ``arrays``.
        arrays: the arrays to differentiate with respect to, by name.
        fixed: arguments that are not differentiated.
    """
    held = dict(fixed)
    counts: list[int] = []

    def run(values: Arrays) -> tuple[list[Array], Pull]:
        *outputs, cache = forward(*values.values(), **held)
        counts[:] = [len(flatten(part)) for part in outputs]

        def pull(cotangents: list[Array]) -> Arrays:
            gradients = backward(*map(whole_parts_missing, rebuild(outputs, iter(cotangents))), cache)
            return dict(zip(values, flatten(gradients), strict=True))

        return flatten(outputs), pull

    def move_fixed(name: str) -> None:
        held.update({key: move(value, name) if isinstance(value, np.ndarray) else value for key, value in held.items()})

    lengths = "lengths" if held.get("lengths") is not None else None
    subject = forward, backward
    return Problem(
        arrays, run, move_fixed, True, data=tuple(arrays), fixed=held, lengths=lengths, outputs=counts, subject=subject
    )


def function_problem(function: Callable[..., Array], backward: Callable[..., Any], arrays: Arrays) -> Problem:
    """A function of arrays; ``backward(dy, y, *arrays)`` takes the output and the inputs instead of a cache."""

    def run(values: Arrays) -> tuple[list[Array], Pull]:
        y = function(*values.values())

        def pull(cotangents: list[Array]) -> Arrays:
            return dict(zip(values, flatten(backward(cotangents[0], y, *values.values())), strict=True))

        return [y], pull

    return Problem(arrays, run, pure=True, data=tuple(arrays), outputs=[1], subject=(function,))


def layer_problem(layer: Layer, inputs: Arrays, call: Callable[..., Any] | None = None, fixed: Any = ()) -> Problem:
    """A layer, differentiated with respect to all its inputs and all its trainable parameters.

    Args:
        layer: in training mode. Its parameters get random float64 values. Its random generators are reset before each
            run, so that every run draws the same masks.
        inputs: arrays by name; ``layer.backward`` returns their gradients in this order.
        call: called as ``call(layer, inputs, *fixed)`` to run the forward pass; defaults to
            ``layer.forward(*inputs.values(), *fixed)``.
        fixed: arrays that are not differentiated, such as ids and lengths; a sequence, or a dict of names for
            them. Lengths are recognised by the name ``"lengths"``, or as integers (N,) if the layer takes lengths.
    """
    layer.astype(np.float64)
    rng = np.random.default_rng(2)
    for parameter in layer.parameters():
        parameter.data = 0.5 * rng.standard_normal(parameter.shape)
    parameters = {name: p for name, p in layer.named_parameters().items() if p.trainable}
    held = dict(fixed) if isinstance(fixed, dict) else dict(enumerate(fixed))
    counts: list[int] = []

    def start(values: Arrays) -> None:
        layer.discard_caches()
        layer.clear_gradients()
        for name, parameter in parameters.items():
            parameter.data = values[name]

    def forward(values: Arrays) -> Any:
        layer.reseed(0)
        x = {name: values[name] for name in inputs}
        return layer.forward(*x.values(), *held.values()) if call is None else call(layer, x, *held.values())

    def backward(y: Any, cotangents: list[Array]) -> Any:
        structured = rebuild(y, iter(cotangents))
        if not isinstance(y, tuple):
            return layer.backward(structured)
        return layer.backward(*map(whole_parts_missing, structured))

    def run(values: Arrays) -> tuple[list[Array], Pull]:
        start(values)
        y = forward(values)
        counts[:] = [len(flatten(part)) for part in y] if isinstance(y, tuple) else [1]

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
        held.update({key: move(value, name) if isinstance(value, np.ndarray) else value for key, value in held.items()})

    arrays = {**inputs, **{name: p.data for name, p in parameters.items()}}
    return Problem(
        arrays,
        run,
        move_layer,
        run_twice=run_twice,
        data=tuple(inputs),
        fixed=held,
        lengths=lengths_key(held, layer.takes_lengths),
        outputs=counts,
        subject=(layer,),
    )


def lengths_key(fixed: dict[Any, Any], takes_lengths: bool) -> Any:
    """The key of the lengths among the arguments of a layer that are not differentiated, or None."""
    for key, value in fixed.items():
        whole = isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.ndim == 1
        if whole and (key == "lengths" or takes_lengths):
            return key
    return None


def move_problem(problem: Problem, name: str) -> None:
    """Move all arrays of a problem to the array library ``name``."""
    problem.arrays = {key: move(value, name) for key, value in problem.arrays.items()}
    if problem.move is not None:
        problem.move(name)
