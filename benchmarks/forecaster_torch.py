"""The same epoch in PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.forecaster import KERNEL, LR, MAX_NORM, dilations, windows
from benchmarks.measure import measure
from benchmarks.torch_device import prepare


class Block(torch.nn.Module):
    """A residual block of two dilated causal convolutions (N, H, W)."""

    def __init__(self, H: int, dilation: int):
        super().__init__()
        self.convolutions = torch.nn.ModuleList(torch.nn.Conv1d(H, H, KERNEL, dilation=dilation) for _ in range(2))
        self.zeros = dilation * (KERNEL - 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs of the shape of x."""
        z = x
        for convolution in self.convolutions:
            z = torch.relu(convolution(torch.nn.functional.pad(z, (self.zeros, 0))))
        return torch.relu(x + z)


class Forecaster(torch.nn.Module):
    """The difference from the last value, from the last step of a GRU or of a temporal convolutional network."""

    def __init__(self, reader: str, W: int, C: int, H: int):
        super().__init__()
        self.reader = reader
        if reader == "recurrent":
            self.gru = torch.nn.GRU(C, H, batch_first=True)
        else:
            self.dense = torch.nn.Linear(C, H)
            self.blocks = torch.nn.Sequential(*(Block(H, dilation) for dilation in dilations(W)))
        self.output = torch.nn.Linear(H, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Forecasts (N, 1) for windows (N, W, C)."""
        if self.reader == "recurrent":
            h = self.gru(x)[0][:, -1]
        else:
            h = self.blocks(self.dense(x).transpose(1, 2))[:, :, -1]
        return x[:, -1, :1] + self.output(h)


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's epoch."""
    device, synchronise = prepare(settings)
    _, W, C, H = case["sizes"]
    model = Forecaster(case["reader"], W, C, H).to(device)
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, lr=LR)
    batches = windows(case)

    def epoch() -> None:
        for k in range(len(batches)):
            x, targets = (torch.from_numpy(part).to(device) for part in batches.batch(0, k))
            model.zero_grad(set_to_none=True)
            loss = torch.nn.functional.l1_loss(model(x), targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, MAX_NORM)
            optimizer.step()
            loss.item()

    return measure(epoch, settings, synchronise)
