"""Pieces of words by byte-pair encoding: frequent words are one piece, rare ones several, down to single characters.

A text is first cut into words and runs of punctuation, each with the space before it, if there is one, so that joining the
pieces restores the text. Learning begins with characters and repeats:

    n(s) = how often two adjacent pieces of a word together form the string s                                      (1)
    the string with the largest n becomes a piece, and wherever two pieces form it, they are joined                (2)

Of equally frequent strings, the first in alphabetical order is taken. To cut a word, begin with its characters and join
adjacent pieces, always the pair that forms the earliest learned piece (the leftmost one of several), until no pair forms a
piece. Learning keeps every word cut in this way, so both agree. The order of learning is that of the ids in the vocabulary,
so nothing else has to be saved. Gage (1994) for the method; Sennrich, Haddow and Birch (2016) for words, who count pairs
where (1) counts the strings that pairs form.
"""

from __future__ import annotations

import heapq
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from operator import add

from scratchnn.errors import DataError, whole_number
from scratchnn.text.vocabulary import SPECIALS, Vocabulary

WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s")
NONE = sys.maxsize  # the rank of a string that is no piece


def spaced_words(text: str) -> list[str]:
    """Words and runs of punctuation of a text in NFC, each with the space before it; the text gets one at its start."""
    return WORD.findall(" " + unicodedata.normalize("NFC", text))


def join_pieces(pieces: Iterable[str]) -> str:
    """The text, without the space that ``spaced_words`` puts at its start."""
    return "".join(pieces).removeprefix(" ")


def formed(pieces: list[str]) -> list[str]:
    """The strings that adjacent pieces form."""
    return list(map(add, pieces, pieces[1:]))


def merged(pieces: list[str], ranks: Mapping[str, int]) -> list[str]:
    """Join adjacent pieces, those that form the piece of the lowest rank first, until no pair forms a piece."""
    while len(pieces) > 1:
        found = [ranks.get(string, NONE) for string in formed(pieces)]
        rank = min(found)
        if rank == NONE:
            break
        k = found.index(rank)
        pieces = [*pieces[:k], pieces[k] + pieces[k + 1], *pieces[k + 2 :]]
    return pieces


def learn_pieces(texts: Iterable[str], size: int, specials: tuple[str, ...] = SPECIALS) -> Vocabulary:
    """Equations (1) and (2): special tokens, characters by decreasing frequency, then pieces in the order of learning.

    Args:
        texts: the training texts.
        size: largest number of tokens. Learning ends before it if no two pieces occur together twice.
        specials: tokens with the first ids.

    Raises:
        DataError: ``size`` leaves no place for a character.
    """
    whole_number(size, "learn_pieces: size", len(specials) + 1)
    counts = Counter(word for text in texts for word in spaced_words(text))
    vocabulary = Vocabulary.build((c for word in counts.elements() for c in word), specials, size)
    ranks = dict(vocabulary.ids)
    words = [list(word) for word in counts]
    often = list(counts.values())
    pairs: Counter[str] = Counter()  # (1)
    places = defaultdict(set)  # positions of the words in which two pieces form a string

    def count(k: int, strings: Iterable[str], sign: int) -> None:
        for string in strings:
            pairs[string] += sign * often[k]
            if sign > 0:
                places[string].add(k)

    for k, word in enumerate(words):
        count(k, formed(word), 1)
    queue = [(-number, string) for string, number in pairs.items()]  # most frequent first, then in alphabetical order
    heapq.heapify(queue)
    while len(ranks) < size and queue:
        number, piece = heapq.heappop(queue)
        if -number != pairs[piece]:  # it was counted before other pieces were joined; its new number is in the queue
            continue
        if -number < 2:
            break
        ranks[piece] = len(ranks)  # (2)
        changed: set[str] = set()
        for k in places.pop(piece):
            before = formed(words[k])
            if piece in before:  # or other pieces were joined in this word since
                words[k] = merged(words[k], ranks)
                after = formed(words[k])
                count(k, before, -1)
                count(k, after, 1)
                changed.update(before, after)
        changed.discard(piece)
        for string in changed:
            heapq.heappush(queue, (-pairs[string], string))
    return Vocabulary(list(ranks))


class Pieces:
    """Cuts texts into the pieces of a vocabulary that ``learn_pieces`` made; usable as a level of ``tokenize``.

    Args:
        vocabulary: its order decides which pieces are joined first.

    Attributes:
        words: the words that were cut so far, and their pieces.
    """

    __name__ = "Pieces"

    def __init__(self, vocabulary: Vocabulary):
        if vocabulary.unknown is None:
            raise DataError("a vocabulary of pieces needs <unk>, for characters that it does not have")
        self.ranks = vocabulary.ids
        self.words: dict[str, list[str]] = {}

    def __call__(self, text: str) -> list[str]:
        """The pieces of a text."""
        return [piece for word in spaced_words(text) for piece in self.cut(word)]

    def cut(self, word: str) -> list[str]:
        """The pieces of one word of ``spaced_words``; characters without an id stay single."""
        if word not in self.words:
            self.words[word] = merged(list(word), self.ranks)
        return self.words[word]
