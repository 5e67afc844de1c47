"""One step of a gated recurrent layer, to copy, change, and have checked.

    python -m scratchnn gradcheck --template > my_layer.py
    python -m scratchnn gradcheck my_layer.py:MyGRU

Forward, from inputs x (N, D) and an old state h (N, H):

    a = x Wx + h Wh + b                              a = [a_z, a_n], two blocks of H columns                       (1)
    z = sigmoid(a_z)                                 gate: how much of the old state is kept                       (2)
    n = tanh(a_n)                                    candidate                                                     (3)
    y = (1 - z) n + z h                              new state                                                     (4)

Backward, from dy, the gradient of the loss by y:

    da_z = dy (h - n) z (1 - z)                      (4), then the slope of (2)                                    (5)
    da_n = dy (1 - z) (1 - n^2)                      (4), then the slope of (3)                                    (6)
    dx   = da Wx^T                                   da = [da_z, da_n]                                             (7)
    dh   = dy z + da Wh^T                            h was used twice: in (4) and in (1)                           (8)
    dWx  = x^T da      dWh = h^T da      db = sum da                                                               (9)

What the check asks of a class:

    MyGRU(rng)            a scratchnn.core.Layer; its parameters are attributes of the class Parameter
    forward(*inputs)      returns an array, or a tuple of arrays
    backward(*doutputs)   adds to the parameters' gradients; returns the gradients of the floating-point inputs, in order
    example(rng)          small inputs for forward, in order, by name; whole numbers are passed on but not differentiated

Forward is run in float64, and with complex numbers too, so it must not cast to a fixed dtype. Random masks have to come
from a generator kept as ``self.rng``, which is set back before each run.
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import array_module
from scratchnn.core import Layer, Parameter
from scratchnn.functions import sigmoid


class MyGRU(Layer):
    """Equations (1) to (9); replace them with your own."""

    def __init__(self, rng: np.random.Generator):
        super().__init__()
        D, H = 3, 4  # different, so that a wrong transpose cannot go unseen
        self.Wx = Parameter.glorot((D, 2 * H), rng)
        self.Wh = Parameter.orthogonal((H, 2 * H), rng)
        self.b = Parameter.zeros((2 * H,))

    @staticmethod
    def example(rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Inputs to try it with."""
        return {"x": rng.standard_normal((2, 3)), "h": rng.standard_normal((2, 4))}

    def forward(self, x: np.ndarray, h: np.ndarray) -> np.ndarray:
        """The new state (N, H)."""
        a = x @ self.Wx.data + h @ self.Wh.data + self.b.data  # (1)  (N, D) @ (D, 2H) + (N, H) @ (H, 2H) -> (N, 2H)
        H = h.shape[1]
        xp = array_module(x)  # NumPy, or CuPy where x lies on a GPU
        z = sigmoid(a[:, :H])  # (2)
        n = xp.tanh(a[:, H:])  # (3)
        self.push((x, h, z, n))  # what backward will need
        return (1 - z) * n + z * h  # (4)

    def backward(self, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradients by x (N, D) and h (N, H)."""
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
