"""Recurrent layers one above the other: each reads the outputs of the one below.

    y^1 = R^1(x),    y^l = R^l(y^{l-1} m^l)    for l = 2 .. K                                                      (1)
    dy^{l-1} = R^l'(dy^l) m^l,    dx = R^1'(dy^1)          R' is a layer's backward pass                           (2)

m^l is a dropout mask with a new draw for every entry and step. It acts on the connections between layers only; nothing is
dropped on the way through time: Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization" (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from scratchnn.backend import Array, Generator
from scratchnn.errors import DataError, ShapeError
from scratchnn.layers.dropout import Dropout
from scratchnn.recurrent.base import SequenceLayer, State


class Stacked(SequenceLayer):
    """Several recurrent layers as one; its state is the tuple of their states, from the lowest to the highest.

    Args:
        layers: from the lowest to the highest; all but the last must return sequences.
        dropout: probability for each output between two layers.
        rng: draws the masks; required if ``dropout`` is not 0.
    """

    def __init__(self, layers: Sequence[SequenceLayer], dropout: float = 0.0, rng: Generator | None = None):
        super().__init__()
        if not layers:
            raise DataError("Stacked: pass at least one layer")
        if dropout and rng is None:
            raise DataError("Stacked: dropout needs rng, which draws the masks; pass rng=np.random.default_rng(0)")
        for k, (below, above) in enumerate(pairwise(layers)):
            if not below.return_sequences:
                raise DataError(f"Stacked: layer {k} has return_sequences=False, but layer {k + 1} reads its sequences")
            if below.units != above.input_size:
                raise ShapeError(
                    f"Stacked: layer {k} has outputs of size {below.units}, layer {k + 1} expects {above.input_size}"
                )
        self.layers = list(layers)
        self.between = Dropout(dropout, rng=rng)  # one layer, used once per gap: its masks form a stack
        self.input_size, self.units = layers[0].input_size, layers[-1].units
        self.return_sequences = layers[-1].return_sequences

    def zero_state(self, x: Array) -> State:
        """The zero states of all layers."""
        return tuple(layer.zero_state(x) for layer in self.layers)

    def forward(self, x: Array, state: State | None = None, lengths: Any = None) -> tuple[Array, State]:
        """Run over whole sequences, as ``Recurrent.forward`` does.

        Args:
            x: inputs (N, T, D).
            state: one state per layer; defaults to zeros. Pass the returned state to continue the sequences.
            lengths: number of real steps of each sequence (N,); T if None.

        Returns:
            Outputs of the highest layer and the final states of all.
        """
        if state is not None and len(state) != len(self.layers):
            raise ShapeError(f"Stacked: state must have one state for each of {len(self.layers)} layers, got {len(state)}")
        last = []
        for k, layer in enumerate(self.layers):
            if k:
                x = self.between.forward(x)
            x, layer_state = layer.forward(x, None if state is None else state[k], lengths)
            last.append(layer_state)
        return x, tuple(last)

    def backward(self, dy: Array | None, dstate: State | None = None) -> tuple[Array, State]:
        """Backward from the gradients with respect to the outputs and the final states; either may be None, for zeros.

        Returns:
            The gradients with respect to the inputs and the first states.
        """
        if dstate is not None and len(dstate) != len(self.layers):
            raise ShapeError(
                f"Stacked: gradient of the state must have one part for each of {len(self.layers)} layers, "
                f"got {len(dstate)}"
            )
        first: list[State] = []
        for k in reversed(range(len(self.layers))):
            dy, layer_dstate = self.layers[k].backward(dy, None if dstate is None else dstate[k])  # (2)
            if k:
                dy = self.between.backward(dy)  # (2)
            first.insert(0, layer_dstate)
        return dy, tuple(first)
