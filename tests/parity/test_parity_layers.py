"""Functions and plain layers against PyTorch: outputs and every gradient, float64, random shapes and values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn import functions, layers

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

LEADING = st.lists(st.integers(1, 4), min_size=0, max_size=2).map(tuple)  # (), (N,), (N, T)
SIZES = st.integers(1, 6)
SEEDS = st.integers(0, 2**32 - 1)
many = settings(max_examples=30, deadline=None)


def tensor(array):
    """A torch tensor with the values of ``array``, which requires a gradient."""
    return torch.tensor(array, requires_grad=array.dtype.kind == "f")


def equal(ours, theirs):
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def randomise(layer, rng):
    """float64, and every parameter random, so that no bias is zero and no weight constant."""
    layer.astype("float64")
    for parameter in layer.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    return layer


# --- dense and embedding ---------------------------------------------------------------------------------------------


@given(leading=LEADING, D=SIZES, H=SIZES, bias=st.booleans(), seed=SEEDS)
@many
def test_dense(leading, D, H, bias, seed):
    rng = np.random.default_rng(seed)
    layer = randomise(layers.Dense(D, H, rng=rng, bias=bias), rng)
    x, dy = rng.standard_normal((*leading, D)), rng.standard_normal((*leading, H))
    theirs = torch.nn.Linear(D, H, bias=bias, dtype=torch.float64)
    theirs.weight.data = torch.tensor(layer.W.data.T)
    if bias:
        theirs.bias.data = torch.tensor(layer.b.data)
    their_x = tensor(x)
    their_y = theirs(their_x)
    their_y.backward(torch.tensor(dy))
    equal(layer.forward(x), their_y)
    equal(layer.backward(dy), their_x.grad)
    equal(layer.W.grad, theirs.weight.grad.T)
    assert bias == (layer.b is not None)
    if bias:
        equal(layer.b.grad, theirs.bias.grad)


@given(shape=LEADING, V=SIZES, D=SIZES, seed=SEEDS)
@many
def test_dense_tied_to_an_embedding(shape, V, D, seed):
    """One table used at both ends, and the embedding used a second time: its gradient is the sum of all three."""
    rng = np.random.default_rng(seed)
    embedding = randomise(layers.Embedding(V, D, rng=rng), rng)
    output = layers.Dense(D, V, rng=rng, tied=embedding.W)
    output.b.data = rng.standard_normal(V)
    first, second = rng.integers(0, V, shape), rng.integers(0, V, shape)
    dy = rng.standard_normal((*shape, V))
    y = output.forward(embedding.forward(first) + embedding.forward(second))
    dx = output.backward(dy)
    embedding.backward(dx)
    embedding.backward(dx)

    table, bias = tensor(embedding.W.data), tensor(output.b.data)
    hidden = torch.nn.functional.embedding(torch.tensor(first), table)
    hidden = hidden + torch.nn.functional.embedding(torch.tensor(second), table)
    their_y = torch.nn.functional.linear(hidden, table, bias)
    their_y.backward(torch.tensor(dy))
    equal(y, their_y)
    equal(embedding.W.dense_gradient(), table.grad)
    equal(output.b.grad, bias.grad)


@given(shape=LEADING, V=SIZES, D=SIZES, padded=st.booleans(), sparse=st.booleans(), seed=SEEDS)
@many
def test_embedding(shape, V, D, padded, sparse, seed):
    """Repeated ids; the row of the padding id is zero in PyTorch and counts as zero here."""
    rng = np.random.default_rng(seed)
    padding_id = int(rng.integers(V)) if padded else None
    layer = randomise(layers.Embedding(V, D, rng=rng, padding_id=padding_id), rng)
    ids, dy = rng.integers(0, V, shape), rng.standard_normal((*shape, D))
    sparse = sparse and shape != ()  # PyTorch's sparse backward does not accept a single id with a padding id
    theirs = torch.nn.Embedding(V, D, padding_idx=padding_id, sparse=sparse, dtype=torch.float64)
    theirs.weight.data = torch.tensor(layer.W.data)
    if padded:
        theirs.weight.data[padding_id] = 0
    their_y = theirs(torch.tensor(ids))
    their_y.backward(torch.tensor(dy))
    equal(layer.forward(ids), their_y)
    assert layer.backward(dy) is None
    equal(layer.W.dense_gradient(), theirs.weight.grad.to_dense())


@given(shape=LEADING, V=SIZES, D=SIZES, seed=SEEDS)
@many
def test_frozen_embedding(shape, V, D, seed):
    """A pretrained table: looked up as in PyTorch, no gradient."""
    rng = np.random.default_rng(seed)
    table, ids = rng.standard_normal((V, D)).astype("float32"), rng.integers(0, V, shape)
    layer = layers.Embedding(V, D, table=table, frozen=True)
    theirs = torch.nn.Embedding.from_pretrained(torch.tensor(table), freeze=True)
    y = layer.forward(ids)
    equal(y, theirs(torch.tensor(ids)))
    layer.backward(np.ones_like(y))
    assert layer.W.grad is None
    assert theirs.weight.grad is None


# --- normalisation and activations -----------------------------------------------------------------------------------


@given(leading=LEADING, D=st.integers(2, 6), scale=st.floats(0.01, 100), shift=st.floats(-10, 10), seed=SEEDS)
@many
def test_layer_norm(leading, D, scale, shift, seed):
    rng = np.random.default_rng(seed)
    layer = randomise(layers.LayerNorm(D), rng)
    x, dy = shift + scale * rng.standard_normal((*leading, D)), rng.standard_normal((*leading, D))
    theirs = torch.nn.LayerNorm(D, dtype=torch.float64)
    theirs.weight.data, theirs.bias.data = torch.tensor(layer.g.data), torch.tensor(layer.b.data)
    their_x = tensor(x)
    their_y = theirs(their_x)
    their_y.backward(torch.tensor(dy))
    equal(layer.forward(x), their_y)
    equal(layer.backward(dy), their_x.grad)
    equal(layer.g.grad, theirs.weight.grad)
    equal(layer.b.grad, theirs.bias.grad)


ACTIVATIONS = {
    "sigmoid": (layers.Sigmoid, torch.sigmoid),
    "tanh": (layers.Tanh, torch.tanh),
    "relu": (layers.ReLU, torch.relu),
    "softmax": (layers.Softmax, lambda x: torch.softmax(x, -1)),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(leading=LEADING, D=SIZES, scale=st.floats(0.1, 30), seed=SEEDS)
@many
def test_activation_layers(name, leading, D, scale, seed):
    rng = np.random.default_rng(seed)
    make, theirs = ACTIVATIONS[name]
    x, dy = scale * rng.standard_normal((*leading, D)), rng.standard_normal((*leading, D))
    x[..., 0] *= rng.random() < 0.8  # sometimes a zero, where ReLU has no derivative
    layer, their_x = make(), tensor(x)
    their_y = theirs(their_x)
    their_y.backward(torch.tensor(dy))
    equal(layer.forward(x), their_y)
    equal(layer.backward(dy), their_x.grad)


FUNCTIONS = {  # forward, backward, whether backward takes the output (else the input), the same in PyTorch
    "sigmoid": (functions.sigmoid, functions.sigmoid_backward, True, torch.sigmoid),
    "tanh": (functions.tanh, functions.tanh_backward, True, torch.tanh),
    "relu": (functions.relu, functions.relu_backward, False, torch.relu),
    "softmax": (functions.softmax, functions.softmax_backward, True, lambda x: torch.softmax(x, -1)),
    "log_softmax": (functions.log_softmax, functions.log_softmax_backward, True, lambda x: torch.log_softmax(x, -1)),
    "logsumexp": (functions.logsumexp, functions.logsumexp_backward, False, lambda x: torch.logsumexp(x, -1)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(leading=LEADING, D=SIZES, scale=st.floats(0.1, 300), seed=SEEDS)
@many
def test_functions(name, leading, D, scale, seed):
    rng = np.random.default_rng(seed)
    forward, backward, wants_output, theirs = FUNCTIONS[name]
    x = scale * rng.standard_normal((*leading, D))
    their_x = tensor(x)
    their_y = theirs(their_x)
    dy = rng.standard_normal(tuple(their_y.shape))
    their_y.backward(torch.tensor(dy))
    y = np.asarray(forward(x))
    equal(y, their_y)
    equal(backward(np.asarray(dy), y if wants_output else x), their_x.grad)


@given(leading=LEADING, D=SIZES, seed=SEEDS)
@many
def test_cosine_similarity(leading, D, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, *leading, D)) + 0.1
    their_a, their_b = tensor(a), tensor(b)
    theirs = torch.nn.functional.cosine_similarity(their_a, their_b, dim=-1, eps=0)
    dy = np.asarray(rng.standard_normal(leading))
    theirs.backward(torch.tensor(dy))
    equal(np.asarray(functions.cosine_similarity(a, b)), theirs)
    da, db = functions.cosine_similarity_backward(dy, a, b)
    equal(da, their_a.grad)
    equal(db, their_b.grad)


@given(leading=LEADING, D=SIZES, seed=SEEDS)
@many
def test_one_hot(leading, D, seed):
    ids = np.random.default_rng(seed).integers(0, D, leading)
    equal(functions.one_hot(ids, D, "int64"), torch.nn.functional.one_hot(torch.tensor(ids), D))


def test_softmax_of_the_course():
    """The example of the lectures: logits 2.0, 1.0, 0.1."""
    np.testing.assert_allclose(functions.softmax(np.array([2.0, 1.0, 0.1])), [0.659, 0.242, 0.099], atol=5e-4)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softmax", "log_softmax", "logsumexp"])
def test_extreme_inputs_stay_finite_in_float32(name):
    """No overflow, and the values of PyTorch, at +-1e4 and at the largest float32 exponents."""
    forward, backward, wants_output, theirs = FUNCTIONS[name]
    x = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [88.0, -104.0, 1e30]], dtype="float32")
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = forward(x)
        dx = backward(np.ones_like(y), y if wants_output else x)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()
    np.testing.assert_allclose(y, theirs(torch.tensor(x)).numpy(), rtol=1e-6, atol=1e-6)
