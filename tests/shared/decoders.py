"""What the tests of all models with a decoder share: gradients of a batch, and of its rows by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchnn.core import Model

Batch = tuple[np.ndarray, ...]


def gradients(model: Model, batch: Batch, dloss: float = 1.0) -> dict[str, np.ndarray]:
    """The gradients of all parameters by name, for the gradient ``dloss`` with respect to the loss."""
    model.clear_gradients()
    model.loss(batch, None)
    model.backward_loss(dloss)
    assert model.pending() == 0
    return {name: parameter.dense_gradient().copy() for name, parameter in model.named_parameters().items()}


def assert_each_token_weighs_alike(
    model: Model, batch: Batch, one_of: Callable[[Any, int], Batch], lengths: Sequence[int]
) -> None:
    """The gradient of a batch is the mean over its tokens: that of each row by itself, weighted by its length."""
    whole = gradients(model, batch)
    parts = [gradients(model, one_of(batch, row), float(length)) for row, length in enumerate(lengths)]
    for parameter, gradient in whole.items():
        assert gradient.any(), parameter
        total = sum(part[parameter] for part in parts) / sum(lengths)
        np.testing.assert_allclose(gradient, total, atol=1e-12, err_msg=parameter)
