"""Attention and whole sequence-to-sequence models against PyTorch: the loss and every gradient.

The PyTorch model is the opponent of ``python -m benchmarks seq2seq``, so that both contestants compute the same.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.attention import SCORES, make_attention
from scratchnn.models.seq2seq import Seq2Seq

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

from benchmarks import seq2seq_torch  # noqa: E402  it imports PyTorch

SIZES = st.integers(1, 5)
SEEDS = st.integers(0, 2**32 - 1)
BLOCKS = {"gru": [1, 0, 2], "lstm": [1, 2, 3, 0]}  # PyTorch's r, z, n and i, f, g, o, as positions in ours


def same(ours, theirs):
    """Equal to 1e-10, relative to the largest entry."""
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10 * max(1, abs(theirs).max(initial=0)))


def randomise(layer, rng):
    """float64, and every parameter random."""
    layer.astype("float64")
    for parameter in layer.parameters():
        parameter.data = 0.7 * rng.standard_normal(parameter.shape)
    return layer


# --- the layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", SCORES)
@given(N=SIZES, T=SIZES, S=SIZES, Q=SIZES, A=SIZES, seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_attention(score, N, T, S, Q, A, seed):
    rng = np.random.default_rng(seed)
    C = Q if score == "dot" else int(rng.integers(1, 6))
    layer = randomise(make_attention(score, Q, C, A, rng), rng)
    q, m, dc = rng.standard_normal((N, T, Q)), rng.standard_normal((N, S, C)), rng.standard_normal((N, T, C))
    lengths, memory_lengths = rng.integers(0, T + 1, N), rng.integers(1, S + 1, N)
    weights = {name: torch.tensor(p.data, requires_grad=True) for name, p in layer.named_parameters().items()}
    tq, tm = torch.tensor(q, requires_grad=True), torch.tensor(m, requires_grad=True)
    keys = tm if score == "dot" else tm @ weights["key.W"]
    if score == "additive":
        s = torch.tanh((tq @ weights["U"])[:, :, None] + (keys + weights["key.b"])[:, None]) @ weights["v"]
    else:
        s = tq @ keys.transpose(1, 2)
    padded = torch.arange(S) >= torch.tensor(memory_lengths)[:, None]
    a = torch.softmax(s.masked_fill(padded[:, None], -torch.inf), dim=2)
    real = torch.arange(T) < torch.tensor(lengths)[:, None]
    c = torch.where(real[:, :, None], a @ tm, 0)
    c.backward(torch.tensor(dc))
    same(layer.forward(q, m, lengths, memory_lengths), c)
    for ours, theirs in zip(layer.backward(dc), (tq, tm), strict=True):
        same(ours, theirs.grad)
    for name, parameter in layer.named_parameters().items():
        same(parameter.grad, weights[name].grad)


# --- the whole model -------------------------------------------------------------------------------------------------


def counterparts(model, theirs, cell):
    """The names of our parameters, PyTorch's tensor, and a function from ours, stacked, to theirs or to its last rows."""

    def gated(array):
        return np.concatenate([np.split(array, len(BLOCKS[cell]), axis=-1)[k] for k in BLOCKS[cell]], axis=-1)

    yield "source.W", theirs.source.weight, lambda w: w
    yield "target.W", theirs.target.weight, lambda w: w
    yield "output.b", theirs.bias, lambda b: b
    dense = {"decoder.combine": theirs.combine, "decoder.attention.key": theirs.key}
    dense |= {f"bridge.layers.0.maps.{k}": bridge for k, bridge in enumerate(theirs.bridges)}
    if theirs.attention == "additive":
        yield "decoder.attention.U", theirs.query.weight, lambda w: w.T
        yield "decoder.attention.v", theirs.v, lambda v: v
    for name, layer in dense.items():
        yield f"{name}.W", layer.weight, lambda w: w.T
        if layer.bias is not None:
            yield f"{name}.b", layer.bias, lambda b: b
    layers = {"encoder.forward_layer": (theirs.encoder, "_l0"), "encoder.backward_layer": (theirs.encoder, "_l0_reverse")}
    layers["decoder.cells"] = theirs.decoder, "" if theirs.input_feeding else "_l0"
    for name, (layer, ending) in layers.items():
        fed = " decoder.Wf" if theirs.input_feeding and name == "decoder.cells" else ""  # below Wx, in one array
        yield f"{name}.Wx{fed}", getattr(layer, f"weight_ih{ending}"), lambda w: gated(w).T
        yield f"{name}.Wh", getattr(layer, f"weight_hh{ending}"), lambda w: gated(w).T
        yield f"{name}.b", getattr(layer, f"bias_ih{ending}"), gated
        if cell == "gru":  # PyTorch has a second bias for each gate; only the candidate's is independent of the first
            yield f"{name}.bh", getattr(layer, f"bias_hh{ending}"), lambda b: b


@pytest.mark.parametrize("attention", ["general", "additive"])
@pytest.mark.parametrize("feeding", [False, True])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_whole_model(cell, feeding, attention):
    """A batch of unequal lengths on both sides."""
    rng = np.random.default_rng(7)
    VS, VT, N, S, T = 9, 8, 6, 5, 4
    options = {"embedding_size": 3, "hidden_size": 4, "cell": cell, "attention": attention, "input_feeding": feeding}
    model = randomise(Seq2Seq(VS, VT, **options, bidirectional=True, tied=True, rng=rng), rng)
    theirs = seq2seq_torch.Seq2Seq(VS, VT, **options, dropout=0.0).double()

    ours = model.named_parameters()
    with torch.no_grad():
        for name, tensor in theirs.named_parameters():
            if "bias_hh" in name:
                tensor.zero_()
        for name, tensor, change in counterparts(model, theirs, cell):
            stacked = np.concatenate([ours[part].data for part in name.split()])
            value = torch.tensor(np.ascontiguousarray(change(stacked)))
            tensor[len(tensor) - len(value) :] = value
    source_lengths, lengths = np.array([5, 1, 3, 2, 5, 4]), np.array([2, 4, 1, 3, 4, 2])
    source, inputs, outputs = rng.integers(0, VS, (N, S)), rng.integers(0, VT, (N, T)), rng.integers(0, VT, (N, T))
    loss, count, _ = model.loss((source, source_lengths, inputs, lengths, outputs), None)
    model.backward_loss()
    tensors = [torch.tensor(part) for part in (source, source_lengths, inputs, lengths, outputs)]
    real = torch.arange(T) < tensors[3][:, None]
    their_loss = torch.nn.functional.cross_entropy(theirs(*tensors[:4]), tensors[4][real])
    their_loss.backward()
    assert count == lengths.sum()
    same(loss, their_loss)
    compared = set()
    for name, tensor, change in counterparts(model, theirs, cell):
        gradient = change(np.concatenate([ours[part].dense_gradient() for part in name.split()]))
        theirs_grad = tensor.grad.to_dense() if tensor.grad.is_sparse else tensor.grad
        same(gradient, theirs_grad[len(theirs_grad) - len(gradient) :])
        compared.update(name.split())
    assert compared == set(ours) - {"output.W"}  # which is the table of the target's embedding
