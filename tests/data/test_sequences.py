"""Padding, truncation, and batches of similar length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.data import Pairs, bucket_batches, pad_sequences
from scratchnn.errors import DataError, ShapeError
from scratchnn.text import END, UNKNOWN, Vocabulary, texts_to_sequences, tokenize

TEXTS = ["the cat sat on the mat", "", "a dog\nran"]


def test_texts_to_one_array():
    vocabulary = Vocabulary.build(token for text in TEXTS for token in tokenize(text, "word"))
    assert vocabulary.tokens == [*"<pad> <unk> <bos> <eos> the a cat dog mat on ran sat".split()]
    sequences = texts_to_sequences(TEXTS, vocabulary)
    ids, lengths = pad_sequences(sequences, padding_id=vocabulary.padding)
    np.testing.assert_array_equal(ids, [[4, 6, 11, 9, 4, 8], [0] * 6, [5, 7, 3, 10, 0, 0]])  # 3: the end of a line within
    np.testing.assert_array_equal(lengths, [6, 0, 4])
    assert all(sequence.dtype == np.int32 for sequence in sequences)


@pytest.mark.parametrize("text", ["the bat", "the bat\n", " the  bat \n"])
def test_sequences_open_and_close_once(text):
    vocabulary = Vocabulary.build("the cat".split())
    the, bat = vocabulary.ids["the"], vocabulary.unknown
    for bos, eos in [(False, False), (True, False), (False, True), (True, True)]:
        expected = [vocabulary.begin] * bos + [the, bat] + [vocabulary.end] * eos
        assert texts_to_sequences([text], vocabulary, "word", bos, eos)[0].tolist() == expected
        assert texts_to_sequences([text], vocabulary, str.split, bos, eos)[0].tolist() == expected


@pytest.mark.parametrize("level", ["char", "letter"])
def test_sequences_of_characters_keep_every_one(level):
    texts = ["한국\n", "국", ""]
    vocabulary = Vocabulary.build(tokenize("".join(texts), level))
    sequences = texts_to_sequences(iter(texts), vocabulary, level, eos=True)
    expected = [[*tokenize(text, level), END] for text in texts]
    assert [vocabulary.decode(sequence) for sequence in sequences] == expected


def test_texts_that_cannot_be_sequences():
    vocabulary = Vocabulary.build(["the"], specials=(UNKNOWN,))
    with pytest.raises(DataError, match="the vocabulary has no <bos>; build it with <bos> among the specials"):
        texts_to_sequences(["the"], vocabulary, bos=True)
    with pytest.raises(DataError, match="the vocabulary has no <eos>"):
        texts_to_sequences(["the"], vocabulary, eos=True)
    with pytest.raises(DataError, match="takes a list of texts, got one string"):
        texts_to_sequences("the", vocabulary)
    with pytest.raises(DataError, match="token 'cat' is not in the vocabulary, which has no <unk>"):
        texts_to_sequences(["the cat"], Vocabulary(["the"]))


@pytest.mark.parametrize("missing", [None, float("nan"), 3, b"the", ["the"]])
def test_a_text_that_is_no_string_is_named_with_its_position(missing):
    """None and NaN are what a table has where a text is missing."""
    vocabulary = Vocabulary.build(["the"])
    with pytest.raises(DataError) as caught:
        texts_to_sequences(["the", "", missing], vocabulary)
    assert str(caught.value) == (
        f"texts_to_sequences: text 2 is {missing!r}, not a string; leave it out, or replace it by ''"
    )


def test_ids_are_not_cut_and_do_not_wrap():
    rows = [np.array([1, 2], np.uint64), np.array([3], np.int64), [4, 5, 2**31 - 1], (), np.array([]), [-(2**31)]]
    ids, lengths = pad_sequences(rows)
    assert ids.dtype == np.int32
    assert ids.tolist() == [[1, 2, 0], [3, 0, 0], [4, 5, 2**31 - 1], [0, 0, 0], [0, 0, 0], [-(2**31), 0, 0]]
    assert lengths.tolist() == [2, 1, 3, 0, 0, 1]
    for row, dtype in ([[1.5, 2.7], "float64"], [[True], "bool"], ["12", "<U2"], [[1, None], "object"], [["1"], "<U1"]):
        with pytest.raises(ShapeError, match=r"^pad_sequences: sequence 1 must be (integers, got dtype|a sequence of ids)"):
            pad_sequences([[1], row])
        if not isinstance(row, str):
            with pytest.raises(ShapeError, match=f"got dtype {dtype}$"):
                pad_sequences([[1], row])
    for row in ([2**31], [-(2**31) - 1], np.array([2**32 + 5]), np.array([2**63], np.uint64)):
        with pytest.raises(DataError, match=r"^pad_sequences: sequence 0 must be between -2147483648 and 2147483647, got "):
            pad_sequences([row])
    for row in (3, [[1, 2]], np.zeros((2, 2), int)):
        with pytest.raises(ShapeError, match=r"^pad_sequences: sequence 0 must be a sequence of ids \(M,\), got shape"):
            pad_sequences([row])
    with pytest.raises(ShapeError, match=r"^pad_sequences: padding_id must be integers, got dtype float64"):
        pad_sequences([[1]], 2, padding_id=0.5)
    with pytest.raises(DataError, match=r"^pad_sequences: padding_id must be between"):
        pad_sequences([[1]], 2, padding_id=2**31)


def test_pairs_with_an_empty_target_or_one_that_is_no_target():
    source = np.array([1, 2])
    *_, inputs, lengths, outputs = Pairs([source, source], [[], [5]], 2, begin=3, end=4).pick(np.arange(2))
    assert (inputs.tolist(), outputs.tolist(), lengths.tolist()) == ([[3, 0], [3, 5]], [[4, 0], [5, 4]], [1, 2])
    with pytest.raises(ShapeError, match=r"^target 1 must be integers, got dtype float64$"):
        Pairs([source, source], [[], [5.5]], 2, begin=3, end=4)


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
    with pytest.raises(DataError, match="truncate must be one of left, right, got None"):
        pad_sequences(sequences, truncate=None)
    for length in (-1, 2.0):
        with pytest.raises(DataError, match=f"length must be a whole number of 0 or more, got {length}"):
            pad_sequences(sequences, length)
    assert pad_sequences([])[0].shape == (0, 0)


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
    others = bucket_batches(lengths, 10, np.random.default_rng(2))
    assert not {frozenset(batch) for batch in batches} & {frozenset(batch) for batch in others}
    means = [lengths[batch].mean() for batch in bucket_batches(lengths, 10, np.random.default_rng(1), pool=100)]
    assert means != sorted(means)  # short and long ones in turn
    assert [batch.tolist() for batch in bucket_batches([3, 1, 2], 2)] == [[1, 2], [0]]
    with pytest.raises(DataError, match="batch_size must be a whole number of 1 or more, got 0"):
        bucket_batches(lengths, 0)
    with pytest.raises(DataError, match="pool must be a whole number of 1 or more, got 0"):
        bucket_batches(lengths, 10, pool=0)
