"""The parser: its equations against a plain computation, its loss by hand, padding, best trees, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.errors import DataError
from scratchnn.functions import log_softmax
from scratchnn.models import find_model
from scratchnn.models.parser import Parser
from scratchnn.models.word_checks import PARSED as PARSED_BY_NAME
from scratchnn.recurrent.lstm import lstm_step
from scratchnn.structured import best_trees, biaffine_loop, check_tree, label_scores_loop

PARSED = tuple(PARSED_BY_NAME.values())
WORDS, LENGTHS, FORMS, CHARACTERS, SIZES, HEADS, LABELS = PARSED
N, T, R = 4, 5, 3
SENTENCES = PARSED[:5]


def model_of(seed=0, **options):
    """In float64, every parameter random, no bias zero."""
    words = {"embedding_size": 3, "character_size": 2, "character_units": 2}
    sizes = {**words, "hidden_size": 3, "layers": 2, "arc_size": 4, "label_size": 3}
    model = Parser(5, 5, R, **{**sizes, **options}, rng=np.random.default_rng(seed))
    model.astype("float64")
    rng = np.random.default_rng(seed + 1)
    for parameter in model.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    return model


def one_of(row, batch=PARSED):
    """The sentence in that row without padding."""
    length = int(LENGTHS[row])
    cut = [part[row : row + 1, :length] if part.ndim == 2 and len(part) == N else part for part in batch]
    cut[1], cut[3], cut[4] = LENGTHS[row : row + 1], CHARACTERS, SIZES
    return cut


def read(lstm, x):
    """The outputs of an LSTM over one sequence, step by step."""
    h = c = np.zeros((1, lstm.units))
    outputs = []
    for step in x:
        h, c, _ = lstm_step(step[None], h, c, lstm.Wx.data, lstm.Wh.data, lstm.b.data)
        outputs.append(h[0])
    return np.array(outputs)


# --- the equations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [0, 2, 3])
def test_equations_word_by_word(row):
    model = model_of()
    scores, label_scores = model.forward(*one_of(row)[:6])
    words, _, forms, characters, sizes, heads, _ = one_of(row)
    h = np.concatenate([model.root.data[None], model.encoder.forward(words, forms, characters, sizes)[0]])  # (1)
    for layer in model.reader.layers:  # (2)
        h = np.concatenate([read(layer.forward_layer, h), read(layer.backward_layer, h[::-1])[::-1]], axis=1)
    views = np.maximum(h @ model.views.W.data + model.views.b.data, 0)  # (3)
    arc_d, arc_h, label_d, label_h = np.split(views, [4, 8, 11], axis=1)
    expected = biaffine_loop(arc_d, arc_h, model.arcs.U.data, model.arcs.u.data)  # (4)
    np.testing.assert_allclose(scores[0], expected, rtol=1e-10)
    weights = [getattr(model.labels, name).data for name in "VABb"]
    expected = [label_scores_loop(label_d[d], label_h[head], *weights) for d, head in enumerate(heads[0], start=1)]  # (5)
    np.testing.assert_allclose(label_scores[0], expected, rtol=1e-10)


def test_each_sentence_is_read_by_itself_without_its_padding():
    model = model_of()
    scores, label_scores = model.forward(*PARSED[:6])
    for row, length in enumerate(LENGTHS):
        alone, labels_alone = model.forward(*one_of(row)[:6])
        np.testing.assert_allclose(scores[row, : length + 1, : length + 1], alone[0], atol=1e-12)
        np.testing.assert_allclose(label_scores[row, :length], labels_alone[0], atol=1e-12)
    assert np.ptp(scores[0], axis=1).min() > 1e-3  # the heads make a difference


def test_the_loss_is_a_mean_over_words_of_both_parts():
    model = model_of()
    scores, label_scores = model.forward(*PARSED[:6])
    model.discard_caches()
    of_heads, of_labels = [], []
    for n, length in enumerate(LENGTHS):
        for d in range(1, length + 1):
            others = [h for h in range(length + 1) if h != d]
            of_heads.append(-log_softmax(scores[n, d, others])[others.index(HEADS[n, d - 1])])
            if LABELS[n, d - 1] >= 0:  # -1 is a label that the model does not have
                of_labels.append(-log_softmax(label_scores[n, d - 1])[LABELS[n, d - 1]])
    loss, count, state = model.loss(PARSED, None)
    assert float(loss) == pytest.approx(np.mean(of_heads) + np.mean(of_labels), rel=1e-12)
    assert (count, state, len(of_heads), len(of_labels)) == (10, None, 10, 9)


def test_nothing_depends_on_what_is_in_the_padding():
    model = model_of()
    found = []
    for fill in (0, 3):
        padded = [part.copy() for part in PARSED]
        for part in (padded[0], padded[2], padded[5], padded[6]):
            part[np.arange(T) >= LENGTHS[:, None]] = fill
        model.clear_gradients()
        loss, _, _ = model.loss(tuple(padded), None)
        model.backward_loss()
        found.append([loss, *(parameter.dense_gradient() for parameter in model.parameters())])
    for left, right in zip(*found, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-12)


def test_only_empty_sentences():
    model = model_of()
    batch = (WORDS, np.zeros(N, dtype=int), *PARSED[2:])
    assert float(model.loss(batch, None)[0]) == 0
    model.backward_loss()
    assert all(not parameter.dense_gradient().any() for parameter in model.parameters())
    none = tuple(part[:, :0] if part is not SENTENCES[3] and part.ndim == 2 else part for part in batch)
    scores, views = model.score_arcs(*none[:5])
    assert scores.shape == (N, 1, 1)
    assert model.best(scores, views, none[1])[0].shape == (N, 0)


# --- prediction ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("projective", [False, True])
def test_the_best_tree_and_the_best_labels_of_its_arcs(projective):
    model = model_of(3)
    model.evaluate()
    scores, views = model.score_arcs(*SENTENCES)
    heads, labels = model.best(scores, views, LENGTHS, projective)
    np.testing.assert_array_equal(heads, best_trees(scores, LENGTHS, projective))
    np.testing.assert_array_equal(labels, model.forward(*SENTENCES, heads)[1].argmax(axis=2))
    for row, length in enumerate(LENGTHS):
        check_tree(heads[row, :length].tolist(), projective)


def test_labels_are_scored_at_the_chosen_heads_alone(monkeypatch):
    """So the memory grows with T R, not with T T R."""
    model = model_of()
    model.evaluate()
    scores, views = model.score_arcs(*SENTENCES)
    asked = []
    forward = model.labels.forward
    monkeypatch.setattr(model.labels, "forward", lambda x, y, heads: asked.append(heads.shape) or forward(x, y, heads))
    model.best(scores, views, LENGTHS)
    assert asked == [(N, T)]


def test_dropout_only_in_training_and_as_the_generator_draws():
    model = model_of(dropout=0.4, recurrent_dropout=0.3)
    losses = set()
    for _ in range(2):
        model.reseed(7)
        losses.add(float(model.loss(PARSED, None)[0]))
        model.discard_caches()
    model.reseed(8)
    losses.add(float(model.loss(PARSED, None)[0]))
    assert len(losses) == 2
    model.discard_caches()
    model.evaluate()
    assert float(model.loss(PARSED, None)[0]) == float(model.loss(PARSED, None)[0])


# --- the model as a whole --------------------------------------------------------------------------------------------


def test_built_again_from_its_config():
    model = model_of(reader="conv", layers=1, dropout=0.2, frozen=True)
    again = find_model("Parser").from_config(model.config).astype("float64")
    again.load_state_dict(model.state_dict())
    model.evaluate()
    again.evaluate()
    np.testing.assert_array_equal(again.forward(*PARSED[:6])[0], model.forward(*PARSED[:6])[0])
    assert again.config == model.config
    assert not again.encoder.embedding.W.trainable


def test_learns_the_trees_of_a_few_sentences():
    from scratchnn.optim import Adam

    model = Parser(5, 5, R, rng=np.random.default_rng(0), hidden_size=12, layers=1, arc_size=12, label_size=8)
    optimizer = Adam(model.parameters(), lr=0.02)
    labels = LABELS.clip(0, R - 1)
    for _ in range(60):
        model.loss((*PARSED[:6], labels), None)
        model.backward_loss()
        optimizer.step()
        model.clear_gradients()
    model.evaluate()
    scores, views = model.score_arcs(*SENTENCES)
    heads, found = model.best(scores, views, LENGTHS)
    real = np.arange(T) < LENGTHS[:, None]
    trees = np.where(real, HEADS, 0)
    assert (heads[real] == trees[real]).all()
    assert (found[real] == labels[real]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_size": 0}, "Parser: hidden_size must be a whole number of 1 or more, got 0"),
        ({"layers": 1.5}, "Parser: layers must be a whole number of 1 or more, got 1.5"),
        ({"arc_size": 0}, "Parser: arc_size must be a whole number of 1 or more"),
        ({"label_size": -1}, "Parser: label_size must be a whole number of 1 or more"),
        ({"reader": "rnn"}, "WordEncoder: unknown reader 'rnn'"),
        ({"dropout": 1.0}, "the dropout probability must be 0 or more and below 1, got 1.0"),
        ({"recurrent_dropout": -0.1}, "the dropout probability must be 0 or more and below 1, got -0.1"),
    ],
)
def test_options_that_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        model_of(**options)


def test_a_head_outside_the_sentence_is_refused():
    heads = HEADS.copy()
    heads[2, 0] = 5
    with pytest.raises(DataError, match=r"the head of word 1 of sentence 2 is 5; expected another position in 0 \.\. 4"):
        model_of().loss((*PARSED[:5], heads, LABELS), None)
