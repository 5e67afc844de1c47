"""Pooling over windows and over whole sequences: by hand, plain against fast, ties, NaN, lengths, and what it refuses."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from scratchnn.core import Sequential
from scratchnn.errors import CacheError, DataError, ShapeError
from scratchnn.layers import (
    AttentionPool,
    AveragePool1D,
    Conv1D,
    Dense,
    GlobalAveragePool1D,
    GlobalMaxPool1D,
    MaxPool1D,
    attention_pool_backward,
    attention_pool_forward,
    attention_pooling,
    attention_weights,
    average_pool1d_backward,
    average_pool1d_forward,
    global_average_pool1d_backward,
    global_average_pool1d_forward,
    global_max_pool1d_backward,
    global_max_pool1d_forward,
    global_pooling,
    max_pool1d_backward,
    max_pool1d_forward,
    pooling,
)
from scratchnn.layers.sequences import Window

N, T, D, A = 5, 9, 3, 4
LENGTHS = np.array([9, 0, 4, 1, 7])


def rng(seed=0):
    return np.random.default_rng(seed)


def inputs(seed=0):
    """Random inputs (N, T, D)."""
    return rng(seed).standard_normal((N, T, D))


def column(*numbers):
    """One sequence with one feature."""
    return np.array(numbers, dtype=float)[None, :, None]


STEPS = {
    "max": (pooling.max_step, pooling.max_step_backward),
    "average": (pooling.average_step, pooling.average_step_backward),
}
WINDOWS = {
    "max": (max_pool1d_forward, max_pool1d_backward),
    "average": (average_pool1d_forward, average_pool1d_backward),
}
GLOBAL = {
    "max": (global_max_pool1d_forward, global_max_pool1d_backward),
    "average": (global_average_pool1d_forward, global_average_pool1d_backward),
}
LAYERS = {
    "MaxPool1D": lambda: MaxPool1D(2),
    "AveragePool1D": lambda: AveragePool1D(3, 2),
    "GlobalMaxPool1D": GlobalMaxPool1D,
    "GlobalAveragePool1D": GlobalAveragePool1D,
    "AttentionPool": lambda: AttentionPool(D, A, rng=rng()).astype("float64"),
}


# --- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "expected", "gradient"),
    [
        (MaxPool1D(2), [3, 5], [0, 1, 10, 0, 0]),
        (MaxPool1D(3, 1), [5, 5, 5], [0, 0, 111, 0, 0]),
        (MaxPool1D(1, 2), [1, 5, 2], [1, 0, 10, 0, 100]),
        (AveragePool1D(2), [2, 4.5], [0.5, 0.5, 5, 5, 0]),
        (AveragePool1D(4, 1), [3.25, 3.5], [0.25, 2.75, 2.75, 2.75, 2.5]),
        (GlobalMaxPool1D(), [5], [0, 0, 1, 0, 0]),
        (GlobalAveragePool1D(), [3], [0.2, 0.2, 0.2, 0.2, 0.2]),
    ],
    ids=str,
)
def test_by_hand(layer, expected, gradient):
    y = layer.forward(column(1, 3, 5, 4, 2))
    assert y.ravel().tolist() == pytest.approx(expected)
    dy = 10.0 ** np.arange(y.size).reshape(y.shape)
    assert layer.backward(dy).ravel().tolist() == pytest.approx(gradient)


def test_attention_by_hand():
    """Scores 0, log 2 and log 5 give the weights 1/8, 2/8 and 5/8."""
    x = column(*np.arctanh(np.log([1, 2, 5]) / 2))
    W, b, v = np.ones((1, 1)), np.zeros(1), np.full(1, 2.0)
    np.testing.assert_allclose(attention_weights(x, W, b, v), [[1 / 8, 2 / 8, 5 / 8]])
    y, _ = attention_pool_forward(x, W, b, v)
    np.testing.assert_allclose(y[0], (x[0] * np.array([[1], [2], [5]]) / 8).sum(axis=0))


def test_the_gradient_goes_to_the_first_of_equal_steps():
    x = column(2, 7, 7, 1, 7, 7)
    layers = MaxPool1D(3), MaxPool1D(6, 1), GlobalMaxPool1D()
    expected = [[0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]]
    for layer, row in zip(layers, expected, strict=True):
        assert layer.backward(np.ones_like(layer.forward(x))).ravel().tolist() == row


def test_nan_is_not_lost():
    """The first NaN is the maximum, wherever it is."""
    for x, first in ((column(np.nan, 1, 2), 0), (column(1, np.nan, np.nan), 1), (column(1, 2, np.nan), 2)):
        for layer in (MaxPool1D(3), GlobalMaxPool1D()):
            y = layer.forward(x)
            assert np.isnan(y).all()
            assert layer.backward(np.ones_like(y)).ravel().tolist() == [float(k == first) for k in range(3)]


def test_steps_after_the_last_whole_window_are_dropped():
    x = inputs()
    changed = x.copy()
    changed[:, 8:] = 100
    for make in (MaxPool1D, AveragePool1D):
        np.testing.assert_array_equal(make(4).forward(x), make(4).forward(changed))


# --- plain against fast ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
@pytest.mark.parametrize(("kernel_size", "stride"), [(1, None), (3, None), (3, 1), (2, 4), (9, 2)])
@pytest.mark.parametrize("name", WINDOWS)
def test_windows_equal_the_plain_loop(name, kernel_size, stride, lengths):
    forward, backward = WINDOWS[name]
    step, step_backward = STEPS[name]
    x = np.round(inputs(), 1)  # some ties
    y, cache = forward(x, kernel_size, stride, lengths)
    expected, plain_cache = pooling.pool_loop_forward(x, kernel_size, stride, lengths, step=step)
    np.testing.assert_allclose(y, expected, atol=1e-15)
    dy = rng(1).standard_normal(y.shape)
    expected = pooling.pool_loop_backward(dy, plain_cache, step_backward=step_backward)
    np.testing.assert_allclose(backward(dy, cache), expected, atol=1e-15)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
@pytest.mark.parametrize("name", GLOBAL)
def test_global_pooling_equals_the_plain_loop(name, lengths):
    forward, backward = GLOBAL[name]
    step, step_backward = STEPS[name]
    x = np.round(inputs(), 1)
    y, cache = forward(x, lengths)
    plain = [T] * N if lengths is None else lengths.tolist()
    expected, plain_cache = global_pooling.global_pool_loop_forward(x, plain, step)
    np.testing.assert_allclose(y, expected, atol=1e-15)
    dy = rng(1).standard_normal(y.shape)
    expected = global_pooling.global_pool_loop_backward(dy, plain_cache, step_backward)
    np.testing.assert_allclose(backward(dy, cache), expected, atol=1e-15)


@pytest.mark.parametrize("scale", [1, 1000])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
def test_attention_equals_the_plain_loop(lengths, scale):
    """Also with scores of some hundreds, whose exponentials would overflow."""
    x, g = inputs(), rng(2)
    W, b, v = g.standard_normal((D, A)), g.standard_normal(A), scale * g.standard_normal(A)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, cache = attention_pool_forward(x, W, b, v, lengths)
        plain = [T] * N if lengths is None else lengths.tolist()
        expected, plain_cache = attention_pooling.attention_pool_loop_forward(x, W, b, v, plain)
        np.testing.assert_allclose(y, expected, atol=1e-12)
        dy = rng(1).standard_normal(y.shape)
        found = attention_pool_backward(dy, cache)
    for gradient, plain in zip(found, attention_pooling.attention_pool_loop_backward(dy, plain_cache), strict=True):
        np.testing.assert_allclose(gradient, plain, atol=1e-12 * scale)


# --- attention weights -----------------------------------------------------------------------------------------------


def test_attention_weights_sum_to_one_over_the_real_steps():
    layer, x = LAYERS["AttentionPool"](), inputs()
    for lengths in (LENGTHS, LENGTHS.tolist()):
        a = layer.weights(x, lengths)
        assert a.shape == (N, T)
        np.testing.assert_allclose(a.sum(axis=1), LENGTHS > 0)
        assert ((a > 0) == (np.arange(T) < LENGTHS[:, None])).all()
        np.testing.assert_allclose(layer.forward(x, lengths), (a[:, :, None] * x).sum(axis=1), atol=1e-14)
    np.testing.assert_allclose(layer.weights(x).sum(axis=1), 1)
    assert layer.pending() == 2  # those of forward only


def test_attention_learns_which_step_matters():
    """The target is the step that is marked in the last feature; an average of all steps cannot give it."""
    g = rng(3)
    x = g.standard_normal((64, 6, D))
    marked = g.integers(0, 6, 64)
    x[:, :, -1] = 0
    x[np.arange(64), marked, -1] = 1
    targets = x[np.arange(64), marked]
    layer = AttentionPool(D, 8, rng=g).astype("float64")
    for _ in range(300):
        layer.clear_gradients()
        layer.backward((layer.forward(x) - targets) / 64)
        for parameter in layer.parameters():
            parameter.data = parameter.data - 2 * parameter.grad
    a = layer.weights(x)
    assert (a.argmax(axis=1) == marked).all()
    assert a[np.arange(64), marked].mean() > 0.9


# --- lengths, dtype, memory, side effects ----------------------------------------------------------------------------


@pytest.mark.parametrize("padding", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize("name", LAYERS)
def test_a_padded_sequence_gives_what_it_gives_alone(name, padding):
    layer, x = LAYERS[name](), inputs()
    x[np.arange(T) >= LENGTHS[:, None]] = padding
    with np.errstate(all="raise"):
        y = layer.forward(x, LENGTHS)
        dy = rng(1).standard_normal(y.shape)
        dx = layer.backward(dy)
    assert np.isfinite(y).all()
    for n, L in enumerate(LENGTHS):
        assert not dx[n, L:].any()
        if y.ndim == 3:
            steps = layer.out_lengths(LENGTHS)[n]
            assert not y[n, steps:].any()
            if steps == 0:
                assert not dx[n].any()
                continue
            alone = layer.forward(x[n : n + 1, :L])
            np.testing.assert_allclose(y[n : n + 1, :steps], alone, atol=1e-15)
            np.testing.assert_allclose(dx[n : n + 1, :L], layer.backward(dy[n : n + 1, :steps]), atol=1e-15)
        elif L == 0:
            assert not y[n].any()
        else:
            np.testing.assert_allclose(y[n : n + 1], layer.forward(x[n : n + 1, :L]), atol=1e-15)
            np.testing.assert_allclose(dx[n : n + 1, :L], layer.backward(dy[n : n + 1]), atol=1e-15)


@pytest.mark.parametrize("name", ["GlobalMaxPool1D", "GlobalAveragePool1D", "AttentionPool"])
@pytest.mark.parametrize("lengths", [None, [0, 0]])
def test_a_batch_without_steps_gives_zeros(name, lengths):
    layer = LAYERS[name]()
    y = layer.forward(np.zeros((2, 0, D)), lengths)
    assert y.shape == (2, D)
    assert not y.any()
    assert layer.backward(y).shape == (2, 0, D)
    assert all(not parameter.grad.any() for parameter in layer.parameters())


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name, lengths):
    layer = LAYERS[name]().astype("float32")
    x = inputs().astype("float32")
    y = layer.forward(x, lengths)
    assert y.dtype == np.float32
    assert layer.backward(y).dtype == np.float32
    assert {parameter.grad.dtype for parameter in layer.parameters()} <= {np.dtype("float32")}


def test_attention_takes_the_dtype_of_all_arguments():
    x, (W, b, v) = inputs(), (p.data for p in LAYERS["AttentionPool"]().parameters())
    for cast in range(4):
        arrays = [array.astype("float32") if k != cast else array for k, array in enumerate((x, W, b, v))]
        y, cache = attention_pool_forward(*arrays, LENGTHS)
        assert y.dtype == np.float64
        assert attention_pool_backward(y, cache)[0].dtype == np.float64


@pytest.mark.parametrize("name", LAYERS)
def test_memory_is_linear_in_the_number_of_steps(name):
    """20,000 steps; one array (T, T) would take 1.6 gigabytes."""
    layer = LAYERS[name]().astype("float32")
    x = rng().standard_normal((1, 20_000, D)).astype("float32")
    tracemalloc.start()
    layer.backward(layer.forward(x, [19_000]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * x.nbytes


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
@pytest.mark.parametrize("name", LAYERS)
def test_inputs_are_not_changed_and_caches_stack(name, lengths):
    layer, x, z = LAYERS[name](), inputs(), inputs(1)
    before = x.copy()
    first, second = layer.forward(x, lengths), layer.forward(z)
    dz, dx = layer.backward(second), layer.backward(first)
    np.testing.assert_array_equal(x, before)
    alone = LAYERS[name]()
    np.testing.assert_array_equal(dz, alone.backward(alone.forward(z)))
    np.testing.assert_array_equal(dx, alone.backward(alone.forward(x, lengths)))
    with pytest.raises(CacheError, match=f"{name}: backward without a forward"):
        layer.backward(first)
    layer.evaluate().forward(x)
    assert layer.pending() == 0


def test_a_text_classifier_of_pooled_convolutions():
    """Lengths travel through the stack, and the last layer gets one vector for each sequence."""
    make = rng(5)
    for pool in (GlobalMaxPool1D(), GlobalAveragePool1D(), AttentionPool(4, 2, rng=make)):
        model = Sequential(
            Conv1D(D, 4, 3, rng=make, padding="same"), AveragePool1D(2, 1), pool, Dense(4, 2, rng=make)
        ).astype("float64")
        x = inputs()
        logits = model.forward(x, LENGTHS)
        assert logits.shape == (N, 2)
        np.testing.assert_allclose(logits[2], model.forward(x[2:3, :4])[0], atol=1e-14)
        np.testing.assert_allclose(logits[1], model.layers[-1].b.data)
        model.discard_caches()


def test_repr():
    assert repr(MaxPool1D(3)) == "MaxPool1D(kernel_size=3, stride=3)"
    assert repr(AveragePool1D(3, 1)) == "AveragePool1D(kernel_size=3, stride=1)"
    assert repr(GlobalMaxPool1D()) == "GlobalMaxPool1D()"
    assert repr(AttentionPool(3, 5, rng=rng())) == "AttentionPool(3, attention_size=5)"


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaxPool1D(0), "MaxPool1D: kernel_size must be a whole number of 1 or more, got 0"),
        (lambda: AveragePool1D(2, 0), "AveragePool1D: stride must be a whole number of 1 or more, got 0"),
        (lambda: MaxPool1D(2, 1.5), "MaxPool1D: stride must be a whole number of 1 or more, got 1.5"),
        (lambda: AttentionPool(3, 4), "weights are drawn from a random generator; pass rng=np.random.default_rng(0)"),
    ],
)
def test_bad_options_are_one_clear_line(make, message):
    with pytest.raises(DataError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize("make", [MaxPool1D, AveragePool1D])
def test_a_window_longer_than_the_input_is_refused(make):
    message = f"{make.__name__}: a window of 5 steps is longer than the input of 4; pad the batch"
    with pytest.raises(ShapeError) as caught:
        make(5).forward(np.zeros((2, 4, 1)))
    assert str(caught.value) == message


@pytest.mark.parametrize("name", LAYERS)
def test_bad_input_is_one_clear_line(name):
    layer = LAYERS[name]()
    for x, lengths, error, message in [
        (np.zeros((N, D)), None, ShapeError, f"{name}: input must be (N, T, D), got shape (5, 3)"),
        (inputs(), [1, 2], ShapeError, f"{name}: lengths must be integers of shape (5,), got int64 (2,)"),
        (inputs(), [1, 2, 3, 4, 10], DataError, f"{name}: lengths must be between 0 and T = 9, got 1 to 10"),
    ]:
        with pytest.raises(error) as caught:
            layer.forward(x, lengths)
        assert str(caught.value) == message
    assert layer.pending() == 0


def test_attention_names_a_wrong_last_axis():
    layer = AttentionPool(3, 4, rng=rng())
    for call in (layer.forward, layer.weights):
        with pytest.raises(ShapeError, match=r"AttentionPool: axis 2 of the input has size 2, expected input_size = 3"):
            call(np.zeros((1, 5, 2)))


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_windows_that_are_apart_share_no_step(size, stride, dilation):
    """And those that are less far apart have spans that overlap."""
    window = Window(size, stride, dilation)
    spans = [set(range(stride * t, stride * t + window.span)) for t in range(9)]
    for t in range(9):
        assert (not spans[0] & spans[t]) == (t >= window.apart)
