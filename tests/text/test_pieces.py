"""Byte-pair pieces: worked out by hand, restored exactly, and cut as they were while learning."""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError
from scratchnn.text import SPECIALS, Vocabulary
from scratchnn.text.pieces import Pieces, join_pieces, learn_pieces, merged, spaced_words

TEXTS = ["the cat sat", "the cats sat.", "that hat, the hat!"]
texts = st.lists(st.text("ab c.,가나", max_size=12), min_size=1, max_size=8)


def by_the_equations(words, size):
    """Equations (1) and (2) without a queue: count anew for each piece, and cut each word anew."""
    characters = Counter(c for word, number in words.items() for c in word * number)
    ranks = {token: k for k, token in enumerate([*SPECIALS, *sorted(characters, key=lambda c: (-characters[c], c))])}
    while len(ranks) < size:
        pairs = Counter()
        for word, number in words.items():
            pieces = merged(list(word), ranks)
            for a, b in itertools.pairwise(pieces):
                pairs[a + b] += number
        if not pairs or max(pairs.values()) < 2:
            break
        ranks[min(pairs, key=lambda string: (-pairs[string], string))] = len(ranks)
    return list(ranks)


def test_pieces_by_hand():
    """In " low low lower": low occurs 3 times, so " l", " lo" and " low" are learned, then nothing occurs twice."""
    learned = learn_pieces(["low low lower"], 99).tokens[len(SPECIALS) :]
    assert learned == [" ", "l", "o", "w", "e", "r", " l", " lo", " low"]
    assert Pieces(learn_pieces(["low low lower"], 99))("lowest low") == [" low", "e", "s", "t", " low"]


def test_the_earliest_learned_pair_is_joined_first():
    assert merged(list("abc"), {"bc": 1, "ab": 2}) == ["a", "bc"]
    assert merged(list("abc"), {"bc": 2, "ab": 1}) == ["ab", "c"]
    assert merged(list("aaa"), {"aa": 1}) == ["aa", "a"]  # the leftmost of several
    assert merged(list("abab"), {"ab": 1, "abab": 2}) == ["abab"]
    assert merged([], {"ab": 1}) == []


@given(texts, st.integers(12, 40))
@settings(max_examples=60, deadline=None)
def test_learning_with_a_queue_is_learning_by_the_equations(some, size):
    words = Counter(word for text in some for word in spaced_words(text))
    assert learn_pieces(some, size).tokens == by_the_equations(words, size)


@given(texts, st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_is_restored(some, other):
    """Also characters that were never seen, tabs, line ends, and several spaces."""
    pieces = Pieces(learn_pieces(some, 30))
    for text in [*some, other, " a  b\t\nc ", ""]:
        assert join_pieces(pieces(text)) == unicodedata.normalize("NFC", text)


def test_words_punctuation_and_spaces():
    assert spaced_words("Go, go! 3.5  x") == [" Go", ",", " go", "!", " 3", ".", "5", " ", " x"]
    assert spaced_words("가자.") == [" 가자", "."]
    assert spaced_words("") == [" "]
    assert spaced_words("e\u0301a") == [" \u00e9a"]  # NFC


def test_ids_and_unseen_characters():
    vocabulary = learn_pieces(TEXTS, 22)
    assert len(vocabulary) == 22
    ids = vocabulary.encode(Pieces(vocabulary)("the cats § sat"))
    assert vocabulary.decode(ids).count("<unk>") == 1
    assert join_pieces(vocabulary.decode(ids)) == "the cats <unk> sat"


def test_text_that_looks_like_a_special_token_is_text():
    pieces = Pieces(learn_pieces(["<unk> <unk> <pad> <pad>"] * 3, 60))
    assert not set(SPECIALS) & set(pieces("<unk> <pad>"))
    assert join_pieces(pieces("<unk> <pad>")) == "<unk> <pad>"


def test_the_same_on_every_run_and_whatever_the_order_of_equal_words():
    assert learn_pieces(TEXTS, 40).tokens == learn_pieces(TEXTS[::-1], 40).tokens


def test_words_are_cut_once():
    pieces = Pieces(learn_pieces(TEXTS, 30))
    assert pieces("the the the") == pieces.words[" the"] * 3
    assert list(pieces.words) == [" the"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: learn_pieces(["", ""], 4), "learn_pieces: size must be a whole number of 5 or more, got 4"),
        (lambda: Pieces(Vocabulary(["a"])), "a vocabulary of pieces needs <unk>, for characters that it does not have"),
    ],
)
def test_errors(call, message):
    with pytest.raises(DataError, match=message):
        call()
