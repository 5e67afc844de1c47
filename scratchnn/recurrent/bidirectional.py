"""Two recurrent layers over the same sequences, one from left to right, one from right to left.

Let L be a sequence's length. rev reverses its real steps and leaves the padded ones in place:

    rev(x)_t = x_{L+1-t}  for t <= L,  x_t beyond      rev(rev(x)) = x                                             (1)
    u = F(x)                                           forward layer                                               (2)
    v = rev(B(rev(x)))                                 backward layer: v_t has seen x_L .. x_t                     (3)
    y_t = [u_t, v_t], or u_t + v_t                     merge = "concat" or "sum"                                   (4)

Backward. The inverse of a permutation is its transpose, and rev is its own inverse. Gradients therefore go back through
rev as well:

    [du_t, dv_t] = dy_t, or du_t = dv_t = dy_t                                                                     (5)
    dx = F'(du) + rev(B'(rev(dv)))                     F' and B' are the layers' backward passes                   (6)

The state is the pair of both layers' states. If the layers return one output per sequence, u is the state of F after x_L
and v the state of B after x_1; then the outer rev in (3) and the inner one in (6) are left out.

If the whole padded row were reversed instead, the backward layer would start in the padding. Schuster and Paliwal,
"Bidirectional recurrent neural networks" (1997).
"""

from __future__ import annotations

from typing import Any

from scratchnn.backend import Array, array_module
from scratchnn.errors import DataError, ShapeError
from scratchnn.recurrent.base import SequenceLayer, State, check_lengths

MERGES = ["concat", "sum"]


def reverse_time(x: Array, lengths: Array | None = None) -> Array:
    """Equation (1): ``x`` (N, T, ...) with the first ``lengths`` (N,) steps of each sequence in reverse order."""
    if lengths is None:
        return x[:, ::-1]
    xp = array_module(x)
    steps = xp.arange(x.shape[1])
    last = lengths.astype("int64")[:, None] - 1  # unsigned, 0 - 1 would wrap
    source = xp.where(steps <= last, last - steps, steps)  # (N, T)
    return x[xp.arange(x.shape[0])[:, None], source]


class Bidirectional(SequenceLayer):
    """Reads (N, T, D) in both directions; its state is (forward layer's state, backward layer's state).

    Args:
        forward_layer, backward_layer: recurrent layers of the same input size; both return sequences, or neither does.
        merge: ``"concat"`` puts the outputs side by side, ``"sum"`` adds them.
    """

    def __init__(self, forward_layer: SequenceLayer, backward_layer: SequenceLayer, merge: str = "concat"):
        super().__init__()
        if merge not in MERGES:
            raise DataError(f"Bidirectional: unknown merge {merge!r}; choose one of {', '.join(MERGES)}")
        if forward_layer.return_sequences != backward_layer.return_sequences:
            raise DataError("Bidirectional: either both layers return sequences or neither does")
        for name in ["input_size"] if merge == "concat" else ["input_size", "units"]:
            sizes = getattr(forward_layer, name), getattr(backward_layer, name)
            if sizes[0] != sizes[1]:
                raise ShapeError(f"Bidirectional: the layers differ in {name}: {sizes[0]} forward, {sizes[1]} backward")
        self.forward_layer, self.backward_layer = forward_layer, backward_layer
        self.merge = merge
        self.input_size = forward_layer.input_size
        self.units = forward_layer.units + (backward_layer.units if merge == "concat" else 0)
        self.return_sequences = forward_layer.return_sequences

    def zero_state(self, x: Array) -> State:
        """The zero states of both layers."""
        return self.forward_layer.zero_state(x), self.backward_layer.zero_state(x)

    def forward(self, x: Array, state: State | None = None, lengths: Any = None) -> tuple[Array, State]:
        """Run over whole sequences, as ``Recurrent.forward`` does.

        Args:
            x: inputs (N, T, D).
            state: the pair of first states, the backward layer's at the end of each sequence; defaults to zeros.
            lengths: number of real steps of each sequence (N,); T if None.

        Returns:
            Outputs, (N, T, ``units``) or (N, ``units``), and the pair of final states.
        """
        self.check_input(x)
        lengths = check_lengths(lengths, x, "Bidirectional")
        if state is not None and len(state) != 2:
            raise ShapeError(f"Bidirectional: state must be a pair, one state for each direction, got {len(state)} parts")
        first_u, first_v = (None, None) if state is None else state
        u, state_u = self.forward_layer.forward(x, first_u, lengths)
        v, state_v = self.backward_layer.forward(reverse_time(x, lengths), first_v, lengths)
        if self.return_sequences:
            v = reverse_time(v, lengths)
        y = array_module(x).concatenate([u, v], axis=-1) if self.merge == "concat" else u + v
        self.push((lengths, y.shape), y)
        return y, (state_u, state_v)

    def backward(self, dy: Array | None, dstate: State | None = None) -> tuple[Array, State]:
        """Backward from the gradients with respect to the outputs and the final states; either may be None, for zeros.

        Returns:
            The gradients with respect to the inputs and the first states.
        """
        lengths, shape = self.pop(dy)
        dy = self.zeros_for_none(dy, dstate, shape)
        split = self.forward_layer.units
        du, dv = (dy[..., :split], dy[..., split:]) if self.merge == "concat" else (dy, dy)  # (5)
        if dstate is not None and len(dstate) != 2:
            raise ShapeError(f"Bidirectional: gradient of the state must be a pair, got {len(dstate)} parts")
        dlast_u, dlast_v = (None, None) if dstate is None else dstate
        if self.return_sequences:
            dv = reverse_time(dv, lengths)  # (6)
        dx_v, dfirst_v = self.backward_layer.backward(dv, dlast_v)  # (6)
        dx_u, dfirst_u = self.forward_layer.backward(du, dlast_u)  # (6)
        return dx_u + reverse_time(dx_v, lengths), (dfirst_u, dfirst_v)  # (6)
