"""The tagger against PyTorch, as the benchmark runs both: emissions, loss, gradients, the best tags."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import tagger

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

from test_parity_recurrent import copy_weights, same, same_gradients  # noqa: E402

from benchmarks.tagger_torch import Tagger  # noqa: E402


def both_ways(ours, theirs, copy):
    """Copy the weights of a bidirectional LSTM, or compare their gradients."""
    for layer, suffix in ((ours.forward_layer, "l0"), (ours.backward_layer, "l0_reverse")):
        copy(layer, theirs, suffix, "lstm")


@pytest.mark.parametrize("output", ["crf", "softmax"])
@pytest.mark.parametrize("k", range(2))
def test_the_contestants_compute_the_same(output, k):
    case = {"output": output, "sizes": [5, 9, 4, 6, 3, 2, 5, 40], "batches": 2}
    torch.manual_seed(0)
    theirs, ours = Tagger(case).double(), tagger.model_of(case).astype(np.float64)
    theirs.words.sparse = theirs.characters.sparse = False
    for parameter in (theirs.crf.transitions, theirs.crf.start, theirs.crf.end):
        torch.nn.init.normal_(parameter)
    both_ways(ours.encoder.reader.recurrent, theirs.reader, copy_weights)
    both_ways(ours.recurrent.layers[0], theirs.lstm, copy_weights)
    pairs = [
        (ours.encoder.embedding.W, theirs.words.weight),
        (ours.encoder.reader.embedding.W, theirs.characters.weight),
        (ours.output.b, theirs.output.bias),
    ]
    if output == "crf":
        pairs += [(getattr(ours.crf, name), getattr(theirs.crf, name)) for name in ("transitions", "start", "end")]
    for parameter, other in pairs:
        parameter.data = other.detach().numpy().copy()
    ours.output.W.data = theirs.output.weight.detach().numpy().T.copy()

    batch = tagger.batches(case)[k]
    words, lengths, forms, characters, sizes, tags = map(torch.from_numpy, batch)
    real = torch.arange(words.shape[1]) < lengths[:, None]
    e = theirs(words.long(), lengths, forms.long(), characters.long(), sizes)
    emissions = ours.forward(*batch[:-1])
    same(emissions[real.numpy()], e[real])
    ours.discard_caches()
    loss = (
        theirs.crf(e, tags.long(), real)
        if output == "crf"
        else torch.nn.functional.cross_entropy(e[real], tags[real].long())
    )
    loss.backward()
    found, count, _ = ours.loss(batch, None)
    ours.backward_loss()
    same(found, loss)
    assert count == int(lengths.sum())
    for parameter, other in pairs:
        same(parameter.dense_gradient(), other.grad)
    same(ours.output.W.grad, theirs.output.weight.grad.T)
    both_ways(ours.encoder.reader.recurrent, theirs.reader, same_gradients)
    both_ways(ours.recurrent.layers[0], theirs.lstm, same_gradients)
    if output == "crf":
        best = theirs.crf.decode(e, real).numpy()
        np.testing.assert_array_equal(ours.decode(emissions, batch[1]), np.where(real.numpy(), best, 0))
