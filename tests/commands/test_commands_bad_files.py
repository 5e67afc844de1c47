"""Damaged and foreign run folders, and commands with wrong arguments: one line on stderr, exit status 2, nothing lost."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from small_text import assert_one_line, command, contents, small_text, train, write_text

from scratchnn.training.checkpoint import save_arrays

pytestmark = pytest.mark.usefixtures("quick")


# --- bad checkpoints -------------------------------------------------------------------------------------------------


def resume(folder, *options):
    return command("train", "lm", "--resume", "--out", folder, *options)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "is damaged or was not written by scratchnn"),
        (lambda path: path.write_bytes(b""), "is damaged or was not written by scratchnn"),
        (lambda path: path.write_text("not an archive"), "is damaged or was not written by scratchnn"),
        (lambda path: np.savez(path, W=np.ones(3)), "was not written by this version of scratchnn"),
        (lambda path: save_arrays(path, {"W": np.ones(3)}, {}), "is not a training checkpoint"),
        (lambda path: shutil.copy(path.with_name("model.npz"), path), "is not a training checkpoint"),
    ],
)
def test_a_damaged_or_foreign_checkpoint(run_folder, capsys, damage, message):
    damage(run_folder / "checkpoint.npz")
    before = contents(run_folder)
    assert resume(run_folder, "--epochs", 2) == 2
    assert_one_line(capsys, "checkpoint.npz", message)
    assert contents(run_folder) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden", 9], "was started with --hidden 8, not 9; leave it out, or choose another --out"),
        (["--cell", "gru"], "was started with --cell lstm, not gru"),
        (["--layers", 2], "was started with --layers 1, not 2"),
        (["--tie"], "was started without --tie"),
        (["--level", "char"], "was started with --level word, not char"),
        (["--seed", 5], "was started with --seed 0, not 5"),
        (["--window", 5], "was started with --window 8, not 5"),
    ],
)
def test_a_run_is_continued_only_with_its_own_settings(run_folder, capsys, options, message):
    before = contents(run_folder)
    assert resume(run_folder, "--epochs", 2, *options) == 2
    assert_one_line(capsys, message)
    assert contents(run_folder) == before


def test_a_checkpoint_of_another_architecture(run_folder, capsys):
    """As if it had been copied from another folder."""
    settings = json.loads((run_folder / "settings.json").read_text())
    for change, message in [
        ({"cell": "gru"}, "checkpoint.npz was written with cell = 'lstm', this run has 'gru'"),
        ({"hidden_size": 7}, "checkpoint.npz was written with hidden_size = 8, this run has 7"),
    ]:
        (run_folder / "settings.json").write_text(json.dumps(settings | change))
        assert resume(run_folder, "--epochs", 2) == 2
        assert_one_line(capsys, message)


def test_another_text(run_folder, trained, tmp_path, capsys):
    before = contents(run_folder)
    other = write_text(tmp_path / "other.txt", seed=9)
    assert resume(run_folder, "--epochs", 2, "--text", other) == 2
    assert_one_line(capsys, f"was started with --data {trained / 'text.txt'}, not {other}; leave it out, or choose")
    assert resume(run_folder, "--epochs", 2, "--valid", other) == 2
    assert_one_line(capsys, "was started without --valid; leave it out, or choose another --out")
    assert contents(run_folder) == before


def test_the_same_text_may_have_moved(run_folder, trained, tmp_path, capsys):
    moved = shutil.copy(trained / "text.txt", tmp_path / "moved.txt")
    assert resume(run_folder, "--epochs", 2, "--text", moved) == 0
    assert "continuing after" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", "is not a settings file"),
        ('{"kind": "lm", ', "is not a settings file"),
        ("[1, 2]", "is not a settings file"),
        ('{"kind": "classifier"}', "contains a run of train classifier, not of train lm"),
        ('{"kind": "tagger"}', "contains a run of train tagger, not of train lm"),
        (
            '{"kind": "lm", "level": "word", "hidden_size": "eight"}',
            "--hidden must be a whole number of 1 or more, got 'eight'",
        ),
        ('{"kind": "lm", "level": "byte"}', "--level must be one of char, letter, word, got 'byte'"),
        ('{"kind": "lm", "dropout": true}', "--dropout must be a number, got True"),
        (
            '{"kind": "lm", "optimizer": "newton"}',
            "--optimizer must be one of adam, adamw, sgd, momentum, nesterov, adagrad, rmsprop, got 'newton'",
        ),
    ],
)
def test_damaged_settings_at_resume(run_folder, capsys, raw, message):
    (run_folder / "settings.json").write_text(raw)
    before = contents(run_folder)
    assert resume(run_folder, "--epochs", 2) == 2
    assert_one_line(capsys, message)
    assert contents(run_folder) == before


# --- sample and evaluate with wrong arguments ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sample", "evaluate"])
def test_folders_without_a_model(text, run_folder, tmp_path, capsys, name):
    rest = [] if name == "sample" else ["--text", text]
    assert command(name, tmp_path / "nowhere", *rest) == 2
    assert_one_line(capsys, "nowhere contains no run (no settings.json)")
    assert command(name, text, *rest) == 2
    assert_one_line(capsys, "cannot read")
    model = run_folder / "model.npz"
    whole = model.read_bytes()
    for raw, message in [
        (whole[:200], "model.npz is damaged or was not written by scratchnn"),
        ((run_folder / "checkpoint.npz").read_bytes(), "model.npz contains no model; restore the file, or train anew"),
        (None, "has no model.npz yet: no epoch has ended; continue it with --resume"),
    ]:
        if raw is None:
            model.unlink()
        else:
            model.write_bytes(raw)
        assert command(name, run_folder, *rest) == 2
        assert_one_line(capsys, message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prompt", "wombat"], "the vocabulary has no token of the prompt 'wombat'; choose another --prompt"),
        (["--prompt", "the \udcff"], "is not UTF-8"),
        (["--temperature", "-1"], "temperature must be 0 or more and finite, got -1.0"),
        (["--temperature", "nan"], "temperature must be 0 or more and finite, got nan"),
        (["--temperature", "hot"], "argument --temperature: invalid float value: 'hot'"),
        (["--top-k", "0"], "top-k must be a whole number of 1 or more, got 0"),
        (["--top-k", "2.5"], "argument --top-k: invalid int value: '2.5'"),
        (["--top-p", "0"], "top-p must be above 0 and at most 1, got 0.0"),
        (["--top-p", "1.5"], "top-p must be above 0 and at most 1, got 1.5"),
        (["--length", "0"], "--length must be a whole number of 1 or more, got 0"),
        (["--seed", "-1"], "--seed must be a whole number of 0 or more, got -1"),
    ],
)
def test_bad_sampling(trained, capsys, options, message):
    assert command("sample", trained / "word", *options) == 2
    assert_one_line(capsys, message)


def test_a_vocabulary_without_line_ends(tmp_path, capsys):
    (tmp_path / "line.txt").write_text(small_text().replace("\n", " "))
    assert train("--text", tmp_path / "line.txt", "--out", tmp_path / "run") == 0
    capsys.readouterr()
    assert command("sample", tmp_path / "run") == 2
    assert_one_line(capsys, "the vocabulary has no line start; pass --prompt")
    assert command("sample", tmp_path / "run", "--prompt", "cat") == 0


@pytest.mark.parametrize(
    ("raw", "message"),
    [(b"", "no text in"), (b"x", None), ("caf\xe9".encode("latin-1"), "is not UTF-8"), (None, "No such file")],
)
def test_bad_texts_to_evaluate(trained, tmp_path, capsys, raw, message):
    path = tmp_path / "text.txt"
    if raw is not None:
        path.write_bytes(raw)
    status = command("evaluate", trained / "char", "--text", path)
    if message is None:  # a letter and the end of its line are two tokens, so one is predicted
        assert status == 0
        assert "1 chars predicted, 50.00% of the text <unk>" in capsys.readouterr().out
    else:
        assert status == 2
        assert_one_line(capsys, message)


@pytest.mark.parametrize("arguments", [[], ["train"], ["lern"], ["sample"], ["evaluate"], ["train", "cnn"]])
def test_incomplete_commands(capsys, arguments):
    assert command(*arguments) == 2
    assert_one_line(capsys, "see scratchnn")


def test_evaluate_without_data(run_folder, capsys):
    assert command("evaluate", run_folder) == 2
    assert_one_line(capsys, "no data: name one or more files with --data FILE")
    assert command("evaluate", run_folder, "--data") == 2
    assert_one_line(capsys, "argument --data/--text: expected at least one argument; see scratchnn evaluate --help")
    assert command("evaluate", "x") == 2
    assert_one_line(capsys, "x contains no run (no settings.json)")
