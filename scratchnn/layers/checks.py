"""Gradient checks of the layers in this package."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from scratchnn import layers
from scratchnn.core import Layer, Sequential
from scratchnn.core.nested import or_zeros
from scratchnn.gradcheck import Problem, case, layer_problem, pair_problem
from scratchnn.layers import attention_pooling, conv1d, conv2d, global_pooling, pooling, pooling2d

IDS = np.array([[1, 4, 1], [0, 3, 1]])  # a repeated id, and one (2) that never occurs


def register(name: str, make: Callable[[np.random.Generator], Layer], random: bool = False) -> None:
    """A layer with one input ``x`` (2, 3, 4)."""

    @case(name, random=random)
    def build(rng: np.random.Generator) -> Problem:
        return layer_problem(make(rng), {"x": rng.standard_normal((2, 3, 4))})


register("layer-sigmoid", lambda rng: layers.Sigmoid())
register("layer-tanh", lambda rng: layers.Tanh())
register("layer-relu", lambda rng: layers.ReLU())
register("layer-softmax", lambda rng: layers.Softmax())
register("dense", lambda rng: layers.Dense(4, 5, rng=rng))
register("dense/no-bias", lambda rng: layers.Dense(4, 5, rng=rng, bias=False))
register("layer-norm", lambda rng: layers.LayerNorm(4))
register("dropout", lambda rng: layers.Dropout(0.4, rng=rng), random=True)
register(
    "sequential",
    lambda rng: Sequential(
        layers.Dense(4, 6, rng=rng), layers.Tanh(), layers.Dropout(0.3, rng=rng), layers.Dense(6, 2, rng=rng)
    ),
    random=True,
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
        outputs = self.output.forward(x), self.embedding.forward(ids)
        self.push(outputs)
        return outputs

    def backward(self, dlogits: np.ndarray | None, dvectors: np.ndarray | None) -> np.ndarray:
        """The gradient with respect to x."""
        dlogits, dvectors = or_zeros((dlogits, dvectors), self.pop())
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


# --- layers over time ------------------------------------------------------------------------------------------------

N, T, D, H, K, A = 5, 8, 2, 4, 3, 6  # all different, so that no wrong axis fits
LENGTHS = np.array([8, 5, 0, 1, 6])  # an empty sequence, and one shorter than a window


Shapes = dict[str, tuple[int, ...]]
Pair = tuple[Callable, Callable]  # forward and backward


def register_pair(name: str, pair: Pair, shapes: Shapes, **fixed: Any) -> None:
    """A pair of functions of arrays of these shapes."""

    @case(name)
    def build(rng: np.random.Generator) -> Problem:
        return pair_problem(*pair, {key: rng.standard_normal(shape) for key, shape in shapes.items()}, **fixed)


def register_layer(name: str, make: Callable[[np.random.Generator], Layer]) -> None:
    """A layer over sequences (N, T, D) with lengths."""

    @case(name)
    def build(rng: np.random.Generator) -> Problem:
        return layer_problem(make(rng), {"x": rng.standard_normal((N, T, D))}, fixed=(LENGTHS,))


_x: Shapes = {"x": (N, T, D)}
_conv1d = _x | {"W": (K, D, H), "b": (H,)}
_attention = _x | {"W": (D, A), "b": (A,), "v": (A,)}
_options: dict[str, dict[str, Any]] = {
    "": {},
    "/stride+dilation": {"stride": 2, "dilation": 2},
    "/same+lengths": {"padding": "same", "lengths": LENGTHS},
    "/causal+stride+lengths": {"padding": "causal", "stride": 3, "lengths": LENGTHS},
}
for _variant, _fixed in _options.items():
    register_pair("conv1d" + _variant, (conv1d.conv1d_forward, conv1d.conv1d_backward), _conv1d, **_fixed)
    register_pair("conv1d-loop" + _variant, (conv1d.conv1d_loop_forward, conv1d.conv1d_loop_backward), _conv1d, **_fixed)
register_pair("conv1d/step", (conv1d.conv1d_step, conv1d.conv1d_step_backward), {**_conv1d, "x": (N, K, D)})
register_layer("layer-conv1d", lambda rng: layers.Conv1D(D, H, K, rng=rng, padding="same", dilation=2))
register_layer("layer-conv1d/no-bias", lambda rng: layers.Conv1D(D, H, K, rng=rng, stride=2, bias=False))


def register_pooling(name: str, step: Pair, windows: Pair, sequences: Pair) -> None:
    """Forward and backward functions of one window, of all windows, and of whole sequences, and the plain loops."""
    pooled = partial(pooling.pool_loop_forward, step=step[0]), partial(pooling.pool_loop_backward, step_backward=step[1])
    register_pair(f"{name}-pool1d/step", step, {"x": (N, K, D)})
    for kind, pair in (("pool1d", windows), ("pool1d-loop", pooled)):
        register_pair(f"{name}-{kind}", pair, _x, kernel_size=K)
        register_pair(f"{name}-{kind}/stride+lengths", pair, _x, kernel_size=K, stride=2, lengths=LENGTHS)
        register_pair(f"{name}-{kind}/window-of-one", pair, _x, kernel_size=1, stride=2, lengths=LENGTHS)
    register_pair(f"global-{name}-pool1d", sequences, _x)
    register_pair(f"global-{name}-pool1d/lengths", sequences, _x, lengths=LENGTHS)
    register_pair(
        f"global-{name}-pool1d-loop",
        (
            partial(global_pooling.global_pool_loop_forward, step=step[0]),
            partial(global_pooling.global_pool_loop_backward, step_backward=step[1]),
        ),
        _x,
        lengths=LENGTHS.tolist(),
    )


register_pooling(
    "max",
    (pooling.max_step, pooling.max_step_backward),
    (layers.max_pool1d_forward, layers.max_pool1d_backward),
    (layers.global_max_pool1d_forward, layers.global_max_pool1d_backward),
)
register_pooling(
    "average",
    (pooling.average_step, pooling.average_step_backward),
    (layers.average_pool1d_forward, layers.average_pool1d_backward),
    (layers.global_average_pool1d_forward, layers.global_average_pool1d_backward),
)
register_layer("layer-max-pool1d", lambda rng: layers.MaxPool1D(2))
register_layer("layer-max-pool1d/window-of-one", lambda rng: layers.MaxPool1D(1))  # it can read a single step
register_layer("layer-average-pool1d", lambda rng: layers.AveragePool1D(2))
register_layer("layer-average-pool1d/window-of-one", lambda rng: layers.AveragePool1D(1))
register_layer("layer-global-max-pool1d", lambda rng: layers.GlobalMaxPool1D())
register_layer("layer-global-average-pool1d", lambda rng: layers.GlobalAveragePool1D())

_attention_pair = attention_pooling.attention_pool_forward, attention_pooling.attention_pool_backward
register_pair("attention-pool", _attention_pair, _attention)
register_pair("attention-pool/lengths", _attention_pair, _attention, lengths=LENGTHS)
register_pair(
    "attention-pool/step",
    (attention_pooling.attention_pool_step, attention_pooling.attention_pool_step_backward),
    {**_attention, "x": (T, D)},
)
register_pair(
    "attention-pool-loop",
    (attention_pooling.attention_pool_loop_forward, attention_pooling.attention_pool_loop_backward),
    _attention,
    lengths=LENGTHS.tolist(),
)
register_layer("layer-attention-pool", lambda rng: layers.AttentionPool(D, A, rng=rng))
register_layer(
    "sequential/conv1d",
    lambda rng: Sequential(
        layers.Conv1D(D, H, K, rng=rng, padding="same"),
        layers.Tanh(),
        layers.MaxPool1D(2),
        layers.AttentionPool(H, A, rng=rng),
    ),
)


# --- layers over pictures --------------------------------------------------------------------------------------------

P, Q, M = 6, 7, 2
_pictures: Shapes = {"x": (3, P, Q, D)}
_conv2d = _pictures | {"W": (K, M, D, H), "b": (H,)}
_options = {"": {}, "/stride": {"stride": 2}, "/same": {"padding": "same"}}
for _variant, _fixed in _options.items():
    register_pair("conv2d" + _variant, (conv2d.conv2d_forward, conv2d.conv2d_backward), _conv2d, **_fixed)
    register_pair("conv2d-loop" + _variant, (conv2d.conv2d_loop_forward, conv2d.conv2d_loop_backward), _conv2d, **_fixed)
register_pair("conv2d/step", (conv2d.conv2d_step, conv2d.conv2d_step_backward), {**_conv2d, "x": (N, K, M, D)})
for _name, _step, _pair in (
    (
        "max",
        (pooling2d.max_step, pooling2d.max_step_backward),
        (layers.max_pool2d_forward, layers.max_pool2d_backward),
    ),
    (
        "average",
        (pooling2d.average_step, pooling2d.average_step_backward),
        (layers.average_pool2d_forward, layers.average_pool2d_backward),
    ),
):
    register_pair(f"{_name}-pool2d/step", _step, {"x": (N, M, K, D)})
    _loop = (
        partial(pooling2d.pool2d_loop_forward, step=_step[0]),
        partial(pooling2d.pool2d_loop_backward, step_backward=_step[1]),
    )
    for _kind, _pool in (("pool2d", _pair), ("pool2d-loop", _loop)):
        register_pair(f"{_name}-{_kind}", _pool, _pictures, kernel_size=M)
        register_pair(f"{_name}-{_kind}/stride", _pool, _pictures, kernel_size=K, stride=2)
        register_pair(f"{_name}-{_kind}/window-of-one", _pool, _pictures, kernel_size=1, stride=2)


@case("sequential/conv2d")
def sequential_conv2d(rng: np.random.Generator) -> Problem:
    """The layers one after the other."""
    stack = Sequential(
        layers.Conv2D(D, H, K, rng=rng, padding="same"),
        layers.Tanh(),
        layers.MaxPool2D(2),
        layers.Conv2D(H, 2, 2, rng=rng, stride=2),
        layers.AveragePool2D(1),
    )
    return layer_problem(stack, {"x": rng.standard_normal((2, P, Q, D))})
