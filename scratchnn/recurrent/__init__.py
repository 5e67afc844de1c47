"""Layers that read sequences: RNN, GRU, LSTM."""

from scratchnn.recurrent.lstm import LSTM, lstm_backward, lstm_forward, lstm_step, lstm_step_backward

__all__ = ["LSTM", "lstm_backward", "lstm_forward", "lstm_step", "lstm_step_backward"]
