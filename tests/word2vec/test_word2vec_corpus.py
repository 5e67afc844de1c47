"""Texts of any size as ids: words, lines and pieces; memory; bad input."""

from __future__ import annotations

import gzip
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError
from scratchnn.word2vec import corpus as module
from scratchnn.word2vec.corpus import Corpus

TEXT = "b a b\nc a b\n\nd b\n"


def write(path, text):
    path.write_bytes(text.encode("utf-8"))
    return path


def sentences(corpus, first=0):
    """The text as one list of words per line that is not empty, and the number of words read."""
    lines, total = [], 0
    for ids, numbers, words in corpus.read(first):
        total += words
        for number in dict.fromkeys(numbers.tolist()):
            lines.append([corpus.vocabulary.tokens[k] for k in ids[numbers == number]])
    return lines, total


def test_words_counts_and_sentences(tmp_path):
    corpus = Corpus([write(tmp_path / "t.txt", TEXT)], min_count=2)
    assert corpus.vocabulary.tokens == ["b", "a"]
    assert corpus.counts.tolist() == [4, 2]
    assert (corpus.words, corpus.pieces) == (8, 1)
    assert sentences(corpus) == ([["b", "a", "b"], ["a", "b"], ["b"]], 8)


def test_equal_counts_in_alphabetical_order(tmp_path):
    assert Corpus([write(tmp_path / "t.txt", "z y x\nz y x a")], min_count=1).vocabulary.tokens == ["x", "y", "z", "a"]


@pytest.mark.parametrize("size", [20, 33, 64, 1 << 18])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_pieces_are_whole_lines_and_all_lines(tmp_path, monkeypatch, size, end):
    """For any size of pieces and any line ends."""
    monkeypatch.setattr(module, "PIECE", size)
    lines = [[f"w{k % 7}", "é", "한국어"][: 1 + k % 3] for k in range(50)]
    corpus = Corpus([write(tmp_path / "t.txt", end.join(" ".join(line) for line in lines))], min_count=1)
    assert sentences(corpus) == (lines, sum(map(len, lines)))
    for first in range(corpus.pieces + 1):
        assert sentences(corpus, first)[1] == sum(words for _, _, words in list(corpus.read())[first:])


@given(text=st.text(alphabet="ab \t\n\r\u00e9\u3000", min_size=1, max_size=60), size=st.integers(1, 20))
@settings(max_examples=50, deadline=None)
def test_no_word_is_lost_or_cut(text, size, tmp_path_factory):
    """Counts are those of the whole text, also if a line is longer than a piece."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", size)
        expected = Counter(text.split())
        if len(expected) > 1:
            corpus = Corpus([write(tmp_path_factory.mktemp("t") / "t.txt", text)], min_count=1)
            assert dict(zip(corpus.vocabulary.tokens, corpus.counts.tolist(), strict=True)) == expected
            lines, _ = sentences(corpus)
            assert [word for line in lines for word in line] == text.split()
            assert corpus.words == expected.total()


def test_mixed_line_ends(tmp_path):
    corpus = Corpus([write(tmp_path / "t.txt", "a b\r\nb a\rc c\n\n\ra c")], min_count=1)
    assert sentences(corpus)[0] == [["a", "b"], ["b", "a"], ["c", "c"], ["a", "c"]]


def test_several_files_plain_and_packed_and_with_a_mark(tmp_path):
    plain, packed = tmp_path / "a.txt", tmp_path / "b.txt.gz"
    plain.write_bytes(b"\xef\xbb\xbfa b")  # no line end: the next file still begins a new line
    packed.write_bytes(gzip.compress(b"b c\n"))
    corpus = Corpus([plain, str(packed)], min_count=1)
    assert sentences(corpus)[0] == [["a", "b"], ["b", "c"]]
    assert corpus.vocabulary.tokens == ["b", "a", "c"]


def test_digest_is_of_the_words_and_lines_not_of_the_line_ends(tmp_path):
    digests = [Corpus([write(tmp_path / "t.txt", text)], min_count=1).digest for text in ("a b\nc", "a b\r\nc", "a c\nb")]
    assert digests[0] == digests[1] != digests[2]


def test_memory_does_not_grow_with_the_text(tmp_path):
    """Eight times the text, the same vocabulary: the same memory within 5%, and no more than that of twenty pieces."""
    peaks = []
    words = np.array([f"word{k}" for k in range(500)])
    for size in (1, 8):
        rng = np.random.default_rng(0)
        path = tmp_path / f"{size}.txt"
        with open(path, "w") as file:
            for _ in range(size):
                file.write("\n".join(" ".join(line) for line in words[rng.integers(0, 500, (10_000, 12))]) + "\n")
        tracemalloc.start()
        corpus = Corpus([path])
        for _ in corpus.read():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert path.stat().st_size > size * 800_000
    assert peaks[1] < 1.05 * peaks[0]
    assert peaks[1] < 20 * module.PIECE


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n\t\r\n "])
def test_empty(tmp_path, text):
    with pytest.raises(DataError, match=r"^no words in .*t\.txt$"):
        Corpus([write(tmp_path / "t.txt", text)])


def test_one_word(tmp_path):
    with pytest.raises(DataError, match=r"a vocabulary of 1 word\(s\) in .*: word vectors need two or more; use a longer"):
        Corpus([write(tmp_path / "t.txt", "la la la la la la")])


@pytest.mark.parametrize(("text", "kept", "least"), [("a a a a a b b b c", 1, 3), ("a a b c", 0, 1), ("a a b b", 0, 2)])
def test_all_too_rare(tmp_path, text, kept, least):
    path = write(tmp_path / "t.txt", text)
    message = rf"vocabulary of {kept} word\(s\) .* lower the minimum count, 5, to {least} or less"
    with pytest.raises(DataError, match=message):
        Corpus([path])
    assert len(Corpus([path], min_count=least).vocabulary) >= 2


@pytest.mark.parametrize("size", [4, 1 << 18])
def test_not_utf8(tmp_path, monkeypatch, size):
    monkeypatch.setattr(module, "PIECE", size)
    (tmp_path / "t.txt").write_bytes(b"\xef\xbb\xbfab cd\nef gh\nij \xff kl")
    with pytest.raises(DataError, match=r"t\.txt is not UTF-8: byte 0xff at offset 18; convert it first"):
        Corpus([tmp_path / "t.txt"])


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*none\.txt: No such file"):
        Corpus([tmp_path / "none.txt"])
    with pytest.raises(DataError, match=r"cannot read .*: Is a directory"):
        Corpus([tmp_path])
    with pytest.raises(DataError, match=r"cannot write to .*nowhere: No such file"):
        Corpus([write(tmp_path / "t.txt", TEXT)], folder=tmp_path / "nowhere")


def test_damaged_gzip(tmp_path):
    whole = gzip.compress(TEXT.encode() * 1000)
    for damaged in (whole[:-9], b"no gzip", whole[:30] + b"\0\0\0\0" + whole[34:]):
        (tmp_path / "t.gz").write_bytes(damaged)
        with pytest.raises(DataError, match=r"t\.gz is not a complete gzip file"):
            Corpus([tmp_path / "t.gz"])


def test_smallest_count_is_a_whole_number(tmp_path):
    with pytest.raises(DataError, match="min_count must be a whole number of 1 or more, got 0"):
        Corpus([write(tmp_path / "t.txt", TEXT)], min_count=0)
