"""What a classifier can be besides one recurrent layer: readers, outputs, pretrained starts, balance, JSON answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from small_tables import reviews, train_task, write_pairs
from small_text import arrays_and_meta, assert_one_line, command, write_text
from small_tunes import train_music, write_tunes

from scratchnn.errors import DataError
from scratchnn.layers import Embedding
from scratchnn.models.classifier import POOLINGS, READERS, Classifier
from scratchnn.tasks.classifier import balanced
from scratchnn.tasks.labelled import Columns, read_labelled
from scratchnn.tasks.text_tokens import shortened, tokens_of
from scratchnn.tasks.trained import load
from scratchnn.text import Vocabulary
from scratchnn.text.words import plain_tokens
from scratchnn.training.gradients import compute_gradients
from scratchnn.word2vec.formats import write_vectors
from scratchnn.word2vec.keyed_vectors import KeyedVectors

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("data") / "reviews.txt", reviews(120))


def accuracy(run, data):
    return load(run).evaluate(data)["accuracy"]


# --- readers, poolings, outputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("pooling", [None, *POOLINGS])
def test_every_reader_learns_with_every_pooling(tmp_path, capsys, data, reader, pooling):
    options = ["--reader", reader, *(["--pooling", pooling] if pooling else []), "--data", data, "--valid", data]
    options += ["--out", tmp_path / "run"]
    if pooling == "last" and not reader.endswith("recurrent"):
        assert train_task("classifier", *options) == 2
        assert_one_line(capsys, "pooling 'last' needs recurrent layers; with the reader", "use mean, max or attention")
        return
    assert train_task("classifier", *options, "--kernels", 1, 2, "--epochs", 12) == 0
    usual = {"conv": "max", "embedding": "mean"}.get(reader, "last")
    assert load(tmp_path / "run").model.config["pooling"] == (pooling or usual)
    assert accuracy(tmp_path / "run", data) > 0.95


def test_one_sigmoid_unit_for_two_classes(tmp_path, capsys, data):
    assert train_task("classifier", "--data", data, "--valid", data, "--output", "sigmoid", "--out", tmp_path / "run") == 0
    trained = load(tmp_path / "run")
    assert trained.model.output.W.shape == (6, 1)
    assert trained.evaluate(data)["accuracy"] > 0.95
    assert trained.predict(["a good film", "awful"]) == ["pos", "neg"]
    three = write_pairs(tmp_path / "three.txt", [("a", "x"), ("b", "y"), ("c", "z")] * 5)
    capsys.readouterr()
    assert train_task("classifier", "--data", three, "--output", "sigmoid", "--out", tmp_path / "other") == 2
    assert_one_line(capsys, "one sigmoid unit separates two classes, but there are 3; use the output 'softmax'")


def test_several_labels_per_text(tmp_path, capsys):
    tags = {"joke": "comedy", "gun": "action", "kiss": "romance"}
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(200):
        words = [word for word in tags if rng.random() < 0.4]
        rows.append({"text": " ".join(["the", *words]), "tags": [tags[word] for word in words]})
    path = tmp_path / "films.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ["--data", path, "--output", "multilabel", "--reader", "embedding", "--epochs", 20]
    assert train_task("classifier", *options, "--out", tmp_path / "run") == 0
    assert "labels action, comedy, romance" in capsys.readouterr().out
    assert command("predict", tmp_path / "run", "the gun joke", "the kiss", "the") == 0
    assert capsys.readouterr().out == "action,comedy\nromance\n\n"
    assert command("predict", tmp_path / "run", "--json", "the gun joke") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["labels"] == ["action", "comedy"]
    assert answer["probabilities"]["romance"] < 0.5 < answer["probabilities"]["action"]
    assert command("evaluate", tmp_path / "run", "--data", path) == 0
    assert "accuracy 1.0000" in capsys.readouterr().out
    assert not (tmp_path / "run" / "confusion.png").exists()  # which is for one label per text


def test_probabilities_add_up_and_belong_to_the_label(tables, capsys):
    assert command("predict", tables / "classifier", "--json", "a good film", "awful", "") == 0
    for line in capsys.readouterr().out.splitlines():
        answer = json.loads(line)
        assert list(answer["probabilities"]) == ["neg", "pos"]
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=2e-6)
        assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)


def test_training_reads_the_answers_of_predict(tables, tmp_path, capsys):
    new = tmp_path / "new.txt"
    new.write_text('a good film\nawful , "really"\ngood good\n')
    guessed = tmp_path / "guessed.jsonl"
    assert command("predict", tables / "classifier", "--data", new, "--json", "--out", guessed) == 0
    answers = [json.loads(line) for line in guessed.read_text().splitlines()]
    assert [answer["text"] for answer in answers] == new.read_text().splitlines()
    columns = Columns(None, None)
    assert read_labelled([str(guessed)], columns, "train") == [(answer["text"], answer["label"]) for answer in answers]
    assert (columns.text, columns.label) == ("text", "label")
    settings = ["--data", tables / "reviews.txt", guessed, "--epochs", 1, "--embed", 4, "--reader", "embedding"]
    assert train_task("classifier", *settings, "--out", tmp_path / "student") == 0


@pytest.mark.parametrize("lost", ["loss.png", "history.csv", "times"])
def test_what_a_run_killed_after_its_last_checkpoint_did_not_report(classifier_run, tables, lost):
    history = (classifier_run / "history.csv").read_bytes()
    (classifier_run / "loss.png").unlink()
    (classifier_run / ".loss.png.0123abcd.part").write_bytes(b"begun")
    if lost != "loss.png":
        (classifier_run / "loss.png").write_bytes(b"older")
        (classifier_run / "history.csv").write_bytes(history[: len(history) // 2])
    if lost == "history.csv":
        os.utime(classifier_run / "loss.png", (0, 0))
    settings = ["--data", tables / "reviews.txt", "--out", classifier_run]
    assert train_task("classifier", *settings, "--resume") == 0
    assert (classifier_run / "loss.png").read_bytes() != b"older"
    assert (classifier_run / "history.csv").read_bytes() == history
    assert not list(classifier_run.glob(".*"))


def test_a_label_in_a_list_may_contain_the_separator(tmp_path, capsys):
    """As in the answers of a run with another separator."""
    data = tmp_path / "data.jsonl"
    rows = [{"text": "good film", "labels": ["a, b", " c\n d"]}, {"text": "poor film", "labels": ["c d"]}] * 20
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = ["--output", "multilabel", "--data", data]
    for separator, out in ((",", tmp_path / "comma"), (";", tmp_path / "semicolon")):
        assert train_task("classifier", *settings, "--separator", separator, "--out", out) == 0
        assert load(out).parts["labels"].tokens == ["a, b", "c d"]


@pytest.mark.parametrize(("labels", "what"), [([], "no label"), (["a"], "the label 'a', or none")])
def test_texts_with_fewer_than_two_labels(tmp_path, capsys, labels, what):
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps({"text": f"film {n}", "labels": labels if n % 2 else []}) + "\n" for n in range(40)))
    assert train_task("classifier", "--output", "multilabel", "--data", data, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, f"all training texts have {what}; a classifier needs at least two labels")


def test_another_process_gives_the_same_probabilities(tables, capsys):
    words = ["predict", str(tables / "classifier"), "--json", "the film was good", "", "poor poor plot"]
    assert command(*words) == 0
    expected = capsys.readouterr().out
    found = subprocess.run([sys.executable, "-m", "scratchnn", *words], capture_output=True, text=True, check=True)
    assert found.stdout == expected


# --- balance and validation ------------------------------------------------------------------------------------------


def test_balanced_classes_count_the_same():
    parts = {"labels": Vocabulary(["a", "b", "c"])}
    weights = balanced([(None, 0)] * 6 + [(None, 1)] * 3 + [(None, 2)], parts)
    np.testing.assert_allclose(weights, [10 / 18, 10 / 9, 10 / 3])
    np.testing.assert_allclose(np.array(weights) * [6, 3, 1], 10 / 3)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_class_weights_act_in_training_alone(output):
    sizes = {"embedding_size": 3, "hidden_size": 4, "output": output}
    models = [Classifier(6, 2, **sizes, class_weights=w, rng=np.random.default_rng(0)) for w in (None, [0.5, 3.0])]
    batch = (np.array([[1, 2], [3, 4], [5, 0]]), np.array([2, 2, 1]), np.array([0, 1, 0]))
    alone = [float(models[0].loss(tuple(part[n : n + 1] for part in batch), None)[0]) for n in range(3)]
    weighted = float(models[1].loss(batch, None)[0])
    assert weighted == pytest.approx(np.mean(np.multiply(alone, [0.5, 3.0, 0.5])), rel=1e-5)
    models[1].discard_caches()
    models[1].evaluate()
    assert float(models[1].loss(batch, None)[0]) == pytest.approx(np.mean(alone), rel=1e-5)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_rare_class_counts_the_same_in_every_division_into_batches(output):
    """With balanced weights, the gradients of an epoch add up to that of the weighted mean of all texts."""
    targets = np.array([0] * 6 + [1] * 2)
    weights = balanced([(None, target) for target in targets], {"labels": Vocabulary(["a", "b"])})
    model = Classifier(
        6, 2, embedding_size=3, hidden_size=4, output=output, class_weights=weights, rng=np.random.default_rng(0)
    )
    model.astype("float64")
    ids = np.random.default_rng(1).integers(0, 6, (8, 3))
    batch = (ids, np.full(8, 3), targets)

    def gradients(parts):
        found = compute_gradients(model, [tuple(array[part] for array in batch) for part in parts], None)[0]
        kept = {name: parameter.dense_gradient().copy() for name, parameter in model.named_parameters().items()}
        model.clear_gradients()
        return float(found), kept

    whole = gradients([slice(0, 8)])
    alone = [gradients([slice(n, n + 1)])[0] for n in range(8)]  # each times its weight
    assert whole[0] == pytest.approx(sum(alone) / np.sum(np.array(weights)[targets]), rel=1e-12)
    parts = gradients([slice(0, 5), slice(5, 8)])  # the rare class is in the second batch alone
    assert parts[0] == pytest.approx(whole[0], rel=1e-12)
    for name, gradient in whole[1].items():
        np.testing.assert_allclose(parts[1][name], gradient, atol=1e-14, err_msg=name)


def test_balance_lets_a_rare_class_count(tmp_path):
    """The text says nothing, so the probabilities go to those of the classes: a twentieth, or one half if balanced."""
    data = write_pairs(tmp_path / "data.txt", [("film", "pos")] * 190 + [("film", "neg")] * 10)
    even = write_pairs(tmp_path / "even.txt", [("film", "pos"), ("film", "neg")] * 50)
    small = ["--reader", "embedding", "--epochs", 20, "--lr", 0.03, "--schedule", "cosine", "--data", data]
    for name, options in (("plain", ["--valid", data]), ("balanced", ["--valid", even, "--balance"])):
        assert train_task("classifier", *small, *options, "--out", tmp_path / name) == 0
    found = [json.loads(load(tmp_path / name).predict(["film"], json=True)[0]) for name in ("plain", "balanced")]
    assert found[0]["probabilities"]["neg"] == pytest.approx(0.05, abs=0.04)
    assert 0.2 < found[1]["probabilities"]["neg"] < 0.6
    assert load(tmp_path / "plain").model.config["class_weights"] is None
    np.testing.assert_allclose(load(tmp_path / "balanced").model.config["class_weights"], [10, 200 / 380])


def test_the_few_texts_of_a_rare_label_are_for_training(tmp_path, capsys):
    data = write_pairs(tmp_path / "data.txt", [*reviews(99), ("odd", "rare")])
    for seed in range(12):  # in some of them, the rare one would be in the validation part
        assert train_task("classifier", "--data", data, "--seed", seed, "--epochs", 1, "--out", tmp_path / str(seed)) == 0
        assert load(tmp_path / str(seed)).parts["labels"].tokens == ["neg", "pos", "rare"]


def test_a_limit_takes_texts_by_the_seed(tmp_path, capsys, data):
    for name, seed, limit in (("a", 0, 20), ("b", 0, 20), ("c", 1, 20), ("d", 0, 500)):
        options = ["--data", data, "--limit", limit, "--seed", seed, "--epochs", 1, "--out", tmp_path / name]
        assert train_task("classifier", *options) == 0
        texts = "18 texts to learn, 2 to validate" if limit == 20 else "108 texts to learn, 12 to validate"
        assert texts in capsys.readouterr().out
    digests = [load(tmp_path / name).settings["data_digest"] for name in "abc"]
    assert digests[0] == digests[1] != digests[2]


# --- pretrained vectors and bodies -----------------------------------------------------------------------------------


def vectors_of(words, size=4, seed=0):
    return KeyedVectors(words, np.random.default_rng(seed).standard_normal((len(words), size)))


def test_an_embedding_from_vectors():
    vocabulary = Vocabulary(["<pad>", "<unk>", "film", "good", "rare"])
    vectors = vectors_of(["good", "film", "other"])
    rng = np.random.default_rng(1)
    layer = Embedding.from_vectors(vocabulary, vectors, rng=rng)
    assert (layer.W.shape, layer.found, layer.W.trainable) == ((5, 4), 2, True)
    np.testing.assert_array_equal(layer.W.data[[2, 3]], vectors.vectors[[1, 0]])
    others = layer.W.data[[0, 1, 4]]
    assert others.all()
    assert 0.2 < others.std() / vectors.vectors[:2].std() < 3
    runs = Embedding.from_vectors(
        Vocabulary(["good film", "good rare"]), vectors_of(["good", "film", "good rare"]), rng=rng
    )
    np.testing.assert_allclose(runs.W.data[0], vectors_of(["good", "film", "x"]).vectors[:2].mean(axis=0), rtol=1e-6)
    assert not Embedding.from_vectors(vocabulary, vectors, rng=np.random.default_rng(1), frozen=True).W.trainable
    with pytest.raises(DataError, match="none of the 5 tokens of the vocabulary has a word vector"):
        Embedding.from_vectors(vocabulary, vectors_of(["mot"]), rng=np.random.default_rng(1))


@pytest.mark.parametrize("frozen", [False, True])
def test_a_run_from_vectors_says_its_coverage(tmp_path, capsys, data, frozen):
    vectors = vectors_of(["good", "bad", "fine", "awful", "film", "unused"])
    write_vectors(tmp_path / "vectors.txt", vectors)
    options = ["--vectors", tmp_path / "vectors.txt", "--data", data, "--epochs", 2, "--embed", 4]
    assert train_task("classifier", *options, *(["--freeze"] if frozen else []), "--out", tmp_path / "run") == 0
    said = capsys.readouterr().out
    assert "5 of 11 words have a vector in" in said
    assert "1 more from there" in " ".join(said.split())
    trained = load(tmp_path / "run")
    table, vocabulary = trained.model.embedding.W.data, trained.parts["vocabulary"]
    assert trained.settings["embedding_size"] == table.shape[1] == 4
    kept = (table[vocabulary.ids["good"]] == vectors["good"]).all()
    assert kept == frozen == (not trained.model.embedding.W.trainable)
    before = arrays_and_meta(tmp_path / "run" / "checkpoint.npz")
    assert command("train", "classifier", "--resume", "--out", tmp_path / "run") == 0
    assert arrays_and_meta(tmp_path / "run" / "checkpoint.npz") == before


def test_a_run_from_the_body_of_a_language_model(tmp_path, capsys, data):
    text = tmp_path / "text.txt"
    text.write_text("".join(f"{text}\n" for text, _ in reviews(200, seed=3)))
    sizes = ["--level", "word", "--hidden", 7, "--embed", 5, "--layers", 2, "--batch", 4, "--window", 8, "--epochs", 1]
    assert command("train", "lm", "--data", text, *sizes, "--out", tmp_path / "lm") == 0
    body = load(tmp_path / "lm")
    options = ["--body", tmp_path / "lm", "--data", data, "--epochs", 1, "--hidden", 7]
    assert train_task("classifier", *options, "--lr", 0, "--out", tmp_path / "start") == 0
    assert "starts from the language model in" in capsys.readouterr().out
    trained = load(tmp_path / "start")
    assert trained.parts["vocabulary"].tokens == body.parts["vocabulary"].tokens
    for name, array in trained.model.state_dict().items():
        if name.startswith(("embedding.", "reader.")):
            np.testing.assert_array_equal(array, body.model.state_dict()[name.replace("reader.", "cells.")], err_msg=name)
    assert (trained.model.config["cell"], trained.model.config["hidden_size"]) == ("lstm", 7)
    assert train_task("classifier", *options, "--epochs", 10, "--out", tmp_path / "tuned") == 0
    assert accuracy(tmp_path / "tuned", data) > 0.95
    foreign = write_pairs(tmp_path / "foreign.txt", [("나는 간다", "pos"), ("집이 크다", "neg")] * 20)
    capsys.readouterr()
    assert train_task("classifier", "--body", tmp_path / "lm", "--data", foreign, "--out", tmp_path / "none") == 2
    assert_one_line(capsys, "the vocabulary has only 0% of the text's tokens; use a text of the same language, or train a")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--bidirectional"], "--body reads from left to right with recurrent layers; leave out --reader and --bidir"),
        (["--reader", "conv"], "--body reads from left to right with recurrent layers"),
        (["--vectors", "x.txt"], "--body brings its own embedding; leave out --vectors"),
        (["--level", "word"], "was trained at level char, not word; use --level char"),
        (["--level", "char", "--hidden", 9], "--body lm has --hidden 4, not 9; leave --hidden out"),
        (["--body", "classifier"], "--body classifier contains no language model; use a run of train lm"),
        (["--body", "tunes"], "--body tunes contains no language model; use a run of train lm"),
    ],
)
def test_bodies_that_do_not_fit(tmp_path, tables, data, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tables)
    if not (tables / "lm").exists():
        text = write_text(tmp_path / "text.txt")
        assert command("train", "lm", "--data", text, "--hidden", 4, "--batch", 2, "--window", 5, "--out", "lm") == 0
    if "tunes" in options:
        assert train_music("--data", write_tunes(tmp_path / "tunes.abc"), "--epochs", 1, "--out", "tunes") == 0
    capsys.readouterr()
    assert train_task("classifier", "--body", "lm", "--data", data, *options, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, message)


# --- words -----------------------------------------------------------------------------------------------------------


def test_plain_words():
    text = "It's GOOD!<br /><br />Caf\u00e9_au lait, l\u2019\u00e9t\u00e9 ... 10/10 'quoted' \uc601\ud654\uac00"
    words = "it's good caf\u00e9 au lait l'\u00e9t\u00e9 10 10 quoted \uc601\ud654\uac00"
    assert plain_tokens(text) == words.split()


def test_a_long_text_keeps_its_ends():
    tokens = list("0123456789")
    assert shortened(tokens, 10) == tokens
    assert "".join(shortened(tokens, 5)) == "01789"


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("plain", ["not", "so", "good", "not so", "so good", "not so good"]),
        ("word", ["Not", "so", "good!", "Not so", "so good!", "Not so good!"]),
    ],
)
def test_runs_of_adjacent_words(level, expected):
    assert tokens_of("Not so good!", {"level": level, "ngrams": 3}) == expected
    assert tokens_of("Not so good!", {"level": level}) == expected[:3]
    assert tokens_of("", {"level": level, "ngrams": 3}) == []


def test_runs_of_characters_and_the_cut_before_them():
    assert tokens_of("abcd", {"level": "char", "ngrams": 2}) == ["a", "b", "c", "d", "ab", "bc", "cd"]
    assert tokens_of("abcd", {"level": "char", "ngrams": 2, "max_length": 2}) == ["a", "d", "ad"]


def test_order_matters_to_a_mean_of_pairs_alone(tmp_path):
    pairs = [("good not bad", "pos"), ("bad not good", "neg"), ("so good not bad", "pos"), ("so bad not good", "neg")] * 10
    data = write_pairs(tmp_path / "data.txt", pairs)
    found = []
    for n in (1, 2):
        options = ["--reader", "embedding", "--ngrams", n, "--data", data, "--valid", data, "--epochs", 10]
        assert train_task("classifier", *options, "--out", tmp_path / str(n)) == 0
        found.append(accuracy(tmp_path / str(n), data))
    assert found == [0.5, 1.0]
