"""``softmax``: softmax cross-entropy of M targets among V words, and its gradient with respect to the logits (M, V)."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.measure import measure, our_library
from scratchnn.backend import move
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward

OPPONENTS = ("torch",)
SIZES = ((700, 10_000), (4480, 10_000))
QUICK_SIZES = ((20, 30),)


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per size."""
    theirs = "benchmarks.softmax:theirs" if "torch" in options.against else ""
    return [
        Row("softmax", f"{M:,} x {V:,}", {"size": [M, V]}, "benchmarks.softmax:ours", theirs)
        for M, V in (QUICK_SIZES if options.quick else SIZES)
    ]


def batch(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Logits (M, V) and targets (M,); the same for both contestants."""
    M, V = case["size"]
    rng = np.random.default_rng(0)
    return rng.standard_normal((M, V), dtype=np.float32), rng.integers(0, V, M)


def ours(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time our forward and backward functions."""
    library, synchronise = our_library(settings)
    logits, targets = (move(array, library) for array in batch(case))

    def step() -> None:
        _, cache = softmax_cross_entropy_forward(logits, targets)
        softmax_cross_entropy_backward(1.0, cache)

    return measure(step, settings, synchronise)


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's ``cross_entropy``."""
    import torch

    from benchmarks.torch_device import prepare

    device, synchronise = prepare(settings)
    logits, targets = (torch.from_numpy(array).to(device) for array in batch(case))
    logits.requires_grad_(True)

    def step() -> None:
        torch.nn.functional.cross_entropy(logits, targets).backward()
        logits.grad = None

    return measure(step, settings, synchronise)
