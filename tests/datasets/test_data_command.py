"""``scratchnn data list``, ``fetch`` and ``verify``, as they would be typed; and the descriptions of the data sets."""

from __future__ import annotations

import gzip
import importlib
from pathlib import Path

import pytest
from small_data import IMDB, NSMC, PTB, REVIEWS, archive, files, published_at, served, unpack, write
from small_text import assert_one_line, command

from scratchnn import datasets
from scratchnn.datasets import imdb, nsmc, ptb
from scratchnn.datasets.registry import data_set, data_sets


def write_all(folder: Path) -> None:
    """All three data sets."""
    write(folder / "imdb" / "aclImdb_v1.tar.gz", IMDB)
    for split in ("train", "test"):
        write(folder / "nsmc" / f"ratings_{split}.txt.gz", gzip.compress(NSMC))
    for split in ("train", "valid", "test"):
        write(folder / f"{split}.txt", PTB)


THREE = ("imdb", "nsmc", "ptb")  # the sets of ``write_all``


def of_three(text: str) -> list[str]:
    """The parts of ``data list``, which are separated by empty lines, that describe one of the three sets."""
    return [part for part in text.split("\n\n") if part.split()[0] in THREE]


# --- the descriptions ------------------------------------------------------------------------------------------------


def test_every_data_set_is_found_by_its_file_alone(monkeypatch, tmp_path):
    (tmp_path / "anew.py").write_text(
        "from dataclasses import replace\n"
        "from scratchnn.datasets.ptb import DATASET as other\n"
        "DATASET = replace(other, name='anew')\n"
    )
    before = list(data_sets())
    assert before == sorted(before)
    assert {"conll2003", "imdb", "korean_ner", "nsmc", "ptb", "ud"} <= set(before)
    assert {"addition", "chatbot", "dates", "kor_eng", "multi30k"} <= set(before)
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    assert list(data_sets()) == sorted(["anew", *before])
    assert data_set("anew").files is ptb.DATASET.files


@pytest.mark.parametrize("dataset", data_sets().values(), ids=lambda dataset: dataset.name)
def test_a_description_is_complete(dataset):
    assert all((dataset.name, dataset.about, dataset.licence, dataset.source, dataset.files))
    assert len(dataset.about) < 70
    assert all(file.names for file in dataset.files.values())
    assert importlib.import_module(f"scratchnn.datasets.{dataset.name}").DATASET is dataset


# --- list ------------------------------------------------------------------------------------------------------------


def test_list_says_what_is_here_and_what_is_missing(folder, capsys):
    write(folder / "nsmc" / "ratings_test.txt.gz", gzip.compress(NSMC))
    write(folder / "ptb.train.txt", PTB)
    unpack(REVIEWS, folder)
    assert command("data", "list") == 0
    out = capsys.readouterr().out
    assert out.startswith(
        f"""\
Data sets are looked for in the folder
  {folder}
and in its sub-folder NAME. To change it, use --data FOLDER or SCRATCHNN_DATA.

"""
    )
    assert (
        "\n\n".join(of_three(out))
        == """\
imdb       100,000 English film reviews, 50,000 of them labelled
  licence  for research; cite Maas et al. (2011)
  source   https://ai.stanford.edu/~amaas/data/sentiment/
  archive  here: aclImdb

nsmc       200,000 short Korean film reviews, labelled (Naver sentiment corpus)
  licence  CC0 1.0
  source   https://github.com/e9t/nsmc
  train    missing: ratings_train.txt, 0 MB to download
  test     here: nsmc/ratings_test.txt.gz

ptb        Penn Treebank as a text for language models, 10,000 different words
  licence  licensed by the Linguistic Data Consortium, LDC99T42
  source   https://catalog.ldc.upenn.edu/LDC99T42, in Mikolov's form (2012)
  train    here: ptb.train.txt
  valid    missing: ptb.valid.txt or ptb.valid.txt.gz or valid.txt or
           valid.txt.gz, to be put there by hand
  test     missing: ptb.test.txt or ptb.test.txt.gz or test.txt or test.txt.gz,
           to be put there by hand"""
    )
    assert out.endswith("\n\nGenerated data sets need no files; see scratchnn.datasets.generated.\n")
    assert command("data", "list", "--data", folder / "aclImdb") == 0
    assert "archive  here: .\n" in capsys.readouterr().out


