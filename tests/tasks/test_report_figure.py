"""``evaluate`` prints its scores also where it cannot save its figures, for every kind that has any."""

from __future__ import annotations

import pytest
from small_series import write_series
from small_tables import write_columns
from small_text import command
from small_trees import write_trees

from scratchnn.datasets.generated import generated_travels, generated_treebank

pytestmark = pytest.mark.usefixtures("quick")
TINY = ["--epochs", 1, "--hidden", 4]
FIGURES = {  # options, files, a line of the scores
    "tagger": (["--embed", 4], ["confusion.png", "transitions.png"], "f1 "),
    "parser": (["--embed", 4, "--character-hidden", 3, "--layers", 1], ["attachment.png"], "unlabelled "),
    "forecaster": (["--target", "load", "--lookback", 6], ["forecast.png"], "this model "),
}


@pytest.fixture
def data(tmp_path):
    return {
        "tagger": write_columns(tmp_path / "tagger.txt", generated_travels(40, seed=0)),
        "parser": write_trees(tmp_path / "parser.conllu", generated_treebank(40, 0)),
        "forecaster": write_series(tmp_path / "forecaster.csv"),
    }


@pytest.mark.parametrize("kind", FIGURES)
def test_scores_without_figures(kind, data, tmp_path, capsys):
    options, names, score = FIGURES[kind]
    run = tmp_path / "run"
    assert command("train", kind, "--data", data[kind], *TINY, *options, "--out", run) == 0
    for name in names:
        (run / name).mkdir()  # as in a folder that may only be read
    capsys.readouterr()
    assert command("evaluate", run, "--data", data[kind]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(score) for line in lines)
    refused = [line for line in lines if line.startswith("without the ")]
    assert len(refused) == len(names)
    assert all("cannot write " in line and name in line for line, name in zip(refused, names, strict=True))
