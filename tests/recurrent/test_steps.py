"""Packed rows: a batch of sequences of unequal lengths without padding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.backend import BufferPool
from scratchnn.recurrent import GRU, LSTM, RNN, LSTMPeephole
from scratchnn.recurrent.steps import Steps
from scratchnn.recurrent.tuning import pieces

CELLS = {
    "rnn": RNN,
    "gru-simplified": lambda *sizes, **options: GRU(*sizes, form="simplified", **options),
    "gru-reset-before": lambda *sizes, **options: GRU(*sizes, form="reset_before", **options),
    "gru-reset-after": lambda *sizes, **options: GRU(*sizes, form="reset_after", **options),
    "lstm": LSTM,
    "lstm-peephole": LSTMPeephole,
}


def batches():
    """T, and the lengths of the sequences of a batch."""
    return st.integers(0, 5).flatmap(lambda T: st.tuples(st.just(T), st.lists(st.integers(0, T), max_size=6)))


def made(T, lengths, D=2):
    x = np.random.default_rng(0).standard_normal((len(lengths), T, D))
    return x, Steps(x, np.array(lengths, dtype=int))


@settings(max_examples=60, deadline=None)
@given(batches())
def test_rows_are_the_real_steps_longest_sequence_first(batch):
    T, lengths = batch
    x, steps = made(T, lengths)
    order = sorted(range(len(lengths)), key=lambda n: -lengths[n])
    expected = [x[n, t] for t in range(T) for n in order if t < lengths[n]]
    rows = steps.pack(x, BufferPool().lease(), ones=1)
    assert steps.P == sum(lengths) == len(rows)
    assert np.array_equal(rows[:, :-1], np.reshape(expected, (-1, 2)))
    assert (rows[:, -1] == 1).all()
    assert [step.N_t for step in steps] == [sum(n > t for n in lengths) for t in range(max(lengths, default=0))]


@settings(max_examples=60, deadline=None)
@given(batches())
def test_unpacked_rows_are_the_batch_with_zeros_for_its_padding(batch):
    T, lengths = batch
    x, steps = made(T, lengths)
    real = (np.arange(T) < np.array(lengths, dtype=int)[:, None])[:, :, None]
    assert np.array_equal(steps.unpack(steps.pack(x, BufferPool().lease())), np.where(real, x, 0))


@settings(max_examples=60, deadline=None)
@given(batches())
def test_states_before_and_last(batch):
    """States (sequence number, number of steps so far)."""
    T, lengths = batch
    _, steps = made(T, lengths)
    N = len(lengths)
    states = np.full((N + steps.P, 2), -1)
    states[:N] = steps.sort(np.column_stack([np.arange(N), np.zeros(N, dtype=int)]))
    for step in steps:
        states[step.after] = states[step.before] + [0, 1]
    assert np.array_equal(states[N:] - steps.states_before(states), np.tile([0, 1], (steps.P, 1)))
    assert np.array_equal(steps.states_last(states), np.reshape(list(enumerate(lengths)), (-1, 2)))
    assert np.array_equal(steps.unsort(steps.sort(states[:N])), states[:N])


@settings(max_examples=60, deadline=None)
@given(batches(), st.integers(1, 400))
def test_pieces_cover_all_steps_backwards(batch, row_bytes):
    T, lengths = batch
    _, steps = made(T, lengths)
    found = []
    for rows, N_t, piece in pieces(steps, np.zeros((steps.P, row_bytes), dtype=np.uint8)):
        assert piece == [(k, slice(rows.start + k * N_t, rows.start + (k + 1) * N_t)) for k in reversed(range(len(piece)))]
        assert rows.stop - rows.start == len(piece) * N_t
        assert 2 * len(piece) <= len(steps.steps) + 1
        found += [step_rows for _, step_rows in piece]
    assert found == [step.rows for step in reversed(steps)]


@pytest.mark.parametrize("cell", CELLS)
def test_padding_is_never_read(cell):
    """NaN in x and dy beyond the end of a sequence changes nothing."""
    rng = np.random.default_rng(1)
    lengths = np.array([2, 4, 0, 3])
    padded = np.arange(4) >= lengths[:, None]
    x, dy = rng.standard_normal((4, 4, 3)), rng.standard_normal((4, 4, 5))
    found = []
    for fill in (0, np.nan):
        x[padded], dy[padded] = fill, fill
        layer = CELLS[cell](3, 5, rng=np.random.default_rng(2))
        y, state = layer.forward(x, None, lengths)
        dx, dstate = layer.backward(dy)
        parts = [*(state if isinstance(state, tuple) else [state]), *(dstate if isinstance(dstate, tuple) else [dstate])]
        found.append([y, dx, *parts, *(parameter.grad for parameter in layer.parameters())])
    assert all(np.array_equal(zero, nan) for zero, nan in zip(*found, strict=True))
