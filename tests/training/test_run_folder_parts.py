"""The parts of a run beside its parameters: damaged, exchanged, of another format; and runs of scratchnn 0.1."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from small_text import assert_one_line, command, contents, small_text, write_text

from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.tasks.lm import split_text
from scratchnn.tasks.trained import load, save
from scratchnn.text import Vocabulary, tokenize
from scratchnn.training.checkpoint import load_arrays, save_arrays
from scratchnn.training.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.build(tokenize(small_text(), "word"), ("<unk>",))


@pytest.fixture
def run(tmp_path, vocabulary):
    """A folder with a language model of words, saved from Python."""
    return saved(tmp_path / "run", vocabulary)


def saved(folder, vocabulary, seed=0):
    model = LanguageModel(len(vocabulary), embedding_size=4, hidden_size=4, rng=np.random.default_rng(seed))
    save(folder, model, {"vocabulary": vocabulary}, kind="lm", level="word")
    return folder


# --- a part that is not the one of the model -------------------------------------------------------------------------


def edit(folder, **change):
    """Change some keys of the vocabulary's JSON."""
    path = folder / "vocabulary.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))


def tokens(folder):
    return json.loads((folder / "vocabulary.json").read_text())["tokens"]


CHANGED = "vocabulary.json is not the one that model.npz was trained with; restore the file that belongs to this run"
DAMAGES = {
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-20]), "vocabulary.json is damaged"),
    "empty": (lambda path: path.write_bytes(b""), "vocabulary.json is damaged"),
    "not text": (lambda path: path.write_bytes(b"\xff\xfe\x00"), "vocabulary.json is damaged"),
    "gone": (lambda path: path.unlink(), "vocabulary.json: No such file or directory"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "vocabulary.json: Is a directory"),
    "a list": (lambda path: path.write_text("[1]"), "is no part of a model that this version of scratchnn can read"),
    "no format": (
        lambda path: path.write_text('{"tokens": []}'),
        "is no part of a model that this version of scratchnn can",
    ),
    "a number": (lambda path: edit(path.parent, format=1), "is no part of a model that this version of scratchnn can read"),
    "another": (lambda path: edit(path.parent, format="scratchnn scale 1"), "is no part of a model that this version"),
    "newer": (
        lambda path: edit(path.parent, format="scratchnn vocabulary 2"),
        "vocabulary.json is not a vocabulary file of this version ('scratchnn vocabulary 1')",
    ),
    "no tokens": (lambda path: edit(path.parent, tokens=None), "is damaged: its tokens are not a list of strings"),
    "twice": (lambda path: edit(path.parent, tokens=["<unk>", "a", "a"]), "is damaged: a token occurs in it twice"),
    "reordered": (lambda path: edit(path.parent, tokens=[*tokens(path.parent)[:1], *tokens(path.parent)[:0:-1]]), CHANGED),
    "one less": (lambda path: edit(path.parent, tokens=tokens(path.parent)[:-1]), CHANGED),
    "one changed": (lambda path: edit(path.parent, tokens=[*tokens(path.parent)[:-1], "wombat"]), CHANGED),
}


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("verb", ["sample", "evaluate"])
def test_a_damaged_or_changed_part(run, text, capsys, verb, name):
    damage, message = DAMAGES[name]
    damage(run / "vocabulary.json")
    assert command(verb, run, *(["--data", text] if verb == "evaluate" else [])) == 2
    assert_one_line(capsys, "vocabulary.json", message)


def test_the_same_tokens_in_another_layout_are_the_same_part(run):
    document = json.loads((run / "vocabulary.json").read_text())
    (run / "vocabulary.json").write_text(json.dumps(document, indent=4))
    assert load(run).parts["vocabulary"].tokens == document["tokens"]


def test_parts_and_models_exchanged_between_runs(tmp_path, vocabulary, capsys):
    """Both vocabularies have as many tokens, so that no shape could show it."""
    other = Vocabulary([*vocabulary.tokens[:1], *vocabulary.tokens[:0:-1]])
    first, second = saved(tmp_path / "first", vocabulary), saved(tmp_path / "second", other, seed=1)
    for name in ("vocabulary.json", "model.npz"):
        mixed = shutil.copytree(first, tmp_path / name)
        shutil.copy(second / name, mixed / name)
        assert command("sample", mixed) == 2
        assert_one_line(capsys, CHANGED)
    assert command("sample", first, "--length", 3) == command("sample", second, "--length", 3) == 0


