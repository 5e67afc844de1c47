"""Bags of words, tf-idf and the hashing trick."""

import numpy as np
import pytest

from scratchnn.errors import DataError
from scratchnn.text import Vocabulary
from scratchnn.text.vectorizers import (
    bag_of_words,
    expected_collisions,
    hash_word,
    hashed_bag,
    inverse_document_frequency,
    measured_collisions,
    term_document_matrix,
    tf_idf,
)

DOCUMENTS = [text.split() for text in ("the cat sat on the mat", "the dog sat", "a cat and a dog and a bird")]


@pytest.fixture
def vocabulary():
    return Vocabulary.build(word for document in DOCUMENTS for word in document)


def test_bags_by_hand(vocabulary):
    bags = bag_of_words(DOCUMENTS, vocabulary)
    assert bags.shape == (3, len(vocabulary))
    assert bags[0, vocabulary.ids["the"]] == 2
    assert bags[2, vocabulary.ids["a"]] == 3
    np.testing.assert_array_equal(bags.sum(axis=1), [6, 3, 8])
    np.testing.assert_array_equal(term_document_matrix(DOCUMENTS, vocabulary), bags.T)


def test_unknown_words_count_as_unknown_or_not_at_all(vocabulary):
    assert bag_of_words([["zebra", "cat"]], vocabulary)[0, vocabulary.unknown] == 1
    without = Vocabulary(["cat", "dog"])
    np.testing.assert_array_equal(bag_of_words([["zebra", "cat"]], without), [[1, 0]])


def test_tf_idf_by_its_definition(vocabulary):
    bags = bag_of_words(DOCUMENTS, vocabulary)
    idf = inverse_document_frequency(bags)
    assert idf[vocabulary.ids["the"]] == pytest.approx(np.log(4 / 3) + 1)
    assert idf[vocabulary.ids["bird"]] == pytest.approx(np.log(4 / 2) + 1)
    rows = tf_idf(bags, idf)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1)
    assert not tf_idf(np.zeros((1, len(vocabulary))), idf).any()


def test_tf_idf_equals_scikit_learn(vocabulary):
    text = pytest.importorskip("sklearn.feature_extraction.text", reason="scikit-learn is not installed")
    bags = bag_of_words(DOCUMENTS, vocabulary)
    expected = text.TfidfTransformer().fit_transform(bags).toarray()
    np.testing.assert_allclose(tf_idf(bags, inverse_document_frequency(bags)), expected)


def test_hashing_is_the_same_everywhere():
    assert [hash_word(word, 1000) for word in ("cat", "dog", "고양이")] == [832, 165, 7]
    bag = hashed_bag(DOCUMENTS[0], 1000)
    assert bag.sum() == 6
    assert bag[hash_word("the", 1000)] == 2


@pytest.mark.parametrize(("words", "size"), [(1000, 1000), (1000, 20_000), (50, 10)])
def test_collisions_are_as_often_as_predicted(words, size):
    measured = np.mean([measured_collisions([f"word {k} of {seed}" for k in range(words)], size) for seed in range(20)])
    assert measured == pytest.approx(expected_collisions(words, size), abs=0.02)


def test_bad_input():
    with pytest.raises(DataError, match="places must be 1 or more"):
        hashed_bag(["a"], 0)
    with pytest.raises(DataError, match="no words"):
        measured_collisions([], 10)
