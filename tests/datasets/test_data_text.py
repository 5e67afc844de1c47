"""``scratchnn data text``, and its older name ``scratchnn text``, as they would be typed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from small_data import IMDB, NSMC, PTB, REVIEWS, files, published_at, rows, served, unpack, write
from small_text import assert_one_line, command

from scratchnn.datasets import nsmc, registry
from scratchnn.datasets.registry import data_sets

BOTH = pytest.mark.parametrize("verb", [["data", "text"], ["text"]], ids=" ".join)  # the second is the older name


@BOTH
def test_text_imdb(folder, tmp_path, capsys, verb):
    write(folder / "aclImdb_v1.tar.gz", IMDB)
    out = tmp_path / "imdb.txt"
    assert command(*verb, "imdb", "--data", folder, "--out", out) == 0
    lines = ["caf two", "good ten", "bad it's bad", "so so", "test good", "test bad", "", "second"]
    assert out.read_text("utf-8") == "\n".join(lines) + "\n"
    assert capsys.readouterr().out == f"8 lines, 14 words in {out}\n"
    assert command(*verb, "imdb", "--data", folder, "--out", out) == 2
    assert_one_line(capsys, f"{out} already exists; choose another --out")


@BOTH
def test_text_nsmc_and_ptb(folder, tmp_path, monkeypatch, capsys, verb):
    write(folder / "nsmc" / "ratings_train.txt", rows([" 정말  좋다 ", "", "줄\u0085끝"], [1, 0, 1]))
    write(folder / "nsmc" / "ratings_test.txt", rows(["싫다"], [0]))
    write(folder / "ptb" / "train.txt", PTB)
    monkeypatch.chdir(tmp_path)
    assert command(*verb, "nsmc") == 0
    assert command(*verb, "ptb") == 0
    assert Path("nsmc.txt").read_text("utf-8") == "정말 좋다\n줄 끝\n싫다\n"
    assert Path("ptb.txt").read_text("utf-8") == "no it was <unk>\nmr. N\n"
    assert capsys.readouterr().out == "3 lines, 5 words in nsmc.txt\n2 lines, 6 words in ptb.txt\n"


@BOTH
def test_text_of_one_part(folder, tmp_path, monkeypatch, capsys, verb):
    """The unlabelled reviews alone, so that word vectors have not seen the texts that they are tested on."""
    write(folder / "aclImdb_v1.tar.gz", IMDB)
    write(folder / "nsmc" / "ratings_test.txt", rows(["싫다"], [0]))
    monkeypatch.chdir(tmp_path)
    assert command(*verb, "imdb:unsup") == 0
    assert command(*verb, "nsmc:test", "--out", "test.txt") == 0
    assert Path("imdb-unsup.txt").read_text("utf-8") == "\nsecond\n"
    assert Path("test.txt").read_text("utf-8") == "싫다\n"
    capsys.readouterr()
    assert command(*verb, "imdb:dev") == 2
    assert_one_line(capsys, "imdb has no part 'dev'; choose from imdb:train, imdb:test, imdb:unsup")
    assert command(*verb, "ptb:test") == 2
    assert_one_line(capsys, "ptb has no part 'test'; choose ptb")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "text", "imdb"], "python -m scratchnn data fetch imdb (in Python: download=True)"),
        (["data", "text", "imdb", "--data", "some where"], "python -m scratchnn data fetch imdb --data 'some where' ("),
        (["text", "imdb"], "python -m scratchnn data fetch imdb (in Python: download=True)"),
        (["data", "text", "ptb"], "put it there; its source: python -m scratchnn data list\n"),
        (["text", "ptb", "--download"], "ptb cannot be downloaded (licensed by"),
        (["data", "text", "imdb", "--out", "x.gz"], "choose an --out without .gz"),
        (["data", "text", "imdb", "--out", ""], "--out is empty; name a file"),
        (["data", "text", "imdb", "--out", "missing/x.txt"], "cannot write missing"),
        (["text", "imdb", "--download", "--out", "missing/x.txt"], "cannot write missing"),
        (["text", "tweets"], "choose from"),
        (["data", "text", "imdb", "--download"], "unrecognized arguments: --download"),
        (["data", "text", "tables"], "tables cannot be written as plain text; choose from imdb, nsmc, ptb"),
    ],
)
def test_text_that_cannot_be_written_leaves_nothing(folder, tmp_path, monkeypatch, capsys, arguments, message):
    known = {**data_sets(), "tables": replace(data_sets()["ptb"], name="tables", lines=None)}
    monkeypatch.setattr(registry, "data_sets", lambda: known)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert command(*arguments) == 2
    assert_one_line(capsys, message)
    assert files(tmp_path) == []


@BOTH
def test_text_interrupted_by_a_damaged_split_leaves_nothing(folder, tmp_path, capsys, verb):
    """Train is read and written before a review turns out to be missing from test."""
    unpack(REVIEWS, folder)
    (folder / "aclImdb/test/pos/0_8.txt").unlink()
    assert command(*verb, "imdb", "--out", tmp_path / "imdb.txt") == 2
    assert_one_line(capsys, "has 0 reviews in test/pos, not 1")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_older_name_downloads_and_prints_nothing_more(folder, tmp_path, monkeypatch, capsys):
    with served(NSMC) as url:
        monkeypatch.setattr(nsmc, "DATASET", published_at(nsmc.DATASET, url, NSMC))
        assert command("text", "nsmc", "--download", "--out", tmp_path / "n.txt") == 0
    assert files(folder) == ["nsmc/ratings_test.txt", "nsmc/ratings_train.txt"]
    assert capsys.readouterr().out == f"4 lines, 4 words in {tmp_path / 'n.txt'}\n"


def test_the_older_name_is_not_in_the_help(capsys):
    assert command("--help") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert any(line[:1] == ["data"] for line in lines)
    assert not any(line[:1] == ["text"] and len(line) > 1 for line in lines)
