"""Convolution and pooling over pictures: by hand, plain against fast, pieces, memory, and what they refuse."""

from __future__ import annotations

import re
import tracemalloc
from functools import partial

import numpy as np
import pytest

from scratchnn.errors import DataError, ShapeError
from scratchnn.layers import AveragePool2D, Conv2D, MaxPool2D, conv2d, conv2d_backward, conv2d_forward, pooling2d


def rng(seed=0):
    return np.random.default_rng(seed)


def arrays(N=3, P=7, Q=6, D=2, H=4, K=3, M=2):
    """x, W and b."""
    g = rng()
    return g.standard_normal((N, P, Q, D)), g.standard_normal((K, M, D, H)), g.standard_normal(H)


def test_conv2d_by_hand():
    """Weights 1, 10, 100, 1000 on single digits write the four places of a window side by side, the first one last."""
    x = np.arange(1.0, 10).reshape(1, 3, 3, 1)
    W = np.array([[1.0, 10], [100, 1000]])[:, :, None, None]
    assert conv2d_forward(x, W)[0][0, :, :, 0].tolist() == [[5421, 6532], [8754, 9865]]
    assert conv2d_forward(x, W, stride=2)[0][0, :, :, 0].tolist() == [[5421]]
    assert conv2d_forward(x, W, padding="same")[0][0, :, :, 0].tolist() == [
        [5421, 6532, 603],
        [8754, 9865, 906],
        [87, 98, 9],
    ]


def test_pooling_by_hand():
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    assert MaxPool2D(2).forward(x)[0, :, :, 0].tolist() == [[5, 7], [13, 15]]
    assert AveragePool2D(2).forward(x)[0, :, :, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert MaxPool2D(3, 1).forward(x)[0, :, :, 0].tolist() == [[10, 11], [14, 15]]


@pytest.mark.parametrize("piece", [1, 100, 1 << 17])
@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"padding": "same"}, {"padding": "same", "stride": 3}], ids=str)
def test_the_fast_pair_equals_the_plain_loop(options, piece, monkeypatch):
    """Whatever the size of the pieces: single rows, single pictures, all of them."""
    monkeypatch.setattr(conv2d, "PIECE", piece)
    x, W, b = arrays()
    expected, plain_cache = conv2d.conv2d_loop_forward(x, W, b, **options)
    y, cache = conv2d_forward(x, W, b, **options)
    np.testing.assert_allclose(y, expected, atol=1e-13)
    dy = rng(1).standard_normal(y.shape)
    for found, plain in zip(conv2d_backward(dy, cache), conv2d.conv2d_loop_backward(dy, plain_cache), strict=True):
        np.testing.assert_allclose(found, plain, atol=1e-12)


@pytest.mark.parametrize("stride", [None, 1, 3])
@pytest.mark.parametrize("name", ["max", "average"])
@pytest.mark.parametrize("numbers", ["real", "complex", "NaN"])
def test_fast_pooling_equals_the_plain_loop(numbers, name, stride):
    x = np.round(2 * arrays()[0])  # with ties
    if numbers == "complex":
        x = x + 1j * np.round(2 * rng(2).standard_normal(x.shape))  # as in a gradient check; the real part decides
    elif numbers == "NaN":
        x[rng(2).random(x.shape) < 0.2] = np.nan
    steps = getattr(pooling2d, f"{name}_step"), getattr(pooling2d, f"{name}_step_backward")
    expected, plain_cache = pooling2d.pool2d_loop_forward(x, 2, stride, step=steps[0])
    y, cache = getattr(pooling2d, f"{name}_pool2d_forward")(x, 2, stride)
    np.testing.assert_allclose(y, expected, atol=1e-15)
    dy = rng(1).standard_normal(y.shape)
    backward = partial(pooling2d.pool2d_loop_backward, step_backward=steps[1])
    found = getattr(pooling2d, f"{name}_pool2d_backward")(dy, cache)
    np.testing.assert_allclose(found, backward(dy, plain_cache), atol=1e-15)


def test_memory_is_that_of_the_pictures_not_of_their_windows():
    """Both passes with 7 x 7 windows: x, its padded copy and gradient, y, but not 49 times x."""
    x, W, b = (array.astype("float32") for array in arrays(8, 64, 64, 8, 8, 7, 7))
    tracemalloc.start()
    y, cache = conv2d_forward(x, W, b, padding="same")
    conv2d_backward(y, cache)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * x.nbytes + 3 * 4 * conv2d.PIECE


@pytest.mark.parametrize("x_dtype", ["float32", "float64"])
@pytest.mark.parametrize("W_dtype", ["float32", "float64"])
def test_the_dtype_is_that_of_all_arguments(x_dtype, W_dtype):
    x, W, b = arrays()
    y, cache = conv2d_forward(x.astype(x_dtype), W.astype(W_dtype), b.astype("float32"))
    assert y.dtype == np.result_type(x_dtype, W_dtype)
    assert {gradient.dtype for gradient in conv2d_backward(y, cache)} == {y.dtype}


def test_an_empty_batch():
    layer = Conv2D(2, 3, 3, rng=rng(), padding="same")
    y = layer.forward(np.zeros((0, 5, 4, 2), dtype="float32"))
    assert y.shape == (0, 5, 4, 3)
    assert layer.backward(y).shape == (0, 5, 4, 2)
    assert not layer.W.grad.any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Conv2D(2, 3, 0, rng=rng()), DataError, "Conv2D: kernel_size must be a whole number of 1 or more, got 0"),
        (lambda: Conv2D(2, 3, 2, rng=rng(), padding="full"), DataError, "Conv2D: unknown padding 'full'"),
        (
            lambda: Conv2D(2, 3, 5, rng=rng()).forward(np.zeros((1, 4, 9, 2))),
            ShapeError,
            'Conv2D: a kernel of 5 x 5 is larger than the picture of 4 x 9; pass padding="same"',
        ),
        (lambda: Conv2D(2, 3, 2, rng=rng()).forward(np.zeros((4, 9, 2))), ShapeError, "Conv2D: input must be (N, P, Q, D)"),
        (lambda: Conv2D(2, 3, 2, rng=rng()).forward(np.zeros((1, 4, 9, 3))), ShapeError, "input_size"),
        (
            lambda: MaxPool2D(3).forward(np.zeros((1, 2, 9, 2))),
            ShapeError,
            "MaxPool2D: a window of 3 x 3 is larger than 2 x 9",
        ),
        (lambda: AveragePool2D(2, stride=0), DataError, "AveragePool2D: stride must be a whole number of 1 or more, got 0"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


@pytest.mark.parametrize("name", ["max", "average"])
def test_pooling_of_no_pictures(name):
    """By the plain loop as by the fast pair."""
    x, step = np.zeros((0, 4, 5, 2)), getattr(pooling2d, f"{name}_step")
    assert pooling2d.pool2d_loop_forward(x, 2, step=step)[0].shape == (0, 2, 2, 2)
    y, cache = getattr(pooling2d, f"{name}_pool2d_forward")(x, 2)
    assert y.shape == (0, 2, 2, 2)
    assert getattr(pooling2d, f"{name}_pool2d_backward")(y, cache).shape == x.shape
