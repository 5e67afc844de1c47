"""RNN, GRU and LSTM, stacked and in both directions, against PyTorch: outputs, final states and every gradient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional, Stacked

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

MAKE = {
    "rnn-tanh": lambda D, H: RNN(D, H, rng=np.random.default_rng(0)),
    "rnn-relu": lambda D, H: RNN(D, H, rng=np.random.default_rng(0), activation="relu"),
    "gru": lambda D, H: GRU(D, H, rng=np.random.default_rng(0)),
    "lstm": lambda D, H: LSTM(D, H, rng=np.random.default_rng(0)),
}
TORCH = {
    "rnn-tanh": torch.nn.RNN,
    "rnn-relu": lambda *sizes, **options: torch.nn.RNN(*sizes, nonlinearity="relu", **options),
    "gru": torch.nn.GRU,
    "lstm": torch.nn.LSTM,
}
BLOCKS = {"rnn-tanh": [0], "rnn-relu": [0], "gru": [1, 0, 2], "lstm": [3, 0, 1, 2]}  # ours, as positions in PyTorch's
each_cell = pytest.mark.parametrize("cell", MAKE)


def blocks(array, cell):
    """PyTorch's rows of gates (its r, z, n; i, f, g, o) in our order (z, r, n; o, i, f, g)."""
    parts = np.split(array, len(BLOCKS[cell]), axis=0)
    return np.concatenate([parts[k] for k in BLOCKS[cell]], axis=0)


def torch_arrays(model, suffix, values):
    """The four arrays of one PyTorch layer and direction: their values or their gradients."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    parameters = [getattr(model, f"{name}_{suffix}") for name in names]
    return [(p.detach() if values else p.grad).numpy() for p in parameters]


def copy_weights(layer, model, suffix, cell):
    """Copy the weights of a PyTorch layer into one of our layers."""
    W_ih, W_hh, b_ih, b_hh = (blocks(array, cell) for array in torch_arrays(model, suffix, values=True))
    layer.Wx.data, layer.Wh.data = W_ih.T.copy(), W_hh.T.copy()
    if cell == "gru":  # gates: only the sum of the two biases matters; candidate: two biases
        H = layer.units
        layer.b.data = b_ih + np.where(np.arange(3 * H) < 2 * H, b_hh, 0)
        layer.bh.data = b_hh[2 * H :].copy()
    else:
        layer.b.data = b_ih + b_hh


def same(ours, theirs):
    """Equal to 1e-10, relative to the largest entry."""
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else theirs
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10 * max(1, abs(theirs).max(initial=0)))


def same_gradients(layer, model, suffix, cell):
    W_ih, W_hh, b_ih, b_hh = (blocks(array, cell) for array in torch_arrays(model, suffix, values=False))
    same(layer.Wx.grad, W_ih.T)
    same(layer.Wh.grad, W_hh.T)
    same(layer.b.grad, b_ih)
    if cell == "gru":
        H = layer.units
        same(layer.b.grad[: 2 * H], b_hh[: 2 * H])  # the gates' second biases have the same gradient
        same(layer.bh.grad, b_hh[2 * H :])
    else:
        same(layer.b.grad, b_hh)


def check(cell, seed, N, T, D, H, layers=1, both=False, packed=False):
    """One random model and batch through both libraries."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = TORCH[cell](D, H, num_layers=layers, bidirectional=both, batch_first=True).double()
    directions = 2 if both else 1
    ours = []  # one list of layers per level, forward layer first
    for k in range(layers):
        size = D if k == 0 else directions * H
        ours.append([MAKE[cell](size, H) for _ in range(directions)])
        for layer, suffix in zip(ours[k], ("", "_reverse"), strict=False):
            copy_weights(layer, model, f"l{k}{suffix}", cell)
    levels = [Bidirectional(*pair) if both else pair[0] for pair in ours]
    layer = Stacked(levels) if layers > 1 else levels[0]

    def state_from(arrays):
        """PyTorch's (layers * directions, N, H), once or twice, as our nested states."""
        parts = [tuple(a[k] for a in arrays) if cell == "lstm" else arrays[0][k] for k in range(layers * directions)]
        pairs = list(zip(parts[::2], parts[1::2], strict=True)) if both else parts
        return tuple(pairs) if layers > 1 else pairs[0]

    def flat(state):
        return [a for part in state for a in flat(part)] if isinstance(state, tuple) else [state]

    x = rng.standard_normal((N, T, D))
    first, dlast = ([rng.standard_normal((layers * directions, N, H)) for _ in range(1 + (cell == "lstm"))] for _ in "ab")
    lengths = rng.integers(1, T + 1, N) if packed else None
    tx = torch.tensor(x, requires_grad=True)
    tfirst = [torch.tensor(a, requires_grad=True) for a in first]
    given_to_torch = tx
    if packed:
        given_to_torch = torch.nn.utils.rnn.pack_padded_sequence(tx, torch.tensor(lengths), True, enforce_sorted=False)
    ty, tlast = model(given_to_torch, tuple(tfirst) if cell == "lstm" else tfirst[0])
    if packed:
        ty, _ = torch.nn.utils.rnn.pad_packed_sequence(ty, batch_first=True, total_length=T)
    tlast = list(tlast) if cell == "lstm" else [tlast]

    y, last = layer.forward(x, state_from(first), lengths)
    same(y, ty)
    for a, b in zip(flat(last), flat(state_from(tlast)), strict=True):
        same(a, b)

    dy = rng.standard_normal(y.shape)
    total = (ty * torch.tensor(dy)).sum()
    for a, b in zip(tlast, dlast, strict=True):
        total = total + (a * torch.tensor(b)).sum()
    total.backward()
    dx, dfirst = layer.backward(dy, state_from(dlast))
    same(dx, tx.grad)
    for a, b in zip(flat(dfirst), flat(state_from([t.grad for t in tfirst])), strict=True):
        same(a, b)
    for k in range(layers):
        for one, suffix in zip(ours[k], ("", "_reverse"), strict=False):
            same_gradients(one, model, f"l{k}{suffix}", cell)


SIZES = {
    "seed": st.integers(0, 2**31 - 1),
    "N": st.integers(1, 5),
    "T": st.integers(1, 7),
    "D": st.integers(1, 5),
    "H": st.integers(1, 6),
}


@each_cell
@settings(max_examples=20, deadline=None)
@given(**SIZES)
def test_one_layer(cell, **sizes):
    check(cell, **sizes)


@pytest.mark.parametrize("N", [3, 40])  # one on either side of the LSTM's rule for its products
@pytest.mark.parametrize("packed", [False, True])
def test_many_units(N, packed):
    check("lstm", 0, N, T=4, D=5, H=150, packed=packed)


@each_cell
@settings(max_examples=20, deadline=None)
@given(**SIZES, layers=st.integers(2, 3))
def test_stacked(cell, **sizes):
    check(cell, **sizes)


@each_cell
@settings(max_examples=20, deadline=None)
@given(**SIZES, packed=st.booleans())
def test_bidirectional(cell, **sizes):
    check(cell, **sizes, both=True)


@each_cell
@settings(max_examples=20, deadline=None)
@given(**SIZES, packed=st.booleans())
def test_stacked_bidirectional(cell, **sizes):
    check(cell, **sizes, layers=2, both=True)


@each_cell
@settings(max_examples=20, deadline=None)
@given(**SIZES)
def test_packed_lengths(cell, **sizes):
    check(cell, **sizes, packed=True)
