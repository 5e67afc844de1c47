"""``classifier``: an epoch of a classifier of texts, with bidirectional LSTM or with convolutions.

An epoch is ``BATCHES`` batches of padded texts of similar length. For each: embedding, reader, maximum over time, output
layer, softmax cross-entropy; their backward passes; clipping by norm; Adam; reading the loss. PyTorch gets the same
batches, packs them for its LSTM, and has sparse gradients of the embedding with its ``SparseAdam``, as ours has rows.

``classifier, predict``: how many of these texts per second get a label, from a string to a string. There is no opponent.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.epoch import adam_epoch
from benchmarks.measure import measure, our_library
from scratchnn.backend import move
from scratchnn.data import bucket_batches, pad_sequences
from scratchnn.models.classifier import Classifier
from scratchnn.tasks.classifier import KIND
from scratchnn.tasks.trained import Trained
from scratchnn.text import PADDING, UNKNOWN, Vocabulary

OPPONENTS = ("torch",)
Case = dict[str, Any]
Batch = tuple[np.ndarray, np.ndarray, np.ndarray]

# N texts per batch, longest text, D, H, words
SIZES, QUICK_SIZES = (32, 400, 100, 64, 10_000), (2, 5, 3, 4, 30)
BATCHES, QUICK_BATCHES = 8, 2
KERNELS = (3,)
PREDICT = "benchmarks.classifier:predicting"
LR, MAX_NORM = 0.001, 1.0


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per reader."""
    theirs = "benchmarks.classifier_torch:theirs" if "torch" in options.against else ""
    N, T, D, H, V = QUICK_SIZES if options.quick else SIZES
    count = QUICK_BATCHES if options.quick else BATCHES
    found = []
    for reader, units in (("recurrent", H), ("conv", 2 * H)):
        case = {"reader": reader, "sizes": [N, T, D, units, V], "batches": count}
        steps = sum(int(lengths.sum()) for _, lengths, _ in batches(case))
        per_step = 2 * (D + units) * 4 * units if reader == "recurrent" else sum(KERNELS) * D * units
        label = f"{'BiLSTM' if reader == 'recurrent' else 'Conv1D'}, {count} x {N} texts, {D}, {units}"
        found.append(Row("classifier", label, case, "benchmarks.classifier:ours", theirs, 6 * steps * per_step))
    predicting = [
        Row("classifier, predict", row.label.replace(f"{count} x {N}", f"{count * N}"), row.case, PREDICT, unit="texts/s")
        for row in found
    ]
    return found + predicting


def batches(case: Case) -> list[Batch]:
    """Ids (N, T), lengths and classes (N,): lengths like those of film reviews, ids by Zipf's law."""
    N, T, _, _, V = case["sizes"]
    rng = np.random.default_rng(0)
    count = N * case["batches"]
    lengths = np.clip(np.exp(rng.normal(np.log(0.45 * T), 0.6, count)), 1, T).astype(int)
    chance = 1 / np.arange(1, V)
    texts = [rng.choice(V - 1, length, p=chance / chance.sum()) + 1 for length in lengths]
    classes = rng.integers(0, 2, count)
    return [(*pad_sequences([texts[place] for place in places]), classes[places]) for places in bucket_batches(lengths, N)]


def make_model(case: Case, library: str) -> Classifier:
    """The classifier of a case."""
    _, _, D, H, V = case["sizes"]
    options = {"reader": case["reader"], "cell": "lstm", "bidirectional": True, "pooling": "max", "kernel_sizes": KERNELS}
    model = Classifier(V, 2, embedding_size=D, hidden_size=H, **options, rng=np.random.default_rng(0))
    model.to(library)
    return model


def predicting(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Texts per second that ``predict`` answers: words, ids, batches, the model, labels."""
    library, _ = our_library(settings)
    model = make_model(case, library)
    model.evaluate()
    words = Vocabulary([PADDING, UNKNOWN, *(f"w{k}" for k in range(case["sizes"][-1] - 2))])
    parts = {"vocabulary": words, "labels": Vocabulary(["neg", "pos"])}
    trained = Trained(model, parts, {"level": "plain", "max_length": case["sizes"][1]}, KIND, "the model")
    texts = [
        " ".join(words.decode(row[:length]))
        for ids, lengths, _ in batches(case)
        for row, length in zip(ids, lengths, strict=True)
    ]
    result = measure(lambda: trained.predict(texts), settings)
    return {**result, "value": 1000 * len(texts) / result["value"]}


def ours(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Time our epoch."""
    library, synchronise = our_library(settings)
    return measure(our_epoch(case, library)[0], settings, synchronise)


def our_epoch(case: Case, library: str) -> tuple[Callable[[], None], Classifier]:
    """Our epoch, and the model that it trains."""
    model = make_model(case, library)
    moved = [tuple(move(part, library) for part in batch) for batch in batches(case)]
    return adam_epoch(model, lambda: moved, LR, MAX_NORM), model
