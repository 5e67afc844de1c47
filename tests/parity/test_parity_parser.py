"""The parser against PyTorch, as the benchmark runs both: scores, loss, gradients."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import parser

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

from test_parity_recurrent import copy_weights, same, same_gradients  # noqa: E402

from benchmarks.parser_torch import Parser, loss_of  # noqa: E402

CASE = {"sizes": [5, 9, 4, 6, 3, 2, 5, 40], "views": [7, 4], "batches": 2}


def lstms(ours, theirs):
    """Pairs of our LSTMs and theirs, with the ending of the names of its parameters."""
    stacks = [([ours.encoder.reader.recurrent], theirs.reader), (ours.reader.layers, theirs.lstm)]
    for layers, lstm in stacks:
        for k, layer in enumerate(layers):
            yield layer.forward_layer, lstm, f"l{k}"
            yield layer.backward_layer, lstm, f"l{k}_reverse"


def parameters(ours, theirs):
    """Pairs of all other parameters; the last entry says whether theirs is transposed."""
    yield ours.encoder.embedding.W, theirs.words.weight, False
    yield ours.encoder.reader.embedding.W, theirs.characters.weight, False
    yield ours.root, theirs.root, False
    yield ours.views.W, theirs.views.weight, True
    yield ours.views.b, theirs.views.bias, False
    yield ours.arcs.U, theirs.U, False
    yield ours.arcs.u, theirs.u, False
    yield ours.labels.V, theirs.V, False
    yield ours.labels.A, theirs.labels_d.weight, True
    yield ours.labels.B, theirs.labels_h.weight, True
    yield ours.labels.b, theirs.labels_d.bias, False


@pytest.mark.parametrize("k", range(2))
def test_the_contestants_compute_the_same(k):
    torch.manual_seed(0)
    theirs, ours = Parser(CASE).double(), parser.model_of(CASE).astype(np.float64)
    theirs.words.sparse = theirs.characters.sparse = False
    for ours_lstm, lstm, ending in lstms(ours, theirs):
        copy_weights(ours_lstm, lstm, ending, "lstm")
    for parameter, other, transposed in parameters(ours, theirs):
        torch.nn.init.normal_(other)
        values = other.detach().numpy()
        parameter.data = (values.T if transposed else values).copy()

    batch = parser.batches(CASE)[k]
    words, lengths, forms, characters, sizes, heads, labels = map(torch.from_numpy, batch)
    real = torch.arange(words.shape[1]) < lengths[:, None]
    found = theirs(words.long(), lengths, forms.long(), characters.long(), sizes, heads.long())
    scores, label_scores = ours.forward(*batch[:6])
    ours.discard_caches()
    same(label_scores[real.numpy()], found[1][real])
    same(scores[:, 1:][real.numpy()], found[0][:, 1:][real])
    loss_theirs = loss_of(*found, heads.long(), labels.long(), real)
    loss_theirs.backward()
    loss, count, _ = ours.loss(batch, None)
    ours.backward_loss()
    same(loss, loss_theirs)
    assert count == int(lengths.sum())
    for parameter, other, transposed in parameters(ours, theirs):
        same(parameter.dense_gradient(), other.grad.T if transposed else other.grad)
    for ours_lstm, lstm, ending in lstms(ours, theirs):
        same_gradients(ours_lstm, lstm, ending, "lstm")
