"""Runs of ``train classifier`` and ``train seq2seq`` that tests read, copy, or damage; others do not notice."""

from __future__ import annotations

import shutil

import pytest
from small_tables import PAIRS, reviews, train_task, write_pairs
from small_text import make_quick


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    """A folder with ``reviews.txt`` and ``pairs.txt`` and a run on each, to be read and copied, never changed."""
    folder = tmp_path_factory.mktemp("tables")
    write_pairs(folder / "reviews.txt", reviews())
    write_pairs(folder / "pairs.txt", PAIRS)
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        assert train_task("classifier", "--data", folder / "reviews.txt", "--out", folder / "classifier") == 0
        pairs = folder / "pairs.txt"
        assert train_task("seq2seq", "--data", pairs, "--valid", pairs, "--out", folder / "seq2seq") == 0
    return folder


@pytest.fixture
def classifier_run(tables, tmp_path):
    """A run that a test may damage."""
    return shutil.copytree(tables / "classifier", tmp_path / "classifier")


@pytest.fixture
def seq2seq_run(tables, tmp_path):
    """A run that a test may damage."""
    return shutil.copytree(tables / "seq2seq", tmp_path / "seq2seq")
