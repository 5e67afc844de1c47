"""The forecaster: every reader by its equations, the difference from the last value, losses, and building it again."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.errors import DataError, ShapeError
from scratchnn.models import find_model
from scratchnn.models.forecaster import ORDERS, READERS, Forecaster
from scratchnn.models.temporal_convolutions import TemporalConvolutions

C, W, H = 3, 7, 4
X = np.random.default_rng(2).standard_normal((5, W, C))
every_reader = pytest.mark.parametrize("reader", READERS)


def model_of(horizon=2, **options):
    """In float64, every parameter random, no bias zero."""
    model = Forecaster(C, W, horizon, hidden_size=H, rng=np.random.default_rng(0), **options)
    model.astype("float64")
    rng = np.random.default_rng(1)
    for parameter in model.parameters():
        parameter.data = 0.6 * rng.standard_normal(parameter.shape)
    return model


def relu(x):
    return np.maximum(x, 0)


def convolved(x, layer):
    """A causal convolution (W, D) -> (W, H), one step after the other."""
    weights, bias, dilation = layer.W.data, layer.b.data, layer.dilation
    K = len(weights)
    y = np.tile(bias, (len(x), 1))
    for t in range(len(x)):
        for k in range(K):
            source = t - dilation * (K - 1 - k)
            if source >= 0:
                y[t] = y[t] + x[source] @ weights[k]
    return y


def recurrent(x, cell):
    h = np.zeros(H)
    for step in x:
        h = np.tanh(step @ cell.Wx.data + h @ cell.Wh.data + cell.b.data)
    return h


def read_by_hand(model, x):
    """H (U,) of equation (1) for one window, an Elman network as the cell."""
    layers = model.reader
    match model.config["reader"]:
        case "dense":
            return relu(x.ravel() @ layers[1].W.data + layers[1].b.data)
        case "recurrent":
            return recurrent(x, layers[0].layers.layers[0])
        case "conv":
            return relu(convolved(relu(convolved(x, layers[0])), layers[2])).max(axis=0)
        case "tcn":
            u = x @ layers[0].dense.W.data + layers[0].dense.b.data
            for block in layers[0].blocks:
                first, _, _, second, _, _ = block.layers
                u = relu(u + relu(convolved(relu(convolved(u, first)), second)))
            return u[-1]
    c = relu(convolved(x, layers[0]))[W % 2 :]
    return recurrent(c.reshape(-1, 2, H).max(axis=1), layers[4].layers.layers[0])


@every_reader
@pytest.mark.parametrize("order", ORDERS)
def test_equations_1_and_2(reader, order):
    model = model_of(reader=reader, order=order, cell="rnn", layers=2 if reader == "conv" else 1, pool=2, kernel_size=2)
    y = model.forward(X)
    steps = {"forward": range(W), "reversed": range(W - 1, -1, -1), "shuffled": np.random.default_rng(0).permutation(W)}
    for row, x in enumerate(X):
        h = read_by_hand(model, x[list(steps[order])])
        np.testing.assert_allclose(y[row], x[-1, 0] + h @ model.output.W.data + model.output.b.data, rtol=1e-10)


@every_reader
def test_an_untrained_model_repeats_the_last_value(reader):
    model = Forecaster(C, W, 3, hidden_size=H, reader=reader, quantiles=(0.2, 0.5), rng=np.random.default_rng(0))
    x = X.astype(np.float32)
    np.testing.assert_array_equal(model.forward(x), np.broadcast_to(x[:, -1, :1, None], (5, 3, 2)))


@every_reader
def test_each_window_is_read_by_itself(reader):
    model = model_of(reader=reader, bidirectional=True, layers=2)
    y = model.forward(X)
    for row in range(len(X)):
        np.testing.assert_allclose(model.forward(X[row : row + 1])[0], y[row], atol=1e-12)


@pytest.mark.parametrize("reader", ["recurrent", "tcn", "conv-recurrent"])
def test_the_earliest_step_makes_a_difference(reader):
    model = model_of(reader=reader, pool=2)
    x = X.copy()
    x[:, W % 2 if reader == "conv-recurrent" else 0, 1] += 3.0
    assert np.abs(model.forward(x) - model.forward(X)).max() > 1e-9


@pytest.mark.parametrize(("steps", "kernel_size", "blocks"), [(1, 2, 1), (3, 2, 1), (4, 2, 2), (48, 3, 4), (240, 3, 6)])
def test_a_tcn_has_as_many_blocks_as_it_takes_to_see_all_steps(steps, kernel_size, blocks):
    layer = TemporalConvolutions(2, 3, kernel_size, steps, rng=np.random.default_rng(0))
    assert [block.layers[0].dilation for block in layer.blocks] == [2**k for k in range(blocks)]
    assert layer.reach(blocks, kernel_size) >= steps
    assert blocks == 1 or layer.reach(blocks - 1, kernel_size) < steps


def test_a_tcn_sees_exactly_r_steps_and_no_later_one():
    layer = TemporalConvolutions(1, 3, 2, 6, rng=np.random.default_rng(3))
    layer.astype("float64")
    for parameter in layer.parameters():
        parameter.data = np.abs(parameter.data) + 0.1  # every ReLU is open
    reach = layer.reach(len(layer.blocks), 2)
    x = np.random.default_rng(0).uniform(1, 2, (1, reach + 3, 1))
    before = layer.forward(x)[0, reach - 1]
    for step in range(reach + 3):
        changed = x.copy()
        changed[0, step] += 1
        assert (layer.forward(changed)[0, reach - 1] != before).all() == (step < reach)


def test_losses():
    targets = np.random.default_rng(3).standard_normal((5, 2))
    for error, mean in (("absolute", lambda e: np.abs(e).mean()), ("squared", lambda e: (e * e).mean())):
        model = model_of(error=error)
        loss, count, state = model.loss((X, targets), None)
        assert float(loss) == pytest.approx(mean(model.forward(X) - targets), rel=1e-12)
        assert (count, state) == (10, None)
    model = model_of(quantiles=(0.1, 0.5, 0.9))
    error = targets[:, :, None] - model.forward(X)
    q = np.array([0.1, 0.5, 0.9])
    assert float(model.loss((X, targets), None)[0]) == pytest.approx(np.maximum(q * error, (q - 1) * error).mean())


def test_dropout_acts_while_training_alone():
    for options in ({"recurrent_dropout": 0.5}, {"dropout": 0.5}, {"reader": "tcn", "dropout": 0.5}):
        model = model_of(**options)
        model.reseed(0, 1)
        first = model.forward(X)
        model.reseed(0, 2)
        assert np.abs(model.forward(X) - first).max() > 1e-6
        model.discard_caches()
        model.evaluate()
        plain = model_of(**{"reader": options.get("reader", "recurrent")})
        np.testing.assert_allclose(model.forward(X), plain.forward(X), atol=1e-12)


@every_reader
def test_config_builds_it_again(reader):
    options = {"reader": reader, "cell": "lstm", "layers": 2, "bidirectional": True, "order": "reversed", "pool": 2,
               "quantiles": (0.25, 0.5), "dropout": 0.1, "recurrent_dropout": 0.2, "error": "squared"}  # fmt: skip
    model = model_of(**options)
    again = find_model("Forecaster").from_config(model.config)
    assert again.config == model.config
    again.astype("float64")
    again.load_state_dict(model.state_dict())
    for one in (again, model):
        one.evaluate()
    np.testing.assert_array_equal(again.forward(X), model.forward(X))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reader": "transformer"}, "Forecaster: unknown reader 'transformer'; choose one of dense, recurrent, conv, tcn"),
        ({"order": "random"}, "unknown order 'random'; choose one of forward, reversed, shuffled"),
        ({"error": "log"}, "unknown error 'log'; choose one of absolute, squared"),
        ({"cell": "mgu"}, "unknown cell 'mgu'"),
        ({"layers": 0}, "Forecaster: layers must be a whole number of 1 or more, got 0"),
        ({"horizon": 0}, "Forecaster: horizon must be a whole number of 1 or more, got 0"),
        ({"quantiles": (0.5, 0.1)}, "quantiles must be between 0 and 1 and increase, got 0.5, 0.1"),
        ({"quantiles": (0.0, 0.5)}, "quantiles must be between 0 and 1 and increase, got 0, 0.5"),
        ({"quantiles": (float("nan"),)}, "quantiles must be between 0 and 1 and increase, got nan"),
        ({"reader": "conv-recurrent", "pool": 8}, "a window of 7 steps cannot be pooled by 8; use a longer one"),
        ({"reader": "tcn", "kernel_size": 1}, "TemporalConvolutions: kernel_size must be a whole number of 2 or more"),
        ({"recurrent_dropout": 1.0}, "the dropout probability must be 0 or more and below 1, got 1.0"),
    ],
)
def test_what_it_refuses(options, message):
    with pytest.raises(DataError, match=message):
        model_of(**options)


def test_windows_of_another_shape():
    for shape in ((2, W + 1, C), (2, W, C - 1), (W, C)):
        with pytest.raises(ShapeError, match=rf"Forecaster: windows must be \(N, {W}, {C}\), got shape"):
            model_of().forward(np.zeros(shape))
