"""What RNN, GRU and LSTM layers share: states, lengths, the two dropouts, and which outputs are returned.

The equations of each cell are in its own file.
"""

from __future__ import annotations

from typing import Any

from scratchnn.backend import Array, BufferPool, Generator, Lease, array_module, check_array, check_axis, floating
from scratchnn.core import Layer, Parameter
from scratchnn.core.nested import flatten
from scratchnn.errors import ShapeError
from scratchnn.layers.dropout import check_probability, dropout_mask
from scratchnn.layers.sequences import check_lengths
from scratchnn.recurrent.path import choose_path
from scratchnn.recurrent.steps import Steps

State = Any  # h (N, H), or (h, c) for an LSTM; the state of a composed layer is a tuple of its layers' states


class SequenceLayer(Layer):
    """Base of all recurrent layers, including those that consist of other recurrent layers.

        y, state = layer.forward(x, state, lengths)      x (N, T, D); the state defaults to zeros
        dx, dstate = layer.backward(dy, dstate)          gradients of the same shapes

    Attributes:
        input_size, units: sizes of the last axis of inputs and outputs.
        return_sequences: whether the output has all steps (N, T, units), or one step per sequence (N, units).
    """

    takes_lengths = True
    returns_state = True
    input_size: int
    units: int
    return_sequences: bool

    def zero_state(self, x: Array) -> State:
        """The state before the first step: zeros, one row per sequence of ``x``, in its dtype."""
        raise TypeError(f"{type(self).__name__} does not define zero_state")

    def out_lengths(self, lengths: Array | None) -> Array | None:
        """The lengths of the outputs: ``lengths`` themselves, or None if there is one output per sequence."""
        return lengths if self.return_sequences else None

    def zeros_for_none(self, dy: Array | None, dstate: State | None, shape: tuple[int, ...]) -> Array:
        """``dy`` itself, or zeros of ``shape`` if it is None; a ``ShapeError`` if ``dstate`` has no array either."""
        if dy is not None:
            return dy
        given = flatten(dstate)
        if not given:
            raise ShapeError(
                f"{type(self).__name__}: backward needs the gradient with respect to the outputs or the final state, "
                "got None for both"
            )
        part = floating(given[0], f"{type(self).__name__}: gradient of the state")
        return array_module(part).zeros(shape, dtype=part.dtype)

    def check_input(self, x: Array) -> None:
        """Raise ``ShapeError`` unless ``x`` is (N, T, ``input_size``)."""
        owner = type(self).__name__
        check_array(x, f"{owner}: input")
        if x.ndim != 3:
            raise ShapeError(f"{owner}: input must be (N, T, D), got shape {tuple(x.shape)}")
        check_axis(x, 2, self.input_size, owner, "input_size")


