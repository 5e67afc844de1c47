"""The pure functions of RNN, GRU and LSTM: one step against the sequence, gradients, lengths, masks, dtypes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_cases import CELLS, LENGTHS, STEP, assert_same, complex_step, copies, relative_error

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

each_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())


def cotangents(rng, y, last):
    return rng.standard_normal(y.shape), tuple(rng.standard_normal(part.shape) for part in last)


@each_cell
def test_step_pair_equals_sequence_pair(cell):
    rng = np.random.default_rng(1)
    arrays = cell.arrays(rng)
    weights = [arrays[name] for name in cell.weights]
    states, outputs, caches = tuple(arrays[name] for name in cell.states), [], []
    for t in range(arrays["x"].shape[1]):
        *states, cache = cell.step(arrays["x"][:, t], states, weights)
        outputs.append(states[0])
        caches.append(cache)
    y, last, sequence_cache = cell.forward(arrays)
    np.testing.assert_allclose(y, np.stack(outputs, axis=1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(last, states, rtol=1e-12, atol=1e-12)

    dy, dlast = cotangents(rng, y, last)
    expected = {name: np.zeros_like(array) for name, array in arrays.items()}
    dstates = dlast
    for t in reversed(range(len(caches))):
        dx, *rest = cell.step_backward(dstates[0] + dy[:, t], *dstates[1:], caches[t])
        dstates, dweights = tuple(rest[: len(cell.states)]), rest[len(cell.states) :]
        expected["x"][:, t] = dx
        for name, gradient in zip(cell.weights, dweights, strict=True):
            expected[name] += gradient
    expected.update(zip(cell.states, dstates, strict=True))
    for name, gradient in cell.backward(dy, dlast, sequence_cache).items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("masked", [False, True], ids=["", "mask"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["", "lengths"])
@each_cell
def test_gradients_by_complex_step(cell, lengths, masked):
    rng = np.random.default_rng(2)
    arrays = cell.arrays(rng)
    mask_h = np.array([[0, 2, 2], [2, 0, 2], [2, 2, 0], [2, 2, 2.0]]) if masked else None
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
def test_what_stands_in_the_padding_does_not_matter(cell):
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
def test_nothing_handed_in_or_cached_is_written_to(cell, N):
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
def test_outputs_are_no_window_into_the_cache(cell, N, T):
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
    y_wide, last_wide, cache_wide = cell.forward(wide, LENGTHS, mask_h)
    y, last, cache = cell.forward(arrays, LENGTHS, mask_h)
    assert {a.dtype for a in (y, *last)} == {np.dtype("float32")}
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


# --- what the files say about the cells ------------------------------------------------------------------------------


@each_cell
def test_a_mask_of_zeros_takes_away_the_recurrent_product_and_not_the_carry(cell):
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


def test_the_three_gru_forms_agree_where_the_reset_gate_is_open():
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


def test_second_bias_is_a_bias_of_its_own_only_beside_the_reset_gate():
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
    with pytest.raises(DataError, match="unknown activation 'sigmoid'.*tanh, relu"):
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
        ("gru-reset-before", (4, 5), 9),
        ("gru-reset-after", (2, 4), 6),
        ("lstm", (2, 4), 6),
    ],
)
def test_matrix_products_are_as_many_as_the_files_say(name, sequence, steps, monkeypatch):
    for plain in (np.empty, np.ascontiguousarray):  # the two calls that would make plain arrays of counted ones
        monkeypatch.setattr(np, plain.__name__, lambda *a, make=plain, **k: make(*a, **k).view(Counted))
    cell, T = CELLS[name], 7
    arrays = {key: array.view(Counted) for key, array in cell.arrays(np.random.default_rng(16), T=T).items()}
    Counted.products = 0
    y, last, cache = cell.forward(arrays)
    cell.backward(y, last, cache)
    assert Counted.products == sequence[0] * T + sequence[1]
    Counted.products = 0
    *states, cache = cell.step(arrays["x"][:, 0], tuple(arrays[k] for k in cell.states), [arrays[k] for k in cell.weights])
    cell.step_backward(*states, cache)
    assert Counted.products == steps
