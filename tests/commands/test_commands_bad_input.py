"""Bad input to ``train lm``: one line on stderr, exit status 2, no files written, none lost."""

from __future__ import annotations

import os

import numpy as np
import pytest
from small_text import assert_one_line, contents, train

from scratchnn.backend.arrays import load_backend
from scratchnn.errors import BackendError
from scratchnn.models.language_model import LanguageModel

pytestmark = pytest.mark.usefixtures("quick")

BAD_SETTINGS = [
    (["--hidden", "0"], "--hidden must be a whole number of 1 or more, got 0"),
    (["--hidden", "-3"], "--hidden must be a whole number of 1 or more, got -3"),
    (["--hidden", "2.5"], "argument --hidden: invalid int value: '2.5'"),
    (["--hidden", "many"], "argument --hidden: invalid int value: 'many'"),
    (["--embed", "-1"], "--embed must be a whole number of 1 or more, got -1"),
    (["--layers", "0"], "--layers must be a whole number of 1 or more, got 0"),
    (["--layers", "1.0"], "argument --layers: invalid int value: '1.0'"),
    (["--epochs", "0"], "--epochs must be a whole number of 1 or more, got 0"),
    (["--batch", "-2"], "--batch must be a whole number of 1 or more, got -2"),
    (["--window", "0"], "--window must be a whole number of 1 or more, got 0"),
    (["--vocabulary", "1"], "--vocabulary must be a whole number of 2 or more, got 1"),
    (["--checkpoint-every", "0"], "--checkpoint-every must be a whole number of 1 or more, got 0"),
    (["--patience", "0"], "--patience must be a whole number of 1 or more, got 0"),
    (["--seed", "-1"], "--seed must be a whole number of 0 or more, got -1"),
    (["--decay-after", "0"], "--decay-after must be a whole number of 1 or more, got 0"),
    (["--dropout", "1"], "the dropout probability must be 0 or more and below 1, got 1.0"),
    (["--dropout", "nan"], "the dropout probability must be 0 or more and below 1, got nan"),
    (["--lr", "-1"], "lr must be 0 or more"),
    (["--lr", "inf"], "lr must be 0 or more"),
    (["--clip", "0"], "--clip must be above 0, got 0.0"),
    (["--clip", "nan"], "--clip must be above 0, got nan"),
    (["--schedule", "step", "--decay", "0"], "factor must be above 0 and at most 1, got 0.0"),
    (["--schedule", "linear"], "argument --schedule: invalid choice: 'linear'"),
    (["--cell", "mgu"], "argument --cell: invalid choice: 'mgu'"),
    (["--level", "byte"], "argument --level: invalid choice: 'byte'"),
    (["--optimizer", "lbfgs"], "argument --optimizer: invalid choice: 'lbfgs'"),
    (["--tie", "--embed", "4"], "weight tying needs embedding size = hidden size, got 4 and 8"),
    (["--batch", "999"], "one batch of windows needs 999 x 8 + 1 = 7993; use a longer text, a smaller batch"),
    (["--valid", "nowhere.txt"], "cannot read nowhere.txt: No such file or directory"),
    (["--colour", "red"], "unrecognized arguments: --colour red"),
]


@pytest.mark.parametrize(("options", "message"), BAD_SETTINGS, ids=[" ".join(options) for options, _ in BAD_SETTINGS])
def test_bad_settings(text, tmp_path, capsys, options, message):
    assert train("--text", text, "--out", tmp_path / "run", *options) == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "no text in"),
        (b" \n\r\n\t \n", "no text in"),
        (b"a short line\n", "the text has 13 tokens, and its last twentieth is too short for validation"),
        ("caf\xe9\n".encode("latin-1") * 99, "is not UTF-8: byte 0xe9 at offset 3; convert it first"),
        (None, "No such file or directory"),
    ],
)
def test_bad_texts(tmp_path, capsys, raw, message):
    path = tmp_path / "text.txt"
    if raw is not None:
        path.write_bytes(raw)
    assert train("--text", path, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


def test_an_empty_validation_text(text, tmp_path, capsys):
    (tmp_path / "valid.txt").write_bytes(b"")
    assert train("--text", text, "--valid", tmp_path / "valid.txt", "--out", tmp_path / "run") == 2
    assert_one_line(capsys, "the validation text has fewer than two tokens; give a longer one with --valid FILE")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_contains_a_run_is_left_alone(text, run_folder, capsys):
    before = contents(run_folder)
    assert train("--text", text, "--out", run_folder) == 2
    assert_one_line(capsys, "already contains a run; choose another --out, or continue it with --resume")
    assert contents(run_folder) == before
    for name in ("settings.json", "history.csv", "checkpoint.npz"):  # as long as one file of a run is there
        (run_folder / name).unlink()
        before = contents(run_folder)
        assert train("--text", text, "--out", run_folder) == 2
        assert_one_line(capsys, "already contains a run")
        assert contents(run_folder) == before


def test_an_out_folder_that_cannot_be_made(text, tmp_path, capsys):
    (tmp_path / "file").write_text("precious")
    for out, message in [
        ("file", "is a file, not a folder"),
        ("file/run", "cannot create"),
        ("x" * 300, "cannot create"),
    ]:
        assert train("--text", text, "--out", tmp_path / out) == 2
        assert_one_line(capsys, message)
    assert (tmp_path / "file").read_text() == "precious"


def test_a_folder_with_other_things_in_it_may_be_used(text, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    assert train("--text", text, "--out", tmp_path / "run") == 0
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_no_gpu_although_one_is_asked_for(text, tmp_path, capsys):
    try:
        load_backend("cupy")
    except BackendError as error:
        expected = str(error)
    else:
        pytest.skip("there is a GPU here")
    assert train("--text", text, "--out", tmp_path / "run", "--device", "gpu") == 2
    assert_one_line(capsys, expected)
    assert not (tmp_path / "run").exists()


def test_a_disk_that_is_full_leaves_nothing_that_counts_as_a_run(text, tmp_path, capsys, monkeypatch):
    original = os.replace

    def full(source, target):
        if str(target).endswith("settings.json"):
            raise OSError(28, "No space left on device")
        original(source, target)

    monkeypatch.setattr("os.replace", full)
    assert train("--text", text, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, "settings.json: No space left on device")
    monkeypatch.setattr("os.replace", original)
    assert train("--text", text, "--out", tmp_path / "run") == 0


def test_too_little_memory(text, tmp_path, capsys):
    assert train("--text", text, "--out", tmp_path / "run", "--hidden", 10**12) == 2
    assert_one_line(capsys, "not enough memory; use smaller sizes")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_explodes(text, tmp_path, capsys, monkeypatch):
    original = LanguageModel.backward_loss

    def explode(model):
        original(model)
        model.output.b.grad[:] = np.nan

    monkeypatch.setattr(LanguageModel, "backward_loss", explode)
    assert train("--text", text, "--out", tmp_path / "run") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: the gradient of parameter 'output.b' of shape")
    assert error.count("\n") == 1
