"""Layers: what all of them have in common.

A layer has parameters, calls a pair of pure functions, and keeps a stack of caches:

    y = layer.forward(x)       pushes a cache with the arrays that backward needs
    dx = layer.backward(dy)    pops the cache, and adds to the gradient of each parameter; dy has the shape of y

Because the caches form a stack, one layer may be used many times before backward (a decoder step, a shared embedding); the
backward calls are then made in reverse order. Gradients accumulate until ``clear_gradients``. In evaluation mode no cache
is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchnn.backend import (
    FLOATING,
    Array,
    array_module,
    backend_name,
    generator,
    move,
    move_generator,
    seed_from,
)
from scratchnn.core.tree import Tree
from scratchnn.errors import CacheError, CheckpointError, ShapeError


class Layer(Tree):
    """Base of all layers and models: keeps the stack of caches, and moves, casts, saves and loads all parameters at once.

    Parameters, sub-layers and random generators are found in attributes, lists, tuples and dicts (``scratchnn.core.tree``).

    Attributes:
        training: whether forward keeps a cache for backward, and dropout is active.
        takes_lengths: whether forward has an argument ``lengths``, the number of real steps of each sequence (N,).
        returns_state: whether forward returns (outputs, final state), and backward (dx, gradient of the first state).
    """

    takes_lengths = False
    returns_state = False

    def __init__(self) -> None:
        self.training = True
        self._caches: list[Any] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Same as ``forward``."""
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs for given inputs; pushes a cache in training mode."""
        raise TypeError(f"{type(self).__name__} does not define forward")

    def backward(self, *args: Any, **kwargs: Any) -> Any:
        """From the gradients with respect to the outputs, those with respect to the inputs; pops the matching cache."""
        raise TypeError(f"{type(self).__name__} does not define backward")

    def out_lengths(self, lengths: Array) -> Array | None:
        """The number of real steps of each sequence (N,) in the outputs, from that in the inputs: the same number.

        A layer that changes the number of steps (a convolution, a pooling layer) overrides this. It returns None if its
        outputs have no steps.
        """
        return lengths

    def __repr__(self) -> str:
        """Class, and the sizes of the last axis before and after if the layer has ``input_size`` and ``units``."""
        sizes = f"{self.input_size} -> {self.units}" if hasattr(self, "input_size") and hasattr(self, "units") else ""
        return f"{type(self).__name__}({sizes})"

    # --- caches ------------------------------------------------------------------------------------------------------

    def push(self, cache: Any, y: Array | None = None) -> None:
        """Keep ``cache`` for the backward pass, and the shape of the outputs ``y``; in evaluation mode, do nothing."""
        if self.training:
            self._caches.append((cache, None if y is None else tuple(y.shape)))

    def pop(self, dy: Array | None = None) -> Any:
        """Remove and return the cache of the latest forward call that has had no backward call yet.

        Raises:
            ShapeError: the gradient ``dy`` with respect to the outputs of that call has another shape than they have, or is
                not float32 or wider. An array of another shape might be broadcast, and the result be wrong.
            CacheError: there is no such call.
        """
        if not self._caches:
            raise CacheError(
                f"{type(self).__name__}: backward without a forward call "
                "(forward not called in training mode, or backward called twice)"
            )
        shape = self._caches[-1][1]
        if dy is not None and shape is not None and getattr(dy, "shape", None) != shape:
            raise ShapeError(
                f"{type(self).__name__}: the gradient with respect to the outputs has shape "
                f"{getattr(dy, 'shape', type(dy).__name__)}, the outputs have shape {shape}"
            )
        if dy is not None and shape is not None and dy.dtype.char not in FLOATING:
            raise ShapeError(
                f"{type(self).__name__}: the gradient with respect to the outputs has dtype {dy.dtype}; "
                "expected float32 or wider"
            )
        return self._caches.pop()[0]

    def pending(self) -> int:
        """Number of forward calls, of this layer and all sub-layers, without a backward call yet."""
        return sum(len(layer._caches) for _, layer in self.named_layers())

    def discard_caches(self) -> None:
        """Discard the caches of this layer and all sub-layers: forward calls that will have no backward call."""
        for _, layer in self.named_layers():
            layer._caches.clear()

    # --- everything at once ------------------------------------------------------------------------------------------

    def reseed(self, *numbers: int) -> None:
        """Replace every distinct generator by one of the same library, seeded from ``numbers``.

        A training loop calls this before each step, with the run's seed and the number of the step: the masks are then a
        function of the position in the data, and a run that is resumed at that position draws the same ones.
        """
        self.replace_generators(
            [generator(backend_name(rng), seed_from(*numbers, k)) for k, rng in enumerate(self.generators())]
        )

    def train(self, training: bool = True) -> Layer:
        """Set training mode (evaluation mode if false) for this layer and all sub-layers. Returns the layer itself."""
        self.check_members()
        for _, layer in self.named_layers():
            layer.training = training
        return self

    def evaluate(self) -> Layer:
        """Set evaluation mode: no dropout, no caches. Returns the layer itself."""
        return self.train(False)

    def clear_gradients(self) -> None:
        """Set the gradients of all parameters to None."""
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, name: str) -> Layer:
        """Move parameters, gradients and random generators to ``"numpy"`` or ``"cupy"``. Returns the layer itself."""
        if self.pending():
            raise CacheError(
                f"{type(self).__name__}: cannot move while forward calls have no backward call; discard_caches() first"
            )
        for parameter in self.named_parameters().values():
            parameter.to(name)
        self.replace_generators([move_generator(rng, name) for rng in self.generators()])
        return self

    def astype(self, dtype: Any) -> Layer:
        """Cast every parameter, for example to float64 for a gradient check; clears gradients. Returns the layer itself.

        Weights are float32 or wider; any other ``dtype`` is a ``ShapeError``.
        """
        if np.dtype(dtype).char not in FLOATING:
            raise ShapeError(f"{type(self).__name__}: weights must be float32 or wider, got {np.dtype(dtype)}")
        self.clear_gradients()
        for parameter in self.parameters():
            parameter.data = parameter.data.astype(dtype)
        return self

    def state_dict(self) -> dict[str, Array]:
        """The arrays of the parameters by name; not copies."""
        return {name: parameter.data for name, parameter in self.named_parameters().items()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy saved values; every name and shape must agree, and nothing is changed unless all do."""
        own = self.named_parameters()
        who = type(self).__name__
        if missing := [name for name in own if name not in state]:
            raise CheckpointError(f"{who}: the saved state lacks parameter {missing[0]!r} ({len(missing)} missing)")
        if extra := [name for name in state if name not in own]:
            raise CheckpointError(f"{who}: the saved state has an unknown parameter {extra[0]!r} ({len(extra)} unknown)")
        for name, parameter in own.items():
            if tuple(state[name].shape) != parameter.shape:
                raise CheckpointError(
                    f"{who}: parameter {name!r} has shape {tuple(state[name].shape)} in the saved state, "
                    f"{parameter.shape} here"
                )
            if state[name].dtype.kind not in ("f", parameter.data.dtype.kind):  # bool or dates would be cast in silence
                raise CheckpointError(f"{who}: parameter {name!r} has dtype {state[name].dtype} in the saved state")
        for name, parameter in own.items():
            value = move(state[name], backend_name(parameter.data))
            parameter.data = array_module(parameter.data).array(value, dtype=parameter.data.dtype)
