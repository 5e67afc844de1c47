"""Convolution and pooling over time against PyTorch: outputs and every gradient, float64, random shapes and lengths.

A batch with lengths has to equal PyTorch on each sequence alone, cut to its length, so that padding cannot have an effect.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scratchnn import layers
from scratchnn.layers.conv1d import PADDINGS

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

SEEDS = st.integers(0, 2**32 - 1)
SMALL = st.integers(1, 4)
many = settings(max_examples=60, deadline=None)


def draw(seed, N, T, D, ragged):
    """A generator, inputs (N, T, D) that are NaN in padded steps, and lengths (N,), all T unless ``ragged``."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, T, D))
    lengths = rng.integers(0, T + 1, N) if ragged else np.full(N, T)
    x[np.arange(T) >= lengths[:, None]] = np.nan
    return rng, x, lengths


def tensor(array):
    return torch.tensor(array, requires_grad=True)


def one_by_one(x, lengths, function, out_shape):
    """PyTorch's ``function`` of (D, L) on each sequence; zeros where it has no output. Returns the input tensor as well."""
    their_x, rows = tensor(x), []
    for n, L in enumerate(lengths):
        y = function(their_x[n, :L].T)
        padded = torch.zeros(out_shape, dtype=torch.float64)
        if y is not None:
            padded = torch.cat([y.T, padded[len(y.T) :]]) if len(out_shape) == 2 else y
        rows.append(padded)
    return their_x, torch.stack(rows)


def equal(ours, theirs):
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def check(layer, x, lengths, function, rng, ragged):
    """Outputs and the gradient with respect to x; returns PyTorch's outputs after their backward pass."""
    y = layer.forward(x, lengths if ragged else None)
    their_x, their_y = one_by_one(x, lengths, function, y.shape[1:])
    equal(y, their_y)
    dy = rng.standard_normal(y.shape)
    if their_y.requires_grad:
        their_y.backward(torch.tensor(dy))
    dx = layer.backward(dy)
    equal(dx, torch.zeros_like(their_x) if their_x.grad is None else their_x.grad)


@given(
    N=SMALL, T=st.integers(1, 12), D=SMALL, H=SMALL, K=SMALL, stride=SMALL, dilation=st.integers(1, 3),
    padding=st.sampled_from(PADDINGS), bias=st.booleans(), ragged=st.booleans(), seed=SEEDS,
)  # fmt: skip
@many
@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel")
def test_conv1d(N, T, D, H, K, stride, dilation, padding, bias, ragged, seed):
    span = dilation * (K - 1) + 1
    stride = 1 if padding == "same" else stride
    assume(padding != "valid" or span <= T)
    rng, x, lengths = draw(seed, N, T, D, ragged)
    layer = layers.Conv1D(D, H, K, rng=rng, stride=stride, padding=padding, dilation=dilation, bias=bias).astype("float64")
    for parameter in layer.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    weight = tensor(layer.W.data.transpose(2, 1, 0).copy())
    b = tensor(layer.b.data) if bias else None

    def theirs(row):
        zeros = span - 1 if padding == "causal" else 0
        if row.shape[1] == 0 or (padding == "valid" and row.shape[1] < span):
            return None
        mode = "same" if padding == "same" else 0
        row = torch.nn.functional.pad(row, (zeros, 0))
        return torch.nn.functional.conv1d(row[None], weight, b, stride, mode, dilation)[0]

    check(layer, x, lengths, theirs, rng, ragged)
    equal(layer.W.grad, torch.zeros_like(weight).permute(2, 1, 0) if weight.grad is None else weight.grad.permute(2, 1, 0))
    if bias:
        equal(layer.b.grad, torch.zeros_like(b) if b.grad is None else b.grad)


POOLS = {
    "max": (layers.MaxPool1D, torch.nn.functional.max_pool1d),
    "average": (layers.AveragePool1D, torch.nn.functional.avg_pool1d),
}


@pytest.mark.parametrize("name", POOLS)
@given(
    N=SMALL, T=st.integers(1, 12), D=SMALL, K=SMALL, stride=st.none() | SMALL,
    ragged=st.booleans(), ties=st.booleans(), seed=SEEDS,
)  # fmt: skip
@many
def test_pooling_of_windows(name, N, T, D, K, stride, ragged, ties, seed):
    """With ``ties``, the largest step is often not the only one."""
    assume(K <= T)
    rng, x, lengths = draw(seed, N, T, D, ragged)
    make, function = POOLS[name]
    check(
        make(K, stride),
        np.round(x) if ties else x,
        lengths,
        lambda row: function(row[None], K, stride)[0] if row.shape[1] >= K else None,
        rng,
        ragged,
    )


def test_the_maximum_of_nan_is_nan_as_in_pytorch():
    x = np.array([1.0, np.nan, 3, np.nan, 2, 0, 1, 1])[None, :, None]
    y = layers.MaxPool1D(4, 2).forward(x)
    equal(y.transpose(0, 2, 1), torch.nn.functional.max_pool1d(torch.tensor(x).permute(0, 2, 1), 4, 2))


GLOBAL = {
    "max": (layers.GlobalMaxPool1D, lambda row: row.max(dim=1).values),
    "average": (layers.GlobalAveragePool1D, lambda row: row.mean(dim=1)),
}


@pytest.mark.parametrize("name", GLOBAL)
@given(N=SMALL, T=st.integers(1, 12), D=SMALL, ragged=st.booleans(), seed=SEEDS)
@many
def test_global_pooling(name, N, T, D, ragged, seed):
    rng, x, lengths = draw(seed, N, T, D, ragged)
    make, function = GLOBAL[name]
    check(make(), x, lengths, lambda row: function(row) if row.shape[1] else None, rng, ragged)


@given(N=SMALL, T=st.integers(1, 12), D=SMALL, A=SMALL, scale=st.floats(0.1, 300), ragged=st.booleans(), seed=SEEDS)
@many
def test_attention_pooling(N, T, D, A, scale, ragged, seed):
    rng, x, lengths = draw(seed, N, T, D, ragged)
    layer = layers.AttentionPool(D, A, rng=rng).astype("float64")
    for parameter in layer.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    layer.v.data *= scale  # extreme scores do not overflow
    W, b, v = (tensor(parameter.data) for parameter in (layer.W, layer.b, layer.v))

    def theirs(row):
        if row.shape[1] == 0:
            return None
        return row @ torch.softmax(torch.tanh(row.T @ W + b) @ v, 0)

    check(layer, x, lengths, theirs, rng, ragged)
    for parameter, their in ((layer.W, W), (layer.b, b), (layer.v, v)):
        np.testing.assert_allclose(parameter.grad, 0 if their.grad is None else their.grad, rtol=1e-8, atol=1e-8)
