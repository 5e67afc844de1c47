"""Chapter 2, text into tensors."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.text import counting, korean, vectorizers


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
    "occupied slots of a hash table",
    "expected_taken(V, size)",
    hints=(
        "What is the probability that a given slot misses one word? And that it misses all V words?",
        "A slot is occupied unless all V words miss it: 1 - (1 - 1 / size)^V. There are size slots.",
    ),
)
def check_expected_taken(answer: Answer) -> Iterator[str]:
    """V distinct words are hashed into the slots of a table, each as if at
    random; size is the number of slots. Return the expected number of occupied
    slots, that is, of slots that contain at least one word. Proceed as for
    equation (5), but consider one slot instead of one word.

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
        "This is the number of empty slots; return the number of occupied slots.": lambda V, size: size * empty(V, size),
        "This is the fraction of occupied slots; multiply it by the number of slots.": lambda V, size: 1 - empty(V, size),
        "All V words may hit a slot; equation (5) has V - 1 because it counts the words other than one given word.": (
            lambda V, size: size * (1 - empty(V - 1, size))
        ),
        "This counts the words alone in their slot; a slot shared by two words is occupied as well.": single_words,
        "This is the number of words, or of slots if that is smaller; some slots are hit twice, others never.": fewer,
    }
    trials = [(1, 100), (2, 100), (50, 20), (1000, 1000), (30, 1)]
    yield from compare(answer, right, mistakes, trials)


