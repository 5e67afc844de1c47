"""Files of word vectors: exact round trips, and one clear line for each kind of damage."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError
from scratchnn.word2vec import KeyedVectors, formats, read_vectors, write_vectors
from scratchnn.word2vec.formats import FORMATS

WORDS = ["the", "naïve", "왕", "\N{NO-BREAK SPACE}x\u2028", "%d", ",", '"', "12", "<unk>", "e\u0301", "\x1c\x00", "🙂"]
GLOVE = Path(os.environ.get("SCRATCHNN_DATA", ""), "glove", "glove.6B.50d.subset.txt.gz")
needs_glove = pytest.mark.skipif(not GLOVE.is_file(), reason="needs the GloVe subset in $SCRATCHNN_DATA/glove")


def vectors_of(words, D, seed=0):
    rng = np.random.default_rng(seed)
    table = rng.standard_normal((len(words), D)) * 10.0 ** rng.integers(-30, 30, (len(words), D))
    return KeyedVectors(words, table.astype(np.float32))


def same(a, b):
    return a.words == b.words and a.vectors.tobytes() == b.vectors.tobytes()


def message(path):
    """The one-line error that reading ``path`` raises, which names the file."""
    with pytest.raises(DataError) as error:
        read_vectors(path)
    text = str(error.value)
    assert "\n" not in text
    assert str(path) in text
    return text


@pytest.fixture
def file(tmp_path):
    """Write a file with the given bytes."""

    def make(data, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return make


# --- round trips ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("format", FORMATS)
def test_round_trip(tmp_path, format, suffix):
    vectors = vectors_of(WORDS, 7)
    path = tmp_path / f"vectors{suffix}"
    write_vectors(path, vectors, format)
    assert same(read_vectors(path), vectors)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_blocks_may_end_anywhere(tmp_path, monkeypatch, format, block):
    """Words, numbers, float32 and line ends are all cut by the end of a block."""
    vectors = vectors_of(WORDS, 4)
    path = tmp_path / "vectors"
    write_vectors(path, vectors, format)
    blocks = formats._blocks
    monkeypatch.setattr(formats, "BLOCK", block)

    def after_a_complete_head(path):  # the format is recognised in the first block
        stream = blocks(path)
        yield b"".join(next(stream, b"") for _ in range(120 // block + 1))
        yield from stream

    monkeypatch.setattr(formats, "_blocks", after_a_complete_head)
    assert same(read_vectors(path), vectors)


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r\x0b\x0c"), min_size=1, max_size=6)


@given(
    st.lists(words, min_size=1, max_size=8, unique=True),
    st.integers(3, 6),
    st.integers(0, 2**31),
    st.sampled_from(FORMATS),
    st.sampled_from(["", ".gz"]),
)
@settings(max_examples=50, deadline=None)
def test_any_words_any_floats(tmp_path_factory, words, D, seed, format, suffix):
    """Random bit patterns: every finite float32, including subnormal numbers and minus zero, is restored exactly."""
    bits = np.random.default_rng(seed).integers(0, 2**32, (len(words), D), dtype=np.uint32)
    table = np.where(np.isfinite(bits.view(np.float32)), bits, bits & 0x80FFFFFF).view(np.float32)
    vectors = KeyedVectors(words, table)
    path = tmp_path_factory.mktemp("any") / f"v{suffix}"
    write_vectors(path, vectors, format)
    assert same(read_vectors(path), vectors)


def test_written_bytes(tmp_path):
    vectors = KeyedVectors(["a", "b"], np.array([[1, -0.5], [0.1, 3]], dtype=np.float32))
    for format, expected in {
        "text": b"2 2\na 1 -0.5\nb 0.100000001 3\n",
        "glove": b"a 1 -0.5\nb 0.100000001 3\n",
        "binary": b"2 2\na \0\0\x80?\0\0\0\xbf\nb \xcd\xcc\xcc=\0\0@@\n",
    }.items():
        write_vectors(tmp_path / "v", vectors, format)
        assert (tmp_path / "v").read_bytes() == expected
        write_vectors(tmp_path / "v.gz", vectors, format)
        assert gzip.decompress((tmp_path / "v.gz").read_bytes()) == expected


def test_gzip_files_do_not_depend_on_name_or_time(tmp_path):
    for name in ("one.gz", "two.gz"):
        write_vectors(tmp_path / name, vectors_of(WORDS, 3))
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


def test_run_folder(tmp_path):
    vectors = vectors_of(WORDS, 3)
    write_vectors(tmp_path / "vectors.txt", vectors)
    assert same(read_vectors(tmp_path), vectors)


# --- what is accepted ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"2 3\r\na 1 2 3\nb 4 5 6\r",
        b"2 3\ra 1 2 3\rb 4 5 6",
        b"a 1 2 3\r\nb 4 5 6\n\n \n",
        b"\xef\xbb\xbf2 3\na 1 2 3 \n\nb  4\t5 6e0 \n",
        b"2 3\na \0\0\x80?\0\0\0@\0\0@@b \0\0\x80@\0\0\xa0@\0\0\xc0@",  # gensim's binary, no line ends
        b"2 3\na \0\0\x80?\0\0\0@\0\0@@\r\nb \0\0\x80@\0\0\xa0@\0\0\xc0@\r\n",
    ],
)
def test_line_ends_and_spaces(file, data):
    vectors = read_vectors(file(data))
    assert vectors.words == ["a", "b"]
    assert vectors.vectors.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_a_float32_that_begins_with_the_byte_of_a_line_end(file):
    """The only row has no space after that byte."""
    row = b"\n\x81\x82\x3f" * 3
    for end in (b"", b"\n"):
        vectors = read_vectors(file(b"1 3\n0 " + row + end, "v"))
        assert vectors.words == ["0"]
        assert vectors.vectors.tobytes() == row


def test_text_with_tabs_and_words_that_are_not_ascii(file, monkeypatch):
    """Also if the bytes examined end within a word."""
    data = "3 2\n왕\t1\t2\nnaïve\t3 4\n왕왕\t5\t6\n".encode()
    for peek in range(1, len(data)):
        monkeypatch.setattr(formats, "PEEK", peek)
        vectors = read_vectors(file(data, "v"))
        assert vectors.words == ["왕", "naïve", "왕왕"]
        assert vectors.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_header_or_not(file):
    """A first row of a number and its vector is not a header unless it is two whole numbers."""
    assert read_vectors(file(b"7 1 2\n8 3 4\n")).words == ["7", "8"]
    assert read_vectors(file(b"7 1.0\n8 3.0\n")).words == ["7", "8"]
    assert read_vectors(file(b"1 1\n7 3\n")).words == ["7"]


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"3 2\na 1 2\nb 3 4\n", "the header says 3 rows, the file contains 2"),
        (b"3 2\n", "the header says 3 rows, the file contains 0"),
        (b"1 2\na 1 2\n\nb 3 4\n", "line 4: more rows than the 1 in the header"),
        (b"0 2\n", "line 1: the header says 0 words of 2 dimensions; both must be 1 or more"),
        (b"2 0\na\nb\n", "line 1: the header says 2 words of 0 dimensions; both must be 1 or more"),
        (b"2 3\na 1 2\nb 3 4\n", "line 2: 2 numbers after the word; the header says 3"),
        (b"a 1 2\nb 3 4\nc 5\n", "line 3: 1 numbers after the word; the first row has 2"),
        (b"a 1 2\r\n\r\nb 3 4 5\r\n", "line 3: 3 numbers after the word; the first row has 2"),
        (b"hello\n", "line 1: 0 numbers after the word; expected a word and its vector"),
        (b"a 1 2\nb 3 nan\n", "line 2: 'nan' is not a finite float32 number"),
        (b"a 1 2\nb -inf 3\n", "line 2: '-inf' is not a finite float32 number"),
        (b"a 1 2\nb 1e39 3\n", "line 2: '1e39' is not a finite float32 number"),
        (b"a 1 2\nb 3 four\nc x 1\n", "line 2: 'four' is not a finite float32 number"),
        (b"a 1 2\nb 3 \xff\n", r"line 2: '\\xff' is not a finite float32 number"),
        (b"a 1 2\nna\xefve 3 4\n", r"line 2: the word b'na\xefve' is not UTF-8; convert the file first"),
        (b"2 2\na 1 2\nna\xefve 3 4\n", r"line 3: the word b'na\xefve' is not UTF-8"),
        (". . 1 2\n왕 3 4 5\n".encode(), "line 2: 3 numbers after the word; the first row has 2"),
        ("2 2\n뉴욕 시 1 2\n왕 x 2\n".encode(), "line 3: 'x' is not a finite float32 number"),
        (b"2 1\na \0\0\x80?" + b"x" * (1 << 21), "row 2: a word of more than 1,048,576 bytes; the file is damaged"),
        (b"2 1\na \0\0\x80?b \0\0\x80", "is truncated: it ends in row 2 of the 2 in the header"),
        (b"9 1\na \0\0\x80?b \0\0\x80?", "is truncated: it ends in row 3 of the 9"),
        (b"1 1\na \0\0\x80?b \0\0\x80?", "more bytes follow the 1 rows in the header"),
        (b"2 1\na \0\0\x80?b \0\0\x80\x7f", "row 2: the vector of 'b' contains NaN or infinity"),
        (b"2 1\na \0\0\x80?\xe9t\xe9 \0\0\x80?", r"row 2: the word b'\xe9t\xe9' is not UTF-8"),
        (b"2 1\na \0\0\x80?\n \0\0\x80?", "row 2: a vector without a word"),
        (b"999999999999999 300\na \0\0\x80?", "is truncated: it ends in row 1 of the 999999999999999"),
        (b"9 99999999999999999\na \0\0\x80?", "is truncated: it ends in row 1 of the 9"),
        (b"999999999999999 2\na 1 2", "the header says 999999999999999 rows, the file contains 1"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_damage(file, data, complaint, suffix):
    packed = gzip.compress(data) if suffix else data
    assert complaint in message(file(packed, f"v{suffix}"))


def test_missing_file_and_folder(tmp_path):
    assert "No such file" in message(tmp_path / "missing.txt")
    assert "contains no vectors.txt; pass a run folder" in message(tmp_path)


def test_gzip_damage(file):
    whole = gzip.compress(b"a 1 2\nb 3 4\n" * 500)
    assert "not a complete gzip file" in message(file(whole[:-9], "v.gz"))
    assert "not a complete gzip file" in message(file(b"a 1 2\n", "v.gz"))


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_binary_file_cut_anywhere_is_refused(tmp_path, cut):
    vectors = vectors_of(["a", "bb", "왕"], 5)
    write_vectors(tmp_path / "v", vectors, "binary")
    whole = (tmp_path / "v").read_bytes()
    (tmp_path / "v").write_bytes(whole[: -1 - cut])  # the line end after the last row may be missing
    with pytest.raises(DataError):
        read_vectors(tmp_path / "v")


@pytest.mark.parametrize("word", ["New York", "a\nb", "tab\t", "\r", "", "\x0b"])
@pytest.mark.parametrize("format", FORMATS)
def test_words_that_no_format_can_store(tmp_path, word, format):
    write_vectors(tmp_path / "v", vectors_of(["old"], 2))
    before = (tmp_path / "v").read_bytes()
    with pytest.raises(DataError, match=r"\(row 1\) is empty or contains white space"):
        write_vectors(tmp_path / "v", vectors_of(["a", word], 2), format)
    assert os.listdir(tmp_path) == ["v"]
    assert (tmp_path / "v").read_bytes() == before


def test_other_writing_errors(tmp_path):
    with pytest.raises(DataError, match="not valid Unicode"):
        write_vectors(tmp_path / "v", vectors_of(["\ud800"], 2))
    with pytest.raises(DataError, match="unknown format 'npz'; choose one of text, binary, glove"):
        write_vectors(tmp_path / "v", vectors_of(["a"], 2), "npz")
    with pytest.raises(DataError, match="cannot write"):
        write_vectors(tmp_path / "no" / "v", vectors_of(["a"], 2))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["v", "v.gz"])
def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch, name):
    old = vectors_of(["old"], 2)
    write_vectors(tmp_path / name, old)

    def interrupted(*args):
        yield b"5 2\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(formats, "_pieces", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_vectors(tmp_path / name, vectors_of(WORDS, 2))
    assert os.listdir(tmp_path) == [name]
    assert same(read_vectors(tmp_path / name), old)


@needs_glove
def test_glove_subset(tmp_path):
    vectors = read_vectors(GLOVE)
    assert vectors.vectors.shape == (7844, 50)
    assert vectors.words[:3] == ["the", ",", "."]
    assert vectors["the"][0] == np.float32(0.418)
    assert [word for word, _ in vectors.most_similar("king", 2)] == ["prince", "queen"]
    assert vectors.analogy("man", "king", "woman", 1)[0][0] == "queen"
    assert vectors.analogy("man", "king", "woman", 1, "mul")[0][0] == "queen"
    assert vectors.odd_one_out(["france", "italy", "spain", "cat", "germany"]) == "cat"
    for format in FORMATS:
        write_vectors(tmp_path / "v", vectors, format)
        assert same(read_vectors(tmp_path / "v"), vectors)
