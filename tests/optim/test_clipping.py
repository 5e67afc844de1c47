"""Gradient clipping, and gradients that are NaN or infinite. Equality with PyTorch: test_parity_optim.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.backend import cache_blocks
from scratchnn.core import Parameter, RowGradient
from scratchnn.errors import DataError, NonFiniteError
from scratchnn.optim import check_finite, clip_by_norm, clip_by_value, global_norm, scale_gradients


def with_gradient(gradient, trainable=True):
    parameter = Parameter(np.zeros(gradient.shape, dtype="float32"), trainable)
    parameter.grad = gradient
    return parameter


def rows(ids, values, V=5, dtype="float64"):
    values = np.array(values, dtype=dtype)
    return RowGradient(np.array(ids), values, (V, values.shape[1]))


def test_norm_by_hand():
    """3, 4 and 12 make 13."""
    norm = global_norm([with_gradient(np.array([[3.0], [4.0]])), with_gradient(np.array(12.0))])
    assert norm == 13
    assert norm.shape == ()


def test_huge_float32_gradients_do_not_overflow():
    gradient = np.full((100, 100), 1e30, dtype="float32")
    np.testing.assert_allclose(global_norm([with_gradient(gradient)]), 100 * np.float64(gradient[0, 0]), rtol=1e-12)
    parameters = [with_gradient(gradient)]
    np.testing.assert_allclose(clip_by_norm(parameters, 5.0), 1e32, rtol=1e-6)
    np.testing.assert_allclose(global_norm(parameters), 5.0, rtol=1e-6)


def test_many_small_float32_gradients_are_all_counted():
    """In float32, small squares added to the large first one would be lost to rounding."""
    gradient = np.full(40_000, 1e-4, dtype="float32")
    gradient[0] = 1.0
    expected = np.sqrt(1 + 39_999 * np.float64(gradient[1]) ** 2)
    np.testing.assert_allclose(global_norm([with_gradient(gradient)]), expected, rtol=1e-12)


@given(M=st.integers(0, 12), dtype=st.sampled_from(["float32", "float64"]), seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_repeated_ids_are_summed_before_the_norm(M, dtype, seed):
    rng = np.random.default_rng(seed)
    gradient = RowGradient(rng.integers(0, 4, M), rng.standard_normal((M, 3)).astype(dtype), (4, 3))
    expected = np.sqrt((gradient.to_dense().astype("float64") ** 2).sum())
    np.testing.assert_allclose(global_norm([with_gradient(gradient)]), expected, rtol=1e-12)


def test_norm_counts_a_tied_parameter_once_and_frozen_ones_not_at_all():
    tied = with_gradient(np.array([3.0, 4.0]))
    frozen = with_gradient(np.array([100.0]), trainable=False)
    assert global_norm([tied, Parameter(np.zeros(2)), frozen, tied]) == 5
    assert clip_by_norm([tied, frozen, tied], 1.0) == 5
    np.testing.assert_allclose(tied.grad, np.array([3.0, 4.0]) / 5.000001, rtol=1e-12)
    assert frozen.grad[0] == 100


def test_norm_of_no_gradients_is_zero():
    assert global_norm([]) == 0
    assert clip_by_norm([Parameter(np.zeros(2))], 1.0) == 0


@pytest.mark.parametrize("shape", [(50,), (10, 5), (5, 2, 5)])
def test_norm_of_an_array_split_into_blocks(shape, monkeypatch):
    monkeypatch.setattr(cache_blocks, "BLOCK", 7)
    gradient = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_allclose(global_norm([with_gradient(gradient)]), np.sqrt((gradient**2).sum()), rtol=1e-12)


def test_gradients_within_the_norm_keep_their_bits():
    gradient = np.array([3.0, 4.0])
    parameter = with_gradient(gradient)
    assert clip_by_norm([parameter], 6.0) == 5
    assert parameter.grad is gradient
    assert gradient.tolist() == [3.0, 4.0]


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value, scale_gradients])
def test_rows_that_are_used_elsewhere_are_not_written_to(clip):
    """An embedding passes on a view of the gradient that it receives."""
    dy = np.ones((1, 3, 2))
    parameter = with_gradient(RowGradient(np.array([1, 1, 0]), dy.reshape(3, 2), (4, 2)))
    clip([parameter], 0.5)
    assert (dy == 1).all()
    assert np.abs(parameter.dense_gradient()).max() <= 1


def test_scaling_rows_scales_the_table():
    parameter = with_gradient(rows([1, 1, 3], [[1, 2], [3, 4], [5, 6]], dtype="float32"))
    scale_gradients([parameter], np.float64(0.5))
    assert parameter.grad.rows.dtype == "float32"
    assert parameter.dense_gradient().tolist() == [[0, 0], [2, 3], [0, 0], [2.5, 3], [0, 0]]


def test_value_clipping_sees_the_sum_of_repeated_rows():
    """4 + 4 - 7 = 1 is not clipped; 4 + 4 is, although neither summand is above 5."""
    parameter = with_gradient(rows([1, 2, 1, 2, 1], [[4.0], [4.0], [4.0], [4.0], [-7.0]]))
    clip_by_value([parameter], 5.0)
    assert parameter.dense_gradient().ravel().tolist() == [0, 1, 5, 0, 0]


def test_a_known_norm_is_used():
    parameter = with_gradient(np.array([3.0, 4.0]))
    assert clip_by_norm([parameter], 1.0, norm=np.float32(10.0)) == 10
    np.testing.assert_allclose(parameter.grad, [0.3, 0.4], rtol=1e-6)


# --- NaN and infinity ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_error_names_the_first_bad_parameter(bad):
    named = {
        "embedding.W": with_gradient(rows([1, 2], [[1.0, 2.0], [3.0, 4.0]])),
        "frozen.W": with_gradient(np.array([bad]), trainable=False),
        "unused.W": Parameter(np.zeros(2)),
        "lstm.Wx": with_gradient(np.array([[1.0, bad, bad]])),
        "lstm.b": with_gradient(np.array([bad])),
    }
    norm = global_norm(named.values())
    with pytest.raises(NonFiniteError, match=r"parameter 'lstm.Wx' of shape \(1, 3\) is NaN or infinite in 2 of"):
        check_finite(named, norm)


def test_bad_rows_are_found():
    named = {"table": with_gradient(rows([1, 2], [[1.0, np.nan], [3.0, 4.0]]))}
    with pytest.raises(NonFiniteError, match=r"'table' .* in 1 of"):
        check_finite(named, global_norm(named.values()))


def test_finite_gradients_pass_and_are_not_read():
    named = {"W": with_gradient(np.array([np.nan]))}
    check_finite(named, 1.0)
    check_finite(named, np.asarray(1.0))


@pytest.mark.filterwarnings("ignore:overflow")
def test_norm_that_overflows_float64_is_an_error_too():
    named = {"W": with_gradient(np.array([1e200, 1.0]))}
    with pytest.raises(NonFiniteError, match="norm of the gradients is inf, but every entry is finite"):
        check_finite(named, global_norm(named.values()))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
def test_clipping_refuses_bad_gradients_and_changes_nothing(clip, bad):
    good = np.array([30.0])
    parameters = [with_gradient(good), with_gradient(rows([0, 0], [[1.0], [bad]]))]
    with pytest.raises(NonFiniteError, match=r"parameter 'number 1' of shape \(5, 1\)"):
        clip(parameters, 1.0)
    assert parameters[0].grad is good
    assert good[0] == 30
    with pytest.raises(NonFiniteError):
        clip(parameters, 1.0, norm=np.asarray(bad))


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_bad_limits(clip, limit):
    with pytest.raises(DataError, match=f"{clip.__name__}: .* must be above 0, got"):
        clip([], limit)
