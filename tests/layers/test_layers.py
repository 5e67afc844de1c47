"""Layers: the generator they need, what they say of themselves, and what they refuse."""

from __future__ import annotations

import random

import numpy as np
import pytest

from scratchnn.core import Parameter
from scratchnn.errors import DataError, ShapeError
from scratchnn.layers import (
    AttentionPool,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    GlobalMaxPool1D,
    LayerNorm,
    MaxPool1D,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from scratchnn.layers.embedding import embedding_forward
from scratchnn.recurrent import LSTM, RNN
from scratchnn.structured import CRF, Biaffine, LabelScores


def rng(seed=0):
    return np.random.default_rng(seed)


# --- the generator ---------------------------------------------------------------------------------------------------

DRAWS = {
    "uniform": lambda rng: Parameter.uniform((2, 3), 0.1, rng),
    "normal": lambda rng: Parameter.normal((2, 3), 0.1, rng),
    "glorot": lambda rng: Parameter.glorot((2, 3), rng),
    "orthogonal": lambda rng: Parameter.orthogonal((2, 4), rng),
    "Dense": lambda rng: Dense(2, 3, rng=rng),
    "Embedding": lambda rng: Embedding(5, 2, rng=rng),
    "Dropout": lambda rng: Dropout(0.5, rng=rng),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("wrong", [None, 0, np.random, np.random.RandomState(0), random.Random(0)])
def test_a_missing_generator_is_one_line_that_shows_what_to_pass(name, wrong):
    with pytest.raises(DataError) as caught:
        DRAWS[name](wrong)
    message = str(caught.value)
    what = "dropout masks" if name == "Dropout" else "weights"
    assert message.startswith(f"{what} are drawn from a random generator")
    assert message.endswith("; pass rng=np.random.default_rng(0)")
    assert "\n" not in message
    assert ("not from" in message) == (wrong is not None)


def test_the_remedy_works():
    for make in DRAWS.values():
        make(np.random.default_rng(0))


@pytest.mark.parametrize("make", [lambda: Dense(2, 3), lambda: Embedding(5, 2), lambda: Dropout(0.1)])
def test_rng_can_be_left_out_of_the_call_and_is_asked_for(make):
    with pytest.raises(DataError, match=r"rng=np\.random\.default_rng\(0\)"):
        make()


def test_a_layer_that_draws_nothing_needs_no_generator():
    table = rng().standard_normal((5, 3)).astype("float32")
    embedding = Embedding(5, 3, table=table)
    np.testing.assert_array_equal(embedding.W.data, table)
    assert not np.shares_memory(embedding.W.data, table)
    assert Dense(3, 5, tied=embedding.W).W is embedding.W
    x = np.ones(3)
    assert Dropout(0.0).forward(x) is x


@pytest.mark.parametrize("make", [DRAWS["Dense"], DRAWS["Embedding"]])
def test_the_same_generator_gives_the_same_weights(make):
    assert make(rng(1)).W.data.tobytes() == make(rng(1)).W.data.tobytes() != make(rng(2)).W.data.tobytes()


# --- repr ------------------------------------------------------------------------------------------------------------


def test_repr_says_what_a_layer_is():
    embedding = Embedding(100, 16, rng=rng())
    for layer, expected in [
        (Dense(2, 3, rng=rng()), "Dense(2 -> 3)"),
        (Dense(16, 100, tied=embedding.W), "Dense(16 -> 100)"),
        (embedding, "Embedding(100 x 16)"),
        (Dropout(0.3, rng=rng()), "Dropout(0.3)"),
        (LayerNorm(8), "LayerNorm(8)"),
        (Tanh(), "Tanh()"),
        (Sigmoid(), "Sigmoid()"),
        (ReLU(), "ReLU()"),
        (Softmax(), "Softmax()"),
    ]:
        assert repr(layer) == expected


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [-0.1, 1, 2])
def test_a_dropout_probability_out_of_range_is_refused(p):
    with pytest.raises(DataError, match=f"Dropout: the dropout probability must be 0 or more and below 1, got {p}"):
        Dropout(p, rng=rng())


def test_sizes_that_disagree_are_named():
    with pytest.raises(ShapeError, match=r"Dense: axis -1 of the input has size 4, expected inputs = 2"):
        Dense(2, 3, rng=rng()).forward(np.ones((1, 4)))
    with pytest.raises(ShapeError, match=r"LayerNorm: axis -1 of the input has size 4, expected size = 2"):
        LayerNorm(2).forward(np.ones((1, 4)))
    with pytest.raises(ShapeError, match=r"Dense, tied table: axis 0 of the input has size 5, expected outputs = 4"):
        Dense(3, 4, tied=Embedding(5, 3, rng=rng()).W)
    with pytest.raises(DataError, match=r"Embedding: table has shape \(5, 3\), expected \(5, 2\)"):
        Embedding(5, 2, table=np.ones((5, 3)))
    with pytest.raises(DataError, match=r"Embedding: padding_id 5 is out of range 0 \.\. 4"):
        Embedding(5, 2, rng=rng(), padding_id=5)
    with pytest.raises(DataError, match=r"Embedding: id 5 is out of range 0 \.\. 4"):
        Embedding(5, 2, rng=rng()).forward(np.array([0, 5]))


# --- dropout and embedding -------------------------------------------------------------------------------------------


def test_dropout_keeps_the_mean_and_sends_gradients_through_the_same_mask():
    layer = Dropout(0.25, rng=rng())
    x = np.ones((200, 200), dtype="float32")
    y = layer.forward(x)
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert y.mean() == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(layer.backward(x), y)
    assert layer.evaluate().forward(x) is x


def test_a_frozen_table_and_a_padding_id_get_no_gradient():
    ids = np.array([[1, 2, 0]])
    frozen = Embedding(3, 2, rng=rng(), frozen=True)
    frozen.forward(ids)
    frozen.backward(np.ones((1, 3, 2), dtype="float32"))
    assert frozen.W.grad is None
    padded = Embedding(3, 2, rng=rng(), padding_id=2)
    assert not padded.forward(ids)[0, 1].any()
    padded.backward(np.ones((1, 3, 2), dtype="float32"))
    np.testing.assert_array_equal(padded.W.dense_gradient(), [[1, 1], [1, 1], [0, 0]])


def test_a_padding_id_gives_zeros_whatever_its_row_and_gradient_contain():
    table = np.array([[1, 2], [np.nan, np.inf]], dtype="float32")
    layer = Embedding(2, 2, table=table, padding_id=1)
    np.testing.assert_array_equal(layer.forward(np.array([0, 1])), [[1, 2], [0, 0]])
    layer.backward(np.array([[1, 1], [np.nan, np.inf]], dtype="float32"))
    np.testing.assert_array_equal(layer.W.dense_gradient(), [[1, 1], [0, 0]])


def test_ids_do_not_count_from_the_end():
    layer, W = Embedding(3, 2, rng=rng()), np.ones((3, 2))
    for ids in (np.array([0, -1]), np.int64(-1), np.array(-1)):
        for call in (layer.forward, lambda ids: embedding_forward(ids, W)):
            with pytest.raises(DataError, match=r"^Embedding: id -1 is out of range 0 \.\. 2$"):
                call(ids)
    for padding_id in (-1, 0.5, True):
        with pytest.raises(DataError, match=f"Embedding: padding_id must be a whole number of 0 or more, got {padding_id}"):
            Embedding(3, 2, rng=rng(), padding_id=padding_id)


@pytest.mark.parametrize(
    ("name", "call"),
    {
        "Dense: input": lambda: Dense(2, 3, rng=rng()).forward([[1.0, 2]]),
        "LayerNorm: input": lambda: LayerNorm(2).forward([[1.0, 2]]),
        "relu: x": lambda: ReLU().forward([[1.0, 2]]),
        "tanh: x": lambda: Tanh().forward([[1.0, 2]]),
        "Dropout: input": lambda: Dropout(0.5, rng=rng()).forward([[1.0, 2]]),
        "Embedding: ids": lambda: Embedding(3, 2, rng=rng()).forward([0, 1]),
        "Embedding: table": lambda: Embedding(1, 2, table=[[1.0, 2]]),
        "Conv1D: input": lambda: Conv1D(2, 3, 1, rng=rng()).forward([[[1.0, 2]]]),
        "MaxPool1D: input": lambda: MaxPool1D(1).forward([[[1.0, 2]]]),
        "GlobalMaxPool1D: input": lambda: GlobalMaxPool1D().forward([[[1.0, 2]]]),
        "AttentionPool: input": lambda: AttentionPool(2, 3, rng=rng()).forward([[[1.0, 2]]]),
        "LSTM: input": lambda: LSTM(2, 3, rng=rng()).forward([[[1.0, 2]]]),
        "LSTM: state": lambda: LSTM(2, 3, rng=rng()).forward(np.ones((1, 1, 2)), ([[0.0] * 3], [[0.0] * 3])),
        "RNN: state": lambda: RNN(2, 3, rng=rng()).forward(np.ones((1, 1, 2)), [[0.0] * 3]),
        "CRF: emissions": lambda: CRF(2).decode([[[1.0, 2]]]),
        "CRF: tags": lambda: CRF(2).loss(np.ones((1, 1, 2)), [[1]]),
        "Biaffine: heads": lambda: Biaffine(2, rng=rng()).forward(np.ones((1, 1, 2)), [[[1.0, 2]]]),
        "LabelScores: heads": lambda: LabelScores(2, 2, rng=rng()).forward(*np.ones((2, 1, 1, 2)), [[0]]),
    }.items(),
)
def test_lists_are_refused_with_what_was_expected(name, call):
    with pytest.raises(ShapeError, match=rf"^{name} must be a NumPy or CuPy array, got list; convert it with np.asarray$"):
        call()


def test_a_list_as_gradient_is_refused():
    layer = Dense(2, 3, rng=rng())
    layer.forward(np.ones((1, 2)))
    with pytest.raises(ShapeError, match=r"with respect to the outputs has shape list, the outputs have shape \(1, 3\)"):
        layer.backward([[1.0, 2, 3]])
