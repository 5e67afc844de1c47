"""``train word2vec`` as it is typed: the files of a run, resuming, kills, bad arguments."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import random
import re
import subprocess
import sys
import time

import pytest
from small_text import assert_one_line, command, contents, write_text

from scratchnn.errors import DataError
from scratchnn.tasks import word2vec as task
from scratchnn.text import Vocabulary
from scratchnn.word2vec import read_vectors

OPTIONS = ["--dim", 8, "--window", 2, "--epochs", 2, "--sample", 0, "--min-count", 1]


def train(*arguments):
    return command("train", "word2vec", *OPTIONS, *arguments)


def test_the_files_of_a_run(tmp_path, capsys):
    text, out = tmp_path / "text.txt.gz", tmp_path / "run"
    text.write_bytes(gzip.compress(b"the cat sat on the mat\r\nthe dog ran\r\n" * 200))
    assert train("--text", text, "--out", out, "--model", "cbow") == 0
    assert "1,800 words of text, 100.0% of them in the vocabulary of 7" in capsys.readouterr().out
    assert set(contents(out)) == {
        "settings.json", "vocabulary.json", "vectors.txt", "checkpoint.npz", "history.csv", "loss.png",
    }  # fmt: skip
    settings = json.loads((out / "settings.json").read_text())
    assert (settings["kind"], settings["model"], settings["alpha"], settings["block"]) == ("word2vec", "cbow", 0.05, 64)
    vectors = read_vectors(out)
    assert (
        vectors.words == Vocabulary.load(out / "vocabulary.json").tokens == ["the", "cat", "dog", "mat", "on", "ran", "sat"]
    )
    with open(out / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["words"], row["epoch"]) for row in rows] == [("1800", "1"), ("3600", "2")]


def test_resume_says_what_does_not_agree_and_changes_nothing(tmp_path, capsys):
    text, out = write_text(tmp_path / "text.txt"), tmp_path / "run"
    assert train("--text", text, "--out", out) == 0
    before = contents(out)
    capsys.readouterr()
    assert train("--text", text, "--out", out, "--resume", "--epochs", 3) == 2
    assert_one_line(capsys, "was started with --epochs 2, not 3")
    other = write_text(tmp_path / "other.txt", seed=1)
    assert train("--text", other, "--out", out, "--resume") == 2
    assert_one_line(capsys, f"was started with --data {text}, not {other}; leave it out, or choose another --out")
    assert command("train", "lm", "--text", text, "--out", out, "--resume") == 2
    assert_one_line(capsys, "contains a run of train word2vec, not of train lm")
    for arguments, remedy in (
        (["sample"], "which do not write; use a run of train lm"),
        (["evaluate"], f"use evaluate-vectors {out}"),
        (["evaluate", "--data", text], f"use evaluate-vectors {out}"),
        (["predict", "--data", text], f"use similar or analogy {out} WORD ..."),
    ):
        assert command(arguments[0], out, *arguments[1:]) == 2
        assert_one_line(capsys, f"{out} contains word vectors", remedy)
    assert contents(out) == before
    assert train("--out", out, "--resume") == 0
    assert "this run is finished (2 epochs); nothing to do" in capsys.readouterr().out
    assert contents(out) == before


def test_the_vectors_of_a_finished_run_are_written_again(tmp_path):
    """As after a kill between the last checkpoint and the vectors."""
    text, out = write_text(tmp_path / "text.txt"), tmp_path / "run"
    assert train("--text", text, "--out", out) == 0
    before = contents(out)
    (out / "vectors.txt").unlink()
    assert train("--out", out, "--resume") == 0
    assert contents(out) == before


def test_a_language_model_is_no_run_of_word2vec(tmp_path, capsys):
    out = tmp_path / "run"
    out.mkdir()
    (out / "settings.json").write_text('{"kind": "lm"}')
    assert train("--text", write_text(tmp_path / "text.txt"), "--out", out, "--resume") == 2
    assert_one_line(capsys, "contains a run of train lm, not of train word2vec")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--alpha", "nan"], "--lr must be above 0, got nan"),
        (["--lr", 0], "--lr must be above 0, got 0.0"),
        (["--sample", -1], "--sample must be 0 or more, got -1"),
        (["--dim", 0], "--dim must be a whole number of 1 or more, got 0"),
        (["--checkpoint-every", 0], "--checkpoint-every must be a whole number of 1 or more, got 0"),
        (["--window", 360], "a window of 360 words to either side is larger than the text, which has 360"),
        (["--min-count", 1000], "a vocabulary of 0 word(s)"),
    ],
)
def test_bad_arguments(tmp_path, capsys, arguments, message):
    text = write_text(tmp_path / "text.txt")
    assert train("--text", text, "--out", tmp_path / "run", *arguments) == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


def test_no_gpu(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)  # as if it were not installed
    assert train("--text", write_text(tmp_path / "text.txt"), "--out", tmp_path / "run", "--device", "gpu") == 2
    assert_one_line(capsys, "cupy cannot be imported", "pip install")
    assert not (tmp_path / "run").exists()


def test_the_cpu_is_the_place_for_word2vec(tmp_path, capsys, monkeypatch):
    def stop(*arguments):
        raise DataError("far enough")

    monkeypatch.setattr(task, "load_backend", lambda name: None)
    monkeypatch.setattr(task, "prepare", stop)
    assert train("--text", write_text(tmp_path / "text.txt"), "--out", tmp_path / "run", "--device", "gpu") == 2
    warning, error = capsys.readouterr().err.splitlines()
    assert warning == (
        "warning: word2vec trains faster on the CPU: its operations are too small for a GPU; leave out --device gpu"
    )
    assert "far enough" in error


def test_no_text(tmp_path, capsys):
    assert train("--out", tmp_path / "run") == 2
    assert_one_line(capsys, "no text: name one or more files with --data FILE ...")


def start(text, out):
    arguments = [*OPTIONS, "--epochs", 3, "--checkpoint-every", 1, "--text", text, "--out", out, "--resume"]
    command = [sys.executable, "-m", "scratchnn", "train", "word2vec", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_and_resumed_ends_with_the_same_bits(tmp_path):
    """SIGKILL at some moments after the first checkpoint; there is one after every piece."""
    text, rng = write_text(tmp_path / "text.txt", lines=20_000), random.Random(0)
    folders = tmp_path / "whole", tmp_path / "parts"
    process = start(text, folders[0])
    assert process.wait(300) == 0, process.stderr.read()
    killed = 0
    for _ in range(3):
        process = start(text, folders[1])
        checkpoint, deadline = folders[1] / "checkpoint.npz", time.monotonic() + 300
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
        while process.poll() is None and (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before):
            assert time.monotonic() < deadline
        time.sleep(rng.uniform(0, 0.2))
        process.kill()
        killed += process.wait() != 0
    assert killed
    process = start(text, folders[1])
    assert process.wait(300) == 0, process.stderr.read()
    whole, parts = contents(folders[0]), contents(folders[1])
    assert set(whole) == set(parts)
    for name in ("vectors.txt", "vocabulary.json", "settings.json"):
        assert whole[name] == parts[name], name


@pytest.mark.parametrize("figure", [None, b"older"])
def test_a_run_killed_after_its_last_checkpoint_is_reported_when_resumed(tmp_path, figure):
    out = tmp_path / "run"
    options = ["--text", write_text(tmp_path / "text.txt", lines=2_000), "--out", out]
    assert train(*options) == 0
    whole = contents(out)
    for name in ("loss.png", "history.csv", "vectors.txt"):
        (out / name).unlink()
    if figure is not None:
        (out / "loss.png").write_bytes(figure)  # newer than the checkpoint, as in a copy
    assert train(*options, "--resume") == 0
    assert contents(out) == whole


# --- small texts -----------------------------------------------------------------------------------------------------


def epochs_shown(output):
    """Loss and speed of each epoch that was printed."""
    return [(float(a), float(b.replace(",", ""))) for a, b in re.findall(r"loss ([\d.]+), ([\d,]+) words/s", output)]


def test_the_log_has_means_over_the_epoch(tmp_path, capsys):
    """By the words of each row of the history; the last row of an epoch may have a few words, or none that counts."""
    text, out = write_text(tmp_path / "text.txt", lines=20_000), tmp_path / "run"
    with open(text, "a") as file:
        file.write("mat\n" * 60_000)  # several pieces without a pair
    assert train("--data", text, "--out", out) == 0
    shown = epochs_shown(capsys.readouterr().out)
    assert len(shown) == 2
    with open(out / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for epoch, (loss, speed) in enumerate(shown, 1):
        own = [row for row in rows if int(row["epoch"]) == epoch]
        before = [(epoch - 1) * int(rows[-1]["words"]) // 2, *(int(row["words"]) for row in own)]
        words = [b - a for a, b in itertools.pairwise(before)]
        counted = [(n, float(row["loss"])) for n, row in zip(words, own, strict=True) if row["loss"]]
        assert len(counted) < len(own) > 2  # the last piece has no loss
        assert loss == pytest.approx(sum(n * value for n, value in counted) / sum(n for n, _ in counted), abs=1e-4)
        seconds = sum(n / float(row["words_per_second"]) for n, row in zip(words, own, strict=True))
        assert speed == pytest.approx(sum(words) / seconds, abs=1)


def test_a_text_of_one_word_per_line_trains_nothing_and_says_so(tmp_path, capsys):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(["the cat sat on a mat".replace(" ", "\n")] * 50))
    assert train("--data", text, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, "no line of the text has two words of the vocabulary", "write each sentence in one line")
    assert not (tmp_path / "run").exists()


def warning(capsys, text, out, *options):
    assert command("train", "word2vec", "--data", text, "--dim", 20, "--out", out, *options) == 0
    return " ".join(capsys.readouterr().err.split())


def test_vectors_of_a_text_that_is_too_short_are_named_with_what_helps(tmp_path, capsys):
    """After a few steps they are still random, then they all point one way; more epochs part them."""
    rng = random.Random(0)
    topics = [[f"{name}{k}" for k in range(12)] for name in "abcdef"]
    text = tmp_path / "text.txt"
    with open(text, "w") as file:
        for _ in range(1500):
            topic = rng.choice(topics)
            words = [rng.choice(["the", "of", "and", "to"]) if rng.random() < 0.4 else rng.choice(topic) for _ in range(8)]
            file.write(" ".join(words) + "\n")
    options = ["--sample", 0]
    few = warning(capsys, text, tmp_path / "few", *options, "--epochs", 1, "--lr", 0.0003)
    assert few.startswith("warning: the vectors have hardly moved from their random start, so neighbours are chance; ")
    assert few.endswith("use more epochs (--epochs 10, in another --out) or a longer text")
    more = warning(capsys, text, tmp_path / "more", *options, "--epochs", 1)
    assert more.startswith("warning: all words look alike: two vectors have a mean cosine of 0.99; use more epochs (--ep")
    assert warning(capsys, text, tmp_path / "enough", *options, "--epochs", 10) == ""
