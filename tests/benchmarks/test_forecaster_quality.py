"""``python -m benchmarks forecaster --quality``: a table and a figure of trained runs, continued where it was."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from small_series import SIZES, write_series
from small_text import command

from benchmarks import cli, forecaster_quality
from benchmarks.forecaster_quality import MODELS, ORDERS, comparison_table, folder_name
from scratchnn.tasks.registry import find_kind


def in_this_process(words, **options):
    """What ``subprocess.run`` returns for a command of scratchnn, which is run here."""
    assert words[:3] == [sys.executable, "-m", "scratchnn"]
    with contextlib.redirect_stdout(io.StringIO()):
        return subprocess.CompletedProcess(words, command(*words[3:]), "", "")


def test_models_are_trained_and_compared(tmp_path, capsys, monkeypatch, quick):
    """In this process, to save time; the bad input below goes through processes of their own."""
    monkeypatch.setattr(forecaster_quality, "subprocess", SimpleNamespace(run=in_this_process))
    train = ["--data", str(write_series(tmp_path / "f.csv")), "--target", "load", *map(str, SIZES)]
    words = ["forecaster", "--quality", "--models", "TCN", "dense", "--seeds", "0", "3", "--out", str(tmp_path / "out")]
    files = ["--json", str(tmp_path / "q.json")]
    assert cli.main([*words, *files, "--", *train]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert lines[0].split() == ["validation,", "2", "seeds", "MAE", "lowest,", "highest", "parameters", "seconds"]
    names = [line[2:33].strip() for line in lines[1:7]]
    assert names == ["TCN", "dense", "last value", "a day earlier", "a week earlier", "ridge"]
    assert (tmp_path / "out" / "models.png").read_bytes().startswith(b"\x89PNG")
    document = json.loads((tmp_path / "q.json").read_text())["quality"]
    for row in document["runs"]:
        settings = json.loads(
            (tmp_path / "out" / f"{folder_name(row['name'])}-seed{row['seed']}" / "settings.json").read_text()
        )
        assert settings["reader"] == row["name"].lower()
        assert settings["seed"] == row["seed"]
        assert (row["epochs"], row["mae"] > 0, row["seconds"] > 0) == (2, True, True)
    assert document["runs"][2]["parameters"] == 12 * 2 * 6 + 6 + 6 + 1  # W 24 x 6, b 6, W_o 6, b 1
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("model.npz")}
    assert cli.main([*words, "--", *train]) == 0  # finished runs are not trained again
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("model.npz")} == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--models", "RNN"], "unknown model 'RNN'; choose from dense; GRU; GRU, dropouts"),
        (
            ["--orders", "--models", "dense"],
            "unknown model 'dense'; choose from GRU, forward; GRU, reversed",
        ),
        (["--models", "GRU", "--", "--data", "nowhere.csv"], "cannot read nowhere.csv: No such file or directory"),
        (["--models", "GRU", "--", "--lookback", "0"], "--lookback must be a whole number of 1 or more, got 0"),
    ],
)
def test_bad_input_is_one_line(tmp_path, capsys, words, message):
    cut = words.index("--") if "--" in words else len(words)
    assert cli.main(["forecaster", "--quality", "--out", str(tmp_path), *words[:cut], *words[cut:]]) == 2
    output = capsys.readouterr()
    assert output.err.startswith(f"error: {message}")
    assert output.err.count("\n") == 1


def test_the_table_has_means_over_seeds():
    rows = [
        {"name": name, "seed": seed, "mae": mae, "parameters": 1234, "seconds": 10.0 * (seed + 1)}
        for name, values in (("GRU", (2.0, 2.2)), ("dense", (3.0, 3.0)))
        for seed, mae in enumerate(values)
    ]
    lines = list(comparison_table(rows, {"last value": 4.0}))
    assert lines[1].split() == ["GRU", "2.1000", "2.0000", "2.2000", "1,234", "15"]
    assert lines[3].split() == ["last", "value", "4.0000"]


def test_every_model_has_a_folder_of_its_own_and_options_that_train_knows():
    for models in (MODELS, ORDERS):
        assert len({folder_name(name) for name in models}) == len(models)
    assert folder_name("Conv1D, pool, GRU") == "conv1d-pool-gru"
    flags = {setting.flag for setting in find_kind("forecaster").settings}
    assert {word for words in (*MODELS.values(), *ORDERS.values()) for word in words if word.startswith("--")} <= flags
