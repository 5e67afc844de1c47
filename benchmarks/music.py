"""``music``: an epoch of a model of tunes that also reads a clock.

An epoch has batches of N windows of T steps; the last window of a tune is padded. The state is carried over from batch to
batch, zero where a tune begins, and its gradient is cut. For each batch: embeddings of tokens and of the clock, LSTM,
output layer, softmax cross-entropy, with dropout; their backward passes; clipping by norm; Adam; reading the loss. PyTorch
gets the same batches and computes the same equations (``tests/parity/test_parity_tune_model.py``). It computes the logits
of real tokens only; ours computes all and masks those of the padding.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.epoch import adam_epoch
from benchmarks.measure import measure, our_library
from scratchnn.backend import move
from scratchnn.data import Texts
from scratchnn.models.tune_model import TuneModel
from scratchnn.music.clock import CLOCKS, COUNTS, SIZE
from scratchnn.training.batches import state_before

OPPONENTS = ("torch",)
Case = dict[str, Any]

# N windows per batch, T steps, D, H, size of the clock's embedding, tokens in all
SIZES, QUICK_SIZES = (32, 64, 128, 256, 32, 490), (2, 5, 4, 3, 2, 20)
TUNES, QUICK_TUNES = 50, 3
VALUES = 50  # of each count of the clock that occur
LR, MAX_NORM, DROPOUT = 0.003, 0.25, 0.2


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """The one row: the model with the clock."""
    theirs = "benchmarks.music_torch:theirs" if "torch" in options.against else ""
    sizes, tunes = (QUICK_SIZES, QUICK_TUNES) if options.quick else (SIZES, TUNES)
    case = {"sizes": list(sizes), "tunes": tunes}
    N, T, D, H, *_ = sizes
    label = f"LSTM, clock, {len(batches(case))} x {N}, {T}, {D}, {H}"
    return [Row("music", label, case, "benchmarks.music:ours", theirs, flops(case))]


def flops(case: Case) -> int:
    """Operations of the products of all batches, forward and backward: cells at all steps, logits of real tokens."""
    _, _, D, H, C, V = case["sizes"]
    beside = COUNTS * C
    masks = [mask for _, _, mask in each_batch(batches(case))]
    steps, real = sum(mask.size for mask in masks), sum(int(mask.sum()) for mask in masks)
    return 6 * (steps * (D + beside + H) * 4 * H + real * (H + beside) * V)


def batches(case: Case) -> Texts:
    """Tunes with lengths like those of folk tunes, tokens by Zipf's law, random counts of the clock."""
    _, T, _, _, _, V = case["sizes"]
    rng = np.random.default_rng(0)
    chance = 1 / np.arange(1, V + 1)
    lengths = np.exp(rng.normal(np.log(3.4 * T), 0.35, case["tunes"])).astype(int) + 2
    tunes = []
    for length in lengths:
        clock = rng.integers(0, VALUES, (length, COUNTS)) + SIZE * np.arange(COUNTS)
        tunes.append(np.column_stack([rng.choice(V, length, p=chance / chance.sum()), clock]))
    return Texts(tunes, case["sizes"][0], T)


def each_batch(texts: Texts) -> list[tuple[np.ndarray, ...]]:
    """The batches of an epoch."""
    return [texts.batch(0, k) for k in range(len(texts))]


def model_options(case: Case) -> dict[str, Any]:
    """The arguments of ``TuneModel`` after the vocabulary's size, without ``rng``."""
    _, _, D, H, C, _ = case["sizes"]
    clock = {"clocks": CLOCKS, "counts": COUNTS, "clock_size": C}
    return {"embedding_size": D, "hidden_size": H, "dropout": DROPOUT, **clock}


def ours(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Time our epoch."""
    library, synchronise = our_library(settings)
    model = TuneModel(case["sizes"][-1], **model_options(case), rng=np.random.default_rng(0))
    model.to(library)
    texts = batches(case)
    moved = [tuple(move(part, library) for part in batch) for batch in each_batch(texts)]
    epoch = adam_epoch(model, lambda: moved, LR, MAX_NORM, lambda k, state: state_before(texts, 0, k, state))
    return measure(epoch, settings, synchronise)
