"""The tuning for a CPU: that it changes no result, and the rules by which it chooses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.backend import BufferPool
from scratchnn.functions import sigmoid
from scratchnn.recurrent.steps import Steps
from scratchnn.recurrent.tuning import (
    MANY_UNITS,
    PIECE,
    gate_by_gate,
    halves,
    pieces,
    product_back,
    sigmoid_from_tanh,
    with_bias,
)

SEQUENCES = MANY_UNITS // 4  # the largest batch for which weights of MANY_UNITS units are large


@pytest.mark.parametrize(
    ("units", "N", "copied"),
    [
        (MANY_UNITS - 1, 1, True),
        (MANY_UNITS, 1, False),
        (MANY_UNITS, SEQUENCES, False),
        (MANY_UNITS, SEQUENCES + 1, True),
        (2 * MANY_UNITS, 2 * SEQUENCES, False),
        (2 * MANY_UNITS, 2 * SEQUENCES + 1, True),
    ],
)
def test_product_back_copies_the_weights_unless_they_are_large_and_sequences_few(units, N, copied):
    rng = np.random.default_rng(0)
    Wh, da = rng.standard_normal((units, 4 * units)), rng.standard_normal((N, 4 * units))
    with BufferPool().lease() as lease:
        WhT, dh = product_back(Wh, N, "float64", lease)
        assert np.shares_memory(WhT, Wh) != copied
        assert (WhT.flags.c_contiguous, dh.shape) == (copied, (N, units))
        assert dh.flags.c_contiguous if copied else dh.flags.f_contiguous
        np.testing.assert_allclose(np.matmul(da, WhT, out=dh), da @ Wh.T, rtol=1e-12, atol=1e-10)
    dh[...] = 0  # its memory is not the lease's: it may be returned


@given(st.integers(0, 9), st.integers(0, 5), st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_halved_columns_turn_tanh_into_sigmoid(rows, sigmoids, others):
    rng = np.random.default_rng(rows)
    a = 3 * rng.standard_normal((rows, sigmoids + others))
    if not sigmoids:
        return
    factors, half = halves(np.zeros(sigmoids + others, dtype="float32"), sigmoids)
    assert (factors.dtype, half.dtype, half.shape) == ("float32", "float32", ())
    gates = np.tanh(a * factors)
    sigmoid_from_tanh(gates[:, :sigmoids], half)
    np.testing.assert_allclose(gates[:, :sigmoids], sigmoid(a[:, :sigmoids]), rtol=1e-13)
    np.testing.assert_array_equal(gates[:, sigmoids:], np.tanh(a[:, sigmoids:]))


def test_gate_by_gate_is_a_view():
    a = np.arange(12.0).reshape(2, 6)
    gates = gate_by_gate(a, 3)
    assert np.shares_memory(gates, a)
    for k in range(3):
        np.testing.assert_array_equal(gates[k], a[:, 2 * k : 2 * k + 2])


def test_bias_is_the_weights_of_an_input_of_one():
    rng = np.random.default_rng(0)
    x, W, b, factors = (rng.standard_normal(shape) for shape in ((5, 3), (3, 2), 2, 2))
    with BufferPool().lease() as lease:
        W_b = with_bias(W, b, lease, factors)
        np.testing.assert_allclose(np.column_stack([x, np.ones(5)]) @ W_b, (x @ W + b) * factors, rtol=1e-12)


@pytest.mark.parametrize("steps_per_piece", [1, 3, 8])
def test_pieces_of_a_long_batch_fit_the_cache(steps_per_piece):
    gates = np.empty((40 * 5, PIECE // steps_per_piece // 5), dtype=np.uint8)  # 40 steps of 5 sequences
    sizes = [len(found) for _, _, found in pieces(Steps(np.empty((5, 40, 1)), None), gates)]
    assert set(sizes[:-1]) == {steps_per_piece}
    assert sum(sizes) == 40


def test_a_piece_has_at_most_half_of_the_steps():
    steps = Steps(np.empty((2, 7, 1)), None)
    assert [len(found) for _, _, found in pieces(steps, np.empty((14, 1)))] == [4, 3]
