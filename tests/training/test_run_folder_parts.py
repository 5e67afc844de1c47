"""The parts of a run beside its parameters: damaged, exchanged, of another format."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from small_text import assert_one_line, command, small_text

from scratchnn.models.language_model import LanguageModel
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
    "another": (lambda path: edit(path.parent, format="scratchnn compass 1"), "is no part of a model that this version"),
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
        ({"kind": "Oracle"}, "unknown model 'Oracle'; this version of scratchnn has Captioner, Classifier, "),
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
        ('{"kind": "oracle"}', "unknown kind 'oracle'; there are lm, classifier, "),
        ('{"kind": "seq2sek"}', "unknown kind 'seq2sek'; did you mean seq2seq"),
        ('{"kind": ["lm"]}', "unknown kind ['lm']"),
        ('{"kind": "seq2seq"}', "model.npz contains a LanguageModel, but settings.json says a sequence-to-sequence model"),
        ('{"kind": "word2vec"}', "contains no vectors.txt"),
        ('{"kind": "lm"}', "settings.json lacks 'level'"),
        ('{"kind": "lm", "level": 3}', "--level must be a string, got 3"),
        ('{"kind": "lm", "level": "word", "clip": -1}', "--clip must be above 0, got -1"),
        ("{}", "was saved without a kind; use its model, or save it with kind=..."),
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
