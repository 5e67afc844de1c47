"""Dense layer: every output is a weighted sum of all inputs plus a bias.

    y  = x W + b                                                                                                   (1)
    dx = dy W^T                                                                                                    (2)
    dW = x^T dy      summed over all rows                                                                          (3)
    db = sum dy      over all rows                                                                                 (4)

Shapes: x (..., D), W (D, H), b (H,), y (..., H). With tying (Press and Wolf, 2017), W is the transpose of an embedding
table (H, D) held by another layer: one Parameter, whose gradient is the sum of both.
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator, Lease, array_module, check_axis, floating
from scratchnn.core import Layer, Parameter


def dense_forward(x: Array, W: Array, b: Array | None, lease: Lease | None = None) -> tuple[Array, tuple]:
    """Equation (1): ``x`` (..., D), ``W`` (D, H), ``b`` (H,) or ``None`` give (..., H) and the cache.

    The array of outputs is taken from ``lease`` unless it is None.
    """
    x = floating(x, "Dense: input")
    xp = array_module(x)
    rows = x.reshape(-1, x.shape[-1])  # one matrix product over all leading axes
    dtype = xp.result_type(x, W) if b is None else xp.result_type(x, W, b)
    shape = (rows.shape[0], W.shape[1])
    y = xp.empty(shape, dtype=dtype) if lease is None else lease.take(xp, shape, dtype)
    xp.matmul(rows, W, out=y)  # (M, D) @ (D, H) -> (M, H)
    if b is not None:
        y += b
    return y.reshape(x.shape[:-1] + (W.shape[1],)), (x, W)


def dense_backward(dy: Array, cache: tuple) -> tuple[Array, Array, Array]:
    """Equations (2) to (4): dx (..., D), dW (D, H), db (H,)."""
    x, W = cache
    xp = array_module(dy)
    rows = x.reshape(-1, x.shape[-1])  # (M, D)
    drows = dy.reshape(-1, dy.shape[-1])  # (M, H)
    dx = drows @ W.T  # (2)  (M, H) @ (H, D) -> (M, D)
    dW = rows.T @ drows  # (3)  (D, M) @ (M, H) -> (D, H)
    db = xp.ones(len(drows), dtype=drows.dtype) @ drows  # (4)  as a product, which uses all cores
    return dx.reshape(x.shape), dW, db


class Dense(Layer):
    """Dense layer (..., ``inputs``) -> (..., ``outputs``).

    Args:
        inputs, outputs: sizes of the last axis before and after.
        bias: whether b is added.
        tied: an embedding table (``outputs``, ``inputs``) to use, transposed, as W.
        rng: draws W (Glorot uniform) unless ``tied`` is given; b starts at zero.
    """

    def __init__(
        self, inputs: int, outputs: int, *, rng: Generator | None = None, bias: bool = True, tied: Parameter | None = None
    ):
        super().__init__()
        if tied is not None:
            check_axis(tied.data, 0, outputs, "Dense, tied table", "outputs")
            check_axis(tied.data, 1, inputs, "Dense, tied table", "inputs")
        self.tied = tied is not None
        self.W = Parameter.glorot((inputs, outputs), rng) if tied is None else tied
        self.b = Parameter.zeros((outputs,)) if bias else None

    def __repr__(self) -> str:
        """Class and sizes of the last axis before and after."""
        inputs, outputs = reversed(self.W.shape) if self.tied else self.W.shape
        return f"Dense({inputs} -> {outputs})"

    def forward(self, x: Array, lease: Lease | None = None) -> Array:
        """Outputs (..., ``outputs``), in an array taken from ``lease`` unless it is None."""
        W = self.W.data.T if self.tied else self.W.data
        check_axis(x, -1, W.shape[0], "Dense", "inputs")
        y, cache = dense_forward(x, W, None if self.b is None else self.b.data, lease)
        self.push(cache, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x (..., ``inputs``)."""
        dx, dW, db = dense_backward(dy, self.pop(dy))
        self.W.accumulate(dW.T if self.tied else dW)
        if self.b is not None:
            self.b.accumulate(db)
        return dx
