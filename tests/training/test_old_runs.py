"""Runs of scratchnn 0.1: they can be used, but not resumed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_text import assert_one_line, command, contents, small_text, write_text

from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.tasks.lm import split_text
from scratchnn.tasks.trained import load
from scratchnn.text import Vocabulary, tokenize
from scratchnn.training.checkpoint import save_arrays

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.build(tokenize(small_text(), "word"), ("<unk>",))


OLD_SETTINGS = {  # keys, order and values as scratchnn 0.1.0 wrote them
    "version": "0.1.0",
    "kind": "lm",
    "text": ["text.txt"],
    "valid": None,
    "level": "word",
    "vocabulary_size": 10000,
    "cell": "lstm",
    "hidden_size": 4,
    "embedding_size": 4,
    "layers": 1,
    "forget_bias": 1.0,
    "dropout": 0.0,
    "tied": False,
    "epochs": 1,
    "batch_size": 4,
    "window": 8,
    "optimizer": "adam",
    "lr": 0.002,
    "clip": 0.25,
    "schedule": "none",
    "decay": 0.25,
    "decay_after": 1,
    "patience": None,
    "seed": 0,
    "checkpoint_every": 1000,
    "text_digest": "0" * 64,
}
NOT_OLD_IDENTITY = ("epochs", "text", "valid")


@pytest.fixture
def old_run(tmp_path, vocabulary):
    """A run folder as scratchnn 0.1.0 left it: no config and no digests in ``model.npz``, no trainer in the checkpoint."""
    write_text(tmp_path / "text.txt")
    run = tmp_path / "old"
    run.mkdir()
    (run / "settings.json").write_text(json.dumps(OLD_SETTINGS, indent=2, ensure_ascii=False) + "\n")
    vocabulary.save(run / "vocabulary.json")
    model = LanguageModel(len(vocabulary), embedding_size=4, hidden_size=4, rng=np.random.default_rng(3))
    save_arrays(run / "model.npz", model.state_dict(), {"kind": "LanguageModel"})
    meta = {
        "identity": {k: v for k, v in OLD_SETTINGS.items() if k not in (*NOT_OLD_IDENTITY, "version")},
        "seed": 0,
        "epoch": 1,
        "position": 0,
        "step": 12,
        "skipped": 0,
        "best_loss": 2.5,
        "best_epoch": 1,
        "carried": [[0, 1]],
        "history": {"rows": [], "open": [0.0, 0, 0.0, 0, 0.0]},
        "schedule": None,
    }
    arrays = {f"model/{name}": value for name, value in model.state_dict().items()}
    arrays |= {"optimizer/lr": np.asarray(0.002), **{f"carried/{k}": np.zeros((4, 4), "float32") for k in range(2)}}
    save_arrays(run / "checkpoint.npz", arrays, meta)
    (run / "history.csv").write_text("epoch,step\n")
    return run


def test_an_old_run_is_loaded_sampled_and_evaluated(old_run, tmp_path, vocabulary, capsys):
    trained = load(old_run)
    expected = LanguageModel(len(vocabulary), embedding_size=4, hidden_size=4, rng=np.random.default_rng(3))
    assert trained.model.config == expected.config
    for name, value in expected.state_dict().items():
        np.testing.assert_array_equal(trained.model.state_dict()[name], value)
    assert trained.parts["vocabulary"].tokens == vocabulary.tokens
    assert command("sample", old_run, "--prompt", "the cat", "--length", 4) == 0
    assert capsys.readouterr().out.startswith("the cat ")
    expected.evaluate()
    loss, count = evaluate_text(expected, vocabulary.encode(tokenize(small_text(), "word")))
    for option in ("--text", "--data"):
        assert command("evaluate", old_run, option, tmp_path / "text.txt") == 0
        output = capsys.readouterr().out
        assert f"{count:,} words predicted, 0.00% of the text <unk>" in output
        assert f"loss {loss:.4f} nats" in output


@pytest.mark.parametrize("options", [[], ["--epochs", 3], ["--data", "text.txt"], ["--text", "text.txt", "--epochs", 3]])
@pytest.mark.parametrize("killed", [False, True])
def test_an_old_run_is_not_resumed(old_run, monkeypatch, capsys, options, killed):
    """Also not one that was killed before its first checkpoint: it names its text by another key."""
    monkeypatch.chdir(old_run.parent)
    if killed:
        (old_run / "checkpoint.npz").unlink()
    before = contents(old_run)
    assert command("train", "lm", "--resume", "--out", old_run, *options) == 2
    assert_one_line(capsys, "was written by scratchnn 0.1 and cannot be resumed; evaluate, predict and sample can use its")
    assert contents(old_run) == before


def test_an_old_checkpoint_alone_is_not_resumed(old_run, capsys):
    (old_run / "settings.json").unlink()
    options = ["--data", old_run.parent / "text.txt", "--hidden", 4, "--batch", 4, "--window", 8, "--level", "word"]
    assert command("train", "lm", "--resume", "--out", old_run, *options) == 2
    assert_one_line(capsys, "checkpoint.npz was written by scratchnn 0.1, whose runs cannot be resumed by this version")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 5}, "has shape (4, 16) in the saved state, (4, 20) here"),
        ({"cell": "cnn"}, "--cell must be one of rnn, rnn-relu, gru"),
        ({"cell": None}, "settings.json lacks 'cell'; restore the file"),
        ({"level": None}, "settings.json lacks 'level'; restore the file"),
        ({"hidden_size": 4.5}, "--hidden must be a whole number of 1 or more, got 4.5"),
    ],
)
def test_an_old_run_with_settings_that_do_not_fit(old_run, capsys, change, message):
    settings = {name: value for name, value in {**OLD_SETTINGS, **change}.items() if value is not None}
    (old_run / "settings.json").write_text(json.dumps(settings))
    assert command("sample", old_run, "--prompt", "the") == 2
    assert_one_line(capsys, message)


def test_an_old_run_with_a_vocabulary_of_another_size(old_run, capsys):
    """There is no digest, but a shape shows this one."""
    Vocabulary(["<unk>", "the", "cat"]).save(old_run / "vocabulary.json")
    assert command("sample", old_run, "--prompt", "the") == 2
    assert_one_line(capsys, "parameter 'embedding.W' has shape (13, 4) in the saved state, (3, 4) here")


def test_the_text_is_divided_as_before():
    train, valid = split_text(small_text())
    assert train + valid == small_text()
    assert 0.9 < len(train) / len(small_text()) < 0.96
    assert train.endswith("\n")
