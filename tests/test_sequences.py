"""Padding, truncation, and batches of similar length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError
from scratchnn.text.sequences import bucket_batches, pad_sequences


def test_padding_and_truncation_by_hand():
    sequences = [[1, 2, 3], [4], []]
    ids, lengths = pad_sequences(sequences)
    np.testing.assert_array_equal(ids, [[1, 2, 3], [4, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(lengths, [3, 1, 0])
    ids, lengths = pad_sequences(sequences, 2, padding_id=9, pad="left", truncate="left")
    np.testing.assert_array_equal(ids, [[2, 3], [9, 4], [9, 9]])
    np.testing.assert_array_equal(lengths, [2, 1, 0])
    np.testing.assert_array_equal(pad_sequences(sequences, 2)[0], [[1, 2], [4, 0], [0, 0]])
    with pytest.raises(DataError, match="pad must be one of left, right, got 'top'"):
        pad_sequences(sequences, pad="top")


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=6),
    st.integers(0, 8),
    st.sampled_from(["left", "right"]),
    st.sampled_from(["left", "right"]),
)
def test_nothing_is_lost_but_what_is_too_long(sequences, length, pad, truncate):
    ids, lengths = pad_sequences(sequences, length, pad=pad, truncate=truncate)
    assert ids.shape == (len(sequences), length)
    for row, sequence, kept in zip(ids, sequences, lengths, strict=True):
        expected = sequence[:length] if truncate == "right" else sequence[max(len(sequence) - length, 0) :]
        real = row[:kept] if pad == "right" else row[length - kept :]
        assert list(real) == expected
        assert (row != 0).sum() == kept


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 7), st.booleans())
def test_every_sequence_is_in_one_batch(lengths, batch_size, shuffled):
    rng = np.random.default_rng(0) if shuffled else None
    batches = bucket_batches(np.array(lengths, dtype=int), batch_size, rng, pool=3)
    assert sorted(k for batch in batches for k in batch) == list(range(len(lengths)))
    assert all(len(batch) <= batch_size for batch in batches)


def test_batches_hold_similar_lengths():
    lengths = np.random.default_rng(0).integers(1, 100, 1000)
    batches = bucket_batches(lengths, 10, np.random.default_rng(1))
    padded = sum(lengths[batch].max() * len(batch) for batch in batches)
    assert padded < 1.1 * lengths.sum()
    assert list(batches[0]) != list(bucket_batches(lengths, 10, np.random.default_rng(2))[0])
    with pytest.raises(DataError, match="batch size must be 1 or more"):
        bucket_batches(lengths, 0)
