"""Runs of classifier, tagger, captioner, parser, music ... that were killed and resumed end with the same bits."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time

import pytest
from small_pictures import halves, write_pictures
from small_series import small_table, write_series
from small_tables import PAIRS, reviews, write_columns, write_pairs
from small_text import arrays_and_meta, command, contents, make_quick
from small_trees import write_trees
from small_tunes import write_tunes

from scratchnn.data.examples import ShuffledByWords
from scratchnn.datasets.generated import generated_travels, generated_treebank
from scratchnn.tasks.tables import split

MEASURED = "targets_per_second"
SINGLE = ["--batch", "4", "--epochs", "3", "--checkpoint-every", "2", "--schedule", "plateau"]
COMMON = [*SINGLE, "--accumulate", "3"]
ATTENTION = ["--level", "piece", "--vocabulary", "40", "--bidirectional", "--dropout", "0.3"]
ATTENTION += ["--attention", "additive", "--input-feeding", "--tie"]
OPTIONS = {
    "classifier": [*COMMON, "--hidden", "6", "--embed", "4", "--layers", "2", "--bidirectional", "--dropout", "0.4"],
    "tagger": [*COMMON, "--hidden", "6", "--embed", "4", "--layers", "2", "--word-dropout", "1"],
    "seq2seq": [*COMMON, "--hidden", "6", "--embed", "4", "--patience", "3", *ATTENTION],
    "captioner": [
        *COMMON, "--channels", "3", "4", "--hidden", "6", "--embed", "4", "--dropout", "0.3",
    ],
    "parser": [*COMMON[2:], "--batch", "27", "--hidden", "6", "--embed", "4", "--character-hidden", "3", "--layers", "1"],
    "forecaster": [
        *COMMON, "--target", "load", "--calendar", "--hidden", "6", "--lookback", "20", "--delay", "3", "--horizon", "2",
        "--dropout", "0.2", "--recurrent-dropout", "0.3", "--quantiles", "0.1", "0.5", "0.9",
    ],
    "music": [  # its state is carried from batch to batch
        *SINGLE, "--keys", "2", "--bar-clock", "--hidden", "6", "--embed", "4", "--layers", "2", "--window", "16",
    ],
}  # fmt: skip
PARTS = {
    "classifier": ["vocabulary", "labels"],
    "tagger": ["words", "characters", "tags"],
    "seq2seq": ["source_vocabulary", "target_vocabulary"],
    "captioner": ["vocabulary"],
    "parser": ["words", "characters", "labels"],
    "forecaster": ["scale", "baselines"],
    "music": ["vocabulary"],
}
DATA = {
    "classifier": reviews(390),
    "tagger": generated_travels(140, seed=0),
    "seq2seq": [(a + c, f"{b} {d}") for a, b in PAIRS for c, d in PAIRS][:140],
    "captioner": halves(140),
    "parser": generated_treebank(120, seed=0),
    "forecaster": small_table(),
    "music": 40,  # tunes
}
WRITERS = {
    "tagger": write_columns,
    "captioner": write_pictures,
    "parser": write_trees,
    "forecaster": write_series,
    "music": write_tunes,
}
BATCHES = {
    "parser": len(ShuffledByWords([len(words) for words, _, _ in split(DATA["parser"], 0)[0]], 27)),
    "forecaster": 37,  # 145 windows
}
each_kind = pytest.mark.parametrize("kind", OPTIONS)
each_that_accumulates = pytest.mark.parametrize("kind", [kind for kind in OPTIONS if "--accumulate" in OPTIONS[kind]])


def arguments(kind, folder, out, *more):
    return ["train", kind, "--data", str(folder / f"{kind}.txt"), "--out", str(out), *OPTIONS[kind], *more]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for kind, examples in DATA.items():
        WRITERS.get(kind, write_pairs)(folder / f"{kind}.txt", examples)
    return folder


@pytest.fixture(scope="module")
def undisturbed(data):
    """The folder of a run that nothing interrupted, made in this process when it is first asked for."""
    made = {}

    def run(kind):
        if kind not in made:
            made[kind] = data / f"run-{kind}"
            with pytest.MonkeyPatch.context() as monkeypatch:
                make_quick(monkeypatch)
                assert command(*arguments(kind, data, made[kind])) == 0
        return made[kind]

    return run


def rows(path):
    """History without the speed."""
    with open(path, newline="") as file:
        return [{name: value for name, value in row.items() if name != MEASURED} for row in csv.DictReader(file)]


def assert_same_run(kind, folder, other):
    parts = [f"{name}.json" for name in PARTS[kind]]
    for name in ("model.npz", "settings.json", *parts):
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    assert arrays_and_meta(folder / "checkpoint.npz") == arrays_and_meta(other / "checkpoint.npz")
    assert rows(folder / "history.csv") == rows(other / "history.csv")
    expected = {"settings.json", "checkpoint.npz", "model.npz", "history.csv", "loss.png", *parts}
    assert {entry.name for entry in folder.iterdir()} == expected  # and no temporary file


def identity(path):
    """Changes whenever the file is replaced; ``None`` if there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def wait_for(process, condition):
    """Look again and again until ``condition`` holds or the process has ended."""
    deadline = time.monotonic() + 300
    while process.poll() is None and not condition():
        assert time.monotonic() < deadline
        time.sleep(0.0005)  # far shorter than a step; the process needs the core


