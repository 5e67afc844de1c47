"""Convolution and pooling over pictures against PyTorch: outputs and every gradient, float64, random shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scratchnn import layers
from scratchnn.layers.conv2d import PADDINGS, conv2d_backward, conv2d_forward

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

SEEDS = st.integers(0, 2**32 - 1)
SMALL = st.integers(1, 4)
SIDE = st.integers(1, 9)
many = settings(max_examples=60, deadline=None)


def tensor(array):
    return torch.tensor(array, requires_grad=True)


def equal(ours, theirs):
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def before(size):
    """Zeros before a picture, and after it, for the padding "same"."""
    return (size - 1) // 2, size - 1 - (size - 1) // 2


@given(
    N=SMALL, P=SIDE, Q=SIDE, D=SMALL, H=SMALL, K=SMALL, M=SMALL, stride=SMALL,
    padding=st.sampled_from(PADDINGS), bias=st.booleans(), seed=SEEDS,
)  # fmt: skip
@many
def test_conv2d(N, P, Q, D, H, K, M, stride, padding, bias, seed):
    assume(padding == "same" or (K <= P and M <= Q))
    rng = np.random.default_rng(seed)
    x, W, b = rng.standard_normal((N, P, Q, D)), rng.standard_normal((K, M, D, H)), rng.standard_normal(H)
    y, cache = conv2d_forward(x, W, b if bias else None, stride, padding)
    their_x, their_W, their_b = tensor(x), tensor(W), tensor(b)
    zeros = (*before(M), *before(K)) if padding == "same" else (0, 0, 0, 0)
    padded = torch.nn.functional.pad(their_x.permute(0, 3, 1, 2), zeros)
    their_y = torch.nn.functional.conv2d(
        padded, their_W.permute(3, 2, 0, 1).contiguous(), their_b if bias else None, stride
    )
    their_y = their_y.permute(0, 2, 3, 1)
    equal(y, their_y)
    dy = rng.standard_normal(y.shape)
    their_y.backward(torch.tensor(dy))
    dx, dW, db = conv2d_backward(dy, cache)
    equal(dx, their_x.grad)
    equal(dW, their_W.grad)
    if bias:
        equal(db, their_b.grad)


POOLS = {
    "max": (layers.MaxPool2D, torch.nn.functional.max_pool2d),
    "average": (layers.AveragePool2D, torch.nn.functional.avg_pool2d),
}


@pytest.mark.parametrize("name", POOLS)
@given(N=SMALL, P=SIDE, Q=SIDE, D=SMALL, K=SMALL, stride=st.none() | SMALL, ties=st.booleans(), seed=SEEDS)
@many
def test_pooling(name, N, P, Q, D, K, stride, ties, seed):
    """With ``ties``, the largest place is often not the only one."""
    assume(min(P, Q) >= K)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, P, Q, D))
    x = np.round(x) if ties else x
    make, function = POOLS[name]
    layer, their_x = make(K, stride), tensor(x)
    y, their_y = layer.forward(x), function(their_x.permute(0, 3, 1, 2), K, stride).permute(0, 2, 3, 1)
    equal(y, their_y)
    dy = rng.standard_normal(y.shape)
    their_y.backward(torch.tensor(dy))
    equal(layer.backward(dy), their_x.grad)


def test_the_maximum_of_nan_is_nan_as_in_pytorch():
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    x[0, 1, 2] = np.nan
    theirs = torch.nn.functional.max_pool2d(torch.tensor(x).permute(0, 3, 1, 2), 2)
    equal(layers.MaxPool2D(2).forward(x), theirs.permute(0, 2, 3, 1))
