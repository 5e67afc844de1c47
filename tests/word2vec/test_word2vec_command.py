"""``train word2vec`` as it is typed: the files of a run, resuming, kills, bad arguments."""

from __future__ import annotations

import csv
import gzip
import json
import random
import subprocess
import sys
import time

import pytest
from small_text import assert_one_line, command, contents, write_text

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
    assert train("--text", write_text(tmp_path / "other.txt", seed=1), "--out", out, "--resume") == 2
    assert_one_line(capsys, "was started with other data; give the same with --data, or choose another --out")
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


def test_no_text(tmp_path, capsys):
    assert train("--out", tmp_path / "run") == 2
    assert_one_line(capsys, "no text: name one or more files with --data FILE ...")


def start(text, out):
    arguments = [*OPTIONS, "--epochs", 3, "--checkpoint-every", 1, "--text", text, "--out", out, "--resume"]
    command = [sys.executable, "-m", "scratchnn", "train", "word2vec", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_and_resumed_ends_with_the_same_bits(tmp_path):
    """SIGKILL at some moments after the first checkpoint; there is one after every piece."""
    text, rng = write_text(tmp_path / "text.txt", lines=40_000), random.Random(0)
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
