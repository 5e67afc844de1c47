"""One step of a gated recurrent layer: copy it, change it, and check it.

    python -m scratchnn gradcheck --template --out my_layer.py
    python -m scratchnn gradcheck my_layer.py:MyGRU

Forward, from inputs x (N, D) and the previous state h (N, H):

    a = x Wx + h Wh + b                              a = [a_z, a_n], two blocks of H columns                       (1)
    z = sigmoid(a_z)                                 gate: how much of the previous state is kept                  (2)
    n = tanh(a_n)                                    candidate                                                     (3)
    y = (1 - z) n + z h                              new state                                                     (4)

Backward, from dy, the gradient of the loss with respect to y:

    da_z = dy (h - n) z (1 - z)                      (4), then the derivative of (2)                               (5)
    da_n = dy (1 - z) (1 - n^2)                      (4), then the derivative of (3)                               (6)
    dx   = da Wx^T                                   da = [da_z, da_n]                                             (7)
    dh   = dy z + da Wh^T                            h is used twice: in (4) and in (1)                            (8)
    dWx  = x^T da      dWh = h^T da      db = sum da                                                               (9)

What the check requires of a class:

    MyGRU(rng)            a scratchnn.core.Layer; its parameters are attributes of the class Parameter
    forward(*inputs)      returns an array, or a tuple of arrays
    backward(*doutputs)   takes the gradients with respect to the outputs, adds to the gradients of the parameters, and
                          returns the gradients with respect to the floating-point inputs, in the order of the inputs
    example(rng)          returns small inputs for forward, by name, in order; integers are passed on unchanged

Forward runs in float64 and also with complex numbers, so it must not cast to a fixed dtype. Random masks have to be drawn
from a generator kept as ``self.rng``; the check resets it before each run.
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import array_module
from scratchnn.core import Layer, Parameter
from scratchnn.functions import sigmoid


class MyGRU(Layer):
    """Equations (1) to (9); replace them with yours."""

    def __init__(self, rng: np.random.Generator):
        super().__init__()
        D, H = 3, 4  # different, so that a wrong transpose changes a shape
        self.Wx = Parameter.glorot((D, 2 * H), rng)
        self.Wh = Parameter.orthogonal((H, 2 * H), rng)
        self.b = Parameter.zeros((2 * H,))

    @staticmethod
    def example(rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Example inputs for forward, by name."""
        return {"x": rng.standard_normal((2, 3)), "h": rng.standard_normal((2, 4))}

    def forward(self, x: np.ndarray, h: np.ndarray) -> np.ndarray:
        """The new state (N, H)."""
        a = x @ self.Wx.data + h @ self.Wh.data + self.b.data  # (1)  (N, D) @ (D, 2H) + (N, H) @ (H, 2H) -> (N, 2H)
        H = h.shape[1]
        xp = array_module(x)  # NumPy, or CuPy if x is on a GPU
        z = sigmoid(a[:, :H])  # (2)
        n = xp.tanh(a[:, H:])  # (3)
        self.push((x, h, z, n))  # the cache for backward
        return (1 - z) * n + z * h  # (4)

    def backward(self, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradients with respect to x (N, D) and h (N, H)."""
        x, h, z, n = self.pop()
        xp = array_module(x)
        da_z = dy * (h - n) * z * (1 - z)  # (5)
        da_n = dy * (1 - z) * (1 - n * n)  # (6)
        da = xp.concatenate([da_z, da_n], axis=1)  # (N, 2H)
        dx = da @ self.Wx.data.T  # (7)  (N, 2H) @ (2H, D) -> (N, D)
        dh = dy * z + da @ self.Wh.data.T  # (8)  (N, 2H) @ (2H, H) -> (N, H)
        self.Wx.accumulate(x.T @ da)  # (9)  (D, N) @ (N, 2H) -> (D, 2H)
        self.Wh.accumulate(h.T @ da)  # (9)  (H, N) @ (N, 2H) -> (H, 2H)
        self.b.accumulate(da.sum(axis=0))  # (9)
        return dx, dh
