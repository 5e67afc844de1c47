"""Lengths of any integer type: unsigned ones, such as ``mask.sum(axis=1)`` of a mask of bytes, wrap below zero."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn import recurrent
from scratchnn.core import Sequential
from scratchnn.errors import ShapeError
from scratchnn.layers import AttentionPool, Conv1D, GlobalAveragePool1D, GlobalMaxPool1D, MaxPool1D, Tanh
from scratchnn.layers.sequences import check_lengths
from scratchnn.metrics import accuracy
from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional, LSTMPeephole, Stacked, reverse_time
from scratchnn.structured import CRF, best_trees, crf_marginals, head_loss_forward, label_scores_forward, viterbi

N, T, D, H = 5, 4, 3, 2
LENGTHS = np.array([3, 0, 4, 1, 2])
TYPES = ["uint8", "uint16", "uint32", "uint64", "int8"]


def rng(seed=0):
    return np.random.default_rng(seed)


LAYERS = {
    "rnn": lambda: RNN(D, H, rng=rng()),
    "gru": lambda: GRU(D, H, rng=rng()),
    "gru-reset-before": lambda: GRU(D, H, rng=rng(), form="reset_before"),
    "gru-simplified": lambda: GRU(D, H, rng=rng(), form="simplified"),
    "lstm": lambda: LSTM(D, H, rng=rng()),
    "lstm-peephole": lambda: LSTMPeephole(D, H, rng=rng()),
    "last-output": lambda: LSTM(D, H, rng=rng(), return_sequences=False),
    "bidirectional": lambda: Bidirectional(LSTM(D, H, rng=rng()), GRU(D, H, rng=rng(1))),
    "stacked": lambda: Stacked([RNN(D, H, rng=rng()), LSTM(H, H, rng=rng(1))]),
    "conv1d": lambda: Conv1D(D, H, 2, rng=rng()),
    "max-pool1d": lambda: MaxPool1D(2),
    "global-max-pool1d": lambda: GlobalMaxPool1D(),
    "global-average-pool1d": lambda: GlobalAveragePool1D(),
    "attention-pool": lambda: AttentionPool(D, H, rng=rng()),
    "sequential": lambda: Sequential(Conv1D(D, H, 3, rng=rng()), Tanh(), MaxPool1D(2), LSTM(H, H, rng=rng(1))),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", TYPES)
def test_layers_take_lengths_of_any_integer_type(name, dtype):
    x = rng(2).standard_normal((N, T, D))
    results = []
    for lengths in (LENGTHS, LENGTHS.astype(dtype)):
        layer = LAYERS[name]()
        y = layer.forward(x, lengths=lengths)
        y = y[0] if layer.returns_state else y
        dx = layer.backward(np.cos(y))
        results.append((y, dx[0] if layer.returns_state else dx))
    for found, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", TYPES)
def test_functions_take_lengths_of_any_integer_type(dtype):
    """The pure functions, which are called without the check of a layer."""
    draw = rng(3).standard_normal
    x, h, c = draw((N, T, D)), draw((N, H)), draw((N, H))
    e, A, start, end = draw((N, T, H)), draw((H, H)), draw(H), draw(H)
    scores, heads = draw((N, T + 1, T + 1)), np.array([[0, 1, 2, 3]] * N)
    weights = {k: (draw((D, k * H)), draw((H, k * H)), draw(k * H)) for k in (1, 2, 3, 4)}
    calls = {
        "rnn": lambda L: recurrent.rnn_forward(x, h, *weights[1], L)[:2],
        "simplified": lambda L: recurrent.gru_simplified_forward(x, h, *weights[2], L)[:2],
        "reset before": lambda L: recurrent.gru_reset_before_forward(x, h, *weights[3], L)[:2],
        "reset after": lambda L: recurrent.gru_reset_after_forward(x, h, *weights[3], c[0], L)[:2],
        "lstm": lambda L: recurrent.lstm_forward(x, h, c, *weights[4], L)[:2],
        "reverse": lambda L: reverse_time(x, L),
        "viterbi": lambda L: viterbi(e, A, start, end, L),
        "marginals": lambda L: crf_marginals(e, A, start, end, L),
        "decode": lambda L: CRF(H).decode(e, L),
        "trees": lambda L: best_trees(scores, L),
        "head loss": lambda L: head_loss_forward(scores, heads, L)[0],
        "accuracy": lambda L: accuracy(heads, np.array([[0, 2, 2, 2]] * N), lengths=L),
        "label scores": lambda L: label_scores_forward(x, x, *label_weights, np.minimum(L, 3)[:, None].repeat(T, axis=1))[
            0
        ],
    }
    label_weights = draw((D, 2, D)), draw((D, 2)), draw((D, 2)), draw(2)
    for name, call in calls.items():
        np.testing.assert_equal(call(LENGTHS.astype(dtype)), call(LENGTHS), err_msg=name)


def test_lengths_come_out_as_int64():
    x = np.zeros((2, 3, 1))
    for lengths in ([3, 0], (3, 0), np.array([3, 0], np.uint8), np.array([3, 0])):
        found = check_lengths(lengths, x, "LSTM")
        assert (found.dtype, found.tolist()) == (np.int64, [3, 0])


@pytest.mark.parametrize("lengths", [[1.5, 2], [None, 1], ["3", "1"], [True, False], [2]])
def test_lengths_that_are_no_integers_are_one_line(lengths):
    with pytest.raises(ShapeError, match=r"^LSTM: lengths must be integers of shape \(2,\), got "):
        check_lengths(lengths, np.zeros((2, 3, 1)), "LSTM")
    with pytest.raises(
        ShapeError, match=r"^LSTM: lengths must be a NumPy or CuPy array, got int; convert it with np.asarray$"
    ):
        check_lengths(3, np.zeros((2, 3, 1)), "LSTM")
