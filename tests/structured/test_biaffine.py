"""Biaffine arc and label scores: the loops, the loss of the heads, memory, bad input."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from scratchnn.errors import DataError, ShapeError
from scratchnn.structured import (
    Biaffine,
    LabelScores,
    biaffine_forward,
    biaffine_loop,
    head_loss_backward,
    head_loss_forward,
    label_scores_forward,
    label_scores_loop,
    possible_heads,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_arc_scores_equal_the_loop(rng):
    x, y, U, u = (rng.standard_normal(shape) for shape in ((2, 4, 3), (2, 5, 3), (3, 3), (3,)))
    scores, _ = biaffine_forward(x, y, U, u)
    assert scores.shape == (2, 4, 5)
    np.testing.assert_allclose(scores, [biaffine_loop(x[n], y[n], U, u) for n in range(2)], rtol=1e-12)


def test_label_scores_equal_the_loop(rng):
    x, y, V, A, B, b = (rng.standard_normal(s) for s in ((2, 4, 3), (2, 5, 3), (3, 6, 3), (3, 6), (3, 6), (6,)))
    heads = rng.integers(0, 5, (2, 4))
    scores, _ = label_scores_forward(x, y, V, A, B, b, heads)
    assert scores.shape == (2, 4, 6)
    for n, t in np.ndindex(2, 4):
        np.testing.assert_allclose(scores[n, t], label_scores_loop(x[n, t], y[n, heads[n, t]], V, A, B, b), rtol=1e-11)


def test_label_scores_need_no_array_of_all_pairs(rng):
    """Memory grows with T, not with T^2, forward and backward."""
    layer = LabelScores(4, 5, rng=rng)
    peaks = []
    for T in (200, 800):
        x = rng.standard_normal((1, T, 4)).astype(np.float32)
        heads = rng.integers(0, T, (1, T))
        tracemalloc.start()
        layer.backward(layer.forward(x, x, heads))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 5 * peaks[0]
    assert peaks[1] < 800 * 800 * 4  # one number per pair of words


# --- the loss of the heads -------------------------------------------------------------------------------------------


def test_loss_by_hand(rng):
    """Each word chooses among the root and the other words of its sentence; padding has no part."""
    scores = rng.standard_normal((2, 4, 4))
    heads, lengths = np.array([[2, 0, 2], [0, -3, 9]]), np.array([3, 1])
    scores[1, 2:] = scores[1, :, 2:] = np.nan
    loss, cache = head_loss_forward(scores, heads, lengths)
    expected = 0.0
    for d in (1, 2, 3):
        others = [h for h in range(4) if h != d]
        expected += np.log(np.exp(scores[0, d, others]).sum()) - scores[0, d, heads[0, d - 1]]
    assert loss == pytest.approx(expected / 4)  # the one word of the second sentence has one head to choose: loss 0
    dscores = head_loss_backward(1.0, cache)
    assert dscores.shape == scores.shape
    assert not dscores[:, 0].any()
    assert not dscores[1].any()
    assert not dscores[0][np.arange(4), np.arange(4)].any()


def test_a_batch_without_words():
    for scores, heads, lengths in (
        (np.zeros((2, 1, 1)), np.zeros((2, 0), int), None),
        (np.zeros((2, 3, 3)), np.full((2, 2), 7), np.array([0, 0])),
    ):
        loss, cache = head_loss_forward(scores, heads, lengths)
        assert loss == 0
        assert not head_loss_backward(1.0, cache).any()


def test_possible_heads_do_not_change_the_scores(rng):
    scores = rng.standard_normal((1, 3, 3)).astype(np.float32)
    before = scores.copy()
    found = possible_heads(scores, np.array([1]))
    np.testing.assert_array_equal(scores, before)
    assert found.dtype == np.float32
    assert (found[0] > -1e29).tolist() == [[False, True, False], [True, False, False], [True, True, False]]


# --- layers and bad input --------------------------------------------------------------------------------------------


def test_layers_say_what_they_are(rng):
    arcs, labels = Biaffine(4, rng=rng), LabelScores(4, 6, rng=rng)
    assert repr(arcs) == "Biaffine(4)"
    assert repr(labels) == "LabelScores(4 -> 6)"
    assert {name: p.shape for name, p in arcs.named_parameters().items()} == {"U": (4, 4), "u": (4,)}
    shapes = {"V": (4, 6, 4), "A": (4, 6), "B": (4, 6), "b": (6,)}
    assert {name: p.shape for name, p in labels.named_parameters().items()} == shapes
    x = rng.standard_normal((2, 3, 4)).astype(np.float32)
    assert arcs.forward(x, x).dtype == labels.forward(x, x, np.zeros((2, 3), int)).dtype == np.float32


X, HEADS = np.zeros((2, 3, 4), dtype=np.float32), np.array([[2, 0, 2], [0, 1, 1]])
SCORES = np.zeros((2, 4, 4))
BAD_CALLS = {
    "vectors of another size": (
        lambda a, r: a.forward(X, X[..., :2]),
        ShapeError,
        "Biaffine: axis -1 of the input has size 2, expected size = 4",
    ),
    "another number of sentences": (
        lambda a, r: a.forward(X, X[:1]),
        ShapeError,
        r"Biaffine: heads must have shape \(N, T, 4\), got \(1, 3, 4\)",
    ),
    "one sentence": (
        lambda a, r: a.forward(X[0], X[0]),
        ShapeError,
        r"Biaffine: dependents must have shape \(N, T, 4\), got \(3, 4\)",
    ),
    "heads of another shape": (
        lambda a, r: r.forward(X, X, HEADS[:, :2]),
        ShapeError,
        r"LabelScores: heads have shape \(2, 2\), expected \(2, 3\)",
    ),
    "a head that is none": (
        lambda a, r: r.forward(X, X, HEADS + 1),
        DataError,
        r"LabelScores: heads: id 3 is out of range 0 \.\. 2",
    ),
    "a head outside the sentence": (
        lambda a, r: head_loss_forward(SCORES, HEADS, np.array([1, 3])),
        DataError,
        r"head_loss: the head of word 1 of sentence 0 is 2; expected another position in 0 \.\. 1",
    ),
    "a negative head": (
        lambda a, r: head_loss_forward(SCORES, HEADS - 1),
        DataError,
        r"head_loss: the head of word 1 of sentence 0 is 1; expected another position in 0 \.\. 3",
    ),
    "a word that is its own head": (
        lambda a, r: head_loss_forward(SCORES, np.array([[2, 0, 2], [0, 2, 1]])),
        DataError,
        r"head_loss: the head of word 2 of sentence 1 is 2; expected another position in 0 \.\. 3",
    ),
    "scores without the root": (
        lambda a, r: head_loss_forward(SCORES[:, 1:, 1:], HEADS),
        ShapeError,
        r"head_loss: scores have shape \(2, 3, 3\), heads \(2, 3\); expected \(N, T \+ 1, T \+ 1\) and \(N, T\)",
    ),
    "heads that are no integers": (
        lambda a, r: head_loss_forward(SCORES, HEADS + 0.0),
        ShapeError,
        "softmax_cross_entropy: ids must be integers",
    ),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_input_is_one_clear_line(name, rng):
    call, error, message = BAD_CALLS[name]
    with pytest.raises(error, match=message) as caught:
        call(Biaffine(4, rng=rng), LabelScores(4, 5, rng=rng))
    assert "\n" not in str(caught.value)
