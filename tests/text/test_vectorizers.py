"""Bags of words, tf-idf and the hashing trick."""

import numpy as np
import pytest

from scratchnn.errors import DataError
from scratchnn.text import (
    UNKNOWN,
    Vocabulary,
    bag_of_words,
    expected_collisions,
    hash_word,
    hashed_bags,
    inverse_document_frequency,
    measured_collisions,
    ngrams,
    one_hot,
    term_document_matrix,
    tf_idf,
    tokenize,
)

DOCUMENTS = [text.split() for text in ("the cat sat on the mat", "the dog sat", "a cat and a dog and a bird")]


@pytest.fixture
def vocabulary():
    return Vocabulary.build((word for document in DOCUMENTS for word in document), specials=(UNKNOWN,))


def test_bags_by_hand(vocabulary):
    bags = bag_of_words(DOCUMENTS, vocabulary)
    assert bags.shape == (3, len(vocabulary))
    assert bags[0, vocabulary.ids["the"]] == 2
    assert bags[2, vocabulary.ids["a"]] == 3
    np.testing.assert_array_equal(bags.sum(axis=1), [6, 3, 8])
    for bag, words in zip(bags, DOCUMENTS, strict=True):
        np.testing.assert_array_equal(bag, one_hot(vocabulary.encode(words), len(vocabulary)).sum(axis=0))
    np.testing.assert_array_equal(term_document_matrix(DOCUMENTS, vocabulary), bags.T)


def test_unknown_words_count_as_unknown_or_not_at_all(vocabulary):
    assert bag_of_words([["zebra", "cat"]], vocabulary)[0, vocabulary.unknown] == 1
    without = Vocabulary(["cat", "dog"])
    np.testing.assert_array_equal(bag_of_words([["zebra", "cat"], [], ["zebra"]], without), [[1, 0], [0, 0], [0, 0]])


def test_bags_of_n_grams():
    documents = [[*words, *ngrams(words, 2)] for words in DOCUMENTS]
    vocabulary = Vocabulary.build((word for document in documents for word in document), specials=())
    bags = bag_of_words(documents, vocabulary)
    np.testing.assert_array_equal(bags.sum(axis=1), [6 + 5, 3 + 2, 8 + 7])
    assert bags[:, vocabulary.ids["and a"]].tolist() == [0, 0, 2]
    assert bags[:, vocabulary.ids["the"]].tolist() == [2, 1, 0]
    letters = [ngrams(tokenize(text, "char"), 2, "") for text in ("banana", "nab")]
    np.testing.assert_array_equal(bag_of_words(letters, Vocabulary(["an", "na", "ab"])), [[2, 2, 0], [0, 1, 1]])
    hashed = hashed_bags(documents, 1 << 20)
    assert hashed[:, hash_word("and a", 1 << 20)].tolist() == [0, 0, 2]


@pytest.mark.parametrize(("analyzer", "separator"), [("word", " "), ("char", "")])
def test_bags_of_n_grams_equal_scikit_learn(analyzer, separator):
    text = pytest.importorskip("sklearn.feature_extraction.text", reason="scikit-learn is not installed")
    texts = [" ".join(words) for words in DOCUMENTS]
    pattern = r"\S+" if analyzer == "word" else None
    theirs = text.TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 2), token_pattern=pattern)
    expected = theirs.fit_transform(texts).toarray()
    tokens = [list(tokenize(t, str.split if analyzer == "word" else "char")) for t in texts]
    bags = bag_of_words(
        [[*t, *ngrams(t, 2, separator)] for t in tokens], Vocabulary(theirs.get_feature_names_out().tolist())
    )
    np.testing.assert_allclose(tf_idf(bags, inverse_document_frequency(bags)), expected)


def test_tf_idf_by_its_definition(vocabulary):
    bags = bag_of_words(DOCUMENTS, vocabulary)
    idf = inverse_document_frequency(bags)
    assert idf[vocabulary.ids["the"]] == pytest.approx(np.log(4 / 3) + 1)
    assert idf[vocabulary.ids["bird"]] == pytest.approx(np.log(4 / 2) + 1)
    rows = tf_idf(bags, idf)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1)
    a, cat = vocabulary.ids["a"], vocabulary.ids["cat"]  # three times and once in the last document; in one, in two
    assert rows[2, a] / rows[2, cat] == pytest.approx(3 * (np.log(4 / 2) + 1) / (np.log(4 / 3) + 1))
    assert not tf_idf(np.zeros((1, len(vocabulary))), idf).any()


def test_tf_idf_equals_scikit_learn(vocabulary):
    text = pytest.importorskip("sklearn.feature_extraction.text", reason="scikit-learn is not installed")
    bags = bag_of_words(DOCUMENTS, vocabulary)
    expected = text.TfidfTransformer().fit_transform(bags).toarray()
    np.testing.assert_allclose(tf_idf(bags, inverse_document_frequency(bags)), expected)


def test_hashing_is_the_same_everywhere():
    assert [hash_word(word, 1000) for word in ("cat", "dog", "고양이")] == [832, 165, 7]
    bags = hashed_bags(DOCUMENTS, 1000)
    assert bags.shape == (3, 1000)
    assert bags.sum(axis=1).tolist() == [6, 3, 8]
    assert bags[:, hash_word("the", 1000)].tolist() == [2, 1, 0]
    assert hashed_bags(DOCUMENTS, 1).tolist() == [[6], [3], [8]]


@pytest.mark.parametrize(("words", "size"), [(1000, 1000), (1000, 20_000), (50, 10)])
def test_collisions_are_as_frequent_as_predicted(words, size):
    measured = np.mean([measured_collisions([f"word {k} of {seed}" for k in range(words)], size) for seed in range(20)])
    assert measured == pytest.approx(expected_collisions(words, size), abs=0.02)


def test_collisions_by_hand():
    assert expected_collisions(1, 1) == expected_collisions(1, 10) == 0
    assert expected_collisions(2, 1) == 1
    assert expected_collisions(3, 2) == 0.75
    assert measured_collisions(["a", "a"], 10) == 0  # one word
    assert measured_collisions("abc", 1) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: hashed_bags([["a"]], 0), "hashed_bags: size must be a whole number of 1 or more, got 0"),
        (lambda v: measured_collisions([], 10), "no words to hash"),
        (lambda v: measured_collisions(["a"], 0), "measured_collisions: size must be a whole number"),
        (lambda v: expected_collisions(0, 10), "expected_collisions: words must be a whole number"),
        (lambda v: expected_collisions(5, 0), "expected_collisions: size must be a whole number"),
        (lambda v: bag_of_words(["the cat"], v), "a document is a list of words, got the string 'the cat'; tokenize"),
        (lambda v: bag_of_words("the cat", v), "got the string 'the cat'"),
        (lambda v: hashed_bags([["a"], "the cat"], 10), "got the string 'the cat'"),
    ],
)
def test_bad_input(vocabulary, call, message):
    with pytest.raises(DataError, match=message):
        call(vocabulary)
