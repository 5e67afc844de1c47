"""Layers one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array
from scratchnn.core.layer import Layer


class Sequential(Layer):
    """Layers one after the other. A recurrent layer among them starts from zeros, and only its outputs are passed on."""

    takes_lengths = True

    def __init__(self, *layers: Layer):
        super().__init__()
        self.layers = list(layers)

    def forward(self, x: Array, lengths: Any = None) -> Array:
        """Run ``x`` through all layers.

        Args:
            x: the input of the first layer.
            lengths: number of real steps of each sequence in ``x`` (N,), all of them if None. Each layer that takes lengths
                gets those of its own input, as the layers before it say (``out_lengths``).

        Returns:
            The output of the last layer.
        """
        if isinstance(lengths, (list, tuple)):
            lengths = np.asarray(lengths)
        for layer in self.layers:
            y = layer.forward(x, lengths=lengths) if layer.takes_lengths else layer.forward(x)
            x = y[0] if layer.returns_state else y
            if lengths is not None:
                lengths = layer.out_lengths(lengths)
        return x

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to the input."""
        for layer in reversed(self.layers):
            dx = layer.backward(dy)
            dy = dx[0] if layer.returns_state else dx
        return dy

    def out_lengths(self, lengths: Array) -> Array | None:
        """The lengths (N,) after all layers, from those before the first; None if the outputs are no sequences."""
        after: Array | None = lengths
        for layer in self.layers:
            if after is not None:
                after = layer.out_lengths(after)
        return after

    def __repr__(self) -> str:
        """One line per layer."""
        lines = [f"  {line}" for layer in self.layers for line in repr(layer).splitlines()]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"]) if lines else f"{type(self).__name__}()"
