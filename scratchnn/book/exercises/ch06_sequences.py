"""The exercises of chapter 6 on sequences: 6.4 and 6.5."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise


@exercise(
    "6.4",
    "reversing sequences",
    "reverse_sequences(x, lengths)",
    hints=(
        "Copy x first, so that the padding stays and the argument does not change.",
        "x[n, :length][::-1] are the real steps of sequence n in reverse order; this is right for length 0 as well.",
    ),
)
def check_reverse_sequences(answer: Answer) -> Iterator[str]:
    """The second layer of a bidirectional network reads from right to left. The
    array x (N, T, D) contains N sequences, of which sequence n has lengths[n]
    real steps, perhaps none, followed by padding. Return an array of the same
    shape in which the real steps of each sequence are in reverse order. The
    padding stays where it is, at the end.

        1, 2, 3, 0, 0 with length 3    becomes 3, 2, 1, 0, 0
    """

    def right(x: np.ndarray, lengths: list) -> np.ndarray:
        y = x.copy()
        for n, length in enumerate(lengths):
            y[n, :length] = x[n, :length][::-1]
        return y

    def longest(x: np.ndarray, lengths: list) -> np.ndarray:
        return right(x, [max(lengths)] * len(x))

    def features(x: np.ndarray, lengths: list) -> np.ndarray:
        y = x.copy()
        for n, length in enumerate(lengths):
            y[n, :length] = x[n, :length, ::-1]
        return y

    def zeroed(x: np.ndarray, lengths: list) -> np.ndarray:
        return right(x, lengths) * (np.arange(x.shape[1]) < np.array(lengths)[:, None])[..., None]

    mistakes = {
        "You reverse the whole row, so the padding comes first and the layer starts with it.": (
            lambda x, lengths: x[:, ::-1]
        ),
        "All sequences are reversed by the longest length; each has its own length.": longest,
        "This reverses the numbers within each step, not the steps: time is axis 1.": features,
        "This reverses the sequences of the batch, not the steps of each: time is axis 1.": lambda x, lengths: x[::-1],
        "The real steps are right, but the padding has changed. Leave it as it is.": zeroed,
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((3, 5, 2)), [3, 4, 1]), (rng.standard_normal((2, 6, 3)), [5, 2])]
    extremes = {
        "A sequence of length 0 has no real steps, so its row stays as it is. At length - 1 = -1 is the last step.": (
            np.array([[[1.0], [2.0]], [[3.0], [4.0]]]),
            [0, 2],
        ),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


@exercise(
    "6.5",
    "perplexity per word of a character model",
    "word_perplexity(char_loss, characters, words)",
    hints=(
        "What is the loss of the whole text? A word model has the same loss on it.",
        "char_loss * characters / words is the loss per word; the perplexity is e to that power.",
    ),
)
def check_word_perplexity(answer: Answer) -> Iterator[str]:
    """A character model has a mean loss of char_loss nats per character on a
    text with the given numbers of characters and words. Return the perplexity
    per word: the perplexity of a word model that has the same loss on the whole
    text.

        word_perplexity(1.0, 500, 100)    gives 148.41..., e to the power of 5
    """

    def right(char_loss: float, characters: int, words: int) -> float:
        return float(np.exp(char_loss * characters / words))

    mistakes = {
        "This is the perplexity per character: a word has several characters.": lambda L, c, w: float(np.exp(L)),
        "Multiply the loss before taking exp, not the perplexity after it.": lambda L, c, w: float(np.exp(L) * c / w),
        "The factor is inverted: a word has more than one character, so its loss is larger.": (
            lambda L, c, w: float(np.exp(L * w / c))
        ),
        "This is the loss per word; the perplexity is e to that power.": lambda L, c, w: L * c / w,
        "The loss is in nats, so the base is e, not 2.": lambda L, c, w: float(2 ** (L * c / w)),
    }
    yield from compare(answer, right, mistakes, [(1.0, 500, 100), (0.7, 4200, 800), (1.3, 90, 30)])
