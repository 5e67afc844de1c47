"""The same epoch in PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.measure import measure
from benchmarks.music import LR, MAX_NORM, batches, each_batch, model_options
from benchmarks.torch_device import casting, prepare

State = tuple[torch.Tensor, torch.Tensor]


class TuneModel(torch.nn.Module):
    """The equations of ``scratchnn.models.tune_model`` with one LSTM."""

    def __init__(
        self,
        vocabulary_size: int,
        *,
        clocks: int,
        counts: int,
        clock_size: int,
        embedding_size: int,
        hidden_size: int,
        dropout: float,
    ):
        super().__init__()
        beside = counts * clock_size
        self.embedding = torch.nn.Embedding(vocabulary_size, embedding_size)
        self.clock = torch.nn.Embedding(clocks, clock_size)
        self.dropout = torch.nn.Dropout(dropout)
        self.lstm = torch.nn.LSTM(embedding_size + beside, hidden_size, batch_first=True)
        self.output = torch.nn.Linear(hidden_size + beside, vocabulary_size)

    def forward(
        self, rows: torch.Tensor, real: torch.Tensor, restarts: torch.Tensor, state: State | None
    ) -> tuple[torch.Tensor, State]:
        """Logits (P, V) of the real tokens (N, T), and the final state; streams that restart (N,) begin with zeros."""
        if state is not None:
            h, c = (part.masked_fill(restarts[:, None], 0) for part in state)
            state = h, c
        clock = self.clock(rows[..., 1:]).flatten(2)
        x = torch.cat([self.dropout(self.embedding(rows[..., 0])), clock], 2)
        y, (h, c) = self.lstm(x, state)
        return self.output(torch.cat([self.dropout(y[real]), clock[real]], 1)), (h.detach(), c.detach())


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's epoch."""
    device, synchronise = prepare(settings)
    model = TuneModel(case["sizes"][-1], **model_options(case)).to(device)
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, lr=LR)
    texts = batches(case)
    moved = []
    for k, batch in enumerate(each_batch(texts)):
        inputs, targets, real, restarts = (torch.from_numpy(part).to(device) for part in (*batch, texts.restarts(0, k)))
        moved.append((inputs.long(), real, restarts, targets[..., 0][real].long()))

    def epoch() -> None:
        state = None
        for *inputs, targets in moved:
            model.zero_grad(set_to_none=True)
            with casting(settings):
                logits, state = model(*inputs, state)
                loss = torch.nn.functional.cross_entropy(logits, targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, MAX_NORM)
            optimizer.step()
            loss.item()

    return measure(epoch, settings, synchronise)
