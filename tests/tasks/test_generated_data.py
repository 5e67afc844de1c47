"""Data that a task makes up: its name, its parts, and a model that was trained on it evaluated on it."""

import pytest
from small_text import command, make_quick

from scratchnn.errors import DataError
from scratchnn.tasks.labelled import Columns, read_labelled
from scratchnn.tasks.music import read_sources
from scratchnn.tasks.tagged import read_tagged
from scratchnn.tasks.treebanks import read_trees

READERS = {
    "classifier": lambda source, part: read_labelled([source], Columns(), part),
    "tagger": lambda source, part: [(one.words, one.tags) for one in read_tagged([source], None, part)[0]],
    "parser": lambda source, part: read_trees([source], part),
    "music": lambda source, part: read_sources([source], part),
}
COUNTS = {"labelled.REVIEWS": 40, "tagged.TRAVELS": 40, "treebanks.SENTENCES": 40, "music.TUNES": 12}
SMALL = {
    "classifier": ["--hidden", 4, "--embed", 4],
    "tagger": ["--hidden", 4, "--embed", 4],
    "parser": ["--hidden", 4, "--embed", 4],
    "music": ["--hidden", 4, "--embed", 4, "--window", 8, "--batch", 2],
}


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    for name, count in COUNTS.items():
        monkeypatch.setattr(f"scratchnn.tasks.{name}", count)


@pytest.mark.parametrize("kind", READERS)
def test_its_parts_share_no_examples_order_and_are_the_same_each_time(kind):
    read = READERS[kind]
    assert read("generated", "test") == read("generated:test", "train") == read("generated:test", "valid")
    parts = [read(f"generated:{part}", "train") for part in ("train", "valid", "test")]
    assert all(len(part) == len(parts[0]) for part in parts)
    assert parts[0] != parts[1] != parts[2] != parts[0]


@pytest.mark.parametrize("kind", READERS)
def test_a_part_that_it_does_not_have(kind):
    with pytest.raises(DataError, match=r"no generated data 'generated:dev'; choose from generated:train, generated:valid"):
        READERS[kind]("generated:dev", "test")


@pytest.mark.parametrize("kind", READERS)
def test_a_model_of_the_default_data_is_evaluated_on_new_examples(kind, tmp_path, capsys, monkeypatch):
    make_quick(monkeypatch)
    if kind == "music":
        monkeypatch.setattr("scratchnn.tasks.music.WRITTEN", 2)
    assert command("train", kind, *SMALL[kind], "--epochs", 1, "--out", tmp_path / "run") == 0
    capsys.readouterr()
    shown = []
    for source in ("generated", "generated:test", "generated:valid"):
        assert command("evaluate", tmp_path / "run", "--data", source) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] != shown[2]


def test_a_file_of_that_name_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "generated").write_text("good\tpos\nbad\tneg\n")
    assert read_labelled(["generated"], Columns(), "train") == [("good", "pos"), ("bad", "neg")]
