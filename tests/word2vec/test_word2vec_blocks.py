"""The fast steps of word2vec: the same pairs as word by word, the same step as the textbook models with the same noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.word2vec.blocks import CBOWBlocks, SkipGramBlocks
from scratchnn.word2vec.outputs import NegativeSampling
from scratchnn.word2vec.tables import Tables
from scratchnn.word2vec.textbook import CBOW, SkipGram

many = settings(max_examples=40, deadline=None)


def draw_text(rng, V, lengths, window, block, K):
    """Ids, sentence numbers, reaches and noise words of a piece of text."""
    n = sum(lengths)
    sentences = np.repeat(np.arange(len(lengths)), lengths)
    count = -(-n // block)
    return rng.integers(0, V, n), sentences, rng.integers(1, window + 1, n), rng.integers(0, V, (count, K))


def context_positions(sentences, reach, t):
    """The pairs of all windows, word by word."""
    return [j for j in range(len(sentences)) if j != t and sentences[j] == sentences[t] and abs(t - j) <= reach[t]]


TEXTS = {
    "V": st.integers(1, 9),
    "lengths": st.lists(st.integers(1, 12), min_size=1, max_size=4),
    "window": st.integers(1, 4),
    "block": st.integers(1, 12),
    "K": st.integers(1, 6),
    "seed": st.integers(0, 2**32 - 1),
}


@given(**TEXTS)
@many
def test_skip_gram_blocks_word_by_word(V, lengths, window, block, K, seed):
    ids, sentences, reach, noise = draw_text(np.random.default_rng(seed), V, lengths, window, block, K)
    blocks = SkipGramBlocks(ids, sentences, reach, noise, negative=3, window=window, block=block, vocabulary_size=V)
    assert len(blocks) == len(noise)
    for k in range(len(blocks)):
        b = blocks.block(k)
        expected = np.zeros((V, V))
        for t in range(k * block, min((k + 1) * block, len(ids))):
            for j in context_positions(sentences, reach, t):
                expected[ids[t], ids[j]] += 1
        found = np.zeros((V, V))
        found[np.ix_(b.inputs, b.outputs)] = b.Y
        np.testing.assert_array_equal(found, expected)
        assert len(set(b.inputs.tolist())) == len(b.inputs)
        assert len(set(b.outputs.tolist())) == len(b.outputs)
        np.testing.assert_array_equal(b.n, b.Y.sum(axis=1))
        assert b.true_words == b.Y.sum()
        weights = np.zeros(V)
        weights[b.outputs] = b.q
        np.testing.assert_allclose(weights, np.bincount(noise[k], minlength=V) * 3 / K, rtol=1e-6)


@given(**TEXTS)
@many
def test_cbow_blocks_word_by_word(V, lengths, window, block, K, seed):
    ids, sentences, reach, noise = draw_text(np.random.default_rng(seed), V, lengths, window, block, K)
    blocks = CBOWBlocks(ids, sentences, reach, noise, negative=3, window=window, block=block, vocabulary_size=V)
    for k in range(len(blocks)):
        b = blocks.block(k)
        rows = [t for t in range(k * block, min((k + 1) * block, len(ids))) if context_positions(sentences, reach, t)]
        assert b.true_words == len(b.A) == len(b.Q) == len(b.P) == len(rows)
        assert len(set(b.words.tolist())) == len(b.words)
        assert sorted(b.noise.tolist()) == sorted(set(noise[k].tolist()))
        for row, t in enumerate(rows):
            around = context_positions(sentences, reach, t)
            share = np.zeros(V)
            share[b.words] = b.A[row]
            np.testing.assert_allclose(share, np.bincount(ids[around], minlength=V) / len(around), rtol=1e-6)
            assert b.words[b.columns[row]] == ids[t]
            np.testing.assert_array_equal(b.P[row], np.arange(len(b.words)) == b.columns[row])
            weights = np.bincount(noise[k], minlength=V) * 3 / K
            weights[ids[t]] = 0
            np.testing.assert_allclose(b.Q[row], weights[b.noise], rtol=1e-6)


def random_tables(rng, V, D):
    tables = Tables(V, D, rng=rng).astype(np.float64)
    for parameter in tables.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    return tables


@given(**TEXTS)
@many
def test_skip_gram_step_equals_the_textbook_form(V, lengths, window, block, K, seed):
    """One gradient step on the loss of a block, the sum over all pairs, each with the block's K noise words."""
    rng = np.random.default_rng(seed)
    ids, sentences, reach, noise = draw_text(rng, V, lengths, window, block, K)
    blocks = SkipGramBlocks(ids, sentences, reach, noise, negative=K, window=window, block=block, vocabulary_size=V)
    for k in range(len(blocks)):
        tables = random_tables(rng, V, 3)
        model = SkipGram(V, 3, NegativeSampling(V, 3), rng=rng).astype(np.float64)
        model.projection.W.data, model.output.W.data = tables.W_in.data.copy(), tables.W_out.data.copy()
        positions = range(k * block, min((k + 1) * block, len(ids)))
        pairs = [(ids[t], ids[j]) for t in positions for j in context_positions(sentences, reach, t)]
        loss = tables.step_skip_gram(blocks.block(k), 0.3, with_loss=True)
        if pairs:
            centres, targets = np.array(pairs).T
            expected, count, _ = model.loss((centres, targets, np.tile(noise[k], (len(pairs), 1))))
            model.backward_loss()
            np.testing.assert_allclose(loss, expected * count, rtol=1e-10)
            for found, p in ((tables.W_in, model.projection.W), (tables.W_out, model.output.W)):
                np.testing.assert_allclose(found.data, p.data - 0.3 * count * p.dense_gradient(), rtol=1e-9, atol=1e-10)
        else:
            assert loss == 0
            np.testing.assert_array_equal(tables.W_in.data, model.projection.W.data)


