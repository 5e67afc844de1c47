"""``--from DIR``: a run that starts from the model of another one, on other data or with other settings of training."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from small_tables import write_pairs
from small_text import assert_one_line, command, contents, small_text, train, write_text

from scratchnn.tasks.classifier import balanced
from scratchnn.tasks.trained import load
from scratchnn.text import Vocabulary
from scratchnn.training.checkpoint import load_arrays

pytestmark = pytest.mark.usefixtures("quick")


def parameters(folder):
    return load_arrays(folder / "model.npz")[0]


def test_it_starts_from_the_parameters_and_the_vocabulary_of_the_run(trained, tmp_path):
    """With a learning rate of almost nothing, the model stays what it was; the text has other words in another order."""
    other = tmp_path / "other.txt"
    other.write_text(small_text(seed=5).replace("cat", "sow") + small_text(seed=6), encoding="utf-8")
    out = tmp_path / "run"
    assert train("--data", other, "--from", trained / "word", "--lr", 1e-12, "--out", out, "--epochs", 2) == 0
    before, after = parameters(trained / "word"), parameters(out)
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, atol=1e-8)
    assert (out / "vocabulary.json").read_bytes() == (trained / "word" / "vocabulary.json").read_bytes()
    assert json.loads((out / "settings.json").read_text())["level"] == "word"  # taken from the run
    assert load(out).parts["vocabulary"].tokens == load(trained / "word").parts["vocabulary"].tokens


def test_it_goes_on_learning_and_can_be_resumed_without_the_first_run(trained, tmp_path, capsys):
    first, out = shutil.copytree(trained / "word", tmp_path / "first"), tmp_path / "run"
    text = write_text(tmp_path / "text.txt", seed=9)
    assert train("--data", text, "--from", first, "--alpha", 0.02, "--window", 4, "--dropout", 0.1, "--out", out) == 0
    settings = json.loads((out / "settings.json").read_text())
    assert (settings["lr"], settings["window"], settings["dropout"]) == (0.02, 4, 0.1)
    assert any((parameters(first)[name] != value).any() for name, value in parameters(out).items())
    shutil.rmtree(first)
    assert command("train", "lm", "--resume", "--out", out, "--epochs", 2) == 0
    capsys.readouterr()
    assert command("train", "lm", "--resume", "--out", out) == 0
    shown = capsys.readouterr().out
    assert "this run is finished (2 epochs); nothing to do" in shown
    assert "to train on, give a larger number of epochs: --resume --epochs 4" in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden", 9], "its model was trained with --hidden 8, not 9; leave --hidden out, or train anew without --from"),
        (["--cell", "gru"], "its model was trained with --cell lstm, not gru"),
        (["--level", "char"], "its model was trained with --level word, not char"),
        (["--tie"], "its model was trained without --tie; leave --tie out"),
    ],
)
def test_another_architecture_is_refused(trained, tmp_path, capsys, options, message):
    hidden = [] if "--hidden" in options else ["--hidden", 8]
    words = ["train", "lm", *hidden, "--batch", 4, "--window", 8, "--data", trained / "text.txt"]
    assert command(*words, "--from", trained / "word", "--out", tmp_path / "run", *options) == 2
    assert_one_line(capsys, f"--from {trained / 'word'}: {message}")
    assert not (tmp_path / "run").exists()


def test_what_is_no_run_of_this_kind_is_refused(trained, tmp_path, capsys):
    out = ["--out", tmp_path / "run"]
    assert command("train", "classifier", "--from", trained / "word", *out) == 2
    assert_one_line(capsys, "the folder contains a language model, not a classifier")
    assert train("--from", tmp_path / "nowhere", *out) == 2
    assert_one_line(capsys, "nowhere contains no run")
    assert train("--data", trained / "text.txt", "--from", trained / "word", "--out", trained / "word") == 2
    assert_one_line(capsys, "already contains a run; choose another --out")
    korean = tmp_path / "korean.txt"
    korean.write_text("한국어 글 한 줄\n" * 90, encoding="utf-8")
    assert train("--data", korean, "--from", trained / "word", *out) == 2
    assert_one_line(capsys, "the vocabulary has only 20% of the text's tokens; use a text of the same language")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("kind", "pairs", "options", "message"),
    [
        ("classifier", [("나는 간다", "odd"), ("집이 크다", "even")], [], "the vocabulary has only"),
        ("seq2seq", [("나는 간다", "odd"), ("집이 크다", "even")], [], "the source vocabulary has only"),
        ("seq2seq", [("a 1", "나는"), ("b 2", "집이")], [], "the target vocabulary has only"),
        (
            "seq2seq",
            [("나는 간다", "odd"), ("집이 크다", "even")],
            ["--level", "word"],
            "the source vocabulary has only 0%",
        ),
        ("seq2seq", [("나는 간다", "odd")], ["--level", "piece", "--vocabulary", 30], "the source vocabulary has only"),
    ],
)
def test_texts_of_another_language_are_refused(tmp_path, capsys, kind, pairs, options, message):
    own = [(f"{word} {k}", "odd" if k % 2 else "even") for k in range(20) for word in ("a", "b")]
    small = ["train", kind, "--hidden", 4, "--embed", 3, "--epochs", 1, *options]
    assert command(*small, "--data", write_pairs(tmp_path / "own.txt", own), "--out", tmp_path / "first") == 0
    foreign = ["--data", write_pairs(tmp_path / "foreign.txt", pairs * 20), "--from", tmp_path / "first"]
    capsys.readouterr()
    assert command("train", kind, "--epochs", 1, *foreign, "--out", tmp_path / "next") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "next").exists()


def test_a_small_vocabulary_of_its_own_is_no_other_language(tmp_path):
    """Most tokens are unknown, and no other run has anything to do with it."""
    (tmp_path / "text.txt").write_text(" ".join(f"word{k}" for k in range(400)), encoding="utf-8")
    options = ["--level", "word", "--vocabulary", 3, "--hidden", 4, "--batch", 2, "--window", 4]
    assert train("--data", tmp_path / "text.txt", *options, "--out", tmp_path / "run") == 0


@pytest.mark.parametrize("kind", ["classifier", "seq2seq"])
def test_every_task_can_start_from_a_run(tmp_path, capsys, kind):
    pairs = [(f"{word} {k}", "odd" if k % 2 else "even") for k in range(40) for word in ("a", "b")]
    data, other = write_pairs(tmp_path / "data.txt", pairs), write_pairs(tmp_path / "other.txt", pairs[::-1][:50])
    small = ["--hidden", 6, "--embed", 5, "--epochs", 1, "--batch", 8]
    assert command("train", kind, *small, "--data", data, "--out", tmp_path / "first") == 0
    out = ["--data", other, "--from", tmp_path / "first", "--out", tmp_path / "next"]
    assert command("train", kind, "--epochs", 1, "--lr", 1e-12, *out) == 0
    before, after = parameters(tmp_path / "first"), parameters(tmp_path / "next")
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, atol=1e-8)
    for name, content in contents(tmp_path / "first").items():
        if name.endswith(".json") and name != "settings.json":
            assert contents(tmp_path / "next")[name] == content
    capsys.readouterr()
    assert command("evaluate", tmp_path / "next", "--data", other) == 0
    if kind == "classifier":
        unknown = write_pairs(tmp_path / "unknown.txt", [("a 1", "prime"), ("b 2", "even")] * 20)
        words = ["train", kind, "--data", unknown, "--from", tmp_path / "first", "--out", tmp_path / "other"]
        capsys.readouterr()
        assert command(*words) == 2
        assert_one_line(capsys, "the label 'prime' does not occur")


def test_a_classifier_reads_other_data_with_the_settings_of_its_model(tmp_path, capsys):
    """Columns and limits belong to the data, and the vectors of the first run are in its parameters."""
    rows = [(f"good {k % 7}", "yes") for k in range(30)] + [(f"bad {k % 7}", "no") for k in range(30)]
    tables = {"first": "review,opinion", "other": "text,label"}
    for name, header in tables.items():
        lines = [header, *(",".join(row) for row in (rows if name == "first" else rows[:20] + rows[-1:]))]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("2 4\ngood 1 0 0 1\nbad 0 1 1 0\n")
    first, small = tmp_path / "first", ["--reader", "embedding", "--epochs", 1, "--balance", "--freeze"]
    words = ["train", "classifier", "--data", tmp_path / "first.csv", "--limit", 50, "--vectors", vectors, "--out", first]
    assert command(*words, *small) == 0
    vectors.unlink()
    capsys.readouterr()
    words = ["train", "classifier", "--data", tmp_path / "other.csv", "--from", first, "--out", tmp_path / "next"]
    assert command(*words, "--epochs", 1, "--lr", 1e-12, "--valid", tmp_path / "first.csv") == 2
    assert_one_line(capsys, "first.csv has no column 'text'; its columns are review, opinion")
    assert command(*words, "--epochs", 1, "--lr", 1e-12) == 0
    settings = load(tmp_path / "next").settings
    chosen = ("embedding_size", "reader", "pooling", "balance", "frozen", "text_column", "limit")
    assert [settings[name] for name in chosen] == [4, "embedding", "mean", True, True, "text", None]
    words[-1] = tmp_path / "loose"
    assert command(*words, "--epochs", 1, "--no-freeze", "--no-balance") == 0
    settings = load(tmp_path / "loose").settings
    assert [settings[name] for name in ("balance", "frozen", "class_weights")] == [False, False, None]
    assert (parameters(tmp_path / "loose")["embedding.W"] != parameters(first)["embedding.W"]).any()
    capsys.readouterr()
    for name, value in parameters(first).items():
        np.testing.assert_allclose(parameters(tmp_path / "next")[name], value, atol=1e-8)
    assert command(*words[:-1], tmp_path / "third", "--vectors", tmp_path / "more.txt") == 2
    assert_one_line(capsys, "its model was trained with --vectors", "vectors.txt")


def test_a_class_that_the_other_data_lack_has_a_weight():
    weights = balanced([(None, 0)] * 6 + [(None, 2)] * 2, {"labels": Vocabulary(["a", "b", "c"])})
    np.testing.assert_allclose(weights, [8 / 12, 8 / 2, 8 / 4])
