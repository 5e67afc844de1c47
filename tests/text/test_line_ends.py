"""What ends a line: LF, CRLF and CR, in every reader; form feeds, U+0085 and U+2028 are white space."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.text import read_text, tokenize
from scratchnn.text.files import split_lines
from scratchnn.word2vec import corpus as module
from scratchnn.word2vec.corpus import Corpus, read_pieces

OTHERS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def sentences(path):
    """The lines of a text as the corpus reader splits them, without those that are empty."""
    return [line.split() for piece in read_pieces([path]) for line in piece.split("\n") if line.split()]


@pytest.mark.parametrize("space", OTHERS)
def test_other_separators_are_white_space_everywhere(tmp_path, space):
    text = f"a b{space}c\nd{space}\n"
    (tmp_path / "t.txt").write_bytes(text.encode())
    assert list(tokenize(text, "word")) == ["a", "b", "c", "<eos>", "d", "<eos>"]
    assert sentences(tmp_path / "t.txt") == [["a", "b", "c"], ["d"]]
    corpus = Corpus([tmp_path / "t.txt"], min_count=1)
    assert [line.tolist() for _, line, _ in corpus.read()] == [[0, 0, 0, 1]]


@given(st.text(alphabet="ab \t\n\r" + OTHERS, max_size=20))
def test_tokens_and_the_corpus_reader_agree(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("lines") / "t.txt"
    path.write_bytes(text.encode())
    words: list[list[str]] = [[]]
    for token in tokenize(text, "word"):
        if token == "<eos>":
            words.append([])
        else:
            words[-1].append(token)
    assert [line for line in words if line] == sentences(path)
    assert list(tokenize(read_text(path), "word")) == list(tokenize(text, "word"))


@given(st.text(alphabet="ab\n\r", max_size=20))
def test_lines_are_those_of_splitlines_if_there_are_no_other_separators(text):
    assert split_lines(text) == text.splitlines()


def test_a_word_of_many_pieces_is_joined_once(tmp_path, monkeypatch):
    """The bytes that pass through the search for a break are those of the file, not a multiple of them."""
    monkeypatch.setattr(module, "PIECE", 100)
    seen = []
    original = module._last_break
    monkeypatch.setattr(module, "_last_break", lambda data, long: (seen.append(len(data)), original(data, long))[1])
    path = tmp_path / "t.txt"
    path.write_text("a b " + "x" * 20_000 + " c\nd " + "y" * 20_000)
    corpus = Corpus([path], min_count=1)
    assert set(corpus.vocabulary.tokens) == {"a", "b", "c", "d", "x" * 20_000, "y" * 20_000}
    assert sum(seen) < 1.1 * path.stat().st_size


def test_the_place_of_a_bad_byte_counts_the_byte_order_mark(tmp_path):
    (tmp_path / "t.txt").write_bytes(b"\xef\xbb\xbfab\xff")
    with pytest.raises(ValueError, match="byte 0xff at offset 5"):
        read_text(tmp_path / "t.txt")
