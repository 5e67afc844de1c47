"""The GRU layer in three forms; each form's equations stand at the top of its own file.

    h_t = (1 - z_t) n_t + z_t h_{t-1}                                        in all three forms

    simplified      n_t = tanh(x_t Wx_n + h_{t-1} Wh_n + b_n)                ``gru_simplified``, Andrew Ng's first GRU
    reset_before    n_t = tanh(x_t Wx_n + (r_t h_{t-1}) Wh_n + b_n)          ``gru_reset_before``, Cho et al. (2014)
    reset_after     n_t = tanh(x_t Wx_n + b_n + r_t (h_{t-1} Wh_n + bh))     ``gru_reset_after``, cuDNN and PyTorch

Two conventions for the update gate are in use. Here, as in PyTorch and Cho et al., z_t is the part of the old state that
is kept. Andrew Ng's Gamma_u = 1 - z_t is the part that is replaced; because 1 - sigmoid(a) = sigmoid(-a), weights change
from one convention to the other by the sign of the update gate's columns.
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator
from scratchnn.core import Parameter
from scratchnn.errors import DataError
from scratchnn.recurrent.base import Recurrent, State
from scratchnn.recurrent.gru_reset_after import gru_reset_after_backward, gru_reset_after_forward
from scratchnn.recurrent.gru_reset_before import gru_reset_before_backward, gru_reset_before_forward
from scratchnn.recurrent.gru_simplified import gru_simplified_backward, gru_simplified_forward

FORMS = {  # blocks of H columns in Wx, Wh and b
    "simplified": 2,
    "reset_before": 3,
    "reset_after": 3,
}


class GRU(Recurrent):
    """GRU layer; its state is h. For arguments and calls see ``Recurrent``.

    Args:
        form: ``"reset_after"``, ``"reset_before"`` or ``"simplified"``.
    """

    def __init__(
        self,
        input_size: int,
        units: int,
        *,
        rng: Generator,
        form: str = "reset_after",
        return_sequences: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ):
        super().__init__(
            input_size,
            units,
            rng=rng,
            return_sequences=return_sequences,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
        )
        if form not in FORMS:
            raise DataError(f"GRU: unknown form {form!r}; choose one of {', '.join(FORMS)}")
        self.form = form
        self.Wx = Parameter.glorot((input_size, FORMS[form] * units), rng)
        self.Wh = Parameter.orthogonal((units, FORMS[form] * units), rng)
        self.b = Parameter.zeros((FORMS[form] * units,))
        self.bh = Parameter.zeros((units,)) if form == "reset_after" else None

    def run(self, x: Array, state: State, lengths: Array | None, mask_h: Array | None) -> tuple[Array, State, tuple]:
        """The form's forward function with this layer's parameters."""
        Wx, Wh, b = self.Wx.data, self.Wh.data, self.b.data
        if self.bh is not None:
            return gru_reset_after_forward(x, state, Wx, Wh, b, self.bh.data, lengths, mask_h, self.work)
        if self.form == "reset_before":
            return gru_reset_before_forward(x, state, Wx, Wh, b, lengths, mask_h, self.work)
        return gru_simplified_forward(x, state, Wx, Wh, b, lengths, mask_h, self.work)

    def run_backward(self, dy: Array, dstate: State, cache: tuple) -> tuple[Array, State]:
        """The form's backward function; the weight gradients go to the parameters."""
        if self.bh is not None:
            dx, dh0, dWx, dWh, db, dbh = gru_reset_after_backward(dy, dstate, cache, self.work)
            self.bh.accumulate(dbh)
        elif self.form == "reset_before":
            dx, dh0, dWx, dWh, db = gru_reset_before_backward(dy, dstate, cache, self.work)
        else:
            dx, dh0, dWx, dWh, db = gru_simplified_backward(dy, dstate, cache, self.work)
        self.Wx.accumulate(dWx)
        self.Wh.accumulate(dWh)
        self.b.accumulate(db)
        return dx, dh0

    def release(self, cache: tuple) -> None:
        """The arrays over all steps are free again; each forward function says how many of the cache they are."""
        self.work.give(*cache[: 3 if self.form == "simplified" else 5])
