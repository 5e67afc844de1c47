"""The loss of a model on data that it does not learn from."""

from __future__ import annotations

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.training.batches import Batches


def mean_loss(model: Model, batches: Batches) -> float:
    """The mean loss per target of all batches that are independent of each other; 0 if there is no target.

    The model is left in the mode it was in.
    """
    name = backend_name(model.parameters()[0].data)
    total, targets = 0.0, 0
    with model.evaluation():
        for k in range(len(batches)):
            loss, count, _ = model.loss(tuple(move(part, name) for part in batches.batch(0, k)), None)
            total, targets = total + float(to_numpy(loss)) * count, targets + count
    return total / max(targets, 1)
