"""The same steps in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from benchmarks.captioner import LR, MAX_NORM, batches, model_options
from benchmarks.measure import measure
from benchmarks.torch_device import prepare

functional = torch.nn.functional


def coordinates(rows: int, columns: int) -> torch.Tensor:
    """The row and the column of each place, from -1 to 1 (1, 2, rows, columns)."""
    places = [torch.linspace(-1, 1, size, dtype=torch.float64) for size in (rows, columns)]
    return torch.stack(torch.meshgrid(*places, indexing="ij"))[None]


class Captioner(torch.nn.Module):
    """The equations of ``scratchnn.models.captioner`` with an LSTM: no attention, or additive attention."""

    def __init__(
        self,
        rows: int,
        columns: int,
        target_size: int,
        *,
        channels: Sequence[int],
        embedding_size: int,
        hidden_size: int,
        attention: str = "none",
    ):
        super().__init__()
        D, H, C = embedding_size, hidden_size, channels[-1] + 2
        below = [5, *channels[:-1]]
        self.blocks = torch.nn.Sequential(
            *[
                layer
                for before, after in zip(below, channels, strict=True)
                for layer in (torch.nn.MaxPool2d(2), torch.nn.Conv2d(before, after, 3, padding=1), torch.nn.ReLU())
            ][1:]
        )
        self.register_buffer("places", coordinates(rows, columns))
        self.register_buffer("regions", coordinates(rows >> (len(channels) - 1), columns >> (len(channels) - 1)))
        self.attends = attention != "none"
        size = C if self.attends else self.regions[0, 0].numel() * C
        self.first = torch.nn.ModuleList(torch.nn.Linear(size, H) for _ in range(2))
        self.embedding = torch.nn.Embedding(target_size, D)
        if self.attends:
            self.decoder = torch.nn.LSTMCell(D + H, H)
            self.key, self.query = torch.nn.Linear(C, H), torch.nn.Linear(H, H, bias=False)
            self.v = torch.nn.Parameter(torch.randn(H) / H**0.5)
            self.combine = torch.nn.Linear(H + C, H)
        else:
            self.decoder = torch.nn.LSTM(D, H, batch_first=True)
        self.output = torch.nn.Linear(H, target_size)

    def forward(self, pictures: torch.Tensor, inputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Logits (P, V) of the real tokens, for pictures (N, rows, columns, 3)."""
        N, T = inputs.shape
        x = torch.cat([pictures.permute(0, 3, 1, 2), self.places.expand(N, -1, -1, -1)], 1)
        m = torch.cat([self.blocks(x), self.regions.expand(N, -1, -1, -1)], 1).flatten(2).transpose(1, 2)  # (N, S, C)
        v = m.mean(1) if self.attends else m.flatten(1)
        h, c = torch.tanh(self.first[0](v)), self.first[1](v)
        e = self.embedding(inputs)
        if self.attends:
            keys, f, vectors = self.key(m), torch.zeros_like(h), []
            for t in range(T):
                h, c = self.decoder(torch.cat([e[:, t], f], 1), (h, c))
                a = torch.softmax(torch.tanh(self.query(h)[:, None] + keys) @ self.v, 1)
                f = torch.tanh(self.combine(torch.cat([h, (a[:, None] @ m)[:, 0]], 1)))
                vectors.append(f)
            r = torch.stack(vectors, 1)
        else:
            r, _ = self.decoder(e, (h[None], c[None]))
        real = torch.arange(T, device=r.device) < lengths.to(r.device)[:, None]
        return self.output(r[real])


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's steps."""
    device, synchronise = prepare(settings)
    model = Captioner(**model_options(case)).float().to(device)
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, lr=LR)
    moved = []
    for pictures, inputs, lengths, outputs in batches(case):
        ids = [torch.from_numpy(part).long().to(device) for part in (inputs, outputs)]
        counts = torch.from_numpy(lengths)
        real = torch.arange(ids[1].shape[1], device=device) < counts.to(device)[:, None]
        moved.append((torch.from_numpy(pictures).to(device), ids[0], counts, ids[1][real]))

    def steps() -> None:
        for *inputs, targets in moved:
            model.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(model(*inputs), targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, MAX_NORM)
            optimizer.step()
            loss.item()

    return measure(steps, settings, synchronise)
