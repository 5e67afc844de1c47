"""Bidirectional and stacked layers against layers run by hand, and the errors of all recurrent layers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_cases import (
    LENGTHS,
    MAKERS,
    D,
    H,
    N,
    T,
    bidirectional,
    complex_step,
    deep,
    each_layer,
    fill,
    flat,
    random_state,
    randomised,
    relative_error,
    rng,
    stacked,
)

from scratchnn.errors import DataError, ShapeError
from scratchnn.recurrent import GRU, RNN, Bidirectional, Stacked, reverse_time


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
    with pytest.raises(DataError, match=rf"{name}: lengths must be between 0 and T = 5, got 1 to 6"):
        layer.forward(x, lengths=[1, 2, 3, 6])
    with pytest.raises(DataError, match=rf"{name}: lengths must be between 0 and T = 5, got -1 to 3"):
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
    with pytest.raises(ShapeError, match=r"Stacked: state must have one state for each of 2 layers, got 1"):
        stacked().forward(x, (h,))


@pytest.mark.parametrize("return_sequences", [True, False], ids=["all", "last"])
@each_layer
def test_no_gradient_at_all_is_refused(make, return_sequences):
    layer = make(return_sequences=return_sequences)
    layer.forward(np.zeros((N, T, D), dtype="float32"))
    with pytest.raises(ShapeError, match="backward needs the gradient with respect to the outputs or the final state"):
        layer.backward(None)


def test_a_state_gradient_that_is_no_array_is_refused():
    layer = bidirectional()
    layer.forward(np.zeros((N, T, D), dtype="float32"))
    with pytest.raises(ShapeError, match="Bidirectional: gradient of the state must be a NumPy or CuPy array, got float"):
        layer.backward(None, (0.0, None))


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
    with pytest.raises(DataError, match=r"Stacked: pass at least one layer"):
        Stacked([])
    with pytest.raises(DataError, match=r"Stacked: dropout needs rng, .*pass rng=np\.random\.default_rng\(0\)"):
        Stacked([RNN(D, H, rng=rng())], dropout=0.5)
    with pytest.raises(DataError, match=r"Stacked: layer 0 has return_sequences=False, but layer 1 reads"):
        Stacked([RNN(D, H, rng=rng(), return_sequences=False), RNN(H, H, rng=rng())])
    with pytest.raises(ShapeError, match=r"Stacked: layer 0 has outputs of size 3, layer 1 expects 2"):
        Stacked([RNN(D, H, rng=rng()), RNN(2, H, rng=rng())])
