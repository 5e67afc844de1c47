"""Gradient checks of the recurrent pairs and layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from scratchnn import layers, recurrent
from scratchnn.core import Layer, Sequential
from scratchnn.core.nested import flatten, rebuild
from scratchnn.gradcheck import Problem, case, layer_problem, pair_problem
from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional, SequenceLayer, Stacked

N, T, D, H = 5, 4, 2, 3  # all different, so that no wrong axis fits
LENGTHS = np.array([4, 2, 0, 1, 3])  # an odd and an even number of padded steps, so that a flipped sign cannot come back
MASK_H = np.array([[2.0, 0, 2], [0, 2, 2], [2, 2, 0], [2, 2, 2], [0, 0, 0]])  # (N, H)

Make = Callable[[np.random.Generator], SequenceLayer]


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Entries of a size at which nothing saturates."""
    return 0.7 * rng.standard_normal(shape)


# --- pairs of functions ----------------------------------------------------------------------------------------------


def register_pairs(
    family: str, step: tuple[Callable, Callable], sequence: tuple[Callable, Callable], states: list[str], weights: dict
) -> None:
    """The one-step pair, and the whole-sequence pair in every variant.

    Args:
        family: name of the cases.
        step: one-step forward and backward.
        sequence: whole-sequence forward and backward.
        states: names of the states, in the order of the arguments.
        weights: shapes by name, in the order of the arguments.
    """

    def arrays(rng: np.random.Generator, *x_shape: int) -> dict[str, np.ndarray]:
        found = {"x": normal(rng, *x_shape)}
        found |= {name: normal(rng, N, H) for name in states}
        return found | {name: normal(rng, *shape) for name, shape in weights.items()}

    @case(f"{family}/step")
    def one_step(rng: np.random.Generator) -> Problem:
        return pair_problem(*step, arrays(rng, N, D))

    for variant in ("", "/lengths", "/mask", "/lengths+mask"):

        @case(family + variant)
        def whole(rng: np.random.Generator, variant: str = variant) -> Problem:
            options: dict[str, Any] = {"lengths": LENGTHS} if "lengths" in variant else {}
            if "mask" in variant:
                options["mask_h"] = MASK_H
            return pair_problem(*sequence, arrays(rng, N, T, D), **options)


def weights(blocks: int) -> dict[str, tuple[int, ...]]:
    """Shapes of Wx, Wh and b for that many blocks of H columns."""
    return {"Wx": (D, blocks * H), "Wh": (H, blocks * H), "b": (blocks * H,)}


def lstm_with_peepholes(*arrays: Any, **options: Any) -> tuple:
    """``lstm_forward`` with p as the last array."""
    x, h0, c0, Wx, Wh, b, p = arrays
    return recurrent.lstm_forward(x, h0, c0, Wx, Wh, b, p=p, **options)


RNN_STEP = recurrent.rnn_step, recurrent.rnn_step_backward
register_pairs("rnn", RNN_STEP, (recurrent.rnn_forward, recurrent.rnn_backward), ["h"], weights(1))
register_pairs(
    "rnn-relu",
    (partial(recurrent.rnn_step, activation="relu"), recurrent.rnn_step_backward),
    (partial(recurrent.rnn_forward, activation="relu"), recurrent.rnn_backward),
    ["h"],
    weights(1),
)
register_pairs(
    "gru-simplified",
    (recurrent.gru_simplified_step, recurrent.gru_simplified_step_backward),
    (recurrent.gru_simplified_forward, recurrent.gru_simplified_backward),
    ["h"],
    weights(2),
)
register_pairs(
    "gru-reset-before",
    (recurrent.gru_reset_before_step, recurrent.gru_reset_before_step_backward),
    (recurrent.gru_reset_before_forward, recurrent.gru_reset_before_backward),
    ["h"],
    weights(3),
)
register_pairs(
    "gru-reset-after",
    (recurrent.gru_reset_after_step, recurrent.gru_reset_after_step_backward),
    (recurrent.gru_reset_after_forward, recurrent.gru_reset_after_backward),
    ["h"],
    {**weights(3), "bh": (H,)},
)
LSTM_STEP = recurrent.lstm_step, recurrent.lstm_step_backward
register_pairs("lstm", LSTM_STEP, (recurrent.lstm_forward, recurrent.lstm_backward), ["h", "c"], weights(4))
register_pairs(
    "lstm-peephole",
    LSTM_STEP,
    (lstm_with_peepholes, recurrent.lstm_backward),
    ["h", "c"],
    {**weights(4), "p": (3, H)},
)


@case("lstm/many-units")
def lstm_of_many_units(rng: np.random.Generator) -> Problem:
    """So many units that ``product_back`` needs no copy of Wh^T; not by the weights, which have 66,000 entries."""
    units = recurrent.lstm.MANY_UNITS
    weights = {name: 0.1 * normal(rng, rows, 4 * units) for name, rows in {"Wx": D, "Wh": units, "b": 1}.items()}
    inputs = {"x": normal(rng, 2, 3, D), "h": normal(rng, 2, units), "c": normal(rng, 2, units)}
    fixed = {"lengths": np.array([1, 3]), "mask_h": rng.choice([0.0, 2.0], (2, units)), **weights}

    def forward(x: Any, h: Any, c: Any, b: Any, **options: Any) -> tuple:
        return recurrent.lstm_forward(x, h, c, b=b[0], **options)

    def backward(*arguments: Any) -> tuple:
        return recurrent.lstm_backward(*arguments)[:3]

    return pair_problem(forward, backward, inputs, **fixed)


# --- layers ----------------------------------------------------------------------------------------------------------


