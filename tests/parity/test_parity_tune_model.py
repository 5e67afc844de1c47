"""The model of tunes with the clock against PyTorch, over an epoch: loss, state and all gradients.

The PyTorch model is the opponent of ``python -m benchmarks music``, so that both contestants compute the same.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import music
from scratchnn.models.tune_model import TuneModel
from scratchnn.training.batches import state_before

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

from test_parity_recurrent import copy_weights, same, same_gradients  # noqa: E402

from benchmarks import music_torch  # noqa: E402  it imports PyTorch


@pytest.mark.parametrize("seed", range(2))
def test_the_contestants_compute_the_same(seed):
    """Batches in the order of an epoch, some with padding, some before which only a part of the streams restarts."""
    case = {"sizes": [3, 5, 4, 6, 2, 9], "tunes": 8}
    options = {**music.model_options(case), "dropout": 0.0}
    torch.manual_seed(seed)
    theirs = music_torch.TuneModel(9, **options).double()
    ours = TuneModel(9, **options, rng=np.random.default_rng(0)).astype(np.float64)
    copy_weights(ours.cells.layers[0], theirs.lstm, "l0", "lstm")
    pairs = [
        (ours.embedding.W, theirs.embedding.weight),
        (ours.clock.W, theirs.clock.weight),
        (ours.output.b, theirs.output.bias),
    ]
    for parameter, other in pairs:
        parameter.data = other.detach().numpy().copy()
    ours.output.W.data = theirs.output.weight.detach().numpy().T.copy()

    texts = music.batches(case)
    assert not texts.mask.all()
    assert any(0 < texts.restarts(0, k).sum() < 3 for k in range(len(texts)))
    state = their_state = None
    for k, (inputs, targets, mask) in enumerate(music.each_batch(texts)):
        real, restarts = torch.from_numpy(mask), texts.restarts(0, k)
        logits, their_state = theirs(torch.from_numpy(inputs).long(), real, torch.from_numpy(restarts), their_state)
        their_loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(targets)[..., 0][real].long())
        theirs.zero_grad()
        their_loss.backward()
        ours.clear_gradients()
        loss, count, state = ours.loss((inputs, targets, mask), state_before(texts, 0, k, state))
        ours.backward_loss()
        same(loss, their_loss)
        assert count == mask.sum()
        for part, other in zip(state[0], their_state, strict=True):
            same(part, other[0])
        for parameter, other in pairs:
            same(parameter.dense_gradient(), other.grad)
        same(ours.output.W.grad, theirs.output.weight.grad.T)
        same_gradients(ours.cells.layers[0], theirs.lstm, "l0", "lstm")
