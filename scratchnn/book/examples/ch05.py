"""Data that chapter 5 makes up: sentences with names, noisy digits, reviews, sums, number words, and a small language.

Each generator draws from the random generator ``rng`` that it gets, so the same seed gives the same data. The last function
reads the text of the chapter's full run.
"""

from __future__ import annotations

import numpy as np

from scratchnn.datasets.generated.number_words import SMALL, TENS, in_words
from scratchnn.datasets.ptb import load_ptb
from scratchnn.errors import DataError
from scratchnn.text import Vocabulary, tokenize

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


# --- sums ------------------------------------------------------------------------------------------------------------


def sums(rng: np.random.Generator, N: int = 32, bits: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Two binary numbers (N, ``bits``, 2), lowest bits first, the highest bit 0; and their sum (N, ``bits``)."""
    x = rng.integers(0, 2, (N, bits, 2))
    x[:, -1] = 0
    powers = 2 ** np.arange(bits)
    total = (x * powers[:, None]).sum(axis=(1, 2))  # (N,), as whole numbers
    return x.astype(float), total[:, None] // powers % 2


# --- number words ----------------------------------------------------------------------------------------------------

NUMBER_WORDS = [*SMALL, *TENS, "hundred"]
GO = 10  # after the ten digits: as an input the mark "now write", as an output the end mark
SYMBOLS = len(NUMBER_WORDS) + 11  # inputs: words, digits, and the mark


def read_words(number: int) -> np.ndarray:
    """Inputs (words + 1, SYMBOLS): the words of a number, one-hot, and the mark."""
    ids = [NUMBER_WORDS.index(word) for word in in_words(number).split()]
    return np.eye(SYMBOLS)[[*ids, len(NUMBER_WORDS) + GO]]


# --- a language with known probabilities -----------------------------------------------------------------------------

Choices = list[tuple[str, float, str]]  # word, its probability, the state after it

ONE, MANY = "dog cat girl boy".split(), "dogs cats girls boys".split()
ADJECTIVES = "small old young".split()
VERBS = {"one": (["sleeps", "runs"], ["sees", "hears"])}  # verbs without an object; verbs with an object
VERBS["many"] = (["sleep", "run"], ["see", "hear"])


def choices(words: list[str], probability: float, after: str) -> Choices:
    """The words share the probability; ``after`` is the state after them."""
    return [(word, probability / len(words), after) for word in words]


def verbs(number: str, probability: float) -> Choices:
    """Half of the probability for the verbs without an object, half for those with one."""
    alone, with_object = VERBS[number]
    return choices(alone, probability / 2, "end") + choices(with_object, probability / 2, "object")


GRAMMAR: dict[str, Choices] = {
    "start": choices(["the"], 0.6, "the") + choices(["a"], 0.4, "a"),
    "the": [
        *choices(ADJECTIVES, 0.3, "the old"),
        *choices(ONE, 0.35, "one"),
        *choices(MANY, 0.35, "many"),
    ],
    "the old": choices(ONE, 0.5, "one") + choices(MANY, 0.5, "many"),
    "a": choices(ADJECTIVES, 0.3, "a old") + choices(ONE, 0.7, "one"),
    "a old": choices(ONE, 1.0, "one"),
    "object": choices(["the"], 0.6, "object the") + choices(["a"], 0.4, "object a"),
    "object the": choices(ONE + MANY, 1.0, "end"),
    "object a": choices(ONE, 1.0, "end"),
    "end": choices(["."], 0.8, "start") + choices(["and"], 0.2, "start"),
}
for _number in ("one", "many"):
    GRAMMAR[_number] = choices(["near"], 0.4, f"{_number} near") + verbs(_number, 0.6)
    GRAMMAR[f"{_number} near"] = choices(["the"], 1.0, f"{_number} near the")
    GRAMMAR[f"{_number} near the"] = choices(ONE + MANY, 1.0, f"{_number} near it")
    GRAMMAR[f"{_number} near it"] = verbs(_number, 1.0)


def make_text(rng: np.random.Generator, M: int) -> tuple[list[str], np.ndarray]:
    """A text of M words in this language, and the logarithm of each word's probability (M,)."""
    state, text, logarithms = "start", [], []
    for _ in range(M):
        words, probabilities, after = zip(*GRAMMAR[state], strict=True)
        k = rng.choice(len(words), p=probabilities)
        text.append(words[k])
        logarithms.append(np.log(probabilities[k]))
        state = after[k]
    return text, np.array(logarithms)


# --- the text of the full run ----------------------------------------------------------------------------------------


def treebank() -> tuple[Vocabulary, np.ndarray, Vocabulary, np.ndarray, np.ndarray]:
    """The Penn Treebank: vocabulary and ids of its first thousand words; vocabulary, training ids and test ids of all.

    Raises:
        SystemExit: with one line that says what to do if the files are missing.
    """
    try:
        train, test = (list(tokenize(load_ptb(split), "word")) for split in ("train", "test"))
    except DataError as error:
        raise SystemExit(f"error: {error}") from None
    few, whole = Vocabulary.build(train[:1000], specials=()), Vocabulary.build(train, specials=())
    return few, few.encode(train[:1000]), whole, whole.encode(train), whole.encode(test)
