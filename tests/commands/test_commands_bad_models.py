"""Models, settings and vocabularies that do not belong together: one line on stderr, exit status 2, nothing printed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_text import assert_one_line, command

from scratchnn.models.classifier import Classifier
from scratchnn.text import Vocabulary
from scratchnn.training.checkpoint import load_arrays, save_arrays

pytestmark = pytest.mark.usefixtures("quick")

OTHERS = [
    ({"hidden_size": 9}, ("parameter 'cells.layers.0.Wx' has shape (8, 32) in the saved state, (8, 36) here",)),
    ({"cell": "rnn"}, ("parameter 'cells.layers.0.Wx' has shape (8, 32) in the saved state, (8, 8) here",)),
    ({"layers": 2}, ("the saved state lacks parameter 'cells.layers.1.Wx'",)),
]


def change_settings(folder, **changes):
    """Change values in ``settings.json``; ``None`` removes them."""
    settings = json.loads((folder / "settings.json").read_text()) | changes
    kept = {name: value for name, value in settings.items() if value is not None}
    (folder / "settings.json").write_text(json.dumps(kept))


def change_model(folder, **changes):
    """Change plain values of ``model.npz``; ``None`` removes them."""
    arrays, meta = load_arrays(folder / "model.npz")
    meta = {name: value for name, value in (meta | changes).items() if value is not None}
    save_arrays(folder / "model.npz", arrays, meta)
    return meta


def make_old(folder):
    """A model file as scratchnn 0.1 wrote it: the settings alone say how the model is built."""
    change_model(folder, config=None, parts=None)
    change_settings(folder, version="0.1.0")


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        *OTHERS,
        ({"cell": "cnn"}, ("unknown cell 'cnn'; choose one of",)),
        ({"hidden_size": 8.5}, ("LanguageModel: hidden_size must be a whole number of 1 or more, got 8.5",)),
        ({"vocabulary_size": 14}, ("parameter 'embedding.W' has shape (13, 8) in the saved state, (14, 8) here",)),
        ({"depth": 3}, ("cannot be built from the saved config", "unexpected keyword argument 'depth'")),
        ({"hidden_size": None}, ("cannot be built from the saved config", "missing a required argument: 'hidden_size'")),
    ],
)
def test_a_model_of_another_architecture(run_folder, capsys, change, messages):
    config = load_arrays(run_folder / "model.npz")[1]["config"] | change
    change_model(run_folder, config={name: value for name, value in config.items() if value is not None})
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, *messages)


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        *OTHERS,
        ({"cell": "cnn"}, ("cell", "'cnn'")),
        ({"hidden_size": 8.5}, ("hidden", "must be a whole number of 1 or more, got 8.5")),
        ({"cell": None}, ("settings.json lacks 'cell'",)),
    ],
)
def test_a_model_without_config_is_built_by_the_settings(run_folder, capsys, change, messages):
    assert command("sample", run_folder) == 0
    drawn = capsys.readouterr().out
    make_old(run_folder)
    assert command("sample", run_folder) == 0
    assert capsys.readouterr().out == drawn
    change_settings(run_folder, **change)
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, *messages)


def test_the_config_of_the_model_counts_not_the_settings(run_folder, capsys):
    assert command("sample", run_folder) == 0
    drawn = capsys.readouterr().out
    change_settings(run_folder, hidden_size=9, cell="rnn", layers=2)
    assert command("sample", run_folder) == 0
    assert capsys.readouterr().out == drawn


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": "byte"}, "level must be one of char, letter, word, got 'byte'"),
        ({"level": None}, "settings.json lacks 'level'"),
        ({"kind": "oracle"}, "settings.json: unknown kind 'oracle'; there are lm, "),
        ({"kind": "classifer"}, "settings.json: unknown kind 'classifer'; did you mean classifier?"),
        ({"kind": 3}, "settings.json: unknown kind 3; there are lm, "),
        ({"kind": None}, "was saved without a kind"),
        ({"kind": "classifier"}, "model.npz contains a LanguageModel, but settings.json says a classifier"),
        ({"kind": "word2vec"}, "vectors"),
    ],
)
@pytest.mark.parametrize("name", ["sample", "evaluate"])
def test_settings_of_another_run(text, run_folder, capsys, change, message, name):
    change_settings(run_folder, **change)
    assert command(name, run_folder, *([] if name == "sample" else ["--data", text])) == 2
    assert_one_line(capsys, message)


def test_a_model_of_another_kind(run_folder, capsys):
    model = Classifier(13, 2, embedding_size=4, hidden_size=4, rng=np.random.default_rng(0))
    digests = load_arrays(run_folder / "model.npz")[1]["parts"]
    meta = {"kind": "Classifier", "config": model.config, "parts": digests}
    save_arrays(run_folder / "model.npz", model.state_dict(), meta)
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, "model.npz contains a Classifier, but settings.json says a language model")
    change_model(run_folder, kind="Oracle")
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, "Oracle")


@pytest.mark.parametrize(
    "change",
    [
        lambda tokens: [tokens[0], *reversed(tokens[1:])],  # the same tokens with other ids
        lambda tokens: tokens[:-1],
        lambda tokens: [*tokens, "wombat"],
        lambda tokens: [*tokens[:-1], "wombat"],
        lambda tokens: ["<unk>", "the", "cat"],
    ],
    ids=["reordered", "truncated", "longer", "one word replaced", "of another model"],
)
@pytest.mark.parametrize("name", ["sample", "evaluate"])
def test_a_vocabulary_that_the_model_was_not_trained_with(text, run_folder, capsys, change, name):
    """Its ids would mean other words, so nothing is drawn or evaluated."""
    path = run_folder / "vocabulary.json"
    own = Vocabulary.load(path)
    Vocabulary(change(own.tokens)).save(path)
    options = ["--prompt", "the"] if name == "sample" else ["--data", text]
    assert command(name, run_folder, *options) == 2
    assert_one_line(
        capsys,
        f"{path} is not the one that model.npz was trained with; restore the file that belongs to this run, or train anew",
    )
    own.save(path)
    assert command(name, run_folder, *options) == 0


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", "is damaged"),
        ('{"format": "scratchnn vocabulary 1", "tokens": ["<u', "is damaged"),
        ("[1, 2]", "is no part of a model that this version of scratchnn can read"),
        ('{"format": "scratchnn compass 1"}', "is no part of a model that this version of scratchnn can read"),
        (None, "No such file"),
    ],
)
def test_a_damaged_vocabulary(run_folder, capsys, raw, message):
    path = run_folder / "vocabulary.json"
    if raw is None:
        path.unlink()
    else:
        path.write_text(raw)
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, "vocabulary.json", message)


def test_a_vocabulary_of_another_model_and_settings_that_lack_something(run_folder, capsys):
    """With a model file of scratchnn 0.1, which has no digests: the sizes tell."""
    make_old(run_folder)
    Vocabulary(["<unk>", "the", "cat"]).save(run_folder / "vocabulary.json")
    assert command("sample", run_folder, "--prompt", "the") == 2
    assert_one_line(capsys, "parameter 'embedding.W' has shape (13, 8) in the saved state, (3, 8) here")
    (run_folder / "vocabulary.json").unlink()
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, "cannot read", "vocabulary.json", "No such file")
    change_settings(run_folder, cell=None)
    Vocabulary(["<unk>", "the", "cat"]).save(run_folder / "vocabulary.json")
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, "settings.json lacks 'cell'")
