"""The gradient that a backward pass gets has the shape of the outputs: any other might be broadcast, or lose rows."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn import losses
from scratchnn.core import Layer, Sequential
from scratchnn.errors import CacheError, ShapeError
from scratchnn.layers import (
    AttentionPool,
    AveragePool1D,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePool1D,
    GlobalMaxPool1D,
    LayerNorm,
    MaxPool1D,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional, LSTMPeephole, Stacked
from scratchnn.structured import CRF, Biaffine, LabelScores, crf_backward, crf_forward

N, T, D, H = 2, 6, 3, 4  # all different, also those of the outputs
X = np.random.default_rng(0).standard_normal((N, T, D)).astype(np.float32)
IDS = np.array([[0, 2, 1, 2, 0, 1], [1, 1, 0, 2, 2, 0]])  # (N, T)


def rng():
    return np.random.default_rng(0)


def pair():
    return LSTM(D, H, rng=rng()), GRU(D, H, rng=rng())


LAYERS = {
    "sigmoid": (lambda: Sigmoid(), (X,)),
    "tanh": (lambda: Tanh(), (X,)),
    "relu": (lambda: ReLU(), (X,)),
    "softmax": (lambda: Softmax(), (X,)),
    "dense": (lambda: Dense(D, H, rng=rng()), (X,)),
    "dropout": (lambda: Dropout(0.5, rng=rng()), (X,)),
    "dropout-0": (lambda: Dropout(0.0), (X,)),
    "layer-norm": (lambda: LayerNorm(D), (X,)),
    "embedding": (lambda: Embedding(3, D, rng=rng()), (IDS,)),
    "embedding-padding": (lambda: Embedding(3, D, rng=rng(), padding_id=0), (IDS,)),
    "conv1d": (lambda: Conv1D(D, H, 2, rng=rng()), (X,)),
    "max-pool1d": (lambda: MaxPool1D(2), (X,)),
    "average-pool1d": (lambda: AveragePool1D(2), (X,)),
    "global-max-pool1d": (lambda: GlobalMaxPool1D(), (X,)),
    "global-average-pool1d": (lambda: GlobalAveragePool1D(), (X,)),
    "attention-pool": (lambda: AttentionPool(D, H, rng=rng()), (X,)),
    "rnn": (lambda: RNN(D, H, rng=rng()), (X,)),
    "gru": (lambda: GRU(D, H, rng=rng()), (X,)),
    "gru-reset-before": (lambda: GRU(D, H, rng=rng(), form="reset_before"), (X,)),
    "gru-simplified": (lambda: GRU(D, H, rng=rng(), form="simplified"), (X,)),
    "lstm": (lambda: LSTM(D, H, rng=rng()), (X,)),
    "lstm-peephole": (lambda: LSTMPeephole(D, H, rng=rng()), (X,)),
    "last-output": (lambda: LSTM(D, H, rng=rng(), return_sequences=False), (X,)),
    "bidirectional": (lambda: Bidirectional(*pair()), (X,)),
    "bidirectional-sum": (lambda: Bidirectional(*pair(), merge="sum"), (X,)),
    "stacked": (lambda: Stacked([LSTM(D, H, rng=rng()), GRU(H, 2, rng=rng())]), (X,)),
    "sequential": (lambda: Sequential(Dense(D, H, rng=rng()), Tanh()), (X,)),
    "biaffine": (lambda: Biaffine(D, rng=rng()), (X, X)),
    "label-scores": (lambda: LabelScores(D, 2, rng=rng()), (X, X, IDS)),
}
WRONG = {
    "its last step": lambda dy: dy[:, -1:],
    "one number for all": lambda dy: dy[:1, ..., :1],
    "a row too many": lambda dy: np.concatenate([dy, dy[:1]]),
    "without its first axis": lambda dy: dy[0],
    "another axis in front": lambda dy: dy[None],
    "other steps": lambda dy: dy.swapaxes(0, 1),
    "a number": lambda dy: dy.sum(),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", LAYERS)
def test_a_gradient_of_another_shape_is_refused_with_both_shapes(name, wrong):
    make, inputs = LAYERS[name]
    layer = make()
    y = layer.forward(*inputs)
    y = y[0] if layer.returns_state else y
    dy = WRONG[wrong](np.ones_like(y))
    with pytest.raises(ShapeError) as caught:
        layer.backward(dy)
    message = str(caught.value)
    assert str(tuple(dy.shape)) in message
    assert str(y.shape) in message
    assert message.split(":")[0] in {type(part).__name__ for _, part in layer.named_layers()}
    layer.backward(np.ones_like(y))  # the cache is still there
    assert all(parameter.dense_gradient().shape == parameter.shape for parameter in layer.parameters())


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "lstm-peephole", "last-output", "bidirectional", "stacked"])
def test_a_gradient_of_the_state_of_another_shape_is_refused(name):
    def first_row(state):
        return tuple(map(first_row, state)) if isinstance(state, tuple) else state[:1]

    y, state = LAYERS[name][0]().forward(X)
    one_more = (*state, X[:, 0]) if isinstance(state, tuple) else (state, state)
    for wrong in (first_row(state), one_more, one_more[:1] if isinstance(state, tuple) else ()):
        layer = LAYERS[name][0]()
        layer.forward(X)
        with pytest.raises(ShapeError, match=r"gradient of the state must (be|have)"):
            layer.backward(np.ones_like(y), wrong)


def test_a_layer_that_keeps_no_shape_and_a_second_backward_behave_as_before():
    class Mine(Layer):
        def forward(self, x):
            self.push(x)
            return 2 * x

        def backward(self, dy):
            self.pop()
            return 2 * dy

    layer = Mine()
    layer.forward(X)
    assert layer.backward(X[:1]).shape == (1, T, D)
    dense = Dense(D, H, rng=rng())
    with pytest.raises(CacheError, match="Dense: backward without a forward call"):
        dense.backward(X)


def test_the_gradient_of_a_loss_is_one_number():
    y, t, z = np.ones(3), np.zeros(3), np.ones((3, 3))
    pairs = [
        (losses.softmax_cross_entropy_backward, losses.softmax_cross_entropy_forward(z, np.array([0, 1, 2]))),
        (losses.sigmoid_cross_entropy_backward, losses.sigmoid_cross_entropy_forward(y, t)),
        (losses.mean_squared_error_backward, losses.mean_squared_error_forward(y, t)),
        (losses.mean_absolute_error_backward, losses.mean_absolute_error_forward(y, t)),
        (crf_backward, crf_forward(X[:, :3], np.zeros((3, 3)), y, y, IDS[:, :3])),
    ]
    for backward, (_, cache) in pairs:
        backward(2.0, cache)
        backward(np.array(2.0), cache)
        with pytest.raises(ShapeError, match=r"dloss must be a number or an array \(\), got shape \(3,\)"):
            backward(np.ones(3), cache)
    crf = CRF(3)
    crf.loss(X, IDS)
    with pytest.raises(ShapeError, match=r"CRF: dloss must be a number"):
        crf.backward(np.ones((N, T, 3)))
