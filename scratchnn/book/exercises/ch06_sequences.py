"""The exercises of chapter 6 on sequences and sampling: 6.4 to 6.6."""

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
    "nucleus sampling",
    "nucleus(p, q)",
    hints=(
        "Sort the tokens by probability, most probable first: np.argsort(-p). Then look at the running sums.",
        "Keep as many tokens as have a running sum below q, and one more. Set the others to zero, and divide by the sum.",
    ),
)
def check_nucleus(answer: Answer) -> Iterator[str]:
    """The array p (V,) contains the probabilities of V tokens, all different.
    Nucleus sampling keeps the smallest number of most probable tokens whose
    probabilities sum to at least q, and never draws the others. Return the
    probabilities (V,) to draw with: zero for the tokens that are left out, and
    1 in total.

        nucleus(np.array([0.1, 0.6, 0.3]), 0.8)    gives [0, 2/3, 1/3]
    """

    def draw_from(order: np.ndarray, p: np.ndarray, q: float, extra: int = 1) -> np.ndarray:
        count = int((np.cumsum(p[order]) < q).sum()) + extra
        y = np.zeros_like(p)
        y[order[:count]] = p[order[:count]]
        return y / max(y.sum(), 1e-300)

    def right(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.argsort(-p), p, q)

    def one_short(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.argsort(-p), p, q, extra=0)

    def raw(p: np.ndarray, q: float) -> np.ndarray:
        return np.where(right(p, q) > 0, p, 0)

    def ascending(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.argsort(p), p, q)

    def by_id(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.arange(len(p)), p, q)

    def threshold(p: np.ndarray, q: float) -> np.ndarray:
        y = np.where(p >= 1 - q, p, 0)
        return y / max(y.sum(), 1e-300)

    mistakes = {
        "The token with which the sum reaches q is left out; it belongs to the nucleus.": one_short,
        "The probabilities do not sum to 1: divide by their sum.": raw,
        "You start from the least probable tokens; sort in descending order.": ascending,
        "Tokens are taken in the order of their ids; sort by probability first.": by_id,
        "You compare each probability with 1 - q. Compare the sum of the most probable ones with q instead.": threshold,
    }
    trials = [
        (np.array([0.1, 0.6, 0.3]), 0.8),
        (np.array([0.05, 0.4, 0.2, 0.25, 0.1]), 0.7),
        (np.array([0.12, 0.08, 0.5, 0.21, 0.09]), 0.65),
        (np.array([0.3, 0.7]), 0.5),
    ]
    extremes = {
        "If the sum is exactly q, it has reached q: no further token is needed.": (
            np.array([0.25, 0.5, 0.1875, 0.0625]),
            0.75,
        ),
        "With q = 1 every token stays, although rounding may leave the sum of all a little below 1.": (
            np.array([0.1, 0.2, 0.7]),
            1.0,
        ),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


@exercise(
    "6.6",
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