def test_a_model_that_names_no_kind_no_config_or_another_class(run, capsys):
    arrays, meta = load_arrays(run / "model.npz")
    for change, message in [
        ({"kind": None}, "model.npz contains no model; restore the file, or train anew"),
        ({"kind": "Seq2Seq"}, "model.npz contains a Seq2Seq, but settings.json says a language model"),
        ({"kind": "Tagger"}, "unknown model 'Tagger'; this version of scratchnn has Classifier, LanguageModel, Seq2Seq"),
        ({"config": {}}, "LanguageModel cannot be built from the saved config: missing a required argument"),
        (
            {"config": {**meta["config"], "heads": 2}},
            "LanguageModel cannot be built from the saved config: got an unexpected",
        ),
        ({"config": {**meta["config"], "hidden_size": 5}}, "has shape (4, 16) in the saved state, (4, 20) here"),
        ({"config": {**meta["config"], "hidden_size": "4"}}, "hidden_size must be a whole number of 1 or more, got '4'"),
        ({"config": {**meta["config"], "cell": "mgu"}}, "unknown cell 'mgu'"),
        ({"config": None}, "does not say how its model is built"),
    ]:
        save_arrays(run / "model.npz", arrays, {**meta, **change})
        assert command("sample", run) == 2
        assert_one_line(capsys, message)


def test_a_model_whose_parts_are_not_those_of_its_task(tmp_path, vocabulary, capsys):
    run = saved(tmp_path / "run", vocabulary)
    arrays, meta = load_arrays(run / "model.npz")
    save_arrays(run / "model.npz", arrays, {**meta, "parts": {}})
    assert command("sample", run) == 2
    assert_one_line(capsys, "a language model needs the part 'vocabulary', got none")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", "settings.json is not a settings file"),
        ("[]", "settings.json is not a settings file"),
        ('{"kind": "tagger"}', "unknown kind 'tagger'; there are lm, classifier, seq2seq, word2vec"),
        ('{"kind": "seq2sek"}', "unknown kind 'seq2sek'; did you mean seq2seq"),
        ('{"kind": ["lm"]}', "unknown kind ['lm']"),
        ('{"kind": "seq2seq"}', "model.npz contains a LanguageModel, but settings.json says a sequence-to-sequence model"),
        ('{"kind": "word2vec"}', "contains no vectors.txt"),
        ('{"kind": "lm"}', "settings.json lacks 'level'"),
        ('{"kind": "lm", "level": 3}', "--level must be a string, got 3"),
        ('{"kind": "lm", "level": "word", "clip": -1}', "--clip must be above 0, got -1"),
        ("{}", "was saved without a kind; sample from its model in Python"),
    ],
)
def test_damaged_settings(run, capsys, raw, message):
    (run / "settings.json").write_text(raw)
    assert command("sample", run, "--prompt", "the") == 2
    assert_one_line(capsys, message)


def test_parts_are_found_by_their_names_in_the_model(tmp_path, vocabulary):
    """Any names, any number; each in a file of its own."""
    model = LanguageModel(3, embedding_size=2, hidden_size=2, rng=np.random.default_rng(0))
    folder = RunFolder(tmp_path / "run")
    folder.create(resume=False)
    parts = {"words": vocabulary, "other": Vocabulary(["x"])}
    folder.save_parts(parts)
    folder.save_model(model, parts)
    arrays, meta = folder.read_model()
    assert meta["parts"] == {name: part.digest() for name, part in parts.items()}
    assert meta["config"] == model.config
    assert list(arrays) == list(model.state_dict())
    found = folder.load_parts(meta["parts"], meta["parts"])
    assert {name: part.tokens for name, part in found.items()} == {name: part.tokens for name, part in parts.items()}
    assert {path.name for path in folder.path.iterdir()} == {"words.json", "other.json", "model.npz"}


# --- runs of scratchnn 0.1 -------------------------------------------------------------------------------------------

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
