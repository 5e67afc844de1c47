"""PyTorch's recurrent layers as they are usually called: ``batch_first``, ``backward`` from a given gradient.

Sequences of different lengths are packed before the layer and padded after it; both are part of the timed step. No layer of
PyTorch has a dropout mask on the recurrent connection that is the same at every step; it takes a loop over ``LSTMCell``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.measure import measure
from benchmarks.recurrent import DROPOUT, inputs, some_lengths
from benchmarks.torch_device import casting, prepare


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's layer."""
    device, synchronise = prepare(settings)
    D, H = case["shape"][2:]
    directions = 2 if case["variation"] == "two directions" else 1
    x, dy = (torch.from_numpy(array).to(device) for array in inputs(case["shape"], directions * H))
    x.requires_grad_(True)
    module: torch.nn.Module
    if case["variation"] == "recurrent dropout":
        module = torch.nn.LSTMCell(D, H).to(device)
        run = loop_over(module, H)
    else:
        layers = 2 if case["variation"] == "two layers" else 1
        kind = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[case["cell"]]
        module = kind(D, H, num_layers=layers, bidirectional=directions == 2, batch_first=True).to(device)
        run = packed(module, case["shape"]) if case["variation"] == "lengths" else lambda x: module(x)[0]

    def step() -> None:
        with casting(settings):
            y = run(x)
        y.backward(dy.to(y.dtype))
        x.grad = None
        module.zero_grad(set_to_none=True)

    return measure(step, settings, synchronise)


def packed(module: torch.nn.Module, shape: list[int]) -> Callable[[torch.Tensor], torch.Tensor]:
    """A forward pass that packs the sequences, and pads its outputs to (N, T, H)."""
    N, T, _, _ = shape
    lengths = torch.from_numpy(some_lengths(N, T))  # on the CPU, where PyTorch requires them
    rnn = torch.nn.utils.rnn

    def run(x: torch.Tensor) -> torch.Tensor:
        y, _ = module(rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        return rnn.pad_packed_sequence(y, batch_first=True, total_length=T)[0]

    return run


def loop_over(cell: torch.nn.Module, H: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """A forward pass with one dropout mask on h for all steps, drawn at each call as in our layer."""

    def run(x: torch.Tensor) -> torch.Tensor:
        h = c = x.new_zeros(len(x), H)
        mask = torch.empty_like(h).bernoulli_(1 - DROPOUT) / (1 - DROPOUT)
        outputs = []
        for x_t in x.unbind(1):
            h, c = cell(x_t, (h * mask, c))
            outputs.append(h)
        return torch.stack(outputs, 1)

    return run
