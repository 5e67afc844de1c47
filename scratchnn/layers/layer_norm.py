"""Layer normalisation: each row is shifted and scaled to mean 0 and variance 1, then given a learned scale and shift.

    mu = mean(x),  s = 1 / sqrt(mean((x - mu)^2) + eps),  n = (x - mu) s       over the last axis, D entries       (1)
    y  = n g + b                                                                                                   (2)
    dg = sum dy n,  db = sum dy                                                over all rows                       (3)
    dn = dy g                                                                                                      (4)
    dx = s (dn - mean(dn) - n mean(dn n))                                                                          (5)

The two means in (5) are there because mu and s depend on x as well. Ba, Kiros and Hinton (2016).
Shapes: x (..., D), g (D,), b (D,).
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, array_module, check_axis, floating
from scratchnn.core import Layer, Parameter


def layer_norm_forward(x: Array, g: Array, b: Array, eps: float = 1e-5) -> tuple[Array, tuple]:
    """Equations (1) and (2): outputs (..., D) and the cache."""
    x = floating(x, "LayerNorm: input")
    xp = array_module(x)
    centred = x - x.mean(axis=-1, keepdims=True)
    s = 1 / xp.sqrt((centred * centred).mean(axis=-1, keepdims=True) + eps)
    n = centred * s
    return n * g + b, (n, s, g)


def layer_norm_backward(dy: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """Equations (3) to (5): dx (..., D), dg (D,), db (D,)."""
    n, s, g = cache
    rows = (-1, dy.shape[-1])
    dg = (dy * n).reshape(rows).sum(axis=0)  # (3)
    db = dy.reshape(rows).sum(axis=0)  # (3)
    dn = dy * g  # (4)
    dx = s * (dn - dn.mean(axis=-1, keepdims=True) - n * (dn * n).mean(axis=-1, keepdims=True))  # (5)
    return dx, dg, db


class LayerNorm(Layer):
    """Layer normalisation over the last axis of size ``size``; g starts at one, b at zero."""

    def __init__(self, size: int, eps: float = 1e-5):
        super().__init__()
        self.g = Parameter(np.ones(size, dtype=np.float32))
        self.b = Parameter.zeros((size,))
        self.eps = eps

    def __repr__(self) -> str:
        """Class and size of the last axis."""
        return f"LayerNorm({self.g.shape[0]})"

    def forward(self, x: Array) -> Array:
        """Outputs of the shape of x."""
        check_axis(x, -1, self.g.shape[0], "LayerNorm", "size")
        y, cache = layer_norm_forward(x, self.g.data, self.b.data, self.eps)
        self.push(cache, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        dx, dg, db = layer_norm_backward(dy, self.pop(dy))
        self.g.accumulate(dg)
        self.b.accumulate(db)
        return dx
