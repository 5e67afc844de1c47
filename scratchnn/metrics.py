"""Metrics: what is reported of a model, and decides which epoch was the best. They have no gradients.

    perplexity    exp(L)                                         L: mean loss in nats per token                    (1)
    accuracy      sum_n m_n [p_n = t_n] / sum_n m_n              over targets t_n, predictions p_n, m_n 0 or 1     (2)
    exact match   sum_n [p_n = t_n] / N                          over whole sequences p_n, t_n                     (3)
    confusion     C[i, j] = sum_n [t_n = i] [p_n = j]            true class i, predicted class j                   (4)
    precision     P_k = TP_k / (number of texts predicted as k)  TP_k: those of them that have the label k         (5)
    recall        R_k = TP_k / (number of texts with k)                                                            (6)
    F1            2 TP_k / (texts predicted as k + texts with k) the harmonic mean of (5) and (6)                  (7)
    entities      (5) to (7) with entities instead of texts: TP_k counts those of type k whose first and last token
                  and type are right; micro: TP and both numbers summed over all types                             (8)
    unlabelled    sum_d [head_d = h_d] / W                       attachment over all W words d of all trees        (9)
    labelled      sum_d [head_d = h_d] [label_d = l_d] / W       the words whose head and label are right         (10)
    distinct-n    (number of different n-grams) / (number of n-grams)         n-grams of all sequences            (11)
    MAE           mean |p_n - t_n|                               in the unit of the targets                       (12)
    RMSE          sqrt(mean (p_n - t_n)^2)                       in the unit of the targets                       (13)
    quantile      mean max(q (t_n - p_n), (q - 1) (t_n - p_n))   over all n and all quantiles q                   (14)

[...] is 1 if the statement is true, else 0. A uniform guess among V tokens has perplexity V. (2) to (11) are 0 if nothing
counts, like the losses; (12) to (14) need at least one target. All describe a whole data set: collect the predictions of
all batches first, or weight the mean of the batches by the number of targets in each.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from scratchnn.backend import Array, array_module, check_array
from scratchnn.errors import ShapeError


def perplexity(loss: float) -> float:
    """Equation (1) for a mean loss in nats per token; infinite if it is too large for a float."""
    return math.inf if loss > 700 else math.exp(loss)


def accuracy(predicted: Array, targets: Array, mask: Array | None = None, lengths: Array | None = None) -> float:
    """Equation (2): the share of targets that were predicted.

    Args:
        predicted, targets: class ids of one shape (...), such as (N,) or (N, T). Take the arg max of logits and of one-hot
            targets first.
        mask: booleans (...), true if the target counts; all count if None.
        lengths: number of real steps (N,) of arrays (N, T, ...), beyond which nothing counts; T if None.
    """
    for name, ids in {"predictions": predicted, "targets": targets, "mask": mask, "lengths": lengths}.items():
        if ids is not None:
            check_array(ids, f"accuracy: {name}")
    xp = array_module(targets)
    if predicted.shape != targets.shape:
        raise ShapeError(f"accuracy: targets have shape {tuple(targets.shape)}, predictions {tuple(predicted.shape)}")
    for name, ids in {"predictions": predicted, "targets": targets}.items():
        if ids.dtype.kind in "fc":
            raise ShapeError(f"accuracy: {name} must be class ids, got dtype {ids.dtype}; pass logits.argmax(axis=-1)")
    counts = xp.ones(targets.shape, dtype=bool)
    if mask is not None:
        if mask.shape != targets.shape:
            raise ShapeError(f"accuracy: mask has shape {tuple(mask.shape)}, targets have {tuple(targets.shape)}")
        counts &= mask.astype(bool)
    if lengths is not None:
        if targets.ndim < 2 or lengths.shape != targets.shape[:1]:
            raise ShapeError(f"accuracy: lengths have shape {tuple(lengths.shape)}, targets {tuple(targets.shape)}")
        real = xp.arange(targets.shape[1]) < lengths[:, None]  # (N, T)
        counts &= real.reshape(real.shape + (1,) * (targets.ndim - 2))
    total = int(counts.sum())
    return int(((predicted == targets) & counts).sum()) / total if total else 0.0


def exact_match(predicted: Sequence[Sequence[Any]], targets: Sequence[Sequence[Any]]) -> float:
    """Equation (3): the share of sequences, of ids or of words and without padding, that are right as a whole."""
    if len(predicted) != len(targets):
        raise ShapeError(f"exact_match: {len(targets)} target sequences, {len(predicted)} predicted")
    right = sum(list(p) == list(t) for p, t in zip(predicted, targets, strict=True))
    return right / len(targets) if len(targets) else 0.0


def confusion_matrix(predicted: Array, targets: Array, classes: int) -> Array:
    """Equation (4): counts (K, K) of the classes ``targets`` (N,), the rows, that were predicted as ``predicted`` (N,)."""
    if predicted.shape != targets.shape or targets.ndim != 1:
        raise ShapeError(
            f"confusion_matrix: targets have shape {tuple(targets.shape)}, predictions {tuple(predicted.shape)}"
        )
    xp = array_module(targets)
    pairs = targets.astype("int64") * classes + predicted  # a pair (true, predicted) as one number
    return xp.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def label_scores(predicted: Array, targets: Array) -> dict[str, Array]:
    """Equations (5) to (7) for each of K labels.

    Args:
        predicted, targets: 1 for each label that a text has, else 0 (N, K). One class per text is one 1 in each row.

    Returns:
        ``"precision"``, ``"recall"``, ``"f1"`` and ``"texts"``, the number of texts that have the label, (K,) each.
    """
    xp = array_module(targets)
    if predicted.shape != targets.shape or targets.ndim != 2:
        raise ShapeError(f"label_scores: targets have shape {tuple(targets.shape)}, predictions {tuple(predicted.shape)}")
    said, real = predicted.astype(bool), targets.astype(bool)
    both, said_count, texts = ((said & real).sum(axis=0), said.sum(axis=0), real.sum(axis=0))
    scores = {
        "precision": both / xp.maximum(said_count, 1),  # (5)
        "recall": both / xp.maximum(texts, 1),  # (6)
        "f1": 2 * both / xp.maximum(said_count + texts, 1),  # (7)
    }
    return {**scores, "texts": texts}


def mean_absolute_error(predicted: Array, targets: Array) -> float:
    """Equation (12) for arrays of one shape (...)."""
    return float(abs(_difference(predicted, targets, "mean_absolute_error")).mean())


def root_mean_squared_error(predicted: Array, targets: Array) -> float:
    """Equation (13) for arrays of one shape (...)."""
    return math.sqrt(float((_difference(predicted, targets, "root_mean_squared_error") ** 2).mean()))


def mean_quantile_error(predicted: Array, targets: Array, levels: Sequence[float]) -> float:
    """Equation (14) for predictions (..., Q), targets (...) and Q quantiles between 0 and 1."""
    xp = array_module(predicted)
    difference = -_difference(predicted, xp.broadcast_to(targets[..., None], predicted.shape), "mean_quantile_error")
    q = xp.asarray(levels, dtype=predicted.dtype)
    return float(xp.maximum(q * difference, (q - 1) * difference).mean())


def _difference(predicted: Array, targets: Array, owner: str) -> Array:
    """The difference p - t; a ``ShapeError`` unless both have one shape."""
    if predicted.shape != targets.shape:
        raise ShapeError(f"{owner}: targets have shape {tuple(targets.shape)}, predictions {tuple(predicted.shape)}")
    return predicted - targets


def entity_scores(
    predicted: Sequence[Sequence[tuple[str, int, int]]], targets: Sequence[Sequence[tuple[str, int, int]]]
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Equation (8).

    Args:
        predicted, targets: the entities of each sentence: type, first token, and the token after the last one.

    Returns:
        ``"precision"``, ``"recall"``, ``"f1"`` and ``"entities"``, the number of true ones, for each type; and the same
        over all types.
    """
    if len(predicted) != len(targets):
        raise ShapeError(f"entity_scores: {len(targets)} sentences, {len(predicted)} predicted")
    both: Counter[str] = Counter()
    for found, real in zip(predicted, targets, strict=True):
        both.update(kind for kind, _, _ in set(found) & set(real))
    said, true = (Counter(kind for one in part for kind, _, _ in one) for part in (predicted, targets))
    kinds = sorted(said | true)
    return (
        {kind: _scores(both[kind], said[kind], true[kind]) for kind in kinds},
        _scores(both.total(), said.total(), true.total()),
    )