@given(**TEXTS)
@many
def test_cbow_step_equals_the_textbook_form(V, lengths, window, block, K, seed):
    """One gradient step on the loss of a block, the sum over all positions, with one learning rate per table."""
    rng = np.random.default_rng(seed)
    ids, sentences, reach, noise = draw_text(rng, V, lengths, window, block, K)
    blocks = CBOWBlocks(ids, sentences, reach, noise, negative=K, window=window, block=block, vocabulary_size=V)
    for k in range(len(blocks)):
        tables = random_tables(rng, V, 3)
        model = CBOW(V, 3, NegativeSampling(V, 3), rng=rng).astype(np.float64)
        model.projection.W.data, model.output.W.data = tables.W_in.data.copy(), tables.W_out.data.copy()
        around = {t: context_positions(sentences, reach, t) for t in range(k * block, min((k + 1) * block, len(ids)))}
        around = {t: js for t, js in around.items() if js}
        loss = tables.step_cbow(blocks.block(k), 0.3, 6, with_loss=True)
        if around:
            contexts = np.array([[ids[j] for j in js] + [0] * (2 * window - len(js)) for js in around.values()])
            mask = np.array([[True] * len(js) + [False] * (2 * window - len(js)) for js in around.values()])
            targets = ids[list(around)]
            expected, count, _ = model.loss((contexts, mask, targets, np.tile(noise[k], (len(around), 1))))
            model.backward_loss()
            np.testing.assert_allclose(loss, expected * count, rtol=1e-6)  # A is float32: thirds are not exact
            for found, p, factor in ((tables.W_in, model.projection.W, 6), (tables.W_out, model.output.W, 1)):
                step = 0.3 * factor * count * p.dense_gradient()
                np.testing.assert_allclose(found.data, p.data - step, rtol=1e-5, atol=1e-6 * abs(step).max())
        else:
            assert loss == 0


@pytest.mark.parametrize("kind", [SkipGramBlocks, CBOWBlocks])
def test_shared_noise_has_the_expected_value_of_separate_noise(kind):
    """Over many blocks, the mean weight of each word as noise is ``negative`` times its probability."""
    rng = np.random.default_rng(0)
    V, negative, K, count = 6, 5, 4, 4000
    probabilities = np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
    noise = rng.choice(V, (count, K), p=probabilities)
    ids = np.full(2 * count, V)  # a word that is never noise, so nothing is left out
    sizes = {"window": 1, "block": 2, "vocabulary_size": V + 1}
    blocks = kind(ids, np.zeros(2 * count, int), np.ones(2 * count, int), noise, negative=negative, **sizes)
    total = np.zeros(V + 1)
    for k in range(count):
        b = blocks.block(k)
        if kind is SkipGramBlocks:
            total[b.outputs] += b.q
        else:
            total[b.noise] += b.Q[0]
    variance = probabilities * (1 - probabilities) * negative**2 / K / count
    assert (abs(total[:V] / count - negative * probabilities) < 4 * np.sqrt(variance)).all()


def test_near_words_are_paired_more_often():
    """Reaches are uniform in 1 .. 5: words at distance d are a pair in (6 - d) / 5 of the cases."""
    rng = np.random.default_rng(0)
    n, window = 20_000, 5
    noise = np.zeros((1, 1), dtype=int)
    sizes = {"window": window, "block": n, "vocabulary_size": n}
    blocks = SkipGramBlocks(np.arange(n), np.zeros(n, int), rng.integers(1, 6, n), noise, negative=1, **sizes)
    distances = np.abs(blocks.near - np.repeat(blocks.own, blocks.around))
    expected = n * 2 * (window + 1 - np.arange(1, window + 1)) / window
    found = np.bincount(distances)[1:]
    assert (abs(found - expected) < 4 * 2 * np.sqrt(n / 4) + 2 * window).all()


def test_steps_do_not_change_the_block():
    rng = np.random.default_rng(0)
    ids, sentences, reach, noise = draw_text(rng, 9, [10, 7], 3, 6, 4)
    sizes = {"window": 3, "block": 6, "vocabulary_size": 9}
    for kind in (SkipGramBlocks, CBOWBlocks):
        block = kind(ids, sentences, reach, noise, negative=5, **sizes).block(1)
        before = [np.copy(part) for part in block]
        tables = random_tables(rng, 9, 3)
        if kind is SkipGramBlocks:
            tables.step_skip_gram(block, 0.1)
        else:
            tables.step_cbow(block, 0.1, 4)
        for part, old in zip(block, before, strict=True):
            np.testing.assert_array_equal(part, old)


def test_float32_stays_float32():
    rng = np.random.default_rng(0)
    ids, sentences, reach, noise = draw_text(rng, 9, [10, 7], 3, 6, 4)
    sizes = {"window": 3, "block": 6, "vocabulary_size": 9}
    tables = Tables(9, 4, rng=rng)
    loss = tables.step_cbow(CBOWBlocks(ids, sentences, reach, noise, negative=5, **sizes).block(0), 0.1, 4, with_loss=True)
    assert loss.dtype == np.float32
    loss = tables.step_skip_gram(SkipGramBlocks(ids, sentences, reach, noise, negative=5, **sizes).block(0), 0.1, True)
    assert loss.dtype == np.float32
    assert tables.W_in.data.dtype == tables.W_out.data.dtype == np.float32
