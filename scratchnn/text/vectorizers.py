"""A text as one vector: counts of its words, their tf-idf weights, or counts of hashed words.

A document is a list of tokens: words, as assumed below, or characters or n-grams (``ngrams`` in tokens.py). A single word
as a vector, 1 at its id and 0 elsewhere, is ``one_hot`` in scratchnn/functions.py; (1) is the sum of these vectors.

    bag of words   x[v]  = how often word v occurs in the text                                                     (1)
    term-document  X[v, d] = how often word v occurs in document d: one bag per column                             (2)
    tf-idf         x[v] * idf[v],  idf[v] = log((1 + D) / (1 + df[v])) + 1                                         (3)
                   where df[v] of D documents contain word v; each row is then divided by its length |x|
    hashing trick  x[hash(word) mod size] += 1, without a vocabulary                                               (4)

A word that occurs in every document does not distinguish them: (3) gives it the smallest weight, in the smoothed form of
scikit-learn. With (4), two words may share an index. If V words are hashed to ``size`` indices at random, a word shares its
index with no other with probability (1 - 1/size)^(V-1), so the expected share of words that collide is

    1 - (1 - 1/size)^(V - 1)                                                                                       (5)

Spärck Jones (1972) for (3), Weinberger et al. (2009) for (4).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from scratchnn.errors import DataError, whole_number
from scratchnn.text.vocabulary import Vocabulary


def bag_of_words(documents: Sequence[Iterable[str]], vocabulary: Vocabulary) -> np.ndarray:
    """Equation (1), one row per document: (D, V), int32. Unknown words count as ``<unk>`` if it exists."""
    _check_documents(documents)
    table = np.zeros((len(documents), len(vocabulary)), dtype=np.int32)
    for row, words in zip(table, documents, strict=True):
        known = [vocabulary.ids.get(word, vocabulary.unknown) for word in words]
        np.add.at(row, [k for k in known if k is not None], 1)
    return table


def _check_documents(documents: Sequence[Iterable[str]]) -> None:
    """Raise ``DataError`` if a document is a string: its characters would be counted as words."""
    for document in (documents, *documents):
        if isinstance(document, str):
            raise DataError(f"a document is a list of words, got the string {document[:20]!r}; tokenize it first")


def term_document_matrix(documents: Sequence[Iterable[str]], vocabulary: Vocabulary) -> np.ndarray:
    """Equation (2): (V, D), one row per word and one column per document."""
    return bag_of_words(documents, vocabulary).T


def inverse_document_frequency(bags: np.ndarray) -> np.ndarray:
    """The idf of equation (3): weights (V,) from counts (D, V)."""
    return np.log((1 + len(bags)) / (1 + (bags > 0).sum(axis=0))) + 1


def tf_idf(bags: np.ndarray, idf: np.ndarray) -> np.ndarray:
    """Equation (3): rows of length 1 (D, V), from counts (D, V) and weights (V,) of these or of other documents."""
    weighted = bags * idf
    norms = np.sqrt((weighted * weighted).sum(axis=1, keepdims=True))
    return weighted / np.where(norms > 0, norms, 1)


def hash_word(word: str, size: int) -> int:
    """Index of a word, 0 .. ``size`` - 1, the same on every machine (Python's own ``hash`` differs from run to run)."""
    return zlib.crc32(word.encode("utf-8")) % size


def hashed_bags(documents: Sequence[Iterable[str]], size: int) -> np.ndarray:
    """Equation (4), one row per document: (D, ``size``), int32."""
    whole_number(size, "hashed_bags: size")
    _check_documents(documents)
    table = np.zeros((len(documents), size), dtype=np.int32)
    for row, words in zip(table, documents, strict=True):
        np.add.at(row, [hash_word(word, size) for word in words], 1)
    return table


def expected_collisions(words: int, size: int) -> float:
    """Equation (5): the expected share of ``words`` distinct words that share their index with another word."""
    whole_number(words, "expected_collisions: words")
    whole_number(size, "expected_collisions: size")
    return 1 - (1 - 1 / size) ** (words - 1)


def measured_collisions(words: Iterable[str], size: int) -> float:
    """The share of the distinct ``words`` that actually share their index with another word."""
    whole_number(size, "measured_collisions: size")
    indices = np.array([hash_word(word, size) for word in set(words)])
    if indices.size == 0:
        raise DataError("no words to hash")
    counts = np.bincount(indices, minlength=size)
    return float((counts[indices] > 1).mean())
