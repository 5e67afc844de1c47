"""Chapter 2, text into tensors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.text import vectorizers


@exercise(
    "2.1",
    "the mean without the padding",
    "masked_mean(x, lengths)",
    hints=(
        "Make a mask (N, T) that is True at real positions: compare np.arange(T) with lengths[:, None].",
        "Give the mask a third axis to match x, multiply, sum over axis 1, and divide by lengths[:, None].",
    ),
)
def check_masked_mean(answer: Answer) -> Iterator[str]:
    """The array x (N, T, D) contains N sentences of different lengths, padded
    on the right: a vector of D numbers for each position. Sentence n has
    lengths[n] tokens, at least one; the positions after them are padding and
    may contain any numbers. Return the mean vector of each sentence over its
    own tokens only, an array of shape (N, D).

        masked_mean(np.array([[[2.0], [4.0], [9.0]]]), np.array([2]))
            gives [[3.]]
    """

    def mask(x: np.ndarray, lengths: np.ndarray, more: int = 0) -> np.ndarray:
        return (np.arange(x.shape[1]) < lengths[:, None] + more)[:, :, None]

    def right(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return (x * mask(x, lengths)).sum(axis=1) / lengths[:, None]

    def one_more(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        taken = mask(x, lengths, 1)
        return (x * taken).sum(axis=1) / taken.sum(axis=1)

    mistakes = {
        "The padding is counted: use only the first lengths[n] positions of sentence n.": lambda x, lengths: x.mean(axis=1),
        "The padding is left out of the sum, but the sum is divided by T; divide by the length of the sentence.": (
            lambda x, lengths: (x * mask(x, lengths)).sum(axis=1) / x.shape[1]
        ),
        "The sum includes the padding; only the division uses the lengths.": (
            lambda x, lengths: x.sum(axis=1) / lengths[:, None]
        ),
        "One position too many: a sentence of length 3 has the positions 0, 1 and 2.": one_more,
        "This is the sum; divide it by the number of tokens.": lambda x, lengths: (x * mask(x, lengths)).sum(axis=1),
    }
    rng = np.random.default_rng(0)
    trials = [
        (rng.standard_normal((len(lengths), T, D)), np.array(lengths))
        for lengths, T, D in (([2, 4, 1], 5, 3), ([3, 3], 3, 2), ([1, 5, 2, 4], 6, 1))
    ]
    extremes = {
        "If x holds integers, an array made like x can hold integers only: make the result from floats.": (
            np.array([[[2], [3], [9]]]),
            np.array([2]),
        ),
    }
    yield from compare(
        answer, right, mistakes, [(np.array([[[2.0], [4.0], [9.0]]]), np.array([2])), *trials], extremes=extremes
    )


@exercise(
    "2.2",
    "tf-idf",
    "tf_idf(bags)",
    hints=(
        "df counts documents, not occurrences: (bags > 0).sum(axis=0). The weight of each word is log((1 + N) / (1 + "
        "df)) + 1.",
        "Multiply bags by the weights, then divide each row by the square root of the sum of its squares, with "
        "keepdims=True.",
    ),
)
def check_tf_idf(answer: Answer) -> Iterator[str]:
    """The array bags (N, V) contains counts: how often each of V words occurs
    in each of N documents. Return the vectors of equations (6) and (7), an
    array of the same shape: each count is multiplied by the weight of its word,
    and then each row is divided by its norm. Every document has at least one
    word.

        tf_idf(np.array([[2, 0], [1, 1]]))    gives [[1., 0.], [0.5797, 0.8148]]
    """

    def unit(y: np.ndarray, axis: int = 1) -> np.ndarray:
        return y / np.sqrt((y * y).sum(axis=axis, keepdims=True))

    def right(bags: np.ndarray) -> np.ndarray:
        return vectorizers.tf_idf(bags, vectorizers.inverse_document_frequency(bags))

    def by_count(bags: np.ndarray) -> np.ndarray:
        return unit(bags * (np.log((1 + len(bags)) / (1 + bags.sum(axis=0))) + 1))

    def shares(bags: np.ndarray) -> np.ndarray:
        y = bags * vectorizers.inverse_document_frequency(bags)
        return y / y.sum(axis=1, keepdims=True)

    mistakes = {
        "df is the number of documents that contain the word, not the number of its occurrences: count bags > 0.": by_count,
        "The last step is missing: divide each row by its norm, so that |y| = 1.": (
            lambda bags: bags * vectorizers.inverse_document_frequency(bags)
        ),
        "Each row is divided by its sum; divide by its norm, the square root of the sum of the squares.": shares,
        "The columns have norm 1 here; the rows (the documents) should have it.": (
            lambda bags: unit(bags * vectorizers.inverse_document_frequency(bags), axis=0)
        ),
        "The + 1 after the logarithm is missing: a word that occurs in every document would get the weight 0.": (
            lambda bags: unit(bags * np.log((1 + len(bags)) / (1 + (bags > 0).sum(axis=0))))
        ),
        "Inside the logarithm, both ones are missing: it is (1 + N) / (1 + df).": (
            lambda bags: unit(bags * (np.log(len(bags) / (bags > 0).sum(axis=0)) + 1))
        ),
    }
    rng = np.random.default_rng(0)
    trials = [(np.array([[2, 0], [1, 1]]),), (rng.integers(0, 3, (4, 6)) + np.eye(4, 6, dtype=int),)]
    many = rng.poisson(0.7, (7, 5))
    many[:, 0] += 1  # a word that occurs in every document
    extremes = {
        "A word of the vocabulary may occur in no document, so df may be 0: nothing may be divided by it.": (
            np.array([[2, 0, 1]]),
        ),
    }
    yield from compare(answer, right, mistakes, [*trials, (many + np.eye(7, 5, 1, dtype=int),)], extremes=extremes)


@exercise(
    "2.5",
    "occupied places of a hash table",
    "expected_taken(V, size)",
    hints=(
        "What is the probability that a given place misses one word? And that it misses all V words?",
        "A place is occupied unless all V words miss it: 1 - (1 - 1 / size)^V. There are size places.",
    ),
)
def check_expected_taken(answer: Answer) -> Iterator[str]:
    """V distinct words are hashed into the places of a table, each as if at
    random; size is the number of places. Return the expected number of occupied
    places, that is, of places that contain at least one word. Proceed as for
    equation (14), but consider one place instead of one word.

        expected_taken(1, 100)    gives 1.0
        expected_taken(2, 100)    gives 1.99
    """

    def empty(V: int, size: int) -> float:
        return (1 - 1 / size) ** V

    def right(V: int, size: int) -> float:
        return size * (1 - empty(V, size))

    def single_words(V: int, size: int) -> float:
        return V * (1 - vectorizers.expected_collisions(V, size))

    def fewer(V: int, size: int) -> int:
        return min(V, size)

    mistakes = {
        "This is the number of empty places; return the number of occupied places.": lambda V, size: size * empty(V, size),
        "This is the fraction of occupied places; multiply it by the number of places.": lambda V, size: 1 - empty(V, size),
        "All V words may hit a place; equation (14) has V - 1 because it counts the words other than one given word.": (
            lambda V, size: size * (1 - empty(V - 1, size))
        ),
        "This counts the words alone in their place; a place shared by two words is occupied as well.": single_words,
        "This is the number of words, or of places if that is smaller; some places are hit twice, others never.": fewer,
    }
    trials = [(1, 100), (2, 100), (50, 20), (1000, 1000), (30, 1)]
    yield from compare(answer, right, mistakes, trials)
