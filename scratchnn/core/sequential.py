"""Layers one after the other."""

from __future__ import annotations

from scratchnn.backend import Array
from scratchnn.core.layer import Layer


class Sequential(Layer):
    """Layers one after the other. A recurrent layer among them starts from zeros and passes on its outputs alone."""

    def __init__(self, *layers: Layer):
        super().__init__()
        self.layers = list(layers)

    def forward(self, x: Array, lengths: Array | None = None) -> Array:
        """Run ``x`` through all layers; ``lengths`` (N,) goes to the layers that take it."""
        for layer in self.layers:
            if getattr(layer, "recurrent", False):
                x, _ = layer.forward(x, lengths=lengths)
            else:
                x = layer.forward(x)
        return x

    def backward(self, dy: Array) -> Array:
        """Gradient by the input."""
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
            if getattr(layer, "recurrent", False):
                dy, _ = dy
        return dy
