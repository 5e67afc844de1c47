"""Convolutions of several kernel sizes over the same steps, side by side, as a text classifier uses them.

    c_k = relu(conv_k(x))        a causal convolution of kernel size k over x (N, T, D)         (N, T', H)         (1)
    c   = [c_k for each k]                                                                      (N, T', K H)       (2)

    dc_k = the part of dc that belongs to k,      dx = sum_k conv_k'(dc_k [c_k > 0])                               (3)

Causal padding gives every size the same number of outputs, T' = ceil(T / s) with stride s: each window ends at a real step,
and even a text shorter than the kernel has one. conv' is the backward pass of a convolution. Kim, "Convolutional neural
networks for sentence classification" (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratchnn.backend import Array, Generator, array_module
from scratchnn.core import Layer
from scratchnn.errors import DataError
from scratchnn.layers import Conv1D, ReLU


class Convolutions(Layer):
    """(N, T, ``input_size``) -> (N, ceil(T / stride), ``units``), units = H x number of kernel sizes.

    Args:
        input_size: D.
        units: H, outputs of each convolution.
        kernel_sizes: steps that each convolution looks at.
        stride: steps from one window to the next.
        rng: draws the weights.
    """

    takes_lengths = True

    def __init__(self, input_size: int, units: int, kernel_sizes: Sequence[int], *, rng: Generator, stride: int = 1):
        super().__init__()
        if not kernel_sizes:
            raise DataError("Convolutions: pass at least one kernel size")
        self.layers = [Conv1D(input_size, units, size, rng=rng, stride=stride, padding="causal") for size in kernel_sizes]
        self.relu = ReLU()
        self.input_size, self.units = input_size, units * len(self.layers)

    def out_lengths(self, lengths: Array) -> Array:
        """The number of real steps of each sequence (N,) in the outputs; the same for all kernel sizes."""
        return self.layers[0].out_lengths(lengths)

    def forward(self, x: Array, lengths: Any = None) -> Array:
        """Equations (1) and (2) for ``x`` (N, T, ``input_size``) and ``lengths`` (N,), T if None."""
        c = [layer.forward(x, lengths) for layer in self.layers]  # (1)
        return self.relu.forward(array_module(x).concatenate(c, axis=2) if len(c) > 1 else c[0])  # (2)

    def backward(self, dc: Array) -> Array:
        """Equation (3): the gradient with respect to x."""
        dc = self.relu.backward(dc)
        H = self.units // len(self.layers)
        dx: Any = 0
        for k, layer in enumerate(self.layers):
            dx = dx + layer.backward(dc[..., k * H : (k + 1) * H])  # (3)
        return dx
