"""Activation layers: functions without parameters, as layers.

Equations and slopes are those of ``scratchnn.functions``.
"""

from __future__ import annotations

from scratchnn.backend import Array
from scratchnn.core import Layer
from scratchnn.functions import (
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)


class Sigmoid(Layer):
    """Sigmoid of each entry, any shape."""

    def forward(self, x: Array) -> Array:
        """Outputs in 0 .. 1."""
        y = sigmoid(x)
        self.push(y, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        return sigmoid_backward(dy, self.pop(dy))


class Tanh(Layer):
    """tanh of each entry, any shape."""

    def forward(self, x: Array) -> Array:
        """Outputs in -1 .. 1."""
        y = tanh(x)
        self.push(y, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        return tanh_backward(dy, self.pop(dy))


class ReLU(Layer):
    """max(x, 0) of each entry, any shape."""

    def forward(self, x: Array) -> Array:
        """Outputs of 0 or more."""
        y = relu(x)
        self.push(x, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        return relu_backward(dy, self.pop(dy))


class Softmax(Layer):
    """Softmax over the last axis. A classifier is trained on logits, with ``losses.softmax_cross_entropy_forward``."""

    def forward(self, x: Array) -> Array:
        """Outputs that are positive and sum to 1 along the last axis."""
        y = softmax(x)
        self.push(y, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        return softmax_backward(dy, self.pop(dy))
