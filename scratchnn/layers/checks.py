"""Gradient checks of the layers in this package."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scratchnn import layers
from scratchnn.core import Layer, Sequential
from scratchnn.gradcheck import Problem, case, layer_problem

IDS = np.array([[1, 4, 1], [0, 3, 1]])  # a repeated id, and one (2) that never occurs


def register(name: str, make: Callable[[np.random.Generator], Layer], shape: tuple[int, ...] = (2, 3, 4)) -> None:
    """A layer with one input ``x`` of the given shape."""

    @case(name)
    def build(rng: np.random.Generator) -> Problem:
        return layer_problem(make(rng), {"x": rng.standard_normal(shape)})


register("layer-sigmoid", lambda rng: layers.Sigmoid())
register("layer-tanh", lambda rng: layers.Tanh())
register("layer-relu", lambda rng: layers.ReLU())
register("layer-softmax", lambda rng: layers.Softmax())
register("dense", lambda rng: layers.Dense(4, 5, rng=rng))
register("dense/no-bias", lambda rng: layers.Dense(4, 5, rng=rng, bias=False))
register("layer-norm", lambda rng: layers.LayerNorm(4))
register("dropout", lambda rng: layers.Dropout(0.4, rng=rng))
register(
    "sequential",
    lambda rng: Sequential(
        layers.Dense(4, 6, rng=rng), layers.Tanh(), layers.Dropout(0.3, rng=rng), layers.Dense(6, 2, rng=rng)
    ),
)


@case("embedding")
def embedding(rng: np.random.Generator) -> Problem:
    """Repeated ids; the row of an id that does not occur has a zero gradient, the others do not."""
    return layer_problem(layers.Embedding(5, 3, rng=rng), {}, fixed=(IDS,))


@case("embedding/padding")
def embedding_padding(rng: np.random.Generator) -> Problem:
    """The row of the padding id has no effect."""
    return layer_problem(layers.Embedding(5, 3, rng=rng, padding_id=1), {}, fixed=(IDS,))


class Tied(Layer):
    """An embedding and an output layer that share one table, whose gradient is the sum of both."""

    def __init__(self, rng: np.random.Generator):
        super().__init__()
        self.embedding = layers.Embedding(5, 3, rng=rng)
        self.output = layers.Dense(3, 5, rng=rng, tied=self.embedding.W)

    def forward(self, ids: np.ndarray) -> np.ndarray:
        """Ids (...) -> logits (..., 5)."""
        return self.output.forward(self.embedding.forward(ids))

    def backward(self, dy: np.ndarray) -> None:
        """Nothing to return: ids have no gradient."""
        self.embedding.backward(self.output.backward(dy))


@case("dense/tied")
def dense_tied(rng: np.random.Generator) -> Problem:
    """One table used twice."""
    return layer_problem(Tied(rng), {}, fixed=(IDS,))


class TiedApart(Layer):
    """The same table used for the output first: in backward, the rows of the embedding come before the whole gradient."""

    def __init__(self, rng: np.random.Generator):
        super().__init__()
        self.embedding = layers.Embedding(5, 3, rng=rng)
        self.output = layers.Dense(3, 5, rng=rng, tied=self.embedding.W)

    def forward(self, x: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows (..., 3) and ids (...) -> logits (..., 5) and vectors (..., 3)."""
        return self.output.forward(x), self.embedding.forward(ids)

    def backward(self, dlogits: np.ndarray, dvectors: np.ndarray) -> np.ndarray:
        """The gradient with respect to x."""
        self.embedding.backward(dvectors)
        return self.output.backward(dlogits)


@case("dense/tied-apart")
def dense_tied_apart(rng: np.random.Generator) -> Problem:
    """Rows first, then the whole table."""
    return layer_problem(TiedApart(rng), {"x": rng.standard_normal((2, 3))}, fixed=(IDS,))


class Twice(Layer):
    """One layer used twice before backward: the stack of caches."""

    def __init__(self, rng: np.random.Generator):
        super().__init__()
        self.dense = layers.Dense(4, 4, rng=rng)
        self.squash = layers.Tanh()

    def forward(self, x: np.ndarray) -> np.ndarray:
        """tanh(dense(tanh(dense(x))))."""
        for _ in range(2):
            x = self.squash.forward(self.dense.forward(x))
        return x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The gradient with respect to x."""
        for _ in range(2):
            dy = self.dense.backward(self.squash.backward(dy))
        return dy


register("dense/used-twice", Twice)
