"""Every optimizer and every cell can be asked for by command, and is the one that trains."""

from __future__ import annotations

import json

import pytest
from small_tables import reviews, write_pairs
from small_text import command

from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.procedure import settle
from scratchnn.tasks.registry import find_kind
from scratchnn.tasks.trained import load
from scratchnn.training.checkpoint import load_arrays
from scratchnn.training.run_folder import RunFolder
from scratchnn.training.settings import OPTIMIZERS

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def one_epoch(tmp_path_factory):
    """Trains a tiny run for one epoch; returns its folder."""
    folder = tmp_path_factory.mktemp("one_epoch")
    write_pairs(folder / "data.txt", reviews(30))
    sizes = ["--hidden", 3, "--embed", 3, "--batch", 4, "--epochs", 1]

    def run(kind, *options):
        out = folder / "-".join([kind, *map(str, options)])
        more = ["--window", 5] if kind == "lm" else []
        assert command("train", kind, "--data", folder / "data.txt", "--out", out, *sizes, *more, *options) == 0
        return out

    return run


@pytest.mark.parametrize("kind", ["lm", "classifier"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains(one_epoch, kind, optimizer):
    out = one_epoch(kind, "--optimizer", optimizer)
    settings = json.loads((out / "settings.json").read_text())
    expected = {"lm": {"adam": 0.002, "sgd": 20}, "classifier": {"adam": 0.005}}[kind].get(optimizer)
    others = {"adam": 0.001, "adamw": 0.001, "sgd": 0.1, "momentum": 0.01, "nesterov": 0.01, "adagrad": 0.01}
    assert settings["lr"] == (expected or {**others, "rmsprop": 0.001}[optimizer])
    arrays, meta = load_arrays(out / "checkpoint.npz")
    assert meta["identity"]["optimizer"] == optimizer
    made = OPTIMIZERS[optimizer]([], 0.1)
    slots = {name.rpartition(".")[2] for name in arrays if name.startswith("optimizer/")} - {"optimizer/lr", "t"}
    assert slots == set(made.slot_names)
    if optimizer in ("sgd", "momentum", "nesterov"):
        assert (made.momentum, made.nesterov) == (0.9 if optimizer != "sgd" else 0, optimizer == "nesterov")
    assert load(out).model.config["hidden_size"] == 3


@pytest.mark.parametrize("kind", ["lm", "classifier", "seq2seq"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_trains_and_is_the_one_that_was_asked_for(one_epoch, kind, cell):
    out = one_epoch(kind, "--cell", cell)
    trained = load(out)
    assert trained.model.config["cell"] == cell
    made = {"lm": "cells.layers.0.Wx", "classifier": "reader.layers.0.Wx", "seq2seq": "decoder.Wx"}[kind]
    gates = {"rnn": 1, "gru": 3, "gru-simplified": 2, "lstm": 4}
    blocks = gates.get(cell) or gates[cell.partition("-")[0]]
    assert trained.model.named_parameters()[made].shape[1] == 3 * blocks
    names = " ".join(trained.model.named_parameters())
    assert (".p" in names) == (cell == "lstm-peephole")


def test_options_end_in_the_model_that_was_asked_for(one_epoch):
    out = one_epoch("classifier", "--bidirectional", "--layers", 2, "--dropout", 0.25, "--accumulate", 3, "--level", "char")
    trained = load(out)
    config = {name: trained.model.config[name] for name in ("bidirectional", "layers", "dropout")}
    assert config == {"bidirectional": True, "layers": 2, "dropout": 0.25}
    assert (trained.settings["accumulate"], trained.settings["level"]) == (3, "char")
    assert {len(token) for token in trained.parts["vocabulary"].tokens[2:]} == {1}
    _, meta = load_arrays(out / "checkpoint.npz")
    assert meta["step"] == 3  # 27 texts in 7 batches, 3 per step


def test_a_setting_of_no_task_is_left_to_its_default():
    settings = settle(find_kind("seq2seq"), {}, {}, RunFolder("x"))
    assert {name: settings[name] for name in ("kind", "epochs", "lr", "clip", "cell")} == {
        "kind": "seq2seq",
        "epochs": 30,
        "lr": 0.005,
        "clip": 1.0,
        "cell": "lstm",
    }
