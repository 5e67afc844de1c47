"""Array libraries, checks of inputs, adding rows at ids."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.backend import (
    array_module,
    backend_name,
    check_axis,
    check_ids,
    generator,
    move,
    move_generator,
    scatter_add,
    sum_rows,
    to_numpy,
)
from scratchnn.errors import BackendError, DataError, ShapeError

# --- arrays ----------------------------------------------------------------------------------------------------------


def test_the_array_determines_the_library():
    assert array_module(np.ones(2)) is np
    assert array_module(np.ones(2)[0]) is np
    assert backend_name(np.random.default_rng(0)) == "numpy"


@pytest.mark.parametrize("stranger", [[1.0], 1.0, "text", None])
def test_another_type_is_refused(stranger):
    with pytest.raises(BackendError, match=f"expected a NumPy or CuPy array, got {type(stranger).__name__}"):
        array_module(stranger)


def test_moving_to_the_same_library_changes_nothing():
    x, rng = np.ones(2), np.random.default_rng(0)
    assert move(x, "numpy") is x
    assert to_numpy(x) is x
    assert move_generator(rng, "numpy") is rng


def test_unknown_backend():
    with pytest.raises(BackendError, match="unknown backend 'jax'; choose one of numpy, cupy"):
        move(np.ones(2), "jax")


def test_generators_draw_the_same_bits_for_the_same_seed():
    assert (generator("numpy", 3).random(5) == np.random.default_rng(3).random(5)).all()


# --- checks of input -------------------------------------------------------------------------------------------------


def test_check_axis_names_the_layer_the_axis_and_both_sizes():
    x = np.ones((2, 3, 4))
    check_axis(x, -1, 4, "Dense", "inputs")
    check_axis(x, 0, 2, "Dense", "inputs")
    with pytest.raises(ShapeError, match=r"^Dense: axis -1 of the input has size 4, expected inputs = 7 .*\(2, 3, 4\)\)$"):
        check_axis(x, -1, 7, "Dense", "inputs")


@pytest.mark.parametrize("axis", [2, -3])
def test_check_axis_of_a_missing_axis(axis):
    with pytest.raises(ShapeError, match=rf"^LSTM: input of shape \(2, 4\) has no axis {axis}, .* inputs = 4$"):
        check_axis(np.ones((2, 4)), axis, 4, "LSTM", "inputs")


def test_check_ids():
    check_ids(np.array([[0, 4]]), 5, "Embedding")
    check_ids(np.array([], dtype="int64"), 5, "Embedding")
    with pytest.raises(ShapeError, match=r"^Embedding: ids must be integers, got dtype float64$"):
        check_ids(np.array([1.0]), 5, "Embedding")
    with pytest.raises(DataError, match=r"^Embedding: id 5 is out of range 0 \.\. 4$"):
        check_ids(np.array([1, 5, 2]), 5, "Embedding")
    with pytest.raises(DataError, match=r"^Embedding: id -1 is out of range 0 \.\. 4$"):
        check_ids(np.array([1, -1, 9]), 5, "Embedding")
    with pytest.raises(DataError, match=r"^Embedding: id -1 is out of range 0 \.\. 4$"):
        check_ids(np.int64(-1), 5, "Embedding")  # a number is an array of NumPy, but no numpy.ndarray
    for ids in ([1, 2], 3, "12", None, range(2)):
        with pytest.raises(ShapeError, match=rf"^Embedding: ids must be a NumPy or CuPy array, got {type(ids).__name__}; "):
            check_ids(ids, 5, "Embedding")


# --- rows ------------------------------------------------------------------------------------------------------------

PROBLEMS = given(
    ids=st.lists(st.integers(0, 5), max_size=20),
    D=st.integers(1, 4),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 2**32),
)


@PROBLEMS
@settings(max_examples=50, deadline=None)
def test_scatter_add_equals_a_loop(ids, D, dtype, seed):
    rng = np.random.default_rng(seed)
    ids, rows = np.array(ids, dtype="int64"), rng.standard_normal((len(ids), D)).astype(dtype)
    table = rng.standard_normal((6, D)).astype(dtype)
    expected, before = table.astype("float64"), rows.copy()
    for k, row in enumerate(rows):
        expected[ids[k]] += row
    scatter_add(table, ids, rows)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(table, expected, rtol=tolerance, atol=tolerance)
    assert table.dtype == dtype
    assert (rows == before).all()


def test_scatter_add_refuses_ids_that_count_from_the_end():
    """-1 and 5 are the same row of six: of two different ids, one would be lost."""
    table = np.zeros((6, 1))
    with pytest.raises(DataError, match=r"^scatter_add: id -1 is out of range 0 \.\. 5$"):
        scatter_add(table, np.array([5, -1]), np.ones((2, 1)))
    assert not table.any()


@PROBLEMS
@settings(max_examples=50, deadline=None)
def test_sum_rows_equals_a_loop(ids, D, dtype, seed):
    rows = np.random.default_rng(seed).standard_normal((len(ids), D)).astype(dtype)
    sums = {}
    for k, row in enumerate(rows):
        sums[ids[k]] = sums.get(ids[k], 0) + row
    distinct, found = sum_rows(np.array(ids, dtype="int64"), rows)
    assert distinct.tolist() == sorted(set(ids))
    assert found.shape == (len(sums), D)
    assert found.dtype == dtype
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    for position, name in enumerate(distinct.tolist()):
        np.testing.assert_allclose(found[position], sums[name], rtol=tolerance, atol=tolerance)


def test_sum_rows_returns_new_arrays():
    rows = np.ones((1, 2))
    _, sums = sum_rows(np.array([3]), rows)
    sums += 1
    assert (rows == 1).all()


def test_a_folder_named_cupy_is_not_cupy(tmp_path):
    if importlib.util.find_spec("cupy") is not None:
        pytest.skip("CuPy is installed, and Python prefers it to a folder")
    (tmp_path / "cupy").mkdir()
    code = "from scratchnn.backend.arrays import load_backend; load_backend('cupy')"
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert "BackendError: cupy cannot be imported" in found.stderr
