"""``seq2seq``: training steps of a translation model with attention, on batches like those of an epoch.

Each batch has ``N`` pairs of padded sentences. For each: embeddings, bidirectional encoder, bridge, decoder with attention,
tied output layer, softmax cross-entropy, all with dropout; their backward passes; clipping by norm; Adam; reading the loss.
PyTorch gets the same batches and computes the same equations (``tests/parity/test_parity_seq2seq.py``). It packs the
encoder's input, computes the keys once, and, like ours, the logits of real target tokens only. With input feeding its
decoder is a loop over its one-step cell, as that of every PyTorch program must be; without, it is one call. The source's
embedding has sparse gradients and its ``SparseAdam``, as ours has rows.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.epoch import adam_epoch
from benchmarks.measure import measure, our_library
from scratchnn.backend import move
from scratchnn.data import Pairs
from scratchnn.models.seq2seq import Seq2Seq

OPPONENTS = ("torch",)
Case = dict[str, Any]
Batch = tuple[np.ndarray, ...]

# N pairs per batch, tokens of a source, D, H, tokens of either vocabulary
SIZES, QUICK_SIZES = (64, 13, 256, 256, 6000), (3, 4, 4, 3, 30)
BATCHES, QUICK_BATCHES = 6, 2
MODELS = (("gru", "additive", True), ("lstm", "general", True), ("lstm", "general", False))
LR, MAX_NORM, DROPOUT = 0.001, 1.0, 0.3


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per model."""
    theirs = "benchmarks.seq2seq_torch:theirs" if "torch" in options.against else ""
    sizes = QUICK_SIZES if options.quick else SIZES
    count = QUICK_BATCHES if options.quick else BATCHES
    found = []
    for cell, attention, feeding in MODELS:
        case = {"cell": cell, "attention": attention, "input_feeding": feeding, "sizes": list(sizes), "batches": count}
        label = f"{cell.upper()}, {attention}{', feeding' * feeding}, {sizes[0]}, {sizes[2]}, {sizes[3]}"
        found.append(Row("seq2seq", label, case, "benchmarks.seq2seq:ours", theirs, flops(case)))
    return found


def flops(case: Case) -> int:
    """Operations of the products of all batches, forward and backward; those of the attention itself are left out."""
    _, _, D, H, V = case["sizes"]
    gates = {"gru": 3, "lstm": 4}[case["cell"]]
    fed = D * case["input_feeding"]
    total = 0
    for _, source_lengths, _, lengths, _ in batches(case):
        encoder = 2 * (D + H) * gates * H + 2 * H * H  # both directions, keys
        decoder = (D + fed + H) * gates * H + 3 * H * D + D * V  # cell, attention vector, logits
        total += int(source_lengths.sum()) * encoder + int(lengths.sum()) * decoder
    return 6 * total


def batches(case: Case) -> list[Batch]:
    """Batches of ``Pairs``: lengths like those of image captions and their translations, ids by Zipf's law."""
    N, S, _, _, V = case["sizes"]
    rng = np.random.default_rng(0)
    count = N * case["batches"]
    lengths = np.clip(rng.normal(S, 0.3 * S, count), 1, 3 * S).astype(int)
    targets = np.clip(lengths + rng.normal(0, 0.17 * S, count), 1, 3 * S).astype(int)
    chance = 1 / np.arange(1, V - 3)
    draw = [[rng.choice(V - 4, length, p=chance / chance.sum()) + 4 for length in side] for side in (lengths, targets)]
    pairs = Pairs(*draw, N, begin=2, end=3)
    return [pairs.batch(0, k) for k in range(len(pairs))]


def model_options(case: Case) -> dict[str, Any]:
    """The arguments of ``Seq2Seq`` after the two sizes, without ``rng``."""
    _, _, D, H, _ = case["sizes"]
    own = {name: case[name] for name in ("cell", "attention", "input_feeding")}
    return {"embedding_size": D, "hidden_size": H, "bidirectional": True, "tied": True, "dropout": DROPOUT, **own}


def ours(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Time our steps."""
    library, synchronise = our_library(settings)
    V = case["sizes"][4]
    model = Seq2Seq(V, V, **model_options(case), rng=np.random.default_rng(0))
    model.to(library)
    moved = [tuple(move(part, library) for part in batch) for batch in batches(case)]
    return measure(adam_epoch(model, lambda: moved, LR, MAX_NORM), settings, synchronise)
