"""Accuracy against the number of labels: what is trained, what is kept, and the table."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_tables import reviews, write_pairs
from small_text import assert_one_line

from benchmarks import cli, few_labels
from benchmarks.table import WIDTH
from scratchnn.word2vec.formats import write_vectors
from scratchnn.word2vec.keyed_vectors import KeyedVectors


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Small data in place of IMDb, and runs in this process; returns the calls."""
    data = str(write_pairs(tmp_path / "reviews.txt", reviews(80)))
    words = "the film plot was and good fine great bad awful poor".split()
    write_vectors(tmp_path / "vectors.txt", KeyedVectors(words, np.random.default_rng(0).standard_normal((len(words), 8))))
    monkeypatch.setattr(few_labels, "MODEL", {**few_labels.MODEL, "lr": 0.03, "dropout": 0.0})
    monkeypatch.setattr(few_labels, "MOST_EPOCHS", 30)
    calls = []

    def run(function, case, settings):
        calls.append((few_labels.name_of(case), settings["threads"]))
        assert function == "benchmarks.few_labels:trained"
        return few_labels.trained({**case, "data": data, "test": data}, settings)

    monkeypatch.setattr(few_labels, "run_job", run)
    return calls


def test_both_starts_and_what_is_kept(small, tmp_path, capsys):
    words = ["few-labels", "--vectors", str(tmp_path / "vectors.txt"), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--labels", "20", "60", "--seeds", "3", "4", "--json", str(tmp_path / "b.json")]) == 0
    names = [f"{n}-seed{seed}-{start}" for n in (20, 60) for seed in (3, 4) for start in ("none", "vectors")]
    assert small == [(name, 1) for name in names]
    document = json.loads((tmp_path / "b.json").read_text())["few_labels"]
    assert list(document["runs"]) == names
    assert min(document["runs"][f"60-seed{seed}-vectors"]["accuracy"] for seed in (3, 4)) > 0.9
    assert (tmp_path / "out" / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    table = {line.split()[0]: line.split() for line in lines if "labels " in line}
    for labels in (20, 60):
        none, vectors = (
            [document["runs"][f"{labels}-seed{seed}-{start}"]["accuracy"] for seed in (3, 4)]
            for start in ("none", "vectors")
        )
        shown = [float(cell) for cell in table[str(labels)][2:]]
        expected = [np.mean(none), min(none), max(none), np.mean(vectors), min(vectors), max(vectors)]
        assert shown == pytest.approx([*expected, np.mean(vectors) - np.mean(none)], abs=6e-5)
    small.clear()
    (tmp_path / "out" / "20-seed4-none.json").unlink()
    assert cli.main([*words, "--labels", "20", "60", "--seeds", "3", "4"]) == 0
    assert small == [("20-seed4-none", 1)]
    assert "7 of 8 runs are in" in capsys.readouterr().out


def test_the_starts_differ_in_the_embedding_alone(small, tmp_path):
    case = {"labels": 20, "seed": 0, "vectors": str(tmp_path / "vectors.txt"), "size": 8}
    case |= {"data": str(tmp_path / "reviews.txt"), "test": str(tmp_path / "reviews.txt")}
    first = few_labels.trained({**case, "start": "none"}, {})["accuracy"]
    assert few_labels.trained({**case, "start": "none"}, {})["accuracy"] == first  # the same seed, the same result
    assert [few_labels.epochs_of(labels) for labels in (2, 200, 2_000, 25_000)] == sorted(
        (few_labels.epochs_of(labels) for labels in (2, 200, 2_000, 25_000)), reverse=True
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "few-labels needs --vectors: a run of train word2vec on the text of imdb:unsup"),
        (["--vectors", "nowhere.txt"], "cannot read nowhere.txt"),
        (["--vectors", "v.txt", "--labels", "1"], "--labels must be a whole number of 2 or more, got 1"),
        (["lstm"], "few-labels is a run of its own; leave out --against, --plot, --quality and other"),
        (["--plot", "x.png"], "few-labels is a run of its own"),
    ],
)
def test_errors(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["few-labels", *words]) == 2
    assert_one_line(capsys, message)


def test_another_run_in_the_folder(small, tmp_path, capsys, monkeypatch):
    words = ["few-labels", "--vectors", str(tmp_path / "vectors.txt"), "--out", str(tmp_path / "out"), "--labels", "20"]
    assert cli.main(words) == 0
    monkeypatch.setattr(few_labels, "STEPS", 7)
    capsys.readouterr()
    assert cli.main(words) == 2
    assert_one_line(capsys, "contains results of another text or of other settings; choose another --out")
