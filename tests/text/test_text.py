"""Texts: files, streams of batches, and the text that comes with Python."""

from __future__ import annotations

import gzip
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.data import TokenStreams
from scratchnn.datasets import python_manual, python_sources
from scratchnn.errors import DataError
from scratchnn.tasks.lm import split_text
from scratchnn.text import read_text, read_texts

# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"one\ntwo\n", "one\ntwo\n"),
        (b"\xef\xbb\xbfone", "one"),  # a byte order mark
        (b"one\r\ntwo\rthree\nfour\r\r\n", "one\ntwo\nthree\nfour\n\n"),
        ("한국어 ü €\n".encode(), "한국어 ü €\n"),
        (b"", ""),
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
def test_reading(tmp_path, raw, expected, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(raw) if suffix.endswith("gz") else raw)
    assert read_text(path) == read_text(str(path)) == expected


def test_several_files_follow_each_other_on_lines_of_their_own(tmp_path):
    contents = {"a": b"\xef\xbb\xbfone", "b": b"", "c": b"two\n", "d": b"three"}
    for name, raw in contents.items():
        (tmp_path / name).write_bytes(raw)
    assert read_texts([tmp_path / name for name in contents]) == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("raw", "byte", "offset"),
    [(b"caf\xe9 au lait", "0xe9", 3), (b"ok \xed\x95", "0xed", 3), (b"\xff\xfeo\x00k\x00", "0xff", 0)],
)
def test_a_file_that_is_not_utf_8_is_refused_with_the_place(tmp_path, raw, byte, offset):
    path = tmp_path / "latin.txt"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=rf"latin.txt is not UTF-8: byte {byte} at offset {offset}; convert it first"):
        read_text(path)


