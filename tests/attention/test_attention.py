"""Attention layers and the decoder: against the plain loop, lengths on both sides, one query at a time, memory, errors."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from scratchnn.attention import (
    SCORES,
    AdditiveAttention,
    AttentionDecoder,
    DotAttention,
    GeneralAttention,
    make_attention,
)
from scratchnn.attention.plain_loop import attention_loop_backward, attention_loop_forward
from scratchnn.core.nested import flatten
from scratchnn.errors import DataError, ShapeError
from scratchnn.recurrent import GRU, LSTM, Stacked
from scratchnn.recurrent.cells import CELLS, make_cell

N, T, S, Q, A, D = 5, 4, 6, 3, 7, 2
LENGTHS, MEMORY_LENGTHS = np.array([4, 0, 2, 3, 1]), np.array([6, 3, 0, 1, 4])
every_score = pytest.mark.parametrize("score", SCORES)
both_ways = pytest.mark.parametrize("feeding", [False, True])


def attention_of(score, C=Q, seed=0):
    """In float64, every parameter random."""
    layer = make_attention(score, Q, C, A, np.random.default_rng(seed))
    return randomise(layer, seed)


def randomise(layer, seed):
    layer.astype("float64")
    rng = np.random.default_rng(seed + 1)
    for parameter in layer.parameters():
        parameter.data = 0.6 * rng.standard_normal(parameter.shape)
    return layer


def arrays(seed=2, C=Q):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, T, Q)), rng.standard_normal((N, S, C)), rng.standard_normal((N, T, C))


def beyond(lengths, steps):
    return np.arange(steps) >= lengths[:, None]


# --- the plain loop --------------------------------------------------------------------------------------------------


@every_score
def test_all_queries_at_once_equal_the_plain_loop(score):
    layer = attention_of(score)
    q, m, dc = arrays()
    keys, v, queries = m, None, q
    if score != "dot":
        keys = m @ layer.key.W.data
    if score == "additive":
        keys, v, queries = keys + layer.key.b.data, layer.v.data, q @ layer.U.data
    c, cache = attention_loop_forward(queries, keys, m, v, LENGTHS.tolist(), MEMORY_LENGTHS.tolist())
    np.testing.assert_allclose(layer.forward(q, m, LENGTHS, MEMORY_LENGTHS), c, atol=1e-12)
    dq, dk, dm, dv = attention_loop_backward(dc, cache)
    found_q, found_m = layer.backward(dc)
    np.testing.assert_allclose(found_q, dq if score != "additive" else dq @ layer.U.data.T, atol=1e-12)
    np.testing.assert_allclose(found_m, dm + (dk if score == "dot" else dk @ layer.key.W.data.T), atol=1e-12)
    if score == "additive":
        np.testing.assert_allclose(layer.v.grad, dv, atol=1e-12)
    assert layer.pending() == 0


@every_score
def test_padding_is_not_read_on_either_side(score):
    layer = attention_of(score, C=3)
    q, m, dc = arrays(C=3)
    c = layer.forward(q, m, LENGTHS, MEMORY_LENGTHS)
    gradients = layer.backward(dc)
    q[beyond(LENGTHS, T)], dc[beyond(LENGTHS, T)], m[beyond(MEMORY_LENGTHS, S)] = np.nan, np.nan, np.inf
    np.testing.assert_array_equal(layer.forward(q, m, LENGTHS, MEMORY_LENGTHS), c)
    for found, expected in zip(layer.backward(dc), gradients, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert (c[beyond(LENGTHS, T)] == 0).all()
    assert (c[2] == 0).all()  # nothing to read
    assert (gradients[0][beyond(LENGTHS, T)] == 0).all()
    assert (gradients[1][beyond(MEMORY_LENGTHS, S)] == 0).all()
    assert np.abs(c[0]).min() > 0


@every_score
def test_weights_are_a_distribution_over_the_real_steps(score):
    layer = attention_of(score)
    q, m, _ = arrays()
    c, a = layer.evaluate().attend(q, layer.prepare(m, MEMORY_LENGTHS))
    assert (a[beyond(MEMORY_LENGTHS, S)[:, None].repeat(T, axis=1)] == 0).all()
    np.testing.assert_allclose(a.sum(axis=2), np.repeat(MEMORY_LENGTHS[:, None] > 0, T, axis=1), atol=1e-12)
    np.testing.assert_allclose(a[3, :, 0], 1)  # one step only
    np.testing.assert_allclose(a @ m, c, atol=1e-12)


@every_score
def test_one_query_at_a_time_gives_the_same_gradients(score):
    layer = attention_of(score)
    q, m, dc = arrays()
    c = layer.forward(q, m, None, MEMORY_LENGTHS)
    expected = layer.backward(dc)
    gradients = {name: parameter.grad.copy() for name, parameter in layer.named_parameters().items()}
    layer.clear_gradients()
    memory = layer.prepare(m, MEMORY_LENGTHS)
    for t in range(T):
        np.testing.assert_allclose(layer.attend(q[:, t : t + 1], memory)[0][:, 0], c[:, t], atol=1e-12)
    dm = dk = 0
    for t in reversed(range(T)):
        dq, (dm_step, dk_step) = layer.attend_backward(dc[:, t : t + 1])
        np.testing.assert_allclose(dq[:, 0], expected[0][:, t], atol=1e-12)
        dm, dk = dm + dm_step, dk + dk_step
    np.testing.assert_allclose(layer.prepare_backward((dm, dk)), expected[1], atol=1e-12)
    for name, parameter in layer.named_parameters().items():
        np.testing.assert_allclose(parameter.grad, gradients[name], atol=1e-12)


def test_large_scores_do_not_overflow():
    layer = DotAttention(Q, Q)
    q, m, _ = arrays()
    with np.errstate(all="raise", under="ignore"):
        c = layer.forward(1e4 * q, 1e4 * m, LENGTHS, MEMORY_LENGTHS)
    assert np.isfinite(c).all()


def test_float32_stays_float32():
    for score in SCORES:
        layer = make_attention(score, Q, Q, A, np.random.default_rng(0))
        q, m, dc = (array.astype(np.float32) for array in arrays())
        assert layer.forward(q, m, LENGTHS, MEMORY_LENGTHS).dtype == np.float32
        assert [gradient.dtype for gradient in layer.backward(dc)] == [np.float32] * 2


# --- memory ----------------------------------------------------------------------------------------------------------


def peak(T, N=16, S=30, H=64):
    """Bytes at the peak of a forward and a backward pass with T queries."""
    rng = np.random.default_rng(0)
    layer = AdditiveAttention(H, H, H, rng=rng)
    q, m, dc = (rng.standard_normal((N, steps, H)).astype(np.float32) for steps in (T, S, T))
    tracemalloc.start()
    layer.forward(q, m)
    layer.backward(dc)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_memory_of_additive_attention_grows_with_the_number_of_queries():
    N, S, H = 16, 30, 64
    assert peak(80) < 2.2 * peak(40)
    assert peak(80) < N * 80 * S * H * 4 / 4  # far below one array (N, T, S, A) of float32


# --- the decoder -----------------------------------------------------------------------------------------------------


def decoder_of(score="general", feeding=True, cells=None, seed=0):
    rng = np.random.default_rng(seed)
    cells = cells or GRU(D, Q, rng=rng)
    layer = AttentionDecoder(cells, make_attention(score, Q, Q, A, rng), A, input_feeding=feeding, rng=rng)
    return randomise(layer, seed)


@both_ways
@pytest.mark.parametrize("cell", CELLS)
def test_decoder_step_by_step(cell, feeding):
    """Its equations with a layer that reads [x_t, f_{t-1}], one step and one sequence at a time."""
    decoder = decoder_of(feeding=feeding, cells=make_cell(cell, D, Q, np.random.default_rng(9)))
    rng = np.random.default_rng(3)
    x, m = rng.standard_normal((N, T, D)), rng.standard_normal((N, S, Q))
    plain, attention, W = make_cell(cell, D + A * feeding, Q, rng).astype("float64"), decoder.attention, decoder.combine
    for name, parameter in decoder.cells.named_parameters().items():
        plain.named_parameters()[name].data = parameter.data
    if feeding:
        plain.Wx.data = np.concatenate([decoder.cells.Wx.data, decoder.Wf.data])
    memory = attention.prepare(m, MEMORY_LENGTHS)
    y, state = decoder.forward(x, memory, decoder.zero_state(x), LENGTHS)
    for n in range(N):
        last, f = plain.zero_state(x[:1, 0]), np.zeros((1, A))
        keep = m[n : n + 1, : MEMORY_LENGTHS[n]]
        for t in range(LENGTHS[n]):
            now = np.concatenate([x[n : n + 1, t], f], axis=1) if feeding else x[n : n + 1, t]
            h, last = plain.forward(now[:, None], last)
            c = attention.forward(h, keep)[:, 0]
            f = np.tanh(np.concatenate([h[:, 0], c], axis=1) @ W.W.data + W.b.data)
            np.testing.assert_allclose(y[n, t], f[0], atol=1e-12)
        for found, expected in zip(flatten(state[0] if feeding else state), flatten(last), strict=True):
            np.testing.assert_allclose(found[n], expected[0], atol=1e-12)
        if feeding:
            np.testing.assert_allclose(state[1][n], f[0], atol=1e-12)
    assert (y[beyond(LENGTHS, T)] == 0).all()


@both_ways
@every_score
def test_two_halves_with_the_state_carried_over_equal_the_whole(score, feeding):
    decoder = decoder_of(score, feeding)
    rng = np.random.default_rng(4)
    x, m, dy = rng.standard_normal((N, T, D)), rng.standard_normal((N, S, Q)), rng.standard_normal((N, T, A))
    memory = decoder.attention.prepare(m, MEMORY_LENGTHS)
    whole, last = decoder.forward(x, memory, decoder.zero_state(x))
    dx, (dm, dk), dfirst = decoder.backward(dy)
    first, state = decoder.forward(x[:, :1], memory, decoder.zero_state(x))
    second, state = decoder.forward(x[:, 1:], memory, state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-12)
    for found, expected in zip(flatten(state), flatten(last), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)
    dx2, (dm2, dk2), dstate = decoder.backward(dy[:, 1:])
    dx1, (dm1, dk1), dstate = decoder.backward(dy[:, :1], dstate)
    np.testing.assert_allclose(np.concatenate([dx1, dx2], axis=1), dx, atol=1e-12)
    np.testing.assert_allclose(dm1 + dm2, dm, atol=1e-12)
    np.testing.assert_allclose(dk1 + dk2, dk, atol=1e-12)
    for found, expected in zip(flatten(dstate), flatten(dfirst), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


@both_ways
def test_rows_of_one_source_share_its_memory(feeding):
    """Three rows for each of N sources, one after the other, without a copy of the memory for each."""
    decoder = decoder_of(feeding=feeding).evaluate()
    rng = np.random.default_rng(5)
    m, x = rng.standard_normal((N, S, Q)), rng.standard_normal((3 * N, T, D))
    shared = decoder.forward(x, decoder.attention.prepare(m, MEMORY_LENGTHS), decoder.zero_state(x))[0]
    copied = decoder.attention.prepare(m.repeat(3, axis=0), MEMORY_LENGTHS.repeat(3))
    np.testing.assert_allclose(shared, decoder.forward(x, copied, decoder.zero_state(x))[0], atol=1e-12)


def test_stacked_cells():
    rng = np.random.default_rng(0)
    decoder = decoder_of(feeding=False, cells=Stacked([LSTM(D, 4, rng=rng), GRU(4, Q, rng=rng)]))
    x, m = np.ones((N, T, D)), np.ones((N, S, Q))
    y, state = decoder.forward(x, decoder.attention.prepare(m), decoder.zero_state(x), LENGTHS)
    assert (y.shape, len(state)) == ((N, T, A), 2)


@both_ways
def test_backward_twice_gives_twice_the_gradients(feeding):
    decoder = decoder_of("additive", feeding)
    rng = np.random.default_rng(6)
    x, m, dy = rng.standard_normal((N, T, D)), rng.standard_normal((N, S, Q)), rng.standard_normal((N, T, A))
    found = []
    for _ in range(2):
        memory = decoder.attention.prepare(m, MEMORY_LENGTHS)
        decoder.forward(x, memory, decoder.zero_state(x), LENGTHS)
        decoder.attention.prepare_backward(decoder.backward(dy)[1])
        found.append({name: parameter.grad.copy() for name, parameter in decoder.named_parameters().items()})
    for name, gradient in found[0].items():
        np.testing.assert_allclose(found[1][name], 2 * gradient, atol=1e-12, err_msg=name)


@both_ways
@pytest.mark.parametrize(("rows", "steps"), [(N, 0), (0, T), (0, 0)])
def test_no_step_or_no_sequence_at_all(feeding, rows, steps):
    decoder = decoder_of(feeding=feeding)
    x = np.zeros((rows, steps, D))
    m = np.ones((rows, S, Q))
    y, last = decoder.forward(x, decoder.attention.prepare(m), decoder.zero_state(x))
    assert y.shape == (rows, steps, A)
    dx, dmemory, _ = decoder.backward(y, last)
    assert dx.shape == x.shape
    dm = decoder.attention.prepare_backward(dmemory)
    assert dm.shape == m.shape
    assert not dm.any()


def decode(rows, lengths):
    """So many rows that read three memories."""
    decoder = decoder_of()
    x = np.ones((rows, T, D))
    return decoder.forward(x, decoder.attention.prepare(np.ones((3, S, Q))), decoder.zero_state(x), lengths)


# --- errors ----------------------------------------------------------------------------------------------------------


def test_repr():
    assert repr(GeneralAttention(3, 4, rng=np.random.default_rng(0))) == "GeneralAttention(3, 4)"


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (
            ShapeError,
            "DotAttention: queries have size 3, the memory 4; make them equal, or use",
            lambda: DotAttention(3, 4),
        ),
        (
            DataError,
            "unknown attention 'cosine'; choose one of dot, general",
            lambda: make_attention("cosine", 3, 3, 3, None),
        ),
        (
            ShapeError,
            "DotAttention: 2 sequences of queries have 3 memories; each needs one",
            lambda: DotAttention(1, 1).forward(np.ones((2, 3, 1)), np.ones((3, 3, 1))),
        ),
        (
            ShapeError,
            r"DotAttention: input must be \(N, T, D\), got shape \(2, 1\)",
            lambda: DotAttention(1, 1).forward(np.ones((2, 1)), np.ones((2, 3, 1))),
        ),
        (
            DataError,
            "DotAttention: lengths must be between 0 and T = 3, got 1 to 4",
            lambda: DotAttention(1, 1).forward(np.ones((2, 3, 1)), np.ones((2, 3, 1)), memory_lengths=[4, 1]),
        ),
        (
            ShapeError,
            "AttentionDecoder: the cells' outputs have size 5, the queries 3",
            lambda: decoder_of(cells=GRU(D, 5, rng=np.random.default_rng(0))),
        ),
        (
            ShapeError,
            "AttentionDecoder: 4 sequences read 3 memories; give each sequence one, or, without lengths, the same number",
            lambda: decode(4, None),
        ),
        (ShapeError, "AttentionDecoder: 6 sequences read 3 memories; give each sequence one", lambda: decode(6, [T] * 6)),
        (
            DataError,
            "AttentionDecoder: input feeding runs one recurrent layer step by step, not a Stacked layer; use one layer",
            lambda: decoder_of(cells=Stacked([GRU(D, Q, rng=np.random.default_rng(0))])),
        ),
    ],
)
def test_errors_are_one_line(error, message, call):
    with pytest.raises(error, match=f"^{message}") as caught:
        call()
    assert "\n" not in str(caught.value)
