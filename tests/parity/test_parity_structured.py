"""CRF, biaffine scores and tree loss against PyTorch's autograd: values and gradients, float64, random shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.structured import (
    biaffine_backward,
    biaffine_forward,
    crf_backward,
    crf_forward,
    head_loss_backward,
    head_loss_forward,
    label_scores_backward,
    label_scores_forward,
    viterbi,
)

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 5)
many = settings(max_examples=40, deadline=None)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def tensors(torch, arrays):
    """Each array as a tensor with a gradient."""
    return [torch.tensor(array, requires_grad=True) for array in arrays]


def equal(ours, theirs):
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-9, atol=1e-10)


def torch_crf(torch, emissions, transitions, start, end, tags, lengths):
    """The summed loss of a batch, one step per token over all sentences, and the scores of the best sequences."""
    N, T, _ = emissions.shape
    real = torch.arange(T) < lengths[:, None]
    rows = torch.arange(N)
    log_sums = best = start + emissions[:, 0]
    score = start[tags[:, 0]] + emissions[rows, 0, tags[:, 0]]
    for t in range(1, T):
        next_sums = torch.logsumexp(log_sums[:, :, None] + transitions, dim=1) + emissions[:, t]
        next_best = (best[:, :, None] + transitions).amax(dim=1) + emissions[:, t]
        step = transitions[tags[:, t - 1], tags[:, t]] + emissions[rows, t, tags[:, t]]
        log_sums = torch.where(real[:, t, None], next_sums, log_sums)
        best = torch.where(real[:, t, None], next_best, best)
        score = score + torch.where(real[:, t], step, 0)
    score = score + end[tags[rows, lengths - 1]]
    losses = torch.logsumexp(log_sums + end, dim=1) - score
    return losses.sum(), score, (best + end).amax(dim=1)


@pytest.mark.parity
@given(
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=5),
    K=SIZES,
    scale=st.sampled_from([0.1, 1.0, 30.0]),
    seed=SEEDS,
)
@many
def test_crf(torch, lengths, K, scale, seed):
    rng = np.random.default_rng(seed)
    N, T, lengths = len(lengths), max(lengths), np.array(lengths)
    arrays = [scale * rng.standard_normal(shape) for shape in ((N, T, K), (K, K), (K,), (K,))]
    tags, dloss = rng.integers(0, K, (N, T)), rng.standard_normal()
    loss, cache = crf_forward(*arrays, tags, lengths)
    theirs = tensors(torch, arrays)
    total, _, best = torch_crf(torch, *theirs, torch.tensor(tags), torch.tensor(lengths))
    expected = total / int(lengths.sum())
    expected.backward(torch.tensor(dloss, dtype=torch.float64))
    gradients = [torch.zeros_like(t) if t.grad is None else t.grad for t in theirs]  # None: no token has one before it
    equal([loss, *crf_backward(dloss, cache)], [expected, *gradients])
    decoded = torch.tensor(viterbi(*arrays, lengths))
    _, scores, _ = torch_crf(torch, *theirs, decoded, torch.tensor(lengths))
    equal([scores.detach().numpy()], [best])


@pytest.mark.parity
@given(N=SIZES, T=SIZES, S=SIZES, D=SIZES, seed=SEEDS)
@many
def test_arc_scores(torch, N, T, S, D, seed):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) for shape in ((N, T, D), (N, S, D), (D, D), (D,))]
    ds = rng.standard_normal((N, T, S))
    scores, cache = biaffine_forward(*arrays)
    x, y, U, u = theirs = tensors(torch, arrays)
    expected = torch.einsum("nta,ab,nsb->nts", x, U, y) + torch.einsum("nsb,b->ns", y, u)[:, None]
    expected.backward(torch.tensor(ds))
    equal([scores, *biaffine_backward(ds, cache)], [expected, *(t.grad for t in theirs)])


@pytest.mark.parity
@given(N=SIZES, T=SIZES, S=SIZES, D=SIZES, R=SIZES, seed=SEEDS)
@many
def test_label_scores(torch, N, T, S, D, R, seed):
    """All T x S x R scores in PyTorch, of which those at the chosen heads are taken."""
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(s) for s in ((N, T, D), (N, S, D), (D, R, D), (D, R), (D, R), (R,))]
    heads, dl = rng.integers(0, S, (N, T)), rng.standard_normal((N, T, R))
    scores, cache = label_scores_forward(*arrays, heads)
    x, y, V, A, B, b = theirs = tensors(torch, arrays)
    whole = torch.einsum("nta,arb,nsb->ntsr", x, V, y) + (x @ A)[:, :, None] + (y @ B)[:, None] + b
    expected = whole[torch.arange(N)[:, None], torch.arange(T), torch.tensor(heads)]
    expected.backward(torch.tensor(dl))
    equal([scores, *label_scores_backward(dl, cache)], [expected, *(t.grad for t in theirs)])


@pytest.mark.parity
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4), scale=st.sampled_from([1.0, 50.0]), seed=SEEDS)
@many
def test_loss_of_the_heads(torch, lengths, scale, seed):
    rng = np.random.default_rng(seed)
    N, T = len(lengths), max(lengths)
    scores, dloss = scale * rng.standard_normal((N, T + 1, T + 1)), rng.standard_normal()
    heads = np.full((N, T), -100)
    for n, L in enumerate(lengths):
        for d in range(1, L + 1):
            heads[n, d - 1] = rng.choice([h for h in range(L + 1) if h != d])
    loss, cache = head_loss_forward(scores, heads, np.array(lengths))
    (theirs,) = tensors(torch, [scores])
    positions = torch.arange(T + 1)
    possible = (positions[:, None] != positions) & (positions <= torch.tensor(lengths)[:, None])[:, None]
    logits = theirs.masked_fill(~possible, -torch.inf)[:, 1:][torch.tensor(heads) >= 0]
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(heads[heads >= 0]))
    expected.backward(torch.tensor(dloss, dtype=torch.float64))
    equal([loss, head_loss_backward(dloss, cache)], [expected, theirs.grad])