@exercise(
    "2.3",
    "tf-idf",
    "tf_idf(bags)",
    hints=(
        "df counts documents, not occurrences: (bags > 0).sum(axis=0). The weight of each word is log((1 + D) / (1 + "
        "df)) + 1.",
        "Multiply bags by the weights, then divide each row by the square root of the sum of its squares, with "
        "keepdims=True.",
    ),
)
def check_tf_idf(answer: Answer) -> Iterator[str]:
    """The array bags (D, V) contains counts: how often each of V words occurs
    in each of D documents. Return the vectors of equations (8) and (9), an
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
        "Inside the logarithm, both ones are missing: it is (1 + D) / (1 + df).": (
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
    "2.4",
    "counting the words to the left",
    "left_counts(ids, V, window)",
    hints=(
        "Go through the positions k of the text. The words to the left of k are at the positions k - window to k - 1, "
        "but none is below 0.",
        "For each of them add 1 to table[ids[k], that word]. The slice ids[max(k - window, 0) : k] stays within the text.",
    ),
)
def check_left_counts(answer: Answer) -> Iterator[str]:
    """Build a one-sided co-occurrence matrix: a table (V, V) whose entry [v, w]
    is the number of times that word w occurs at most window positions *before*
    word v. ids is the text, an array of M integers from 0 to V - 1; window is
    at least 1. Near the beginning of the text, a word has fewer words to its
    left.

        left_counts(np.array([0, 1, 2]), 3, 1)
            gives [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    """

    def count(ids: np.ndarray, V: int, window: int, first: int = 1, wrap: bool = False) -> np.ndarray:
        table = np.zeros((V, V), dtype=int)
        for k, v in enumerate(ids):
            for distance in range(first, window + 1):
                if wrap or k >= distance:
                    table[v, ids[k - distance]] += 1
        return table

    def both(ids: np.ndarray, V: int, window: int) -> np.ndarray:
        return counting.cooccurrence(ids, V, window)

    def buffered(ids: np.ndarray, V: int, window: int) -> np.ndarray:
        table = np.zeros((V, V), dtype=int)
        for distance in range(1, window + 1):
            table[ids[distance:], ids[:-distance]] += 1
        return table

    mistakes = {
        "You count the words on both sides; count only those before v.": both,
        "Rows and columns are swapped: row v is the word itself, column w the word before it.": (
            lambda ids, V, window: count(ids, V, window).T
        ),
        "The text wraps around: in Python ids[-1] is the last word, so the first words get neighbours from the end.": (
            lambda ids, V, window: count(ids, V, window, wrap=True)
        ),
        "The window is one position too short: the word exactly window positions before v counts.": (
            lambda ids, V, window: count(ids, V, window - 1)
        ),
        "A word is not its own neighbour: leave out distance 0.": lambda ids, V, window: count(ids, V, window, 0),
        "You count only the farthest position; the distances 1, 2, ..., window all count.": (
            lambda ids, V, window: count(ids, V, window, window)
        ),
        "table[rows, columns] += 1 adds 1 only once if a pair occurs twice: use np.add.at or a loop.": buffered,
    }
    rng = np.random.default_rng(0)
    trials = [(np.array([0, 1, 2]), 3, 1), (rng.integers(0, 4, 12), 5, 2), (rng.integers(0, 6, 30), 6, 3)]
    extremes = {
        "The text may be shorter than the window.": (np.array([1, 0]), 2, 5),
        "A text without words has a table of zeros.": (np.array([], dtype=int), 2, 1),
    }
    yield from compare(answer, count, mistakes, trials, extremes=extremes)


@exercise(
    "2.5",
    "PPMI without a loop",
    "ppmi(C)",
    hints=(
        "With S the row sums and N the sum of all counts, the argument of the logarithm is C * N / (S[:, None] * S).",
        "Where C is 0, put something harmless into the logarithm, and set the result to 0 with np.where. Then take "
        "the maximum with 0.",
    ),
)
def check_ppmi(answer: Answer) -> Iterator[str]:
    """Write equations (11) and (12) for whole arrays: given co-occurrence
    counts C (V, V), symmetric and with at least one neighbour for each word,
    return the PPMI values, an array of the same shape. Pairs that never
    co-occur get 0; no entry may be NaN or infinite.

        ppmi(np.array([[0, 2], [2, 4]]))    gives [[0., 0.4150], [0.4150, 0.]]
    """

    def pmi(C: np.ndarray, log: Any = np.log2, total: float | None = None) -> np.ndarray:
        S = C.sum(axis=1)
        N = S.sum() if total is None else total
        with np.errstate(divide="ignore"):
            return log(C * N / (S[:, None] * S))

    def right(C: np.ndarray) -> np.ndarray:
        return np.maximum(pmi(C), 0)

    def signed(C: np.ndarray) -> np.ndarray:
        values = pmi(C)
        return np.where(np.isfinite(values), values, 0)

    mistakes = {
        "log(0) is minus infinity: where C is 0, the result has to be 0.": pmi,
        "Pairs that co-occur less often than by chance have negative values here; PPMI replaces these by 0.": signed,
        "The logarithm has base e; equation (11) uses base 2: np.log2.": (lambda C: np.maximum(pmi(C, np.log), 0)),
        "N is the sum of all counts, not the number of words V.": lambda C: np.maximum(pmi(C, total=len(C)), 0),
        "The denominator needs the sums of both words: S[v] times S[w], a column times a row.": (
            lambda C: np.maximum(np.log2(np.maximum(C * C.sum() / C.sum(axis=1, keepdims=True) ** 2, 1e-12)), 0)
        ),
        "The logarithm is missing.": lambda C: C * C.sum() / (C.sum(axis=1)[:, None] * C.sum(axis=1)),
    }
    rng = np.random.default_rng(0)
    trials = [(np.array([[0, 2], [2, 4]]),)]
    for V in (4, 7):
        half = rng.poisson(1.0, (V, V)) + np.eye(V, k=1, dtype=int)
        trials.append((half + half.T,))
    yield from compare(answer, right, mistakes, trials)


@exercise(
    "2.6",
    "은 or 는",
    "topic(word)",
    hints=(
        "Bring the word to form C with unicodedata.normalize, and look at its last syllable.",
        "(ord(syllable) - 44032) % 28 is the number of the final consonant; 0 means that the syllable ends in a vowel.",
    ),
)
def check_topic(answer: Answer) -> Iterator[str]:
    """The Korean particle that marks the topic of a sentence is 은 after a
    consonant and 는 after a vowel. Return the word followed by its particle. The
    word is Korean and may be in Unicode form C or D; the result has to be in
    form C. Decompose the last syllable by equation (15).

        topic("학생")      gives "학생은"
        topic("고양이")    gives "고양이는"
    """

    def final(syllable: str) -> int:
        return korean.split_syllable(syllable)[2]

    def right(word: str) -> str:
        word = unicodedata.normalize("NFC", word)
        return word + ("은" if final(word[-1]) else "는")

    def first_syllable(word: str) -> str:
        word = unicodedata.normalize("NFC", word)
        return word + ("은" if final(word[0]) else "는")

    def swapped(word: str) -> str:
        word = unicodedata.normalize("NFC", word)
        return word + ("는" if final(word[-1]) else "은")

    def not_normalized(word: str) -> str:
        return word + ("은" if final(word[-1]) else "는")

    def not_composed(word: str) -> str:
        return word + right(word)[-1]

    mistakes = {
        "The two particles are swapped: 은 after a consonant, 는 after a vowel.": swapped,
        "The last syllable decides, not the first.": first_syllable,
        "Every word gets the same particle here; look at the final consonant of the last syllable.": lambda word: (
            right(word)[:-1] + "는"
        ),
        "Words in form D go wrong: convert the word to form C first, with unicodedata.normalize.": not_normalized,
        "The particle is right, but the result has to be in form C even if the word is in form D.": not_composed,
    }
    words = ["학생", "고양이", "물", "서울", "나", "선생님", "바다", "책", "사과"]
    trials = [(word,) for word in words] + [(unicodedata.normalize("NFD", word),) for word in words]
    yield from compare(answer, right, mistakes, trials)
