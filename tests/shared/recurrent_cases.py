"""All recurrent cells behind one interface, all layers, and the complex step, for the tests of ``scratchnn.recurrent``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from scratchnn import recurrent as R
from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional, LSTMPeephole, Stacked

STEP = 1e-20
LENGTHS = np.array([2, 0, 5, 3])  # for N = 4, T = 5: unsorted, one empty, one full


@dataclass(frozen=True)
class Cell:
    """One cell: its step pair, and its whole-sequence pair with arrays by name. Gradients: ``x, *states, *weights``."""

    blocks: int
    states: tuple[str, ...]
    weights: tuple[str, ...]
    step: Callable
    step_backward: Callable
    run: Callable
    run_backward: Callable

    @property
    def names(self):
        return ("x", *self.states, *self.weights)

    def arrays(self, rng, N=4, T=5, D=3, H=3, dtype="float64"):
        """Random inputs, first states and weights; nothing is zero."""
        B = self.blocks
        shapes = {"x": (N, T, D), "h0": (N, H), "c0": (N, H)}
        shapes |= {"Wx": (D, B * H), "Wh": (H, B * H), "b": (B * H,), "bh": (H,), "p": (3, H)}
        return {name: rng.standard_normal(shapes[name]).astype(dtype) for name in self.names}

    def forward(self, arrays, lengths=None, mask_h=None):
        """Outputs, tuple of final states, cache."""
        y, last, cache = self.run(arrays, lengths, mask_h)
        return y, last if isinstance(last, tuple) else (last,), cache

    def loop_forward(self, arrays, lengths=None, mask_h=None):
        """The same from the plain loop over the step; the cache is a list."""
        states, weights = ([arrays[name] for name in names] for names in (self.states, self.weights))
        options = {} if mask_h is None else {"mask_h": mask_h}
        return R.loop_forward(self.step, arrays["x"], tuple(states), weights, lengths, **options)

    def loop_backward(self, dy, dlast, caches):
        """Gradients by name, from the plain loop over the step."""
        dx, dstates, dweights = R.loop_backward(self.step_backward, dy, dlast, caches)
        return dict(zip(self.names, [dx, *dstates, *dweights], strict=True))

    def backward(self, dy, dlast, cache):
        """Gradients by name."""
        return dict(zip(self.names, self.run_backward(dy, dlast if len(dlast) > 1 else dlast[0], cache), strict=True))


def plain(step, step_backward, forward, backward, blocks, states=("h0",), more_weights=(), **fixed):
    """A cell of the package."""
    return Cell(
        blocks,
        states,
        ("Wx", "Wh", "b", *more_weights),
        partial(step, **fixed),
        step_backward,
        lambda a, lengths, mask_h: forward(*a.values(), lengths=lengths, mask_h=mask_h, **fixed),
        backward,
    )


RNN_PAIRS = (R.rnn_step, R.rnn_step_backward, R.rnn_forward, R.rnn_backward)
CELLS = {
    "rnn-tanh": plain(*RNN_PAIRS, blocks=1),
    "rnn-relu": plain(*RNN_PAIRS, blocks=1, activation="relu"),
    "gru-simplified": plain(
        R.gru_simplified_step,
        R.gru_simplified_step_backward,
        R.gru_simplified_forward,
        R.gru_simplified_backward,
        blocks=2,
    ),
    "gru-reset-before": plain(
        R.gru_reset_before_step,
        R.gru_reset_before_step_backward,
        R.gru_reset_before_forward,
        R.gru_reset_before_backward,
        blocks=3,
    ),
    "gru-reset-after": plain(
        R.gru_reset_after_step,
        R.gru_reset_after_step_backward,
        R.gru_reset_after_forward,
        R.gru_reset_after_backward,
        blocks=3,
        more_weights=("bh",),
    ),
    "lstm": plain(R.lstm_step, R.lstm_step_backward, R.lstm_forward, R.lstm_backward, blocks=4, states=("h0", "c0")),
    "lstm-peephole": plain(
        R.lstm_peephole_step,
        R.lstm_peephole_step_backward,
        R.lstm_peephole_forward,
        R.lstm_peephole_backward,
        blocks=4,
        states=("h0", "c0"),
        more_weights=("p",),
    ),
}
each_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())

# --- layers ----------------------------------------------------------------------------------------------------------

N, T, D, H = 4, 5, 2, 3


def rng(seed=0):
    return np.random.default_rng(seed)


def bidirectional(merge="concat", **options):
    return Bidirectional(LSTM(D, H, rng=rng(1), **options), GRU(D, H, rng=rng(2), **options), merge)


def stacked(**options):
    return Stacked([RNN(D, 4, rng=rng(1)), LSTM(4, H, rng=rng(2), **options)], dropout=0.3, rng=rng(3))


def deep(**options):
    """A stack of bidirectional layers, one of them made of stacks."""
    inner = [Stacked([GRU(4, 2, rng=rng(k)), RNN(2, H, rng=rng(k + 1), **options)]) for k in (1, 3)]
    return Stacked([Bidirectional(RNN(D, 2, rng=rng(5)), LSTM(D, 2, rng=rng(6))), Bidirectional(*inner)], 0.3, rng(7))


def single(cell, **fixed):
    return lambda **options: cell(D, H, rng=rng(1), **fixed, **options)


MAKERS = {
    "rnn-tanh": single(RNN),
    "rnn-relu": single(RNN, activation="relu"),
    "gru-simplified": single(GRU, form="simplified"),
    "gru-reset-before": single(GRU, form="reset_before"),
    "gru-reset-after": single(GRU),
    "lstm": single(LSTM),
    "lstm-peephole": single(LSTMPeephole),
    "rnn-dropouts": single(RNN, dropout=0.4, recurrent_dropout=0.4),
    "gru-dropouts": single(GRU, dropout=0.4, recurrent_dropout=0.4),
    "lstm-dropouts": single(LSTM, dropout=0.4, recurrent_dropout=0.4),
    "bidirectional": bidirectional,
    "bidirectional-sum": lambda **options: bidirectional("sum", **options),
    "stacked": stacked,
    "deep": deep,
}
each_layer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def randomised(layer):
    """The layer in float64, every parameter random, no bias zero."""
    layer.astype("float64")
    draw = rng(9)
    for parameter in layer.parameters():
        parameter.data = 0.7 * draw.standard_normal(parameter.shape)
    return layer


def flat(state):
    """The arrays of nested states from left to right."""
    return [a for part in state for a in flat(part)] if isinstance(state, tuple) else [state]


def fill(state, arrays):
    """States of the form of ``state`` made of ``arrays``, an iterator."""
    return tuple(fill(part, arrays) for part in state) if isinstance(state, tuple) else next(arrays)


def random_state(layer, x, seed):
    draw = rng(seed)
    zeros = layer.zero_state(x)
    return fill(zeros, iter([draw.standard_normal(a.shape) for a in flat(zeros)]))


# --- tools -----------------------------------------------------------------------------------------------------------


def complex_step(loss, arrays):
    """Gradient of ``loss(arrays)``, which returns a complex number, entry by entry."""
    found = {}
    for name, array in arrays.items():
        gradient = np.empty(array.shape)
        for index in np.ndindex(*array.shape):
            moved = array.astype(complex)
            moved[index] += STEP * 1j
            gradient[index] = loss({**arrays, name: moved}).imag / STEP
        found[name] = gradient
    return found


def relative_error(a, n):
    """Largest |a - n| / max(|a|, |n|, max|a| / 1000); infinite for a gradient that is zero everywhere."""
    if not a.any():
        return np.inf
    return float((abs(a - n) / np.maximum(np.maximum(abs(a), abs(n)), abs(a).max() / 1000)).max())


def copies(structure):
    """The same structure with every array copied."""
    if isinstance(structure, dict):
        return {key: copies(value) for key, value in structure.items()}
    if isinstance(structure, tuple | list):
        return tuple(copies(part) for part in structure)
    return structure.copy() if isinstance(structure, np.ndarray) else structure


def assert_same(left, right):
    """Equal to the bit, arrays in nested dicts and tuples."""
    if isinstance(left, dict):
        left, right = tuple(left.values()), tuple(right.values())
    if isinstance(left, tuple | list):
        for a, b in zip(left, right, strict=True):
            assert_same(a, b)
    else:
        np.testing.assert_array_equal(left, right)
