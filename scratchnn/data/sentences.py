"""Sentences as padded batches, in which each word is known by an id and by its characters.

Two words with the same form, such as two commas, have the same characters. So a batch contains the characters of each
distinct form once, and says for each word which form it has:

    words       (N, T)    ids of the words in lower case, as they occur in training, or ``<unk>``
    lengths     (N,)      numbers of words
    forms       (N, T)    for each word, the row of its form in ``characters``, 0 in the padding
    characters  (U, L)    ids of the characters of the U distinct forms of the batch
    sizes       (U,)      numbers of characters; of a longer word, the first ``LONGEST`` are read

The id of a word is that of its normal form: the word in lower case, each digit as 0. "Oslo", "oslo" and "OSLO" share one
vector, as do 1996 and 1997; the characters are those of the word itself. Words that occur once in training would have
vectors of one sentence each, and ``<unk>`` would have none. So in training, a word of the normal form w is replaced by
``<unk>`` with the probability

    p(w) = a / (a + count(w))                                                                                      (1)

by a draw from (seed, epoch, batch). Its characters remain. Kiperwasser and Goldberg, "Simple and accurate dependency
parsing using bidirectional LSTM feature representations" (2016), with a = 0.25.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.data.examples import Shuffled, ShuffledByWords
from scratchnn.data.padded import pad_sequences
from scratchnn.errors import DataError
from scratchnn.text import PADDING, UNKNOWN, Vocabulary, tokenize

Words = Sequence[str]  # of one sentence
SPELLINGS = ("char", "letter")  # levels of ``tokenize``
LONGEST = 500  # characters of a word that are read; a batch is as wide as its longest word
MASKS = 7  # of the draws of equation (1), so that they do not repeat those of the order of the sentences


@lru_cache(maxsize=1 << 16)
def normal_form(word: str) -> str:
    """The word in form NFC and lower case, each decimal digit as 0."""
    word = unicodedata.normalize("NFC", word).lower()
    return "".join("0" if character.isdecimal() else character for character in word)


def word_counts(sentences: Iterable[Words]) -> Counter[str]:
    """How often each normal form occurs."""
    return Counter(normal_form(word) for words in sentences for word in words)


def word_vocabulary(counts: Counter[str], min_count: int = 1, more: Iterable[str] = ()) -> Vocabulary:
    """The normal forms that occur at least ``min_count`` times, and ``more`` of them, with ``<pad>`` and ``<unk>``."""
    kept = sorted(word for word, count in counts.items() if count >= min_count)
    kept.sort(key=counts.__getitem__, reverse=True)
    return Vocabulary(list(dict.fromkeys([PADDING, UNKNOWN, *kept, *more])))


def character_vocabulary(sentences: Iterable[Words], spelling: str) -> Vocabulary:
    """All characters, or letters if ``spelling`` is ``"letter"``, with ``<pad>`` and ``<unk>``."""
    forms = {word for words in sentences for word in words}
    return Vocabulary.build((one for form in forms for one in tokenize(form, spelling)), (PADDING, UNKNOWN))


def unknown_rates(vocabulary: Vocabulary, counts: Counter[str], a: float) -> np.ndarray:
    """Equation (1) for each word of the vocabulary (V,), float64; 0 for a word that does not occur, and for ``a`` = 0."""
    found = np.array([counts.get(token, 0) for token in vocabulary.tokens])
    return np.where(found > 0, a / np.maximum(a + found, 1), 0.0)


class Sentences:
    """N sentences as ids; ``pick`` makes batches of them.

    Args:
        sentences: the words of each; a sentence may be empty.
        words: normal forms, with ``<unk>``.
        characters: characters or letters, with ``<unk>``.
        spelling: what a word is split into, one of ``SPELLINGS``.

    Attributes:
        unknown: the id of ``<unk>`` among the words.
        words, forms: for each sentence, the ids of its words (T,) and the positions of their forms in ``spelled`` (T,).
        spelled: the ids of the characters of each distinct form, at most ``LONGEST``.
        lengths: numbers of words (N,).
    """

    def __init__(self, sentences: Iterable[Words], words: Vocabulary, characters: Vocabulary, spelling: str = "char"):
        for name, vocabulary in (("words", words), ("characters", characters)):
            if vocabulary.unknown is None:
                raise DataError(f"Sentences: the vocabulary of {name} has no {UNKNOWN}, which new {name} need")
        self.unknown = np.int32(words.ids[UNKNOWN])
        places: dict[str, int] = {}
        self.words, self.forms = [], []
        for sentence in sentences:
            self.words.append(words.encode(map(normal_form, sentence)))
            found = (places.setdefault(word, len(places)) for word in sentence)
            self.forms.append(np.fromiter(found, dtype=np.int64))
        self.spelled = [characters.encode(islice(tokenize(form, spelling), LONGEST)) for form in places]
        self.lengths = np.array([len(ids) for ids in self.words], dtype=np.int64)

    def __len__(self) -> int:
        """Number of sentences."""
        return len(self.words)

    def by_length(self, most: int) -> Iterator[np.ndarray]:
        """Positions of all sentences, sorted by length, in batches of at most ``most`` words, padding included.

        A longer sentence is a batch of its own.
        """
        order = np.argsort(self.lengths, kind="stable")
        start = 0
        for k in range(1, len(order) + 1):
            if k == len(order) or (k + 1 - start) * self.lengths[order[k]] > most:
                yield order[start:k]
                start = k

    def pick(self, positions: np.ndarray) -> tuple[np.ndarray, ...]:
        """The sentences at these positions (M,) as one batch: words, lengths, forms, characters, sizes."""
        words, lengths = pad_sequences([self.words[p] for p in positions])
        places, _ = pad_sequences([self.forms[p] for p in positions])
        real = np.arange(places.shape[1]) < lengths[:, None]
        distinct, rows = np.unique(places[real], return_inverse=True)
        forms = np.zeros(places.shape, dtype=np.int32)
        forms[real] = rows
        spelled = [self.spelled[place] for place in distinct] or [np.zeros(0, dtype=np.int32)]  # U is at least 1
        return words, lengths, forms, *pad_sequences(spelled)


class SentenceBatches:
    """Batches of sentences of similar length: what ``Sentences.pick`` returns, then one padded array (M, T) per target.

    Args:
        sentences: N sentences.
        targets: one or several kinds of targets: for each sentence, an array of integers (T,).
        batch_size: sequences per batch, or words if ``by_words``; see ``ShuffledByWords``.
        by_words: what ``batch_size`` counts.
        seed: of the order of the sentences, and of the words that are replaced.
        rates: the probability that a word is replaced by ``<unk>``, by its id (V,), equation (1); no word is if None.
    """

    def __init__(
        self,
        sentences: Sentences,
        targets: Sequence[Sequence[np.ndarray]],
        batch_size: int,
        *,
        by_words: bool = False,
        seed: int = 0,
        rates: np.ndarray | None = None,
    ):
        for kind in targets:
            if len(kind) != len(sentences):
                raise DataError(f"SentenceBatches: {len(kind)} rows of targets for {len(sentences)} sentences")
            for n, (ids, length) in enumerate(zip(kind, sentences.lengths, strict=True)):
                if len(ids) != length:
                    raise DataError(f"SentenceBatches: sentence {n} has {length} words and {len(ids)} targets")
        self.sentences, self.targets, self.rates, self.seed = sentences, targets, rates, seed
        self.order = (ShuffledByWords if by_words else Shuffled)(sentences.lengths, batch_size, seed)

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return len(self.order)

    def batch(self, epoch: int, k: int) -> tuple[np.ndarray, ...]:
        """Batch ``k`` of an epoch, with some words replaced."""
        words, *rest = self.pick(self.order.positions(epoch, k))
        if self.rates is not None:
            draws = np.random.default_rng(seed_from(self.seed, epoch, k, MASKS)).random(words.shape)
            words = np.where(draws < self.rates[words], self.sentences.unknown, words)
        return words, *rest

    def pick(self, positions: np.ndarray) -> tuple[np.ndarray, ...]:
        """The sentences at these positions (M,) as one batch, all words as they are."""
        targets = (pad_sequences([kind[p] for p in positions])[0] for kind in self.targets)
        return *self.sentences.pick(positions), *targets
