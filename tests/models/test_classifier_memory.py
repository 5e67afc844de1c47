"""The memory of a training step grows linearly with the number of steps, and that of an evaluation with nothing more."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from scratchnn.models.classifier import Classifier


def peak(options, T, training):
    """Bytes at the peak of a forward and backward pass over texts of T tokens; parameters do not count."""
    model = Classifier(50, 2, embedding_size=16, hidden_size=16, rng=np.random.default_rng(0), **options)
    rng = np.random.default_rng(1)
    batch = (rng.integers(0, 50, (4, T), dtype=np.int32), np.array([T, T - 1, T // 2, 1]), np.array([0, 1, 1, 0]))
    if not training:
        model.evaluate()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        model.loss(batch, None)
        if training:
            model.backward_loss()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm", "bidirectional": True, "pooling": "max"},
        {"cell": "gru"},
        {"reader": "conv", "pooling": "max", "kernel_sizes": [3, 4]},
        {"reader": "conv-recurrent", "pooling": "attention"},
        {"reader": "embedding", "pooling": "mean"},
        {"reader": "embedding", "pooling": "attention"},
    ],
)
def test_memory_is_linear_in_the_number_of_steps(options, training):
    small, middle, large = (peak(options, T, training) for T in (500, 1000, 2000))
    added, twice = middle - small, large - middle
    assert added > 4 * 500 * 16 * 4  # at least the embedded texts themselves
    assert added < twice < 2.3 * added  # less than twice if scratch arrays of a fixed size count; four times if quadratic
