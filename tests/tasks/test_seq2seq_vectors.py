"""``seq2seq`` from pretrained vectors of the source's words."""

from __future__ import annotations

import numpy as np
import pytest
from small_tables import train_task, write_pairs
from small_text import assert_one_line, command

from scratchnn.tasks.registry import find_kind
from scratchnn.tasks.trained import load
from scratchnn.training.settings import choose
from scratchnn.word2vec.formats import write_vectors
from scratchnn.word2vec.keyed_vectors import KeyedVectors

pytestmark = pytest.mark.usefixtures("quick")
CAPTIONS = [("zwei hunde", "two dogs"), ("eine katze", "a cat"), ("zwei katzen", "two cats")]


@pytest.fixture
def data(tmp_path):
    write_vectors(tmp_path / "vectors.txt", KeyedVectors(["zwei", "zebra", "hunde"], np.eye(3, 5)))
    return write_pairs(tmp_path / "pairs.txt", CAPTIONS)


def test_they_are_the_start_of_the_source_embedding(data, tmp_path):
    task = find_kind("seq2seq")
    given = {"data": [str(data)], "valid_data": [str(data)], "level": "word", "vectors": str(tmp_path / "vectors.txt")}
    settings = choose(task.settings, given, {}, "test")
    task.complete(settings)
    found = task.read(settings)
    table, vocabulary = found.initial["source.W"], found.parts["source_vocabulary"]
    assert settings["embedding_size"] == 5
    assert "2 of 5 words have a vector" in found.note
    assert "zebra" not in vocabulary
    np.testing.assert_array_equal(table[vocabulary.ids["zwei"]], np.eye(3, 5)[0])
    assert 0 < np.linalg.norm(table[vocabulary.ids["katze"]]) < np.inf


def test_a_run_learns_from_them_and_is_continued(data, tmp_path):
    options = ["--data", data, "--valid", data, "--level", "word", "--hidden", 6, "--embed", 5, "--lr", 1e-6, "--epochs", 1]
    vectors = tmp_path / "vectors.txt"
    assert train_task("seq2seq", *options, "--vectors", vectors, "--out", tmp_path / "run") == 0
    trained = load(tmp_path / "run")
    row = trained.parts["source_vocabulary"].ids["hunde"]
    np.testing.assert_allclose(trained.model.source.W.data[row], np.eye(3, 5)[2], atol=1e-4)
    assert command("train", "seq2seq", "--resume", "--epochs", 2, "--out", tmp_path / "run") == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--level", "piece", "--vectors", "vectors.txt"], "--vectors needs --level word, not piece"),
        (["--level", "word", "--vectors", "vectors.txt"], "--vectors vectors.txt has --embed 5, not 8; leave --embed out"),
        (["--level", "word", "--vectors", "nowhere.vec"], "cannot read nowhere.vec: No such file or directory"),
    ],
)
def test_bad_settings(data, tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    assert train_task("seq2seq", "--data", data, *options, "--out", "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()
