"""Every optimizer, and random gradients for them."""

from __future__ import annotations

import pytest

from scratchnn.core import Parameter, RowGradient
from scratchnn.optim import SGD, AdaGrad, Adam, AdamW, RMSprop

MAKERS = {
    "sgd": lambda p: SGD(p, 0.1),
    "momentum": lambda p: SGD(p, 0.1, momentum=0.9),
    "nesterov": lambda p: SGD(p, 0.1, momentum=0.9, nesterov=True),
    "adagrad": lambda p: AdaGrad(p, 0.1),
    "rmsprop": lambda p: RMSprop(p, 0.1),
    "adam": lambda p: Adam(p, 0.1),
    "adamw": lambda p: AdamW(p, 0.1),
}
every_optimizer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def parameter(rng, *shape, dtype="float64"):
    return Parameter(rng.standard_normal(shape).astype(dtype))


def random_rows(rng, V, D, dtype="float64"):
    """Rows for up to 2 V ids, so that some ids repeat and some do not occur."""
    ids = rng.integers(0, V, rng.integers(0, 2 * V))
    return RowGradient(ids, rng.standard_normal((ids.size, D)).astype(dtype), (V, D))


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
