"""The layers of an encoder, and the bridge from its final states to the first state of a decoder.

A layer that reads in both directions ends with two states: u of its forward layer after the last real step, v of its
backward layer after the first. The decoder's layer of the same number starts from

    h_0 = tanh([u_h, v_h] W + b)                                                                                   (1)
    c_0 = [u_c, v_c] W + b                  for an LSTM, with weights of its own; c is not bounded                 (2)

Shapes: u and v (N, H), h_0 and c_0 (N, H), W (2H, H), b (H,). Each layer has its own W and b. Bahdanau, Cho and Bengio
(2015) start their decoder from tanh(v_h W).
"""

from __future__ import annotations

from typing import Any

from scratchnn.backend import Generator, array_module
from scratchnn.core import Layer
from scratchnn.core.nested import flatten, rebuild
from scratchnn.layers import Dense, Tanh
from scratchnn.recurrent import Bidirectional, SequenceLayer, Stacked
from scratchnn.recurrent.base import State
from scratchnn.recurrent.cells import make_cell


def make_encoder(
    cell: str, size: int, units: int, layers: int, bidirectional: bool, sequences: bool, dropout: float, rng: Generator
) -> SequenceLayer:
    """Recurrent layers over embeddings of that ``size``; all outputs of the highest if ``sequences``, else its last."""
    built: list[SequenceLayer] = []
    for k in range(layers):
        every = sequences or k < layers - 1
        directions = [make_cell(cell, size, units, rng, return_sequences=every) for _ in range(1 + bidirectional)]
        built.append(Bidirectional(directions[0], directions[1]) if bidirectional else directions[0])
        size = built[-1].units
    return stack(built, dropout, rng)


def stack(layers: list[Any], dropout: float, rng: Generator) -> SequenceLayer:
    """The layers one above the other; a single one as it is."""
    return Stacked(layers, dropout=dropout, rng=rng) if len(layers) > 1 else layers[0]


class LayerBridge(Layer):
    """One layer's pair of final states (u, v) -> the state of a decoder's layer.

    Args:
        units: H.
        parts: number of arrays (N, H) of a state; 2 for an LSTM.
        rng: draws W (Glorot uniform); b starts at zero.
    """

    def __init__(self, units: int, parts: int, *, rng: Generator):
        super().__init__()
        self.units = units
        self.maps = [Dense(2 * units, units, rng=rng) for _ in range(parts)]
        self.squash = Tanh()

    def forward(self, state: tuple[State, State]) -> State:
        """Equations (1) and (2)."""
        u, v = state
        pairs = zip(flatten(u), flatten(v), self.maps, strict=True)
        h, *others = [dense.forward(array_module(a).concatenate([a, b], axis=1)) for a, b, dense in pairs]
        return rebuild(u, iter([self.squash.forward(h), *others]))

    def backward(self, dstate: State) -> tuple[State, State]:
        """The gradients with respect to u and v."""
        dh, *others = flatten(dstate)
        dsums = [self.squash.backward(dh), *others]
        dboth = [dense.backward(part) for dense, part in zip(self.maps, dsums, strict=True)]  # (N, H) -> (N, 2H)
        du, dv = ([part[:, columns] for part in dboth] for columns in (slice(self.units), slice(self.units, None)))
        return rebuild(dstate, iter(du)), rebuild(dstate, iter(dv))


class Bridge(Layer):
    """The final states of a bidirectional encoder -> the first state of the decoder ``cells``, of as many layers.

    Args:
        cells: the decoder's recurrent layers, each with the units of one direction of the encoder's layer.
        rng: draws the weights of all layers.
    """

    def __init__(self, cells: SequenceLayer, *, rng: Generator):
        super().__init__()
        layers: list[Any] = cells.layers if isinstance(cells, Stacked) else [cells]
        self.layers = [LayerBridge(layer.units, layer.state_parts, rng=rng) for layer in layers]

    def forward(self, state: State) -> State:
        """The decoder's first state."""
        if len(self.layers) == 1:
            return self.layers[0].forward(state)
        return tuple(bridge.forward(part) for bridge, part in zip(self.layers, state, strict=True))

    def backward(self, dstate: State) -> State:
        """The gradient with respect to the encoder's final states."""
        if len(self.layers) == 1:
            return self.layers[0].backward(dstate)
        return tuple(bridge.backward(part) for bridge, part in zip(self.layers, dstate, strict=True))
