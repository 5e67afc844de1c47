"""Chapter 8: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

from scratchnn.book.examples.ch08 import BLAME, PRAISE, complaints, effect_of_each_word, reviews
from scratchnn.functions import sigmoid

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch08")


@pytest.fixture(scope="module")
def text():
    return markdown("ch08")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 9
    assert not [line for line in lines if line.endswith("False")]


# --- the made-up reviews ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pairs", "order"])
def test_single_words_say_nothing(kind):
    documents, labels = reviews(kind, 4000, seed=7)
    for word in ("not", "good", "awful", "bad"):
        holds = np.array([word in words for words in documents])
        assert abs(holds[labels == 0].mean() - holds[labels == 1].mean()) < 0.05


def test_words_decide_where_they_should():
    documents, labels = reviews("words", 500, seed=8)
    for words, label in zip(documents, labels, strict=True):
        votes = sum(word in PRAISE for word in words) - sum(word in BLAME for word in words)
        assert (votes > 0) == label
        assert len(words) == 15
    assert labels.mean() == 0.5


def test_complaints_are_rare_and_some_good_reviews_read_like_them():
    documents, labels = complaints(2000, 0.05, 0)
    assert len(documents) == len(labels) == 2000
    assert (labels == 0).sum() == 100
    votes = np.array([sum(word in PRAISE for word in words) - sum(word in BLAME for word in words) for words in documents])
    assert 0.05 < (votes[labels == 1] < 0).mean() < 0.15
    assert (votes[labels == 0] < 0).mean() > 0.8


def test_effect_of_a_word_is_what_is_lost_without_it():
    def score(documents):
        return np.array([float(words.count("a") - 2 * words.count("b")) for words in documents])

    assert effect_of_each_word(score, ["a", "b", "c"]).tolist() == [1, -2, 0]


# --- the claims ------------------------------------------------------------------------------------------------------


def test_the_ladder(chapter):
    """Figure 8.1: where single words decide, all are equal; only a network that reads learns an order."""
    words, pairs, lstm = chapter.ladder.values()
    assert min(row["words"] for row in chapter.ladder.values()) > 0.98
    assert words["pairs"] < 0.6 < 0.95 < min(pairs["pairs"], lstm["pairs"])
    assert max(words["order"], pairs["order"]) < 0.75 < 0.95 < lstm["order"]


def test_two_logits_or_one(chapter):
    assert chapter.two[0] == pytest.approx(chapter.one[0], abs=1e-12)
    z = np.array([800.0, -800.0])
    assert chapter.sigmoid_loss(z, np.array([1.0, 0.0]))[0] == 0


def test_one_half_each(chapter, text):
    assert "it can do no better than one half for each" in text
    assert np.allclose(chapter.softmax(chapter.by_softmax)[0, :2], 0.5, atol=0.01)
    assert (sigmoid(chapter.by_sigmoids)[0] > 0.5).tolist() == [True, True, False]


def test_linear_model_is_level_with_the_mean(chapter, text):
    assert "The mean of embeddings is no better than the linear model with the same tokens" in text
    for ours, theirs in (("words", "mean of its words"), ("words and pairs", "mean of its words and pairs")):
        for kind in chapter.KINDS:
            assert chapter.ladder[theirs][kind] < chapter.linear[ours][kind] + 0.05


def test_gradients_of_the_linear_model(chapter):
    """The gradient in ``fit_linear`` is the derivative of its loss: at the end of a long fit it is near zero."""
    rng = np.random.default_rng(0)
    documents = [list(rng.choice(list("abcdef"), 6)) for _ in range(40)]
    target = np.array([words.count("a") > 0 for words in documents]).astype(int)
    known = chapter.Vocabulary.build((w for words in documents for w in words), ())
    entries, _ = chapter.tf_idf(documents, known)
    w, b = chapter.fit_linear(entries, target, len(known), steps=3000)

    def loss(w, b):
        z = chapter.linear_logits(entries, w, b, 40)
        return chapter.sigmoid_loss(z, target)[0] + (w * w).sum() / 80

    for k in range(len(known)):
        step = 1e-5 * (np.arange(len(known)) == k)
        assert abs(loss(w + step, b) - loss(w - step, b)) / 2e-5 < 1e-6
    assert abs(loss(w, b + 1e-5) - loss(w, b - 1e-5)) / 2e-5 < 1e-6


def test_pooling_decides_how_fast_it_learns(chapter, text):
    curves = {name: np.array(curve) for name, curve in chapter.reader_curves.items()}
    assert "The dashed line is the bag of words, which cannot learn this" in text
    assert curves["no reader, mean"].max() < 0.62
    assert "the same network with a maximum is done early" in text
    assert np.argmax(curves["RNN, max"] > 0.95) + 3 < len(curves["RNN, max"])
    assert curves["RNN, max"][7] > curves["RNN, last"][7] + 0.2
    assert "at four times the price" in text
    assert chapter.products["LSTM, last"] == 4 * chapter.products["RNN, last"]
    assert "it costs two thirds of that" in text
    assert 3 * chapter.products["BiLSTM, max"] == 2 * chapter.products["LSTM, last"]


def test_one_class_is_rare(chapter, text):
    assert "It is right in 95 of 100 cases and finds nothing" in text
    assert chapter.accuracies["always good"] == 0.95
    assert chapter.recalls["always good"] == 0
    assert chapter.recalls["with class weights"] > chapter.recalls["without weights"]


def test_few_labels(chapter, text):
    few = {name: table.mean(axis=0) for name, table in chapter.few.items()}
    assert "With twenty labels the vectors are far ahead" in text
    assert few["own vectors"][0] > max(few["linear model"][0], few["random, learned"][0]) + 0.05
    assert "More data beats them" in text
    assert few["own vectors"][-1] < min(few["linear model"][-1], few["random, learned"][-1])


def test_careless_pooling_depends_on_the_company(chapter, text):
    assert "its answer to a text depends on which other texts are in the batch" in text
    assert chapter.drift["last real step"] < 1e-4
    assert min(chapter.drift["r[:, -1]"], chapter.drift["max over padding"]) > 0.1
    assert chapter.company["r[:, -1]"][-1] < 0.7 < 0.95 < chapter.company["last real step"].min()
