"""The same training step in PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.language_model import LR, MAX_NORM, batch
from benchmarks.measure import measure
from benchmarks.torch_device import casting, prepare


class LanguageModel(torch.nn.Module):
    """Embedding, LSTM, output layer."""

    def __init__(self, vocabulary: int, D: int, H: int):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, D)
        self.lstm = torch.nn.LSTM(D, H, batch_first=True)
        self.output = torch.nn.Linear(H, vocabulary)

    def forward(self, ids: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        """Logits (N, T, V) and the final state."""
        y, state = self.lstm(self.embedding(ids), state)
        return self.output(y), state


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's training step."""
    device, synchronise = prepare(settings)
    _, _, D, H = case["shape"]
    model = LanguageModel(case["vocabulary"], D, H).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    inputs, targets = (torch.from_numpy(ids).to(device) for ids in batch(case))
    state = None

    def step() -> None:
        nonlocal state
        optimizer.zero_grad(set_to_none=True)
        with casting(settings):
            logits, state = model(inputs, state)
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimizer.step()
        state = tuple(part.detach() for part in state)
        loss.item()

    return measure(step, settings, synchronise)
