"""The model of tunes with the clock against PyTorch: logits, loss and all gradients."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

from test_parity_recurrent import copy_weights, same, same_gradients  # noqa: E402

from scratchnn.models.tune_model import TuneModel  # noqa: E402

V, CLOCKS, K, D, C, H = 9, 6, 2, 5, 3, 4


class Theirs(torch.nn.Module):
    """Equations (1) to (3) in PyTorch's layers."""

    def __init__(self):
        super().__init__()
        self.tokens, self.clock = torch.nn.Embedding(V, D), torch.nn.Embedding(CLOCKS, C)
        self.lstm, self.output = torch.nn.LSTM(D + K * C, H, batch_first=True), torch.nn.Linear(H + K * C, V)

    def forward(self, rows):
        c = self.clock(rows[..., 1:]).flatten(2)
        h, _ = self.lstm(torch.cat([self.tokens(rows[..., 0]), c], dim=2))
        return self.output(torch.cat([h, c], dim=2))


@pytest.mark.parametrize("seed", range(2))
def test_logits_loss_and_gradients(seed):
    torch.manual_seed(seed)
    theirs = Theirs().double()
    sizes = {"embedding_size": D, "hidden_size": H, "clocks": CLOCKS, "counts": K, "clock_size": C}
    ours = TuneModel(V, **sizes, rng=np.random.default_rng(0)).astype(np.float64)
    copy_weights(ours.cells.layers[0], theirs.lstm, "l0", "lstm")
    pairs = [
        (ours.embedding.W, theirs.tokens.weight),
        (ours.clock.W, theirs.clock.weight),
        (ours.output.b, theirs.output.bias),
    ]
    for parameter, other in pairs:
        parameter.data = other.detach().numpy().copy()
    ours.output.W.data = theirs.output.weight.detach().numpy().T.copy()

    rng = np.random.default_rng(seed)
    rows = np.stack([rng.integers(0, size, (3, 8)) for size in (V, *[CLOCKS] * K)], axis=2)
    logits = theirs(torch.from_numpy(rows[:, :-1]))
    same(ours.forward(rows[:, :-1])[0], logits)
    ours.discard_caches()
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(rows[:, 1:, 0]).flatten())
    loss.backward()
    found, count, _ = ours.loss((rows[:, :-1], rows[:, 1:]), None)
    ours.backward_loss()
    same(found, loss)
    assert count == 21
    for parameter, other in pairs:
        same(parameter.dense_gradient(), other.grad)
    same(ours.output.W.grad, theirs.output.weight.grad.T)
    same_gradients(ours.cells.layers[0], theirs.lstm, "l0", "lstm")
