"""Word vector models against PyTorch: loss and every gradient, float64, random shapes and values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.word2vec.nnlm import NNLM
from scratchnn.word2vec.outputs import FullSoftmax, HierarchicalSoftmax, NegativeSampling
from scratchnn.word2vec.textbook import CBOW, SkipGram

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

SIZES = st.integers(1, 5)
SEEDS = st.integers(0, 2**32 - 1)
many = settings(max_examples=40, deadline=None)


def randomise(model, rng):
    """Random float64 values for every parameter, and the same as PyTorch tensors, by name."""
    model.astype(np.float64)
    theirs = {}
    for name, parameter in model.named_parameters().items():
        parameter.data = rng.standard_normal(parameter.shape)
        theirs[name] = torch.tensor(parameter.data, requires_grad=True)
    return theirs


def compare(model, loss, theirs, expected):
    """Loss and all gradients."""
    model.backward_loss()
    expected.backward()
    np.testing.assert_allclose(loss, expected.detach().numpy(), rtol=1e-10, atol=1e-10)
    for name, parameter in model.named_parameters().items():
        gradient = parameter.dense_gradient()
        np.testing.assert_allclose(gradient, theirs[name].grad.numpy(), rtol=1e-10, atol=1e-10, err_msg=name)


@given(N=SIZES, V=st.integers(1, 6), D=SIZES, M=SIZES, order=st.integers(2, 4), direct=st.booleans(), seed=SEEDS)
@many
def test_nnlm(N, V, D, M, order, direct, seed):
    rng = np.random.default_rng(seed)
    model = NNLM(V, D, M, order=order, rng=rng, direct=direct)
    p = randomise(model, rng)
    words, targets = rng.integers(0, V, (N, order - 1)), rng.integers(0, V, N)
    x = torch.nn.functional.embedding(torch.tensor(words), p["C"]).reshape(N, -1)
    z = torch.tanh(x @ p["H"] + p["d"]) @ p["U"] + p["b"]
    if direct:
        z = z + x @ p["W"]
    loss, count, _ = model.loss((words, targets))
    assert count == N
    compare(model, loss, p, torch.nn.functional.cross_entropy(z, torch.tensor(targets)))


def their_loss(kind, h, table, targets, negatives, output):
    """The mean loss of hidden vectors (N, D) with each of the three outputs."""
    if kind == "full":
        return torch.nn.functional.cross_entropy(h @ table.T, torch.tensor(targets))
    total = torch.zeros((), dtype=torch.float64)
    log_sigmoid = torch.nn.functional.logsigmoid
    for n, target in enumerate(targets):
        if kind == "negative":
            total = total - log_sigmoid(table[target] @ h[n])
            for word in negatives[n]:
                if word != target:
                    total = total - log_sigmoid(-(table[word] @ h[n]))
        else:
            for k in range(output.tree.lengths[target]):
                z = table[output.tree.nodes[target, k]] @ h[n]
                total = total - log_sigmoid(z if output.tree.left[target, k] else -z)
    return total / len(targets)


def make_output(kind, V, D, rng):
    if kind == "hierarchical":
        return HierarchicalSoftmax(rng.integers(1, 50, V), D)
    return (FullSoftmax if kind == "full" else NegativeSampling)(V, D)


@pytest.mark.parametrize("kind", ["full", "negative", "hierarchical"])
@given(N=SIZES, V=st.integers(2, 6), D=SIZES, C=SIZES, K=SIZES, masked=st.booleans(), seed=SEEDS)
@many
def test_cbow(kind, N, V, D, C, K, masked, seed):
    rng = np.random.default_rng(seed)
    output = make_output(kind, V, D, rng)
    model = CBOW(V, D, output, rng=rng)
    p = randomise(model, rng)
    contexts, targets, negatives = rng.integers(0, V, (N, C)), rng.integers(0, V, N), rng.integers(0, V, (N, K))
    mask = rng.random((N, C)) < 0.7 if masked else None
    there = torch.tensor(np.ones((N, C)) if mask is None else mask.astype(float))
    looked_up = torch.nn.functional.embedding(torch.tensor(contexts), p["projection.W"])
    h = (looked_up * there[:, :, None]).sum(1) / there.sum(1).clamp(min=1)[:, None]
    loss, count, _ = model.loss((contexts, mask, targets, *([negatives] if kind == "negative" else [])))
    assert count == N
    compare(model, loss, p, their_loss(kind, h, p["output.W"], targets, negatives, output))


@pytest.mark.parametrize("kind", ["full", "negative", "hierarchical"])
@given(N=SIZES, V=st.integers(2, 6), D=SIZES, K=SIZES, seed=SEEDS)
@many
def test_skip_gram(kind, N, V, D, K, seed):
    rng = np.random.default_rng(seed)
    output = make_output(kind, V, D, rng)
    model = SkipGram(V, D, output, rng=rng)
    p = randomise(model, rng)
    centres, targets, negatives = rng.integers(0, V, N), rng.integers(0, V, N), rng.integers(0, V, (N, K))
    h = torch.nn.functional.embedding(torch.tensor(centres), p["projection.W"])
    loss, count, _ = model.loss((centres, targets, *([negatives] if kind == "negative" else [])))
    assert count == N
    compare(model, loss, p, their_loss(kind, h, p["output.W"], targets, negatives, output))


def test_extreme_scores_stay_finite():
    """Scores of +-1000: the loss is their size, as PyTorch has it, and no gradient is NaN."""
    rng = np.random.default_rng(0)
    model = SkipGram(3, 2, NegativeSampling(3, 2), rng=rng)
    p = randomise(model, rng)
    for name, parameter in model.named_parameters().items():
        parameter.data = parameter.data * 100
        p[name] = torch.tensor(parameter.data, requires_grad=True)
    centres, targets, negatives = np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([[0, 2], [0, 1], [1, 2]])
    loss, _, _ = model.loss((centres, targets, negatives))
    assert loss > 1000
    compare(model, loss, p, their_loss("negative", p["projection.W"][centres], p["output.W"], targets, negatives, None))
