"""Layers one after the other: lengths on their way through layers that change the number of steps, states, gradients."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.core import Layer, Sequential
from scratchnn.layers import Dense, Dropout, GlobalAveragePool1D, GlobalMaxPool1D, Tanh
from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional, Stacked


def rng(seed=0):
    return np.random.default_rng(seed)


class EverySecond(Layer):
    """Steps 0, 2, 4 ... of (N, T, D)."""

    def forward(self, x):
        self.push(x.shape)
        return x[:, ::2]

    def backward(self, dy):
        dx = np.zeros(self.pop(), dtype=dy.dtype)
        dx[:, ::2] = dy
        return dx

    def out_lengths(self, lengths):
        return (lengths + 1) // 2


class Watched(Layer):
    """Passes its input on and remembers the lengths that came with it."""

    takes_lengths = True

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x, lengths=None):
        self.seen.append(None if lengths is None else lengths.tolist())
        return x

    def backward(self, dy):
        return dy


def test_a_layer_leaves_lengths_as_they_are_unless_it_says_otherwise():
    lengths = np.array([3, 1])
    assert Tanh().out_lengths(lengths) is lengths
    assert EverySecond().out_lengths(lengths).tolist() == [2, 1]
    assert not Tanh().takes_lengths
    assert not Tanh().returns_state
    assert GRU(2, 3, rng=rng()).takes_lengths
    assert GRU(2, 3, rng=rng()).returns_state


@pytest.mark.parametrize("lengths", [[5, 4, 0], (5, 4, 0), np.array([5, 4, 0])])
def test_each_layer_gets_the_lengths_of_its_own_input(lengths):
    first, second, third = Watched(), Watched(), Watched()
    model = Sequential(first, Tanh(), EverySecond(), second, Sequential(EverySecond(), Dense(2, 2, rng=rng())), third)
    x = np.ones((3, 5, 2), dtype="float32")
    assert model.forward(x, lengths).shape == (3, 2, 2)
    assert model.forward(x).shape == (3, 2, 2)
    assert first.seen == [[5, 4, 0], None]
    assert second.seen == [[3, 2, 0], None]
    assert third.seen == [[2, 1, 0], None]
    assert model.out_lengths(np.array([5, 4, 0])).tolist() == [2, 1, 0]
    assert np.array_equal(lengths, [5, 4, 0])


def test_a_sequential_inside_another_passes_lengths_on():
    inner = Watched()
    Sequential(Sequential(Tanh(), Sequential(inner))).forward(np.ones((2, 3, 1)), np.array([3, 2]))
    assert inner.seen == [[3, 2]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: RNN(2, 3, rng=rng(1)),
        lambda: Stacked([GRU(2, 4, rng=rng(1)), RNN(4, 3, rng=rng(2))]),
        lambda: Bidirectional(GRU(2, 3, rng=rng(1)), GRU(2, 3, rng=rng(2)), merge="sum"),
    ],
)
def test_recurrent_layers_get_lengths_and_their_states_are_not_passed_on(make):
    """The same as calling the layers by hand; the gradients too."""
    model = Sequential(Dense(2, 2, rng=rng()), EverySecond(), make(), Dense(3, 1, rng=rng(3))).astype("float64")
    twin = Sequential(Dense(2, 2, rng=rng()), EverySecond(), make(), Dense(3, 1, rng=rng(3))).astype("float64")
    x, lengths = rng(4).standard_normal((3, 5, 2)), np.array([5, 3, 2])
    y = model.forward(x, lengths)
    below, stride, recurrent, above = twin.layers
    h, _ = recurrent.forward(stride.forward(below.forward(x)), lengths=np.array([3, 2, 1]))
    np.testing.assert_array_equal(y, above.forward(h))
    dy = rng(5).standard_normal(y.shape)
    dh, _ = recurrent.backward(above.backward(dy))
    np.testing.assert_array_equal(model.backward(dy), below.backward(stride.backward(dh)))
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        np.testing.assert_array_equal(a.grad, b.grad)
    assert model.pending() == 0


def test_padding_does_not_change_what_real_steps_give():
    model = Sequential(EverySecond(), RNN(2, 3, rng=rng(), return_sequences=False))
    x = rng(1).standard_normal((2, 6, 2)).astype("float32")
    padded = x.copy()
    padded[1, 3:] = 100
    np.testing.assert_array_equal(model.forward(x, [6, 3]), model.forward(padded, [6, 3]))


def test_its_repr_has_one_line_per_layer():
    model = Sequential(Dense(2, 3, rng=rng()), Sequential(Tanh(), GRU(3, 4, rng=rng())), Dropout(0.3, rng=rng()))
    assert repr(model) == (
        "Sequential(\n  Dense(2 -> 3)\n  Sequential(\n    Tanh()\n    GRU(3 -> 4)\n  )\n  Dropout(0.3)\n)"
    )
    assert repr(Sequential()) == "Sequential()"


@pytest.mark.parametrize("last", [GlobalMaxPool1D(), GlobalAveragePool1D(), LSTM(3, 3, rng=rng(), return_sequences=False)])
def test_one_output_per_sequence_has_no_lengths(last):
    model = Sequential(last, Dense(3, 2, rng=rng()))
    assert model.out_lengths(np.array([2, 3])) is None
    assert model.forward(np.ones((2, 3, 3), dtype="float32"), [2, 3]).shape == (2, 2)
