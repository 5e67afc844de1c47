"""Files of word vectors as they are found in the world: words with spaces, repeated and cut words, and other files."""

from __future__ import annotations

import gzip
import io
import pickle
import warnings
import zipfile

import numpy as np
import pytest
from small_text import assert_one_line, command

from scratchnn.errors import DataError, ScratchnnWarning
from scratchnn.word2vec import KeyedVectors, formats, read_vectors, write_vectors
from scratchnn.word2vec.corpus import Corpus


@pytest.fixture
def file(tmp_path):
    """Write a file with the given bytes."""

    def make(data, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return make


def read(path, **options):
    """Words and rows; a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vectors = read_vectors(path, **options)
    return vectors.words, vectors.vectors.tolist()


# --- words with spaces ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_with_korean_words_that_have_spaces_is_not_binary(file, suffix, end):
    data = end.join(["2 3", "뉴욕 시 0.5 0.25 1", "왕 2 4 8", ""]).encode()
    path = file(gzip.compress(data) if suffix else data, f"v{suffix}")
    assert read(path) == (["뉴욕 시", "왕"], [[0.5, 0.25, 1], [2, 4, 8]])


def test_the_last_fields_are_the_numbers(file):
    """As in GloVe's 840B file, also in the first row and with a number as a word."""
    rows = ". . . 1 2\nat name@domain.com 3 4\n7 5 6\n. 7 8\n"
    expected = ([". . .", "at name@domain.com", "7", "."], [[1, 2], [3, 4], [5, 6], [7, 8]])
    assert read(file(rows)) == expected
    assert read(file("4 2\n" + rows)) == expected


def test_a_row_with_too_many_numbers_is_damaged_not_a_word_with_spaces(file):
    for head in ("", "3 2\n"):
        with pytest.raises(DataError, match=r"line \d: 3 numbers after the word; (the header says|the first row has) 2"):
            read_vectors(file(head + "a 1 2\nb 3 4 5\nc 6 7\n"))


def test_a_cut_word_in_a_text_with_spaces(file):
    """Neither sign alone makes the file binary."""
    data = "2 3\n뉴욕 시 1 2 3\n".encode() + "왕왕".encode()[:-1] + b" 4 5 6\n"
    with pytest.warns(ScratchnnWarning, match="1 words that are cut"):
        assert read_vectors(file(data)).words == ["뉴욕 시", "왕\ufffd"]


# --- repeated and cut words, a byte order mark, a limit -------------------------------------------------------------


def formats_of(rows):
    """The same rows as text, GloVe and binary: bytes of a word, and two numbers."""
    text = b"".join(b"%b %g %g\n" % (word, *row) for word, row in rows)
    binary = b"".join(word + b" " + np.array(row, "<f4").tobytes() + b"\n" for word, row in rows)
    return {"text": b"%d 2\n" % len(rows) + text, "glove": text, "binary": b"%d 2\n" % len(rows) + binary}


@pytest.mark.parametrize("format", formats.FORMATS)
def test_the_first_of_repeated_words_wins_and_one_warning_counts_them(file, format):
    rows = [(b"a", (1.5, 2)), (b"b", (3, 4)), (b"a", (5, 6)), (b"c", (7, 8)), (b"b", (9, 10)), (b"a", (11, 12))]
    with pytest.warns(ScratchnnWarning) as found:
        vectors = read_vectors(file(formats_of(rows)[format]))
    assert vectors.words == ["a", "b", "c"]
    assert vectors.vectors.tolist() == [[1.5, 2], [3, 4], [7, 8]]
    [warning] = found
    assert str(warning.message).endswith("vectors.txt: 3 repeated words left out, the first vector of each kept")


@pytest.mark.parametrize("format", formats.FORMATS)
def test_words_cut_inside_a_character(file, format):
    """The original program cuts words after a number of bytes."""
    rows = [
        ("왕".encode(), (1.5, 2)),
        ("여왕".encode()[:-1], (3, 4)),
        ("여왕".encode()[:-2], (5, 6)),
        (b"x\xf0\x9f", (7, 8)),
    ]
    with pytest.warns(ScratchnnWarning) as found:
        vectors = read_vectors(file(formats_of(rows)[format]))
    assert vectors.words == ["왕", "여\ufffd", "x\ufffd"]
    assert vectors.vectors.tolist() == [[1.5, 2], [3, 4], [7, 8]]
    [warning] = found
    assert "1 repeated words left out" in str(warning.message)
    assert "3 words that are cut inside a character, now U+FFFD" in str(warning.message)


def test_the_command_prints_the_warning_as_one_line(file, capsys):
    path = file("a 1 2\nb 3 4\na 5 6\n")
    assert command("similar", path, "a") == 0
    output = capsys.readouterr()
    assert output.err == f"warning: {path}: 1 repeated words left out, the first vector of each kept\n"
    assert "b" in output.out


def test_a_byte_order_mark_is_no_part_of_the_first_word(file):
    for head in ("", "2 2\n"):
        assert read(file("\ufeff" + head + "the 1 2\na 3 4\n"))[0] == ["the", "a"]


@pytest.mark.parametrize("format", formats.FORMATS)
@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_limit_reads_the_first_words(tmp_path, format, limit):
    words = ["the", "왕", "a"]
    write_vectors(tmp_path / "v", KeyedVectors(words, np.eye(3)), format)
    found, rows = read(tmp_path / "v", limit=limit)
    assert found == words[:limit]
    assert rows == np.eye(3)[:limit].tolist()


def test_limit_does_not_read_on_and_is_an_option_of_the_commands(file, capsys):
    path = file("a 1 2\nb 3 4\nc damaged\n")
    assert read(path, limit=2)[0] == ["a", "b"]
    assert command("similar", path, "a", "--limit", 2) == 0
    assert "among 2 words" in capsys.readouterr().out
    assert command("similar", path, "a", "--limit", 0) == 2
    assert_one_line(capsys, "limit must be a whole number of 1 or more, got 0")


def test_a_line_of_many_blocks_takes_linear_time(file, monkeypatch):
    """The bytes that are copied are counted, not the seconds."""
    monkeypatch.setattr(formats, "BLOCK", 1000)
    word = "x" * 300_000
    assert read(file(f"{word} 1 2\nb 3 4\n"))[0] == [word, "b"]


# --- files that are none of word vectors ----------------------------------------------------------------------------


def packed(function):
    """What a function writes to a binary file."""
    buffer = io.BytesIO()
    function(buffer)
    return buffer.getvalue()


def zipped(buffer):
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("glove.txt", "a 1 2\n")


OTHERS = {
    "gzip": (gzip.compress(b"a 1 2\n"), "it is gzip; add .gz to its name"),
    "zip": (packed(zipped), "it is a zip archive; unpack it"),
    "npz": (packed(lambda file: np.savez(file, W=np.ones(3))), "it is a NumPy archive (.npz)"),
    "npy": (packed(lambda file: np.save(file, np.ones(3))), "it is a NumPy array (.npy)"),
    "pickle": (pickle.dumps({"vectors": 1}, 4), "it is a Python pickle, as gensim's save writes; in gensim"),
    "old pickle": (pickle.dumps({"vectors": 1}, 2), "it is a Python pickle"),
    "fastText": (b"\xba\x16\x4f\x2f\x0c\0\0\0" + bytes(60), "it is a fastText model (.bin); pass its .vec file"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "it is a Git LFS pointer"),
    "page": (b"\n<!DOCTYPE html>\n<html><head></head></html>\n", "it is an HTML page"),
    "utf-16": ("a 1 2\n".encode("utf-16"), "it is UTF-16 text; save it as UTF-8"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_file_is_named_for_what_it_is(file, capsys, name):
    data, message = OTHERS[name]
    path = file(data)
    assert command("similar", path, "a") == 2
    assert_one_line(capsys, f"{path} is not a file of word vectors: ", message)


@pytest.mark.parametrize("name", ["gzip", "npy", "pickle", "old pickle", "fastText", "utf-16"])
def test_the_same_files_given_as_texts(file, capsys, name, tmp_path):
    """Those that are not UTF-8."""
    data, message = OTHERS[name]
    path = file(data)
    for kind in ("lm", "word2vec"):
        assert command("train", kind, "--data", path, "--out", tmp_path / "run") == 2
        assert_one_line(capsys, f"{path} is not UTF-8: byte 0x", message)
    with pytest.raises(DataError, match="is not UTF-8"):
        Corpus([path])
