"""Counting methods against loops over words, and against the published example of a short sentence."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError
from scratchnn.text import Vocabulary, cooccurrence, count_vectors, pair_counts, ppmi, svd_vectors

SENTENCE = ["you", "say", "goodbye", "and", "i", "say", "hello", "."]


def slow_cooccurrence(ids, V, window):
    table = np.zeros((V, V), dtype=np.int64)
    for here, v in enumerate(ids):
        for there in range(max(0, here - window), min(len(ids), here + window + 1)):
            if there != here:
                table[v, ids[there]] += 1
    return table


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 5), min_size=5, max_size=40), st.integers(1, 4))
def test_cooccurrence_is_what_a_loop_counts(words, window):
    ids = np.array(words, dtype=np.int32)
    np.testing.assert_array_equal(cooccurrence(ids, 6, window), slow_cooccurrence(words, 6, window))
    np.testing.assert_array_equal(cooccurrence(ids, 6, window), cooccurrence(ids, 6, window).T)


def test_the_sentence_of_the_textbook():
    """Neighbours of 'you' and of 'say' in the example sentence of Saitoh, Deep Learning from Scratch 2, chapter 2."""
    vocabulary = Vocabulary(list(dict.fromkeys(SENTENCE)))
    table = cooccurrence(vocabulary.encode(SENTENCE), len(vocabulary), 1)
    np.testing.assert_array_equal(table[vocabulary.ids["you"]], [0, 1, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(table[vocabulary.ids["say"]], [1, 0, 1, 0, 1, 1, 0])
    values = ppmi(table)
    assert values[0, 1] == pytest.approx(np.log2(14 / 4))  # C = 1, N = 14, S(you) = 1, S(say) = 4
    assert values[0, 0] == 0


def test_ppmi_by_its_definition():
    table = cooccurrence(np.random.default_rng(0).integers(0, 5, 60), 5, 2)
    N, S = table.sum(), table.sum(axis=1)
    with np.errstate(divide="ignore"):
        expected = np.maximum(np.log2(table * N / np.outer(S, S)), 0)
    np.testing.assert_allclose(ppmi(table), expected, rtol=1e-6)


def test_svd_gives_the_best_approximation():
    matrix = np.random.default_rng(0).standard_normal((6, 6))
    U = svd_vectors(matrix, 6)
    np.testing.assert_allclose(U.T @ U, np.eye(6), atol=1e-6)
    two = svd_vectors(matrix, 2).astype(float)
    best = np.linalg.svd(matrix, compute_uv=False)
    assert np.linalg.norm(matrix - two @ (two.T @ matrix)) == pytest.approx(np.sqrt((best[2:] ** 2).sum()), rel=1e-5)


def test_words_in_the_same_contexts_get_the_same_vectors():
    rng = np.random.default_rng(0)
    ids = np.concatenate([[a, k, b] for k, (a, b) in enumerate(rng.integers(10, 12, (200, 2))) for k in (k % 2,)])
    vectors = count_vectors(ids, 12, 1, 2)
    cosine = vectors[0] @ vectors[1] / np.linalg.norm(vectors[0]) / np.linalg.norm(vectors[1])
    assert cosine > 0.99


def test_a_large_vocabulary_goes_through_sparse_matrices(monkeypatch):
    pytest.importorskip("scipy", reason="SciPy is not installed")
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    rng = np.random.default_rng(0)
    topics = np.repeat(rng.integers(0, 5, 1_000), 20)
    ids = topics * 60 + np.minimum(rng.zipf(1.3, 20_000), 60) - 1  # 60 words of each topic, 20 at a time
    exact = count_vectors(ids, 300, 2, 5)
    monkeypatch.setattr("scratchnn.text.counting.EXACT_LIMIT", 10)
    random = count_vectors(ids, 300, 2, 5)
    np.testing.assert_allclose(random.T @ random, np.eye(5), atol=1e-5)
    matrix = ppmi(cooccurrence(ids, 300, 2))
    kept, best, chance = (np.linalg.norm(U.T @ matrix) for U in (random, exact, exact[rng.permutation(300)]))
    assert 0.99 * best < kept <= best * (1 + 1e-5)
    assert chance < 0.7 * best


def test_ptb_sized_text_takes_seconds():
    ids = (np.random.default_rng(0).zipf(1.2, 900_000) % 10_000).astype(np.int32)
    start = time.process_time()
    pair_counts(ids, 10_000, 1)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cooccurrence(np.arange(3), 3, 0), "window must be a whole number of 1 or more, got 0"),
        (lambda: cooccurrence(np.arange(3), 3, 1.5), "window must be a whole number of 1 or more, got 1.5"),
        (lambda: pair_counts(np.array([0, 3, 1]), 3, 1), "pair_counts: id 3 is out of range 0 .. 2"),
        (lambda: pair_counts(np.array([0, -1, 1]), 3, 1), "pair_counts: id -1 is out of range 0 .. 2"),
        (lambda: cooccurrence(np.arange(3), 3, 3), "not longer than the window"),
        (lambda: cooccurrence(np.arange(30), 20_000, 1), "limit the vocabulary"),
        (lambda: svd_vectors(np.eye(3), 4), "size of word vectors must be 1 .. 3 for this matrix, got 4"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(DataError, match=message):
        call()
