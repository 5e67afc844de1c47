"""The GRU layer in three forms; the equations of each form are at the top of its own file.

    h_t = (1 - z_t) n_t + z_t h_{t-1}                                        in all three forms

    simplified      n_t = tanh(x_t Wx_n + h_{t-1} Wh_n + b_n)                ``gru_simplified``, Andrew Ng's first GRU
    reset_before    n_t = tanh(x_t Wx_n + (r_t h_{t-1}) Wh_n + b_n)          ``gru_reset_before``, Cho et al. (2014)
    reset_after     n_t = tanh(x_t Wx_n + b_n + r_t (h_{t-1} Wh_n + bh))     ``gru_reset_after``, cuDNN and PyTorch

Two conventions for the update gate are in use. Here, as in PyTorch and Cho et al., z_t is the part of the old state that
is kept. Andrew Ng's Gamma_u = 1 - z_t is the part that is replaced. Because 1 - sigmoid(a) = sigmoid(-a), changing the sign
of the update gate's columns converts weights from one convention to the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from scratchnn.backend import Array, Generator, Lease
from scratchnn.core import Parameter
from scratchnn.errors import DataError
from scratchnn.recurrent.base import Recurrent, State
from scratchnn.recurrent.gru_reset_after import gru_reset_after_backward, gru_reset_after_forward
from scratchnn.recurrent.gru_reset_before import gru_reset_before_backward, gru_reset_before_forward
from scratchnn.recurrent.gru_simplified import gru_simplified_backward, gru_simplified_forward


class Form(NamedTuple):
    """One form of the GRU."""

    blocks: int  # of H columns in Wx, Wh and b
    forward: Callable[..., tuple]
    backward: Callable[..., tuple]


FORMS = {
    "simplified": Form(2, gru_simplified_forward, gru_simplified_backward),
    "reset_before": Form(3, gru_reset_before_forward, gru_reset_before_backward),
    "reset_after": Form(3, gru_reset_after_forward, gru_reset_after_backward),
}


class GRU(Recurrent):
    """GRU layer; its state is h. For other arguments and calls see ``Recurrent``.

    Args:
        form: ``"reset_after"``, ``"reset_before"`` or ``"simplified"``.
    """

    def __init__(
        self,
        input_size: int,
        units: int,
        *,
        rng: Generator | None = None,
        form: str = "reset_after",
        return_sequences: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ):
        super().__init__(input_size, units, rng, return_sequences, dropout, recurrent_dropout)
        if form not in FORMS:
            raise DataError(f"GRU: unknown form {form!r}; choose one of {', '.join(FORMS)}")
        self.form, self.kernel = form, f"gru_{form}"
        columns = FORMS[form].blocks * units
        self.Wx = Parameter.glorot((input_size, columns), rng)
        self.Wh = Parameter.orthogonal((units, columns), rng)
        self.b = Parameter.zeros((columns,))
        self.bh = Parameter.zeros((units,)) if form == "reset_after" else None

    def weights(self) -> list[Parameter]:
        """The parameters in the order in which the form's functions take them and return their gradients."""
        return [parameter for parameter in (self.Wx, self.Wh, self.b, self.bh) if parameter is not None]

    def run(
        self, x: Array, state: State, lengths: Array | None, mask_h: Array | None, lease: Lease
    ) -> tuple[Array, State, tuple]:
        """The form's forward function with this layer's parameters."""
        weights = [parameter.data for parameter in self.weights()]
        return FORMS[self.form].forward(x, state, *weights, lengths, mask_h, lease)

    def run_backward(self, dy: Array, dstate: State, cache: tuple) -> tuple[Array, State]:
        """The form's backward function; adds to the parameters' gradients."""
        dx, dh0, *gradients = FORMS[self.form].backward(dy, dstate, cache, self.pool)
        for parameter, gradient in zip(self.weights(), gradients, strict=True):
            parameter.accumulate(gradient)
        return dx, dh0
