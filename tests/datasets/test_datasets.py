"""Loaders on small copies of the published files, and on the real files if SCRATCHNN_DATA names a folder with them."""

from __future__ import annotations

import gzip
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from small_data import OTHERS, PARTS, REVIEWS, archive, rows, unpack, write

from scratchnn.datasets import imdb, load_imdb, load_nsmc, load_ptb, plain_words
from scratchnn.datasets.archive import read_members
from scratchnn.errors import DataError
from scratchnn.text import tokenize


@pytest.fixture
def few(monkeypatch):
    """Expect as many reviews as the small copy has."""
    monkeypatch.setattr(imdb, "SPLITS", PARTS)


# --- IMDb ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, "folder", "aclImdb"])
@pytest.mark.parametrize("place", ["", "imdb"])
def test_imdb_from_archives_and_folders(tmp_path, form, place):
    if isinstance(form, int):
        write(tmp_path / place / "aclImdb_v1.tar.gz", archive({**OTHERS, **REVIEWS}, form))
        folder = tmp_path
    else:
        unpack({**OTHERS, **REVIEWS}, tmp_path / place)
        folder = tmp_path if form == "folder" else tmp_path / place / "aclImdb"
    texts, labels = load_imdb("train", folder)
    assert texts == ["café \u0085 two", "good, ten", "Bad.<br /><br />It's BAD", "so so"]  # as published
    assert labels.tolist() == [1, 1, 0, 0]
    assert labels.dtype == np.int8
    texts, labels = load_imdb("test", str(folder))
    assert texts == ["test, good", "test, bad"]
    assert labels.tolist() == [1, 0]
    assert load_imdb("unsup", folder) == (["", "second"], None)


@pytest.mark.usefixtures("few")
def test_imdb_of_the_environment_variable(tmp_path, monkeypatch):
    write(tmp_path / "imdb" / "aclImdb_v1.tar.gz", archive(REVIEWS))
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path))
    assert len(load_imdb("test")[0]) == 2


@pytest.mark.usefixtures("few")
def test_members_with_paths_outside_the_archive_are_not_read_and_nothing_is_unpacked(tmp_path):
    evil = {
        "../../aclImdb/train/pos/7_7.txt": "up",
        "/aclImdb/train/pos/8_8.txt": "root",
        "aclImdb/train/pos/../9_9.txt": "x",
    }
    write(tmp_path / "data" / "aclImdb_v1.tar.gz", archive({**evil, **REVIEWS}))
    assert len(load_imdb("train", tmp_path / "data")[0]) == 4
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "aclImdb_v1.tar.gz"]


@pytest.mark.usefixtures("few")
def test_a_link_in_an_archive_is_not_a_review(tmp_path):
    path = tmp_path / "aclImdb_v1.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        link = tarfile.TarInfo("aclImdb/train/pos/0_9.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "secret"
        tar.addfile(link)
    assert list(read_members(path, lambda name: True)) == []


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], r"is not a complete \.tar\.gz archive"),
        (lambda whole: whole[:-4], r"is not a complete \.tar\.gz archive"),
        (lambda whole: b"<html>", r"is not a complete \.tar\.gz archive"),
        (lambda whole: gzip.compress(b"<html>" * 200), r"is not a complete \.tar\.gz archive"),
        (lambda whole: gzip.compress(gzip.decompress(whole)[:3000]), r"is not a complete \.tar\.gz archive"),
        (lambda whole: gzip.compress(b""), r"has 0 reviews in train/pos, not 2"),
        (lambda whole: archive({"aclImdb/train/pos/0_9.txt": "one"}), r"has 1 reviews in train/pos, not 2"),
    ],
)
def test_a_damaged_archive_is_one_line(tmp_path, damage, message):
    write(tmp_path / "aclImdb_v1.tar.gz", damage(archive(REVIEWS)))
    with pytest.raises(DataError, match=message) as caught:
        load_imdb("train", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("few")
def test_a_folder_that_lacks_reviews_or_has_another_encoding(tmp_path):
    unpack(REVIEWS, tmp_path)
    (tmp_path / "aclImdb/train/neg/1_4.txt").write_bytes(b"caf\xe9")
    with pytest.raises(DataError, match="is not UTF-8"):
        load_imdb("train", tmp_path)
    (tmp_path / "aclImdb/train/neg/1_4.txt").unlink()
    with pytest.raises(DataError, match="has 1 reviews in train/neg, not 2; download or unpack it again"):
        load_imdb("train", tmp_path)
    (tmp_path / "aclImdb/train/neg/0_1.txt").unlink()
    (tmp_path / "aclImdb/train/neg").rmdir()
    with pytest.raises(DataError, match=r"cannot read .*train/neg: No such file"):
        load_imdb("train", tmp_path)


@pytest.mark.parametrize("load", [load_imdb, load_nsmc, load_ptb])
def test_an_unknown_split(load):
    with pytest.raises(DataError, match="unknown split 'dev'; choose one of train, "):
        load("dev")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's BAD.<br /><br />Don't!", "it's bad don't"),
        ("one<br />two", "one two"),
        ("'quoted' rock'n'roll 90's O'2", "quoted rock'n roll 90's o 2"),
        ("café \u0085 10/10 -- well-made", "caf 10 10 well made"),
        ("...", ""),
    ],
)
def test_plain_words(text, words):
    assert plain_words(text) == words


