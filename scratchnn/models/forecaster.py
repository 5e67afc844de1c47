"""A forecaster of a series: from a window of measurements to the next values of one of them.

x (N, W, C) is a window of W rows of C scaled inputs, the first of which is the target v. All models forecast its difference
from the last value in the window, so that a model that has learned nothing repeats that value:

    h = reader(order(x))                           one vector per window                        (N, U)             (1)
    y = v_W + drop(h) W_o + b                      forecasts of h targets                       (N, horizon)       (2)

The reader is one of

    dense           relu(r W_1 + b_1) of all W C numbers r                                      U = H
    recurrent       recurrent layers, in one or both directions: their last outputs             U = H or 2H
    conv            layers of c = relu(conv(c)), causal; the maximum over all steps             U = H
    tcn             residual blocks of dilated causal convolutions; the last step               U = H
    conv-recurrent  relu(conv(x)), maximum of every P steps, recurrent layers                   U = H or 2H

and order leaves the steps as they are, reverses them, or puts them into one random order, the same for all windows, to
measure how much a reader depends on it. W_o and b start at zero.

With quantiles q_1 .. q_Q there are Q outputs for each target, all of which start at v_W, and the loss is the quantile error
(6) of ``losses.py``. Otherwise it is the mean absolute or squared error, (5) or (4) there. Sources: Chollet, "Deep Learning
with Python" (2017), section 6.3, for the problem and most readers; Bai et al. (2018) for the TCN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnn.backend import Array, Generator, array_module
from scratchnn.core import Layer, Model
from scratchnn.errors import DataError, ShapeError, whole_number
from scratchnn.layers import Conv1D, Dense, Dropout, GlobalMaxPool1D, MaxPool1D, ReLU
from scratchnn.losses import (
    mean_absolute_error_backward,
    mean_absolute_error_forward,
    mean_squared_error_backward,
    mean_squared_error_forward,
    quantile_error_backward,
    quantile_error_forward,
)
from scratchnn.models.temporal_convolutions import TemporalConvolutions
from scratchnn.recurrent import Bidirectional, SequenceLayer, Stacked
from scratchnn.recurrent.cells import make_cell

READERS = ("dense", "recurrent", "conv", "tcn", "conv-recurrent")
ORDERS = ("forward", "reversed", "shuffled")
LOSSES = {
    "absolute": (mean_absolute_error_forward, mean_absolute_error_backward),
    "squared": (mean_squared_error_forward, mean_squared_error_backward),
}


class Forecaster(Model):
    """Windows (N, ``width``, ``input_size``) -> scaled forecasts (N, ``horizon``), or (N, ``horizon``, Q) with quantiles.

    Args:
        input_size, width, horizon: C, W and the number of targets.
        hidden_size: H.
        rng: draws weights and masks.
        reader, order: one of ``READERS`` and of ``ORDERS``; see above.
        cell: one of ``recurrent.cells.CELLS``.
        layers: number of recurrent layers, or of convolutions of the reader ``"conv"``.
        bidirectional: whether each recurrent layer reads in both directions.
        kernel_size, pool: K of all convolutions, and P.
        dropout: probability before the output layer, between recurrent layers, and inside the TCN.
        recurrent_dropout: probability for the state of the recurrent layers, with one mask for all steps.
        error: ``"absolute"`` or ``"squared"``, the loss without quantiles.
        quantiles: q_1 .. q_Q, between 0 and 1 and increasing; none if empty.
    """

    def __init__(
        self,
        input_size: int,
        width: int,
        horizon: int,
        *,
        hidden_size: int,
        rng: Generator,
        reader: str = "recurrent",
        order: str = "forward",
        cell: str = "gru",
        layers: int = 1,
        bidirectional: bool = False,
        kernel_size: int = 3,
        pool: int = 3,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        error: str = "absolute",
        quantiles: Sequence[float] = (),
    ):
        super().__init__()
        sizes = {"input_size": input_size, "width": width, "horizon": horizon, "hidden_size": hidden_size}
        more = {"layers": layers, "kernel_size": kernel_size, "pool": pool}
        for name, size in {**sizes, **more}.items():
            whole_number(size, f"Forecaster: {name}")
        for what, value, known in (("reader", reader, READERS), ("order", order, ORDERS), ("error", error, tuple(LOSSES))):
            if value not in known:
                raise DataError(f"Forecaster: unknown {what} {value!r}; choose one of {', '.join(known)}")
        check_quantiles(quantiles)
        if reader == "conv-recurrent" and pool > width:
            raise DataError(f"a window of {width} steps cannot be pooled by {pool}; use a longer one")
        self.config = {
            **{name: int(size) for name, size in {**sizes, **more}.items()},
            "reader": reader,
            "order": order,
            "cell": cell,
            "bidirectional": bool(bidirectional),
            "dropout": float(dropout),
            "recurrent_dropout": float(recurrent_dropout),
            "error": error,
            "quantiles": [float(q) for q in quantiles],
        }
        orders = {"forward": range(width), "reversed": range(width - 1, -1, -1)}
        orders["shuffled"] = np.random.default_rng(0).permutation(width).tolist()
        self.order = list(orders[order])
        self.places = np.argsort(self.order).tolist()  # of the steps in that order
        self.reader, units = make_reader(self.config, rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.output = Dense(units, horizon * max(len(quantiles), 1), rng=rng)
        self.output.W.data[:] = 0

    # --- the layers, one after the other -----------------------------------------------------------------------------

    def forward(self, x: Array) -> Array:
        """Equations (1) and (2)."""
        C, W, horizon = (self.config[name] for name in ("input_size", "width", "horizon"))
        if x.ndim != 3 or x.shape[1:] != (W, C):
            raise ShapeError(f"Forecaster: windows must be (N, {W}, {C}), got shape {tuple(x.shape)}")
        r = x if self.config["order"] == "forward" else x[:, self.order]  # (1)
        for layer in self.reader:
            r = layer.forward(r)
        y = x[:, -1, :1] + self.output.forward(self.dropout.forward(r))  # (2)
        return y.reshape(len(x), horizon, -1) if self.config["quantiles"] else y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to the windows (N, W, C)."""
        dy = dy.reshape(len(dy), -1)
        dr = self.dropout.backward(self.output.backward(dy))
        for layer in reversed(self.reader):
            dr = layer.backward(dr)
        dx = dr if self.config["order"] == "forward" else dr[:, self.places]  # (1)
        dx[:, -1, 0] += dy.sum(axis=1)  # (2)
        return dx

    # --- the loss ----------------------------------------------------------------------------------------------------

    def score(self, y: Array, targets: Array) -> tuple[Array, tuple]:
        """The loss () of forecasts, and the cache of its backward pass; ``targets`` are scaled (N, horizon)."""
        if self.config["quantiles"]:
            levels = array_module(y).asarray(self.config["quantiles"], dtype=y.real.dtype)
            return quantile_error_forward(y, targets, levels)
        return LOSSES[self.config["error"]][0](y, targets)

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, None]:
        """The loss () of a batch (windows, targets), the number of targets, and no state."""
        windows, targets = batch
        loss, cache = self.score(self.forward(windows), targets)
        self.push(cache)
        return loss, targets.size, None

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``, for the gradient ``dloss`` with respect to it."""
        step = quantile_error_backward if self.config["quantiles"] else LOSSES[self.config["error"]][1]
        self.backward(step(dloss, self.pop()))


# --- the readers -----------------------------------------------------------------------------------------------------


class Flatten(Layer):
    """(N, W, C) -> (N, W C)."""

    def forward(self, x: Array) -> Array:
        """All numbers of a window as one row."""
        y = x.reshape(len(x), -1)
        self.push(x.shape, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        return dy.reshape(self.pop(dy))


class LastStep(Layer):
    """(N, W, C) -> (N, C)."""

    def forward(self, x: Array) -> Array:
        """The last step of each window."""
        y = x[:, -1]
        self.push(x.shape, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        dx = array_module(dy).zeros(self.pop(dy), dtype=dy.dtype)
        dx[:, -1] = dy
        return dx


class DropFirst(Layer):
    """(N, W, C) -> (N, W - ``count``, C): without the first steps, so that pooling does not leave out the last ones."""

    def __init__(self, count: int):
        super().__init__()
        self.count = count

    def forward(self, x: Array) -> Array:
        """The later steps of each window."""
        y = x[:, self.count :]
        self.push(x.shape, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        dx = array_module(dy).zeros(self.pop(dy), dtype=dy.dtype)
        dx[:, self.count :] = dy
        return dx


class LastOutput(Layer):
    """Recurrent layers without their state: (N, W, C) -> (N, U)."""

    def __init__(self, layers: Stacked):
        super().__init__()
        self.layers = layers

    def forward(self, x: Array) -> Array:
        """The last output of the highest layer."""
        return self.layers.forward(x)[0]

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        return self.layers.backward(dy)[0]


def make_reader(config: dict[str, Any], rng: Generator) -> tuple[list[Layer], int]:
    """The layers of equation (1) from x to h, and U."""
    C, W, H, K = (config[name] for name in ("input_size", "width", "hidden_size", "kernel_size"))
    reader = config["reader"]
    if reader == "dense":
        return [Flatten(), Dense(W * C, H, rng=rng), ReLU()], H
    if reader == "tcn":
        return [TemporalConvolutions(C, H, K, W, dropout=config["dropout"], rng=rng), LastStep()], H
    if reader == "conv":
        layers: list[Layer] = []
        for k in range(config["layers"]):
            layers += [Conv1D(H if k else C, H, K, rng=rng, padding="causal"), ReLU()]
        return [*layers, GlobalMaxPool1D()], H
    before: list[Layer] = []
    if reader == "conv-recurrent":
        pool = config["pool"]
        before = [Conv1D(C, H, K, rng=rng, padding="causal"), ReLU(), DropFirst(W % pool), MaxPool1D(pool)]
        C = H
    stack: list[SequenceLayer] = []
    for k in range(config["layers"]):
        options = {"return_sequences": k < config["layers"] - 1, "recurrent_dropout": config["recurrent_dropout"]}
        directions = [make_cell(config["cell"], C, H, rng, **options) for _ in range(1 + config["bidirectional"])]
        stack.append(Bidirectional(directions[0], directions[1]) if config["bidirectional"] else directions[0])
        C = stack[-1].units
    return [*before, LastOutput(Stacked(stack, dropout=config["dropout"], rng=rng))], C


def check_quantiles(quantiles: Sequence[float]) -> None:
    """Raise ``DataError`` unless all are between 0 and 1 and increase."""
    ordered = all(a < b for a, b in zip(quantiles, list(quantiles)[1:], strict=False))
    if not ordered or not all(0 < q < 1 for q in quantiles):
        raise DataError(f"quantiles must be between 0 and 1 and increase, got {', '.join(f'{q:g}' for q in quantiles)}")