def kill_after(process, checkpoint, count):
    """SIGKILL when ``count`` new checkpoints have been seen."""
    for _ in range(count):
        before = identity(checkpoint)
        wait_for(process, lambda before=before: identity(checkpoint) != before)
    process.kill()
    process.communicate()
    return process.returncode == -9


@each_kind
@pytest.mark.usefixtures("quick")
def test_killed_and_resumed_ends_with_the_same_bits(data, undisturbed, tmp_path, kind):
    expected, out = undisturbed(kind), tmp_path / "run"
    killed = 0
    positions = set()
    for count in (2, 5):
        words = [sys.executable, "-m", "scratchnn", *arguments(kind, data, out, "--resume")]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        killed += kill_after(process, out / "checkpoint.npz", count)
        _, meta = arrays_and_meta(out / "checkpoint.npz")
        positions.add((meta["epoch"], meta["position"]))
    assert killed == len(positions) == 2  # or the test proves nothing: the run is over too soon
    assert command(*arguments(kind, data, out, "--resume")) == 0
    assert_same_run(kind, out, expected)


@each_that_accumulates
@pytest.mark.usefixtures("quick")
def test_the_last_group_of_an_epoch_is_smaller_and_position_counts_batches(data, undisturbed, kind):
    _, meta = arrays_and_meta(undisturbed(kind) / "checkpoint.npz")
    batches = BATCHES.get(kind, -(-(len(DATA[kind]) - len(DATA[kind]) // 10) // 4))
    assert batches % 3
    assert (meta["epoch"], meta["position"], meta["step"]) == (3, 0, 3 * -(-batches // 3))


@each_kind
@pytest.mark.usefixtures("quick")
def test_more_epochs_go_on_where_the_run_had_ended(data, undisturbed, tmp_path, capsys, kind):
    out = tmp_path / "run"
    assert command(*arguments(kind, data, out, "--epochs", "1")) == 0
    (out / ".checkpoint.npz.part").write_bytes(b"PK\x03\x04 half of a file")
    capsys.readouterr()
    assert command("train", kind, "--resume", "--out", out, "--epochs", 3) == 0  # the settings need not be repeated
    assert "continuing after" in capsys.readouterr().out
    same = {name: raw for name, raw in contents(out).items() if name in ("model.npz", "settings.json")}
    assert same == {name: contents(undisturbed(kind))[name] for name in same}
    assert arrays_and_meta(out / "checkpoint.npz") == arrays_and_meta(undisturbed(kind) / "checkpoint.npz")
    before = contents(out)
    assert command("train", kind, "--resume", "--out", out) == 0
    assert "this run is finished (3 epochs); nothing to do" in capsys.readouterr().out
    assert contents(out) == before
