"""From one vector to the first state of a recurrent layer.

    h_0 = tanh(v W + b)                                                                                            (1)
    c_0 = v W' + b'                         for an LSTM, with weights of its own; c is not bounded                 (2)

Backward:

    da  = dh_0 (1 - h_0^2)                  with respect to a = v W + b                                            (3)
    dv  = da W^T + dc_0 W'^T                                                                                       (4)
    dW  = v^T da,  db = sum over n of da_n,  dW' and db' the same with dc_0 for da                                 (5)

Shapes: v (N, D), h_0 and c_0 (N, H), W (D, H), b (H,). Xu et al., "Show, attend and tell" (2015), section 3.1.2.
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator
from scratchnn.core import Layer
from scratchnn.core.nested import or_zeros
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
        self.push((h, *others))
        return (h, *others) if others else h

    def backward(self, *dstate: State) -> Array:
        """The gradient with respect to v, from that with respect to the state: its arrays, or one tuple of them.

        A part that is None counts as zeros.
        """
        given = dstate[0] if isinstance(dstate[0], tuple) else dstate
        dh, *others = or_zeros(given, self.pop())
        dmapped = [self.squash.backward(dh), *others]  # (3)
        return sum(dense.backward(part) for dense, part in zip(self.maps, dmapped, strict=True))  # (4), (5)
