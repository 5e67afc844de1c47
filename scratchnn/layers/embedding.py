"""Embedding: a table of row vectors, looked up by id.

    y_m      = W[ids_m]                          the same as onehot(ids) W, without the product                    (1)
    dW[v]    = sum of dy_m over all m with ids_m = v                                                               (2)

The gradient is zero outside the rows that were looked up, so it is passed on as those rows (``RowGradient``): a step on 700
words never writes a table of 10,000. A padding id gives a row of zeros and receives no gradient.

Shapes: ids (...), W (V, D), y (..., D).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array, Generator, array_module, check_array, check_ids
from scratchnn.core import Layer, Parameter, RowGradient
from scratchnn.errors import DataError, whole_number


def embedding_forward(ids: Array, W: Array, padding_id: int | None = None) -> tuple[Array, tuple]:
    """Equation (1): ``ids`` (...) and the table ``W`` (V, D) give (..., D) and the cache."""
    check_ids(ids, W.shape[0], "Embedding")  # a negative id would count from the end of the table
    y = W[ids]
    if padding_id is not None:
        y = array_module(y).where((ids != padding_id)[..., None], y, 0)  # not a product: the row may contain NaN
    return y, (ids, padding_id, W.shape)


def embedding_backward(dy: Array, cache: tuple) -> RowGradient:
    """Equation (2) before the sum: the rows (M, D) and their ids (M,)."""
    ids, padding_id, shape = cache
    if padding_id is not None:
        dy = array_module(dy).where((ids != padding_id)[..., None], dy, 0)
    return RowGradient(ids.reshape(-1), dy.reshape(-1, shape[1]), shape)  # (2)


class Embedding(Layer):
    """Table of ``vocabulary_size`` vectors of ``size`` numbers; ids (...) -> (..., ``size``).

    Args:
        vocabulary_size, size: V and D.
        rng: draws the table (normal with standard deviation 0.1) unless ``table`` is given.
        table: pretrained values (V, D), copied.
        frozen: whether the table is kept as it is; if false, it is learned.
        padding_id: an id whose vector is zero and stays zero.
    """

    def __init__(
        self,
        vocabulary_size: int,
        size: int,
        *,
        rng: Generator | None = None,
        table: np.ndarray | None = None,
        frozen: bool = False,
        padding_id: int | None = None,
    ):
        super().__init__()
        if table is not None:
            check_array(table, "Embedding: table")
            if table.shape != (vocabulary_size, size):
                raise DataError(f"Embedding: table has shape {table.shape}, expected {(vocabulary_size, size)}")
            self.W = Parameter(np.array(table, dtype=np.float32))
        else:
            self.W = Parameter.normal((vocabulary_size, size), 0.1, rng)
        if padding_id is not None and whole_number(padding_id, "Embedding: padding_id", 0) >= vocabulary_size:
            raise DataError(f"Embedding: padding_id {padding_id} is out of range 0 .. {vocabulary_size - 1}")
        self.W.trainable = not frozen
        self.padding_id = padding_id
        self.found: int | None = None  # tokens with a pretrained vector, see ``from_vectors``

    @classmethod
    def from_vectors(cls, vocabulary: Any, vectors: Any, *, rng: Generator, frozen: bool = False) -> Embedding:
        """An embedding whose rows are pretrained word vectors.

        Args:
            vocabulary: the tokens; a ``Vocabulary``.
            vectors: words and their vectors (W, D); a ``KeyedVectors``.
            rng: draws the rows of all other tokens, normal with the standard deviation of the vectors that were found. A
                run of words ("not good") starts from the mean of their vectors instead if all have one.
            frozen: whether the table is kept as it is; if false, the vectors are only a start (fine-tuning).

        Returns:
            The layer. Its ``found`` is the number of tokens that have a vector.

        Raises:
            DataError: no token has a vector.
        """
        rows = np.array([vectors.ids.get(token, -1) for token in vocabulary.tokens])  # (V,)
        known = rows >= 0
        if not known.any():
            raise DataError(
                f"none of the {len(rows):,} tokens of the vocabulary has a word vector; use vectors of the same language "
                "and spelling"
            )
        given = vectors.vectors[rows[known]]
        table = given.std() * rng.standard_normal((len(rows), given.shape[1]))
        table[known] = given
        for row in np.flatnonzero(~known):
            parts = [vectors.ids.get(part, -1) for part in vocabulary.tokens[row].split(" ")]
            if len(parts) > 1 and min(parts) >= 0:
                table[row] = vectors.vectors[parts].mean(axis=0)
        layer = cls(*table.shape, table=table, frozen=frozen)
        layer.found = int(known.sum())
        return layer

    def __repr__(self) -> str:
        """Class and shape of the table."""
        return f"Embedding({self.W.shape[0]} x {self.W.shape[1]})"

    def forward(self, ids: Array) -> Array:
        """Vectors (..., ``size``)."""
        y, cache = embedding_forward(ids, self.W.data, self.padding_id)
        self.push(cache, y)
        return y

    def backward(self, dy: Array) -> None:
        """Adds to the gradient of the table; ids have no gradient, so nothing is returned."""
        gradient = embedding_backward(dy, self.pop(dy))
        if self.W.trainable:
            self.W.accumulate(gradient)