def test_list_fits_80_columns_except_for_the_folder(folder, capsys):
    for full in (False, True):
        if full:
            write_all(folder)
        assert command("data", "list") == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1] == f"  {folder}"
        assert max(len(line) for line in (lines[0], *lines[2:])) <= 80


# --- fetch -----------------------------------------------------------------------------------------------------------


def test_fetch_downloads_what_is_missing_and_says_what_is_there(folder, monkeypatch, capsys):
    with served(NSMC) as url:
        monkeypatch.setattr(nsmc, "DATASET", published_at(nsmc.DATASET, url, NSMC))
        write(folder / "nsmc" / "ratings_test.txt.gz", gzip.compress(NSMC))
        assert command("data", "fetch", "nsmc") == 0
    first, second = folder / "nsmc" / "ratings_train.txt", folder / "nsmc" / "ratings_test.txt.gz"
    assert capsys.readouterr().out == (f"{first} downloaded, size and SHA-256 as published\n{second} is already there\n")
    assert first.read_bytes() == NSMC
    assert command("data", "fetch", "nsmc") == 0  # the server is gone
    assert capsys.readouterr().out == f"{first} is already there\n{second} is already there\n"
    assert files(folder) == ["nsmc/ratings_test.txt.gz", "nsmc/ratings_train.txt"]


def test_fetch_into_another_folder(folder, tmp_path, monkeypatch, capsys):
    with served(IMDB) as url:
        monkeypatch.setattr(imdb, "DATASET", published_at(imdb.DATASET, url, IMDB))
        assert command("data", "fetch", "imdb", "--data", tmp_path / "other") == 0
    assert files(tmp_path) == ["other/imdb/aclImdb_v1.tar.gz"]
    assert "is already there" not in capsys.readouterr().out
    assert command("data", "verify", "imdb", "--data", tmp_path / "other") == 0
    assert capsys.readouterr().out == "ok       imdb: archive: 8 reviews, SHA-256 as published\n"


@pytest.mark.parametrize("status", [404, 500])
def test_a_failed_download_is_one_line(folder, monkeypatch, capsys, status):
    with served(NSMC, status=status) as url:
        monkeypatch.setattr(nsmc, "DATASET", published_at(nsmc.DATASET, url, NSMC))
        assert command("data", "fetch", "nsmc") == 2
    assert_one_line(capsys, f"HTTP Error {status}", "nothing was kept")
    assert files(folder) == []


def test_a_licensed_data_set_is_not_downloaded(folder, monkeypatch, capsys):
    monkeypatch.setattr("urllib.request.urlopen", None)
    write(folder / "ptb.train.txt", PTB)
    assert command("data", "fetch", "ptb") == 2
    assert_one_line(
        capsys,
        "ptb cannot be downloaded (licensed by the Linguistic Data Consortium, LDC99T42); "
        f"put ptb.valid.txt, ptb.test.txt into {folder / 'ptb'}",
    )
    write_all(folder)
    assert command("data", "fetch", "ptb") == 0
    assert capsys.readouterr().out.count("is already there\n") == 3


@pytest.mark.parametrize("verb", ["fetch", "verify", "text"])
def test_an_unknown_data_set(verb, capsys):
    assert command("data", verb, "tweets") == 2
    assert_one_line(capsys, f"unknown data set 'tweets'; choose from {', '.join(data_sets())}")


# --- verify ----------------------------------------------------------------------------------------------------------