# --- NSMC, PTB -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_nsmc_keeps_quotes_empty_documents_and_rare_line_ends(tmp_path, packed):
    texts = ['"""좋다', "", '"', "줄\u0085 \u2028끝", "  싫다 "]
    content = rows(texts, [1, 0, 0, 1, 0]).encode("utf-8")
    name = "ratings_train.txt"
    write(tmp_path / "nsmc" / (name + ".gz" if packed else name), gzip.compress(content) if packed else content)
    found, labels = load_nsmc("train", tmp_path)
    assert found == texts
    assert labels.tolist() == [1, 0, 0, 1, 0]
    assert labels.dtype == np.int8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "does not begin with the line id, document, label"),
        ("1\tgood\t1\n", "does not begin with the line id, document, label"),
        (rows(["a"], [1]) + "7\tb\n", "line 3 is not an id, a document and a label"),
        (rows(["a"], [1]) + "7\tb\t2\n", "line 3 is not an id, a document and a label"),
        (rows(["a"], [1]) + "\n", "line 3 is not an id, a document and a label"),
        (rows(["a\tb"], [1]), "line 2 is not an id, a document and a label"),
    ],
)
def test_nsmc_of_another_layout(tmp_path, content, message):
    write(tmp_path / "ratings_test.txt", content)
    with pytest.raises(DataError, match=message):
        load_nsmc("test", tmp_path)


def test_ptb_under_any_of_its_names(tmp_path):
    for name in ("valid.txt.gz", "valid.txt", "ptb.valid.txt.gz", "ptb.valid.txt", "ptb/valid.txt", "ptb/ptb.valid.txt"):
        text = f" no it was n't {name} \n"
        write(tmp_path / name, gzip.compress(text.encode()) if name.endswith(".gz") else text)
        assert load_ptb("valid", tmp_path) == text


# --- the real files --------------------------------------------------------------------------------------------------


def real(name: str) -> pytest.MarkDecorator:
    there = bool(os.environ.get("SCRATCHNN_DATA")) and (Path(os.environ["SCRATCHNN_DATA"]) / name).exists()
    return pytest.mark.skipif(not there, reason=f"SCRATCHNN_DATA names no folder with {name}")


@real("imdb")
@pytest.mark.parametrize(("split", "words", "repeated"), [("train", 5_844_680, 96), ("test", 5_713_167, 199)])
def test_real_imdb(split, words, repeated):
    texts, labels = load_imdb(split)
    assert len(texts) == 25_000
    assert labels.tolist() == [1] * 12_500 + [0] * 12_500
    assert sum(len(text.split()) for text in texts) == words
    assert len(texts) - len(set(texts)) == repeated
    assert any("<br />" in text for text in texts)


@real("imdb")
def test_real_imdb_without_labels():
    texts, labels = load_imdb("unsup")
    assert (len(texts), labels) == (50_000, None)
    assert sum(len(text.split()) for text in texts) == 11_721_682


@real("nsmc")
@pytest.mark.parametrize(
    ("split", "negative", "positive", "empty"), [("train", 75_173, 74_827, 5), ("test", 24_827, 25_173, 3)]
)
def test_real_nsmc(split, negative, positive, empty):
    texts, labels = load_nsmc(split)
    assert np.bincount(labels).tolist() == [negative, positive]
    assert len(texts) == negative + positive
    assert texts.count("") == empty


@real("ptb")
@pytest.mark.parametrize(
    ("split", "lines", "words"), [("train", 42_068, 929_589), ("valid", 3_370, 73_760), ("test", 3_761, 82_430)]
)
def test_real_ptb(split, lines, words):
    tokens = list(tokenize(load_ptb(split), "word"))
    assert len(tokens) == words
    assert tokens.count("<eos>") == lines
