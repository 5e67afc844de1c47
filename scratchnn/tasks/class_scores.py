"""What a classifier says about many texts: their logits, its decisions, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.data import bucket_batches, pad_sequences
from scratchnn.models.classifier import Classifier

BATCH = 64  # texts that are read side by side


def targets_of(examples: Sequence[tuple]) -> np.ndarray:
    """The classes of all examples (N,), or 0 and 1 for each label (N, K)."""
    return np.array([target for _, target in examples])


def logits_of(model: Classifier, sequences: Sequence[np.ndarray]) -> np.ndarray:
    """The logits (N, K), or (N,) for one sigmoid unit, of N texts as ids, in their order."""
    name, found = backend_name(model.embedding.W.data), []
    order = bucket_batches([len(ids) for ids in sequences], BATCH)
    with model.evaluation():
        for places in order:
            ids, lengths = (move(part, name) for part in pad_sequences([sequences[place] for place in places]))
            found.append(to_numpy(model.forward(ids, lengths)))
    return np.concatenate(found)[np.argsort(np.concatenate(order))]


def figures(model: Classifier, logits: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Loss and accuracy, by the logits and the targets of all texts."""
    right = (decide(model, logits) == targets).reshape(len(targets), -1).all(axis=1)
    with model.evaluation():
        loss, _ = model.score(logits, targets)
    return {"loss": float(loss), "accuracy": float(right.mean())}


def decide(model: Classifier, logits: np.ndarray) -> np.ndarray:
    """The class of each text (N,), or which labels it has (N, K): those with a probability above one half."""
    return logits.argmax(axis=1) if model.config["output"] == "softmax" else (logits > 0).astype(int)
