"""Metrics: by hand, with padding that must not count, and on the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import ShapeError
from scratchnn.metrics import (
    accuracy,
    confusion_matrix,
    distinct_ngrams,
    entity_scores,
    exact_match,
    label_scores,
    perplexity,
)


def test_perplexity_of_a_uniform_guess_is_the_number_of_tokens():
    assert perplexity(math.log(50)) == pytest.approx(50)
    assert perplexity(0.0) == 1
    assert perplexity(1e9) == math.inf
    assert perplexity(math.inf) == math.inf
    assert math.isnan(perplexity(math.nan))


def test_accuracy_by_hand():
    predicted, targets = np.array([[1, 2, 3], [1, 0, 0]]), np.array([[1, 2, 0], [1, 1, 0]])
    assert accuracy(predicted, targets) == 4 / 6
    assert accuracy(predicted, targets, lengths=np.array([3, 1])) == 3 / 4
    assert accuracy(predicted, targets, mask=targets != 1) == 2 / 3
    assert accuracy(predicted, targets, mask=targets != 1, lengths=np.array([2, 3])) == 1
    assert accuracy(predicted[0], targets[0]) == 2 / 3
    assert type(accuracy(predicted, targets)) is float


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_what_is_masked_or_padded_may_be_anything(N, T, seed):
    rng = np.random.default_rng(seed)
    predicted, targets = rng.integers(0, 3, (2, N, T))
    mask, lengths = rng.random((N, T)) < 0.7, rng.integers(0, T + 1, N)
    counted = mask & (np.arange(T) < lengths[:, None])
    expected = (predicted == targets)[counted].mean() if counted.any() else 0
    assert accuracy(predicted, targets, mask, lengths) == pytest.approx(expected)
    noise = np.where(counted, 0, rng.integers(-9, 9, (N, T)))
    assert accuracy(predicted + noise, targets - noise, mask, lengths) == pytest.approx(expected)
    wide = np.repeat(predicted[:, :, None], 2, axis=2), np.repeat(targets[:, :, None], 2, axis=2)
    assert accuracy(*wide, lengths=lengths) == pytest.approx(accuracy(predicted, targets, lengths=lengths))


def test_nothing_to_count_is_zero():
    ids = np.array([[1, 2]])
    assert accuracy(ids, ids, mask=np.zeros((1, 2), dtype=bool)) == 0
    assert accuracy(ids, ids, lengths=np.array([0])) == 0
    assert accuracy(ids[:0], ids[:0]) == 0
    assert exact_match([], []) == 0


def test_shapes_that_disagree_are_named():
    ids = np.zeros((2, 3), dtype=int)
    with pytest.raises(ShapeError, match=r"targets have shape \(2, 3\), predictions \(2, 3, 5\)"):
        accuracy(np.zeros((2, 3, 5)), ids)
    with pytest.raises(ShapeError, match=r"mask has shape \(2,\), targets have \(2, 3\)"):
        accuracy(ids, ids, mask=np.ones(2, dtype=bool))
    for shape, targets in (((3,), ids), ((2,), ids[0])):
        with pytest.raises(ShapeError, match="lengths have shape"):
            accuracy(targets, targets, lengths=np.ones(shape, dtype=int))
    with pytest.raises(ShapeError, match="1 target sequences, 2 predicted"):
        exact_match([[1], [2]], [[1]])


def test_exact_match_takes_whole_sequences_only():
    targets = [[1, 2, 3], [4], [], [5, 6]]
    assert exact_match(targets, targets) == 1
    assert exact_match([[1, 2, 3], [4, 4], [], [5]], targets) == 0.5  # too long and too short are both wrong
    assert exact_match([np.array([1, 2, 3]), (4,), np.array([]), [6, 5]], targets) == 0.75
    assert exact_match([["one", "two"]], [["one", "two"]]) == 1


def test_predictions_that_are_no_ids_are_refused():
    ids = np.array([1, 0])
    with pytest.raises(ShapeError, match=r"targets must be class ids, got dtype float64; pass logits.argmax\(axis=-1\)$"):
        accuracy(ids, ids.astype(float))
    with pytest.raises(ShapeError, match=r"^accuracy: predictions must be class ids, got dtype float64"):
        accuracy(np.array([0.2, 0.8]), ids)
    for arguments in ([[1, 0], ids], [ids, [1, 0]], [ids, ids, [True, True]], [ids[None], ids[None], None, [2]]):
        with pytest.raises(ShapeError, match=r"^accuracy: \w+ must be a NumPy or CuPy array, got list"):
            accuracy(*arguments)
    assert accuracy(ids > 0, ids > 0) == 1


# --- labels ----------------------------------------------------------------------------------------------------------


def test_confusion_matrix_by_hand():
    predicted, targets = np.array([0, 1, 1, 2, 0]), np.array([0, 1, 0, 0, 2])
    assert confusion_matrix(predicted, targets, 3).tolist() == [[1, 1, 1], [0, 1, 0], [1, 0, 0]]
    with pytest.raises(ShapeError, match=r"confusion_matrix: targets have shape \(5,\), predictions \(4,\)"):
        confusion_matrix(predicted[:4], targets, 3)


def test_label_scores_by_hand():
    predicted = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]])
    targets = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 0], [1, 0, 0]])
    found = label_scores(predicted, targets)
    np.testing.assert_allclose(found["precision"], [2 / 3, 1, 0])  # nothing predicted: 0
    np.testing.assert_allclose(found["recall"], [2 / 3, 1, 0])
    np.testing.assert_allclose(found["f1"], [2 / 3, 1, 0])
    assert found["texts"].tolist() == [3, 1, 1]
    with pytest.raises(ShapeError, match=r"label_scores: targets have shape \(4, 3\), predictions \(4, 2\)"):
        label_scores(predicted[:, :2], targets)


def test_distinct_ngrams_by_hand():
    """A b, a b, a: 5 words, 2 different; 2 pairs, 1 different."""
    answers = [["a", "b"], ["a", "b"], ["a"], []]
    assert distinct_ngrams(answers, 1) == pytest.approx(2 / 5)
    assert distinct_ngrams(answers, 2) == pytest.approx(1 / 2)
    assert distinct_ngrams(answers, 3) == distinct_ngrams([], 1) == 0


# --- entities --------------------------------------------------------------------------------------------------------


def test_entity_scores_by_hand():
    """Right; wrong type; wrong end; another sentence; missed; invented."""
    true = [[("PER", 0, 2), ("LOC", 3, 4)], [("PER", 0, 1)], [], [("ORG", 0, 1), ("PER", 2, 3)]]
    predicted = [[("PER", 0, 2), ("ORG", 3, 4)], [("PER", 0, 2)], [("LOC", 0, 1)], [("PER", 2, 3)]]
    types, micro = entity_scores(predicted, true)
    assert types == {
        "LOC": {"precision": 0, "recall": 0, "f1": 0, "entities": 1},
        "ORG": {"precision": 0, "recall": 0, "f1": 0, "entities": 1},
        "PER": {"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "entities": 3},
    }
    assert micro == {"precision": 2 / 5, "recall": 2 / 5, "f1": 2 / 5, "entities": 5}
    assert entity_scores([[]], [[]]) == ({}, {"precision": 0, "recall": 0, "f1": 0, "entities": 0})
    with pytest.raises(ShapeError, match="entity_scores: 4 sentences, 3 predicted"):
        entity_scores(predicted[:3], true)