def _scores(both: int, said: int, true: int) -> dict[str, float]:
    """Equations (5) to (7) from counts: right ones, predicted ones and true ones."""
    precision, recall, f1 = both / max(said, 1), both / max(true, 1), 2 * both / max(said + true, 1)
    return {"precision": precision, "recall": recall, "f1": f1, "entities": true}


def attachment_scores(
    heads: Sequence[Sequence[int]],
    labels: Sequence[Sequence[str]],
    true_heads: Sequence[Sequence[int]],
    true_labels: Sequence[Sequence[str]],
) -> dict[str, float]:
    """Equations (9) and (10); every word counts, punctuation too.

    Args:
        heads, labels: of each word of each sentence, as predicted.
        true_heads, true_labels: the same in the treebank.

    Returns:
        ``"unlabelled"`` and ``"labelled"``.
    """
    right, right_label = right_arcs(heads, labels, true_heads, true_labels)
    W = max(len(right), 1)
    return {"unlabelled": sum(right) / W, "labelled": sum(right_label) / W}


def right_arcs(
    heads: Sequence[Sequence[int]],
    labels: Sequence[Sequence[str]],
    true_heads: Sequence[Sequence[int]],
    true_labels: Sequence[Sequence[str]],
) -> tuple[list[bool], list[bool]]:
    """For each word of all sentences, one after the other: whether its head is right, and whether its label is too.

    Labels are compared without their subtypes, see ``universal``.
    """
    if not len(heads) == len(labels) == len(true_heads) == len(true_labels):
        raise ShapeError(f"attachment: {len(true_heads)} sentences, {len(heads)} predicted")
    right: list[bool] = []
    right_label: list[bool] = []
    for n, (h, names, true_h, true_names) in enumerate(zip(heads, labels, true_heads, true_labels, strict=True)):
        if len({len(h), len(names), len(true_h), len(true_names)}) > 1:
            raise ShapeError(f"attachment: sentence {n} has {len(true_h)} words, but {len(h)} predicted heads")
        for d in range(len(true_h)):
            right.append(h[d] == true_h[d])
            right_label.append(right[-1] and universal(names[d]) == universal(true_names[d]))
    return right, right_label


def universal(label: str) -> str:
    """A label of Universal Dependencies without its subtype, as the shared tasks compare it: ``nmod`` for ``nmod:poss``.

    Zeman et al., "CoNLL 2017 Shared Task: Multilingual Parsing from Raw Text to Universal Dependencies" (2017).
    """
    return label.partition(":")[0]


def distinct_ngrams(sequences: Sequence[Sequence[Any]], n: int) -> float:
    """Equation (11): how varied sequences of words are; near 0 if they all say the same. Li et al. (2016)."""
    found = [tuple(words[k : k + n]) for words in sequences for k in range(len(words) - n + 1)]
    return len(set(found)) / len(found) if found else 0.0
