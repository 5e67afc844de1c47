"""Dropout: while training, each entry is zero with probability p and otherwise divided by 1 - p.

    y  = x m,   m = 0 with probability p, else 1 / (1 - p)                                                         (1)
    dx = dy m                                                                                                      (2)

The division keeps the expected value of each entry, so that evaluation mode, where y = x, needs no scaling.
Srivastava et al. (2014); scaling during training instead of evaluation is called inverted dropout.
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator, array_module, backend_name, floating
from scratchnn.core import Layer
from scratchnn.core.parameter import require_generator
from scratchnn.errors import BackendError, DataError


def dropout_mask(shape: tuple[int, ...], p: float, like: Array, rng: Generator) -> Array:
    """The factors m of equation (1), in the real dtype of ``like``."""
    xp = array_module(like)
    if backend_name(rng) != backend_name(like):
        raise BackendError(
            f"dropout draws {backend_name(rng)} arrays, but its input is a {backend_name(like)} array; "
            "move the model with model.to(...)"
        )
    dtype = like.real.dtype
    keep = rng.random(shape, dtype=dtype) >= p
    return keep.astype(dtype) * xp.asarray(1 / (1 - p), dtype=dtype)


def check_probability(p: float, owner: str) -> float:
    """``p`` itself if 0 <= p < 1; a ``DataError`` otherwise."""
    if not 0 <= p < 1:
        raise DataError(f"{owner}: the dropout probability must be 0 or more and below 1, got {p}")
    return p


class Dropout(Layer):
    """Sets entries to zero with probability ``p`` while training; any shape.

    Args:
        p: the probability, 0 or more and below 1.
        rng: draws the masks; needed if ``p`` is above 0.
    """

    def __init__(self, p: float, *, rng: Generator | None = None):
        super().__init__()
        self.p = check_probability(p, "Dropout")
        self.rng = require_generator(rng, "dropout masks") if p else rng

    def __repr__(self) -> str:
        """Class and probability."""
        return f"Dropout({self.p})"

    def forward(self, x: Array) -> Array:
        """Equation (1) while training, x itself in evaluation mode."""
        x = floating(x, "Dropout: input")
        if not self.training or self.p == 0:
            self.push(None, x)
            return x
        mask = dropout_mask(x.shape, self.p, x, self.rng)
        self.push(mask, x)
        return x * mask

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        mask = self.pop(dy)
        return dy if mask is None else dy * mask  # (2)
