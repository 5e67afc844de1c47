"""``load`` and ``save``: a trained model as a whole, from Python."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_tables import PAIRS, reviews, write_pairs
from small_text import assert_one_line, command, contents, write_text

from scratchnn.core import Model
from scratchnn.errors import CheckpointError, DataError
from scratchnn.layers import Dense
from scratchnn.models.classifier import Classifier
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.tasks.trained import load, save
from scratchnn.text import Vocabulary, tokenize

pytestmark = pytest.mark.usefixtures("quick")
LEVEL = {"kind": "classifier", "level": "word"}


def parts_of():
    words = (word for text, _ in reviews() for word in text.split())
    return {"vocabulary": Vocabulary.build(words, ("<pad>", "<unk>")), "labels": Vocabulary(["neg", "pos"])}


def classifier_of(parts, **options):
    """Not trained, but with weights large enough to tell texts apart."""
    sizes = {"embedding_size": 4, "hidden_size": 5, "cell": "gru"}
    model = Classifier(len(parts["vocabulary"]), 2, **{**sizes, **options}, rng=np.random.default_rng(1))
    for parameter in model.parameters():
        parameter.data = parameter.data * 5
    return model


def same_parameters(model, other):
    left, right = model.state_dict(), other.state_dict()
    return list(left) == list(right) and all(left[name].tobytes() == right[name].tobytes() for name in left)


# --- load ------------------------------------------------------------------------------------------------------------


def test_a_run_is_loaded_with_all_that_belongs_to_it(tables, capsys):
    trained = load(tables / "classifier")
    assert type(trained.model).__name__ == "Classifier"
    assert not trained.model.training
    assert list(trained.parts) == ["vocabulary", "labels"]
    assert trained.parts["labels"].tokens == ["neg", "pos"]
    assert (trained.kind.name, trained.settings["level"]) == ("classifier", "plain")
    assert trained.place == str(tables / "classifier")
    assert trained.predict(["the film was great", "", "awful"])[::2] == ["pos", "neg"]
    assert trained.predict([]) == []
    assert trained.predict(text for text in ("good", "bad")) == ["pos", "neg"]  # any iterable
    assert command("evaluate", tables / "classifier", "--data", tables / "reviews.txt") == 0
    printed = capsys.readouterr().out
    figures = trained.evaluate(tables / "reviews.txt")  # a Path
    assert figures == trained.evaluate(str(tables / "reviews.txt"))
    assert printed.startswith(f"loss {figures['loss']:.4f}\naccuracy {figures['accuracy']:.4f}\n\n")


def test_answers_do_not_depend_on_what_else_is_asked(tables):
    for kind, lines in (("classifier", [text for text, _ in reviews(9)]), ("seq2seq", [source for source, _ in PAIRS])):
        trained = load(tables / kind)
        together = trained.predict(lines)
        assert together == [trained.predict([line])[0] for line in lines]
        assert together == load(tables / kind).predict(lines)
        assert trained.model.pending() == 0


def test_options_of_predict(tables):
    trained = load(tables / "seq2seq")
    assert trained.predict(["3"], limit=3) == ["thr"]
    with pytest.raises(DataError, match="--limit must be a whole number of 1 or more, got 0"):
        trained.predict(["3"], limit=0)
    with pytest.raises(DataError, match="predict has no option 'length' for a sequence-to-sequence model; it has limit"):
        trained.predict(["3"], length=3)
    with pytest.raises(DataError, match="predict has no option 'limit' for a classifier; it has json"):
        load(tables / "classifier").predict(["good"], limit=3)
    with pytest.raises(DataError, match="no data: pass one or more files"):
        trained.evaluate()
    with pytest.raises(DataError, match=r"predict needs a list of texts, got one string; pass \[text\]"):
        trained.predict("3")


@pytest.mark.parametrize("kind", ["classifier", "seq2seq"])
def test_figures_of_no_files(tables, kind):
    with pytest.raises(DataError, match="no data: pass one or more files"):
        load(tables / kind).evaluate()


def test_repr_names_model_and_parts(tables):
    lines = repr(load(tables / "classifier")).splitlines()
    assert lines[0] == f"{tables / 'classifier'}: a classifier"
    assert lines[1].startswith(
        "  model: Classifier(vocabulary_size=13, classes=2, embedding_size=5, hidden_size=6, cell='gru'"
    )
    assert lines[2].startswith("  vocabulary: Vocabulary of 13 tokens: <pad>, <unk>, ...")
    assert lines[3] == "  labels: Vocabulary of 2 tokens: 'neg', 'pos'"
    assert len(lines) == 4


# --- save ------------------------------------------------------------------------------------------------------------


def test_a_model_from_python_is_saved_and_loaded_whole(tmp_path, capsys):
    parts = parts_of()
    model = classifier_of(parts, bidirectional=True, layers=2)
    save(tmp_path / "mine", model, parts, **LEVEL)
    assert model.training  # as it was
    trained = load(tmp_path / "mine")
    assert same_parameters(trained.model, model)
    assert trained.model.config == model.config
    assert {name: part.tokens for name, part in trained.parts.items()} == {n: p.tokens for n, p in parts.items()}
    texts = [text for text, _ in reviews(20)]
    answers = trained.predict(texts)
    model.evaluate()
    ids = [parts["vocabulary"].encode(text.split()) for text in texts]
    expected = [int(model.forward(row[None], np.array([len(row)])).argmax()) for row in ids]
    assert answers == [("neg", "pos")[k] for k in expected]
    assert len(set(answers)) == 2
    data = write_pairs(tmp_path / "data.txt", list(zip(texts, answers, strict=True)))
    assert trained.evaluate(data)["accuracy"] == 1
    assert command("evaluate", tmp_path / "mine", "--data", data) == 0
    assert "accuracy 1.0000" in capsys.readouterr().out
    assert command("predict", tmp_path / "mine", *texts) == 0
    assert capsys.readouterr().out.splitlines() == answers


def test_a_language_model_from_python_samples(tmp_path, capsys):
    text = write_text(tmp_path / "text.txt").read_text()
    vocabulary = Vocabulary.build(tokenize(text, "word"), ("<unk>",))
    model = LanguageModel(len(vocabulary), embedding_size=4, hidden_size=4, rng=np.random.default_rng(0))
    save(tmp_path / "mine", model, {"vocabulary": vocabulary}, kind="lm", level="word")
    assert command("sample", tmp_path / "mine", "--prompt", "the cat", "--length", 5) == 0
    written = capsys.readouterr().out
    assert written.startswith("the cat ")
    mine = load(tmp_path / "mine")
    assert mine.sample("the cat", length=5) + "\n" == written
    with pytest.raises(
        DataError, match="sample has no option 'limit' for a language model; it has length, temperature, top_k, top_p, seed"
    ):
        mine.sample("the cat", limit=5)
    with pytest.raises(DataError, match="--length must be a whole number of 1 or more, got 0"):
        mine.sample("the cat", length=0)
    model.evaluate()
    expected = evaluate_text(model, vocabulary.encode(tokenize(text, "word")))[0]
    assert load(tmp_path / "mine").evaluate(tmp_path / "text.txt")["loss"] == pytest.approx(expected, rel=1e-6)


def test_without_a_kind_there_is_a_model_and_no_answers(tmp_path, capsys):
    parts = parts_of()
    model = classifier_of(parts)
    for name, given in (("bare", None), ("parts", {"words": parts["vocabulary"]})):
        save(tmp_path / name, model, given, remark="first try")
        trained = load(tmp_path / name)
        assert same_parameters(trained.model, model)
        assert list(trained.parts) == list(given or {})
        assert (trained.kind, trained.settings["remark"]) == (None, "first try")
        assert repr(trained).startswith(f"{tmp_path / name}: a model\n  model: Classifier(")
        for ask in (trained.predict, trained.evaluate):
            with pytest.raises(DataError, match="was saved without a kind; use its model, or save it with kind="):
                ask(["x"])
    for name, rest in (("predict", ["x"]), ("sample", []), ("evaluate", ["--data", "x"])):
        assert command(name, tmp_path / "bare", *rest) == 2
        assert_one_line(capsys, "was saved without a kind")


def test_a_folder_that_has_a_run_is_refused(tables, classifier_run, tmp_path):
    parts = parts_of()
    save(tmp_path / "mine", classifier_of(parts), parts, **LEVEL)
    for folder in (classifier_run, tmp_path / "mine"):
        before = contents(folder)
        with pytest.raises(DataError, match="already contains a run"):
            save(folder, classifier_of(parts), parts, **LEVEL)
        assert contents(folder) == before
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file is a file, not a folder"):
        save(tmp_path / "file", classifier_of(parts), parts)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "notes.txt").write_text("x")
    save(tmp_path / "notes", classifier_of(parts), parts, **LEVEL)  # other things may be there
    assert load(tmp_path / "notes").kind.name == "classifier"


def test_a_model_saved_from_python_is_not_trained_over(tmp_path, capsys):
    parts = parts_of()
    save(tmp_path / "mine", classifier_of(parts), parts, **LEVEL)
    before = contents(tmp_path / "mine")
    data = write_pairs(tmp_path / "data.txt", reviews())
    assert command("train", "classifier", "--resume", "--data", data, "--out", tmp_path / "mine") == 2
    assert_one_line(capsys, "was saved from Python and cannot be resumed;", "choose another --out to train anew")
    assert contents(tmp_path / "mine") == before


class NoConfig(Model):
    """A model that does not say how it is built."""

    def __init__(self):
        super().__init__()
        self.dense = Dense(1, 1, rng=np.random.default_rng(0))


class Mine(NoConfig):
    """A model that says so, but that the package does not have."""

    def __init__(self):
        super().__init__()
        self.config = {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": NoConfig()}, "NoConfig has no config to build it again from; set self.config in __init__"),
        ({"kind": "clasifier"}, "unknown kind 'clasifier'; did you mean classifier"),
        ({"kind": "lm"}, "kind 'lm' is a language model, not a Classifier"),
        ({"kind": "word2vec"}, "kind 'word2vec' is word vectors, not a Classifier"),
        ({"parts": {}}, "a classifier needs the part 'vocabulary', got none"),
        ({"parts": {"vocabulary": Vocabulary(["a"])}}, "a classifier needs the part 'labels', got vocabulary"),
        ({"level": "byte"}, "--level must be one of plain, word, char, letter, got 'byte'"),
        ({"batch_size": 0}, "--batch must be a whole number of 1 or more, got 0"),
        ({"levle": "word"}, "classifier has no setting 'levle'"),
    ],
)
def test_what_cannot_be_saved_leaves_nothing(tmp_path, change, message):
    parts = parts_of()
    given = {"model": classifier_of(parts), "parts": parts, **LEVEL, **change}
    with pytest.raises(DataError, match=message):
        save(tmp_path / "mine", **given)
    assert not (tmp_path / "mine").exists()


def test_a_model_that_the_package_does_not_have(tmp_path):
    save(tmp_path / "mine", Mine())
    with pytest.raises(
        CheckpointError, match="unknown model 'Mine'; this version of scratchnn has Captioner, Classifier, "
    ):
        load(tmp_path / "mine")


def test_a_setting_that_was_not_saved(tmp_path):
    """The level is not guessed: another one would give other ids, and answers that are wrong without an error."""
    parts = parts_of()
    save(tmp_path / "mine", classifier_of(parts), parts, kind="classifier")
    with pytest.raises(DataError, match=r"settings.json lacks 'level'; restore the file, or save the model with level="):
        load(tmp_path / "mine").predict(["good"])
    settings = json.loads((tmp_path / "mine" / "settings.json").read_text())
    (tmp_path / "mine" / "settings.json").write_text(json.dumps({**settings, "level": "byte"}))
    with pytest.raises(DataError, match="--level must be one of plain, word, char, letter, got 'byte'"):
        load(tmp_path / "mine")
