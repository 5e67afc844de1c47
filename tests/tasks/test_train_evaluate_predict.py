"""From a file to answers by command: train, evaluate, predict, and the same lines in another process."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from small_tables import PAIRS, reviews, train_task, write_pairs
from small_text import assert_one_line, command, contents

from scratchnn.tasks.registry import find_kind
from scratchnn.tasks.trained import load

pytestmark = pytest.mark.usefixtures("quick")

FRESH = [("the plot was good", "pos"), ("awful film", "neg"), ("great", "pos"), ("the the poor and", "neg")]
FILES = ["checkpoint.npz", "history.csv", "loss.png", "model.npz", "settings.json"]


def figures(printed):
    """What ``evaluate`` has printed, by name, without the table per label."""
    lines = printed.partition("\n\n")[0].splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


# --- classifier ------------------------------------------------------------------------------------------------------


def test_a_classifier_from_file_to_answers(tables, tmp_path, capsys):
    run = tables / "classifier"
    found = {path.name for path in run.iterdir()} - {"confusion.png"}  # which evaluate adds
    assert found == {*FILES, "labels.json", "vocabulary.json"}
    settings = json.loads((run / "settings.json").read_text())
    assert (settings["kind"], settings["hidden_size"], settings["cell"], settings["epochs"]) == ("classifier", 6, "gru", 6)
    assert settings["data"] == [str(tables / "reviews.txt")]

    fresh = write_pairs(tmp_path / "fresh.txt", FRESH)
    assert command("evaluate", run, "--data", fresh) == 0
    found = figures(capsys.readouterr().out)
    assert list(found) == ["loss", "accuracy"]
    assert found["accuracy"] == 1
    assert (run / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert command("predict", run, *(text for text, _ in FRESH)) == 0
    assert capsys.readouterr().out == "".join(f"{label}\n" for _, label in FRESH)

    wrong = write_pairs(tmp_path / "wrong.txt", [*FRESH, ("good", "neg")])
    assert command("evaluate", run, "--data", wrong) == 0
    assert figures(capsys.readouterr().out)["accuracy"] == 0.8
    assert command("evaluate", run, "--data", fresh, wrong) == 0  # several files are one
    assert figures(capsys.readouterr().out)["accuracy"] == pytest.approx(8 / 9, abs=1e-4)


def test_the_figures_are_means_over_texts_however_they_are_cut_into_batches(tables):
    trained = load(tables / "classifier")
    task, examples = trained.kind, trained.kind.examples([str(tables / "reviews.txt")], trained.settings, trained.parts)
    one_by_one = [task.evaluate(trained.model, [example], trained.settings, trained.parts) for example in examples]
    for batch_size in (1, 7, 60):
        settings = {**trained.settings, "batch_size": batch_size}
        found = task.evaluate(trained.model, examples, settings, trained.parts)
        for name in ("loss", "accuracy"):
            assert found[name] == pytest.approx(np.mean([part[name] for part in one_by_one]), rel=1e-5)


def test_labels_are_whatever_strings_the_file_has(tmp_path, capsys):
    labels = ["1", "<unk>", "한국", "two words"]
    data = write_pairs(tmp_path / "data.txt", [(f"{word} x", label) for label in labels for word in (label[0], "y")] * 4)
    assert train_task("classifier", "--data", data, "--valid", data, "--out", tmp_path / "run", "--epochs", 1) == 0
    assert "labels 1, <unk>, two words, 한국" in capsys.readouterr().out
    assert command("predict", tmp_path / "run", "1 x", "unseen") == 0
    assert set(capsys.readouterr().out.splitlines()) <= set(labels)


def test_the_largest_vocabulary_counts_the_special_tokens_and_words_alone(tmp_path):
    data = write_pairs(tmp_path / "data.txt", [("b a b", "x"), ("c a b", "y")])
    options = ["--data", data, "--valid", data, "--vocabulary", 4, "--epochs", 1]
    assert train_task("classifier", *options, "--out", tmp_path / "run") == 0
    assert load(tmp_path / "run").parts["vocabulary"].tokens == ["<pad>", "<unk>", "b", "a"]


def test_empty_texts_are_learned_and_answered(tmp_path, capsys):
    """One line of output for each line of input, whatever the line."""
    pairs = [("", "empty"), ("word", "full"), ("more words", "full")] * 8
    data = write_pairs(tmp_path / "data.txt", pairs)
    for options in ([], ["--bidirectional", "--layers", 2, "--dropout", 0.1]):
        run = tmp_path / f"run{len(options)}"
        assert train_task("classifier", "--data", data, "--valid", data, "--out", run, "--epochs", 12, *options) == 0
        capsys.readouterr()
        assert command("predict", run, "", "word", "   ", "more words") == 0
        assert capsys.readouterr().out == "empty\nfull\nempty\nfull\n"


def test_a_tenth_is_kept_for_validation_by_the_seed(tmp_path, capsys):
    data = write_pairs(tmp_path / "data.txt", reviews(57))
    parts = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert train_task("classifier", "--data", data, "--out", tmp_path / name, "--seed", seed, "--epochs", 1) == 0
        assert "52 texts to learn, 5 to validate, labels neg, pos; 7 steps per epoch" in capsys.readouterr().out
        task = find_kind("classifier")
        settings = json.loads((tmp_path / name / "settings.json").read_text())
        read = task.read(settings)
        parts[name] = [[ids.tolist() for ids, _ in part] for part in (read.train, read.valid)]
    assert parts["a"] == parts["b"] != parts["c"]
    assert contents(tmp_path / "a")["model.npz"] == contents(tmp_path / "b")["model.npz"]
    assert contents(tmp_path / "a")["model.npz"] != contents(tmp_path / "c")["model.npz"]


def test_without_data_it_learns_generated_reviews(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("scratchnn.tasks.labelled.REVIEWS", 40)
    assert train_task("classifier", "--out", tmp_path / "run", "--epochs", 1) == 0
    assert "36 texts to learn, 4 to validate, labels bad, good; 5 steps per epoch" in capsys.readouterr().out


# --- sequence to sequence --------------------------------------------------------------------------------------------


def test_sequence_to_sequence_from_file_to_answers(tables, tmp_path, capsys):
    run = tables / "seq2seq"
    expected = sorted([*FILES, "source_vocabulary.json", "target_vocabulary.json"])
    assert sorted(path.name for path in run.iterdir()) == expected
    assert command("evaluate", run, "--data", tables / "pairs.txt") == 0
    found = figures(capsys.readouterr().out)
    assert found["exact match"] == 1
    assert 0 < found["loss"] < 0.5
    assert command("predict", run, *(source for source, _ in PAIRS)) == 0
    assert capsys.readouterr().out == "".join(f"{target}\n" for _, target in PAIRS)
    assert command("predict", run, "11", "--limit", 3) == 0
    assert capsys.readouterr().out == "ele\n"
    wrong = write_pairs(tmp_path / "wrong.txt", [("1", "one"), ("2", "twos"), ("3", "thre"), ("4", "four")])
    assert command("evaluate", run, "--data", wrong) == 0
    assert figures(capsys.readouterr().out)["exact match"] == 0.5


def test_words_in_words_out(tmp_path, capsys):
    pairs = [("a b", "y x"), ("b a", "x y"), ("a", "x"), ("b", "y"), ("", "nothing"), ("a a", "")]
    data = write_pairs(tmp_path / "data.txt", pairs)
    options = ["--data", data, "--valid", data, "--level", "word", "--cell", "gru", "--epochs", 60]
    assert train_task("seq2seq", *options, "--out", tmp_path / "run") == 0
    capsys.readouterr()
    assert command("predict", tmp_path / "run", *(source for source, _ in pairs)) == 0
    assert capsys.readouterr().out == "".join(f"{target}\n" for _, target in pairs)


def test_without_data_it_learns_numbers_in_words(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("scratchnn.tasks.seq2seq.GENERATED", 20)
    assert train_task("seq2seq", "--out", tmp_path / "run", "--epochs", 1) == 0
    assert "18 pairs to learn, 2 to validate, vocabularies of " in capsys.readouterr().out


def test_the_loss_is_a_mean_over_target_tokens(tables):
    trained = load(tables / "seq2seq")
    task, examples = trained.kind, trained.kind.examples([str(tables / "pairs.txt")], trained.settings, trained.parts)
    losses = [task.evaluate(trained.model, [example], trained.settings, trained.parts)["loss"] for example in examples]
    tokens = [len(target) + 1 for _, target in examples]
    found = task.evaluate(trained.model, examples, trained.settings, trained.parts)["loss"]
    assert found == pytest.approx(np.average(losses, weights=tokens), rel=1e-5)


# --- where the input of predict comes from, and where its answers go --------------------------------------------------


def test_input_from_words_from_a_file_and_from_standard_input(tables, tmp_path, capsys, monkeypatch):
    run, lines = tables / "seq2seq", ["3", "", "11"]
    assert command("predict", run, *lines) == 0
    expected = capsys.readouterr().out
    assert expected.splitlines()[::2] == ["three", "eleven"]
    raw = "".join(f"{line}\n" for line in lines).encode()
    variants = {
        "plain.txt": raw,
        "no_end.txt": raw.removesuffix(b"\n"),
        "windows.txt": b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"),
        "packed.gz": gzip.compress(raw),
    }
    for name, content in variants.items():
        (tmp_path / name).write_bytes(content)
        assert command("predict", run, "--data", tmp_path / name) == 0
        assert capsys.readouterr().out == expected, name
        if not name.endswith(".gz"):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
            assert command("predict", run) == 0
            assert capsys.readouterr().out == expected, name


def test_no_lines_in_no_lines_out(tables, tmp_path, capsys, monkeypatch):
    (tmp_path / "empty.txt").write_text("")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    for options in ([], ["--data", tmp_path / "empty.txt"]):
        assert command("predict", tables / "classifier", *options) == 0
        assert capsys.readouterr().out == ""


def test_a_file_of_answers_is_whole_or_not_there(tables, tmp_path, capsys, monkeypatch):
    run, out = tables / "seq2seq", tmp_path / "answers.txt"
    assert command("predict", run, "--out", out, "3", "--limit", 9, "7") == 0  # options between the words
    assert capsys.readouterr().out == f"2 lines in {out}\n"
    assert out.read_bytes() == b"three\nseven\n"
    assert command("predict", run, "1", "--out", out) == 2
    assert_one_line(capsys, "answers.txt already exists; choose another --out")
    assert out.read_bytes() == b"three\nseven\n"
    assert command("predict", run, "1", "--out", tmp_path) == 2
    assert_one_line(capsys, "already exists; choose another --out")
    assert command("predict", run, "1", "--out", tmp_path / "nowhere" / "a.txt") == 2
    assert_one_line(capsys, "cannot write", "nowhere/a.txt: there is no folder")
    assert command("predict", run, "1", "--out", "") == 2
    assert_one_line(capsys, "--out is empty; name a file")

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert command("predict", run, "1", "--out", tmp_path / "other.txt") == 2
    assert_one_line(capsys, "cannot write", "other.txt: No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["answers.txt"]


def test_another_process_gives_the_same_lines(tables, capsys):
    """What a run folder contains is enough: nothing of the process that trained is needed."""
    for kind, lines, file in (
        ("classifier", [text for text, _ in FRESH], "reviews.txt"),
        ("seq2seq", ["5", "10"], "pairs.txt"),
    ):
        for arguments in (["predict", tables / kind, *lines], ["evaluate", tables / kind, "--data", tables / file]):
            assert command(*arguments) == 0
            expected = capsys.readouterr().out
            words = [sys.executable, "-m", "scratchnn", *map(str, arguments)]
            assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == expected
