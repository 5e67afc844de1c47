"""Convolution over time: by hand, plain against fast, lengths, padding, memory, and what it refuses."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from scratchnn.core import Sequential
from scratchnn.errors import CacheError, DataError, ShapeError
from scratchnn.layers import Conv1D, GlobalMaxPool1D, MaxPool1D, Tanh, conv1d, conv1d_backward, conv1d_forward


def rng(seed=0):
    return np.random.default_rng(seed)


def arrays(N=4, T=9, D=2, H=3, K=3, seed=0):
    """x, W and b."""
    g = rng(seed)
    return g.standard_normal((N, T, D)), g.standard_normal((K, D, H)), g.standard_normal(H)


OPTIONS = [
    {},
    {"stride": 2},
    {"dilation": 3},
    {"stride": 3, "dilation": 2},
    {"padding": "same"},
    {"padding": "same", "dilation": 2},
    {"padding": "causal"},
    {"padding": "causal", "stride": 2, "dilation": 4},
]


# --- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [123, 234, 345]),
        ({"stride": 2}, [123, 345]),
        ({"dilation": 2}, [135]),
        ({"padding": "same"}, [12, 123, 234, 345, 450]),
        ({"padding": "causal"}, [1, 12, 123, 234, 345]),
        ({"padding": "causal", "stride": 2}, [1, 123, 345]),
    ],
)
def test_by_hand(options, expected):
    """Weights 100, 10, 1 on 1 2 3 4 5 write three digits side by side: the first weight belongs to the earliest step."""
    x = np.arange(1.0, 6)[None, :, None]
    W = np.array([100.0, 10, 1])[:, None, None]
    y, _ = conv1d_forward(x, W, **options)
    assert y[0, :, 0].tolist() == expected


def test_an_even_kernel_puts_the_odd_zero_after_the_sequence():
    x, W = np.arange(1.0, 6)[None, :, None], np.array([10.0, 1])[:, None, None]
    assert conv1d_forward(x, W, padding="same")[0][0, :, 0].tolist() == [12, 23, 34, 45, 50]


def test_a_causal_output_depends_on_no_later_step():
    x, W, b = arrays()
    later = x.copy()
    later[:, 5:] += 1
    y, z = (conv1d_forward(array, W, b, padding="causal", dilation=2)[0] for array in (x, later))
    np.testing.assert_array_equal(y[:, :5], z[:, :5])
    assert (y[:, 5:] != z[:, 5:]).all()


# --- plain against fast ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 40, 1 << 17])
@pytest.mark.parametrize("lengths", [None, [9, 0, 4, 7]])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_fast_pair_equals_the_plain_loop(options, lengths, piece, monkeypatch):
    """Whatever the size of the pieces: parts of a sequence, single sequences, many of them."""
    monkeypatch.setattr(conv1d, "PIECE", piece)
    x, W, b = arrays()
    lengths = None if lengths is None else np.array(lengths)
    expected, plain_cache = conv1d.conv1d_loop_forward(x, W, b, lengths=lengths, **options)
    y, cache = conv1d_forward(x, W, b, lengths=lengths, **options)
    np.testing.assert_allclose(y, expected, atol=1e-13)
    dy = rng(1).standard_normal(y.shape)
    for found, plain in zip(conv1d_backward(dy, cache), conv1d.conv1d_loop_backward(dy, plain_cache), strict=True):
        np.testing.assert_allclose(found, plain, atol=1e-12)


@pytest.mark.parametrize("N", [0, 1, 5])
@pytest.mark.parametrize("T", [1, 50])
@pytest.mark.parametrize("piece", [1, 30, 1 << 17])
def test_pieces_cover_every_output_once(N, T, piece, monkeypatch):
    monkeypatch.setattr(conv1d, "PIECE", piece)
    y, W = np.zeros((N, T, 2)), np.zeros((3, 2, 2))
    for n, t in conv1d.pieces(y, W):
        assert y[n, t].flags.c_contiguous
        assert y[n, t].size // 2 * 6 <= max(piece, 6)
        y[n, t] += 1
    assert (y == 1).all()


# --- lengths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_a_padded_sequence_gives_what_it_gives_alone(options, dtype):
    """Even if padding is NaN or infinite, in the inputs and in the gradient of the outputs."""
    x, W, b = arrays()
    lengths = np.array([9, 0, 4, 7], dtype)
    layer = Conv1D(2, 3, 3, rng=rng(), **options).astype("float64")
    layer.W.data, layer.b.data = W, b
    out = layer.out_lengths(lengths)
    x[np.arange(9) >= lengths[:, None]] = np.nan
    y = layer.forward(x, lengths)
    dy = rng(1).standard_normal(y.shape)
    dy[np.arange(y.shape[1]) >= out[:, None]] = np.inf
    dx = layer.backward(dy)
    dW = 0
    for n, L in enumerate(lengths.astype(int)):
        assert not y[n, out[n] :].any()
        assert not dx[n, L:].any()
        if out[n]:
            alone, cache = conv1d_forward(x[n : n + 1, :L], W, b, **options)
            assert alone.shape[1] == out[n]
            np.testing.assert_allclose(y[n, : out[n]], alone[0], atol=1e-13)
            dx_alone, dW_alone, _ = conv1d_backward(dy[n : n + 1, : out[n]], cache)
            np.testing.assert_allclose(dx[n, :L], dx_alone[0], atol=1e-13)
            dW = dW + dW_alone
    np.testing.assert_allclose(layer.W.grad, dW, atol=1e-12)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_out_lengths_is_the_number_of_outputs(options):
    layer = Conv1D(2, 3, 3, rng=rng(), **options)
    span = layer.window.span
    for T in range(20):
        if span <= T or options.get("padding", "valid") != "valid":
            assert layer.forward(np.zeros((1, T, 2))).shape[1] == layer.out_lengths(np.array([T]))[0]
        else:
            assert layer.out_lengths(np.array([T]))[0] == 0


def test_lengths_travel_through_a_stack():
    model = Sequential(
        Conv1D(2, 4, 3, rng=rng(), padding="same"), Tanh(), MaxPool1D(2), Conv1D(4, 3, 2, rng=rng()), GlobalMaxPool1D()
    ).astype("float64")
    x, lengths = rng().standard_normal((3, 12, 2)), [12, 7, 0]
    y = model.forward(x, lengths)
    for n in (0, 1):
        np.testing.assert_allclose(y[n], model.forward(x[n : n + 1, : lengths[n]])[0], atol=1e-13)
    assert not y[2].any()
    assert model.layers[0].out_lengths(np.array(lengths)).tolist() == lengths
    assert Sequential(*model.layers[:-1]).out_lengths(np.array(lengths)).tolist() == [5, 2, 0]
    assert model.out_lengths(np.array(lengths)) is None


@pytest.mark.parametrize("padding", ["same", "causal"])
def test_a_batch_without_steps_or_sequences_is_empty(padding):
    layer = Conv1D(2, 3, 3, rng=rng(), padding=padding)
    for shape in ((2, 0, 2), (0, 4, 2)):
        x = np.zeros(shape, dtype="float32")
        y = layer.forward(x)
        assert y.shape == (*shape[:2], 3)
        assert layer.backward(y).shape == shape
        assert not layer.W.grad.any()


# --- dtype, memory, side effects -------------------------------------------------------------------------------------


@pytest.mark.parametrize("x_dtype", ["float32", "float64"])
@pytest.mark.parametrize("W_dtype", ["float32", "float64"])
def test_the_dtype_is_that_of_all_arguments(x_dtype, W_dtype):
    x, W, b = arrays()
    y, cache = conv1d_forward(x.astype(x_dtype), W.astype(W_dtype), b.astype("float32"), lengths=np.array([9, 5, 0, 3]))
    assert y.dtype == np.result_type(x_dtype, W_dtype)
    assert {gradient.dtype for gradient in conv1d_backward(y, cache)} == {y.dtype}


@pytest.mark.parametrize("N", [1, 4])
def test_memory_grows_linearly_and_without_k_copies_of_the_input(N):
    """Both passes over 20,000 steps with K = 9: x, y, their padded copies and gradients, but not nine times x."""
    T, D, H, K = 20_000 // N, 16, 16, 9
    x, W, b = (array.astype("float32") for array in arrays(N, T, D, H, K))
    tracemalloc.start()
    y, cache = conv1d_forward(x, W, b, padding="same")
    conv1d_backward(y, cache)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    pieces = 3 * 4 * conv1d.PIECE
    assert peak < 4 * x.nbytes + pieces


def test_inputs_are_not_changed_and_caches_stack():
    x, W, b = arrays()
    layer = Conv1D(2, 3, 3, rng=rng(), padding="same").astype("float64")
    layer.W.data, layer.b.data = W, b
    before = x.copy()
    first, second = layer.forward(x, [9, 3, 0, 1]), layer.forward(2 * x)
    dx_second, dx_first = layer.backward(second), layer.backward(first)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(dx_second, conv1d_backward(second, conv1d_forward(2 * x, W, b, padding="same")[1])[0])
    lengths = np.array([9, 3, 0, 1])
    cache = conv1d_forward(x, W, b, padding="same", lengths=lengths)[1]
    np.testing.assert_array_equal(dx_first, conv1d_backward(first, cache)[0])
    with pytest.raises(CacheError, match="Conv1D: backward without a forward"):
        layer.backward(first)
    layer.evaluate().forward(x)
    assert layer.pending() == 0


def test_initial_weights_are_within_glorots_limit_and_repeat_with_the_seed():
    W = Conv1D(20, 30, 5, rng=rng(1)).W.data
    limit = (6 / (5 * 50)) ** 0.5
    assert 0.99 * limit < abs(W).max() <= limit
    assert W.dtype == np.float32
    assert W.tobytes() == Conv1D(20, 30, 5, rng=rng(1)).W.data.tobytes()
    assert repr(Conv1D(20, 30, 5, rng=rng())) == "Conv1D(20 -> 30, kernel_size=5)"


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 0}, "Conv1D: kernel_size must be a whole number of 1 or more, got 0"),
        ({"kernel_size": 2.5}, "Conv1D: kernel_size must be a whole number of 1 or more, got 2.5"),
        ({"stride": 0}, "Conv1D: stride must be a whole number of 1 or more, got 0"),
        ({"dilation": -1}, "Conv1D: dilation must be a whole number of 1 or more, got -1"),
        ({"padding": "full"}, "Conv1D: unknown padding 'full'; choose one of valid, same, causal"),
        (
            {"padding": "same", "stride": 2},
            'Conv1D: padding="same" needs stride=1, got 2; pass padding="causal" or "valid"',
        ),
        ({"rng": None}, "weights are drawn from a random generator; pass rng=np.random.default_rng(0)"),
    ],
)
def test_bad_options_are_one_clear_line(options, message):
    with pytest.raises(DataError) as caught:
        Conv1D(2, 3, **{"kernel_size": 3, "rng": rng(), **options})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("shape", "lengths", "error", "message"),
    [
        (
            (2, 4, 2),
            None,
            ShapeError,
            'Conv1D: a kernel that spans 5 steps is longer than the input of 4; pass padding="same" or "causal", '
            "or pad the batch",
        ),
        ((2, 9), None, ShapeError, "Conv1D: input must be (N, T, D), got shape (2, 9)"),
        (
            (2, 9, 3),
            None,
            ShapeError,
            "Conv1D: axis 2 of the input has size 3, expected input_size = 2 (input shape (2, 9, 3))",
        ),
        ((2, 9, 2), [9, 10], DataError, "Conv1D: lengths must be between 0 and T = 9, got 9 to 10"),
        ((2, 9, 2), [-1, 9], DataError, "Conv1D: lengths must be between 0 and T = 9, got -1 to 9"),
        ((2, 9, 2), [9], ShapeError, "Conv1D: lengths must be integers of shape (2,), got int64 (1,)"),
        ((2, 9, 2), [1.5, 9.0], ShapeError, "Conv1D: lengths must be integers of shape (2,), got float64 (2,)"),
    ],
)
def test_bad_input_is_one_clear_line(shape, lengths, error, message):
    layer = Conv1D(2, 3, 3, rng=rng(), dilation=2)
    with pytest.raises(error) as caught:
        layer.forward(np.zeros(shape), lengths)
    assert str(caught.value) == message
    assert layer.pending() == 0
