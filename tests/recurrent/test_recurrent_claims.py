"""What the files of the recurrent cells state in words: masks, gates, second bias, number of matrix products."""

from __future__ import annotations

import numpy as np
import pytest
from recurrent_cases import CELLS, assert_same, each_cell

from scratchnn.errors import DataError
from scratchnn.functions import sigmoid
from scratchnn.recurrent import (
    gru_reset_after_forward,
    gru_reset_after_step,
    gru_reset_before_forward,
    gru_simplified_forward,
    rnn_forward,
    rnn_step,
)


@each_cell
def test_a_mask_of_zeros_removes_the_recurrent_product_but_not_the_carried_state(cell):
    arrays = cell.arrays(np.random.default_rng(12))
    y, last, _ = cell.forward(arrays, None, np.zeros((4, 3)))
    assert_same((y, last), cell.forward({**arrays, "Wh": np.zeros_like(arrays["Wh"])})[:2])


@pytest.mark.parametrize("form", [gru_simplified_forward, gru_reset_before_forward, gru_reset_after_forward])
def test_update_gate_keeps_the_old_state_at_one_and_replaces_it_at_zero(form):
    blocks = 2 if form is gru_simplified_forward else 3
    rng = np.random.default_rng(13)
    x, h0 = rng.standard_normal((2, 4, 3)), rng.standard_normal((2, 3))
    Wx, b = rng.standard_normal((3, 3 * blocks)), rng.standard_normal(3 * blocks)
    rest = [np.zeros((3, 3 * blocks)), b] + ([rng.standard_normal(3)] if form is gru_reset_after_forward else [])
    b[:3] = 100
    np.testing.assert_allclose(form(x, h0, Wx, *rest)[1], h0, rtol=1e-14)
    b[:3] = -100
    n = x @ Wx[:, -3:] + b[-3:]
    if form is gru_reset_after_forward:
        n += sigmoid(x @ Wx[:, 3:6] + b[3:6]) * rest[-1]
    np.testing.assert_allclose(form(x, h0, Wx, *rest)[0], np.tanh(n), rtol=1e-13)


def test_the_three_gru_forms_agree_if_the_reset_gate_is_open():
    rng = np.random.default_rng(14)
    x, h0 = rng.standard_normal((2, 4, 3)), rng.standard_normal((2, 5))
    Wx, Wh, b = (rng.standard_normal(shape) for shape in ((3, 15), (5, 15), 15))
    b[5:10] = 100
    before = gru_reset_before_forward(x, h0, Wx, Wh, b)[0]
    after = gru_reset_after_forward(x, h0, Wx, Wh, b, np.zeros(5))[0]
    Wx, Wh, b = (np.concatenate([W[..., :5], W[..., 10:]], axis=-1) for W in (Wx, Wh, b))
    simplified = gru_simplified_forward(x, h0, Wx, Wh, b)[0]
    np.testing.assert_allclose(before, simplified, rtol=1e-12)
    np.testing.assert_allclose(after, simplified, rtol=1e-12)


def test_second_bias_differs_from_the_first_only_through_the_reset_gate():
    """With r fixed at 1/2, bh adds to b as bh / 2; with r free to move, no b gives the same."""
    rng = np.random.default_rng(15)
    x, h = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    Wx, Wh, b, bh = (rng.standard_normal(shape) for shape in ((3, 6), (2, 6), 6, 2))
    added = b.copy()
    added[4:] += bh / 2
    free = gru_reset_after_step(x, h, Wx, Wh, b, bh)[0] - gru_reset_after_step(x, h, Wx, Wh, added, 0 * bh)[0]
    assert abs(free).max() > 1e-3
    Wx[:, 2:4] = Wh[:, 2:4] = b[2:4] = added[2:4] = 0
    fixed = gru_reset_after_step(x, h, Wx, Wh, b, bh)[0] - gru_reset_after_step(x, h, Wx, Wh, added, 0 * bh)[0]
    assert abs(fixed).max() < 1e-15


def test_unknown_activation_is_refused():
    zeros = np.zeros((2, 3))
    with pytest.raises(DataError, match=r"unknown activation 'sigmoid'.*tanh, relu"):
        rnn_step(zeros, zeros, np.eye(3), np.eye(3), zeros[0], "sigmoid")
    with pytest.raises(DataError, match="unknown activation"):
        rnn_forward(zeros[None], zeros[:1], np.eye(3), np.eye(3), zeros[0], activation="Tanh")


class Counted(np.ndarray):
    """An array that counts the matrix products it takes part in."""

    __module__ = "numpy"
    products = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        def bare(a):
            return a.view(np.ndarray) if isinstance(a, Counted) else a

        Counted.products += ufunc is np.matmul
        if out:
            kwargs["out"] = tuple(map(bare, out))
        result = getattr(ufunc, method)(*map(bare, inputs), **kwargs)
        return result if out or not isinstance(result, np.ndarray) else result.view(Counted)


@pytest.mark.parametrize(
    ("name", "sequence", "steps"),
    [
        ("rnn-tanh", (2, 4), 6),
        ("gru-simplified", (2, 4), 6),
        ("gru-reset-before", (4, 6), 9),
        ("gru-reset-after", (2, 5), 6),
        ("lstm", (2, 4), 6),
        ("lstm-peephole", (2, 4), 6),
    ],
)
def test_matrix_products_are_as_many_as_the_files_say(name, sequence, steps, monkeypatch):
    for plain in (np.empty, np.ascontiguousarray):  # the two calls that would turn counted arrays into plain ones
        monkeypatch.setattr(np, plain.__name__, lambda *a, make=plain, **k: make(*a, **k).view(Counted))
    cell, T = CELLS[name], 7
    arrays = {key: array.view(Counted) for key, array in cell.arrays(np.random.default_rng(16), T=T).items()}
    Counted.products = 0
    y, last, cache = cell.forward(arrays)
    cell.backward(y, last, cache)
    assert Counted.products == sequence[0] * T + sequence[1]
    Counted.products = 0
    *states, cache = cell.step(arrays["x"][:, 0], *(arrays[name] for name in (*cell.states, *cell.weights)))
    cell.step_backward(*states, cache)
    assert Counted.products == steps
