"""The same epoch in PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.classifier import KERNELS, LR, MAX_NORM, batches
from benchmarks.measure import measure
from benchmarks.torch_device import prepare


class Classifier(torch.nn.Module):
    """Embedding, reader, maximum over the real steps, output layer."""

    def __init__(self, reader: str, D: int, H: int, V: int):
        super().__init__()
        self.embedding = torch.nn.Embedding(V, D, sparse=True)
        self.reader = reader
        if reader == "recurrent":
            self.lstm = torch.nn.LSTM(D, H, batch_first=True, bidirectional=True)
        else:
            self.conv = torch.nn.Conv1d(D, H, KERNELS[0])
        self.output = torch.nn.Linear(2 * H if reader == "recurrent" else H, 2)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Logits (N, 2) for ids (N, T) and lengths (N,), which are on the CPU."""
        e = self.embedding(ids)
        if self.reader == "recurrent":
            packed = torch.nn.utils.rnn.pack_padded_sequence(e, lengths, batch_first=True, enforce_sorted=False)
            r, _ = torch.nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=ids.shape[1])
        else:
            padded = torch.nn.functional.pad(e.transpose(1, 2), (KERNELS[0] - 1, 0))  # causal, as ours
            r = torch.relu(self.conv(padded)).transpose(1, 2)
        real = torch.arange(ids.shape[1], device=ids.device) < lengths.to(ids.device)[:, None]
        return self.output(r.masked_fill(~real[:, :, None], -torch.inf).amax(1))


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's epoch."""
    device, synchronise = prepare(settings)
    _, _, D, H, V = case["sizes"]
    model = Classifier(case["reader"], D, H, V).to(device)
    dense = [parameter for name, parameter in model.named_parameters() if name != "embedding.weight"]
    optimizers = [torch.optim.Adam(dense, lr=LR), torch.optim.SparseAdam([model.embedding.weight], lr=LR)]
    moved = [
        (torch.from_numpy(ids).long().to(device), torch.from_numpy(lengths), torch.from_numpy(classes).to(device))
        for ids, lengths, classes in batches(case)
    ]

    def epoch() -> None:
        for ids, lengths, classes in moved:
            model.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(model(ids, lengths), classes)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(dense, MAX_NORM)  # PyTorch clips no sparse gradients
            for optimizer in optimizers:
                optimizer.step()
            loss.item()

    return measure(epoch, settings, synchronise)
