"""A run that is killed at any moment and resumed ends with the same bits as one that was never interrupted."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import time

import pytest
from small_text import arrays_and_meta, write_text

from scratchnn.cli import main

MEASURED = "targets_per_second"
OPTIONS = ["--level", "word", "--hidden", "10", "--layers", "2", "--dropout", "0.4", "--batch", "2", "--window", "10"]
OPTIONS += ["--epochs", "3", "--lr", "0.01", "--schedule", "plateau", "--patience", "3", "--checkpoint-every", "7"]


def rows(path):
    """The history without the speed."""
    with open(path, newline="") as file:
        return [{name: value for name, value in row.items() if name != MEASURED} for row in csv.DictReader(file)]


def assert_same_run(folder, other):
    for name in ("model.npz", "settings.json", "vocabulary.json"):
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    arrays, meta = arrays_and_meta(folder / "checkpoint.npz")
    other_arrays, other_meta = arrays_and_meta(other / "checkpoint.npz")
    assert list(arrays) == list(other_arrays)
    assert arrays == other_arrays
    assert meta == other_meta
    assert rows(folder / "history.csv") == rows(other / "history.csv")
    expected = {"settings.json", "vocabulary.json", "checkpoint.npz", "model.npz", "history.csv", "loss.png"}
    assert {entry.name for entry in folder.iterdir()} == expected  # and no temporary file


# --- processes, killed -----------------------------------------------------------------------------------------------


def start(text, out, *more):
    command = [sys.executable, "-m", "scratchnn", "train", "lm", "--text", str(text), "--out", str(out), *OPTIONS, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A text, and the folder of a run on it that was not interrupted."""
    folder = tmp_path_factory.mktemp("reference")
    text = write_text(folder / "text.txt", lines=400)
    finish(start(text, folder / "run"))
    return text, folder / "run"


def identity(path):
    """A value that changes whenever the file is replaced; ``None`` if there is no file."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def wait_for(process, condition):
    """Check without pause until ``condition`` is true or the process has ended."""
    deadline = time.monotonic() + 300
    while process.poll() is None and not condition():
        assert time.monotonic() < deadline


def kill_at_random(process, out, rng):
    """Kill at a random moment of training."""
    before = identity(out / "checkpoint.npz")
    wait_for(process, lambda: identity(out / "checkpoint.npz") != before)
    time.sleep(rng.uniform(0, 0.1))


def kill_after_checkpoint(process, out, rng):
    """Kill just after a checkpoint has been replaced."""
    kill_at_random(process, out, rng)
    before = identity(out / "checkpoint.npz")
    wait_for(process, lambda: identity(out / "checkpoint.npz") != before)
    time.sleep(rng.choice([0, 0.001, 0.003]))


def kill_while_writing(process, out, rng):
    """Kill while a temporary file is being written."""
    kill_at_random(process, out, rng)
    wait_for(process, lambda: any(name.endswith(".part") for name in os.listdir(out)))


def kill_early(process, out, rng):
    """Kill before or while the run folder is made."""
    time.sleep(rng.uniform(0.2, 1.0))


@pytest.mark.parametrize(
    "kills",
    [
        [kill_at_random, kill_at_random, kill_at_random],
        [kill_after_checkpoint, kill_while_writing, kill_after_checkpoint, kill_while_writing],
        [kill_early, kill_early, kill_while_writing],
    ],
)
def test_killed_and_resumed_ends_with_the_same_bits(reference, tmp_path, kills):
    text, undisturbed = reference
    out, rng = tmp_path / "run", random.Random(len(kills) + len(kills[0].__name__))
    killed = 0
    for kill in kills:
        process = start(text, out, "--resume")
        kill(process, out, rng)
        process.kill()
        process.communicate()
        killed += process.returncode == -9
    assert killed >= 2  # otherwise the test proves nothing: the run ended too soon
    finish(start(text, out, "--resume"))
    assert_same_run(out, undisturbed)


@pytest.mark.usefixtures("quick")
def test_another_process_gives_the_same_bytes(reference, tmp_path):
    text, undisturbed = reference
    assert main(["train", "lm", "--text", str(text), "--out", str(tmp_path / "run"), *OPTIONS]) == 0
    assert_same_run(tmp_path / "run", undisturbed)


# --- the command's own rules -----------------------------------------------------------------------------------------


def command(text, out, *more):
    short = ["--hidden", "6", "--batch", "4", "--window", "8", "--dropout", "0.3", "--checkpoint-every", "4"]
    return ["train", "lm", "--text", str(text), "--out", str(out), *short, *more]


@pytest.mark.usefixtures("quick")
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(text, tmp_path):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main(command(text, tmp_path / name, "--epochs", "1", "--seed", seed)) == 0
    assert_same_run(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "c" / "model.npz").read_bytes() != (tmp_path / "a" / "model.npz").read_bytes()


@pytest.mark.usefixtures("quick")
def test_a_finished_run_says_so_and_stays_as_it_is(text, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(command(text, out, "--epochs", "1")) == 0
    before = {entry.name: entry.read_bytes() for entry in out.iterdir()}
    capsys.readouterr()
    assert main(command(text, out, "--epochs", "1", "--resume")) == 0
    assert "this run is finished (1 epochs); nothing to do" in capsys.readouterr().out
    assert {entry.name: entry.read_bytes() for entry in out.iterdir()} == before


@pytest.mark.usefixtures("quick")
def test_resume_without_a_checkpoint_starts_from_the_beginning(text, tmp_path, capsys):
    assert main(command(text, tmp_path / "a", "--epochs", "1", "--resume")) == 0
    assert main(command(text, tmp_path / "b", "--epochs", "1")) == 0
    assert_same_run(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "checkpoint.npz").unlink()
    assert main(["train", "lm", "--resume", "--out", str(tmp_path / "b")]) == 0  # with the settings that were saved
    assert "continuing" not in capsys.readouterr().out
    assert_same_run(tmp_path / "a", tmp_path / "b")


@pytest.mark.usefixtures("quick")
def test_more_epochs_continue_where_the_run_ended(text, tmp_path, capsys):
    assert main(command(text, tmp_path / "once", "--epochs", "2")) == 0
    assert main(command(text, tmp_path / "twice", "--epochs", "1")) == 0
    capsys.readouterr()
    assert main(["train", "lm", "--epochs", "2", "--resume", "--out", str(tmp_path / "twice")]) == 0
    assert "continuing after" in capsys.readouterr().out
    assert_same_run(tmp_path / "once", tmp_path / "twice")


@pytest.mark.usefixtures("quick")
def test_more_epochs_are_refused_with_the_cosine_schedule(text, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(command(text, out, "--epochs", "1", "--schedule", "cosine")) == 0
    assert main(["train", "lm", "--epochs", "3", "--resume", "--out", str(out)]) == 2
    assert "was started with --epochs 1, not 3; leave it out" in capsys.readouterr().err
    assert main(["train", "lm", "--resume", "--out", str(out)]) == 0


@pytest.mark.usefixtures("quick")
def test_temporary_files_of_a_killed_process_do_no_harm(text, tmp_path):
    assert main(command(text, tmp_path / "undisturbed", "--epochs", "2")) == 0
    out = tmp_path / "run"
    assert main(command(text, out, "--epochs", "1")) == 0
    for name in ("checkpoint.npz", "model.npz", "history.csv", "settings.json", "vocabulary.json", "loss.png"):
        (out / f".{name}.part").write_bytes(b"PK\x03\x04 half of a file")
    assert main(command(text, out, "--epochs", "2", "--resume")) == 0
    assert_same_run(out, tmp_path / "undisturbed")
