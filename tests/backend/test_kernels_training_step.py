"""The kernels of the rest of a training step, emulated on a CPU: equal to the array path."""

import numpy as np
import pytest
from emulated import EmulatedDevice, needs_compiler

from scratchnn.backend import arrays, merge_rows, move, scatter_add, sum_rows, to_numpy
from scratchnn.backend.kernels import MOST_IDS, devices, training_step
from scratchnn.core import Parameter, RowGradient
from scratchnn.losses import softmax_cross_entropy_forward
from scratchnn.optim import SGD, AdaGrad, Adam, AdamW, RMSprop, clip_by_value, device_update, global_norm

pytestmark = needs_compiler


@pytest.fixture
def device(monkeypatch):
    """A pretended GPU for guarded arrays, float32."""
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", "guarded"])
    device = EmulatedDevice(3)
    monkeypatch.setitem(devices.DEVICES, "guarded", lambda: device)
    return device


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def put(array):
    return move(array, "guarded")


def close(found, expected):
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), rtol=2e-6, atol=1e-6)


# --- cross-entropy ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("V", [1, 3, 300])
@pytest.mark.parametrize("in_place", [False, True])
def test_cross_entropy(device, rng, V, in_place):
    """Large and infinite logits, a mask with NaN behind it, class weights, gradients in the place of the logits."""
    logits = rng.standard_normal((2, 3, V), dtype=np.float32) * 30
    logits[0, 0, 0] = -np.inf if V > 1 else 0
    logits[1, 2] = np.nan
    targets = rng.integers(0, V, (2, 3))
    targets[0, 0] = V - 1
    mask = np.ones((2, 3), dtype=bool)
    mask[1, 2] = False
    weights = rng.random(V, dtype=np.float32) + 1
    results = []
    for place in (lambda array: array, put):
        given = place(logits.copy())
        options = {"out": given} if in_place else {}
        with np.errstate(invalid="ignore"):
            loss, (gradient,) = softmax_cross_entropy_forward(given, place(targets), place(mask), place(weights), **options)
        results.append((loss, gradient))
    for found, expected in zip(results[1], results[0], strict=True):
        close(found, expected)
    assert device.launched == ["cross_entropy"]


# --- rows ------------------------------------------------------------------------------------------------------------


def test_rows_with_the_same_id_are_summed_where_the_first_of_them_is(device, rng):
    ids, rows = rng.integers(0, 6, 70), rng.standard_normal((70, 37), dtype=np.float32)
    ids[3] = -1  # what an earlier sum leaves
    distinct, sums = map(to_numpy, merge_rows(put(ids), put(rows)))
    expected_ids, expected = sum_rows(ids[ids >= 0], rows[ids >= 0])
    order = np.argsort(distinct[distinct >= 0])
    assert np.array_equal(distinct[distinct >= 0][order], expected_ids)
    close(sums[distinct >= 0][order], expected)
    assert not sums[distinct < 0].any()
    firsts = [np.flatnonzero(ids == found)[0] for found in distinct[distinct >= 0]]
    assert np.array_equal(np.flatnonzero(distinct >= 0), firsts)


def test_merging_in_host_memory_is_summing(rng):
    ids, rows = rng.integers(0, 6, 70), rng.standard_normal((70, 3))
    for found, expected in zip(merge_rows(ids, rows), sum_rows(ids, rows), strict=True):
        assert np.array_equal(found, expected)


def test_rows_are_added_to_a_table(device, rng):
    ids, rows = rng.integers(0, 6, 50), rng.standard_normal((50, 40), dtype=np.float32)
    table = rng.standard_normal((9, 40), dtype=np.float32)
    there = put(table.copy())
    scatter_add(there, put(ids), put(rows))
    scatter_add(table, ids, rows)
    close(there, table)
    assert device.launched == ["first_of_each", "sum_rows"]


def test_very_many_ids_are_sorted(device, rng):
    """Comparing every id with every other would take longer."""
    ids, rows = rng.integers(0, 6, MOST_IDS + 1), np.ones((MOST_IDS + 1, 1), dtype=np.float32)
    distinct, sums = merge_rows(put(ids), put(rows))
    assert np.array_equal(to_numpy(distinct), np.arange(6))
    assert int(to_numpy(sums).sum()) == MOST_IDS + 1
    assert device.launched == []


