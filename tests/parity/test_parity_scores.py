"""Scores are those of scikit-learn, and of seqeval for entities, on the same predictions."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_tables import reviews, train_task, write_columns, write_pairs

from scratchnn.datasets.generated import generated_travels
from scratchnn.metrics import confusion_matrix, entity_scores, label_scores
from scratchnn.models.classifier import Classifier
from scratchnn.tasks.class_scores import decide, logits_of
from scratchnn.tasks.trained import load, save
from scratchnn.text import Vocabulary
from scratchnn.text.schemes import entities

metrics = pytest.importorskip("sklearn.metrics", reason='scikit-learn is not installed: pip install -e ".[scores]"')
pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]  # it warns of labels without predictions
NAMES = ("precision", "recall", "f1")


def theirs(predicted, targets):
    *scores, texts = metrics.precision_recall_fscore_support(targets, predicted, zero_division=0)
    return [*scores, texts]


@pytest.mark.parametrize("seed", range(5))
def test_one_class_per_text(seed):
    rng = np.random.default_rng(seed)
    K = 2 + seed
    targets, predicted = rng.integers(0, K, (2, 60))
    targets[targets == 1] = 0  # a class that does not occur, but is predicted
    targets[0] = K - 1
    matrix = confusion_matrix(predicted, targets, K)
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(targets, predicted, labels=range(K)))
    assert matrix.trace() / matrix.sum() == metrics.accuracy_score(targets, predicted)
    found = label_scores(np.eye(K)[predicted], np.eye(K)[targets])
    expected = metrics.precision_recall_fscore_support(targets, predicted, labels=range(K), zero_division=0)
    for name, values in zip((*NAMES, "texts"), expected, strict=True):
        np.testing.assert_allclose(found[name], values, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("seed", range(3))
def test_several_labels_per_text(seed):
    rng = np.random.default_rng(seed)
    targets, predicted = (rng.random((2, 50, 4)) < 0.4).astype(int)
    targets[:, 2] = 0
    predicted[:, 3] = 0
    found = label_scores(predicted, targets)
    for name, values in zip((*NAMES, "texts"), theirs(predicted, targets), strict=True):
        np.testing.assert_allclose(found[name], values, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "multilabel"])
def test_what_evaluate_prints_is_what_scikit_learn_finds(tmp_path, output):
    """The table, the accuracy and the loss of a whole evaluation, from a file to four decimals."""
    pairs = reviews(90)
    vocabulary = Vocabulary.build((word for text, _ in pairs for word in text.split()), ("<pad>", "<unk>"))
    parts = {"vocabulary": vocabulary, "labels": Vocabulary(["neg", "pos"])}
    model = Classifier(len(vocabulary), 2, embedding_size=4, hidden_size=5, output=output, rng=np.random.default_rng(3))
    for parameter in model.parameters():
        parameter.data = parameter.data * 5
    save(tmp_path / "run", model, parts, kind="classifier", level="word", output=output, separator=",")
    trained = load(tmp_path / "run")
    file = str(write_pairs(tmp_path / "data.txt", pairs))
    lines = list(trained.kind.report(trained, [file]))
    examples = trained.kind.examples([file], trained.settings, trained.parts)
    predicted = decide(model, logits_of(model, [ids for ids, _ in examples]))
    targets = np.array([target for _, target in examples])
    assert lines[1] == f"accuracy {metrics.accuracy_score(targets, predicted):.4f}"
    if output != "multilabel":
        answers = [json.loads(line) for line in trained.predict([text for text, _ in pairs], json=True)]
        probabilities = np.array([list(answer["probabilities"].values()) for answer in answers])
        assert float(lines[0].split()[1]) == pytest.approx(metrics.log_loss(targets, probabilities), abs=2e-4)
    *scores, texts = theirs(predicted, targets)
    for k, name in enumerate(("neg", "pos")):
        values = [f"{score[k]:.4f}" for score in scores]
        assert lines[4 + k].split() == [name, *values, str(texts[k])]
    assert lines[6].split()[:4] == ["mean", *(f"{score.mean():.4f}" for score in scores)]


# --- entities --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seqeval():
    return pytest.importorskip("seqeval.metrics", reason='seqeval is not installed: pip install -e ".[scores]"')


@pytest.mark.parametrize("prefixes", ["OBI", "OI", "OBIES"])
@pytest.mark.parametrize("seed", range(3))
def test_entities_of_any_tags(seqeval, prefixes, seed):
    """Random tags, most of which no scheme allows; the type Z is never true."""
    rng = np.random.default_rng(seed)

    def draw(types):
        tags = rng.choice(list(prefixes), (40, 7)), rng.choice(list(types), (40, 7))
        return [["O" if p == "O" else f"{p}-{k}" for p, k in zip(*row, strict=True)] for row in zip(*tags, strict=True)]

    true, predicted = draw("XY"), draw("XYZ")
    types, micro = entity_scores([entities(one) for one in predicted], [entities(one) for one in true])
    report = seqeval.classification_report(true, predicted, output_dict=True, zero_division=0)
    for name, scores in {**types, "micro avg": micro}.items():
        assert list(scores.values()) == pytest.approx(list(report[name].values()), abs=1e-15)


@pytest.mark.parametrize("output", ["crf", "softmax"])
@pytest.mark.usefixtures("quick")
def test_the_f1_of_a_run_is_that_of_seqeval(seqeval, tmp_path, output):
    """After two epochs, so that many answers are wrong; from files to four decimals."""
    train, test = generated_travels(120, 0), generated_travels(80, 1)
    for name, sentences in (("train", train), ("test", test)):
        write_columns(tmp_path / f"{name}.txt", sentences)
    options = ["--data", tmp_path / "train.txt", "--output", output, "--epochs", 2, "--out", tmp_path / "run"]
    assert train_task("tagger", *options) == 0
    trained = load(tmp_path / "run")
    answers = trained.predict([" ".join(words) for words, _ in test], json=True)
    predicted, true = [json.loads(answer)["tags"] for answer in answers], [tags for _, tags in test]
    figures = trained.evaluate(tmp_path / "test.txt")
    for name, score in (("precision", "precision_score"), ("recall", "recall_score"), ("f1", "f1_score")):
        assert figures[name] == pytest.approx(getattr(seqeval, score)(true, predicted), abs=1e-12)
    assert 0.05 < figures["f1"] < 0.99
    lines = list(trained.kind.report(trained, [str(tmp_path / "test.txt")]))
    report = seqeval.classification_report(true, predicted, output_dict=True, zero_division=0)
    for line in lines[7:10]:
        name, *values = line.split()
        assert values == [f"{report[name][key]:.4f}" for key in ("precision", "recall", "f1-score")] + [
            str(report[name]["support"])
        ]