def test_verify_prints_one_line_per_data_set(folder, capsys):
    assert command("data", "verify", *THREE) == 0
    assert capsys.readouterr().out == (
        f"missing  imdb: no aclImdb_v1.tar.gz in {folder}/imdb\n"
        f"missing  nsmc: no ratings_train.txt, ratings_test.txt in {folder}/nsmc\n"
        f"missing  ptb: no ptb.train.txt, ptb.valid.txt, ptb.test.txt in {folder}/ptb\n"
    )
    write_all(folder)
    assert command("data", "verify", *THREE) == 0
    ptb_line = "; ".join(f"{split}: 2 lines, SHA-256 as expected" for split in ("train", "valid", "test"))
    assert capsys.readouterr().out == (
        "ok       imdb: archive: 8 reviews, SHA-256 as published\n"
        "ok       nsmc: train: 3 documents, SHA-256 as published; test: 3 documents, SHA-256 as published\n"
        f"ok       ptb: {ptb_line}\n"
    )
    assert command("data", "verify", "ptb", "imdb") == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["ptb:", "imdb:"]
    assert command("data", "verify") == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [f"{name}:" for name in data_sets()]


def test_verify_of_a_part(folder, capsys):
    write(folder / "valid.txt", PTB)
    assert command("data", "verify", "ptb") == 0
    expected = f"valid: 2 lines, SHA-256 as expected; no ptb.train.txt, ptb.test.txt in {folder}/ptb"
    assert capsys.readouterr().out == f"missing  ptb: {expected}\n"


def test_reviews_in_a_folder_or_in_an_archive_that_was_packed_again_are_as_good(folder, capsys):
    unpack(REVIEWS, folder)
    assert command("data", "verify", "imdb") == 0
    assert capsys.readouterr().out == "ok       imdb: archive: 8 reviews in a folder\n"
    packed = gzip.compress(gzip.decompress(IMDB), compresslevel=1)
    write(folder / "aclImdb_v1.tar.gz", packed)
    assert command("data", "verify", "imdb") == 0
    assert capsys.readouterr().out == "ok       imdb: archive: 8 reviews, in an archive that was packed again\n"


@pytest.mark.parametrize(
    ("name", "file", "content", "message"),
    [
        ("imdb", "aclImdb_v1.tar.gz", IMDB[:-4], "is not a complete .tar.gz archive"),
        ("imdb", "aclImdb_v1.tar.gz", archive(dict(list(REVIEWS.items())[1:])), "has 1 reviews in train/neg, not 2"),
        ("nsmc", "ratings_test.txt", NSMC.replace(b"\t1\n", b"\t0\n"), "has 3 documents but is not the published file"),
        ("nsmc", "ratings_test.txt", NSMC[:-3], "line 4 is not an id, a document and a label"),
        ("nsmc", "ratings_train.txt.gz", gzip.compress(NSMC)[:-1], "is not a complete gzip file"),
        ("ptb", "test.txt", PTB.replace("it", "he"), "has 2 lines but is not the standard text"),
        ("ptb", "ptb.train.txt", b"caf\xe9", "is not UTF-8"),
    ],
)
def test_a_damaged_file_is_named_and_the_others_are_still_read(folder, capsys, name, file, content, message):
    write_all(folder)
    damaged = folder / name / file
    write(damaged, content)
    assert command("data", "verify", *THREE) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["damaged" if known == name else "ok", f"{known}:"] for known in THREE]
    line = next(line for line in lines if line.startswith("damaged"))
    assert message in line
    assert str(damaged) in line


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [["text"], ["data"], ["data", "list"], ["data", "fetch"], ["data", "verify"], ["data", "text"]],
    ids=" ".join,
)
def test_help_fits_100_columns(monkeypatch, capsys, arguments):
    monkeypatch.setenv("COLUMNS", "100")
    assert command(*arguments, "--help") == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100
