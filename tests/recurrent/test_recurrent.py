"""The pure functions of RNN, GRU and LSTM: one step against the sequence, gradients, lengths, masks, dtypes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_cases import CELLS, LENGTHS, STEP, assert_same, complex_step, copies, each_cell, relative_error

from scratchnn.recurrent import loop_backward, loop_forward


def cotangents(rng, y, last):
    return rng.standard_normal(y.shape), tuple(rng.standard_normal(part.shape) for part in last)


def each_variant(test):
    """Every cell with and without lengths and mask."""
    test = pytest.mark.parametrize("masked", [False, True], ids=["", "mask"])(test)
    return each_cell(pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["", "lengths"])(test))


MASK_H = np.array([[0, 2, 2], [2, 0, 2], [2, 2, 0], [2, 2, 2.0]])


# --- three rungs: the step, the plain loop over it, the fast pair ----------------------------------------------------


@each_variant
def test_plain_loop_equals_the_steps_of_each_sequence_alone(cell, lengths, masked):
    """The step functions, called for each real step of each sequence, without a loop function."""
    rng = np.random.default_rng(1)
    arrays, mask_h = cell.arrays(rng), MASK_H if masked else None
    y, last, caches = cell.loop_forward(arrays, lengths, mask_h)
    dy, dlast = cotangents(rng, y, last)
    found = cell.loop_backward(dy, dlast, caches)
    N, T = arrays["x"].shape[:2]
    weights = [arrays[name] for name in cell.weights]
    expected = {name: np.zeros_like(array) for name, array in arrays.items()}
    for n, length in enumerate([T] * N if lengths is None else lengths):
        one, options = slice(n, n + 1), {"mask_h": mask_h[n]} if masked else {}
        states, own_caches = [arrays[name][one] for name in cell.states], []
        for t in range(length):
            *states, cache = cell.step(arrays["x"][one, t], *states, *weights, **options)
            own_caches.append(cache)
            np.testing.assert_allclose(y[one, t], states[0], rtol=1e-12, atol=1e-14)
        assert not y[one, length:].any()
        for part, state in zip(last, states, strict=True):
            np.testing.assert_allclose(part[one], state, rtol=1e-12, atol=1e-14)
        dstates = [part[one] for part in dlast]
        for t in reversed(range(length)):
            dx, *rest = cell.step_backward(dstates[0] + dy[one, t], *dstates[1:], own_caches[t])
            dstates = rest[: len(cell.states)]
            expected["x"][one, t] = dx
            for name, gradient in zip(cell.weights, rest[len(cell.states) :], strict=True):
                expected[name] += gradient
        for name, dstate in zip(cell.states, dstates, strict=True):
            expected[name][one] = dstate
    for name, gradient in found.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


@each_variant
def test_fast_pair_equals_plain_loop(cell, lengths, masked):
    rng = np.random.default_rng(1)
    arrays, mask_h = cell.arrays(rng), MASK_H if masked else None
    y_loop, last_loop, caches = cell.loop_forward(arrays, lengths, mask_h)
    y, last, cache = cell.forward(arrays, lengths, mask_h)
    np.testing.assert_allclose(y, y_loop, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(last, last_loop, rtol=1e-12, atol=1e-12)
    dy, dlast = cotangents(rng, y, last)
    expected = cell.loop_backward(dy, dlast, caches)
    for name, gradient in cell.backward(dy, dlast, cache).items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_plain_loop_takes_nested_states():
    """A cell whose state is a dict; its two numbers swap places at every step."""

    def step(x, h, c, W, *, scale=1.0):
        return c + x * W, scale * h, (x, W, scale)

    def step_backward(dh_next, dc_next, cache):
        x, W, scale = cache
        return dh_next * W, scale * dc_next, dh_next, (dh_next * x).sum(axis=0)

    x, state = np.ones((2, 3, 1)), {"h": np.full((2, 1), 5.0), "rest": (np.full((2, 1), 7.0),)}
    y, last, caches = loop_forward(step, x, state, [np.array([10.0])], scale=2.0)
    np.testing.assert_array_equal(y[0, :, 0], [17, 20, 44])
    np.testing.assert_array_equal([last["h"][0, 0], last["rest"][0][0, 0]], [44, 40])
    dx, dfirst, (dW,) = loop_backward(step_backward, np.zeros_like(y), last, caches)
    assert dx.shape == x.shape
    assert dfirst.keys() == {"h", "rest"}
    np.testing.assert_array_equal(dfirst["rest"][0], np.full((2, 1), 2 * 44.0))
    np.testing.assert_array_equal(dW, [2 * (44 + 2 * 40 + 2 * 44)])


# --- gradients -------------------------------------------------------------------------------------------------------


@each_variant
def test_gradients_by_complex_step(cell, lengths, masked):
    rng = np.random.default_rng(2)
    arrays, mask_h = cell.arrays(rng), MASK_H if masked else None
    y, last, cache = cell.forward(arrays, lengths, mask_h)
    dy, dlast = cotangents(rng, y, last)

    def loss(changed):
        y, last, _ = cell.forward(changed, lengths, mask_h)
        return (y * dy).sum() + sum((a * b).sum() for a, b in zip(last, dlast, strict=True))

    numeric = complex_step(loss, arrays)
    for name, gradient in cell.backward(dy, dlast, cache).items():
        assert relative_error(gradient, numeric[name]) < 1e-11, name


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(CELLS)), st.integers(0, 2**32 - 1), st.data())
def test_shapes_and_directional_derivative(name, seed, data):
    """<v, J u> = <J^T v, u> for one random direction u through all arrays at once, any sizes, empty ones too."""
    cell, rng = CELLS[name], np.random.default_rng(seed)
    N, T = data.draw(st.integers(0, 4), "N"), data.draw(st.integers(0, 6), "T")
    D, H = data.draw(st.integers(1, 4), "D"), data.draw(st.integers(1, 5), "H")
    lengths = rng.integers(0, T + 1, N) if data.draw(st.booleans(), "lengths") else None
    mask_h = 1.5 * rng.integers(0, 2, (N, H)) if data.draw(st.booleans(), "mask_h") else None
    arrays = cell.arrays(rng, N, T, D, H)
    y, last, cache = cell.forward(arrays, lengths, mask_h)
    assert y.shape == (N, T, H)
    assert all(part.shape == (N, H) for part in last)
    dy, dlast = cotangents(rng, y, last)
    gradients = cell.backward(dy, dlast, cache)
    direction = {key: rng.standard_normal(array.shape) for key, array in arrays.items()}
    for key, gradient in gradients.items():
        assert gradient.shape == arrays[key].shape
        assert gradient.dtype == np.float64
    moved = {key: array + 1j * STEP * direction[key] for key, array in arrays.items()}
    y, last, _ = cell.forward(moved, lengths, mask_h)
    forward = ((y.imag * dy).sum() + sum((a.imag * b).sum() for a, b in zip(last, dlast, strict=True))) / STEP
    parts = [(gradient * direction[key]).sum() for key, gradient in gradients.items()]
    assert abs(forward - sum(parts)) <= 1e-11 * (1 + sum(map(abs, parts)))


# --- padded steps ----------------------------------------------------------------------------------------------------


@each_cell
def test_padded_batch_equals_each_sequence_alone(cell):
    rng = np.random.default_rng(3)
    arrays = cell.arrays(rng)
    mask_h = rng.uniform(0.5, 2, (4, 3))
    y, last, cache = cell.forward(arrays, LENGTHS, mask_h)
    dy, dlast = cotangents(rng, y, last)
    gradients = cell.backward(dy, dlast, cache)
    totals = dict.fromkeys(cell.weights, 0)
    for k, length in enumerate(LENGTHS):
        alone = {name: arrays[name] if name in cell.weights else arrays[name][k : k + 1] for name in arrays}
        alone["x"] = alone["x"][:, :length]
        y_alone, last_alone, cache = cell.forward(alone, None, mask_h[k : k + 1])
        np.testing.assert_allclose(y[k : k + 1, :length], y_alone, rtol=1e-12, atol=1e-12)
        assert not y[k, length:].any()
        dlast_alone = tuple(part[k : k + 1] for part in dlast)
        for part, part_alone in zip(last, last_alone, strict=True):
            np.testing.assert_allclose(part[k : k + 1], part_alone, rtol=1e-12, atol=1e-12)
        alone = cell.backward(dy[k : k + 1, :length], dlast_alone, cache)
        np.testing.assert_allclose(gradients["x"][k : k + 1, :length], alone["x"], rtol=1e-12, atol=1e-12)
        assert not gradients["x"][k, length:].any()
        for name in cell.states:
            np.testing.assert_allclose(gradients[name][k : k + 1], alone[name], rtol=1e-12, atol=1e-12)
        for name in cell.weights:
            totals[name] = totals[name] + alone[name]
    for name, total in totals.items():
        np.testing.assert_allclose(gradients[name], total, rtol=1e-11, atol=1e-11, err_msg=name)


@each_cell
def test_empty_sequence_passes_its_state_through(cell):
    rng = np.random.default_rng(4)
    arrays = cell.arrays(rng)
    y, last, cache = cell.forward(arrays, np.zeros(4, dtype=int))
    dy, dlast = cotangents(rng, y, last)
    gradients = cell.backward(dy, dlast, cache)
    for name, part, dpart in zip(cell.states, last, dlast, strict=True):
        np.testing.assert_array_equal(part, arrays[name])
        np.testing.assert_array_equal(gradients[name], dpart)
    assert not any(gradients[name].any() for name in ("x", *cell.weights))


@each_cell
def test_full_lengths_equal_no_lengths(cell):
    rng = np.random.default_rng(5)
    arrays = cell.arrays(rng)
    y, last, cache = cell.forward(arrays)
    y_full, last_full, cache_full = cell.forward(arrays, np.full(4, 5))
    assert_same((y, last), (y_full, last_full))
    dy, dlast = cotangents(rng, y, last)
    assert_same(cell.backward(dy, dlast, cache), cell.backward(dy, dlast, cache_full))


@each_cell
def test_contents_of_the_padding_do_not_matter(cell):
    rng = np.random.default_rng(6)
    arrays = cell.arrays(rng)
    y, last, cache = cell.forward(arrays, LENGTHS)
    dy, dlast = cotangents(rng, y, last)
    padded = np.arange(5) >= LENGTHS[:, None]
    garbage = {**arrays, "x": np.where(padded[:, :, None], 1e6 * rng.standard_normal(arrays["x"].shape), arrays["x"])}
    y_garbage, last_garbage, cache_garbage = cell.forward(garbage, LENGTHS)
    assert_same((y, last), (y_garbage, last_garbage))
    dy_garbage = np.where(padded[:, :, None], 1e6, dy)
    assert_same(cell.backward(dy, dlast, cache), cell.backward(dy_garbage, dlast, cache_garbage))


# --- state, truncation, ownership, dtypes ----------------------------------------------------------------------------


@each_cell
def test_two_halves_with_carried_state_equal_the_whole(cell):
    rng = np.random.default_rng(7)
    arrays = cell.arrays(rng, T=6)
    mask_h = rng.uniform(0.5, 2, (4, 3))
    y, last, cache = cell.forward(arrays, None, mask_h)
    dy, dlast = cotangents(rng, y, last)
    whole = cell.backward(dy, dlast, cache)

    y1, middle, cache1 = cell.forward({**arrays, "x": arrays["x"][:, :2]}, None, mask_h)
    carried = dict(zip(cell.states, middle, strict=True))
    y2, end, cache2 = cell.forward({**arrays, **carried, "x": arrays["x"][:, 2:]}, None, mask_h)
    np.testing.assert_allclose(np.concatenate([y1, y2], axis=1), y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(end, last, rtol=1e-12, atol=1e-12)
    second = cell.backward(dy[:, 2:], dlast, cache2)
    first = cell.backward(dy[:, :2], tuple(second[name] for name in cell.states), cache1)
    np.testing.assert_allclose(np.concatenate([first["x"], second["x"]], axis=1), whole["x"], rtol=1e-11, atol=1e-11)
    for name in cell.states:
        np.testing.assert_allclose(first[name], whole[name], rtol=1e-11, atol=1e-11)
    for name in cell.weights:
        np.testing.assert_allclose(first[name] + second[name], whole[name], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("N", [1, 4])
@each_cell
def test_arguments_and_cache_are_not_written_to(cell, N):
    rng = np.random.default_rng(8)
    arrays = cell.arrays(rng, N=N)
    mask_h = rng.uniform(0.5, 2, (N, 3))
    before = copies(arrays)
    y, last, cache = cell.forward(arrays, LENGTHS[:N], mask_h)
    assert_same(arrays, before)
    dy, dlast = cotangents(rng, y, last)
    cache_before, given_before = copies(cache), copies((dy, dlast))
    first = cell.backward(dy, dlast, cache)
    assert_same(cache, cache_before)
    assert_same((dy, dlast), given_before)
    assert_same(arrays, before)
    assert_same(first, cell.backward(dy, dlast, cache))


@pytest.mark.parametrize(("N", "T"), [(1, 3), (3, 1), (1, 1)])
@each_cell
def test_outputs_share_no_memory_with_the_cache(cell, N, T):
    arrays = cell.arrays(np.random.default_rng(9), N, T)
    y, last, cache = cell.forward(arrays)
    for array in cache:
        if isinstance(array, np.ndarray):
            assert not any(np.shares_memory(array, output) for output in (y, *last))


@each_cell
def test_float32_stays_and_types_are_promoted_together(cell):
    rng = np.random.default_rng(10)
    arrays = cell.arrays(rng, dtype="float32")
    mask_h = np.full((4, 3), 2, dtype="float32")
    wide = cell.arrays(np.random.default_rng(10))
    y_wide, _, cache_wide = cell.forward(wide, LENGTHS, mask_h)
    y, last, cache = cell.forward(arrays, LENGTHS, mask_h)
    y_loop, last_loop, _ = cell.loop_forward(arrays, LENGTHS, mask_h)
    assert {a.dtype for a in (y, *last, y_loop, *last_loop)} == {np.dtype("float32")}
    np.testing.assert_allclose(y, y_wide, rtol=1e-4, atol=1e-4)
    dy, dlast = cotangents(rng, y, last)
    wide_gradients = cell.backward(dy, dlast, cache_wide)
    gradients = cell.backward(dy.astype("float32"), tuple(d.astype("float32") for d in dlast), cache)
    for name, gradient in gradients.items():
        assert gradient.dtype == np.float32, name
        scale = abs(wide_gradients[name]).max()
        np.testing.assert_allclose(gradient, wide_gradients[name], rtol=1e-3, atol=1e-4 * scale, err_msg=name)
    for name in arrays:
        y, last, _ = cell.forward({**arrays, name: wide[name]})
        assert {a.dtype for a in (y, *last)} == {np.dtype("float64")}, name


@each_cell
def test_extreme_inputs_stay_finite_without_a_warning(cell):
    arrays = cell.arrays(np.random.default_rng(11), dtype="float32")
    arrays["x"] *= 1e4
    with np.errstate(all="raise", under="ignore"):
        y, last, cache = cell.forward(arrays, LENGTHS)
        gradients = cell.backward(np.ones_like(y), tuple(np.ones_like(part) for part in last), cache)
    assert all(np.isfinite(a).all() for a in (y, *last, *gradients.values()))
