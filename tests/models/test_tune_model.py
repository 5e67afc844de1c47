"""The model of tunes that reads the clock of the bar: shapes, errors, what the clock changes."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.data import TokenStreams
from scratchnn.decoding import token_probabilities
from scratchnn.errors import DataError, ShapeError
from scratchnn.models.language_model import evaluate_text
from scratchnn.models.tune_model import TuneModel
from scratchnn.optim import Adam
from scratchnn.training import Trainer

V, CLOCKS, K = 7, 5, 2


def model_of(**options):
    sizes = {"embedding_size": 5, "hidden_size": 6, "clocks": CLOCKS, "counts": K, "clock_size": 3}
    return TuneModel(V, **{**sizes, **options}, rng=np.random.default_rng(0))


def rows_of(*shape):
    rng = np.random.default_rng(1)
    return np.stack([rng.integers(0, size, shape) for size in (V, *[CLOCKS] * K)], axis=-1).astype(np.int32)


def test_shapes_and_parameters():
    model = model_of(layers=2)
    logits, state = model.forward(rows_of(2, 9))
    assert logits.shape == (2, 9, V)
    assert len(state) == 2
    shapes = {name: parameter.shape for name, parameter in model.named_parameters().items()}
    assert shapes["clock.W"] == (CLOCKS, 3)
    assert shapes["output.W"] == (6 + K * 3, V)
    assert model.config == TuneModel.from_config(model.config).config


def test_two_halves_with_the_state_carried_over_equal_the_whole():
    model, rows = model_of(), rows_of(2, 8)
    with model.evaluation():
        whole, _ = model.forward(rows)
        first, state = model.forward(rows[:, :5])
        second, _ = model.forward(rows[:, 5:], state)
        last, _ = model.step(rows, None)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last, whole[:, -1], rtol=1e-5, atol=1e-6)


def test_targets_are_the_tokens_alone():
    model, rows = model_of(), rows_of(3, 10)
    other = rows.copy()
    other[..., 1:] = 0
    with model.evaluation():
        losses = [float(model.loss((rows[:, :-1], targets[:, 1:]), None)[0]) for targets in (rows, other)]
        unlike = float(model.loss((other[:, :-1], rows[:, 1:]), None)[0])
    assert losses[0] == losses[1] != unlike


def test_it_learns_what_only_the_clock_says():
    """The next token is the sum of the clock's counts, which are drawn anew at each step."""
    counts = np.random.default_rng(0).integers(0, [2, 3], (2001, K))
    tokens = np.concatenate([[0], counts.sum(axis=1)[:-1]])
    rows = np.column_stack([tokens, counts + [0, 2]]).astype(np.int32)
    model = model_of()
    Trainer(model, Adam(model.parameters(), 0.02), TokenStreams(rows, 8, 10), seed=0).fit(6)
    assert evaluate_text(model, rows)[0] < 0.1  # 1.33 without the clock
    with model.evaluation():
        assert token_probabilities(model.step(np.array([[[0, 1, 4]]]), None)[0][0]).argmax() == 3


@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 5, 2), (2, 5, 4), (2, 5, 3, 1)])
def test_rows_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"TuneModel: rows must be \(N, T, 3\), ids and clocks, got shape"):
        model_of().forward(np.zeros(shape, dtype=np.int32))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tied": True, "embedding_size": 6}, "its output layer also reads the clock, so it cannot be tied"),
        ({"clocks": 0}, "TuneModel: clocks must be a whole number of 1 or more, got 0"),
        ({"counts": 0}, "TuneModel: counts must be a whole number of 1 or more, got 0"),
        ({"clock_size": 0}, "TuneModel: clock_size must be a whole number of 1 or more, got 0"),
        ({"hidden_size": 0}, "hidden_size must be a whole number of 1 or more"),
    ],
)
def test_sizes_that_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        model_of(**options)


def test_a_clock_out_of_range_is_refused():
    rows = rows_of(2, 4)
    rows[1, 2, 1] = CLOCKS
    with pytest.raises(DataError, match="Embedding"):
        model_of().forward(rows)
