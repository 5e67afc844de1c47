"""``lm``: a whole training step of a language model with one LSTM.

A step is: embedding, LSTM, output layer, softmax cross-entropy; their backward passes; clipping by norm; SGD; reading the
loss. The state is carried over from step to step and its gradient is cut, as in ``Trainer``. PyTorch's embedding has dense
gradients, its default.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.measure import measure, our_library
from scratchnn.backend import move
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import SGD, clip_by_norm, global_norm
from scratchnn.training.gradients import read_scalars

OPPONENTS = ("torch",)
WORDS, QUICK_WORDS = 10_000, 50
SHAPES = tuple((20, 35, size, size) for size in (100, 200, 650))
QUICK_SHAPES = ((2, 3, 4, 4),)
LR, MAX_NORM = 1.0, 0.25


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per shape."""
    theirs = "benchmarks.language_model_torch:theirs" if "torch" in options.against else ""
    V = QUICK_WORDS if options.quick else WORDS
    found = []
    for N, T, D, H in options.shapes or (QUICK_SHAPES if options.quick else SHAPES):
        flops = 6 * N * T * ((D + H) * 4 * H + H * V)
        case = {"shape": [N, T, D, H], "vocabulary": V}
        label = f"{N}, {T}, {D}, {H}, {V:,} words"
        found.append(Row("lm", label, case, "benchmarks.language_model:ours", theirs, flops))
    return found


def batch(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets (N, T), ids drawn by Zipf's law; the same for both contestants."""
    N, T, _, _ = case["shape"]
    chance = 1 / np.arange(1, case["vocabulary"] + 1)
    ids = np.random.default_rng(0).choice(case["vocabulary"], (N, T + 1), p=chance / chance.sum())
    return ids[:, :-1].copy(), ids[:, 1:].copy()


def ours(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time our training step."""
    library, synchronise = our_library(settings)
    return measure(our_step(case, library)[0], settings, synchronise)


def our_step(case: dict[str, Any], library: str) -> tuple[Callable[[], None], LanguageModel]:
    """Our training step, and the model that it trains."""
    _, _, D, H = case["shape"]
    model = LanguageModel(case["vocabulary"], embedding_size=D, hidden_size=H, rng=np.random.default_rng(0))
    model.to(library)
    parameters = model.parameters()
    optimizer = SGD(parameters, lr=LR)
    inputs, targets = (move(ids.astype(np.int32), library) for ids in batch(case))
    state = None

    def step() -> None:
        nonlocal state
        loss, _, state = model.loss((inputs, targets), state)
        model.backward_loss()
        _, norm = read_scalars(loss, global_norm(parameters))
        clip_by_norm(parameters, MAX_NORM, norm)
        optimizer.step()
        model.clear_gradients()

    return step, model
