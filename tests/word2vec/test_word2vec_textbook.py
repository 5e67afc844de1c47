"""The textbook models: look-up and one-hot product, negatives equal to the target, Huffman trees, errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.core import RowGradient
from scratchnn.errors import DataError, ShapeError
from scratchnn.functions import one_hot, sigmoid
from scratchnn.optim import SGD, Adam
from scratchnn.word2vec.huffman import HuffmanTree
from scratchnn.word2vec.nnlm import NNLM, ngrams
from scratchnn.word2vec.outputs import FullSoftmax, HierarchicalSoftmax, NegativeSampling
from scratchnn.word2vec.projection import context_mean_forward
from scratchnn.word2vec.textbook import CBOW, SkipGram


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# --- projections -----------------------------------------------------------------------------------------------------


def test_look_up_equals_one_hot_product(rng):
    """To the last bit: the product adds zeros to the row that the look-up returns."""
    W, ids = rng.standard_normal((7, 4)), rng.integers(0, 7, (3, 5))
    assert np.array_equal(W[ids], one_hot(ids, 7, dtype=np.float64) @ W)


def test_context_mean_equals_mean_of_one_hot_products(rng):
    W, contexts = rng.standard_normal((7, 4)), rng.integers(0, 7, (6, 5))
    mask = rng.random((6, 5)) < 0.5
    mask[0], mask[1] = True, False
    h, _ = context_mean_forward(contexts, mask, W)
    for n in range(6):
        products = [one_hot(word, 7, dtype=np.float64) @ W for word in contexts[n][mask[n]]]
        np.testing.assert_allclose(h[n], np.mean(products, axis=0) if products else 0, atol=1e-15)


def test_float32_stays_float32(rng):
    """A mask does not change the dtype to float64."""
    contexts, targets, negatives = rng.integers(0, 7, (3, 4)), rng.integers(0, 7, 3), rng.integers(0, 7, (3, 2))
    model = CBOW(7, 4, NegativeSampling(7, 4), rng=rng)
    model.output.W.data += 0.1
    loss, _, _ = model.loss((contexts, rng.random((3, 4)) < 0.5, targets, negatives))
    model.backward_loss()
    assert loss.dtype == np.float32
    assert all(p.grad.rows.dtype == np.float32 for p in model.parameters())


def test_both_tables_get_rows(rng):
    """An example uses few rows of the large tables: the gradient consists of these rows, and only they change."""
    model = SkipGram(50, 4, NegativeSampling(50, 4), rng=rng)
    model.output.W.data = rng.standard_normal((50, 4)).astype(np.float32)
    before = {name: parameter.data.copy() for name, parameter in model.named_parameters().items()}
    model.loss((np.array([1, 1]), np.array([2, 3]), np.array([[4, 5], [4, 3]])))
    model.backward_loss()
    assert all(isinstance(parameter.grad, RowGradient) for parameter in model.parameters())
    SGD(model.parameters(), 0.1).step()
    moved = {
        name: np.flatnonzero((p.data != before[name]).any(axis=1)).tolist() for name, p in model.named_parameters().items()
    }
    assert moved == {"projection.W": [1], "output.W": [2, 3, 4, 5]}


# --- negative sampling -----------------------------------------------------------------------------------------------


def test_a_negative_that_equals_its_target_is_left_out(rng):
    """The loss is the same as without it, and its row changes as for the true word alone."""
    results = []
    for negatives in ([[3, 2, 3]], [[2]]):
        model = SkipGram(5, 4, NegativeSampling(5, 4), rng=np.random.default_rng(1)).astype(np.float64)
        model.output.W.data = np.random.default_rng(2).standard_normal((5, 4))
        loss, _, _ = model.loss((np.array([0]), np.array([3]), np.array(negatives)))
        model.backward_loss()
        results.append([loss, *(parameter.dense_gradient() for parameter in model.parameters())])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_negative_drawn_twice_counts_twice(rng):
    W, h = rng.standard_normal((5, 4)), rng.standard_normal((1, 4))
    output = NegativeSampling(5, 4)
    output.W.data = W
    loss = output.forward(h, np.array([3]), np.array([[2, 2]]))
    expected = -np.log(sigmoid(W[3] @ h[0])) - 2 * np.log(sigmoid(-W[2] @ h[0]))
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


# --- hierarchical softmax --------------------------------------------------------------------------------------------


@given(counts=st.lists(st.integers(1, 1000), min_size=2, max_size=40), seed=st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_probabilities_of_all_words_sum_to_one(counts, seed):
    """exp(-loss) of each word as the target, over the whole vocabulary."""
    rng = np.random.default_rng(seed)
    output = HierarchicalSoftmax(np.array(counts), 3)
    output.W.data = rng.standard_normal(output.W.shape)
    h = rng.standard_normal((1, 3))
    losses = [float(output.forward(h, np.array([word]))) for word in range(len(counts))]
    assert np.exp(-np.array(losses)).sum() == pytest.approx(1, rel=1e-9)


@given(counts=st.lists(st.integers(1, 1000), min_size=2, max_size=40))
@settings(max_examples=50, deadline=None)
def test_codes_are_those_of_huffman(counts):
    """No code is a prefix of another, every inner node is used, and the total length is the smallest possible."""
    tree = HuffmanTree(np.array(counts))
    codes = ["".join("rl"[int(left)] for left in row[:length]) for row, length in zip(tree.left, tree.lengths, strict=True)]
    assert not any(a != b and b.startswith(a) for a, b in itertools.product(codes, codes))
    assert len(set(codes)) == len(counts)
    used = {int(node) for row, length in zip(tree.nodes, tree.lengths, strict=True) for node in row[:length]}
    assert used == set(range(len(counts) - 1))
    least, weights = 0, sorted(counts)  # the sum of all joined weights is the total length
    while len(weights) > 1:
        joined = weights.pop(0) + weights.pop(0)
        least += joined
        weights = sorted([*weights, joined])
    assert int((tree.lengths * counts).sum()) == least


def test_every_path_starts_at_the_root_and_frequent_words_have_short_ones():
    tree = HuffmanTree(np.array([100, 50, 20, 10, 5, 2, 1]))
    assert (tree.nodes[:, 0] == 5).all()
    assert (np.diff(tree.lengths) >= 0).all()
    nodes, left, mask = tree.paths(np.array([0, 6]))
    assert nodes.shape == left.shape == mask.shape == (2, tree.lengths.max())
    assert mask.sum(axis=1).tolist() == [tree.lengths[0], tree.lengths[6]]


# --- learning --------------------------------------------------------------------------------------------------------

SENTENCE = np.array([0, 1, 2, 3, 4, 1, 5, 6])  # you say goodbye and i say hello .


@pytest.mark.parametrize("kind", ["full", "negative", "hierarchical"])
@pytest.mark.parametrize("model", ["cbow", "skip-gram"])
def test_learns_a_sentence(kind, model, rng):
    counts = np.bincount(SENTENCE)
    outputs = {
        "full": FullSoftmax(7, 8),
        "negative": NegativeSampling(7, 8),
        "hierarchical": HierarchicalSoftmax(counts, 8),
    }
    targets, around = SENTENCE[1:-1], np.stack([SENTENCE[:-2], SENTENCE[2:]], axis=1)
    if model == "cbow":
        net, batch = CBOW(7, 8, outputs[kind], rng=rng), (around, None, targets)
    else:
        net, batch = SkipGram(7, 8, outputs[kind], rng=rng), (np.repeat(targets, 2), around.reshape(-1))
    optimizer, losses = Adam(net.parameters(), 0.05), []
    for _ in range(150):
        noise = (rng.integers(0, 7, (len(batch[0]), 3)),) if kind == "negative" else ()
        losses.append(float(net.loss((*batch, *noise))[0]))
        net.backward_loss()
        optimizer.step()
        net.clear_gradients()
    assert np.mean(losses[-10:]) < 0.75 * np.mean(losses[:3])


def test_nnlm_learns_what_follows_what(rng):
    words, targets = ngrams(np.tile(SENTENCE, 3), 3)
    model = NNLM(7, 5, 10, order=3, rng=rng)
    optimizer = Adam(model.parameters(), 0.05)
    for _ in range(60):
        loss = model.loss((words, targets))[0]
        model.backward_loss()
        optimizer.step()
        model.clear_gradients()
    assert loss < 0.05  # two words decide the third here
    assert (model.evaluate().forward(words).argmax(axis=1) == targets).all()


def test_ngrams():
    words, targets = ngrams(np.array([5, 6, 7, 8]), 3)
    assert words.tolist() == [[5, 6], [6, 7]]
    assert targets.tolist() == [7, 8]


# --- bad input -------------------------------------------------------------------------------------------------------


def test_errors(rng):
    with pytest.raises(DataError, match="order must be 2 or more"):
        NNLM(7, 4, 4, order=1, rng=rng)
    with pytest.raises(DataError, match="3 words, fewer than the 4"):
        ngrams(np.arange(3), 4)
    with pytest.raises(ShapeError, match="axis 1 of the input has size 3, expected order - 1 = 2"):
        NNLM(7, 4, 4, order=3, rng=rng).forward(np.zeros((2, 3), dtype=int))
    with pytest.raises(DataError, match="two words or more, got 1"):
        HuffmanTree(np.array([5]))
    with pytest.raises(DataError, match="id 7 is out of range"):
        NNLM(7, 4, 4, order=3, rng=rng).forward(np.array([[0, 7]]))
    with pytest.raises(DataError, match="id 5 is out of range"):
        NegativeSampling(5, 2).forward(np.zeros((1, 2)), np.array([0]), np.array([[5]]))
    with pytest.raises(DataError, match="id -1 is out of range"):
        HierarchicalSoftmax(np.array([1, 2]), 2).forward(np.zeros((1, 2)), np.array([-1]))
    with pytest.raises(ShapeError, match="mask has shape"):
        CBOW(5, 2, FullSoftmax(5, 2), rng=rng).forward(np.zeros((2, 3), dtype=int), np.ones((2, 2), bool), np.zeros(2, int))
