"""Layers that read sequences: RNN, GRU, LSTM, in one direction or both, one above the other."""

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
from scratchnn.recurrent.rnn import RNN, rnn_backward, rnn_forward, rnn_step, rnn_step_backward
from scratchnn.recurrent.stacked import Stacked

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
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
    "lstm_backward",
    "lstm_forward",
    "lstm_step",
    "lstm_step_backward",
    "reverse_time",
    "rnn_backward",
    "rnn_forward",
    "rnn_step",
    "rnn_step_backward",
]
