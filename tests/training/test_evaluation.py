"""The mean loss over batches of unequal size is that of one batch with everything."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.data import PaddedExamples
from scratchnn.models.classifier import Classifier
from scratchnn.training.evaluation import mean_loss


def test_every_target_counts_the_same():
    rng = np.random.default_rng(0)
    model = Classifier(9, 3, embedding_size=4, hidden_size=5, dropout=0.5, class_weights=[1, 2, 3], rng=rng)
    model.astype("float64")
    sequences = [rng.integers(0, 9, rng.integers(1, 6)) for _ in range(11)]
    targets = rng.integers(0, 3, 11)
    found = [mean_loss(model, PaddedExamples(sequences, targets, size)) for size in (4, 11)]
    assert model.training
    model.evaluate()
    whole, _, _ = model.loss(PaddedExamples(sequences, targets, 11).batch(0, 0), None)
    assert found == pytest.approx([float(whole)] * 2, rel=1e-12)


def test_no_batches():
    class Empty:
        def __len__(self):
            return 0

    model = Classifier(9, 3, embedding_size=4, hidden_size=5, rng=np.random.default_rng(0))
    assert mean_loss(model, Empty()) == 0
