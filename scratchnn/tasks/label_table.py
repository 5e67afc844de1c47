"""The table per label that ``evaluate`` prints for a classifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from scratchnn.functions import one_hot
from scratchnn.metrics import label_scores

WIDEST = 30  # characters of a label
NUMBERS = ("precision", "recall", "f1")


def score_table(predicted: np.ndarray, targets: np.ndarray, labels: Sequence[str]) -> Iterator[str]:
    """Precision, recall, F1 and number of texts per label, and their mean over the labels (macro average).

    Args:
        predicted, targets: classes (N,), or 0 and 1 for each label (N, K).
        labels: their names (K,).
    """
    if targets.ndim == 1:
        predicted, targets = (one_hot(classes, len(labels)) for classes in (predicted, targets))
    scores = label_scores(predicted, targets)
    names = [name if len(name) <= WIDEST else name[: WIDEST - 1] + "…" for name in labels]
    width = max(len(name) for name in [*names, "mean"])
    yield f"{'':{width}}  " + "  ".join(f"{name:>9}" for name in (*NUMBERS, "texts"))
    for k, name in enumerate(names):
        yield f"{name:{width}}  {numbers(scores[column][k] for column in NUMBERS)}  {int(scores['texts'][k]):9,}"
    yield f"{'mean':{width}}  {numbers(scores[column].mean() for column in NUMBERS)}  {len(targets):9,}"


def numbers(values: Iterator[float]) -> str:
    """Scores with four decimals, side by side."""
    return "  ".join(f"{float(value):9.4f}" for value in values)
