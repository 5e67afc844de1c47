"""Layers: the little that all of them share.

A layer holds parameters, calls a pair of pure functions, and keeps a stack of caches:

    y = layer.forward(x)       pushes what backward will need
    dx = layer.backward(dy)    pops it, and adds to the gradient of each parameter

Because the caches form a stack, one layer may be used many times before backward (a decoder step, a shared embedding); the
backward calls then come in reverse order. Gradients add up until ``clear_gradients``. In evaluation mode nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scratchnn.backend import (
    Array,
    Generator,
    array_module,
    backend_name,
    generator,
    move,
    move_generator,
    seed_from,
)
from scratchnn.core.parameter import Parameter
from scratchnn.errors import CacheError, CheckpointError


class Layer:
    """Base of all layers and models: finds parameters and sub-layers among the attributes, keeps the stack of caches.

    Attributes are searched in the order of their assignment, lists of layers included, so that the order of parameters
    never depends on hashing. A parameter held by two layers (weight tying) is found once, by identity.
    """

    def __init__(self) -> None:
        self.training = True
        self._caches: list[Any] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Same as ``forward``."""
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Outputs for inputs; pushes a cache while training."""
        raise TypeError(f"{type(self).__name__} does not define forward")

    def backward(self, *args: Any, **kwargs: Any) -> Any:
        """Gradients by the inputs for gradients by the outputs; pops the cache of the matching forward call."""
        raise TypeError(f"{type(self).__name__} does not define backward")

    # --- caches ------------------------------------------------------------------------------------------------------

    def push(self, cache: Any) -> None:
        """Keep ``cache`` for the backward pass; in evaluation mode, do nothing."""
        if self.training:
            self._caches.append(cache)

    def pop(self) -> Any:
        """The cache of the latest forward call that has had no backward call yet."""
        if not self._caches:
            raise CacheError(
                f"{type(self).__name__}: backward without a forward to go with it "
                "(forward not called in training mode, or backward called twice)"
            )
        return self._caches.pop()

    def pending(self) -> int:
        """Number of forward calls, here and in all sub-layers, that still wait for their backward call."""
        return sum(len(layer._caches) for _, layer in self.named_layers())

    def discard_caches(self) -> None:
        """Forget all pending forward calls, here and in all sub-layers."""
        for _, layer in self.named_layers():
            layer._caches.clear()

    # --- the tree of sub-layers --------------------------------------------------------------------------------------

    def children(self) -> Iterator[tuple[str, Layer]]:
        """Direct sub-layers with their names, in the order of assignment."""
        for name, value in vars(self).items():
            if isinstance(value, Layer):
                yield name, value
            elif isinstance(value, list):
                for k, item in enumerate(value):
                    if isinstance(item, Layer):
                        yield f"{name}.{k}", item

    def named_layers(self, prefix: str = "") -> Iterator[tuple[str, Layer]]:
        """This layer and everything below it, each once, with dotted names."""
        seen: set[int] = set()
        stack = [(prefix, self)]
        while stack:
            name, layer = stack.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            yield name, layer
            below = [(f"{name}.{child}" if name else child, sub) for child, sub in layer.children()]
            stack.extend(reversed(below))

    def named_parameters(self) -> dict[str, Parameter]:
        """All parameters by dotted name, each once."""
        found: dict[str, Parameter] = {}
        seen: set[int] = set()
        for path, layer in self.named_layers():
            for name, value in vars(layer).items():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    found[f"{path}.{name}" if path else name] = value
        return found

    def parameters(self) -> list[Parameter]:
        """All parameters, each once."""
        return list(self.named_parameters().values())

    def generators(self) -> list[Generator]:
        """The distinct random generators held by this layer and its sub-layers."""
        found: dict[int, Generator] = {}
        for _, layer in self.named_layers():
            rng = vars(layer).get("rng")
            if rng is not None:
                found.setdefault(id(rng), rng)
        return list(found.values())

    def reseed(self, *numbers: int) -> None:
        """Give every distinct generator a new start made of ``numbers``, in its own library.

        A training loop does this before each step, with the run's seed and the step's number: the masks are then a
        function of the position in the data, and a run that is resumed there draws the same ones.
        """
        fresh = {id(rng): generator(backend_name(rng), seed_from(*numbers, k)) for k, rng in enumerate(self.generators())}
        for _, layer in self.named_layers():
            if vars(layer).get("rng") is not None:
                vars(layer)["rng"] = fresh[id(vars(layer)["rng"])]

    # --- everything at once ------------------------------------------------------------------------------------------

    def train(self, training: bool = True) -> Layer:
        """Training mode, or evaluation mode with ``False``, for this layer and everything below it."""
        for _, layer in self.named_layers():
            layer.training = training
        return self

    def evaluate(self) -> Layer:
        """Evaluation mode: no dropout, no caches."""
        return self.train(False)

    def clear_gradients(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, name: str) -> Layer:
        """Move parameters, gradients and random generators to ``"numpy"`` or ``"cupy"``; returns the layer itself."""
        if self.pending():
            raise CacheError(f"{type(self).__name__}: cannot move while forward calls wait for backward")
        for parameter in self.parameters():
            parameter.to(name)
        moved = {id(rng): move_generator(rng, name) for rng in self.generators()}
        for _, layer in self.named_layers():
            if vars(layer).get("rng") is not None:
                vars(layer)["rng"] = moved[id(vars(layer)["rng"])]
        return self

    def astype(self, dtype: Any) -> Layer:
        """Cast every parameter, as for a gradient check in float64; gradients are forgotten. Returns the layer itself."""
        self.clear_gradients()
        for parameter in self.parameters():
            parameter.data = parameter.data.astype(dtype)
        return self

    def state_dict(self) -> dict[str, Array]:
        """The parameters' arrays by name; the arrays themselves, not copies."""
        return {name: parameter.data for name, parameter in self.named_parameters().items()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy values in; every name and shape must agree, and nothing is changed unless all do."""
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
        for name, parameter in own.items():
            value = move(state[name], backend_name(parameter.data))
            parameter.data = array_module(parameter.data).array(value, dtype=parameter.data.dtype)
