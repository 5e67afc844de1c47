"""The exercises of chapter 2 on words and their neighbours: 2.3, 2.4 and 2.6."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.text import counting, korean


@exercise(
    "2.3",
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
    word v. ids is the text, an array of T integers from 0 to V - 1; window is
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
    "2.4",
    "PPMI without a loop",
    "ppmi(C)",
    hints=(
        "With S the row sums and N the sum of all counts, the argument of the logarithm is C * N / (S[:, None] * S).",
        "Where C is 0, put something harmless into the logarithm, and set the result to 0 with np.where. Then take "
        "the maximum with 0.",
    ),
)
def check_ppmi(answer: Answer) -> Iterator[str]:
    """Write equations (9) and (10) for whole arrays: given co-occurrence
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
        "The logarithm has base e; equation (9) uses base 2: np.log2.": (lambda C: np.maximum(pmi(C, np.log), 0)),
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