def call_with_state(layer: SequenceLayer, inputs: dict, lengths: np.ndarray | None = None) -> tuple:
    """The layer from a given state, whose parts stand among the inputs after x."""
    x, *parts = inputs.values()
    return layer.forward(x, rebuild(layer.zero_state(x), iter(parts)), lengths)


def register_layer(name: str, make: Make) -> None:
    """A recurrent layer from a given state, with and without lengths."""
    for lengths in (None, LENGTHS):

        @case(name + ("" if lengths is None else "/lengths"))
        def build(rng: np.random.Generator, lengths: np.ndarray | None = lengths) -> Problem:
            layer = make(rng)
            inputs = {"x": normal(rng, N, T, D)}
            parts = flatten(layer.zero_state(inputs["x"]))
            names = ["h", "c"] if len(parts) <= 2 else [f"state {k}" for k in range(len(parts))]
            inputs |= {part: normal(rng, *zeros.shape) for part, zeros in zip(names, parts, strict=False)}
            return layer_problem(layer, inputs, call_with_state, () if lengths is None else (lengths,))


CELLS: dict[str, tuple[Callable[..., SequenceLayer], dict[str, Any]]] = {
    "rnn": (RNN, {}),
    "rnn-relu": (RNN, {"activation": "relu"}),
    "gru-simplified": (GRU, {"form": "simplified"}),
    "gru-reset-before": (GRU, {"form": "reset_before"}),
    "gru-reset-after": (GRU, {"form": "reset_after"}),
    "lstm": (LSTM, {}),
    "lstm-peephole": (LSTM, {"peepholes": True}),
}
VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    "/last-output": {"return_sequences": False},
    "/dropouts": {"dropout": 0.4, "recurrent_dropout": 0.4},
}


def made(cell: Callable[..., SequenceLayer], options: dict[str, Any]) -> Make:
    """How to make a cell of ``H`` units with these options."""
    return lambda rng: cell(D, H, rng=rng, **options)


for _name, (_cell, _options) in CELLS.items():
    for _variant, _more in VARIANTS.items():
        register_layer(f"layer-{_name}{_variant}", made(_cell, {**_options, **_more}))


def last_outputs(merge: str) -> Make:
    """Two directions, one output a sequence."""
    last: dict[str, Any] = {"return_sequences": False}
    return lambda rng: Bidirectional(RNN(D, H, rng=rng, **last), LSTM(D, H, rng=rng, **last), merge)


register_layer("bidirectional", lambda rng: Bidirectional(LSTM(D, H, rng=rng), GRU(D, 4, rng=rng)))
register_layer("bidirectional/sum", lambda rng: Bidirectional(RNN(D, H, rng=rng), RNN(D, H, rng=rng), merge="sum"))
register_layer("bidirectional/concat-last-output", last_outputs("concat"))
register_layer("bidirectional/sum-last-output", last_outputs("sum"))
register_layer("stacked", lambda rng: Stacked([LSTM(D, H, rng=rng), GRU(H, 2, rng=rng)]))
register_layer("stacked/last-output", lambda rng: Stacked([RNN(D, H, rng=rng), GRU(H, 2, rng=rng, return_sequences=False)]))
register_layer(
    "stacked/dropout", lambda rng: Stacked([RNN(D, H, rng=rng), RNN(H, 2, rng=rng), RNN(2, H, rng=rng)], 0.4, rng)
)
register_layer(
    "stacked/bidirectional",
    lambda rng: Stacked(
        [Bidirectional(RNN(D, 2, rng=rng), LSTM(D, 1, rng=rng)), Bidirectional(RNN(3, 2, rng=rng), RNN(3, 1, rng=rng))],
        dropout=0.4,
        rng=rng,
    ),
)


# --- used by others: no state given, no gradient for the final one; one state carried on -----------------------------


def register_stateless(name: str, make: Make) -> None:
    """A layer that starts from zeros, whose final state nobody uses."""

    @case(name)
    def build(rng: np.random.Generator) -> Problem:
        return layer_problem(Sequential(make(rng), layers.Tanh()), {"x": normal(rng, N, T, D)}, fixed=(LENGTHS,))


register_stateless("sequential/rnn", lambda rng: RNN(D, H, rng=rng))
register_stateless("sequential/lstm-last-output", lambda rng: LSTM(D, H, rng=rng, return_sequences=False))
register_stateless("sequential/bidirectional", lambda rng: Bidirectional(LSTM(D, H, rng=rng), GRU(D, 4, rng=rng)))
register_stateless("sequential/stacked", lambda rng: Stacked([LSTM(D, H, rng=rng), GRU(H, 2, rng=rng)]))


class Carried(Layer):
    """A recurrent layer over two windows of a sequence, the state carried from the first to the second."""

    def __init__(self, cell: SequenceLayer):
        super().__init__()
        self.cell = cell

    def forward(self, x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The outputs of both windows."""
        y, state = self.cell.forward(x)
        return y, self.cell.forward(z, state)[0]

    def backward(self, dy: np.ndarray, dw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradients by both windows; that of the state flows from the second into the first."""
        dz, dstate = self.cell.backward(dw)
        return self.cell.backward(dy, dstate)[0], dz


@case("layer-lstm/carried-state")
def carried_state(rng: np.random.Generator) -> Problem:
    """Two windows of different length."""
    return layer_problem(Carried(LSTM(D, H, rng=rng)), {"x": normal(rng, N, T, D), "z": normal(rng, N, 2, D)})


@case("stacked/carried-state")
def carried_states(rng: np.random.Generator) -> Problem:
    """All layers' states."""
    stack = Stacked([GRU(D, H, rng=rng), RNN(H, 2, rng=rng)])
    return layer_problem(Carried(stack), {"x": normal(rng, N, T, D), "z": normal(rng, N, 2, D)})
