"""Layers that read sequences: RNN, GRU in three forms, LSTM without and with peepholes; bidirectional and stacked.

Each cell is written three times, and tests hold each version equal to the one before:

    the step           ``lstm_step``, ``lstm_step_backward``: as a textbook writes it, in ``lstm.py``
    the plain loop     ``loop_forward``, ``loop_backward`` over any step, in ``plain_loop.py``
    the fast pair      ``lstm_forward``, ``lstm_backward``: whole sequences, in ``lstm.py``

In all backward functions, a gradient of None, with respect to the outputs, the final state or a part of it, counts as
zeros.

What makes the fast pairs fast has its own files: ``steps.py`` (padding is left out), ``inputs.py`` (one large product for
all steps), ``tuning.py`` (arrangements for a CPU). ``lstm_shared.py`` and ``gru_shared.py`` have what the forms of a cell
share. There are eighteen files because each cell and each of these topics can then be read by itself.
"""

from scratchnn.recurrent.base import Recurrent, SequenceLayer
from scratchnn.recurrent.bidirectional import Bidirectional, reverse_time
from scratchnn.recurrent.gru import GRU
from scratchnn.recurrent.gru_reset_after import (
    gru_reset_after_backward,
    gru_reset_after_forward,
    gru_reset_after_step,
    gru_reset_after_step_backward,
)
from scratchnn.recurrent.gru_reset_before import (
    gru_reset_before_backward,
    gru_reset_before_forward,
    gru_reset_before_step,
    gru_reset_before_step_backward,
)
from scratchnn.recurrent.gru_simplified import (
    gru_simplified_backward,
    gru_simplified_forward,
    gru_simplified_step,
    gru_simplified_step_backward,
)
from scratchnn.recurrent.lstm import LSTM, lstm_backward, lstm_forward, lstm_step, lstm_step_backward
from scratchnn.recurrent.lstm_peephole import (
    LSTMPeephole,
    lstm_peephole_backward,
    lstm_peephole_forward,
    lstm_peephole_step,
    lstm_peephole_step_backward,
)
from scratchnn.recurrent.plain_loop import loop_backward, loop_forward
from scratchnn.recurrent.rnn import RNN, rnn_backward, rnn_forward, rnn_step, rnn_step_backward
from scratchnn.recurrent.stacked import Stacked

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "LSTMPeephole",
    "Recurrent",
    "SequenceLayer",
    "Stacked",
    "gru_reset_after_backward",
    "gru_reset_after_forward",
    "gru_reset_after_step",
    "gru_reset_after_step_backward",
    "gru_reset_before_backward",
    "gru_reset_before_forward",
    "gru_reset_before_step",
    "gru_reset_before_step_backward",
    "gru_simplified_backward",
    "gru_simplified_forward",
    "gru_simplified_step",
    "gru_simplified_step_backward",
    "loop_backward",
    "loop_forward",
    "lstm_backward",
    "lstm_forward",
    "lstm_peephole_backward",
    "lstm_peephole_forward",
    "lstm_peephole_step",
    "lstm_peephole_step_backward",
    "lstm_step",
    "lstm_step_backward",
    "reverse_time",
    "rnn_backward",
    "rnn_forward",
    "rnn_step",
    "rnn_step_backward",
]
