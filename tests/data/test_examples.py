"""Labelled sequences and pairs as batches: the same whenever they are asked for, each example once per epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.data import PaddedExamples, Pairs, SeriesWindows
from scratchnn.errors import DataError

BEGIN, END = 2, 3

sequence_lists = st.lists(st.lists(st.integers(4, 30), max_size=7), min_size=1, max_size=25)


def sequences_of(lists):
    return [np.array(part, dtype=np.int32) for part in lists]


def same(left, right):
    return all(a.dtype == b.dtype and a.shape == b.shape and (a == b).all() for a, b in zip(left, right, strict=True))


def every_kind(count, batch_size, seed):
    """The same examples as each kind of batches; example number k can be told from all others."""
    rng = np.random.default_rng(count)
    sequences = [rng.integers(4, 30, rng.integers(0, 6)).astype(np.int32) for _ in range(count)]
    tags = [rng.integers(4, 30, len(sequence)) for sequence in sequences]
    series = np.arange(2.0 * (count + 3)).reshape(-1, 2)
    return {
        "classes": PaddedExamples(sequences, np.arange(count), batch_size, seed=seed),
        "tags": PaddedExamples(sequences, tags, batch_size, seed=seed),
        "pairs": Pairs(sequences, sequences[::-1], batch_size, begin=BEGIN, end=END, seed=seed),
        "windows": SeriesWindows(series, series[:, 0], batch_size, lookback=3, seed=seed),
    }


@pytest.mark.parametrize("kind", ["classes", "tags", "pairs", "windows"])
@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 23),
    st.integers(1, 8),
    st.integers(0, 3),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), min_size=1, max_size=12),
)
def test_a_batch_depends_on_epoch_and_number_alone(kind, count, batch_size, seed, asked):
    """In whatever order they are asked for, and however often."""
    used = every_kind(count, batch_size, seed)[kind]
    for epoch, k in asked + asked[::-1]:
        k %= len(used)
        assert same(used.batch(epoch, k), every_kind(count, batch_size, seed)[kind].batch(epoch, k))


@settings(deadline=None, max_examples=60)
@given(sequence_lists, st.integers(1, 9), st.integers(0, 3), st.integers(0, 5))
def test_each_example_is_in_one_batch_of_an_epoch(lists, batch_size, seed, epoch):
    batches = PaddedExamples(sequences_of(lists), np.arange(len(lists)), batch_size, seed=seed)
    assert len(batches) == -(-len(lists) // batch_size)
    seen = [batches.batch(epoch, k) for k in range(len(batches))]
    assert sorted(place for _, _, places in seen for place in places) == list(range(len(lists)))
    assert sorted(len(places) for _, _, places in seen)[1:] == [batch_size] * (len(batches) - 1)
    for ids, lengths, places in seen:
        for row, length, place in zip(ids, lengths, places, strict=True):
            assert row[:length].tolist() == lists[place]
            assert not row[length:].any()
        assert ids.shape == (len(places), max(len(lists[place]) for place in places))


@settings(deadline=None, max_examples=60)
@given(sequence_lists, st.integers(1, 9), st.integers(0, 5))
def test_the_decoder_reads_its_targets_shifted_by_one_step(lists, batch_size, epoch):
    sources, targets = sequences_of(lists), sequences_of([part[1:] for part in lists[::-1]])
    batches = Pairs(sources, targets, batch_size, begin=BEGIN, end=END, seed=1)
    found = []
    for k in range(len(batches)):
        source, source_lengths, inputs, lengths, outputs = batches.batch(epoch, k)
        assert inputs.shape == outputs.shape == (len(source), lengths.max())
        assert (inputs[:, 0] == BEGIN).all()
        np.testing.assert_array_equal(inputs[:, 1:][inputs[:, 1:] != 0], outputs[:, :-1][inputs[:, 1:] != 0])
        for row in range(len(source)):
            target = outputs[row, : lengths[row] - 1]
            assert outputs[row, lengths[row] - 1] == END
            assert not inputs[row, lengths[row] :].any()
            assert not outputs[row, lengths[row] :].any()
            assert not source[row, source_lengths[row] :].any()
            found.append((source[row, : source_lengths[row]].tolist(), target.tolist()))
    assert sorted(found) == sorted((a.tolist(), b.tolist()) for a, b in zip(sources, targets, strict=True))


def test_padding_by_hand():
    sequences = sequences_of([[7, 8, 9], [5]])
    batches = PaddedExamples(sequences, np.array([1, 0]), 2, padding_id=4)
    ids, lengths, classes = batches.pick(np.array([1, 0]))
    np.testing.assert_array_equal(ids, [[5, 4, 4], [7, 8, 9]])
    np.testing.assert_array_equal(lengths, [1, 3])
    np.testing.assert_array_equal(classes, [0, 1])
    tags = PaddedExamples(sequences, [np.array([1, 2, 1]), np.array([2])], 2).pick(np.array([1, 0]))[2]
    np.testing.assert_array_equal(tags, [[2, 0, 0], [1, 2, 1]])
    vectors = PaddedExamples(sequences, np.eye(2), 2).pick(np.array([1, 0]))[2]
    np.testing.assert_array_equal(vectors, [[0, 1], [1, 0]])


def test_teacher_forcing_by_hand():
    batches = Pairs(sequences_of([[7, 8], [5]]), sequences_of([[4], [9, 6]]), 2, begin=BEGIN, end=END)
    source, source_lengths, inputs, lengths, outputs = batches.pick(np.array([0, 1]))
    np.testing.assert_array_equal(source, [[7, 8], [5, 0]])
    np.testing.assert_array_equal(source_lengths, [2, 1])
    np.testing.assert_array_equal(inputs, [[BEGIN, 4, 0], [BEGIN, 9, 6]])
    np.testing.assert_array_equal(lengths, [2, 3])
    np.testing.assert_array_equal(outputs, [[4, END, 0], [9, 6, END]])


@pytest.mark.parametrize("kind", ["classes", "tags", "pairs", "windows"])
def test_the_order_changes_from_epoch_to_epoch_and_with_the_seed(kind):
    def order(seed, epoch):
        batches = every_kind(40, 4, seed)[kind]
        return [part.tolist() for k in range(len(batches)) for part in batches.batch(epoch, k)]

    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)
    assert order(0, 1) != order(1, 0)  # (seed, epoch), not their sum
    assert order(0, 1) == order(0, 1)


def test_batches_are_of_similar_length():
    rng = np.random.default_rng(0)
    sequences = [np.ones(length, dtype=np.int32) for length in rng.integers(1, 100, 600)]
    batches = PaddedExamples(sequences, np.zeros(600), 10)
    padded = sum(batches.batch(0, k)[0].size for k in range(len(batches)))
    assert padded < 1.15 * sum(map(len, sequences))


def test_batches_do_not_change_what_they_were_given():
    lists = [[7, 8, 9], [5], []]
    sequences, classes = sequences_of(lists), np.array([0, 1, 2])
    batches = PaddedExamples(sequences, classes, 2)
    ids, lengths, picked = batches.batch(0, 0)
    ids[:], lengths[:], picked[:] = 99, 99, 99
    assert [sequence.tolist() for sequence in sequences] == lists
    assert classes.tolist() == [0, 1, 2]
    assert batches.batch(0, 0)[0].max() < 99


def test_what_cannot_be_batches():
    one = sequences_of([[5]])
    with pytest.raises(DataError, match="1 sequences have 2 targets; one target per sequence is needed"):
        PaddedExamples(one, np.zeros(2), 4)
    with pytest.raises(DataError, match="1 sources have 0 targets; each source needs one"):
        Pairs(one, [], 4, begin=BEGIN, end=END)
    with pytest.raises(DataError, match="batch_size must be a whole number of 1 or more, got 0"):
        PaddedExamples(one, np.zeros(1), 0)
    for empty in (lambda: PaddedExamples([], np.zeros(0), 4), lambda: Pairs([], [], 4, begin=BEGIN, end=END)):
        with pytest.raises(DataError, match="there are no examples to make batches of"):
            empty()