# --- norms and updates -----------------------------------------------------------------------------------------------


def parameters(rng, place):
    """Three parameters with gradients: a matrix, a vector with too large numbers to square, rows of a table."""
    shapes = ((20, 30), (7,), (9, 5))
    found = [Parameter(place(rng.standard_normal(shape, dtype=np.float32))) for shape in shapes]
    for parameter in found[:2]:
        parameter.grad = place(rng.standard_normal(parameter.shape, dtype=np.float32))
    ids = rng.integers(0, 9, 12)
    found[2].grad = RowGradient(place(ids), place(rng.standard_normal((12, 5), dtype=np.float32)), (9, 5))
    return found


def test_norm(device):
    found = [global_norm(parameters(np.random.default_rng(1), place)) for place in (lambda array: array, put)]
    assert found[1].dtype == np.float64
    np.testing.assert_allclose(to_numpy(found[1]), found[0], rtol=1e-6)
    assert {"squares", "root", "sum_rows"} == set(device.launched) - {"first_of_each"}


def test_norm_of_numbers_too_large_to_square(device):
    parameter = Parameter(put(np.zeros(3, dtype=np.float32)))
    parameter.grad = put(np.full(3, 1e30, dtype=np.float32))
    np.testing.assert_allclose(to_numpy(global_norm([parameter])), 3**0.5 * 1e30, rtol=1e-6)


OPTIMIZERS = {
    "SGD": lambda p: SGD(p, 0.1),
    "momentum": lambda p: SGD(p, 0.1, momentum=0.8),
    "Nesterov": lambda p: SGD(p, 0.1, momentum=0.8, nesterov=True),
    "AdaGrad": lambda p: AdaGrad(p, 0.1),
    "RMSprop": lambda p: RMSprop(p, 0.1),
    "Adam": lambda p: Adam(p, 0.1),
    "AdamW": lambda p: AdamW(p, 0.1, weight_decay=0.3),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_update(device, make):
    """Three steps on whole gradients and on rows of a table; values and state."""
    results = []
    for place in (lambda array: array, put):
        rng = np.random.default_rng(2)
        held = parameters(rng, place)
        optimizer = make(held)
        for _ in range(3):
            optimizer.step()
            for parameter, fresh in zip(held, parameters(rng, place), strict=True):
                parameter.grad = fresh.grad
        state = [slot for slots in optimizer._slots for slot in slots]
        results.append([parameter.data for parameter in held] + state)
    for found, expected in zip(results[1], results[0], strict=True):
        close(found, expected)
    assert device.launched.count("update") == 9


def test_rows_that_were_merged_before_are_updated_once(device, rng):
    """Clipping by value merges rows; the step afterwards meets ids of -1."""
    held = parameters(np.random.default_rng(3), put)
    right = parameters(np.random.default_rng(3), lambda array: array)
    for some in (held, right):
        clip_by_value(some, 0.5)
        AdaGrad(some, 0.1).step()
    for found, expected in zip(held, right, strict=True):
        close(found.data, expected.data)


def test_a_derived_optimizer_takes_no_kernel(device):
    """Its equations may be others."""

    class Halved(SGD):
        def _update(self, w, g, slots, t, rows):
            w -= 0.5 * self.lr * g

    held = parameters(np.random.default_rng(4), put)[:2]
    before = [to_numpy(parameter.data) for parameter in held]
    Halved(held, 1.0).step()
    for parameter, w in zip(held, before, strict=True):
        close(parameter.data, w - 0.5 * to_numpy(parameter.grad))
    assert device.launched == []


def test_every_rule_is_a_function_of_the_source():
    source = training_step.text("optimizers.cu")
    assert all(f"void {rule}(" in source for rule in training_step.RULES)
    assert set(device_update.RULES) == {"SGD", "AdaGrad", "RMSprop", "Adam", "AdamW"}