@pytest.mark.parametrize(
    ("raw", "line", "hint"),
    [
        (b"one\r\ntwo\rth\0ree\n\0", 3, ""),
        ("one\ntwo".encode("utf-16-le"), 1, ""),  # without a byte order mark
        (b"PK\x03\x04\0\0", 1, r" \(it is a zip archive; unpack it"),
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
def test_a_file_with_a_nul_byte_is_refused_with_its_line(tmp_path, raw, line, hint, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(raw) if suffix.endswith("gz") else raw)
    with pytest.raises(DataError, match=rf"line {line} contains a NUL byte, .*; save the file again as UTF-8{hint}"):
        read_text(path)


def test_a_damaged_gzip_file_is_refused_wherever_it_is_cut_off(tmp_path):
    path = tmp_path / "a.gz"
    whole = gzip.compress(b"the quick brown fox " * 20)
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"a.gz is not a complete gzip file"):
            read_text(path)
    for place in (0, 2, len(whole) // 2, len(whole) - 6):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        path.write_bytes(bytes(changed))
        with pytest.raises(DataError, match=r"a.gz is not a complete gzip file"):
            read_text(path)
    path.write_bytes(b"plain text with the wrong name")
    with pytest.raises(DataError, match="is not a complete gzip file"):
        read_text(path)


def test_missing_files_folders_and_empty_texts(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*none.txt: No such file"):
        read_text(tmp_path / "none.txt")
    with pytest.raises(DataError, match="Is a directory"):
        read_text(tmp_path)
    for name, raw in (("a.txt", b""), ("b.txt", b" \n\t\r\n\n")):
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=r"no text in .*a.txt, .*b.txt"):
        read_texts([tmp_path / "a.txt", tmp_path / "b.txt"])


# --- batches ---------------------------------------------------------------------------------------------------------


@given(batch=st.integers(1, 5), window=st.integers(1, 7), extra=st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_an_epoch_has_no_target_twice_and_leaves_out_less_than_a_batch_of_windows(batch, window, extra):
    """Each target is the token after its input in the text."""
    M = batch * window + 1 + extra
    streams = TokenStreams(np.arange(M, dtype=np.int32), batch, window)
    seen = set()
    for epoch in range(batch + 2):
        batches = [streams.batch(epoch, k) for k in range(len(streams))]
        assert all(inputs.shape == targets.shape == (batch, window) for inputs, targets in batches)
        assert all((targets == inputs + 1).all() for inputs, targets in batches)
        targets = np.concatenate([targets.reshape(-1) for _, targets in batches])
        assert len(set(targets)) == len(targets) > M - 1 - batch - batch * window
        seen.update(targets.tolist())
    assert seen == set(range(1, M))  # what one epoch leaves out, later epochs contain


@given(batch=st.integers(1, 4), window=st.integers(1, 5), extra=st.integers(0, 30))
@settings(max_examples=50, deadline=None)
def test_windows_follow_each_other_in_each_stream(batch, window, extra):
    """Also across the end of an epoch, and from the end of the text to its start."""
    M = batch * window + 1 + extra
    streams = TokenStreams(np.arange(M), batch, window)
    places = [(epoch, k) for epoch in range(3) for k in range(len(streams))]
    for before, now in pairwise(places):
        last, first = streams.batch(*before)[1][:, -1], streams.batch(*now)[0][:, 0]
        assert (first % (M - 1) == last % (M - 1)).all()
    assert (np.diff(streams.batch(0, 0)[0][:, 0]) == (M - 1) // batch).all()


def test_windows_are_cut_elsewhere_in_every_epoch():
    """104 positions, 52 per stream, 7 windows of 7: stream 0 continues at 49, three before the start of stream 1."""
    streams = TokenStreams(np.arange(105), 2, 7)
    cuts = [{int(p) for k in range(7) for p in streams.batch(epoch, k)[0][:, 0] % 104} for epoch in range(2)]
    assert streams.batch(1, 0)[0][:, 0].tolist() == [49, 101]
    assert {0, 7, 52, 59} < cuts[0]
    assert {49, 56, 101, 4} < cuts[1]


def test_a_text_shorter_than_one_batch_of_windows_is_refused():
    TokenStreams(np.arange(13), 4, 3)
    with pytest.raises(
        DataError, match=r"the text has 12 tokens, one batch of windows needs 4 x 3 \+ 1 = 13; use a longer"
    ):
        TokenStreams(np.arange(12), 4, 3)


@pytest.mark.parametrize(("batch", "window"), [(0, 3), (3, 0), (-1, 3), (2.0, 3), (2, 3.5), (True, 3)])
def test_sizes_of_batches_are_whole_numbers(batch, window):
    with pytest.raises(DataError, match=r"TokenStreams: (batch_size|window) must be a whole number of 1 or more"):
        TokenStreams(np.arange(100), batch, window)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("word\n" * 40, "word\n" * 2),
        ("x" * 100, "x" * 5),
        ("ab " * 40, "ab " * 2),
        ("title\n" + "y" * 194, "y" * 10),  # the only line end is far from the place to cut
        ("title\n" + "yyy " * 50, "yyy " * 3),
    ],
)
def test_the_last_twentieth_is_kept_for_validation(text, valid):
    train, rest = split_text(text)
    assert train + rest == text
    assert rest == valid


@given(st.text(st.sampled_from("ab \n"), max_size=300))
@settings(max_examples=50, deadline=None)
def test_splitting_loses_nothing_and_keeps_about_a_twentieth(text):
    train, rest = split_text(text)
    assert train + rest == text
    assert len(text) // 20 <= len(rest) <= len(text) // 10


# --- text that comes with Python -------------------------------------------------------------------------------------


def test_the_sources_of_python():
    text = python_sources()
    assert len(text) > 5_000_000
    assert "def namedtuple(" in text
    assert "class TestCase(" in text  # unittest itself is included, the tests of the library are not


def test_the_manual_of_python():
    text = python_manual()
    assert len(text) > 300_000
    assert 'The "for" statement' in text or "The `for` statement" in text
    assert text == python_manual()
