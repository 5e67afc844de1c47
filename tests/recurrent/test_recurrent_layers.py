"""Recurrent layers, alone, in both directions and stacked: gradients, states, dropouts."""

from __future__ import annotations

import numpy as np
import pytest
from recurrent_cases import (
    LENGTHS,
    MAKERS,
    D,
    H,
    N,
    T,
    assert_same,
    complex_step,
    copies,
    each_layer,
    fill,
    flat,
    random_state,
    randomised,
    relative_error,
    rng,
    single,
    stacked,
)

from scratchnn.errors import CacheError
from scratchnn.layers.dropout import dropout_mask
from scratchnn.recurrent import GRU, LSTM, RNN, Stacked, rnn_forward

# --- gradients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("return_sequences", [True, False], ids=["all", "last"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["", "lengths"])
@each_layer
def test_gradients_by_complex_step(make, lengths, return_sequences):
    layer = randomised(make(return_sequences=return_sequences))
    x = rng(10).standard_normal((N, T, D))
    zeros = layer.zero_state(x)
    arrays = {"x": x} | {f"state{k}": a for k, a in enumerate(flat(random_state(layer, x, 11)))}
    inputs = list(arrays)
    parameters = layer.named_parameters()
    arrays |= {name: parameter.data for name, parameter in parameters.items()}

    def run(values):
        for k, generator in enumerate(layer.generators()):  # the same masks every time
            generator.bit_generator.state = rng(k).bit_generator.state
        for name, parameter in parameters.items():
            parameter.data = values[name]
        layer.discard_caches()
        return layer.forward(values["x"], fill(zeros, iter([values[name] for name in inputs[1:]])), lengths)

    y, last = run(arrays)
    assert y.shape == ((N, T, layer.units) if return_sequences else (N, layer.units))
    draw = rng(12)
    dy, dlast = draw.standard_normal(y.shape), fill(last, iter([draw.standard_normal(a.shape) for a in flat(last)]))

    def loss(values):
        y, last = run(values)
        return (y * dy).sum() + sum((a * b).sum() for a, b in zip(flat(last), flat(dlast), strict=True))

    numeric = complex_step(loss, arrays)
    run(arrays)
    before = copies((dy, dlast))
    dx, dstate = layer.backward(dy, dlast)
    assert_same((dy, dlast), before)
    assert layer.pending() == 0
    found = dict(zip(inputs, [dx, *flat(dstate)], strict=True))
    found |= {name: parameter.grad for name, parameter in parameters.items()}
    for name, gradient in found.items():
        assert relative_error(gradient, numeric[name]) < 1e-11, name


@each_layer
def test_used_twice_before_backward(make):
    layer = randomised(make())
    draw = rng(13)
    x1, x2 = draw.standard_normal((N, T, D)), draw.standard_normal((2, 3, D))
    starts = [copy_states(layer)]
    y1, _ = layer.forward(x1, lengths=LENGTHS)
    starts.append(copy_states(layer))
    y2, _ = layer.forward(x2)
    dy1, dy2 = draw.standard_normal(y1.shape), draw.standard_normal(y2.shape)
    second = layer.backward(dy2)
    first = layer.backward(dy1)
    together = {name: p.grad for name, p in layer.named_parameters().items()}

    apart = {}
    for x, lengths, dy, expected, start in [(x1, LENGTHS, dy1, first, starts[0]), (x2, None, dy2, second, starts[1])]:
        layer.clear_gradients()
        for generator, state in zip(layer.generators(), start, strict=True):
            generator.bit_generator.state = state
        layer.forward(x, lengths=lengths)
        assert_same(layer.backward(dy), expected)
        for name, p in layer.named_parameters().items():
            apart[name] = apart.get(name, 0) + p.grad
    for name, gradient in together.items():
        np.testing.assert_allclose(gradient, apart[name], rtol=1e-12, atol=1e-12)


def copy_states(layer):
    return [generator.bit_generator.state for generator in layer.generators()]


@each_layer
def test_missing_state_is_zero_and_missing_gradient_is_zero(make):
    layer = randomised(make())
    x = rng(14).standard_normal((N, T, D))
    start = copy_states(layer)
    y, last = layer.forward(x, lengths=LENGTHS)
    without = layer.backward(y)
    for generator, state in zip(layer.generators(), start, strict=True):
        generator.bit_generator.state = state
    y_zero, last_zero = layer.forward(x, layer.zero_state(x), LENGTHS)
    assert_same((y, last), (y_zero, last_zero))
    assert_same(without, layer.backward(y, layer.zero_state(x)))


@each_layer
def test_float32_by_default_evaluation_keeps_nothing_backward_needs_forward(make):
    layer = make()
    x = rng(15).standard_normal((N, T, D)).astype("float32")
    y, last = layer.forward(x, lengths=LENGTHS)
    dx, dstate = layer.backward(np.ones_like(y))
    for array in [y, *flat(last), dx, *flat(dstate), *(p.grad for p in layer.parameters())]:
        assert array.dtype == np.float32
    with pytest.raises(CacheError, match="backward without a forward"):
        layer.backward(np.ones_like(y))
    layer.evaluate()
    y1, _ = layer.forward(x)
    y2, _ = layer.forward(x)
    np.testing.assert_array_equal(y1, y2)
    assert layer.pending() == 0
    assert {a.dtype for a in flat(layer.forward(x.astype("float64"))[1])} == {np.dtype("float64")}


