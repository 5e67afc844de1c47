"""Data sets with one token per line: found by name and part, read with their layout, checked by their digests."""

from __future__ import annotations

import gzip
import hashlib

import pytest
from small_data import write
from small_text import assert_one_line, command

from scratchnn.datasets import conll2003, korean_ner, ud
from scratchnn.datasets.token_files import read_part
from scratchnn.errors import DataError
from scratchnn.tasks.tagged import read_tagged

ENGLISH = "-DOCSTART- -X- -X- O\n\nOslo NNP B-NP B-LOC\n. . O O\n"
KOREAN = "서울\t서울\tNNP\tB\tB-LOC\n은\t은\tJX\tI\tO\n"
TREE = "1\tOslo\tOslo\tPROPN\tNNP\t_\t0\troot\t_\t_\n"
CASES = {
    "conll2003": (conll2003, ENGLISH, {"train": "eng.train", "valid": "eng.testa.gz", "test": "eng.testb"}),
    "korean_ner": (korean_ner, KOREAN, {part: f"{part}.conll.gz" for part in ("train", "valid", "test")}),
    "ud": (
        ud,
        TREE,
        {
            "en_ewt:train": "en_ewt-ud-train.conllu",
            "en_ewt:valid": "en_ewt-ud-dev.conllu.gz",
            "en_ewt:test": "en_ewt-ud-test.conllu",
            "ko_kaist:train": "ko_kaist-train.conllu",
            "ko_kaist:valid": "ko_kaist-ud-dev.conllu",
            "ko_kaist:test": "ko_kaist-test.conllu.gz",
        },
    ),
}


@pytest.fixture(params=CASES)
def copies(request, folder, monkeypatch):
    """The name of a set, and the files of its small copies by part, which are taken for the expected ones."""
    module, text, names = CASES[request.param]
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    monkeypatch.setattr(module, "SHA256", dict.fromkeys(names, digest))
    files = {}
    for part, name in names.items():
        raw = text.encode("utf-8")
        files[part] = write(folder / request.param / name, gzip.compress(raw) if name.endswith(".gz") else raw)
    return request.param, files


def test_verify(copies, capsys):
    name, files = copies
    assert command("data", "verify", name) == 0
    tokens = 2 if name != "ud" else 1
    found = "; ".join(f"{part}: 1 sentences, {tokens} tokens, SHA-256 as expected" for part in files)
    assert capsys.readouterr().out == f"ok       {name}: {found}\n"
    path = files["test" if name != "ud" else "en_ewt:test"]
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    changed = raw.replace(b"Oslo", b"Lima").replace("서울".encode(), "부산".encode())
    path.write_bytes(gzip.compress(changed) if path.suffix == ".gz" else changed)
    assert command("data", "verify", name) == 1
    assert "but is not the expected file; obtain it again" in capsys.readouterr().out
    path.unlink()
    assert command("data", "verify", name) == 0
    assert capsys.readouterr().out.startswith(f"missing  {name}: ")


def test_every_part_is_read_by_name(copies):
    name, files = copies
    for part in files:
        (sentence,), scheme = read_tagged([f"{name}:{part}"], None, "train")
        assert scheme == (None if name == "ud" else "IOB2")
        assert sentence.tags == {"conll2003": ["S-LOC", "O"], "korean_ner": ["S-LOC", "O"], "ud": ["PROPN"]}[name]
    if name == "conll2003":
        (sentence,), scheme = read_tagged([name], "2", "test")
        assert (sentence.tags, scheme) == (["NNP", "."], None)
    if name == "ud":
        assert read_tagged(["ud:ko_kaist"], "xpos", "valid")[0][0].tags == ["NNP"]


def test_an_unknown_part(copies):
    name, files = copies
    with pytest.raises(DataError, match=f"{name} has no part 'dev'; choose from {next(iter(files))}"):
        read_part(CASES[name][0].DATASET, "dev")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", CASES)
def test_they_are_not_downloaded(name, monkeypatch, capsys):
    monkeypatch.setattr("urllib.request.urlopen", None)
    assert command("data", "fetch", name) == 2
    assert_one_line(capsys, f"{name} cannot be downloaded (", "; put ")
