"""The tables per label, per type of entity or per tag that ``evaluate`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from scratchnn.functions import one_hot
from scratchnn.metrics import entity_scores, label_scores

WIDEST = 30  # characters of a label
NUMBERS = ("precision", "recall", "f1")
MOST_TAGS = 40  # rows of a table of tags


def score_table(predicted: np.ndarray, targets: np.ndarray, labels: Sequence[str]) -> Iterator[str]:
    """Precision, recall, F1 and number of texts per label, and their mean over the labels (macro average).

    Args:
        predicted, targets: classes (N,), or 0 and 1 for each label (N, K).
        labels: their names (K,).
    """
    if targets.ndim == 1:
        predicted, targets = (one_hot(classes, len(labels)) for classes in (predicted, targets))
    scores = label_scores(predicted, targets)
    rows = [(name, [scores[column][k] for column in NUMBERS], scores["texts"][k]) for k, name in enumerate(labels)]
    yield from table([*rows, ("mean", [scores[column].mean() for column in NUMBERS], len(targets))], "texts")


def entity_table(predicted: Sequence[Sequence[tuple]], true: Sequence[Sequence[tuple]]) -> Iterator[str]:
    """Precision, recall, F1 and number of entities per type, and the same over all types (micro average)."""
    types, total = entity_scores(predicted, true)
    yield from table([as_row(name, scores) for name, scores in {**types, "micro": total}.items()], "entities")


def tag_table(predicted: Iterable[str], true: Iterable[str]) -> Iterator[str]:
    """Precision, recall, F1 and number of words per tag; a word is an entity of its own."""
    single = [[[(tag, t, t + 1)] for t, tag in enumerate(tags)] for tags in (predicted, true)]
    types, _ = entity_scores(single[0], single[1])
    rows = sorted((as_row(name, scores) for name, scores in types.items()), key=lambda row: (-row[2], row[0]))
    yield from table(rows[:MOST_TAGS], "words")
    if len(rows) > MOST_TAGS:
        yield f"and {len(rows) - MOST_TAGS:,} rarer tags"


def as_row(name: str, scores: Mapping[str, float]) -> tuple[str, list[float], int]:
    """A row of ``table``."""
    return name, [scores[column] for column in NUMBERS], int(scores["entities"])


def table(rows: Sequence[tuple[str, Sequence[float], int]], counted: str) -> Iterator[str]:
    """Name, scores and count of each row, under a heading; ``counted`` says what the count is of."""
    names = [name if len(name) <= WIDEST else name[: WIDEST - 1] + "…" for name, _, _ in rows]
    width = max(len(name) for name in [*names, "mean"])
    yield f"{'':{width}}  " + "  ".join(f"{name:>9}" for name in (*NUMBERS, counted))
    for name, (_, scores, count) in zip(names, rows, strict=True):
        yield f"{name:{width}}  " + "  ".join(f"{float(value):9.4f}" for value in scores) + f"  {int(count):9,}"
