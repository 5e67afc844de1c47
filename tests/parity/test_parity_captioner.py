"""The whole captioner against PyTorch: the loss and every gradient.

The PyTorch model is the opponent of ``python -m benchmarks captioner``, so that both contestants compute the same.
"""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.models.captioner import Captioner

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

from benchmarks import captioner, captioner_torch  # noqa: E402  it imports PyTorch

GATES = [1, 2, 3, 0]  # PyTorch's i, f, g, o, as positions in ours


def gated(array):
    return np.concatenate([np.split(array, 4, axis=-1)[k] for k in GATES], axis=-1)


def counterparts(theirs):
    """The names of our parameters, PyTorch's tensor, and a function from ours, stacked, to theirs."""
    yield "target.W", theirs.embedding.weight, lambda w: w
    convolutions = [layer for layer in theirs.blocks if isinstance(layer, torch.nn.Conv2d)]
    for k, layer in enumerate(convolutions):
        yield f"encoder.blocks.layers.{3 * k}.W", layer.weight, lambda w: w.transpose(3, 2, 0, 1)
        yield f"encoder.blocks.layers.{3 * k}.b", layer.bias, lambda b: b
    dense = {"output": theirs.output} | {f"first.maps.{k}": layer for k, layer in enumerate(theirs.first)}
    cells, fed, ending = "decoder", "", "_l0"
    if theirs.attends:
        cells, fed, ending = "decoder.cells", " decoder.Wf", ""  # Wf is below Wx, in one array
        dense |= {"decoder.combine": theirs.combine, "decoder.attention.key": theirs.key}
        yield "decoder.attention.U", theirs.query.weight, lambda w: w.T
        yield "decoder.attention.v", theirs.v, lambda v: v
    for name, layer in dense.items():
        yield f"{name}.W", layer.weight, lambda w: w.T
        yield f"{name}.b", layer.bias, lambda b: b
    yield f"{cells}.Wx{fed}", getattr(theirs.decoder, f"weight_ih{ending}"), lambda w: gated(w).T
    yield f"{cells}.Wh", getattr(theirs.decoder, f"weight_hh{ending}"), lambda w: gated(w).T
    yield f"{cells}.b", getattr(theirs.decoder, f"bias_ih{ending}"), gated


def same(ours, theirs):
    """Equal to 1e-10, relative to the largest entry."""
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10 * max(1, abs(theirs).max(initial=0)))


@pytest.mark.parametrize("own", captioner.MODELS.values(), ids=captioner.MODELS)
def test_whole_model(own):
    """A batch of unequal lengths; a row and three columns are left over by pooling."""
    rng = np.random.default_rng(7)
    N, T, V = 6, 5, 9
    sizes = {"rows": 9, "columns": 15, "target_size": V, "channels": (3, 4), "embedding_size": 3, "hidden_size": 4}
    model = Captioner(**sizes, **own, rng=rng)
    model.astype("float64")
    for parameter in model.parameters():
        parameter.data = 0.7 * rng.standard_normal(parameter.shape)
    theirs = captioner_torch.Captioner(**sizes, **own).double()
    ours = model.named_parameters()
    with torch.no_grad():
        for name, tensor in theirs.named_parameters():
            if "bias_hh" in name:
                tensor.zero_()
        for name, tensor, change in counterparts(theirs):
            stacked = np.concatenate([ours[part].data for part in name.split()])
            tensor[:] = torch.tensor(np.ascontiguousarray(change(stacked)))
    lengths = np.array([2, 5, 1, 3, 4, 2])
    inputs, outputs = rng.integers(0, V, (N, T)), rng.integers(0, V, (N, T))
    pictures = rng.standard_normal((N, 9, 15, 3))
    loss, count, _ = model.loss((pictures, inputs, lengths, outputs), None)
    model.backward_loss()
    tensors = [torch.tensor(part) for part in (pictures, inputs, lengths, outputs)]
    real = torch.arange(T) < tensors[2][:, None]
    their_loss = torch.nn.functional.cross_entropy(theirs(*tensors[:3]), tensors[3][real])
    their_loss.backward()
    assert count == lengths.sum()
    same(loss, their_loss)
    compared = set()
    for name, tensor, change in counterparts(theirs):
        gradient = change(np.concatenate([ours[part].dense_gradient() for part in name.split()]))
        same(np.ascontiguousarray(gradient), tensor.grad)
        compared.update(name.split())
    assert compared == set(ours)
