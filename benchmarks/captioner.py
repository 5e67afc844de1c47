"""``captioner``: training steps of a model that describes pictures, on batches like those of an epoch.

Each batch has ``N`` pictures with captions of about as many words as those of the generated scenes. For each: convolutions
and pooling, the first state, embeddings, decoder with or without attention over regions, output layer, softmax
cross-entropy; their backward passes; clipping by norm; Adam; reading the loss. PyTorch gets the same batches and computes
the same equations (``tests/parity/test_parity_captioner.py``), with its ``Conv2d`` and ``MaxPool2d``, and the logits of
real tokens only. With attention its decoder is a loop over ``LSTMCell``; without, it is one call.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.epoch import adam_epoch
from benchmarks.measure import measure, our_library
from scratchnn.backend import move
from scratchnn.data import PictureCaptions
from scratchnn.models.captioner import Captioner

OPPONENTS = ("torch",)
Case = dict[str, Any]
Batch = tuple[np.ndarray, ...]

# N pictures per batch, rows = columns, words of a caption, D, H, words in all
SIZES, QUICK_SIZES = (32, 48, 8, 32, 128, 20), (3, 8, 4, 4, 3, 9)
CHANNELS, QUICK_CHANNELS = (16, 32, 64), (2, 3)
BATCHES, QUICK_BATCHES = 6, 2
MODELS = {"vector": {}, "attention": {"attention": "additive"}}
LR, MAX_NORM = 0.001, 1.0


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per model."""
    theirs = "benchmarks.captioner_torch:theirs" if "torch" in options.against else ""
    sizes = QUICK_SIZES if options.quick else SIZES
    count, channels = (QUICK_BATCHES, QUICK_CHANNELS) if options.quick else (BATCHES, CHANNELS)
    found = []
    for title, own in MODELS.items():
        case = {"own": own, "sizes": list(sizes), "batches": count, "channels": list(channels)}
        label = f"{title}, {count} x {sizes[0]} pictures, {sizes[1]} x {sizes[1]}"
        found.append(Row("captioner", label, case, "benchmarks.captioner:ours", theirs, flops(case)))
    return found


def flops(case: Case) -> int:
    """Operations of the products of all batches, forward and backward; those of the attention itself are left out."""
    N, P, _, D, H, V = case["sizes"]
    below, pixels, convolutions = 5, P * P, 0  # three colours and two coordinates
    for units in case["channels"]:
        convolutions += pixels * 9 * below * units
        below, pixels = units, pixels // 4
    pixels *= 4  # no pooling after the last convolution
    below += 2  # coordinates
    attention = "attention" in case["own"]
    first = below * (1 if attention else pixels) * 2 * H
    word = (D + H) * 4 * H + H * V
    if attention:
        first += pixels * below * H  # keys
        word += H * 4 * H + H * H + (H + below) * H  # f_{t-1}, query, attention vector
    words = sum(int(batch[2].sum()) for batch in batches(case))
    return 6 * (N * case["batches"] * (convolutions + first) + words * word)


def batches(case: Case) -> list[Batch]:
    """Batches of ``PictureCaptions``: pictures of noise, captions of one word less, as many, or one more."""
    N, P, words, _, _, V = case["sizes"]
    rng = np.random.default_rng(0)
    count = N * case["batches"]
    pictures = rng.integers(0, 256, (count, P, P, 3)).astype(np.uint8)
    captions = [rng.integers(4, V, words + rng.integers(-1, 2)) for _ in range(count)]
    pairs = PictureCaptions(pictures, captions, N, begin=2, end=3)
    return [pairs.batch(0, k) for k in range(len(pairs))]


def model_options(case: Case) -> dict[str, Any]:
    """The arguments of ``Captioner`` without ``rng``."""
    _, P, _, D, H, V = case["sizes"]
    sizes = {"rows": P, "columns": P, "target_size": V, "embedding_size": D, "hidden_size": H}
    return {**sizes, "channels": case["channels"], **case["own"]}


def ours(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Time our steps."""
    library, synchronise = our_library(settings)
    model = Captioner(**model_options(case), rng=np.random.default_rng(0))
    model.to(library)
    moved = [tuple(move(part, library) for part in batch) for batch in batches(case)]
    return measure(adam_epoch(model, lambda: moved, LR, MAX_NORM), settings, synchronise)
