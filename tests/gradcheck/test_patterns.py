"""Patterns of wrong gradients are named."""

import numpy as np
import pytest

from scratchnn.gradcheck import check, pair_problem
from scratchnn.gradcheck.patterns import pattern
from scratchnn.recurrent import rnn_backward, rnn_forward

N, T, D = 4, 5, 3


def notes(backward):
    """The notes of a dense layer of three inputs and outputs, for x, W and b, by the complex step."""
    rng = np.random.default_rng(0)
    arrays = {"x": rng.standard_normal((N, D)), "W": rng.standard_normal((D, D)), "b": rng.standard_normal(D)}
    problem = pair_problem(lambda x, W, b: (x @ W + b, (x, W)), lambda dy, cache: backward(dy, *cache), arrays)
    return {finding.array: finding.note for finding in check(problem, ("complex",))}


def test_a_right_gradient_has_no_pattern():
    assert notes(lambda dy, x, W: (dy @ W.T, x.T @ dy, dy.sum(axis=0))) == {"x": "", "W": "", "b": ""}


def test_the_patterns_of_a_dense_layer():
    found = notes(lambda dy, x, W: (2 * dy @ W.T, dy.T @ x, -dy.sum(axis=0)))
    assert found["x"] == "12 of 12 entries wrong; analytic = 2.000 x numeric"
    assert found["W"].endswith("entries wrong; analytic = numeric transposed")
    assert found["b"] == "3 of 3 entries wrong; analytic = - numeric"


def test_a_mean_in_place_of_a_sum_and_the_reverse():
    found = notes(lambda dy, x, W: (dy @ W.T, x.T @ dy / N, dy.mean(axis=0)))
    assert found["W"] == "9 of 9 entries wrong; analytic = numeric / 4, and N = 4: a mean in place of a sum?"
    assert found["b"] == "3 of 3 entries wrong; analytic = numeric / 4, and N = 4: a mean in place of a sum?"
    found = notes(lambda dy, x, W: (dy @ W.T, x.T @ dy * N, dy.sum(axis=0)))
    assert found["W"] == "9 of 9 entries wrong; analytic = 4.000 x numeric, and N = 4: a sum in place of a mean?"


def test_a_transpose_of_another_shape_is_named_as_well():
    wide = np.random.default_rng(0).standard_normal((2, 3))
    assert pattern(wide.T, wide) == "analytic = numeric transposed"


@pytest.mark.parametrize(("shift", "word"), [(-1, "early"), (1, "late")])
def test_one_step_early_or_late(shift, word):
    rng = np.random.default_rng(0)
    shapes = {"x": (N, T, 2), "h": (N, D), "Wx": (2, D), "Wh": (D, D), "b": (D,)}
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}

    def backward(dy, dh, cache):
        dx, *others = rnn_backward(dy, dh, cache)
        return np.roll(dx, shift, axis=1), *others

    found = {f.array: f.note for f in check(pair_problem(rnn_forward, backward, arrays))}
    assert found["x"].endswith(f"entries wrong; analytic = numeric one step {word}")
    assert found["Wx"] == ""


def test_a_pattern_among_some_of_the_entries():
    def backward(dy, x, W):
        dW = x.T @ dy
        dW[:, 1] *= -1
        return dy @ W.T, dW, dy.sum(axis=0)

    assert notes(backward)["W"] == "3 of 9 entries wrong, all in [:,1]; there analytic = - numeric"


def test_sizes_of_sequences_are_named():
    n = np.random.default_rng(0).standard_normal((2, 3))
    wrong, sizes = np.ones((2, 3), dtype=bool), {"N": 4, "T": 5}
    assert "numeric / 5, and T = 5" in pattern(n / 5, n, wrong, sizes)
    assert "numeric / 20, and N T = 20" in pattern(n / 20, n, wrong, sizes)
    assert pattern(n / 3, n, wrong, sizes) == "analytic = 0.333 x numeric"


def test_no_pattern_where_there_is_none():
    rng = np.random.default_rng(0)
    a, n = rng.standard_normal((2, 3, 3))
    one = np.zeros((3, 3), dtype=bool)
    one[0, 0] = True
    assert pattern(a, n, np.ones((3, 3), dtype=bool), {}) == ""
    assert pattern(2 * n, n, one, {}) == ""  # one entry is a multiple of any other
    assert pattern(0 * n, n, np.ones((3, 3), dtype=bool), {}) == ""
    assert pattern(np.full((3, 3), np.nan), n, np.ones((3, 3), dtype=bool), {}) == ""
