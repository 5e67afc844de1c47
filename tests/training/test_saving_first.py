"""The model and the checkpoint are saved before anything that a run can do without."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from small_text import SMALL, arrays_and_meta, contents, train
from training_cases import trainer_of

from scratchnn.errors import DataError
from scratchnn.tasks import procedure
from scratchnn.training.reports import Reports


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "module://not_installed", "no backend"])
def test_any_backend_of_jupyter_and_colab_works(tmp_path, text, backend):
    """They set MPLBACKEND for the commands in a cell, too; no figure of a command needs a backend."""
    words = [sys.executable, "-m", "scratchnn", "train", "lm", *SMALL, "--data", text, "--out", tmp_path / "run"]
    done = subprocess.run(
        [str(word) for word in words], env={**os.environ, "MPLBACKEND": backend}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {"checkpoint.npz", "model.npz", "history.csv", "loss.png"} < set(contents(tmp_path / "run"))


@pytest.mark.parametrize("failing", ["plot_history", "save_figure", "history"])
def test_what_prevents_a_report_is_one_warning(text, tmp_path, capsys, monkeypatch, quick, failing):
    """The run goes on to its last epoch, and everything else is written."""

    def fail(*arguments):
        raise OSError(13, "Permission denied\nby a spreadsheet")

    if failing == "history":
        monkeypatch.setattr("scratchnn.training.history.History.write_csv", fail)
    else:
        monkeypatch.setattr(procedure, failing, fail)
    out = tmp_path / "run"
    assert train("--data", text, "--out", out, "--epochs", 3) == 0
    shown = capsys.readouterr()
    assert shown.err == "warning: [Errno 13] Permission denied by a spreadsheet; the model is not affected\n"
    assert "epoch 3: " in shown.out
    assert arrays_and_meta(out / "checkpoint.npz")[1]["epoch"] == 3
    missing = {"history.csv"} if failing == "history" else {"loss.png"}
    assert {"checkpoint.npz", "model.npz", "history.csv", "loss.png"} - set(contents(out)) == missing


def test_the_checkpoint_is_there_before_anything_is_reported(text, tmp_path, monkeypatch, quick):
    """Even a process that dies while it draws loses nothing: this one is interrupted, as by Ctrl-C."""

    def die(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(procedure, "plot_history", die)
    out = tmp_path / "run"
    assert train("--data", text, "--out", out) == 130
    assert arrays_and_meta(out / "checkpoint.npz")[1]["epoch"] == 1
    assert (out / "model.npz").exists()


@pytest.mark.parametrize(("seconds", "drawings"), [(0.0, 3), (1e9, 1)])
def test_the_figure_is_drawn_now_and_then_and_at_the_end(text, tmp_path, monkeypatch, quick, seconds, drawings):
    drawn = []
    monkeypatch.setattr(procedure, "FIGURE_EVERY", seconds)
    monkeypatch.setattr(procedure, "plot_history", lambda history, *rest: drawn.append(history.rows[-1]["epoch"]))
    assert train("--data", text, "--out", tmp_path / "run", "--epochs", 3) == 0
    assert drawn == list(range(4 - drawings, 4))


def test_word2vec_goes_on_without_its_figure(text, tmp_path, capsys, monkeypatch):
    from small_text import command

    def fail(*arguments):
        raise RuntimeError("no font")

    monkeypatch.setattr("scratchnn.tasks.word2vec.save_figure", fail)
    options = ["--dim", 8, "--window", 2, "--epochs", 2, "--sample", 0]
    assert command("train", "word2vec", *options, "--data", text, "--out", tmp_path / "run") == 0
    assert capsys.readouterr().err.startswith("warning: no font; the model is not affected\n")
    assert set(contents(tmp_path / "run")) >= {"checkpoint.npz", "vectors.txt", "history.csv"}


def test_all_warnings_of_an_epoch_are_one_line_and_each_is_printed_once(capsys):
    def one():
        raise DataError("cannot write a.csv")

    def other():
        raise ImportError

    reports, written = Reports(), []
    for _ in range(3):
        reports.write(one, lambda: written.append(1), other)
    assert written == [1, 1, 1]
    assert capsys.readouterr().err == "warning: cannot write a.csv; ImportError; the model is not affected\n"


# --- fit -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["on_best", "save", "on_epoch"])
def test_an_error_after_an_epoch_does_not_lose_it(tmp_path, place):
    """If saving fails, the next ``fit`` begins with it. An error in a report comes after the checkpoint."""
    models, reported = [], []
    path = tmp_path / "c.npz"
    trainer = trainer_of(
        validate=lambda: {"loss": 5.0 - trainer.epoch},
        checkpoint=path,
        on_best=lambda trainer: models.append((trainer.epoch, trainer.model.state_dict()["output.b"].copy())),
        on_epoch=lambda trainer: reported.append(trainer.epoch),
    )
    original = getattr(trainer, place)

    def fail(*arguments):
        setattr(trainer, place, original)
        raise OSError("the disk is full")

    setattr(trainer, place, fail)
    with pytest.raises(OSError, match="disk is full"):
        trainer.fit(2)
    assert trainer.epoch == 1
    assert path.exists() == (place == "on_epoch")
    trainer.fit(1)  # not one epoch more, but the first is saved
    assert path.exists()
    assert arrays_and_meta(path)[1]["epoch"] == 1
    assert {epoch for epoch, _ in models} == {1}
    trainer.fit(2)
    assert [epoch for epoch, _ in models][-2:] == [1, 2]
    assert reported == [2]
    undisturbed = trainer_of(validate=lambda: {"loss": 1.0})
    undisturbed.fit(2)
    for name, value in undisturbed.model.state_dict().items():
        np.testing.assert_array_equal(value, trainer.model.state_dict()[name])