@pytest.mark.parametrize("name", [name for name in MAKERS if "dropout" not in name and name not in ("stacked", "deep")])
def test_last_output_is_the_output_of_each_sequences_last_step(name):
    layer, last_only = randomised(MAKERS[name]()), randomised(MAKERS[name](return_sequences=False))
    x, lengths = rng(16).standard_normal((N, T, D)), np.array([2, 5, 1, 3])
    y, _ = layer.forward(x, lengths=lengths)
    expected = y[np.arange(N), lengths - 1]
    if name.startswith("bidirectional"):  # the backward layer's last step is the first one
        layer.merge = "concat"
        y = layer.forward(x, lengths=lengths)[0]
        expected = np.concatenate([y[np.arange(N), lengths - 1, :H], y[:, 0, H:]], axis=1)
        if name == "bidirectional-sum":
            expected = expected[:, :H] + expected[:, H:]
    np.testing.assert_allclose(last_only.forward(x, lengths=lengths)[0], expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("make", [single(RNN), single(GRU), single(LSTM), lambda: Stacked(stacked().layers)])
def test_two_halves_with_carried_state_equal_the_whole(make):
    """Truncated BPTT loses nothing but the gradient that is not handed on; handed on, it equals the whole."""
    layer = randomised(make())
    draw = rng(17)
    x = draw.standard_normal((N, 6, D))
    y, last = layer.forward(x)
    dy, dlast = draw.standard_normal(y.shape), random_state(layer, x, 18)
    dx, dfirst = layer.backward(dy, dlast)
    whole = {name: p.grad for name, p in layer.named_parameters().items()}
    layer.clear_gradients()
    y1, state = layer.forward(x[:, :2])
    y2, state = layer.forward(x[:, 2:], state)
    np.testing.assert_allclose(np.concatenate([y1, y2], axis=1), y, rtol=1e-12)
    for a, b in zip(flat(state), flat(last), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    dx2, dstate = layer.backward(dy[:, 2:], dlast)
    dx1, dstate = layer.backward(dy[:, :2], dstate)
    np.testing.assert_allclose(np.concatenate([dx1, dx2], axis=1), dx, rtol=1e-11, atol=1e-12)
    for a, b in zip(flat(dstate), flat(dfirst), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
    for name, p in layer.named_parameters().items():
        np.testing.assert_allclose(p.grad, whole[name], rtol=1e-11, atol=1e-12)


@each_layer
def test_out_lengths(make):
    assert make().out_lengths(LENGTHS) is LENGTHS
    assert make().out_lengths(None) is None
    assert make(return_sequences=False).out_lengths(LENGTHS) is None


# --- dropouts --------------------------------------------------------------------------------------------------------


def test_both_dropouts_are_one_mask_for_all_steps():
    layer = randomised(RNN(D, H, rng=rng(1), dropout=0.5, recurrent_dropout=0.5))
    x = rng(19).standard_normal((N, T, D))
    twin = np.random.Generator(np.random.PCG64())
    twin.bit_generator.state = layer.rng.bit_generator.state
    mask_x = dropout_mask((N, 1, D), 0.5, x, twin)
    mask_h = dropout_mask((N, H), 0.5, x, twin)
    weights = layer.Wx.data, layer.Wh.data, layer.b.data
    expected = rnn_forward(x * mask_x, np.zeros((N, H)), *weights, mask_h=mask_h)[0]
    assert 0 < mask_x.mean() < 2
    assert 0 < mask_h.mean() < 2
    np.testing.assert_array_equal(layer.forward(x)[0], expected)
    assert abs(layer.forward(x)[0] - expected).max() > 0.01  # the next call draws others
    layer.evaluate()
    np.testing.assert_array_equal(layer.forward(x)[0], rnn_forward(x, np.zeros((N, H)), *weights)[0])


def test_dropout_between_layers_is_drawn_for_every_entry():
    lower, upper = RNN(D, 50, rng=rng(1)), RNN(50, 50, rng=rng(2))
    lower.b.data[:], lower.Wx.data[:], lower.Wh.data[:] = 100, 0, 0  # outputs of exactly 1
    upper.Wx.data[:], upper.Wh.data[:] = np.eye(50), 0
    layer = Stacked([lower, upper], dropout=0.4, rng=rng(3))
    x = np.zeros((20, 30, D), dtype="float32")
    kept = np.arctanh(layer.forward(x)[0])  # the mask itself, before the upper layer's tanh
    assert_allclose_to_one_of(kept, 0, 1 / 0.6)
    assert abs((kept > 0).mean() - 0.6) < 0.02
    assert abs((kept > 0).mean(axis=1) - 0.6).max() < 0.5  # no unit of a sequence is off, or on, at all steps
    layer.evaluate()
    np.testing.assert_allclose(np.arctanh(layer.forward(x)[0]), 1, rtol=1e-5)


def assert_allclose_to_one_of(values, low, high):
    assert np.minimum(abs(values - low), abs(values - high)).max() < 1e-5
