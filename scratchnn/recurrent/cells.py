"""All recurrent cells by name, for models whose cell is a setting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from scratchnn.backend import Generator
from scratchnn.errors import DataError
from scratchnn.recurrent.base import Recurrent
from scratchnn.recurrent.gru import GRU
from scratchnn.recurrent.lstm import LSTM
from scratchnn.recurrent.lstm_peephole import LSTMPeephole
from scratchnn.recurrent.rnn import RNN

CELLS: dict[str, Callable[..., Recurrent]] = {
    "rnn": RNN,
    "rnn-relu": partial(RNN, activation="relu"),
    "gru": GRU,
    "gru-reset-before": partial(GRU, form="reset_before"),
    "gru-simplified": partial(GRU, form="simplified"),
    "lstm": LSTM,
    "lstm-peephole": LSTMPeephole,
}


def make_cell(
    name: str,
    input_size: int,
    units: int,
    rng: Generator,
    forget_bias: float = 1.0,
    return_sequences: bool = True,
    recurrent_dropout: float = 0.0,
) -> Recurrent:
    """The recurrent layer with that name; a ``forget_bias`` other than 1 needs an LSTM."""
    if name not in CELLS:
        raise DataError(f"unknown cell {name!r}; choose one of {', '.join(CELLS)}")
    options: dict[str, float] = {"recurrent_dropout": recurrent_dropout}
    if name.startswith("lstm"):
        options["forget_bias"] = forget_bias
    elif forget_bias != 1:
        raise DataError(f"a forget bias of {forget_bias} needs an LSTM; the cell {name!r} has no forget gate")
    return CELLS[name](input_size, units, rng=rng, return_sequences=return_sequences, **options)
