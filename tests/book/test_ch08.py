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
    assert "it can do no better than one half" in text
    assert np.allclose(chapter.softmax(chapter.by_softmax)[0, :2], 0.5, atol=0.01)
    assert (sigmoid(chapter.by_sigmoids)[0] > 0.5).tolist() == [True, True, False]


def test_linear_model_is_level_with_the_mean(chapter, text):
    assert "The mean of embeddings is the same kind of model as the linear one" in text
    for ours, theirs in (("words", "mean of its words"), ("words and pairs", "mean of its words and pairs")):
        for kind in chapter.KINDS:
            assert abs(chapter.ladder[theirs][kind] - chapter.linear[ours][kind]) < 0.05


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
    assert "The same network with a maximum is done by then" in text
    assert np.argmax(curves["RNN, max"] > 0.95) + 3 < len(curves["RNN, max"])
    assert curves["RNN, max"][7] > curves["RNN, last"][7] + 0.2
    assert "at four times the price" in text
    assert chapter.products["LSTM, last"] == 4 * chapter.products["RNN, last"]
    assert "it costs two thirds of that" in text
    assert 3 * chapter.products["BiLSTM, max"] == 2 * chapter.products["LSTM, last"]


def test_weights_are_not_effects(chapter, text):
    assert "the negations have nearly as much effect, and next to no weight" in text
    assert chapter.mean_weight["negations"] < 0.3
    assert chapter.mean_weight["adjectives"] > 4
    assert chapter.mean_effect["negations"] > 0.6 * chapter.mean_effect["adjectives"]
    assert chapter.mean_effect["other words"] < 0.5 * chapter.mean_effect["negations"]


def test_a_word_whose_message_is_elsewhere_too(chapter, text):
    assert "Leaving out *no* of *at no moment was the script* changes nothing" in text
    _, words, effects = chapter.rows[1]
    assert words[:6] == "at no moment was the script".split()
    assert abs(effects[1]) < 0.1 * abs(effects).max()


def test_gates_along_a_review(chapter):
    """Figure 8.8: once the film is judged, the answer stays, less is written and more is kept."""
    film, bus = slice(0, 5), slice(7, None)
    assert chapter.story[7] == "bus"
    assert chapter.doubt[bus].min() > 0.9
    assert chapter.activity["forget"][bus].mean() > chapter.activity["forget"][film].mean()
    assert chapter.activity["input"][film].max() > chapter.activity["input"][bus].max()


def test_one_class_is_rare(chapter, text):
    assert "It is right in 95 of 100 cases and finds nothing" in text
    assert chapter.accuracies["always good"] == 0.95
    assert chapter.recalls["always good"] == 0
    assert "The network without weights is the most accurate" in text
    assert max(chapter.accuracies, key=chapter.accuracies.get) == "without weights"
    assert "it misses more than half of what it was made to find" in text
    assert chapter.recalls["without weights"] < 0.5
    assert "With weights it finds most bad reviews" in text
    assert chapter.recalls["with class weights"] > 0.6
    assert "It does nearly what the weights do" in text
    assert abs(chapter.recalls["threshold 5 %"] - chapter.recalls["with class weights"]) < 0.15
    assert abs(chapter.accuracies["threshold 5 %"] - chapter.accuracies["with class weights"]) < 0.08


def test_few_labels(chapter, text):
    few = {name: table.mean(axis=0) for name, table in chapter.few.items()}
    assert "With twenty labels the vectors are far ahead" in text
    assert few["own vectors"][0] > max(few["linear model"][0], few["random, learned"][0]) + 0.1
    assert "twenty labelled reviews contain about half of them" in text
    assert 24 <= len(chapter.seen) <= 44
    assert "More data beats them" in text
    assert few["own vectors"][-1] < min(few["linear model"][-1], few["random, learned"][-1])


def test_careless_pooling_depends_on_the_company(chapter, text):
    assert "its answer to a text depends on which other texts are in the batch" in text
    assert chapter.drift["last real step"] < 1e-4 < 0.5 < chapter.drift["r[:, -1]"]
    assert "Asked one text at a time, the careless network looks healthy" in text
    alone, one_more, *_ = chapter.company["r[:, -1]"]
    assert alone > 0.9
    assert "a single padded step makes it guess" in text
    assert one_more < 0.65
    assert "In batches it is wrong much more often" in text
    assert chapter.share_right(chapter.careless["r[:, -1]"], chapter.test_part["order"]) < alone - 0.15


def test_the_quick_headline(chapter, text):
    assert "The network is level with the linear model" in text
    figures = chapter.headline["made up"]
    assert abs(figures["linear model"] - figures["mean of embeddings"]) < 0.06
