"""Data that chapter 5 makes up: sentences with names, noisy digits, reviews, sums, and number words.

Each generator draws from the random generator ``rng`` that it gets, so the same seed gives the same data. The other
functions train what the chapter compares its own network with, and make its planted mistake.
"""

from __future__ import annotations

import numpy as np

from scratchnn.core import Sequential
from scratchnn.datasets.generated.number_words import SMALL, TENS, in_words
from scratchnn.functions import one_hot
from scratchnn.layers import Dense, Tanh
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.optim import SGD

# --- names after "mr" and "ms" ---------------------------------------------------------------------------------------

NAME_WORDS = "the mr ms park bell hill king saw met near by and".split()


def sentences(rng: np.random.Generator, N: int, name_places: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Sentences of twelve words, each with one name and one plain use of a word that can be a name.

    Args:
        rng: draws the sentences.
        N: number of sentences.
        name_places: even positions at which the pair of title and name may begin.

    Returns:
        Ids (N, 12) into ``NAME_WORDS``, and an array (N, 12) that is 1 at names and 0 elsewhere.
    """
    ids = rng.integers(7, len(NAME_WORDS), (N, 12))  # saw, met, near, by, and
    is_name = np.zeros((N, 12), int)
    for n in range(N):
        place = rng.choice(name_places)
        ids[n, place : place + 2] = rng.integers(1, 3), rng.integers(3, 7)  # mr or ms, and a name
        is_name[n, place + 1] = 1
        other = rng.choice([k for k in range(0, 12, 2) if k != place])
        ids[n, other : other + 2] = 0, rng.integers(3, 7)  # the, and a plain word
    return ids, is_name


def name_in_capitals(ids: np.ndarray, is_name: np.ndarray) -> str:
    """The sentence with ids (12,), and its name in capitals."""
    return " ".join(NAME_WORDS[k].upper() if name else NAME_WORDS[k] for k, name in zip(ids, is_name, strict=True))


def train_feed_forward(ids: np.ndarray, is_name: np.ndarray, rng: np.random.Generator) -> Sequential:
    """A network of one hidden layer from twelve one-hot words in a row (N, 12 V) to 24 logits, two for each word."""
    V = len(NAME_WORDS)
    network = Sequential(Dense(12 * V, 32, rng=rng), Tanh(), Dense(32, 24, rng=rng))
    optimizer = SGD(network.parameters(), lr=2.0)
    for _ in range(1500):
        chosen = rng.integers(0, len(ids), 32)
        _, cache = softmax_cross_entropy_forward(feed_forward(network, ids[chosen]), is_name[chosen])
        network.backward(softmax_cross_entropy_backward(1.0, cache).reshape(32, 24))
        optimizer.step()
        network.clear_gradients()
    network.evaluate()
    return network


def feed_forward(network: Sequential, ids: np.ndarray) -> np.ndarray:
    """Logits (N, 12, 2) of such a network for ids (N, 12)."""
    words = one_hot(ids, len(NAME_WORDS))  # (N, 12, V)
    return network.forward(words.reshape(len(ids), -1)).reshape(len(ids), 12, 2)


def names_right(z: np.ndarray, ids: np.ndarray, is_name: np.ndarray) -> float:
    """The share of the words that can be names for which the larger of their logits z (N, 12, 2) is the right one."""
    candidates = (ids >= 3) & (ids < 7)
    return float((z.argmax(axis=-1) == is_name)[candidates].mean())


# --- pictures of digits, and their names -------------------------------------------------------------------------------

DIGIT_NAMES = SMALL[:10]
LETTERS = [*sorted(set("".join(DIGIT_NAMES))), "."]
END = len(LETTERS) - 1  # the end mark
_DIGITS = "1110111 0010010 1011101 1011011 0111010 1101011 1101111 1010010 1111111 1111011".split()
BARS = np.array([[float(bar) for bar in digit] for digit in _DIGITS])  # (10, 7), 1 for a dark bar


def pictures(rng: np.random.Generator, N: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy bars (N, 7) of random digits, and the digits (N,)."""
    digits = rng.integers(0, 10, N)
    return BARS[digits] + 0.25 * rng.standard_normal((N, 7)), digits


def one_to_one(rng: np.random.Generator, N: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """The pictures as sequences of one step (N, 1, 7), and the digits as targets (N, 1)."""
    x, digits = pictures(rng, N)
    return x[:, None], digits[:, None]


def pictures_and_names(rng: np.random.Generator, N: int) -> tuple[np.ndarray, list[list[int]], np.ndarray]:
    """Inputs (N, 1, 7 + letters): noisy bars, and no letter; the names as ids with the end mark; the digits (N,)."""
    bars, digits = pictures(rng, N)
    names = [[LETTERS.index(letter) for letter in DIGIT_NAMES[k] + "."] for k in digits]
    return np.pad(bars, ((0, 0), (0, len(LETTERS))))[:, None], names, digits


# --- reviews ---------------------------------------------------------------------------------------------------------

REVIEW_WORDS = "the film was and so it not very good bad long".split()


def reviews(rng: np.random.Generator, N: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids (N, 12) into ``REVIEW_WORDS``, lengths (N,) from 4 to 12, and labels (N,): 1 for good, 0 for bad."""
    ids = rng.integers(0, 6, (N, 12))
    lengths = rng.integers(4, 13, N)
    good = np.zeros(N, int)
    for n in range(N):
        # two positions for two words each, the second after the first
        first = rng.integers(0, lengths[n] - 3)
        second = rng.integers(first + 2, lengths[n] - 1)
        opinion, matter = rng.permutation([first, second])
        word, adjective = rng.integers(0, 2, 2)  # not or very; good or bad
        ids[n, opinion : opinion + 2] = 6 + word, 8 + adjective
        ids[n, matter : matter + 2] = rng.integers(6, 8), 10
        good[n] = word != adjective  # very good, not bad
    return ids, lengths, good


def many_to_one(rng: np.random.Generator, N: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Reviews as one-hot words (N, 12, 11), padded with zeros; targets (N, 12): the label at the last word, else -1."""
    ids, lengths, good = reviews(rng, N)
    filled = np.arange(12) < lengths[:, None]  # (12,) and (N, 1) -> (N, 12), True at words
    targets = np.full((N, 12), -1)
    targets[np.arange(N), lengths - 1] = good
    return one_hot(ids, len(REVIEW_WORDS)) * filled[..., None], targets


# --- sums ------------------------------------------------------------------------------------------------------------


def sums(rng: np.random.Generator, N: int = 32, bits: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Two binary numbers (N, ``bits``, 2), lowest bits first, the highest bit 0; and their sum (N, ``bits``)."""
    x = rng.integers(0, 2, (N, bits, 2))
    x[:, -1] = 0
    powers = 2 ** np.arange(bits)
    total = (x * powers[:, None]).sum(axis=(1, 2))  # (N,), as whole numbers
    return x.astype(float), total[:, None] // powers % 2


def carries(x: np.ndarray) -> np.ndarray:
    """The carry (N, bits), 0 or 1, that each step of the sums x (N, bits, 2) passes on to the next."""
    carry = np.zeros((len(x), x.shape[1] + 1))
    for k in range(x.shape[1]):
        carry[:, k + 1] = x[:, k].sum(axis=1) + carry[:, k] >= 2  # two ones or three
    return carry[:, 1:]


# --- number words ----------------------------------------------------------------------------------------------------

NUMBER_WORDS = [*SMALL, *TENS, "hundred"]
GO = 10  # after the ten digits: as an input the mark "now write", as an output the end mark
SYMBOLS = len(NUMBER_WORDS) + 11  # inputs: words, digits, and the mark


def read_words(number: int) -> np.ndarray:
    """Inputs (words + 1, SYMBOLS): the words of a number, one-hot, and the mark."""
    ids = [NUMBER_WORDS.index(word) for word in in_words(number).split()]
    return np.eye(SYMBOLS)[[*ids, len(NUMBER_WORDS) + GO]]


# --- a mistake -------------------------------------------------------------------------------------------------------


def replacing_backward(dy: np.ndarray, cache: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """The chapter's ``rnn_backward`` with = in place of += in the three lines of its equation (10)."""
    x, h, Wx, Wh = cache
    dx, from_later = np.zeros(x.shape), np.zeros(dy[:, 0].shape)
    for t in reversed(range(x.shape[1])):
        da = (dy[:, t] + from_later) * (1 - h[:, t + 1] ** 2)
        dx[:, t] = da @ Wx.T
        dWx = x[:, t].T @ da
        dWh = h[:, t].T @ da
        db = da.sum(axis=0)
        from_later = da @ Wh.T
    return dx, from_later, dWx, dWh, db
