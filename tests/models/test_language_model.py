"""The language model: shapes, sizes, what it refuses, and perplexity over a whole text."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from scratchnn.data import TokenStreams
from scratchnn.errors import CacheError, DataError, ShapeError
from scratchnn.functions import log_softmax
from scratchnn.metrics import perplexity
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.recurrent.cells import CELLS

V, D, H = 11, 5, 6
GATES = {"rnn": 1, "rnn-relu": 1, "gru": 3, "gru-reset-before": 3, "gru-simplified": 2, "lstm": 4, "lstm-peephole": 4}
EXTRA = {"gru": 1, "lstm-peephole": 3}  # parameters per unit besides weights of [h, x] and one bias per gate


def model_of(seed=0, **options):
    sizes = {"embedding_size": H if options.get("tied") else D, "hidden_size": H}
    return LanguageModel(V, **{**sizes, **options}, rng=np.random.default_rng(seed))


def lively(**options):
    """With weights large enough for the state to make a difference; the state of a ReLU cell would overflow with more."""
    model = model_of(**options)
    for name, parameter in model.named_parameters().items():
        factor = 1 if options["cell"] == "rnn-relu" and name.endswith("Wh") else 4
        parameter.data = parameter.data * factor
    return model


def ids_of(*shape, seed=1):
    return np.random.default_rng(seed).integers(0, V, shape).astype(np.int32)


every_model = pytest.mark.parametrize(
    ("cell", "layers", "tied"), [(cell, layers, tied) for cell in CELLS for layers in (1, 2, 3) for tied in (False, True)]
)


# --- shapes and sizes ------------------------------------------------------------------------------------------------


@every_model
def test_shapes(cell, layers, tied):
    model = model_of(cell=cell, layers=layers, tied=tied, dropout=0.2)
    logits, state = model.forward(ids_of(2, 7))
    assert logits.shape == (2, 7, V)
    assert logits.dtype == np.float32
    assert len(state) == layers
    for part in state:
        arrays = part if cell.startswith("lstm") else (part,)
        assert [array.shape for array in arrays] == [(2, H)] * (2 if cell.startswith("lstm") else 1)
    dstate = model.backward(np.ones_like(logits))
    assert len(dstate) == layers
    assert model.pending() == 0
    assert all(p.grad is not None and p.dense_gradient().shape == p.shape for p in model.parameters())


@every_model
def test_number_of_parameters(cell, layers, tied):
    """Each gate has a row of weights for [h, x] and a bias per unit; the GRU has a second bias for its candidate."""
    model = model_of(cell=cell, layers=layers, tied=tied)
    size = H if tied else D
    gates = GATES[cell]
    extra = EXTRA.get(cell, 0) * H
    recurrent = sum(gates * H * (below + H + 1) + extra for below in [size] + [H] * (layers - 1))
    expected = V * size + recurrent + (0 if tied else H * V) + V
    assert sum(parameter.data.size for parameter in model.parameters()) == expected
    assert (model.output.W is model.embedding.W) == tied


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"cell": "mgu"},
            "unknown cell 'mgu'; choose one of rnn, rnn-relu, gru, gru-reset-before, gru-simplified, lstm, lstm-peephole",
        ),
        ({"layers": 0}, "LanguageModel: layers must be a whole number of 1 or more, got 0"),
        ({"layers": 1.0}, "LanguageModel: layers must be a whole number of 1 or more, got 1.0"),
        ({"hidden_size": -3}, "LanguageModel: hidden_size must be a whole number of 1 or more, got -3"),
        ({"hidden_size": 2.5}, "LanguageModel: hidden_size must be a whole number of 1 or more, got 2.5"),
        ({"embedding_size": 0}, "LanguageModel: embedding_size must be a whole number of 1 or more, got 0"),
        ({"embedding_size": "8"}, "LanguageModel: embedding_size must be a whole number of 1 or more, got '8'"),
        ({"tied": True, "embedding_size": 4}, "weight tying needs embedding size = hidden size, got 4 and 6"),
        ({"dropout": 1.0}, "the dropout probability must be 0 or more and below 1, got 1.0"),
        ({"dropout": -0.1}, "the dropout probability must be 0 or more"),
        ({"dropout": math.nan}, "the dropout probability must be 0 or more"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(DataError, match=re.escape(message)):
        model_of(**options)


@pytest.mark.parametrize("size", [0, -1, 3.0, True, None])
def test_bad_vocabulary_sizes(size):
    with pytest.raises(DataError, match="LanguageModel: vocabulary_size must be a whole number of 1 or more"):
        LanguageModel(size, embedding_size=2, hidden_size=2, rng=np.random.default_rng(0))


def test_numpy_integers_are_whole_numbers():
    LanguageModel(np.int64(5), embedding_size=np.int32(2), hidden_size=2, rng=np.random.default_rng(0))


# --- what it is given ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        (np.array([1, 2, 3]), ShapeError, r"LanguageModel: ids must be (N, T), got shape (3,)"),
        (np.zeros((2, 3, 4), dtype=int), ShapeError, r"LanguageModel: ids must be (N, T), got shape (2, 3, 4)"),
        (np.array([[1.0, 2.0]]), ShapeError, "Embedding: ids must be integers, got dtype float64"),
        (np.array([[True]]), ShapeError, "Embedding: ids must be integers, got dtype bool"),
        (np.array([[0, V]]), DataError, f"Embedding: id {V} is out of range 0 .. {V - 1}"),
        (np.array([[-1, 0]]), DataError, f"Embedding: id -1 is out of range 0 .. {V - 1}"),
    ],
)
def test_bad_ids(ids, error, message):
    model = model_of()
    with pytest.raises(error, match=re.escape(message)):
        model.forward(ids)
    assert model.pending() == 0


def test_bad_states_and_targets():
    model = model_of(layers=2)
    _, state = model.forward(ids_of(3, 4))
    with pytest.raises(ShapeError, match=re.escape("LSTM: state must be (2, 6), got shape (3, 6)")):
        model.forward(ids_of(2, 4), state)
    with pytest.raises(ShapeError, match="Stacked: state must have one state for each of 2 layers, got 1"):
        model.forward(ids_of(3, 4), state[:1])
    with pytest.raises(ShapeError, match="LSTM: state must be 2 array"):
        model.forward(ids_of(3, 4), tuple(h for h, c in state))
    with pytest.raises(ShapeError, match=re.escape("targets have shape (3, 5), logits (3, 4, 11)")):
        model.loss((ids_of(3, 4), ids_of(3, 5)), None)
    with pytest.raises(DataError, match=r"softmax_cross_entropy: id 11 is out of range 0 \.\. 10"):
        model.loss((ids_of(3, 4), np.full((3, 4), V)), None)


def test_backward_before_forward_and_a_second_backward():
    model = model_of()
    with pytest.raises(CacheError, match="LanguageModel: backward without a forward"):
        model.backward_loss()
    model.loss((ids_of(2, 3), ids_of(2, 3)), None)
    model.backward_loss()
    with pytest.raises(CacheError, match="backward called twice"):
        model.backward_loss()


# --- loss and perplexity ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_an_untrained_model_is_about_as_good_as_a_uniform_guess(cell):
    model = LanguageModel(500, embedding_size=20, hidden_size=20, cell=cell, rng=np.random.default_rng(0))
    loss, count = evaluate_text(model, np.random.default_rng(1).integers(0, 500, 1001))
    assert count == 1000
    assert perplexity(loss) == pytest.approx(500, rel=0.02)


@every_model
def test_the_loss_of_a_text_is_the_sum_over_its_tokens(cell, layers, tied):
    """Compared with one token at a time, the state passed on: every token but the first is predicted."""
    model = lively(cell=cell, layers=layers, tied=tied, dropout=0.5).astype("float64").evaluate()
    ids = ids_of(40)
    total, state = 0.0, None
    for t in range(39):
        logits, state = model.forward(ids[None, t : t + 1], state)
        total -= log_softmax(logits)[0, 0, ids[t + 1]]
    loss, count = evaluate_text(model, ids)
    assert count == 39
    assert loss == pytest.approx(total / 39, rel=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_the_loss_of_a_text_does_not_depend_on_the_window(cell):
    model, ids = lively(cell=cell, layers=2), ids_of(150)
    losses = [evaluate_text(model, ids, window)[0] for window in (1, 2, 7, 148, 149, 256, 1000)]
    assert np.isfinite(losses[-1])
    np.testing.assert_allclose(losses, losses[-1], rtol=1e-5)
    assert evaluate_text(model, ids[::-1].copy())[0] != pytest.approx(losses[-1], rel=1e-3)


@pytest.mark.parametrize("cell", CELLS)
def test_windows_with_the_state_carried_over_are_one_long_window(cell):
    model, ids = lively(cell=cell, layers=2).astype("float64"), ids_of(3, 12)
    whole, last = model.forward(ids)
    state, parts = None, []
    for start in (0, 5, 6):
        logits, state = model.forward(ids[:, start : {0: 5, 5: 6, 6: 12}[start]], state)
        parts.append(logits)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.array(state), np.array(last), rtol=1e-12, atol=1e-12)
    apart, _ = model.forward(ids[:, 5:])
    assert abs(apart - whole[:, 5:]).max() > 0.01  # the state makes a difference


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_leaves_no_caches_and_the_mode_as_it_was(training):
    model = model_of(dropout=0.5, layers=2).train(training)
    ids = ids_of(50)
    assert evaluate_text(model, ids) == evaluate_text(model, ids)  # no dropout
    assert model.pending() == 0
    assert all(layer.training == training for _, layer in model.named_layers())
    with pytest.raises(DataError, match="out of range"):
        evaluate_text(model, np.array([0, 1, V]))
    assert all(layer.training == training for _, layer in model.named_layers())


def test_dropout_is_drawn_only_while_training():
    model, ids = model_of(dropout=0.5), ids_of(2, 5)
    assert abs(model.forward(ids)[0] - model.forward(ids)[0]).max() > 0
    model.evaluate()
    assert abs(model.forward(ids)[0] - model.forward(ids)[0]).max() == 0


@pytest.mark.parametrize("ids", [[], [3]])
def test_a_text_of_fewer_than_two_tokens_has_nothing_to_predict(ids):
    with pytest.raises(DataError, match="fewer than two tokens has nothing to predict"):
        evaluate_text(model_of(), np.array(ids, dtype=np.int32))


@pytest.mark.parametrize("window", [0, -1, 2.5])
def test_windows_of_evaluation_are_whole_numbers(window):
    with pytest.raises(DataError, match=f"evaluate_text: window must be a whole number of 1 or more, got {window}"):
        evaluate_text(model_of(), ids_of(9), window)


def test_perplexity():
    assert perplexity(math.log(136.0)) == pytest.approx(136)
    assert perplexity(0.0) == 1.0
    assert perplexity(1e9) == math.inf
    assert math.isnan(perplexity(math.nan))


def test_the_loss_counts_its_targets_and_backward_gives_its_gradient():
    """A small step along the negative gradient lowers the loss by the step times the squared norm of the gradient."""
    model = model_of().astype("float64")
    inputs, targets = TokenStreams(ids_of(31), 3, 10).batch(0, 0)
    loss, count, _ = model.loss((inputs, targets), None)
    assert count == 30
    model.backward_loss()
    squared = sum(float((p.dense_gradient() ** 2).sum()) for p in model.parameters())
    for p in model.parameters():
        p.data = p.data - 1e-6 * p.dense_gradient()
    lower, _, _ = model.loss((inputs, targets), None)
    assert (loss - lower) / 1e-6 == pytest.approx(squared, rel=1e-4)
