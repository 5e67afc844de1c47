"""The classifier: its equations against a plain computation, lengths, padding, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scratchnn.errors import CheckpointError, DataError
from scratchnn.functions import log_softmax
from scratchnn.models import find_model
from scratchnn.models.classifier import Classifier
from scratchnn.recurrent.cells import CELLS

V, K, D, H = 9, 4, 3, 5
LENGTHS = np.array([2, 6, 0, 3, 1])
CLASSES = np.array([3, 0, 1, 1, 2])
every_cell = pytest.mark.parametrize("cell", CELLS)
each_way = pytest.mark.parametrize("bidirectional", [False, True])


def model_of(seed=0, **options):
    """In float64, every parameter random, no bias zero."""
    sizes = {"embedding_size": D, "hidden_size": H}
    model = Classifier(V, K, **{**sizes, **options}, rng=np.random.default_rng(seed))
    model.astype("float64")
    rng = np.random.default_rng(seed + 1)
    for parameter in model.parameters():
        parameter.data = 0.6 * rng.standard_normal(parameter.shape)
    return model


def ids_of(seed=2):
    return np.random.default_rng(seed).integers(0, V, (5, 6))


def gradients(model, batch, dloss=1.0):
    """The gradient with respect to each parameter, whole."""
    model.clear_gradients()
    model.loss(batch, None)
    model.backward_loss(dloss)
    assert model.pending() == 0
    return {name: parameter.dense_gradient().copy() for name, parameter in model.named_parameters().items()}


def assert_close(left, right, tolerance=1e-12):
    for name in left:
        np.testing.assert_allclose(left[name], right[name], atol=tolerance, rtol=0, err_msg=name)


# --- the equations ---------------------------------------------------------------------------------------------------


@every_cell
@each_way
@pytest.mark.parametrize("layers", [1, 2])
def test_each_text_is_read_by_itself_without_its_padding(cell, bidirectional, layers):
    model = model_of(cell=cell, bidirectional=bidirectional, layers=layers)
    ids = ids_of()
    logits = model.forward(ids, LENGTHS)
    assert logits.shape == (5, K)
    assert np.ptp(logits, axis=0).min() > 1e-3  # the text makes a difference
    for row, length in enumerate(LENGTHS):
        alone = model.forward(ids[row : row + 1, :length], LENGTHS[row : row + 1])
        np.testing.assert_allclose(logits[row], alone[0], atol=1e-12)
    ids[np.arange(6) >= LENGTHS[:, None]] = 0
    np.testing.assert_array_equal(model.forward(ids, LENGTHS), logits)


@each_way
def test_the_last_output_of_each_direction_meets_the_output_layer(bidirectional):
    """Step by step: equations (1) to (4) for an Elman network."""
    model = model_of(cell="rnn", bidirectional=bidirectional)
    ids = ids_of()
    reader = model.reader.layers[0]
    ways = (reader.forward_layer, reader.backward_layer) if bidirectional else (reader,)
    expected = np.empty((5, K))
    for row, length in enumerate(LENGTHS):
        last = []
        for way, cell in enumerate(ways):
            h = np.zeros(H)
            for token in ids[row, :length][:: -1 if way else 1]:
                h = np.tanh(model.embedding.W.data[token] @ cell.Wx.data + h @ cell.Wh.data + cell.b.data)
            last.append(h)
        expected[row] = np.concatenate(last) @ model.output.W.data + model.output.b.data
    np.testing.assert_allclose(model.forward(ids, LENGTHS), expected, atol=1e-12)
    loss, count, state = model.loss((ids, LENGTHS, CLASSES), None)
    assert float(loss) == pytest.approx(-log_softmax(expected)[np.arange(5), CLASSES].mean(), rel=1e-12)
    assert (count, state) == (5, None)


def test_an_untrained_model_is_as_good_as_a_guess():
    model = Classifier(V, K, embedding_size=D, hidden_size=H, rng=np.random.default_rng(0))
    loss, _, _ = model.loss((ids_of(), LENGTHS, CLASSES), None)
    assert float(loss) == pytest.approx(math.log(K), abs=0.1)
    assert model.figures(2.5) == {"loss": 2.5}


# --- gradients -------------------------------------------------------------------------------------------------------


@every_cell
@each_way
def test_the_gradient_of_a_batch_is_the_mean_of_those_of_its_texts(cell, bidirectional):
    model = model_of(cell=cell, bidirectional=bidirectional)
    ids = ids_of()
    whole = gradients(model, (ids, LENGTHS, CLASSES))
    parts = []
    for row, length in enumerate(LENGTHS):
        parts.append(gradients(model, (ids[row : row + 1, :length], LENGTHS[row : row + 1], CLASSES[row : row + 1])))
    assert_close(whole, {name: sum(part[name] for part in parts) / 5 for name in whole})
    assert all(gradient.any() for gradient in whole.values())
    assert_close(gradients(model, (ids, LENGTHS, CLASSES), -2.5), {name: -2.5 * whole[name] for name in whole})


def test_only_tokens_that_were_read_get_a_gradient():
    model = model_of(bidirectional=True)
    ids = np.full((2, 4), 8)
    ids[0, :2], ids[1, :3] = [1, 2], [2, 3, 5]
    found = gradients(model, (ids, np.array([2, 3]), np.array([0, 1])))["embedding.W"]
    assert np.flatnonzero(found.any(axis=1)).tolist() == [1, 2, 3, 5]


def test_dropout_acts_while_training_alone():
    model = model_of(dropout=0.5, layers=2)
    batch = (ids_of(), LENGTHS, CLASSES)
    model.reseed(0, 1)
    first = float(model.loss(batch, None)[0])
    model.reseed(0, 1)
    assert float(model.loss(batch, None)[0]) == first
    model.reseed(0, 2)
    assert float(model.loss(batch, None)[0]) != first
    model.discard_caches()
    model.evaluate()
    without = model_of(layers=2)
    np.testing.assert_allclose(model.forward(*batch[:2]), without.forward(*batch[:2]), atol=1e-12)


def test_a_batch_of_empty_texts():
    """Every text is empty, so there is no step at all; the output layer alone can learn."""
    for options in ({}, {"bidirectional": True, "layers": 2, "dropout": 0.3}):
        model = model_of(**options)
        batch = (np.zeros((2, 0), dtype=int), np.array([0, 0]), np.array([1, 1]))
        np.testing.assert_allclose(model.forward(*batch[:2]), np.tile(model.output.b.data, (2, 1)), atol=1e-12)
        model.discard_caches()
        found = gradients(model, batch)
        assert [name for name, gradient in found.items() if gradient.any()] == ["output.b"]


# --- built again, and refused ----------------------------------------------------------------------------------------


@every_cell
def test_config_builds_it_again(cell):
    options = {"cell": cell, "layers": 2, "bidirectional": True, "dropout": 0.25}
    model = model_of(**options)
    again = find_model("Classifier").from_config(model.config, np.random.default_rng(9))
    assert {name: p.shape for name, p in again.named_parameters().items()} == {
        name: p.shape for name, p in model.named_parameters().items()
    }
    assert again.config == model.config
    rest = {
        "reader": "recurrent",
        "pooling": "last",
        "output": "softmax",
        "kernel_sizes": [3],
        "stride": 1,
        "frozen": False,
    }
    sizes = {"vocabulary_size": V, "classes": K, "embedding_size": D, "hidden_size": H, "class_weights": None}
    assert model.config == {**sizes, **rest, **options}
    again.astype("float64")
    again.load_state_dict(model.state_dict())
    again.evaluate()
    model.evaluate()
    np.testing.assert_array_equal(again.forward(ids_of(), LENGTHS), model.forward(ids_of(), LENGTHS))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "mgu"}, "unknown cell 'mgu'; choose one of rnn, rnn-relu, gru"),
        ({"layers": 0}, "Classifier: layers must be a whole number of 1 or more, got 0"),
        ({"hidden_size": 2.5}, "Classifier: hidden_size must be a whole number of 1 or more, got 2.5"),
        ({"embedding_size": 0}, "Classifier: embedding_size must be a whole number of 1 or more, got 0"),
        ({"dropout": 1.0}, "dropout probability must be 0 or more and below 1, got 1.0"),
    ],
)
def test_what_it_refuses(options, message):
    with pytest.raises(DataError, match=message):
        model_of(**options)


def test_what_cannot_be_built():
    with pytest.raises(DataError, match="Classifier: classes must be a whole number of 1 or more, got 0"):
        Classifier(V, 0, embedding_size=D, hidden_size=H, rng=np.random.default_rng(0))
    with pytest.raises(DataError, match=r"pass rng=np.random.default_rng\(0\)"):
        Classifier(V, K, embedding_size=D, hidden_size=H, rng=None)
    with pytest.raises(CheckpointError, match=r"Classifier cannot be built from the saved config: missing .* 'classes'"):
        Classifier.from_config({"vocabulary_size": V, "embedding_size": D, "hidden_size": H})
    with pytest.raises(
        CheckpointError, match="unknown model 'Oracle'; this version of scratchnn has Captioner, Classifier, "
    ):
        find_model("Oracle")
    with pytest.raises(DataError, match=r"id 9 is out of range 0 .. 8"):
        model_of().forward(np.array([[9]]), np.array([1]))
    with pytest.raises(DataError, match=r"lengths must be between 0 and T = 2, got 3 to 3"):
        model_of().forward(np.array([[1, 2]]), np.array([3]))
    with pytest.raises(DataError, match=r"id 4 is out of range 0 .. 3"):
        model_of().loss((np.array([[1]]), np.array([1]), np.array([K])), None)
