"""From one vector to the first state of a recurrent layer.

    h_0 = tanh(v W + b)                                                                                            (1)
    c_0 = v W' + b'                         for an LSTM, with weights of its own; c is not bounded                 (2)

Backward, each of the two adds to dv what ``layers/dense.py`` passes on, (1) through the slope 1 - h_0^2. Shapes: v (N, D),
h_0 and c_0 (N, H), W (D, H), b (H,). Xu et al., "Show, attend and tell" (2015), section 3.1.2.
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator
from scratchnn.core import Layer
from scratchnn.core.nested import flatten
from scratchnn.layers import Dense, Tanh
from scratchnn.recurrent.base import State


class FirstState(Layer):
    """Vectors (N, ``input_size``) -> a state of ``parts`` arrays (N, ``units``).

    Args:
        input_size, units: D and H.
        parts: number of arrays of a state; 2 for an LSTM.
        rng: draws W (Glorot uniform); b starts at zero.
    """

    def __init__(self, input_size: int, units: int, parts: int, *, rng: Generator | None = None):
        super().__init__()
        self.input_size, self.units = input_size, units
        self.maps = [Dense(input_size, units, rng=rng) for _ in range(parts)]
        self.squash = Tanh()

    def forward(self, v: Array) -> State:
        """Equations (1) and (2)."""
        first, *others = [dense.forward(v) for dense in self.maps]
        h = self.squash.forward(first)  # (1)
        return (h, *others) if others else h

    def backward(self, *dstate: State) -> Array:
        """The gradient with respect to v, from that with respect to the state: its arrays, or one tuple of them."""
        dh, *others = flatten(dstate)
        dmapped = [self.squash.backward(dh), *others]
        return sum(dense.backward(part) for dense, part in zip(self.maps, dmapped, strict=True))
