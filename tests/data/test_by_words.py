"""Batches of about the same number of words: every sentence once per epoch, little padding, another order each time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.data import SentenceBatches, Sentences
from scratchnn.data.examples import ShuffledByWords
from scratchnn.errors import DataError
from scratchnn.text import Vocabulary

lengths_of = st.lists(st.integers(0, 30), min_size=1, max_size=60)


@given(lengths_of, st.integers(1, 80), st.integers(0, 3), st.integers(0, 5))
@settings(deadline=None)
def test_every_sentence_once_and_no_batch_too_large(lengths, words, seed, epoch):
    order = ShuffledByWords(lengths, words, seed)
    batches = [order.positions(epoch, k) for k in range(len(order))]
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for places in batches:
        longest = max(lengths[place] for place in places)
        assert len(places) == 1 or longest * len(places) <= words
    again = ShuffledByWords(lengths, words, seed)
    for k in reversed(range(len(order))):
        np.testing.assert_array_equal(again.positions(epoch, k), batches[k])


def test_another_order_in_each_epoch_but_as_many_batches():
    lengths = np.random.default_rng(0).integers(1, 12, 300)
    order = ShuffledByWords(lengths, 60)
    first, second = ([order.positions(epoch, k).tolist() for k in range(len(order))] for epoch in (0, 1))
    assert first != second
    assert sorted(map(sorted, first)) != sorted(map(sorted, second))  # not only the batches in another order
    padded = sum(len(places) * lengths[places].max() for places in map(np.array, first))
    assert padded < 1.05 * lengths.sum()


def test_batches_of_sentences_by_words():
    vocabulary = Vocabulary(["<pad>", "<unk>", "a"])
    forms = [["a"] * n for n in (1, 2, 3, 4, 9)]
    made = SentenceBatches(Sentences(forms, vocabulary, vocabulary), [], 8, by_words=True)
    assert sorted(made.batch(0, k)[0].shape for k in range(len(made))) == [(1, 9), (2, 2), (2, 4)]


def test_what_is_refused():
    with pytest.raises(DataError, match="there are no examples to make batches of"):
        ShuffledByWords([], 10)
    with pytest.raises(DataError, match="batch_size must be a whole number of 1 or more, got 0"):
        ShuffledByWords([1], 0)
