"""Parameters: arrays that are learned, each with its gradient, which is a whole array or a few rows of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array, Generator, array_module, is_generator_type, merge_rows, move, scatter_add, sum_rows
from scratchnn.errors import DataError, ShapeError


def require_generator(rng: Any, what: str) -> Generator:
    """``rng`` itself if it is a random generator; otherwise a ``DataError`` that shows what to pass.

    All weights and masks are drawn from a generator that the caller has passed, never from a hidden one.
    """
    if not is_generator_type(type(rng)):
        found = "" if rng is None else f", not from {rng!r:.40}"
        raise DataError(f"{what} are drawn from a random generator{found}; pass rng=np.random.default_rng(0)")
    return rng


class RowGradient:
    """A gradient that is zero outside a few rows of a large table, stored as these rows until the optimizer has used it.

    Attributes:
        ids: row numbers (M,); a row that was used twice occurs twice.
        rows: the gradients with respect to these rows (M, D).
        shape: shape of the whole table (V, D).
    """

    def __init__(self, ids: Array, rows: Array, shape: tuple[int, ...]):
        self.ids, self.rows, self.shape = ids, rows, shape
        self._coalesced: RowGradient | None = None

    def coalesce(self) -> RowGradient:
        """The same gradient with each row once, repeats summed, as a norm or an adaptive optimizer needs it.

        It is computed once, for the norm and the step that follows it.
        """
        if self._coalesced is None:
            self._coalesced = RowGradient(*sum_rows(self.ids, self.rows), self.shape)
        return self._coalesced

    def merge(self) -> RowGradient:
        """``coalesce`` without waiting for a GPU; there, rows that have been added to others stay, zero, with the id -1."""
        return RowGradient(*merge_rows(self.ids, self.rows), self.shape)

    def to_dense(self) -> Array:
        """The gradient with respect to the whole table (V, D), zeros included."""
        xp = array_module(self.rows)
        table = xp.zeros(self.shape, dtype=self.rows.dtype)
        scatter_add(table, self.ids, self.rows)
        return table


class Parameter:
    """An array that is learned, and the gradient of the loss with respect to it.

    Attributes:
        data: the values.
        grad: ``None`` until a backward pass has added something; then an array of the same shape or a ``RowGradient``.
        trainable: if false, optimizers do not change the parameter.
    """

    def __init__(self, data: Array, trainable: bool = True):
        self.data = data
        self.grad: Array | RowGradient | None = None
        self.trainable = trainable

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values."""
        return tuple(self.data.shape)

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> Parameter:
        """All zeros, float32."""
        return cls(np.zeros(shape, dtype=np.float32))

    @classmethod
    def normal(cls, shape: tuple[int, ...], scale: float, rng: Generator | None) -> Parameter:
        """Normal with mean 0 and standard deviation ``scale``, float32."""
        rng = require_generator(rng, "weights")
        return cls((scale * rng.standard_normal(shape)).astype(np.float32))

    @classmethod
    def uniform(cls, shape: tuple[int, ...], limit: float, rng: Generator | None) -> Parameter:
        """Uniform in -``limit`` .. ``limit``, float32."""
        rng = require_generator(rng, "weights")
        return cls(rng.uniform(-limit, limit, shape).astype(np.float32))

    @classmethod
    def glorot(cls, shape: tuple[int, int], rng: Generator | None) -> Parameter:
        """Uniform in +- sqrt(6 / (inputs + outputs)): Glorot and Bengio (2010), equation 16."""
        return cls.uniform(shape, (6.0 / sum(shape)) ** 0.5, rng)

    @classmethod
    def orthogonal(cls, shape: tuple[int, int], rng: Generator | None) -> Parameter:
        """One random orthogonal matrix (H, H) for each block of columns of (H, k H): Saxe et al. (2014)."""
        rng = require_generator(rng, "weights")
        H, columns = shape
        blocks = []
        for _ in range(columns // H):
            q, r = np.linalg.qr(rng.standard_normal((H, H)))
            blocks.append(q * np.sign(np.diag(r)))  # the signs make the draw uniform over all orthogonal matrices
        return cls(np.concatenate(blocks, axis=1).astype(np.float32))

    def accumulate(self, gradient: Array | RowGradient) -> None:
        """Add ``gradient`` to ``grad``. The parameter may keep the array itself, so it must not be used elsewhere."""
        if not isinstance(gradient, RowGradient) and gradient.shape != self.data.shape:
            raise ShapeError(f"gradient of shape {tuple(gradient.shape)} for a parameter of shape {self.shape}")
        if self.grad is None:
            self.grad = gradient
        elif isinstance(self.grad, RowGradient) and isinstance(gradient, RowGradient):
            xp = array_module(self.data)
            ids = xp.concatenate([self.grad.ids, gradient.ids])
            self.grad = RowGradient(ids, xp.concatenate([self.grad.rows, gradient.rows]), self.shape)
        elif isinstance(gradient, RowGradient):
            scatter_add(self.grad, gradient.ids, gradient.rows)
        elif isinstance(self.grad, RowGradient):
            scatter_add(gradient, self.grad.ids, self.grad.rows)
            self.grad = gradient
        else:
            self.grad += gradient

    def dense_gradient(self) -> Array:
        """The gradient as an array of the parameter's shape; zeros if nothing has been added."""
        if self.grad is None:
            return array_module(self.data).zeros_like(self.data)
        return self.grad.to_dense() if isinstance(self.grad, RowGradient) else self.grad

    def to(self, name: str) -> None:
        """Move values and gradient to the array library ``name``."""
        self.data = move(self.data, name)
        if isinstance(self.grad, RowGradient):
            self.grad = RowGradient(move(self.grad.ids, name), move(self.grad.rows, name), self.shape)
        elif self.grad is not None:
            self.grad = move(self.grad, name)
