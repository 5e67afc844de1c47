"""Accuracy against scikit-learn, masks as its sample weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.metrics import accuracy


@pytest.mark.parity
@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_accuracy(N, classes, seed):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    predicted, targets = rng.integers(0, classes, (2, N))
    assert accuracy(predicted, targets) == pytest.approx(sklearn.accuracy_score(targets, predicted))
    mask = rng.random(N) < 0.6
    mask[0] = True
    assert accuracy(predicted, targets, mask) == pytest.approx(
        sklearn.accuracy_score(targets, predicted, sample_weight=mask)
    )