class Recurrent(SequenceLayer):
    """Base of the recurrent layers: (N, T, ``input_size``) -> (N, T, ``units``), or (N, ``units``), and the final state.

    Args:
        input_size, units: D and H.
        return_sequences: whether the output has all steps (N, T, H), or each sequence's last step (N, H).
        dropout: probability for the inputs; one mask per sequence, the same at every step (Gal and Ghahramani, 2016).
        recurrent_dropout: probability for h_{t-1} in the recurrent product; one mask per sequence, too.
        rng: draws the weights and, in training mode, the masks.
    """

    state_parts = 1  # number of arrays (N, H) that make up the state
    kernel: str | None = None  # the name of the cell's GPU kernels (``backend/kernels/cells.py``), None if it has none

    def __init__(
        self,
        input_size: int,
        units: int,
        rng: Generator | None,
        return_sequences: bool,
        dropout: float,
        recurrent_dropout: float,
    ):
        super().__init__()
        self.input_size, self.units = input_size, units
        self.return_sequences = return_sequences
        self.dropout = check_probability(dropout, type(self).__name__)
        self.recurrent_dropout = check_probability(recurrent_dropout, type(self).__name__)
        self.rng = rng if dropout or recurrent_dropout else None
        self.pool = BufferPool()

    # --- what a cell defines -----------------------------------------------------------------------------------------

    def zero_state(self, x: Array) -> State:
        """The state before the first step: zeros."""
        return array_module(x).zeros((x.shape[0], self.units), dtype=x.dtype)

    def hidden(self, state: State) -> Array:
        """The part of the state that is the output of the last step."""
        return state

    def add_to_hidden(self, dstate: State, dh: Array) -> State:
        """The gradient ``dstate`` with ``dh`` added to its hidden part."""
        return dstate + dh

    def weights(self) -> list[Parameter]:
        """The parameters in the order in which the cell's functions take them and return their gradients."""
        raise TypeError(f"{type(self).__name__} does not define weights")

    def run(
        self, x: Array, state: State, lengths: Array | None, mask_h: Array | None, lease: Lease
    ) -> tuple[Array, State, tuple]:
        """The whole-sequence forward function with this layer's parameters: outputs, final state, cache."""
        raise TypeError(f"{type(self).__name__} does not define run")

    def run_backward(self, dy: Array, dstate: State, cache: tuple) -> tuple[Array, State]:
        """The whole-sequence backward function; adds to the parameters' gradients, returns dx and dstate."""
        raise TypeError(f"{type(self).__name__} does not define run_backward")

    def check_state(self, state: State, N: int, name: str) -> State:
        """``state`` itself, or the gradient with respect to one; a ``ShapeError`` unless each array is (N, ``units``)."""
        owner = type(self).__name__
        parts = state if isinstance(state, tuple) else (state,)
        if len(parts) != self.state_parts:
            raise ShapeError(f"{owner}: {name} must be {self.state_parts} array(s) of shape (N, units), got {len(parts)}")
        for part in parts:
            check_array(part, f"{owner}: {name}")
            if part.shape != (N, self.units):
                raise ShapeError(f"{owner}: {name} must be {(N, self.units)}, got shape {tuple(part.shape)}")
        return state

    # --- the layer ---------------------------------------------------------------------------------------------------

    def forward(
        self, x: Array, state: State | None = None, lengths: Any = None, steps: Steps | None = None
    ) -> tuple[Array, State]:
        """Run over whole sequences.

        Args:
            x: inputs (N, T, D).
            state: state before the first step; defaults to zeros. Pass the returned state to continue the sequences.
            lengths: number of real steps of each sequence (N,); T if None. Beyond it the state does not change and the
                outputs are zero.
            steps: in place of ``lengths``, the steps that they lay out; they may be fed (``attention.feeding``).

        Returns:
            Outputs, (N, T, H) or (N, H), and the final state.
        """
        owner = type(self).__name__
        self.check_input(x)
        x = floating(x, f"{owner}: input")
        lengths = check_lengths(lengths, x, owner) if steps is None else steps
        state = self.zero_state(x) if state is None else self.check_state(state, x.shape[0], "state")
        mask_x = mask_h = None
        if self.training and self.dropout:
            mask_x = dropout_mask((x.shape[0], 1, self.input_size), self.dropout, x, self.rng)
            x = x * mask_x
        if self.training and self.recurrent_dropout:
            mask_h = dropout_mask((x.shape[0], self.units), self.recurrent_dropout, x, self.rng)
        lease = self.pool.lease()
        run, run_back = choose_path(self, x, state, lengths, mask_h)
        y, state, cache = run(x, state, lengths, mask_h, lease)
        outputs = y if self.return_sequences else self.hidden(state)
        self.push((run_back, cache, lease, mask_x, y.shape, outputs.shape), outputs)
        if not self.training:
            lease.end()
        return outputs, state

    def backward(self, dy: Array | None, dstate: State | None = None) -> tuple[Array, State]:
        """Backward from the gradients with respect to the outputs and the final state; one of them may be None, for zeros.

        Returns:
            The gradients with respect to the inputs and the first state.
        """
        run_back, cache, lease, mask_x, shape, output_shape = self.pop(dy)
        dy = self.zeros_for_none(dy, dstate, output_shape)
        xp = array_module(dy)
        dstate = self.zero_state(dy) if dstate is None else self.check_state(dstate, len(dy), "gradient of the state")
        if not self.return_sequences:  # the output is the final hidden state, so the two gradients add up
            dstate = self.add_to_hidden(dstate, dy)
            dy = xp.broadcast_to(xp.zeros((), dtype=dy.dtype), shape)
        dx, dstate = run_back(dy, dstate, cache)
        lease.end()
        if mask_x is not None:
            dx *= mask_x
        return dx, dstate
