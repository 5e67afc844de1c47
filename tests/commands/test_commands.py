"""The commands as they are typed: what they print, and which files they write."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from small_text import command, small_text, train

from scratchnn.cli import build_parser
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.lm import continue_text, split_text
from scratchnn.tasks.trained import load
from scratchnn.text import tokenize
from scratchnn.training.checkpoint import load_arrays
from scratchnn.training.settings import OPTIMIZERS

FILES = ["checkpoint.npz", "history.csv", "loss.png", "model.npz", "settings.json", "vocabulary.json"]
pytestmark = pytest.mark.usefixtures("quick")


# --- train, sample, evaluate -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["char", "word"])
def test_train_sample_evaluate(trained, capsys, level):
    run = trained / level
    assert sorted(path.name for path in run.iterdir()) == FILES
    settings = json.loads((run / "settings.json").read_text())
    assert (settings["kind"], settings["level"], settings["hidden_size"], settings["epochs"]) == ("lm", level, 8, 1)
    assert "version" in settings

    assert command("sample", run, "--prompt", "the cat", "--length", "30", "--seed", "1") == 0
    first = capsys.readouterr().out
    assert first.startswith("the cat")
    assert command("sample", run, "--prompt", "the cat", "--length", "30", "--seed", "1") == 0
    assert capsys.readouterr().out == first
    assert command("sample", run, "--prompt", "the cat", "--length", "30", "--seed", "2") == 0
    assert capsys.readouterr().out != first

    assert command("evaluate", run, "--data", trained / "text.txt") == 0
    output = capsys.readouterr().out
    assert command("evaluate", run, "--text", trained / "text.txt") == 0  # an alias
    assert capsys.readouterr().out == output
    lm = load(run)
    assert lm.settings == settings
    loss, count = evaluate_text(lm.model, lm.parts["vocabulary"].encode(tokenize(small_text(), level)))
    assert f"{count:,} {level}s predicted, 0.00% of the text <unk>" in output
    assert f"loss {loss:.4f} nats, {loss / np.log(2):.4f} bits per {level}, perplexity {np.exp(loss):.2f}" in output


def test_korean_letters_are_learned_and_written_as_syllables(tmp_path, capsys):
    """A file in decomposed form gives the same letters."""
    lines = "고양이가 밥을 먹는다\n강아지가 집에 간다\n" * 20
    path, run = tmp_path / "text.txt", tmp_path / "run"
    path.write_text(unicodedata.normalize("NFD", lines), encoding="utf-8")
    assert train("--text", path, "--valid", path, "--level", "letter", "--out", run, "--epochs", 3) == 0
    capsys.readouterr()
    assert command("sample", run, "--prompt", "고양", "--length", "60", "--temperature", 0.5) == 0
    output = capsys.readouterr().out
    assert output.startswith("고양")
    assert len(output) < 2 + 60 + 1  # letters have become syllables
    assert unicodedata.is_normalized("NFC", output)
    assert command("sample", run, "--length", 5) == 0
    capsys.readouterr()
    assert command("evaluate", run, "--text", path) == 0
    count = len(unicodedata.normalize("NFD", lines)) - 1
    assert f"{count:,} letters predicted, 0.00% of the text <unk>" in capsys.readouterr().out


def test_what_training_prints(text, tmp_path, capsys):
    assert train("--text", text, "--level", "word", "--layers", 2, "--out", tmp_path / "run", "--epochs", 2) == 0
    output = capsys.readouterr().out
    assert "layers.1 LSTM" in output
    learn, validate = (7 * part.count("\n") for part in split_text(small_text()))  # six words and the line's end
    assert learn + validate == 7 * 60
    steps = (learn - 1) // 4 // 8
    assert f"{learn} tokens to learn, {validate} to validate, 13 distinct; {steps} steps per epoch" in output
    assert "epoch 1: training perplexity" in output
    assert "epoch 2: training perplexity" in output
    assert "best validation perplexity " in output
    assert output.rstrip().endswith(f"everything is in {tmp_path / 'run'}")
    assert max(map(len, output.splitlines()[:-1])) <= 100


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_and_option_gives_the_model_that_was_asked_for(text, tmp_path, cell):
    options = [
        "--cell",
        cell,
        "--layers",
        2,
        "--dropout",
        0.2,
        "--tie",
        "--optimizer",
        "sgd",
        "--lr",
        1,
        "--schedule",
        "step",
    ]
    assert train("--text", text, *options, "--patience", 2, "--valid", text, "--out", tmp_path / "run") == 0
    lm = load(tmp_path / "run")
    model = lm.model
    assert model.output.W is model.embedding.W
    assert len(model.cells.layers) == 2
    assert type(model.cells.layers[0]).__name__.upper().startswith(cell.partition("-")[0].upper())
    assert model.config["cell"] == cell
    assert not model.training
    assert lm.settings["lr"] == 1.0
    assert len(lm.parts["vocabulary"]) == model.config["vocabulary_size"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_can_be_chosen_and_has_its_own_learning_rate(text, tmp_path, capsys, name):
    run = tmp_path / "run"
    options = ["--hidden", 8, "--batch", 4, "--window", 8, "--epochs", 1]
    assert command("train", "lm", "--data", text, "--optimizer", name, "--out", run, *options) == 0
    assert "epoch 1: training perplexity" in capsys.readouterr().out
    rates = {
        "adam": 0.002,
        "sgd": 20,
        "adamw": 0.001,
        "momentum": 0.01,
        "nesterov": 0.01,
        "adagrad": 0.01,
        "rmsprop": 0.001,
    }
    assert load(run).settings["lr"] == rates[name]
    assert command("train", "lm", "--resume", "--epochs", 2, "--out", run) == 0
    assert "continuing after" in capsys.readouterr().out


def test_compressed_text_several_files_and_a_text_without_line_ends(text, tmp_path):
    """They are read as one text: ``model.npz`` has the same bytes."""
    whole = text.read_bytes()
    middle = whole.index(b"\n", len(whole) // 2) + 1
    (tmp_path / "a.gz").write_bytes(gzip.compress(whole[:middle]))
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbf" + whole[middle:].replace(b"\n", b"\r\n"))
    assert train("--text", text, "--out", tmp_path / "one") == 0
    assert train("--text", tmp_path / "a.gz", tmp_path / "b.txt", "--out", tmp_path / "two") == 0
    assert (tmp_path / "one" / "model.npz").read_bytes() == (tmp_path / "two" / "model.npz").read_bytes()
    (tmp_path / "line.txt").write_bytes(whole.replace(b"\n", b" "))
    assert train("--text", tmp_path / "line.txt", "--out", tmp_path / "three") == 0


def test_the_best_epoch_is_kept_not_the_last(text, tmp_path, capsys):
    """With a rate that is far too high after the first epoch, the model with the best validation loss is kept."""
    assert train("--text", text, "--out", tmp_path / "a", "--optimizer", "sgd", "--lr", 2, "--epochs", 1) == 0
    options = ["--optimizer", "sgd", "--lr", 2, "--epochs", 8, "--clip", 50]
    assert train("--text", text, "--out", tmp_path / "b", *options) == 0
    output = capsys.readouterr().out
    losses = [
        float(line.split("validation perplexity ")[1].split(",")[0]) for line in output.splitlines() if "lr " in line
    ][1:]
    best = min(losses)
    assert f"best validation perplexity {best:.2f} (epoch {losses.index(best) + 1})" in output
    model = load(tmp_path / "b").model
    history = (tmp_path / "b" / "history.csv").read_text().splitlines()
    assert len(history) == 1 + 8
    checkpoint, meta = load_arrays(tmp_path / "b" / "checkpoint.npz")
    assert meta["best"]["perplexity"] == pytest.approx(best, abs=0.005)
    assert meta["best_epoch"] == losses.index(best) + 1
    same = (model.embedding.W.data == checkpoint["model/embedding.W"]).all()
    assert same == (meta["best_epoch"] == 8)


def test_greedy_samples_and_options(trained, capsys):
    for options in (["--temperature", 0], ["--top-k", 1], ["--top-p", 1e-9]):
        outputs = []
        for seed in (1, 2):
            assert command("sample", trained / "char", *options, "--length", 20, "--seed", seed) == 0
            outputs.append(capsys.readouterr().out)
        assert outputs[0] == outputs[1]
        assert len(outputs[0]) == 21  # the empty prompt, a line end, is not shown


def test_prompts(trained):
    lm = load(trained / "word")
    model, vocabulary = lm.model, lm.parts["vocabulary"]

    def ids_read(prompt):
        read = []
        original = model.forward
        model.forward = lambda ids, state=None: (read.append(ids[0].tolist()), original(ids, state))[1]
        shown = continue_text(model, vocabulary, "word", prompt, 1, np.random.default_rng(0))
        del model.forward
        return vocabulary.decode(read[0]), shown

    assert ids_read("the cat")[0] == ["the", "cat"]  # continues the same line
    assert ids_read("the cat\n")[0] == ["the", "cat", "<eos>"]
    assert ids_read("the\ncat")[0] == ["the", "<eos>", "cat"]
    assert ids_read("")[0] == ["<eos>"]
    read, shown = ids_read("the wombat")
    assert read == ["the", "<unk>"]  # an unknown word is shown as it was given
    assert shown.startswith("the wombat ")


def test_unk_is_never_drawn(trained):
    lm = load(trained / "word")
    model, vocabulary = lm.model, lm.parts["vocabulary"]
    model.output.b.data[vocabulary.unknown] = 50
    assert "<unk>" not in continue_text(model, vocabulary, "word", "the", 50, np.random.default_rng(0))


# --- help ------------------------------------------------------------------------------------------------------------


def every_command(parser, above=()):
    """The words of each command, including groups of commands."""
    yield above
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, under in action.choices.items():
                yield from every_command(under, (*above, name))


@pytest.mark.parametrize("arguments", list(every_command(build_parser())), ids=" ".join)
def test_help_fits_100_columns(monkeypatch, capsys, arguments):
    monkeypatch.setenv("COLUMNS", "100")
    assert command(*arguments, "--help") == 0
    output = capsys.readouterr().out
    assert output.startswith("usage: scratchnn")
    assert max(map(len, output.splitlines())) <= 100


def test_help_of_training_names_arguments_and_defaults(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    command("train", "lm", "--help")
    output = " ".join(capsys.readouterr().out.split())
    for part in (
        "--cell CELL recurrent cell: rnn, rnn-relu, gru, gru-reset-before, gru-simplified, lstm, lstm-peephole "
        "(default: lstm)",
        "--optimizer OPTIMIZER update rule of the parameters: adam, adamw, sgd, momentum, nesterov, adagrad, rmsprop "
        "(default: adam)",
        "--level {char,letter,word}",
        "--tie",
        "--resume",
        "(default: runs/lm)",
        "--device",
    ):
        assert part in output


# --- interrupted -----------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_with_130_and_the_run_can_be_continued(text, tmp_path, capsys, monkeypatch):
    undisturbed = tmp_path / "undisturbed"
    assert train("--text", text, "--out", undisturbed, "--level", "word") == 0
    original = LanguageModel.backward_loss
    steps = []

    def interrupted(model):
        steps.append(1)
        if len(steps) == 9:
            raise KeyboardInterrupt
        original(model)

    monkeypatch.setattr(LanguageModel, "backward_loss", interrupted)
    capsys.readouterr()
    options = ["--text", text, "--out", tmp_path / "run", "--level", "word"]
    assert train(*options) == 130
    error = capsys.readouterr().err
    assert "interrupted" in error
    assert "Traceback" not in error
    assert train(*options, "--resume") == 0
    assert (tmp_path / "run" / "model.npz").read_bytes() == (undisturbed / "model.npz").read_bytes()


def test_a_closed_pipe_is_no_error(trained):
    """As in ``sample ... | head -c 3``: no traceback, nothing on stderr."""
    sample = [sys.executable, "-m", "scratchnn", "sample", str(trained / "char"), "--length"]
    for length in ("2", "30000"):  # less than a buffer, and more
        environment = {**os.environ, "PYTHONUNBUFFERED": ""}
        process = subprocess.Popen([*sample, length], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        error = process.stderr.read()
        process.stderr.close()
        assert error == b""
        assert process.wait(timeout=300) == 141
