"""Recurrent layers, alone, in both directions and stacked: gradients, states, dropouts, errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_cases import LENGTHS, assert_same, complex_step, copies, relative_error

from scratchnn.errors import CacheError, DataError, ShapeError
from scratchnn.layers.dropout import dropout_mask
from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional, Stacked, reverse_time, rnn_forward

N, T, D, H = 4, 5, 2, 3


def rng(seed=0):
    return np.random.default_rng(seed)


def bidirectional(merge="concat", **options):
    return Bidirectional(LSTM(D, H, rng=rng(1), **options), GRU(D, H, rng=rng(2), **options), merge)


def stacked(**options):
    return Stacked([RNN(D, 4, rng=rng(1)), LSTM(4, H, rng=rng(2), **options)], dropout=0.3, rng=rng(3))


def deep(**options):
    """A stack of bidirectional layers, one of them made of stacks."""
    inner = [Stacked([GRU(4, 2, rng=rng(k)), RNN(2, H, rng=rng(k + 1), **options)]) for k in (1, 3)]
    return Stacked([Bidirectional(RNN(D, 2, rng=rng(5)), LSTM(D, 2, rng=rng(6))), Bidirectional(*inner)], 0.3, rng(7))


def single(cell, **fixed):
    return lambda **options: cell(D, H, rng=rng(1), **fixed, **options)


MAKERS = {
    "rnn-tanh": single(RNN),
    "rnn-relu": single(RNN, activation="relu"),
    "gru-simplified": single(GRU, form="simplified"),
    "gru-reset-before": single(GRU, form="reset_before"),
    "gru-reset-after": single(GRU),
    "lstm": single(LSTM),
    "lstm-peepholes": single(LSTM, peepholes=True),
    "rnn-dropouts": single(RNN, dropout=0.4, recurrent_dropout=0.4),
    "gru-dropouts": single(GRU, dropout=0.4, recurrent_dropout=0.4),
    "lstm-dropouts": single(LSTM, dropout=0.4, recurrent_dropout=0.4),
    "bidirectional": bidirectional,
    "bidirectional-sum": lambda **options: bidirectional("sum", **options),
    "stacked": stacked,
    "deep": deep,
}
each_layer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def randomised(layer):
    """The layer in float64, every parameter random, no bias zero."""
    layer.astype("float64")
    draw = rng(9)
    for parameter in layer.parameters():
        parameter.data = 0.7 * draw.standard_normal(parameter.shape)
    return layer


def flat(state):
    """The arrays of nested states from left to right."""
    return [a for part in state for a in flat(part)] if isinstance(state, tuple) else [state]


def fill(state, arrays):
    """States of the form of ``state`` made of ``arrays``, an iterator."""
    return tuple(fill(part, arrays) for part in state) if isinstance(state, tuple) else next(arrays)


def random_state(layer, x, seed):
    draw = rng(seed)
    zeros = layer.zero_state(x)
    return fill(zeros, iter([draw.standard_normal(a.shape) for a in flat(zeros)]))


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
    y1, last1 = layer.forward(x1, lengths=LENGTHS)
    starts.append(copy_states(layer))
    y2, last2 = layer.forward(x2)
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


# --- both directions -------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 4), st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_reverse_time_reverses_each_sequence_by_its_own_length(N, T, seed):
    draw = rng(seed)
    x, lengths = draw.standard_normal((N, T, 2)), draw.integers(0, T + 1, N)
    y = reverse_time(x, lengths)
    for k, length in enumerate(lengths):
        np.testing.assert_array_equal(y[k, :length], x[k, :length][::-1])
        np.testing.assert_array_equal(y[k, length:], x[k, length:])
    np.testing.assert_array_equal(reverse_time(y, lengths), x)
    np.testing.assert_array_equal(reverse_time(x), reverse_time(x, np.full(N, T)))
    v = draw.standard_normal(x.shape)
    assert np.isclose((y * v).sum(), (x * reverse_time(v, lengths)).sum())  # its own transpose


@pytest.mark.parametrize("merge", ["concat", "sum"])
def test_bidirectional_equals_two_layers_over_each_sequence_alone(merge):
    layer = randomised(bidirectional(merge))
    x = rng(20).standard_normal((N, T, D))
    state = random_state(layer, x, 21)
    y, last = layer.forward(x, state, LENGTHS)
    for k, length in enumerate(LENGTHS):
        alone = x[k : k + 1, :length]
        start = fill(state, iter([a[k : k + 1] for a in flat(state)]))
        u, last_u = layer.forward_layer.forward(alone, start[0])
        v, last_v = layer.backward_layer.forward(alone[:, ::-1], start[1])
        v = v[:, ::-1]
        both = np.concatenate([u, v], axis=2) if merge == "concat" else u + v
        np.testing.assert_allclose(y[k : k + 1, :length], both, rtol=1e-12, atol=1e-12)
        assert not y[k, length:].any()
        for a, b in zip(flat(last), flat((last_u, last_v)), strict=True):
            np.testing.assert_allclose(a[k : k + 1], b, rtol=1e-12, atol=1e-12)


def test_one_layer_may_serve_both_directions():
    shared = randomised(GRU(D, H, rng=rng(1)))
    layer = Bidirectional(shared, shared)
    x = rng(22).standard_normal((N, T, D))
    y, _ = layer.forward(x, lengths=LENGTHS)
    dy = rng(23).standard_normal(y.shape)
    dx, _ = layer.backward(dy)
    assert len(layer.parameters()) == 4
    numeric = complex_step(lambda values: (layer.forward(values["x"], lengths=LENGTHS)[0] * dy).sum(), {"x": x})
    assert relative_error(dx, numeric["x"]) < 1e-11


def test_names_sizes_and_generators_of_composed_layers():
    layer = deep()
    names = list(layer.named_parameters())
    assert names[0] == "layers.0.forward_layer.Wx"
    assert "layers.1.backward_layer.layers.0.bh" in names
    assert (layer.input_size, layer.units, layer.return_sequences) == (D, 2 * H, True)
    assert (bidirectional().units, bidirectional("sum").units) == (2 * H, H)
    assert len(layer.generators()) == 1


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [MAKERS[name] for name in ("rnn-tanh", "gru-reset-after", "lstm", "bidirectional")])
def test_shape_errors_name_layer_axis_and_sizes(make):
    layer = make()
    name = type(layer).__name__
    x = np.zeros((N, T, D), dtype="float32")
    with pytest.raises(ShapeError, match=rf"{name}: input must be \(N, T, D\), got shape \(4, 2\)"):
        layer.forward(x[:, 0])
    with pytest.raises(ShapeError, match=rf"{name}: axis 2 of the input has size 5, expected input_size = 2"):
        layer.forward(x.swapaxes(1, 2))
    with pytest.raises(DataError, match=rf"{name}: lengths must lie in 0 .. T = 5, got 1 .. 6"):
        layer.forward(x, lengths=[1, 2, 3, 6])
    with pytest.raises(DataError, match=rf"{name}: lengths must lie in 0 .. T = 5, got -1 .. 3"):
        layer.forward(x, lengths=[1, 2, 3, -1])
    with pytest.raises(ShapeError, match=rf"{name}: lengths must be integers of shape \(4,\), got int64 \(3,\)"):
        layer.forward(x, lengths=np.array([1, 2, 3]))
    with pytest.raises(ShapeError, match=rf"{name}: lengths must be integers of shape \(4,\), got float64 \(4,\)"):
        layer.forward(x, lengths=[1.0, 2.0, 3.0, 3.0])


def test_states_that_do_not_fit():
    x = np.zeros((N, T, D), dtype="float32")
    h = np.zeros((N, H), dtype="float32")
    with pytest.raises(ShapeError, match=r"GRU: state must be \(4, 3\), got shape \(3, 4\)"):
        MAKERS["gru-reset-after"]().forward(x, h.T)
    with pytest.raises(ShapeError, match=r"LSTM: state must be 2 array\(s\) of shape \(N, units\), got 1"):
        MAKERS["lstm"]().forward(x, h)
    with pytest.raises(ShapeError, match=r"RNN: state must be 1 array\(s\) of shape \(N, units\), got 2"):
        MAKERS["rnn-tanh"]().forward(x, (h, h))
    with pytest.raises(ShapeError, match=r"Bidirectional: state must be a pair, one state for each direction, got 3"):
        bidirectional().forward(x, (h, h, h))
    with pytest.raises(ShapeError, match=r"Stacked: state must hold one state for each of 2 layers, got 1"):
        stacked().forward(x, (h,))


def test_settings_that_do_not_fit():
    with pytest.raises(DataError, match=r"RNN: unknown activation 'sigmoid'; choose one of tanh, relu"):
        RNN(D, H, rng=rng(), activation="sigmoid")
    with pytest.raises(DataError, match=r"GRU: unknown form 'full'; choose one of simplified, reset_before, reset_after"):
        GRU(D, H, rng=rng(), form="full")
    with pytest.raises(DataError, match=r"GRU: the dropout probability must be 0 or more and below 1, got 1"):
        GRU(D, H, rng=rng(), recurrent_dropout=1)
    with pytest.raises(DataError, match=r"Bidirectional: unknown merge 'mean'; choose one of concat, sum"):
        bidirectional("mean")
    with pytest.raises(DataError, match=r"Bidirectional: either both layers return sequences or neither does"):
        Bidirectional(RNN(D, H, rng=rng()), RNN(D, H, rng=rng(), return_sequences=False))
    with pytest.raises(ShapeError, match=r"Bidirectional: the layers differ in input_size: 2 forward, 3 backward"):
        Bidirectional(RNN(2, H, rng=rng()), RNN(3, H, rng=rng()))
    with pytest.raises(ShapeError, match=r"Bidirectional: the layers differ in units: 2 forward, 3 backward"):
        Bidirectional(RNN(D, 2, rng=rng()), RNN(D, 3, rng=rng()), "sum")
    with pytest.raises(DataError, match=r"Stacked: give at least one layer"):
        Stacked([])
    with pytest.raises(DataError, match=r"Stacked: dropout needs rng"):
        Stacked([RNN(D, H, rng=rng())], dropout=0.5)
    with pytest.raises(DataError, match=r"Stacked: layer 0 has return_sequences=False, but layer 1 reads"):
        Stacked([RNN(D, H, rng=rng(), return_sequences=False), RNN(H, H, rng=rng())])
    with pytest.raises(ShapeError, match=r"Stacked: layer 0 gives outputs of size 3, layer 1 expects 2"):
        Stacked([RNN(D, H, rng=rng()), RNN(2, H, rng=rng())])
