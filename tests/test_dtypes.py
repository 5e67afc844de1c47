"""Computation is in float32 or wider: integers, booleans and float16 are promoted (``scratchnn.backend.arrays``)."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn import functions, losses
from scratchnn.backend import floating
from scratchnn.errors import ShapeError
from scratchnn.layers import (
    AttentionPool,
    AveragePool1D,
    Conv1D,
    Dense,
    Dropout,
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
from scratchnn.structured import crf_log_partition, head_loss_forward, viterbi

NARROW = ["bool", "uint8", "int8", "uint16", "int32", "int64", "uint64", "float16"]
X = np.array([[[3, 0, 2], [1, 4, 1], [0, 2, 2], [2, 1, 0]], [[1, 1, 0], [2, 0, 4], [4, 3, 1], [0, 0, 3]]])  # (N, T, D)


def rng():
    return np.random.default_rng(0)


def wide(dtype):
    """The dtype of the results, and X as it is in ``dtype``, in that one."""
    x = X.astype(dtype)
    promoted = np.result_type(dtype, "float32")
    return promoted, x, x.astype(promoted)


def test_what_is_promoted_to_what():
    expected = {"bool": "f4", "uint8": "f4", "int8": "f4", "uint16": "f4", "float16": "f4"}
    expected |= {"int32": "f8", "int64": "f8", "uint64": "f8"}
    for dtype, result in expected.items():
        assert floating(X.astype(dtype), "x").dtype == result
    for dtype in ("float32", "float64", "complex64", "complex128"):
        x = X.astype(dtype)
        assert floating(x, "x") is x


@pytest.mark.parametrize("array", [np.array(["1"]), np.array([None]), np.array(["2020-01-01"], dtype="M8[D]")])
def test_a_dtype_that_is_not_one_of_numbers_is_named(array):
    with pytest.raises(
        ShapeError, match=rf"^softmax: x must be an array of numbers, got dtype {array.dtype}".replace("[", r"\[")
    ):
        functions.softmax(array)


# --- functions and losses --------------------------------------------------------------------------------------------

FUNCTIONS = {
    "sigmoid": functions.sigmoid,
    "tanh": functions.tanh,
    "relu": functions.relu,
    "softmax": functions.softmax,
    "logsumexp": functions.logsumexp,
    "log_softmax": functions.log_softmax,
    "clip": lambda x: functions.clip(x, -0.5, 1.5),
    "cosine_similarity": lambda x: functions.cosine_similarity(x, x[::-1]),
    "cosine_similarity_backward": lambda x: functions.cosine_similarity_backward(np.ones((2, 4), "f4"), x, x[::-1])[0],
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", NARROW)
def test_functions_of_narrow_types(name, dtype):
    promoted, x, same = wide(dtype)
    y = FUNCTIONS[name](x)
    assert y.dtype == promoted
    np.testing.assert_array_equal(y, FUNCTIONS[name](same))


def test_products_of_integers_do_not_wrap():
    a = np.array([200, 100], dtype=np.uint8)
    assert functions.cosine_similarity(a, a[::-1]) == pytest.approx(0.8)


def test_losses_of_integers_by_hand():
    """In integers, the inverse of the number of targets would be 0, and an unsigned difference would wrap."""
    for dtype in ("uint8", "int64", "float16"):
        y, targets = np.array([1, 2, 3], dtype), np.array([3, 2, 1], dtype)
        weights, mask = np.array([1, 1, 2], dtype), np.array([1, 1, 0], dtype)
        assert losses.mean_squared_error_forward(y, targets)[0] == pytest.approx(8 / 3)
        assert losses.mean_squared_error_forward(y, targets, step_weights=weights)[0] == pytest.approx(3)
        assert losses.mean_squared_error_forward(y, targets, mask=mask)[0] == pytest.approx(2)
        assert losses.mean_absolute_error_forward(y, targets)[0] == pytest.approx(4 / 3)
        assert losses.mean_absolute_error_forward(y, targets, step_weights=weights)[0] == pytest.approx(1.5)
        loss, cache = losses.mean_squared_error_forward(y, targets)
        np.testing.assert_allclose(losses.mean_squared_error_backward(1, cache), [-4 / 3, 0, 4 / 3], rtol=1e-6)
        loss, cache = losses.mean_absolute_error_forward(y, targets)
        np.testing.assert_allclose(losses.mean_absolute_error_backward(1, cache), [-1 / 3, 0, 1 / 3], rtol=1e-6)
        logits, yes = np.array([0, 2, 1], dtype), np.array([1, 0, 1], dtype)
        expected = np.mean([np.log(2), np.log1p(np.exp(2)), np.log1p(np.exp(-1))])
        loss, _ = losses.sigmoid_cross_entropy_forward(logits, yes)
        assert loss == pytest.approx(expected)
        loss, (gradient,) = losses.softmax_cross_entropy_forward(np.array([[1, 2, 3], [0, 4, 0]], dtype), np.array([0, 1]))
        p = np.exp([[1, 2, 3], [0, 4, 0]]) / np.exp([[1, 2, 3], [0, 4, 0]]).sum(axis=1, keepdims=True)
        assert loss == pytest.approx(-np.log([p[0, 0], p[1, 1]]).mean(), rel=1e-6)
        np.testing.assert_allclose(gradient, (p - [[1, 0, 0], [0, 1, 0]]) / 2, rtol=1e-5)
    assert losses.mean_squared_error_forward(np.array([True, False]), np.array([False, False]))[0] == 0.5


def test_weights_of_bytes_are_multiplied_without_wrapping():
    logits, targets = rng().standard_normal((3, 2)), np.array([0, 1, 1])
    steps, classes = np.array([200, 100, 3], np.uint8), np.array([2, 3], np.uint8)
    found, _ = losses.softmax_cross_entropy_forward(logits, targets, class_weights=classes, step_weights=steps)
    expected, _ = losses.softmax_cross_entropy_forward(logits, targets, step_weights=np.array([400.0, 300, 9]))
    assert found == pytest.approx(expected)


def test_sums_of_half_precision_are_accumulated_in_single_precision():
    """4,096 ones and more cannot be added in float16: 2,048 + 1 is 2,048."""
    y = np.full(5000, 300, np.float16)
    assert losses.mean_squared_error_forward(y, np.zeros(5000, np.float16))[0] == pytest.approx(90_000)
    assert functions.logsumexp(np.zeros(5000, np.float16)) == pytest.approx(np.log(5000), rel=1e-6)
    x = np.full((1, 5000, 1), 300, np.float16)
    assert GlobalAveragePool1D().forward(x)[0, 0] == 300
    normal = LayerNorm(3).forward(np.array([[0, 300, 600]], np.float16))
    np.testing.assert_allclose(normal, [[-(1.5**0.5), 0, 1.5**0.5]], rtol=1e-6)


def test_relu_of_infinity():
    x = np.array([-np.inf, -1, 0, 2, np.inf, np.nan], dtype=np.float32)
    np.testing.assert_array_equal(functions.relu(x), [0, 0, 0, 2, np.inf, np.nan])
    np.testing.assert_array_equal(ReLU().forward(x), [0, 0, 0, 2, np.inf, np.nan])
    layer = RNN(1, 2, rng=rng(), activation="relu")
    layer.b.data[:] = -np.inf, 1
    layer.Wx.data[:], layer.Wh.data[:] = 0, 0
    y, _ = layer.forward(np.ones((1, 2, 1), np.float32))
    np.testing.assert_array_equal(y, [[[0, 1], [0, 1]]])


# --- layers ----------------------------------------------------------------------------------------------------------

LAYERS = {
    "sigmoid": lambda: Sigmoid(),
    "tanh": lambda: Tanh(),
    "relu": lambda: ReLU(),
    "softmax": lambda: Softmax(),
    "dense": lambda: Dense(3, 2, rng=rng()),
    "dropout": lambda: Dropout(0.5, rng=rng()),
    "layer-norm": lambda: LayerNorm(3),
    "conv1d": lambda: Conv1D(3, 2, 2, rng=rng()),
    "max-pool1d": lambda: MaxPool1D(2),
    "average-pool1d": lambda: AveragePool1D(2),
    "global-max-pool1d": lambda: GlobalMaxPool1D(),
    "global-average-pool1d": lambda: GlobalAveragePool1D(),
    "attention-pool": lambda: AttentionPool(3, 2, rng=rng()),
    "rnn": lambda: RNN(3, 2, rng=rng()),
    "gru": lambda: GRU(3, 2, rng=rng()),
    "lstm": lambda: LSTM(3, 2, rng=rng(), dropout=0.5, recurrent_dropout=0.5),
    "lstm-peephole": lambda: LSTMPeephole(3, 2, rng=rng()),
    "bidirectional": lambda: Bidirectional(LSTM(3, 2, rng=rng()), GRU(3, 2, rng=rng())),
    "stacked": lambda: Stacked([LSTM(3, 2, rng=rng()), GRU(2, 2, rng=rng())]),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", NARROW)
def test_layers_take_narrow_types(name, dtype):
    promoted, x, same = wide(dtype)
    results = []
    for inputs in (x, same):
        layer = LAYERS[name]()
        y = layer.forward(inputs)
        y = y[0] if layer.returns_state else y
        dx = layer.backward(np.ones_like(y))
        results.append((y, dx[0] if layer.returns_state else dx))
    assert results[0][0].dtype == results[0][1].dtype == promoted
    for found, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", LAYERS)
def test_a_gradient_of_a_narrow_type_is_refused_with_its_name(name):
    layer = LAYERS[name]()
    y = layer.forward(X.astype(np.float32))
    y = y[0] if layer.returns_state else y
    with pytest.raises(
        ShapeError, match="the gradient with respect to the outputs has dtype uint8; expected float32 or wider"
    ):
        layer.backward(np.ones(y.shape, np.uint8))
    layer.backward(np.ones(y.shape))


def test_weights_are_float32_or_wider():
    for dtype in ("float16", "int32", bool):
        with pytest.raises(ShapeError, match=f"Dense: weights must be float32 or wider, got {np.dtype(dtype)}"):
            Dense(3, 2, rng=rng()).astype(dtype)


def test_scores_of_bytes():
    e = np.array([[[200, 3], [100, 200]]], np.uint8)  # (1, 2, 2)
    scores = np.array([[90, 0], [0, 90]], np.uint8), np.array([100, 0], np.uint8), np.array([0, 100], np.uint8)
    exact = [array.astype(float) for array in (e, *scores)]
    assert viterbi(e, *scores).tolist() == viterbi(*exact).tolist()
    np.testing.assert_allclose(crf_log_partition(e, *exact[1:]), crf_log_partition(*exact), rtol=1e-6)
    heads = np.array([[0, 1]])
    scores = np.array([[[0, 0, 0], [200, 0, 150], [100, 180, 0]]], np.uint8)
    np.testing.assert_allclose(
        head_loss_forward(scores, heads)[0], head_loss_forward(scores.astype(float), heads)[0], rtol=1e-6
    )
